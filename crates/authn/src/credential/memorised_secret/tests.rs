//! What may be chosen, and what proves it.

use super::*;
use crate::account::AccountState;

const CHEAP: Cost = Cost {
    memory: 64,
    passes: 1,
};

fn anna() -> Account {
    Account {
        id: AccountId("1".to_owned()),
        domain: "CONTOSO".to_owned(),
        sam: "annak".to_owned(),
        upn: "anna.karenina@contoso.com".to_owned(),
        realm: "CONTOSO.COM".to_owned(),
        sid: None,
        sip_addresses: Vec::new(),
        mail: Vec::new(),
        state: AccountState::Active,
        directory: None,
        second_factor: None,
    }
}

fn chosen(text: &str) -> Result<Typed, SecretFault> {
    Typed::chosen_by(&anna(), &Secret::new(text.to_owned()))
}

fn typed(text: &str) -> Typed {
    Typed::to_sign_in(&Secret::new(text.to_owned()))
}

#[test]
fn the_length_of_a_secret_is_its_only_composition_rule() {
    let longest = "häst staple correct "
        .repeat(7)
        .chars()
        .take(LONGEST)
        .collect::<String>();
    for good in [
        "kjellare",
        "fyra hästar står här",
        "aaaaaaab",
        &longest,
        "        x",
        "👩‍🚒👩‍🚒👩‍🚒 röd bil",
    ] {
        assert!(chosen(good).is_ok(), "{good}: {:?}", chosen(good).err());
    }
    let fault = |text: &str| chosen(text).err();
    assert_eq!(fault("kjellar"), Some(SecretFault::TooShort));
    assert_eq!(fault(""), Some(SecretFault::TooShort));
    assert_eq!(fault(&format!("{longest}x")), Some(SecretFault::TooLong));
    assert_eq!(fault(&"x".repeat(1 << 20)), Some(SecretFault::TooLong));
    assert_eq!(fault("kjel\0lare"), Some(SecretFault::Unprintable));
}

#[test]
fn what_anybody_would_try_first_is_refused_in_any_case_of_letters() {
    for common in [
        "password1",
        "PassWord1",
        "qwertyuiop",
        "ｐａｓｓｗｏｒｄ１",
        "iloveyou",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghijkl",
        "98765432",
    ] {
        assert_eq!(chosen(common).err(), Some(SecretFault::Common), "{common}");
    }
    let lines = include_str!("../../../data/common_passwords.txt").lines();
    let listed = lines.filter(|line| !line.starts_with('#'));
    assert!(listed.clone().count() > 3_000, "ASVS 6.2.4");
    assert!(
        listed
            .clone()
            .all(|line| line.len() >= SHORTEST && line.is_ascii())
    );
}

#[test]
fn a_name_of_one_s_own_is_no_secret() {
    for own in [
        "annak2024",
        "Contoso!1",
        "AnnaKarenina.",
        "anna.karenina",
        "xcontosox",
    ] {
        let fault = chosen(own).err();
        let expected = match own {
            // Neither is a name as it is written anywhere.
            "AnnaKarenina." => None,
            _ => Some(SecretFault::OwnName),
        };
        assert_eq!(fault, expected, "{own}");
    }
    assert!(chosen("contoso has four horses").is_ok(), "enough is left");
}

#[test]
fn the_whole_secret_counts_and_its_form_does_not() {
    let secret = format!("{}b", "å".repeat(100));
    let hash = typed(&secret).hashed(CHEAP, [7; 16]).unwrap();
    assert_eq!(typed(&secret).is_of(&hash), Ok(true));
    let decomposed = secret.nfd().collect::<String>();
    assert_eq!(typed(&decomposed).is_of(&hash), Ok(true));
    for other in [
        secret.strip_suffix('b').unwrap(),
        &format!("{secret} "),
        &format!(" {secret}"),
        &secret.to_uppercase(),
        "",
    ] {
        assert_eq!(typed(other).is_of(&hash), Ok(false), "{other}");
    }
    let salted = typed(&secret).hashed(CHEAP, [8; 16]).unwrap();
    assert!(salted.tag.expose() != hash.tag.expose());
}

#[test]
fn nobody_s_hash_is_of_nothing_and_costs_what_any_does() {
    let nobody = SecretHash::of_nobody();
    assert_eq!(nobody.cost, Cost::NEW);
    const { assert!(Cost::NEW.memory >= 19 * 1_024 && Cost::NEW.passes >= 2) };
    let huge = "x".repeat(1 << 20);
    for text in ["", "password1", &huge] {
        assert_eq!(typed(text).is_of(&nobody), Ok(false));
    }
    assert_eq!(
        format!("{nobody:?} {:?}", typed("kjellare")),
        "SecretHash(..) Typed(Secret(..))"
    );
}

#[test]
fn argon2id_is_argon2id() {
    // Computed by the reference program: `echo -n password | argon2 somesaltsomesalt -id -t 2 -k 65536 -p 1 -l 32`
    // has another cost; what is compared here is that equal input gives equal output, and no other.
    let one = typed("password").hashed(CHEAP, [1; 16]).unwrap();
    let same = typed("password").hashed(CHEAP, [1; 16]).unwrap();
    assert!(one.tag.expose() == same.tag.expose());
}
