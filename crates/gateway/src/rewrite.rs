//! Host names: what the back end calls itself becomes what is published, or does not come out.

use std::collections::BTreeMap;

use crate::read::WELL_KNOWN;
use crate::route::{Host, Publication, Route};

/// Back ends' own names (lower case) and what they are called outside, with the port if it is not 443.
///
/// The same name may be called otherwise by each route: its own word goes before the host's, which
/// knows the names of all of them (S57).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    route: &'a BTreeMap<String, String>,
    host: &'a BTreeMap<String, String>,
    publication: &'a Publication,
}

impl<'a> Names<'a> {
    /// The names as a route has them.
    pub(crate) fn of(route: &'a Route, host: &'a Host, publication: &'a Publication) -> Self {
        Self {
            route: &route.names,
            host: &host.names,
            publication,
        }
    }

    fn outside(&self, own: &str) -> Option<&'a String> {
        self.route.get(own).or_else(|| self.host.get(own))
    }

    /// Every name, as this route calls it.
    fn all(&self) -> impl Iterator<Item = (&'a String, &'a String)> {
        let others = self.host.iter();
        let others = others.filter(|(own, _)| !self.route.contains_key(*own));
        self.route.iter().chain(others)
    }

    /// The address with its host put right; `None` where it names no host of the back end's own.
    pub(crate) fn mapped(&self, url: &str) -> Option<String> {
        let (scheme, rest) = url
            .split_once("://")
            .filter(|(scheme, _)| is_scheme(scheme))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let host = host_of(authority);
        let published = self.outside(&host)?;
        let scheme = if scheme.eq_ignore_ascii_case("http") {
            "https"
        } else {
            scheme
        };
        Some(format!("{scheme}://{published}{path}"))
    }

    /// A text that is no address with each name put right, as `msstd:` and a host have it; `None` where
    /// it has none of them.
    pub(crate) fn replaced(&self, text: &str) -> Option<String> {
        self.written((text, Text::Document), |_, _, _| (0, String::new()))
    }

    /// The same of addresses inside a text, escaped or not: the port behind a name goes with it, and the published one takes its
    /// place.
    pub(crate) fn redirected(&self, text: &str) -> Option<String> {
        self.written((text, Text::Line), |before, behind, port| {
            let written = COLONS.into_iter().find_map(|colon| {
                let head = behind.get(..colon.len())?;
                let rest = behind.get(colon.len()..)?;
                let digits = rest.len()
                    - rest
                        .trim_start_matches(|it: char| it.is_ascii_digit())
                        .len();
                let goes_on = rest.get(digits..).and_then(|it| it.chars().next());
                let is_whole = !goes_on.is_some_and(|it| it.is_alphanumeric() || ".-".contains(it));
                let is_port =
                    head.eq_ignore_ascii_case(colon) && (1..=5).contains(&digits) && is_whole;
                is_port.then(|| (colon, colon.len() + digits))
            });
            let ends = |with: &str| {
                let at = before.len().checked_sub(with.len());
                let last = at.and_then(|at| before.get(at..));
                last.is_some_and(|last| last.eq_ignore_ascii_case(with))
            };
            let as_before = match () {
                () if ends("%252f") => "%253a",
                () if ends("%2f") => "%3a",
                () => ":",
            };
            let (colon, length) = written.unwrap_or((as_before, 0));
            let port = port.map_or(String::new(), |port| format!("{colon}{port}"));
            (length, port)
        })
    }

    /// Each name put right; what stands before it, what behind it, and the published port say how much behind it goes and what
    /// is written for that.
    fn written(
        &self,
        (text, of): (&str, Text),
        port: impl Fn(&str, &str, Option<&str>) -> (usize, String),
    ) -> Option<String> {
        let mut replaced = text.to_owned();
        for (own, published) in self.all().filter(|(own, _)| !own.is_empty()) {
            let mut outside = published.split(':');
            let (name, published_port) = (outside.next().unwrap_or(published), outside.next());
            let lower = replaced.to_ascii_lowercase();
            let (mut written, mut from) = (String::with_capacity(replaced.len()), 0);
            for at in self.found((&lower, of), own) {
                let end = at + own.len();
                let behind = replaced.get(end..).unwrap_or_default();
                let before = replaced.get(..at).unwrap_or_default();
                let (length, port) = port(before, behind, published_port);
                written.push_str(replaced.get(from..at).unwrap_or_default());
                written.push_str(name);
                written.push_str(&port);
                from = end + length;
            }
            written.push_str(replaced.get(from..).unwrap_or_default());
            replaced = written;
        }
        (replaced != text).then_some(replaced)
    }

    /// Whether a line of a header still names a host of the back end's own.
    pub(crate) fn leaks(&self, line: &str) -> bool {
        self.told(line, Text::Line).is_some()
    }

    /// The first name of the back end's own that a document still has.
    pub(crate) fn leaked(&self, document: &str) -> Option<&'a str> {
        self.told(document, Text::Document)
    }

    fn told(&self, text: &str, of: Text) -> Option<&'a str> {
        // What a server calls itself as it is called outside is no secret.
        let inner = self
            .all()
            .filter(|(own, outside)| !own.is_empty() && host_of(outside) != **own);
        let lower = text.to_ascii_lowercase();
        let is_told = |own: &str| {
            let mut begun = begins(&lower, own);
            begun.any(|at| match own.contains('.') {
                true => {
                    // A label of digits is a port in disguise.
                    let next = behind(&lower, at, own).chars().next();
                    next.is_some_and(|it| it.is_ascii_digit()) || !goes_on(next)
                }
                // A name without a dot is the beginning of its own longer ones.
                false => self.is_host_at((&lower, of), at, own),
            })
        };
        let mut told = inner.filter(|(own, _)| is_told(own));
        told.next().map(|(own, _)| own.as_str())
    }

    /// Where a name stands in a text of lower case; one that goes on before it or behind it is another, and one without a dot is
    /// a name only where it stands for a host.
    fn found<'t>(
        &'t self,
        (lower, of): (&'t str, Text),
        name: &'t str,
    ) -> impl Iterator<Item = usize> + 't {
        let all = begins(lower, name);
        all.filter(move |at| {
            let is_whole = !goes_on(behind(lower, *at, name).chars().next());
            is_whole && (name.contains('.') || self.is_host_at((lower, of), *at, name))
        })
    }

    /// Whether a word without a dot stands for a host, and for no other than that of the server: servers are called as steps of
    /// paths, elements of XML, units of a directory and published names begin, too.
    fn is_host_at(&self, (lower, of): (&str, Text), at: usize, own: &str) -> bool {
        // A name with an underscore ends where it ends, and goes on behind that.
        let own_end = at + own.len();
        let end = own_end + longer(lower, own_end).len();
        let name = lower.get(at..end).unwrap_or(own);
        let before = lower.get(..at).unwrap_or_default();
        let after = lower.get(end..).unwrap_or_default();
        let is_told = match Slashes::before(before) {
            Slashes::Two => true,
            Slashes::One => is_service(before),
            Slashes::None => match of {
                Text::Document => is_value(before, after),
                // An element of XML begins so, which stands in no line; whatever else is a word may be the server.
                Text::Line => !before.ends_with('<'),
            },
        };
        is_told && !self.is_outside(name)
    }

    /// Whether a host is published, known to everybody, or one of what clients are told.
    fn is_outside(&self, host: &str) -> bool {
        let mut told = self.all().map(|(_, outside)| host_of(outside));
        let is_known = self.publication.may_be_named(host) || WELL_KNOWN.contains(&host);
        is_known || told.any(|it| it == host)
    }
}

/// What a name is looked for in.
#[derive(Clone, Copy)]
enum Text {
    /// A document, in which words are prose.
    Document,
    /// A line of a header.
    Line,
}

/// How many slashes stand before a word, in whatever escape.
enum Slashes {
    None,
    One,
    Two,
}

impl Slashes {
    fn before(before: &str) -> Self {
        let without = |text: &'_ str| {
            let written = ["/", "%2f", "%252f"].into_iter();
            let mut all = written.filter_map(|slash| Some(text.strip_suffix(slash)?.len()));
            all.next()
        };
        let Some(end) = without(before) else {
            return Self::None;
        };
        // JSON may write a backslash before each slash.
        let above = before.get(..end).unwrap_or_default();
        match without(above.trim_end_matches('\\')) {
            Some(_) => Self::Two,
            None => Self::One,
        }
    }
}

/// Whether a service of Windows stands before the last slash, as in an SPN (`host/FE01`).
fn is_service(before: &str) -> bool {
    let class = before.trim_end_matches('/');
    SERVICES.into_iter().any(|service| {
        let above = class.strip_suffix(service);
        above.is_some_and(|above| {
            !above.ends_with(|it: char| it.is_ascii_alphanumeric() || "/-.".contains(it))
        })
    })
}

/// What may stand behind a host in a value.
const ENDS: [&str; 9] = ["<", "\"", "'", ";", ",", "&", ":", "\\", "$"];
/// What stands before a host in a document.
const BEGINS: [&str; 10] = [">", "\"", "'", "@", "=", ",", ";", "msstd:", "sip:", "\\\\"];
/// More blanks than nobody writes before a document's first word.
const MAX_BLANKS: usize = 64;

/// Whether a word is a value of a document, or the host in one.
fn is_value(before: &str, after: &str) -> bool {
    // `EXCH`, `EXPR` and `WEB` say there what kind of server is meant; a unit of a directory is called as one may be.
    if before.ends_with("<type>") {
        return false;
    }
    let is_first = before.len() <= MAX_BLANKS && before.trim().is_empty();
    let is_begun = is_first || BEGINS.into_iter().any(|it| before.ends_with(it));
    let is_ended =
        after.trim_start().is_empty() || ENDS.into_iter().any(|it| after.starts_with(it));
    (is_begun && is_ended) || before.ends_with("cn=servers/cn=")
}

/// Classes of SPNs that web services, Exchange and Lync have ([MS-KILE] 3.1.5.11, setspn).
const SERVICES: [&str; 9] = [
    "host",
    "http",
    "https",
    "sip",
    "smtp",
    "exchangemdb",
    "exchangerfr",
    "exchangeab",
    "rpcss",
];

/// The whole name that begins at a place.
fn longer(lower: &str, at: usize) -> &str {
    let rest = lower.get(at..).unwrap_or_default();
    let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && !"-.".contains(it));
    let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
    name.trim_end_matches('.')
}

/// How the sign before a port is written, in an address and in one that is escaped once or twice.
const COLONS: [&str; 3] = [":", "%3a", "%253a"];

/// Where a name stands in a text of lower case, whatever follows behind a dot; one that goes on otherwise is another.
fn begins<'t>(lower: &'t str, name: &'t str) -> impl Iterator<Item = usize> {
    let all = lower.match_indices(name).map(|(at, _)| at);
    all.filter(move |at| {
        let before = lower.get(..*at).unwrap_or_default();
        let next = lower
            .get(*at + name.len()..)
            .and_then(|it| it.chars().next());
        // A name below is another; a dot alone, as in a cookie's domain, is not.
        let above = before.strip_suffix('.').unwrap_or(before);
        let is_begun = goes_on(above.chars().next_back()) && !ends_in_escape(above);
        !is_begun && !goes_on(next)
    })
}

/// What stands behind a name at a place, without a dot between.
fn behind<'t>(lower: &'t str, at: usize, name: &str) -> &'t str {
    let behind = lower.get(at + name.len()..).unwrap_or_default();
    behind.strip_prefix('.').unwrap_or(behind)
}

/// Whether a name goes on with a letter.
fn goes_on(letter: Option<char>) -> bool {
    letter.is_some_and(|it| it.is_ascii_alphanumeric() || it == '-')
}

/// Whether the last letters of a text stand for another character, as in `%2f`, `\u002f`, `\x2f` or `\n`.
fn ends_in_escape(text: &str) -> bool {
    let written = |marks: &[&str], digits: usize| {
        let Some((before, last)) = text
            .len()
            .checked_sub(digits)
            .and_then(|at| text.split_at_checked(at))
        else {
            return false;
        };
        let is_hex = last.bytes().all(|it| it.is_ascii_hexdigit());
        // `%252f` is one that was escaped twice.
        is_hex
            && marks
                .iter()
                .any(|mark| before.trim_end_matches("25").ends_with(mark))
    };
    let is_control = ["\\n", "\\r", "\\t", "\\b", "\\f", "\\v"];
    written(&["%", "\\x"], 2)
        || written(&["\\u", "%u"], 4)
        || is_control.iter().any(|it| text.ends_with(it))
}

/// Names as they are compared.
pub(crate) fn lower_case(names: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let lower = names
        .iter()
        .map(|(own, outside)| (own.to_ascii_lowercase(), outside.clone()));
    lower.collect()
}

/// The host of an absolute address, in lower case; `None` where readers do not agree on it.
pub(crate) fn host_of_url(url: &str) -> Option<String> {
    // Browsers take a backslash for a slash and pass over tabs and line breaks; others take them as they stand.
    if url.contains(|it: char| it == '\\' || it.is_control()) {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // What stands before may be an address already, without a scheme; a blank in a path is one to everybody.
    if !is_scheme(scheme) || authority.contains(char::is_whitespace) {
        return None;
    }
    Some(host_of(authority)).filter(|host| !host.is_empty())
}

/// Whether a text is a scheme, and nothing that an address might be itself (RFC 3986 3.1).
fn is_scheme(text: &str) -> bool {
    let is_of_scheme = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
    !text.is_empty() && text.chars().all(is_of_scheme)
}

/// The host of an authority: no user, no port, lower case.
fn host_of(authority: &str) -> String {
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static NONE: BTreeMap<String, String> = BTreeMap::new();
    static NOTHING: LazyLock<Publication> = LazyLock::new(Publication::default);

    fn of_host(host: &BTreeMap<String, String>) -> Names<'_> {
        Names {
            route: &NONE,
            host,
            publication: &NOTHING,
        }
    }

    #[test]
    fn s57_a_route_s_own_word_for_a_name_goes_before_the_host_s() {
        let names = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = |(own, outside): &(&str, &str)| ((*own).to_owned(), (*outside).to_owned());
            pairs.iter().map(owned).collect()
        };
        let host = names(&[("fe.local", "one.example"), ("mbx.local", "mail.example")]);
        let route = names(&[("fe.local", "two.example")]);
        let names = Names {
            route: &route,
            host: &host,
            publication: &NOTHING,
        };
        let mapped = |url: &str| names.mapped(url);
        assert_eq!(
            mapped("https://fe.local/").as_deref(),
            Some("https://two.example/")
        );
        assert_eq!(
            mapped("https://mbx.local/").as_deref(),
            Some("https://mail.example/")
        );
        let replaced = names.replaced("fe.local mbx.local");
        assert_eq!(replaced.as_deref(), Some("two.example mail.example"));
        assert!(names.leaks("at MBX.local") && !names.leaks("at two.example"));
    }

    #[test]
    fn names_inside_a_text_are_put_right() {
        let names = BTreeMap::from([("fe01.local".to_owned(), "fe01.localhost:8443".to_owned())]);
        let replaced = |text: &str| of_host(&names).replaced(text);
        assert_eq!(
            replaced("msstd:FE01.local").as_deref(),
            Some("msstd:fe01.localhost")
        );
        let twice = "fe01.local;é;fe01.local";
        assert_eq!(
            replaced(twice).as_deref(),
            Some("fe01.localhost;é;fe01.localhost")
        );
        assert_eq!(replaced("Ntlm"), None);
    }

    #[test]
    fn a_name_inside_another_is_another_and_one_that_is_published_is_no_secret() {
        let names = BTreeMap::from([
            (
                "web.contoso.com".to_owned(),
                "lyncweb.contoso.com".to_owned(),
            ),
            (
                "mail.contoso.com".to_owned(),
                "mail.contoso.com:8443".to_owned(),
            ),
        ]);
        let names = of_host(&names);
        let published = "https://lyncweb.contoso.com/ https://mail.contoso.com:8443/";
        assert!(!names.leaks(published));
        assert_eq!(names.replaced("lyncweb.contoso.com"), None);
        assert!(names.leaks("https://web.contoso.com/") && names.leaks("a web.contoso.com."));
        let replaced = names.replaced("msstd:web.contoso.com");
        assert_eq!(replaced.as_deref(), Some("msstd:lyncweb.contoso.com"));
    }

    #[test]
    fn a_name_behind_an_escape_is_that_name() {
        let names = BTreeMap::from([(
            "web.contoso.local".to_owned(),
            "lync.contoso.com".to_owned(),
        )]);
        let names = of_host(&names);
        for leak in [
            "/login?to=https%3a%2f%2fweb.contoso.local%2fmeet",
            "/login?to=https%3A%2F%2FWEB.contoso.local",
            "to=https%253a%252f%252fweb.contoso.local",
            "to=%25252fweb.contoso.local",
            "\\u002fweb.contoso.local",
            "\\x2fweb.contoso.local",
            "%u002fweb.contoso.local",
            "a\\nweb.contoso.local",
            "a&#x2f;web.contoso.local",
        ] {
            assert!(names.leaks(leak), "{leak}");
        }
        assert!(names.leaks("a=b; Domain=.web.contoso.local"));
        assert!(names.leaks("at web.contoso.local."));
        let another = "https://web.contoso.local.mx/";
        assert_eq!(names.replaced(another), None);
        assert!(!names.leaks(another));
        for another in [
            "x.web.contoso.local",
            "2fweb.contoso.local",
            "myweb.contoso.local",
            "a-web.contoso.local",
            "%2fmyweb.contoso.local",
            "nweb.contoso.local",
        ] {
            assert!(!names.leaks(another), "{another}");
        }
        let replaced = names.replaced("x%2fweb.contoso.local%2fweb.contoso.local");
        assert_eq!(
            replaced.as_deref(),
            Some("x%2flync.contoso.com%2flync.contoso.com")
        );
    }

    #[test]
    fn a_short_name_and_one_with_a_port_behind_a_dot_are_told_by_their_longer_forms() {
        let outside = "a.b".to_owned();
        let names = BTreeMap::from([
            ("exch01".to_owned(), outside.clone()),
            ("fe01.local".to_owned(), outside),
        ]);
        let names = of_host(&names);
        for leak in [
            "exch01",
            "at EXCH01.contoso.local",
            "SERVERID=fe01.local.4443",
            "fe01.local.",
        ] {
            assert!(names.leaks(leak), "{leak}");
        }
        for another in ["exch011", "fe01.local.example", "x.exch01"] {
            assert!(!names.leaks(another), "{another}");
        }
        assert_eq!(names.replaced("exch01.contoso.local"), None);
    }

    /// Servers are called as paths, namespaces, units of a directory and published names begin.
    #[test]
    fn a_short_name_is_told_only_where_it_stands_for_a_host() {
        let own = |own: &str| (own.to_owned(), "mail.contoso.com:8443".to_owned());
        let names = [
            "mail",
            "exchange",
            "autodiscover",
            "exch",
            "www",
            "fs",
            "owa",
            "ex_01",
        ];
        let names: BTreeMap<String, String> = names.map(own).into();
        let mut publication = Publication::default();
        let published = "autodiscover.contoso.com".to_owned();
        publication.hosts.insert(published, Host::default());
        publication
            .foreign_hosts
            .insert("fs.partner.example".to_owned());
        let names = Names {
            publication: &publication,
            ..of_host(&names)
        };
        for other in [
            "https://mail.contoso.com:8443/EWS/Exchange.asmx",
            "a=b; Domain=.mail.contoso.com",
            "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">",
            "<a:Autodiscover></a:Autodiscover></Autodiscover>",
            "https://autodiscover.contoso.com./autodiscover/autodiscover.xml",
            "https://fs.partner.example/owa/",
            "to=%2fexchange%2f",
            "<Type>EXCH</Type>",
            "xmlns:x=\"http://www.w3.org/2001/XMLSchema\"",
            "<LegacyDN>/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=anna</LegacyDN>",
        ] {
            assert_eq!(names.leaked(other), None, "{other}");
            assert_eq!(names.replaced(other), None, "{other}");
            let is_line = !other.contains(['<', '"']);
            assert!(!is_line || names.redirected(other).is_none(), "{other}");
            assert!(!is_line || !names.leaks(other), "{other}");
        }
        for (told, name) in [
            ("https://mail/EWS/Exchange.asmx", "mail"),
            ("<Server>EXCHANGE</Server>", "exchange"),
            ("<Server>EXCHANGE.contoso.local</Server>", "exchange"),
            ("<a server=\"exchange:443\"/>", "exchange"),
            ("X=mail.contoso.local", "mail"),
            ("to=%2f%2fexchange%2fx", "exchange"),
            (r#"{"href":"https:\/\/exchange\/x"}"#, "exchange"),
            ("<Spn>host/EXCHANGE</Spn>", "exchange"),
            ("<Spn>HTTP/exchange.contoso.local:443</Spn>", "exchange"),
            ("https://autodiscover.contoso.com.mx/", "autodiscover"),
            ("<Server>EX_01</Server>", "ex_01"),
            ("<Server>EX_01.contoso.local</Server>", "ex_01"),
            ("<Upn>EXCHANGE$@CONTOSO.LOCAL</Upn>", "exchange"),
            ("<V>dc1,EXCHANGE</V>", "exchange"),
            (
                "<MdbDN>/o=Contoso/cn=Servers/cn=EXCHANGE/cn=Microsoft Private MDB</MdbDN>",
                "exchange",
            ),
        ] {
            assert_eq!(names.leaked(told), Some(name), "{told}");
            assert!(names.leaks(told), "{told}");
        }
        for line in [
            "15 at EXCHANGE",
            "exchange",
            "a=exchange; Path=/",
            "to=exchange/x",
            "HTTP/exchange",
        ] {
            assert!(names.leaks(line), "{line}");
        }
        let put_right = names.redirected("/autodiscover/x?to=autodiscover&b=https://owa/owa/");
        let told = "/autodiscover/x?to=mail.contoso.com:8443&b=https://mail.contoso.com:8443/owa/";
        assert_eq!(put_right.as_deref(), Some(told));
        let put_right = names.redirected("/x?to=exchange/y&z=exchange%2fy");
        let told = "/x?to=mail.contoso.com:8443/y&z=mail.contoso.com:8443%2fy";
        assert_eq!(put_right.as_deref(), Some(told));
        let server = names.replaced("msstd:exchange");
        assert_eq!(server.as_deref(), Some("msstd:mail.contoso.com"));
    }

    #[test]
    fn the_port_of_an_address_in_a_text_goes_with_its_name() {
        let told = |outside: &str, text: &str| {
            let names = BTreeMap::from([("fe01.local".to_owned(), outside.to_owned())]);
            of_host(&names).redirected(text).unwrap_or_default()
        };
        for (text, plain, with_port) in [
            (
                "/l?to=https%3a%2f%2fFE01.local%3a4443%2fx",
                "/l?to=https%3a%2f%2fa.b%2fx",
                "/l?to=https%3a%2f%2fa.b%3a8443%2fx",
            ),
            (
                "/l?to=https%3A%2F%2ffe01.local%2fx",
                "/l?to=https%3A%2F%2fa.b%2fx",
                "/l?to=https%3A%2F%2fa.b%3a8443%2fx",
            ),
            (
                "/l?to=https%253a%252f%252ffe01.local%252fx",
                "/l?to=https%253a%252f%252fa.b%252fx",
                "/l?to=https%253a%252f%252fa.b%253a8443%252fx",
            ),
            (
                "/l?to=http://fe01.local:8080/&b=fe01.local",
                "/l?to=http://a.b/&b=a.b",
                "/l?to=http://a.b:8443/&b=a.b:8443",
            ),
            ("/l?to=fe01.local:x", "/l?to=a.b:x", "/l?to=a.b:8443:x"),
            (
                "/l?s=fe01.local:12345abc",
                "/l?s=a.b:12345abc",
                "/l?s=a.b:8443:12345abc",
            ),
        ] {
            assert_eq!(told("a.b", text), plain);
            assert_eq!(told("a.b:8443", text), with_port);
        }
    }

    #[test]
    fn only_the_host_of_an_address_is_put_right() {
        let names = BTreeMap::from([("fe01.local".to_owned(), "lync.contoso.com:8443".to_owned())]);
        let mapped = |url: &str| of_host(&names).mapped(url);
        assert_eq!(
            mapped("https://FE01.local:4443/a/b?c=fe01.local").as_deref(),
            Some("https://lync.contoso.com:8443/a/b?c=fe01.local")
        );
        assert_eq!(
            mapped("http://fe01.local").as_deref(),
            Some("https://lync.contoso.com:8443")
        );
        assert_eq!(mapped("https://lync.contoso.com/"), None);
        assert_eq!(mapped("https://fe01.local.evil/"), None);
        assert_eq!(mapped("not an address"), None);
        assert!(of_host(&names).leaks("see FE01.LOCAL") && !of_host(&names).leaks("see lync"));
    }

    #[test]
    fn a_host_is_found_whatever_stands_around_it() {
        let host = |url: &str| host_of_url(url);
        assert_eq!(
            host("https://u@A.example.:8/x").as_deref(),
            Some("a.example")
        );
        assert_eq!(host("https://[::1]:8/x").as_deref(), Some("[::1]"));
        assert_eq!(host("https:///x"), None);
        let blank = "https://a.example/a report.doc";
        assert_eq!(host(blank).as_deref(), Some("a.example"));
        for doubtful in [
            "//evil.example/?x=https://a.example/",
            "//evil.example/https://a.example/",
            "://a.example/",
            "https://a.example\\@evil.example/",
            "https://a.example/\\x",
            "https://a\t.example/",
            "https://a.example /",
            " https://a.example/",
        ] {
            assert_eq!(host(doubtful), None, "{doubtful}");
        }
    }
}
