//! Every way in which a voucher is not the one that was asked for.

use super::*;
use crate::account::AccountState;
use crate::directory::{FromDirectory, Standing};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn issuer(byte: u8) -> Issuer {
    Issuer::new(&Secret::new([byte; 32])).unwrap()
}

fn anna() -> Account {
    Account {
        id: AccountId("1".to_owned()),
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.com".to_owned(),
        realm: "CONTOSO.COM".to_owned(),
        sid: Some("S-1-5-21-1-2-3-1104".to_owned()),
        sip_addresses: vec!["sip:anna@contoso.com".to_owned()],
        mail: Vec::new(),
        state: AccountState::Active,
        directory: Some(FromDirectory {
            standing: Standing::Active,
            not_delegable: None,
            groups: vec!["S-1-5-21-1-2-3-513".to_owned()],
            attributes: Attributes {
                values: BTreeMap::from([("sn".to_owned(), vec!["Karenina".to_owned()])]),
                ..Attributes::default()
            },
            read: Some(at(0)),
        }),
        second_factor: None,
    }
}

fn how(ends: Option<Timestamp>) -> How {
    How {
        methods: [Method::AppPassword, Method::OneTimeCode].into(),
        second_factor: Some(at(0)),
        channel: Channel::Ticket,
        bought: Channel::Grant,
        credential: CredentialId("credential".to_owned()),
        token: Some(CredentialId("token".to_owned())),
        zone: Zone::EXTERNAL,
        at: at(0),
        ends,
        bounds: Some(at(3_600)),
        is_of_its_connection: false,
    }
}

fn authenticated(ends: Option<Timestamp>) -> Authenticated {
    Authenticated::new(anna(), how(ends))
}

fn wanted(byte: u8) -> For {
    For {
        gateway: GatewayId::of_certificate(&[byte]),
        connection: ConnectionId([byte; 8]),
        attempt: AttemptDigest::of(&[byte]),
    }
}

fn voucher() -> Vec<u8> {
    issuer(1)
        .issue(&authenticated(None), wanted(1), at(0))
        .unwrap()
}

fn opener() -> Opener {
    Opener::new(issuer(1).key())
}

#[test]
fn s41_a_voucher_opens_once_and_names_whom_it_was_issued_for() {
    let opener = opener();
    let who = opener.open(&voucher(), &wanted(1), at(1)).unwrap();
    assert_eq!(who.account().upn, "anna@contoso.com");
    assert_eq!(who.credential().0, "credential");
    assert_eq!(
        (who.channel(), who.bought()),
        (Channel::Ticket, Channel::Grant)
    );
    assert_eq!(who.methods(), [Method::AppPassword, Method::OneTimeCode]);
    assert_eq!(who.second_factor(), Some(at(0)));
    assert_eq!(who.token().unwrap().0, "token");
    assert_eq!(who.bounds(at(9_999)), at(3_600), "by the code's grant");
    assert_eq!(who.at(), at(0));
    assert_eq!(who.ends(), Some(at(10 * 60 * 60)), "a session is no longer");
    assert_eq!(who.session().map(Session::as_bytes), Some(&voucher()[..]));
    let directory = who.account().directory.as_ref().unwrap();
    let is_empty = directory.groups.is_empty() && directory.attributes.is_empty();
    assert!(is_empty, "the gate has no use for them");
    let again = opener.open(&voucher(), &wanted(1), at(1));
    assert_eq!(again.err(), Some(VoucherError::Opened));
}

#[test]
fn what_is_good_on_its_own_connection_alone_is_that_at_the_gate() {
    let how = How {
        is_of_its_connection: true,
        ..how(None)
    };
    let issued = issuer(1).issue(&Authenticated::new(anna(), how), wanted(1), at(0));
    let issued = issued.unwrap();
    let who = opener().open(&issued, &wanted(1), at(1)).unwrap();
    assert!(who.is_of_its_connection());
    let has_word = |voucher: &[u8]| String::from_utf8_lossy(voucher).contains("of_its_connection");
    assert!(has_word(&issued));
    assert!(
        !has_word(&voucher()),
        "gates of before do not know the word"
    );
    let who = opener().open(&voucher(), &wanted(1), at(1)).unwrap();
    assert!(!who.is_of_its_connection());
}

#[test]
fn what_ends_sooner_than_a_session_ends_then() {
    let issued = issuer(1).issue(&authenticated(Some(at(60))), wanted(1), at(0));
    let who = opener().open(&issued.unwrap(), &wanted(1), at(1)).unwrap();
    assert_eq!(who.ends(), Some(at(60)));
    assert!(who.stands(at(59)) && !who.stands(at(60)));
}

#[test]
fn a_voucher_for_another_gateway_connection_or_attempt_is_refused() {
    let of = |change: fn(&mut For)| {
        let mut wanted = wanted(1);
        change(&mut wanted);
        opener().open(&voucher(), &wanted, at(0)).err()
    };
    use VoucherError as Error;
    assert_eq!(of(|_| ()), None);
    let gateway = of(|it| it.gateway = wanted(2).gateway);
    assert_eq!(gateway, Some(Error::AnotherGateway));
    let connection = of(|it| it.connection = wanted(2).connection);
    assert_eq!(connection, Some(Error::AnotherConnection));
    let attempt = of(|it| it.attempt = wanted(2).attempt);
    assert_eq!(attempt, Some(Error::AnotherAttempt));
}

#[test]
fn a_voucher_is_good_for_half_a_minute_by_either_clock() {
    let open = |second| opener().open(&voucher(), &wanted(1), at(second)).err();
    for second in [-30, 0, 30] {
        assert_eq!(open(second), None, "{second}");
    }
    let out_of_time = Some(VoucherError::OutOfTime { at: at(0) });
    for second in [-31, 31, 3_600] {
        assert_eq!(open(second), out_of_time, "{second}");
    }
}

#[test]
fn every_byte_of_a_voucher_is_signed() {
    let voucher = voucher();
    for index in 0..voucher.len() {
        let mut changed = voucher.clone();
        changed[index] ^= 1;
        let opened = opener().open(&changed, &wanted(1), at(0));
        assert_eq!(opened.err(), Some(VoucherError::Signature), "byte {index}");
    }
    for length in 0..voucher.len() {
        let opened = opener().open(&voucher[..length], &wanted(1), at(0));
        assert!(opened.is_err(), "{length} bytes");
    }
    let others = Opener::new(issuer(2).key());
    let opened = others.open(&voucher, &wanted(1), at(0));
    assert_eq!(opened.err(), Some(VoucherError::Signature));
    let large = opener().open(&[0; MAX_VOUCHER + 1], &wanted(1), at(0));
    assert_eq!(large.err(), Some(VoucherError::Malformed));
}

#[test]
fn what_is_signed_as_something_else_is_no_voucher() {
    let voucher = voucher();
    let (statement, _) = voucher.split_last_chunk::<SIGNATURE>().unwrap();
    let key = issuer(1).0;
    let other = [statement, key.sign(statement).as_ref()].concat();
    let opened = opener().open(&other, &wanted(1), at(0));
    assert_eq!(opened.err(), Some(VoucherError::Signature));
}

#[test]
fn a_session_is_its_gateways_for_ten_hours() {
    let session = Session::new(voucher());
    let of = |byte, second| {
        let gateway = wanted(byte).gateway;
        issuer(1).session(&session, &gateway, at(second)).map(drop)
    };
    let hours = 10 * 60 * 60;
    assert_eq!(of(1, 0), Ok(()));
    assert_eq!(of(1, hours - 1), Ok(()));
    assert_eq!(of(1, hours), Err(SessionError::Ended));
    assert_eq!(of(1, -31), Err(SessionError::Ended));
    assert_eq!(of(2, 0), Err(SessionError::AnotherGateway));
    let gateway = wanted(1).gateway;
    let strange = issuer(2).session(&session, &gateway, at(0)).map(drop);
    assert_eq!(strange, Err(SessionError::Unknown));
}

#[test]
fn a_fingerprint_is_read_with_colons_or_without() {
    let id = GatewayId::of_certificate(b"certificate");
    let plain = id.to_string();
    assert_eq!(plain.len(), 64);
    let pairs = plain.as_bytes().chunks(2);
    let pairs: Vec<&str> = pairs.map(|it| std::str::from_utf8(it).unwrap()).collect();
    assert_eq!(GatewayId::of_fingerprint(&plain), Some(id.clone()));
    let coloned = pairs.join(":").to_uppercase();
    assert_eq!(GatewayId::of_fingerprint(&coloned), Some(id));
    for wrong in [
        "",
        "00",
        plain.get(1..).unwrap(),
        &format!("{plain}0"),
        &plain.replace('a', "g"),
    ] {
        let is_none = GatewayId::of_fingerprint(wrong).is_none();
        assert!(is_none || !plain.contains('a'), "{wrong}");
    }
}

#[test]
fn none_of_it_prints_what_it_is_known_by() {
    let session = format!("{:?} {:?}", Session::new(voucher()), issuer(1));
    assert_eq!(session, "Session(..) Issuer(..)");
}
