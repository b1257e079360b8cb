//! What our security token service is asked of a token.

use async_trait::async_trait;

use super::Unavailable;
use crate::issued::{IssuedToken, TokenId};

/// Tokens that our own security token service issued: its ledger answers.
#[async_trait]
pub trait IssuedTokens: Send + Sync {
    /// Finds a token by its id; `None` where none of this id left here, or it is not known on which sign-in it rests.
    async fn issued(&self, id: &TokenId) -> Result<Option<IssuedToken>, Unavailable>;
}
