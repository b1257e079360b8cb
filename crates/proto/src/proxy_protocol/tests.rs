//! What is a header, byte by byte, and each refusal.

use super::*;

/// Reads as a door does: never a byte that was not asked for. Gives what was read and what is left.
fn door(bytes: &[u8]) -> (Result<Source, ProxyProtocolError>, &[u8]) {
    let mut taken = 0;
    loop {
        match read(&bytes[..taken]) {
            Ok(Progress::Whole(source)) => return (Ok(source), &bytes[taken..]),
            Ok(Progress::More(more)) => {
                assert!(more > 0);
                taken += more;
                assert!(taken <= bytes.len(), "more than there is is asked for");
            }
            Err(error) => return (Err(error), &bytes[taken..]),
        }
    }
}

fn of(bytes: &[u8]) -> Result<Source, ProxyProtocolError> {
    let behind = [bytes, b"\x16\x03\x01 and the rest of a hello, which may be long, so that whoever asks for too much gets it ........................................................"].concat();
    let (source, left) = door(&behind);
    if source.is_ok() {
        assert_eq!(left.len(), behind.len() - bytes.len(), "{bytes:?}");
    }
    source
}

fn line(words: &str) -> Result<Source, ProxyProtocolError> {
    of(format!("PROXY {words}\r\n").as_bytes())
}

fn client_at(address: &str) -> Result<Source, ProxyProtocolError> {
    Ok(Source::Client(address.parse().unwrap()))
}

/// A header of version 2.
fn binary(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    [
        &version_2::SIGNATURE[..],
        &[command, family],
        &length,
        block,
    ]
    .concat()
}

/// From 192.0.2.7:56324 to 192.0.2.1:443.
const TCP4: [u8; 12] = [192, 0, 2, 7, 192, 0, 2, 1, 0xdc, 0x04, 0x01, 0xbb];

fn with(values: &[u8]) -> Vec<u8> {
    binary(0x21, 0x11, &[&TCP4, values].concat())
}

/// The same with its checksum, which stands behind the values.
fn summed(values: &[u8]) -> Vec<u8> {
    let mut header = with(&[values, &[0x03, 0, 4, 0, 0, 0, 0]].concat());
    let at = header.len() - 4..header.len();
    let sum = checksum::of_header(&header, at.clone());
    header[at].copy_from_slice(&sum.to_be_bytes());
    header
}

#[test]
fn a_line_of_version_1_names_the_client() {
    let expected = client_at("192.0.2.7:56324");
    assert_eq!(line("TCP4 192.0.2.7 192.0.2.1 56324 443"), expected);
    let expected = client_at("[2001:db8::7]:56324");
    assert_eq!(line("TCP6 2001:db8::7 2001:db8::1 56324 443"), expected);
    let shortest = line("TCP6 ::1 :: 1 1");
    assert_eq!(shortest, client_at("[::1]:1"));
    let longest = format!("TCP6 {0} {0} 65535 65535", ["fedc"; 8].join(":"));
    assert!(line(&longest).is_ok());
}

#[test]
fn an_address_of_ipv4_is_one_however_it_is_written() {
    let expected = client_at("192.0.2.7:5");
    assert_eq!(line("TCP6 ::ffff:192.0.2.7 ::1 5 443"), expected);
    let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 7]].concat();
    let block = [&mapped[..], &[0; 16], &[0, 5, 1, 0xbb]].concat();
    assert_eq!(of(&binary(0x21, 0x21, &block)), expected);
}

#[test]
fn a_line_that_is_not_exactly_one_is_refused() {
    let malformed = Err(ProxyProtocolError::MalformedLine);
    for words in [
        "TCP4 192.0.2.7 192.0.2.1 56324",
        "TCP4 192.0.2.7 192.0.2.1 56324 443 1",
        "TCP4  192.0.2.7 192.0.2.1 56324 443",
        "TCP4 192.0.2.7 192.0.2.1 56324 443 ",
        "TCP4 192.0.2.07 192.0.2.1 56324 443",
        "TCP4 192.0.2.7 2001:db8::1 56324 443",
        "TCP4 2001:db8::7 192.0.2.1 56324 443",
        "TCP6 192.0.2.7 192.0.2.1 56324 443",
        "TCP6 fe80::7%eth0 fe80::1 56324 443",
        "TCP4 192.0.2.7 192.0.2.1 056324 443",
        "TCP4 192.0.2.7 192.0.2.1 +6324 443",
        "TCP4 192.0.2.7 192.0.2.1 65536 443",
        "TCP4 192.0.2.7 192.0.2.1 56324 00",
        "TCP4 192.0.2.7 192.0.2.1 56324 443\r",
        "TCP4 192.0.2.7 192.0.2.1 56324 443\u{e9}",
        "TCP5 192.0.2.7 192.0.2.1 56324 443",
        "tcp4 192.0.2.7 192.0.2.1 56324 443",
        "UDP4 192.0.2.7 192.0.2.1 56324 443",
    ] {
        assert_eq!(line(words), malformed, "{words}");
    }
}

#[test]
fn somebody_unknown_is_refused_in_both_versions() {
    let not_tcp = Err(ProxyProtocolError::NotTcp);
    assert_eq!(line("UNKNOWN"), not_tcp);
    assert_eq!(line("UNKNOWN 192.0.2.7 192.0.2.1 56324 443"), not_tcp);
    // Unspecified, a socket of the system, and UDP.
    for family in [0x00, 0x31, 0x32, 0x12, 0x22, 0x10, 0x13, 0xff] {
        assert_eq!(of(&binary(0x21, family, &[0; 216])), not_tcp, "{family:#x}");
    }
}

#[test]
fn a_line_that_does_not_end_is_refused_at_its_cap() {
    let endless = format!("PROXY TCP4 {}", "1".repeat(500));
    let (refused, left) = door(endless.as_bytes());
    assert_eq!(refused, Err(ProxyProtocolError::LineTooLong));
    assert!(endless.len() - left.len() <= MAX_VERSION_1);
}

#[test]
fn what_begins_otherwise_is_refused_at_its_first_bytes() {
    let none = Err(ProxyProtocolError::NoHeader);
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on";
    for bytes in [&hello[..], b"GET / HTTP/1.1\r\n", b"proxy TCP4 1.1.1.1 "] {
        let (refused, left) = door(bytes);
        assert_eq!(refused, none);
        assert_eq!(bytes.len() - left.len(), BEGINNING, "no more is read");
    }
    assert!(read(b"\x16").is_err(), "nor is more waited for");
    let mut signature = with(&[]);
    signature[11] = b'\r';
    assert_eq!(of(&signature), none);
}

#[test]
fn a_header_of_version_2_names_the_client() {
    assert_eq!(of(&with(&[])), client_at("192.0.2.7:56324"));
    let (source, destination) = ([0x20; 16], [0x30; 16]);
    let block = [&source[..], &destination, &[0, 5, 1, 0xbb]].concat();
    let expected = client_at("[2020:2020:2020:2020:2020:2020:2020:2020]:5");
    assert_eq!(of(&binary(0x21, 0x21, &block)), expected);
}

#[test]
fn a_balancer_that_speaks_for_itself_is_the_balancer_whatever_else_it_says() {
    for (family, block) in [(0, &[][..]), (0x11, &TCP4), (0xff, &[1, 2, 3])] {
        assert_eq!(of(&binary(0x20, family, block)), Ok(Source::Balancer));
    }
}

#[test]
fn another_version_or_command_is_refused() {
    for command in [0x00, 0x11, 0x22, 0x2f, 0x31] {
        let refused = Err(ProxyProtocolError::UnknownCommand(command));
        assert_eq!(of(&binary(command, 0x11, &TCP4)), refused);
    }
}

#[test]
fn a_block_that_is_too_long_or_too_short_is_refused() {
    let longest = MAX_VERSION_2_BLOCK - TCP4.len() - 3;
    let padding = |length: usize| {
        let said = u16::try_from(length).unwrap().to_be_bytes();
        [&[0x04][..], &said, &vec![0; length]].concat()
    };
    assert!(of(&with(&padding(longest))).is_ok());
    let refused = Err(ProxyProtocolError::BlockTooLong(MAX_VERSION_2_BLOCK + 1));
    assert_eq!(of(&with(&padding(longest + 1))), refused);
    let mut local = binary(0x20, 0, &[]);
    local[14] = 0xff;
    let refused = Err(ProxyProtocolError::BlockTooLong(0xff00));
    assert_eq!(of(&local), refused);
    for (family, whole) in [(0x11, 12), (0x21, 36)] {
        let short = binary(0x21, family, &vec![1; whole - 1]);
        assert_eq!(of(&short), Err(ProxyProtocolError::BlockTooShort));
    }
}

#[test]
fn values_are_skipped_and_counted() {
    let three = [1, 0, 2, b'h', b'2', 2, 0, 0, 0xee, 0, 1, 7];
    assert!(of(&with(&three)).is_ok());
    let too_long = Err(ProxyProtocolError::ValueTooLong);
    assert_eq!(of(&with(&[1, 0, 3, b'h', b'2'])), too_long);
    assert_eq!(of(&with(&[1, 0])), too_long);
    assert!(of(&with(&[4, 0, 0].repeat(MAX_VALUES))).is_ok());
    let too_many = Err(ProxyProtocolError::TooManyValues);
    assert_eq!(of(&with(&[4, 0, 0].repeat(MAX_VALUES + 1))), too_many);
}

#[test]
fn a_checksum_that_is_there_is_of_every_byte() {
    let good = summed(&[1, 0, 2, b'h', b'2']);
    assert_eq!(of(&good), client_at("192.0.2.7:56324"));
    for at in [16, 24, 27, good.len() - 8, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(of(&bad), Err(ProxyProtocolError::WrongChecksum), "{at}");
    }
    let malformed = Err(ProxyProtocolError::MalformedChecksum);
    assert_eq!(of(&with(&[3, 0, 3, 0, 0, 0])), malformed);
    let twice = [&good[28..], &good[28..]].concat();
    assert!(of(&with(&twice)).is_err());
}

#[test]
fn nobody_s_address_is_refused() {
    let nobody = Err(ProxyProtocolError::Nobody);
    for source in ["0.0.0.0", "255.255.255.255", "224.0.0.1"] {
        assert_eq!(line(&format!("TCP4 {source} 192.0.2.1 1 443")), nobody);
    }
    for source in ["::", "ff02::1", "::ffff:0.0.0.0", "::ffff:224.0.0.1"] {
        assert_eq!(line(&format!("TCP6 {source} ::1 1 443")), nobody);
    }
}

#[test]
fn something_behind_a_header_is_not_the_header_s() {
    let header = with(&[]);
    for whole in [&header[..], b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"] {
        let one_more = [whole, b"\x16"].concat();
        assert!(read(&one_more).is_err(), "whoever read that read too much");
        for end in 0..whole.len() {
            let progress = read(&whole[..end]).unwrap();
            assert!(
                matches!(progress, Progress::More(more) if end + more <= whole.len()),
                "{end}: {progress:?}"
            );
        }
    }
    let twice = [&header[..], &header].concat();
    assert_eq!(door(&twice).1, header, "a second one is left for TLS");
}
