//! The URI of a one-time code token: whatever is read is written and read again as the same, and a code has one spelling.

use proto::otp::{Code, Digits, Generator, KeyUri};

/// Feeds one input; says whether it was such a URI.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    if let Ok(code) = Code::parse(text, Digits::SIX) {
        assert_eq!(code.shown().expose(), text);
    }
    let Ok(read) = KeyUri::parse(text) else {
        return false;
    };
    let written = read.written();
    // A name of another alphabet may take three times the room in its encoding.
    let Ok(again) = KeyUri::parse(written.expose()) else {
        assert!(written.expose().len() > 2_048);
        return true;
    };
    assert_eq!((&again.issuer, &again.name), (&read.issuer, &read.name));
    assert_eq!(again.seed.as_bytes(), read.seed.as_bytes());
    assert_eq!(
        (again.algorithm, again.digits),
        (read.algorithm, read.digits)
    );
    assert_eq!(again.moving, read.moving);
    let generator = Generator::new(&read.seed, read.algorithm, read.digits);
    let code = generator.code(u64::MAX);
    assert_eq!(
        generator.matched(&code, u64::MAX..=u64::MAX),
        Some(u64::MAX)
    );
    true
}
