//! One attempt to sign in, from a name and a proof to [`Authenticated`] or a refusal.
//!
//! The order is fixed and the same for everybody: name → account, place in the counters, secrets,
//! check, settlement with its audit events. Known, unknown, locked, disabled and wrong make the
//! same port calls and get equal answers (T-CRED-8). Start at [`verify`].

mod code;
mod field;
mod first;
mod issued;
mod kerberos;
mod lapse;
mod memorised;
mod offered;
mod pin;
mod said;
mod secret;
mod sent;
mod ticket;

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use proto::ntlm;
use proto::secret::Secret;
use proto::spnego;

use crate::account::AccountId;
use crate::audit::{Event, Kind};
use crate::authenticated::Authenticated;
use crate::credential::grant::Client;
use crate::issued::{Carried, TokenId};
use crate::lockout::HoldBack;
use crate::party::Party;
use crate::place::{ActivityId, Channel, ConnectionId, RouteName, Service, TlsFingerprint, Zone};
use crate::policy::{Asking, Policy};
use crate::ports::{
    Accounts, Attempts, Audit, Credentials, KerberosAcceptor, MemorisedSecrets, NtlmPins,
    OtpTokens, PasswordHasher, SentCodes, Tickets, Unavailable,
};
use crate::session::KeepMeSignedIn;
use crate::sign_in::{Asked, Sending};
use crate::ticket::TicketKey;
pub use kerberos::KerberosToken;
pub use offered::LEAST_TRIED;
use offered::Offered;
pub(crate) use offered::app_password;

/// What was offered as proof.
#[derive(Debug)]
pub enum Proof {
    /// An NTLM exchange, with the SPNEGO exchange around it where there was one.
    Ntlm {
        /// The checkable response.
        response: Box<ntlm::Response>,
        /// The SPNEGO acceptor that must be completed.
        negotiation: Option<Box<spnego::Acceptor>>,
    },
    /// An NTLM exchange that no secret can make right, as one with another connection's channel
    /// binding: it is counted and audited like a wrong secret.
    Unprovable {
        /// The user that it names.
        user: String,
        /// The domain that it names.
        domain: String,
        /// What is wrong with it.
        error: ntlm::NtlmError,
    },
    /// A name and a password in clear (inside TLS).
    Password {
        /// The name as typed.
        username: String,
        /// The password as typed.
        password: Secret<String>,
    },
    /// A Kerberos token.
    Kerberos(Box<KerberosToken>),
    /// A web ticket.
    Ticket(TicketKey),
    /// A certificate that was issued for a web ticket; whether its key was there is not known here.
    Certificate(TicketKey),
    /// The id of a token that our security token service may have issued; whether it is genuine is not known here.
    Issued(TokenId),
    /// A token of an AD FS that says it rests on one of ours; whether it is genuine is not known here.
    Carried(Carried),
}

/// One attempt.
#[derive(Debug)]
pub struct Attempt {
    /// What was offered.
    pub proof: Proof,
    /// By which channel.
    pub channel: Channel,
    /// To which service.
    pub service: Service,
    /// To which published path, where a rule of the policy speaks of paths.
    pub route: Option<RouteName>,
    /// For which relying party, where a token for one is asked for with it.
    pub party: Option<Party>,
    /// The pool or farm that the request is for; a ticket is good only where it was issued.
    pub pool: String,
    /// From which zone.
    pub zone: Zone,
    /// From which address.
    pub source: IpAddr,
    /// The fingerprint of the client's own TLS, where that is known.
    pub tls: Option<TlsFingerprint>,
    /// The SIP URI that the request claims, where it names one.
    pub sip_uri: Option<String>,
    /// The id by which the device calls itself, where it does.
    pub device: Option<String>,
    /// The request it belongs to.
    pub activity: ActivityId,
    /// The connection it came over.
    pub connection: ConnectionId,
}

/// Somebody who passed, and the token that SPNEGO must answer with.
#[derive(Debug)]
pub struct Verified {
    /// Who.
    pub authenticated: Arc<Authenticated>,
    /// The last SPNEGO token for the client.
    pub reply_token: Option<Vec<u8>>,
}

/// Why nobody passed, as far as a client may know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person may not; the reason is in the audit.
    #[error("denied")]
    Denied,
    /// The ticket is one of ours, and is good no more: it ended, or what it rests on was revoked.
    #[error("the ticket has ended")]
    TicketEnded,
    /// It could not be checked, so the answer is no.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What became of an attempt.
#[derive(Debug)]
pub struct Outcome {
    /// Who, or why not.
    pub result: Result<Verified, Refusal>,
    /// How long the answer is held back.
    pub hold_back: HoldBack,
    /// How long it is where whoever asked refuses somebody all the same who passed: as a wrong secret would be.
    pub if_refused: HoldBack,
    /// Whether the attempt raised an alarm for the account, which the audit names.
    pub is_alarmed: bool,
}

impl Outcome {
    /// An outcome that is neither held back nor alarming.
    #[must_use]
    pub fn plain(result: Result<Verified, Refusal>) -> Self {
        Self {
            result,
            hold_back: HoldBack::default(),
            if_refused: HoldBack::default(),
            is_alarmed: false,
        }
    }
}

/// The ports that an attempt needs.
#[derive(Clone)]
pub struct Ports {
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Credentials.
    pub credentials: Arc<dyn Credentials>,
    /// One-time code tokens.
    pub otp_tokens: Arc<dyn OtpTokens>,
    /// Memorised secrets.
    pub secrets: Arc<dyn MemorisedSecrets>,
    /// PINs for NTLM.
    pub pins: Arc<dyn NtlmPins>,
    /// Who hashes memorised secrets.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Codes that are sent.
    pub sent_codes: Arc<dyn SentCodes>,
    /// Counters.
    pub attempts: Arc<dyn Attempts>,
    /// Tickets.
    pub tickets: Arc<dyn Tickets>,
    /// The audit trail.
    pub audit: Arc<dyn Audit>,
    /// The keys of our services, where there are any.
    pub kerberos: Option<Arc<dyn KerberosAcceptor>>,
}

/// What an attempt is judged by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The policy.
    pub policy: Policy,
    /// The domain that a bare user name is looked up in.
    pub default_domain: Option<String>,
    /// The key by which unknown names are spread over the buckets.
    pub unknown_names_key: Secret<Vec<u8>>,
    /// The key by which what was typed with a code is known again; every node has the same.
    pub grants_key: Secret<Vec<u8>>,
    /// What can be sent to whoever types a secret alone; nothing where nobody carries messages.
    pub sending: Option<Sending>,
    /// Whether people may ask to stay signed in to the security token service.
    pub keep_me_signed_in: Option<KeepMeSignedIn>,
}

/// Verifies an attempt.
///
/// **Proves**, by `Ok`, what [`Authenticated`] says. The counters and the audit were durably
/// written before this returns. The door holds the answer back as the outcome says, whatever it is. A code that it asks
/// for is made of what it is asked with.
pub async fn verify(
    ports: &Ports,
    rules: &Rules,
    attempt: Attempt,
    (asked, now): (Asked, Timestamp),
) -> Outcome {
    let at = Circumstances {
        channel: attempt.channel,
        service: attempt.service,
        route: attempt.route,
        party: attempt.party,
        pool: attempt.pool,
        zone: attempt.zone,
        source: attempt.source,
        tls: attempt.tls,
        sip_uri: attempt.sip_uri,
        device: attempt.device,
        activity: attempt.activity,
        now,
    };
    let outcome = match attempt.proof {
        Proof::Ticket(key) => {
            let result = ticket::verify(ports, rules, &key, &at).await;
            result.map(Outcome::plain)
        }
        Proof::Kerberos(offered) => kerberos::verify(ports, rules, *offered, &at).await,
        Proof::Certificate(key) => ticket::verify_certificate(ports, rules, &key, &at).await,
        Proof::Issued(id) => issued::verify(ports, rules, &id, &at).await,
        Proof::Carried(carried) => issued::verify_carried(ports, rules, &carried, &at).await,
        Proof::Ntlm {
            response,
            negotiation,
        } => {
            let offered = Offered::Ntlm {
                response,
                negotiation,
            };
            secret::verify(ports, rules, (offered, asked), &at).await
        }
        Proof::Unprovable {
            user,
            domain,
            error,
        } => {
            let offered = Offered::Unprovable {
                user,
                domain,
                error,
            };
            secret::verify(ports, rules, (offered, asked), &at).await
        }
        Proof::Password { username, password } => {
            let offered = Offered::Password { username, password };
            secret::verify(ports, rules, (offered, asked), &at).await
        }
    };
    outcome.unwrap_or_else(|unavailable| Outcome::plain(Err(unavailable.into())))
}

/// An attempt without its proof.
struct Circumstances {
    channel: Channel,
    service: Service,
    route: Option<RouteName>,
    party: Option<Party>,
    pool: String,
    zone: Zone,
    source: IpAddr,
    tls: Option<TlsFingerprint>,
    sip_uri: Option<String>,
    device: Option<String>,
    activity: ActivityId,
    now: Timestamp,
}

impl Circumstances {
    /// What the policy is asked, by the channel by which something was proved.
    fn asking(&self, channel: Channel) -> Asking<'_> {
        Asking {
            zone: &self.zone,
            service: &self.service,
            route: self.route.as_ref(),
            channel,
            party: self.party.as_ref(),
        }
    }

    /// The client, with all that is known of it.
    fn client(&self) -> Client {
        Client::of(self.source, self.tls.as_ref())
    }

    /// An event of this attempt.
    fn event(&self, kind: Kind, account: Option<AccountId>) -> Event {
        Event {
            at: self.now,
            kind,
            actor: None,
            account,
            source: Some(self.source),
            zone: Some(self.zone.clone()),
            service: Some(self.service.clone()),
            channel: Some(self.channel),
            activity: Some(self.activity.clone()),
        }
    }
}
