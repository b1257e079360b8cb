//! The port [`OwnNames`] in memory.

use async_trait::async_trait;
use authn::name::NameSuffix;
use authn::ports::Unavailable;
use sts::ports::OwnNames;

use super::Memory;

#[async_trait]
impl OwnNames for Memory {
    async fn is_of_ours(&self, suffix: &NameSuffix) -> Result<bool, Unavailable> {
        let state = self.open()?;
        Ok(state.names.keys().any(|name| suffix.is_of(name)))
    }
}
