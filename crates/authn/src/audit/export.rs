//! A part of the trail as lines of JSON that can be checked alone: where it begins, every event with its hashes, where it
//! ends and a seal over both.
//!
//! An event's line ends with the text that is hashed, byte for byte, so that nobody need write it anew to check it. What the
//! seal is made with is the caller's: without it a file shows that it is whole, not that it is ours. Start at
//! [`Exported::line`].

use serde::{Deserialize, Serialize};

use super::chain::{Broken, Chain};
use crate::ports::ChainedEvent;

/// The version of the form.
const VERSION: u32 = 1;
/// The longest line that is read, in bytes.
pub const MAX_LINE: usize = 1_048_576;

/// An event's place in the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its number; 0 before the first.
    pub number: i64,
    /// Its hash; zeros before the first.
    pub hash: [u8; 32],
}

/// What the holder of the store's keys puts under a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The id of the key.
    pub key: String,
    /// The MAC over where the file begins and ends, in hexadecimal digits.
    pub mac: String,
}

/// A file that was read to its end, and is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Behind which event it begins.
    pub after: Place,
    /// With which it ends.
    pub end: Place,
    /// What its writer put under it; whoever has the keys checks it.
    pub seal: Seal,
}

/// A file is no export, or not the one that was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The first line does not say where it begins.
    #[error(
        "line 1: expected `{{\"wicketgate_audit\":{VERSION},\"after\":...}}`, which begins an export"
    )]
    NotAnExport,
    /// A line is not an event as it was written.
    #[error("line {line}: expected an event as it was exported, or the last line with the seal")]
    NotAnEvent {
        /// Which, from 1.
        line: u64,
    },
    /// A line is too long to be one of ours.
    #[error("line {line}: longer than {MAX_LINE} bytes")]
    TooLong {
        /// Which, from 1.
        line: u64,
    },
    /// An event does not follow the one before.
    #[error("line {line}: {broken}")]
    Broken {
        /// Which, from 1.
        line: u64,
        /// Where the chain breaks.
        broken: Broken,
    },
    /// The last line names another event as the last.
    #[error("line {line}: the file says that it ends at event {said}, and it does not")]
    WrongEnd {
        /// Which, from 1.
        line: u64,
        /// What it says.
        said: i64,
    },
    /// Something stands behind the last line.
    #[error("line {line}: something follows the seal")]
    BehindTheEnd {
        /// Which, from 1.
        line: u64,
    },
    /// The last line is not there.
    #[error("the file was cut off: the last line, with the seal, is missing")]
    NoEnd,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begins {
    wicketgate_audit: u32,
    after: WrittenPlace,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    end: WrittenPlace,
    seal: Seal,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlace {
    number: i64,
    hash: String,
}

/// The first line of an export, without its line feed.
#[must_use]
pub fn begins(after: &Place) -> String {
    let begins = Begins {
        wicketgate_audit: VERSION,
        after: after.written(),
    };
    serde_json::to_string(&begins).unwrap_or_default()
}

/// The line of an event.
#[must_use]
pub fn event(chained: &ChainedEvent) -> String {
    let (previous, hash) = (hex(&chained.previous), hex(&chained.hash));
    let (number, text) = (chained.number, &chained.text);
    format!(r#"{{"number":{number},"previous":"{previous}","hash":"{hash}","event":{text}}}"#)
}

/// The last line.
#[must_use]
pub fn ends(end: &Place, seal: &Seal) -> String {
    let ends = Ends {
        end: end.written(),
        seal: seal.clone(),
    };
    serde_json::to_string(&ends).unwrap_or_default()
}

/// An export that is read line by line.
#[derive(Debug, Default)]
pub struct Exported {
    lines: u64,
    after: Place,
    chain: Chain,
    end: Option<(Place, Seal)>,
}

impl Exported {
    /// Reads the next line, without its line feed.
    ///
    /// # Errors
    ///
    /// It is not what an export has there.
    pub fn line(&mut self, text: &str) -> Result<(), ExportError> {
        self.lines = self.lines.saturating_add(1);
        let line = self.lines;
        if text.len() > MAX_LINE {
            return Err(ExportError::TooLong { line });
        }
        if self.end.is_some() {
            return Err(ExportError::BehindTheEnd { line });
        }
        if line == 1 {
            self.after = begun(text).ok_or(ExportError::NotAnExport)?;
            self.chain = Chain::behind(self.after.number, self.after.hash);
            return Ok(());
        }
        if let Some(event) = Event::parse(text) {
            let Event {
                number,
                previous,
                hash,
                text,
            } = event;
            let extended = self.chain.extend_by(number, text, &previous, &hash);
            return extended.map_err(|broken| ExportError::Broken { line, broken });
        }
        let (end, seal) = ended(text).ok_or(ExportError::NotAnEvent { line })?;
        if end != self.reached() {
            let said = end.number;
            return Err(ExportError::WrongEnd { line, said });
        }
        self.end = Some((end, seal));
        Ok(())
    }

    /// Demands that nothing is missing.
    ///
    /// **Proves** that the events are linked from where the file begins to where it ends.
    ///
    /// **Trusts** that the file is of the store's own making: the seal says so to whoever has the keys.
    ///
    /// # Errors
    ///
    /// The last line was not there.
    pub fn finish(self) -> Result<Whole, ExportError> {
        let (end, seal) = self.end.ok_or(ExportError::NoEnd)?;
        Ok(Whole {
            after: self.after,
            end,
            seal,
        })
    }

    /// The event that was read last.
    #[must_use]
    pub fn reached(&self) -> Place {
        Place {
            number: self.chain.length(),
            hash: self.chain.head(),
        }
    }
}

impl Place {
    /// The hash in hexadecimal digits.
    #[must_use]
    pub fn hash_text(&self) -> String {
        hex(&self.hash)
    }

    fn written(&self) -> WrittenPlace {
        WrittenPlace {
            number: self.number,
            hash: self.hash_text(),
        }
    }
}

impl WrittenPlace {
    fn read(&self) -> Option<Place> {
        let hash = of_hex(&self.hash)?;
        let number = Some(self.number).filter(|number| *number >= 0)?;
        let is_nothing = hash == [0; 32];
        (is_nothing == (number == 0)).then_some(Place { number, hash })
    }
}

fn begun(text: &str) -> Option<Place> {
    let begins: Begins = serde_json::from_str(text).ok()?;
    (begins.wicketgate_audit == VERSION).then(|| begins.after.read())?
}

fn ended(text: &str) -> Option<(Place, Seal)> {
    let ends: Ends = serde_json::from_str(text).ok()?;
    Some((ends.end.read()?, ends.seal))
}

/// An event as its line has it.
struct Event<'t> {
    number: i64,
    previous: [u8; 32],
    hash: [u8; 32],
    text: &'t str,
}

impl<'t> Event<'t> {
    /// SECURITY: by the very bytes of the form, not as JSON, in which a second `event` could say something else than
    /// the one that is hashed.
    fn parse(line: &'t str) -> Option<Self> {
        let rest = line.strip_prefix(r#"{"number":"#)?;
        let (number, rest) = rest.split_once(r#","previous":""#)?;
        let (previous, rest) = rest.split_once(r#"","hash":""#)?;
        let (hash, rest) = rest.split_once(r#"","event":"#)?;
        let text = rest.strip_suffix('}')?;
        let is_object = text.starts_with('{') && text.ends_with('}');
        let is_json = is_object && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| digits && is_json)?;
        Some(Self {
            number,
            previous: of_hex(previous)?,
            hash: of_hex(hash)?,
            text,
        })
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 64 lower-case hexadecimal digits.
fn of_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a' - 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (digit(high)? << 4) | digit(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
