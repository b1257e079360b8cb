//! WS-Federation, the passive way: from a browser's request to a token for a party, and back out.
//!
//! What is asked of whom, in this order: is there such a party, does the answer go where it is registered, is somebody signed
//! in as freshly and by as much as party and policy want, do the party's rules permit. Whatever is not so is no token; the
//! page says which party, the audit says why. Start at [`Service::sign_in`].

mod brought;
mod checks;
mod elsewhere;
mod home_realm;
mod own_people;
mod sign_out;
mod visited;

use std::sync::Arc;

use authn::account::Account;
use authn::audit::{Kind, MAX_SAID, TokenRefusal, shown_name};
use authn::handle::{Handle, HandleKey};
use authn::party::Party;
use authn::place::Service as Published;
use authn::policy::Policy;
use authn::ports::{Audit, Revocations, Sessions};
use authn::session::Session;
use authn::sign_in::{self, At, OfStrangers, Purpose, Requirement};
use jiff::Timestamp;
use proto::saml::v1;
use proto::secret::Secret;
use proto::wsfed::{SignInRequest, SignInResponse};

use crate::flow::freshness::{self, Met};
pub use crate::flow::freshness::{Browser, Marker};
use crate::ledger::TokenId;
use crate::metadata;
use crate::pipeline::store::{AttributeStore, AttributeStores, TimeLeft};
use crate::pipeline::{IssuedClaims, NotIssued, Pipeline};
use crate::ports::{Keys, Ledger, MetadataReader, OwnNames, Trusts, Unavailable, UsedAssertions};
use crate::subject::{Context, Local};
use crate::token::{self, BoughtBy, Order, Token, TokenError, TokenRandomness};
use crate::trust::{Identifier, RelyingPartyTrust, TrustBook, Url};
pub use brought::Brought;
use checks::Checked;
pub(super) use checks::Refusal;
pub(super) use home_realm::takes_ours;
pub use home_realm::{Choice, Offer, Remembered};
use home_realm::{HomeRealm, Seeking};
pub use sign_out::{CleanedUp, Onward, SignedOut};
pub use visited::{Loop, MAX_PARTIES, Visited};

/// The path of the endpoint, as AD FS has it.
pub const PATH: &str = "/adfs/ls/";

/// What we are to partners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The issuer of our tokens.
    pub identifier: Identifier,
    /// Scheme, name and port of our pages, as browsers see them.
    pub origin: String,
    /// What people see.
    pub display_name: String,
    /// The domain of our own people, as names end in it or below it: no partner speaks of them, unless its trust lists it.
    pub domain: String,
    /// Whether programs get tokens, too, by WS-Trust's `usernamemixed`.
    pub is_active: bool,
    /// Whether a sign-on to a service provider of SAML may begin here (AD FS's `EnableIdPInitiatedSignonPage`).
    pub is_idp_initiated: bool,
}

impl Identity {
    /// The name by which our pages are seen from outside.
    #[must_use]
    pub fn host(&self) -> &str {
        let origin = &self.origin;
        let host = origin.strip_prefix("https://").unwrap_or(origin);
        host.split(':').next().unwrap_or(host)
    }
}

/// The security token service, as browsers meet it.
pub struct Service {
    /// What we are.
    pub identity: Identity,
    /// The parties.
    pub trusts: Arc<dyn Trusts>,
    /// Who signs.
    pub keys: Arc<dyn Keys>,
    /// Where tokens are written down.
    pub ledger: Arc<dyn Ledger>,
    /// What was revoked.
    pub revocations: Arc<dyn Revocations>,
    /// Sessions, of which one is once the new sign-in that a party asked for.
    pub sessions: Arc<dyn Sessions>,
    /// Where refusals are written down.
    pub audit: Arc<dyn Audit>,
    /// Which assertions of partners were taken.
    pub assertions: Arc<dyn UsedAssertions>,
    /// What our own people are called.
    pub names: Arc<dyn OwnNames>,
    /// Attribute stores outside.
    pub stores: Vec<Box<dyn AttributeStore>>,
    /// The secret of `_OpaqueIdStore`; without one it does not answer.
    pub opaque: Option<Secret<Vec<u8>>>,
    /// The secret that our own marks on a way back are made with.
    pub key: Secret<Vec<u8>>,
    /// Our metadata, as it was signed last.
    pub published: metadata::Published,
    /// Who fetched it.
    pub readers: metadata::Readers,
}

/// A browser that asks for a token.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What it asks.
    pub request: &'a SignInRequest,
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
    /// What requests of ours to partners are bound to: the handle that it holds for that, or is given with its answer.
    pub handle: &'a Handle,
    /// The claims provider that it chose before.
    pub remembered: Option<&'a str>,
    /// Whether a name was typed on our page, so that a claims provider is found by it.
    pub is_found_by_name: bool,
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
    /// Somebody must say by which claims provider they come.
    Choose(Choice),
    /// Somebody is sent to a partner, with a request of ours that is bound to their handle.
    Elsewhere {
        /// The partner's address, with the request.
        to: String,
    },
    /// A token.
    Issued(Box<Issued>),
    /// No token; the reason is in the audit where somebody is known.
    Refused(Refused),
}

/// A token on its way.
#[derive(Debug)]
pub struct Issued {
    /// Where it goes: as it is registered.
    pub reply: Url,
    /// What `wresult` holds.
    pub wresult: String,
    /// What `wctx` held.
    pub wctx: Option<String>,
    /// What we call the party.
    pub name: String,
    /// Where the browser was by then.
    pub visited: Visited,
}

/// Why there is no token, and how the party is called where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The party's name among our trusts.
    pub party: Option<String>,
    /// Why, for the log.
    pub reason: TokenRefusal,
    /// The same in words.
    pub said: String,
}

impl Service {
    /// The last revocation that is known by now: what is revoked after it ends a token that is on its way.
    ///
    /// # Errors
    ///
    /// It cannot be had.
    pub async fn heard(&self) -> Result<i64, Unavailable> {
        self.revocations.last().await
    }

    /// Takes a request for a token.
    ///
    /// # Errors
    ///
    /// It could not be checked or written down, and so there is none.
    pub async fn sign_in(
        &self,
        policy: &Policy,
        asking: Asking<'_>,
        random: TokenRandomness,
    ) -> Result<Answered, Unavailable> {
        let book = self.trusts.current().await?;
        let checked = match checks::party(&book, asking.request) {
            Ok(checked) => checked,
            Err((party, refusal)) => return self.refused(&asking, party, refusal).await,
        };
        let party = checked.trust.party();
        let purpose = Purpose::token_for(&party);
        let required = Requirement::of(policy, &asking.at.zone, purpose);
        let Some(required) = required else {
            let name = Some(checked.trust.name.clone());
            return self.refused(&asking, name, Refusal::no_way_in()).await;
        };
        let seeking = Seeking {
            request: asking.request,
            remembered: asking.remembered,
            is_signed_in: asking.signed_in.is_some(),
            is_by_form: asking.is_found_by_name,
        };
        let place = (&*book, &self.identity);
        match home_realm::settle(place, &checked.trust, seeking) {
            Ok(HomeRealm::Here) => {}
            Ok(HomeRealm::Choose(choice)) => return Ok(Answered::Choose(choice)),
            Ok(HomeRealm::Elsewhere(provider)) => {
                let required = OfStrangers::of(policy, &asking.at.zone, purpose);
                let Some(required) = required else {
                    let name = Some(checked.trust.name.clone());
                    return self.refused(&asking, name, Refusal::no_way_in()).await;
                };
                let wanted = (checked, required);
                return self.sent_elsewhere(wanted, &provider, &asking).await;
            }
            Err(refusal) => {
                let name = checked.trust.name.clone();
                return self.refused(&asking, Some(name), refusal).await;
            }
        }
        let wanted = freshness::Wanted::of(asking.request, &checked.trust);
        let query = asking.request.to_query();
        let (from, now) = ((query.as_str(), asking.browser), asking.at.now);
        let marker = Marker::read(&self.key, asking.marker, from, now);
        let place = (asking.at, purpose);
        let signed_in = asking.signed_in;
        let signed_in = signed_in.filter(|who| sign_in::is_fresh_enough_for(*who, policy, place));
        let met = signed_in.map_or(Met::No, |(session, _)| wanted.met(session, marker, now));
        let signed_in = signed_in.filter(|_| met != Met::No);
        let Some((session, account)) = signed_in else {
            let requirement = match checked.second_factor {
                true => Requirement::SecretAndCode,
                false => required,
            };
            return Ok(self.must_sign_in((requirement, party), &asking, &random));
        };
        let local = Local { account, session };
        if checked.second_factor && !local.has_second_factor() {
            return Ok(self.must_sign_in((Requirement::SecretAndCode, party), &asking, &random));
        }
        let mut visited = asking.visited.clone();
        if let Err(error) = visited.note(&checked.realm, asking.at.now) {
            let refusal = Refusal::new(TokenRefusal::Loop, error.to_string());
            let name = checked.trust.name.clone();
            return self.refused(&asking, Some(name), refusal).await;
        }
        let place = (checked, visited);
        let about = (&place.0.trust, &place.0.realm);
        let token = random.token_id();
        let request = (asking.at, asking.user_agent, Some(&token));
        match self.said_of(&local, (&book, about), request).await {
            Ok(_) if !self.is_to_be_had(met, asking.session, now).await? => {
                Ok(self.must_sign_in((required, party), &asking, &random))
            }
            Ok(claims) => self.issued(&claims, (place, &local), &asking, random).await,
            Err(NotIssued::SecondFactor) => {
                Ok(self.must_sign_in((Requirement::SecretAndCode, party), &asking, &random))
            }
            Err(error) => {
                let (name, refusal) = (place.0.trust.name.clone(), Refusal::from(&error));
                self.refused(&asking, Some(name), refusal).await
            }
        }
    }

    /// Our metadata, signed.
    ///
    /// # Errors
    ///
    /// It cannot be had.
    pub async fn metadata(&self, naming: metadata::Naming) -> Result<String, Unavailable> {
        let book = self.trusts.current().await?;
        let about = (&self.identity, &*book);
        metadata::published(&*self.keys, about, (naming, &self.published)).await
    }

    /// Notes who fetched the metadata, so that it is known which partners have seen the next key.
    ///
    /// # Errors
    ///
    /// It could not be noted.
    pub async fn metadata_fetched(
        &self,
        naming: metadata::Naming,
        reader: MetadataReader,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        let ring = self.keys.ring().await?;
        let keys = naming.of(&ring).map(|it| it.id.clone()).collect();
        self.readers.note(keys, reader, now).await
    }

    /// What the rules of the party say about somebody.
    pub(super) async fn said_of(
        &self,
        local: &Local<'_>,
        (book, (trust, realm)): (&TrustBook, (&Arc<RelyingPartyTrust>, &Identifier)),
        (at, user_agent, token): (&At, Option<&str>, Option<&TokenId>),
    ) -> Result<IssuedClaims, NotIssued> {
        let stores = AttributeStores {
            account: Some(local.account),
            relying_party: realm,
            opaque: self.opaque.as_ref(),
            others: &self.stores,
            time: &TimeLeft::default(),
        };
        let pipeline = Pipeline {
            directory: book.own_directory()?,
            relying_party: trust,
            stores: &stores,
            observer: None,
        };
        let context = Context {
            zone: &at.zone,
            source: at.source,
            path: PATH,
            host: self.identity.host(),
            user_agent,
            token,
        };
        let accepted = pipeline.accept(local, &context).await?;
        pipeline.issue(&accepted).await
    }

    /// The token, once it is written down.
    async fn issued(
        &self,
        claims: &IssuedClaims,
        ((checked, visited), local): ((Checked, Visited), &Local<'_>),
        asking: &Asking<'_>,
        random: TokenRandomness,
    ) -> Result<Answered, Unavailable> {
        let origin = checked.reply.origin();
        let order = Order {
            issuer: &self.identity.identifier,
            audience: &checked.realm,
            account: Some(&local.account.id),
            method: v1::PASSWORD,
            authenticated: local.session.begun,
            at: asking.at,
            bought_by: Some(BoughtBy {
                session: local.session,
                heard: asking.heard,
                carried_to: Some(&origin),
            }),
        };
        let name = checked.trust.name.clone();
        let token = match self.made(claims, order, random).await? {
            Ok(token) => token,
            Err(refusal) => return self.refused(asking, Some(name), refusal).await,
        };
        let place = (checked, visited);
        Ok(self.handed(token, place, asking.request.wctx.clone()))
    }

    /// Makes a token and writes it down; nobody has it yet.
    async fn made(
        &self,
        claims: &IssuedClaims,
        order: Order<'_>,
        random: TokenRandomness,
    ) -> Result<Result<Token, Refusal>, Unavailable> {
        let ports = token::Ports {
            keys: &*self.keys,
            ledger: &*self.ledger,
        };
        match token::of_wsfed(ports, claims, order, random).await {
            Ok(token) => Ok(Ok(token)),
            Err(TokenError::Unavailable(error)) => Err(error),
            Err(error) => {
                let refusal = Refusal::new(TokenRefusal::NotMade, error.to_string());
                Ok(Err(refusal))
            }
        }
    }

    /// A token on its way to its party.
    fn handed(
        &self,
        token: Token,
        (checked, visited): (Checked, Visited),
        wctx: Option<String>,
    ) -> Answered {
        let response = SignInResponse {
            created: token.created,
            expires: token.expires,
            applies_to: checked.realm.as_str().to_owned(),
            token: token.token,
            token_type: token.token_type.uri(),
        };
        Answered::Issued(Box::new(Issued {
            reply: checked.reply,
            wresult: response.to_xml(),
            wctx,
            name: checked.trust.name.clone(),
            visited,
        }))
    }

    /// SECURITY: the way back is a path of ours, which leads nowhere else, with the request in our own spelling and a mark
    /// that says since when somebody must have signed in.
    fn must_sign_in(
        &self,
        (requirement, party): (Requirement, Party),
        asking: &Asking<'_>,
        random: &TokenRandomness,
    ) -> Answered {
        let query = asking.request.to_query();
        let known = asking.browser.cloned();
        // No token takes this id.
        let browser = known.unwrap_or_else(|| Browser::new(random.id));
        let marker = Marker::made(&self.key, asking.at.now, (&query, &browser));
        Answered::MustSignIn {
            requirement,
            party,
            continuation: format!("{PATH}?{query}&{}={marker}", Marker::NAME),
            browser,
        }
    }

    /// Whether a session may stand for what was wanted: for a new sign-in that was asked for it does once.
    pub(super) async fn is_to_be_had(
        &self,
        met: Met,
        session: Option<HandleKey>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        match (met, session) {
            (Met::ByAge, _) => Ok(true),
            (Met::AsAskedFor, Some(key)) => self.sessions.spend_freshness(key, now).await,
            (Met::AsAskedFor, None) | (Met::No, _) => Ok(false),
        }
    }

    async fn refused(
        &self,
        asking: &Asking<'_>,
        party: Option<String>,
        refusal: Refusal,
    ) -> Result<Answered, Unavailable> {
        let party = (asking.request.wtrealm.as_str(), party);
        let who = (asking.signed_in.map(|(_, account)| account), asking.at);
        let refused = self.written_down(who, party, refusal).await?;
        Ok(Answered::Refused(refused))
    }

    /// Writes a refusal down where somebody is known: what nobody in particular asks for is counted, and not audited.
    pub(super) async fn written_down(
        &self,
        (account, at): (Option<&Account>, &At),
        (realm, party): (&str, Option<String>),
        refusal: Refusal,
    ) -> Result<Refused, Unavailable> {
        let Refusal { reason, said } = refusal;
        if let Some(account) = account {
            let kind = Kind::TokenRefused {
                relying_party: shown_name(realm, ""),
                reason,
                said: said.chars().take(MAX_SAID).collect(),
            };
            let account = Some(account.id.clone());
            let event = at.event(kind, &Published::STS, account);
            self.audit.append(vec![event]).await?;
        }
        Ok(Refused {
            party,
            reason,
            said,
        })
    }
}
