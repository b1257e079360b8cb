//! A service provider of SAML 2.0 with a key of its own: what it asks, and what it is answered.

use authn::session::Session;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use proto::form::Form;
use proto::saml::v2::{Brought, MAX_MESSAGE, MESSAGE};
use sts::flow::saml::{Accepted, Answer, Answered, Asking, Taken};
use sts::flow::wsfed::{Browser, Refused, Visited};
use sts::token::TokenRandomness;
use sts::trust::{
    Binding, Certificate, Identifier, Protocol, ProtocolProfile, RelyingPartyTrust, Rules,
    SamlEndpoint, Url,
};
use xml::signature::query::{Kind, Message, Unsigned};
use xml::{Algorithm, Document, KeyFailure, Prepared, PublicKey, SigningKey, Verbatim};
use zeroize::Zeroizing;

use crate::world::{BROWSER, PASS_SID, World, anna, at_door, certified, key_of, lync};

pub(crate) const SP: &str = "urn:sp";
pub(crate) const ACS: &str = "https://sp.contoso.com/acs";
pub(crate) const OTHER_ACS: &str = "https://sp.contoso.com/other";
pub(crate) const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// Rules that tell the SID, and a name of a kind.
pub(crate) const NAMED: &str = r#"c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] => issue(Type = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", Value = c.Value, Properties["http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format"] = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient");"#;

fn endpoint(binding: Binding, location: &str, index: u16) -> SamlEndpoint {
    SamlEndpoint {
        binding,
        protocol: Protocol::SamlAssertionConsumer,
        location: Url::parse(location).unwrap(),
        response_location: None,
        index,
        is_default: index == 1,
    }
}

/// A trust of it.
pub(crate) fn sp() -> RelyingPartyTrust {
    let artifact = "https://sp.contoso.com/artifact";
    let logout = SamlEndpoint {
        protocol: Protocol::SamlLogout,
        ..endpoint(Binding::Post, "https://sp.contoso.com/logout", 7)
    };
    RelyingPartyTrust {
        name: "Intranet".to_owned(),
        identifiers: vec![Identifier::parse(SP).unwrap()],
        protocol_profile: ProtocolProfile::Saml,
        wsfed_endpoint: None,
        additional_wsfed_endpoints: Vec::new(),
        saml_endpoints: vec![
            endpoint(Binding::Artifact, artifact, 0),
            endpoint(Binding::Post, OTHER_ACS, 2),
            endpoint(Binding::Post, ACS, 1),
            logout,
        ],
        issuance_transform_rules: Rules::parse(&format!("{PASS_SID}\n{NAMED}")).unwrap(),
        ..lync()
    }
}

/// What it asks at a time, with these attributes and children beside what every request has.
pub(crate) fn asks_at(now: Timestamp, attributes: &str, children: &str) -> String {
    format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_asked" Version="2.0" IssueInstant="{now}" Destination="https://sts.contoso.com/adfs/ls/" {attributes}><saml:Issuer>{SP}</saml:Issuer>{children}</samlp:AuthnRequest>"#
    )
}

/// The same a minute after the world began.
pub(crate) fn asks(attributes: &str, children: &str) -> String {
    asks_at(crate::world::at(60), attributes, children)
}

/// As a deflating compressor writes it that does not compress.
fn deflated(text: &str) -> String {
    let length = u16::try_from(text.len()).unwrap();
    let head = [
        [1].as_slice(),
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
    ]
    .concat();
    STANDARD.encode([head.as_slice(), text.as_bytes()].concat())
}

/// A request in a query, with what shall come back.
pub(crate) fn redirected(text: &str) -> Brought {
    Brought::of_query(&query(text, None)).unwrap()
}

/// That query, signed or not.
pub(crate) fn query(text: &str, key: Option<&Key>) -> String {
    let message = Message {
        kind: Kind::Request,
        encoded: deflated(text),
        relay_state: Some("a=b&c".to_owned()),
    };
    let unsigned = Unsigned::new(&message, Algorithm::RsaSha256);
    match key {
        Some(key) => unsigned.sign(key).unwrap(),
        None => {
            let octets = String::from_utf8(unsigned.octets().to_vec()).unwrap();
            octets.split("&SigAlg=").next().unwrap().to_owned()
        }
    }
}

/// A request in a form.
pub(crate) fn posted(text: &str) -> Brought {
    let encoded = STANDARD
        .encode(text)
        .replace('+', "%2B")
        .replace('=', "%3D");
    let form = format!("SAMLRequest={encoded}");
    let form = Form::parse_with(form.as_bytes(), MAX_MESSAGE, &[MESSAGE]).unwrap();
    Brought::of_form(&form).unwrap()
}

/// A key that a service provider signs with, or decrypts by.
pub(crate) struct Key(RsaKeyPair);

impl Key {
    pub(crate) fn made() -> (Certificate, Self) {
        let (certificate, pair) = certified();
        let key = RsaKeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
        (certificate, Self(key))
    }

    /// A request with a signature inside.
    pub(crate) fn enveloped(&self, text: &str) -> String {
        let unsigned = Verbatim::parse(text).unwrap();
        let prepared = Prepared::new(&unsigned, Algorithm::RsaSha256, None).unwrap();
        prepared.sign(self).unwrap().as_str().to_owned()
    }
}

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .0
            .sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature);
        signed.map_err(|_| KeyFailure)?;
        Ok(signature)
    }
}

impl World {
    pub(crate) async fn take(&self, brought: &Brought, now: Timestamp) -> Taken {
        let (account, door) = (anna(), at_door(now));
        let who = (Some(&account), &door);
        self.service.accept(brought, who).await.unwrap()
    }

    pub(crate) async fn accept(&self, brought: &Brought, now: Timestamp) -> Accepted {
        match self.take(brought, now).await {
            Taken::Accepted(accepted) => *accepted,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn sign_on(
        &self,
        (request, marker): (&Accepted, Option<&str>),
        session: Option<&Session>,
        now: Timestamp,
    ) -> Answered {
        let (account, door, visited) = (anna(), at_door(now), Visited::default());
        let browser = Browser::parse(BROWSER);
        let asking = Asking {
            request,
            marker,
            browser: browser.as_ref(),
            heard: self.service.heard().await.unwrap(),
            signed_in: session.map(|session| (session, &account)),
            session: session.map(key_of),
            visited: &visited,
            user_agent: Some("a browser"),
            at: &door,
        };
        let random = TokenRandomness {
            id: [9; 16],
            key: Zeroizing::new([4; 32]),
            iv: [5; 16],
        };
        let answered = self.service.sign_on(&self.policy, asking, random).await;
        answered.unwrap()
    }

    /// Asks a minute after the world began.
    pub(crate) async fn asked(&self, text: &str, session: Option<&Session>) -> Answered {
        let now = crate::world::at(60);
        let accepted = self.accept(&redirected(text), now).await;
        self.sign_on((&accepted, None), session, now).await
    }

    /// What our key signed of an answer: all of it, or the assertion in it.
    pub(crate) fn signed_of(&self, text: &str, is_whole: bool) -> Option<String> {
        let document = Document::parse(text).unwrap();
        let saml = "urn:oasis:names:tc:SAML:2.0:assertion";
        let element = match is_whole {
            true => document.root(),
            false => document.root().child(saml, "Assertion")?,
        };
        let key = PublicKey::from_certificate(self.certificate.der()).unwrap();
        let verified = xml::signature::verify(element, &key).ok()?;
        Some(verified.as_str().to_owned())
    }

    /// Why the party is told that there is no token.
    pub(crate) fn status_of(&self, answered: Answered) -> String {
        let answer = answer(answered);
        assert!(answer.visited.is_none());
        let text = text(&answer);
        let signed = self.signed_of(&text, true).unwrap();
        assert!(!signed.contains("Assertion ") && signed.contains("InResponseTo=\"_asked\""));
        let code = signed.split("Value=\"").nth(2).unwrap();
        let (code, _) = code.split_once('"').unwrap();
        code.rsplit(':').next().unwrap().to_owned()
    }
}

pub(crate) fn answer(answered: Answered) -> Answer {
    match answered {
        Answered::Answer(answer) => *answer,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(STANDARD.decode(&answer.response).unwrap()).unwrap()
}

pub(crate) fn sign_on_refused(answered: Answered) -> Refused {
    match answered {
        Answered::Refused(refused) => refused,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn signs_in(answered: Answered) -> (authn::sign_in::Requirement, String) {
    match answered {
        Answered::MustSignIn {
            requirement,
            continuation,
            ..
        } => (requirement, continuation),
        other => panic!("{other:?}"),
    }
}
