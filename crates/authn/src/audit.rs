//! Audit events: a typed enum, chained by hashes, written before the answer goes out.

use std::net::IpAddr;

use aws_lc_rs::digest;
use jiff::Timestamp;
use proto::unseen::is_unseen;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::credential::CredentialId;
use crate::credential::kerberos::TokenFault;
use crate::credential::sent_code::Carrier;
use crate::place::{ActivityId, Channel, Service, Zone};
use crate::ports::ChainedEvent;

/// A client's clock that is off by more seconds than this is noted (T-NTLM-6); it is not judged.
pub const NOTED_SKEW: i64 = 300;
/// The longest name that an event keeps, in characters.
const MAX_NAME: usize = 128;

/// Why somebody was refused; it stays in the audit and never reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No account has that name.
    UnknownName,
    /// The account is switched off.
    AccountDisabled,
    /// The account is locked.
    AccountLocked,
    /// The account is switched off in the directory.
    DisabledInDirectory,
    /// The account has ended in the directory.
    ExpiredInDirectory,
    /// The account is not in the directory any more.
    GoneFromDirectory,
    /// Nobody could ask the directory for too long, so that nobody knows whether the account stands.
    DirectoryUnread,
    /// No credential of the account matches.
    WrongSecret,
    /// The right app password, but revoked.
    Revoked,
    /// The right app password, but past its end.
    Expired,
    /// The right app password, but not for this service.
    OutOfScope,
    /// A code is wanted behind the secret, and none was typed.
    CodeMissing,
    /// A one-time code is wanted, and NTLM cannot carry one.
    CodeNotByNtlm,
    /// The right secret, and a code that is no token's of the account.
    WrongCode,
    /// The right secret, and a code that was used before, or whose grant has ended or is another client's.
    CodeSpent,
    /// The right secret, and the code that was sent for this sign-in, too late.
    CodeEnded,
    /// The right secret, and no token whose code could be taken.
    NoToken,
    /// The right secret, and no more codes of the account's tokens are looked at.
    TooManyCodes,
    /// The policy allows nothing here.
    NotAllowedHere,
    /// The right app password, and its owner's last second factor is too old for it, or came after it.
    LeaseLapsed,
    /// What was proved is enough, and was proved too long ago.
    SecondFactorTooOld,
    /// The SIP URI asked for is not the account's.
    SipUriOfAnother,
    /// The proof is bound to another connection, or to none where that is demanded.
    ChannelBinding,
    /// The NTLM exchange was made for another service.
    TargetName,
    /// NTLMv1 or LM was offered.
    NotNtlm2,
    /// The NTLM exchange was changed on its way, or lacks what is demanded.
    ExchangeNotAccepted,
    /// The SPNEGO mechanism list was tampered with.
    MechanismListTampered,
    /// No more places in the counters.
    TooManyFailures,
    /// No turn came to hash what was typed: too many wait.
    NoTurn,
    /// The Kerberos ticket is good, and of a realm that is not ours.
    AnotherRealm,
    /// The Kerberos ticket is good, and of another account, which had the name before or has it by now.
    AnotherAccount,
    /// The Kerberos ticket is good, and does not say which account it is of.
    WithoutSid,
    /// The ticket is not one that was relayed, or has ended.
    UnknownTicket,
    /// No passkey of anybody's is known by that.
    UnknownPasskey,
    /// The passkey did not sign what was asked.
    WrongPasskey,
    /// The passkey answered on a page of another site, or for another's name: somebody may be in between.
    PhishSuspect,
    /// The device of the passkey did not verify its user.
    UserNotVerified,
    /// The device of the passkey counted back: there may be two of it.
    PasskeyCountedBack,
    /// Nobody who is trusted vouches for the device of the passkey.
    UntrustedPasskey,
}

/// Why somebody who was let in was not passed on to a back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassReason {
    /// The domain has no ticket for the account: it is locked, switched off or has ended there.
    NoTicket,
    /// The account is never passed on.
    NotDelegable,
    /// What came was not this person's ticket, and was thrown away.
    Alarm,
    /// Their name is another account's in the domain by now, whose ticket came and was thrown away.
    AnotherAccount,
    /// The back end did not take the identity that it was told.
    NotTaken,
    /// No ticket can be had for anybody: a domain controller, a clock, a key or a right is not as it must be.
    Unavailable,
}

/// How many characters are kept of what was said to a refusal.
pub const MAX_SAID: usize = 400;

/// What was done with a one-time code token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenAct {
    /// It was made, and waits for its first code.
    Enrolled,
    /// Its first code was right.
    Confirmed,
    /// It was given to an account.
    Assigned,
    /// It was taken from an account.
    Unassigned,
    /// Two codes said where it is.
    Resynchronised,
    /// A code of it was tried by hand, and was right.
    Tested,
    /// A code of it was tried by hand, and was wrong, spent or one too many.
    TestFailed,
    /// Its codes are not taken.
    Blocked,
    /// They are taken again, and its failures are forgotten.
    Unblocked,
    /// It is gone.
    Removed,
}

/// Why a code was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotSent {
    /// There is no number or address that codes go to.
    NoDestination,
    /// It was set less than 72 hours ago.
    Held,
    /// Its country is not among those that codes go to.
    NotThere,
    /// A budget has no room: of the person, of the number, or of numbers that begin alike.
    TooMany,
    /// The policy takes no sent code of this person there, or the account may not sign in.
    NotAllowedHere,
    /// No provider took it.
    NotTaken,
    /// It was too late for it.
    TooLate,
}

/// What was done with a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PasskeyAct {
    /// It was added.
    Added,
    /// It is called something else.
    Renamed,
    /// It is gone.
    Removed,
}

/// Why somebody who is signed in got no token for a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenRefusal {
    /// No party is called so.
    UnknownRelyingParty,
    /// It is switched off.
    Disabled,
    /// It has no endpoint for the protocol.
    NoEndpoint,
    /// The answer would go where nothing is registered.
    UnregisteredReply,
    /// It wants a method that cannot be proved here.
    UnknownMethod,
    /// It wants people of another claims provider.
    AnotherProvider,
    /// The claims provider is not known, switched off, or cannot be asked.
    UnknownProvider,
    /// Nobody was asked in this browser for what a claims provider says.
    NotAsked,
    /// What a claims provider says is not signed by it, not for us, or not good any more.
    NotBelieved,
    /// What a claims provider says was brought before.
    Replayed,
    /// Our own directory is a claims provider that is switched off, or cannot be read.
    OwnDirectory,
    /// Nothing permits it.
    NotPermitted,
    /// A rule denies it.
    Denied,
    /// A second factor is wanted.
    SecondFactor,
    /// Its access control policy is not known here.
    UnknownPolicy,
    /// A rule failed, or an attribute store.
    RulesFailed,
    /// It could not be written, signed or encrypted.
    NotMade,
    /// It sends the browser back again and again.
    Loop,
}

/// What was done with a trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustAct {
    /// It was added.
    Added,
    /// It says something else.
    Changed,
    /// It gets tokens, or people may come from it.
    Enabled,
    /// It gets none, or nobody may.
    Disabled,
    /// It is gone.
    Removed,
}

/// What was done with a key that tokens are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAct {
    /// It was made, and partners see it.
    Made,
    /// It signs.
    Promoted,
    /// It was given up before it signed.
    GivenUp,
}

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
        /// What was said to it, cut to [`MAX_SAID`] characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        said: String,
    },
    /// An account's counter crossed the alarm line.
    UnderAttack {
        /// Failures in the window.
        failures: u32,
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
    /// All sessions of an account were ended.
    SessionsEnded,
    /// The owner of an account says of a sign-in that it was somebody else.
    NotMe {
        /// The number of the sign-in.
        number: i64,
        /// What was proved by it.
        credential: CredentialId,
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
    /// Somebody who is signed in, or came from another claims provider, got no token for a party.
    TokenRefused {
        /// What the party calls itself, cut to a bounded length.
        relying_party: String,
        /// Why.
        reason: TokenRefusal,
        /// The same in words, cut to [`MAX_SAID`] characters.
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
    /// The store was put back from a backup: what came after the event before this one is lost.
    StoreRestored,
}

/// Who acted by hand: a user of the operating system, as the door found them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(String);

impl Actor {
    /// Somebody by a name, which is cut, and freed of control characters.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(shown_name(name, ""))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an administrator does: when, who, and by which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The request; nothing of the command line and of what is done by itself.
    pub origin: Option<Origin>,
}

/// The request by which something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// From which address.
    pub source: IpAddr,
    /// In which zone.
    pub zone: Zone,
    /// The request.
    pub activity: ActivityId,
}

/// One event, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
    /// Who did it, where it was done by hand.
    pub actor: Option<Actor>,
    /// About whom, where an account is known.
    pub account: Option<AccountId>,
    /// From where; `None` for the command line.
    pub source: Option<IpAddr>,
    /// In which zone.
    pub zone: Option<Zone>,
    /// To which service.
    pub service: Option<Service>,
    /// By which channel.
    pub channel: Option<Channel>,
    /// The request it belongs to.
    pub activity: Option<ActivityId>,
}

impl Event {
    /// An event of what was done by hand; of the command line there is no source and no request.
    #[must_use]
    pub fn by_hand(by: &ByHand, kind: Kind, account: Option<AccountId>) -> Self {
        let origin = by.origin.as_ref();
        Self {
            actor: Some(by.actor.clone()),
            source: origin.map(|origin| origin.source),
            zone: origin.map(|origin| origin.zone.clone()),
            activity: origin.map(|origin| origin.activity.clone()),
            ..Self::observed(by.at, kind, account)
        }
    }

    /// An event that nobody did: it was seen at a time.
    #[must_use]
    pub fn observed(at: Timestamp, kind: Kind, account: Option<AccountId>) -> Self {
        Self {
            at,
            kind,
            actor: None,
            account,
            source: None,
            zone: None,
            service: None,
            channel: None,
            activity: None,
        }
    }
}

/// A name as it was typed, fit for the audit: cut, and without characters that nobody sees.
#[must_use]
pub fn shown_name(user: &str, domain: &str) -> String {
    let typed = if domain.is_empty() {
        user.to_owned()
    } else {
        format!("{domain}\\{user}")
    };
    let shown = |character: char| {
        if is_unseen(character) {
            '\u{fffd}'
        } else {
            character
        }
    };
    typed.chars().take(MAX_NAME).map(shown).collect()
}

/// The hash of an event in its place: SHA-256 over the hash of the one before, the number as eight
/// bytes, and the text of the event as it is stored.
///
/// SECURITY: the text, not what a program reads in it: a field that this program does not know is
/// covered as well, and a chain outlives a program that writes more fields.
#[must_use]
pub fn hash(previous: &[u8; 32], number: i64, text: &str) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(previous);
    context.update(&number.to_be_bytes());
    context.update(text.as_bytes());
    let hash = context.finish();
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

/// A chain that is checked event by event, from the first on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    length: i64,
    head: [u8; 32],
}

/// The chain is broken: an event was changed, taken out or put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail is broken at event {number}: it was changed after it was written")]
pub struct Broken {
    /// The first event that does not fit.
    pub number: i64,
}

impl Chain {
    /// How many events were checked.
    #[must_use]
    pub fn length(&self) -> i64 {
        self.length
    }

    /// The hash of the last event that was checked; zeros where there was none.
    #[must_use]
    pub fn head(&self) -> [u8; 32] {
        self.head
    }

    /// Checks that an event is the next, and that it is what its text says.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn extend(&mut self, event: &ChainedEvent) -> Result<(), Broken> {
        let read = serde_json::from_str::<Event>(&event.text);
        if !read.is_ok_and(|read| read == event.event) {
            return Err(self.broken());
        }
        self.extend_by(event.number, &event.text, &event.previous, &event.hash)
    }

    /// Checks that an event is the next, by its text alone, which nobody need be able to read.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn extend_by(
        &mut self,
        number: i64,
        text: &str,
        previous: &[u8; 32],
        stored: &[u8; 32],
    ) -> Result<(), Broken> {
        let next = self.length.saturating_add(1);
        let expected = hash(&self.head, next, text);
        if number != next || *previous != self.head || *stored != expected {
            return Err(self.broken());
        }
        self.length = next;
        self.head = expected;
        Ok(())
    }

    /// The next event is not what it was.
    #[must_use]
    pub fn broken(&self) -> Broken {
        Broken {
            number: self.length.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests;
