//! The fuzzers' seeds, fed through the fuzzers' own entry points: each one must be taken, so that
//! fuzzing begins behind the first refusals.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

use std::path::Path;

use proto::ntlm::ChannelBinding;
use proto::ntlm::client::{Client, Draw};

#[path = "../../../fuzz/entry/discover.rs"]
mod discover;
#[path = "../../../fuzz/entry/http_auth.rs"]
mod http_auth;
#[path = "../../../fuzz/entry/mex.rs"]
mod mex;
#[path = "../../../fuzz/entry/ntlm.rs"]
mod ntlm;
#[path = "../../../fuzz/entry/oauthtoken.rs"]
mod oauthtoken;
#[path = "../../../fuzz/entry/soap.rs"]
mod soap;
#[path = "../../../fuzz/entry/spnego.rs"]
mod spnego;
#[path = "../../../fuzz/entry/webticket.rs"]
mod webticket;
#[path = "../../../fuzz/entry/xml.rs"]
mod xml_entry;

fn every_seed_is_taken(target: &str, run: impl Fn(&[u8]) -> bool) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let mut count = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let path = seed.unwrap().path();
        assert!(run(&std::fs::read(&path).unwrap()), "{}", path.display());
        count += 1;
    }
    assert!(count > 1, "{target} has seeds");
}

/// Every seed with one byte removed or changed, at each of its places.
fn no_damaged_seed_panics(target: &str, run: impl Fn(&[u8]) -> bool) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    for seed in std::fs::read_dir(seeds).unwrap() {
        let good = std::fs::read(seed.unwrap().path()).unwrap();
        for at in 0..good.len() {
            let mut shorter = good.clone();
            shorter.remove(at);
            run(&shorter);
            for byte in [b'<', b'"', b'&', 0xff] {
                let mut changed = good.clone();
                *changed.get_mut(at).unwrap() = byte;
                run(&changed);
            }
        }
    }
}

#[test]
fn xml_seeds_are_taken() {
    every_seed_is_taken("xml", xml_entry::run);
    no_damaged_seed_panics("xml", xml_entry::run);
}

#[test]
fn the_signed_seed_reaches_the_end_of_verification() {
    let seed = include_str!("../../../fuzz/seeds/xml/signed_assertion.xml");
    let document = xml::Document::parse(seed).unwrap();
    assert!(xml::signature::verify(document.root(), &xml_entry::AnyKey).is_ok());
}

#[test]
fn soap_seeds_are_taken() {
    every_seed_is_taken("soap", soap::run);
    no_damaged_seed_panics("soap", soap::run);
}

#[test]
fn oauthtoken_seeds_are_taken() {
    every_seed_is_taken("oauthtoken", oauthtoken::run);
    no_damaged_seed_panics("oauthtoken", oauthtoken::run);
}

#[test]
fn discover_seeds_are_taken() {
    every_seed_is_taken("discover", discover::run);
    no_damaged_seed_panics("discover", discover::run);
}

#[test]
fn mex_seeds_are_taken() {
    every_seed_is_taken("mex", mex::run);
    no_damaged_seed_panics("mex", mex::run);
}

#[test]
fn webticket_seeds_are_taken() {
    every_seed_is_taken("webticket", webticket::run);
    no_damaged_seed_panics("webticket", webticket::run);
}

#[test]
fn http_auth_seeds_are_taken() {
    every_seed_is_taken("http_auth", http_auth::run);
    no_damaged_seed_panics("http_auth", http_auth::run);
}

#[test]
fn spnego_seeds_are_taken() {
    every_seed_is_taken("spnego", spnego::run);
    no_damaged_seed_panics("spnego", spnego::run);
}

#[test]
fn ntlm_seeds_are_proved() {
    every_seed_is_taken("ntlm", ntlm::run);
    no_damaged_seed_panics("ntlm", ntlm::run);
}

/// The seeds of `ntlm` are an exchange each, made by our own client.
#[test]
fn ntlm_seeds_are_what_a_client_sends() {
    let modern = Client::new("anna", "CONTOSO", ntlm::PASSWORD);
    let binding = ChannelBinding::tls_server_end_point(&[7; 32]);
    let target_name = Some("HTTP/mail.contoso.com".to_owned());
    let bound = Client {
        channel_binding: Some(binding),
        target_name,
        ..modern.clone()
    };
    let plain = Client::plain("anna@contoso.com", "", ntlm::PASSWORD);
    let oem = Client {
        is_oem: true,
        ..Client::plain("ANNA", "CONTOSO", ntlm::PASSWORD)
    };
    for (name, client) in [
        ("modern", modern),
        ("bound", bound),
        ("plain", plain),
        ("oem", oem),
    ] {
        let draw = Draw {
            client_challenge: [9; 8],
            session_key: [5; 16],
            time: None,
        };
        let negotiate = client.negotiate();
        let challenge = ntlm::challenge(&negotiate).unwrap();
        let (authenticate, _) = client.authenticate(challenge.as_bytes(), draw).unwrap();
        let length = u16::try_from(negotiate.len()).unwrap().to_le_bytes();
        let made = [length.as_slice(), &negotiate, &authenticate].concat();
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/seeds/ntlm")
            .join(name);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, &made).unwrap();
        }
        assert_eq!(
            std::fs::read(&file).unwrap(),
            made,
            "{name}: UPDATE_EXPECT=1 makes it anew"
        );
    }
}
