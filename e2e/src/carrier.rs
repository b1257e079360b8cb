//! Whoever carries messages, as a stand-in: a gateway of short messages by HTTP, over TLS or not, and a mail server with
//! STARTTLS. Each writes down what it is told, and answers as it was asked to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::until::until;

/// Somebody who carries messages.
#[derive(Debug)]
pub struct Carrier {
    /// Where.
    pub address: SocketAddr,
    told: Arc<Mutex<Vec<String>>>,
}

/// TLS for 127.0.0.1, and the file of the authority that vouches for it.
#[derive(Clone, Debug)]
pub struct Vouched {
    config: Arc<ServerConfig>,
    /// The file.
    pub authorities: PathBuf,
}

impl Vouched {
    /// Makes both, the file in a folder.
    ///
    /// # Errors
    ///
    /// They cannot be made.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let mut authority = CertificateParams::new([])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(["127.0.0.1".to_owned()])?;
        let leaf: CertificateDer<'static> = leaf.signed_by(&key, &authority)?.into();
        let authorities = folder.join("carriers.pem");
        std::fs::write(&authorities, authority.pem())?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)?;
        Ok(Self {
            config: Arc::new(config),
            authorities,
        })
    }

    fn over(&self, stream: TcpStream) -> anyhow::Result<StreamOwned<ServerConnection, TcpStream>> {
        let connection = ServerConnection::new(Arc::clone(&self.config))?;
        Ok(StreamOwned::new(connection, stream))
    }
}

impl Carrier {
    /// A gateway of short messages that answers every request with a status.
    ///
    /// # Errors
    ///
    /// There is no port.
    pub fn of_sms(status: u16, tls: Option<Vouched>) -> anyhow::Result<Self> {
        Self::start(move |stream, told| match &tls {
            None => asked(stream, status, told),
            Some(tls) => asked(tls.over(stream)?, status, told),
        })
    }

    /// A mail server that takes mails after STARTTLS and a password, and no other.
    ///
    /// # Errors
    ///
    /// There is no port.
    pub fn of_mail(tls: Vouched) -> anyhow::Result<Self> {
        Self::start(move |mut stream, told| {
            stream.write_all(b"220 mail\r\n")?;
            let mut lines = BufReader::new(stream.try_clone()?);
            loop {
                match &*line(&mut lines)? {
                    "STARTTLS" => break,
                    "" => return Ok(()),
                    hello if hello.starts_with("EHLO") => {
                        stream.write_all(b"250-mail\r\n250 STARTTLS\r\n")?;
                    }
                    _ => stream.write_all(b"530 only by TLS\r\n")?,
                }
            }
            stream.write_all(b"220 go on\r\n")?;
            mail(tls.over(stream)?, told)
        })
    }

    /// What it was told, each as it came.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until it was told so many, and gives the last.
    ///
    /// # Errors
    ///
    /// It is not told in time.
    pub fn last_of(&self, count: usize) -> anyhow::Result<String> {
        until("a message arrives", || Ok(self.told().len() >= count))?;
        self.told().pop().context("a message")
    }

    fn start(
        serve: impl Fn(TcpStream, &Mutex<Vec<String>>) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let told = Arc::new(Mutex::default());
        let written = Arc::clone(&told);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Whoever goes away in the middle told nothing.
                let _ = serve(stream, &written);
            }
        });
        Ok(Self { address, told })
    }
}

fn line(lines: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    lines.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn note(told: &Mutex<Vec<String>>, text: String) {
    told.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(text);
}

/// Reads one request and answers it.
fn asked(stream: impl Read + Write, status: u16, told: &Mutex<Vec<String>>) -> anyhow::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let line = line(&mut lines)?;
        request.push_str(&line);
        request.push('\n');
        let lower = line.to_ascii_lowercase();
        if let Some(said) = lower.strip_prefix("content-length:") {
            length = said.trim().parse()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body)?;
    request.push_str(&String::from_utf8(body)?);
    note(told, request);
    let answer =
        format!("HTTP/1.1 {status} Said\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK");
    lines.get_mut().write_all(answer.as_bytes())?;
    lines.get_mut().flush()?;
    Ok(())
}

/// Takes a mail from whoever signs in.
fn mail(stream: impl Read + Write, told: &Mutex<Vec<String>>) -> anyhow::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut said = String::new();
    let mut is_signed_in = false;
    loop {
        let command = line(&mut lines)?;
        said.push_str(&command);
        said.push('\n');
        let word = command
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-mail\r\n250 AUTH PLAIN\r\n",
            "AUTH" => {
                is_signed_in = true;
                "235 welcome\r\n"
            }
            "MAIL" | "RCPT" if is_signed_in => "250 fine\r\n",
            "DATA" if is_signed_in => {
                lines.get_mut().write_all(b"354 go on\r\n")?;
                lines.get_mut().flush()?;
                loop {
                    let text = line(&mut lines)?;
                    if text == "." {
                        break;
                    }
                    said.push_str(&text);
                    said.push('\n');
                }
                note(told, std::mem::take(&mut said));
                "250 taken\r\n"
            }
            "QUIT" => "221 good-bye\r\n",
            "" => return Ok(()),
            _ => "530 sign in\r\n",
        };
        lines.get_mut().write_all(answer.as_bytes())?;
        lines.get_mut().flush()?;
    }
}
