//! The fuzzers' seeds, fed through the fuzzers' own entry points: each one must be taken, so that
//! fuzzing begins behind the first refusals. What a fuzzer found and kept is replayed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

use std::path::Path;

use proto::ntlm::client::{Client, Draw};
use proto::ntlm::{ChannelBinding, Direction};

#[path = "../../../fuzz/entry/activesync.rs"]
mod activesync;
#[path = "../../../fuzz/entry/autodiscover_pox.rs"]
mod autodiscover_pox;
#[path = "../../../fuzz/entry/autodiscover_soap.rs"]
mod autodiscover_soap;
#[path = "../../../fuzz/entry/certificate.rs"]
mod certificate;
#[path = "../../../fuzz/entry/discover.rs"]
mod discover;
#[path = "../../../fuzz/entry/dns.rs"]
mod dns;
#[path = "../../../fuzz/entry/dns_servers.rs"]
mod dns_servers;
#[path = "../../../fuzz/entry/facts.rs"]
mod facts;
#[path = "../../../fuzz/entry/form.rs"]
mod form;
#[path = "../../../fuzz/entry/http_auth.rs"]
mod http_auth;
#[path = "../../../fuzz/entry/inflate.rs"]
mod inflate;
#[path = "../../../fuzz/entry/kdc.rs"]
mod kdc;
#[path = "../../../fuzz/entry/key_uri.rs"]
mod key_uri;
#[path = "../../../fuzz/entry/keytab_keys.rs"]
mod keytab_keys;
#[path = "../../../fuzz/entry/mex.rs"]
mod mex;
#[path = "../../../fuzz/entry/ntlm.rs"]
mod ntlm;
#[path = "../../../fuzz/entry/oauthtoken.rs"]
mod oauthtoken;
#[path = "../../../fuzz/entry/pac.rs"]
mod pac;
#[path = "../../../fuzz/entry/partner_metadata.rs"]
mod partner_metadata;
#[path = "../../../fuzz/entry/passive.rs"]
mod passive;
#[path = "../../../fuzz/entry/provider_answer.rs"]
mod provider_answer;
#[path = "../../../fuzz/entry/proxy_protocol.rs"]
mod proxy_protocol;
#[path = "../../../fuzz/entry/pskc.rs"]
mod pskc;
#[path = "../../../fuzz/entry/rejection.rs"]
mod rejection;
#[path = "../../../fuzz/entry/saml_request.rs"]
mod saml_request;
#[path = "../../../fuzz/entry/seed_list.rs"]
mod seed_list;
#[path = "../../../fuzz/entry/sending.rs"]
mod sending;
#[path = "../../../fuzz/entry/soap.rs"]
mod soap;
#[path = "../../../fuzz/entry/spnego.rs"]
mod spnego;
#[path = "../../../fuzz/entry/usernamemixed.rs"]
mod usernamemixed;
#[path = "../../../fuzz/entry/webticket.rs"]
mod webticket;
#[path = "../../../fuzz/entry/wsfed.rs"]
mod wsfed;
#[path = "../../../fuzz/entry/xml.rs"]
mod xml_entry;

use spnego::Reached;

/// The seeds of a target by name; those that the fuzzer found are named by their digest.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let seed = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(&path).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(seed).collect()
}

fn is_found(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn every_seed_is_taken(target: &str, run: impl Fn(&[u8]) -> bool) {
    let (found, written): (Vec<_>, Vec<_>) = seeds(target)
        .into_iter()
        .partition(|(name, _)| is_found(name));
    for (name, seed) in &written {
        assert!(run(seed), "{target}/{name}");
    }
    assert!(written.len() > 1, "{target} has seeds");
    for (_, seed) in found {
        run(&seed);
    }
}

/// Every seed with one byte removed or changed, at each of its places.
fn no_damaged_seed_panics(target: &str, run: impl Fn(&[u8]) -> bool) {
    for (_, good) in seeds(target)
        .into_iter()
        .filter(|(name, _)| !is_found(name))
    {
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
fn autodiscover_pox_seeds_are_taken() {
    every_seed_is_taken("autodiscover_pox", autodiscover_pox::run);
    no_damaged_seed_panics("autodiscover_pox", autodiscover_pox::run);
}

#[test]
fn autodiscover_soap_seeds_are_taken() {
    every_seed_is_taken("autodiscover_soap", autodiscover_soap::run);
    no_damaged_seed_panics("autodiscover_soap", autodiscover_soap::run);
}

#[test]
fn activesync_seeds_are_taken() {
    every_seed_is_taken("activesync", activesync::run);
    no_damaged_seed_panics("activesync", activesync::run);
}

#[test]
fn facts_seeds_are_taken() {
    every_seed_is_taken("facts", facts::run);
    no_damaged_seed_panics("facts", facts::run);
}

#[test]
fn sending_seeds_are_taken() {
    every_seed_is_taken("sending", sending::run);
    no_damaged_seed_panics("sending", sending::run);
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
fn passive_seeds_are_taken() {
    every_seed_is_taken("passive", passive::run);
    no_damaged_seed_panics("passive", passive::run);
}

#[test]
fn certificate_seeds_are_taken() {
    every_seed_is_taken("certificate", certificate::run);
    no_damaged_seed_panics("certificate", certificate::run);
}

#[test]
fn http_auth_seeds_are_taken() {
    every_seed_is_taken("http_auth", http_auth::run);
    no_damaged_seed_panics("http_auth", http_auth::run);
}

#[test]
fn proxy_protocol_seeds_are_taken() {
    every_seed_is_taken("proxy_protocol", proxy_protocol::run);
    no_damaged_seed_panics("proxy_protocol", proxy_protocol::run);
}

#[test]
fn spnego_seeds_reach_the_end_of_the_exchange() {
    let ends = [Reached::Completion, Reached::Kerberos];
    let is_completed = |seed: &[u8]| ends.contains(&spnego::run(seed));
    let (_, tampered) = seeds("spnego")
        .into_iter()
        .find(|(name, _)| name == TAMPERED)
        .unwrap();
    assert_eq!(spnego::run(&tampered), Reached::BothMessages);
    every_seed_is_taken("spnego", |seed| seed == tampered || is_completed(seed));
    no_damaged_seed_panics("spnego", is_completed);
}

/// A seed whose mechanism list is not the one that its MIC was made over.
const TAMPERED: &str = "tampered_list";

/// A value of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    let length = u16::try_from(content.len()).unwrap();
    match length.to_be_bytes() {
        [0, short @ ..0x80] => bytes.push(short),
        [0, long] => bytes.extend([0x81, long]),
        [high, low] => bytes.extend([0x82, high, low]),
    }
    bytes.extend(content);
    bytes
}

#[test]
fn usernamemixed_seeds_are_taken() {
    every_seed_is_taken("usernamemixed", usernamemixed::run);
    no_damaged_seed_panics("usernamemixed", usernamemixed::run);
}

#[test]
fn wsfed_seeds_are_taken() {
    every_seed_is_taken("wsfed", wsfed::run);
    no_damaged_seed_panics("wsfed", wsfed::run);
}

#[test]
fn saml_request_seeds_are_taken() {
    every_seed_is_taken("saml_request", saml_request::run);
    no_damaged_seed_panics("saml_request", saml_request::run);
}

#[test]
fn inflate_seeds_are_taken() {
    every_seed_is_taken("inflate", inflate::run);
    no_damaged_seed_panics("inflate", inflate::run);
}

#[test]
fn provider_answer_seeds_are_taken() {
    every_seed_is_taken("provider_answer", provider_answer::run);
    no_damaged_seed_panics("provider_answer", provider_answer::run);
}

#[test]
fn form_seeds_are_taken() {
    every_seed_is_taken("form", form::run);
    no_damaged_seed_panics("form", form::run);
}

#[test]
fn key_uri_seeds_are_taken() {
    every_seed_is_taken("key_uri", key_uri::run);
    no_damaged_seed_panics("key_uri", key_uri::run);
}

#[test]
fn keytab_seeds_are_taken() {
    every_seed_is_taken("keytab_keys", keytab_keys::run);
    no_damaged_seed_panics("keytab_keys", keytab_keys::run);
}

#[test]
fn pac_seeds_are_taken() {
    every_seed_is_taken("pac", pac::run);
    no_damaged_seed_panics("pac", pac::run);
}

/// The seeds of `spnego` are an exchange each, with the MIC of our own client.
#[test]
fn dns_seeds_are_taken() {
    every_seed_is_taken("dns", dns::run);
    no_damaged_seed_panics("dns", dns::run);
}

#[test]
fn dns_servers_seeds_are_taken() {
    every_seed_is_taken("dns_servers", dns_servers::run);
    no_damaged_seed_panics("dns_servers", dns_servers::run);
}

#[test]
fn kdc_seeds_are_taken() {
    every_seed_is_taken("kdc", kdc::run);
    no_damaged_seed_panics("kdc", kdc::run);
}

#[test]
fn partner_metadata_seeds_are_taken() {
    every_seed_is_taken("partner_metadata", partner_metadata::run);
    no_damaged_seed_panics("partner_metadata", partner_metadata::run);
}

#[test]
fn pskc_seeds_are_taken() {
    every_seed_is_taken("pskc", pskc::run);
    no_damaged_seed_panics("pskc", pskc::run);
}

#[test]
fn seed_list_seeds_are_taken() {
    every_seed_is_taken("seed_list", seed_list::run);
    no_damaged_seed_panics("seed_list", seed_list::run);
}

#[test]
fn rejection_seeds_are_taken() {
    every_seed_is_taken("rejection", rejection::run);
    no_damaged_seed_panics("rejection", rejection::run);
}

#[test]
fn spnego_seeds_are_what_a_client_sends() {
    const NTLM: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
    const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
    const NEGOEX: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e";
    const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
    let first = spnego::client().negotiate();
    let (_, last, key) = &*spnego::EXCHANGE;
    let list = |mechanisms: &[&[u8]]| {
        let entries: Vec<Vec<u8>> = mechanisms.iter().map(|oid| der(6, &[oid])).collect();
        der(0x30, &[&entries.concat()])
    };
    let init = |list: &[u8], token: &[u8]| {
        let fields = [der(0xa0, &[list]), der(0xa2, &[&der(4, &[token])])].concat();
        let init = der(0xa0, &[&der(0x30, &[&fields])]);
        der(0x60, &[&der(6, &[SPNEGO]), &init])
    };
    let response = |token: &[u8], signed: Option<&[u8]>| {
        let mut fields = [
            der(0xa0, &[&der(0x0a, &[&[1]])]),
            der(0xa2, &[&der(4, &[token])]),
        ]
        .concat();
        if let Some(list) = signed {
            let mic = key.sign(Direction::ClientToServer, 0, list);
            fields.extend(der(0xa3, &[&der(4, &[&mic])]));
        }
        der(0xa1, &[&der(0x30, &[&fields])])
    };
    let (ntlm, kerberos) = (list(&[NTLM, KERBEROS]), list(&[KERBEROS, NTLM]));
    let negoex = list(&[NEGOEX, KERBEROS, NTLM]);
    let selected = |offered: &[u8], signed: &[u8]| {
        let first = response(&first, None);
        vec![
            init(offered, b"a ticket"),
            first,
            response(last, Some(signed)),
        ]
    };
    for (name, tokens) in [
        ("raw", vec![first.clone(), last.clone()]),
        ("preferred", vec![init(&ntlm, &first), response(last, None)]),
        (
            "preferred_with_mic",
            vec![init(&ntlm, &first), response(last, Some(&ntlm))],
        ),
        ("kerberos_first", selected(&kerberos, &kerberos)),
        ("negoex_first", selected(&negoex, &negoex)),
        (TAMPERED, selected(&kerberos, &negoex)),
        ("kerberos", vec![init(&list(&[KERBEROS]), b"a ticket")]),
        (
            "bare_kerberos",
            vec![der(0x60, &[&der(6, &[KERBEROS]), b"\x01\x00"])],
        ),
    ] {
        let framed = |token: Vec<u8>| {
            let length = u16::try_from(token.len()).unwrap().to_le_bytes();
            [length.as_slice(), &token].concat()
        };
        is_the_seed(
            "spnego",
            name,
            &tokens.into_iter().flat_map(framed).collect::<Vec<u8>>(),
        );
    }
}

/// Demands that a seed is what is made anew here; `UPDATE_EXPECT=1` writes it.
fn is_the_seed(target: &str, name: &str, made: &[u8]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target)
        .join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, made).unwrap();
    }
    let seed = std::fs::read(&file).unwrap();
    assert_eq!(seed, made, "{name}: UPDATE_EXPECT=1 makes it anew");
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
        is_the_seed("ntlm", name, &made);
    }
}
