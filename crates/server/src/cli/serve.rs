//! `wicketgate serve`: the gate, until it is told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use clap::Args;

use super::CliError;
use crate::config::Settings;
use crate::config::settings::Role;
use crate::reload::Reloads;
use crate::stop::Stop;
use crate::{config, wiring};

const EXAMPLES: &str = "\
Examples:
  wicketgate serve                       what the configuration says: all in one, a gateway, or an authentication server
  wicketgate serve --role gateway        only if it is a gateway's: it has [authn], and no store, keytab or directory
  wicketgate serve --role authn          only if it is an authentication server's: it has [authn_server]";

/// What `serve` may be told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What this process must be, or it does not start; what the configuration says where it is left out
    #[arg(long, value_enum)]
    role: Option<RoleName>,
    /// How logs are written
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
}

/// What a process is of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RoleName {
    /// Gate and authentication server in one
    All,
    /// A gate that asks an authentication server, and keeps no secret of anybody
    Gateway,
    /// The authentication server, which only gateways can reach
    Authn,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of text an event.
    Text,
    /// One line of JSON an event.
    Json,
}

/// Serves until SIGTERM or SIGINT, then drains; SIGHUP, or a changed file, makes it read its
/// configuration anew.
///
/// # Errors
///
/// The configuration is wrong, an address is taken, or the store cannot be opened.
pub(crate) async fn run(
    file: &Path,
    arguments: Arguments,
    process: Option<&gss::Process>,
) -> Result<(), CliError> {
    let stop = Stop::begin()?;
    let settings = config::load(file)?;
    begin_logging(arguments.log, "info");
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let reloads = Reloads::begin(file, &settings).map_err(|error| {
        CliError::unavailable(format!("signals cannot be listened for: {error}"))
    })?;
    // Once more, as the file may have been changed before it was watched.
    let settings = config::load(file)?;
    is_asked_for(arguments.role, &settings)?;
    let stop = stop.asked();
    tokio::pin!(stop);
    if let Role::Authn(_) = &settings.role {
        let server = wiring::AuthnServer::open(&settings, process).await?;
        let address = server.address()?.to_string();
        tracing::info!(addresses = address, "gateways are answered");
        return server.serve(stop, reloads).await;
    }
    // A gateway waits for its authentication server, and may be told to stop meanwhile.
    let gate = tokio::select! {
        gate = wiring::Gate::open(&settings, process) => gate?,
        () = &mut stop => return Ok(()),
    };
    let plain = Some(listed(&gate.plain_addresses())).filter(|it| !it.is_empty());
    let addresses = listed(&gate.addresses());
    tracing::info!(plain, addresses, "the gate is open");
    gate.serve(stop, Some(reloads)).await
}

/// Addresses as the log has them.
fn listed(addresses: &[SocketAddr]) -> String {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    addresses.join(", ")
}

/// Refuses to be what a configuration says, where something else was asked for.
fn is_asked_for(asked: Option<RoleName>, settings: &Settings) -> Result<(), CliError> {
    let (said, by) = match &settings.role {
        Role::All => (RoleName::All, "it has neither [authn] nor [authn_server]"),
        Role::Gateway(_) => (RoleName::Gateway, "it has [authn]"),
        Role::Authn(_) => (RoleName::Authn, "it has [authn_server]"),
    };
    let word = |role: RoleName| match role {
        RoleName::All => "all",
        RoleName::Gateway => "gateway",
        RoleName::Authn => "authn",
    };
    match asked.filter(|asked| *asked != said) {
        None => Ok(()),
        Some(asked) => Err(CliError::usage(format!(
            "the configuration is not of the role `{}`, but of `{}`: {by}",
            word(asked),
            word(said)
        ))),
    }
}

/// Sends logs to standard error; `RUST_LOG` chooses what is said, else `usually`.
pub(crate) fn begin_logging(format: LogFormat, usually: &str) {
    // What a browser posts is no error of ours, whatever webauthn-rs calls it: the audit has the refusal.
    let usually = format!("{usually},webauthn_rs_core=off");
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usually));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let begun = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if let Err(error) = begun {
        // Without a log nothing else can say so; where standard error is closed, nobody reads it.
        let _ = writeln!(
            std::io::stderr(),
            "wicketgate: logging cannot begin: {error}"
        );
    }
}
