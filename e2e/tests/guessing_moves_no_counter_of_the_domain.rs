//! Whatever is guessed at the gate, by whichever channel, no counter of Active Directory moves: nobody can be locked
//! out of the domain from outside, and the gate goes on reaching the back end for whoever is guessed at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::demo::root;
use e2e::directory_gate::{enrol, tell};
use e2e::domain_gate::{DomainGate, base, farm, pool, route, write};
use e2e::messages::{asks_with_token, request_for};
use e2e::skip::skip;

/// Each guesses from an address of its own.
const GUESSERS: u32 = 50;
/// How many guess at the same time.
const AT_A_TIME: usize = 25;
/// By how many channels each guesses.
const CHANNELS: u32 = 5;

/// How often each guesses by each channel: 20,000 in all by night, a tenth of it by day.
fn guesses() -> u32 {
    if std::env::var_os("WICKETGATE_NIGHT").is_some() {
        80
    } else {
        8
    }
}

/// The directory that the gate follows meanwhile, by an account that signs in there and so has counters of its own.
const DIRECTORY: &str = "\n[directory]\ncontrollers = [\"dc1.contoso.test\"]\n\
                         authorities = \"/mnt/tls/ca.pem\"\naccount = \"reader@contoso.test\"\n";

/// The counters of every account but the reader's, as the domain controller has them.
fn counters(lab: &ActiveDirectory) -> anyhow::Result<String> {
    let output = told(lab, &["counters", TOP])?;
    assert!(output.contains("\nalice "), "{output}");
    let lines = output.lines().filter(|line| !line.starts_with("reader "));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Runs a verb of the lab's domain.
fn told(lab: &ActiveDirectory, verb: &[&str]) -> anyhow::Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/domain.py");
    let output = lab
        .command("/usr/bin/python3")
        .arg(script)
        .args(verb)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{verb:?}: {said}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The Python that has pyspnego.
fn python() -> anyhow::Result<Option<PathBuf>> {
    let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(PathBuf::from);
    let python = root().join(named.unwrap_or_else(|| "target/story-venv/bin/python".into()));
    if python.exists() {
        return Ok(Some(python));
    }
    skip(
        "guesses by Negotiate",
        "no Python with pyspnego; `cargo xtask test` makes one",
    )?;
    Ok(None)
}

/// One guesser, who tries every channel and prints the status of each answer.
fn guesser(
    lab: &ActiveDirectory,
    number: u32,
    (token, python): (&str, &Path),
) -> anyhow::Result<Child> {
    let many = format!("?[1-{}]", guesses());
    let curl = format!(
        "curl --silent --output /dev/null --cacert {TOP}/tls/ca.pem --noproxy '*' \
         --interface 127.0.{number}.1 --write-out '%{{http_code}}\\n'"
    );
    let app = format!("'https://app.contoso.test/who.shtml{many}'");
    let web = "https://lyncweb.contoso.test/WebTicket";
    let script = format!(
        "{curl} --ntlm --user 'CONTOSO\\alice:Wrong.{number}' {app}\n\
         {curl} --basic --user 'alice@contoso.test:Wrong.{number}' {app}\n\
         {curl} --header 'Content-Type: text/xml; charset=utf-8' --data '{token}' \
         '{web}/WebTicketService.svc/Auth{many}'\n\
         {curl} --data 'grant_type=password&username=alice%40contoso.test&password=Wrong.{number}' \
         '{web}/oauthtoken{many}'\n\
         '{}' '{}' {TOP}/tls/ca.pem app.contoso.test 127.0.0.12 127.0.{number}.1 /who.shtml 'CONTOSO\\alice' \
         Wrong.{number} {}\n",
        python.display(),
        root().join("e2e/clients/guesses.py").display(),
        guesses(),
    );
    let mut shell = lab.command("sh");
    shell.arg("-c").arg(script);
    Ok(shell.stdout(Stdio::piped()).spawn()?)
}

#[test]
fn t_cred_2_thousands_of_guesses_over_every_channel_lock_nobody_out_of_the_domain()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("guesses move no counter of the domain")? else {
        return Ok(());
    };
    let Some(python) = python()? else {
        return Ok(());
    };
    let config = base() + DIRECTORY + &farm("fe", "lync-fe") + &route("fe") + &pool("fe");
    write(&lab, &config)?;
    tell(&lab, &["db", "migrate"], "")?;
    tell(&lab, &["directory", "set-password"], "Not.for.the.gate.1")?;
    let gate = DomainGate::open(&lab, &config)?;
    let password = enrol(&lab, "alice")?;
    let login = format!("CONTOSO\\alice:{password}");
    let is_let_in = || -> anyhow::Result<()> {
        let asked = [
            "--basic",
            "--user",
            &login,
            "https://app.contoso.test/who.shtml",
        ];
        let seen = gate.curl(&asked)?;
        assert_eq!(seen, (200, "alice@CONTOSO.TEST".to_owned()));
        Ok(())
    };
    is_let_in()?;
    let before = counters(&lab)?;
    let request = request_for("sip:alice@contoso.test", "https://lyncweb.contoso.test/");
    let token = asks_with_token(&request, "CONTOSO\\alice", "Wrong.1");
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let numbers: Vec<u32> = (1..=GUESSERS).collect();
    for some in numbers.chunks(AT_A_TIME) {
        let guessing = some
            .iter()
            .map(|number| guesser(&lab, *number, (&token, &python)));
        for child in guessing.collect::<Result<Vec<_>, _>>()? {
            let said = String::from_utf8(child.wait_with_output()?.stdout)?;
            for status in said.lines() {
                *answers.entry(status.to_owned()).or_default() += 1;
            }
        }
        is_let_in()?;
    }
    let all = usize::try_from(GUESSERS * CHANNELS * guesses())?;
    // A UsernameToken is refused with a fault, a grant as OAuth has it; a guess that could not be checked in time on a busy
    // machine is refused with 503.
    let of =
        |statuses: &[&str]| -> usize { statuses.iter().filter_map(|it| answers.get(*it)).sum() };
    let (refused, unchecked) = (of(&["401", "500", "400"]), of(&["503"]));
    assert_eq!(
        refused + unchecked,
        all,
        "each was answered, and refused: {answers:?}"
    );
    assert!(unchecked * 100 <= all, "{answers:?}");
    let moved = |counters: &str| -> Vec<String> {
        // The gate's own account signs in again by its keytab, once half of its ticket's life has gone.
        let lines = counters
            .lines()
            .map(|line| match line.starts_with("gateway$ ") {
                true => line.splitn(4, ' ').take(3).collect::<Vec<_>>().join(" "),
                false => line.to_owned(),
            });
        lines.collect()
    };
    assert_eq!(moved(&counters(&lab)?), moved(&before), "no counter moved");

    // And this would have been seen.
    told(&lab, &["guess", TOP, "bob"])?;
    let after = counters(&lab)?;
    let of_bob = |counters: &str| {
        let mut lines = counters.lines();
        lines
            .find(|line| line.starts_with("bob "))
            .map(str::to_owned)
    };
    let (before, after) = (of_bob(&before), of_bob(&after));
    assert_ne!(before, after);
    let counted = after.as_deref().and_then(|line| line.split(' ').nth(1));
    assert_eq!(counted, Some("1"), "{after:?}");
    is_let_in()
}
