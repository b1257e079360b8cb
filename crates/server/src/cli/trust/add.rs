//! `wicketgate trust add`: trusts of a file in the written form, or those of a product whose needs are known.

use std::path::PathBuf;

use clap::Args;
use sts::trust::partner::Known;
use sts::trust::preset::{Places, Preset};
use sts::trust::{Kind, Trusted};

use super::{form, kind, metadata, revocation};
use crate::cli::{CliError, Output};

/// What `trust add` prints below its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate trust add trusts.toml
  wicketgate trust add --preset lync --host lyncweb.contoso.com --internal-host pool01.contoso.local
  wicketgate trust add --preset skype-for-business --host sfbweb.contoso.com
  wicketgate trust add --preset exchange-owa --host mail.contoso.com
  wicketgate trust add --preset sharepoint --host intranet.contoso.com
  wicketgate trust add --preset adfs --host fs.contoso.com
  wicketgate trust add --metadata lync.xml --name Lync-Ext --preset lync
  wicketgate trust add --metadata https://fs.fabrikam.com/FederationMetadata/2007-06/FederationMetadata.xml \
    --name Fabrikam --kind claims-provider

FILE is TOML, or JSON where its name ends so, as `trust export` prints it. All trusts of it are
added or none. The preset lync makes Lync-Ext, and with --internal-host Lync-Int too. Every trust of
a preset asks for a second factor. With adfs, that AD FS takes our claims: we are its claims provider.

With --metadata the partner's own words say what it calls itself, where it is and what it signs with; a preset beside it
gives the rules, and without one there are none: nobody gets a token, and no claim is believed, until they are set. Signed
metadata must be whole; --signed-by says by whom. That of a claims provider must be signed, unless --unsigned. Metadata is asked for over https alone, no redirect is followed, and a
private network is asked only with --private-network.";

/// What is added.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file
    #[arg(required_unless_present_any = ["preset", "metadata"], conflicts_with_all = ["preset", "host", "metadata"])]
    file: Option<PathBuf>,
    /// The trusts of a product: lync, skype-for-business, exchange-owa, sharepoint or adfs
    #[arg(long, value_parser = preset)]
    preset: Option<Preset>,
    /// The published name of the product's web site
    #[arg(long, requires = "preset", conflicts_with = "metadata")]
    host: Option<String>,
    /// The name of a pool's web site inside, for lync and skype-for-business
    #[arg(long, requires = "preset")]
    internal_host: Option<String>,
    #[command(flatten)]
    source: metadata::Source,
    /// What the trust is called, with --metadata
    #[arg(long, requires = "metadata")]
    name: Option<String>,
    /// Which role of the metadata is meant: relying-party or claims-provider
    #[arg(long, requires = "metadata", value_parser = kind, conflicts_with = "preset")]
    kind: Option<Kind>,
}

impl Arguments {
    /// The trusts that are to be added.
    ///
    /// # Errors
    ///
    /// The file or the metadata is none, or a name is none of a host.
    pub(super) async fn trusts(&self, output: &Output) -> Result<Trusted, CliError> {
        if self.source.metadata.is_some() {
            return self.of_metadata(output).await;
        }
        if self.source.is_about_metadata() {
            return Err(CliError::usage(
                "`--signed-by`, `--unsigned`, `--private-network` and `--authorities` go with `--metadata`",
            ));
        }
        let of_file = |file: &PathBuf| {
            let written = form::read(file)?;
            let unasked = revocation::told(&written);
            let read = written.read();
            let read = read.map_err(|error| format!("`{}`: {error}", file.display()));
            let read = read.map_err(CliError::refused)?;
            unasked.iter().for_each(|it| output.remark(it));
            Ok(read)
        };
        match (self.preset, &self.file) {
            (Some(preset), _) => self.of(preset),
            (None, Some(file)) => of_file(file),
            (None, None) => Err(CliError::usage("say a file, or a preset")),
        }
    }

    async fn of_metadata(&self, output: &Output) -> Result<Trusted, CliError> {
        let name = self.name.as_deref();
        let name = name.ok_or_else(|| CliError::usage("say with `--name` what it is called"))?;
        let kind = self.kind.unwrap_or(Kind::RelyingParty);
        let found = self.source.read(kind, None, Known::nobody(kind)).await?;
        for remark in found.remarks(kind) {
            output.remark(&remark);
        }
        let written = metadata::new(&found, (name, kind), self.preset)?;
        let read = written.read();
        read.map_err(|error| CliError::refused(format!("the metadata is not taken: {error}")))
    }

    fn of(&self, preset: Preset) -> Result<Trusted, CliError> {
        let is_pool = matches!(preset, Preset::Lync | Preset::SkypeForBusiness);
        if self.internal_host.is_some() && !is_pool {
            let name = preset.name();
            return Err(CliError::usage(format!(
                "`--internal-host` is for pools of Lync and Skype for Business, not for {name}"
            )));
        }
        let host = self.host.as_deref();
        let host = host.ok_or_else(|| CliError::usage("say with `--host` where it is"))?;
        let places = Places {
            host,
            internal_host: self.internal_host.as_deref(),
        };
        preset
            .trusts(&places)
            .map_err(|error| CliError::usage(error.to_string()))
    }
}

fn preset(name: &str) -> Result<Preset, String> {
    let known = Preset::ALL.map(Preset::name).join(", ");
    Preset::named(name).ok_or_else(|| format!("`{name}` is not one of {known}"))
}
