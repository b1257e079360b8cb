//! The security token service on what the store keeps for it, and the stores that its rules may ask.

use std::sync::Arc;

use proto::secret::Secret;
use sts::flow::wsfed::{self, Identity};
use sts::metadata::{Published, Readers};
use sts::pipeline::store::AttributeStore;

use super::source::Own;
use super::unavailable;
use crate::cli::CliError;
use crate::config::Settings;
use crate::outbound::attribute_store::HttpStore;

impl Own {
    /// The security token service, on what the store keeps for it.
    pub(super) fn sts(
        &self,
        settings: &Settings,
        identity: &Identity,
    ) -> Result<wsfed::Service, CliError> {
        let store = || Arc::new(self.store.clone());
        let asked = &settings.attribute_stores;
        let mut stores: Vec<Box<dyn AttributeStore>> = Vec::new();
        for outside in &asked.over_http {
            let unusable =
                |error| unavailable(format!("[[sts.attribute_store]] {}: {error}", outside.name));
            stores.push(Box::new(HttpStore::new(outside).map_err(unusable)?));
        }
        let opaque = match &asked.opaque {
            Some(secret) => {
                let read = secret.read();
                let read =
                    read.map_err(|error| unavailable(format!("[sts] opaque_id_secret: {error}")))?;
                Some(Secret::new(read.expose().as_bytes().to_vec()))
            }
            None => None,
        };
        Ok(wsfed::Service {
            identity: identity.clone(),
            trusts: self.trusted.clone(),
            keys: self.signer.clone(),
            ledger: store(),
            revocations: store(),
            sessions: store(),
            audit: store(),
            assertions: store(),
            stores,
            opaque,
            key: Secret::new(self.store.keys().for_grants().expose().to_vec()),
            published: Published::default(),
            readers: Readers::new(store()),
        })
    }
}
