//! A newcomer pastes the three commands that the demo prints: 200, 401, 401; and signs in as it says to a pool in passive mode.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use e2e::browser::App;
use e2e::client::Curl;
use e2e::demo::{Demo, binary};
use e2e::skip;
use e2e::webdriver::Chromium;

/// What a demo says until it is ready.
fn said_by(demo: &mut Child) -> anyhow::Result<Vec<String>> {
    let out = BufReader::new(demo.stdout.take().context("its output is piped")?);
    let mut said = Vec::new();
    for line in out.lines() {
        let line = line?;
        let is_last = line.starts_with("Stop with");
        said.push(line);
        if is_last {
            break;
        }
    }
    Ok(said)
}

#[test]
fn pasted_unchanged_they_answer_200_401_401() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut demo = Command::new(binary()?)
        .args(["demo", "--https-port", "0", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = said_by(&mut demo)?;
    let commands: Vec<&String> = said
        .iter()
        .filter(|line| line.starts_with("curl "))
        .collect();
    let answers: Vec<String> = commands
        .iter()
        .map(|command| {
            let ran = Command::new("sh")
                .args(["-c", command])
                .output()
                .expect("a shell");
            String::from_utf8_lossy(&ran.stdout).trim().to_owned()
        })
        .collect();
    demo.kill()?;
    demo.wait()?;
    assert_eq!(answers, ["200", "401", "401"], "{said:#?}");
    Ok(())
}

#[test]
fn s79_a_browser_signs_in_with_account_app_password_and_code_as_it_says() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        let reason = "chromium and its driver are not unpacked";
        return skip::skip("a browser signs in as the demo says", reason);
    }
    let folder = tempfile::tempdir()?;
    let mut demo = Command::new(binary()?)
        .args(["demo", "--passive", "--https-port", "0", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = said_by(&mut demo)?;
    let signed_in = signs_in_as(&said);
    demo.kill()?;
    demo.wait()?;
    signed_in.with_context(|| format!("{said:#?}"))
}

/// Signs a browser in by what stands in what the demo said, until it is back at the pool.
fn signs_in_as(said: &[String]) -> anyhow::Result<()> {
    let lines = || said.iter().map(|line| line.trim());
    let page = lines().find(|line| line.ends_with("/PassiveAuth.aspx"));
    let (pool, _) = page
        .and_then(|it| it.split_once("/PassiveAuth/"))
        .context("a page")?;
    let who = lines().find_map(|line| line.split_once("  code of `oathtool --totp -b "));
    let (who, key) = who.context("who signs in")?;
    let (account, app_password) = who
        .split_once("  app password ")
        .context("an app password")?;
    let mut app = App::of_key(key.trim_end_matches('`'))?;
    // The first was spent when it was connected.
    app.code()?;
    let chromium = Chromium::start()?;
    chromium.open(page.context("a page")?)?;
    let code = app.code()?;
    for (field, typed) in [
        ("#user-name", account),
        ("#password", app_password),
        ("#code", &code),
    ] {
        chromium.type_into(field, &format!("{typed}\n"))?;
    }
    e2e::until::until("the browser does not come back to the pool", || {
        let address = chromium.run("return location.href")?;
        Ok(address.as_str().is_some_and(|it| it.starts_with(pool)))
    })
}

#[test]
fn a_second_demo_in_the_same_folder_is_refused_and_the_first_goes_on() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let folder = demo.folder().display().to_string();
    let second = demo.wicketgate(&["demo", "--json", "--https-port", "0", "--dir", &folder])?;
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("a demo runs in"), "{said}");
    assert_eq!(Curl::new(&demo).get(&demo.url("discover"))?.status, 200);
    for domain in ["", "a b", "-a.localhost", "a..localhost", "https://a"] {
        let asked = format!("--domain={domain}");
        let refused = demo.wicketgate(&["demo", "--json", &asked])?;
        assert_eq!(refused.status.code(), Some(2), "`{domain}`");
    }
    Ok(())
}
