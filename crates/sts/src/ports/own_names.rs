//! The port of the names of our own people: asked for somebody who comes from a partner, and for nobody else.

use async_trait::async_trait;
use authn::name::NameSuffix;

use super::Unavailable;

/// The names of our own people.
#[async_trait]
pub trait OwnNames: Send + Sync {
    /// Whether a user principal name, a mail address or a SIP address of any account ends so, one that is switched off or gone
    /// from the directory among them.
    async fn is_of_ours(&self, suffix: &NameSuffix) -> Result<bool, Unavailable>;
}
