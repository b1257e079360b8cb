//! A newcomer pastes the three commands that the demo prints: 200, 401, 401.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use e2e::client::Curl;
use e2e::demo::{Demo, binary};

#[test]
fn pasted_unchanged_they_answer_200_401_401() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut demo = Command::new(binary()?)
        .args(["demo", "--https-port", "0", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = BufReader::new(demo.stdout.take().expect("its output is piped"));
    let mut said = Vec::new();
    for line in out.lines() {
        said.push(line?);
        if said
            .last()
            .is_some_and(|line| line.starts_with("Stop with"))
        {
            break;
        }
    }
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
