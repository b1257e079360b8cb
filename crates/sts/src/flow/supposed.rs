//! A sign-in that somebody only thinks of: what the rules of a party would say of an account, and what its token would.
//!
//! The claims are made, and the rules run, by what a sign-in does it with. No token is made, nothing is written down, and
//! nobody is counted. Start at [`Supposed::said`].

use std::net::IpAddr;
use std::sync::Arc;

use authn::account::Account;
use authn::credential::CredentialId;
use authn::place::{Method, Zone};
use authn::session::Session;
use jiff::Timestamp;

use super::wsfed::{Identity, PATH, takes_ours};
use crate::ledger::TokenId;
use crate::pipeline::store::AttributeStores;
use crate::pipeline::{NotIssued, Observer, Pipeline};
use crate::subject::{Context, Local};
use crate::token::carried::Carried;
use crate::trust::{ProtocolProfile, RelyingPartyTrust, TrustBook};

/// What stands for the id of a token that is not made.
const NO_TOKEN: &str = "_the-id-of-the-token";

/// Who would sign in, by what and from where.
#[derive(Clone, Copy, Debug)]
pub struct Supposed<'a> {
    /// Who.
    pub account: &'a Account,
    /// By what.
    pub methods: &'a [Method],
    /// From which zone.
    pub zone: &'a Zone,
    /// From which address.
    pub source: IpAddr,
    /// What the browser says of itself.
    pub user_agent: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

/// For which party, and where.
#[derive(Clone, Copy)]
pub struct For<'a> {
    /// What we are.
    pub identity: &'a Identity,
    /// The trusts.
    pub book: &'a TrustBook,
    /// The party's.
    pub trust: &'a Arc<RelyingPartyTrust>,
    /// What rules may ask.
    pub stores: &'a AttributeStores<'a>,
    /// Who looks on.
    pub observer: &'a dyn Observer,
}

/// Why nobody of our own directory gets as far as the rules of a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReached {
    /// The trust is switched off.
    #[error("the relying party trust is switched off")]
    Disabled,
    /// People come to it from another claims provider alone.
    #[error("its people come from another claims provider")]
    AnotherProvider,
}

/// Whether a sign-in of somebody of our own directory gets as far as the rules of a party.
///
/// # Errors
///
/// Its trust says that it does not.
pub fn reaches(book: &TrustBook, trust: &RelyingPartyTrust) -> Result<(), NotReached> {
    match (trust.is_enabled, takes_ours(book, trust)) {
        (false, _) => Err(NotReached::Disabled),
        (true, false) => Err(NotReached::AnotherProvider),
        (true, true) => Ok(()),
    }
}

impl Supposed<'_> {
    /// What the token would say.
    ///
    /// # Errors
    ///
    /// There would be none; the observer saw how far it came.
    pub async fn said(&self, to: For<'_>) -> Result<Carried, NotIssued> {
        let pipeline = Pipeline {
            directory: to.book.own_directory()?,
            relying_party: to.trust,
            stores: to.stores,
            observer: Some(to.observer),
        };
        let session = self.session();
        let local = Local {
            account: self.account,
            session: &session,
        };
        let token = TokenId(NO_TOKEN.to_owned());
        let is_saml = to.trust.protocol_profile == ProtocolProfile::Saml;
        let context = Context {
            zone: self.zone,
            source: self.source,
            path: PATH,
            host: to.identity.host(),
            user_agent: self.user_agent,
            token: (!is_saml).then_some(&token),
        };
        let accepted = pipeline.accept(&local, &context).await?;
        let claims = pipeline.issue(&accepted).await?;
        Ok(Carried::by(&claims))
    }

    /// The session that it would begin, which is kept nowhere.
    #[must_use]
    pub fn session(&self) -> Session {
        Session {
            account: self.account.id.clone(),
            credential: CredentialId(String::new()),
            made: None,
            token: None,
            methods: self.methods.to_vec(),
            zone: self.zone.clone(),
            begun: self.now,
            used: self.now,
            browser: None,
            stays: None,
        }
    }
}
