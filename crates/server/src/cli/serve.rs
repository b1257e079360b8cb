//! `wicketgate serve`: the gate, until it is told to stop.

use std::io::Write;
use std::path::Path;

use clap::Args;

use super::CliError;
use crate::reload::Reloads;
use crate::stop::Stop;
use crate::{config, wiring};

/// What `serve` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How logs are written
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
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
    let gate = wiring::Gate::open(&settings, process).await?;
    let addresses: Vec<String> = gate.addresses().iter().map(ToString::to_string).collect();
    tracing::info!(addresses = addresses.join(", "), "the gate is open");
    gate.serve(stop.asked(), Some(reloads)).await
}

/// Sends logs to standard error; `RUST_LOG` chooses what is said, else `usually`.
pub(crate) fn begin_logging(format: LogFormat, usually: &str) {
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
