//! Settings that are one of a few words, or a number within bounds.
//!
//! AD FS's own words; where PowerShell writes an enumeration as its number, the number stands beside the word.

use proto::wsfed::{TOKEN_TYPE_SAML_1_1, TOKEN_TYPE_SAML_2_0};
use proto::wstrust::v13::TOKEN_TYPE_SAML_1_1 as PROFILE_SAML_1_1;

/// Token type of a SAML 2.0 assertion, as the SAML token profile of WS-Security has it.
const PROFILE_SAML_2_0: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0";

/// One of a few words.
pub(crate) trait Choice: Copy + Sized + 'static {
    /// Each with AD FS's word, and with the number that PowerShell writes for it, where it has one.
    const WORDS: &'static [(&'static str, Option<i64>, Self)];
    /// The setting of a word, in any case of its letters.
    fn of(word: &str) -> Option<Self> {
        let mut words = Self::WORDS.iter();
        let found = words.find(|(known, _, _)| known.eq_ignore_ascii_case(word));
        found.map(|(_, _, it)| *it)
    }

    /// AD FS's word for it.
    fn word(self) -> &'static str
    where
        Self: PartialEq,
    {
        let mut words = Self::WORDS.iter();
        let found = words.find(|(_, _, known)| *known == self);
        found.map_or("", |(word, _, _)| *word)
    }

    /// The setting of a number.
    fn numbered(number: i64) -> Option<Self> {
        let mut words = Self::WORDS.iter();
        let found = words.find(|(_, known, _)| *known == Some(number));
        found.map(|(_, _, it)| *it)
    }
}

/// Which protocols a party speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProtocolProfile {
    /// SAML 2.0.
    Saml,
    /// WS-Federation.
    WsFederation,
    /// Both.
    #[default]
    WsFedSaml,
}

impl Choice for ProtocolProfile {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("SAML", None, Self::Saml),
        ("WsFederation", None, Self::WsFederation),
        ("WsFed-SAML", None, Self::WsFedSaml),
    ];
}

/// By which algorithm tokens are signed for a party, or requests to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSA with SHA-1: good for one partner at a time, and until a date.
    RsaSha1,
    /// RSA with SHA-256.
    #[default]
    RsaSha256,
}

impl Choice for SignatureAlgorithm {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("RSA-SHA1", None, Self::RsaSha1),
        ("RSA-SHA256", None, Self::RsaSha256),
    ];
}

impl SignatureAlgorithm {
    /// The algorithm that a word or a URI names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::of_uri(word).or_else(|| Self::of(word))
    }

    /// The algorithm of a URI; documentation prints both with `https` as well.
    #[must_use]
    pub fn of_uri(uri: &str) -> Option<Self> {
        let rest = uri
            .strip_prefix("http://")
            .or_else(|| uri.strip_prefix("https://"))?;
        match rest {
            "www.w3.org/2000/09/xmldsig#rsa-sha1" => Some(Self::RsaSha1),
            "www.w3.org/2001/04/xmldsig-more#rsa-sha256" => Some(Self::RsaSha256),
            _ => None,
        }
    }
}

/// What kind of token a party gets by WS-Federation (WS-Trust's `TokenType`); over SAML 2.0 there is one kind alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenType {
    /// An assertion of SAML 1.1, as AD FS issues it where a party asks for nothing else.
    #[default]
    Saml11,
    /// An assertion of SAML 2.0.
    Saml20,
}

impl Choice for TokenType {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("SAMLV1.1", None, Self::Saml11),
        ("SAMLV2.0", None, Self::Saml20),
    ];
}

impl TokenType {
    /// The token type of a URI, as WS-Federation or the SAML token profile of WS-Security has it.
    #[must_use]
    pub fn of_uri(uri: &str) -> Option<Self> {
        match uri {
            TOKEN_TYPE_SAML_1_1 | PROFILE_SAML_1_1 => Some(Self::Saml11),
            TOKEN_TYPE_SAML_2_0 | PROFILE_SAML_2_0 => Some(Self::Saml20),
            _ => None,
        }
    }

    /// Its URI, as WS-Federation has it.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::Saml11 => TOKEN_TYPE_SAML_1_1,
            Self::Saml20 => TOKEN_TYPE_SAML_2_0,
        }
    }
}

/// What of a SAML response is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SamlResponseSignature {
    /// The assertion.
    #[default]
    AssertionOnly,
    /// The response and the assertion.
    MessageAndAssertion,
    /// The response.
    MessageOnly,
}

impl Choice for SamlResponseSignature {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("AssertionOnly", None, Self::AssertionOnly),
        ("MessageAndAssertion", None, Self::MessageAndAssertion),
        ("MessageOnly", None, Self::MessageOnly),
    ];
}

/// How a partner's certificate is looked up in revocation lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevocationCheck {
    /// Not at all.
    None,
    /// The certificate itself.
    CheckEndCert,
    /// The same, from what is at hand.
    CheckEndCertCacheOnly,
    /// The whole chain.
    CheckChain,
    /// The same, from what is at hand.
    CheckChainCacheOnly,
    /// The chain without its root.
    #[default]
    CheckChainExcludeRoot,
    /// The same, from what is at hand.
    CheckChainExcludeRootCacheOnly,
}

impl Choice for RevocationCheck {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("None", Some(0), Self::None),
        ("CheckEndCert", Some(1), Self::CheckEndCert),
        (
            "CheckEndCertCacheOnly",
            Some(2),
            Self::CheckEndCertCacheOnly,
        ),
        ("CheckChain", Some(3), Self::CheckChain),
        ("CheckChainCacheOnly", Some(4), Self::CheckChainCacheOnly),
        (
            "CheckChainExcludeRoot",
            Some(5),
            Self::CheckChainExcludeRoot,
        ),
        (
            "CheckChainExcludeRootCacheOnly",
            Some(6),
            Self::CheckChainExcludeRootCacheOnly,
        ),
    ];
}

/// How long a token is good: a minute to a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenLifetime(u32);

impl TokenLifetime {
    /// The most minutes.
    pub const MOST: u32 = 10_080;
    /// What AD FS means by 0.
    pub const DEFAULT: Self = Self(60);

    /// So many minutes; nothing where they are none, or more than the most.
    #[must_use]
    pub fn of_minutes(minutes: u32) -> Option<Self> {
        (1..=Self::MOST).contains(&minutes).then_some(Self(minutes))
    }

    /// The number of minutes.
    #[must_use]
    pub fn minutes(self) -> u32 {
        self.0
    }
}

impl Default for TokenLifetime {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// By how much a token is good before it was made, for partners whose clocks are behind: an hour at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotBeforeSkew(u32);

impl NotBeforeSkew {
    /// The most minutes.
    pub const MOST: u32 = 60;

    /// So many minutes; nothing where they are more than the most.
    #[must_use]
    pub fn of_minutes(minutes: u32) -> Option<Self> {
        (minutes <= Self::MOST).then_some(Self(minutes))
    }

    /// The number of minutes.
    #[must_use]
    pub fn minutes(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_in_any_case_and_a_number_where_there_is_one() {
        assert_eq!(
            ProtocolProfile::of("wsfed-saml"),
            Some(ProtocolProfile::WsFedSaml)
        );
        assert_eq!(ProtocolProfile::of("OAuth"), None);
        assert_eq!(ProtocolProfile::numbered(0), None);
        assert_eq!(
            RevocationCheck::numbered(5),
            Some(RevocationCheck::CheckChainExcludeRoot)
        );
        assert_eq!(RevocationCheck::numbered(7), None);
    }

    #[test]
    fn an_algorithm_is_known_with_https_too() {
        for scheme in ["http", "https"] {
            let sha1 = format!("{scheme}://www.w3.org/2000/09/xmldsig#rsa-sha1");
            let sha256 = format!("{scheme}://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
            assert_eq!(
                SignatureAlgorithm::of_uri(&sha1),
                Some(SignatureAlgorithm::RsaSha1)
            );
            assert_eq!(
                SignatureAlgorithm::of_uri(&sha256),
                Some(SignatureAlgorithm::RsaSha256)
            );
        }
        assert_eq!(
            SignatureAlgorithm::of_uri("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"),
            None
        );
    }

    #[test]
    fn minutes_have_bounds() {
        assert_eq!(TokenLifetime::of_minutes(0), None);
        let week = TokenLifetime::of_minutes(TokenLifetime::MOST).unwrap();
        assert_eq!(week.minutes(), 10_080);
        assert_eq!(TokenLifetime::of_minutes(TokenLifetime::MOST + 1), None);
        assert_eq!(TokenLifetime::default().minutes(), 60);
        let none = NotBeforeSkew::of_minutes(0);
        assert_eq!(none.map(NotBeforeSkew::minutes), Some(0));
        assert_eq!(NotBeforeSkew::of_minutes(NotBeforeSkew::MOST + 1), None);
    }
}
