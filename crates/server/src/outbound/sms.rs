//! A short message by a request to whoever carries it, made from the operator's template.
//!
//! SECURITY: the address, the body and the headers hold a code and a secret, so that none of them is ever part of what is
//! said of the request. A redirect is not followed.

use async_trait::async_trait;
use authn::credential::sent_code::{Address, Carrier, Message};
use authn::outbox::Answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use proto::sending::Values;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::asked::Server;
use super::farm::Transport;
use super::messages::{Provider, Text};
use super::tls::TlsError;
use crate::config::settings::messages::{SmsProvider, SmsRequest};

/// The largest head of an answer, and as much of a body as is read.
const HEAD_BYTES: usize = 32 * 1024;
const BODY_BYTES: usize = 64 * 1024;

/// Whoever carries short messages by a request.
pub(crate) struct SmsHttp {
    provider: SmsProvider,
    request: SmsRequest,
    server: Server,
}

/// How far it came.
enum Fault {
    /// The message was not told.
    Before(String),
    /// It was, and nobody knows what became of it.
    After(String),
}

impl SmsHttp {
    /// Takes the settings and reads the authorities.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(provider: &SmsProvider, request: &SmsRequest) -> Result<Self, TlsError> {
        let place = (request.host.as_str(), request.port);
        Ok(Self {
            provider: provider.clone(),
            request: request.clone(),
            server: Server::new(place, request.tls.as_ref())?,
        })
    }

    async fn asked(&self, message: &Message, text: &Text) -> Result<Answer, Fault> {
        let Address::Sms(number) = &message.address else {
            return Err(Fault::Before("it is no short message".to_owned()));
        };
        let secret = match &self.provider.secret {
            None => None,
            Some(secret) => {
                let read = secret.read();
                Some(read.map_err(|error| {
                    Fault::Before(format!("its secret cannot be read: {error}"))
                })?)
            }
        };
        let values = Values {
            number,
            text: &text.body,
            secret: secret.as_ref().map_or("", |it| it.expose()),
        };
        let request = self.made(values).map_err(Fault::Before)?;
        let ends = Instant::now() + self.provider.timeout;
        let late = |fault: fn(String) -> Fault| {
            fault(format!(
                "no answer in {} s",
                self.provider.timeout.as_secs()
            ))
        };
        let connected = timeout_at(ends, self.server.connected()).await;
        let transport = connected.map_err(|_| late(Fault::Before))?;
        let transport = transport.map_err(Fault::Before)?;
        let exchanged = timeout_at(ends, self.exchanged(transport, request)).await;
        exchanged.map_err(|_| late(Fault::After))?
    }

    /// The request; what does not make one says no more than that.
    fn made(&self, values: Values<'_>) -> Result<Request<Full<Bytes>>, String> {
        let unusable = |what: &str| format!("{what} cannot be filled in");
        let path = self.request.path.filled(values);
        let path = PathAndQuery::try_from(path.as_str()).map_err(|_| unusable("the address"))?;
        let (method, body) = match &self.request.body {
            None => (Method::GET, Bytes::new()),
            Some((_, body)) => {
                let body = Bytes::copy_from_slice(body.filled(values).as_bytes());
                (Method::POST, body)
            }
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path.as_str())
            .header(header::HOST, &self.request.authority)
            .header(header::USER_AGENT, "wicketgate")
            .header(header::CONNECTION, "close")
            .body(Full::new(body))
            .map_err(|_| unusable("the request"))?;
        let headers = request.headers_mut();
        if let Some((kind, _)) = &self.request.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in &self.request.headers {
            let filled = value.filled(values);
            let value = HeaderValue::try_from(filled.as_str());
            let mut value = value.map_err(|_| unusable("a header"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        if let Some(user) = &self.request.user {
            let both = Zeroizing::new(format!("{user}:{}", values.secret));
            let line = Zeroizing::new(format!("Basic {}", STANDARD.encode(both.as_bytes())));
            let mut value =
                HeaderValue::try_from(line.as_str()).map_err(|_| unusable("the password"))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn exchanged(
        &self,
        transport: Box<dyn Transport>,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Fault> {
        let handshake = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            .handshake(TokioIo::new(transport));
        let (mut sender, connection) = handshake
            .await
            .map_err(|error| Fault::Before(format!("it speaks no HTTP: {error}")))?;
        // It ends with the answer, or with the time that it may take.
        let mut connections = tokio::task::JoinSet::new();
        connections.spawn(connection);
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|_| Fault::After("no answer".to_owned()))?;
        let status = answer.status();
        let said = format!("HTTP {}", status.as_u16());
        if !status.is_success() {
            return Ok(Answer::NotTaken(said));
        }
        let Some(wanted) = &self.request.answer else {
            return Ok(Answer::Taken(said));
        };
        let body = Limited::new(answer.into_body(), BODY_BYTES).collect().await;
        let body = body.map_err(|_| Fault::After(format!("{said}, and the answer broke off")))?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok(match body.contains(wanted.as_str()) {
            true => Answer::Taken(said),
            false => Answer::NotTaken(format!("{said} without `{wanted}`")),
        })
    }
}

#[async_trait]
impl Provider for SmsHttp {
    fn name(&self) -> &str {
        &self.provider.name
    }

    fn carrier(&self) -> Carrier {
        Carrier::Sms
    }

    async fn hand(&self, message: &Message, text: &Text) -> Answer {
        match self.asked(message, text).await {
            Ok(answer) => answer,
            Err(Fault::Before(said)) => Answer::NotTaken(said),
            Err(Fault::After(said)) => Answer::Unknown(said),
        }
    }
}
