//! The language that somebody chose, and where they go on: on the page on which they chose it, or with what is under way.
//!
//! A page that is asked for by its address has that in its form; what a form brought (a partner's answer, a request of SAML)
//! cannot be brought once more, and is not come back to. SECURITY: whatever the form brings, it leads to a path that is on the
//! list here, and to no other host. Start at [`Pages::language`].

use authn::place::Service;
use authn::ports::Unavailable;
use authn::sign_in::At;
use http::Method;

use crate::asked::Asked;
use crate::{Answer, Pages, cookie, endpoint, page};

/// The field that the way back is in.
pub(crate) const BACK: &str = "back";
/// How long a way back may be, in bytes: encoded in a form it fits into one.
const LONGEST: usize = 5 * 1_024;

const SIGN_IN: &str = "/sign-in";
const INVITATION: &str = "/invitation";

impl Pages {
    /// Keeps the language that was chosen.
    pub(crate) async fn language(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        let back = asked.field(BACK);
        let back = back.filter(|back| leads_back(&asked.service, back));
        let to = match back {
            Some(back) => back,
            None if self.is_under_way(asked, at).await? => SIGN_IN,
            None => "/",
        };
        let language = match asked.field("language") {
            Some("sv") => "sv",
            Some(_) | None => "en",
        };
        let line = cookie::given(cookie::LANGUAGE, language);
        Ok(page::with_cookie(page::redirect(to), line).into())
    }

    /// Whether somebody signs in for a party in this browser.
    pub(crate) async fn is_under_way(&self, asked: &Asked, at: &At) -> Result<bool, Unavailable> {
        let Some(handle) = asked.sign_in.as_ref() else {
            return Ok(false);
        };
        let held = self.ports.sign_ins.sign_in(handle.key(), at.now).await?;
        Ok(held.is_some_and(|it| it.service == Service::STS && asked.service == it.service))
    }
}

/// The address by which the page is come back to that answers a request; nothing where there is none.
pub(crate) fn way_back(
    service: &Service,
    method: &Method,
    path: &str,
    query: &str,
) -> Option<String> {
    // What it said, and that it began again, is over.
    if path == SIGN_IN || path.starts_with("/sign-in/") {
        return Some(SIGN_IN.to_owned());
    }
    let mut back = format!("{path}?");
    for byte in query.bytes() {
        // INTEROP: Internet Explorer sends what was typed into its address line as it is.
        match is_plain(byte) {
            true => back.push(char::from(byte)),
            false => back.push_str(&format!("%{byte:02X}")),
        }
    }
    (*method == Method::GET && leads_back(service, &back)).then_some(back)
}

/// Whether an address leads back to a page of ours.
///
/// SECURITY: its path is one of these to the letter, so that it begins with no host and no scheme; its query is ours to refuse.
fn leads_back(service: &Service, address: &str) -> bool {
    let (path, query) = match address.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (address, None),
    };
    let is_page = match (path, query) {
        (SIGN_IN, query) => query.is_none(),
        (INVITATION, _) => *service == Service::PORTAL,
        (path, _) => *service == Service::STS && endpoint::is_asked_by_browsers(path),
    };
    is_page && address.len() <= LONGEST && address.bytes().all(is_plain)
}

/// Whether an octet means nothing in an address but itself.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\\#\"<>".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_is_a_page_of_ours_and_nothing_else() {
        for (service, back) in [
            (Service::STS, "/sign-in"),
            (Service::PORTAL, "/sign-in"),
            (Service::STS, "/adfs/ls"),
            (
                Service::STS,
                "/ADFS/ls/?wreply=https://elsewhere.test//&a=%0D%0A",
            ),
            (
                Service::STS,
                "/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:sp",
            ),
            (Service::PORTAL, "/invitation?invitation=1"),
        ] {
            assert!(leads_back(&service, back), "{back}");
        }
        let long = format!("/adfs/ls/?a={}", "a".repeat(LONGEST));
        for back in [
            "",
            "/",
            "//",
            "//elsewhere.test",
            "//elsewhere.test/adfs/ls/",
            "///adfs/ls/",
            "/\\elsewhere.test/adfs/ls/",
            "\\/elsewhere.test",
            "https://elsewhere.test/adfs/ls/",
            "https:/adfs/ls/",
            "javascript:alert(1)",
            "elsewhere.test/adfs/ls/",
            "@elsewhere.test/adfs/ls/",
            " /adfs/ls/",
            "/adfs/ls/ ",
            "/adfs/ls//",
            "/adfs//ls/",
            "/adfs/ls/../../",
            "/adfs/ls/..//elsewhere.test",
            "/adfs/ls/%2e%2e/",
            "/adfs%2fls/",
            "/adfs/ls/#a",
            "/adfs/ls/?a=b#c",
            "/adfs/ls/?a=\\b",
            "/adfs/ls/?a=\"b",
            "/adfs/ls/?a=\r\nSet-Cookie: a=b",
            "/adfs/ls/?a=\tb",
            "/adfs/ls/?a=\0",
            "/adfs/ls/?a=\u{e5}",
            "/adfs/ls\t/",
            "/sign-in?again=1",
            "/sign-in/",
            "/SIGN-IN",
            "/sign-out",
            "/language",
            "/adfs/services/trust/2005/usernamemixed",
            long.as_str(),
        ] {
            for service in [Service::STS, Service::PORTAL] {
                assert!(!leads_back(&service, back), "{back:?}");
            }
        }
        assert!(!leads_back(&Service::PORTAL, "/adfs/ls/?wa=wsignin1.0"));
        assert!(!leads_back(&Service::STS, "/invitation?invitation=1"));
    }

    #[test]
    fn a_page_is_come_back_to_by_its_address_where_it_has_one() {
        let sts = Service::STS;
        let of = |method, path, query| way_back(&sts, &method, path, query);
        let asked = of(Method::GET, "/adfs/ls/", "a=b%20c&d=\u{e5}\\\"");
        assert_eq!(asked.as_deref(), Some("/adfs/ls/?a=b%20c&d=%C3%A5%5C%22"));
        for (method, path) in [
            (Method::GET, "/sign-in"),
            (Method::POST, "/sign-in"),
            (Method::POST, "/sign-in/send"),
        ] {
            let back = of(method, path, "said=refused");
            assert_eq!(back.as_deref(), Some("/sign-in"), "{path}");
        }
        for (method, path) in [
            (Method::POST, "/adfs/ls/"),
            (Method::GET, "/"),
            (Method::GET, "//elsewhere.test"),
            (Method::POST, "/language"),
        ] {
            assert_eq!(of(method, path, ""), None, "{path}");
        }
        let long = "a".repeat(LONGEST);
        assert_eq!(of(Method::GET, "/adfs/ls/", &long), None);
    }
}
