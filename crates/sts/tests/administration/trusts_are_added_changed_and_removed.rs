//! Trusts: added all or none, changed from what was seen, switched and removed, with an event each.

use std::collections::BTreeMap;
use std::path::Path;

use authn::audit::{Event, Kind as EventKind, TrustAct};
use jiff::SignedDuration;
use store::memory::Memory;
use sts::admin::trusts::{self, TrustError};
use sts::import::{Cmdlet, Format, Import};
use sts::ports::{Change, ChangeRefused, KeptTrust, KeptTrusts, Unavailable};
use sts::trust::preset::{Places, Preset};
use sts::trust::written::Problem;
use sts::trust::{
    Certificate, Identifier, Kind, MAX_DAYS_AHEAD, Sha1UntilError, TrustBook, Trusted,
};

use super::a_partner_says_what_it_is::Key;
use super::{by_hand, trail};

fn lync() -> Trusted {
    let places = Places {
        host: "lyncweb.contoso.com",
        internal_host: Some("pool01.contoso.local"),
    };
    Preset::Lync.trusts(&places).unwrap()
}

async fn with_lync() -> Memory {
    let store = Memory::new();
    trusts::add(&store, &lync(), &by_hand(0)).await.unwrap();
    store
}

async fn book(store: &Memory) -> TrustBook {
    let (book, errors) = TrustBook::of_kept(&store.kept().await.unwrap());
    assert_eq!(errors, []);
    book
}

#[tokio::test]
async fn s62_both_trusts_are_kept_under_their_names_and_found_by_their_identifiers() {
    let store = with_lync().await;
    let book = book(&store).await;
    for trust in lync().relying_parties {
        let found = book.relying_party(&trust.identifiers[0]).unwrap();
        assert_eq!(**found, trust);
    }
    let acts = trail(&store).await;
    let added = |name: &str| EventKind::Trust {
        kind: "relying-party".to_owned(),
        name: name.to_owned(),
        act: TrustAct::Added,
    };
    assert_eq!(acts, [added("Lync-Int"), added("Lync-Ext")]);
}

#[tokio::test]
async fn s65_the_rules_of_one_trust_are_changed_and_the_other_s_are_not() {
    let store = with_lync().await;
    let found = trusts::find(&store, "lync-ext", None).await.unwrap();
    let mut written = found.written.clone();
    let rules = "=> issue(Type = \"urn:x\", Value = \"y\");";
    written.relying_party[0].issuance_transform_rules = rules.to_owned();
    trusts::replace(&store, &found, written, &by_hand(1))
        .await
        .unwrap();
    let book = book(&store).await;
    let rules_of = |identifier: &str| {
        let identifier = Identifier::parse(identifier).unwrap();
        let trust = book.relying_party(&identifier).unwrap();
        trust.issuance_transform_rules.text().to_owned()
    };
    assert_eq!(rules_of("https://lyncweb.contoso.com/passiveauth"), rules);
    let inside = &lync().relying_parties[0];
    assert_eq!(
        rules_of("https://pool01.contoso.local/passiveauth"),
        inside.issuance_transform_rules.text()
    );
}

#[tokio::test]
async fn rules_that_are_none_leave_the_trust_as_it_was() {
    let store = with_lync().await;
    let found = trusts::find(&store, "Lync-Ext", None).await.unwrap();
    let mut written = found.written.clone();
    written.relying_party[0].issuance_transform_rules = "=> issue(".to_owned();
    let error = trusts::replace(&store, &found, written, &by_hand(1)).await;
    let Err(TrustError::Written(error)) = error else {
        panic!("refused");
    };
    assert!(matches!(error.problem, Problem::Rules(_)));
    assert_eq!(trusts::find(&store, "Lync-Ext", None).await.unwrap(), found);
}

#[tokio::test]
async fn who_changes_what_somebody_else_changed_meanwhile_is_told() {
    let store = with_lync().await;
    let found = trusts::find(&store, "Lync-Ext", None).await.unwrap();
    let disabled = trusts::switch(&store, &found, false, &by_hand(1)).await;
    disabled.unwrap();
    let overtaken = |done: Result<(), TrustError>| {
        matches!(
            done,
            Err(TrustError::Refused(ChangeRefused::Overtaken { .. }))
        )
    };
    let written = found.written.clone();
    let replaced = trusts::replace(&store, &found, written, &by_hand(2)).await;
    assert!(overtaken(replaced.map(drop)));
    assert!(overtaken(trusts::remove(&store, &found, &by_hand(2)).await));
    let identifier = &found.trust.identifiers[0];
    assert!(
        !book(&store)
            .await
            .relying_party(identifier)
            .unwrap()
            .is_enabled
    );
}

/// What may not be taken any more was taken once, and must still be shut.
#[tokio::test]
async fn a_trust_that_would_be_refused_today_is_switched_off_and_not_on() {
    let store = Memory::new();
    let text = r#"{"version": 1, "relying_party": [{"name": "Old", "identifiers": ["urn:old"],
        "access_control_policy": {"name": "Permit specific group", "groups": ["Finance"]}}]}"#;
    let old = KeptTrust {
        kind: Kind::RelyingParty,
        name: "Old".to_owned(),
        identifiers: vec![Identifier::parse("urn:old").unwrap()],
        text: text.to_owned(),
    };
    let added = Event::by_hand(&by_hand(0), EventKind::SignedOut, None);
    let kept = store.change(vec![(Change::Add(old), added)]).await;
    kept.unwrap().unwrap();
    let found = trusts::find(&store, "Old", None).await.unwrap();
    let off = trusts::switch(&store, &found, false, &by_hand(1)).await;
    assert_eq!(off.unwrap().name, "Old");
    let found = trusts::find(&store, "Old", None).await.unwrap();
    let on = trusts::switch(&store, &found, true, &by_hand(2)).await;
    assert!(matches!(on, Err(TrustError::Written(_))), "{on:?}");
}

#[tokio::test]
async fn a_trust_is_switched_off_and_on_and_not_twice() {
    let store = with_lync().await;
    for is_enabled in [false, true] {
        let found = trusts::find(&store, "Lync-Int", None).await.unwrap();
        let switched = trusts::switch(&store, &found, is_enabled, &by_hand(1)).await;
        switched.unwrap();
        let found = trusts::find(&store, "Lync-Int", None).await.unwrap();
        let again = trusts::switch(&store, &found, is_enabled, &by_hand(1)).await;
        let name = "Lync-Int".to_owned();
        assert_eq!(again, Err(TrustError::SwitchedAlready { name, is_enabled }));
    }
    let acts = trail(&store).await.into_iter().skip(2);
    let acts = acts.map(|it| match it {
        EventKind::Trust { act, .. } => act,
        other => panic!("{other:?}"),
    });
    assert_eq!(
        acts.collect::<Vec<_>>(),
        [TrustAct::Disabled, TrustAct::Enabled]
    );
}

#[tokio::test]
async fn a_trust_that_was_removed_is_added_again_from_its_written_form() {
    let store = with_lync().await;
    let found = trusts::find(&store, "Lync-Ext", Some(Kind::RelyingParty)).await;
    let found = found.unwrap();
    trusts::remove(&store, &found, &by_hand(1)).await.unwrap();
    let unknown = trusts::find(&store, "Lync-Ext", None).await;
    let name = "Lync-Ext".to_owned();
    assert_eq!(unknown, Err(TrustError::Unknown { name }));
    let read = found.written.read().unwrap();
    trusts::add(&store, &read, &by_hand(2)).await.unwrap();
    assert_eq!(book(&store).await.relying_parties().len(), 2);
}

#[tokio::test]
async fn trusts_are_added_all_or_none_and_a_store_that_is_down_takes_none() {
    let store = Memory::new();
    let mut twice = lync();
    twice.relying_parties[1].identifiers = twice.relying_parties[0].identifiers.clone();
    let refused = trusts::add(&store, &twice, &by_hand(0)).await;
    assert!(matches!(
        refused,
        Err(TrustError::Refused(ChangeRefused::IdentifierTaken { .. }))
    ));
    let nothing = trusts::add(&store, &Trusted::default(), &by_hand(0)).await;
    assert_eq!(nothing, Err(TrustError::Nothing));
    assert!(store.kept().await.unwrap().trusts.is_empty());
    store.break_down();
    let down = trusts::add(&store, &lync(), &by_hand(0)).await;
    assert!(matches!(
        down,
        Err(TrustError::Unavailable(Unavailable { .. }))
    ));
}

#[tokio::test]
async fn of_an_import_the_trusts_are_kept_that_lose_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/adfs/clixml");
    let files = Cmdlet::ALL.map(|cmdlet| {
        let file = folder.join(format!("{}.xml", cmdlet.name()));
        (
            cmdlet,
            Format::Clixml.read(&std::fs::read(file).unwrap()).unwrap(),
        )
    });
    let import = Import::of(&BTreeMap::from(files));
    let lost: Vec<&str> = import.report.lost().map(|(it, _)| &*it.name).collect();
    let whole = trusts::whole(&import);
    assert!(!whole.relying_parties.is_empty() && !whole.claims_providers.is_empty());
    assert!(
        whole.len()
            < import.relying_parties.len()
                + import.claims_providers.len()
                + import.claim_descriptions.len()
    );
    let parties = whole.relying_parties.iter().map(|it| it.name.as_str());
    for name in parties.chain(whole.claims_providers.iter().map(|it| it.name.as_str())) {
        // Without the directory's own trust what is built in would be believed, which is more.
        assert_eq!(lost.contains(&name), name == "Active Directory", "{name}");
    }
    let store = Memory::new();
    let kept = trusts::add(&store, &whole, &by_hand(0)).await.unwrap();
    assert_eq!(kept.len(), whole.len());
    let book = book(&store).await;
    for trust in &whole.relying_parties {
        assert_eq!(**book.relying_party(&trust.identifiers[0]).unwrap(), *trust);
    }
}

#[tokio::test]
async fn t_http_14_no_party_is_called_almost_as_another_is() {
    let store = with_lync().await;
    let before = store.kept().await.unwrap();
    let mut other = lync();
    other.relying_parties.truncate(1);
    let party = &mut other.relying_parties[0];
    party.name = "Partner".to_owned();
    let own = party.identifiers[0].as_str().replace("pool01", "POOL01");
    party.identifiers = ["urn:partner", &own]
        .map(|it| Identifier::parse(it).unwrap())
        .to_vec();
    let refused = trusts::add(&store, &other, &by_hand(1)).await.unwrap_err();
    assert!(matches!(&refused, TrustError::Alike { .. }), "{refused}");
    assert_eq!(store.kept().await.unwrap(), before);

    other.relying_parties[0].identifiers.truncate(1);
    trusts::add(&store, &other, &by_hand(2)).await.unwrap();
    let found = trusts::find(&store, "Partner", None).await.unwrap();
    let mut written = found.written.clone();
    written.relying_party[0].identifiers.push(own.clone());
    let refused = trusts::replace(&store, &found, written, &by_hand(3)).await;
    assert!(
        matches!(refused, Err(TrustError::Alike { .. })),
        "{refused:?}"
    );

    // Of its own names one party may have as many as it likes.
    let found = trusts::find(&store, "Lync-Int", None).await.unwrap();
    let mut written = found.written.clone();
    written.relying_party[0].identifiers.push(own);
    trusts::replace(&store, &found, written, &by_hand(4))
        .await
        .unwrap();

    // And of two that are added together neither is called so.
    let mut two = other.clone();
    two.relying_parties[0].name = "One".to_owned();
    two.relying_parties.push(two.relying_parties[0].clone());
    two.relying_parties[1].name = "Two".to_owned();
    for (party, name) in two
        .relying_parties
        .iter_mut()
        .zip(["https://a.example", "https://A.example"])
    {
        party.identifiers = vec![Identifier::parse(name).unwrap()];
    }
    let refused = trusts::add(&store, &two, &by_hand(5)).await;
    assert!(
        matches!(refused, Err(TrustError::Alike { .. })),
        "{refused:?}"
    );
}

/// A day, so many after the one on which the tests begin.
fn days_ahead(days: i64) -> String {
    let at = by_hand(0).at + SignedDuration::from_hours(24 * days);
    at.to_string().split('T').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_date_for_sha_1_is_set_ahead_within_two_years_and_stays_when_it_is_past() {
    let store = with_lync().await;
    for (days, expected) in [
        (-1, Some(Sha1UntilError::Past)),
        (MAX_DAYS_AHEAD + 1, Some(Sha1UntilError::TooFar)),
        (30, None),
    ] {
        let found = trusts::find(&store, "Lync-Ext", None).await.unwrap();
        let mut written = found.written.clone();
        let party = &mut written.relying_party[0];
        party.signature_algorithm = Some("RSA-SHA1".to_owned());
        party.sha1_until = Some(days_ahead(days));
        let trusted = written.clone().read().unwrap();
        let replaced = trusts::replace(&store, &found, written, &by_hand(0)).await;
        let why = |done: Result<(), TrustError>| match done {
            Ok(()) => None,
            Err(TrustError::Sha1 { why, .. }) => Some(why),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(why(replaced.map(drop)), expected);
        // The same of one that is new.
        let fresh = Memory::new();
        let added = trusts::add(&fresh, &trusted, &by_hand(0)).await;
        assert_eq!(why(added.map(drop)), expected);
    }
    // Long after its end a trust is changed otherwise, and not given the date anew.
    let late = by_hand(40 * 24);
    let found = trusts::find(&store, "Lync-Ext", None).await.unwrap();
    let mut written = found.written.clone();
    written.relying_party[0].notes = Some("still here".to_owned());
    trusts::replace(&store, &found, written, &late)
        .await
        .unwrap();
    let found = trusts::find(&store, "Lync-Ext", None).await.unwrap();
    let mut written = found.written.clone();
    written.relying_party[0].sha1_until = Some(days_ahead(31));
    let anew = trusts::replace(&store, &found, written, &late).await;
    assert!(matches!(anew, Err(TrustError::Sha1 { .. })));
}

#[tokio::test]
async fn what_nothing_can_be_encrypted_with_is_refused_and_stays_readable_where_it_was_kept() {
    let (p256, rsa) = (Key::until(2030), Key::rsa(2021));
    let mut kept = lync();
    let certificate = Certificate::parse(&p256.der).unwrap();
    kept.relying_parties[0].encryption_certificate = Some(certificate);
    let store = Memory::new();
    trusts::add(&store, &kept, &by_hand(0)).await.unwrap();
    // An upgrade takes no trust away.
    let name = kept.relying_parties[0].name.clone();
    let party = &kept.relying_parties[0].identifiers[0];
    assert!(book(&store).await.relying_party(party).is_some());
    let found = trusts::find(&store, &name, None).await.unwrap();
    let mut written = found.written.clone();
    written.relying_party[0].notes = Some("mine".to_owned());
    let refused = trusts::replace(&store, &found, written.clone(), &by_hand(1)).await;
    let Err(TrustError::Written(refused)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.problem, Problem::NotEncrypting);
    let said = refused.to_string();
    for part in [
        "`encryption_certificate`: nothing can be encrypted with it",
        "RSA (2048 to 8192 bits)",
        "set `encrypt_claims` to false",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    trusts::switch(&store, &found, false, &by_hand(2))
        .await
        .unwrap();
    let found = trusts::find(&store, &name, None).await.unwrap();
    let switched = trusts::switch(&store, &found, true, &by_hand(3)).await;
    assert!(matches!(switched, Err(TrustError::Written(_))));
    // A key that will do is taken, ended or not, as is any where nothing is encrypted.
    let with = |certificate: String, encrypt_claims: bool| {
        let mut written = found.written.clone();
        let party = &mut written.relying_party[0];
        party.encryption_certificate = Some(certificate);
        party.encrypt_claims = encrypt_claims;
        written.read()
    };
    assert!(with(rsa.base64(), true).is_ok());
    assert!(with(p256.base64(), false).is_ok());
    assert!(with(p256.base64(), true).is_err());
}
