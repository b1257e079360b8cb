//! An API on a store in memory, with one token of each role; requests are asked as the gate would hand them on.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use authn::account::Account;
use authn::admin::api_tokens::{self, ApiTokenRandomness, NewApiToken};
use authn::admin::role::Role;
use authn::admin::{self, NewAccount};
use authn::attempt;
use authn::audit::{Actor, ByHand};
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{SecretHash, Typed};
use authn::credential::otp_token::{OtpToken, StoredOtpToken, TokenKind, TokenState};
use authn::lockout::Queue;
use authn::place::{ActivityId, Service, Zone};
use authn::ports::{Adding, OtpTokens as _, PasswordHasher, Unavailable};
use authn::sign_in::Ports;
use bytes::Bytes;
use http::{Request, header};
use jiff::{SignedDuration, Timestamp};
use proto::otp::{Algorithm, Digits, Generator, Seed};
use serde_json::Value;
use store::memory::Memory;
use web::Answer;
use web::api::{Api, Issued, Known, Member};

pub(crate) const ORIGIN: &str = "https://api.contoso.com";

/// The API asks for no hash.
struct Never;

#[async_trait]
impl PasswordHasher for Never {
    async fn make(&self, _: Typed, _: [u8; 16]) -> Result<SecretHash, Unavailable> {
        panic!("nothing is hashed here")
    }

    async fn proves(&self, _: Typed, _: SecretHash, _: Queue) -> Result<bool, Unavailable> {
        panic!("nothing is hashed here")
    }
}

pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) api: Api,
    pub(crate) tokens: BTreeMap<Role, String>,
    pub(crate) anna: Account,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) answer: Answer,
}

impl World {
    pub(crate) async fn new() -> Self {
        let memory = Memory::new();
        let ports = ports(&memory);
        let by = by_hand();
        let anna = NewAccount {
            domain: "CONTOSO".to_owned(),
            sam: "anna".to_owned(),
            upn: "anna@contoso.com".to_owned(),
            realm: "CONTOSO.COM".to_owned(),
            sid: None,
            sip_addresses: vec!["sip:anna@contoso.com".to_owned()],
            mail: Vec::new(),
        };
        let anna = admin::add_account(&ports.attempt, anna, &by, [1; 16]);
        let anna = anna.await.unwrap();
        let mut tokens = BTreeMap::new();
        for (role, number) in Role::ALL.into_iter().zip(1..) {
            let made = made(&memory, role, number, SignedDuration::from_hours(1)).await;
            tokens.insert(role, made);
        }
        let store = Arc::new(memory.clone());
        Self {
            api: Api::new(known(), ports, store.clone(), store.clone(), issued(&store)),
            memory,
            tokens,
            anna,
        }
    }

    /// A token of a button that is nobody's, and what makes its codes, the first of which is of 0.
    pub(crate) async fn button(&self, id: &str) -> Generator {
        let seed = Seed::made_from([7; 20]);
        let record = OtpToken {
            id: CredentialId(id.to_owned()),
            serial: Some("4711".to_owned()),
            account: None,
            label: "of a vendor".to_owned(),
            kind: TokenKind::Hotp,
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            state: TokenState::Active,
            created: by_hand().at,
            last_used: None,
            next: 0,
            offset: 0,
            drift: 0,
            failures: 0,
        };
        let codes = Generator::new(&seed, record.algorithm, record.digits);
        let token = StoredOtpToken { record, seed };
        let added = self
            .memory
            .add_otp_tokens(vec![token], Adding::For(Vec::new()));
        added.await.unwrap().unwrap();
        codes
    }

    /// Asks from the office, with a token, or none.
    pub(crate) async fn asks(
        &self,
        token: Option<&str>,
        (method, path): (&str, &str),
        body: &str,
    ) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.to_owned()).unwrap();
        self.sends(request, Zone::INTERNAL).await
    }

    /// The same with the token of a role.
    pub(crate) async fn asks_as(&self, role: Role, what: (&str, &str), body: &str) -> Got {
        let token = self.tokens[&role].as_str();
        self.asks(Some(token), what, body).await
    }

    pub(crate) async fn sends(&self, request: Request<String>, zone: Zone) -> Got {
        let (head, body) = request.into_parts();
        let request = web::Request {
            head,
            body: Bytes::from(body),
            origin: ORIGIN.to_owned(),
            zone,
            address: [192, 0, 2, 1].into(),
            over: web::Over {
                connection: authn::place::ConnectionId([1; 8]),
                end_points: Vec::new(),
                channel_binding: proto::channel_binding::Demand::Off,
            },
            activity: ActivityId::from([1; 16]),
        };
        let answer = self.api.answer(request).await;
        let body = answer.response.body();
        Got {
            status: answer.response.status().as_u16(),
            body: serde_json::from_slice(body).unwrap_or_default(),
            answer,
        }
    }
}

pub(crate) fn known() -> Known {
    let member = |address: &str| Member {
        address: address.to_owned(),
        weight: 1,
    };
    Known {
        origin: ORIGIN.to_owned(),
        zones: [Zone::INTERNAL].into(),
        default_domain: Some("CONTOSO".to_owned()),
        services: vec![Service::EWS, Service::LYNC],
        farms: [(
            "pool".to_owned(),
            vec![member("a.contoso.local:443"), member("b.contoso.local:443")],
        )]
        .into(),
        portal: Some("https://my.contoso.com".to_owned()),
        sending: None,
    }
}

/// What parties got, as the memory has it.
fn issued(store: &Arc<Memory>) -> Issued {
    Issued {
        ledger: store.clone(),
        keys: store.clone(),
    }
}

pub(crate) fn ports(memory: &Memory) -> Ports {
    let store = Arc::new(memory.clone());
    Ports {
        attempt: attempt::Ports {
            accounts: store.clone(),
            credentials: store.clone(),
            otp_tokens: store.clone(),
            secrets: store.clone(),
            pins: store.clone(),
            hasher: Arc::new(Never),
            sent_codes: store.clone(),
            attempts: store.clone(),
            tickets: store.clone(),
            audit: store.clone(),
            kerberos: None,
        },
        sign_ins: store.clone(),
        sessions: store.clone(),
        invitations: store.clone(),
        passkeys: store.clone(),
        spare_codes: store,
    }
}

#[expect(clippy::disallowed_methods, reason = "the API reads the clock, too")]
pub(crate) fn by_hand() -> ByHand {
    ByHand {
        // Made a while ago, so that it is there whatever the clock's grain.
        at: Timestamp::now() - SignedDuration::from_secs(60),
        actor: Actor::named("root"),
        origin: None,
    }
}

/// A token of a role, made a minute ago.
pub(crate) async fn made(
    memory: &Memory,
    role: Role,
    number: u8,
    lasting: SignedDuration,
) -> String {
    let order = NewApiToken {
        label: format!("the {}", role.as_str()),
        role,
        lasting,
    };
    let random = ApiTokenRandomness {
        id: [number; 16],
        token: [number; 32],
    };
    let made = api_tokens::make(memory, order, &by_hand(), random).await;
    made.unwrap().1.expose().clone()
}
