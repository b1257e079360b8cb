//! The ways in which a token is signed, and for each a reader: it names everything by its place, and reads
//! from what was verified.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jiff::Timestamp;
use xml::signature::{self, NAMESPACE};
use xml::{
    Algorithm, Document, Element, KeyFailure, Partner, Policy, Prepared, PublicKey, SigningKey,
    Verbatim, VerifiedElement,
};

const V1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const V2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";

struct Key(EcdsaKeyPair);

static KEY: LazyLock<Key> =
    LazyLock::new(|| Key(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")));

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let signed = self.0.sign(&SystemRandom::new(), octets);
        Ok(signed.map_err(|_| KeyFailure)?.as_ref().to_vec())
    }
}

/// A way to sign, and its reader.
pub(crate) struct Seed {
    pub(crate) message: fn() -> String,
    /// What is signed, and the signature where it is not within.
    pub(crate) token: for<'a, 'i> fn(Element<'a, 'i>) -> Vec<Element<'a, 'i>>,
    read: fn(&Document<'_>, &Partner<'_>) -> Result<String, String>,
}

/// Reads the name of whom a message speaks.
pub(crate) fn read(seed: &Seed, text: &str) -> Result<String, String> {
    let spki = KEY.0.public_key().as_der().unwrap();
    let public = PublicKey::from_spki(spki.as_ref()).unwrap();
    let policy = Policy::default();
    let partner = Partner {
        keys: &public,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
    };
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    (seed.read)(&document, &partner)
}

fn signed(text: &str) -> String {
    let unsigned = Verbatim::parse(text).unwrap();
    let prepared = Prepared::new(&unsigned, KEY.algorithm(), Some(b"certificate"));
    let signed = prepared.unwrap().sign(&*KEY).unwrap();
    signed.as_str().to_owned()
}

fn assertion_2() -> String {
    format!(
        "<a:Assertion xmlns:a='{V2}' ID='x'><a:Issuer>idp</a:Issuer><a:Subject><a:NameID>anna</a:NameID>\
         <a:SubjectConfirmation><a:SubjectConfirmationData Recipient='us'/></a:SubjectConfirmation></a:Subject>\
         <a:Conditions><a:AudienceRestriction><a:Audience>us</a:Audience></a:AudienceRestriction></a:Conditions>\
         <a:AttributeStatement><a:Attribute Name='n'><a:AttributeValue>1</a:AttributeValue></a:Attribute>\
         <a:Attribute Name='m'><a:AttributeValue>2</a:AttributeValue></a:Attribute></a:AttributeStatement>\
         </a:Assertion>"
    )
}

/// The children of an element, if they are these and no others.
fn exactly<'a, 'i, const N: usize>(
    element: Element<'a, 'i>,
    names: [(&str, &str); N],
) -> Result<[Element<'a, 'i>; N], String> {
    let children: Vec<_> = element.children().collect();
    let is_so = names.len() == children.len()
        && names
            .iter()
            .zip(&children)
            .all(|((namespace, name), child)| child.is(namespace, name));
    let wrong = || format!("{} holds something else", element.name());
    if !is_so {
        return Err(wrong());
    }
    children.try_into().map_err(|_| wrong())
}

fn root<'a, 'i>(
    document: &'a Document<'i>,
    namespace: &str,
    name: &str,
) -> Result<Element<'a, 'i>, String> {
    let root = document.root();
    match root.is(namespace, name) {
        true => Ok(root),
        false => Err("another message".to_owned()),
    }
}

fn name_in(verified: &VerifiedElement, path: &[(&str, &str)]) -> Result<String, String> {
    let document = verified.document().map_err(|error| error.to_string())?;
    let mut element = document.root();
    for (namespace, name) in path {
        let child = element.child(namespace, name);
        element = child.ok_or_else(|| format!("no {name}"))?;
    }
    Ok(element.text())
}

fn verified(element: Element<'_, '_>, partner: &Partner<'_>) -> Result<VerifiedElement, String> {
    signature::verify_of(element, partner).map_err(|error| error.to_string())
}

/// A SAML 1.1 assertion in the answer of a token service.
pub(crate) const SAML_1: Seed = Seed {
    message: || {
        let assertion = format!(
            "<saml:Assertion xmlns:saml='{V1}' AssertionID='x' Issuer='sts'><saml:Conditions>\
             <saml:AudienceRestrictionCondition><saml:Audience>us</saml:Audience>\
             </saml:AudienceRestrictionCondition></saml:Conditions><saml:AttributeStatement><saml:Subject>\
             <saml:NameIdentifier>anna</saml:NameIdentifier><saml:SubjectConfirmation>\
             <saml:ConfirmationMethod>bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>\
             <saml:Attribute AttributeName='n'><saml:AttributeValue>1</saml:AttributeValue></saml:Attribute>\
             <saml:Attribute AttributeName='m'><saml:AttributeValue>2</saml:AttributeValue></saml:Attribute>\
             </saml:AttributeStatement></saml:Assertion>"
        );
        format!(
            "<t:Response xmlns:t='{TRUST}'><t:Lifetime><t:Created>1</t:Created></t:Lifetime>\
             <t:AppliesTo><t:Address>us</t:Address></t:AppliesTo><t:Token>{}</t:Token><t:Type>x</t:Type>\
             </t:Response>",
            signed(&assertion)
        )
    },
    token: |root| {
        let token = root.child(TRUST, "Token");
        token.into_iter().flat_map(|it| it.children()).collect()
    },
    read: |document, partner| {
        let response = root(document, TRUST, "Response")?;
        let names = ["Lifetime", "AppliesTo", "Token", "Type"].map(|name| (TRUST, name));
        let [_, _, token, _] = exactly(response, names)?;
        let [assertion] = exactly(token, [(V1, "Assertion")])?;
        let path = ["AttributeStatement", "Subject", "NameIdentifier"].map(|name| (V1, name));
        name_in(&verified(assertion, partner)?, &path)
    },
};

/// An assertion of SAML 2 that is signed, in a response that is not.
pub(crate) const ASSERTION: Seed = Seed {
    message: || {
        format!(
            "<p:Response xmlns:p='{PROTOCOL}' ID='r'><i:Issuer xmlns:i='{V2}'>idp</i:Issuer><p:Status>\
             <p:StatusCode Value='s'/></p:Status>{}</p:Response>",
            signed(&assertion_2())
        )
    },
    token: |root| root.child(V2, "Assertion").into_iter().collect(),
    read: |document, partner| {
        let response = root(document, PROTOCOL, "Response")?;
        let names = [(V2, "Issuer"), (PROTOCOL, "Status"), (V2, "Assertion")];
        let [_, _, assertion] = exactly(response, names)?;
        name_in(
            &verified(assertion, partner)?,
            &[(V2, "Subject"), (V2, "NameID")],
        )
    },
};

/// A response of SAML 2 that is signed, with all that is in it.
pub(crate) const RESPONSE: Seed = Seed {
    message: || {
        let response = format!(
            "<p:Response xmlns:p='{PROTOCOL}' ID='x'><i:Issuer xmlns:i='{V2}'>idp</i:Issuer><p:Status>\
             <p:StatusCode Value='s'/></p:Status>{}</p:Response>",
            assertion_2().replace("'x'", "'z'")
        );
        signed(&response)
    },
    token: |root| vec![root],
    read: |document, partner| {
        let response = root(document, PROTOCOL, "Response")?;
        let verified = verified(response, partner)?;
        let document = verified.document().map_err(|error| error.to_string())?;
        let names = [(V2, "Issuer"), (PROTOCOL, "Status"), (V2, "Assertion")];
        exactly(document.root(), names)?;
        let path = ["Assertion", "Subject", "NameID"].map(|name| (V2, name));
        name_in(&verified, &path)
    },
};

/// A message of SOAP whose body and time are signed in its header.
pub(crate) const PARTS: Seed = Seed {
    message: || {
        let text = format!(
            "<s:Envelope xmlns:s='{SOAP}'><s:Header><Action>a</Action><Security><Timestamp Id='time'>\
             <Created>1</Created><Expires>2</Expires></Timestamp></Security></s:Header><s:Body Id='x'>\
             <Request><Subject><Name>anna</Name><Mail>anna</Mail></Subject><For><Address>us</Address></For>\
             <Type>t</Type></Request></s:Body></s:Envelope>"
        );
        let document = Document::parse(&text).unwrap();
        let named = |name: &str| {
            let mut all = document.root().descendants();
            all.find(|it| it.name() == name).unwrap()
        };
        let parts = [named("Timestamp"), named("Body")];
        let prepared = Prepared::of_parts(&parts, named("Security"), KEY.algorithm(), None);
        prepared.unwrap().sign(&*KEY).unwrap().as_str().to_owned()
    },
    token: |root| {
        let signed = ["Timestamp", "Body", "Signature"];
        let all = root.descendants();
        all.filter(|it| signed.contains(&it.name())).collect()
    },
    read: |document, partner| {
        let envelope = root(document, SOAP, "Envelope")?;
        let [header, body] = exactly(envelope, [(SOAP, "Header"), (SOAP, "Body")])?;
        let mut inside = header.children();
        let (Some(action), Some(security), None) = (inside.next(), inside.next(), inside.next())
        else {
            return Err("another header".to_owned());
        };
        if (action.name(), security.name()) != ("Action", "Security") {
            return Err("another header".to_owned());
        }
        if action.children().next().is_some() {
            return Err("another action".to_owned());
        }
        let parts: Vec<_> = security.children().collect();
        let [time, sign] = parts.as_slice() else {
            return Err("another security header".to_owned());
        };
        if time.name() != "Timestamp" || !sign.is(NAMESPACE, "Signature") {
            return Err("another security header".to_owned());
        }
        let verified =
            signature::verify_parts(*sign, partner).map_err(|error| error.to_string())?;
        verified.part(*time).ok_or("the time is not signed")?;
        let body = verified.part(body).ok_or("the body is not signed")?;
        let document = body.document().map_err(|error| error.to_string())?;
        let mut all = document.root().descendants();
        let name = all.find(|it| it.name() == "Name").ok_or("no name")?;
        Ok(name.text())
    },
};
