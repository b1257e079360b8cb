//! Who serves a domain (RFC 2782), asked of this machine's own resolvers: each in turn, by datagram, and by a stream what
//! does not fit into one.
//!
//! SECURITY: an answer of DNS is nobody's proof. Whoever is found must prove by certificate or key who they are. Start at
//! [`servers`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use proto::dns::{self, DnsError, Kind, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::clock;

/// What this machine asks (resolv.conf(5)).
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The port of a resolver.
const DNS: u16 = 53;
/// As many resolvers as libc asks.
const MAX_RESOLVERS: usize = 3;
/// How long one may take, by datagram and by stream each.
const WAIT: Duration = Duration::from_secs(2);

/// Why nobody is known to serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// There is nobody to ask.
    #[error("{RESOLV_CONF} names no resolver")]
    NoResolver,
    /// No question can be made of it.
    #[error("`{0}` is no name of DNS")]
    NoName(String),
    /// Nobody answers, or not with an answer.
    #[error("no resolver says who serves `{name}`: {why}")]
    Unanswered {
        /// What was asked for.
        name: String,
        /// What each resolver said.
        why: String,
    },
    /// There is an answer, and it names nobody.
    #[error("DNS names nobody for `{0}`")]
    Nobody(String),
}

/// The resolvers of this machine.
pub(crate) fn resolvers() -> Vec<SocketAddr> {
    named(&std::fs::read_to_string(RESOLV_CONF).unwrap_or_default())
}

/// Who serves by this name, in no order; somebody, or an error.
///
/// # Errors
///
/// No resolver answers, or DNS names nobody.
pub(crate) async fn servers(
    resolvers: &[SocketAddr],
    name: &str,
) -> Result<Vec<Server>, LookupError> {
    let mut why = Vec::new();
    for resolver in resolvers {
        let id = clock::random().map(u16::from_be_bytes).unwrap_or_default();
        let question = dns::question(id, name, Kind::Srv);
        let question = question.ok_or_else(|| LookupError::NoName(name.to_owned()))?;
        match ask(*resolver, &question).await {
            Ok(found) if found.is_empty() => return Err(LookupError::Nobody(name.to_owned())),
            Ok(found) => return Ok(found),
            Err(error) => why.push(format!("{}: {error}", resolver.ip())),
        }
    }
    match why.is_empty() {
        true => Err(LookupError::NoResolver),
        false => Err(LookupError::Unanswered {
            name: name.to_owned(),
            why: why.join("; "),
        }),
    }
}

/// The resolvers that a `resolv.conf` names.
fn named(text: &str) -> Vec<SocketAddr> {
    let addresses = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_resolver = words.next() == Some("nameserver");
        words.next().filter(|_| is_resolver)?.parse::<IpAddr>().ok()
    });
    let sockets = addresses.map(|address| SocketAddr::new(address, DNS));
    sockets.take(MAX_RESOLVERS).collect()
}

/// Why one resolver is of no use.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("no answer within {} s", WAIT.as_secs())]
    Late,
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Dns(#[from] DnsError),
}

async fn ask(resolver: SocketAddr, question: &[u8]) -> Result<Vec<Server>, AskError> {
    let by_datagram = timeout(WAIT, by_datagram(resolver, question)).await;
    match by_datagram.map_err(|_| AskError::Late)? {
        Err(AskError::Dns(DnsError::CutOff)) => {
            let by_stream = timeout(WAIT, by_stream(resolver, question)).await;
            by_stream.map_err(|_| AskError::Late)?
        }
        answered => answered,
    }
}

async fn by_datagram(resolver: SocketAddr, question: &[u8]) -> Result<Vec<Server>, AskError> {
    let here: IpAddr = match resolver {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((here, 0)).await?;
    // Nobody else's datagrams come in then.
    socket.connect(resolver).await?;
    socket.send(question).await?;
    let mut answer = vec![0; dns::MAX_MESSAGE];
    loop {
        let length = socket.recv(&mut answer).await?;
        match dns::servers(answer.get(..length).unwrap_or_default(), question) {
            // SECURITY: whoever guesses at answers does not end the waiting for the right one.
            Err(DnsError::Another | DnsError::Malformed) => {}
            answered => return Ok(answered?),
        }
    }
}

async fn by_stream(resolver: SocketAddr, question: &[u8]) -> Result<Vec<Server>, AskError> {
    let mut stream = TcpStream::connect(resolver).await?;
    let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
    stream
        .write_all(&[&length.to_be_bytes(), question].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(dns::servers(&answer, question)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    const NAME: &str = "_kerberos._tcp.contoso.com";

    /// The answer to a question: dc1, and that the rest was cut off where it was.
    fn answer(question: &[u8], is_cut_off: bool) -> Vec<u8> {
        let mut answer = question.to_vec();
        answer[2] = if is_cut_off { 0x83 } else { 0x81 };
        answer[3] = 0x80;
        answer[7] = u8::from(!is_cut_off);
        if !is_cut_off {
            let host = b"\x03dc1\x07contoso\x03com\0";
            answer.extend(b"\xc0\x0c\0\x21\0\x01\0\0\0\x3c\0");
            answer.push(u8::try_from(6 + host.len()).unwrap());
            answer.extend(b"\0\0\0\0\0\x58");
            answer.extend(host);
        }
        answer
    }

    /// What a resolver says by datagram.
    #[derive(Clone, Copy)]
    enum Says {
        All,
        Part,
        NonsenseFirst,
        Nothing,
        Refused,
        Nobody,
    }

    impl Says {
        fn to(self, question: &[u8]) -> Vec<Vec<u8>> {
            let with_flags = |flags: [u8; 2]| {
                let mut answer = answer(question, true);
                answer[2..4].copy_from_slice(&flags);
                vec![answer]
            };
            let of_another = || answer(&[&[1, 2], &question[2..]].concat(), false);
            match self {
                Self::All => vec![answer(question, false)],
                Self::Part => vec![answer(question, true)],
                Self::NonsenseFirst => vec![vec![0; 3], of_another(), answer(question, false)],
                Self::Nothing => Vec::new(),
                Self::Refused => with_flags([0x81, 0x85]),
                Self::Nobody => with_flags([0x81, 0x83]),
            }
        }
    }

    /// One that says this to every question, and all of it by stream.
    async fn resolver(says: Says) -> SocketAddr {
        let (socket, listener) = loop {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            // Another may have that port by stream.
            if let Ok(listener) = TcpListener::bind(socket.local_addr().unwrap()).await {
                break (socket, listener);
            }
        };
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                for message in says.to(&question[..length]) {
                    socket.send_to(&message, from).await.unwrap();
                }
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let length = stream.read_u16().await.unwrap();
                let mut question = vec![0; usize::from(length)];
                stream.read_exact(&mut question).await.unwrap();
                let answer = answer(&question, false);
                let length = u16::try_from(answer.len()).unwrap();
                let framed = [&length.to_be_bytes()[..], &answer].concat();
                stream.write_all(&framed).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn who_serves_is_told_by_datagram_or_by_stream_and_what_is_no_answer_is_passed_by() {
        for says in [Says::All, Says::Part, Says::NonsenseFirst] {
            let found = servers(&[resolver(says).await], NAME).await.unwrap();
            let found: Vec<_> = found.iter().map(|it| (it.host.as_str(), it.port)).collect();
            assert_eq!(found, [("dc1.contoso.com", 88)]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_resolver_is_asked_where_one_is_silent_or_refuses() {
        let silent = resolver(Says::Nothing).await;
        let refuses = resolver(Says::Refused).await;
        let knows = resolver(Says::All).await;
        assert!(servers(&[refuses, knows], NAME).await.is_ok());
        let error = servers(&[silent, refuses], NAME).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains("no answer within 2 s"), "{said}");
        assert!(said.contains("the error 5"), "{said}");
    }

    #[tokio::test]
    async fn where_nobody_serves_or_nobody_can_be_asked_it_is_said() {
        let knows_nobody = resolver(Says::Nobody).await;
        let error = servers(&[knows_nobody], NAME).await.unwrap_err();
        assert_eq!(error.to_string(), format!("DNS names nobody for `{NAME}`"));
        assert!(matches!(
            servers(&[], NAME).await,
            Err(LookupError::NoResolver)
        ));
        let anybody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let error = servers(&[anybody], "a..b").await.unwrap_err();
        assert!(matches!(error, LookupError::NoName(_)), "{error}");
    }

    #[test]
    fn the_resolvers_are_those_of_resolv_conf() {
        let text = "# a comment\nsearch contoso.com\nnameserver 10.0.0.53\nnameserver fd00::53\n\
                    nameserver x\nnameserver\noptions edns0\nnameserver 10.0.0.54\nnameserver 10.0.0.55\n";
        let shown: Vec<String> = named(text).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.53:53", "[fd00::53]:53", "10.0.0.54:53"]);
        assert!(named("").is_empty());
    }
}
