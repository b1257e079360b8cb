//! Recovery codes, as their owner makes them: ten at a time, shown once, and the ones before are good no more.

use proto::secret::Secret;

use super::{Owner, PortalError};
use crate::admin::spare_codes::{self, SpareRandomness};
use crate::audit::{Event, Kind};
use crate::credential::CredentialId;
use crate::credential::spare_code::{LIST, SpareCode, SpareKind};
use crate::place::{ActivityId, Service};
use crate::policy::Policy;
use crate::ports::Unavailable;

impl Owner<'_> {
    /// How many recovery codes are left, of how many.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn recovery_codes(&self) -> Result<(usize, usize), Unavailable> {
        let codes = &self.ports.spare_codes;
        let all = codes.spare_codes_of(&self.subject()).await?;
        let own = all
            .iter()
            .filter(|it| it.record.kind == SpareKind::Recovery);
        let left = own.clone().filter(|it| it.record.uses > 0);
        Ok((left.count(), own.count()))
    }

    /// Makes recovery codes in the place of those before; their texts are given once.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago, or the store is away.
    pub async fn make_recovery_codes(
        &self,
        policy: &Policy,
        random: [SpareRandomness; LIST],
    ) -> Result<Vec<Secret<String>>, PortalError> {
        self.must_be_fresh(policy)?;
        let (mut codes, mut shown) = (Vec::new(), Vec::new());
        for random in random {
            let record = SpareCode {
                id: CredentialId(ActivityId::from(random.id).0),
                account: self.account.id.clone(),
                kind: SpareKind::Recovery,
                made: self.at.now,
                ends: None,
                uses: 1,
            };
            let (stored, text) = spare_codes::made(record, random.code);
            codes.push(stored);
            shown.push(text);
        }
        let kind = Kind::RecoveryCodesMade {
            codes: u32::try_from(LIST).unwrap_or(u32::MAX),
        };
        let account = Some(self.account.id.clone());
        let event = Event {
            actor: Some(self.by().actor),
            ..self.at.event(kind, &Service::PORTAL, account)
        };
        let codes_of = (&self.account.id, SpareKind::Recovery);
        let port = &self.ports.spare_codes;
        port.set_spare_codes(codes_of, codes, event).await?;
        Ok(shown)
    }
}
