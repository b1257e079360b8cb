//! `wicketgate user`: accounts, by any of their names.

use std::path::Path;

use authn::account::{Account, AccountState};
use authn::directory::FromDirectory;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use proto::secret::Secret;
use serde::Serialize;

use super::destination;
use super::invite;
use super::lease::{self, Lease};
use super::left_behind::LyncCertificates;
use super::pin;
use super::spare_codes::{self, Temporary};
use super::{CliError, Output};
use crate::clock;
use crate::config::{self, Settings};
use crate::wiring::Desk;

const ADDING: &str = "\
Examples:
  wicketgate user add 'CONTOSO\\anna' --upn anna@contoso.com --sip sip:anna@contoso.com --mail anna@contoso.com
  wicketgate user add anna@contoso.com --from-directory";

const LEASING: &str = "\
Example:
  wicketgate user lease anna@contoso.com

A rule of the policy may have a `lease`: an app password is enough by itself only while its owner's last second factor is
younger, and only where it was made after the first. The shortest lease of all rules is what is shown.";

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Add an account
    #[command(after_help = ADDING)]
    Add(Add),
    /// List all accounts
    List,
    /// Show one account
    Show {
        /// Any name of the account: CONTOSO\anna, a UPN, a SIP address or a mail address
        name: String,
        /// Ask the directory, whether there is an account or not
        #[arg(long)]
        from_directory: bool,
    },
    /// Show until when each app password of an account lasts by its owner's last second factor
    #[command(after_help = LEASING)]
    Lease {
        /// Any name of the account
        name: String,
    },
    /// Let nobody sign in to an account
    Disable {
        /// Any name of the account
        name: String,
    },
    /// Undo `disable` or `lock`
    Enable {
        /// Any name of the account
        name: String,
    },
    /// Set the telephone number that codes are sent to, or remove it
    #[command(
        after_help = "Examples:\n  wicketgate user phone anna@contoso.com +46701234567\n  \
        wicketgate user phone anna@contoso.com +46701234567 --now\n  \
        wicketgate user phone anna@contoso.com --remove\n  wicketgate user phone anna@contoso.com\n\n\
        A number that was set gets its first code after 72 hours, as whoever took a telephone over sets one too; where \
        codes went before is told. --now is for somebody whom you know, and stands in the audit."
    )]
    Phone(destination::Phone),
    /// Set the mail address that codes are sent to, or remove it
    #[command(
        after_help = "Examples:\n  wicketgate user mail anna@contoso.com anna@example.com\n  \
        wicketgate user mail anna@contoso.com --remove\n\nNot the mailbox behind this gate: it is what the code is to \
        protect."
    )]
    Mail(destination::Mail),
    /// Hold an account until `enable`
    Lock {
        /// Any name of the account
        name: String,
    },
    /// Print a code that stands in for a token of somebody, with an end
    #[command(after_help = spare_codes::EXAMPLES)]
    TemporaryCode(Temporary),
    /// List what recovery codes and temporary codes an account has, and never a code
    #[command(after_help = "Example:\n  wicketgate user spare-codes anna@contoso.com")]
    SpareCodes {
        /// Any name of the account
        name: String,
    },
    /// Set or remove the PIN by which somebody signs in by NTLM with a one-time code behind it
    #[command(subcommand)]
    Pin(pin::Verb),
    /// Make a link by which somebody chooses a secret and enrols a token, once; or one for each of many
    #[command(after_help = invite::EXAMPLES)]
    Invite(invite::Invite),
}

/// An invitation, as it is printed once.
#[derive(Serialize)]
pub(super) struct Invited {
    account: String,
    link: String,
    ends: Timestamp,
}

impl Invited {
    pub(super) fn new(account: String, link: Secret<String>, ends: Timestamp) -> Self {
        let link = link.expose().clone();
        Self {
            account,
            link,
            ends,
        }
    }

    /// Prints it.
    pub(super) fn say(&self, output: &Output) -> Result<(), CliError> {
        output.print(self, |invited| {
            format!(
                "{}\n\nThis is shown once, and works once, until {}. Whoever has it becomes {}: hand it over by a \
                 way that only they read.",
                invited.link, invited.ends, invited.account
            )
        })
    }
}

/// A new account.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The account as DOMAIN\user; with --from-directory any name that it has there
    account: String,
    /// Take everything else from the directory, and follow it there
    #[arg(long, conflicts_with_all = ["upn", "realm", "sid", "sip", "mail"])]
    from_directory: bool,
    /// The userPrincipalName
    #[arg(long, required_unless_present = "from_directory")]
    upn: Option<String>,
    /// The Kerberos realm; the UPN's domain in capitals where it is left out
    #[arg(long)]
    realm: Option<String>,
    /// The objectSid, S-1-5-...
    #[arg(long)]
    sid: Option<String>,
    /// A SIP URI (may be given several times)
    #[arg(long)]
    sip: Vec<String>,
    /// A mail address (may be given several times)
    #[arg(long)]
    mail: Vec<String>,
}

#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    account: Account,
    #[serde(skip_serializing_if = "LyncCertificates::is_empty")]
    lync_certificates: LyncCertificates,
}

/// Does it.
///
/// # Errors
///
/// The name leads nowhere or is taken, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let settings = config::load(config)?;
    let desk = Desk::of(&settings).await?;
    match verb {
        Verb::Add(add) => {
            let account = match add.from_directory {
                true => desk.add_person(&add.account).await?,
                false => desk.add_account(new_account(add)?).await?,
            };
            output.print(&account, |account| format!("added {}", line(account)))
        }
        Verb::Pin(verb) => pin::run(&desk, verb, output).await,
        Verb::List => output.list(&desk.accounts().await?, "there are no accounts", line),
        Verb::Show {
            name,
            from_directory,
        } => {
            let account = match from_directory {
                true => desk.person(&name).await?,
                false => desk.account(&name).await?,
            };
            let leases = leases(&desk, &settings, &account).await?;
            output.print(&account, |account| line(account) + &lease::warning(&leases))
        }
        Verb::Lease { name } => {
            let account = desk.account(&name).await?;
            let leases = leases(&desk, &settings, &account).await?;
            output.remark(&remembered(&account));
            output.list(
                &leases,
                "there are no app passwords that stand",
                lease::line,
            )
        }
        Verb::Phone(phone) => destination::phone(&desk, phone, output).await,
        Verb::Mail(mail) => destination::mail(&desk, mail, output).await,
        Verb::Disable { name } => state(&desk, &name, AccountState::Disabled, output).await,
        Verb::Enable { name } => state(&desk, &name, AccountState::Active, output).await,
        Verb::Lock { name } => state(&desk, &name, AccountState::Locked, output).await,
        Verb::TemporaryCode(order) => spare_codes::temporary(&desk, order, output).await,
        Verb::SpareCodes { name } => spare_codes::list(&desk, &name, output).await,
        Verb::Invite(invite) => invite::run(&desk, invite, output).await,
    }
}

async fn leases(
    desk: &Desk,
    settings: &Settings,
    account: &Account,
) -> Result<Vec<Lease>, CliError> {
    let passwords = desk.app_passwords_of(account).await?;
    Ok(lease::of(
        account,
        &passwords,
        (&settings.policy, clock::now()),
    ))
}

/// What the account remembers of second factors.
fn remembered(account: &Account) -> String {
    match &account.second_factor {
        None => format!("{} never proved a second factor", account.upn),
        Some(factor) => format!(
            "{} proved a second factor last at {} ({}), and first at {}",
            account.upn, factor.last, factor.method, factor.first
        ),
    }
}

async fn state(
    desk: &Desk,
    name: &str,
    state: AccountState,
    output: &Output,
) -> Result<(), CliError> {
    let account = desk.set_state(name, state).await?;
    let lync_certificates = match account.state {
        AccountState::Active => LyncCertificates::none(),
        AccountState::Disabled | AccountState::Locked => LyncCertificates::of(&account),
    };
    let changed = Changed {
        account,
        lync_certificates,
    };
    output.print(&changed, |changed| {
        line(&changed.account) + &changed.lync_certificates.sentence()
    })
}

fn new_account(add: Add) -> Result<authn::admin::NewAccount, CliError> {
    let Some((domain, sam)) = add.account.split_once('\\') else {
        let message = format!(
            "`{}` is not DOMAIN\\user; put it in single quotes",
            add.account
        );
        return Err(CliError::usage(message));
    };
    let upn = add.upn.unwrap_or_default();
    let realm = match (add.realm, upn.split_once('@')) {
        (Some(realm), _) => realm,
        (None, Some((_, domain))) => domain.to_uppercase(),
        (None, None) => {
            return Err(CliError::usage(format!(
                "`{upn}` is not a UPN: user@domain"
            )));
        }
    };
    Ok(authn::admin::NewAccount {
        domain: domain.to_owned(),
        sam: sam.to_owned(),
        upn,
        realm,
        sid: add.sid,
        sip_addresses: add.sip,
        mail: add.mail,
    })
}

fn line(account: &Account) -> String {
    let state = match account.state {
        AccountState::Active => "active",
        AccountState::Disabled => "disabled",
        AccountState::Locked => "locked",
    };
    let sip = account.sip_addresses.join(", ");
    let directory = account.directory.as_ref().map(from_directory);
    format!(
        "{}\\{}  {}  {sip}  {state}{}",
        account.domain,
        account.sam,
        account.upn,
        directory.unwrap_or_default()
    )
}

fn from_directory(directory: &FromDirectory) -> String {
    let standing = directory.standing;
    let why = directory.not_delegable.as_ref();
    let passed_on = why.map_or(String::new(), |why| format!(", never passed on {why}"));
    format!("  in the directory: {standing}{passed_on}")
}
