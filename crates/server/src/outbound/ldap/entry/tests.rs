//! What is read of entries, and what of theirs lets nobody in.

use super::*;

const NOW: i64 = 1_800_000_000;

fn entry(values: &[(&'static str, &[&[u8]])]) -> Entry {
    let mut entry = Entry(BTreeMap::from([
        ("objectGUID", vec![(0..16).collect()]),
        ("objectSid", vec![SID.to_vec()]),
        ("sAMAccountName", vec![b"anna".to_vec()]),
        ("userPrincipalName", vec![b"anna@contoso.com".to_vec()]),
        ("userAccountControl", vec![b"512".to_vec()]),
    ]));
    for (name, values) in values {
        let values = values.iter().map(|value| value.to_vec()).collect();
        entry.0.insert(name, values);
    }
    entry
}

const SID: &[u8] = &[
    1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x50, 4, 0, 0,
];

fn person(values: &[(&'static str, &[&[u8]])]) -> Option<Person> {
    let domain = Domain {
        netbios: "CONTOSO".to_owned(),
        dns: "contoso.com".to_owned(),
    };
    let now = Timestamp::from_second(NOW).unwrap();
    entry(values).person(&domain, now)
}

fn standing(values: &[(&'static str, &[&[u8]])]) -> Standing {
    person(values).unwrap().standing
}

#[test]
fn ids_are_in_their_usual_forms() {
    let anna = person(&[]).unwrap();
    assert_eq!(anna.id.0, "03020100-0504-0706-0809-0a0b0c0d0e0f");
    let bytes: Vec<u8> = (0..16).collect();
    assert_eq!(guid_bytes(&anna.id.0).unwrap().to_vec(), bytes);
    assert_eq!(anna.sid, "S-1-5-21-1-2-3-1104");
    for broken in [&SID[..27], &SID[..8], &[][..], &[2; 28][..]] {
        assert_eq!(sid(broken), None);
    }
    assert_eq!(guid(&[0; 15]), None);
    assert_eq!(guid_bytes("anna"), None);
}

#[test]
fn every_address_is_taken_once_by_its_scheme() {
    let anna = person(&[
        ("mail", &[b"anna@contoso.com"]),
        ("msRTCSIP-PrimaryUserAddress", &[b"sip:anna@contoso.com"]),
        (
            "proxyAddresses",
            &[
                b"SMTP:Anna@contoso.com",
                b"smtp:a.k@contoso.com",
                b"SIP:anna@contoso.com",
                b"sip:a.k@contoso.com",
                b"EUM:100;phone-context=x",
                b"x500:/o=Contoso",
                b"smtp:not an address",
                b"\xff",
            ],
        ),
    ])
    .unwrap();
    assert_eq!(anna.mail, ["anna@contoso.com", "a.k@contoso.com"]);
    assert_eq!(
        anna.sip_addresses,
        ["sip:anna@contoso.com", "sip:a.k@contoso.com"]
    );
    assert_eq!(
        (anna.domain.as_str(), anna.realm.as_str()),
        ("CONTOSO", "CONTOSO.COM")
    );
}

#[test]
fn whoever_has_no_upn_has_the_usual_one() {
    let anna = person(&[("userPrincipalName", &[])]).unwrap();
    assert_eq!(anna.upn, "anna@contoso.com");
}

#[test]
fn flags_and_times_say_how_an_account_stands() {
    let past = (NOW + 11_644_473_600) * 10_000_000;
    let (past, later) = (past.to_string(), (past + 1).to_string());
    let past: &[&[u8]] = &[past.as_bytes()];
    for (values, expected) in [
        (&[][..], Standing::Active),
        (
            &[("userAccountControl", &[&b"514"[..]][..])][..],
            Standing::Disabled,
        ),
        (&[("userAccountControl", &[][..])][..], Standing::Disabled),
        (
            &[("userAccountControl", &[&b"none"[..]][..])][..],
            Standing::Disabled,
        ),
        (&[("accountExpires", past)][..], Standing::Expired),
        (
            &[("accountExpires", &[&b"0"[..]][..])][..],
            Standing::Active,
        ),
        (
            &[("accountExpires", &[&b"9223372036854775807"[..]][..])][..],
            Standing::Active,
        ),
        (
            &[("lockoutTime", &[&b"130000000000000000"[..]][..])][..],
            Standing::LockedOut,
        ),
        (&[("lockoutTime", &[&b"0"[..]][..])][..], Standing::Active),
        (
            &[
                ("lockoutTime", &[&b"130000000000000000"[..]][..]),
                ("msDS-User-Account-Control-Computed", &[&b"0"[..]][..]),
            ][..],
            Standing::Active,
        ),
        (
            &[
                ("msDS-User-Account-Control-Computed", &[&b"16"[..]][..]),
                ("userAccountControl", &[&b"514"[..]][..]),
            ][..],
            Standing::Disabled,
        ),
    ] {
        assert_eq!(standing(values), expected, "{values:?}");
    }
    let in_a_tick = standing(&[("accountExpires", &[later.as_bytes()])]);
    assert_eq!(in_a_tick, Standing::Expired, "microseconds are enough");
}

#[test]
fn flags_say_who_is_not_passed_on() {
    let why = |values: &[(&'static str, &[&[u8]])]| person(values).unwrap().not_delegable;
    assert_eq!(why(&[]), None);
    let sensitive = why(&[("userAccountControl", &[b"1049088"])]);
    assert_eq!(sensitive, Some(NotDelegable::Sensitive));
    let administrator = why(&[("adminCount", &[b"1"])]);
    assert_eq!(administrator, Some(NotDelegable::Administrator));
    assert_eq!(why(&[("adminCount", &[b"0"])]), None);
}

#[test]
fn what_has_no_id_is_nobody() {
    for missing in ["objectGUID", "objectSid", "sAMAccountName"] {
        assert_eq!(person(&[(missing, &[])]), None, "{missing}");
    }
}
