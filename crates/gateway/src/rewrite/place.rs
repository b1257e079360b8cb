//! Where a name stands in a text: as a whole name and not as a part of another, and where it has no dot, in the place of a host.
//!
//! Texts are in lower case. Start at [`begins`] and [`is_of_host`].

/// What a name is looked for in.
#[derive(Clone, Copy)]
pub(super) enum Text {
    /// A document, in which words are prose.
    Document,
    /// A line of a header.
    Line,
}

/// Whether a word between what stands before and behind it stands where hosts do: servers are called as steps of paths, elements
/// of XML and units of a directory, too.
pub(super) fn is_of_host(of: Text, before: &str, name: &str, after: &str) -> bool {
    match Slashes::before(before) {
        Slashes::Two => true,
        Slashes::One => is_service(before),
        Slashes::None => match of {
            Text::Document => is_value(before, after),
            // An element of XML begins so, which stands in no line; whatever else is a word may be the server.
            Text::Line => {
                !before.ends_with('<')
                    && !is_parameter(before, name, after)
                    && !is_of_base64(before, name, after)
            }
        },
    }
}

/// What stands before the name of a parameter or a cookie that is not the first.
const PARAMETERS: [&str; 10] = [
    "?", "&", ";", " ", "%3f", "%26", "%3b", "%20", "%253f", "%2526",
];

/// Whether a word is what a parameter or a cookie is called: there, before `=`, stands no host.
fn is_parameter(before: &str, name: &str, after: &str) -> bool {
    let is_begun = before.is_empty() || PARAMETERS.into_iter().any(|it| before.ends_with(it));
    let is_set = ["=", "%3d", "%253d"]
        .into_iter()
        .any(|it| after.starts_with(it));
    is_begun && is_set && !name.contains('.')
}

/// Most letters of a name that stands in a text of base64 by chance: forms write a blank as `+`, too, and longer ones are
/// hardly ever there for anything but themselves.
const MAX_BY_CHANCE: usize = 3;
/// What may stand behind a word in a text of base64, or end it.
const SIGNS: [&str; 8] = ["+", "/", "=", "&", ";", "%2b", "%2f", "%3d"];

/// Whether a word is a few letters of a text of base64, between two of its own signs.
fn is_of_base64(before: &str, name: &str, after: &str) -> bool {
    let is_begun = ["+", "%2b"].into_iter().any(|it| before.ends_with(it));
    let is_ended = after.is_empty() || SIGNS.into_iter().any(|it| after.starts_with(it));
    let is_short = name.len() <= MAX_BY_CHANCE && !name.contains('.');
    is_begun && is_ended && is_short
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
/// Elements that hold a kind of thing, and no host: with or without a prefix.
const KINDS: [&str; 2] = ["type>", "action>"];
/// More blanks than nobody writes before a document's first word.
const MAX_BLANKS: usize = 64;

/// Whether a word is a value of a document, or the host in one.
fn is_value(before: &str, after: &str) -> bool {
    // `EXCH`, `email` and `Archive` say there what kind of thing is meant, and `settings` what is to be done.
    if KINDS.into_iter().any(|it| before.ends_with(it)) {
        return false;
    }
    let is_first = before.len() <= MAX_BLANKS && before.trim().is_empty();
    let is_begun = is_first || BEGINS.into_iter().any(|it| before.ends_with(it));
    let is_ended =
        after.trim_start().is_empty() || ENDS.into_iter().any(|it| after.starts_with(it));
    (is_begun && is_ended) || before.ends_with("cn=servers/cn=")
}

/// Classes of SPNs that web services, Exchange and Lync have ([MS-KILE] 3.1.5.11, setspn).
const SERVICES: [&str; 12] = [
    "host",
    "http",
    "https",
    "sip",
    "smtp",
    "smtpsvc",
    "exchangemdb",
    "exchangerfr",
    "exchangeab",
    "rpcss",
    "restrictedkrbhost",
    "wsman",
];

/// Most letters of a name.
const MAX_NAME: usize = 255;

/// The whole name that begins at a place.
pub(super) fn longer(lower: &str, at: usize) -> &str {
    // A longer one is nobody's (RFC 1035 2.3.4).
    let bytes = lower.as_bytes().get(at..).unwrap_or_default();
    let bytes = bytes.get(..MAX_NAME).unwrap_or(bytes);
    let plain = bytes.iter().position(|byte| !byte.is_ascii());
    let rest = lower.get(at..at + plain.unwrap_or(bytes.len()));
    let rest = rest.unwrap_or_default();
    let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && !"-.".contains(it));
    let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
    name.trim_end_matches('.')
}

/// Whether a name that was read goes on with what names of the DNS do not have, so that its end is not known.
pub(super) fn is_cut_off(after: &str) -> bool {
    let is_escaped = |digits: &str| {
        let beyond = digits.starts_with(|it: char| "89abcdef".contains(it));
        beyond || digits.starts_with("5f")
    };
    let is_beyond = after.starts_with(|it: char| it == '_' || !it.is_ascii());
    is_beyond || after.strip_prefix('%').is_some_and(is_escaped)
}

/// The last two labels of a domain: what one forest has in common, as far as a name says it.
pub(super) fn root_of(domain: &str) -> &str {
    let mut dots = domain.rmatch_indices('.');
    let above = dots.nth(1).and_then(|(at, _)| domain.get(at + 1..));
    above.unwrap_or(domain)
}

/// Whether a domain stands in another as whole labels, whatever goes on behind it: a port or a node may be written there.
pub(super) fn stands_in(domain: &str, ours: &str) -> bool {
    domain.match_indices(ours).any(|(at, _)| {
        let before = domain.get(..at).unwrap_or_default();
        let after = domain.get(at + ours.len()..).unwrap_or_default();
        let is_begun = before.is_empty() || before.ends_with('.');
        is_begun && (after.is_empty() || after.starts_with(['.', '-']))
    })
}

/// Where a name stands in a text of lower case, whatever follows behind a dot; one that goes on otherwise is another.
pub(super) fn begins<'t>(lower: &'t str, name: &'t str) -> impl Iterator<Item = usize> {
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
pub(super) fn behind<'t>(lower: &'t str, at: usize, name: &str) -> &'t str {
    let behind = lower.get(at + name.len()..).unwrap_or_default();
    behind.strip_prefix('.').unwrap_or(behind)
}

/// Whether a name goes on with a letter.
pub(super) fn goes_on(letter: Option<char>) -> bool {
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
