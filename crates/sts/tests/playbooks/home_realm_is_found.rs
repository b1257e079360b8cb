//! Home realm discovery: the party's own list, what its request says, what the browser chose, who is signed in; and else a
//! choice (S78).

use std::sync::atomic::{AtomicU64, Ordering};

use authn::audit::TokenRefusal;
use authn::handle::Handle;
use sts::flow::wsfed::{Answered, Choice, Remembered};
use sts::trust::{ClaimsProviderTrust, Identifier, ProtocolProfile, RelyingPartyTrust};

use crate::partner::{FABRIKAM, Federation, US, fabrikam, federation, passes_all, signed_in};
use crate::world::{ASKS, issued, must_sign_in, refused};

/// Fabrikam, Adatum and our own directory; a party with a list of names.
fn three(names: &[&str]) -> Federation {
    let party = RelyingPartyTrust {
        claims_provider_names: names.iter().map(|&it| it.to_owned()).collect(),
        ..passes_all()
    };
    federation(
        |certificate| {
            let mut adatum = fabrikam(certificate);
            adatum.name = "Adatum".to_owned();
            adatum.identifier = Identifier::parse("urn:adatum").unwrap();
            adatum.organizational_account_suffixes = vec!["adatum.com".to_owned()];
            let off = |name: &str, adjust: fn(&mut ClaimsProviderTrust)| {
                let mut trust = fabrikam(certificate);
                trust.name = name.to_owned();
                trust.identifier = Identifier::parse(&format!("urn:{name}")).unwrap();
                trust.organizational_account_suffixes = vec![format!("{name}.com")];
                adjust(&mut trust);
                trust
            };
            vec![
                fabrikam(certificate),
                adatum,
                off("off", |it| it.is_enabled = false),
                off("saml", |it| it.protocol_profile = ProtocolProfile::Saml),
                off("nowhere", |it| it.wsfed_endpoint = None),
            ]
        },
        vec![party],
    )
}

async fn ask(federation: &Federation, query: &str) -> Answered {
    federation.ask_with(query, &fresh(), |_| ()).await
}

/// A handle that nobody holds yet.
fn fresh() -> Handle {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 32];
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    bytes[..8].copy_from_slice(&next.to_be_bytes());
    Handle::made_from(bytes)
}

fn choice(answered: Answered) -> Choice {
    match answered {
        Answered::Choose(choice) => choice,
        other => panic!("{other:?}"),
    }
}

fn names(choice: &Choice) -> Vec<&str> {
    choice.offers.iter().map(|it| it.name.as_str()).collect()
}

/// Where somebody is sent: to the partner of this name, or to sign in here.
fn way(answered: &Answered) -> &'static str {
    match answered {
        Answered::Elsewhere { to } if to.starts_with("https://fs.fabrikam.com/adfs/ls/?") => {
            "elsewhere"
        }
        Answered::MustSignIn { .. } => "here",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn s78_a_party_with_one_provider_never_shows_a_choice() {
    for (names, to) in [
        (&["Fabrikam"][..], "elsewhere"),
        (&["FABRIKAM"], "elsewhere"),
        (&["Active Directory"], "here"),
        (&["Fabrikam", "off", "unknown"], "elsewhere"),
        (&["active directory", "off"], "here"),
    ] {
        let federation = three(names);
        assert_eq!(way(&ask(&federation, ASKS).await), to, "{names:?}");
        // What the browser says of somebody changes nothing.
        let hinted = format!("{ASKS}&username=a%40adatum.com");
        assert_eq!(way(&ask(&federation, &hinted).await), to, "{names:?}");
    }
    for names in [&["off"][..], &["unknown"], &["saml", "nowhere"]] {
        let refused = refused(ask(&three(names), ASKS).await);
        assert_eq!(refused.reason, TokenRefusal::AnotherProvider, "{names:?}");
    }
}

#[tokio::test]
async fn whoever_may_come_from_several_is_asked_and_what_they_choose_leads_on() {
    let federation = three(&[]);
    let choice = choice(ask(&federation, &format!("{ASKS}&wctx=a%26b")).await);
    assert_eq!(names(&choice), ["Contoso", "Fabrikam", "Adatum"]);
    assert!(choice.is_found_by_name && !choice.is_unknown_name);
    for (offer, to) in choice.offers.iter().zip(["here", "elsewhere", "elsewhere"]) {
        let (path, query) = offer.path.split_once('?').unwrap();
        assert_eq!(path, "/adfs/ls/");
        assert!(query.contains("wctx=a%26b") && query.contains(Remembered::NAME));
        assert_eq!(way(&ask(&federation, query).await), to, "{}", offer.name);
    }
    let two = three(&["Fabrikam", "Adatum", "off"]);
    let choice = self::choice(ask(&two, ASKS).await);
    assert_eq!(names(&choice), ["Fabrikam", "Adatum"]);
}

#[tokio::test]
async fn what_a_request_names_is_the_one_or_nothing() {
    let federation = three(&[]);
    for (whr, to) in [
        (FABRIKAM, "elsewhere"),
        ("urn:adatum", "elsewhere"),
        (US, "here"),
        ("AD+AUTHORITY", "here"),
    ] {
        let query = format!("{ASKS}&whr={whr}");
        assert_eq!(way(&ask(&federation, &query).await), to, "{whr}");
    }
    for whr in ["urn:unknown", "urn:off", "urn:saml", "urn:nowhere"] {
        let query = format!("{ASKS}&whr={whr}");
        let refused = refused(ask(&federation, &query).await);
        assert_eq!(refused.reason, TokenRefusal::UnknownProvider, "{whr}");
    }
    let narrow = three(&["Adatum"]);
    for whr in [FABRIKAM, US] {
        let query = format!("{ASKS}&whr={whr}");
        let refused = refused(ask(&narrow, &query).await);
        assert_eq!(refused.reason, TokenRefusal::AnotherProvider, "{whr}");
    }
}

#[tokio::test]
async fn a_name_leads_to_the_provider_of_its_suffix() {
    let federation = three(&[]);
    for hint in [
        "username=bo%40fabrikam.com",
        "login_hint=bo%40FABRIKAM.com",
        "domain_hint=fabrikam.com",
        "domain_hint=fabrikam.com&username=a%40adatum.com",
        "username=bo%40fabrikam.com&login_hint=a%40adatum.com",
    ] {
        let query = format!("{ASKS}&{hint}");
        match ask(&federation, &query).await {
            Answered::Elsewhere { to } => {
                assert!(to.contains("username") || !hint.starts_with('u'))
            }
            other => panic!("{hint}: {other:?}"),
        }
    }
    for hint in [
        "username=bo%40example.com",
        "username=bo%40xfabrikam.com",
        "username=bo%40off.com",
        "username=x",
    ] {
        let choice = choice(ask(&federation, &format!("{ASKS}&{hint}")).await);
        assert!(choice.is_unknown_name, "{hint}");
        assert_eq!(choice.offers.len(), 3, "{hint}");
    }
    // What was typed on our page is answered by a link.
    let handle = fresh();
    let query = format!("{ASKS}&username=bo%40fabrikam.com");
    let answered = federation
        .ask_with(&query, &handle, |it| it.is_found_by_name = true)
        .await;
    assert_eq!(names(&choice(answered)), ["Fabrikam"]);
}

#[tokio::test]
async fn what_was_chosen_is_remembered_and_who_is_signed_in_is_not_asked() {
    let federation = three(&[]);
    let remember = |identifier: &str| {
        let query = format!("{ASKS}&whr={identifier}");
        let chosen = Remembered::of(&crate::world::request(&query)).unwrap();
        chosen.as_str().to_owned()
    };
    for (chosen, to) in [(FABRIKAM, "elsewhere"), (US, "here")] {
        let remembered = remember(chosen);
        let adjust = |it: &mut sts::flow::wsfed::Asking<'_>| {
            // What lives as long as the question is given to it.
            it.remembered = Some(Box::leak(remembered.clone().into_boxed_str()));
        };
        let answered = federation.ask_with(ASKS, &fresh(), adjust).await;
        assert_eq!(way(&answered), to, "{chosen}");
    }
    for other in ["urn:off", "urn:unknown"] {
        let remembered: &'static str = Box::leak(remember(other).into_boxed_str());
        let adjust = |it: &mut sts::flow::wsfed::Asking<'_>| it.remembered = Some(remembered);
        choice(federation.ask_with(ASKS, &fresh(), adjust).await);
    }
    let held: &'static (_, _) = Box::leak(Box::new(signed_in()));
    let adjust = |it: &mut sts::flow::wsfed::Asking<'_>| it.signed_in = Some((&held.0, &held.1));
    issued(federation.ask_with(ASKS, &fresh(), adjust).await);
    let (_, continuation) = must_sign_in(ask(&federation, &format!("{ASKS}&whr={US}")).await);
    assert!(continuation.contains("whr="), "{continuation}");
}
