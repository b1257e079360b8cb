//! Why something was not done, as the audit says it; none of these words reaches a client.

use serde::{Deserialize, Serialize};

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
    /// The right secret, and a code that was right a moment ago: for another client, or behind another secret.
    CodeSpent,
    /// The right secret, and what was refused with it before, or whose code was right long ago: a device goes on sending it.
    CodeAgain,
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
    /// The policy lets nobody sign in for it from there.
    NoWayIn,
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
