//! `wicketgate farm`: which members there are, and which of them are to be left alone.

use std::path::Path;

use clap::Subcommand;

use super::{CliError, Output};
use crate::wiring::{Desk, FarmMember};

const LISTING: &str = "\
Example:
  wicketgate farm list

Whether a member is up is known to the gate that runs: its log and its metrics say so.";

const DRAINING: &str = "\
Examples:
  wicketgate farm drain exchange mbx02.contoso.local:443
  wicketgate farm drain exchange --force                  every member: the farm answers 503

The gate that runs leaves a drained member alone within a second: what is under way is finished, and
nothing new is sent. It stays drained until `wicketgate farm undrain`, also after a restart.";

const UNDRAINING: &str = "\
Examples:
  wicketgate farm undrain exchange mbx02.contoso.local:443
  wicketgate farm undrain exchange                        every member that is drained";

/// What can be done with farms.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the members of all farms, or of one
    #[command(after_help = LISTING)]
    List {
        /// The farm
        name: Option<String>,
    },
    /// Send nothing new to a member, or to a whole farm
    #[command(after_help = DRAINING)]
    Drain {
        /// The farm
        name: String,
        /// The member, by its address; every one where it is left out
        member: Option<String>,
        /// Also where no member would be left in use
        #[arg(long)]
        force: bool,
    },
    /// Undo `drain`
    #[command(after_help = UNDRAINING)]
    Undrain {
        /// The farm
        name: String,
        /// The member, by its address; every one that is drained where it is left out
        member: Option<String>,
    },
}

/// Does it.
///
/// # Errors
///
/// There is no such farm or member, no member would be left, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    let changed = match verb {
        Verb::List { name } => {
            let members = desk.members(name.as_deref()).await?;
            return output.list(&members, "there are no farms", line);
        }
        Verb::Drain {
            name,
            member,
            force,
        } => desk.drain(&name, member.as_deref(), force).await?,
        Verb::Undrain { name, member } => desk.undrain(&name, member.as_deref()).await?,
    };
    output.list(&changed, "nothing was to be changed", line)
}

fn line(member: &FarmMember) -> String {
    let state = match (member.is_drained, member.weight) {
        (true, Some(_)) => "drained",
        (true, None) => "drained, and not in the configuration",
        (false, Some(_)) => "in use",
        (false, None) => "not in the configuration",
    };
    let weight = member.weight.map_or("-".to_owned(), |it| it.to_string());
    format!(
        "{}  {}  weight {weight}  {state}",
        member.farm, member.member
    )
}
