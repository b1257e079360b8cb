//! An attempt on its way to the authentication server.

use std::net::IpAddr;

use proto::channel_binding::{Demand, EndPoint};
use proto::ntlm::{NtlmError, Response};
use proto::secret::Secret;
use proto::spnego;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{MAX_ASKED, Wiped, WireParseError, read, write};
use crate::attempt::{Attempt, KerberosToken, Proof};
use crate::issued::{Carried, TokenId};
use crate::place::{ActivityId, Channel, ConnectionId, RouteName, Service, TlsFingerprint, Zone};
use crate::ticket::TicketKey;
use crate::voucher::AttemptDigest;

/// What it is called in errors.
const WHAT: &str = "an attempt";
/// So many certificates may be shown for one name.
const MAX_END_POINTS: usize = 64;

/// An attempt as it is asked, and the digest that its voucher must bear.
pub struct Asked {
    /// The attempt.
    pub attempt: Attempt,
    /// The digest of what was sent.
    pub digest: AttemptDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Told {
    /// Fresh, so that no two attempts have one digest.
    once: [u8; 16],
    proof: ToldProof,
    channel: Channel,
    service: Service,
    route: Option<RouteName>,
    pool: String,
    zone: Zone,
    source: IpAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<TlsFingerprint>,
    sip_uri: Option<String>,
    device: Option<String>,
    activity: ActivityId,
    connection: ConnectionId,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum ToldProof {
    Ntlm {
        response: Wiped,
        negotiation: Option<Wiped>,
    },
    Unprovable {
        user: String,
        domain: String,
        fault: Fault,
    },
    Password {
        username: String,
        password: Wiped,
    },
    Kerberos {
        token: Wiped,
        negotiation: Wiped,
        end_points: Vec<Wiped>,
        channel_binding: ToldDemand,
    },
    Ticket(TicketKey),
    Certificate(TicketKey),
    Issued(TokenId),
    Carried(Carried),
}

/// What is wrong with an exchange, as far as the audit tells it.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fault {
    ChannelBinding,
    TargetName,
    NotNtlm2,
    NotAccepted,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ToldDemand {
    Off,
    Allow,
    Require,
}

/// Writes an attempt, with fresh bytes; its digest is what the voucher must be for.
///
/// # Errors
///
/// It cannot be written, or is larger than anything a client can send.
pub fn ask(
    attempt: &Attempt,
    once: [u8; 16],
) -> Result<(Zeroizing<Vec<u8>>, AttemptDigest), WireParseError> {
    let told = Told {
        once,
        proof: ToldProof::of(&attempt.proof),
        channel: attempt.channel,
        service: attempt.service.clone(),
        route: attempt.route.clone(),
        pool: attempt.pool.clone(),
        zone: attempt.zone.clone(),
        source: attempt.source,
        tls: attempt.tls,
        sip_uri: attempt.sip_uri.clone(),
        device: attempt.device.clone(),
        activity: attempt.activity.clone(),
        connection: attempt.connection,
    };
    let bytes = write(&told)?;
    if bytes.len() > MAX_ASKED {
        return Err(WireParseError::TooLarge {
            what: WHAT,
            at_most: MAX_ASKED,
        });
    }
    let digest = AttemptDigest::of(&bytes);
    Ok((bytes, digest))
}

impl Asked {
    /// Reads an attempt.
    ///
    /// **Trusts** all that it says.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        let told: Told = read(WHAT, (bytes, MAX_ASKED))?;
        let attempt = Attempt {
            proof: told.proof.proof()?,
            channel: told.channel,
            service: told.service,
            route: told.route,
            // A gateway asks for no token of a party.
            party: None,
            pool: told.pool,
            zone: told.zone,
            source: told.source,
            tls: told.tls,
            sip_uri: told.sip_uri,
            device: told.device,
            activity: told.activity,
            connection: told.connection,
        };
        Ok(Self {
            attempt,
            digest: AttemptDigest::of(bytes),
        })
    }
}

impl ToldProof {
    fn of(proof: &Proof) -> Self {
        match proof {
            Proof::Ntlm {
                response,
                negotiation,
            } => Self::Ntlm {
                response: Wiped::new(response.told()),
                negotiation: negotiation.as_ref().map(|it| Wiped::new(it.told())),
            },
            Proof::Unprovable {
                user,
                domain,
                error,
            } => Self::Unprovable {
                user: user.clone(),
                domain: domain.clone(),
                fault: Fault::of(*error),
            },
            Proof::Password { username, password } => Self::Password {
                username: username.clone(),
                password: Wiped::new(password.expose().as_bytes()),
            },
            Proof::Kerberos(offered) => Self::Kerberos {
                token: Wiped::new(offered.token.expose().as_slice()),
                negotiation: Wiped::new(offered.negotiation.told()),
                end_points: offered
                    .end_points
                    .iter()
                    .map(|it| Wiped::new(it.digest()))
                    .collect(),
                channel_binding: ToldDemand::of(offered.channel_binding),
            },
            Proof::Ticket(key) => Self::Ticket(key.clone()),
            Proof::Certificate(key) => Self::Certificate(key.clone()),
            Proof::Issued(id) => Self::Issued(id.clone()),
            Proof::Carried(carried) => Self::Carried(carried.clone()),
        }
    }

    fn proof(self) -> Result<Proof, WireParseError> {
        Ok(match self {
            Self::Ntlm {
                response,
                negotiation,
            } => Proof::Ntlm {
                response: Box::new(
                    Response::of_told(response.expose())
                        .map_err(|error| part("an NTLM response", &error))?,
                ),
                negotiation: negotiation.map(|it| acceptor(&it)).transpose()?,
            },
            Self::Unprovable {
                user,
                domain,
                fault,
            } => Proof::Unprovable {
                user,
                domain,
                error: fault.error(),
            },
            Self::Password { username, password } => Proof::Password {
                username,
                password: text(&password)?,
            },
            Self::Kerberos {
                token,
                negotiation,
                end_points,
                channel_binding,
            } => {
                if end_points.len() > MAX_END_POINTS {
                    let at_most = MAX_END_POINTS;
                    let what = "the list of certificates";
                    return Err(WireParseError::TooLarge { what, at_most });
                }
                let end_points = end_points.iter();
                Proof::Kerberos(Box::new(KerberosToken {
                    token: Secret::new(token.expose().to_vec()),
                    negotiation: *acceptor(&negotiation)?,
                    end_points: end_points
                        .map(|it| EndPoint::of_digest(it.expose()))
                        .collect(),
                    channel_binding: channel_binding.demand(),
                }))
            }
            Self::Ticket(key) => Proof::Ticket(key),
            Self::Certificate(key) => Proof::Certificate(key),
            Self::Issued(id) => Proof::Issued(id),
            Self::Carried(carried) => Proof::Carried(carried),
        })
    }
}

impl Fault {
    fn of(error: NtlmError) -> Self {
        match error {
            NtlmError::ChannelBinding | NtlmError::ChannelBindingAbsent => Self::ChannelBinding,
            NtlmError::TargetName => Self::TargetName,
            NtlmError::NotNtlm2 => Self::NotNtlm2,
            NtlmError::Malformed(_)
            | NtlmError::Anonymous
            | NtlmError::Flags
            | NtlmError::NotEchoed
            | NtlmError::MicAbsent => Self::NotAccepted,
        }
    }

    fn error(self) -> NtlmError {
        match self {
            Self::ChannelBinding => NtlmError::ChannelBinding,
            Self::TargetName => NtlmError::TargetName,
            Self::NotNtlm2 => NtlmError::NotNtlm2,
            Self::NotAccepted => NtlmError::NotEchoed,
        }
    }
}

impl ToldDemand {
    fn of(demand: Demand) -> Self {
        match demand {
            Demand::Off => Self::Off,
            Demand::Allow => Self::Allow,
            Demand::Require => Self::Require,
        }
    }

    fn demand(self) -> Demand {
        match self {
            Self::Off => Demand::Off,
            Self::Allow => Demand::Allow,
            Self::Require => Demand::Require,
        }
    }
}

fn acceptor(told: &Wiped) -> Result<Box<spnego::Acceptor>, WireParseError> {
    let acceptor = spnego::Acceptor::of_told(told.expose());
    acceptor
        .map(Box::new)
        .map_err(|error| part("a negotiation", &error))
}

/// A password, which is text.
fn text(password: &Wiped) -> Result<Secret<String>, WireParseError> {
    let text = std::str::from_utf8(password.expose());
    text.map(|text| Secret::new(text.to_owned()))
        // Where it ceases to be text would tell of it.
        .map_err(|_| WireParseError::Part {
            what: "a password",
            detail: "it is no text".to_owned(),
        })
}

fn part(what: &'static str, error: &dyn std::error::Error) -> WireParseError {
    WireParseError::Part {
        what,
        detail: error.to_string(),
    }
}
