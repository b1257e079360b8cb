//! What the command line does with trusts, signing keys and the ledger.

use authn::party::Party;
use sts::admin::keys::{self, KeyError};
use sts::admin::ledger;
use sts::admin::trusts::{self, Found, TrustError};
use sts::key_ring::{KeyAlgorithm, KeyRing, TokenSigningCertificate};
use sts::ledger::{Judged, LedgerEntry, Presented, TokenId};
use sts::ports::{
    KeptTrust, KeptTrusts as _, Ledger as _, MetadataReaders as _, MetadataReading, PartnerReading,
    PartnerReadings as _, SigningKeys as _,
};
use sts::trust::written::{Written, WrittenError};
use sts::trust::{ClaimsProviderTrust, Kind, TrustBook, Trusted};

use super::Desk;
use crate::cli::CliError;
use crate::operator::by_hand;
use crate::{clock, signing};

/// The relying party of a trust, as the policy knows it.
pub(crate) fn party(trust: &KeptTrust) -> Party {
    let identifiers = trust.identifiers.iter();
    Party {
        name: trust.name.clone(),
        identifiers: identifiers.map(|it| it.as_str().to_owned()).collect(),
    }
}

impl Desk {
    /// All trusts.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn trusts(&self) -> Result<Vec<Found>, CliError> {
        trusts::all(&self.store).await.map_err(of_trust)
    }

    /// All trusts as a gate reads them, and why it cannot read those that are left out.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn trust_book(&self) -> Result<(TrustBook, Vec<WrittenError>), CliError> {
        Ok(TrustBook::of_kept(&self.store.kept().await?))
    }

    /// The relying parties that there are trusts of, as the policy knows them.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn parties(&self) -> Result<Vec<Party>, CliError> {
        let kept = self.trusts().await?.into_iter().map(|it| it.trust);
        let parties = kept.filter(|it| it.kind == Kind::RelyingParty);
        Ok(parties.map(|it| party(&it)).collect())
    }

    /// The trust of a name.
    ///
    /// # Errors
    ///
    /// There is none, or there are several; or the store is unavailable.
    pub(crate) async fn trust(&self, name: &str, kind: Option<Kind>) -> Result<Found, CliError> {
        trusts::find(&self.store, name, kind)
            .await
            .map_err(of_trust)
    }

    /// What was seen at the metadata of partners that are monitored.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn partner_readings(&self) -> Result<Vec<PartnerReading>, CliError> {
        Ok(self.store.partner_readings().await?)
    }

    /// Adds trusts, all or none.
    ///
    /// # Errors
    ///
    /// A name or an identifier is another's, a claims provider is called as we are, or the store is unavailable.
    pub(crate) async fn add_trusts(&self, trusted: &Trusted) -> Result<Vec<KeptTrust>, CliError> {
        let is_us = |it: &&ClaimsProviderTrust| self.issuer.as_ref() == Some(&it.identifier);
        if let Some(us) = trusted.claims_providers.iter().find(is_us) {
            let sentence = format!(
                "the claims provider `{}` is called as we are (`{}`), and nobody comes by ourselves",
                us.name, us.identifier
            );
            return Err(CliError::refused(sentence));
        }
        let added = trusts::add(&self.store, trusted, &by_hand()).await;
        added.map_err(of_trust)
    }

    /// Puts another written form in the place of a trust.
    ///
    /// # Errors
    ///
    /// It is none, somebody was first, or the store is unavailable.
    pub(crate) async fn replace_trust(
        &self,
        found: &Found,
        written: Written,
    ) -> Result<KeptTrust, CliError> {
        let replaced = trusts::replace(&self.store, found, written, &by_hand()).await;
        replaced.map_err(of_trust)
    }

    /// Switches a trust on or off.
    ///
    /// # Errors
    ///
    /// It is so already, somebody was first, or the store is unavailable.
    pub(crate) async fn switch_trust(
        &self,
        found: &Found,
        is_enabled: bool,
    ) -> Result<KeptTrust, CliError> {
        let switched = trusts::switch(&self.store, found, is_enabled, &by_hand()).await;
        switched.map_err(of_trust)
    }

    /// Removes a trust.
    ///
    /// # Errors
    ///
    /// Somebody was first, or the store is unavailable.
    pub(crate) async fn remove_trust(&self, found: &Found) -> Result<(), CliError> {
        let removed = trusts::remove(&self.store, found, &by_hand()).await;
        removed.map_err(of_trust)
    }

    /// The keys that tokens are signed with; nothing where none was made yet.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn key_ring(&self) -> Result<Option<KeyRing>, CliError> {
        Ok(self.store.kept_keys().await?.ring())
    }

    /// Who fetched our metadata, and with which keys in it.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn metadata_readings(&self) -> Result<Vec<MetadataReading>, CliError> {
        Ok(self.store.readings().await?)
    }

    /// Makes a key: the first signs at once, another is next.
    ///
    /// # Errors
    ///
    /// One is next already, or the store is unavailable.
    pub(crate) async fn add_key(
        &self,
        algorithm: KeyAlgorithm,
    ) -> Result<TokenSigningCertificate, CliError> {
        let made = signing::make(algorithm, clock::now())?;
        let added = keys::add(&self.store, made, &by_hand()).await;
        added.map_err(of_key)
    }

    /// Promotes the next key.
    ///
    /// # Errors
    ///
    /// No key is next, or the store is unavailable.
    pub(crate) async fn promote_key(&self) -> Result<TokenSigningCertificate, CliError> {
        keys::promote(&self.store, &by_hand()).await.map_err(of_key)
    }

    /// Gives the next key up.
    ///
    /// # Errors
    ///
    /// No key is next, or the store is unavailable.
    pub(crate) async fn give_up_key(&self) -> Result<TokenSigningCertificate, CliError> {
        keys::give_up(&self.store, &by_hand()).await.map_err(of_key)
    }

    /// Finds a token that we issued by its id.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn issued(&self, token: &TokenId) -> Result<Option<LedgerEntry>, CliError> {
        Ok(self.store.token(token).await?)
    }

    /// What is to be said of a token that somebody presents; a forged one is audited.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn judge(&self, presented: &Presented) -> Result<Judged, CliError> {
        let ports: (&dyn sts::ports::Ledger, &dyn authn::ports::Audit) = (&self.store, &self.store);
        Ok(ledger::judge(ports, presented, &by_hand()).await?)
    }
}

fn of_trust(error: TrustError) -> CliError {
    match error {
        TrustError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}

fn of_key(error: KeyError) -> CliError {
    match error {
        KeyError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}
