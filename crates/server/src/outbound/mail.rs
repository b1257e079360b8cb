//! A mail by SMTP submission (RFC 6409), each on a connection of its own.

use async_trait::async_trait;
use authn::credential::sent_code::{Address, Carrier, Message};
use authn::outbox::Answer;
use lettre::message::{Mailbox, header};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::messages::{Provider, Text};
use super::tls;
use crate::config::settings::messages::{Authorities, MailTls, Smtp};

/// A mail server.
pub(crate) struct Mail {
    smtp: Smtp,
    tls: TlsParameters,
}

/// How far it came.
enum Fault {
    /// The mail was not told, or was refused.
    Refused(String),
    /// It was told, and nobody knows what became of it.
    Unknown(String),
}

impl Mail {
    /// Takes the settings and reads the authorities.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(smtp: &Smtp) -> Result<Self, String> {
        let words = |error: Error| format!("TLS cannot be set up: {error}");
        let mut builder = TlsParameters::builder(smtp.host.clone());
        builder = match &smtp.authorities {
            Authorities::System => builder,
            Authorities::File(file) => {
                let mut only = builder.certificate_store(CertificateStore::None);
                for certificate in tls::authorities(file).map_err(|error| error.to_string())? {
                    let certificate = Certificate::from_der(certificate.to_vec()).map_err(words)?;
                    only = only.add_root_certificate(certificate);
                }
                only
            }
        };
        Ok(Self {
            smtp: smtp.clone(),
            tls: builder.build().map_err(words)?,
        })
    }

    async fn sent(&self, message: &Message, text: &Text) -> Result<Answer, Fault> {
        let Address::Mail(address) = &message.address else {
            return Err(Fault::Refused("it is no mail".to_owned()));
        };
        let refused = |what: &str| Fault::Refused(format!("{what} cannot be written"));
        let from: Mailbox = self
            .smtp
            .from
            .as_str()
            .parse()
            .map_err(|_| refused("`from`"))?;
        let to: Mailbox = address
            .as_str()
            .parse()
            .map_err(|_| refused("the address"))?;
        let mail = lettre::Message::builder()
            .from(from)
            .to(to)
            .subject(text.subject.clone())
            .header(header::ContentType::TEXT_PLAIN)
            .body(text.body.to_string())
            .map_err(|_| refused("the mail"))?;
        let limit = self.smtp.timeout;
        let connected = timeout(limit, self.connected()).await;
        let mut connection = connected
            .unwrap_or_else(|_| Err("not in time".to_owned()))
            .map_err(|why| {
                Fault::Refused(format!("it cannot be reached, or signs nobody in: {why}"))
            })?;
        let mail = (mail.envelope(), mail.formatted());
        let sent = timeout(limit, connection.send(mail.0, &mail.1)).await;
        let Ok(sent) = sent else {
            return Err(Fault::Unknown(format!(
                "no answer in {} s",
                limit.as_secs()
            )));
        };
        let answer = match sent {
            Ok(response) => Ok(Answer::Taken(format!("SMTP {}", response.code()))),
            // It refused, whichever step it was.
            Err(error) if error.is_permanent() || error.is_transient() || error.is_client() => {
                Err(Fault::Refused(said(&error)))
            }
            Err(error) => Err(Fault::Unknown(said(&error))),
        };
        // Whether it says good-bye changes nothing.
        let _ = timeout(limit, connection.quit()).await;
        answer
    }

    /// A connection on which somebody is signed in, where that is configured.
    async fn connected(&self) -> Result<AsyncSmtpConnection, String> {
        let smtp = &self.smtp;
        let user = match &smtp.user {
            None => None,
            Some((user, password)) => {
                let read = password.read();
                let password =
                    read.map_err(|error| format!("its password cannot be read: {error}"))?;
                Some(Credentials::new(user.clone(), password.expose().clone()))
            }
        };
        let signed_in = self.signed_in(user.as_ref()).await;
        signed_in.map_err(|error| said(&error))
    }

    async fn signed_in(&self, user: Option<&Credentials>) -> Result<AsyncSmtpConnection, Error> {
        let smtp = &self.smtp;
        let hello = ClientId::default();
        let from_the_first = (smtp.tls == MailTls::Tls).then(|| self.tls.clone());
        let server = (smtp.host.as_str(), smtp.port);
        let limit = Some(smtp.timeout);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, limit, &hello, from_the_first, None)
                .await?;
        if smtp.tls == MailTls::Starttls {
            // SECURITY: where the server offers none, this is an error, and nothing more is said.
            connection.starttls(self.tls.clone(), &hello).await?;
        }
        if let Some(user) = user {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, user).await?;
        }
        Ok(connection)
    }
}

/// What went wrong, without what the server wrote: that may have the address in it.
fn said(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("SMTP {code}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None if error.is_response() => "its answer is none".to_owned(),
        None if error.is_client() => "the server cannot take it".to_owned(),
        None => "the connection failed".to_owned(),
    }
}

#[async_trait]
impl Provider for Mail {
    fn name(&self) -> &str {
        "smtp"
    }

    fn carrier(&self) -> Carrier {
        Carrier::Mail
    }

    async fn hand(&self, message: &Message, text: &Text) -> Answer {
        match self.sent(message, text).await {
            Ok(answer) => answer,
            Err(Fault::Refused(said)) => Answer::NotTaken(said),
            Err(Fault::Unknown(said)) => Answer::Unknown(said),
        }
    }
}
