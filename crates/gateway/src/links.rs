//! Headers of answers that lead somewhere: put right where they name the back end, and withheld where they lead to what is
//! not published.
//!
//! Whoever follows one proves there who they are, or is told where to prove it. Start at [`rewrite_headers`].

use std::collections::BTreeSet;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use proto::lync::diagnostics;

use crate::challenges;
use crate::read::ReadError;
use crate::rewrite::{Names, host_of_url};
use crate::route::Publication;

/// Where an answer says that it, or what belongs to it, is had otherwise (RFC 9110 8.7, RFC 8288).
const BESIDE: [HeaderName; 3] = [
    header::CONTENT_LOCATION,
    header::LINK,
    HeaderName::from_static("uri"),
];
/// Where ActiveSync's 451 sends a phone ([MS-ASHTTP] 2.2.2.2.1).
const X_MS_LOCATION: HeaderName = HeaderName::from_static("x-ms-location");
/// How a 401 says it.
const X_MS_WEB_TICKET_URL: HeaderName = HeaderName::from_static("x-ms-webticketurl");

/// The longest line that addresses are looked for in; servers write a tenth of it.
pub(crate) const MAX_LINE: usize = 8 * 1024;
/// What a page may load and who may frame it; `-report-only` has the same form (CSP 3).
const CONTENT_SECURITY_POLICY: &str = "content-security-policy";
/// What went wrong, by the word of the server that says so ([MS-OCAUTHWS] 3.2.4.1).
const X_MS_DIAGNOSTICS: HeaderName = HeaderName::from_static("x-ms-diagnostics");

/// Puts addresses in an answer's headers right; a line that still names an internal host goes.
///
/// `host` is what the client calls a server of Lync or Exchange.
pub(crate) fn rewrite_headers(
    headers: &mut HeaderMap,
    (publication, names): (&Publication, Names<'_>),
    host: Option<&str>,
) {
    if let Some(host) = host {
        diagnosed_by(headers, host);
    }
    challenges::rewrite(headers, |address| {
        let mapped = names.mapped(address);
        mapped.or_else(|| publication.secured(address))
    });
    // A redirect goes on with what its query says, whoever is named there: without it the client stands still.
    for name in [header::LOCATION, X_MS_WEB_TICKET_URL, X_MS_LOCATION] {
        let put_right = headers.get(&name).and_then(|value| {
            let (value, rest) = readable(value.as_bytes());
            let mapped = names.mapped(value);
            let mapped = mapped.or_else(|| publication.secured(value));
            let replaced = names.redirected(mapped.as_deref().unwrap_or(value));
            let put_right = replaced.or(mapped)?;
            HeaderValue::from_bytes(&[put_right.as_bytes(), rest].concat()).ok()
        });
        if let Some(value) = put_right {
            headers.insert(name, value);
        }
    }
    let leaking = headers.iter().filter(|(name, value)| {
        let line = String::from_utf8_lossy(value.as_bytes());
        is_told(name, &line, names)
    });
    let leaking: BTreeSet<String> = leaking.map(|(name, _)| name.to_string()).collect();
    for name in leaking {
        // What protects a page is put right, as without it the page is not what it was.
        if name.starts_with(CONTENT_SECURITY_POLICY) {
            replace_lines(headers, &name, names);
            continue;
        }
        if name == header::CONTENT_DISPOSITION.as_str() {
            disposed_alone(headers);
        }
        // Each line of a header that comes more than once, Set-Cookie above all, is on its own.
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            keep_lines(headers, &name, |line| !is_told(&name, line, names));
        }
    }
}

/// Whether a line names a server; what went wrong and what a file is called are said in sentences, in which a short name is a word.
fn is_told(name: &HeaderName, line: &str, names: Names<'_>) -> bool {
    match *name == X_MS_DIAGNOSTICS || name == header::CONTENT_DISPOSITION {
        true => names.leaked(line).is_some(),
        false => names.leaks(line),
    }
}

/// What is to be done with an answer (RFC 6266), without the name of its file, which may be any: an attachment that is shown in
/// place may run there.
fn disposed_alone(headers: &mut HeaderMap) {
    let kind = headers.get(header::CONTENT_DISPOSITION).map(|line| {
        let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
        line.split(';').next().unwrap_or_default().trim().to_owned()
    });
    let kind = kind.and_then(|kind| HeaderValue::from_str(&kind).ok());
    headers.remove(header::CONTENT_DISPOSITION);
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_DISPOSITION, kind);
    }
}

/// A line as text; of one that is in no encoding that is known here what stands before its first letter beyond ASCII, and the
/// rest of it.
fn readable(line: &[u8]) -> (&str, &[u8]) {
    match std::str::from_utf8(line) {
        Ok(text) => (text, &[]),
        Err(_) => {
            let beyond = line.iter().position(|byte| !byte.is_ascii());
            let (text, rest) = line.split_at(beyond.unwrap_or(line.len()));
            (std::str::from_utf8(text).unwrap_or_default(), rest)
        }
    }
}

/// Puts the sources in the lines of a policy of content right; a line that is no text goes where it names a server.
fn replace_lines(headers: &mut HeaderMap, name: &str, names: Names<'_>) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return;
    };
    let lines: Vec<HeaderValue> = headers.get_all(&name).iter().cloned().collect();
    headers.remove(&name);
    for line in lines {
        let written = line.to_str().ok().map(|it| sources_put_right(it, names));
        let written = written.and_then(|it| HeaderValue::from_str(&it).ok());
        let is_told = || names.leaks(&String::from_utf8_lossy(line.as_bytes()));
        let kept = || (!is_told()).then(|| line.clone());
        if let Some(line) = written.or_else(kept) {
            headers.append(name.clone(), line);
        }
    }
}

/// A policy of content with each source put right that is of the back end: with its scheme and its port.
fn sources_put_right(policy: &str, names: Names<'_>) -> String {
    let source = |source: &str| {
        let bare = || {
            let address = format!("https://{source}");
            let mapped = names.mapped(&address)?;
            mapped.strip_prefix("https://").map(str::to_owned)
        };
        // Whom a report is mailed to has another host.
        let is_address = !source.contains('@');
        let mapped = names.mapped(source).or_else(bare).filter(|_| is_address);
        let whole = mapped.as_deref().unwrap_or(source);
        // What stands elsewhere in it, as in the address of a report.
        let inside = match is_address {
            true => names.redirected(whole),
            false => names.replaced(whole),
        };
        let written = inside.or(mapped).unwrap_or_else(|| source.to_owned());
        // SECURITY: with one source less a page may do less; without the line it might do anything.
        match names.leaks(&written) {
            true => String::new(),
            false => written,
        }
    };
    let is_between = |it: char| it.is_whitespace() || ";,".contains(it);
    let mut written = String::with_capacity(policy.len());
    let mut is_directive = true;
    for part in policy.split_inclusive(is_between) {
        let text = part.trim_end_matches(is_between);
        let end = part.get(text.len()..).unwrap_or_default();
        // What a directive is called is no source, and `data:` no host.
        match is_directive && is_word(text) || text.strip_suffix(':').is_some_and(is_word) {
            true => written += text,
            false => written += &source(text),
        }
        written += end;
        is_directive = end.contains([';', ',']) || is_directive && text.is_empty();
    }
    written
}

/// Whether a text is what directives and schemes of a policy are called (CSP 3, 2.2).
fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

/// Has the server that a client knows say what went wrong: each front end says its own name there. Everything else stays as it
/// was written.
fn diagnosed_by(headers: &mut HeaderMap, host: &str) {
    let lines: Vec<HeaderValue> = headers.get_all(X_MS_DIAGNOSTICS).iter().cloned().collect();
    headers.remove(X_MS_DIAGNOSTICS);
    for line in lines {
        let told = line
            .to_str()
            .ok()
            .and_then(|it| diagnostics::said_by(it, host));
        let told = told.and_then(|it| HeaderValue::from_str(&it).ok());
        headers.append(X_MS_DIAGNOSTICS, told.unwrap_or(line));
    }
}

/// Whether the headers of a document's answer lead where the document itself might: by a redirect, or by what they say of
/// where tickets are had.
pub(crate) fn leads_to_what_is_published(
    headers: &HeaderMap,
    publication: &Publication,
) -> Result<(), ReadError> {
    let lines = |name: &HeaderName| {
        let lines = headers.get_all(name).iter();
        lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
    };
    let mut led: Vec<String> = lines(&header::LOCATION).collect();
    led.extend(lines(&X_MS_WEB_TICKET_URL));
    led.extend(lines(&X_MS_LOCATION));
    led.extend(challenges::of_tickets(headers));
    led.extend(lines(&HeaderName::from_static("refresh")).filter_map(|line| refreshed(&line)));
    match led
        .iter()
        .find_map(|address| elsewhere(address, publication))
    {
        Some(named) => Err(ReadError::NamesHost(named)),
        None => Ok(()),
    }
}

/// What an address names, where that is neither published nor a path of the same host; or where it is in clear.
pub(crate) fn elsewhere(address: &str, publication: &Publication) -> Option<String> {
    let first = address.split(['/', '?', '#']).next().unwrap_or_default();
    let is_path =
        !first.contains([':', ';']) && !address.starts_with("//") && !is_doubtful(address);
    // What begins with two slashes has the scheme of the page, which is https.
    let host = match address.starts_with("//") {
        true => host_of_url(&format!("https:{address}")),
        false => host_of_url(address),
    };
    let host = host.unwrap_or_default();
    let is_other = !is_https(address) && !address.starts_with("//");
    let leads = !is_path && (is_other || !publication.may_be_named(&host));
    leads.then_some(if host.is_empty() {
        address.to_owned()
    } else {
        host
    })
}

/// The address that `Refresh` has behind its seconds, in spellings that readers do not agree on: a semicolon, a comma or a
/// blank divides, and `url=` stands before it or not.
fn refreshed(line: &str) -> Option<String> {
    let is_of_seconds = |it: char| it.is_ascii_digit() || it == '.' || it.is_whitespace();
    let rest = line.trim_start_matches(is_of_seconds);
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
    let named = rest.get(..3).filter(|it| it.eq_ignore_ascii_case("url"));
    let address = named.and_then(|_| rest.get(3..)?.trim_start().strip_prefix('='));
    let address = address.unwrap_or(rest).trim();
    let address = address.trim_matches(['"', '\'']).to_owned();
    Some(address).filter(|it| !it.is_empty())
}

/// Whether an absolute address is one of https.
pub(crate) fn is_https(address: &str) -> bool {
    let scheme = address.get(..8);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Takes away what sends whoever follows it to somebody else's tokens, and what says that the answer has another place there;
/// of nobody's answers challenges of tickets, too, and the address where they are had, as nothing else is held there.
///
/// A pool that knows another authority says so beside each of its own challenges; the others stay.
pub(crate) fn without_others(headers: &mut HeaderMap, publication: &Publication, is_nobody: bool) {
    challenges::without(headers, is_nobody, |value| {
        let mut found = addresses_in(value);
        found.any(|it| elsewhere(it, publication).is_some())
    });
    for name in BESIDE {
        keep_lines(headers, &name, |line| !leads_beside(line, publication));
    }
    let told = headers.get_all(&X_MS_WEB_TICKET_URL).iter();
    let mut told = told.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
    if is_nobody && told.any(|it| elsewhere(&it, publication).is_some()) {
        headers.remove(&X_MS_WEB_TICKET_URL);
    }
}

/// Keeps each line of a header for itself, in their order.
fn keep_lines(headers: &mut HeaderMap, name: &HeaderName, keeps: impl Fn(&str) -> bool) {
    if !headers.contains_key(name) {
        return;
    }
    let lines: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    headers.remove(name);
    let kept = |line: &HeaderValue| keeps(&String::from_utf8_lossy(line.as_bytes()));
    for line in lines.into_iter().filter(kept) {
        headers.append(name.clone(), line);
    }
}

/// Every absolute address in a value, however it is written; each to the value's end, as whoever reads it may go on there.
pub(crate) fn addresses_in(value: &str) -> impl Iterator<Item = &str> {
    let lower = value.to_ascii_lowercase();
    let is_of_scheme = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
    // What begins with two slashes has the scheme of the page; inside a value they are anything.
    let begins = lower.match_indices("//").filter_map(|(at, _)| {
        let before = lower.get(..at)?;
        match before.strip_suffix(':') {
            Some(before) => Some(before.trim_end_matches(is_of_scheme).len()),
            None => {
                let alone = before.chars().next_back();
                let is_alone = alone.is_none_or(|it| "\"'=, \t".contains(it));
                is_alone.then_some(at)
            }
        }
    });
    let short = ["http:", "https:"].into_iter();
    let short = short.flat_map(|it| lower.match_indices(it).map(|(at, _)| at));
    let doubtful = is_doubtful(value).then_some(0);
    let found: Vec<usize> = begins.chain(short).chain(doubtful).collect();
    let from = found.into_iter().filter_map(|at| value.get(at..));
    from.map(|rest| rest.trim_end_matches(['\'', ',', ';']))
}

/// Whether readers do not agree on what an address in a text is: they take a backslash for a slash, and pass over tabs.
fn is_doubtful(text: &str) -> bool {
    text.contains(|it: char| it == '\\' || it.is_control())
}

/// Whether a line that says where else an answer is had leads elsewhere: an address, or several in angle brackets.
fn leads_beside(line: &str, publication: &Publication) -> bool {
    let leads = |address: &str| elsewhere(address.trim(), publication).is_some();
    // What stands before the first bracket is an address where anything does.
    let mut parts = line.split('<');
    let first = parts.next().unwrap_or_default();
    let mut bracketed = parts.map(|rest| rest.split('>').next().unwrap_or(rest));
    let is_elsewhere = leads(first) || bracketed.any(leads);
    line.len() > MAX_LINE || is_doubtful(line) || is_elsewhere
}
