//! Offers: of what a route knows, what the policy lets a client use from where it is.
//!
//! The 401, the metadata and the grants of `MsRtcOAuth` all ask here, so that none of them names a way in
//! that would be refused (design 13, offers match metadata). Start at [`Offers::of`].

use std::collections::BTreeSet;

use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Asking, Policy};
use proto::lync::oauthtoken;

use crate::route::{Auth, Host, Kind, Route, Scheme};

/// The methods that can be checked here; whatever needs another is not offered, but by a page of ours.
const CHECKED: [Method; 6] = [
    Method::AppPassword,
    Method::MemorisedSecret,
    Method::OneTimeCode,
    Method::SentCode,
    Method::NtlmPin,
    Method::Kerberos,
];

/// What may be offered to the clients of a zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offers<'a> {
    pub(crate) policy: &'a Policy,
    /// The published host that the client asks.
    pub(crate) host: &'a str,
    pub(crate) zone: &'a Zone,
    /// The services that the gate has keys of Kerberos for.
    pub(crate) kerberos: &'a BTreeSet<Service>,
}

impl Offers<'_> {
    /// The schemes that a route offers there, in its order.
    pub(crate) fn of(&self, route: &Route) -> Vec<Scheme> {
        let known = route.schemes();
        if known.is_empty() {
            return Vec::new();
        }
        let provable = self.provable(&route.service);
        let name = route.name_in(self.policy, self.host);
        let asking = Asking {
            zone: self.zone,
            service: &route.service,
            route: name.as_ref(),
            channel: Channel::Ticket,
            party: None,
        };
        let allowed = self.policy.channels(&asking, &provable);
        let by_page = Asking {
            channel: Channel::Page,
            ..asking
        };
        let is_open_by_page = self.policy.may_be_met(&by_page, &Method::ALL.into());
        let is_allowed = |scheme: &Scheme| match scheme {
            Scheme::Passive => is_open_by_page,
            // A ticket may have been bought by a page, and a certificate for that.
            Scheme::Ticket => is_open_by_page || allowed.contains(&Channel::Ticket),
            scheme => allowed.contains(&scheme.channel()),
        };
        known.iter().copied().filter(is_allowed).collect()
    }

    /// What may be proved to a service at all: Kerberos only where there is a key for it.
    fn provable(&self, service: &Service) -> BTreeSet<Method> {
        let mut provable = BTreeSet::from(CHECKED);
        if !self.kerberos.contains(service) {
            provable.remove(&Method::Kerberos);
        }
        provable
    }

    /// Whether a host takes a logon there: by one scheme of its routes of a kind, or as anybody.
    pub(crate) fn takes(&self, host: &Host, kind: Kind, scheme: Option<Scheme>) -> bool {
        let mut routes = host.routes.iter().filter(|route| route.kind == kind);
        routes.any(|route| match scheme {
            Some(scheme) => self.of(route).contains(&scheme),
            None => route.auth == Auth::Anonymous,
        })
    }

    /// The grants by which a host gives tickets there, as `MsRtcOAuth` lists them (UCWA "Authentication
    /// in UCWA").
    pub(crate) fn grants(&self, host: &Host) -> Vec<&'static str> {
        let kind = Kind::LyncOauthtoken;
        let takes = |scheme| self.takes(host, kind, Some(scheme));
        let mut routes = host.routes.iter().filter(|route| route.kind == kind);
        let grants = [
            (
                "urn:microsoft.rtc:windows",
                takes(Scheme::Negotiate) || takes(Scheme::Ntlm),
            ),
            (
                "urn:microsoft.rtc:anonmeeting",
                routes.any(|route| route.takes_guests),
            ),
            ("password", takes(Scheme::Grant)),
            (oauthtoken::PASSIVE, takes(Scheme::Passive)),
        ];
        let offered = grants.into_iter().filter(|(_, is_offered)| *is_offered);
        offered.map(|(grant, _)| grant).collect()
    }
}

/// Whether a route is not there for a client that is offered these: it asks for a proof, and takes none.
///
/// A route that asks for a ticket stays: what it answers takes no proof, though it may name where tickets are
/// had, and is the same for every ticket that opens nothing (design 13).
pub(crate) fn is_shut(route: &Route, offered: &[Scheme]) -> bool {
    let asks_for_proof = !route.schemes().is_empty() && route.ticket.is_none();
    asks_for_proof && offered.is_empty() && !route.takes_guests
}
