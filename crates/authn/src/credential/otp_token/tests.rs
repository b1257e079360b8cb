//! Which code is of which step, and which is of none.

use super::*;

const SEED: &[u8] = b"12345678901234567890";
/// A time in the middle of a step.
const NOON: i64 = 1_700_000_010;

fn token(kind: TokenKind) -> StoredOtpToken {
    let record = OtpToken {
        id: CredentialId("1".to_owned()),
        serial: None,
        account: Some(AccountId("anna".to_owned())),
        label: "phone".to_owned(),
        kind,
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        state: TokenState::Active,
        created: at(0),
        last_used: None,
        next: 0,
        offset: 0,
        drift: 0,
        failures: 0,
    };
    let seed = Seed::of(SEED.to_vec()).unwrap();
    StoredOtpToken { record, seed }
}

fn totp() -> StoredOtpToken {
    token(TokenKind::Totp {
        period: Period::HALF_A_MINUTE,
    })
}

fn hotp(next: u64) -> StoredOtpToken {
    let mut token = token(TokenKind::Hotp);
    token.record.next = next;
    token
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOON + seconds).unwrap()
}

/// The code of a step.
fn code(number: u64) -> String {
    let seed = Seed::of(SEED.to_vec()).unwrap();
    let generator = Generator::new(&seed, Algorithm::Sha1, Digits::SIX);
    generator.code(number).shown().expose().clone()
}

/// The step that a right clock shows, and so many more.
fn step(more: i64) -> u64 {
    let step = Period::HALF_A_MINUTE.step(NOON);
    step.saturating_add_signed(more)
}

fn taken(token: &StoredOtpToken, more: i64) -> Result<i64, CodeFault> {
    let judged = token.judge(&code(step(more)), at(0));
    judged.map(|judged| {
        assert_eq!(judged.number, step(more));
        judged.drift
    })
}

#[test]
fn rfc_6238_5_2_a_code_is_one_step_off_and_no_more() {
    let token = totp();
    assert_eq!(taken(&token, -2), Err(CodeFault::Wrong));
    assert_eq!(taken(&token, -1), Ok(-1));
    assert_eq!(taken(&token, 0), Ok(0));
    assert_eq!(taken(&token, 1), Ok(1));
    assert_eq!(taken(&token, 2), Err(CodeFault::Wrong));
}

#[test]
fn t_otp_4_an_older_code_after_a_newer_one_is_spent() {
    let mut token = totp();
    token.record.next = step(0) + 1;
    assert_eq!(taken(&token, 0), Err(CodeFault::Spent));
    assert_eq!(taken(&token, -1), Err(CodeFault::Spent));
    assert_eq!(taken(&token, 1), Ok(1));
}

#[test]
fn a_clock_is_followed_two_steps_and_no_further() {
    let mut token = totp();
    token.record.drift = 1;
    assert_eq!(taken(&token, -1), Err(CodeFault::Wrong));
    assert_eq!(taken(&token, 2), Ok(2));
    token.record.drift = 2;
    assert_eq!(taken(&token, 3), Ok(2));
    assert_eq!(taken(&token, 4), Err(CodeFault::Wrong));
    token.record.drift = -2;
    assert_eq!(taken(&token, -3), Ok(-2));
    assert_eq!(taken(&token, -4), Err(CodeFault::Wrong));
}

#[test]
fn t_otp_5_a_button_may_have_been_pressed_ten_times() {
    let token = hotp(100);
    let judge = |counter| token.judge(&code(counter), at(0)).map(|step| step.number);
    assert_eq!(judge(100), Ok(100));
    assert_eq!(judge(109), Ok(109));
    assert_eq!(judge(110), Ok(110));
    assert_eq!(judge(111), Err(CodeFault::Wrong));
    assert_eq!(judge(99), Err(CodeFault::Spent));
    assert_eq!(judge(90), Err(CodeFault::Spent));
    assert_eq!(judge(89), Err(CodeFault::Wrong));
}

#[test]
fn t_otp_5_a_resynchronisation_takes_two_codes_that_follow_each_other() {
    let token = hotp(100);
    let resync = |one, next| {
        let after = token.resynchronised([&code(one), &code(next)], at(0));
        after.map(|after| after.next)
    };
    assert_eq!(resync(120, 121), Ok(122));
    assert_eq!(resync(149, 150), Ok(151));
    assert_eq!(resync(150, 151), Err(CodeFault::Wrong));
    assert_eq!(resync(120, 122), Err(CodeFault::Wrong));
    assert_eq!(resync(121, 120), Err(CodeFault::Wrong));
    assert_eq!(resync(120, 120), Err(CodeFault::Wrong));
    assert_eq!(resync(99, 100), Err(CodeFault::Wrong));
}

#[test]
fn a_clock_ten_minutes_off_is_found_and_followed_from_there() {
    let mut token = totp();
    let resync = |token: &StoredOtpToken, more| {
        token.resynchronised([&code(step(more - 1)), &code(step(more))], at(0))
    };
    assert_eq!(resync(&token, 21), Err(CodeFault::Wrong));
    assert_eq!(resync(&token, 20).map(|after| after.offset), Ok(20));
    assert_eq!(resync(&token, -20).map(|after| after.offset), Ok(-20));
    assert_eq!(resync(&token, -21), Err(CodeFault::Wrong));
    let after = resync(&token, -19).unwrap();
    assert_eq!((after.offset, after.drift, after.next), (-19, 0, step(-18)));
    assert_eq!(after.last_used, Some(at(0)));
    token.record = after;
    assert_eq!(taken(&token, 0), Err(CodeFault::Wrong));
    assert_eq!(taken(&token, -19), Err(CodeFault::Spent));
    assert_eq!(taken(&token, -18), Ok(1));
    assert_eq!(resync(&token, -19), Err(CodeFault::Spent));
}

#[test]
fn t_otp_3_other_spellings_of_a_code_are_wrong() {
    let token = totp();
    let right = code(step(0));
    let (head, tail) = right.split_at(3);
    for typed in [
        format!(" {right}"),
        format!("{right} "),
        format!("{head} {tail}"),
        format!("+{right}"),
        format!("{right}\0"),
        format!("0{right}"),
        right.replace('0', "\u{ff10}").replace('1', "\u{ff11}") + "\u{200b}",
        String::new(),
    ] {
        assert_eq!(
            token.judge(&typed, at(0)),
            Err(CodeFault::Wrong),
            "{typed:?}"
        );
        let both = [typed.as_str(), right.as_str()];
        assert_eq!(token.resynchronised(both, at(0)), Err(CodeFault::Wrong));
    }
    assert!(token.judge(&right, at(0)).is_ok());
}

#[test]
fn a_token_is_good_for_its_owner_while_it_is_active() {
    let mut record = totp().record;
    let (anna, ben) = (AccountId("anna".to_owned()), AccountId("ben".to_owned()));
    assert!(record.is_good_for(&anna) && !record.is_good_for(&ben));
    record.state = TokenState::Pending;
    assert!(!record.is_good_for(&anna));
    record.state = TokenState::Blocked;
    assert!(!record.is_good_for(&anna));
    record.state = TokenState::Active;
    record.account = None;
    assert!(!record.is_good_for(&anna));
}

#[test]
fn no_seed_is_printed() {
    let shown = format!("{:?}", totp());
    assert!(
        !shown.contains("49, 50") && shown.contains("Seed(Secret(..))"),
        "{shown}"
    );
    let listed = serde_json::to_string(&totp().record).unwrap();
    assert!(
        !listed.contains("seed") && listed.contains("\"kind\":\"totp\",\"period\":30"),
        "{listed}"
    );
}
