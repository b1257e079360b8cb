//! `wicketgate trust add`: trusts of a file in the written form, or those of a product whose needs are known.

use std::path::PathBuf;

use clap::Args;
use sts::trust::Trusted;
use sts::trust::preset::{Places, Preset};

use super::form;
use crate::cli::CliError;

/// What `trust add` prints below its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate trust add trusts.toml
  wicketgate trust add --preset lync --host lyncweb.contoso.com --internal-host pool01.contoso.local
  wicketgate trust add --preset skype-for-business --host sfbweb.contoso.com
  wicketgate trust add --preset exchange-owa --host mail.contoso.com
  wicketgate trust add --preset sharepoint --host intranet.contoso.com
  wicketgate trust add --preset adfs --host fs.contoso.com

FILE is TOML, or JSON where its name ends so, as `trust export` prints it. All trusts of it are
added or none. The preset lync makes Lync-Ext, and with --internal-host Lync-Int too. Every trust of
a preset asks for a second factor. With adfs, that AD FS takes our claims: we are its claims provider.";

/// What is added.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file
    #[arg(required_unless_present = "preset", conflicts_with_all = ["preset", "host"])]
    file: Option<PathBuf>,
    /// The trusts of a product: lync, skype-for-business, exchange-owa, sharepoint or adfs
    #[arg(long, value_parser = preset, requires = "host")]
    preset: Option<Preset>,
    /// The published name of the product's web site
    #[arg(long, requires = "preset")]
    host: Option<String>,
    /// The name of a pool's web site inside, for lync and skype-for-business
    #[arg(long, requires = "preset")]
    internal_host: Option<String>,
}

impl Arguments {
    /// The trusts that are to be added.
    ///
    /// # Errors
    ///
    /// The file is none, or a name is none of a host.
    pub(super) fn trusts(&self) -> Result<Trusted, CliError> {
        let of_file = |file: &PathBuf| {
            let read = form::read(file)?.read();
            read.map_err(|error| CliError::refused(format!("`{}`: {error}", file.display())))
        };
        match (self.preset, &self.file) {
            (Some(preset), _) => self.of(preset),
            (None, Some(file)) => of_file(file),
            (None, None) => Err(CliError::usage("say a file, or a preset")),
        }
    }

    fn of(&self, preset: Preset) -> Result<Trusted, CliError> {
        let is_pool = matches!(preset, Preset::Lync | Preset::SkypeForBusiness);
        if self.internal_host.is_some() && !is_pool {
            let name = preset.name();
            return Err(CliError::usage(format!(
                "`--internal-host` is for pools of Lync and Skype for Business, not for {name}"
            )));
        }
        let places = Places {
            host: self.host.as_deref().unwrap_or_default(),
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
