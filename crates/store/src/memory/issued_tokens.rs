//! The port [`IssuedTokens`] in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use authn::issued::{IssuedToken, TokenId};
use authn::ports::{IssuedTokens, Unavailable};

use super::Memory;

/// The tokens, by their ids.
#[derive(Debug, Default)]
pub(super) struct Issued(BTreeMap<TokenId, IssuedToken>);

impl Memory {
    /// Writes a token down, as it is before it leaves.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub fn issue_token(&self, token: IssuedToken) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.issued.0.insert(token.id.clone(), token);
        Ok(())
    }
}

#[async_trait]
impl IssuedTokens for Memory {
    async fn issued(&self, id: &TokenId) -> Result<Option<IssuedToken>, Unavailable> {
        let state = self.open()?;
        Ok(state.issued.0.get(id).cloned())
    }
}
