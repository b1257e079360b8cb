//! The claims provider trust of our own directory says what is believed of it; where it says nothing by now, nobody gets a
//! token, and what is built in does not stand in for it.

use authn::audit::TokenRefusal;
use sts::ports::{Kept, KeptTrust};
use sts::trust::written::{Written, WrittenClaimsProvider, WrittenRelyingParty};
use sts::trust::{TrustBook, Trusted};

use crate::world::{ASKS, LYNC, SID, World, issued, lync, must_sign_in, refused, world_of};

fn own(rules: &str) -> WrittenClaimsProvider {
    WrittenClaimsProvider {
        identifier: "AD AUTHORITY".to_owned(),
        is_local: true,
        acceptance_transform_rules: rules.to_owned(),
        ..WrittenClaimsProvider::named("Active Directory")
    }
}

fn kept(providers: Vec<WrittenClaimsProvider>) -> Vec<KeptTrust> {
    let written = Written {
        version: sts::trust::written::VERSION,
        relying_party: vec![WrittenRelyingParty::of(&lync())],
        claims_provider: providers,
        ..Written::default()
    };
    let trusted: Trusted = written.read().unwrap();
    trusted.to_kept().unwrap()
}

fn world(kept: Vec<KeptTrust>) -> World {
    let trusts = (1..).zip(kept).collect();
    let kept = Kept {
        revision: 1,
        trusts,
    };
    world_of(TrustBook::of_kept(&kept).0)
}

async fn gets_none(world: &World, said: &str) {
    let refused = refused(world.ask_as_anna(ASKS).await);
    assert_eq!(refused.reason, TokenRefusal::OwnDirectory);
    assert!(refused.said.contains(said), "{}", refused.said);
    assert_eq!(refused.party.as_deref(), Some("Lync-Ext"));
    assert!(world.kept.entries.lock().unwrap().is_empty());
    let audited = [(LYNC.to_owned(), TokenRefusal::OwnDirectory)];
    assert_eq!(world.audited(), audited);
}

#[tokio::test]
async fn what_its_rules_accept_is_believed_and_nothing_where_there_are_none() {
    let all = world(kept(vec![own("c:[] => issue(claim = c);")]));
    let token = all.verified(&issued(all.ask_as_anna(ASKS).await).wresult);
    assert!(token.contains(SID));
    let none = world(kept(vec![own("")]));
    let token = none.verified(&issued(none.ask_as_anna(ASKS).await).wresult);
    assert!(!token.contains(SID));
}

#[tokio::test]
async fn one_that_is_switched_off_vouches_for_nobody() {
    let mut off = own("c:[] => issue(claim = c);");
    off.is_enabled = false;
    let world = world(kept(vec![off]));
    must_sign_in(world.ask(ASKS, None).await);
    gets_none(&world, "is switched off").await;
}

#[tokio::test]
async fn one_that_cannot_be_read_vouches_for_nobody() {
    for (text, with) in [
        ("issue(claim = c)", "issue(claim = "),
        (r#""version":1"#, r#""version":2"#),
        ("{", "["),
    ] {
        let mut all = kept(vec![own("c:[] => issue(claim = c);")]);
        let directory = &mut all.last_mut().unwrap().text;
        let changed = directory.replacen(text, with, 1);
        assert_ne!(changed, *directory);
        *directory = changed;
        gets_none(&world(all), "cannot be read").await;
    }
}

#[tokio::test]
async fn two_vouch_for_nobody() {
    let mut second = own("c:[] => issue(claim = c);");
    second.name = "Another directory".to_owned();
    second.identifier = "urn:another".to_owned();
    gets_none(&world(kept(vec![own(""), second])), "are both").await;
}

#[tokio::test]
async fn a_partner_that_cannot_be_read_is_not_our_own_directory() {
    let mut all = kept(vec![own("c:[] => issue(claim = c);")]);
    let mut partner = all.last().unwrap().clone();
    partner.name = "Partner".to_owned();
    partner.text = partner.text.replace("Active Directory", "Partner");
    partner.text = partner
        .text
        .replace(r#""is_local":true"#, r#""is_local":false"#);
    assert!(
        partner.read().is_err(),
        "nothing that it signs can be believed"
    );
    all.push(partner);
    issued(world(all).ask_as_anna(ASKS).await);
}
