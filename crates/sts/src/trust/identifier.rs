//! What a party is called, and where it is: identifiers are compared as they stand, addresses are of TLS.

use std::fmt;

use thiserror::Error;

/// Most characters of an identifier or an address.
pub const MAX_LENGTH: usize = 2048;

/// What a party calls itself in messages: `wtrealm`, an entity id, the issuer of a token.
///
/// Two are the same if every character is. AD FS takes any text, and one of its own has a space in it (`AD AUTHORITY`);
/// refused are spaces at an end, which nobody sees, and control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(String);

/// Why a text is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// There is nothing.
    #[error("an identifier is empty")]
    Empty,
    /// It is longer than [`MAX_LENGTH`].
    #[error("an identifier has more than {MAX_LENGTH} characters")]
    TooLong,
    /// A space at an end, other white space or a control character is in it.
    #[error("an identifier has white space in it that nobody sees")]
    WhiteSpace,
}

impl Identifier {
    /// Reads an identifier.
    ///
    /// # Errors
    ///
    /// The text is none.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if text.chars().count() > MAX_LENGTH {
            return Err(IdentifierError::TooLong);
        }
        let is_hidden = |it: char| it != ' ' && (it.is_whitespace() || it.is_control());
        if text.trim() != text || text.chars().any(is_hidden) {
            return Err(IdentifierError::WhiteSpace);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Identifier {
    /// Whether a person or a product may take it for another: they differ by the case of a scheme, a host or a URN's
    /// beginning, by a port that is the scheme's own, or by dots behind a host, and by nothing else.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.without_case() == other.without_case()
    }

    fn without_case(&self) -> String {
        let text = self.0.as_str();
        if let Some((scheme, rest)) = text.split_once("://") {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let (scheme, authority) = (scheme.to_lowercase(), authority.to_lowercase());
            let own_port = match scheme.as_str() {
                "https" => ":443",
                "http" => ":80",
                _ => "",
            };
            let host = authority.strip_suffix(own_port).unwrap_or(&authority);
            return format!("{scheme}://{}{path}", host.trim_end_matches('.'));
        }
        // RFC 8141 3.1: the scheme and the namespace are of any case.
        let mut parts = text.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(urn), Some(namespace), Some(rest)) if urn.eq_ignore_ascii_case("urn") => {
                format!("urn:{}:{rest}", namespace.to_lowercase())
            }
            _ => text.to_owned(),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where something of a partner is: an absolute address of `https`, kept as it was written.
///
/// **Proves** that it has a host, no user name and no fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Url(String);

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// It is longer than [`MAX_LENGTH`].
    #[error("an address has more than {MAX_LENGTH} characters")]
    TooLong,
    /// It is no absolute URL.
    #[error("it is no absolute URL")]
    NotAbsolute,
    /// It is not of `https`, so that a token would go in clear.
    #[error("it is not an address of https, and a token would go in clear")]
    NotHttps,
    /// It has a user name, or a fragment.
    #[error("it has a user name or a fragment in it")]
    UserOrFragment,
}

impl Url {
    /// Scheme, name and port as browsers write them: in lower case, and no port that is the scheme's own.
    #[must_use]
    pub fn origin(&self) -> String {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let authority = authority.to_ascii_lowercase();
        let host = authority.strip_suffix(":443").unwrap_or(&authority);
        format!("https://{host}")
    }

    /// Reads an address.
    ///
    /// # Errors
    ///
    /// The text is none, or its scheme is another.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.chars().count() > MAX_LENGTH {
            return Err(UrlError::TooLong);
        }
        if text.contains('#') {
            return Err(UrlError::UserOrFragment);
        }
        let read: http::Uri = text.parse().map_err(|_| UrlError::NotAbsolute)?;
        let scheme = read.scheme_str().ok_or(UrlError::NotAbsolute)?;
        let authority = read.authority().ok_or(UrlError::NotAbsolute)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::UserOrFragment);
        }
        if authority.host().is_empty() {
            return Err(UrlError::NotAbsolute);
        }
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(UrlError::NotHttps);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the same place: host in any case of its letters, the same port, the same path and query, letter by
    /// letter.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self.parts(), other.parts()) {
            (Some(one), Some(another)) => one == another,
            _ => false,
        }
    }

    /// Whether it is the same page, whatever stands in the query of either.
    #[must_use]
    pub fn is_same_page(&self, other: &Self) -> bool {
        let page = |it: &Self| {
            let (host, port, path) = it.parts()?;
            let path = path.split('?').next().unwrap_or_default().to_owned();
            Some((host, port, path))
        };
        match (page(self), page(other)) {
            (Some(one), Some(another)) => one == another,
            _ => false,
        }
    }

    fn parts(&self) -> Option<(String, u16, String)> {
        let read: http::Uri = self.0.parse().ok()?;
        let port = match (read.port_u16(), read.port()) {
            (Some(port), _) => port,
            (None, None) => 443,
            (None, Some(_)) => return None,
        };
        let path = read.path_and_query().map(|it| it.as_str().to_owned());
        Some((
            read.host()?.to_ascii_lowercase(),
            port,
            path.unwrap_or_default(),
        ))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_any_text_that_can_be_seen() {
        for good in [
            "urn:federation:contoso",
            "https://lync.contoso.com/",
            "AD AUTHORITY",
            "7f3a",
        ] {
            assert_eq!(Identifier::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(Identifier::parse(""), Err(IdentifierError::Empty));
        for hidden in [" a", "a ", "a\tb", "a\u{a0}b", "a\nb"] {
            assert_eq!(Identifier::parse(hidden), Err(IdentifierError::WhiteSpace));
        }
        let long = "a".repeat(MAX_LENGTH + 1);
        assert_eq!(Identifier::parse(&long), Err(IdentifierError::TooLong));
    }

    #[test]
    fn t_http_14_a_name_that_may_be_taken_for_another_is_alike() {
        let is_alike = |one: &str, other: &str| {
            let other = Identifier::parse(other).unwrap();
            Identifier::parse(one).unwrap().is_alike(&other)
        };
        let lync = "https://lync.contoso.com/passiveauth";
        for other in [
            "https://LYNC.contoso.com/passiveauth",
            "HTTPS://lync.contoso.com/passiveauth",
            "https://lync.contoso.com:443/passiveauth",
            "https://lync.contoso.com./passiveauth",
        ] {
            assert!(is_alike(lync, other), "{other}");
        }
        assert!(is_alike("urn:federation:contoso", "URN:Federation:contoso"));
        assert!(is_alike("http://a.example:80", "http://A.example"));
        for other in [
            "https://lync.contoso.com/PassiveAuth",
            "https://lync.contoso.com/passiveauth/",
            "https://lync.contoso.com:444/passiveauth",
            "http://lync.contoso.com/passiveauth",
            "https://lync.contoso.com",
        ] {
            assert!(!is_alike(lync, other), "{other}");
        }
        assert!(!is_alike(
            "urn:federation:contoso",
            "urn:federation:Contoso"
        ));
        assert!(!is_alike("AD AUTHORITY", "ad authority"));
    }

    #[test]
    fn t_http_14_two_addresses_are_the_same_where_no_letter_that_counts_differs() {
        let registered = Url::parse("https://lync.contoso.com/PassiveAuth/").unwrap();
        let is_same = |text: &str| registered.is_same(&Url::parse(text).unwrap());
        assert!(is_same("https://lync.contoso.com/PassiveAuth/"));
        assert!(is_same("HTTPS://LYNC.contoso.com:443/PassiveAuth/"));
        for other in [
            "https://lync.contoso.com/PassiveAuth",
            "https://lync.contoso.com/passiveauth/",
            "https://lync.contoso.com/PassiveAuth/?a=b",
            "https://lync.contoso.com/PassiveAuth/../",
            "https://lync.contoso.com/%50assiveAuth/",
            "https://lync.contoso.com:444/PassiveAuth/",
            "https://lync.contoso.com.evil.example/PassiveAuth/",
            "https://lync.contoso.com/PassiveAuth/x",
        ] {
            assert!(!is_same(other), "{other}");
        }
    }

    #[test]
    fn t_http_14_a_page_is_the_same_whatever_is_asked_of_it() {
        let registered = Url::parse("https://fs.fabrikam.com/prp.php?a=b").unwrap();
        let is_same = |text: &str| registered.is_same_page(&Url::parse(text).unwrap());
        assert!(is_same("https://fs.fabrikam.com/prp.php?c=d"));
        assert!(is_same("https://FS.fabrikam.com:443/prp.php"));
        for other in [
            "https://fs.fabrikam.com/other.php?a=b",
            "https://fs.fabrikam.com/prp.php/",
            "https://fs.fabrikam.com/prp.php/../other?a=b",
            "https://fs.fabrikam.com:444/prp.php?a=b",
            "https://evil.example/prp.php?a=b",
        ] {
            assert!(!is_same(other), "{other}");
        }
    }

    #[test]
    fn an_address_is_of_tls_and_kept_as_it_was_written() {
        let written = "HTTPS://Lync.contoso.com:443/PassiveAuth/?a=b";
        assert_eq!(Url::parse(written).unwrap().as_str(), written);
        for (text, why) in [
            ("http://lync.contoso.com/", UrlError::NotHttps),
            ("javascript:alert(1)", UrlError::NotAbsolute),
            ("/adfs/ls/", UrlError::NotAbsolute),
            ("https:///path", UrlError::NotAbsolute),
            (
                "https://good.example@evil.example/",
                UrlError::UserOrFragment,
            ),
            ("https://good.example/#x", UrlError::UserOrFragment),
            ("https://good.example/a b", UrlError::NotAbsolute),
            ("", UrlError::NotAbsolute),
        ] {
            assert_eq!(Url::parse(text), Err(why), "{text}");
        }
        let long = format!("https://contoso.com/{}", "a".repeat(MAX_LENGTH));
        assert_eq!(Url::parse(&long), Err(UrlError::TooLong));
    }
}
