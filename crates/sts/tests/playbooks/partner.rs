//! Fabrikam: a claims provider with a key of its own, that answers whatever it is asked, rightly or not.

use authn::audit::{Kind, TokenRefusal};
use authn::handle::Handle;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use jiff::{SignedDuration, Timestamp};
use proto::form::Form;
use proto::saml::v1::{Assertion, Attribute, AuthenticationStatement, NameIdentifier};
use proto::wsfed::{ProviderAnswer, Request, SignInRequest, SignInResponse, TOKEN_TYPE_SAML_1_1};
use rcgen::KeyPair;
use sts::flow::wsfed::{Answered, Asking, Brought, Visited};
use sts::ports::Unavailable;
use sts::token::TokenRandomness;
use sts::trust::{
    Certificate, ClaimsProviderTrust, Identifier, RelyingPartyTrust, Rules, TrustBook, Trusted, Url,
};
use xml::{Algorithm, Prepared, Verbatim};
use zeroize::Zeroizing;

use crate::world::{World, anna, at, at_door, certified, lync, request, world_of};

pub(crate) const FABRIKAM: &str = "http://fs.fabrikam.com/adfs/services/trust";
pub(crate) const US: &str = "http://sts.contoso.com/adfs/services/trust";
pub(crate) const REPLY_TO_US: &str = "https://sts.contoso.com/adfs/ls/";
pub(crate) const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
pub(crate) const MFA: &str = "http://schemas.microsoft.com/claims/multipleauthn";
pub(crate) const REFERENCES: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";
pub(crate) const PASS_ALL: &str = "c:[] => issue(claim = c);";

/// A trust of Fabrikam, which proves second factors and whose claims are all believed.
pub(crate) fn fabrikam(certificate: &Certificate) -> ClaimsProviderTrust {
    ClaimsProviderTrust {
        name: "Fabrikam".to_owned(),
        identifier: Identifier::parse(FABRIKAM).unwrap(),
        is_enabled: true,
        is_local: false,
        notes: None,
        protocol_profile: Default::default(),
        wsfed_endpoint: Some(Url::parse("https://fs.fabrikam.com/adfs/ls/").unwrap()),
        saml_endpoints: Vec::new(),
        metadata: None,
        token_signing_certificates: vec![certificate.clone()],
        signing_certificate_revocation_check: Default::default(),
        encryption_certificate: None,
        encryption_certificate_revocation_check: Default::default(),
        signature_algorithm: Default::default(),
        sha1_until: None,
        signed_saml_requests_required: false,
        encrypted_name_id_required: false,
        required_name_id_format: None,
        allow_create: true,
        acceptance_transform_rules: Rules::parse(PASS_ALL).unwrap(),
        claims_offered: Vec::new(),
        anchor_claim: None,
        organizational_account_suffixes: vec!["fabrikam.com".to_owned()],
        supports_mfa: true,
        custom_mfa_uri: None,
    }
}

/// A party that sends on whatever it may.
pub(crate) fn passes_all() -> RelyingPartyTrust {
    RelyingPartyTrust {
        issuance_transform_rules: Rules::parse(PASS_ALL).unwrap(),
        ..lync()
    }
}

/// A world of ours that trusts a partner.
pub(crate) struct Federation {
    pub(crate) world: World,
    pub(crate) key: KeyPair,
}

/// What a browser was sent out with.
pub(crate) struct SentOut {
    pub(crate) handle: Handle,
    pub(crate) request: SignInRequest,
    pub(crate) to: String,
}

/// A world in which this is what Fabrikam and the parties are.
pub(crate) fn federation(
    of_partner: impl FnOnce(&Certificate) -> Vec<ClaimsProviderTrust>,
    relying_parties: Vec<RelyingPartyTrust>,
) -> Federation {
    let (certificate, key) = certified();
    let trusted = Trusted {
        relying_parties,
        claims_providers: of_partner(&certificate),
        ..Trusted::default()
    };
    Federation {
        world: world_of(TrustBook::new(1, trusted).unwrap()),
        key,
    }
}

/// A world in which people of Lync come from Fabrikam alone.
pub(crate) fn forced() -> Federation {
    let party = RelyingPartyTrust {
        claims_provider_names: vec!["fabrikam".to_owned()],
        ..passes_all()
    };
    federation(|it| vec![fabrikam(it)], vec![party])
}

/// What Fabrikam says of bo, who proved two factors.
pub(crate) fn of_bo(now: Timestamp) -> Assertion {
    let attribute = |claim_type: &str, values: &[&str]| {
        let (name, namespace) = Attribute::name_of(claim_type);
        Attribute {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            original_issuer: None,
            values: values.iter().map(|&it| it.to_owned()).collect(),
        }
    };
    Assertion {
        id: "_bo".to_owned(),
        issuer: FABRIKAM.to_owned(),
        issue_instant: now,
        not_before: now,
        not_on_or_after: now + SignedDuration::from_hours(1),
        audience: US.to_owned(),
        subject: Some(NameIdentifier {
            name: "bo".to_owned(),
            format: "urn:format".to_owned(),
            name_qualifier: None,
        }),
        attributes: vec![
            attribute(UPN, &["bo@fabrikam.com"]),
            attribute(REFERENCES, &[MFA]),
        ],
        authentication: AuthenticationStatement {
            method: "urn:oasis:names:tc:SAML:1.0:am:password".to_owned(),
            instant: now,
        },
    }
}

impl Federation {
    /// Asks as a browser with this handle, and chooser of what it says.
    pub(crate) async fn ask_with(
        &self,
        query: &str,
        handle: &Handle,
        adjust: impl for<'a> FnOnce(&mut Asking<'a>),
    ) -> Answered {
        let (door, visited) = (at_door(at(60)), Visited::default());
        let request = request(query);
        let mut asking = Asking {
            request: &request,
            marker: None,
            heard: 7,
            signed_in: None,
            session: None,
            browser: None,
            handle,
            remembered: None,
            is_found_by_name: false,
            visited: &visited,
            user_agent: None,
            at: &door,
        };
        adjust(&mut asking);
        let service = &self.world.service;
        service
            .sign_in(&self.world.policy, asking, random())
            .await
            .unwrap()
    }

    /// Asks, and must be sent to a partner.
    pub(crate) async fn sent_out(&self, query: &str, number: u8) -> SentOut {
        let handle = Handle::made_from([number; 32]);
        match self.ask_with(query, &handle, |_| ()).await {
            Answered::Elsewhere { to } => {
                let (_, query) = to.split_once('?').unwrap();
                let request = match Request::parse(&Form::parse(query.as_bytes()).unwrap()) {
                    Ok(Request::SignIn(request)) => *request,
                    other => panic!("{other:?}"),
                };
                SentOut {
                    handle,
                    request,
                    to,
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// An answer with this assertion, signed by Fabrikam.
    pub(crate) fn answer(&self, assertion: &Assertion) -> String {
        signed_answer(&self.key, &assertion.to_verbatim().unwrap())
    }

    /// Brings an answer.
    pub(crate) async fn try_bring(
        &self,
        wresult: &str,
        (handle, wctx): (Option<&Handle>, Option<&str>),
        now: Timestamp,
    ) -> Result<Answered, Unavailable> {
        let mut form = "wa=wsignin1.0".to_owned();
        for (name, value) in [("wresult", Some(wresult)), ("wctx", wctx)] {
            if let Some(value) = value {
                form.push_str(&format!("&{name}="));
                let bytes = value.bytes().map(|it| format!("%{it:02X}"));
                form.extend(bytes);
            }
        }
        let form = Form::parse_within(form.as_bytes(), 4 * proto::wsfed::MAX_ANSWER).unwrap();
        let brought = Brought {
            answer: &ProviderAnswer::parse(&form).unwrap(),
            handle,
            visited: &Visited::default(),
            user_agent: None,
            at: &at_door(now),
        };
        let service = &self.world.service;
        service.brought(&self.world.policy, brought, random()).await
    }

    /// Brings an answer with the browser that was sent out for it.
    pub(crate) async fn bring(&self, wresult: &str, out: &SentOut) -> Answered {
        let with = (Some(&out.handle), out.request.wctx.as_deref());
        self.try_bring(wresult, with, at(90)).await.unwrap()
    }

    /// Brings an answer with this assertion, and must be refused.
    pub(crate) async fn refuses(&self, assertion: &Assertion, number: u8) -> TokenRefusal {
        let out = self.sent_out(crate::world::ASKS, number).await;
        let answered = self.bring(&self.answer(assertion), &out).await;
        crate::world::refused(answered).reason
    }

    /// What the audit has, by its reasons and whom it names.
    pub(crate) fn came(&self) -> Vec<(String, String)> {
        let events = self.world.kept.events.lock().unwrap();
        let came = events.iter().filter_map(|event| match &event.kind {
            Kind::CameFromProvider { provider, name, .. } => {
                assert_eq!(event.account, None);
                Some((provider.clone(), name.clone()))
            }
            _ => None,
        });
        came.collect()
    }

    /// Whether anybody got anything.
    pub(crate) fn gave_nothing(&self) -> bool {
        let kept = &self.world.kept;
        kept.entries.lock().unwrap().is_empty() && kept.recorded.lock().unwrap().is_empty()
    }
}

/// An answer with an assertion that a key signed.
pub(crate) fn signed_answer(key: &KeyPair, assertion: &Verbatim) -> String {
    let pair = RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap();
    let prepared = Prepared::new(assertion, Algorithm::RsaSha256, None).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = SystemRandom::new();
    let octets = prepared.octets();
    pair.sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature)
        .unwrap();
    answer_with(prepared.attach(&signature).into_verbatim())
}

/// An answer with a token as it stands.
pub(crate) fn answer_with(token: Verbatim) -> String {
    let response = SignInResponse {
        created: at(60),
        expires: at(3_660),
        applies_to: US.to_owned(),
        token,
        token_type: TOKEN_TYPE_SAML_1_1,
    };
    response.to_xml()
}

/// Anna, who is signed in here.
pub(crate) fn signed_in() -> (authn::session::Session, authn::account::Account) {
    use authn::place::Method;
    let both = [Method::MemorisedSecret, Method::OneTimeCode];
    (crate::world::session(at(0), &both), anna())
}

fn random() -> TokenRandomness {
    TokenRandomness {
        id: [9; 16],
        key: Zeroizing::new([4; 32]),
        iv: [5; 16],
    }
}
