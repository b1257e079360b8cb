//! What Windows says of itself: the JSON that the script of `wicketgate script facts` writes, for the doctor.
//!
//! Read as PowerShell 5 writes it: UTF-8 or UTF-16 with a byte order mark, a list of one as the one, what
//! is not set as null. Fields that nobody knows are passed over; known ones that are not there are named
//! in [`Facts::missing`], so that silence about them proves nothing. Nothing is judged here. Start at
//! [`Facts::parse`].

mod ad;
mod exchange;
mod lync;
mod read;

pub use ad::{Account, Directory as ActiveDirectory};
pub use exchange::{Kind, Protection, VirtualDirectory};
pub use lync::{KerberosAccount, Lync, MobilityPolicy, Proxy, Service, WebService, WindowsAuth};

use crate::byte_order_mark;
use read::Reader;

/// Most bytes of a file.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most entries of one list.
pub const MAX_ENTRIES: usize = 10_000;
/// Most characters of one text.
pub const MAX_TEXT: usize = 4096;
/// Most absent fields that are named.
pub const MAX_MISSING: usize = 20;
/// What `format` says.
const FORMAT: &str = "wicketgate-facts";
/// What `version` says.
const VERSION: i64 = 1;

/// Why a file holds no facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// It is larger than [`MAX_BYTES`].
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is neither UTF-8 nor UTF-16 with its byte order mark.
    #[error("it is not text: UTF-8, or UTF-16 with its byte order mark, is read")]
    NotText,
    /// It is not JSON.
    #[error("it is not JSON: see line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is JSON of something else.
    #[error("it was not written by the script of `wicketgate script facts`")]
    NotFacts,
    /// It is of another version.
    #[error("it is of version {got}, and version {VERSION} is read: print the script anew")]
    Version {
        /// Its version.
        got: i64,
    },
    /// A value is of another kind.
    #[error("`{at}` is not {expected}")]
    WrongKind {
        /// Where it stands.
        at: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A list or a text is longer than anything that Windows has.
    #[error("`{at}` is too long")]
    TooLong {
        /// Where it stands.
        at: String,
    },
}

/// What one or several files say; a part that no file has is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The directories of Exchange.
    pub exchange: Option<Vec<VirtualDirectory>>,
    /// Lync's services and settings.
    pub lync: Option<Lync>,
    /// The accounts of Active Directory that matter to the gate.
    pub ad: Option<ActiveDirectory>,
    /// What the script could not read, in its own words.
    pub problems: Vec<String>,
    /// Known fields that are not there, such as `exchange.directories[0].path`; at most [`MAX_MISSING`].
    pub missing: Vec<String>,
}

impl Facts {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It holds no facts.
    pub fn parse(bytes: &[u8]) -> Result<Self, FactsError> {
        if bytes.len() > MAX_BYTES {
            return Err(FactsError::TooLarge);
        }
        let text = byte_order_mark::text(bytes).ok_or(FactsError::NotText)?;
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| FactsError::NotJson {
                line: error.line(),
                column: error.column(),
            })?;
        let object = value.as_object().ok_or(FactsError::NotFacts)?;
        if object.get("format").and_then(|it| it.as_str()) != Some(FORMAT) {
            return Err(FactsError::NotFacts);
        }
        let mut missing = Vec::new();
        let mut top = Reader::new(object, &mut missing);
        match top.number("version")? {
            Some(VERSION) => {}
            got => {
                return Err(FactsError::Version {
                    got: got.unwrap_or_default(),
                });
            }
        }
        let computer = top.text("computer")?;
        let written = top.number("written")?;
        let problems = top.texts("problems")?;
        let exchange = match top.part("exchange")? {
            Some(mut part) => Some(exchange::read(&mut part, computer.as_deref())?),
            None => None,
        };
        let lync = match top.part("lync")? {
            Some(mut part) => Some(Lync::read(&mut part)?),
            None => None,
        };
        let ad = match top.part("ad")? {
            Some(mut part) => Some(ActiveDirectory::read(&mut part, written)?),
            None => None,
        };
        Ok(Self {
            exchange,
            lync,
            ad,
            problems,
            missing,
        })
    }

    /// The facts of two files, each known once.
    ///
    /// Of a virtual directory that both know, the server's own word counts.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.exchange = both(self.exchange, other.exchange, exchange::merged);
        self.lync = both(self.lync, other.lync, Lync::merged);
        self.ad = both(self.ad, other.ad, ActiveDirectory::merged);
        self.problems.extend(other.problems);
        self.missing.extend(other.missing);
        self.missing.truncate(MAX_MISSING);
        self
    }
}

fn both<T>(one: Option<T>, other: Option<T>, merged: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(merged(one, other)),
        (one, other) => one.or(other),
    }
}

/// Adds what is not there yet.
fn add<T: PartialEq>(entries: &mut Vec<T>, more: Vec<T>) {
    for entry in more {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
}

#[cfg(test)]
mod tests;
