//! Which code is a sign-in's, how it is kept, and who is held to which budget.

use super::*;
use crate::credential::otp_token::Source;
use crate::lockout::{Subject, WINDOW};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn anna() -> AccountId {
    AccountId("anna".to_owned())
}

fn phone(set: i64) -> Destination {
    Destination {
        account: anna(),
        address: Address::parse(Carrier::Sms, "+46701234567").unwrap(),
        set: at(set),
        held_until: at(set) + HOLD,
    }
}

fn handle(byte: u8) -> Handle {
    Handle::made_from([byte; 32])
}

#[test]
fn a_code_has_six_digits_whatever_it_is_made_of() {
    for random in [[0; 8], [0xff; 8], 7_u64.to_be_bytes()] {
        let code = Code::made_from(random);
        let shown = code.shown().expose();
        assert!(
            shown.len() == 6 && shown.bytes().all(|it| it.is_ascii_digit()),
            "{shown}"
        );
        assert!(!format!("{code:?}").contains(shown.as_str()));
    }
    assert_eq!(
        Code::made_from(7_u64.to_be_bytes()).shown().expose(),
        "000007"
    );
}

#[test]
fn t_otp_8_a_code_is_of_one_sign_in_and_one_account_for_five_minutes() {
    let code = Code::made_from(123_456_u64.to_be_bytes());
    let sent = SentCode::of(&code, &handle(1), &phone(0), at(10));
    let judge = |handle: &Handle, account: &AccountId, typed: &str, now| {
        SentCode::judge(Some(&sent), handle, (account, typed), at(now))
    };
    assert_eq!(judge(&handle(1), &anna(), "123456", 10), Ok(()));
    assert_eq!(judge(&handle(1), &anna(), "123456", 309), Ok(()));
    assert_eq!(
        judge(&handle(1), &anna(), "123456", 310),
        Err(SentFault::Ended)
    );
    let ben = AccountId("ben".to_owned());
    assert_eq!(
        judge(&handle(2), &anna(), "123456", 10),
        Err(SentFault::Wrong)
    );
    assert_eq!(judge(&handle(1), &ben, "123456", 10), Err(SentFault::Wrong));
    let none = SentCode::judge(None, &handle(1), (&anna(), "123456"), at(10));
    assert_eq!(none, Err(SentFault::Wrong));
    assert!(!format!("{sent:?}").contains("123456"));
    let kept = serde_json::to_string(&sent).unwrap();
    assert!(!kept.contains("123456"), "{kept}");
    assert_eq!(serde_json::from_str::<SentCode>(&kept).unwrap(), sent);
}

#[test]
fn t_otp_3_a_code_has_one_spelling() {
    let code = Code::made_from(123_456_u64.to_be_bytes());
    let sent = SentCode::of(&code, &handle(1), &phone(0), at(0));
    for typed in [
        " 123456",
        "123456 ",
        "123 456",
        "+123456",
        "123456\0",
        "0123456",
        "12345",
        "",
        "\u{ff11}23456",
    ] {
        let judged = SentCode::judge(Some(&sent), &handle(1), (&anna(), typed), at(0));
        assert_eq!(judged, Err(SentFault::Wrong), "{typed:?}");
    }
}

#[test]
fn a_code_is_good_for_nothing_where_its_destination_is_another() {
    let code = Code::made_from([1; 8]);
    let sent = SentCode::of(&code, &handle(1), &phone(0), at(0));
    assert!(sent.went_to_one_of(&[phone(0)]));
    assert!(!sent.went_to_one_of(&[phone(1)]) && !sent.went_to_one_of(&[]));
    let mail = Destination {
        address: Address::parse(Carrier::Mail, "anna@example.com").unwrap(),
        ..phone(0)
    };
    assert!(!sent.went_to_one_of(&[mail]));
}

#[test]
fn budgets_are_of_a_person_a_number_and_how_it_begins_and_nobody_has_none() {
    let key = Secret::new(vec![3; 32]);
    let of = |to: Option<&Destination>| BudgetPlace::of_code(to, (40, &key), at(1_000));
    let places = of(Some(&phone(0)));
    let shown: Vec<_> = places
        .iter()
        .map(|it| (it.counted.as_str(), it.at_most))
        .collect();
    assert_eq!(
        shown,
        [
            ("living", MAX_LIVING),
            ("person", MAX_IN_WINDOW),
            ("living-address", MAX_LIVING),
            ("address", MAX_IN_WINDOW),
            ("prefix", 40),
        ]
    );
    assert_eq!([&places[0].name, &places[1].name], ["anna", "anna"]);
    assert_eq!(places[2].name, places[3].name);
    assert!(
        places.iter().all(|it| !it.name.contains("4670")),
        "{places:?}"
    );
    let of_another = Destination {
        account: AccountId("ben".to_owned()),
        address: Address::parse(Carrier::Sms, "+46701299999").unwrap(),
        ..phone(0)
    };
    let of_another = of(Some(&of_another));
    assert_ne!(of_another[3].name, places[3].name);
    assert_eq!(of_another[4].name, places[4].name, "they begin alike");
    assert_eq!(places[0].window_start, at(1_000) - LIFE);
    assert_eq!(places[1].window_start, at(1_000) - WINDOW);
    let nobody = of(None);
    assert!(
        nobody
            .iter()
            .all(|it| it.name.is_empty() && it.at_most == u32::MAX)
    );
    assert_eq!(nobody.len(), places.len(), "it costs the same");
    let guess = BudgetPlace::of_guess(&Subject::Unknown(0), Source::Familiar, at(0));
    assert_eq!((guess.at_most, guess.in_a_row), (u32::MAX, u32::MAX));
}

#[test]
fn a_destination_is_held_for_72_hours() {
    let phone = phone(0);
    assert!(phone.is_held(at(0)) && phone.is_held(at(72 * 3600 - 1)));
    assert!(!phone.is_held(at(72 * 3600)));
}
