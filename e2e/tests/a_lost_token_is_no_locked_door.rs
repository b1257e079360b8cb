//! A token is not at hand: recovery codes that its owner made, and a code that the help desk gave, stand in for it, once
//! each and behind the secret. curl is the browser.

use anyhow::Context;
use e2e::browser::{Browser, SECRET, enrolled, text};
use e2e::demo::{Demo, Person};

/// What comes of typing a code behind the right secret, in a browser of its own.
fn comes_in(demo: &Demo, person: &Person, code: &str) -> anyhow::Result<bool> {
    let browser = Browser::new(demo)?;
    let page = browser.signs_in(&person.upn, SECRET, code)?;
    let is_in = page.body.contains("My devices and tokens");
    assert!(
        is_in || page.body.contains("That did not match"),
        "{}",
        page.body
    );
    Ok(is_in)
}

#[test]
fn a_recovery_code_stands_in_for_a_token_once() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let (browser, _, portal) = enrolled(&demo, &anna)?;
    assert!(portal.body.contains("Recovery codes"), "{}", portal.body);
    let shown = browser.send(&portal, "/recovery-codes", &[])?;
    let codes: Vec<&str> = shown.body.split("<code class=\"key\">").skip(1).collect();
    let codes: Vec<&str> = codes
        .into_iter()
        .filter_map(|it| it.split('<').next())
        .collect();
    assert_eq!(codes.len(), 10, "{}", shown.body);
    assert!(comes_in(&demo, &anna, codes[0])?);
    assert!(!comes_in(&demo, &anna, codes[0])?, "once");
    assert!(comes_in(&demo, &anna, &codes[1].replace('-', ""))?);
    let home = browser.open("/")?;
    assert!(home.body.contains("8 / 10"), "{}", home.body);
    assert!(home.body.contains("a recovery code was used"));
    assert!(!home.body.contains(codes[2]), "they are shown once");
    let listed = demo.wicketgate_json(&["user", "spare-codes", &anna.upn])?;
    assert_eq!(listed.len(), 10);
    let listed = format!("{listed:?}");
    let digits: String = codes[2].chars().filter(char::is_ascii_digit).collect();
    assert!(!listed.contains(codes[2]) && !listed.contains(&digits));
    browser.send(&home, "/recovery-codes", &[])?;
    assert!(!comes_in(&demo, &anna, codes[2])?, "new ones end the old");
    let (_, _, bens) = enrolled(&demo, &demo.person(1))?;
    assert!(text(&bens, "<h2 id=\"recovery\">")?.contains("Recovery codes"));
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}

#[test]
fn the_help_desk_gives_a_code_that_ends() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    enrolled(&demo, &anna)?;
    let give = |more: &[&str]| {
        let arguments = [&["user", "temporary-code", &anna.upn], more].concat();
        demo.wicketgate(&arguments)
    };
    for (wrong, status) in [
        (&["--ends", "73h"][..], 1),
        (&["--ends", "0m"], 1),
        (&["--ends", "soon"], 2),
        (&["--uses", "11"], 2),
        (&["--ends", "8h", "--take-back"], 2),
        (&["--take-back"], 1),
    ] {
        assert_eq!(give(wrong)?.status.code(), Some(status), "{wrong:?}");
    }
    let given = |more: &[&str]| -> anyhow::Result<String> {
        let arguments = [&["user", "temporary-code", &anna.upn], more].concat();
        let given = demo.wicketgate_json(&arguments)?;
        let code = given[0]["temporary_code"].as_str();
        Ok(code.context("a code")?.to_owned())
    };
    let code = given(&["--ends", "8h"])?;
    assert!(comes_in(&demo, &anna, &code)?);
    assert!(!comes_in(&demo, &anna, &code)?, "once");
    let back = given(&[])?;
    assert!(give(&["--take-back"])?.status.success());
    assert!(!comes_in(&demo, &anna, &back)?);
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let made: Vec<_> = events
        .iter()
        .filter(|it| it["event"] == "temporary-code-made")
        .collect();
    assert_eq!(made.len(), 2);
    for event in made {
        assert!(
            event["actor"].is_string() && event["ends"].is_string(),
            "{event}"
        );
    }
    assert!(
        !format!("{events:?}").contains(&code),
        "the audit has no code"
    );
    let output = demo.wicketgate(&["policy", "prove"])?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("temporary code without an end"), "{said}");
    let config = demo.folder().join("wicketgate.toml");
    let endless = std::fs::read_to_string(&config)?.replace("fresh = \"1 hour\"\n", "");
    let beside = demo.folder().join("endless.toml");
    std::fs::write(&beside, endless)?;
    let beside = beside.display().to_string();
    let output = demo.wicketgate(&["--config", &beside, "policy", "prove"])?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("a temporary code without an end"), "{said}");
    Ok(())
}
