//! A newcomer pastes the three commands that the demo prints: 200, 401, 401.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use e2e::demo::binary;

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
