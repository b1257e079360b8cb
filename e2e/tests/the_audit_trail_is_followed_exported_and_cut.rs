//! `audit tail`, `export`, `verify --file` and `prune`: what happened is seen as it comes, taken elsewhere, and removed when it
//! is old, and nobody changes any of it unseen.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::Context;
use e2e::demo::Demo;
use e2e::raw::{Raw, tls};
use e2e::sign_in::{Request, basic};
use e2e::until::until;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";

/// A tail that runs, and what it prints.
struct Tail {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Tail {
    fn start(demo: &Demo, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = demo.command(&[&["audit", "tail", "--json"], arguments].concat())?;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let lines = child.stdout.take().context("it prints nothing")?;
        Ok(Self {
            child,
            lines: BufReader::new(lines),
        })
    }

    fn next(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Presses Ctrl-C, and gives what else it printed.
    fn interrupted(mut self) -> anyhow::Result<(String, Option<i32>)> {
        let told = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()?;
        assert!(told.success());
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest)?;
        Ok((rest, self.child.wait()?.code()))
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody is refused, and the trail says so.
fn refused(demo: &Demo, name: &str) -> anyhow::Result<()> {
    let tls = tls(demo, &[])?;
    let mut raw = Raw::connect_to(demo.address(), &tls, MAIL)?;
    let request = Request::new(MAIL, "/EWS/echo").header(&basic(name, "wrong"));
    assert_eq!(raw.exchange(request.text())?.status, 401);
    Ok(())
}

fn said(output: &std::process::Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_tail_prints_what_is_wanted_as_it_comes_until_it_is_told_to_stop() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (anna, other) = (demo.person(0), demo.person(1));
    let since = ["--since", "1 hours"];
    let wanted = [
        "--event",
        "refused",
        "--account",
        &anna.upn,
        "--source",
        "127.0.0.0/8",
    ];
    let mut tail = Tail::start(&demo, &[&since[..], &wanted].concat())?;
    let mut all = Tail::start(&demo, &since)?;
    assert_eq!(
        all.next()?["number"],
        1,
        "what happened in that hour comes first"
    );
    refused(&demo, &anna.upn)?;
    refused(&demo, &other.upn)?;
    let (first, of_all) = (tail.next()?, until_refused(&mut all)?);
    assert_eq!(first, of_all);
    assert_eq!(
        (&first["event"], &first["reason"]),
        (&"refused".into(), &"wrong-secret".into())
    );
    refused(&demo, &anna.upn)?;
    let (second, another) = (tail.next()?, until_refused(&mut all)?);
    assert_ne!(second, another, "the other one is nobody's whom it follows");
    assert_eq!(second, until_refused(&mut all)?);
    let request = second["activity"].as_str().context("a request")?;
    let mut of_request = Tail::start(&demo, &[&since[..], &["--activity", request]].concat())?;
    assert_eq!(of_request.next()?, second);
    for tail in [tail, all, of_request] {
        let (rest, status) = tail.interrupted()?;
        assert_eq!(
            (rest.as_str(), status),
            ("", Some(0)),
            "Ctrl-C is how one ends"
        );
    }
    for (unknown, status) in [
        (["--event", "nonsense"], 2),
        (["--account", "nobody@contoso.localhost"], 1),
        (["--source", "nowhere"], 2),
        (["--since", "yesterday"], 2),
    ] {
        let output = demo.wicketgate(&[&["audit", "tail"], &unknown[..]].concat())?;
        assert_eq!(output.status.code(), Some(status), "{unknown:?}");
    }
    Ok(())
}

/// The next event of a tail that says that somebody was refused.
fn until_refused(tail: &mut Tail) -> anyhow::Result<Value> {
    loop {
        let event = tail.next()?;
        if event["event"] == "refused" {
            return Ok(event);
        }
    }
}

#[test]
fn a_tail_whose_reader_is_gone_ends_well() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let mut command = demo.command(&["audit", "tail"])?;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("it prints nothing")?);
    lines.read_line(&mut String::new())?;
    drop(lines);
    until("it ends with the next event", || {
        refused(&demo, "nobody")?;
        Ok(!std::path::Path::new(&format!("/proc/{}/fd/1", child.id())).exists())
    })?;
    let ended = child.wait_with_output()?;
    assert_eq!((ended.status.code(), said(&ended).as_str()), (Some(0), ""));
    Ok(())
}

#[test]
fn an_exported_file_is_checked_alone_and_by_the_key() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    for _ in 0..5 {
        refused(&demo, "nobody")?;
    }
    let folder = demo.folder();
    let (whole, part) = (folder.join("whole.jsonl"), folder.join("part.jsonl"));
    let [whole, part] = [&whole, &part].map(|it| it.to_str().expect("a folder's name"));
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let keys = config
        .lines()
        .find_map(|it| it.strip_prefix("key_file = \""));
    let keys = folder.join(keys.context("a key file")?.trim_end_matches('"'));
    let keys = keys.to_str().context("a folder's name")?;
    let told = demo.wicketgate_json(&["audit", "export", "--out", whole])?;
    let last = told[0]["last"].as_i64().context("its last event")?;
    let head = format!("{last}:{}", told[0]["head"].as_str().unwrap_or_default());
    demo.wicketgate_json(&["audit", "export", "--from", "3", "--to", "5", "--out", part])?;
    let by_time = demo.wicketgate(&["audit", "export", "--since", "1 hours"])?;
    assert_eq!(
        i64::try_from(String::from_utf8(by_time.stdout)?.lines().count())?,
        last + 2
    );

    // No store is asked: the configuration that is named is nowhere.
    let verify = |arguments: &[&str]| {
        demo.wicketgate(&[&["--config", "/nowhere.toml", "audit", "verify"], arguments].concat())
    };
    let unchecked = verify(&["--file", whole])?;
    assert!(unchecked.status.success() && said(&unchecked).contains("seal was not checked"));
    for file in [whole, part] {
        let checked = verify(&["--file", file, "--key-file", keys])?;
        assert!(checked.status.success(), "{}", said(&checked));
        assert!(said(&checked).contains("sealed with the store's key"));
    }
    assert!(
        verify(&["--file", whole, "--noted", &head])?
            .status
            .success()
    );
    let gone = verify(&["--file", part, "--noted", &head])?;
    assert_eq!(gone.status.code(), Some(1), "{}", said(&gone));

    let text = std::fs::read_to_string(whole)?;
    let changed = text.replacen("wrong-secret", "wrong-tecret", 1);
    let changed = if changed == text {
        text.replacen("unknown-name", "unknown-mane", 1)
    } else {
        changed
    };
    let (cut, _) = text.trim_end().rsplit_once('\n').context("lines")?;
    let forged = text.replacen("\"mac\":\"", "\"mac\":\"00", 1);
    for (text, expected) in [
        (changed.as_str(), "it was changed after it was written"),
        (cut, "the file was cut off"),
        (&*forged, "it was not sealed with that key file"),
        ("nonsense\n", "which begins an export"),
    ] {
        std::fs::write(part, text)?;
        let refused = verify(&["--file", part, "--key-file", keys])?;
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            said(&refused).contains(expected),
            "{expected}: {}",
            said(&refused)
        );
    }
    for (arguments, expected) in [
        (&["--out", whole][..], "is not overwritten"),
        (&["--to", "100000"], "the trail ends at event"),
        (&["--from", "0"], "the trail begins at event 1"),
        (&["--from", "5", "--to", "4"], "no event is in that range"),
    ] {
        let refused = demo.wicketgate(&[&["audit", "export"], arguments].concat())?;
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(
            said(&refused).contains(expected),
            "{arguments:?}: {}",
            said(&refused)
        );
    }
    Ok(())
}

#[test]
fn old_events_go_and_the_rest_still_verifies() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    for _ in 0..5 {
        refused(&demo, "nobody")?;
    }
    let verified = |first: i64| {
        let told = demo.wicketgate_json(&["audit", "verify"])?;
        assert_eq!(told[0]["first"], first);
        anyhow::Ok(told[0]["events"].as_i64().unwrap_or_default())
    };
    let before = verified(1)?;
    let none = demo.wicketgate_json(&["audit", "prune", "--before", "1 days"])?;
    assert_eq!(
        (&none[0]["events"], &none[0]["removed"]),
        (&0.into(), &false.into())
    );
    let dry = demo.wicketgate_json(&["audit", "prune", "--before", "0 minutes", "--dry-run"])?;
    assert_eq!(dry[0]["events"], before - 1, "the last stays");
    assert_eq!(verified(1)?, before);
    let pruned = demo.wicketgate_json(&["audit", "prune", "--before", "0 minutes"])?;
    assert_eq!(
        (&pruned[0]["last"], &pruned[0]["removed"]),
        (&(before - 1).into(), &true.into())
    );
    assert_eq!(verified(before)?, before + 1);
    let listed = demo.wicketgate_json(&["audit", "list", "--all"])?;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1]["event"], "trail-cut");
    refused(&demo, "nobody")?;
    assert_eq!(verified(before)?, before + 2);
    let future = demo.wicketgate(&["audit", "prune", "--before", "2999-01-01"])?;
    assert_eq!(future.status.code(), Some(2));
    assert!(said(&future).contains("is in the future"));
    let gone = demo.wicketgate(&["audit", "export", "--from", "1"])?;
    assert!(said(&gone).contains(&format!("the trail begins at event {before}")));
    Ok(())
}
