//! The HTTP API on a store, and what the command line does with its tokens.

use std::sync::Arc;

use authn::admin::api_tokens::{self, ApiToken, ApiTokenError, ApiTokenRandomness, NewApiToken};
use authn::credential::CredentialId;
use authn::place::Service;
use authn::ports::ApiTokens as _;
use proto::secret::Secret;
use web::api::{Api, Issued, Known, Member};

use super::pages::page_ports;
use super::source::Own;
use super::{Desk, services};
use crate::cli::CliError;
use crate::clock;
use crate::config::Settings;
use crate::config::settings::Farm;
use crate::operator::by_hand;

impl Own {
    /// The API of a configuration that has one.
    pub(super) fn api(&self, settings: &Settings) -> Option<Api> {
        let api = settings.api.as_ref()?;
        let members = |farm: &Farm| {
            let members = farm.members.iter().map(|it| Member {
                address: it.address.clone(),
                weight: it.weight,
            });
            members.collect::<Vec<_>>()
        };
        let farms = settings.farms.iter();
        let messages = settings.messages.as_ref();
        let known = Known {
            origin: api.origin.clone(),
            zones: api.zones.clone(),
            default_domain: settings.default_domain.clone(),
            services: services(settings)
                .into_iter()
                .map(|it| Service(it.into()))
                .collect(),
            farms: farms
                .map(|(name, it)| (name.clone(), members(it)))
                .collect(),
            portal: settings.portal.as_ref().map(|it| it.origin.clone()),
            sending: messages.map(|it| (it.sending.clone(), it.language)),
        };
        let ports = page_ports(&self.store, self.hasher());
        let store = Arc::new(self.store.clone());
        let issued = Issued {
            ledger: store.clone(),
            keys: store.clone(),
        };
        Some(Api::new(known, ports, store.clone(), store, issued))
    }
}

impl Desk {
    /// Makes an API token, which is shown once.
    ///
    /// # Errors
    ///
    /// It has no label or would not end, there are too many, or the store is unavailable.
    pub(crate) async fn make_api_token(
        &self,
        order: NewApiToken,
    ) -> Result<(ApiToken, Secret<String>), CliError> {
        let random = ApiTokenRandomness {
            id: clock::random()?,
            token: clock::random()?,
        };
        let made = api_tokens::make(&self.store, order, &by_hand(), random).await;
        made.map_err(of_api_token)
    }

    /// All API tokens, without what they are.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn api_tokens(&self) -> Result<Vec<ApiToken>, CliError> {
        Ok(self.store.api_tokens().await?)
    }

    /// Revokes an API token.
    ///
    /// # Errors
    ///
    /// There is none with that id, or the store is unavailable.
    pub(crate) async fn revoke_api_token(&self, id: &str) -> Result<(), CliError> {
        let id = CredentialId(id.to_owned());
        let revoked = api_tokens::revoke(&self.store, &id, &by_hand()).await;
        revoked.map_err(of_api_token)
    }
}

fn of_api_token(error: ApiTokenError) -> CliError {
    match error {
        ApiTokenError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}
