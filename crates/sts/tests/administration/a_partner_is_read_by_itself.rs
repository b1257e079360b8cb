//! A partner's metadata is read by itself: what a trust that is followed takes, what waits, and what is never taken.

use authn::audit::{Kind as EventKind, MetadataAct};
use authn::ports::Claim;
use jiff::{SignedDuration, Timestamp};
use proto::partner_metadata::{SignedBy, read};
use store::memory::Memory;
use sts::admin::trusts;
use sts::monitor::{Judged, Look, Monitored, monitored, settle};
use sts::ports::{Outcome, PartnerReading, PartnerReadings};
use sts::trust::Kind;
use sts::trust::partner::{Doubt, Known, alone, claims_provider, keep, refreshed, relying_party};
use sts::trust::written::{Written, WrittenMetadata};
use xml::PublicKey;

use crate::a_partner_says_what_it_is::{Key, issuer, now, signed};
use crate::{by_hand, trail};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const WAYS: [bool; 2] = [true, false];

fn metadata(is_followed: bool) -> Option<WrittenMetadata> {
    Some(WrittenMetadata {
        url: "https://partner.example/metadata.xml".to_owned(),
        is_monitored: true,
        is_followed,
        signing_certificates: Vec::new(),
    })
}

/// The metadata of an issuer that signs with some keys.
fn issuer_of(keys: &[&Key]) -> String {
    let text = issuer(keys[0]);
    let begin = text.find("<KeyDescriptor").unwrap();
    let end = text.find("</KeyDescriptor>").unwrap() + "</KeyDescriptor>".len();
    let one = text.get(begin..end).unwrap();
    let all = keys
        .iter()
        .map(|key| one.replace(&keys[0].base64(), &key.base64()));
    text.replace(one, &all.collect::<String>())
}

/// The metadata of a party that takes tokens.
fn party(realms: &[&str]) -> String {
    let realm = |it: &&str| {
        format!(
            "<EndpointReference xmlns=\"http://www.w3.org/2005/08/addressing\"><Address>{it}</Address></EndpointReference>"
        )
    };
    let realms: String = realms.iter().map(realm).collect();
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:party\">\
         <RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"fed:ApplicationServiceType\">\
         <fed:TargetScopes>{realms}</fed:TargetScopes>\
         <fed:PassiveRequestorEndpoint><EndpointReference xmlns=\"http://www.w3.org/2005/08/addressing\">\
         <Address>https://party.example/</Address></EndpointReference></fed:PassiveRequestorEndpoint>\
         </RoleDescriptor></EntityDescriptor>"
    )
}

/// A party that signs what it says.
fn signing_party(keys: &[&Key]) -> String {
    let key = |it: &&Key| {
        format!(
            "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
             <X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>",
            it.base64()
        )
    };
    let keys: String = keys.iter().map(key).collect();
    let text = party(&[]).replacen("<fed:", &format!("{keys}<fed:"), 1);
    text.replacen("entityID=", "ID=\"_1\" entityID=", 1)
}

/// A service provider with a way to take assertions, and one for sign-outs.
fn service_provider(bindings: &[&str]) -> String {
    let consumer = |it: &&str| {
        format!(
            "<AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{it}\" Location=\"https://sp.example/{it}\" index=\"0\"/>"
        )
    };
    let consumers: String = bindings.iter().map(consumer).collect();
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:sp\"><SPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><SingleLogoutService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://sp.example/out\"/>{consumers}\
         </SPSSODescriptor></EntityDescriptor>"
    )
}

fn known(keys: &[&Key]) -> Vec<PublicKey> {
    let der = |key: &&Key| {
        use base64::Engine;
        let der = base64::engine::general_purpose::STANDARD.decode(key.base64());
        PublicKey::from_certificate(&der.unwrap()).unwrap()
    };
    keys.iter().map(der).collect()
}

/// A store with one trust.
struct World {
    store: Memory,
    /// Since the beginning.
    at: SignedDuration,
}

impl World {
    async fn with(written: Written) -> Self {
        let store = Memory::new();
        let trusted = written.read().unwrap();
        trusts::add(&store, &trusted, &by_hand(0)).await.unwrap();
        let at = SignedDuration::ZERO;
        Self { store, at }
    }

    async fn of_provider(key: &Key, is_followed: bool) -> Self {
        let usable = Key::until(2030);
        let (entity, _) = read(&issuer(&usable), &known(&[]), now()).unwrap();
        let mut provider = claims_provider(&entity, "Partner", now()).unwrap();
        // An administrator may have given it one that metadata would not be taken with.
        provider.token_signing_certificates = vec![key.base64()];
        provider.metadata = metadata(is_followed);
        Self::with(alone(None, Some(provider))).await
    }

    async fn of_party(is_followed: bool) -> Self {
        let (entity, _) = read(&party(&[]), &known(&[]), now()).unwrap();
        let mut party = relying_party(&entity, "Party", now()).unwrap();
        party.metadata = metadata(is_followed);
        Self::with(alone(Some(party), None)).await
    }

    /// A party of a document that was believed once, as `trust add` makes one.
    async fn of_document(text: &str) -> Self {
        let read = Known::nobody(Kind::RelyingParty).read(text, now()).unwrap();
        let mut party = relying_party(&read.entity, "Party", now()).unwrap();
        party.metadata = metadata(true);
        let mut written = alone(Some(party), None);
        keep(&mut written, &read.certificates);
        Self::with(written).await
    }

    fn now(&self) -> Timestamp {
        now() + self.at
    }

    async fn monitored(&self) -> Monitored {
        let all = trusts::all(&self.store).await.unwrap();
        monitored(all).into_iter().next().unwrap()
    }

    async fn reading(&self) -> Option<PartnerReading> {
        let readings = self.store.partner_readings().await.unwrap();
        self.monitored().await.reading(&readings).cloned()
    }

    async fn claims(&self, trust: &Monitored) -> bool {
        let claim = Claim {
            by: "us".to_owned(),
            now: self.now(),
            until: self.now() + SignedDuration::from_mins(3),
        };
        let claimed = self.store.claim_reading(trust.found.revision, &claim);
        claimed.await.unwrap()
    }

    async fn settles(&self, trust: &Monitored, judged: Result<Judged, String>) -> Option<Outcome> {
        let look = Look {
            by: "us",
            now: self.now(),
            interval: DAY,
            random: 0,
        };
        let before = self.reading().await;
        let settled = settle(&self.store, trust, before.as_ref(), judged, look);
        settled.await.unwrap()
    }

    /// Reads a document once it is due.
    async fn reads(&mut self, text: &str) -> Outcome {
        if let Some(before) = self.reading().await {
            self.at = before.next_at.duration_since(now());
        }
        let trust = self.monitored().await;
        assert!(self.claims(&trust).await);
        let judged = trust.judged(text, self.now());
        self.settles(&trust, judged).await.unwrap()
    }

    async fn written(&self) -> Written {
        self.monitored().await.found.written
    }

    /// What the trail says of metadata.
    async fn said(&self) -> Vec<(MetadataAct, String)> {
        let said = trail(&self.store).await.into_iter();
        said.filter_map(|it| match it {
            EventKind::PartnerMetadata { act, said, .. } => Some((act, said)),
            _ => None,
        })
        .collect()
    }
}

#[tokio::test]
async fn s75_a_provider_that_is_followed_rolls_its_key_and_goes_on() {
    let (old, new) = (Key::until(2030), Key::until(2031));
    let mut world = World::of_provider(&old, true).await;
    let rules = world.written().await.claims_provider[0].clone();
    assert_eq!(
        world.reads(&signed(issuer(&old), &old)).await,
        Outcome::Current
    );
    // It is shown beside the old one, then signs, then is alone.
    let shown = signed(issuer_of(&[&old, &new]), &old);
    assert_eq!(world.reads(&shown).await, Outcome::Taken);
    let both = &world.written().await.claims_provider[0];
    assert_eq!(
        both.token_signing_certificates,
        [old.base64(), new.base64()]
    );
    assert_eq!(world.reads(&shown).await, Outcome::Current);
    let alone = signed(issuer(&new), &new);
    assert_eq!(world.reads(&alone).await, Outcome::Taken);
    let after = &world.written().await.claims_provider[0];
    assert_eq!(after.token_signing_certificates, [new.base64()]);
    assert_eq!(
        after.acceptance_transform_rules,
        rules.acceptance_transform_rules
    );
    let said = world.said().await;
    let acts: Vec<MetadataAct> = said.iter().map(|(act, _)| *act).collect();
    assert_eq!(acts, [MetadataAct::Taken; 2]);
    let (_, said) = &said[0];
    assert!(
        said.starts_with("token_signing_certificates: ") && said.contains("(until 2031-12-31"),
        "{said}"
    );
    assert!(!said.contains(&new.base64()), "{said}");
}

#[tokio::test]
async fn what_changes_waits_where_a_trust_is_not_followed_and_is_said_once() {
    let (old, new, newer) = (Key::until(2030), Key::until(2031), Key::until(2032));
    let mut world = World::of_provider(&old, false).await;
    let before = world.written().await;
    let shown = signed(issuer_of(&[&old, &new]), &old);
    for _ in 0..2 {
        assert_eq!(world.reads(&shown).await, Outcome::Waiting);
    }
    assert_eq!(world.written().await, before);
    assert_eq!(world.said().await.len(), 1);
    let reading = world.reading().await.unwrap();
    assert!(reading.said.contains("(until 2031-12-31"), "{reading:?}");
    let more = signed(issuer_of(&[&old, &newer]), &old);
    assert_eq!(world.reads(&more).await, Outcome::Waiting);
    let said = world.said().await;
    assert_eq!(said.len(), 2);
    assert!(said.iter().all(|(act, _)| *act == MetadataAct::Waiting));
}

#[tokio::test]
async fn t_mex_1_metadata_that_is_not_believed_or_got_worse_is_never_taken() {
    let (own, other, old) = (Key::until(2030), Key::until(2030), Key::until(2025));
    let unusable = Key::unusable();
    let nowhere = issuer(&own).replace("https://partner.example", "http://partner.example");
    let elsewhere = issuer(&own).replace("urn:partner", "urn:other");
    let ended = issuer(&own).replace(" ID=", " validUntil=\"2026-11-30T12:00:00Z\" ID=");
    for is_followed in WAYS {
        for (text, why) in [
            (signed(issuer(&other), &other), "a key that is not known"),
            (issuer_of(&[&own, &other]), "it is not signed"),
            (signed(nowhere.clone(), &own), "https"),
            (signed(elsewhere.clone(), &own), "it is of `urn:other`"),
            (signed(ended.clone(), &own), "it was good until"),
            (signed(issuer(&old), &own), "ended at 2025-12-31"),
            (signed(issuer(&unusable), &own), "a key of another kind"),
            (
                signed(issuer(&own), &own).replace("partner.example", "evil.example"),
                "",
            ),
            ("no XML".to_owned(), ""),
        ] {
            let mut world = World::of_provider(&own, is_followed).await;
            let before = world.written().await;
            assert_eq!(world.reads(&text).await, Outcome::Unread, "{text}");
            assert_eq!(world.written().await, before, "{text}");
            let [(MetadataAct::Unread, said)] = &world.said().await[..] else {
                panic!("{text}");
            };
            assert!(said.contains(why) && !said.is_empty(), "{said}");
        }
    }
}

#[tokio::test]
async fn t_mex_1_a_party_that_is_followed_never_takes_a_key_that_nothing_can_be_encrypted_to() {
    let encrypting = |key: &Key| signing_party(&[key]).replace("\"signing\"", "\"encryption\"");
    let (own, next) = (Key::rsa(2030), Key::rsa(2031));
    let mut world = World::of_document(&encrypting(&own)).await;
    let before = world.written().await;
    for (key, why) in [
        (Key::until(2030), "a key of another kind"),
        (Key::rsa(2021), "ended at 2021-12-31"),
    ] {
        assert_eq!(world.reads(&encrypting(&key)).await, Outcome::Unread);
        assert_eq!(world.written().await, before);
        let said = world.reading().await.unwrap().said;
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(world.reads(&encrypting(&next)).await, Outcome::Taken);
    let kept = world.written().await.relying_party.remove(0);
    assert_eq!(kept.encryption_certificate, Some(next.base64()));
}

#[tokio::test]
async fn another_name_of_a_partner_is_never_taken_by_itself() {
    let mut world = World::of_party(true).await;
    assert_eq!(world.reads(&party(&[])).await, Outcome::Current);
    let before = world.written().await;
    let renamed = party(&["urn:somebody"]);
    assert_eq!(world.reads(&renamed).await, Outcome::Waiting);
    assert_eq!(world.written().await, before);
    // Neither is what changes beside it.
    let both = renamed.replace("https://party.example/", "https://other.example/");
    assert_eq!(world.reads(&both).await, Outcome::Waiting);
    assert_eq!(world.written().await, before);
    let moved = party(&[]).replace("https://party.example/", "https://other.example/");
    assert_eq!(world.reads(&moved).await, Outcome::Taken);
    let endpoint = &world.written().await.relying_party[0].wsfed_endpoint;
    assert_eq!(endpoint.as_deref(), Some("https://other.example/"));
}

#[tokio::test]
async fn a_lapse_is_said_once_asked_about_less_and_less_and_said_when_it_is_over() {
    let own = Key::until(2030);
    let mut world = World::of_provider(&own, true).await;
    let good = signed(issuer(&own), &own);
    assert_eq!(world.reads(&good).await, Outcome::Current);
    assert_eq!(world.reading().await.unwrap().next_at, now() + DAY);
    let last_good = world.reading().await.unwrap().good_at;
    let mut waits = Vec::new();
    for _ in 0..11 {
        assert_eq!(world.reads("no XML").await, Outcome::Unread);
        let reading = world.reading().await.unwrap();
        waits.push(reading.next_at.duration_since(reading.at).as_mins());
        assert_eq!(reading.good_at, last_good);
    }
    assert_eq!(
        waits,
        [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440]
    );
    assert_eq!(world.reads(&good).await, Outcome::Current);
    let acts = world.said().await.into_iter().map(|(act, _)| act);
    let acts: Vec<MetadataAct> = acts.collect();
    assert_eq!(acts, [MetadataAct::Unread, MetadataAct::ReadAgain]);
    assert_eq!(world.reading().await.unwrap().failures, 0);
}

#[tokio::test]
async fn what_an_administrator_changes_meanwhile_is_not_undone() {
    let (old, new) = (Key::until(2030), Key::until(2031));
    let world = World::of_provider(&old, true).await;
    let trust = world.monitored().await;
    assert!(world.claims(&trust).await);
    let judged = trust.judged(&signed(issuer_of(&[&old, &new]), &old), now());
    let mut written = trust.found.written.clone();
    written.claims_provider[0].notes = Some("mine".to_owned());
    let by = by_hand(1);
    let replaced = trusts::replace(&world.store, &trust.found, written.clone(), &by);
    replaced.await.unwrap();
    assert_eq!(world.settles(&trust, judged).await, None);
    assert_eq!(world.written().await, written);
    // What was changed is read anew.
    let readings = world.store.partner_readings().await.unwrap();
    assert!(world.monitored().await.is_due(&readings, now()));
}

#[tokio::test]
async fn trusts_that_are_off_or_not_monitored_are_not_read() {
    let own = Key::until(2030);
    let world = World::of_provider(&own, true).await;
    let all = trusts::all(&world.store).await.unwrap();
    let with = |change: fn(&mut sts::trust::written::WrittenClaimsProvider)| {
        let mut all = all.clone();
        change(&mut all[0].written.claims_provider[0]);
        monitored(all).len()
    };
    assert_eq!(with(|_| {}), 1);
    assert_eq!(with(|it| it.is_enabled = false), 0);
    assert_eq!(with(|it| it.metadata = None), 0);
    let unmonitored = |it: &mut sts::trust::written::WrittenClaimsProvider| {
        it.metadata.as_mut().unwrap().is_monitored = false;
    };
    assert_eq!(with(unmonitored), 0);
}

#[tokio::test]
async fn readings_drift_apart_by_a_tenth_at_most() {
    let own = Key::until(2030);
    let world = World::of_provider(&own, true).await;
    let trust = world.monitored().await;
    assert!(world.claims(&trust).await);
    let look = Look {
        by: "us",
        now: now(),
        interval: DAY,
        random: u8::MAX,
    };
    let settled = settle(&world.store, &trust, None, Ok(Judged::Same), look);
    assert_eq!(settled.await.unwrap(), Some(Outcome::Current));
    let next = world.reading().await.unwrap().next_at;
    assert_eq!(next, now() + DAY - DAY / 10);
}

#[tokio::test]
async fn t_mex_1_a_provider_whose_keys_nobody_can_use_is_not_spoken_for_by_strangers() {
    let (unusable, stranger) = (Key::unusable(), Key::until(2030));
    let der = unusable.base64();
    for is_followed in WAYS {
        let mut world = World::of_provider(&unusable, is_followed).await;
        let before = world.written().await;
        let kept = &before.claims_provider[0].token_signing_certificates;
        assert_eq!(*kept, std::slice::from_ref(&der).to_vec());
        for (text, why) in [
            (
                signed(issuer(&stranger), &stranger),
                "a key that is not known",
            ),
            (issuer(&stranger), "it is not signed"),
        ] {
            assert_eq!(world.reads(&text).await, Outcome::Unread);
            assert_eq!(world.written().await, before);
            let said = world.reading().await.unwrap().said;
            assert!(said.contains(why), "{said}");
        }
    }
    // So it is of a trust that says nothing of keys, and of a party that has some.
    let nothing = alone(None, None);
    let doubt = |kind, written| Known::of(kind, written).unwrap().doubt(SignedBy::Itself);
    assert_eq!(doubt(Kind::ClaimsProvider, &nothing), Some(Doubt::Stranger));
    assert_eq!(doubt(Kind::RelyingParty, &nothing), None);
    let (entity, _) = read(&party(&[]), &known(&[]), now()).unwrap();
    let mut party = relying_party(&entity, "Party", now()).unwrap();
    party.request_signing_certificates = vec![der];
    let party = alone(Some(party), None);
    assert_eq!(doubt(Kind::RelyingParty, &party), Some(Doubt::Stranger));
}

#[tokio::test]
async fn t_mex_1_a_party_that_signed_once_signs_ever_after_by_its_own_keys() {
    let (own, next, stranger) = (Key::until(2030), Key::until(2031), Key::until(2030));
    let good = signed(signing_party(&[&own]), &own);
    let mut world = World::of_document(&good).await;
    let pinned = |written: &Written| {
        let metadata = written.relying_party[0].metadata.clone().unwrap();
        metadata.signing_certificates
    };
    assert_eq!(pinned(&world.written().await), [own.base64()]);
    assert_eq!(world.reads(&good).await, Outcome::Current);
    let before = world.written().await;
    let moved = |text: String| text.replace("https://party.example/", "https://evil.example/");
    for (text, why) in [
        (moved(party(&[])), "it is not signed"),
        (moved(signing_party(&[&own])), "it is not signed"),
        (
            signed(moved(signing_party(&[&stranger])), &stranger),
            "a key that is not known",
        ),
    ] {
        assert_eq!(world.reads(&text).await, Outcome::Unread);
        assert_eq!(world.written().await, before);
        let said = world.reading().await.unwrap().said;
        assert!(said.contains(why), "{said}");
    }
    // It rolls its key as a claims provider does.
    let shown = signed(signing_party(&[&own, &next]), &own);
    assert_eq!(world.reads(&shown).await, Outcome::Taken);
    let alone = signed(signing_party(&[&next]), &next);
    assert_eq!(world.reads(&alone).await, Outcome::Taken);
    assert_eq!(pinned(&world.written().await), [next.base64()]);
    let said = world.reading().await.unwrap().said;
    assert!(
        said.starts_with("metadata.signing_certificates: ") && !said.contains(&own.base64()),
        "{said}"
    );
}

#[tokio::test]
async fn a_key_that_vouches_from_outside_the_document_goes_on_to_vouch() {
    let (own, federation) = (Key::until(2030), Key::until(2040));
    let text = signed(signing_party(&[&own]), &federation);
    let by = Known::by(Kind::RelyingParty, &federation.der).unwrap();
    let read = by.read(&text, now()).unwrap();
    assert_eq!(by.doubt(read.signed_by), None);
    let (mut written, entity) = (World::of_party(true).await.written().await, read.entity);
    written = refreshed(&written, &entity, now()).unwrap();
    keep(&mut written, &read.certificates);
    let mut world = World::with(written).await;
    assert_eq!(world.reads(&text).await, Outcome::Current);
    let metadata = world.written().await.relying_party[0].metadata.clone();
    let both = [own.base64(), federation.base64()];
    assert_eq!(metadata.unwrap().signing_certificates, both);
}

#[tokio::test]
async fn t_mex_1_an_older_document_does_not_bring_a_dropped_key_back() {
    let (old, new) = (Key::between(2020, 2030), Key::between(2025, 2035));
    let mut world = World::of_provider(&old, true).await;
    let both = signed(issuer_of(&[&new, &old]), &new);
    assert_eq!(
        world.reads(&signed(issuer_of(&[&new, &old]), &old)).await,
        Outcome::Taken
    );
    assert_eq!(
        world.reads(&signed(issuer(&new), &new)).await,
        Outcome::Taken
    );
    let before = world.written().await;
    assert_eq!(world.reads(&both).await, Outcome::Waiting);
    assert_eq!(world.written().await, before);
    let said = world.reading().await.unwrap().said;
    assert!(said.starts_with("a certificate comes back"), "{said}");
    // A party that signs what it says is held to the same.
    let mut world = World::of_document(&signed(signing_party(&[&new]), &new)).await;
    let both = signed(signing_party(&[&new, &old]), &new);
    assert_eq!(world.reads(&both).await, Outcome::Waiting);
}

/// Metadata of an issuer that is a service provider, too, and signs with another key as that.
fn in_two_roles(issues: &Key, asks: &Key) -> String {
    let role = format!(
        "<SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor use=\"signing\">\
         <KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo>\
         </KeyDescriptor><AssertionConsumerService index=\"0\" Location=\"https://partner.example/acs\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/></SPSSODescriptor></EntityDescriptor>",
        asks.base64()
    );
    issuer(issues).replace("</EntityDescriptor>", &role)
}

#[tokio::test]
async fn t_mex_1_what_a_provider_signs_with_in_another_role_does_not_say_who_anybody_is() {
    let (issues, asks, evil) = (
        Key::between(2024, 2034),
        Key::between(2020, 2030),
        Key::between(2026, 2036),
    );
    let mut world = World::of_provider(&issues, true).await;
    let honest = signed(in_two_roles(&issues, &asks), &issues);
    let read = world.reads(&honest).await;
    assert_ne!(read, Outcome::Waiting, "an older key of another role");
    let stranger = signed(in_two_roles(&evil, &asks), &asks);
    assert_eq!(world.reads(&stranger).await, Outcome::Unread);
    let trust = world.written().await.claims_provider.remove(0);
    assert_eq!(trust.token_signing_certificates, [issues.base64()]);
    let pinned = trust.metadata.unwrap().signing_certificates;
    assert!(pinned.is_empty(), "{pinned:?}");
}

#[tokio::test]
async fn a_service_provider_that_takes_assertions_no_more_got_worse_whatever_it_has_for_sign_outs()
{
    for lost in [&[][..], &["HTTP-Artifact"]] {
        let mut world = World::of_document(&service_provider(&["HTTP-POST"])).await;
        let before = world.written().await;
        assert_eq!(world.reads(&service_provider(lost)).await, Outcome::Unread);
        assert_eq!(world.written().await, before);
        let said = world.reading().await.unwrap().said;
        assert!(said.contains("AssertionConsumerService"), "{said}");
    }
    let mut world = World::of_document(&service_provider(&["HTTP-POST"])).await;
    let more = service_provider(&["HTTP-POST", "HTTP-Artifact"]);
    assert_eq!(world.reads(&more).await, Outcome::Taken);
}

#[tokio::test]
async fn certificates_and_addresses_are_said_before_what_may_be_cut_off() {
    let mut world = World::of_party(true).await;
    let asked = "<fed:ClaimTypesRequested><ClaimType xmlns=\"http://docs.oasis-open.org/wsfed/authorization/200706\" \
                 Uri=\"urn:x\"/></fed:ClaimTypesRequested><fed:Passive";
    let changed = party(&[]).replacen("<fed:Passive", asked, 1);
    let changed = changed.replace("https://party.example/", "https://other.example/");
    assert_eq!(world.reads(&changed).await, Outcome::Taken);
    let said = world.reading().await.unwrap().said;
    let is_first = said.starts_with("wsfed_endpoint: ");
    assert!(is_first && said.contains("; claims_accepted: "), "{said}");
}
