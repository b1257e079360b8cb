//! How much an event matters to whoever watches from elsewhere.

use super::{Event, Kind, MetadataAct};

/// How much an event matters; a collector sorts by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody must act: the gate is attacked, or something of ours was forged.
    Alert,
    /// Somebody was refused, or something was not done.
    Warning,
    /// Something was changed.
    Notice,
    /// It is as it should be.
    Informational,
}

impl Event {
    /// How much it matters.
    #[must_use]
    // tidy: flat, because it is a table
    pub fn severity(&self) -> Severity {
        match &self.kind {
            Kind::UnderAttack { .. }
            | Kind::Sprayed { .. }
            | Kind::CodeFromTwoNetworks { .. }
            | Kind::SessionElsewhere
            | Kind::ForgedTokenFound { .. }
            | Kind::NotMe { .. } => Severity::Alert,
            Kind::Refused { .. }
            | Kind::KerberosTokenRefused { .. }
            | Kind::NotPassedOn { .. }
            | Kind::MessageNotSent { .. }
            | Kind::ApiActRefused { .. }
            | Kind::TokenRefused { .. }
            | Kind::PartnerMetadata {
                act: MetadataAct::Unread,
                ..
            } => Severity::Warning,
            Kind::SignedIn { .. }
            | Kind::CodeAccepted { .. }
            | Kind::SentCodeAccepted { .. }
            | Kind::CertificateNoted { .. }
            | Kind::SecondFactorProved { .. }
            | Kind::SpareCodeUsed { .. }
            | Kind::CodeQueued { .. }
            | Kind::MessageSent { .. }
            | Kind::SignedOut
            | Kind::CameFromProvider { .. }
            | Kind::BelievedBySha1 { .. }
            | Kind::TokenIssued { .. } => Severity::Informational,
            Kind::AccountCreated
            | Kind::AccountStateChanged { .. }
            | Kind::StandingChanged { .. }
            | Kind::NamesChanged { .. }
            | Kind::DelegableChanged { .. }
            | Kind::DirectoryPasswordSet
            | Kind::GatewayJoined { .. }
            | Kind::GatewayKeyRotated { .. }
            | Kind::AppPasswordCreated { .. }
            | Kind::AppPasswordRevoked { .. }
            | Kind::OtpToken { .. }
            | Kind::RecoveryCodesMade { .. }
            | Kind::RecoveryCodesEnded
            | Kind::TemporaryCodeMade { .. }
            | Kind::TemporaryCodeEnded
            | Kind::Passkey { .. }
            | Kind::OtpTokensImported { .. }
            | Kind::MemorisedSecretSet { .. }
            | Kind::MemorisedSecretRemoved
            | Kind::NtlmPinSet { .. }
            | Kind::NtlmPinRemoved
            | Kind::Invited { .. }
            | Kind::DestinationSet { .. }
            | Kind::DestinationRemoved { .. }
            | Kind::SessionsEnded
            | Kind::ApiTokenMade { .. }
            | Kind::ApiTokenRevoked { .. }
            | Kind::MemberDrained { .. }
            | Kind::MemberUndrained { .. }
            | Kind::Trust { .. }
            | Kind::PartnerMetadata { .. }
            | Kind::SigningKey { .. }
            | Kind::StoreMigrated { .. }
            | Kind::StoreBackedUp { .. }
            | Kind::StoreCopied { .. }
            | Kind::SealingKey { .. }
            | Kind::StoreResealed { .. }
            | Kind::StoreRestored
            | Kind::TrailCut { .. } => Severity::Notice,
        }
    }
}
