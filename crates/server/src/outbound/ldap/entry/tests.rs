//! What is read of entries, and what of theirs lets nobody in.

use super::*;

const NOW: i64 = 1_800_000_000;

fn entry(values: &[(&'static str, &[&[u8]])]) -> Entry {
    let own: [(&str, Vec<Vec<u8>>); 5] = [
        ("objectGUID", vec![(0..16).collect()]),
        ("objectSid", vec![SID.to_vec()]),
        ("sAMAccountName", vec![b"anna".to_vec()]),
        ("userPrincipalName", vec![b"anna@contoso.com".to_vec()]),
        ("userAccountControl", vec![b"512".to_vec()]),
    ];
    let own = own.map(|(name, values)| (name.to_ascii_lowercase(), values));
    let mut entry = Entry(own.into());
    for (name, values) in values {
        let values = values.iter().map(|value| value.to_vec()).collect();
        entry.0.insert(name.to_ascii_lowercase(), values);
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

/// An entry as a controller gives it.
fn given(attrs: &[(&str, &[&str])], bytes: &[(&str, &[&[u8]])]) -> SearchEntry {
    let text = attrs.iter().map(|(name, values)| {
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        ((*name).to_owned(), values)
    });
    let bytes = bytes.iter().map(|(name, values)| {
        let values = values.iter().map(|it| it.to_vec()).collect();
        ((*name).to_owned(), values)
    });
    SearchEntry {
        dn: "CN=Anna,DC=contoso,DC=com".to_owned(),
        attrs: text.collect(),
        bin_attrs: bytes.collect(),
    }
}

#[test]
fn what_rules_ask_for_is_text_or_base64_and_whole_or_not_there() {
    let guid: Vec<u8> = (0..16).collect();
    let entry = given(
        &[
            ("displayname", &["Anna Karenina"]),
            ("memberOf;range=0-1499", &["CN=a"]),
            ("memberOf", &[]),
            // Bytes that happen to be text.
            ("mS-DS-ConsistencyGuid", &["0123456789abcdef"]),
        ],
        &[("objectGUID", &[&guid]), ("thumbnailPhoto", &[b"\xff\xd8"])],
    );
    let asked = [
        "displayName",
        "memberOf",
        "mS-DS-ConsistencyGuid",
        "objectGUID",
        "thumbnailPhoto",
        "sn",
    ];
    let kept = Entry::of(entry, &asked).kept(asked.into_iter());
    let value = |name: &str| kept.get(name).map(|it| it.join(","));
    assert_eq!(value("displayname").as_deref(), Some("Anna Karenina"));
    assert_eq!(value("memberof"), None, "in part");
    assert_eq!(
        value("ms-ds-consistencyguid").as_deref(),
        Some("MDEyMzQ1Njc4OWFiY2RlZg==")
    );
    assert_eq!(
        value("objectguid").as_deref(),
        Some("AAECAwQFBgcICQoLDA0ODw==")
    );
    assert_eq!(value("thumbnailphoto").as_deref(), Some("/9g="));
    assert_eq!(value("sn").as_deref(), Some(""), "read, and empty");
    assert_eq!(value("department"), None, "not asked for");
}

#[test]
fn what_is_too_much_is_not_kept_in_part() {
    let long = "x".repeat(MAX_VALUE + 1);
    let many = vec!["x"; MAX_VALUES + 1];
    let entry = given(
        &[("title", &[&long]), ("ou", &many), ("l", &["Moscow"])],
        &[],
    );
    let asked = ["title", "ou", "l"];
    let kept = Entry::of(entry, &asked).kept(asked.into_iter());
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["l"]);
}
