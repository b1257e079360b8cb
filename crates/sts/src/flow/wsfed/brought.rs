//! What a partner says, brought by a browser: looked at from the outside in, and taken once.
//!
//! In this order: was this browser asked for it, is the partner still one, did one of its keys sign it, is it for us, in
//! time, new and never taken before, does the policy let its person come, do they need a second factor, and then what the rules
//! say. Whatever is not so is no token. SECURITY: what is not signed by the partner is counted and not audited, as anybody can
//! send it. Start at [`Service::brought`].

use std::sync::Arc;

use authn::audit::{Kind, MAX_SAID, TokenRefusal, shown_name};
use authn::handle::Handle;
use authn::place::Service as Published;
use authn::policy::Policy;
use authn::sign_in::{At, LIFE, OfStrangers, Purpose, Requirement};
use claims::claim::is_reserved_issuer;
use jiff::{SignedDuration, Timestamp};
use proto::saml::received::Received;
use proto::wsfed::{ProviderAnswer, SignInRequest, assertion_in};
use xml::PublicKey;
use xml::signature::verify_of;

use super::checks::{self, Checked, Refusal};
use super::elsewhere::{self, SentFor};
use super::own_people::OwnPeople;
use super::{Answered, PATH, Refused, Service, Visited, home_realm};
use crate::federated::Federated;
use crate::flow::sha1::{self, SignedBy};
use crate::pipeline::store::{AttributeStores, TimeLeft};
use crate::pipeline::{IssuedClaims, NotIssued, Pipeline};
use crate::ports::{AssertionKey, Unavailable};
use crate::subject::Context;
use crate::token::{Order, TokenRandomness};
use crate::trust::{ClaimsProviderTrust, OwnDirectory, TrustBook};

/// How far the clock of a partner may be from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(3);

/// A browser that brings an answer.
#[derive(Clone, Copy, Debug)]
pub struct Brought<'a> {
    /// The answer.
    pub answer: &'a ProviderAnswer,
    /// What the browser holds that requests of ours are bound to.
    pub handle: Option<&'a Handle>,
    /// Where it was before.
    pub visited: &'a Visited,
    /// What it says of itself.
    pub user_agent: Option<&'a str>,
    /// From where, and when.
    pub at: &'a At,
}

/// A request of ours that a browser was sent out with.
struct Asked {
    provider: Arc<ClaimsProviderTrust>,
    request: SignInRequest,
    checked: Checked,
    /// Nothing where the policy lets nobody come.
    required: Option<OfStrangers>,
    at: Timestamp,
}

impl Service {
    /// Takes what a partner says.
    ///
    /// # Errors
    ///
    /// It could not be checked or written down, and so there is no token.
    pub async fn brought(
        &self,
        policy: &Policy,
        brought: Brought<'_>,
        random: TokenRandomness,
    ) -> Result<Answered, Unavailable> {
        let book = self.trusts.current().await?;
        let asked = match self.asked(&book, policy, &brought) {
            Ok(asked) => asked,
            Err((party, refusal)) => return Ok(refused(party, refusal)),
        };
        let name = asked.checked.trust.name.clone();
        let now = brought.at.now;
        let (received, signed_by) = match self.believed(&asked, brought.answer, now) {
            Ok(believed) => believed,
            Err(refusal) => return Ok(refused(Some(name), refusal)),
        };
        let place = (&asked, &*book);
        let said = (&received, signed_by);
        match self.taken(place, (said, &brought), random).await? {
            Ok(answered) => Ok(answered),
            Err(refusal) => self.vouched_refused(&asked, &brought, refusal).await,
        }
    }

    /// What this browser was sent out for.
    fn asked(
        &self,
        book: &TrustBook,
        policy: &Policy,
        brought: &Brought<'_>,
    ) -> Result<Asked, (Option<String>, Refusal)> {
        let nobody = |said: &str| (None, Refusal::new(TokenRefusal::NotAsked, said));
        let (Some(handle), Some(wctx)) = (brought.handle, brought.answer.wctx.as_deref()) else {
            let said = "this browser was not sent to a claims provider, or what came back says nothing of it";
            return Err(nobody(said));
        };
        // SECURITY: an answer that another browser was sent out for is not taken in this one (T-SAML-2).
        let sent_for = SentFor::read((&self.key, handle), wctx, brought.at.now);
        let said = "this browser was not sent out with what came back, or too long ago";
        let sent_for = sent_for.ok_or_else(|| nobody(said))?;
        let checked = checks::party(book, &sent_for.request)?;
        let provider = book.claims_provider(&sent_for.provider);
        let is_there = |it: &&Arc<ClaimsProviderTrust>| {
            // SECURITY: its claims bear its name, and ours are believed by that.
            let is_ours = it.identifier == self.identity.identifier;
            let is_another = !is_ours && !is_reserved_issuer(it.identifier.as_str());
            is_another && home_realm::is_offered(book, &checked.trust, it)
        };
        let Some(provider) = provider.filter(is_there) else {
            let said = "people may not come from that claims provider any more";
            let refusal = Refusal::new(TokenRefusal::UnknownProvider, said);
            return Err((Some(checked.trust.name.clone()), refusal));
        };
        let party = checked.trust.party();
        let required = OfStrangers::of(policy, &brought.at.zone, Purpose::token_for(&party));
        Ok(Asked {
            provider: Arc::clone(provider),
            request: sent_for.request,
            checked,
            required,
            at: sent_for.asked,
        })
    }

    /// What an answer says, where its partner signed it for us and by now, and by what it did.
    fn believed(
        &self,
        asked: &Asked,
        answer: &ProviderAnswer,
        now: Timestamp,
    ) -> Result<(Received, SignedBy), Refusal> {
        let not_believed = |said: &dyn std::fmt::Display| {
            let said = format!("`{}` is not believed: {said}", asked.provider.name);
            Refusal::new(TokenRefusal::NotBelieved, said)
        };
        let document = answer.document().map_err(|it| not_believed(&it))?;
        let assertion = assertion_in(&document).map_err(|it| not_believed(&it))?;
        // SECURITY: the keys are those of the trust; what stands in the message names none.
        let certificates = asked.provider.token_signing_certificates.iter();
        let good = certificates.filter(|it| it.not_after() > now);
        let keys = good.filter_map(|it| PublicKey::from_certificate(it.der()).ok());
        let keys: Vec<PublicKey> = keys.collect();
        let with = (&keys, asked.provider.sha1_until);
        let verified = sha1::verified(with, now, |partner| verify_of(assertion, partner));
        let (verified, signed_by) = verified.map_err(|it| not_believed(&it))?;
        let received = Received::read(&verified).map_err(|it| not_believed(&it))?;
        match self.fault_of(asked, &received, now) {
            Some(said) => Err(not_believed(&said)),
            None => Ok((received, signed_by)),
        }
    }

    /// What is wrong with what a partner signed.
    fn fault_of(&self, asked: &Asked, received: &Received, now: Timestamp) -> Option<&'static str> {
        let own = self.identity.identifier.as_str();
        let later = |time: Timestamp| time.checked_add(SKEW).unwrap_or(time);
        let is_for_us = |audiences: &Vec<String>| audiences.iter().any(|it| it == own);
        let reply = self.reply();
        let is_issued_then = asked.at <= later(received.issue_instant);
        let is_issued_by_now = received.issue_instant <= later(now);
        let begins = received.not_before;
        [
            (
                received.issuer == asked.provider.identifier.as_str(),
                "its issuer is another",
            ),
            (
                !received.audiences.is_empty() && received.audiences.iter().all(is_for_us),
                "it is for somebody else",
            ),
            (
                received.recipients.iter().all(|it| *it == reply),
                "it is to be brought elsewhere",
            ),
            (
                now < later(received.not_on_or_after),
                "it is good no longer",
            ),
            (
                begins.is_none_or(|begins| begins <= later(now)),
                "it is not good yet",
            ),
            (
                is_issued_then && is_issued_by_now,
                "it was not made for what was asked",
            ),
        ]
        .into_iter()
        .find_map(|(is_sound, said)| (!is_sound).then_some(said))
    }

    /// The token for whom a partner vouches, once its assertion is used up.
    async fn taken(
        &self,
        (asked, book): (&Asked, &TrustBook),
        ((received, signed_by), brought): ((&Received, SignedBy), &Brought<'_>),
        random: TokenRandomness,
    ) -> Result<Result<Answered, Refusal>, Unavailable> {
        let now = brought.at.now;
        let assertion = AssertionKey::of(&asked.provider.identifier, &received.id);
        let times = (now, remembered_until(now));
        if !self.assertions.take_assertion(&assertion, times).await? {
            let said = format!("what `{}` says was brought before", asked.provider.name);
            return Ok(Err(Refusal::new(TokenRefusal::Replayed, said)));
        }
        let federated = Federated {
            provider: &asked.provider,
            received,
        };
        if let Err(refusal) = is_enough(asked, &federated, now) {
            return Ok(Err(refusal));
        }
        let mut visited = brought.visited.clone();
        visited.note_provider(&asked.provider.identifier, now);
        if let Err(error) = visited.note(&asked.checked.realm, now) {
            return Ok(Err(Refusal::new(TokenRefusal::Loop, error.to_string())));
        }
        let place = (asked, book);
        let said = self.said_of_federated(&federated, place, brought).await?;
        let claims = match said {
            Ok(claims) => claims,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let came = Kind::CameFromProvider {
            provider: asked.provider.identifier.as_str().to_owned(),
            assertion: shown_name(&received.id, ""),
            name: shown_name(federated.known_as(), ""),
        };
        let provider = asked.provider.identifier.as_str();
        let by_sha1 = signed_by.until().map(|it| sha1::told(provider, it));
        let events = std::iter::once(came).chain(by_sha1);
        let events = events.map(|it| brought.at.event(it, &Published::STS, None));
        self.audit.append(events.collect()).await?;
        let order = Order {
            issuer: &self.identity.identifier,
            audience: &asked.checked.realm,
            account: None,
            method: federated.method(),
            authenticated: federated.signed_in().unwrap_or(received.issue_instant),
            at: brought.at,
            // SECURITY: nobody of another provider has a session here, nor at a pool behind the gate (decision 0019).
            bought_by: None,
        };
        let made = self.made(&claims, order, random).await?;
        Ok(made.map(|token| {
            let place = (asked.checked.clone(), visited);
            self.handed(token, place, asked.request.wctx.clone())
        }))
    }

    async fn said_of_federated(
        &self,
        federated: &Federated<'_>,
        (asked, book): (&Asked, &TrustBook),
        brought: &Brought<'_>,
    ) -> Result<Result<IssuedClaims, Refusal>, Unavailable> {
        // SECURITY: a federated person is nobody of our directory (decision 0019).
        let stores = AttributeStores {
            account: None,
            relying_party: &asked.checked.realm,
            opaque: self.opaque.as_ref(),
            others: &self.stores,
            time: &TimeLeft::default(),
        };
        let pipeline = Pipeline {
            directory: OwnDirectory::BuiltIn,
            relying_party: &asked.checked.trust,
            stores: &stores,
            observer: None,
        };
        let context = Context {
            zone: &brought.at.zone,
            source: brought.at.source,
            path: PATH,
            host: self.identity.host(),
            user_agent: brought.user_agent,
            token: None,
        };
        let refused = |error: NotIssued| Ok(Err(Refusal::from(&error)));
        let accepted = match pipeline.accept_from(federated, &context).await {
            Ok(accepted) => accepted,
            Err(error) => return refused(error),
        };
        let of = (book, &self.identity);
        let mut own = OwnPeople::of(&asked.provider, of, self.names.as_ref());
        if let Err(refusal) = own.accepted(accepted.claims()).await? {
            return Ok(Err(refusal));
        }
        let issued = match pipeline.issue(&accepted).await {
            Ok(issued) => issued,
            Err(error) => return refused(error),
        };
        let is_own = own.issued(issued.claims()).await?;
        Ok(is_own.map(|()| issued))
    }

    /// Writes a refusal down that is about somebody for whom a partner vouches.
    async fn vouched_refused(
        &self,
        asked: &Asked,
        brought: &Brought<'_>,
        refusal: Refusal,
    ) -> Result<Answered, Unavailable> {
        let said = format!("from `{}`: {}", asked.provider.name, refusal.said);
        let kind = Kind::TokenRefused {
            relying_party: shown_name(&asked.request.wtrealm, ""),
            reason: refusal.reason,
            said: said.chars().take(MAX_SAID).collect(),
        };
        let event = brought.at.event(kind, &Published::STS, None);
        self.audit.append(vec![event]).await?;
        Ok(refused(Some(asked.checked.trust.name.clone()), refusal))
    }
}

/// Until when an assertion might be taken that is taken now: it is as old as the request that it answers, but for both clocks.
fn remembered_until(now: Timestamp) -> Timestamp {
    let longest = LIFE.checked_add(SKEW).and_then(|it| it.checked_add(SKEW));
    let until = longest.and_then(|longest| now.checked_add(longest).ok());
    until.unwrap_or(Timestamp::MAX)
}

/// Whether somebody proved as much, and as lately, as is wanted of them.
///
/// SECURITY: that nobody may come is told once the partner's word was believed and used up, so that nobody else writes it down.
fn is_enough(asked: &Asked, federated: &Federated<'_>, now: Timestamp) -> Result<(), Refusal> {
    let required = asked.required.ok_or_else(Refusal::no_way_in)?;
    let times = (asked.at, now);
    let wanted = (&*asked.checked.trust, required.fresh);
    let since = elsewhere::since(&asked.request, wanted, times);
    let later = |time: Timestamp| time.checked_add(SKEW).unwrap_or(time);
    if federated.signed_in().is_some_and(|it| it > later(now)) {
        let said = "it speaks of a sign-in that is yet to come";
        return Err(Refusal::new(TokenRefusal::NotBelieved, said));
    }
    let signed_in = federated.signed_in().map(later);
    if since.is_some_and(|since| signed_in.is_none_or(|it| it < since)) {
        let said = "a newer sign-in is wanted than the one that it speaks of";
        return Err(Refusal::new(TokenRefusal::NotBelieved, said));
    }
    let is_by_code = required.requirement == Requirement::SecretAndCode;
    let wants_second = asked.checked.second_factor || is_by_code;
    match wants_second && !federated.has_second_factor() {
        true => {
            let said = "a second factor is wanted, and it does not say by its trust's words that one was proved";
            Err(Refusal::new(TokenRefusal::SecondFactor, said))
        }
        false => Ok(()),
    }
}

fn refused(party: Option<String>, refusal: Refusal) -> Answered {
    let Refusal { reason, said } = refusal;
    Answered::Refused(Refused {
        party,
        reason,
        said,
    })
}
