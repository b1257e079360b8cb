//! Host names: what the back end calls itself becomes what is published, or does not come out.

mod place;

use std::collections::BTreeMap;

use crate::read::WELL_KNOWN;
use crate::route::{Host, Publication, Route};
use place::{Text, begins, behind, goes_on, is_cut_off, is_of_host, longer, root_of, stands_in};

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
        // One that is the beginning of another goes after it.
        let mut names: Vec<_> = self.all().filter(|(own, _)| !own.is_empty()).collect();
        names.sort_by_key(|(own, _)| std::cmp::Reverse(own.len()));
        for (own, published) in names {
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

    /// Whether a word without a dot stands for a host, and for no other than that of the server: published names begin as servers
    /// are called, too.
    fn is_host_at(&self, (lower, of): (&str, Text), at: usize, own: &str) -> bool {
        // A name with an underscore ends where it ends, and goes on behind that.
        let own_end = at + own.len();
        let above = longer(lower, own_end);
        let end = own_end + above.len();
        let name = lower.get(at..end).unwrap_or(own);
        let before = lower.get(..at).unwrap_or_default();
        let after = lower.get(end..).unwrap_or_default();
        is_of_host(of, before, name, after)
            && !self.is_outside(name)
            && !self.is_foreign(above, after)
    }

    /// Whether what stands behind a short name is a domain of others, as behind the `www` of `www.example.net`: none that a server,
    /// the domain or whatever is published here is in or beside.
    fn is_foreign(&self, above: &str, after: &str) -> bool {
        let Some(domain) = above.strip_prefix('.') else {
            return false;
        };
        // A label of digits is a port in disguise, and one alone the name of a file or a short domain of our own.
        let first = domain.split('.').next().unwrap_or_default();
        let is_port = first.bytes().all(|it| it.is_ascii_digit());
        if is_port || !domain.contains('.') || is_cut_off(after) {
            return false;
        }
        let windows = self.publication.ntlm_target.dns_domain.trim_matches('.');
        let windows = windows.to_ascii_lowercase();
        let ours = |ours: &str| !ours.is_empty() && stands_in(domain, root_of(ours));
        let is_beside = |host: &str| host.split_once('.').is_some_and(|(_, parent)| ours(parent));
        let mut named = self.all();
        let is_ours = named.any(|(own, outside)| is_beside(own) || ours(&host_of(outside)));
        // SECURITY: where the domain is not known, every one may be it.
        !windows.is_empty() && !ours(&windows) && !is_ours
    }

    /// Whether a host is published, known to everybody, or one of what clients are told.
    fn is_outside(&self, host: &str) -> bool {
        let mut told = self.all().map(|(_, outside)| host_of(outside));
        let is_known = self.publication.may_be_named(host) || WELL_KNOWN.contains(&host);
        is_known || told.any(|it| it == host)
    }
}

/// How the sign before a port is written, in an address and in one that is escaped once or twice.
const COLONS: [&str; 3] = [":", "%3a", "%253a"];

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
mod tests;
