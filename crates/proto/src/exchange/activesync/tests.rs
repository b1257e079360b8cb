//! Both forms of the query, read and refused.

use base64::prelude::BASE64_STANDARD;
use expect_test::expect;

use super::*;

const PLAIN: &str = "Cmd=Ping&User=CONTOSO%5Canna&DeviceId=ApplDNPH1234&DeviceType=iPhone";

fn refused(query: &str) -> QueryParseError {
    Request::parse(query).unwrap_err()
}

/// The fields of a `Sync` in base64, with these bytes behind the locale.
fn fields(rest: &[&[u8]]) -> String {
    BASE64_STANDARD.encode([&[141, 0, 9, 4], rest.concat().as_slice()].concat())
}

#[test]
fn plain_text_is_read() {
    expect![[r#"
        Request {
            command: Ping,
            device_id: DeviceId(
                "ApplDNPH1234",
            ),
            device_type: DeviceType(
                "iPhone",
            ),
            user: Some(
                "CONTOSO\\anna",
            ),
            fields: None,
        }
    "#]]
    .assert_debug_eq(&Request::parse(PLAIN).unwrap());
    let other = "User=a%40b+c&devicetype=Outlook%20for%20iOS&DEVICEID=%7BA-1%7D&cmd=sENDMAIL&x";
    let request = Request::parse(other).unwrap();
    assert_eq!(request.command, Command::SendMail);
    assert_eq!(request.device_id.as_str(), "{A-1}");
    assert_eq!(request.device_type.as_str(), "Outlook for iOS");
    assert_eq!(request.user.as_deref(), Some("a@b c"));
    let without_user = Request::parse("Cmd=New&DeviceId=1&DeviceType=2").unwrap();
    assert_eq!(
        (without_user.command, without_user.user),
        (Command::Unlisted, None)
    );
}

/// The example of the specification.
#[test]
fn ms_ashttp_2_2_1_1_1_1_base64() {
    let request = Request::parse("jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l").unwrap();
    expect![[r#"
        Request {
            command: Sync,
            device_id: DeviceId(
                "v140Device",
            ),
            device_type: DeviceType(
                "SmartPhone",
            ),
            user: None,
            fields: Some(
                Fields {
                    protocol_version: 140,
                    locale: 1033,
                    policy_key: None,
                },
            ),
        }
    "#]]
    .assert_debug_eq(&request);
}

#[test]
fn every_field_in_base64_is_read() {
    let parameters = [[7, 1, 3].as_slice(), &[8, 12], b"CONTOSO\\anna"].concat();
    let query = fields(&[b"\x04dev1", &[4, 1, 0, 0, 128], b"\x06iPhone", &parameters]);
    let request = Request::parse(&query).unwrap();
    assert_eq!(request.user.as_deref(), Some("CONTOSO\\anna"));
    let policy_key = Some(0x8000_0001);
    let expected = Fields {
        protocol_version: 141,
        locale: 0x409,
        policy_key,
    };
    assert_eq!(request.fields, Some(expected));
    let spellings = [
        query.trim_end_matches('=').to_owned(),
        query
            .replace('=', "%3D")
            .replace('/', "%2f")
            .replace('+', "%2B"),
    ];
    for spelling in spellings {
        assert_eq!(Request::parse(&spelling), Ok(request.clone()), "{spelling}");
    }
}

#[test]
fn a_guid_in_bytes_is_written_in_digits() {
    let guid = [0xfe; 16];
    let in_bytes = fields(&[&[16], &guid, &[0], b"\x01t"]);
    assert!(
        in_bytes.contains('+') && in_bytes.contains('/'),
        "{in_bytes}"
    );
    let in_digits = format!("Cmd=Sync&DeviceId={}&DeviceType=t", "FE".repeat(16));
    let [in_bytes, in_digits] = [in_bytes, in_digits].map(|query| Request::parse(&query).unwrap());
    assert_eq!(in_bytes.device_id, in_digits.device_id);
}

#[test]
fn ping_and_sync_are_held_and_messages_take_long() {
    for (_, name, command) in COMMANDS {
        let expected = match name {
            "Ping" | "Sync" => Pace::Held,
            "SendMail" | "SmartForward" | "SmartReply" | "GetAttachment" | "ItemOperations" => {
                Pace::Long
            }
            _ => Pace::Prompt,
        };
        assert_eq!(command.pace(), expected, "{name}");
        assert_eq!(format!("{command:?}"), name);
    }
    assert_eq!(Command::coded(18), Command::Ping);
    assert_eq!(Command::coded(5), Command::Unlisted);
}

#[test]
fn doubtful_plain_text_is_refused() {
    use QueryParseError as Error;
    let twice = |name: &str| Error::Twice(name.to_owned());
    let long = |count| "x".repeat(count);
    let with = |parameters: &str| format!("Cmd=Ping&DeviceId=1&DeviceType=t&{parameters}");
    let device = |id: &str| format!("Cmd=Ping&DeviceType=t&DeviceId={id}");
    for (query, error) in [
        ("Cmd=Ping".to_owned(), Error::Missing("DeviceId")),
        ("DeviceId=1&DeviceType=t".to_owned(), Error::Missing("Cmd")),
        (
            "Cmd=Ping&DeviceId=1".to_owned(),
            Error::Missing("DeviceType"),
        ),
        (with("Cmd=Ping"), twice("Cmd")),
        (with("cMD=Sync"), twice("cMD")),
        (with("Device%49d=2"), twice("DeviceId")),
        (with("User=%"), Error::NotAQuery),
        (with("%zz=1"), Error::NotAQuery),
        (with("User=a%00"), Error::NotAQuery),
        (with(&format!("User={}", long(513))), Error::User),
        (device(""), Error::DeviceId),
        (device("a/b"), Error::DeviceId),
        (device("a+b"), Error::DeviceId),
        (device("%C3%A4"), Error::DeviceId),
        (device(&long(65)), Error::DeviceId),
        (
            "Cmd=Ping&DeviceId=1&DeviceType=".to_owned(),
            Error::DeviceType,
        ),
        (
            "Cmd=Ping&DeviceId=1&DeviceType=%C3%A4".to_owned(),
            Error::DeviceType,
        ),
        (
            format!("Cmd=Ping&DeviceId=1&DeviceType={}", long(65)),
            Error::DeviceType,
        ),
        (
            (0..=MAX_PARAMETERS)
                .map(|number| format!("p{number}=&"))
                .collect(),
            Error::TooManyParameters,
        ),
        (long(MAX_QUERY_BYTES + 1), Error::TooLong),
    ] {
        assert_eq!(refused(&query), error, "{query:.80}");
    }
    assert!(Request::parse(&device(&long(64))).is_ok());
}

#[test]
fn doubtful_fields_are_refused() {
    use QueryParseError as Error;
    let known: &[u8] = b"\x01d\0\x01t";
    for (query, error) in [
        (String::new(), Error::CutShort),
        ("Cmd=".to_owned(), Error::NotAQuery),
        ("Cm!d".to_owned(), Error::NotAQuery),
        ("%zz".to_owned(), Error::NotAQuery),
        ("a".to_owned(), Error::NotAQuery),
        (fields(&[]), Error::CutShort),
        (fields(&[b"\x02d"]), Error::CutShort),
        (fields(&[b"\x01d\0"]), Error::CutShort),
        (fields(&[b"\x01d\0\x02t"]), Error::CutShort),
        (fields(&[b"\0\0\x01t"]), Error::DeviceId),
        (fields(&[b"\x01/\0\x01t"]), Error::DeviceId),
        (fields(&[&[2, 0xfe, 0xfe, 0, 1, b't']]), Error::DeviceId),
        (fields(&[b"\x01d\x03abc\x01t"]), Error::PolicyKey),
        (fields(&[b"\x01d\0\0"]), Error::DeviceType),
        (fields(&[b"\x01d\0\x01\xff"]), Error::DeviceType),
        (fields(&[b"\x01d\0\x01\n"]), Error::DeviceType),
        (fields(&[known, b"\x08"]), Error::CutShort),
        (fields(&[known, b"\x08\x02a"]), Error::CutShort),
        (fields(&[known, b"\x08\x01\xff"]), Error::User),
        (fields(&[known, b"\x08\x01\n"]), Error::User),
        (
            fields(&[known, b"\x08\x01a\x08\x01b"]),
            Error::Twice("8".to_owned()),
        ),
        (
            fields(&[
                known,
                &(20..=60).flat_map(|tag| [tag, 0]).collect::<Vec<u8>>(),
            ]),
            Error::TooManyParameters,
        ),
    ] {
        assert_eq!(refused(&query), error, "{query:.80}");
    }
}
