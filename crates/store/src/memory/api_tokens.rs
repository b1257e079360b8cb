//! The port [`ApiTokens`] in memory.

use async_trait::async_trait;
use authn::admin::api_tokens::ApiToken;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::handle::HandleKey;
use authn::ports::{ApiTokens, Unavailable};

use super::Memory;

#[async_trait]
impl ApiTokens for Memory {
    async fn add_api_token(
        &self,
        key: HandleKey,
        token: &ApiToken,
        event: Event,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.append(vec![event])?;
        state.api_tokens.insert(key, token.clone());
        Ok(())
    }

    async fn api_token(&self, key: HandleKey) -> Result<Option<ApiToken>, Unavailable> {
        Ok(self.open()?.api_tokens.get(&key).cloned())
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>, Unavailable> {
        let mut all: Vec<ApiToken> = self.open()?.api_tokens.values().cloned().collect();
        all.sort_by(|a, b| (a.made, &a.id).cmp(&(b.made, &b.id)));
        Ok(all)
    }

    async fn remove_api_token(&self, id: &CredentialId, event: Event) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        if !state.api_tokens.values().any(|it| it.id == *id) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.api_tokens.retain(|_, it| it.id != *id);
        Ok(true)
    }
}
