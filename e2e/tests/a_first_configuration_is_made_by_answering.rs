//! `wicketgate init`: answers that come by standard input make a configuration that `check` finds right;
//! what is there already is never overwritten.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::Context;

use e2e::demo::{Demo, binary};

fn init(folder: &std::path::Path, answers: &str) -> anyhow::Result<Output> {
    told(folder, &["--config", "sub/gate.toml", "init"], answers)
}

fn told(folder: &std::path::Path, arguments: &[&str], answers: &str) -> anyhow::Result<Output> {
    let mut child = Command::new(binary()?)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // A program that refuses at once has closed its input.
    let _ = child
        .stdin
        .take()
        .expect("piped")
        .write_all(answers.as_bytes());
    Ok(child.wait_with_output()?)
}

#[test]
fn piped_answers_make_a_configuration_that_passes_check() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    std::fs::create_dir(demo.folder().join("sub"))?;
    let answers = "CONTOSO\ncontoso.localhost\n127.0.0.1:0\n\n-\n../gate-ecdsa.pem\n../gate-ecdsa.key\n\
                   ../gate-rsa.pem\n../gate-rsa.key\n../ca.pem\n\n\n\n\n\n\n\n\nnew.db\nnew.keys\n-\n-\n\n\n\n\n";
    let made = init(demo.folder(), answers)?;
    let said = String::from_utf8(made.stdout)?;
    let asked = String::from_utf8(made.stderr)?;
    assert!(made.status.success(), "{asked}");
    for next in [
        "serve",
        "user add 'CONTOSO\\anna'",
        "app-password create",
        "warning: users are named to back ends by a signed header",
    ] {
        assert!(said.contains(next), "{said}");
    }
    let file = demo.folder().join("sub/gate.toml");
    let file = file.to_str().expect("a path");
    let checked = demo.wicketgate(&["--config", file, "check"])?;
    let said = String::from_utf8(checked.stdout)?;
    assert!(
        checked.status.success() && said.contains("lyncweb.contoso.localhost"),
        "{said}"
    );
    assert!(said.contains("autodiscover.contoso.localhost"), "{said}");

    let written = std::fs::read_to_string(file)?;
    let again = init(demo.folder(), answers)?;
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(file)?, written);
    Ok(())
}

/// Nothing is written: such a gate would let nobody in anywhere.
#[test]
fn neither_lync_nor_exchange_is_no_configuration() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("sub"))?;
    let answers = format!("{}-\n\n\n\n-\n{}", "\n".repeat(10), "\n".repeat(11));
    let made = init(folder.path(), &answers)?;
    let said = String::from_utf8(made.stderr)?;
    assert_eq!(made.status.code(), Some(2), "{said}");
    assert!(said.contains("neither Lync nor Exchange"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path().join("sub"))?.count(), 0);
    Ok(())
}

#[test]
fn what_is_not_right_is_named_and_the_answers_are_kept() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("sub"))?;
    let made = init(folder.path(), "CONTOSO\n")?;
    let said = String::from_utf8(made.stderr)?;
    assert_eq!(made.status.code(), Some(2), "{said}");
    assert!(
        said.contains("the answers ended before `dns_domain`, and nothing was written"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(folder.path().join("sub"))?.count(), 0);
    let made = init(folder.path(), &"\n".repeat(26))?;
    let said = String::from_utf8(made.stderr)?;
    assert_eq!(made.status.code(), Some(2), "{said}");
    let last = said.lines().last().expect("a line");
    assert!(
        last.contains("sub/gate.toml:") && last.contains("is written"),
        "{last}"
    );
    Ok(())
}

/// The script for Windows makes the accounts before the gate has begun anything; the file is named as it lies there.
#[test]
fn the_directory_s_password_is_taken_before_there_is_a_store() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let sub = demo.folder().join("sub");
    std::fs::create_dir(&sub)?;
    let answers = "CONTOSO\ncontoso.localhost\n127.0.0.1:0\n\n-\n../gate-ecdsa.pem\n../gate-ecdsa.key\n\
                   ../gate-rsa.pem\n../gate-rsa.key\n../ca.pem\n\n\n\n\n\n\n\n\nnew.db\nnew.keys\n-\n";
    let user = init(demo.folder(), &format!("{answers}svc-gate\n\n\n\n\n"))?;
    let said = String::from_utf8(user.stderr)?;
    assert_eq!(user.status.code(), Some(2), "{said}");
    assert!(said.contains("`svc-gate$`"), "{said}");
    assert_eq!(std::fs::read_dir(&sub)?.count(), 0, "nothing was written");

    let made = init(demo.folder(), &format!("{answers}\n\n\n\n\n"))?;
    assert!(made.status.success(), "{made:?}");
    assert!(!sub.join("new.db").exists());
    let arguments = ["--config", "gate.toml", "directory", "set-password"];
    let set = told(&sub, &arguments, "Not.for.the.gate.1\n")?;
    assert!(set.status.success(), "{set:?}");
    assert!(sub.join("new.db").exists() && sub.join("new.keys").exists());

    // Without a directory there is nothing to set, and no store is made for it.
    let text = std::fs::read_to_string(sub.join("gate.toml"))?;
    let (before, after) = text.split_once("[directory]").context("no [directory]")?;
    let (_, after) = after.split_once("\n[").context("nothing behind it")?;
    let text = format!("{before}[{after}").replace("new.", "other.");
    std::fs::write(sub.join("gate.toml"), text)?;
    let refused = told(&sub, &arguments, "Not.for.the.gate.1\n")?;
    let said = String::from_utf8(refused.stderr)?;
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("no [directory]"), "{said}");
    assert!(!sub.join("other.db").exists() && !sub.join("other.keys").exists());
    Ok(())
}
