//! Tickets of ours are known again; changed, foreign and old ones are not.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;
use crate::settings::WorldSettings;
use crate::{AssertionCheck, TlsFiles, User};

fn settings() -> WorldSettings {
    WorldSettings {
        domain: "contoso.test".to_owned(),
        netbios: "CONTOSO".to_owned(),
        realm: "CONTOSO.TEST".to_owned(),
        users: vec![User {
            sam: "anna".to_owned(),
            upn: "anna@contoso.test".to_owned(),
            sip: "sip:anna@contoso.test".to_owned(),
            sid: "S-1-5-21-1-2-3-1104".to_owned(),
            domain_password: Secret::new("secret".to_owned()),
        }],
        internal_host: "pool01.contoso.local".to_owned(),
        lync_web_host: "lyncweb.contoso.test".to_owned(),
        external_https_port: 443,
        sip_host: "sip.contoso.test".to_owned(),
        sip_port: 0,
        tls: TlsFiles {
            chain: Vec::new(),
            key: Vec::new(),
        },
        assertion: AssertionCheck {
            public_key: String::new(),
            issuer: String::new(),
            header: String::new(),
            front_end_audience: String::new(),
            exchange_audience: String::new(),
        },
    }
}

struct Pool {
    mint: Mint,
    people: People,
}

impl Pool {
    fn new() -> Self {
        let settings = settings();
        Self {
            mint: Mint::new(&settings.internal_host, &settings.lync_web_host).unwrap(),
            people: People::new(&settings).unwrap(),
        }
    }

    /// Both kinds of ticket, as headers.
    fn headers(&self) -> [String; 2] {
        let anna = self.people.named("", "anna").unwrap();
        let lifetime = Mint::lifetime(anna, now());
        [
            self.mint.saml(anna, lifetime),
            self.mint.compact(anna, lifetime),
        ]
        .map(|token| match token.unwrap() {
            IssuedToken::Assertion(assertion) => {
                format!("opaque={}", STANDARD.encode(assertion.as_str()))
            }
            IssuedToken::UserToken(cwt) => cwt.expose().clone(),
        })
    }

    fn check(&self, header: &str, now: Timestamp) -> Result<String, TicketError> {
        let ticket = Ticket::from_header(header).map_err(|_| TicketError::Malformed)?;
        self.mint
            .check(&ticket, &self.people, now)
            .map(|person| person.account.clone())
    }
}

fn now() -> Timestamp {
    "2026-03-04T05:06:07.890Z".parse().unwrap()
}

fn hours(hours: i64) -> Timestamp {
    now()
        .checked_add(SignedDuration::from_hours(hours))
        .unwrap()
}

#[test]
fn a_ticket_is_known_again_while_it_lasts() {
    let pool = Pool::new();
    for header in pool.headers() {
        assert_eq!(pool.check(&header, now()).unwrap(), "CONTOSO\\anna");
        assert_eq!(pool.check(&header, hours(HOURS)), Err(TicketError::Expired));
    }
    let [saml, _] = pool.headers();
    assert_eq!(pool.check(&saml, hours(-1)), Err(TicketError::NotYet));
}

#[test]
fn a_guests_ticket_is_a_guests_and_shorter() {
    let pool = Pool::new();
    let guest = pool.people.guest();
    let lifetime = Mint::lifetime(guest, now());
    let IssuedToken::UserToken(cwt) = pool.mint.compact(guest, lifetime).unwrap() else {
        unreachable!("a compact ticket was asked for");
    };
    assert_eq!(pool.check(cwt.expose(), now()).unwrap(), "guest");
    assert_eq!(
        pool.check(cwt.expose(), hours(1)),
        Err(TicketError::Expired)
    );
}

#[test]
fn another_pools_ticket_is_refused() {
    let (ours, theirs) = (Pool::new(), Pool::new());
    for header in theirs.headers() {
        assert_eq!(ours.check(&header, now()), Err(TicketError::Signature));
    }
}

#[test]
fn a_changed_saml_ticket_is_refused() {
    let pool = Pool::new();
    let [header, _] = pool.headers();
    let text = STANDARD
        .decode(header.strip_prefix("opaque=").unwrap())
        .unwrap();
    let text = String::from_utf8(text).unwrap();
    for (from, to) in [
        ("sip:anna@", "sip:ben@"),
        ("2026-03-04T13", "2026-03-05T13"),
        ("SamlSecurityToken-", "SamlSecurityToken-x"),
        (
            "https://lyncweb.contoso.test/",
            "https://other.contoso.test/",
        ),
        ("</saml:Conditions>", "</saml:Conditions><saml:Advice/>"),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = format!("opaque={}", STANDARD.encode(text.replace(from, to)));
        assert_eq!(
            pool.check(&changed, now()),
            Err(TicketError::Signature),
            "{from}"
        );
    }
    let unsigned = text.split("<Signature").next().unwrap().to_owned() + "</saml:Assertion>";
    let unsigned = format!("opaque={}", STANDARD.encode(unsigned));
    assert_eq!(pool.check(&unsigned, now()), Err(TicketError::Malformed));
}

#[test]
fn every_flipped_bit_of_a_compact_ticket_is_refused() {
    let pool = Pool::new();
    let [_, header] = pool.headers();
    let bytes = URL_SAFE_NO_PAD
        .decode(header.strip_prefix("cwt=").unwrap())
        .unwrap();
    for place in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[place / 8] ^= 1 << (place % 8);
        let changed = format!("cwt={}", URL_SAFE_NO_PAD.encode(changed));
        assert!(pool.check(&changed, now()).is_err(), "bit {place}");
    }
    for length in 0..bytes.len() {
        let cut = format!("cwt={}", URL_SAFE_NO_PAD.encode(&bytes[..length]));
        assert!(pool.check(&cut, now()).is_err(), "{length} bytes");
    }
}

#[test]
fn a_compact_ticket_is_read_in_every_spelling_that_decodes_alike() {
    let pool = Pool::new();
    let [_, header] = pool.headers();
    let value = header.strip_prefix("cwt=").unwrap();
    let padding = "=".repeat((4 - value.len() % 4) % 4);
    let other = value.replace('-', "+").replace('_', "/");
    for spelled in [value.to_owned(), format!("{value}{padding}"), other] {
        assert!(pool.check(&format!("cwt={spelled}"), now()).is_ok());
    }
}

#[test]
fn a_compact_ticket_has_the_shape_of_real_ones() {
    let pool = Pool::new();
    let [_, header] = pool.headers();
    assert!(header.starts_with("cwt=AAEBHAEFAAAAAAAFFQAAA"), "{header}");
}
