//! `wicketgate doctor`: what is wrong with a deployment, and the command that mends it.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gss::Principal;

use super::{CliError, Output};
use crate::clock;
use crate::config::{self, Settings};
use crate::deployment::Deployment;
use crate::doctor::wire::{self, Prerequisite, State, Step};
use crate::doctor::{
    Finding, Severity, changed, clients_in, facts_of, judge, judge_accounts, of_grants, of_pins,
    of_trusts,
};
use crate::look::{self, Beside};

const EXAMPLES: &str = "\
Examples:
  wicketgate doctor                                  looks at what the configuration names, and changes nothing
  wicketgate doctor --inside 10.0.0.53 --outside 9.9.9.9 --sip sip.contoso.com:443
  wicketgate doctor sign-in alice                    one real sign-in at each back end, by Kerberos
  wicketgate doctor prerequisites                    what must be so, and whether it is
  wicketgate script facts > facts.ps1                read-only; run it on Windows, bring its file back
  wicketgate doctor --facts exch01.json --facts fe01.json --facts ad.json
  wicketgate doctor --clients access.log             who would break in passive mode

Nothing is printed and the exit status is 0 where nothing is wrong; it is 1 where something was found, and
2 where a file holds nothing to judge.";

const SIGNING_IN: &str = "\
Examples:
  wicketgate doctor sign-in alice
  wicketgate doctor sign-in alice --to exchange --expect-ep exchange

The user's own secret plays no part: it is what the gate's account may do. Each step says what came of it; the
request is a GET that changes nothing.";

/// Where files are judged, nothing is looked at.
const LOOKING: [&str; 4] = ["inside", "outside", "sip", "around"];

/// What is to be examined; without files, what the configuration names.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// A file that the script of `wicketgate script facts` wrote; several are read as one
    #[arg(long, value_name = "FILE", conflicts_with_all = LOOKING)]
    facts: Vec<PathBuf>,
    /// A file of the same script from before the external site was set up: what clients inside use must be the same
    #[arg(long, value_name = "FILE", requires = "facts")]
    before: Vec<PathBuf>,
    /// A log of this gate, of IIS or of another proxy: which clients would break in passive mode
    #[arg(long, value_name = "LOGFILE", conflicts_with_all = LOOKING)]
    clients: Vec<PathBuf>,
    #[command(flatten)]
    beside: BesideArguments,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Sign a user in at each back end that is told by Kerberos, and say how far that comes
    #[command(after_help = SIGNING_IN)]
    SignIn(SignInArguments),
    /// List what must be so for the gate to work, and whether it is
    Prerequisites(BesideArguments),
}

/// What the configuration does not name.
#[derive(Debug, Args)]
struct BesideArguments {
    /// A resolver of the LAN: names of the external site must lead nowhere there
    #[arg(long, value_name = "RESOLVER", value_parser = resolver)]
    inside: Option<SocketAddr>,
    /// A resolver of the Internet: published names must lead to the gate there, and back ends' own nowhere
    #[arg(long, value_name = "RESOLVER", value_parser = resolver)]
    outside: Option<SocketAddr>,
    /// A SIP edge: what it offers to clients
    #[arg(long, value_name = "HOST:PORT", value_parser = place)]
    sip: Vec<String>,
    /// An address that must not answer for a published name, as it is not the gate
    #[arg(long, value_name = "HOST:PORT", value_parser = place)]
    around: Vec<String>,
}

#[derive(Debug, Args)]
struct SignInArguments {
    /// The account, by its sAMAccountName
    user: String,
    /// One farm; every one that is told by Kerberos where it is left out
    #[arg(long, value_name = "FARM")]
    to: Option<String>,
    /// A farm that must refuse a token without a channel binding (Extended Protection)
    #[arg(long, value_name = "FARM")]
    expect_ep: Vec<String>,
}

impl Arguments {
    /// Whether it looks at the deployment itself, and not at files alone.
    pub(super) fn looks(&self) -> bool {
        self.verb.is_some() || (self.facts.is_empty() && self.clients.is_empty())
    }
}

/// Examines.
///
/// # Errors
///
/// Something is wrong (exit status 1), or a file or the configuration cannot be read (2).
pub(crate) async fn run(
    file: &Path,
    arguments: Arguments,
    process: Option<&gss::Process>,
    output: &Output,
) -> Result<(), CliError> {
    let settings = config::load(file)?;
    let looks = arguments.looks();
    let beside = match arguments.verb {
        Some(Verb::SignIn(wanted)) => return sign_in(&settings, wanted, process, output).await,
        Some(Verb::Prerequisites(beside)) => {
            let (seen, accounts) = looked(&settings, &beside.into(), process).await;
            let mut listed = wire::prerequisites(&seen);
            listed.push(wire::of_accounts(accounts.as_deref()));
            listed.push(look::shape(&settings).await);
            listed.extend(look::stays(&settings));
            return prerequisites(&listed, output);
        }
        None => arguments.beside.into(),
    };
    if looks {
        let (seen, accounts) = looked(&settings, &beside, process).await;
        let mut findings = wire::judge(&seen);
        findings.extend(accounts.unwrap_or_default());
        findings.extend(look::apart(&settings).await);
        findings.extend(look::unknown_parties(&settings).await);
        findings.extend(of_pins(settings.ntlm_pin));
        findings.extend(trusts(&settings).await);
        findings.extend(of_grants(&settings.policy));
        findings.sort_by_key(|it| it.severity);
        return report(&findings, output);
    }
    let mut findings = Vec::new();
    if !arguments.facts.is_empty() {
        let facts = facts_of(&arguments.facts).map_err(CliError::usage)?;
        findings.extend(judge(&facts, &Deployment::of(&settings)));
        if !arguments.before.is_empty() {
            let before = facts_of(&arguments.before).map_err(CliError::usage)?;
            findings.extend(changed(&before, &facts));
        }
    }
    if !arguments.clients.is_empty() {
        findings.extend(clients_in(&arguments.clients).map_err(CliError::usage)?);
    }
    report(&findings, output)
}

/// What is seen from the wire, and what is wrong in the directory where there is one.
async fn looked(
    settings: &Settings,
    beside: &Beside,
    process: Option<&gss::Process>,
) -> (Vec<wire::Seen>, Option<Vec<Finding>>) {
    let looking = look::look(settings, beside, process);
    let (seen, accounts) = tokio::join!(looking, look::accounts(settings));
    let judged = |read| judge_accounts(&read, &Deployment::of(settings));
    (seen, accounts.map(judged))
}

/// What is said of the trusts, where tokens are issued.
async fn trusts(settings: &Settings) -> Vec<Finding> {
    match look::trusts(settings).await {
        None => Vec::new(),
        Some(Ok(found)) => of_trusts(&found, clock::now()),
        Some(Err(why)) => {
            let what = format!("the trusts cannot be read: {why}");
            vec![Finding::warning(
                "trusts-silent",
                what,
                "wicketgate trust list",
            )]
        }
    }
}

async fn sign_in(
    settings: &Settings,
    wanted: SignInArguments,
    process: Option<&gss::Process>,
    output: &Output,
) -> Result<(), CliError> {
    let (Some(kerberos), Some(process)) = (&settings.kerberos, process) else {
        let message = "nobody signs in by Kerberos: the configuration has no [kerberos]";
        return Err(CliError::usage(message));
    };
    for farm in wanted.to.iter().chain(&wanted.expect_ep) {
        let by_kerberos =
            |it: &config::settings::Farm| it.members.iter().all(|it| it.spn.is_some());
        if !settings.farms.get(farm).is_some_and(by_kerberos) {
            let message = format!("no farm that is told by Kerberos (`spn`) is called `{farm}`");
            return Err(CliError::usage(message));
        }
    }
    let user = Principal::new(&wanted.user, &kerberos.realm);
    let wanted = look::SignIn {
        user: user.map_err(|error| CliError::usage(error.to_string()))?,
        to: wanted.to,
        must_demand: wanted.expect_ep,
    };
    let seen = look::sign_in(settings, kerberos, process, &wanted).await;
    for step in seen.iter().flat_map(wire::steps) {
        output.print(&step, step_line)?;
    }
    report(&wire::judge(&seen), output)
}

/// Prints what must be so.
///
/// # Errors
///
/// Something of it is missing.
fn prerequisites(prerequisites: &[Prerequisite], output: &Output) -> Result<(), CliError> {
    for it in prerequisites {
        output.print(it, |it| {
            let why = it
                .why
                .as_ref()
                .map_or(String::new(), |why| format!("\n    {why}"));
            format!("{:<12} {}{why}", it.state.word(), it.what)
        })?;
    }
    let missing = prerequisites.iter().filter(|it| it.state == State::Missing);
    match missing.count() {
        0 => Ok(()),
        missing => Err(CliError::refused(format!("missing: {missing}"))),
    }
}

fn step_line(step: &Step) -> String {
    let Step {
        at,
        step,
        state,
        said,
    } = step;
    format!("{:<12} {at}: {step}: {said}", state.word())
}

/// Prints what was found, whoever found it.
///
/// # Errors
///
/// Something was found.
pub(crate) fn report(findings: &[Finding], output: &Output) -> Result<(), CliError> {
    for finding in findings {
        output.print(finding, line)?;
    }
    let errors = findings.iter().filter(|it| it.severity == Severity::Error);
    match (errors.count(), findings.len()) {
        (_, 0) => Ok(()),
        (0, warnings) => Err(CliError::refused(format!("warnings: {warnings}"))),
        (errors, all) => Err(CliError::refused(format!(
            "errors: {errors}, warnings: {}",
            all.saturating_sub(errors)
        ))),
    }
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let Finding { id, what, mend, .. } = finding;
    format!("{severity}: {what} [{id}]\n    {mend}")
}

/// An address, with or without a port.
fn resolver(typed: &str) -> Result<SocketAddr, String> {
    const DNS_PORT: u16 = 53;
    let address: Result<SocketAddr, _> = typed.parse();
    let address = address.or_else(|_| typed.parse::<IpAddr>().map(|it| (it, DNS_PORT).into()));
    address.map_err(|_| "a resolver is an address, as 10.0.0.53 or 10.0.0.53:5353".to_owned())
}

/// A host and a port.
fn place(typed: &str) -> Result<String, String> {
    let is_place = typed
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    match is_place {
        true => Ok(typed.to_owned()),
        false => Err("a host and a port, as sip.contoso.com:443".to_owned()),
    }
}

impl From<BesideArguments> for Beside {
    fn from(arguments: BesideArguments) -> Self {
        Self {
            inside: arguments.inside,
            outside: arguments.outside,
            sip: arguments.sip,
            around: arguments.around,
        }
    }
}
