//! What back ends answer to nobody, and what answers for a published name beside the gate.

use std::collections::BTreeSet;
use std::time::Duration;

use http::HeaderValue;
use proto::lync::mex::Document;

use super::http::{Get, get};
use super::places::{AUTODISCOVER, EWS, METADATA, Place, WEB_TICKET, What, places};
use super::{Beside, Look, anyone, names, one, reach, within};
use crate::config::{Settings, settings};
use crate::doctor::wire::{Answer, Expected, Reached, Seen};

/// How long somebody who may stand beside the gate may take to connect.
const PATIENCE: Duration = Duration::from_secs(5);
/// The port of HTTPS.
const HTTPS: u16 = 443;

/// The looks at what Lync and Exchange must answer; without Kerberos nothing need be offered.
pub(super) fn looks(settings: &Settings) -> Vec<Look> {
    let mut looks = Vec::new();
    let mut known = BTreeSet::new();
    for place in places(settings) {
        for member in place.members(settings) {
            let by_kerberos = member.spn.is_some();
            let expected: &[(&str, Expected)] = match (place.what, by_kerberos) {
                (What::Lync, true) => &[
                    (METADATA, Expected::Metadata),
                    (WEB_TICKET, Expected::LyncNegotiate),
                ],
                (What::Lync, false) => &[(METADATA, Expected::Metadata)],
                (What::Exchange, true) => &[
                    (EWS, Expected::ExchangeNegotiate),
                    (AUTODISCOVER, Expected::ExchangeNegotiate),
                ],
                (What::Exchange, false) | (What::Other, _) => &[],
            };
            for (path, expected) in expected {
                let Some(host) = place.host_for(member) else {
                    continue;
                };
                if known.insert((member.address.clone(), host.as_bytes().to_vec(), *path)) {
                    let asked = Asked {
                        farm: place.farm.clone(),
                        path,
                        expected: *expected,
                        host,
                    };
                    looks.push(one(look(member.clone(), asked)));
                }
            }
        }
    }
    looks
}

struct Asked {
    farm: String,
    path: &'static str,
    expected: Expected,
    host: HeaderValue,
}

async fn look(member: settings::Member, asked: Asked) -> Seen {
    Seen::Answer {
        got: answer(&member, &asked).await,
        farm: asked.farm,
        member: member.address,
        path: asked.path.to_owned(),
        expected: asked.expected,
    }
}

async fn answer(member: &settings::Member, asked: &Asked) -> Result<Answer, String> {
    let open = reach::open(member).await.map_err(unreached)?;
    let wanted = Get {
        path: asked.path,
        host: asked.host.clone(),
        authorization: None,
    };
    let got = get(open.transport, wanted).await?;
    let ports = match (asked.expected, &got.body) {
        (Expected::Metadata, Some(body)) if got.status == 200 => Document::parse_bytes(body)
            .ok()
            .map(|it| it.ports().iter().map(|it| it.name.clone()).collect()),
        _ => None,
    };
    Ok(got.answer(ports))
}

/// Why a member was not reached, which another look says with what mends it.
pub(super) fn unreached(reached: Reached) -> String {
    match reached {
        Reached::Open { .. } => String::new(),
        Reached::Silent(why)
        | Reached::AnotherName(why)
        | Reached::UnknownAuthority(why)
        | Reached::OutOfTime(why)
        | Reached::BadCertificate(why)
        | Reached::Incompatible(why) => why,
    }
}

/// The looks at who answers for published names: at the addresses that are told, and where the resolver outside leads.
pub(super) fn looks_around(settings: &Settings, beside: &Beside) -> Vec<Look> {
    let mut looks: Vec<Look> = Vec::new();
    for place in places(settings) {
        for address in &beside.around {
            looks.push(one(around(place.clone(), address.clone())));
        }
        if let Some(resolver) = beside.outside {
            looks.push(Box::pin(outside(place, resolver)));
        }
    }
    looks
}

async fn outside(place: Place, resolver: std::net::SocketAddr) -> Vec<Seen> {
    let found = within(PATIENCE, names::addresses(resolver, &place.host)).await;
    let mut seen = Vec::new();
    // That it does not answer is said where names are looked at.
    for address in found.unwrap_or_default() {
        let address = std::net::SocketAddr::new(address, HTTPS).to_string();
        seen.push(around(place.clone(), address).await);
    }
    seen
}

/// Asks for a place at an address as nobody; whoever does not answer is not in the way.
async fn around(place: Place, address: String) -> Seen {
    let asking = async {
        let stream = within(PATIENCE, anyone::connect(&address, &place.host)).await?;
        let host = HeaderValue::from_str(&place.host).map_err(|error| super::words(&error))?;
        let wanted = Get {
            path: &place.path,
            host,
            authorization: None,
        };
        get(stream, wanted).await
    };
    let got = asking.await.ok().map(|it| it.answer(None));
    Seen::Around {
        host: place.host,
        address,
        got,
    }
}
