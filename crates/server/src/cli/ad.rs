//! `wicketgate ad`: the gate's own account in Active Directory. Nothing is run on Windows.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::hidden::password;
use super::{CliError, Output};
use crate::outbound::ldap::gate::Plan;
use crate::wiring::key_from_windows::{self, Taken};
use crate::wiring::own_account::{Order, OwnAccount};

const JOINING: &str = "\
Examples:
  wicketgate ad join --as administrator@contoso.com --delegate --dry-run
  wicketgate ad join --as administrator@contoso.com --delegate
  wicketgate ad join --as joiner@contoso.com --ou 'OU=Gates,DC=contoso,DC=com' < /run/password

The administrator's password is asked for, used once over LDAPS, and kept nowhere. The account is the one that
[kerberos] names; its own random password is sealed in the store. Undo: delete the computer object.";

const ROTATING: &str = "\
Examples:
  wicketgate ad rotate
  wicketgate ad rotate --json

Needs nobody's password: the account changes its own. The former key stays in the keytab for tickets that are under way, and a
gate that runs takes the new one up by itself.";

const TAKING: &str = "\
Examples:
  wicketgate ad keytab --from wicketgate.keytab --dry-run
  wicketgate ad keytab --from wicketgate.keytab && shred -u wicketgate.keytab

For an account that `wicketgate script ad` made. ktpass writes the account's own key alone; the office asks for tickets for the
published names, which have the same key. Former keys stay, and a gate that runs takes the new one up by itself.";

/// What can be done with the gate's account.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make the computer account that the configuration names, and its keytab, with an administrator's right
    #[command(after_help = JOINING)]
    Join(Join),
    /// Give the account another password, and the keytab its key
    #[command(after_help = ROTATING)]
    Rotate,
    /// Take a key that Windows made into the keytab, for the account and each published name
    #[command(after_help = TAKING)]
    Keytab(TakeKey),
}

/// A key from elsewhere.
#[derive(Debug, Args)]
pub(crate) struct TakeKey {
    /// The keytab that `ktpass` wrote
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Say whose keys the keytab would have, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A new account.
#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The UPN of an administrator, whose password is asked for
    #[arg(long = "as", value_name = "ADMIN-UPN")]
    administrator: String,
    /// Where the account is made, in place of where new computers go
    #[arg(long, value_name = "DN")]
    ou: Option<String>,
    /// Let it act as users towards exactly the back ends of the configuration
    #[arg(long)]
    delegate: bool,
    /// Say what would be written, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Joined {
    #[serde(flatten)]
    plan: Plan,
    key_version: u32,
    keytab: String,
    /// What somebody else must set.
    left_to_do: Option<String>,
}

#[derive(Serialize)]
struct Rotated<'a> {
    account: &'a str,
    key_version: u32,
    keytab: String,
}

/// Does it.
///
/// # Errors
///
/// The configuration names no such account, the directory refuses, or something outside is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    match verb {
        Verb::Join(join) => {
            let own = match join.dry_run {
                true => OwnAccount::open(config).await?,
                false => OwnAccount::begin(config).await?,
            };
            run_join(&own, &join, output).await
        }
        Verb::Keytab(take) => {
            let taken = key_from_windows::take(config, &take.from, take.dry_run)?;
            output.print(&taken, |it| said_of(it, take.dry_run))
        }
        Verb::Rotate => {
            let own = OwnAccount::open(config).await?;
            let rotated = Rotated {
                key_version: own.rotate().await?,
                account: own.name(),
                keytab: own.keytab().display().to_string(),
            };
            output.print(&rotated, |it| {
                format!(
                    "`{}` has a new key, version {}, in `{}`",
                    it.account, it.key_version, it.keytab
                )
            })
        }
    }
}

fn said_of(taken: &Taken, is_dry: bool) -> String {
    let has = if is_dry { "would have" } else { "has" };
    let of: Vec<String> = taken
        .principals
        .iter()
        .map(|it| format!("  {it}"))
        .collect();
    format!(
        "`{}` {has} the key of `{}`, version {}, for\n{}",
        taken.keytab,
        taken.account,
        taken.key_version,
        of.join("\n")
    )
}

async fn run_join(own: &OwnAccount, join: &Join, output: &Output) -> Result<(), CliError> {
    let order = Order {
        administrator: &join.administrator,
        place: join.ou.as_deref(),
        delegates: join.delegate,
    };
    let password = password(&format!("Password of {}", join.administrator))?;
    if join.dry_run {
        let plan = own.plan(&order, &password).await?;
        return output.print(&plan, Plan::to_string);
    }
    let (plan, key_version) = own.join(&order, &password).await?;
    let joined = Joined {
        left_to_do: left_to_do(own, &plan),
        plan,
        key_version,
        keytab: own.keytab().display().to_string(),
    };
    output.print(&joined, |it| {
        let made = format!(
            "`{}` is made: {}\nits key, version {}, is in `{}`",
            it.plan.account, it.plan.dn, it.key_version, it.keytab
        );
        let left = it.left_to_do.as_ref().map(|left| format!("\n{left}"));
        made + &left.unwrap_or_default()
    })
}

/// What an administrator must still set, so that the account may act as users.
fn left_to_do(own: &OwnAccount, plan: &Plan) -> Option<String> {
    let back_ends = own.back_ends();
    if back_ends.is_empty() || !plan.delegates_to.is_empty() {
        return None;
    }
    Some(format!(
        "it may act for nobody yet: an administrator must set TRUSTED_TO_AUTH_FOR_DELEGATION in its \
         userAccountControl, and exactly these in its msDS-AllowedToDelegateTo: {}; `wicketgate script ad` prints how",
        back_ends.join(", ")
    ))
}
