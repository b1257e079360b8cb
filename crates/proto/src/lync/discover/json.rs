//! The JSON forms: version 1, which mirrors the XML, and `_links`, which UCWA clients ask for.
//!
//! UNCONFIRMED: the shape of version 1. Both are told apart by `_links`.

use serde_json::{Map, Value, json};

use super::response::{
    AccessLocation, DiscoverParseError, Link, MAX_LINKS, Resource, Response, SipAccess, SipService,
};

pub(super) fn parse(bytes: &[u8]) -> Result<Response, DiscoverParseError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| DiscoverParseError::Json)?;
    match value.get("_links") {
        Some(links) => parse_links(links),
        None => parse_v1(&value),
    }
}

pub(super) fn write_v1(response: &Response) -> String {
    let mut resource = Map::new();
    for access in &response.sip {
        let port = access.port.to_string();
        resource.insert(
            access.service.as_str().to_owned(),
            json!({ "fqdn": access.fqdn, "port": port }),
        );
    }
    let links = response.links.iter();
    let links: Vec<_> = links
        .map(|link| json!({ "href": link.href, "token": link.token }))
        .collect();
    resource.insert("Links".to_owned(), Value::Array(links));
    let mut root = Map::new();
    if let Some(location) = response.access_location {
        root.insert("AccessLocation".to_owned(), json!(location.as_str()));
    }
    root.insert(
        response.resource.as_str().to_owned(),
        Value::Object(resource),
    );
    Value::Object(root).to_string()
}

pub(super) fn write_links(response: &Response) -> String {
    let mut links = Map::new();
    for link in &response.links {
        let token = match link.token.as_str() {
            "OAuth" => "user".to_owned(),
            "Ucwa" => "applications".to_owned(),
            // The SOAP user resource and the prefixed links have no place in this form.
            "User" => continue,
            token if token.contains('/') => continue,
            token => token.to_ascii_lowercase(),
        };
        links.insert(token, json!({ "href": link.href }));
    }
    json!({ "_links": links }).to_string()
}

fn parse_links(links: &Value) -> Result<Response, DiscoverParseError> {
    let links = links.as_object().ok_or(DiscoverParseError::Json)?;
    if links.len() > MAX_LINKS {
        return Err(DiscoverParseError::TooManyLinks);
    }
    let links = links
        .iter()
        .map(|(token, link)| Link::read(Some(token), link.get("href").and_then(Value::as_str)))
        .collect::<Result<Vec<_>, _>>()?;
    let is_user = links.iter().any(|link| link.token == "applications");
    let resource = if is_user {
        Resource::User
    } else {
        Resource::Root
    };
    Ok(Response {
        access_location: None,
        resource,
        links,
        sip: Vec::new(),
    })
}

fn parse_v1(value: &Value) -> Result<Response, DiscoverParseError> {
    let (resource, inside) = match (value.get("Root"), value.get("User")) {
        (Some(root), None) => (Resource::Root, root),
        (None, Some(user)) => (Resource::User, user),
        _ => return Err(DiscoverParseError::NotOneResource),
    };
    let access_location = match value.get("AccessLocation") {
        Some(Value::String(location)) => Some(AccessLocation::parse(location)?),
        Some(Value::Null) | None => None,
        Some(_) => return Err(DiscoverParseError::UnknownAccessLocation),
    };
    let links = inside
        .get("Links")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if links.len() > MAX_LINKS {
        return Err(DiscoverParseError::TooManyLinks);
    }
    let text = |value: &Value, name| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let links = links
        .iter()
        .map(|link| {
            Link::read(
                text(link, "token").as_deref(),
                text(link, "href").as_deref(),
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    let services = SipService::ALL.into_iter();
    let sip = services
        .filter_map(|service| Some((service, inside.get(service.as_str())?)))
        .map(|(service, access)| sip_access(service, access))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Response {
        access_location,
        resource,
        links,
        sip,
    })
}

/// A port may be a number or its digits.
fn sip_access(service: SipService, access: &Value) -> Result<SipAccess, DiscoverParseError> {
    let port = access.get("port").map(|port| match port {
        Value::String(digits) => digits.clone(),
        other => other.to_string(),
    });
    SipAccess::read(
        service,
        access.get("fqdn").and_then(Value::as_str),
        port.as_deref(),
    )
}
