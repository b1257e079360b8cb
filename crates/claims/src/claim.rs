//! A claim, and a set of claims in the order in which they came.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The value type of a text, which a claim has where a rule names none.
pub const STRING: &str = "http://www.w3.org/2001/XMLSchema#string";
/// The value type of JSON, which a JSON web token carries as it stands.
pub const JSON: &str = "http://www.w3.org/2001/XMLSchema#json";

/// The issuer of claims that were made from a Windows logon or from Active Directory.
pub const AD_AUTHORITY: &str = "AD AUTHORITY";
/// The issuer of claims that the server says of itself.
pub const SELF_AUTHORITY: &str = "SELF AUTHORITY";
/// The issuer of claims that the rules of a relying party make.
pub const LOCAL_AUTHORITY: &str = "LOCAL AUTHORITY";

/// Whether an issuer's name is one of the three that only the server itself may issue under.
///
/// SECURITY: rules trust these names (`Issuer =~ "^(AD AUTHORITY|…)$"`), so a claims provider must never be called so;
/// whoever makes claims from another party's token asks here first. Case and surrounding space do not help.
#[must_use]
pub fn is_reserved_issuer(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let name = words.join(" ");
    [AD_AUTHORITY, SELF_AUTHORITY, LOCAL_AUTHORITY]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(&name))
}

/// One fact about somebody, with whose word it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is said, by its URI.
    pub claim_type: Arc<str>,
    /// What it is.
    pub value: Arc<str>,
    /// What kind of text the value is.
    pub value_type: Arc<str>,
    /// Whose word it is.
    pub issuer: Arc<str>,
    /// Whose word it was first.
    pub original_issuer: Arc<str>,
    /// What else is said of it, as the format of a name.
    pub properties: BTreeMap<Arc<str>, Arc<str>>,
}

impl Claim {
    /// A claim of a text, whose issuer is its original issuer.
    #[must_use]
    pub fn new(claim_type: &str, value: &str, issuer: &str) -> Self {
        let issuer: Arc<str> = issuer.into();
        Self {
            claim_type: claim_type.into(),
            value: value.into(),
            value_type: STRING.into(),
            original_issuer: Arc::clone(&issuer),
            issuer,
            properties: BTreeMap::new(),
        }
    }

    /// How many bytes its texts have.
    pub(crate) fn size(&self) -> usize {
        let properties = self.properties.iter();
        let properties: usize = properties.map(|(key, value)| key.len() + value.len()).sum();
        let own = [
            &self.claim_type,
            &self.value,
            &self.value_type,
            &self.issuer,
            &self.original_issuer,
        ];
        own.iter().map(|it| it.len()).sum::<usize>() + properties
    }
}

/// Claims in the order in which they came; the same may be there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimSet {
    claims: Vec<Arc<Claim>>,
}

impl ClaimSet {
    /// No claims.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a claim at the end.
    pub fn push(&mut self, claim: Claim) {
        self.claims.push(Arc::new(claim));
    }

    /// The claims in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Claim> {
        self.claims.iter().map(Arc::as_ref)
    }

    /// The claims of a type, in order.
    pub fn of_type<'a>(&'a self, claim_type: &'a str) -> impl Iterator<Item = &'a Claim> {
        self.iter().filter(move |it| &*it.claim_type == claim_type)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.claims.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    pub(crate) fn shared(&self) -> &[Arc<Claim>] {
        &self.claims
    }

    pub(crate) fn push_shared(&mut self, claim: Arc<Claim>) {
        self.claims.push(claim);
    }
}

impl FromIterator<Claim> for ClaimSet {
    fn from_iter<I: IntoIterator<Item = Claim>>(claims: I) -> Self {
        Self {
            claims: claims.into_iter().map(Arc::new).collect(),
        }
    }
}

impl Extend<Claim> for ClaimSet {
    fn extend<I: IntoIterator<Item = Claim>>(&mut self, claims: I) {
        self.claims.extend(claims.into_iter().map(Arc::new));
    }
}
