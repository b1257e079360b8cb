//! `wicketgate init`: a first configuration by asking; what it writes is read back as `check` does.
//!
//! Every question has a default, so that Enter alone goes on. Without a terminal the answers come from
//! `--answers`, or line by line from standard input. Never overwrites anything. Start at [`run`].

mod questions;
mod text;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use clap::Args;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{CliError, Output, check};
use crate::config::is_netbios_name;
use questions::Answers;

/// The key that signs onward assertions, beside the configuration.
const ONWARD_KEY: &str = "onward.pem";
/// Its half that back ends need.
const ONWARD_PUBLIC_KEY: &str = "onward-public.pem";

/// What `init` may be told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wicketgate init                                    asks, and writes /etc/wicketgate/wicketgate.toml
  wicketgate init --config gate.toml --answers answers.toml
  wicketgate init --questions                        prints every question as a file for --answers")]
pub(crate) struct Arguments {
    /// A TOML file with answers; what it leaves out has its default, and nothing is asked
    #[arg(long)]
    answers: Option<PathBuf>,
    /// Print every question with its default, as a file for --answers, and write nothing
    #[arg(long, conflicts_with = "answers")]
    questions: bool,
}

#[derive(Serialize)]
struct Begun {
    config: String,
    /// What it cannot do as it is.
    warning: Option<&'static str>,
    next: Vec<String>,
}

const BY_HEADER: &str = "users are named to back ends by a signed header, which Lync and Exchange do not read: they \
                         would answer 401 to every right app password, and the gate 503";

/// Asks, writes and checks.
///
/// # Errors
///
/// The configuration is there already, cannot be written, or is not right with these answers.
pub(crate) fn run(file: &Path, arguments: &Arguments, output: &Output) -> Result<(), CliError> {
    if arguments.questions {
        return output.print(&questions::as_file(), Clone::clone);
    }
    if file.exists() {
        return Err(in_the_way(file));
    }
    let answers = match &arguments.answers {
        Some(answers) => Answers::from_file(answers)?,
        None => Answers::ask(&mut std::io::stdin().lock(), &mut std::io::stderr())?,
    };
    if scope(&answers).is_empty() {
        let message = "neither Lync nor Exchange is published, so that nobody could be let in: answer the name of \
                       one of them (`lync_web_host`, `exchange_host`)";
        return Err(CliError::usage(message.to_owned()));
    }
    if let Some(user) = answers
        .some("kerberos_account")
        .filter(|it| !it.ends_with('$'))
    {
        let message = format!(
            "`{user}` is a user's name: the gate's account is a computer's, which ends in `$` and cannot be locked out by \
             strangers; answer `{user}$`, which `wicketgate ad join` makes"
        );
        return Err(CliError::usage(message));
    }
    if answers.some("second_certificate").is_some()
        != answers.some("second_certificate_key").is_some()
    {
        let message = "a certificate has its key: answer both `second_certificate` and `second_certificate_key`, or `-` to both";
        return Err(CliError::usage(message.to_owned()));
    }
    let domain = answers.of("domain");
    if domain == questions::NONE || domain.contains('.') || !is_netbios_name(domain) {
        let message = format!(
            "`{domain}` is no NetBIOS name of a domain, which has no dots and at most 15 characters: answer `domain` as it \
             stands before the backslash in CONTOSO\\anna, and `dns_domain` with the name that has dots"
        );
        return Err(CliError::usage(message));
    }
    if !folder(file).is_dir() {
        let folder = folder(file).display();
        let message =
            format!("there is no folder `{folder}`: make it, or name another file by --config");
        return Err(CliError::usage(message));
    }
    let key = folder(file).join(ONWARD_KEY);
    match key.exists() {
        true => tell_onward_key(&key)?,
        false if key.with_file_name(ONWARD_PUBLIC_KEY).exists() => {
            let message = format!(
                "`{ONWARD_PUBLIC_KEY}` is there without its key `{}`: move it away, or put the key beside it",
                key.display()
            );
            return Err(CliError::refused(message));
        }
        false => make_onward_key(&key)?,
    }
    write(file, &text::configuration(&answers), 0o644)?;
    if let Err(error) = check::checked_for_keytab(file) {
        let file = file.display();
        let hint = format!(
            "`{file}` is written: mend it, or remove it and run `wicketgate init` again. `wicketgate check` says whether it is right, \
             once there is a keytab"
        );
        return Err(error.with_hint(&hint));
    }
    let begun = begun(file, &answers);
    output.print(&begun, |begun| {
        let warning = begun.warning.map(|it| format!("\nwarning: {it}"));
        format!(
            "{} is written and right. Next:\n  {}{}",
            begun.config,
            begun.next.join("\n  "),
            warning.unwrap_or_default()
        )
    })
}

fn begun(file: &Path, answers: &Answers) -> Begun {
    let option = match file.to_str() {
        Some(super::DEFAULT_CONFIG) => String::new(),
        _ => format!(
            " --config '{}'",
            file.display().to_string().replace('\'', r"'\''")
        ),
    };
    let upn = format!("anna@{}", answers.of("dns_domain"));
    let serve = match option.as_str() {
        "" => "systemctl start wicketgate".to_owned(),
        option => format!("wicketgate{option} serve"),
    };
    let is_by_kerberos = answers.some("kerberos_account").is_some();
    let is_followed = is_by_kerberos && answers.some("directory_account").is_some();
    let mut next: Vec<String> = match (is_by_kerberos, is_followed) {
        (false, _) => Vec::new(),
        // Without a directory nobody is asked to make an account; Windows does, by the script.
        (true, false) => vec![
            format!("wicketgate{option} script ad > ad.ps1"),
            format!("wicketgate{option} ad keytab --from KEYTAB-OF-THE-SCRIPT"),
        ],
        (true, true) => vec![
            format!(
                "wicketgate{option} ad join --as administrator@{} --delegate",
                answers.of("dns_domain")
            ),
            format!("wicketgate{option} directory set-password"),
        ],
    };
    let added = match is_followed {
        true => format!("wicketgate{option} user add {upn} --from-directory"),
        false => format!(
            "wicketgate{option} user add '{}\\anna' --upn {upn} --sip sip:{upn}",
            answers.of("domain")
        ),
    };
    next.extend([
        serve,
        added,
        format!(
            "wicketgate{option} app-password create {upn} --label 'first phone' --scope {}",
            scope(answers)
        ),
    ]);
    Begun {
        config: file.display().to_string(),
        warning: (!is_by_kerberos).then_some(BY_HEADER),
        next,
    }
}

/// Every service that is published, for somebody's first app password.
fn scope(answers: &Answers) -> String {
    let published: [(&str, &[&str]); 2] = [
        ("lync_web_host", &["lync"]),
        ("exchange_host", &["ews", "autodiscover", "activesync"]),
    ];
    let published = published
        .iter()
        .filter(|(key, _)| answers.some(key).is_some());
    let services: Vec<&str> = published
        .flat_map(|(_, services)| services.iter().copied())
        .collect();
    services.join(",")
}

fn folder(file: &Path) -> &Path {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

/// Makes the key that signs onward assertions, and writes the half that back ends need beside it.
fn make_onward_key(file: &Path) -> Result<(), CliError> {
    let failed =
        |error: rcgen::Error| CliError::unavailable(format!("no key can be made: {error}"));
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    write(file, &pair.serialize_pem(), 0o600)?;
    for_the_group(file);
    let public = file.with_file_name(ONWARD_PUBLIC_KEY);
    write(&public, &pair.public_key_pem(), 0o644)
}

/// Writes the half of a key that is there already, where it is not beside it; one that is there must be of this key.
fn tell_onward_key(file: &Path) -> Result<(), CliError> {
    let public = file.with_file_name(ONWARD_PUBLIC_KEY);
    let named = file.display();
    let text = fs::read_to_string(file).map(Zeroizing::new);
    let text =
        text.map_err(|error| CliError::unavailable(format!("`{named}` cannot be read: {error}")))?;
    // Only what signs assertions: P-256 in PKCS#8.
    let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).ok();
    let der = der.map(Zeroizing::new);
    let pair = der
        .and_then(|der| KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ECDSA_P256_SHA256).ok());
    let pair = pair.ok_or_else(|| {
        CliError::usage(format!(
            "`{named}` is no private key of P-256 in PKCS#8: move it away, and another is made"
        ))
    })?;
    match fs::read_to_string(&public) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            write(&public, &pair.public_key_pem(), 0o644)
        }
        Ok(told) if told.trim() == pair.public_key_pem().trim() => Ok(()),
        Ok(_) | Err(_) => {
            let public = public.display();
            Err(CliError::refused(format!(
                "`{public}` is not the public half of `{named}`: move it away, and it is written again"
            )))
        }
    }
}

/// Lets the folder's group read a secret, where the folder keeps everybody else out: in a package's
/// `/etc/wicketgate` that is the user who serves.
fn for_the_group(file: &Path) {
    let Ok(folder) = fs::metadata(folder(file)) else {
        return;
    };
    let is_closed = folder.permissions().mode() & 0o007 == 0;
    if is_closed && chown(file, None, Some(folder.gid())).is_ok() {
        // Where it does not work, `check` as that user says so.
        let _ = fs::set_permissions(file, fs::Permissions::from_mode(0o640));
    }
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), CliError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(file)
        .and_then(|mut open| {
            open.write_all(text.as_bytes())?;
            open.sync_all()
        });
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => in_the_way(file),
        _ => CliError::unavailable(format!("`{}` cannot be written: {error}", file.display())),
    })
}

fn in_the_way(file: &Path) -> CliError {
    CliError::refused(format!(
        "`{}` is there already and is not overwritten; name another file with --config",
        file.display()
    ))
}

/// What it says to do next, with the answers of a file.
#[cfg(test)]
pub(super) fn next(file: &Path, answers: &Path) -> Vec<String> {
    begun(file, &Answers::from_file(answers).unwrap()).next
}

#[cfg(test)]
mod tests;
