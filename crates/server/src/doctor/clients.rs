//! Who would be shut out by passive mode (S71): clients that were seen, from logs of this gate, of IIS or of
//! another proxy.
//!
//! A log is whatever people bring: a line that is none of these is passed over, and a file without any is an
//! error. Start at [`clients_in`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Finding;
use super::agents::{Can, Client, client};

/// Most bytes of a line; what is beyond is taken for another line.
const MAX_LINE: u64 = 64 * 1024;
/// Most agents that are told apart.
const MAX_AGENTS: usize = 10_000;
/// Most people that are remembered of an agent.
const MAX_PEOPLE: usize = 1000;
/// Most people that are named in a sentence.
const MAX_NAMED: usize = 5;
/// Paths of Exchange, lower case: passive mode of Lync does not change them.
const EXCHANGE: [&str; 8] = [
    "/ews",
    "/autodiscover/autodiscover.",
    "/mapi",
    "/oab",
    "/microsoft-server-activesync",
    "/owa",
    "/ecp",
    "/rpc",
];

/// What a line tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    agent: String,
    who: String,
    path: String,
}

/// What was seen of an agent.
#[derive(Debug, Default)]
struct Seen {
    requests: u64,
    people: BTreeSet<String>,
}

/// The clients in logs that would break, or of which nobody knows.
///
/// # Errors
///
/// A file cannot be read, or holds no line of a log with user agents; it is named.
pub(crate) fn clients_in(files: &[PathBuf]) -> Result<Vec<Finding>, String> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut is_full = false;
    for file in files {
        let entries = read(file, |entry| {
            if seen.len() >= MAX_AGENTS && !seen.contains_key(&entry.agent) {
                is_full = true;
                return;
            }
            let of_agent = seen.entry(entry.agent).or_default();
            of_agent.requests = of_agent.requests.saturating_add(1);
            if !entry.who.is_empty() && of_agent.people.len() < MAX_PEOPLE {
                of_agent.people.insert(entry.who);
            }
        });
        match entries {
            Ok(0) => {
                let path = file.display();
                return Err(format!(
                    "{path}: no line of it is a log's that tells user agents"
                ));
            }
            Ok(_) => {}
            Err(error) => return Err(format!("{}: {error}", file.display())),
        }
    }
    let mut findings = judged(&seen);
    if is_full {
        let what = format!(
            "more than {MAX_AGENTS} kinds of clients were seen; the rest was not looked at"
        );
        findings.push(Finding::warning(
            "clients-incomplete",
            what,
            "give fewer logs at once",
        ));
    }
    findings.sort_by_key(|it| it.severity);
    Ok(findings)
}

/// One finding for each kind of client that breaks, and for each agent that nobody knows.
fn judged(seen: &BTreeMap<String, Seen>) -> Vec<Finding> {
    let mut breaking: BTreeMap<Client, (Seen, &str)> = BTreeMap::new();
    let mut findings = Vec::new();
    for (agent, of_agent) in seen {
        let client = client(agent);
        match client.can {
            Can::Yes => {}
            Can::No => {
                let (all, _) = breaking.entry(client).or_insert((Seen::default(), agent));
                all.requests = all.requests.saturating_add(of_agent.requests);
                all.people.extend(of_agent.people.iter().cloned());
            }
            Can::Unknown => {
                let told = told(of_agent);
                let what = format!("`{agent}` is {}: {told}", client.name);
                findings.push(Finding::warning("client-unknown", what, client.mend));
            }
        }
    }
    for (client, (all, agent)) in breaking {
        let told = told(&all);
        let what = format!(
            "{} (as `{agent}`) cannot sign in at a page: {told}",
            client.name
        );
        findings.push(Finding::error(
            "client-breaks-in-passive-mode",
            what,
            client.mend,
        ));
    }
    findings
}

fn told(seen: &Seen) -> String {
    let named: Vec<&str> = seen
        .people
        .iter()
        .take(MAX_NAMED)
        .map(String::as_str)
        .collect();
    let rest = seen.people.len().saturating_sub(named.len());
    let people = match (named.is_empty(), rest) {
        (true, _) => "nobody by name".to_owned(),
        (false, 0) => named.join(", "),
        (false, rest) => format!("{} and {rest} more", named.join(", ")),
    };
    format!("{people}, {} requests", seen.requests)
}

/// Reads a log; says how many of its lines told an agent, of whatever service.
fn read(file: &Path, mut take: impl FnMut(Entry)) -> std::io::Result<usize> {
    let mut reader = BufReader::new(File::open(file)?);
    let mut columns = Vec::new();
    let mut count = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(count);
        }
        let Some(entry) = entry(&String::from_utf8_lossy(&line), &mut columns) else {
            continue;
        };
        count += 1;
        let path = entry.path.to_ascii_lowercase();
        let is_exchange = EXCHANGE.iter().any(|it| path.starts_with(it));
        // Whoever calls itself nothing and is nobody asks whether the gate is there.
        let is_somebody = !entry.agent.is_empty() || !entry.who.is_empty();
        if is_somebody && !is_exchange {
            take(entry);
        }
    }
}

/// What a line tells, in any of four shapes; `columns` are those of IIS, where its heading was read.
fn entry(line: &str, columns: &mut Vec<String>) -> Option<Entry> {
    let line = line.trim();
    if let Some(named) = line.strip_prefix("#Fields:") {
        *columns = named.split_whitespace().map(str::to_owned).collect();
        return None;
    }
    if line.starts_with('#') {
        return None;
    }
    let found = of_json(line).or_else(|| of_text(line));
    let found = found
        .or_else(|| of_iis(line, columns))
        .or_else(|| of_proxy(line))?;
    let none_where_dash = |text: String| if text == "-" { String::new() } else { text };
    Some(Entry {
        agent: none_where_dash(found.agent),
        who: none_where_dash(found.who),
        path: found.path,
    })
}

/// A line of this gate's log as JSON.
fn of_json(line: &str) -> Option<Entry> {
    let value: Value = serde_json::from_str(line).ok()?;
    let fields = value.get("fields").unwrap_or(&value);
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Entry {
        agent: text("agent")?,
        who: text("who").unwrap_or_default(),
        path: text("path").unwrap_or_default(),
    })
}

/// The same as text: `who="..." agent="..."`, with quotation marks escaped.
fn of_text(line: &str) -> Option<Entry> {
    Some(Entry {
        agent: quoted(line, " agent=\"")?,
        who: quoted(line, " who=\"").unwrap_or_default(),
        path: quoted(line, " path=\"").unwrap_or_default(),
    })
}

fn quoted(line: &str, begins: &str) -> Option<String> {
    let (_, rest) = line.split_once(begins)?;
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
}

/// A line of IIS, whose heading says which column is which; spaces of an agent are written as `+`.
fn of_iis(line: &str, columns: &[String]) -> Option<Entry> {
    let values: Vec<&str> = line.split(' ').collect();
    if columns.is_empty() || values.len() != columns.len() {
        return None;
    }
    let value = |name: &str| {
        let at = columns
            .iter()
            .position(|it| it.eq_ignore_ascii_case(name))?;
        values.get(at).map(|it| (*it).to_owned())
    };
    Some(Entry {
        agent: value("cs(User-Agent)")?.replace('+', " "),
        who: value("cs-username").unwrap_or_default(),
        path: value("cs-uri-stem").unwrap_or_default(),
    })
}

/// A line of another proxy, in the combined format: `... - who [...] "GET /path ..." 200 1 "referer" "agent"`.
fn of_proxy(line: &str) -> Option<Entry> {
    let parts: Vec<&str> = line.split('"').collect();
    let [before, request, _, _, _, agent, ..] = parts.as_slice() else {
        return None;
    };
    let who = before.split(' ').nth(2).unwrap_or_default();
    let path = request.split(' ').nth(1)?;
    Some(Entry {
        agent: (*agent).to_owned(),
        who: who.to_owned(),
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    const OLD: &str = "UCCAPI/4.0.7577.314 OC/4.0.7577.314 (Microsoft Lync 2010)";
    const NEW: &str = "UCCAPI/16.0.1.1 OC/16.0.1.1 (Skype for Business)";

    fn found(log: &str) -> Result<Vec<Finding>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.log");
        std::fs::write(&file, log).unwrap();
        let shorter = |error: String| error.rsplit('/').next().unwrap_or_default().to_owned();
        clients_in(&[file]).map_err(shorter)
    }

    fn json(agent: &str, who: &str, path: &str) -> String {
        let fields = serde_json::json!({"agent": agent, "who": who, "path": path});
        serde_json::json!({"level": "INFO", "target": "access", "fields": fields}).to_string()
    }

    #[test]
    fn s71_who_would_break_is_told_from_each_kind_of_log() {
        let ticket = "/WebTicket/WebTicketService.svc";
        let ours = json(OLD, "anna", ticket);
        let text = format!(
            "2026-01-01T00:00:00Z  INFO access: activity=\"1\" path=\"{ticket}\" who=\"anna\" agent=\"{OLD}\" status=200"
        );
        let iis = format!(
            "#Software: IIS\n#Fields: date cs-uri-stem cs-username cs(User-Agent) sc-status\n2026-01-01 {ticket} anna {} 200",
            OLD.replace(' ', "+")
        );
        let proxy = format!(
            "10.0.0.1 - anna [01/Jan/2026] \"POST {ticket} HTTP/1.1\" 200 1 \"-\" \"{OLD}\""
        );
        for log in [ours, text, iis, proxy] {
            let findings = found(&log).unwrap();
            assert_eq!(findings.len(), 1, "{log}");
            assert_eq!(findings[0].id, "client-breaks-in-passive-mode");
            assert_eq!(findings[0].severity, Severity::Error);
            assert!(
                findings[0]
                    .what
                    .ends_with("cannot sign in at a page: anna, 1 requests")
            );
        }
    }

    #[test]
    fn who_can_and_who_is_not_lync_s_are_met_with_silence() {
        let log = [
            json(NEW, "anna", "/WebTicket/WebTicketService.svc"),
            json("Apple-iPhone/1", "anna", "/Microsoft-Server-ActiveSync"),
            json("Outlook", "anna", "/Autodiscover/Autodiscover.xml"),
            json("", "", "/"),
            "something else".to_owned(),
        ];
        assert_eq!(found(&log.join("\n")), Ok(Vec::new()));
    }

    #[test]
    fn a_client_that_nobody_knows_is_said_to_be_unknown() {
        let log = json(
            "strange/1\u{1b}[2J",
            "bob",
            "/Autodiscover/AutodiscoverService.svc/root",
        );
        let findings = found(&log).unwrap();
        assert_eq!(findings[0].id, "client-unknown");
        assert!(
            findings[0]
                .what
                .starts_with("`strange/1?[2J` is a client that nobody knows: bob")
        );
    }

    #[test]
    fn many_people_are_counted_and_few_are_named() {
        let lines: Vec<String> = (0..9).map(|it| json(OLD, &format!("p{it}"), "/")).collect();
        let findings = found(&lines.join("\n")).unwrap();
        assert!(
            findings[0]
                .what
                .ends_with("p0, p1, p2, p3, p4 and 4 more, 9 requests")
        );
    }

    #[test]
    fn nothing_is_read_beyond_its_caps() {
        let long = "x".repeat(3 * 64 * 1024);
        assert!(found(&long).is_err());
        let lines = (0..=MAX_AGENTS).map(|it| json(&format!("Mozilla/{it}"), "a", "/"));
        let findings = found(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        assert_eq!(findings[0].id, "clients-incomplete");
    }

    #[test]
    fn a_file_that_is_no_log_is_an_error() {
        assert_eq!(
            found("hello\nworld\n"),
            Err("x.log: no line of it is a log's that tells user agents".to_owned())
        );
        assert!(clients_in(&[PathBuf::from("/nowhere/x.log")]).is_err());
    }

    #[test]
    fn a_path_cannot_forge_an_agent() {
        let line = "INFO access: path=\"/x\\\" agent=\\\"Mozilla/5.0\" who=\"\" agent=\"real\\\"/1\" status=200";
        let entry = entry(line, &mut Vec::new()).unwrap();
        assert_eq!(entry.agent, "real\"/1");
    }
}
