//! A company's logo: a PNG, a JPEG or an SVG, known by what is in it and not by what it is called.
//!
//! SECURITY: an SVG is a document that may hold scripts. It is shown by `<img>` alone, where browsers run none; whoever opens
//! its address finds it under a policy that lets nothing run, load or be framed; and one with a DTD is refused. Start at
//! [`Logo::of`].

/// How many bytes a logo may have.
pub const MAX_LOGO: usize = 256 * 1024;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// A logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    kind: &'static str,
    bytes: Vec<u8>,
}

/// Why a file is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// It is too large.
    #[error("it has more than {} KiB", MAX_LOGO / 1024)]
    TooLarge,
    /// It is none of the three.
    #[error("it is not a PNG, a JPEG or an SVG in UTF-8")]
    Kind,
    /// An SVG with a DTD.
    #[error("it is an SVG with a document type or entities in it; take those lines away")]
    Dtd,
}

impl Logo {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// It is too large, or none of the three.
    pub fn of(bytes: Vec<u8>) -> Result<Self, LogoError> {
        if bytes.len() > MAX_LOGO {
            return Err(LogoError::TooLarge);
        }
        let kind = match bytes.as_slice() {
            png if png.starts_with(PNG) => "image/png",
            jpeg if jpeg.starts_with(JPEG) => "image/jpeg",
            other => svg(other)?,
        };
        Ok(Self { kind, bytes })
    }

    /// Its media type.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What is in it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether a text begins as an SVG does: behind a declaration and comments its first element is one.
fn svg(bytes: &[u8]) -> Result<&'static str, LogoError> {
    let text = std::str::from_utf8(bytes).map_err(|_| LogoError::Kind)?;
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            it if it.starts_with("<?") => "?>",
            it if it.starts_with("<!--") => "-->",
            _ => break,
        };
        let (_, behind) = rest.split_once(end).ok_or(LogoError::Kind)?;
        rest = behind.trim_start();
    }
    let has_dtd = ["<!DOCTYPE", "<!ENTITY"].iter().any(|it| text.contains(it));
    let name_ends = |it: char| it.is_ascii_whitespace() || it == '>' || it == '/';
    let is_svg = rest
        .strip_prefix("<svg")
        .is_some_and(|it| it.starts_with(name_ends));
    match (has_dtd, is_svg) {
        (true, _) => Err(LogoError::Dtd),
        (false, true) => Ok("image/svg+xml"),
        (false, false) => Err(LogoError::Kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_known_by_what_is_in_it() {
        let kind = |bytes: &[u8]| Logo::of(bytes.to_vec()).map(|it| it.kind());
        assert_eq!(kind(b"\x89PNG\r\n\x1a\nrest"), Ok("image/png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0rest"), Ok("image/jpeg"));
        for svg in [
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "<svg/>",
            "\u{feff}<?xml version=\"1.0\"?>\n<!-- by hand -->\n<svg\nviewBox=\"0 0 1 1\"></svg>",
        ] {
            assert_eq!(kind(svg.as_bytes()), Ok("image/svg+xml"), "{svg}");
        }
        for none in [
            "",
            "GIF89a",
            "<html><svg/></html>",
            "<svgx/>",
            "<?xml version=\"1.0\"",
            "<!-- <svg/>",
            "text <svg/>",
        ] {
            assert_eq!(kind(none.as_bytes()), Err(LogoError::Kind), "{none}");
        }
        assert_eq!(kind(b"<svg>\xff</svg>"), Err(LogoError::Kind), "no UTF-8");
        for dtd in [
            "<!DOCTYPE svg><svg/>",
            "<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY a \"b\">]><svg/>",
        ] {
            assert_eq!(kind(dtd.as_bytes()), Err(LogoError::Dtd), "{dtd}");
        }
        let mut large = PNG.to_vec();
        large.resize(MAX_LOGO, 0);
        assert_eq!(kind(&large), Ok("image/png"));
        large.push(0);
        assert_eq!(kind(&large), Err(LogoError::TooLarge));
    }
}
