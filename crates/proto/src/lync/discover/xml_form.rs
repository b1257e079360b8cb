//! The XML form: `AutodiscoverResponse` ([MS-OCDISCWS] 2.2.2).
//!
//! INTEROP: the documented sample has no namespace, so that names are compared without.

use xml::write::{Element, element};
use xml::{Document, Limits};

use super::response::{
    AccessLocation, DiscoverParseError, Link, MAX_LINKS, Resource, Response, SipAccess, SipService,
};

pub(super) fn parse(bytes: &[u8]) -> Result<Response, DiscoverParseError> {
    let document = Document::parse_bytes_within(bytes, Limits::DEFAULT)?;
    let root = document.root();
    let mut resources = root
        .children()
        .filter_map(|child| Some((resource(child.name())?, child)));
    let (resource, element) = match (resources.next(), resources.next()) {
        (Some(found), None) if root.name() == "AutodiscoverResponse" => found,
        _ => return Err(DiscoverParseError::NotOneResource),
    };
    let access_location = root
        .attribute("AccessLocation")
        .map(AccessLocation::parse)
        .transpose()?;
    let mut response = Response {
        access_location,
        resource,
        links: Vec::new(),
        sip: Vec::new(),
    };
    for child in element.children() {
        if response.links.len() + response.sip.len() == MAX_LINKS {
            return Err(DiscoverParseError::TooManyLinks);
        }
        if child.name() == "Link" {
            response.links.push(Link::read(
                child.attribute("token"),
                child.attribute("href"),
            )?);
        } else if let Some(service) = SipService::parse(child.name()) {
            let (fqdn, port) = (child.attribute("fqdn"), child.attribute("port"));
            response.sip.push(SipAccess::read(service, fqdn, port)?);
        }
    }
    Ok(response)
}

pub(super) fn write(response: &Response) -> String {
    let resource = element(response.resource.as_str())
        .children(response.sip.iter().map(sip_access))
        .children(response.links.iter().map(link));
    element("AutodiscoverResponse")
        .namespace("xsd", "http://www.w3.org/2001/XMLSchema")
        .namespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")
        .attribute_if(
            "AccessLocation",
            response.access_location.map(AccessLocation::as_str),
        )
        .child(resource)
        .to_document()
}

fn resource(name: &str) -> Option<Resource> {
    [Resource::Root, Resource::User]
        .into_iter()
        .find(|resource| resource.as_str() == name)
}

fn sip_access(access: &SipAccess) -> Element {
    element(access.service.as_str())
        .attribute("fqdn", access.fqdn.clone())
        .attribute("port", access.port.to_string())
}

fn link(link: &Link) -> Element {
    element("Link")
        .attribute("token", link.token.clone())
        .attribute("href", link.href.clone())
}
