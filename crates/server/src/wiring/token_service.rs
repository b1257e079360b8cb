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
use crate::config::settings::attribute_stores::AttributeStores;
use crate::outbound::attribute_store::HttpStore;
use crate::outbound::ldap::attribute_store::LdapStore;
use crate::outbound::tls::TlsError;

impl Own {
    /// The security token service, on what the store keeps for it.
    pub(super) fn sts(
        &self,
        settings: &Settings,
        identity: &Identity,
    ) -> Result<wsfed::Service, CliError> {
        let store = || Arc::new(self.store.clone());
        let asked = &settings.attribute_stores;
        let stores = attribute_stores(asked)?;
        let opaque = opaque_secret(asked)?;
        Ok(wsfed::Service {
            identity: identity.clone(),
            trusts: self.trusted.clone(),
            keys: self.signer.clone(),
            ledger: store(),
            revocations: store(),
            sessions: store(),
            audit: store(),
            assertions: store(),
            names: store(),
            stores,
            opaque,
            key: Secret::new(self.store.keys().for_grants().expose().to_vec()),
            published: Published::default(),
            readers: Readers::new(store()),
        })
    }
}

/// The stores outside that rules may ask, by a configuration.
///
/// # Errors
///
/// The authorities of one are not usable.
pub(crate) fn attribute_stores(
    asked: &AttributeStores,
) -> Result<Vec<Box<dyn AttributeStore>>, CliError> {
    let unusable = |name: &str, error: TlsError| {
        unavailable(format!("[[sts.attribute_store]] {name}: {error}"))
    };
    let mut stores: Vec<Box<dyn AttributeStore>> = Vec::new();
    for outside in &asked.over_http {
        let store = HttpStore::new(outside);
        stores.push(Box::new(store.map_err(|it| unusable(&outside.name, it))?));
    }
    for outside in &asked.over_ldap {
        let store = LdapStore::new(outside);
        stores.push(Box::new(store.map_err(|it| unusable(&outside.name, it))?));
    }
    Ok(stores)
}

/// The secret that names of `_OpaqueIdStore` are made with, by a configuration.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn opaque_secret(asked: &AttributeStores) -> Result<Option<Secret<Vec<u8>>>, CliError> {
    let Some(secret) = &asked.opaque else {
        return Ok(None);
    };
    let read = secret.read();
    let read = read.map_err(|error| unavailable(format!("[sts] opaque_id_secret: {error}")))?;
    Ok(Some(Secret::new(read.expose().as_bytes().to_vec())))
}
