//! The suffixes of our own people's names, by which a partner's people are told from them.

use std::sync::Arc;

use ::authn::account::{Account, AccountState};
use ::authn::audit::Kind;
use ::authn::name::NameSuffix;
use ::authn::ports::Unavailable;

use super::{Conforming, account, event};

/// Those of user principal names, mail and SIP addresses, whether their account may sign in or not; none that is only a part
/// of one, and no domain of Windows.
pub async fn t_saml_5_a_suffix_of_any_account_is_one_of_ours_and_no_other<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let suffix = |text: &str| {
        NameSuffix::parse(text).ok_or_else(|| Unavailable {
            what: "a suffix",
            detail: text.to_owned(),
        })
    };
    let ours = [
        "contoso.example",
        "Mail.Example",
        "sip.example",
        "b\u{fc}cher.example",
    ];
    for text in ours {
        assert!(!store.is_of_ours(&suffix(text)?).await?, "{text}");
    }
    let bert = Account {
        mail: vec!["bert@B\u{dc}CHER.example".to_owned()],
        state: AccountState::Disabled,
        ..account("bert")
    };
    for account in [account("anna"), bert] {
        let created = event(0, Kind::AccountCreated, &account);
        assert_eq!(store.add(&account, created).await?, Ok(()));
    }
    for text in ours {
        assert!(store.is_of_ours(&suffix(text)?).await?, "{text}");
    }
    for text in [
        "fabrikam.example",
        "example",
        "ontoso.example",
        "sub.contoso.example",
        "contoso.example.com",
        "contoso",
        "%.example",
        "contoso_example",
        "a-domain-that-is-longer-than-every-name-that-is-kept-here.contoso.example",
    ] {
        assert!(!store.is_of_ours(&suffix(text)?).await?, "{text}");
    }
    Ok(())
}
