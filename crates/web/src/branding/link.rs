//! A link of a company's: where it may go.
//!
//! Start at [`Link::parse`].

use http::Uri;

use super::Localized;

/// How long an address may be.
const MAX_ADDRESS: usize = 2_048;

/// A link, and what it says where it does not say what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    address: String,
    pub(super) text: Option<Localized>,
}

/// Why an address is none for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It goes nowhere, or where no page of ours leads.
    #[error("it is not an address by `https://`, `mailto:` or `tel:`")]
    Scheme,
    /// It is not written as an address is.
    #[error("it is not written as such an address is: {0}")]
    Form(&'static str),
}

impl Link {
    /// Reads where it goes: a page by https without a user's name in it, a mailbox, or a telephone.
    ///
    /// # Errors
    ///
    /// It goes elsewhere, or is not written as an address is.
    pub fn parse(address: &str, text: Option<Localized>) -> Result<Self, LinkError> {
        if address.len() > MAX_ADDRESS {
            return Err(LinkError::Form("it is too long"));
        }
        let is_plain = |it: u8| it.is_ascii_graphic() && !br#""'<>\^`{|}"#.contains(&it);
        if !address.bytes().all(is_plain) {
            return Err(LinkError::Form(
                "it has a space, a letter that is not ASCII, or a sign in it that is written with a `%`",
            ));
        }
        let (scheme, rest) = address.split_once(':').ok_or(LinkError::Scheme)?;
        match scheme {
            "https" => is_page(address)?,
            "mailto" => is_mailbox(rest)?,
            "tel" => is_telephone(rest)?,
            _ => return Err(LinkError::Scheme),
        }
        Ok(Self {
            address: address.to_owned(),
            text,
        })
    }

    /// Where it goes.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn is_page(address: &str) -> Result<(), LinkError> {
    let host = "it has no host, or a user's name before it";
    if !address.starts_with("https://") {
        return Err(LinkError::Form(host));
    }
    let uri: Uri = address.parse().map_err(|_| LinkError::Form(host))?;
    let authority = uri.authority().map(|it| it.as_str());
    let authority = authority.filter(|it| !it.contains('@') && !it.starts_with(':'));
    authority.map(|_| ()).ok_or(LinkError::Form(host))
}

fn is_mailbox(rest: &str) -> Result<(), LinkError> {
    let (mailbox, _) = rest.split_once('?').unwrap_or((rest, ""));
    let parts = mailbox.split_once('@');
    let is_one = parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    match is_one {
        true => Ok(()),
        false => Err(LinkError::Form("it has no mailbox in it")),
    }
}

fn is_telephone(rest: &str) -> Result<(), LinkError> {
    let digits = rest.strip_prefix('+').unwrap_or(rest);
    let is_one = digits.bytes().all(|it| it.is_ascii_digit() || it == b'-');
    match is_one && digits.bytes().any(|it| it.is_ascii_digit()) {
        true => Ok(()),
        false => Err(LinkError::Form("a number has digits and dashes alone")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_goes_to_a_page_by_https_a_mailbox_or_a_telephone() {
        for address in [
            "https://help.contoso.com/",
            "https://help.contoso.com:8443/a?b=c#d",
            "mailto:help@contoso.com",
            "mailto:help@contoso.com?subject=Sign-in",
            "tel:+46-8-123456",
            "tel:112",
        ] {
            assert_eq!(Link::parse(address, None).unwrap().address(), address);
        }
    }

    #[test]
    fn a_link_goes_nowhere_else() {
        for address in [
            "",
            "help.contoso.com",
            "/help",
            "//help.contoso.com",
            "http://help.contoso.com/",
            "HTTPS://help.contoso.com/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https:help.contoso.com",
            "https://",
            "https://:8443/",
            "https://contoso.com@evil.example/",
            "https://help.contoso.com/a b",
            "https://help.contoso.com/\"onclick=x",
            "https://help.contoso.com/<script>",
            "https://h\u{e4}st.example/",
            "https://help.contoso.com/\n",
            "mailto:",
            "mailto:help",
            "mailto:@contoso.com",
            "tel:",
            "tel:+",
            "tel:abc",
            "tel:1;ext=2",
        ] {
            assert!(Link::parse(address, None).is_err(), "{address}");
        }
        let long = format!("https://help.contoso.com/{}", "a".repeat(MAX_ADDRESS));
        assert!(Link::parse(&long, None).is_err());
    }
}
