//! Answers that are read before they go out: discover, MEX, web tickets and certificates (design 6, step 8).
//!
//! A document that still names a host of the back end's own after the edit does not come out.

pub(crate) mod autodiscover;

use authn::account::Account;
use authn::ticket::TicketKey;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use proto::exchange::autodiscover::begins_with_slashes;
use proto::kerberos::Sid;
use proto::lync::certificate::{Certificate, CertificateParseError};
use proto::lync::discover::{self, AccessLocation, MediaType, SipService};
use proto::lync::mex;
use proto::lync::passive;
use proto::lync::webticket::Ticket;

use crate::conversation::Answered;
use crate::links::is_https;
use crate::offers::Offers;
use crate::rewrite::{Names, host_of_url};
use crate::route::{Host, Kind, Publication, Scheme};

/// The largest discover or MEX document that is read.
pub(crate) const MAX_DOCUMENT: usize = 256 * 1024;
/// The largest answer with a web ticket that is read.
pub(crate) const MAX_TICKET_ANSWER: usize = 256 * 1024;
/// How long a ticket is known that does not say when it ends.
const TICKET_LIFE: SignedDuration = SignedDuration::from_hours(8);
/// How long any ticket is known.
const LONGEST_TICKET_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long a certificate is known: 180 days, as long as a pool's own are good unless it was told otherwise.
const CERTIFICATE_LIFE: SignedDuration = SignedDuration::from_hours(180 * 24);

/// Why a document is not passed on; the log says it, the client does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is not what it should be.
    #[error("the back end's document cannot be read")]
    Malformed,
    /// It names a host of the back end's own, even after the edit.
    #[error(
        "the back end's document still names the internal host `{0}` of `internal_names` or of the farm"
    )]
    Leaks(String),
    /// It names a host that is not published.
    #[error(
        "the back end names the host `{0}`, which is neither published nor one of \
         `internal_names` or `foreign_hosts`"
    )]
    NamesHost(String),
    /// Its ticket is another's than the session's that it was asked for with, or does not say whose it is.
    #[error("the back end's ticket is not that of whoever signed in")]
    NotTheirs,
    /// The session that it begins can be read in two ways.
    #[error("the back end's passive session can be read in two ways")]
    SessionInDoubt,
    /// It has no ticket although it says that all went well.
    #[error("the back end's answer has no web ticket")]
    NoTicket,
    /// It says that all went well, in a way in which nothing of it can be read.
    #[error("the back end answered {0} where only 200 is read")]
    Status(u16),
}

/// Edits a discover document: outside links only, under their published names. Inside, whoever asks
/// may learn what the back end calls itself, and the SIP registrar there has no other name.
pub(crate) fn discover(
    body: &[u8],
    content_type: Option<&str>,
    (publication, names): (&Publication, Names<'_>),
    is_external: bool,
) -> Result<String, ReadError> {
    let media_type = content_type
        .and_then(MediaType::parse)
        .ok_or(ReadError::Malformed)?;
    let mut document =
        discover::Response::parse(body, media_type).map_err(|_| ReadError::Malformed)?;
    document.map_links(|href| names.mapped(href).or_else(|| publication.secured(href)));
    if is_external {
        let is_published = |href: &str| {
            let is_safe = is_https(href);
            is_safe && host_of_url(href).is_some_and(|name| publication.may_be_named(&name))
        };
        document
            .links
            .retain(|link| !link.token.to_ascii_lowercase().starts_with("internal/"));
        let mut strange = document.links.iter().filter(|it| !is_published(&it.href));
        let forgotten = strange.next().map(|link| link.href.clone());
        document.links.retain(|link| is_published(&link.href));
        // A document that leads nowhere sends a client away without a word to anybody.
        if let (true, Some(href)) = (document.links.is_empty(), forgotten) {
            return Err(ReadError::NamesHost(host_of_url(&href).unwrap_or(href)));
        }
        let is_for_outside = |service| match service {
            SipService::ClientExternal | SipService::ServerExternal => true,
            SipService::ClientInternal | SipService::ServerInternal => false,
        };
        document
            .sip
            .retain(|access| is_for_outside(access.service) && !names.leaks(&access.fqdn));
        document.access_location = document.access_location.map(|_| AccessLocation::External);
    }
    let written = document.write(media_type);
    match names.leaked(&written).filter(|_| is_external) {
        Some(name) => Err(ReadError::Leaks(name.to_owned())),
        None => Ok(written),
    }
}

/// Edits a MEX document: only logons that are offered to whoever asks, under their published names.
pub(crate) fn metadata(
    body: &[u8],
    (publication, host, names): (&Publication, &Host, Names<'_>),
    offers: Offers<'_>,
) -> Result<String, ReadError> {
    let document = mex::Document::parse_bytes(body).map_err(|_| ReadError::Malformed)?;
    let edited = document.edited(mex::Edit {
        map_address: &|address| {
            let mapped = names.mapped(address);
            mapped.or_else(|| publication.secured(address))
        },
        keeps_port: &|port| is_offered(port, host, offers),
    });
    let kept = mex::Document::parse(&edited).map_err(|_| ReadError::Malformed)?;
    let is_published = |url: &str| {
        let named = host_of_url(url).filter(|_| is_https(url));
        named.is_some_and(|name| publication.may_be_named(&name))
    };
    let mut ports = kept
        .ports()
        .iter()
        .filter_map(|port| port.address.as_deref());
    let mut addresses = kept.addresses().iter().map(|address| address.url.as_str());
    let names_any = |url: &str| names_host(url) || url.contains("://");
    let may_be_named = |url: &str| !names_any(url) || is_published(url) || is_well_known(url);
    let strange = ports.find(|it| !is_published(it));
    if let Some(url) = strange.or_else(|| addresses.find(|it| !may_be_named(it))) {
        let named = host_of_url(url).unwrap_or_else(|| url.to_owned());
        return Err(ReadError::NamesHost(named));
    }
    match names.leaked(&edited) {
        Some(name) => Err(ReadError::Leaks(name.to_owned())),
        None => Ok(edited),
    }
}

/// Whether an address names a host of its own for a program that fetches by HTTP.
fn names_host(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme);
    let is_http = |scheme: &str| {
        ["http", "https"]
            .iter()
            .any(|it| scheme.eq_ignore_ascii_case(it))
    };
    begins_with_slashes(url) || scheme.is_some_and(is_http)
}

/// Whether an address is a name in a published specification, which nobody fetches.
fn is_well_known(url: &str) -> bool {
    host_of_url(url).is_some_and(|host| WELL_KNOWN.contains(&host.as_str()))
}

/// Hosts in whose names the specifications behind WSDL write their identifiers.
pub(crate) const WELL_KNOWN: [&str; 5] = [
    "schemas.xmlsoap.org",
    "www.w3.org",
    "docs.oasis-open.org",
    "schemas.microsoft.com",
    "tempuri.org",
];

/// Whether a port stays: one whose logon this host offers, or one that is no logon.
fn is_offered(port: &str, host: &Host, offers: Offers<'_>) -> bool {
    let Some((_, kind, scheme)) = LOGONS.iter().find(|(name, ..)| *name == port) else {
        return !port.starts_with("WebTicketService")
            && !port.starts_with("WsFed")
            && port != "OAuth";
    };
    offers.takes(host, *kind, *scheme)
}

/// The ports of the web ticket service that stand for a logon of ours.
const LOGONS: [(&str, Kind, Option<Scheme>); 6] = [
    (
        "WebTicketServiceWinNegotiate",
        Kind::LyncWebTicket,
        Some(Scheme::Negotiate),
    ),
    (
        "WebTicketServiceWinNtlm",
        Kind::LyncWebTicket,
        Some(Scheme::Ntlm),
    ),
    (
        "WebTicketServiceAuth",
        Kind::LyncAuth,
        Some(Scheme::UsernameToken),
    ),
    ("WebTicketServiceAnon", Kind::LyncAnon, None),
    ("WebTicketServiceCert", Kind::LyncCert, Some(Scheme::Ticket)),
    (
        mex::WS_FED_PASSIVE,
        Kind::LyncOauthtoken,
        Some(Scheme::Passive),
    ),
];

/// The tickets in an answer, each with what it is known by and when it ends.
pub(crate) fn tickets(
    body: &[u8],
    kind: Kind,
    now: Timestamp,
) -> Result<Vec<(TicketKey, Timestamp)>, ReadError> {
    let found = match kind {
        Kind::LyncOauthtoken => Ticket::in_oauth_answer(body).map(|ticket| vec![ticket]),
        _ => Ticket::in_answer(body),
    };
    let found = found.map_err(|_| ReadError::Malformed)?;
    if found.is_empty() {
        return Err(ReadError::NoTicket);
    }
    let after = |life: SignedDuration| now.checked_add(life).unwrap_or(Timestamp::MAX);
    let known = |ticket: &Ticket| {
        let end = ticket
            .expiry()
            .at(now)
            .unwrap_or_else(|| after(TICKET_LIFE));
        (
            TicketKey::of(&ticket.key()),
            end.min(after(LONGEST_TICKET_LIFE)),
        )
    };
    Ok(found.iter().map(known).collect())
}

/// Whether the ticket that a passive session bought says of itself that it is somebody's.
///
/// SECURITY: the pool says whose session it is, and the gate whose token began it; a ticket goes out only where both
/// say the same.
pub(crate) fn is_of(body: &[u8], account: &Account) -> Result<(), ReadError> {
    let ticket = Ticket::in_oauth_answer(body).map_err(|_| ReadError::Malformed)?;
    let theirs: Option<Sid> = account.sid.as_ref().and_then(|sid| sid.parse().ok());
    match (ticket.sid(), theirs) {
        (Some(says), Some(theirs)) if says == theirs => Ok(()),
        (Some(_) | None, _) => Err(ReadError::NotTheirs),
    }
}

/// The session that the answer to a token begins, if it begins one, with what it is known by and when it ends.
pub(crate) fn session(
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<(TicketKey, Timestamp)>, ReadError> {
    let lines = headers.get_all(header::SET_COOKIE).iter();
    let found = passive::Session::set(lines.map(HeaderValue::as_bytes));
    let found = found.map_err(|_| ReadError::SessionInDoubt)?;
    let end = now.checked_add(TICKET_LIFE).unwrap_or(Timestamp::MAX);
    Ok(found.map(|session| (TicketKey::of(&session.key()), end)))
}

/// The certificate in provisioning's answer, if there is one, with what it is known by and when it ends; or
/// why one that may be there is not known.
///
/// An answer in another form goes on all the same, as the client's registrar may take what is in it;
/// what was not read here is known to nobody, and opens nothing.
pub(crate) fn certificate(
    body: &[u8],
    now: Timestamp,
) -> Result<Option<(TicketKey, Timestamp)>, CertificateParseError> {
    let found = Certificate::in_answer(body)?;
    let end = now.checked_add(CERTIFICATE_LIFE).unwrap_or(Timestamp::MAX);
    Ok(found.map(|certificate| (TicketKey::of(&certificate.key()), end)))
}

/// An answer that is not 200: its body goes on unless it names a host of the back end's own.
///
/// SECURITY: a part of a document, or one with a ticket, under another status of success would go
/// out unread.
pub(crate) fn not_ok(
    head: &mut http::response::Parts,
    body: &Bytes,
    names: Names<'_>,
) -> Result<Answered, ReadError> {
    if head.status.is_success() {
        return Err(ReadError::Status(head.status.as_u16()));
    }
    let leaks = names.leaked(&String::from_utf8_lossy(body)).is_some();
    if leaks {
        head.headers.remove(header::CONTENT_TYPE);
    }
    let body = if leaks { Bytes::new() } else { body.clone() };
    Ok(Answered {
        body,
        tickets: Vec::new(),
        unread: None,
    })
}
