//! What a company puts on the pages of ours: its name, its logo, a text, links and a colour, under AD FS's names for them
//! (`Set-AdfsGlobalWebContent`, `Set-AdfsWebTheme`).
//!
//! SECURITY: it is text, addresses and one picture, and never HTML, style or script: templates escape it, a link goes nowhere
//! but by https, mailto or tel, and the logo is shown as an image alone. Start at [`Branding`].

mod colour;
mod link;
mod logo;

pub use colour::{Accent, AccentError};
pub use link::{Link, LinkError};
pub use logo::{Logo, LogoError, MAX_LOGO};

use aws_lc_rs::digest::{SHA256, digest};
use proto::unseen::is_unseen;

use crate::words::Words;

/// What our pages are called where nobody says otherwise.
const NAME: &str = "Wicketgate";
/// How many bytes of a digest are in the address of what may be kept for a while.
const TAG: usize = 8;
/// How many characters the name of a company or the text of a link may have.
pub const MAX_NAME: usize = 64;
/// How many characters a description may have.
pub const MAX_DESCRIPTION: usize = 1_000;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Localized {
    /// In English.
    pub english: String,
    /// In Swedish.
    pub swedish: String,
}

impl Localized {
    /// One text for both.
    #[must_use]
    pub fn one(text: &str) -> Self {
        Self {
            english: text.to_owned(),
            swedish: text.to_owned(),
        }
    }

    fn in_words(&self, words: &Words) -> &str {
        match words.language {
            "sv" => &self.swedish,
            _ => &self.english,
        }
    }
}

/// Why a text is none for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is nothing in it.
    #[error("it is empty; leave the key out")]
    Empty,
    /// It is too long.
    #[error("it has more than {0} characters")]
    TooLong(usize),
    /// There is something in it that is not shown.
    #[error("it has a control character or a direction mark in it")]
    Unprintable,
}

/// Looks whether a text may stand on a page.
///
/// # Errors
///
/// It may not.
pub fn is_shown(text: &str, at_most: usize) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > at_most {
        return Err(TextError::TooLong(at_most));
    }
    // Marks that turn the direction of what follows make a page say something else than it holds.
    match text.contains(is_unseen) {
        true => Err(TextError::Unprintable),
        false => Ok(()),
    }
}

/// What a company puts on the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// What it is called (`CompanyName`).
    pub company_name: Option<Localized>,
    /// Its logo (`Logo`).
    pub logo: Option<Logo>,
    /// What stands where people sign in (`SignInPageDescriptionText`).
    pub sign_in_page_description_text: Option<Localized>,
    /// Where help is (`HelpDeskLink`).
    pub help_desk_link: Option<Link>,
    /// Where the company is at home (`HomeLink`).
    pub home_link: Option<Link>,
    /// What becomes of what people type (`PrivacyLink`).
    pub privacy_link: Option<Link>,
    /// The colour of links and buttons.
    pub accent_colour: Option<Accent>,
}

/// The same for one page, in its language.
#[derive(Clone, Debug)]
pub(crate) struct Brand {
    /// What stands above every page.
    pub(crate) name: String,
    /// Where the logo is.
    pub(crate) logo: Option<String>,
    /// Where the style sheet is.
    pub(crate) style: String,
    /// What stands where people sign in.
    pub(crate) description: Option<String>,
    /// The links below every page: their addresses and texts.
    pub(crate) links: Vec<(String, String)>,
}

impl Branding {
    /// What a page in these words shows.
    pub(crate) fn in_words(&self, words: &Words) -> Brand {
        let text = |text: &Option<Localized>| text.as_ref().map(|it| it.in_words(words).to_owned());
        let links = [
            (&self.help_desk_link, words.help_desk),
            (&self.home_link, words.home),
            (&self.privacy_link, words.privacy),
        ];
        let links = links.into_iter().filter_map(|(link, usual)| {
            let link = link.as_ref()?;
            let text = link.text.as_ref().map(|it| it.in_words(words));
            Some((link.address().to_owned(), text.unwrap_or(usual).to_owned()))
        });
        let logo = self.logo.as_ref();
        Brand {
            name: text(&self.company_name).unwrap_or_else(|| NAME.to_owned()),
            logo: logo.map(|it| format!("/logo?v={}", tag(it.bytes()))),
            style: match &self.accent_colour {
                Some(accent) => format!("/style.css?v={}", tag(accent.css().as_bytes())),
                None => "/style.css".to_owned(),
            },
            description: text(&self.sign_in_page_description_text),
            links: links.collect(),
        }
    }
}

/// A part of an address by which a browser knows that what it kept is another by now.
fn tag(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let bytes = digest.as_ref().iter().take(TAG);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{ENGLISH, SWEDISH};

    #[test]
    fn a_text_is_neither_empty_nor_long_nor_turns_what_follows_it() {
        assert_eq!(is_shown("Contoso <AB> & söner", 64), Ok(()));
        assert_eq!(is_shown(" ", 64), Err(TextError::Empty));
        assert_eq!(is_shown("åäö", 3), Ok(()));
        assert_eq!(is_shown("åäöå", 3), Err(TextError::TooLong(3)));
        for text in ["a\nb", "a\u{0}", "a\u{202e}b", "\u{2066}a", "a\u{200f}"] {
            assert_eq!(is_shown(text, 64), Err(TextError::Unprintable), "{text:?}");
        }
    }

    #[test]
    fn a_page_says_it_in_its_language_and_is_ours_where_nothing_is_said() {
        let plain = Branding::default().in_words(&ENGLISH);
        assert_eq!(plain.name, "Wicketgate");
        assert_eq!(plain.style, "/style.css");
        assert!(plain.logo.is_none() && plain.links.is_empty());
        let branding = Branding {
            company_name: Some(Localized::one("Contoso")),
            sign_in_page_description_text: Some(Localized {
                english: "Hello".to_owned(),
                swedish: "Hej".to_owned(),
            }),
            help_desk_link: Some(Link::parse("tel:+468123456", None).unwrap()),
            home_link: Some(
                Link::parse("https://contoso.com/", Some(Localized::one("Contoso.com"))).unwrap(),
            ),
            ..Branding::default()
        };
        let swedish = branding.in_words(&SWEDISH);
        assert_eq!(swedish.name, "Contoso");
        assert_eq!(swedish.description.as_deref(), Some("Hej"));
        let expected = [
            ("tel:+468123456".to_owned(), "Support".to_owned()),
            ("https://contoso.com/".to_owned(), "Contoso.com".to_owned()),
        ];
        assert_eq!(swedish.links, expected);
        let english = branding.in_words(&ENGLISH);
        assert_eq!(english.description.as_deref(), Some("Hello"));
    }
}
