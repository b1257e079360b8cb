//! Where in a deployment something can be asked for without harm: for each farm a path, and the Host that goes with it.

use std::collections::BTreeMap;

use gateway::route::{Auth, Host, Kind, PathPattern};
use http::HeaderValue;

use crate::config::{Settings, settings};

/// The services of Lync and Exchange that everybody signs in at.
pub(super) const WEB_TICKET: &str = "/WebTicket/WebTicketService.svc";
pub(super) const METADATA: &str = "/WebTicket/WebTicketService.svc/mex";
pub(super) const EWS: &str = "/EWS/Exchange.asmx";
pub(super) const AUTODISCOVER: &str = "/Autodiscover/Autodiscover.xml";

/// What stands behind a published name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A Lync pool.
    Lync,
    /// Exchange.
    Exchange,
    /// Something of the operator's own.
    Other,
}

/// A path behind a published name that asks who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The published name.
    pub(super) host: String,
    /// The farm.
    pub(super) farm: String,
    /// What it is.
    pub(super) what: What,
    /// The path.
    pub(super) path: String,
}

/// One place for each published name that has any.
pub(super) fn places(settings: &Settings) -> Vec<Place> {
    let hosts = settings.publication.hosts.iter();
    hosts.filter_map(|(name, host)| place(name, host)).collect()
}

/// One place for each farm, the most telling one.
pub(super) fn by_farm(settings: &Settings) -> BTreeMap<String, Place> {
    let mut found: BTreeMap<String, Place> = BTreeMap::new();
    for place in places(settings) {
        let known = found.get(&place.farm);
        if known.is_none_or(|known| place.what < known.what) {
            found.insert(place.farm.clone(), place);
        }
    }
    found
}

fn place(name: &str, host: &Host) -> Option<Place> {
    let of_kind = |kind: Kind| host.routes.iter().find(|it| it.kind == kind);
    let (route, what, path) = if let Some(route) = of_kind(Kind::LyncWebTicket) {
        (route, What::Lync, WEB_TICKET.to_owned())
    } else if let Some(route) = of_kind(Kind::ActiveSync) {
        (route, What::Exchange, EWS.to_owned())
    } else {
        let asks = |auth: &Auth| matches!(auth, Auth::Schemes(_));
        let path = |path: &PathPattern| match path {
            PathPattern::Exact(path) | PathPattern::Below(path) => Some(path.clone()),
            PathPattern::BelowWith { .. } => None,
        };
        let mut routes = host.routes.iter().filter(|it| asks(&it.auth));
        let (route, path) = routes.find_map(|it| Some((it, path(&it.path)?)))?;
        (route, What::Other, path)
    };
    Some(Place {
        host: name.to_owned(),
        farm: route.farm.clone(),
        what,
        path,
    })
}

impl Place {
    /// The members that stand there.
    pub(super) fn members<'a>(&self, settings: &'a Settings) -> &'a [settings::Member] {
        let farm = settings.farms.get(&self.farm);
        farm.map(|it| it.members.as_slice()).unwrap_or_default()
    }

    /// The Host that a member is told.
    pub(super) fn host_for(&self, member: &settings::Member) -> Option<HeaderValue> {
        let told = member.host_header.clone();
        told.or_else(|| HeaderValue::from_str(&self.host).ok())
    }
}
