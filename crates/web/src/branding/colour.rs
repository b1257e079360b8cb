//! The colour of links and buttons, light and dark, and whether it can be read there (WCAG 2.2, 1.4.3, level AA).
//!
//! Start at [`Accent::parse`].

/// The least contrast of text that is not large (WCAG 2.2, 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;
/// What stands behind it in `style.css`: the page and a card, light.
const LIGHT: [Rgb; 2] = [Rgb([0xff, 0xff, 0xff]), Rgb([0xf6, 0xf8, 0xfa])];
/// The same, dark.
const DARK: [Rgb; 2] = [Rgb([0x10, 0x14, 0x18]), Rgb([0x1a, 0x20, 0x27])];

/// A colour for light pages and one for dark ones; what stands on them has the colour of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    light: Rgb,
    dark: Rgb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb([u8; 3]);

/// Why a colour is none for the pages.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AccentError {
    /// It is not written as one.
    #[error("`{0}` is not a colour such as `#0b57a4`")]
    NotOne(String),
    /// It cannot be read where it stands.
    #[error(
        "`{colour}` has a contrast of {contrast:.2} to 1 with {ground}, where it would stand on {pages} pages, and people need \
         {LEAST_CONTRAST} to 1 (WCAG 2.2, AA): take a {hint} one"
    )]
    Faint {
        /// The colour.
        colour: String,
        /// Its contrast.
        contrast: f64,
        /// With what.
        ground: String,
        /// On which pages.
        pages: &'static str,
        /// What would be better.
        hint: &'static str,
    },
}

impl Accent {
    /// Reads both.
    ///
    /// # Errors
    ///
    /// One is none, or cannot be read on the pages that it is for.
    pub fn parse(light: &str, dark: &str) -> Result<Self, AccentError> {
        Ok(Self {
            light: read(light, LIGHT, ("light", "darker"))?,
            dark: read(dark, DARK, ("dark", "lighter"))?,
        })
    }

    /// What the style sheet says of it.
    pub(crate) fn css(&self) -> String {
        let ([light, _], [dark, _]) = (LIGHT, DARK);
        let one = |accent: Rgb, on: Rgb| {
            let (accent, on) = (accent.written(), on.written());
            format!(":root {{ --accent: {accent}; --on-accent: {on}; }}\n")
        };
        let in_light = one(self.light, light);
        let in_dark = one(self.dark, dark);
        format!("{in_light}@media (prefers-color-scheme: dark) {{\n{in_dark}}}\n")
    }
}

fn read(
    text: &str,
    grounds: [Rgb; 2],
    (pages, hint): (&'static str, &'static str),
) -> Result<Rgb, AccentError> {
    let colour = Rgb::parse(text).ok_or_else(|| AccentError::NotOne(text.to_owned()))?;
    for ground in grounds {
        let contrast = colour.contrast(ground);
        if contrast < LEAST_CONTRAST {
            return Err(AccentError::Faint {
                colour: colour.written(),
                contrast,
                ground: ground.written(),
                pages,
                hint,
            });
        }
    }
    Ok(colour)
}

impl Rgb {
    /// Six hexadecimal digits behind a `#`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let is_one = digits.len() == 6 && digits.bytes().all(|it| it.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_one)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    fn written(self) -> String {
        let Self([red, green, blue]) = self;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// SPEC: "(L1 + 0.05) / (L2 + 0.05)" (WCAG 2.2, contrast ratio).
    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// SPEC: "L = 0.2126 * R + 0.7152 * G + 0.0722 * B" (WCAG 2.2, relative luminance).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|byte| {
            let part = f64::from(byte) / 255.0;
            match part <= 0.040_45 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|it| Rgb::parse(it).unwrap());
            (one.contrast(other) * 100.0).round() / 100.0
        };
        // Published pairs: black on white, and the greys on either side of the limit.
        assert_eq!(contrast("#000000", "#ffffff"), 21.0);
        assert_eq!(contrast("#ffffff", "#000000"), 21.0);
        assert_eq!(contrast("#767676", "#ffffff"), 4.54);
        assert_eq!(contrast("#777777", "#ffffff"), 4.48);
        assert_eq!(contrast("#0000ff", "#ffffff"), 8.59);
        assert_eq!(contrast("#ff0000", "#ffffff"), 4.0);
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_on_the_pages_where_it_cannot() {
        assert!(Accent::parse("#0b57a4", "#7ab8ff").is_ok());
        for (light, dark, said) in [
            ("#777777", "#7ab8ff", "on light pages"),
            ("#7ab8ff", "#7ab8ff", "take a darker one"),
            ("#0b57a4", "#0b57a4", "on dark pages"),
            ("#0b57a4", "#444444", "take a lighter one"),
            // It could be read on a white page, and not on a card.
            ("#767676", "#7ab8ff", "with #f6f8fa"),
        ] {
            let error = Accent::parse(light, dark).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        for text in [
            "", "0b57a4", "#0b57a", "#0b57a44", "#0b57ag", "blue", "#+b57a4",
        ] {
            let error = Accent::parse(text, "#7ab8ff").unwrap_err();
            assert_eq!(error, AccentError::NotOne(text.to_owned()));
            let error = Accent::parse("#0b57a4", text).unwrap_err();
            assert_eq!(error, AccentError::NotOne(text.to_owned()));
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let style = include_str!("../../static/style.css");
        let (light, dark) = style
            .split_once("@media (prefers-color-scheme: dark)")
            .unwrap();
        for (part, [ground, card]) in [(light, LIGHT), (dark, DARK)] {
            for (name, colour) in [("--ground", ground), ("--card", card)] {
                let line = format!("{name}: {};", colour.written());
                assert!(part.contains(&line), "{line}");
            }
        }
        let accent = Accent::parse("#0B57A4", "#7ab8ff").unwrap();
        let expected = ":root { --accent: #0b57a4; --on-accent: #ffffff; }\n\
                        @media (prefers-color-scheme: dark) {\n\
                        :root { --accent: #7ab8ff; --on-accent: #101418; }\n}\n";
        assert_eq!(accent.css(), expected);
    }
}
