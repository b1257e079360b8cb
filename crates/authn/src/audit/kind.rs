//! What happened: one variant for each thing that the audit tells of, with what it tells of it.
//!
//! SECURITY: no variant has a field for a secret, a code, a number or an address that is not masked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    KeyAct, MetadataAct, NotSent, PassReason, PasskeyAct, Reason, SealingKeyAct, TokenAct,
    TokenRefusal, TrustAct,
};
use crate::credential::CredentialId;
use crate::credential::kerberos::TokenFault;
use crate::credential::sent_code::Carrier;
use crate::place::SourceNetwork;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Kind {
    /// Somebody signed in.
    SignedIn {
        /// With what.
        credential: CredentialId,
        /// By how many seconds the client's clock was ahead, where that is worth a note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock_skew: Option<i64>,
        /// By which certificate, where it was one ([`crate::ticket::TicketKey::shown`]): the pool took its
        /// signature and sold a ticket for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<String>,
    },
    /// A one-time code was right, and is spent.
    CodeAccepted {
        /// Of which token.
        token: CredentialId,
    },
    /// A code that was sent to a client was right, and is spent.
    SentCodeAccepted {
        /// By what it went.
        by: Carrier,
    },
    /// A certificate that the pool issued for a ticket was noted; it signs in for as long as that stands.
    CertificateNoted {
        /// The credential behind the ticket.
        credential: CredentialId,
        /// Which ([`crate::ticket::TicketKey::shown`]).
        certificate: String,
    },
    /// Somebody was refused.
    Refused {
        /// Why.
        reason: Reason,
        /// The name as it was typed, cut to a bounded length.
        name: String,
    },
    /// A Kerberos token was refused, and so nobody is named.
    KerberosTokenRefused {
        /// Why.
        fault: TokenFault,
    },
    /// Somebody was let in, and no back end was told who it is.
    NotPassedOn {
        /// To which farm.
        farm: String,
        /// Why.
        reason: PassReason,
        /// What was said to it, cut to [`MAX_SAID`](super::MAX_SAID) characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        said: String,
    },
    /// An account's counter crossed the alarm line.
    UnderAttack {
        /// Failures in the window.
        failures: u32,
    },
    /// Many accounts were refused from networks that are not theirs: somebody tries a secret at all of them.
    Sprayed {
        /// How many, in a quarter of an hour.
        names: u32,
    },
    /// A code was right, and came again from another network at once: there may be two of its token.
    CodeFromTwoNetworks {
        /// Where it was right.
        first: SourceNetwork,
    },
    /// An account was made.
    AccountCreated,
    /// An account's state was changed.
    AccountStateChanged {
        /// To what.
        state: crate::account::AccountState,
    },
    /// An account's standing in the directory changed.
    StandingChanged {
        /// To what.
        standing: crate::directory::Standing,
    },
    /// An account has other names in the directory, or another SID.
    NamesChanged {
        /// As `DOMAIN\\user`.
        name: String,
        /// The userPrincipalName.
        upn: String,
    },
    /// Whether a back end may see the user itself changed.
    DelegableChanged {
        /// Why it may not; nothing where it may.
        not_delegable: Option<crate::directory::NotDelegable>,
    },
    /// The password was set by which the directory is read.
    DirectoryPasswordSet,
    /// The gate's account was made in the directory.
    GatewayJoined {
        /// The account.
        gateway: String,
        /// Whose right it was.
        administrator: String,
        /// The version of its first key.
        version: u32,
    },
    /// The gate's account got another password, and so another key.
    GatewayKeyRotated {
        /// The account.
        gateway: String,
        /// The key's version.
        version: u32,
    },
    /// An app password was made.
    AppPasswordCreated {
        /// Which.
        credential: CredentialId,
    },
    /// An app password was revoked.
    AppPasswordRevoked {
        /// Which.
        credential: CredentialId,
    },
    /// Something was done with a one-time code token.
    OtpToken {
        /// Which.
        token: CredentialId,
        /// What.
        act: TokenAct,
    },
    /// Somebody made recovery codes for themselves; the ones before are good no more.
    RecoveryCodesMade {
        /// How many.
        codes: u32,
    },
    /// The recovery codes of somebody are good no more, and there are none in their place.
    RecoveryCodesEnded,
    /// The help desk gave somebody a code that stands in for a token.
    TemporaryCodeMade {
        /// Which.
        code: CredentialId,
        /// When it ends.
        ends: Timestamp,
        /// How often it may be used.
        uses: u32,
    },
    /// It was taken back.
    TemporaryCodeEnded,
    /// Somebody signed in with a spare code in the place of a token's.
    SpareCodeUsed {
        /// Which.
        code: CredentialId,
        /// Of which kind.
        method: crate::place::Method,
        /// How many of its kind are left.
        left: u32,
    },
    /// Something was done with a passkey.
    Passkey {
        /// Which.
        passkey: CredentialId,
        /// What.
        act: PasskeyAct,
    },
    /// One-time code tokens were imported.
    OtpTokensImported {
        /// How many.
        tokens: u32,
    },
    /// Somebody proved a second factor, which renews the lease of their app passwords.
    SecondFactorProved {
        /// What.
        method: crate::place::Method,
    },
    /// A memorised secret was set, or changed.
    MemorisedSecretSet {
        /// Which.
        credential: CredentialId,
    },
    /// The memorised secret of an account was removed.
    MemorisedSecretRemoved,
    /// A PIN for NTLM was set, or changed.
    NtlmPinSet {
        /// Which.
        credential: CredentialId,
    },
    /// The PIN for NTLM of an account was removed.
    NtlmPinRemoved,
    /// Somebody was invited to choose a secret and to enrol a token.
    Invited {
        /// Until when.
        ends: Timestamp,
    },
    /// A code for a sign-in waits to be sent.
    CodeQueued {
        /// By what it goes.
        by: Carrier,
        /// Where to, masked.
        to: String,
    },
    /// A provider took a message.
    MessageSent {
        /// By what it went.
        by: Carrier,
        /// Where to, masked.
        to: String,
        /// Who took it.
        provider: String,
    },
    /// A code was asked for and is not sent, or a message could not be.
    MessageNotSent {
        /// Why.
        not_sent: NotSent,
        /// Where it would have gone, masked, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// Codes of somebody go to another number or address.
    DestinationSet {
        /// By what.
        by: Carrier,
        /// Where to, masked.
        to: String,
        /// Until when it gets none.
        held_until: Timestamp,
    },
    /// Codes of somebody do not go there any more.
    DestinationRemoved {
        /// By what.
        by: Carrier,
    },
    /// Somebody signed out of a page.
    SignedOut,
    /// The session of a page came from another browser in another network, and was ended.
    SessionElsewhere,
    /// All sessions of an account were ended.
    SessionsEnded,
    /// The owner of an account says of a sign-in that it was somebody else.
    NotMe {
        /// The number of the sign-in.
        number: i64,
        /// What was proved by it.
        credential: CredentialId,
        /// Whether the memorised secret opens nothing until another is chosen.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        secret_disowned: bool,
    },
    /// An API token was made.
    ApiTokenMade {
        /// Which.
        token: CredentialId,
        /// What it may do.
        role: crate::admin::role::Role,
        /// When it ends.
        ends: Timestamp,
    },
    /// It was revoked.
    ApiTokenRevoked {
        /// Which.
        token: CredentialId,
    },
    /// Somebody asked at the HTTP API for what their role may not do.
    ApiActRefused {
        /// What.
        act: crate::admin::role::Act,
    },
    /// A member of a farm is to be left alone.
    MemberDrained {
        /// Its farm.
        farm: String,
        /// Which.
        member: String,
    },
    /// It is used again.
    MemberUndrained {
        /// Its farm.
        farm: String,
        /// Which.
        member: String,
    },
    /// A token was signed for a party, and is about to leave.
    TokenIssued {
        /// What it calls itself.
        token: String,
        /// The SHA-256 of what was signed, in hexadecimal digits.
        digest: String,
        /// What the party calls itself.
        relying_party: String,
        /// By which key.
        key: String,
    },
    /// Somebody came from another claims provider, whose word on them was believed.
    CameFromProvider {
        /// What the claims provider calls itself.
        provider: String,
        /// What its assertion calls itself, cut to a bounded length.
        assertion: String,
        /// What it calls them, cut to a bounded length; nothing where it says no name.
        name: String,
    },
    /// What a partner signed by SHA-1 was believed, as its trust has a date until which it is.
    BelievedBySha1 {
        /// What the partner calls itself, cut to a bounded length.
        partner: String,
        /// The date.
        until: String,
    },
    /// Somebody who is signed in, or came from another claims provider, got no token for a party.
    TokenRefused {
        /// What the party calls itself, cut to a bounded length.
        relying_party: String,
        /// Why.
        reason: TokenRefusal,
        /// The same in words, cut to [`MAX_SAID`](super::MAX_SAID) characters.
        said: String,
    },
    /// Somebody asked about a token that a key of ours signed and that we did not issue: somebody has a copy of the key.
    ForgedTokenFound {
        /// What it calls itself, cut to a bounded length.
        token: String,
        /// Which key.
        key: String,
    },
    /// A trust, or what is said of a claim type, was added, changed or removed.
    Trust {
        /// What it is: `relying-party`, `claims-provider` or `claim-description`.
        kind: String,
        /// What it is called, cut to a bounded length.
        name: String,
        /// What was done.
        act: TrustAct,
    },
    /// A partner's metadata was read by itself, and something came of it.
    PartnerMetadata {
        /// What the trust is: `relying-party` or `claims-provider`.
        kind: String,
        /// What it is called, cut to a bounded length.
        name: String,
        /// What came of it.
        act: MetadataAct,
        /// What changes, or why it was not read, cut to [`MAX_SAID`](super::MAX_SAID) characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        said: String,
    },
    /// Something was done with a key that tokens are signed with.
    SigningKey {
        /// Which.
        key: String,
        /// The thumbprint of its certificate.
        thumbprint: String,
        /// What was done.
        act: KeyAct,
    },
    /// The store was made, or brought up to a newer version.
    StoreMigrated {
        /// The steps that were applied.
        steps: Vec<String>,
    },
    /// The store was copied.
    StoreBackedUp {
        /// To which file, cut to a bounded length.
        file: String,
    },
    /// Everything was copied here from another store, whose trail goes on here.
    StoreCopied {
        /// From where, cut to a bounded length.
        from: String,
    },
    /// The key file has another key, or another one seals.
    SealingKey {
        /// The id of the key.
        key: String,
        /// What was done.
        act: SealingKeyAct,
    },
    /// Everything in the store was sealed by another key of the key file.
    StoreResealed {
        /// The id of that key.
        key: String,
    },
    /// The store was put back from a backup: what came after the event before this one is lost.
    StoreRestored,
    /// The oldest events were removed: the trail begins behind one of them.
    TrailCut {
        /// The first of them.
        first: i64,
        /// The last, behind which the trail begins.
        last: i64,
        /// Before which time all of them happened.
        before: Timestamp,
    },
}

impl Kind {
    /// The word by which it is written, as `signed-in`.
    #[must_use]
    pub fn word(&self) -> String {
        let written = serde_json::to_value(self).unwrap_or_default();
        let word = written.get(TAG).and_then(serde_json::Value::as_str);
        word.unwrap_or_default().to_owned()
    }

    /// Whether events of some kind are written by a word.
    #[must_use]
    pub fn is_word(word: &str) -> bool {
        let read = serde_json::from_value::<Self>(serde_json::json!({ TAG: word }));
        // The derived reader tells a word of no variant from a variant of which something is missing.
        read.map_or_else(
            |error| !error.to_string().starts_with("unknown variant"),
            |_| true,
        )
    }
}

/// The field that the word stands in.
const TAG: &str = "event";
