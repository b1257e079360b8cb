//! What we say of ourselves to partners, before it is written and signed.

use crate::trust::Identifier;

/// Our own metadata.
///
/// **Proves** that it says what we are: only this room makes one.
#[derive(Clone, Debug)]
pub struct OwnMetadata {
    entity_id: Identifier,
}

impl OwnMetadata {
    /// What we call ourselves.
    #[must_use]
    pub fn entity_id(&self) -> &Identifier {
        &self.entity_id
    }
}
