//! SAML 2.0, the identity provider: from a service provider's request, or from here, to an answer that a browser takes there.
//!
//! What is asked of whom, in this order: did a party of ours send it, signed where that is wanted, to us and now; does the
//! answer go where it is registered; is somebody signed in as freshly and by as much as party and policy want; do the party's
//! rules permit. Whatever is not so is no token: the page says which party, the audit says why, and the party itself hears of
//! it only what it asked for. Start at [`Service::accept`] and [`Service::sign_on`].

mod accepted;
mod checks;
mod context;

use authn::account::Account;
use authn::audit::TokenRefusal;
use authn::handle::HandleKey;
use authn::party::Party;
use authn::place::Service as Published;
use authn::policy::Policy;
use authn::session::Session;
use authn::sign_in::{self, At, Purpose, Requirement};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use proto::form::Form;
use proto::saml::v2::{Brought, SsoRequest, StatusCode};

use super::freshness::{Browser, Marker, Met, Wanted};
use super::sha1::{self, SignedBy};
use super::wsfed::{Refusal, Refused, Service, Visited, takes_ours};
use crate::pipeline::{IssuedClaims, NotIssued};
use crate::ports::{AssertionKey, Unavailable};
use crate::subject::Local;
use crate::token::saml_2::{self, DELIVERY_WINDOW, Delivery};
use crate::token::{BoughtBy, Order, Ports, TokenError, TokenRandomness};
use crate::trust::{TrustBook, Url};
pub use accepted::Accepted;
use checks::{Checked, NotAccepted, SKEW};
use context::Acceptable;

/// The path at which a sign-on begins here.
pub const IDP_INITIATED: &str = "/adfs/ls/idpinitiatedsignon.aspx";
/// The parameter of that path that names the party.
pub const LOGIN_TO_RP: &str = "loginToRp";

/// Whether a request is accepted.
#[derive(Debug)]
pub enum Taken {
    /// It is.
    Accepted(Box<Accepted>),
    /// It is none; why, for the log.
    Malformed(String),
    /// It is not; the reason is in the audit where somebody is known.
    Refused(Refused),
}

/// A browser that asks for a sign-on.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What it asks.
    pub request: &'a Accepted,
    /// The mark that was on its way back from a sign-in.
    pub marker: Option<&'a str>,
    /// What the browser is known by, from when it was sent to sign in.
    pub browser: Option<&'a Browser>,
    /// What was [heard](Service::heard) before anybody looked as whom it is signed in.
    pub heard: i64,
    /// As whom it is signed in.
    pub signed_in: Option<(&'a Session, &'a Account)>,
    /// What the store knows that session by.
    pub session: Option<HandleKey>,
    /// Where it was before.
    pub visited: &'a Visited,
    /// What it says of itself.
    pub user_agent: Option<&'a str>,
    /// From where, and when.
    pub at: &'a At,
}

/// What becomes of it.
#[derive(Debug)]
pub enum Answered {
    /// Somebody must sign in first, and goes on at a path of ours.
    MustSignIn {
        /// What must be proved.
        requirement: Requirement,
        /// For which party.
        party: Party,
        /// Where it goes on.
        continuation: String,
        /// What the browser is known by until then.
        browser: Browser,
    },
    /// An answer for the party: a token, or why there is none.
    Answer(Box<Answer>),
    /// No token; the reason is in the audit where somebody is known.
    Refused(Refused),
}

/// An answer on its way.
#[derive(Debug)]
pub struct Answer {
    /// Where it goes: as it is registered.
    pub reply: Url,
    /// What `SAMLResponse` holds, in its encoding.
    pub response: String,
    /// What `RelayState` held.
    pub relay_state: Option<String>,
    /// What we call the party.
    pub name: String,
    /// Where the browser was by then, where it takes a token.
    pub visited: Option<Visited>,
}

/// Why there is no token: the party is told, somebody must do something, or a page says it.
enum Not {
    Told(StatusCode),
    SignedIn(Requirement),
    Refused(Refusal),
}

impl From<&NotIssued> for Not {
    fn from(error: &NotIssued) -> Self {
        match error {
            NotIssued::SecondFactor => Self::SignedIn(Requirement::SecretAndCode),
            error => Self::Refused(Refusal::from(error)),
        }
    }
}

impl Service {
    /// Looks at a request as a browser brought it.
    ///
    /// # Errors
    ///
    /// It could not be looked at, or a refusal not be written down.
    pub async fn accept(
        &self,
        brought: &Brought,
        (account, at): (Option<&Account>, &At),
    ) -> Result<Taken, Unavailable> {
        let book = self.trusts.current().await?;
        let checked = checks::request(&book, brought, (&self.reply(), at.now));
        match checked {
            Ok((wanted, signed_by)) => {
                let by_sha1 = signed_by.and_then(SignedBy::until);
                let accepted = Accepted::new((wanted, by_sha1), at.now);
                Ok(Taken::Accepted(Box::new(accepted)))
            }
            Err(NotAccepted::Malformed(error)) => Ok(Taken::Malformed(error.to_string())),
            Err(NotAccepted::Refused {
                issuer,
                party,
                refusal,
            }) => {
                let refused = self.written_down((account, at), (&issuer, party), refusal);
                Ok(Taken::Refused(refused.await?))
            }
        }
    }

    /// A sign-on that begins here, to the party that calls itself so; nothing where none may.
    #[must_use]
    pub fn begin(&self, relying_party: &str, now: Timestamp) -> Option<Accepted> {
        let wanted = SsoRequest {
            issuer: relying_party.to_owned(),
            ..SsoRequest::default()
        };
        let begun = || Accepted::new((wanted, None), now);
        self.identity.is_idp_initiated.then(begun)
    }

    /// Reads a request that comes back from our own pages.
    #[must_use]
    pub fn read_back(&self, query: &Form, now: Timestamp) -> Option<Accepted> {
        Accepted::read(&self.key, query, now)
    }

    /// The path of ours by which a request comes back.
    #[must_use]
    pub fn path_of(&self, accepted: &Accepted) -> String {
        accepted.path(&self.key)
    }

    /// Takes a request that was accepted.
    ///
    /// # Errors
    ///
    /// It could not be checked or written down, and so there is no token.
    pub async fn sign_on(
        &self,
        policy: &Policy,
        asking: Asking<'_>,
        random: TokenRandomness,
    ) -> Result<Answered, Unavailable> {
        let book = self.trusts.current().await?;
        let checked = match checks::party(&book, &asking.request.wanted) {
            Ok(checked) => checked,
            Err((party, refusal)) => return self.refused_to(&asking, party, refusal).await,
        };
        let party = checked.trust.party();
        let required = Requirement::of(policy, &asking.at.zone, Purpose::token_for(&party));
        let Some(required) = required else {
            let name = Some(checked.trust.name.clone());
            let refused = self.refused_to(&asking, name, Refusal::no_way_in()).await?;
            return match asking.request.wanted.is_passive {
                true => {
                    self.told(StatusCode::NoPassive, &checked, &asking, &random)
                        .await
                }
                false => Ok(refused),
            };
        };
        let place = (&*book, &checked);
        let not = match self.let_out(policy, place, (&asking, required)).await? {
            Ok(let_out) => return self.answered(let_out, checked, &asking, random).await,
            Err(not) => not,
        };
        let is_passive = asking.request.wanted.is_passive;
        match not {
            Not::Told(why) => self.told(why, &checked, &asking, &random).await,
            Not::SignedIn(_) if is_passive => {
                self.told(StatusCode::NoPassive, &checked, &asking, &random)
                    .await
            }
            Not::SignedIn(requirement) => {
                Ok(self.must_sign_on((requirement, party), &asking, random.id))
            }
            Not::Refused(refusal) => {
                let name = Some(checked.trust.name.clone());
                let refused = self.refused_to(&asking, name, refusal).await?;
                match is_passive {
                    true => {
                        let why = StatusCode::RequestDenied;
                        self.told(why, &checked, &asking, &random).await
                    }
                    false => Ok(refused),
                }
            }
        }
    }

    /// What the rules of the party let out about whoever is signed in, where they are signed in as is wanted.
    async fn let_out<'a>(
        &self,
        policy: &Policy,
        (book, checked): (&TrustBook, &Checked),
        (asking, required): (&Asking<'a>, Requirement),
    ) -> Result<Result<LetOut<'a>, Not>, Unavailable> {
        let (wanted, now) = (&asking.request.wanted, asking.at.now);
        if !takes_ours(book, &checked.trust) {
            let said = "its people come from another claims provider, which is asked by WS-Federation alone";
            let refusal = Refusal::new(TokenRefusal::AnotherProvider, said);
            return Ok(Err(Not::Refused(refusal)));
        }
        let allowed = &checked.trust.allowed_authentication_class_references;
        let Ok(acceptable) = Acceptable::of(wanted.context.as_ref(), allowed) else {
            return Ok(Err(Not::Told(StatusCode::NoAuthnContext)));
        };
        let (local, met) = match self.who(policy, checked, (asking, required), &acceptable) {
            Ok(who) => who,
            Err(requirement) => return Ok(Err(Not::SignedIn(requirement))),
        };
        let mut visited = asking.visited.clone();
        if let Err(error) = visited.note(&checked.realm, now) {
            let refusal = Refusal::new(TokenRefusal::Loop, error.to_string());
            return Ok(Err(Not::Refused(refusal)));
        }
        let party = (&checked.trust, &checked.realm);
        let request = (asking.at, asking.user_agent, None);
        let claims = match self.said_of(&local, (book, party), request).await {
            Ok(claims) => claims,
            Err(error) => return Ok(Err(Not::from(&error))),
        };
        let name_id = match saml_2::name_id(&claims, wanted.name_id_format.as_deref()) {
            Ok(name_id) => name_id,
            Err(why) => return Ok(Err(Not::Told(why))),
        };
        let Some(class) = acceptable.answered(&claims, local.has_second_factor()) else {
            return Ok(Err(Not::Told(StatusCode::NoAuthnContext)));
        };
        if !self.is_to_be_had(met, asking.session, now).await? {
            return Ok(Err(Not::SignedIn(required)));
        }
        if !self.is_first(wanted, now).await? {
            let refusal = Refusal::new(TokenRefusal::Replayed, "the request got a token before");
            return Ok(Err(Not::Refused(refusal)));
        }
        Ok(Ok(LetOut {
            claims,
            name_id,
            class,
            visited,
            local,
        }))
    }

    /// Who is signed in as is wanted, and by what that is so; or what must be proved.
    fn who<'a>(
        &self,
        policy: &Policy,
        checked: &Checked,
        (asking, required): (&Asking<'a>, Requirement),
        acceptable: &Acceptable,
    ) -> Result<(Local<'a>, Met), Requirement> {
        let (wanted, now) = (&asking.request.wanted, asking.at.now);
        let needs_second = acceptable.needs_second_factor();
        let required = match needs_second {
            true => Requirement::SecretAndCode,
            false => required,
        };
        let said = asking.request.said();
        let marker = Marker::read(&self.key, asking.marker, (&said, asking.browser), now);
        let is_new = wanted.force_authn || checked.trust.always_require_authentication;
        let party = checked.trust.party();
        let place = (asking.at, Purpose::token_for(&party));
        let signed_in = asking.signed_in;
        let signed_in = signed_in.filter(|who| sign_in::is_fresh_enough_for(*who, policy, place));
        let (session, account) = signed_in.ok_or(required)?;
        let local = Local { account, session };
        match Wanted::new_where(is_new).met(session, marker, now) {
            Met::No => Err(required),
            _ if needs_second && !local.has_second_factor() => Err(Requirement::SecretAndCode),
            met => Ok((local, met)),
        }
    }

    /// Uses a request up: one gets one token, on whichever node.
    async fn is_first(&self, wanted: &SsoRequest, now: Timestamp) -> Result<bool, Unavailable> {
        let Some(id) = &wanted.id else {
            return Ok(true);
        };
        let request = AssertionKey::of_request(&wanted.issuer, id);
        let ends = now.checked_add(REMEMBERED).unwrap_or(Timestamp::MAX);
        self.assertions.take_assertion(&request, (now, ends)).await
    }

    /// The token, once it is written down.
    async fn answered(
        &self,
        let_out: LetOut<'_>,
        checked: Checked,
        asking: &Asking<'_>,
        random: TokenRandomness,
    ) -> Result<Answered, Unavailable> {
        let LetOut {
            claims,
            name_id,
            class,
            visited,
            local,
        } = let_out;
        let order = Order {
            issuer: &self.identity.identifier,
            audience: &checked.realm,
            account: Some(&local.account.id),
            method: &class,
            authenticated: local.session.begun,
            at: asking.at,
            bought_by: Some(BoughtBy {
                session: local.session,
                heard: asking.heard,
                carried_to: None,
            }),
        };
        let ports = Ports {
            keys: &*self.keys,
            ledger: &*self.ledger,
        };
        let wanted = &asking.request.wanted;
        // SECURITY: before the token is made, or there is none; and once somebody is to get one, as anybody can bring a
        // request again and again.
        if let Some(until) = asking.request.by_sha1 {
            let (kind, account) = (sha1::told(&wanted.issuer, until), local.account.id.clone());
            let event = asking.at.event(kind, &Published::STS, Some(account));
            self.audit.append(vec![event]).await?;
        }
        let delivery = delivery(&checked, wanted);
        let made = saml_2::response(ports, (&claims, name_id), (order, delivery), random).await;
        let made = match made {
            Ok(made) => made,
            Err(TokenError::Unavailable(error)) => return Err(error),
            Err(error) => {
                let refusal = Refusal::new(TokenRefusal::NotMade, error.to_string());
                let name = Some(checked.trust.name.clone());
                return self.refused_to(asking, name, refusal).await;
            }
        };
        Ok(Answered::Answer(Box::new(Answer {
            reply: checked.reply,
            response: STANDARD.encode(made.response),
            relay_state: wanted.relay_state.clone(),
            name: checked.trust.name.clone(),
            visited: Some(visited),
        })))
    }

    /// The party is told why there is no token.
    async fn told(
        &self,
        why: StatusCode,
        checked: &Checked,
        asking: &Asking<'_>,
        random: &TokenRandomness,
    ) -> Result<Answered, Unavailable> {
        let wanted = &asking.request.wanted;
        let to = (&self.identity.identifier, delivery(checked, wanted));
        let (about, when) = ((why, &*checked.trust), (random.id, asking.at.now));
        match saml_2::no_token(&*self.keys, about, to, when).await {
            Ok(response) => Ok(Answered::Answer(Box::new(Answer {
                reply: checked.reply.clone(),
                response: STANDARD.encode(response),
                relay_state: wanted.relay_state.clone(),
                name: checked.trust.name.clone(),
                visited: None,
            }))),
            Err(TokenError::Unavailable(error)) => Err(error),
            Err(error) => {
                let refusal = Refusal::new(TokenRefusal::NotMade, error.to_string());
                let name = Some(checked.trust.name.clone());
                self.refused_to(asking, name, refusal).await
            }
        }
    }

    /// SECURITY: the way back is a path of ours, which leads nowhere else, with the request in our own spelling and a mark
    /// that says since when somebody must have signed in.
    fn must_sign_on(
        &self,
        (requirement, party): (Requirement, Party),
        asking: &Asking<'_>,
        drawn: [u8; 16],
    ) -> Answered {
        let known = asking.browser.cloned();
        // No token takes this id.
        let browser = known.unwrap_or_else(|| Browser::new(drawn));
        let said = asking.request.said();
        let marker = Marker::made(&self.key, asking.at.now, (&said, &browser));
        let path = asking.request.path(&self.key);
        Answered::MustSignIn {
            requirement,
            party,
            continuation: format!("{path}&{}={marker}", Marker::NAME),
            browser,
        }
    }

    async fn refused_to(
        &self,
        asking: &Asking<'_>,
        party: Option<String>,
        refusal: Refusal,
    ) -> Result<Answered, Unavailable> {
        let account = asking.signed_in.map(|(_, account)| account);
        let party = (asking.request.wanted.issuer.as_str(), party);
        let refused = self.written_down((account, asking.at), party, refusal);
        Ok(Answered::Refused(refused.await?))
    }
}

/// How long a request is remembered that got a token: until it would not be taken anyway.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(
    accepted::LASTS.as_secs() + DELIVERY_WINDOW.as_secs() + 2 * SKEW.as_secs(),
);

/// What goes to a party about somebody, before it is written.
struct LetOut<'a> {
    claims: IssuedClaims,
    name_id: Option<proto::saml::v2::NameId>,
    class: String,
    visited: Visited,
    local: Local<'a>,
}

fn delivery<'a>(checked: &'a Checked, wanted: &'a SsoRequest) -> Delivery<'a> {
    Delivery {
        recipient: &checked.reply,
        in_response_to: wanted.id.as_deref(),
    }
}
