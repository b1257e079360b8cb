//! A world with two people, the gate's key, and a client whose connection is its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use lab::{ASSERTION_TYPE, AssertionCheck, Member, Started, TlsFiles, User, World, WorldSettings};
use proto::secret::Secret;
use proto::wstrust::v13::{TOKEN_TYPE_COMPACT, TOKEN_TYPE_SAML_1_1};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) const WEB: &str = "lyncweb.contoso.test";
pub(crate) const DISCOVER: &str = "lyncdiscover.contoso.test";
pub(crate) const POOL: &str = "pool01.contoso.local";
pub(crate) const SERVICE: &str = "/WebTicket/WebTicketService.svc";
pub(crate) const USER_LINK: &str = "/Autodiscover/AutodiscoverService.svc/root/user";
pub(crate) const PASSWORD: &str = "Domain-secret-1";
pub(crate) const MAIL: &str = "mail.contoso.test";
pub(crate) const ANNA: &str = "sip:anna@contoso.test";
pub(crate) const HEADER: &str = "x-identity";
const ISSUER: &str = "https://gate.contoso.test";
const NAMES: [&str; 3] = [POOL, WEB, "sip.contoso.test"];

pub(crate) struct Lab {
    pub(crate) world: Started,
    gate_key: KeyPair,
    tls: TlsConnector,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        Self::start_with(|world| world).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(World) -> World) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
        let chain = params.self_signed(&key).unwrap().pem();
        let gate_key = KeyPair::generate().unwrap();
        let tls = connector(&chain);
        let settings = settings(&chain, &key.serialize_pem(), &gate_key.public_key_pem());
        let world = change(World::new(settings)).start().await.unwrap();
        Self {
            world,
            gate_key,
            tls,
        }
    }

    pub(crate) async fn front_end(&self) -> Client {
        Client::over(self.connect(self.world.front_end).await).await
    }

    pub(crate) async fn at(&self, member: &Member) -> Client {
        Client::over(self.connect(member.address).await).await
    }

    pub(crate) async fn exchange(&self) -> Client {
        Client::over(self.connect(self.world.exchange).await).await
    }

    pub(crate) async fn connect(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(address).await.unwrap();
        self.tls
            .connect(ServerName::try_from(POOL).unwrap(), stream)
            .await
            .unwrap()
    }

    /// The gate's word that a request is anna's.
    pub(crate) fn assertion(&self, method: &str, path: &str) -> String {
        sign(&self.gate_key, ASSERTION_TYPE, &claims(method, path))
    }

    /// The same with its members changed.
    pub(crate) fn assertion_with(&self, path: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims("GET", path);
        change(&mut claims);
        sign(&self.gate_key, ASSERTION_TYPE, &claims)
    }

    pub(crate) fn assertion_of_type(&self, token_type: &str, path: &str) -> String {
        sign(&self.gate_key, token_type, &claims("GET", path))
    }

    /// A web ticket request with the gate's word, answered.
    pub(crate) async fn web_ticket(&self, body: String) -> Answer {
        let word = self.assertion("POST", SERVICE);
        let request = post(SERVICE, &body).header(HEADER, word);
        self.front_end().await.send(WEB, request.body(body)).await
    }

    /// A compact ticket of the first pool's for anna, `cwt=` included.
    pub(crate) async fn compact_ticket(&self) -> String {
        let answer = self.web_ticket(rst(ANNA, TOKEN_TYPE_COMPACT)).await;
        cut(&answer.body, "<UserToken>", "</UserToken>").to_owned()
    }

    /// A SAML ticket of the first pool's for anna.
    pub(crate) async fn saml_ticket(&self) -> String {
        let answer = self.web_ticket(rst(ANNA, TOKEN_TYPE_SAML_1_1)).await;
        let inside = cut(&answer.body, "<saml:Assertion", "</saml:Assertion>");
        format!("<saml:Assertion{inside}</saml:Assertion>")
    }

    /// A request to the Exchange with anna's domain password.
    pub(crate) async fn mail(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", basic("CONTOSO\\anna", PASSWORD))
            .body(body.to_owned());
        self.exchange().await.send(MAIL, request).await
    }

    /// A plain GET or POST on the list's port.
    pub(crate) async fn list(&self, method: &str, path: &str) -> Answer {
        let origin = self.world.requests_url.strip_suffix("/requests").unwrap();
        let address = origin.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(String::new());
        Client::over(stream).await.send(address, request).await
    }
}

/// One connection.
pub(crate) struct Client(SendRequest<Full<Bytes>>);

impl Client {
    pub(crate) async fn over(
        stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn get(&mut self, host: &str, path: &str) -> Answer {
        self.send(host, get(path).body(String::new())).await
    }

    pub(crate) async fn send(
        &mut self,
        host: &str,
        request: Result<Request<String>, http::Error>,
    ) -> Answer {
        self.try_send(host, request).await.unwrap()
    }

    /// The first piece of an answer's body, and the rest of it; the answer may never end.
    pub(crate) async fn begin(
        &mut self,
        host: &str,
        request: Result<Request<String>, http::Error>,
    ) -> (Bytes, Incoming) {
        let mut request = request.unwrap().map(|body| Full::new(Bytes::from(body)));
        request.headers_mut().insert("host", host.parse().unwrap());
        self.0.ready().await.unwrap();
        let mut body = self.0.send_request(request).await.unwrap().into_body();
        let frame = body.frame().await.unwrap().unwrap();
        (frame.into_data().unwrap(), body)
    }

    /// A broken answer is an error.
    pub(crate) async fn try_send(
        &mut self,
        host: &str,
        request: Result<Request<String>, http::Error>,
    ) -> Result<Answer, hyper::Error> {
        let mut request = request.unwrap().map(|body| Full::new(Bytes::from(body)));
        request.headers_mut().insert("host", host.parse().unwrap());
        self.0.ready().await?;
        let (head, body) = self.0.send_request(request).await?.into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap(),
        })
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}

pub(crate) fn get(path: &str) -> http::request::Builder {
    Request::builder().method(Method::GET).uri(path)
}

pub(crate) fn post(path: &str, body: &str) -> http::request::Builder {
    let builder = Request::builder().method(Method::POST).uri(path);
    builder
        .header("content-type", "text/xml")
        .header("content-length", body.len())
}

/// A web ticket request as SIPE writes it.
pub(crate) fn rst(sip: &str, token_type: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:auth="http://schemas.xmlsoap.org/ws/2006/12/authorization"><soap:Body><wst:RequestSecurityToken Context="the context"><wst:TokenType>{token_type}</wst:TokenType><wst:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</wst:RequestType><wst:Claims Dialect="urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims"><auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri" Optional="false"><auth:Value>{sip}</auth:Value></auth:ClaimType></wst:Claims><wst:Entropy><wst:BinarySecret>q83v3s0wT1f0mF0y0Cq1q1B0H6y1Yy4t9yQx3m2b7aA=</wst:BinarySecret></wst:Entropy></wst:RequestSecurityToken></soap:Body></soap:Envelope>"#
    )
}

/// The same with a user name and a password in its header.
pub(crate) fn rst_of(name: &str, password: &str, token_type: &str) -> String {
    let header = format!(
        r#"<soap:Header><wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><wsse:UsernameToken><wsse:Username>{name}</wsse:Username><wsse:Password>{password}</wsse:Password></wsse:UsernameToken></wsse:Security></soap:Header><soap:Body"#
    );
    rst(ANNA, token_type).replace("<soap:Body", &header)
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// The text between two marks, as SIPE cuts it.
pub(crate) fn cut<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).expect(from);
    rest.split_once(to).expect(to).0
}

/// A private key that the gate does not have.
pub(crate) fn assertion_of_a_stranger(path: &str) -> String {
    sign(
        &KeyPair::generate().unwrap(),
        ASSERTION_TYPE,
        &claims("GET", path),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "assertions are judged by the real clock"
)]
pub(crate) fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn claims(method: &str, path: &str) -> Value {
    let now = seconds();
    // A fresh key's public half is as good an id as any.
    let id = KeyPair::generate().unwrap().public_key_pem();
    json!({
        "iss": ISSUER, "aud": "lync-front-end", "sub": "anna@CONTOSO.TEST", "iat": now,
        "exp": now + 30, "jti": id, "htm": method, "htu": format!("https://{WEB}{path}"),
    })
}

fn sign(key: &KeyPair, token_type: &str, claims: &Value) -> String {
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
    header.typ = Some(token_type.to_owned());
    let key = jsonwebtoken::EncodingKey::from_ec_pem(key.serialize_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

fn settings(chain: &str, key: &str, gate_key: &str) -> WorldSettings {
    let user = |sam: &str, rid: u32| User {
        sam: sam.to_owned(),
        upn: format!("{sam}@contoso.test"),
        sip: format!("sip:{sam}@contoso.test"),
        sid: format!("S-1-5-21-1-2-3-{rid}"),
        domain_password: Secret::new(PASSWORD.to_owned()),
    };
    WorldSettings {
        domain: "contoso.test".to_owned(),
        netbios: "CONTOSO".to_owned(),
        realm: "CONTOSO.TEST".to_owned(),
        users: vec![user("anna", 1104), user("ben", 1105)],
        internal_host: POOL.to_owned(),
        lync_web_host: WEB.to_owned(),
        external_https_port: 8443,
        sip_host: "sip.contoso.test".to_owned(),
        sip_port: 0,
        tls: TlsFiles {
            chain: chain.as_bytes().to_vec(),
            key: key.as_bytes().to_vec(),
        },
        assertion: AssertionCheck {
            public_key: gate_key.to_owned(),
            issuer: ISSUER.to_owned(),
            header: HEADER.to_owned(),
            front_end_audience: "lync-front-end".to_owned(),
            exchange_audience: "exchange".to_owned(),
        },
    }
}

fn connector(chain: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
