//! However an account is named, it is one account with one counter (T-CRED-4).
//!
//! Regressions: Vault CVE-2025-6004, Authelia CVE-2025-24806.

use authn::Refusal;
use authn::lockout::Subject;

use crate::world::{By, Try, World, passed, refusal};

/// User and domain, as a client can type them, for `CONTOSO\anna`.
const SPELLINGS: [(&str, &str); 44] = [
    ("anna", ""),
    ("ANNA", ""),
    ("anna", "CONTOSO"),
    ("Anna", "contoso"),
    ("anna", "CONTOSO.COM"),
    ("anna", "contoso.com."),
    ("anna", "PHONE"),
    ("anna.", "CONTOSO"),
    ("anna ", "CONTOSO"),
    (" anna", " CONTOSO "),
    ("anna. .", "CONTOSO"),
    ("ａｎｎａ", "CONTOSO"),
    ("anna", "ＣＯＮＴＯＳＯ"),
    ("anna\u{a0}", "CONTOSO"),
    ("CONTOSO\\anna", ""),
    ("contoso\\ANNA", ""),
    ("CONTOSO/anna", ""),
    ("CONTOSO\\anna", "PHONE"),
    ("CONTOSO.COM\\anna", ""),
    (" CONTOSO \\ anna ", ""),
    ("CONTOSO.\\anna.", ""),
    ("ＣＯＮＴＯＳＯ＼ａｎｎａ", ""),
    ("anna@contoso.com", ""),
    ("Anna@Contoso.COM", ""),
    ("anna@contoso.com", "CONTOSO"),
    ("anna@contoso.com", "MicrosoftAccount"),
    ("anna@contoso.com", "PHONE"),
    ("anna@contoso.com.", ""),
    ("anna@contoso.com ", ""),
    ("\u{3000}anna@contoso.com", ""),
    ("anna @ contoso.com", ""),
    ("anna.@contoso.com", ""),
    ("anna＠contoso.com", ""),
    ("anna@contoso．com", ""),
    ("sip:anna@contoso.com", ""),
    ("mailto:anna@contoso.com", ""),
    ("sip:anna.sip@contoso.com", ""),
    ("SIP:ANNA.SIP@CONTOSO.COM", ""),
    ("sips:anna.sip@contoso.com", ""),
    ("sip: anna.sip@contoso.com", ""),
    ("ｓｉｐ：anna.sip@contoso.com", ""),
    ("anna.sip@contoso.com", ""),
    ("anna.mail@contoso.com", ""),
    ("Anna.Mail@contoso.com.", ""),
];

#[tokio::test]
async fn t_cred_4_every_spelling_of_a_name_counts_against_one_account() {
    for by in [By::Ntlm, By::Negotiate] {
        let world = World::new();
        let anna = world.person("anna").await;
        world.person("ben").await;
        for (count, (user, domain)) in (1..).zip(SPELLINGS) {
            let tried = Try {
                domain: domain.to_owned(),
                ..Try::new(by, user, "wrong")
            };
            let outcome = world.verify(tried).await;
            assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
            let [(subject, counts)] = world.watched.reserved().try_into().unwrap();
            let expected = Subject::Account(anna.account.id.clone());
            assert_eq!(subject, expected, "{domain:?} {user:?}");
            assert_eq!(counts.subject, count, "{domain:?} {user:?}");
        }
    }
}

#[tokio::test]
async fn t_cred_4_every_spelling_that_fits_in_a_basic_header_counts_against_one_account() {
    let world = World::new();
    let anna = world.person("anna").await;
    let alone = SPELLINGS.iter().filter(|(_, domain)| domain.is_empty());
    for (count, (user, _)) in (1..).zip(alone) {
        world.verify(Try::new(By::Basic, user, "wrong")).await;
        let [(subject, counts)] = world.watched.reserved().try_into().unwrap();
        assert_eq!(
            subject,
            Subject::Account(anna.account.id.clone()),
            "{user:?}"
        );
        assert_eq!(counts.subject, count, "{user:?}");
    }
}

#[tokio::test]
async fn t_cred_4_the_right_app_password_passes_by_every_spelling() {
    let world = World::new();
    let anna = world.person("anna").await;
    for (user, domain) in SPELLINGS {
        let tried = Try {
            domain: domain.to_owned(),
            ..Try::new(By::Ntlm, user, &anna.secret)
        };
        let outcome = world.verify(tried).await;
        assert_eq!(passed(&outcome), Some(&anna.account), "{domain:?} {user:?}");
    }
}

#[tokio::test]
async fn t_cred_4_no_spelling_gets_past_a_counter_that_is_full() {
    const PLACES: u32 = 10;
    let world = World::new();
    let anna = world.person("anna").await;
    world.watched.limit(PLACES);
    for (user, domain) in SPELLINGS.iter().cycle().take(3 * SPELLINGS.len()) {
        let tried = Try {
            domain: (*domain).to_owned(),
            ..Try::new(By::Ntlm, user, "wrong")
        };
        world.verify(tried).await;
    }
    assert_eq!(world.watched.reserved().len(), 10);
    for (user, domain) in SPELLINGS {
        let tried = Try {
            domain: domain.to_owned(),
            ..Try::new(By::Ntlm, user, &anna.secret)
        };
        let outcome = world.verify(tried).await;
        assert_eq!(
            refusal(&outcome),
            Some(&Refusal::Denied),
            "{domain:?} {user:?}"
        );
    }
}

#[tokio::test]
async fn t_cred_4_what_only_looks_like_the_name_counts_against_nobody() {
    let world = World::new();
    world.person("anna").await;
    // Cyrillic а, an invisible letter, a second at sign, another domain, parameters of a SIP URI.
    for user in [
        "аnna@contoso.com",
        "an\u{200b}na@contoso.com",
        "anna@contoso.com@contoso.com",
        "anna@fabrikam.com",
        "sip:anna.sip@contoso.com;user=phone",
        "CONTOSO\\anna\\anna",
        "anna\0@contoso.com",
    ] {
        world.verify(Try::new(By::Ntlm, user, "wrong")).await;
        let [(subject, _)] = world.watched.reserved().try_into().unwrap();
        assert!(matches!(subject, Subject::Unknown(_)), "{user:?}");
    }
}
