//! `wicketgate trust`: the parties that take our tokens and those whose claims we take; by hand, by preset, or from AD FS.
//!
//! Looking at an export of AD FS needs no configuration and no store of ours. Start at [`run`].

mod add;
mod aloud;
mod files;
pub(super) mod form;
mod import;
mod lines;
mod metadata;
mod revocation;
pub(crate) mod seen;
mod set;
mod unanswered;
mod unusable;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use sts::admin::trusts::Found;
use sts::ports::KeptTrust;
use sts::trust::written::Written;
use sts::trust::{Identifier, Kind, Trusted};

use self::seen::Seen;
use super::{CliError, Output};
use crate::clock;
use crate::config::{self, Settings};
use crate::doctor::of_trusts;
use crate::wiring::{self, Desk};

const IMPORTING: &str = "\
Examples:
  wicketgate script adfs-export > adfs-export.ps1    run it on a federation server
  wicketgate trust import-adfs adfs-export --dry-run
  wicketgate trust import-adfs adfs-export
  wicketgate trust import-adfs adfs-export --keep-good

DIR has a file for each of the cmdlets Get-AdfsProperties, Get-AdfsRelyingPartyTrust,
Get-AdfsClaimsProviderTrust, Get-AdfsClaimDescription and Get-AdfsEndpoint, under the cmdlet's
name, ending in `.xml` (CLIXML) or `.json`. The script makes them; by hand, for each of the five,
in PowerShell on a federation server, one of:
  $name = 'Get-AdfsRelyingPartyTrust'
  & $name | Export-Clixml -Depth 5 -Path \"$name.xml\"
  ConvertTo-Json -Depth 6 -InputObject @(& $name) | Out-File \"$name.json\"

It reports of every field of every trust what it was taken as, how it was changed, why it is not
needed, or what sign-ins would miss; questions of rules to attribute stores are answered where the
configuration has the store. With --dry-run nothing is kept. Otherwise all trusts are kept,
or none where sign-ins would lose something or a file is missing; --keep-good keeps those that are
whole and the directory's own, and names the others. Exit status 1 where nothing was kept, or with --dry-run would be.
The way back: `wicketgate trust export` before, and `wicketgate trust remove`.";

const SETTING: &str = "\
Examples:
  wicketgate trust set Lync-Ext token_lifetime=30
  wicketgate trust set Lync-Ext issuance_transform_rules=@transform.txt
  wicketgate trust set Lync-Ext 'claims_provider_names=[\"Contoso AD FS\"]' notes='for the pool'
  wicketgate trust set Lync-Ext token_lifetime=
  wicketgate trust set Fabrikam acceptance_transform_rules=@accepted.txt supports_mfa=true

The keys are those that `trust show` prints. KEY=@FILE takes the text of a file, KEY= goes back to
the default. All are changed or none, and rules that are not rules are refused with their place.
Where a line of the policy names the trust and would not any more, --force changes it all the same.";

const EXPORTING: &str = "\
Examples:
  wicketgate trust export > trusts.toml
  wicketgate trust export Lync-Ext Lync-Int > lync.toml
  wicketgate trust add trusts.toml                   the way back, where they are gone

Trusts hold no secret.";

/// What can be done with trusts.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the trusts
    #[command(after_help = "Examples:\n  wicketgate trust list\n  wicketgate trust list --json")]
    List,
    /// Show a trust in its written form
    #[command(
        after_help = "Examples:\n  wicketgate trust show Lync-Ext\n  wicketgate trust show Lync-Ext --json"
    )]
    Show(Named),
    /// Add trusts from a file, or those of a product
    #[command(after_help = add::EXAMPLES)]
    Add(add::Arguments),
    /// Change fields of a trust
    #[command(after_help = SETTING)]
    Set {
        #[command(flatten)]
        named: Named,
        /// What to change
        #[arg(required = true, value_name = "KEY=VALUE")]
        settings: Vec<String>,
        /// Also where a line of the policy would not be about the trust any more
        #[arg(long)]
        force: bool,
    },
    /// Switch a trust on
    #[command(after_help = "Example:\n  wicketgate trust enable Lync-Ext")]
    Enable(Named),
    /// Switch a trust off: the party gets no tokens, or nobody may come from the provider
    #[command(after_help = "Example:\n  wicketgate trust disable Lync-Ext")]
    Disable(Named),
    /// Remove a trust
    #[command(
        after_help = "Examples:\n  wicketgate trust export Lync-Ext > lync-ext.toml\n  wicketgate trust remove Lync-Ext"
    )]
    Remove {
        #[command(flatten)]
        named: Named,
        /// Also where a line of the policy is about the trust
        #[arg(long)]
        force: bool,
    },
    /// Print trusts as a file that `trust add` takes
    #[command(after_help = EXPORTING)]
    Export {
        /// Their names; all where none is said
        names: Vec<String>,
    },
    /// Read a partner's metadata again, and show what changes
    #[command(after_help = metadata::REFRESHING)]
    Refresh {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        source: metadata::Source,
        /// Show what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Take a certificate back that is older than the newest that is known
        #[arg(long)]
        older_keys: bool,
    },
    /// Take the trusts of an AD FS over, and say field by field what became of them
    #[command(after_help = IMPORTING)]
    ImportAdfs {
        /// The folder with what AD FS's cmdlets say
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Look, and keep nothing
        #[arg(long, conflicts_with = "keep_good")]
        dry_run: bool,
        /// Keep the trusts that are whole, although others are not
        #[arg(long)]
        keep_good: bool,
    },
}

/// Which trust.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The name of the trust, in any case of letters
    name: String,
    /// Its kind, where several have the name: relying-party, claims-provider or claim-description
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
}

impl Named {
    async fn find(&self, desk: &Desk) -> Result<Found, CliError> {
        desk.trust(&self.name, self.kind).await
    }
}

/// Does it.
///
/// # Errors
///
/// A name leads nowhere, a form or an export is none or is found wanting, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    if let Verb::ImportAdfs {
        folder,
        dry_run: true,
        ..
    } = &verb
    {
        // An export is looked at where nothing is configured yet, too; without a configuration nothing outside is answered.
        let settings = config::load(config).ok();
        return import::look(folder, settings.as_ref(), output);
    }
    // What is wrong with what was given is said before a store is opened.
    let new = match &verb {
        Verb::Add(arguments) => Some(arguments.trusts(output).await?),
        _ => None,
    };
    let desk = Desk::open(config).await?;
    match verb {
        Verb::List => list(&desk, output).await,
        Verb::Show(named) => {
            let found = named.find(&desk).await?;
            let seen = Seen::of(&found, &desk.partner_readings().await?, clock::now());
            if let Some(sentence) = seen.and_then(|it| it.sentence()) {
                output.remark(&format!("`{}`: {sentence}", found.trust.name));
            }
            show(&found.written, output)
        }
        Verb::Add(_) => {
            let new = new.unwrap_or_default();
            let added = desk.add_trusts(&new).await?;
            remark([&new], (&config::load(config)?, output));
            let added: Vec<Printed> = added.iter().map(Printed::of).collect();
            output.list(&added, "", |it| format!("added {}", it.line()))
        }
        Verb::Set {
            named,
            settings,
            force,
        } => {
            let found = named.find(&desk).await?;
            let written = set::with(&found.written, found.trust.kind, &settings)?;
            let trusted = written.clone().read().ok();
            let unasked = revocation::told(&written);
            let settings = config::load(config)?;
            let parties = trusted.iter().flat_map(|it| &it.relying_parties);
            for party in parties.filter(|_| !force) {
                let becomes = (&wiring::party(&found.trust), Some(&party.party()));
                lines::still_spoken_of(&settings, becomes)?;
            }
            let changed = desk.replace_trust(&found, written).await?;
            remark(trusted.iter(), (&settings, output));
            unasked.iter().for_each(|it| output.remark(it));
            said("changed", &changed, output)
        }
        Verb::Enable(named) => {
            let found = named.find(&desk).await?;
            said(
                "switched on",
                &desk.switch_trust(&found, true).await?,
                output,
            )
        }
        Verb::Disable(named) => {
            let found = named.find(&desk).await?;
            said(
                "switched off",
                &desk.switch_trust(&found, false).await?,
                output,
            )
        }
        Verb::Remove { named, force } => {
            let found = named.find(&desk).await?;
            if found.trust.kind == Kind::RelyingParty && !force {
                let becomes = (&wiring::party(&found.trust), None);
                lines::still_spoken_of(&config::load(config)?, becomes)?;
            }
            desk.remove_trust(&found).await?;
            if import::is_of_the_directory(&found) {
                output.remark(import::BUILT_IN);
            }
            said("removed", &found.trust, output)
        }
        Verb::Refresh {
            named,
            source,
            dry_run,
            older_keys,
        } => metadata::refresh(&desk, &named, &source, (dry_run, older_keys), output).await,
        Verb::Export { names } => export(&desk, &names, output).await,
        Verb::ImportAdfs {
            folder, keep_good, ..
        } => {
            let settings = config::load(config)?;
            import::keep(&desk, (&folder, &settings), keep_good, output).await
        }
    }
}

/// Says of which trusts the rules ask what nothing here answers, so that no token comes of them, and whose certificates cannot be
/// used.
fn remark<'t>(
    all: impl IntoIterator<Item = &'t Trusted>,
    (settings, output): (&Settings, &Output),
) {
    for trusted in all {
        let unanswered = unanswered::told(trusted, settings).into_iter();
        for sentence in unanswered.chain(unusable::told(trusted, clock::now())) {
            output.remark(&sentence);
        }
    }
}

/// A trust, as it is listed.
#[derive(Debug, Serialize)]
struct Printed {
    kind: &'static str,
    name: String,
    identifiers: Vec<String>,
    #[serde(skip)]
    noun: String,
}

impl Printed {
    fn of(trust: &KeptTrust) -> Self {
        Self {
            kind: trust.kind.as_str(),
            name: trust.name.clone(),
            identifiers: trust
                .identifiers
                .iter()
                .map(Identifier::to_string)
                .collect(),
            noun: trust.kind.to_string(),
        }
    }

    fn line(&self) -> String {
        format!(
            "{} `{}` ({})",
            self.noun,
            self.name,
            self.identifiers.join(", ")
        )
    }
}

/// A trust in the list, with whether it is on and what was seen at its metadata.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    printed: Printed,
    is_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Seen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha1_until: Option<String>,
}

async fn list(desk: &Desk, output: &Output) -> Result<(), CliError> {
    let found = desk.trusts().await?;
    let readings = desk.partner_readings().await?;
    let now = clock::now();
    let listed = found.iter().map(|found| {
        let parties = found.written.relying_party.iter().map(|it| it.is_enabled);
        let providers = found.written.claims_provider.iter().map(|it| it.is_enabled);
        Listed {
            printed: Printed::of(&found.trust),
            is_enabled: parties.chain(providers).all(|it| it),
            metadata: Seen::of(found, &readings, now),
            sha1_until: sha1_until(&found.written),
        }
    });
    let listed: Vec<Listed> = listed.collect();
    output.list(&listed, "there are no trusts", |it| {
        let off = if it.is_enabled { "" } else { ", switched off" };
        let until = it.sha1_until.as_ref();
        let until = until.map_or(String::new(), |it| format!(", SHA-1 believed until {it}"));
        let seen = it.metadata.as_ref().and_then(Seen::sentence);
        let seen = seen.map(|it| format!(", {it}")).unwrap_or_default();
        format!("{}{off}{until}{seen}", it.printed.line())
    })?;
    for finding in of_trusts(&found, now) {
        output.remark(&finding.what);
    }
    Ok(())
}

/// Until when something is believed that is signed by SHA-1.
fn sha1_until(written: &Written) -> Option<String> {
    let parties = written.relying_party.iter().map(|it| &it.sha1_until);
    let providers = written.claims_provider.iter().map(|it| &it.sha1_until);
    parties.chain(providers).flatten().next().cloned()
}

async fn export(desk: &Desk, names: &[String], output: &Output) -> Result<(), CliError> {
    let mut all = Written {
        version: sts::trust::written::VERSION,
        ..Written::default()
    };
    let found = match names {
        [] => desk.trusts().await?,
        names => {
            let mut found = Vec::new();
            for name in names {
                found.push(desk.trust(name, None).await?);
            }
            found
        }
    };
    for it in found {
        all.relying_party.extend(it.written.relying_party);
        all.claims_provider.extend(it.written.claims_provider);
        all.claim_description.extend(it.written.claim_description);
    }
    show(&all, output)
}

fn show(written: &Written, output: &Output) -> Result<(), CliError> {
    let text = form::toml(written)?;
    output.print(written, |_| text)
}

fn said(what: &str, trust: &KeptTrust, output: &Output) -> Result<(), CliError> {
    output.print(&Printed::of(trust), |it| format!("{what} {}", it.line()))
}

fn kind(name: &str) -> Result<Kind, String> {
    let known = "relying-party, claims-provider, claim-description";
    Kind::named(name).ok_or_else(|| format!("`{name}` is not one of {known}"))
}

#[cfg(test)]
mod tests;
