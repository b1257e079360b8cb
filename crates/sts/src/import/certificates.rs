//! What an import says by a time: certificates that cannot be used any more, or never could be here.
//!
//! Refuses nothing: AD FS keeps old ones for years, and whoever imports must not lose the trust with them. Start at
//! [`Import::as_of`].

use jiff::Timestamp;

use super::{Cmdlet, Import};
use crate::trust::{Kind, Trusted};

/// The fields of AD FS by the keys of the written form.
const FIELDS: [(&str, &str); 3] = [
    ("request_signing_certificates", "RequestSigningCertificate"),
    ("encryption_certificate", "EncryptionCertificate"),
    ("token_signing_certificates", "TokenSigningCertificates"),
];

impl Import {
    /// The same with remarks on certificates that cannot be used by a time.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        let trusted = Trusted {
            relying_parties: self.relying_parties.clone(),
            claims_providers: self.claims_providers.clone(),
            claim_descriptions: Vec::new(),
        };
        for unfit in trusted.unfit(now) {
            let cmdlet = match unfit.kind {
                Kind::RelyingParty => Cmdlet::RelyingPartyTrust,
                Kind::ClaimsProvider => Cmdlet::ClaimsProviderTrust,
                Kind::ClaimDescription => continue,
            };
            let known = FIELDS.iter().find(|(key, _)| *key == unfit.key);
            let objects = self.report.objects.iter_mut();
            let same = objects.filter(|it| it.cmdlet == cmdlet && it.name == unfit.name);
            for (object, (_, field)) in same.zip(known) {
                if let Some(fate) = object.fate_of(field) {
                    *fate = fate.clone().with_remark(unfit.to_string());
                }
            }
        }
        self
    }
}
