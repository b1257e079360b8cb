//! One conversation with one domain controller, or a directory of another kind: TLS, its name verified, a simple bind, searches, changes.
//!
//! Every step ends by itself in time. Referrals are not followed: whoever they name was not chosen here.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ldap3::{
    LdapConnAsync, LdapConnSettings, LdapResult, Mod, Scope, SearchEntry, SearchOptions, StdStream,
};
use proto::secret::Secret;
use rustls::ClientConfig;
use tokio::task::JoinSet;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::entry::{Domain, Entry};
use super::filter::Filter;
use super::metered::Metered;
use crate::config::settings::attribute_stores::LdapTls;

/// How long it may take until a connection stands, TLS included.
const CONNECT: Duration = Duration::from_secs(3);
/// How long each operation may take.
const OPERATION: Duration = Duration::from_secs(5);
/// LDAP over TLS.
pub(crate) const LDAPS: u16 = 636;
/// A global catalog over TLS.
pub(crate) const GLOBAL_CATALOG: u16 = 3269;

/// It says more than is taken.
const TOO_MANY: SessionError = SessionError::TooMuch("is taken of bytes");
/// Result codes (RFC 4511 A.1).
const SIZE_LIMIT_EXCEEDED: u32 = 4;
const REFERRAL: u32 = 10;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_CREDENTIALS: u32 = 49;
const INSUFFICIENT_ACCESS_RIGHTS: u32 = 50;

/// Why a controller did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// No connection, or none that is who it should be.
    #[error("no connection: {0}")]
    Connect(String),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// Account or password are not what it knows.
    #[error(
        "the account or its password is refused; `wicketgate directory set-password` sets it anew"
    )]
    Refused,
    /// It does not write what it was asked to write.
    #[error("the change ended with {code}: {text}")]
    Declined {
        /// The result code (RFC 4511 A.1).
        code: u32,
        /// What it says to that; it begins with a number of Windows.
        text: String,
    },
    /// It has more than is taken.
    #[error("it has more than {0}")]
    TooMuch(&'static str),
    /// It says something else.
    #[error("{0}")]
    Other(String),
}

/// By what a controller is asked.
pub(crate) struct Reader<'a> {
    /// The TLS side of it.
    pub(crate) tls: &'a Arc<ClientConfig>,
    /// How that begins.
    pub(crate) begins: LdapTls,
    /// Who signs in.
    pub(crate) account: &'a str,
    /// By what.
    pub(crate) password: &'a Secret<String>,
    /// How many bytes may come from it in all; none is said where it is trusted with everything.
    pub(crate) most: Option<u64>,
}

/// A bound connection.
pub(crate) struct Session {
    line: Line,
    metered: Option<Metered>,
    /// Ended with it.
    _driving: JoinSet<()>,
}

/// Where a connection is asked, by several at a time: the answers are told apart by their numbers (RFC 4511 4.1.1.1).
#[derive(Clone)]
pub(super) struct Line(ldap3::Ldap);

/// What a controller says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    /// Its domain.
    pub(crate) domain: Domain,
    /// Where that begins.
    pub(crate) base: String,
}

/// What is searched for by somebody else's words, and how much may come of it.
pub(super) struct Wanted<'a> {
    /// From where.
    pub(super) base: &'a str,
    /// How deep.
    pub(super) scope: Scope,
    /// For what.
    pub(super) filter: &'a str,
    /// Which attributes.
    pub(super) attributes: &'a [String],
    /// How many entries.
    pub(super) entries: usize,
    /// How many bytes of values.
    pub(super) bytes: usize,
}

/// Where and what to search.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    /// From where.
    pub(crate) base: &'a str,
    /// How deep.
    pub(crate) scope: Scope,
    /// For what.
    pub(crate) filter: &'a Filter,
    /// Which attributes.
    pub(crate) attributes: &'a [&'a str],
    /// How many entries are enough; all of them are needed where it is left out.
    pub(crate) enough: Option<i32>,
}

impl Session {
    /// Connects and signs in.
    ///
    /// # Errors
    ///
    /// The controller is not there, not who it should be, too slow, or refuses the account.
    pub(crate) async fn open(
        (host, port): (&str, u16),
        reader: &Reader<'_>,
    ) -> Result<Self, SessionError> {
        // SECURITY: a simple bind without a password succeeds, as nobody (RFC 4513 5.1.2).
        if reader.password.expose().is_empty() || reader.account.is_empty() {
            return Err(SessionError::Refused);
        }
        let mut driving = JoinSet::new();
        let metered = match reader.most {
            Some(most) => {
                let connecting = Metered::connect((host, port), most, &mut driving);
                let connected = timeout(CONNECT, connecting).await;
                let connected = connected.map_err(|_| SessionError::Late(CONNECT))?;
                Some(connected.map_err(|error| SessionError::Connect(error.to_string()))?)
            }
            None => None,
        };
        let (metered, stream) = metered.unzip();
        let settings = match stream {
            Some(stream) => LdapConnSettings::new().set_std_stream(StdStream::Tcp(stream)),
            None => LdapConnSettings::new(),
        };
        let settings = settings
            .set_conn_timeout(CONNECT)
            .set_config(Arc::clone(reader.tls))
            .set_starttls(reader.begins == LdapTls::Started);
        let scheme = match reader.begins {
            LdapTls::AtOnce => "ldaps",
            LdapTls::Started => "ldap",
        };
        let url = match host.contains(':') {
            true => format!("{scheme}://[{host}]:{port}"),
            false => format!("{scheme}://{host}:{port}"),
        };
        let connecting = timeout(CONNECT, LdapConnAsync::with_settings(settings, &url));
        let (connection, mut ldap) = match connecting.await {
            Ok(Ok(connected)) => connected,
            Ok(Err(ldap3::LdapError::Timeout { .. })) | Err(_) => {
                return Err(SessionError::Late(CONNECT));
            }
            Ok(Err(_)) if metered.as_ref().is_some_and(Metered::is_over) => return Err(TOO_MANY),
            Ok(Err(error)) => return Err(SessionError::Connect(error.to_string())),
        };
        driving.spawn(async move {
            // How it ends is told to whoever waits for an answer.
            let _ = connection.drive().await;
        });
        let binding = ldap.simple_bind(reader.account, reader.password.expose());
        let bound = timeout(OPERATION, binding).await;
        let bound = bound.map_err(|_| SessionError::Late(OPERATION))?;
        let bound = bound.map_err(|error| SessionError::Other(error.to_string()))?;
        match bound.rc {
            0 => Ok(Self {
                line: Line(ldap),
                metered,
                _driving: driving,
            }),
            INVALID_CREDENTIALS => Err(SessionError::Refused),
            code => Err(SessionError::Other(format!(
                "the bind ended with {code}: {}",
                bound.text
            ))),
        }
    }

    /// Asks what domain the controller is of.
    ///
    /// # Errors
    ///
    /// It does not say.
    pub(crate) async fn root(&mut self) -> Result<Root, SessionError> {
        let missing = |what: &str| SessionError::Other(format!("it does not say its {what}"));
        let attributes = ["defaultNamingContext", "configurationNamingContext"];
        let anything = Filter::Present("objectClass");
        let found = self.search(Search {
            base: "",
            scope: Scope::Base,
            filter: &anything,
            attributes: &attributes,
            enough: None,
        });
        let root = found.await?.into_iter().next();
        let (_, root) = root.ok_or_else(|| missing("naming contexts"))?;
        let [Some(base), Some(configuration)] = attributes.map(|name| root.text(name)) else {
            return Err(missing("naming contexts"));
        };
        let attributes = ["nETBIOSName", "dnsRoot"];
        let filter = Filter::All(vec![
            Filter::is("objectClass", "crossRef"),
            Filter::is("nCName", base),
        ]);
        let partitions = format!("CN=Partitions,{configuration}");
        let found = self.search(Search {
            base: &partitions,
            scope: Scope::OneLevel,
            filter: &filter,
            attributes: &attributes,
            enough: None,
        });
        let partition = found.await?.into_iter().next();
        let (_, partition) = partition.ok_or_else(|| missing("domain"))?;
        let [Some(netbios), Some(dns)] = attributes.map(|name| partition.text(name)) else {
            return Err(missing("domain"));
        };
        Ok(Root {
            domain: Domain {
                netbios: netbios.to_owned(),
                dns: dns.to_ascii_lowercase(),
            },
            base: base.to_owned(),
        })
    }

    /// As [`Line::search`].
    ///
    /// # Errors
    ///
    /// As [`Line::search`].
    pub(crate) async fn search(
        &mut self,
        search: Search<'_>,
    ) -> Result<Vec<(String, Entry)>, SessionError> {
        self.line.search(search).await
    }

    /// Where it is asked beside whoever else asks.
    pub(super) fn line(&self) -> Line {
        self.line.clone()
    }

    /// As [`Line::whole`], within what may come by the connection.
    ///
    /// # Errors
    ///
    /// As [`Line::whole`].
    pub(super) async fn whole(
        &self,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<SearchEntry>, SessionError> {
        let whole = self.line.whole(wanted).await;
        match &self.metered {
            Some(metered) if whole.is_err() && metered.is_over() => Err(TOO_MANY),
            _ => whole,
        }
    }

    /// Makes an entry, whole or not at all.
    ///
    /// # Errors
    ///
    /// The controller does not write it, or takes too long: then it may have written it.
    pub(crate) async fn add(
        &mut self,
        dn: &str,
        attributes: &[(&str, Vec<Vec<u8>>)],
    ) -> Result<(), SessionError> {
        let attributes = attributes.iter().map(|(name, values)| {
            let values = values.iter().cloned().collect::<HashSet<_>>();
            (name.as_bytes().to_vec(), values)
        });
        let adding = self.line.0.add(dn, attributes.collect());
        written(timeout(OPERATION, adding).await)
    }

    /// Takes one value of an attribute away and puts another in its place, both or neither.
    ///
    /// # Errors
    ///
    /// As [`Session::add`].
    pub(crate) async fn exchange(
        &mut self,
        (dn, attribute): (&str, &str),
        old: &[u8],
        new: &[u8],
    ) -> Result<(), SessionError> {
        let one = |value: &[u8]| HashSet::from([value.to_vec()]);
        let name = attribute.as_bytes().to_vec();
        let changes = vec![
            Mod::Delete(name.clone(), one(old)),
            Mod::Add(name, one(new)),
        ];
        let changing = self.line.0.modify(dn, changes);
        written(timeout(OPERATION, changing).await)
    }
}

impl Line {
    /// Searches; gives each entry with its DN.
    ///
    /// # Errors
    ///
    /// The base is not there, it takes too long, not all that are needed came, or the controller says
    /// something else.
    pub(super) async fn search(
        &self,
        search: Search<'_>,
    ) -> Result<Vec<(String, Entry)>, SessionError> {
        let options = SearchOptions::new().sizelimit(search.enough.unwrap_or(0));
        let filter = search.filter.to_string();
        let mut asked = self.0.clone();
        let ldap = asked.with_search_options(options);
        let searching = ldap.search(search.base, search.scope, &filter, search.attributes);
        let found = timeout(OPERATION, searching).await;
        let found = found.map_err(|_| SessionError::Late(OPERATION))?;
        let found = found.map_err(|error| SessionError::Other(error.to_string()))?;
        let ldap3::SearchResult(entries, result) = found;
        match result.rc {
            0 => {}
            SIZE_LIMIT_EXCEEDED if search.enough.is_some() => {}
            NO_SUCH_OBJECT | REFERRAL => {
                let message = format!("there is no `{}` here", search.base);
                return Err(SessionError::Other(message));
            }
            code => {
                let message = format!("a search ended with {code}: {}", result.text);
                return Err(SessionError::Other(message));
            }
        }
        let entries = entries
            .into_iter()
            .filter(|it| !it.is_ref() && !it.is_intermediate());
        let entries = entries.map(SearchEntry::construct);
        let read = |entry: SearchEntry| (entry.dn.clone(), Entry::of(entry, search.attributes));
        Ok(entries.map(read).collect())
    }
}

impl Line {
    /// Searches, and takes all of the answer or nothing; how long that takes is for whoever asks to say.
    ///
    /// # Errors
    ///
    /// The base is not there, there is more than may come, or the directory says something else.
    async fn whole(&self, wanted: &Wanted<'_>) -> Result<Vec<SearchEntry>, SessionError> {
        let other = |error: ldap3::LdapError| SessionError::Other(error.to_string());
        // One more than may come is asked for, so that too many are told from just enough.
        let limit = i32::try_from(wanted.entries).unwrap_or(i32::MAX);
        let options = SearchOptions::new().sizelimit(limit.saturating_add(1));
        let mut asked = self.0.clone();
        let asked = asked.with_search_options(options);
        let attributes: Vec<&str> = wanted.attributes.iter().map(String::as_str).collect();
        let searching =
            asked.streaming_search(wanted.base, wanted.scope, wanted.filter, attributes);
        let mut stream = searching.await.map_err(other)?;
        let (mut entries, mut bytes) = (Vec::new(), 0_usize);
        while let Some(came) = stream.next().await.map_err(other)? {
            if came.is_ref() || came.is_intermediate() {
                continue;
            }
            let entry = SearchEntry::construct(came);
            let texts = entry.attrs.values().flatten().map(String::len);
            let octets = entry.bin_attrs.values().flatten().map(Vec::len);
            bytes = bytes.saturating_add(texts.chain(octets).sum());
            entries.push(entry);
            if entries.len() > wanted.entries {
                return Err(SessionError::TooMuch("is taken of entries"));
            }
            if bytes > wanted.bytes {
                return Err(TOO_MANY);
            }
        }
        let result = stream.finish().await;
        match result.rc {
            0 => Ok(entries),
            SIZE_LIMIT_EXCEEDED => Err(SessionError::TooMuch("it gives")),
            NO_SUCH_OBJECT | REFERRAL => {
                let message = format!("there is no `{}` there: look at its `base`", wanted.base);
                Err(SessionError::Other(message))
            }
            INSUFFICIENT_ACCESS_RIGHTS => {
                let message = format!("its `bind_dn` may not read `{}`", wanted.base);
                Err(SessionError::Other(message))
            }
            code => {
                let message = format!("its search ended with {code}: {}", result.text);
                Err(SessionError::Other(message))
            }
        }
    }
}

fn written(result: Result<ldap3::result::Result<LdapResult>, Elapsed>) -> Result<(), SessionError> {
    let result = result.map_err(|_| SessionError::Late(OPERATION))?;
    let result = result.map_err(|error| SessionError::Other(error.to_string()))?;
    match result.rc {
        0 => Ok(()),
        code => Err(SessionError::Declined {
            code,
            text: result.text,
        }),
    }
}
