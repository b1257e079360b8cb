//! `wicketgate user invite`: one person by a link that is printed, or many of a file or a group, by links, letters or mails.
//! Doing it again invites nobody twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use authn::account::Account;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::user::Invited;
use super::{CliError, Output};
use crate::wiring::{Became, Desk, Inviting, Way, each_once};

/// How long a file of names may be.
const MAX_FILE: u64 = 8 * 1024 * 1024;
/// How many people are invited by one call.
const MAX_PEOPLE: usize = 100_000;
/// How often a long call says that it is not stuck.
const TICK: Duration = Duration::from_secs(2);

pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate user invite anna@contoso.com
  wicketgate user invite anna@contoso.com --hours 24
  wicketgate user invite --group 'Portal users' --letters /root/letters --dry-run
  wicketgate user invite --file people.txt --mail --hours 168

Give each link to its owner by a way that only they read, as a letter; a link that was made before ends. Of a file or a
group, whoever is enrolled, or holds an invitation that stands, is passed over and said, so that the same call may be made
again; --again makes another in the place of one that stands.";

/// Whom, and how.
#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// Any name of the account
    #[arg(required_unless_present_any = ["group", "file"], conflicts_with_all = ["group", "file"])]
    name: Option<String>,
    /// Everybody here who is of a group of the directory: its name, or its SID
    #[arg(long, conflicts_with = "file")]
    group: Option<String>,
    /// Everybody whom a file names, one a line; what follows a # is not read
    #[arg(long)]
    file: Option<PathBuf>,
    /// End each after so many hours, from 1 to 720
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u16).range(1..=720))]
    hours: u16,
    /// Only say who would be invited
    #[arg(long)]
    dry_run: bool,
    /// Invite those anew whose invitation stands; it ends
    #[arg(long)]
    again: bool,
    /// Write a letter for each into this folder, and print no link
    #[arg(long, value_name = "DIR", conflicts_with = "mail")]
    letters: Option<PathBuf>,
    /// Send each by mail to the account's first address, and print no link
    #[arg(long)]
    mail: bool,
}

/// What became of one of many, as it is printed.
#[derive(Serialize)]
struct Line {
    account: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<Timestamp>,
}

/// Does it.
///
/// # Errors
///
/// A name leads nowhere, somebody could not be invited, or the store is unavailable.
pub(super) async fn run(desk: &Desk, invite: Invite, output: &Output) -> Result<(), CliError> {
    let lasting = SignedDuration::from_hours(invite.hours.into());
    let is_plain = invite.letters.is_none() && !invite.mail && !invite.dry_run;
    if let (Some(name), true) = (&invite.name, is_plain) {
        let (link, ends) = desk.invite(name, lasting).await?;
        return Invited::new(name.clone(), link, ends).say(output);
    }
    let people = people(desk, &invite).await?;
    let way = match (invite.letters, invite.mail) {
        (Some(folder), _) => Way::Letter(folder_for(folder, invite.dry_run)?),
        (None, true) => Way::Mail(Box::new(desk.mails()?)),
        (None, false) => Way::Printed,
    };
    let how = Inviting {
        lasting,
        is_dry: invite.dry_run,
        again: invite.again,
        way,
    };
    each(desk, (&people, &how), output).await
}

/// Everybody who is meant.
async fn people(desk: &Desk, invite: &Invite) -> Result<Vec<Account>, CliError> {
    let found = match (&invite.name, &invite.group, &invite.file) {
        (_, Some(group), _) => desk.members_of(group).await?,
        (_, _, Some(file)) => named(desk, file).await?,
        (name, None, None) => vec![desk.account(name.as_deref().unwrap_or_default()).await?],
    };
    let people = each_once(found);
    match people.len() <= MAX_PEOPLE {
        true => Ok(people),
        false => Err(CliError::refused(format!(
            "those are more than {MAX_PEOPLE} people; take them in parts"
        ))),
    }
}

/// Everybody whom a file names; nobody is invited where one of the names leads nowhere.
async fn named(desk: &Desk, file: &Path) -> Result<Vec<Account>, CliError> {
    let cannot = |error: std::io::Error| CliError::usage(format!("{}: {error}", file.display()));
    if std::fs::metadata(file).map_err(cannot)?.len() > MAX_FILE {
        let message = format!("{}: it is longer than {MAX_FILE} bytes", file.display());
        return Err(CliError::usage(message));
    }
    let text = std::fs::read_to_string(file).map_err(cannot)?;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let name = line.split('#').next().unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        let account = desk.account(name).await.map_err(|error| match error {
            CliError::Refused(why) => {
                let place = number.saturating_add(1);
                CliError::refused(format!("{}:{place}: {why}", file.display()))
            }
            other => other,
        })?;
        found.push(account);
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(CliError::usage(format!(
            "{}: it names nobody; a name is expected on each line",
            file.display()
        ))),
    }
}

/// The folder of the letters, made where it is missing.
fn folder_for(folder: PathBuf, is_dry: bool) -> Result<PathBuf, CliError> {
    use std::os::unix::fs::DirBuilderExt as _;

    if !is_dry {
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| {
            CliError::usage(format!("`{}` cannot be made: {error}", folder.display()))
        })?;
    }
    Ok(folder)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is told to whoever waits"
)]
async fn each(
    desk: &Desk,
    (people, how): (&[Account], &Inviting),
    output: &Output,
) -> Result<(), CliError> {
    let ports = desk.inviting_ports();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut told = Instant::now();
    for (number, account) in people.iter().enumerate() {
        let became = desk.invite_one((&ports, account), how).await?;
        let line = line(account, became, how.is_dry);
        let count = counts.entry(line.state).or_default();
        *count = count.saturating_add(1);
        output.print(&line, said)?;
        if told.elapsed() >= TICK {
            told = Instant::now();
            let done = number.saturating_add(1);
            output.remark(&format!("{done} of {} are done", people.len()));
        }
    }
    let report: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    output.remark(&report.join(", "));
    match counts.get(FAILED) {
        None => Ok(()),
        Some(count) => Err(CliError::refused(format!(
            "{count} could not be invited; the same call does the rest"
        ))),
    }
}

const FAILED: &str = "failed";

fn line(account: &Account, became: Became, is_dry: bool) -> Line {
    let line = Line {
        account: account.upn.clone(),
        state: FAILED,
        why: None,
        link: None,
        to: None,
        ends: None,
    };
    match became {
        Became::Invited { ends, link, to } => Line {
            state: match is_dry {
                true => "would be invited",
                false => "invited",
            },
            link: link.map(|it| it.expose().clone()),
            to,
            ends: Some(ends),
            ..line
        },
        Became::Skipped(standing) => Line {
            state: "passed over",
            why: Some(standing.to_string()),
            ..line
        },
        Became::Failed(why) => Line {
            why: Some(why),
            ..line
        },
    }
}

fn said(line: &Line) -> String {
    let mut parts = vec![line.account.clone(), line.state.to_owned()];
    parts.extend(line.why.clone());
    parts.extend(line.ends.map(|ends| format!("until {ends}")));
    parts.extend(line.to.clone());
    parts.extend(line.link.clone());
    parts.join("  ")
}
