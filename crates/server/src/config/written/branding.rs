//! `[branding]` as written, under AD FS's names (`Set-AdfsGlobalWebContent`, `Set-AdfsWebTheme`).

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[branding]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Branding {
    /// What the company is called, above every page: a text, or one for each language, as `{ en = "Contoso", sv = "Contoso AB" }`; at most 64
    /// characters.
    pub(crate) company_name: Option<Spanned<Text>>,
    /// The file of its logo, above every page: PNG, JPEG or SVG, at most 256 KiB.
    pub(crate) logo: Option<Spanned<PathBuf>>,
    /// What stands below the forms of a sign-in: a text, or one for each language; at most 1,000 characters.
    pub(crate) sign_in_page_description_text: Option<Spanned<Text>>,
    /// Where help is, below every page: `https://…`, `mailto:…` or `tel:…`.
    pub(crate) help_desk_link: Option<Spanned<String>>,
    /// What that link says; `Help desk` in the page's language where it is left out.
    pub(crate) help_desk_link_text: Option<Spanned<Text>>,
    /// Where the company is at home, below every page.
    pub(crate) home_link: Option<Spanned<String>>,
    /// What that link says; `Home page` in the page's language where it is left out.
    pub(crate) home_link_text: Option<Spanned<Text>>,
    /// Where it says what becomes of what people type, below every page.
    pub(crate) privacy_link: Option<Spanned<String>>,
    /// What that link says; `Privacy` in the page's language where it is left out.
    pub(crate) privacy_link_text: Option<Spanned<Text>>,
    /// The colour of links and buttons, as `{ light = "#0b57a4", dark = "#7ab8ff" }`; each is refused where it cannot be read on the pages
    /// that it is for (WCAG 2.2 AA, a contrast of 4.5 to 1).
    pub(crate) accent_colour: Option<Spanned<AccentColour>>,
}

/// `[branding.accent_colour]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccentColour {
    /// On light pages.
    pub(crate) light: String,
    /// On dark pages.
    pub(crate) dark: String,
}

/// A text, or one for each language.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a text, or `{ en = \"...\", sv = \"...\" }` with both"
)]
pub(crate) enum Text {
    /// In whichever language.
    One(String),
    /// In each.
    Each {
        /// In English.
        en: String,
        /// In Swedish.
        sv: String,
    },
}
