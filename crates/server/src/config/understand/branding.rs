//! `[branding]`: what the company puts on the pages, each text and address looked at, and its logo read.

use std::path::PathBuf;

use toml::Spanned;
use web::branding::{
    Accent, Branding, Link, Localized, Logo, MAX_DESCRIPTION, MAX_LOGO, MAX_NAME, is_shown,
};

use super::Understanding;
use crate::config::ConfigError;
use crate::config::written::{Text, Written};

/// What is wrong with the text of a link that goes nowhere.
const NO_LINK: &str =
    "it is the text of a link, and there is no link; add its address, or take this away";

impl Understanding<'_> {
    /// What stands on the pages, and the file that it is read from beside this one.
    pub(super) fn branding(
        &self,
        written: &Written,
    ) -> Result<(Branding, Option<PathBuf>), ConfigError> {
        let Some(branding) = &written.branding else {
            return Ok((Branding::default(), None));
        };
        if written.portal.is_none() && written.sts.is_none() {
            let message = "[branding] is for the pages of [portal] and [sts], and there is neither";
            return Err(self.error(branding, message));
        }
        let branding = branding.get_ref();
        let logo = branding.logo.as_ref().map(|it| self.logo(it));
        let (logo, file) = logo.transpose()?.unzip();
        let accent = branding.accent_colour.as_ref().map(|written| {
            let colour = written.get_ref();
            let read = Accent::parse(&colour.light, &colour.dark);
            read.map_err(|error| self.error(written, &error.to_string()))
        });
        let link = |address, text| self.link(address, text);
        let both = Branding {
            company_name: self.words_of(branding.company_name.as_ref(), MAX_NAME)?,
            logo,
            sign_in_page_description_text: self.words_of(
                branding.sign_in_page_description_text.as_ref(),
                MAX_DESCRIPTION,
            )?,
            help_desk_link: link(
                branding.help_desk_link.as_ref(),
                branding.help_desk_link_text.as_ref(),
            )?,
            home_link: link(
                branding.home_link.as_ref(),
                branding.home_link_text.as_ref(),
            )?,
            privacy_link: link(
                branding.privacy_link.as_ref(),
                branding.privacy_link_text.as_ref(),
            )?,
            accent_colour: accent.transpose()?,
        };
        Ok((both, file))
    }

    fn words_of(
        &self,
        written: Option<&Spanned<Text>>,
        at_most: usize,
    ) -> Result<Option<Localized>, ConfigError> {
        let Some(written) = written else {
            return Ok(None);
        };
        let shown = |text: &str| {
            let looked = is_shown(text, at_most);
            looked.map_err(|error| self.error(written, &error.to_string()))
        };
        Ok(Some(match written.get_ref() {
            Text::One(text) => {
                shown(text)?;
                Localized::one(text)
            }
            Text::Each { en, sv } => {
                shown(en)?;
                shown(sv)?;
                Localized {
                    english: en.clone(),
                    swedish: sv.clone(),
                }
            }
        }))
    }

    fn link(
        &self,
        address: Option<&Spanned<String>>,
        text: Option<&Spanned<Text>>,
    ) -> Result<Option<Link>, ConfigError> {
        match (address, text) {
            (None, None) => Ok(None),
            (None, Some(text)) => Err(self.error(text, NO_LINK)),
            (Some(address), text) => {
                let text = self.words_of(text, MAX_NAME)?;
                let link = Link::parse(address.get_ref(), text);
                let link = link.map_err(|error| {
                    let message = format!("`{}`: {error}", address.get_ref());
                    self.error(address, &message)
                });
                link.map(Some)
            }
        }
    }

    fn logo(&self, written: &Spanned<PathBuf>) -> Result<(Logo, PathBuf), ConfigError> {
        let file = self.existing(written.get_ref(), written.span())?;
        let unusable = |why: &dyn std::fmt::Display| {
            let message = format!("`{}`: {why}", file.display());
            self.error(written, &message)
        };
        // One byte more than a logo may have is enough to know that it has too many.
        let most = u64::try_from(MAX_LOGO)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let mut bytes = Vec::new();
        let opened = std::fs::File::open(&file).map_err(|error| unusable(&error))?;
        let mut opened = std::io::Read::take(opened, most);
        std::io::Read::read_to_end(&mut opened, &mut bytes).map_err(|error| unusable(&error))?;
        let logo = Logo::of(bytes).map_err(|error| unusable(&error))?;
        Ok((logo, file))
    }
}
