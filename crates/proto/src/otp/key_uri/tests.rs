//! What the URI of a token says, and what is none.

use expect_test::{Expect, expect};

use super::KeyUriParseError as Error;
use super::*;

const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn totp() -> KeyUri {
    KeyUri {
        issuer: Some("Wicketgate at Contoso".to_owned()),
        name: "anna+x@contoso.com".to_owned(),
        seed: Seed::of(b"12345678901234567890".to_vec()).unwrap(),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        moving: Moving::Time(Period::HALF_A_MINUTE),
    }
}

fn check(uri: &KeyUri, written: &Expect) {
    let text = uri.written();
    written.assert_eq(text.expose());
    let read = KeyUri::parse(text.expose()).unwrap();
    assert_eq!((&read.issuer, &read.name), (&uri.issuer, &uri.name));
    assert_eq!(read.seed.as_bytes(), uri.seed.as_bytes());
    assert_eq!((read.algorithm, read.digits), (uri.algorithm, uri.digits));
    assert_eq!(read.moving, uri.moving);
}

#[test]
fn what_is_written_is_read() {
    check(
        &totp(),
        &expect![
            "otpauth://totp/Wicketgate%20at%20Contoso:anna%2Bx%40contoso.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Wicketgate%20at%20Contoso&algorithm=SHA1&digits=6&period=30"
        ],
    );
    let hotp = KeyUri {
        issuer: None,
        algorithm: Algorithm::Sha512,
        digits: Digits::of(8).unwrap(),
        moving: Moving::Counter(u64::MAX),
        ..totp()
    };
    check(
        &hotp,
        &expect![
            "otpauth://hotp/anna%2Bx%40contoso.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA512&digits=8&counter=18446744073709551615"
        ],
    );
}

#[test]
fn what_other_programs_write_is_read() {
    let lazy = KeyUri::parse(&format!(
        "OTPAUTH://TOTP/anna?secret={}",
        SEED.to_lowercase()
    ));
    let lazy = lazy.unwrap();
    assert_eq!((lazy.issuer, lazy.name.as_str()), (None, "anna"));
    assert_eq!(
        (lazy.algorithm, lazy.digits),
        (Algorithm::Sha1, Digits::SIX)
    );
    assert_eq!(lazy.moving, Moving::Time(Period::HALF_A_MINUTE));
    let query = format!("image=x&secret={SEED}&issuer=Contoso&algorithm=sha256&digits=7&period=60");
    let text = format!("otpauth://totp/Contoso%3A%20a+b@contoso.com?{query}");
    let full = KeyUri::parse(&text).unwrap();
    assert_eq!(full.issuer.as_deref(), Some("Contoso"));
    assert_eq!(full.name, "a+b@contoso.com");
    assert_eq!(
        (full.algorithm, full.digits.count()),
        (Algorithm::Sha256, 7)
    );
    assert_eq!(full.moving, Moving::Time(Period::of(60).unwrap()));
}

#[test]
fn what_is_doubtful_is_refused() {
    let wrong = |name, expected| Error::Wrong { name, expected };
    let good = format!("secret={SEED}");
    let of = |kind: &str, label: &str, query: &str| format!("otpauth://{kind}/{label}?{query}");
    for (text, error) in [
        (String::new(), Error::NotOtpauth),
        ("otpauth://totp".to_owned(), Error::NotOtpauth),
        (of("motp", "anna", &good), Error::NotOtpauth),
        ("otpauth://totp/anna".to_owned(), Error::Missing("secret")),
        (of("totp", "anna", "digits=6"), Error::Missing("secret")),
        (of("hotp", "anna", &good), Error::Missing("counter")),
        (of("totp", "", &good), Error::Empty("name")),
        (of("totp", "Contoso:", &good), Error::Empty("name")),
        (of("totp", ":anna", &good), Error::Empty("issuer")),
        (
            of("totp", "anna", &format!("{good}&issuer=")),
            Error::Empty("issuer"),
        ),
        (of("totp", "a%0ab", &good), Error::Undecodable("label")),
        (of("totp", "a%4", &good), Error::Undecodable("label")),
        (
            of("totp", &"a".repeat(129), &good),
            Error::Undecodable("label"),
        ),
        (
            of("totp", "A:anna", &format!("{good}&issuer=B")),
            Error::TwoIssuers,
        ),
        (
            of("totp", "anna", &format!("{good}&{good}")),
            Error::Repeated("secret"),
        ),
        (
            of("totp", "anna", &format!("{good}&digits=6&digits=8")),
            Error::Repeated("digits"),
        ),
        (
            of("totp", "anna", &format!("{good}{}", "&x=1".repeat(16))),
            Error::TooManyParameters,
        ),
        (of("totp", "anna", &"x".repeat(2_048)), Error::TooLong),
        (
            of("totp", "anna", "secret=GEZDGNBV1"),
            wrong("secret", "base 32"),
        ),
        (
            of("totp", "anna", "secret="),
            Error::Seed(SeedError::TooShort(0)),
        ),
        (
            of("totp", "anna", "secret=GEZDGNBVGY3TQOJQ"),
            Error::Seed(SeedError::TooShort(10)),
        ),
        (
            of("totp", "anna", &format!("{good}&digits=9")),
            wrong("digits", "6, 7 or 8"),
        ),
        (
            of("totp", "anna", &format!("{good}&digits=+6")),
            wrong("digits", "6, 7 or 8"),
        ),
        (
            of("totp", "anna", &format!("{good}&period=0")),
            wrong("period", "30 or 60"),
        ),
        (
            of("totp", "anna", &format!("{good}&algorithm=MD5")),
            wrong("algorithm", "SHA1, SHA256 or SHA512"),
        ),
        (
            of("hotp", "anna", &format!("{good}&counter=-1")),
            wrong("counter", "a number"),
        ),
        (
            of(
                "hotp",
                "anna",
                &format!("{good}&counter=18446744073709551616"),
            ),
            wrong("counter", "a number"),
        ),
    ] {
        assert_eq!(KeyUri::parse(&text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn no_secret_is_printed() {
    let shown = format!("{:?} {:?}", totp(), totp().written());
    assert!(
        !shown.contains("GEZDG") && !shown.contains("12345"),
        "{shown}"
    );
}
