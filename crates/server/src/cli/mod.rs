//! The command line: one table of verbs, one way of ending.
//!
//! Exit status: 0 done, 1 refused or found wanting, 2 bad usage or configuration, 3 something
//! outside is unavailable. Errors are one sentence on standard error. Start at [`run`].

mod ad;
mod api_token;
mod app_password;
mod audit;
mod check;
mod db;
mod destination;
mod directory;
mod doctor;
mod exit;
mod farm;
#[cfg(test)]
mod gate;
mod gateway;
mod hidden;
mod init;
mod invite;
mod key;
mod key_file;
mod lease;
mod ledger;
mod left_behind;
mod passkey;
mod pin;
mod policy;
mod print;
mod rules;
mod script;
mod secret;
mod sent;
mod serve;
mod sms;
mod spare_codes;
mod token;
mod trust;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use exit::CliError;
pub(crate) use print::{Output, complain, of_standard_output};
pub(crate) use serve::{LogFormat, begin_logging};
pub(crate) use trust::seen::as_an_argument;

use crate::look::Folder;

/// The configuration file where none is named.
const DEFAULT_CONFIG: &str = "/etc/wicketgate/wicketgate.toml";

const EXAMPLES: &str = "\
Examples:
  wicketgate demo                                    a working gate on this machine, nothing installed
  wicketgate init                                    a first configuration, by asking
  wicketgate check --config /etc/wicketgate/wicketgate.toml
  wicketgate user add 'CONTOSO\\anna' --upn anna@contoso.com --sip sip:anna@contoso.com
  wicketgate app-password create anna@contoso.com --label 'Pixel 9' --scope lync,ews
  wicketgate serve";

/// Two-factor authentication and app passwords in front of Lync, Skype for Business and Exchange.
#[derive(Debug, Parser)]
#[command(name = "wicketgate", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Arguments {
    /// The configuration file
    #[arg(
        long,
        global = true,
        env = "WICKETGATE_CONFIG",
        default_value = DEFAULT_CONFIG
    )]
    config: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show a working gate on this machine: its own servers, users and certificates
    #[cfg(feature = "demo")]
    Demo(crate::demo::Arguments),
    /// Write a first configuration by asking
    Init(init::Arguments),
    /// Serve clients, until told to stop
    Serve(serve::Arguments),
    /// Check a configuration and change nothing
    Check,
    /// Read the policy aloud, explain a decision, prove that there are two factors outside
    #[command(subcommand)]
    Policy(policy::Verb),
    /// Add, list and change accounts
    #[command(subcommand)]
    User(user::Verb),
    /// Make, list and revoke app passwords
    #[command(subcommand)]
    AppPassword(app_password::Verb),
    /// Make, list and revoke the tokens of the HTTP API
    #[command(subcommand)]
    ApiToken(api_token::Verb),
    /// Set and remove memorised secrets
    #[command(subcommand)]
    Secret(secret::Verb),
    /// Enrol, list, test, block and remove one-time code tokens
    #[command(subcommand)]
    Token(token::Verb),
    /// List the messages that were sent, and what became of each
    #[command(subcommand)]
    Sent(sent::Verb),
    /// Try who carries short messages
    #[command(subcommand)]
    Sms(sms::Verb),
    /// List and remove passkeys
    #[command(subcommand)]
    Passkey(passkey::Verb),
    /// Check the Active Directory that accounts may come from, and set the password it is read by
    #[command(subcommand)]
    Directory(directory::Verb),
    /// Make the gate's own account in Active Directory, and give it a new key
    #[command(subcommand)]
    Ad(ad::Verb),
    /// List the members of farms, drain them and give them back
    #[command(subcommand)]
    Farm(farm::Verb),
    /// Make the certificates of gateways on other machines
    #[command(subcommand)]
    Gateway(gateway::Verb),
    /// Print PowerShell for Active Directory, Exchange and Lync, made from the configuration
    Script(script::Arguments),
    /// Say what is wrong with a deployment, and the command that mends it
    Doctor(doctor::Arguments),
    /// Check, lint and explain AD FS's claim rules
    #[command(subcommand)]
    Rules(rules::Verb),
    /// Add, list, change and remove trusts, and take them over from AD FS
    #[command(subcommand)]
    Trust(trust::Verb),
    /// List and roll the keys that tokens are signed with
    #[command(subcommand)]
    Key(key::Verb),
    /// List and rotate the keys that seal secrets in the store
    #[command(subcommand)]
    KeyFile(key_file::Verb),
    /// Ask whether we issued a token
    #[command(subcommand)]
    Ledger(ledger::Verb),
    /// Read, follow, verify, export and cut the audit trail
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Migrate, back up and restore the store
    #[command(subcommand)]
    Db(db::Verb),
}

/// Runs the verb that was asked for and ends as it says.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    // Before the runtime, whose threads would be too early.
    let folder = Folder::new();
    let process = match kerberos(&arguments, &folder) {
        Ok(process) => process,
        Err(error) => return complain(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return complain(&CliError::unavailable(format!(
                "threads cannot be started: {error}"
            )));
        }
    };
    match runtime.block_on(dispatch(arguments, process.as_ref(), &output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

/// Sets the process up for Kerberos, where a verb asks domain controllers and its configuration says so; `own` is for a
/// verb that may run beside a gate.
fn kerberos(arguments: &Arguments, own: &Folder) -> Result<Option<gss::Process>, CliError> {
    let is_gate = match &arguments.verb {
        Verb::Serve(_) => true,
        Verb::Doctor(doctor) if doctor.looks() => false,
        _ => return Ok(None),
    };
    // What is wrong with the configuration, the verb says.
    let settings = crate::config::load(&arguments.config).ok();
    let Some(kerberos) = settings.and_then(|settings| settings.kerberos) else {
        return Ok(None);
    };
    let folder = if is_gate {
        &kerberos.folder
    } else {
        own.path()
    };
    let process = gss::configure_process(folder);
    let process = process.map_err(|error| CliError::unavailable(format!("[kerberos]: {error}")))?;
    Ok(Some(process))
}

async fn dispatch(
    arguments: Arguments,
    process: Option<&gss::Process>,
    output: &Output,
) -> Result<(), CliError> {
    let config = arguments.config.as_path();
    match arguments.verb {
        #[cfg(feature = "demo")]
        Verb::Demo(demo) => crate::demo::run(demo, output).await,
        Verb::Init(init) => init::run(config, &init, output),
        Verb::Serve(serve) => serve::run(config, serve, process).await,
        Verb::Check => check::run(config, output),
        Verb::Policy(verb) => policy::run(config, verb, output).await,
        Verb::User(verb) => user::run(config, verb, output).await,
        Verb::AppPassword(verb) => app_password::run(config, verb, output).await,
        Verb::ApiToken(verb) => api_token::run(config, verb, output).await,
        Verb::Secret(verb) => secret::run(config, verb, output).await,
        Verb::Token(verb) => token::run(config, verb, output).await,
        Verb::Sent(verb) => sent::run(config, verb, output).await,
        Verb::Sms(verb) => sms::run(config, verb, output).await,
        Verb::Passkey(verb) => passkey::run(config, verb, output).await,
        Verb::Directory(verb) => directory::run(config, verb, output).await,
        Verb::Ad(verb) => ad::run(config, verb, output).await,
        Verb::Farm(verb) => farm::run(config, verb, output).await,
        Verb::Gateway(verb) => gateway::run(config, verb, output).await,
        Verb::Script(script) => script::run(config, &script, output),
        Verb::Doctor(doctor) => doctor::run(config, doctor, process, output).await,
        Verb::Rules(verb) => rules::run(config, verb, output).await,
        Verb::Trust(verb) => trust::run(config, verb, output).await,
        Verb::Key(verb) => key::run(config, verb, output).await,
        Verb::KeyFile(verb) => key_file::run(config, verb, output).await,
        Verb::Ledger(verb) => ledger::run(config, verb, output).await,
        Verb::Audit(verb) => audit::run(config, verb, output).await,
        Verb::Db(verb) => db::run(config, verb, output).await,
    }
}

#[cfg(test)]
mod tests;
