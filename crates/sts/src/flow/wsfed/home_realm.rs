//! Home realm: by which claims provider somebody comes (AD FS, "Home Realm Discovery Customization").
//!
//! A party's own list decides first, and where it names one there is no choice (S78); then what the request says (`whr`,
//! `domain_hint`, `username`, `login_hint`, in this order; [MS-MWBF] note 53), then what the browser chose before, then
//! whether somebody is signed in here; and else they are asked. Start at [`settle`].

use std::sync::Arc;

use authn::audit::TokenRefusal;
use aws_lc_rs::digest::{SHA256, digest};
use claims::claim::AD_AUTHORITY;
use proto::wsfed::SignInRequest;

use super::checks::Refusal;
use super::{Identity, PATH};
use crate::trust::{
    ClaimsProviderTrust, Identifier, ProtocolProfile, RelyingPartyTrust, TrustBook,
};

/// AD FS's name for our own directory, by which trusts name it.
const ACTIVE_DIRECTORY: &str = "Active Directory";
/// How many digits a claims provider is remembered by.
const DIGITS: usize = 32;

/// By which claims provider somebody comes.
#[derive(Clone, Debug)]
pub(super) enum HomeRealm {
    /// They sign in here.
    Here,
    /// By a partner.
    Elsewhere(Arc<ClaimsProviderTrust>),
    /// They are asked.
    Choose(Choice),
}

/// What somebody may choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Each claims provider that they may come by.
    pub offers: Vec<Offer>,
    /// Whether a name of theirs, as an e-mail address, may lead there.
    pub is_found_by_name: bool,
    /// Whether the name that was given leads nowhere.
    pub is_unknown_name: bool,
}

impl Choice {
    /// The parameter by which our page says that a name was typed on it.
    pub const BY_NAME: &str = "wicketgate-by-name";
}

/// A claims provider that somebody may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub name: String,
    /// The path of ours that leads there.
    pub path: String,
}

/// What a browser says of where it belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeking<'a> {
    /// Its request.
    pub(super) request: &'a SignInRequest,
    /// What it chose before.
    pub(super) remembered: Option<&'a str>,
    /// Whether somebody is signed in here.
    pub(super) is_signed_in: bool,
    /// Whether a name was typed on our page.
    pub(super) is_by_form: bool,
}

/// The claims provider that a browser chose, as it keeps it: nothing secret, and not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered(String);

impl Remembered {
    /// The parameter by which our page says that somebody chose.
    pub const NAME: &str = "wicketgate-chosen";

    /// The one that a request names.
    #[must_use]
    pub fn of(request: &SignInRequest) -> Option<Self> {
        let chosen = Identifier::parse(request.whr.as_deref()?).ok()?;
        Some(Self::known(&chosen))
    }

    /// As a browser keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn known(identifier: &Identifier) -> Self {
        let made = digest(&SHA256, identifier.as_str().as_bytes());
        let bytes = made.as_ref().iter().take(DIGITS / 2);
        Self(bytes.map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Finds by which claims provider somebody comes to a party.
///
/// # Errors
///
/// By none that the party takes people of, or that is there.
pub(super) fn settle(
    (book, identity): (&TrustBook, &Identity),
    trust: &RelyingPartyTrust,
    seeking: Seeking<'_>,
) -> Result<HomeRealm, Refusal> {
    let providers = offered(book, trust);
    if let Some(whr) = &seeking.request.whr {
        return hinted(whr, (book, identity), &providers);
    }
    match providers.as_slice() {
        [] => {
            let said = "no claims provider that people may come from is there and switched on";
            return Err(Refusal::new(TokenRefusal::AnotherProvider, said));
        }
        [only] => return Ok(only.clone().into()),
        _ => {}
    }
    let suffix = suffix_of(seeking.request);
    let by_suffix = suffix.and_then(|suffix| {
        let mut providers = providers.iter();
        providers.find(|it| it.has_suffix(book, suffix))
    });
    let by_memory = seeking.remembered.and_then(|remembered| {
        let is_it = |it: &&Provider| Remembered::known(it.identifier(identity)).0 == remembered;
        providers.iter().find(is_it)
    });
    let by_session = providers
        .iter()
        .find(|it| seeking.is_signed_in && matches!(it, Provider::Here));
    let by_memory = by_memory.filter(|_| suffix.is_none());
    let by_session = by_session.filter(|_| suffix.is_none());
    let found = by_suffix.or(by_memory).or(by_session);
    if let Some(found) = found.filter(|_| !seeking.is_by_form) {
        return Ok(found.clone().into());
    }
    // INTEROP: browsers let no form lead to another site that its page does not name, so that what it found is a link.
    let shown = found.map_or(providers.as_slice(), std::slice::from_ref);
    let offers = shown.iter().map(|it| it.offer(identity, seeking));
    Ok(HomeRealm::Choose(Choice {
        offers: offers.collect(),
        is_found_by_name: providers.iter().any(|it| it.has_suffixes(book)),
        is_unknown_name: suffix.is_some() && found.is_none(),
    }))
}

/// Whether a party takes people of a claims provider, by now.
pub(super) fn is_offered(
    book: &TrustBook,
    trust: &RelyingPartyTrust,
    provider: &ClaimsProviderTrust,
) -> bool {
    let is_it = |it: &Provider| matches!(it, Provider::There(it) if **it == *provider);
    offered(book, trust).iter().any(is_it)
}

/// Whether a party takes people of our own directory.
pub(in crate::flow) fn takes_ours(book: &TrustBook, trust: &RelyingPartyTrust) -> bool {
    let offered = offered(book, trust);
    offered.iter().any(|it| matches!(it, Provider::Here))
}

#[derive(Clone, Debug)]
enum Provider {
    Here,
    There(Arc<ClaimsProviderTrust>),
}

impl From<Provider> for HomeRealm {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Here => Self::Here,
            Provider::There(provider) => Self::Elsewhere(provider),
        }
    }
}

impl Provider {
    fn identifier<'a>(&'a self, identity: &'a Identity) -> &'a Identifier {
        match self {
            Self::Here => &identity.identifier,
            Self::There(provider) => &provider.identifier,
        }
    }

    fn offer(&self, identity: &Identity, seeking: Seeking<'_>) -> Offer {
        let request = SignInRequest {
            whr: Some(self.identifier(identity).as_str().to_owned()),
            ..seeking.request.clone()
        };
        let name = match self {
            // INTEROP: AD FS shows it under the name of the service as well.
            Self::Here => &identity.display_name,
            Self::There(provider) => &provider.name,
        };
        Offer {
            name: name.clone(),
            path: format!("{PATH}?{}&{}=1", request.to_query(), Remembered::NAME),
        }
    }

    fn suffixes<'a>(&'a self, book: &'a TrustBook) -> impl Iterator<Item = &'a str> {
        let own = || book.claims_providers().find(|it| it.is_local);
        let trust = match self {
            Self::Here => own(),
            Self::There(provider) => Some(provider),
        };
        let suffixes = trust.into_iter();
        let suffixes = suffixes.flat_map(|it| &it.organizational_account_suffixes);
        suffixes.map(|it| it.trim_start_matches('@'))
    }

    fn has_suffixes(&self, book: &TrustBook) -> bool {
        self.suffixes(book).next().is_some()
    }

    fn has_suffix(&self, book: &TrustBook, suffix: &str) -> bool {
        let mut suffixes = self.suffixes(book);
        suffixes.any(|it| it.to_lowercase() == suffix.to_lowercase())
    }
}

/// The claims providers that people may come by to a party, and that can be asked.
fn offered(book: &TrustBook, trust: &RelyingPartyTrust) -> Vec<Provider> {
    let names = &trust.claims_provider_names;
    let is_named = |name: &str| {
        let lower = name.to_lowercase();
        names.is_empty() || names.iter().any(|it| it.to_lowercase() == lower)
    };
    let mut own = book.claims_providers().filter(|it| it.is_local).peekable();
    let is_here = match own.peek() {
        // Where its trust cannot be read nobody knows its name.
        None => is_named(ACTIVE_DIRECTORY),
        Some(_) => own.any(|it| is_named(&it.name)),
    };
    let partners = book.claims_providers().filter(|it| is_asked(it));
    let partners: Vec<_> = partners.filter(|it| is_named(&it.name)).collect();
    let is_shut = book.own_directory().is_err() && !partners.is_empty();
    let here = (is_here && !is_shut).then_some(Provider::Here);
    let there = partners
        .into_iter()
        .map(|it| Provider::There(Arc::clone(it)));
    here.into_iter().chain(there).collect()
}

/// Whether a partner can be asked, by WS-Federation.
fn is_asked(provider: &ClaimsProviderTrust) -> bool {
    let speaks = provider.protocol_profile != ProtocolProfile::Saml;
    !provider.is_local && provider.is_enabled && speaks && provider.wsfed_endpoint.is_some()
}

/// SECURITY: whoever names one comes by that one or not at all: a party that asks for a partner's people is sent nobody of ours.
fn hinted(
    whr: &str,
    (book, identity): (&TrustBook, &Identity),
    providers: &[Provider],
) -> Result<HomeRealm, Refusal> {
    let unknown = || {
        let said =
            "`whr` is no claims provider that is there, switched on and asked by WS-Federation";
        Refusal::new(TokenRefusal::UnknownProvider, said)
    };
    let wanted = Identifier::parse(whr).map_err(|_| unknown())?;
    let known = book.claims_provider(&wanted);
    // INTEROP: AD FS calls its own directory by the name of its authority.
    let is_directory = wanted.as_str().eq_ignore_ascii_case(AD_AUTHORITY);
    let is_own = wanted == identity.identifier || known.is_some_and(|it| it.is_local);
    let is_own = is_own || is_directory;
    let mut providers = providers.iter();
    let found = providers.find(|it| match it {
        Provider::Here => is_own,
        Provider::There(provider) => provider.identifier == wanted,
    });
    match found {
        Some(found) => Ok(found.clone().into()),
        None if is_own || known.is_some_and(|it| is_asked(it)) => {
            let said = "people shall not come from the claims provider that `whr` names";
            Err(Refusal::new(TokenRefusal::AnotherProvider, said))
        }
        None => Err(unknown()),
    }
}

/// The domain that a request gives, or what follows on the `@` in the first name that it gives; all of a name without one.
fn suffix_of(request: &SignInRequest) -> Option<&str> {
    let name = request.username.as_ref().or(request.login_hint.as_ref());
    let of_name = name.and_then(|it| it.rsplit('@').next());
    let found = request.domain_hint.as_deref().or(of_name);
    found.map(str::trim).filter(|it| !it.is_empty())
}
