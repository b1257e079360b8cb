//! The port [`UsedAssertions`] in memory.

use async_trait::async_trait;
use authn::ports::Unavailable;
use jiff::Timestamp;
use sts::ports::{AssertionKey, UsedAssertions};

use super::Memory;

#[async_trait]
impl UsedAssertions for Memory {
    async fn take_assertion(
        &self,
        assertion: &AssertionKey,
        _: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        Ok(self.open()?.used_assertions.insert(*assertion.as_bytes()))
    }
}
