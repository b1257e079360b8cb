//! The figures of RFC 6030, each of them damaged, and what vendors write beside it.

mod figures;

use super::*;
use crate::otp::Moving;
use crate::seed_list::ImportedToken;

const FIGURE_2: &str = include_str!("../../testdata/pskc/rfc_6030_figure_2.xml");
const FIGURE_3: &str = include_str!("../../testdata/pskc/rfc_6030_figure_3.xml");
const FIGURE_4: &str = include_str!("../../testdata/pskc/rfc_6030_figure_4.xml");
const FIGURE_5: &str = include_str!("../../testdata/pskc/rfc_6030_figure_5.xml");
const FIGURE_6: &str = include_str!("../../testdata/pskc/rfc_6030_figure_6.xml");
const FIGURE_7: &str = include_str!("../../testdata/pskc/rfc_6030_figure_7.xml");
const FIGURE_8: &str = include_str!("../../testdata/pskc/rfc_6030_figure_8.xml");
const FIGURE_9: &str = include_str!("../../testdata/pskc/rfc_6030_figure_9.xml");
const FIGURE_10: &str = include_str!("../../testdata/pskc/rfc_6030_figure_10.xml");

/// The key of figure 6 and the password of figure 7, as RFC 6030 says them.
const KEY: [u8; 16] = [
    0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12,
];
const PASSWORD: &str = "qwerty";
/// The seed of nearly every figure.
const SEED: &[u8] = b"12345678901234567890";

const BY_KEY: Opening<'static> = Opening {
    unlock: Unlock::Key(&KEY),
    missing_mac: MissingMac::Refuse,
};
const BY_PASSWORD: Opening<'static> = Opening {
    unlock: Unlock::Password(PASSWORD),
    missing_mac: MissingMac::Refuse,
};

fn keys(text: &str, opening: &Opening<'_>) -> Vec<Entry> {
    read(text.as_bytes(), opening).unwrap().keys
}

/// The only token of a file.
fn token(text: &str, opening: &Opening<'_>) -> ImportedToken {
    let [token] = <[Entry; 1]>::try_from(keys(text, opening)).unwrap();
    token.unwrap()
}

/// Why a file, or its first key that is refused, is not taken.
fn refusal(text: &str, opening: &Opening<'_>) -> String {
    match read(text.as_bytes(), opening) {
        Err(error) => error.to_string(),
        Ok(container) => {
            let refused = container.keys.into_iter().find_map(Result::err);
            refused.map_or_else(|| "nothing is refused".to_owned(), |it| it.to_string())
        }
    }
}

/// A text with another in place of one that stands there once or more.
fn with(text: &str, (old, new): (&str, &str)) -> String {
    assert!(text.contains(old), "{old}");
    text.replace(old, new)
}

/// A text whose part from one mark to the end of another is something else.
fn with_part(text: &str, (start, end): (&str, &str), new: &str) -> String {
    let (before, part) = text.split_once(start).unwrap();
    let (_, after) = part.split_once(end).unwrap();
    format!("{before}{new}{after}")
}

/// Checks what each change of a plain or encrypted file is refused with.
fn check(text: &str, opening: &Opening<'_>, changes: &[(&str, &str, &str)]) {
    for (old, new, expected) in changes {
        let refused = refusal(&with(text, (old, new)), opening);
        assert_eq!(&refused, expected, "{old} -> {new}");
    }
}

#[test]
fn every_altered_bit_of_a_value_or_its_mac_is_noticed() {
    for (text, opening, values) in [
        (
            FIGURE_6,
            BY_KEY,
            [
                "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv",
                "Su+NvtQfmvfJzF6bmQiJqoLRExc=",
                "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX",
            ],
        ),
        (
            FIGURE_7,
            BY_PASSWORD,
            [
                "oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f",
                "LP6xMvjtypbfT9PdkJhBZ+D6O4w=",
                "2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx",
            ],
        ),
    ] {
        for value in values {
            let mut bytes = value::base64_of(value).unwrap();
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let refused = refusal(&with(text, (value, &written(&bytes))), &opening);
                let is_noticed = refused.contains("the MAC of `Secret` does not match")
                    || refused.starts_with("`MACKey`: it cannot be opened");
                assert!(is_noticed, "{bit} of {value}: {refused}");
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

fn written(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn blocks_and_values_in_another_order_are_noticed() {
    let value = "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv";
    let bytes = value::base64_of(value).unwrap();
    let (iv, blocks) = bytes.split_at(16);
    let (one, two) = blocks.split_at(16);
    for order in [[iv, two, one], [one, iv, two], [two, one, iv]] {
        let text = with(FIGURE_6, (value, &written(&order.concat())));
        assert!(refusal(&text, &BY_KEY).contains("the MAC of `Secret` does not match"));
    }
    for cut in [
        [iv, one].concat(),
        [iv, one, two, two].concat(),
        iv.to_vec(),
    ] {
        let text = with(FIGURE_6, (value, &written(&cut)));
        assert!(refusal(&text, &BY_KEY).contains("the MAC of `Secret` does not match"));
    }
    // The key of the MAC is encrypted as the seed is, but it is not the seed.
    let of_mac = "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX";
    let text = with(FIGURE_6, (value, of_mac));
    assert!(refusal(&text, &BY_KEY).contains("the MAC of `Secret` does not match"));
}

#[test]
fn another_key_or_password_opens_nothing() {
    for seed in 0..=u8::MAX {
        let mut key = KEY;
        key[usize::from(seed) % 16] ^= seed | 1;
        let opening = Opening {
            unlock: Unlock::Key(&key),
            ..BY_KEY
        };
        let refused = refusal(FIGURE_6, &opening);
        let is_refused = refused.contains("the MAC of `Secret` does not match")
            || refused.starts_with("`MACKey`: it cannot be opened");
        assert!(is_refused, "{refused}");
    }
    for password in ["", "Qwerty", "qwerty ", "qwert"] {
        let opening = Opening {
            unlock: Unlock::Password(password),
            ..BY_PASSWORD
        };
        assert!(refusal(FIGURE_7, &opening).contains("`: "), "{password}");
    }
    for key in [&KEY[..15], &[7; 24], &[7; 32], &[]] {
        let opening = Opening {
            unlock: Unlock::Key(key),
            ..BY_KEY
        };
        assert_eq!(
            refusal(FIGURE_6, &opening),
            format!(
                "`MACKey`: the key has {} bytes, and the cipher needs 16",
                key.len()
            )
        );
    }
}

/// Where the method of a MAC stands.
const METHOD: (&str, &str) = ("<MACMethod", "</MACMethod>");

#[test]
fn cbc_without_a_mac_is_refused_unless_somebody_says_otherwise() {
    let without = with_part(FIGURE_6, ("<ValueMAC>", "</ValueMAC>"), "");
    let expected = "key 1 (`987654321`): `Secret` is encrypted without a MAC: nobody would notice that it was altered";
    assert_eq!(refusal(&without, &BY_KEY), expected);
    let without_method = with_part(&without, METHOD, "");
    assert_eq!(refusal(&without_method, &BY_KEY), expected);
    let accepting = Opening {
        missing_mac: MissingMac::Accept,
        ..BY_KEY
    };
    for text in [without, without_method] {
        assert_eq!(token(&text, &accepting).seed.as_bytes(), SEED);
    }
    // A MAC that is there is checked all the same.
    let wrong = with(FIGURE_6, ("Su+NvtQf", "Su+NvtQg"));
    assert!(refusal(&wrong, &accepting).contains("does not match"));
    // A MAC that nobody can check is not passed over.
    let unchecked = with_part(FIGURE_6, METHOD, "");
    assert_eq!(
        refusal(&unchecked, &accepting),
        "key 1 (`987654321`): `Secret` has a `ValueMAC`, but the file has no `MACMethod`"
    );
}

/// Whoever takes the encryption away could put seeds of their own in.
#[test]
fn a_plain_seed_is_refused_where_a_key_was_given() {
    let plain = "<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>";
    let text = with_part(FIGURE_6, ("<EncryptedValue>", "</ValueMAC>"), plain);
    let expected = "key 1 (`987654321`): `Secret` is not encrypted, though a key or password was given for the file";
    assert_eq!(refusal(&text, &BY_KEY), expected);
    assert_eq!(refusal(FIGURE_3, &BY_KEY), expected);
    assert_eq!(
        refusal(FIGURE_3, &BY_PASSWORD),
        "`EncryptionKey` is missing in `KeyContainer`"
    );
}

#[test]
fn what_protects_a_file_is_read_to_the_letter() {
    check(
        FIGURE_6,
        &BY_KEY,
        &[
            (
                "xmldsig#hmac-sha1",
                "xmldsig#hmac-md5",
                "the algorithm `http://www.w3.org/2000/09/xmldsig#hmac-md5` of `MACMethod` is not taken",
            ),
            (
                "xmlenc#aes128-cbc",
                "xmlenc#tripledes-cbc",
                "`MACKey`: triple DES is not taken: ask the vendor for a file that is encrypted by AES",
            ),
            ("MACKey>", "MACKeyX>", "`MACKey` is missing in `MACMethod`"),
            (
                "MACKey>",
                "MACKeyReference>",
                "`MACKeyReference` names a key that is not in the file, which is not taken",
            ),
            (
                "<KeyPackage>",
                "<EncryptionKey/><KeyPackage>",
                "`EncryptionKey` stands there twice",
            ),
            (
                "<KeyPackage>",
                "<MACMethod/><KeyPackage>",
                "`MACMethod` stands there twice",
            ),
            (
                "<xenc:CipherData>",
                "<xenc:CipherData/><xenc:CipherData>",
                "`CipherData` stands there twice",
            ),
            (
                "xenc:CipherValue>",
                "xenc:CipherReference>",
                "`CipherValue` is missing in `CipherData`",
            ),
            (
                "Su+N",
                "Su+",
                "key 1 (`987654321`): `ValueMAC` is not base64",
            ),
            (
                "</EncryptedValue>",
                "</EncryptedValue><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>",
                "key 1 (`987654321`): `Secret` is not one `PlainValue` alone, or one `EncryptedValue` with its \
                 `ValueMAC`",
            ),
        ],
    );
}

#[test]
fn a_password_is_turned_a_bounded_number_of_times() {
    let count = "<IterationCount>1000</IterationCount>";
    for (given, expected) in [
        (
            "1000000000",
            "`IterationCount` is 1000000000, and at most 10000000 are turned",
        ),
        (
            "18446744073709551615",
            "`IterationCount` is 18446744073709551615, and at most 10000000 are turned",
        ),
        (
            "99999999999999999999",
            "`IterationCount` is not a whole number",
        ),
        ("0", "`IterationCount` is not at least 1"),
        ("-1", "`IterationCount` is not a whole number"),
        ("", "`IterationCount` is not a whole number"),
        ("1e3", "`IterationCount` is not a whole number"),
    ] {
        let given = format!("<IterationCount>{given}</IterationCount>");
        assert_eq!(
            refusal(&with(FIGURE_7, (count, &given)), &BY_PASSWORD),
            expected
        );
    }
    check(
        FIGURE_7,
        &BY_PASSWORD,
        &[
            (count, "", "`IterationCount` is missing in `PBKDF2-params`"),
            ("<PRF/>", "<PRF/><PRF/>", "`PRF` stands there twice"),
            (
                "<PRF/>",
                "<PRF Algorithm=\"urn:md5\"/>",
                "the algorithm `urn:md5` of `PRF` is not taken",
            ),
            (
                ">16<",
                ">8<",
                "`KeyLength` is not 16, 24 or 32 bytes, as AES needs",
            ),
            (
                ">16<",
                ">32<",
                "`MACKey`: the key has 32 bytes, and the cipher needs 16",
            ),
            ("Ej7/PEpyEpw=", "", "`Salt` is not 1 to 256 bytes in base64"),
            (
                "Ej7/PEpyEpw=",
                "Ej7/PEpyEpw",
                "`Salt` is not 1 to 256 bytes in base64",
            ),
            (
                "#pbkdf2",
                "#pbkdf1",
                "the algorithm `http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf1` of \
                 `KeyDerivationMethod` is not taken",
            ),
        ],
    );
    let long = written(&[7; MAX_SALT_BYTES + 1]);
    let refused = refusal(&with(FIGURE_7, ("Ej7/PEpyEpw=", &long)), &BY_PASSWORD);
    assert_eq!(refused, "`Salt` is not 1 to 256 bytes in base64");
}

#[test]
fn a_key_is_read_to_the_letter() {
    let key = |why: &str| format!("key 1 (`987654321`): {why}");
    for (old, new, why) in [
        (
            ":hotp",
            ":ocra",
            "the algorithm `urn:ietf:params:xml:ns:keyprov:pskc:ocra` is not taken: HOTP or TOTP is expected",
        ),
        ("Length=\"8\"", "Length=\"5\"", "`Length` is not 6, 7 or 8"),
        ("Length=\"8\"", "Length=\"9\"", "`Length` is not 6, 7 or 8"),
        ("Length=\"8\"", "Length=\"+8\"", "`Length` is not 6, 7 or 8"),
        ("Length=\"8\" ", "", "`Length` is not 6, 7 or 8"),
        ("DECIMAL", "HEXADECIMAL", "`Encoding` is not DECIMAL"),
        (
            "DECIMAL\"",
            "DECIMAL\" CheckDigits=\"true\"",
            "`CheckDigits` is not false: codes with a check digit are not taken",
        ),
        (
            "DECIMAL\"",
            "DECIMAL\" Odd=\"1\"",
            "`Odd` is unknown in `ResponseFormat`",
        ),
        (
            "<AlgorithmParameters>",
            "<AlgorithmParameters><Suite>HMAC-MD5</Suite>",
            "`Suite` is not HMAC-SHA1, HMAC-SHA256 or HMAC-SHA512",
        ),
        (
            "<AlgorithmParameters>",
            "<AlgorithmParameters><ChallengeFormat/>",
            "`ChallengeFormat` is unknown in `AlgorithmParameters`",
        ),
        (
            "<Data>",
            "<Data><Time><PlainValue>0</PlainValue></Time>",
            "`Time` is unknown in `Data`",
        ),
        ("<Data>", "<Data><Odd/>", "`Odd` is unknown in `Data`"),
        ("</Data>", "</Data><Data/>", "`Data` stands there twice"),
        (
            "<Counter>",
            "<Counter><PlainValue>0</PlainValue></Counter><Counter>",
            "`Counter` stands there twice",
        ),
        (
            ">0<",
            ">-1<",
            "`Counter` is not a whole number that is not below zero",
        ),
        (
            ">0<",
            ">0x10<",
            "`Counter` is not a whole number that is not below zero",
        ),
        (
            ">0<",
            "><",
            "`Counter` is not a whole number that is not below zero",
        ),
        (
            ">0<",
            ">1099511627777<",
            "`Counter` is not a counter that a button reaches",
        ),
        (
            "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
            "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
            "`Secret` is not base64",
        ),
        (
            "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
            "MTIzNDU2Nzg5MDEyMzQ1Njc4OTB=",
            "`Secret` is not base64",
        ),
        (
            "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
            "",
            "a seed of 0 bytes is too short; it takes 16 at least",
        ),
        (
            "<Secret>",
            "<Secret><ValueMAC>AAAA</ValueMAC>",
            "`Secret` is not one `PlainValue` alone, or one `EncryptedValue` with its `ValueMAC`",
        ),
        (
            "<Manufacturer>",
            "<Odd/><Manufacturer>",
            "`Odd` is unknown in `DeviceInfo`",
        ),
        (
            "<SerialNo>",
            "<SerialNo>987654321</SerialNo><SerialNo>",
            "`SerialNo` stands there twice",
        ),
        (
            "</DeviceInfo>",
            "<StartDate>2026-02-30T00:00:00Z</StartDate></DeviceInfo>",
            "`StartDate` is not a date such as 2026-05-01T00:00:00Z",
        ),
        (
            "</DeviceInfo>",
            "<ExpiryDate>01/01/2008</ExpiryDate></DeviceInfo>",
            "`ExpiryDate` is not a date such as 2026-05-01T00:00:00Z",
        ),
    ] {
        let text = with(FIGURE_3, (old, new));
        assert_eq!(refusal(&text, &Opening::PLAIN), key(why), "{old} -> {new}");
    }
    let nameless = with(FIGURE_3, ("<SerialNo>987654321</SerialNo>", ""));
    let nameless = with(&nameless, ("Id=\"12345678\"", ""));
    assert_eq!(
        refusal(&nameless, &Opening::PLAIN),
        "key 1: `SerialNo` is missing in `DeviceInfo`"
    );
}

#[test]
fn a_policy_that_is_not_understood_refuses_its_key() {
    let with_policy = |policy: &str| {
        let end = format!("</Data><Policy>{policy}</Policy>");
        with(FIGURE_3, ("</Data>", &end))
    };
    let unknown = |what: &str| {
        format!("unknown policy `{what}`: a key whose policy is not understood may not be used")
    };
    for (policy, why) in [
        ("<KeyUsage>OTP</KeyUsage><Odd/>", unknown("Odd")),
        ("<KeyUsage>OTP</KeyUsage><KeyUsage>Fly</KeyUsage>", unknown("Fly")),
        ("<KeyUsage>otp</KeyUsage>", unknown("otp")),
        ("<Extensions/>", unknown("Extensions")),
        ("<x:StartDate xmlns:x='urn:x'>2006-05-01T00:00:00Z</x:StartDate>", unknown("StartDate")),
        ("<PINPolicy PINUsageMode='Local' Odd='1'/>", unknown("Odd")),
        ("<PINPolicy PINUsageMode='Local'><Odd/></PINPolicy>", unknown("Odd")),
        (
            "<KeyUsage>CR</KeyUsage><KeyUsage>Unlock</KeyUsage>",
            "the policy keeps the key for `CR, Unlock`, and one-time codes need `OTP`".to_owned(),
        ),
        (
            "<NumberOfTransactions>5</NumberOfTransactions>",
            "the policy limits how often the key is used (`NumberOfTransactions`), which is not kept here"
                .to_owned(),
        ),
        (
            "<PINPolicy/>",
            "the policy joins a PIN to the code (`none`), which is not taken: `Local` is".to_owned(),
        ),
        (
            "<PINPolicy PINUsageMode='Local'/><PINPolicy PINUsageMode='Local'/>",
            "`PINPolicy` stands there twice".to_owned(),
        ),
        (
            "<StartDate>2006-05-01T00:00:00Z</StartDate><StartDate>2006-05-01T00:00:00Z</StartDate>",
            "`StartDate` stands there twice".to_owned(),
        ),
        (
            "<StartDate>2006-05-01</StartDate>",
            "`StartDate` is not a date such as 2026-05-01T00:00:00Z".to_owned(),
        ),
        (
            "<StartDate>2006-05-02T00:00:00Z</StartDate><ExpiryDate>2006-05-01T00:00:00Z</ExpiryDate>",
            "it ends before it begins".to_owned(),
        ),
    ] {
        let refused = refusal(&with_policy(policy), &Opening::PLAIN);
        assert_eq!(refused, format!("key 1 (`987654321`): {why}"), "{policy}");
    }
    for policy in ["", "<KeyUsage>CR</KeyUsage><KeyUsage>OTP</KeyUsage>"] {
        assert_eq!(
            token(&with_policy(policy), &Opening::PLAIN).seed.as_bytes(),
            SEED
        );
    }
}

#[test]
fn a_key_is_good_while_its_device_and_its_policy_are() {
    let device = "<StartDate>2006-01-01T00:00:00Z</StartDate>\
                  <ExpiryDate>9999-12-31T23:59:59Z</ExpiryDate></DeviceInfo>";
    let policy = "</Data><Policy><StartDate>2005-01-01T00:00:00Z</StartDate>\
                  <ExpiryDate>2030-01-01T02:00:00+02:00</ExpiryDate></Policy>";
    let text = with(
        &with(FIGURE_3, ("</DeviceInfo>", device)),
        ("</Data>", policy),
    );
    let token = token(&text, &Opening::PLAIN);
    assert_eq!(
        token.valid_from.unwrap().to_string(),
        "2006-01-01T00:00:00Z"
    );
    assert_eq!(
        token.valid_until.unwrap().to_string(),
        "2030-01-01T00:00:00Z"
    );
}

#[test]
fn totp_has_a_period_and_begins_in_1970() {
    let text = with(FIGURE_3, (":hotp", ":totp"));
    let with_data = |data: &str| with_part(&text, ("<Counter>", "</Counter>"), data);
    let value =
        |name: &str, value: &str| format!("<{name}><PlainValue>{value}</PlainValue></{name}>");
    let minute = value("TimeInterval", "60");
    let drifted = [value("Time", "0"), minute.clone(), value("TimeDrift", "-4")].concat();
    for data in [minute.as_str(), &drifted] {
        let token = token(&with_data(data), &Opening::PLAIN);
        assert!(matches!(token.moving, Moving::Time(period) if period.seconds() == 60));
    }
    for (data, why) in [
        (String::new(), "`TimeInterval` is missing in `Data`"),
        (
            value("TimeInterval", "31"),
            "`TimeInterval` is not 30 or 60 seconds",
        ),
        (
            value("TimeInterval", "0"),
            "`TimeInterval` is not 30 or 60 seconds",
        ),
        (
            value("Counter", "0") + &minute,
            "`Counter` is unknown in `Data`",
        ),
        (
            value("Time", "5") + &minute,
            "`Time` is not 0: its time must begin with the year 1970",
        ),
        (
            value("TimeDrift", "much") + &minute,
            "`TimeDrift` is not a whole number",
        ),
    ] {
        let refused = refusal(&with_data(&data), &Opening::PLAIN);
        assert_eq!(refused, format!("key 1 (`987654321`): {why}"));
    }
}

#[test]
fn older_names_of_algorithms_are_taken() {
    for name in [
        "urn:ietf:params:xml:ns:keyprov:pskc#hotp",
        "http://www.ietf.org/keyprov/pskc#HOTP",
        "urn:ietf:params:xml:ns:keyprov:pskc:HOTP",
    ] {
        let text = with(FIGURE_3, ("urn:ietf:params:xml:ns:keyprov:pskc:hotp", name));
        assert_eq!(token(&text, &Opening::PLAIN).moving, Moving::Counter(0));
    }
    for (suite, algorithm) in [
        ("HMAC-SHA1", "SHA1"),
        ("HMAC-SHA256", "SHA256"),
        ("hmac-sha-512", "SHA512"),
        ("SHA256", "SHA256"),
    ] {
        let suite = format!("<AlgorithmParameters><Suite>{suite}</Suite>");
        let text = with(FIGURE_3, ("<AlgorithmParameters>", &suite));
        assert_eq!(token(&text, &Opening::PLAIN).algorithm.as_str(), algorithm);
    }
}

#[test]
fn what_is_no_container_is_refused() {
    for (old, new, expected) in [
        (
            "Version=\"1.0\"",
            "Version=\"2.0\"",
            "it is of version `2.0`, and 1.0 is read",
        ),
        (
            "Version=\"1.0\"",
            "Version=\"1.x\"",
            "it is of version `1.x`, and 1.0 is read",
        ),
        (
            "Version=\"1.0\"",
            "",
            "it is of version `none`, and 1.0 is read",
        ),
        ("Version=\"1.0\"", "Version=\"01.1\"", "nothing is refused"),
        (
            "<KeyPackage>",
            "<Odd/><KeyPackage>",
            "`Odd` is unknown in a `KeyContainer`",
        ),
        (
            "pskc\">",
            "pskc:1.0\">",
            "it is not a PSKC file: it begins with `KeyContainer`, and `KeyContainer` of urn:ietf:params:xml:ns:keyprov:pskc is expected",
        ),
    ] {
        assert_eq!(
            refusal(&with(FIGURE_3, (old, new)), &Opening::PLAIN),
            expected
        );
    }
    let nothing = "<KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc'/>";
    assert_eq!(
        refusal(nothing, &Opening::PLAIN),
        "it has no `KeyPackage` with a `Key`"
    );
    assert!(refusal("serial,seed", &Opening::PLAIN).starts_with("it is not taken as XML"));
}

#[test]
fn no_entity_is_ever_expanded() {
    let bomb =
        "<!DOCTYPE lol [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let outside = "<!DOCTYPE x [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    for doctype in [bomb, outside] {
        let text = with(
            FIGURE_3,
            ("<KeyContainer", &format!("{doctype}<KeyContainer")),
        );
        assert_eq!(
            refusal(&text, &Opening::PLAIN),
            "it is not taken as XML: a document type declaration is not taken"
        );
    }
    let unknown = with(FIGURE_3, (">987654321<", ">&serial;<"));
    assert!(refusal(&unknown, &Opening::PLAIN).contains("not well-formed"));
    let deep = with(
        FIGURE_3,
        (
            "<KeyPackage>",
            &format!("{}<KeyPackage>", "<Extensions>".repeat(20)),
        ),
    );
    assert!(refusal(&deep, &Opening::PLAIN).contains("nested more than 16 deep"));
    // A comment neither cuts a value short nor hides one.
    let commented = with(FIGURE_3, (">987654321<", ">98765<!-- x -->4321<"));
    assert_eq!(token(&commented, &Opening::PLAIN).serial, "987654321");
}

#[test]
fn a_serial_number_is_what_it_looks_like() {
    for serial in [
        "9876\u{200b}54321",
        "\u{202e}987654321",
        "98\u{7}7",
        &"9".repeat(101),
    ] {
        let text = with(FIGURE_3, (">987654321<", &format!(">{serial}<")));
        let refused = refusal(&text, &Opening::PLAIN);
        assert!(
            refused.contains("`SerialNo` is not a text") || refused.contains("not well-formed"),
            "{refused}"
        );
    }
    let by_id = with(FIGURE_3, (">987654321<", "><"));
    assert_eq!(token(&by_id, &Opening::PLAIN).serial, "12345678");
}
