//! Reading: ports, the policies of their bindings, and every address ([MS-OCAUTHWS] 1.5).
//!
//! Start at [`Document::parse`].

use std::ops::Range;

use thiserror::Error;
use xml::{Attribute, Element, Limits, ParseError};

use crate::soap::namespace::{POLICY, UTILITY};
use crate::soap::value::MAX_VALUE_BYTES;
use crate::splice::{Place, is_inside};

/// What a metadata document may ask for.
///
/// WCF declares the policy namespaces anew in every policy, so that more declarations are taken
/// than from a client; they stay few enough to cost the tokenizer nothing.
pub const LIMITS: Limits = Limits {
    namespace_declarations: 256,
    nodes: 16_384,
    ..Limits::DEFAULT
};
/// Most ports of one document.
pub const MAX_PORTS: usize = 64;
/// Most addresses of one document.
pub const MAX_ADDRESSES: usize = 512;

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";

/// A metadata document, over the text that it was read from.
#[derive(Debug)]
pub struct Document<'input> {
    pub(super) text: &'input str,
    ports: Vec<Port>,
    policies: Vec<Policy>,
    addresses: Vec<Address>,
    pub(super) bindings: Vec<Binding>,
    pub(super) references: Vec<Reference>,
}

impl<'input> Document<'input> {
    /// Reads a document whose root is `definitions`, or which holds some in a metadata section.
    ///
    /// **Trusts** the document: it is the pool's own.
    pub fn parse(text: &'input str) -> Result<Self, MexParseError> {
        let document = xml::Document::parse_within(text, LIMITS)?;
        let root = document.root();
        if !root
            .descendants()
            .any(|element| element.is(WSDL, "definitions"))
        {
            return Err(MexParseError::NoDefinitions);
        }
        let mut read = Self {
            text: document.source(),
            ports: Vec::new(),
            policies: Vec::new(),
            addresses: Vec::new(),
            bindings: Vec::new(),
            references: Vec::new(),
        };
        for element in root.descendants() {
            read.element(element)?;
        }
        Ok(read)
    }

    /// Reads UTF-8 bytes.
    pub fn parse_bytes(bytes: &'input [u8]) -> Result<Self, MexParseError> {
        if bytes.len() > LIMITS.bytes {
            return Err(ParseError::TooLarge {
                limit: LIMITS.bytes,
            }
            .into());
        }
        Self::parse(std::str::from_utf8(bytes).map_err(|_| ParseError::NotUtf8)?)
    }

    /// The ports, in their order.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// The first port of this name.
    pub fn port(&self, name: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// The policies, in their order.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The policy of a port: the one that its binding refers to, or by custom `NAME_policy`.
    pub fn policy_of(&self, port: &Port) -> Option<&Policy> {
        let by_custom = format!("{}_policy", port.name);
        let binding = self
            .bindings
            .iter()
            .find(|binding| Some(&binding.name) == port.binding.as_ref());
        let referred = binding.and_then(|binding| {
            self.references
                .iter()
                .find(|reference| is_inside(&reference.range, &binding.range))
        });
        let by_reference = referred.and_then(|reference| {
            self.policies
                .iter()
                .find(|policy| policy.id == reference.id)
        });
        by_reference.or_else(|| self.policies.iter().find(|policy| policy.id == by_custom))
    }

    /// Every address of the document in document order: issuers, imports, and policies that are
    /// elsewhere.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The addresses that stand in a policy: who issues the token that it asks for.
    pub fn issuers(&self, policy: &Policy) -> impl Iterator<Item = &str> {
        let inside = self
            .addresses
            .iter()
            .filter(|address| is_inside(&address.range, &policy.range));
        inside.map(|address| address.url.as_str())
    }

    fn element(&mut self, element: Element<'_, '_>) -> Result<(), MexParseError> {
        if element.is(WSDL, "port") {
            self.port_element(element)?;
        } else if element.is(WSDL, "binding") {
            if let Some(name) = element.attribute("name") {
                self.bindings.push(Binding {
                    name: name.to_owned(),
                    range: element.range(),
                });
            }
        } else if element.is(POLICY, "Policy") {
            // Policies nest; only one that has an id is a policy of its own.
            if let Some(id) = element.attribute_ns(UTILITY, "Id") {
                self.policies.push(Policy {
                    id: id.to_owned(),
                    range: element.range(),
                });
            }
        } else if element.is(POLICY, "PolicyReference")
            && let Some(id) = element
                .attribute("URI")
                .and_then(|uri| uri.strip_prefix('#'))
        {
            self.references.push(Reference {
                id: id.to_owned(),
                range: element.range(),
            });
        }
        self.addresses_of(element)
    }

    fn port_element(&mut self, element: Element<'_, '_>) -> Result<(), MexParseError> {
        if self.ports.len() == MAX_PORTS {
            return Err(MexParseError::TooManyPorts);
        }
        let name = element
            .attribute("name")
            .ok_or(MexParseError::PortWithoutName)?;
        let mut children = element.children();
        let address = children.find_map(|child| location(child).map(|found| found.value()));
        let binding = element.attribute("binding");
        let local = binding.map(|name| name.rsplit(':').next().unwrap_or(name));
        self.ports.push(Port {
            name: name.to_owned(),
            address: address.map(str::to_owned),
            binding: local.map(str::to_owned),
            range: element.range(),
        });
        Ok(())
    }

    fn addresses_of(&mut self, element: Element<'_, '_>) -> Result<(), MexParseError> {
        for attribute in element
            .attributes()
            .filter(|attribute| bears_address(attribute) || refers_away(element, attribute))
        {
            self.address(attribute.value(), attribute.value_range(), Place::Attribute)?;
        }
        // Addressing has several namespaces, and SIPE reads none of them.
        let is_address = element.name() == "Address";
        match element.inner_range() {
            Some(range) if is_address && element.children().next().is_none() => {
                self.address(element.text().trim_ascii(), range, Place::Text)
            }
            _ => Ok(()),
        }
    }

    fn address(
        &mut self,
        url: &str,
        range: Range<usize>,
        place: Place,
    ) -> Result<(), MexParseError> {
        if self.addresses.len() == MAX_ADDRESSES {
            return Err(MexParseError::TooManyAddresses);
        }
        if url.len() > MAX_VALUE_BYTES {
            return Err(MexParseError::AddressTooLong);
        }
        self.addresses.push(Address {
            url: url.to_owned(),
            range,
            place,
        });
        Ok(())
    }
}

/// One way to use the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name, by which clients choose.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
    /// The local name of its binding.
    pub binding: Option<String>,
    pub(super) range: Range<usize>,
}

/// What must be done to use a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: String,
    pub(super) range: Range<usize>,
}

/// An address with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub url: String,
    pub(super) range: Range<usize>,
    pub(super) place: Place,
}

/// Why a text is not taken as a metadata document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MexParseError {
    /// The text is not XML that we take.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// There are no definitions in it.
    #[error("no `definitions` of WSDL")]
    NoDefinitions,
    /// A port has no name.
    #[error("a port has no name")]
    PortWithoutName,
    /// There are more ports than the limit.
    #[error("more than {MAX_PORTS} ports")]
    TooManyPorts,
    /// There are more addresses than the limit.
    #[error("more than {MAX_ADDRESSES} addresses")]
    TooManyAddresses,
    /// An address is longer than the limit.
    #[error("an address is longer than {MAX_VALUE_BYTES} bytes")]
    AddressTooLong,
}

#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) range: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) id: String,
    pub(super) range: Range<usize>,
}

fn location<'a, 'input>(element: Element<'a, 'input>) -> Option<Attribute<'a, 'input>> {
    let mut attributes = element.attributes();
    attributes.find(|found| found.name() == "location" && found.namespace().is_none())
}

/// `location` of ports and imports, `schemaLocation` of schemas, `authorizationUri` of OAuth.
fn bears_address(attribute: &Attribute<'_, '_>) -> bool {
    ["location", "schemaLocation", "authorizationUri"].contains(&attribute.name())
}

/// A policy that is not of this document.
fn refers_away(element: Element<'_, '_>, attribute: &Attribute<'_, '_>) -> bool {
    let is_reference = element.is(POLICY, "PolicyReference") && attribute.name() == "URI";
    is_reference && !attribute.value().starts_with('#')
}

#[cfg(test)]
mod tests;
