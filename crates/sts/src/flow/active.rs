//! WS-Trust, the active way: from a program's message with a name and a secret to a token for a party (`usernamemixed`).
//!
//! What is asked, in this order: is it such a message and of now, is there such a party, is whoever asks who they say by what
//! the policy wants of `sts` over a UsernameToken, do the party's rules permit. SECURITY: whatever comes after the name is one
//! fault, held back as any refused attempt is; the reason is in the audit. Start at [`Active::answer`].

use std::sync::Arc;

use authn::account::AccountId;
use authn::attempt::{self, Attempt, Proof, Refusal};
use authn::audit::{Kind, MAX_SAID, TokenRefusal, shown_name};
use authn::authenticated::Authenticated;
use authn::lockout::HoldBack;
use authn::place::{Channel, ConnectionId, Service as Published};
use authn::session::Session;
use authn::sign_in::{self, At};
use proto::saml::v1;
use proto::wstrust::active::{Dialect, Fault, Request, RequestError, Response};

use super::wsfed::{Service, takes_ours};
use crate::pipeline::store::{AttributeStores, TimeLeft};
use crate::pipeline::{IssuedClaims, NotIssued, Pipeline};
use crate::ports::Unavailable;
use crate::subject::{Context, Local};
use crate::token::{self, Order, TokenError, TokenRandomness};
use crate::trust::{Identifier, ProtocolProfile, RelyingPartyTrust, TrustBook};

/// The active endpoints.
#[derive(Clone, Copy)]
pub struct Active<'a> {
    /// Whose tokens they issue.
    pub service: &'a Service,
    /// What an attempt needs.
    pub ports: &'a attempt::Ports,
    /// What it is judged by.
    pub rules: &'a attempt::Rules,
}

/// A program that asks for a token.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What it sent.
    pub message: &'a [u8],
    /// At which endpoint.
    pub dialect: Dialect,
    /// What it says of itself.
    pub user_agent: Option<&'a str>,
    /// What a code is asked for with, where the policy sends one.
    pub code: sign_in::Asked,
    /// From where, and when.
    pub at: &'a At,
}

/// What it is answered.
#[derive(Debug)]
pub struct Answered {
    /// The message.
    pub message: String,
    /// Whether a token is in it.
    pub is_issued: bool,
    /// How long it is held back.
    pub hold_back: HoldBack,
    /// Whether an alarm was raised for an account.
    pub is_alarmed: bool,
    /// How the sign-in ended, where there was one.
    pub signed_in: Option<bool>,
    /// Why there is no token, for the log.
    pub said: Option<String>,
    /// What could not be reached.
    pub unavailable: Option<Unavailable>,
}

/// Why there is no token, and what is told of it.
struct Refused {
    fault: Fault,
    reason: Option<TokenRefusal>,
    said: String,
}

impl Refused {
    fn new(fault: Fault, said: impl Into<String>) -> Self {
        Self {
            fault,
            reason: None,
            said: said.into(),
        }
    }

    /// Of somebody who is known, so that the audit has it.
    fn of(reason: TokenRefusal, said: impl Into<String>) -> Self {
        Self {
            fault: Fault::FailedAuthentication,
            reason: Some(reason),
            said: said.into(),
        }
    }
}

impl From<&RequestError> for Refused {
    fn from(error: &RequestError) -> Self {
        let fault = match error {
            RequestError::KeyType | RequestError::TokenType => Fault::BadRequest,
            _ => Fault::InvalidRequest,
        };
        Self::new(fault, error.to_string())
    }
}

/// A party that a token may be for.
struct Party {
    trust: Arc<RelyingPartyTrust>,
    realm: Identifier,
}

impl Active<'_> {
    /// Answers a message.
    pub async fn answer(&self, asking: Asking<'_>, random: TokenRandomness) -> Answered {
        let request = match Request::parse(asking.message, asking.dialect) {
            Ok(request) => request,
            Err(error) => return fault(&asking, None, Refused::from(&error)),
        };
        let message_id = request.message_id.clone();
        let message_id = message_id.as_deref();
        match self.asked(request, &asking, random).await {
            Ok(answered) => answered,
            Err(error) => {
                let refused = Refused::new(Fault::RequestFailed, error.to_string());
                Answered {
                    unavailable: Some(error),
                    ..fault(&asking, message_id, refused)
                }
            }
        }
    }

    async fn asked(
        &self,
        request: Request,
        asking: &Asking<'_>,
        random: TokenRandomness,
    ) -> Result<Answered, Unavailable> {
        let message_id = request.message_id.clone();
        let message_id = message_id.as_deref();
        if !request.is_good(asking.at.now) {
            let said = "the message's time is over, or a clock is wrong";
            let refused = Refused::new(Fault::MessageExpired, said);
            return Ok(fault(asking, message_id, refused));
        }
        let book = self.service.trusts.current().await?;
        let party = match party(&book, &request.applies_to) {
            Ok(party) => party,
            Err(refused) => return Ok(fault(asking, message_id, refused)),
        };
        let Request {
            token,
            applies_to,
            context,
            ..
        } = request;
        let proof = Proof::Password {
            username: token.username,
            password: token.password,
        };
        let outcome = self.verified(proof, &party, asking).await;
        let who = match outcome.result {
            Ok(verified) => verified.authenticated,
            Err(Refusal::Unavailable(error)) => return Err(error),
            Err(refusal) => {
                let refused = Refused::new(Fault::FailedAuthentication, refusal.to_string());
                return Ok(Answered {
                    hold_back: outcome.hold_back,
                    is_alarmed: outcome.is_alarmed,
                    signed_in: Some(false),
                    ..fault(asking, message_id, refused)
                });
            }
        };
        let session = session_of(&who, asking.at);
        let is_newly = session.begun >= asking.at.now;
        if party.trust.always_require_authentication && !is_newly {
            let said =
                "a new sign-in is wanted each time, and the code was one that was used before";
            let refused = Refused::of(TokenRefusal::SecondFactor, said);
            self.audited(&refused, &applies_to, (who.account_id(), asking.at))
                .await?;
            return Ok(Answered {
                hold_back: outcome.if_refused,
                signed_in: Some(true),
                ..fault(asking, message_id, refused)
            });
        }
        let local = Local {
            account: who.account(),
            session: &session,
        };
        let issued = match self.said_of(&local, (&book, &party), asking).await {
            Ok(claims) => self.made(&claims, (&party, &local), asking, random).await?,
            Err(error) => Err(Refused::of(error.refusal(), error.to_string())),
        };
        let answered = match issued {
            Ok(token) => Answered {
                message: Response {
                    relates_to: message_id.map(str::to_owned),
                    context,
                    created: token.created,
                    expires: token.expires,
                    applies_to,
                    token: token.token,
                    assertion_id: token.id.0,
                }
                .to_xml(asking.dialect),
                is_issued: true,
                said: None,
                ..fault(asking, None, Refused::new(Fault::RequestFailed, ""))
            },
            Err(refused) => {
                self.audited(&refused, &applies_to, (&local.account.id, asking.at))
                    .await?;
                // SECURITY: held back as a wrong secret would be, or a party that permits nobody tells which is right.
                Answered {
                    hold_back: outcome.if_refused,
                    ..fault(asking, message_id, refused)
                }
            }
        };
        Ok(Answered {
            signed_in: Some(true),
            is_alarmed: outcome.is_alarmed,
            ..answered
        })
    }

    async fn verified(&self, proof: Proof, party: &Party, asking: &Asking<'_>) -> attempt::Outcome {
        let at = asking.at;
        let attempt = Attempt {
            proof,
            channel: Channel::UsernameToken,
            service: Published::STS,
            route: None,
            party: Some(party.trust.party()),
            pool: String::new(),
            zone: at.zone.clone(),
            source: at.source,
            // The pages are handed the client's address alone.
            tls: None,
            sip_uri: None,
            device: None,
            activity: at.activity.clone(),
            connection: ConnectionId::default(),
        };
        attempt::verify(self.ports, self.rules, attempt, (asking.code, at.now)).await
    }

    async fn said_of(
        &self,
        local: &Local<'_>,
        (book, party): (&TrustBook, &Party),
        asking: &Asking<'_>,
    ) -> Result<IssuedClaims, NotIssued> {
        let stores = AttributeStores {
            account: Some(local.account),
            relying_party: &party.realm,
            opaque: self.service.opaque.as_ref(),
            others: &self.service.stores,
            time: &TimeLeft::default(),
        };
        let pipeline = Pipeline {
            directory: book.own_directory()?,
            relying_party: &party.trust,
            stores: &stores,
            observer: None,
        };
        let context = Context {
            zone: &asking.at.zone,
            source: asking.at.source,
            path: asking.dialect.path(),
            host: self.service.identity.host(),
            user_agent: asking.user_agent,
            token: None,
        };
        let accepted = pipeline.accept(local, &context).await?;
        pipeline.issue(&accepted).await
    }

    /// The token, once it is written down. It is nobody's session at a pool: no browser brings it there.
    async fn made(
        &self,
        claims: &IssuedClaims,
        (party, local): (&Party, &Local<'_>),
        asking: &Asking<'_>,
        random: TokenRandomness,
    ) -> Result<Result<token::Token, Refused>, Unavailable> {
        let order = Order {
            issuer: &self.service.identity.identifier,
            audience: &party.realm,
            account: Some(&local.account.id),
            method: v1::PASSWORD,
            authenticated: local.session.begun,
            at: asking.at,
            bought_by: None,
        };
        let ports = token::Ports {
            keys: &*self.service.keys,
            ledger: &*self.service.ledger,
        };
        match token::saml_1_1(ports, claims, order, random).await {
            Ok(token) => Ok(Ok(token)),
            Err(TokenError::Unavailable(error)) => Err(error),
            Err(error) => Ok(Err(Refused::of(TokenRefusal::NotMade, error.to_string()))),
        }
    }

    async fn audited(
        &self,
        refused: &Refused,
        applies_to: &str,
        (account, at): (&AccountId, &At),
    ) -> Result<(), Unavailable> {
        let Some(reason) = refused.reason else {
            return Ok(());
        };
        let kind = Kind::TokenRefused {
            relying_party: shown_name(applies_to, ""),
            reason,
            said: refused.said.chars().take(MAX_SAID).collect(),
        };
        let account = Some(account.clone());
        let event = at.event(kind, &Published::STS, account);
        self.service.audit.append(vec![event]).await
    }
}

/// Finds the party by what it is called; it takes people of our own directory.
fn party(book: &TrustBook, applies_to: &str) -> Result<Party, Refused> {
    let none = |said: &str| Refused::new(Fault::InvalidScope, said);
    let unknown = || none("no relying party trust has that identifier");
    let realm = Identifier::parse(applies_to).map_err(|_| unknown())?;
    let trust = book.relying_party(&realm).ok_or_else(unknown)?;
    if !trust.is_enabled {
        return Err(none("the relying party trust is switched off"));
    }
    if trust.protocol_profile == ProtocolProfile::Saml {
        return Err(none("the relying party trust does not speak WS-Federation"));
    }
    if !takes_ours(book, trust) {
        return Err(none("its people come from another claims provider"));
    }
    Ok(Party {
        trust: Arc::clone(trust),
        realm,
    })
}

/// What somebody proved in this message, as what a token is about; it is kept nowhere.
fn session_of(who: &Authenticated, at: &At) -> Session {
    // A code that was taken before, and goes on being good for its client, was proved then.
    let coded = who.second_factor().filter(|_| who.token().is_some());
    let begun = coded.unwrap_or(at.now);
    Session {
        account: who.account_id().clone(),
        credential: who.credential().clone(),
        made: None,
        token: who.token().cloned(),
        methods: who.methods().to_vec(),
        zone: at.zone.clone(),
        begun,
        used: at.now,
        browser: None,
        stays: None,
    }
}

fn fault(asking: &Asking<'_>, message_id: Option<&str>, refused: Refused) -> Answered {
    let at = asking.at;
    let about = (message_id, at.activity.0.as_str());
    Answered {
        message: refused.fault.to_xml(asking.dialect, about, at.now),
        is_issued: false,
        hold_back: HoldBack::default(),
        is_alarmed: false,
        signed_in: None,
        said: Some(refused.said),
        unavailable: None,
    }
}
