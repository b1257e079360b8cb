//! Spellings of a name, brought to one form before anything is counted (T-CRED-4).
//!
//! `CONTOSO\anna`, `anna@contoso.com`, `sip:Anna@Contoso.com`, full-width letters, a trailing dot
//! or space: all must lead to one account, or a counter could be walked around.

use serde::{Deserialize, Serialize};

/// One canonical spelling of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NameKey(String);

impl NameKey {
    /// The canonical spellings that a typed user and domain may mean, likeliest first.
    ///
    /// `default_domain` is what a bare user name is looked up in.
    #[must_use]
    pub fn candidates(user: &str, domain: &str, default_domain: Option<&str>) -> Vec<Self> {
        let _ = (user, domain, default_domain);
        Vec::new()
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
