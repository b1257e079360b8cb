//! The figures of RFC 6030, each as it stands there (figure 9 as erratum 3418 corrects it).

use super::*;

#[test]
fn rfc_6030_figure_2_says_too_little() {
    assert_eq!(
        refusal(FIGURE_2, &Opening::PLAIN),
        "key 1 (`12345678`): `AlgorithmParameters` is missing in `Key`"
    );
    let format = "</Issuer><AlgorithmParameters>\
                  <ResponseFormat Length=\"6\" Encoding=\"DECIMAL\"/></AlgorithmParameters>";
    assert_eq!(
        refusal(&with(FIGURE_2, ("</Issuer>", format)), &Opening::PLAIN),
        "key 1 (`12345678`): a seed of 4 bytes is too short; it takes 16 at least"
    );
}

#[test]
fn rfc_6030_figure_3() {
    let token = token(FIGURE_3, &Opening::PLAIN);
    assert_eq!(token.serial, "987654321");
    assert_eq!(token.manufacturer.as_deref(), Some("Manufacturer"));
    assert_eq!(token.moving, Moving::Counter(0));
    assert_eq!(token.algorithm.as_str(), "SHA1");
    assert_eq!(token.digits.count(), 8);
    assert_eq!(token.seed.as_bytes(), SEED);
    let user = "UID=jsmith,DC=example-bank,DC=net";
    assert_eq!(token.account.as_deref(), Some(user));
    assert_eq!((token.valid_from, token.valid_until), (None, None));
    assert!(!format!("{token:?}").contains("12345678901234567890"));
}

#[test]
fn rfc_6030_figure_4_has_no_seed() {
    assert_eq!(
        refusal(FIGURE_4, &Opening::PLAIN),
        "key 1 (`987654321`): `Secret` is missing: a seed that is derived from a key of the vendor's is not taken"
    );
}

#[test]
fn rfc_6030_figure_5_has_a_pin_that_the_device_checks() {
    let keys = keys(FIGURE_5, &Opening::PLAIN);
    let [token, pin] = <[Entry; 2]>::try_from(keys).unwrap();
    assert_eq!(token.unwrap().seed.as_bytes(), SEED);
    assert_eq!(
        pin.unwrap_err().to_string(),
        "key 2 (`987654321`): the algorithm `urn:ietf:params:xml:ns:keyprov:pskc:pin` is not taken: \
         HOTP or TOTP is expected"
    );
    for mode in ["Prepend", "Append", "Algorithmic"] {
        let joined = with(FIGURE_5, ("\"Local\"", &format!("\"{mode}\"")));
        assert_eq!(
            refusal(&joined, &Opening::PLAIN),
            format!(
                "key 1 (`987654321`): the policy joins a PIN to the code (`{mode}`), which is not taken: \
                 `Local` is"
            )
        );
    }
}

#[test]
fn rfc_6030_figure_6_opens_with_the_key() {
    let token = token(FIGURE_6, &BY_KEY);
    assert_eq!(token.seed.as_bytes(), SEED);
    assert_eq!(token.serial, "987654321");
    assert_eq!(
        refusal(FIGURE_6, &Opening::PLAIN),
        "the file is encrypted by a pre-shared key: give the key"
    );
    assert_eq!(
        refusal(FIGURE_6, &BY_PASSWORD),
        "the file is encrypted by a pre-shared key: give the key"
    );
}

#[test]
fn rfc_6030_figure_7_opens_with_the_password() {
    let token = token(FIGURE_7, &BY_PASSWORD);
    assert_eq!(token.seed.as_bytes(), SEED);
    assert_eq!(token.moving, Moving::Counter(0));
    for opening in [Opening::PLAIN, BY_KEY] {
        assert_eq!(
            refusal(FIGURE_7, &opening),
            "the file is encrypted by a password: give the password"
        );
    }
}

#[test]
fn rfc_6030_figure_8_is_encrypted_to_a_certificate() {
    for opening in [Opening::PLAIN, BY_KEY, BY_PASSWORD] {
        assert!(
            refusal(FIGURE_8, &opening).starts_with("the file is encrypted to a certificate"),
            "{opening:?}"
        );
    }
}

/// As erratum 3418 corrects it: the signature stands in its own namespace.
#[test]
fn rfc_6030_figure_9_is_signed() {
    let container = read(FIGURE_9.as_bytes(), &Opening::PLAIN).unwrap();
    assert!(container.is_signed);
    let token = container.keys.into_iter().next().unwrap().unwrap();
    assert_eq!(
        (token.serial.as_str(), token.digits.count()),
        ("0755225266", 6)
    );
    assert!(
        !read(FIGURE_3.as_bytes(), &Opening::PLAIN)
            .unwrap()
            .is_signed
    );
}

#[test]
fn rfc_6030_figure_10_has_two_keys_of_one_device() {
    let tokens: Vec<ImportedToken> = keys(FIGURE_10, &Opening::PLAIN)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let serials: Vec<&str> = tokens.iter().map(|it| it.serial.as_str()).collect();
    assert_eq!(serials, ["654321", "123456", "9999999/3", "9999999/4"]);
    let days: Vec<String> = tokens
        .iter()
        .map(|it| format!("{} {}", it.valid_from.unwrap(), it.valid_until.unwrap()))
        .collect();
    assert_eq!(days[0], "2006-05-01T00:00:00Z 2006-05-31T00:00:00Z");
    assert_eq!(days[3], "2006-04-01T00:00:00Z 2006-04-30T00:00:00Z");
    // The same id as well: nobody could tell which of them is meant.
    assert_eq!(
        refusal(&with(FIGURE_10, ("Id=\"4\"", "Id=\"3\"")), &Opening::PLAIN),
        "key 4 (`9999999`): the serial number `9999999/3` stands there already, at key 3 (`9999999`)"
    );
}
