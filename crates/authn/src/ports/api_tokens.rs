//! The port of API tokens.

use async_trait::async_trait;

use super::Unavailable;
use crate::admin::api_tokens::ApiToken;
use crate::audit::Event;
use crate::credential::CredentialId;
use crate::handle::HandleKey;

/// API tokens.
#[async_trait]
pub trait ApiTokens: Send + Sync {
    /// Adds one, with the event.
    async fn add_api_token(
        &self,
        key: HandleKey,
        token: &ApiToken,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// Finds one that was not revoked, whether or not it has ended.
    async fn api_token(&self, key: HandleKey) -> Result<Option<ApiToken>, Unavailable>;
    /// Lists all that were not revoked, those that were made first before the others.
    async fn api_tokens(&self) -> Result<Vec<ApiToken>, Unavailable>;
    /// Removes one, with the event; `false` where there is none with that id.
    async fn remove_api_token(&self, id: &CredentialId, event: Event) -> Result<bool, Unavailable>;
}
