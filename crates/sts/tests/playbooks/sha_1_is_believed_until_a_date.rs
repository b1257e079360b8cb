//! What a partner signs by SHA-1 is believed until the date of its trust, is written down each time, and is refused
//! afterwards and where there is no date.
//!
//! The tokens and the request of `testdata/sha1` were signed by Debian's xmlsec1 with a key that is gone.

use authn::audit::{Kind, TokenRefusal};
use authn::place::Method;
use proto::form::Form;
use sts::flow::saml::Taken;
use sts::trust::{
    Certificate, ClaimsProviderTrust, RelyingPartyTrust, Sha1Until, SignatureAlgorithm,
};
use xml::Verbatim;

use crate::partner::{FABRIKAM, Federation, answer_with, fabrikam, federation, passes_all};
use crate::provider::{SP, answer, asks, posted, redirected, signs_in, sp, text};
use crate::world::{ASKS, World, at, issued, refused, session, world};

const BY_SHA1: &str = include_str!("../../testdata/sha1/sha1.xml");
const BY_SHA1_DIGEST: &str = include_str!("../../testdata/sha1/sha1-digest.xml");
const BY_SHA256: &str = include_str!("../../testdata/sha1/sha256.xml");
const REQUEST: &str = include_str!("../../testdata/sha1/request.xml");
/// The day of [`at`], and those around it.
const TODAY: &str = "2027-01-15";
const BEFORE: &str = "2027-01-14";
const AFTER: &str = "2027-01-16";

fn certificate() -> Certificate {
    Certificate::parse(include_bytes!("../../testdata/sha1/certificate.der")).unwrap()
}

/// A world in which Fabrikam has this date.
fn until(date: Option<&str>) -> Federation {
    let provider = ClaimsProviderTrust {
        signature_algorithm: SignatureAlgorithm::RsaSha1,
        sha1_until: date.map(|it| Sha1Until::parse(it).unwrap()),
        ..fabrikam(&certificate())
    };
    let party = RelyingPartyTrust {
        claims_provider_names: vec!["Fabrikam".to_owned()],
        ..passes_all()
    };
    federation(|_| vec![provider], vec![party])
}

/// What the audit has of SHA-1.
fn noted(world: &World) -> Vec<(String, String)> {
    let events = world.kept.events.lock().unwrap();
    let noted = events.iter().filter_map(|event| match &event.kind {
        Kind::BelievedBySha1 { partner, until } => Some((partner.clone(), until.clone())),
        _ => None,
    });
    noted.collect()
}

async fn is_refused(federation: &Federation, token: &str) {
    let out = federation.sent_out(ASKS, 1).await;
    let token = answer_with(Verbatim::parse(token).unwrap());
    let refused = refused(federation.bring(&token, &out).await);
    assert_eq!(refused.reason, TokenRefusal::NotBelieved);
    assert!(refused.said.contains("SHA-1"), "{}", refused.said);
    assert!(federation.gave_nothing());
    assert_eq!(noted(&federation.world), []);
}

#[tokio::test]
async fn a_token_by_sha_1_is_taken_to_the_end_of_the_date_and_each_is_written_down() {
    for date in [TODAY, AFTER] {
        for token in [BY_SHA1, BY_SHA1_DIGEST] {
            let federation = until(Some(date));
            let out = federation.sent_out(ASKS, 1).await;
            let token = answer_with(Verbatim::parse(token).unwrap());
            issued(federation.bring(&token, &out).await);
            let expected = (FABRIKAM.to_owned(), date.to_owned());
            assert_eq!(noted(&federation.world), [expected]);
        }
    }
}

#[tokio::test]
async fn a_token_by_sha_1_is_refused_after_the_date_and_without_one() {
    for date in [Some(BEFORE), None] {
        for token in [BY_SHA1, BY_SHA1_DIGEST] {
            is_refused(&until(date), token).await;
        }
    }
}

#[tokio::test]
async fn a_date_neither_asks_for_sha_1_nor_believes_what_was_changed() {
    for date in [Some(BEFORE), Some(AFTER), None] {
        let federation = until(date);
        let out = federation.sent_out(ASKS, 1).await;
        let token = answer_with(Verbatim::parse(BY_SHA256).unwrap());
        issued(federation.bring(&token, &out).await);
        assert_eq!(noted(&federation.world), []);
    }
    let federation = until(Some(AFTER));
    let changed = BY_SHA1.replace("bo@fabrikam.com", "al@fabrikam.com");
    let out = federation.sent_out(ASKS, 1).await;
    let changed = answer_with(Verbatim::parse(changed.as_str()).unwrap());
    let refused = refused(federation.bring(&changed, &out).await);
    assert_eq!(refused.reason, TokenRefusal::NotBelieved);
    assert!(federation.gave_nothing());
    assert_eq!(noted(&federation.world), []);
}

fn service_provider(date: Option<&str>) -> World {
    let trust = RelyingPartyTrust {
        request_signing_certificates: vec![certificate()],
        signed_saml_requests_required: true,
        signature_algorithm: SignatureAlgorithm::RsaSha1,
        sha1_until: date.map(|it| Sha1Until::parse(it).unwrap()),
        ..sp()
    };
    world(vec![trust])
}

#[tokio::test]
async fn a_request_by_sha_1_is_believed_until_the_date_and_each_that_gets_a_token_is_written_down()
{
    let both = session(at(0), &[Method::MemorisedSecret, Method::OneTimeCode]);
    for (date, is_taken) in [
        (Some(AFTER), true),
        (Some(TODAY), true),
        (Some(BEFORE), false),
        (None, false),
    ] {
        let world = service_provider(date);
        let taken = world.take(&posted(REQUEST.trim_end()), at(60)).await;
        assert_eq!(matches!(taken, Taken::Accepted(_)), is_taken, "{taken:?}");
        assert_eq!(noted(&world), [], "nobody got anything by it yet");
        let Taken::Accepted(accepted) = taken else {
            continue;
        };
        // What the browser comes back with says it, too.
        let path = world.service.path_of(&accepted);
        let query = path.split_once('?').unwrap().1;
        let query = Form::parse(query.as_bytes()).unwrap();
        let read = world.service.read_back(&query, at(61)).unwrap();
        assert_eq!(read, *accepted);
        answer(world.sign_on((&read, None), Some(&both), at(61)).await);
        let expected = date.map(|it| (SP.to_owned(), it.to_owned()));
        assert_eq!(noted(&world), Vec::from_iter(expected));
    }
}

#[tokio::test]
async fn a_request_by_sha_1_that_nobody_gets_a_token_for_is_written_down_nowhere() {
    let world = service_provider(Some(AFTER));
    for _ in 0..3 {
        let accepted = world.accept(&posted(REQUEST.trim_end()), at(60)).await;
        signs_in(world.sign_on((&accepted, None), None, at(60)).await);
    }
    assert_eq!(noted(&world), []);
}

#[tokio::test]
async fn what_we_sign_for_a_party_with_a_date_is_signed_by_sha_256() {
    let both = [Method::MemorisedSecret, Method::OneTimeCode];
    let trust = RelyingPartyTrust {
        signature_algorithm: SignatureAlgorithm::RsaSha1,
        sha1_until: Sha1Until::parse(AFTER),
        ..sp()
    };
    let world = world(vec![trust]);
    let accepted = world.accept(&redirected(&asks("", "")), at(60)).await;
    let session = session(at(0), &both);
    let answered = world.sign_on((&accepted, None), Some(&session), at(60));
    let text = text(&answer(answered.await));
    assert!(world.signed_of(&text, false).is_some());
    assert!(
        text.contains("#rsa-sha256") && !text.contains("sha1"),
        "{text}"
    );
}
