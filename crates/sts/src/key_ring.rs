//! The keys that tokens are signed with, as partners know them: one signs, one may be about to.
//!
//! A key is shown in metadata long before it signs, with the date when it will; only one ever signs. Never holds a private
//! half. Start at [`KeyRing`].

use jiff::Timestamp;

use crate::trust::Certificate;

/// The id of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub String);

/// What a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA with 2048 bits, which every partner reads.
    #[default]
    Rsa2048,
    /// ECDSA on the curve P-256.
    P256,
}

impl KeyAlgorithm {
    /// How it signs.
    #[must_use]
    pub fn signature(self) -> xml::Algorithm {
        match self {
            Self::Rsa2048 => xml::Algorithm::RsaSha256,
            Self::P256 => xml::Algorithm::EcdsaSha256,
        }
    }

    /// What it is called on the command line and where it is kept.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::P256 => "p-256",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::Rsa2048, Self::P256].into_iter();
        all.find(|it| it.as_str() == name)
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It signs.
    Primary {
        /// Since when.
        since: Timestamp,
    },
    /// Partners see it, and it does not sign.
    Next {
        /// When it will.
        promotes_at: Timestamp,
    },
    /// It signed once; tokens of its time can be told by it.
    Retired {
        /// Since when.
        since: Timestamp,
        /// Until when.
        until: Timestamp,
    },
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSigningCertificate {
    /// Its id.
    pub id: KeyId,
    /// What it is.
    pub algorithm: KeyAlgorithm,
    /// Its certificate, which we made and signed ourselves.
    pub certificate: Certificate,
    /// When it was made.
    pub made: Timestamp,
    /// Where it is in its life.
    pub state: KeyState,
}

/// All keys of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    /// The one that signs.
    pub primary: TokenSigningCertificate,
    /// The one that will, which metadata shows beside the primary, after it.
    pub next: Option<TokenSigningCertificate>,
    /// Those that signed once; metadata does not show them.
    pub retired: Vec<TokenSigningCertificate>,
}
