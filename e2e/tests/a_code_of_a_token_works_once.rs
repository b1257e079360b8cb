//! One-time codes that `oathtool` makes: each is taken once, whatever the token; a repeat, an older one and a code in another
//! spelling are refused, and the audit trail has it all (S80, T-OTP-1, T-OTP-3, T-OTP-4).

use std::process::Command;

use anyhow::Context;
use e2e::demo::Demo;
use e2e::skip;
use serde_json::Value;

/// What makes codes here.
const OATHTOOL: &str = "oathtool";

/// A code that `oathtool` makes of a seed in base 32.
fn oathtool(arguments: &[&str], seed: &str) -> anyhow::Result<String> {
    let made = Command::new(OATHTOOL)
        .args(["--base32"])
        .args(arguments)
        .arg(seed)
        .output()?;
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    anyhow::ensure!(made.status.success(), "{said}");
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}

/// Enrols a token; gives its id and its seed.
fn enrol(demo: &Demo, name: &str, arguments: &[&str]) -> anyhow::Result<(String, String)> {
    let enrol = ["--json", "token", "enrol", name];
    let made = demo.wicketgate(&[&enrol, arguments].concat())?;
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    anyhow::ensure!(made.status.success(), "{said}");
    let made: Value = serde_json::from_slice(&made.stdout)?;
    let uri = made["uri"].as_str().context("a URI")?;
    let (_, seed) = uri.split_once("?secret=").context("a seed")?;
    let seed = seed.split('&').next().unwrap_or_default().to_owned();
    let id = made["id"].as_str().context("an id")?.to_owned();
    Ok((id, seed))
}

/// The exit status of a verb of `token`, and what was said.
fn token(demo: &Demo, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let done = demo.wicketgate(&[&["token"], arguments].concat())?;
    let said = [done.stdout, done.stderr].concat();
    Ok((done.status.code(), String::from_utf8(said)?))
}

/// The second since 1970.
fn second() -> anyhow::Result<u64> {
    let date = Command::new("date").arg("+%s").output()?;
    Ok(String::from_utf8(date.stdout)?.trim().parse()?)
}

/// A hash function, a count of digits and a period.
type Made<'a> = (&'a str, &'a str, u64);

/// What becomes of a token by the clock: each thing that is typed, the exit status and what was said.
fn by_the_clock(
    demo: &Demo,
    name: &str,
    (algorithm, digits, period): Made<'_>,
    begun: u64,
) -> anyhow::Result<Vec<(String, Option<i32>, String)>> {
    let seconds = period.to_string();
    let order = [
        "--algorithm",
        algorithm,
        "--digits",
        digits,
        "--period",
        &seconds,
    ];
    let (id, seed) = enrol(demo, name, &order)?;
    let (totp, step) = (
        format!("--totp={algorithm}"),
        format!("--time-step-size={period}s"),
    );
    let code = |later: u64| {
        let now = format!("@{}", begun + later);
        oathtool(&[&totp, &step, "--digits", digits, "--now", &now], &seed)
    };
    // A clock may be a step ahead.
    let [first, next, tomorrow] = [code(0)?, code(period)?, code(86_400)?];
    let (head, tail) = next.split_at(3);
    let mut seen = Vec::new();
    for (verb, typed) in [
        ("confirm", tomorrow.clone()),
        ("confirm", first.clone()),
        ("test", first.clone()),
        ("test", format!(" {next}")),
        ("test", format!("{head} {tail}")),
        ("test", format!("+{next}")),
        ("unblock", String::new()),
        ("test", next.clone()),
        ("test", next.clone()),
        ("test", first.clone()),
        ("remove", String::new()),
    ] {
        let code = Some(typed.as_str()).filter(|typed| !typed.is_empty());
        let arguments: Vec<&str> = [verb, &id].into_iter().chain(code).collect();
        let (status, said) = token(demo, &arguments)?;
        seen.push((format!("{verb} `{typed}`"), status, said));
    }
    Ok(seen)
}

#[test]
fn s80_what_oathtool_makes_is_taken_once_by_the_clock() -> anyhow::Result<()> {
    if !skip::has(OATHTOOL) {
        return skip::skip("codes of oathtool", "oathtool is not installed");
    }
    let demo = Demo::start()?;
    let anna = demo.person(0).upn;
    for made in [("sha1", "6", 30), ("sha256", "7", 60), ("sha512", "8", 60)] {
        let (_, _, period) = made;
        let mut begun = second()?;
        let mut seen = by_the_clock(&demo, &anna, made, begun)?;
        // Where the step changed meanwhile, other codes were good.
        while second()? / period != begun / period {
            begun = second()?;
            seen = by_the_clock(&demo, &anna, made, begun)?;
        }
        let expected = [
            (1, "wrong"),
            (0, "confirmed"),
            (1, "used before"),
            (1, "wrong"),
            (1, "wrong"),
            (1, "wrong"),
            (0, "forgotten"),
            (0, "spent"),
            (1, "used before"),
            (1, "used before"),
            (0, "removed"),
        ];
        assert_eq!(seen.len(), expected.len());
        for ((typed, status, said), (expected, word)) in seen.iter().zip(expected) {
            assert_eq!(*status, Some(expected), "{made:?} {typed}: {said}");
            assert!(said.contains(word), "{made:?} {typed}: {said}");
        }
    }
    Ok(())
}

#[test]
fn s80_what_oathtool_makes_is_taken_once_by_the_button() -> anyhow::Result<()> {
    if !skip::has(OATHTOOL) {
        return skip::skip("codes of oathtool", "oathtool is not installed");
    }
    let demo = Demo::start()?;
    let anna = demo.person(0).upn;
    let (id, seed) = enrol(&demo, &anna, &["--counter", "--label", "key ring"])?;
    let code = |counter: u32| oathtool(&["--counter", &counter.to_string()], &seed);
    assert_eq!(token(&demo, &["confirm", &anna, &code(0)?])?.0, Some(0));
    assert_eq!(token(&demo, &["test", &anna, &code(9)?])?.0, Some(0));
    for (counter, expected) in [(9, "used before"), (3, "used before"), (21, "wrong")] {
        let (status, said) = token(&demo, &["test", &id, &code(counter)?])?;
        assert_eq!(status, Some(1), "{counter}");
        assert!(said.contains(expected), "{counter}: {said}");
    }
    let (status, said) = token(&demo, &["resync", &id, &code(30)?, &code(31)?])?;
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(token(&demo, &["test", &id, &code(32)?])?.0, Some(0));

    let (_, listed) = token(&demo, &["list", &anna])?;
    assert!(
        listed.contains("key ring") && listed.contains("HOTP 6 digits"),
        "{listed}"
    );
    let everything = demo.wicketgate(&["--json", "token", "list"])?;
    let trail = demo.wicketgate(&["audit", "list", "--all"])?;
    for told in [&everything.stdout, &trail.stdout] {
        assert!(
            !String::from_utf8_lossy(told).contains(&seed),
            "no seed is told"
        );
    }
    let trail = String::from_utf8(trail.stdout)?;
    for (act, times) in [
        ("enrolled", 1),
        ("confirmed", 1),
        ("tested", 2),
        ("test-failed", 3),
        ("resynchronised", 1),
    ] {
        let act = format!("\"act\":\"{act}\"");
        assert_eq!(trail.matches(&act).count(), times, "{act}: {trail}");
    }
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}

#[test]
fn wrong_codes_are_counted_a_blocked_token_is_shut_and_a_removed_one_is_gone() -> anyhow::Result<()>
{
    if !skip::has(OATHTOOL) {
        return skip::skip("codes of oathtool", "oathtool is not installed");
    }
    let demo = Demo::start()?;
    let anna = demo.person(0).upn;
    let (id, seed) = enrol(&demo, &anna, &["--counter"])?;
    let code = |counter: u32| oathtool(&["--counter", &counter.to_string()], &seed);
    assert_eq!(token(&demo, &["confirm", &id, &code(0)?])?.0, Some(0));
    for _ in 0..5 {
        assert_eq!(token(&demo, &["test", &id, "12345"])?.0, Some(1));
    }
    let (status, said) = token(&demo, &["test", &id, &code(1)?])?;
    assert_eq!(status, Some(1), "the right one is not looked at");
    assert!(said.contains("token unblock"), "{said}");
    assert_eq!(token(&demo, &["unblock", &id])?.0, Some(0));
    assert_eq!(token(&demo, &["test", &id, &code(1)?])?.0, Some(0));
    assert_eq!(token(&demo, &["block", &id])?.0, Some(0));
    let (status, said) = token(&demo, &["test", &id, &code(2)?])?;
    assert_eq!(status, Some(1));
    assert!(said.contains("blocked"), "{said}");
    assert_eq!(token(&demo, &["remove", &id])?.0, Some(0));
    for arguments in [["test", &id, "123456"], ["assign", &id, &anna]] {
        let (status, said) = token(&demo, &arguments)?;
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains("token list"), "{said}");
    }
    let (status, said) = token(&demo, &["enrol", &anna, "--digits", "9"])?;
    assert_eq!(status, Some(2), "{said}");
    let shown = demo.wicketgate(&["token", "enrol", &anna])?;
    let shown = String::from_utf8(shown.stdout)?;
    assert!(
        shown.contains('\u{2588}') && shown.contains("otpauth://totp/"),
        "{shown}"
    );
    Ok(())
}
