//! `wicketgate gateway`: certificates for gateways on other machines, and the key that they open vouchers with.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CliError, Output};
use crate::config;
use crate::enrol::{Authority, End, Enrolled};
use crate::{clock, wiring};

const ENROLLING: &str = "\
Examples:
  wicketgate gateway enrol dmz1 --server authn.contoso.com
  wicketgate gateway enrol dmz2 --server authn.contoso.com --dir /root/gateways --days 365

The first time an authority is made in the folder, and the authentication server's own certificate. Keep the folder
where no gateway is; what a gateway needs is printed.";

/// The port that is proposed.
const PORT: u16 = 7443;
/// What the authentication server's files are called.
const SERVER: &str = "authn";

/// What can be done with gateways.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make the certificate of a gateway, and print what to write in both configurations
    #[command(after_help = ENROLLING)]
    Enrol(Enrol),
    /// Print the key by which gateways open vouchers, for `voucher_key` of [authn]
    #[command(
        after_help = "Example:\n  wicketgate gateway voucher-key --config /etc/wicketgate/authn.toml"
    )]
    VoucherKey,
}

/// A gateway that is enrolled.
#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// What the gateway is called: letters, digits, dots and dashes
    #[arg(value_parser = name)]
    name: String,
    /// The authentication server's host name or address, as gateways reach it
    #[arg(long, value_parser = host)]
    server: String,
    /// The folder of the authority
    #[arg(long, default_value = "/etc/wicketgate/gateways")]
    dir: PathBuf,
    /// For how many days the certificates are good
    #[arg(long, default_value_t = 825, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
}

#[derive(Serialize)]
struct Made {
    name: String,
    fingerprint: String,
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    server_certificate: PathBuf,
    server_key: PathBuf,
    #[serde(skip)]
    server: String,
}

#[derive(Serialize)]
struct VoucherKey {
    voucher_key: String,
}

/// Does it.
///
/// # Errors
///
/// A file is in the way, or the store's keys cannot be read.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    match verb {
        Verb::Enrol(enrol) => {
            let made = enrolled(enrol)?;
            output.print(&made, say)
        }
        Verb::VoucherKey => {
            let key = wiring::voucher_key(&config::load(config)?).await?;
            let key = VoucherKey {
                voucher_key: STANDARD.encode(key.0),
            };
            output.print(&key, |key| key.voucher_key.clone())
        }
    }
}

fn enrolled(enrol: Enrol) -> Result<Made, CliError> {
    let Enrol {
        name,
        server,
        dir,
        days,
    } = enrol;
    let now = clock::now();
    let authority = Authority::at(&dir, now)?;
    if name == SERVER {
        let message =
            "`authn` is the authentication server's own name; call the gateway something else";
        return Err(CliError::usage(message));
    }
    if authority.has(&name) {
        let message =
            format!("`{name}` is enrolled already; take its files away, or take another name");
        return Err(CliError::refused(message));
    }
    if !authority.has(SERVER) {
        authority.enrol((SERVER, &server), End::Server, (days, now))?;
    }
    let Enrolled {
        certificate,
        key,
        fingerprint,
    } = authority.enrol((&name, &name), End::Gateway, (days, now))?;
    Ok(Made {
        name,
        fingerprint: fingerprint.to_string(),
        authority: authority.file,
        certificate,
        key,
        server_certificate: dir.join(format!("{SERVER}.pem")),
        server_key: dir.join(format!("{SERVER}.key")),
        server,
    })
}

fn say(made: &Made) -> String {
    let Made {
        name,
        fingerprint,
        authority,
        certificate,
        key,
        server_certificate,
        server_key,
        server,
    } = made;
    let quoted = |path: &Path| format!("\"{}\"", path.display());
    let server = match server.contains(':') {
        true => format!("[{server}]"),
        false => server.clone(),
    };
    format!(
        "the gateway {name} is enrolled\n\n\
         In the authentication server's configuration (its own table once, and one for each gateway):\n\n\
         [authn_server]\n\
         address = \"0.0.0.0:{PORT}\"\n\
         authorities = {}\n\
         certificate = {}\n\
         key = {}\n\n\
         [[authn_server.gateway]]\n\
         name = \"{name}\"\n\
         fingerprint = \"{fingerprint}\"\n\n\
         Take {}, {} and {} to the gateway, the key by a way that nobody reads, and write there:\n\n\
         [authn]\n\
         server = \"{server}:{PORT}\"\n\
         authorities = \"{}\"\n\
         certificate = \"{name}.pem\"\n\
         key = \"{name}.key\"",
        quoted(authority),
        quoted(server_certificate),
        quoted(server_key),
        authority.display(),
        certificate.display(),
        key.display(),
        "authority.pem",
    )
}

/// A name that a file may have and a certificate may bear.
fn name(typed: &str) -> Result<String, String> {
    match config::is_host_name(typed) {
        true => Ok(typed.to_ascii_lowercase()),
        false => Err("a name is of letters, digits, dots and dashes, as dmz1".to_owned()),
    }
}

/// A host name or an address.
fn host(typed: &str) -> Result<String, String> {
    match config::is_host_name(typed) || typed.parse::<std::net::IpAddr>().is_ok() {
        true => Ok(typed.to_ascii_lowercase()),
        false => Err("a host name or an address without a port, as authn.contoso.com".to_owned()),
    }
}
