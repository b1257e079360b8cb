//! Exchange Autodiscover on its way out: every address under its published name, and no server of
//! the back end's own ([MS-OXDSCLI] 2.2.4, [MS-OXWSADISC] 3.1.4).

use proto::exchange::autodiscover::{Edit, Edited, Setting, pox, soap};

use super::{ReadError, WELL_KNOWN, names_host};
use crate::rewrite::{Names, host_of_url};
use crate::route::Publication;

/// Edits an answer of `autodiscover.xml`.
pub(crate) fn pox(body: &[u8], published: (&Publication, Names<'_>)) -> Result<String, ReadError> {
    let response = pox::Response::parse_bytes(body).map_err(|_| ReadError::Malformed)?;
    edited(published, pox::names_inner_server, |edit| {
        response.edited(edit)
    })
}

/// Edits an answer of `autodiscover.svc`.
pub(crate) fn soap(body: &[u8], published: (&Publication, Names<'_>)) -> Result<String, ReadError> {
    let response = soap::Response::parse_bytes(body).map_err(|_| ReadError::Malformed)?;
    edited(published, soap::names_inner_server, |edit| {
        response.edited(edit)
    })
}

fn edited(
    (publication, names): (&Publication, Names<'_>),
    is_inner: fn(&Setting<'_>) -> bool,
    edit: impl Fn(Edit<'_>) -> Edited,
) -> Result<String, ReadError> {
    let setting = |setting: &Setting<'_>| {
        // What is of use by RPC only is of none here, where RPC is closed.
        if is_inner(setting) {
            return Some(String::new());
        }
        names.replaced(setting.value)
    };
    let edited = edit(Edit {
        map_url: &|url| names.mapped(url).or_else(|| publication.secured(url)),
        map_setting: &setting,
    });
    let strange = edited.remaining.iter().filter(|link| names_host(&link.url));
    // `//host` is an address of a host, too, and nobody can tell which.
    let first = strange
        .filter(|link| !link.url.contains("://"))
        .map(|_| String::new());
    let all = edited.remaining.iter().flat_map(|link| hosts_in(&link.url));
    for named in first.chain(all) {
        if !publication.may_be_named(&named) && !WELL_KNOWN.contains(&&*named) {
            return Err(ReadError::NamesHost(named));
        }
    }
    if names.leaks(&edited.text) {
        return Err(ReadError::Leaks);
    }
    Ok(edited.text)
}

/// The host behind every `://` of a value, which may hold several addresses and other words; a host that nobody can tell
/// where a scheme stands without it, as some readers put it in.
fn hosts_in(value: &str) -> impl Iterator<Item = String> {
    let schemes = ["http:", "https:"].into_iter();
    let lower = value.to_ascii_lowercase();
    let short: Vec<String> = schemes
        .flat_map(|scheme| lower.split(scheme).skip(1))
        .filter(|rest| !rest.starts_with("//"))
        .map(|_| String::new())
        .collect();
    let ends = |c: char| c.is_whitespace() || c.is_control() || ",;|\"'<>()".contains(c);
    let rest = value.split("://").skip(1);
    let hosts = rest.map(move |rest| {
        let address = rest.split(ends).next().unwrap_or_default();
        host_of_url(&format!("x://{address}")).unwrap_or_default()
    });
    hosts.chain(short)
}
