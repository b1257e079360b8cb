//! Hashes of memorised secrets, made where they are asked for: nobody waits, and nobody is held back.

use async_trait::async_trait;
use authn::credential::memorised_secret::{Cost, SecretHash, Typed};
use authn::lockout::Queue;
use authn::ports::{PasswordHasher, Unavailable};

/// Hashes at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtOnce;

#[async_trait]
impl PasswordHasher for AtOnce {
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        typed.hashed(Cost::NEW, salt)
    }

    async fn proves(
        &self,
        typed: Typed,
        hash: SecretHash,
        _queue: Queue,
    ) -> Result<bool, Unavailable> {
        typed.is_of(&hash)
    }
}
