//! Questions as RFC 1035 draws them, and what is an answer to one and what is not.

use super::*;

/// An answer to `question` with these flags and records behind it.
fn answer(question: &[u8], flags: u16, records: &[&[u8]]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap();
    let mut bytes = question.to_vec();
    bytes[2..4].copy_from_slice(&flags.to_be_bytes());
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    [bytes, records.concat()].concat()
}

/// A record of the name that was asked for.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0, 12];
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 60]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    [&bytes, data].concat()
}

fn asked() -> Vec<u8> {
    question(0x1234, "mail.contoso.com", Kind::A).unwrap()
}

#[test]
fn rfc_1035_4_1_a_question_is_twelve_bytes_labels_and_a_kind() {
    let asked = asked();
    let (head, rest) = asked.split_at(12);
    assert_eq!(head, [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(rest, b"\x04mail\x07contoso\x03com\0\0\x01\0\x01");
    let long = "a".repeat(64);
    for bad in ["", ".", "a..b", "a.", long.as_str()] {
        assert_eq!(question(1, bad, Kind::A), None, "{bad}");
    }
}

#[test]
fn addresses_are_those_of_the_records_and_aliases_are_passed_by() {
    let asked = asked();
    let records = [
        record(5, b"\x01x\xc0\x11"),
        record(1, &[192, 0, 2, 7]),
        record(28, &[0x20; 16]),
    ];
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let found = addresses(&answer(&asked, 0x8180, &records), &asked).unwrap();
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["192.0.2.7", "2020:2020:2020:2020:2020:2020:2020:2020"]
    );
    let none = addresses(&answer(&asked, 0x8183, &[]), &asked);
    assert_eq!(none, Ok(Vec::new()), "no such name");
}

#[test]
fn what_is_not_the_answer_is_refused() {
    let asked = asked();
    let good = record(1, &[192, 0, 2, 7]);
    let another = question(0x1234, "mail.fabrikam.com", Kind::A).unwrap();
    let other_id = question(0x1235, "mail.contoso.com", Kind::A).unwrap();
    let cases = [
        (answer(&asked, 0x8182, &[]), DnsError::Refused(2)),
        (answer(&asked, 0x8185, &[]), DnsError::Refused(5)),
        (answer(&asked, 0x0180, &[&good]), DnsError::Another),
        (answer(&other_id, 0x8180, &[&good]), DnsError::Another),
        (answer(&another, 0x8180, &[&good]), DnsError::Another),
        (answer(&asked, 0x8380, &[]), DnsError::CutOff),
        (
            answer(&asked, 0x8180, &[&record(1, &[1])]),
            DnsError::Malformed,
        ),
        (answer(&asked, 0x8180, &[&good[..5]]), DnsError::Malformed),
        (answer(&asked, 0x8180, &[&[0x40; 80]]), DnsError::Malformed),
        (Vec::new(), DnsError::Malformed),
        (vec![0; MAX_MESSAGE + 1], DnsError::Malformed),
    ];
    for (message, error) in cases {
        assert_eq!(addresses(&message, &asked), Err(error), "{message:x?}");
    }
}

const KERBEROS: &str = "_kerberos._tcp.contoso.com";

/// A record of who serves.
fn service(numbers: [u16; 3], host: &[u8]) -> Vec<u8> {
    let numbers = numbers.map(u16::to_be_bytes).concat();
    record(33, &[&numbers, host].concat())
}

#[test]
fn rfc_2782_who_serves_is_read_with_its_place_and_its_lifetime() {
    let asked = question(0x1234, KERBEROS, Kind::Srv).unwrap();
    let records = [
        service([0, 100, 88], b"\x03DC1\x07contoso\x03com\0"),
        // `contoso.com` by a reference to the question.
        service([1, 0, 1088], b"\x03dc2\xc0\x1b"),
        record(1, &[192, 0, 2, 7]),
    ];
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let server = |priority, weight, port, host: &str| Server {
        priority,
        weight,
        port,
        host: host.to_owned(),
        lifetime: 60,
    };
    assert_eq!(
        servers(&answer(&asked, 0x8180, &records), &asked),
        Ok(vec![
            server(0, 100, 88, "dc1.contoso.com"),
            server(1, 0, 1088, "dc2.contoso.com"),
        ])
    );
    let none = servers(&answer(&asked, 0x8183, &[]), &asked);
    assert_eq!(none, Ok(Vec::new()), "no such name");
}

#[test]
fn whoever_is_called_as_no_host_is_serves_nothing() {
    let asked = question(0x1234, KERBEROS, Kind::Srv).unwrap();
    for (port, host) in [
        (88, &b"\0"[..]),
        (0, b"\x03dc1\xc0\x1b"),
        (88, b"\x04dc 1\xc0\x1b"),
        (88, b"\x04a.b1\xc0\x1b"),
        (88, b"\x02a\0\xc0\x1b"),
        (88, b"\x03-dc\xc0\x1b"),
        (88, b"\x03_dc\xc0\x1b"),
        (88, b"\x03\xc3\xa41\xc0\x1b"),
    ] {
        let answer = answer(&asked, 0x8180, &[&service([0, 0, port], host)]);
        assert_eq!(servers(&answer, &asked), Ok(Vec::new()), "{host:x?}");
    }
}

#[test]
fn a_name_that_never_ends_and_an_answer_in_part_are_refused() {
    let asked = question(0x1234, KERBEROS, Kind::Srv).unwrap();
    let at = u8::try_from(asked.len() + 12 + 6).unwrap();
    let long = [&b"\x3f"[..], &[b'a'; 63]].concat().repeat(5);
    for host in [
        // A reference to itself, one beyond the end, and none at all.
        &[0xc0, at][..],
        &[0xff, 0xff],
        &[0xc0],
        b"\x03dc1",
        b"\x40dc1\0",
        &long,
    ] {
        let answer = answer(&asked, 0x8180, &[&service([0, 0, 88], host)]);
        assert_eq!(
            servers(&answer, &asked),
            Err(DnsError::Malformed),
            "{host:x?}"
        );
    }
    let whole = service([0, 0, 88], b"\x03dc1\xc0\x1b");
    let part = answer(&asked, 0x8380, &[&whole, &whole[..9]]);
    assert_eq!(servers(&part, &asked), Err(DnsError::CutOff));
    let long = vec![0; MAX_STREAM_MESSAGE + 1];
    assert_eq!(servers(&long, &asked), Err(DnsError::Malformed));
    let never = [&whole[..6], &[0xff; 4], &whole[10..]].concat();
    let never = servers(&answer(&asked, 0x8180, &[&never]), &asked).unwrap();
    assert_eq!(never.first().map(|it| it.lifetime), Some(0));
}
