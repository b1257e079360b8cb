//! Exchange Autodiscover on its way out: every address under its published name, and no server of
//! the back end's own ([MS-OXDSCLI] 2.2.4, [MS-OXWSADISC] 3.1.4).

use proto::exchange::autodiscover::{
    Edit, Edited, Setting, begins_with_slashes, holds_url, is_display_name, pox, soap,
};

use super::{ReadError, WELL_KNOWN, names_host};
use crate::rewrite::{Names, host_of_url};
use crate::route::Publication;

/// Edits an answer of `autodiscover.xml`.
pub(crate) fn pox(body: &[u8], published: (&Publication, Names<'_>)) -> Result<String, ReadError> {
    let response = pox::Response::parse_bytes(body).map_err(|_| ReadError::Malformed)?;
    let about = About {
        is_inner: pox::names_inner_server,
        outer: pox::outer_host,
    };
    edited(published, about, |edit| response.edited(edit))
}

/// Edits an answer of `autodiscover.svc`.
pub(crate) fn soap(body: &[u8], published: (&Publication, Names<'_>)) -> Result<String, ReadError> {
    let response = soap::Response::parse_bytes(body).map_err(|_| ReadError::Malformed)?;
    let about = About {
        is_inner: soap::names_inner_server,
        outer: soap::outer_host,
    };
    edited(published, about, |edit| response.edited(edit))
}

/// What the settings of a form of Autodiscover say.
struct About {
    /// Whether one names a server inside.
    is_inner: fn(&Setting<'_>) -> bool,
    /// The host that one has clients come to.
    outer: for<'s> fn(&Setting<'s>) -> Option<&'s str>,
}

fn edited(
    (publication, names): (&Publication, Names<'_>),
    about: About,
    edit: impl Fn(Edit<'_>) -> Edited,
) -> Result<String, ReadError> {
    let setting = |setting: &Setting<'_>| {
        // What is of use by RPC only is of none here, where RPC is closed.
        if (about.is_inner)(setting) {
            return Some(String::new());
        }
        // What somebody calls their mailbox is no address, and stops nobody's mail; one that looks like one is left out.
        let is_spoken = is_display_name(setting);
        if is_spoken && (names.leaks(setting.value) || holds_url(setting.value)) {
            return Some(String::new());
        }
        let is_kind = ["AccountType", "Type", "Action"].contains(&setting.element);
        let replaced = names.replaced(setting.value).filter(|_| !is_kind);
        let value = replaced.as_deref().unwrap_or(setting.value);
        // A host that is not published is of use to nobody who comes here, and whoever has it would be asked to sign in.
        let told = (about.outer)(&Setting { value, ..*setting });
        let leads = told.filter(|it| !it.is_empty()).is_some_and(|host| {
            let is_doubtful = host.contains(['@', '\\']);
            let host = host.split(':').next().unwrap_or_default();
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let is_named = match host.strip_prefix("*.") {
                Some(above) => publication.names_below(above),
                None => publication.may_be_named(&host),
            };
            is_doubtful || !is_named
        });
        match leads {
            true => Some(String::new()),
            false => replaced,
        }
    };
    let edited = edit(Edit {
        map_url: &|url| names.mapped(url).or_else(|| publication.secured(url)),
        map_setting: &setting,
    });
    let strange = edited.remaining.iter().filter(|link| names_host(&link.url));
    // `//host` is an address of a host, too, and nobody can tell which.
    let first = strange
        .filter(|link| !link.url.contains("://") || begins_with_slashes(&link.url))
        .map(|_| (String::new(), String::new()));
    let all = edited.remaining.iter().flat_map(|link| hosts_in(&link.url));
    for (scheme, named) in first.chain(all) {
        let is_safe = scheme.eq_ignore_ascii_case("https") && publication.may_be_named(&named);
        if !is_safe && !WELL_KNOWN.contains(&&*named) {
            return Err(ReadError::NamesHost(named));
        }
    }
    match names.leaked(&edited.text) {
        Some(name) => Err(ReadError::Leaks(name.to_owned())),
        None => Ok(edited.text),
    }
}

/// The scheme before and the host behind every `://` of a value, which may hold several addresses and other words; neither
/// where a scheme stands without it, as some readers put it in.
fn hosts_in(value: &str) -> impl Iterator<Item = (String, String)> {
    let schemes = ["http:", "https:"].into_iter();
    let lower = value.to_ascii_lowercase();
    let short: Vec<(String, String)> = schemes
        .flat_map(|scheme| lower.split(scheme).skip(1))
        .filter(|rest| !rest.starts_with("//"))
        .map(|_| Default::default())
        .collect();
    let ends = |c: char| c.is_whitespace() || c.is_control() || ",;|\"'<>()".contains(c);
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let found = value.match_indices("://").map(move |(at, _)| {
        let (before, rest) = value.split_at_checked(at).unwrap_or_default();
        let scheme = before
            .rsplit(|c| !is_of_scheme(c))
            .next()
            .unwrap_or_default();
        let address = rest.trim_start_matches("://").split(ends).next();
        let host = host_of_url(&format!("x://{}", address.unwrap_or_default()));
        (scheme.to_owned(), host.unwrap_or_default())
    });
    found.chain(short)
}
