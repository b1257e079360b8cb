//! Lync discover as a pool answers it ([MS-OCDISCWS] 3.1.5.2, 3.1.5.3): links for the inside and the
//! outside side by side, which a gate has to tell apart.

use http::StatusCode;
use http::header::ACCEPT;
use proto::lync::discover::{
    AccessLocation, Link, MediaType, Resource, Response, SipAccess, SipService, negotiate,
};

use super::Addresses;
use crate::serve::http::Head;
use crate::serve::reply::Reply;

const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";
/// What each prefixed pair of links is called and leads to.
const SERVICES: [(&str, &str); 6] = [
    ("Autodiscover", ROOT),
    ("AuthBroker", "/Reach/sip.svc"),
    ("WebScheduler", "/Scheduler"),
    ("Mcx", "/Mcx/McxService.svc"),
    ("Ucwa", "/ucwa/v1/applications"),
    ("XFrame", "/Autodiscover/XFrame/XFrame.html"),
];
/// The port of SIP inside.
const INTERNAL_SIP_PORT: u16 = 5061;

/// Links for anyone.
pub(super) fn root(addresses: &Addresses, head: &Head) -> Reply {
    let external = &addresses.external;
    let mut links = vec![
        link("Domain", external, &format!("{ROOT}/domain")),
        link("User", external, &format!("{ROOT}/user")),
        link("OAuth", external, &format!("{ROOT}/oauth/user")),
        link("Self", external, ROOT),
    ];
    let [autodiscover, ..] = SERVICES;
    links.extend(pair(addresses, autodiscover));
    answer(head, Resource::Root, links, Vec::new())
}

/// Links of one user.
pub(super) fn user(addresses: &Addresses, head: &Head) -> Reply {
    let external = &addresses.external;
    let mut links: Vec<Link> = SERVICES
        .into_iter()
        .flat_map(|service| pair(addresses, service))
        .collect();
    links.push(link("Ucwa", external, "/ucwa/v1/applications"));
    links.push(link("XFrame", external, "/Autodiscover/XFrame/XFrame.html"));
    links.push(link("Self", external, &format!("{ROOT}/user")));
    answer(head, Resource::User, links, sip(addresses))
}

/// The way to the pool where somebody is at home.
pub(super) fn elsewhere(home: &str, head: &Head) -> Reply {
    written(head, &Response::redirect_to(format!("{home}{ROOT}")))
}

fn answer(head: &Head, resource: Resource, links: Vec<Link>, sip: Vec<SipAccess>) -> Reply {
    let response = Response {
        access_location: Some(AccessLocation::External),
        resource,
        links,
        sip,
    };
    written(head, &response)
}

/// The same for a client of UCWA.
pub(super) fn elsewhere_in_links(home: &str) -> Reply {
    in_links(&Response::redirect_to(format!("{home}{ROOT}")))
}

/// Links of one user for a client of UCWA.
pub(super) fn user_in_links(addresses: &Addresses) -> Reply {
    let external = &addresses.external;
    in_links(&Response {
        access_location: Some(AccessLocation::External),
        resource: Resource::User,
        links: vec![
            link("Self", external, &format!("{ROOT}/oauth/user")),
            link("Ucwa", external, "/ucwa/oauth/v1/applications"),
            link("XFrame", external, "/Autodiscover/XFrame/XFrame.html"),
        ],
        sip: Vec::new(),
    })
}

fn in_links(response: &Response) -> Reply {
    let form = MediaType::JsonLinks;
    Reply::with_body(StatusCode::OK, form.content_type(), response.write(form))
}

fn written(head: &Head, response: &Response) -> Reply {
    let accept = head
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let media_type = negotiate(accept);
    let body = response.write(media_type);
    Reply::with_body(StatusCode::OK, media_type.content_type(), body)
}

fn sip(addresses: &Addresses) -> Vec<SipAccess> {
    let access = |service| {
        let (fqdn, port) = match service {
            SipService::ServerInternal | SipService::ClientInternal => {
                (&addresses.internal_host, INTERNAL_SIP_PORT)
            }
            SipService::ServerExternal | SipService::ClientExternal => {
                (&addresses.sip_host, addresses.sip_port)
            }
        };
        SipAccess {
            service,
            fqdn: fqdn.clone(),
            port,
        }
    };
    SipService::ALL.into_iter().map(access).collect()
}

fn pair(addresses: &Addresses, (token, path): (&str, &str)) -> [Link; 2] {
    [
        link(&format!("Internal/{token}"), &addresses.internal, path),
        link(&format!("External/{token}"), &addresses.external, path),
    ]
}

fn link(token: &str, origin: &str, path: &str) -> Link {
    Link {
        token: token.to_owned(),
        href: format!("{origin}{path}"),
    }
}
