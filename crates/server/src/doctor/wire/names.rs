//! Names: a published one leads somewhere, none of the external site of Exchange leads anywhere on the LAN, and a back
//! end's own name leads nowhere outside.

use std::net::IpAddr;

use super::super::Finding;
use super::{NameOf, View};
use crate::script::literal;

/// A name that was looked up.
pub(super) struct Lookup<'a> {
    pub(super) name: &'a str,
    pub(super) of: NameOf,
    pub(super) view: View,
    pub(super) addresses: &'a Result<Vec<IpAddr>, String>,
    pub(super) is_inner_listener: bool,
}

/// What is wrong with where a name leads.
pub(super) fn judge(lookup: &Lookup<'_>) -> Vec<Finding> {
    let name = lookup.name;
    let addresses = match lookup.addresses {
        Ok(addresses) => addresses,
        Err(why) => return silent(name, lookup.view, why),
    };
    let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let shown = shown.join(", ");
    let is_somewhere = !addresses.is_empty();
    let finding = match (lookup.view, lookup.of) {
        (View::Here, NameOf::Published | NameOf::Exchange) if !is_somewhere => Finding::warning(
            "name-unknown",
            format!("the published name {name} leads nowhere from here"),
            make(name),
        ),
        (View::Outside, NameOf::Published | NameOf::Exchange) if !is_somewhere => Finding::error(
            "name-unknown-outside",
            format!("the published name {name} leads nowhere from outside"),
            make(name),
        ),
        (View::Inside, NameOf::Exchange) if is_somewhere => Finding::error(
            "name-answers-inside",
            format!(
                "{name} is a name of the external site of Exchange, and leads to {shown} on the LAN: clients inside would be sent there"
            ),
            remove(name),
        ),
        (View::Inside, NameOf::Published) if is_somewhere && !lookup.is_inner_listener => {
            Finding::warning(
                "name-answers-inside",
                format!(
                    "the published name {name} leads to {shown} on the LAN, where no listener of the gate is for clients inside"
                ),
                remove(name),
            )
        }
        (View::Outside, NameOf::BackEnd) if is_somewhere => Finding::error(
            "back-end-name-answers-outside",
            format!(
                "the back end's own name {name} leads to {shown} from outside: clients find a way around the gate"
            ),
            remove(name),
        ),
        _ => return Vec::new(),
    };
    vec![finding]
}

fn silent(name: &str, view: View, why: &str) -> Vec<Finding> {
    let mend = format!("nslookup {name}");
    vec![match view {
        View::Here => {
            let what = format!("{name} leads nowhere from here: {why}");
            Finding::warning("name-unknown", what, mend)
        }
        View::Inside | View::Outside => {
            let what = format!("the resolver does not say where {name} leads: {why}");
            Finding::warning("resolver-silent", what, mend)
        }
    }]
}

/// The host and the zone, as the DNS of Windows keeps names.
fn parts(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or((name, ""))
}

fn make(name: &str) -> String {
    let (host, zone) = parts(name);
    format!(
        "Add-DnsServerResourceRecordA -ZoneName {} -Name {} -IPv4Address ADDRESS-OF-THE-GATE",
        literal(zone),
        literal(host)
    )
}

fn remove(name: &str) -> String {
    let (host, zone) = parts(name);
    format!(
        "Remove-DnsServerResourceRecord -ZoneName {} -RRType A -Name {}",
        literal(zone),
        literal(host)
    )
}
