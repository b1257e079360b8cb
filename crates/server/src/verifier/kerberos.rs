//! The keys of the gate's services in the domain, for clients in the office: the port [`KerberosAcceptor`] around
//! `gss`.
//!
//! It decides nothing: it says what is wrong with a token, in `authn`'s words.

use async_trait::async_trait;
use authn::credential::kerberos::{Bindings, Logon, TokenFault};
use authn::ports::{KerberosAcceptor, Unavailable};
use gss::{AcceptError, Accepted, Accepting, Acceptor, BadToken, ChannelBinding, Process, Service};
use proto::secret::Secret;
use zeroize::Zeroizing;

use crate::config::settings::Kerberos;

/// Keys of this process's own.
pub(crate) struct Keys {
    accepting: Accepting,
    realm: String,
}

impl Keys {
    /// Opens the keytab, which is read anew with each token.
    ///
    /// # Errors
    ///
    /// There is no MIT Kerberos, or no AES key of a service.
    pub(crate) fn open(
        process: &Process,
        kerberos: &Kerberos,
        services: Vec<Service>,
    ) -> Result<Self, gss::Unavailable> {
        let acceptor = Acceptor::open(process, &kerberos.keytab, services)?;
        Ok(Self {
            accepting: Accepting::new(acceptor),
            realm: kerberos.realm.to_string(),
        })
    }
}

#[async_trait]
impl KerberosAcceptor for Keys {
    async fn accept(
        &self,
        token: &Secret<Vec<u8>>,
        bindings: Bindings,
    ) -> Result<Result<Logon, TokenFault>, Unavailable> {
        let token = Zeroizing::new(token.expose().clone());
        match self.accepting.accept(token, given(bindings)).await {
            Ok(accepted) => Ok(Ok(logon(accepted))),
            Err(AcceptError::Token(why)) => {
                tracing::debug!("a Kerberos token is not taken: {why}");
                Ok(Err(fault(&why)))
            }
            Err(AcceptError::Unavailable(error)) => Err(Unavailable {
                what: "Kerberos",
                detail: error.to_string(),
            }),
        }
    }

    fn realm(&self) -> &str {
        &self.realm
    }
}

/// The bindings as the library takes them: of none it looks at none.
///
/// SECURITY: where the digest of no certificate is known, a token that is bound to one is somebody else's.
fn given(bindings: Bindings) -> Vec<ChannelBinding> {
    match bindings {
        Bindings::Ignored => Vec::new(),
        Bindings::AnyOf(none) if none.is_empty() => vec![ChannelBinding::tls_server_end_point(&[])],
        Bindings::AnyOf(end_points) => {
            let digests = end_points.iter().map(|it| it.digest());
            digests.map(ChannelBinding::tls_server_end_point).collect()
        }
    }
}

fn logon(accepted: Accepted) -> Logon {
    Logon {
        initiator: accepted.initiator,
        owner: accepted.owner,
        is_bound: accepted.is_bound,
        lasts: accepted.lasts,
        answer: accepted.reply,
    }
}

fn fault(why: &BadToken) -> TokenFault {
    match why {
        BadToken::WrongBindings(_) => TokenFault::WrongBinding,
        BadToken::Replayed(_) => TokenFault::Replayed,
        BadToken::NotForUs(_) => TokenFault::NotForUs,
        BadToken::OutOfTime(_) => TokenFault::OutOfTime,
        BadToken::ClockSkew(_) => TokenFault::ClockSkew,
        BadToken::Weak(_) => TokenFault::Weak,
        BadToken::MoreSteps
        | BadToken::Unnamed
        | BadToken::TooLarge { .. }
        | BadToken::Malformed(_) => TokenFault::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use proto::channel_binding::EndPoint;

    use super::*;

    #[test]
    fn without_a_known_certificate_no_binding_is_right_and_off_looks_at_none() {
        assert_eq!(given(Bindings::Ignored), []);
        let unknown = given(Bindings::AnyOf(Vec::new()));
        assert_eq!(unknown, [ChannelBinding::tls_server_end_point(&[])]);
        let ours = given(Bindings::AnyOf(vec![EndPoint::of_digest(&[7; 32])]));
        assert_eq!(ours, [ChannelBinding::tls_server_end_point(&[7; 32])]);
    }
}
