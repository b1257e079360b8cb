//! HTTP/2 frame by frame (RFC 9113), for what no honest client would send and for what a client that
//! sends it sees: nothing is held back here, and windows are the story's own affair.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::ClientConfig;

use crate::raw::Raw;

/// How every connection begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames.
pub mod kind {
    /// DATA.
    pub const DATA: u8 = 0;
    /// HEADERS, of a head or of trailers.
    pub const HEADERS: u8 = 1;
    /// `RST_STREAM`.
    pub const RESET: u8 = 3;
    /// SETTINGS.
    pub const SETTINGS: u8 = 4;
    /// PING.
    pub const PING: u8 = 6;
    /// GOAWAY.
    pub const GOAWAY: u8 = 7;
    /// `WINDOW_UPDATE`.
    pub const WINDOW: u8 = 8;
}

/// Settings.
pub mod setting {
    /// `SETTINGS_HEADER_TABLE_SIZE`.
    pub const TABLE: u16 = 1;
    /// `SETTINGS_MAX_CONCURRENT_STREAMS`.
    pub const STREAMS: u16 = 3;
    /// `SETTINGS_INITIAL_WINDOW_SIZE`.
    pub const WINDOW: u16 = 4;
    /// `SETTINGS_MAX_HEADER_LIST_SIZE`.
    pub const HEAD: u16 = 6;
}

const ENDS_STREAM: u8 = 1;
const ENDS_HEAD: u8 = 4;
const IS_ACK: u8 = 1;
/// The window that everything begins with.
const WINDOW: u32 = 65_535;
/// The longest payload that may be sent unasked.
const FRAME: usize = 16_384;

/// A connection of frames.
#[derive(Debug)]
pub struct Frames {
    raw: Raw,
    next: u32,
    /// What the gate announced.
    pub settings: BTreeMap<u16, u32>,
    /// What may be sent of bodies; of everything under 0.
    pub windows: BTreeMap<u32, u32>,
    answers: BTreeMap<u32, Streamed>,
    pings: usize,
    /// Whether the gate said that it takes no further streams.
    pub is_going_away: bool,
}

/// What has come of a stream.
#[derive(Clone, Debug, Default)]
pub struct Streamed {
    /// The status, once it is there.
    pub status: Option<u16>,
    /// The body so far.
    pub body: Vec<u8>,
    /// How many heads and trailers came.
    pub heads: usize,
    /// Whether the answer is there to its end.
    pub is_ended: bool,
    /// The code with which the gate broke the stream off.
    pub reset: Option<u32>,
}

impl Frames {
    /// Connects to a host of a gate and says which settings the client has.
    ///
    /// # Errors
    ///
    /// The gate does not speak HTTP/2 there.
    pub fn connect(
        gate: SocketAddr,
        tls: &Arc<ClientConfig>,
        host: &str,
        settings: &[(u16, u32)],
    ) -> anyhow::Result<Self> {
        Self::on(Raw::connect_to(gate, tls, host)?, settings)
    }

    /// Begins on a connection on which nothing was said.
    ///
    /// # Errors
    ///
    /// The gate does not speak HTTP/2 there.
    pub fn on(mut raw: Raw, settings: &[(u16, u32)]) -> anyhow::Result<Self> {
        ensure!(raw.protocol() == Some(b"h2"), "the gate does not offer it");
        raw.send(PREFACE)?;
        let mut frames = Self {
            raw,
            next: 1,
            settings: BTreeMap::new(),
            windows: BTreeMap::from([(0, WINDOW)]),
            answers: BTreeMap::new(),
            pings: 0,
            is_going_away: false,
        };
        // Without a table every status comes as it is.
        let mut payload = Vec::new();
        for (name, value) in [(setting::TABLE, 0)].iter().chain(settings) {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        frames.send(kind::SETTINGS, 0, 0, &payload)?;
        while frames.settings.is_empty() {
            frames.read()?;
        }
        Ok(frames)
    }

    /// The connection below.
    #[must_use]
    pub fn raw(&mut self) -> &mut Raw {
        &mut self.raw
    }

    /// Sends a frame as it is.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> anyhow::Result<()> {
        let length = u32::try_from(payload.len())?.to_be_bytes();
        let mut frame = length.get(1..).unwrap_or_default().to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.raw.send(frame)
    }

    /// Opens a stream with a head; `is_whole` where no body follows.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn open(&mut self, head: &[(String, String)], is_whole: bool) -> anyhow::Result<u32> {
        self.open_packed(&packed(head), is_whole)
    }

    /// The same with a head that is packed already.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn open_packed(&mut self, head: &[u8], is_whole: bool) -> anyhow::Result<u32> {
        let stream = self.next;
        self.next += 2;
        let window = self.settings.get(&setting::WINDOW).copied();
        self.windows.insert(stream, window.unwrap_or(WINDOW));
        self.answers.insert(stream, Streamed::default());
        let ends = if is_whole { ENDS_STREAM } else { 0 };
        self.send(kind::HEADERS, ends | ENDS_HEAD, stream, head)?;
        Ok(stream)
    }

    /// Sends trailers, which end a stream.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn trailers(&mut self, stream: u32, lines: &[(String, String)]) -> anyhow::Result<()> {
        let flags = ENDS_STREAM | ENDS_HEAD;
        self.send(kind::HEADERS, flags, stream, &packed(lines))
    }

    /// Sends a part of a body, whatever the windows say.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn data(&mut self, stream: u32, part: &[u8], is_last: bool) -> anyhow::Result<()> {
        let ends = if is_last { ENDS_STREAM } else { 0 };
        self.send(kind::DATA, ends, stream, part)
    }

    /// Sends as much of a body as the windows allow; gives how much that was.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn upload(&mut self, stream: u32, rest: &[u8]) -> anyhow::Result<usize> {
        let mut sent = 0;
        while let Some(left) = rest.get(sent..).filter(|left| !left.is_empty()) {
            let window = |of| self.windows.get(&of).copied().unwrap_or_default();
            let allowed = usize::try_from(window(stream).min(window(0)))?;
            let part = left.len().min(allowed).min(FRAME);
            if part == 0 {
                break;
            }
            for of in [0, stream] {
                let window = self.windows.entry(of).or_default();
                *window = window.saturating_sub(u32::try_from(part)?);
            }
            let is_last = part == left.len();
            self.data(stream, left.get(..part).unwrap_or_default(), is_last)?;
            sent += part;
        }
        Ok(sent)
    }

    /// Lets the gate send so much more, of a stream or (0) of everything.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn allow(&mut self, stream: u32, more: u32) -> anyhow::Result<()> {
        self.send(kind::WINDOW, 0, stream, &more.to_be_bytes())
    }

    /// Breaks a stream off.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn reset(&mut self, stream: u32) -> anyhow::Result<()> {
        self.reset_by(stream, 8)
    }

    /// The same with a code of RFC 9113 7.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn reset_by(&mut self, stream: u32, code: u32) -> anyhow::Result<()> {
        self.send(kind::RESET, 0, stream, &code.to_be_bytes())
    }

    /// Waits until the gate has read everything up to here.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn ping(&mut self) -> anyhow::Result<()> {
        let before = self.pings;
        self.send(kind::PING, 0, 0, b"untilnow")?;
        while self.pings == before {
            self.read()?;
        }
        Ok(())
    }

    /// What has come of a stream.
    #[must_use]
    pub fn streamed(&self, stream: u32) -> Streamed {
        self.answers.get(&stream).cloned().unwrap_or_default()
    }

    /// Reads until a stream is over, one way or the other.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn ended(&mut self, stream: u32) -> anyhow::Result<Streamed> {
        loop {
            let streamed = self.streamed(stream);
            if streamed.is_ended || streamed.reset.is_some() {
                return Ok(streamed);
            }
            self.read().with_context(|| format!("{streamed:?}"))?;
        }
    }

    /// Reads until so much of an answer's body is there.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn part(&mut self, stream: u32, length: usize) -> anyhow::Result<Streamed> {
        while self.streamed(stream).body.len() < length {
            self.read()?;
        }
        Ok(self.streamed(stream))
    }

    /// Reads until the gate ends the connection.
    ///
    /// # Errors
    ///
    /// It neither ends it nor sends anything in time.
    pub fn closed(&mut self) -> anyhow::Result<()> {
        while !self.raw.is_closed()? {
            self.read()?;
        }
        Ok(())
    }

    /// Reads the next frame and does what every client does with it.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn read(&mut self) -> anyhow::Result<()> {
        let head = self.raw.bytes(9)?;
        let [a, b, c, kind, flags, stream @ ..] = <[u8; 9]>::try_from(head.as_slice())?;
        let payload = self
            .raw
            .bytes(usize::try_from(u32::from_be_bytes([0, a, b, c]))?)?;
        let stream = u32::from_be_bytes(stream);
        let ends = flags & ENDS_STREAM != 0;
        let answer = self.answers.entry(stream).or_default();
        match kind {
            kind::HEADERS => {
                answer.status = answer.status.or(status(&payload));
                answer.heads += 1;
                answer.is_ended |= ends;
            }
            kind::DATA => {
                answer.body.extend(&payload);
                answer.is_ended |= ends;
            }
            kind::RESET => answer.reset = Some(number(&payload)?),
            kind::SETTINGS if flags & IS_ACK == 0 => {
                for setting in payload.chunks_exact(6) {
                    let (name, value) = setting.split_at(2);
                    let name = u16::from_be_bytes(name.try_into()?);
                    self.settings.insert(name, number(value)?);
                }
                self.send(kind::SETTINGS, IS_ACK, 0, &[])?;
            }
            kind::PING if flags & IS_ACK == 0 => self.send(kind::PING, IS_ACK, 0, &payload)?,
            kind::PING => self.pings += 1,
            kind::GOAWAY => self.is_going_away = true,
            kind::WINDOW => *self.windows.entry(stream).or_default() += number(&payload)?,
            _ => {}
        }
        Ok(())
    }
}

/// The head of a request to a host, to which lines may be added.
#[must_use]
pub fn head(host: &str, method: &str, path: &str) -> Vec<(String, String)> {
    [
        (":method", method),
        (":scheme", "https"),
        (":authority", host),
        (":path", path),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// A head with one more line, whose name is in lower case on streams.
#[must_use]
pub fn with(head: &[(String, String)], line: &str) -> Vec<(String, String)> {
    let (name, value) = line.split_once(": ").unwrap_or((line, ""));
    let mut head = head.to_vec();
    head.push((name.to_ascii_lowercase(), value.to_owned()));
    head
}

/// A head as one writes it, without a line that has to do with another (RFC 7541 6.2.2).
#[must_use]
pub fn packed(lines: &[(String, String)]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in lines {
        head.push(0);
        for text in [name, value] {
            head.extend(length(text.len(), 0x7f, 0));
            head.extend(text.as_bytes());
        }
    }
    head
}

/// A number as heads are packed with (RFC 7541 5.1).
fn length(number: usize, most: usize, flags: u8) -> Vec<u8> {
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    if number < most {
        return vec![flags | byte(number)];
    }
    let mut bytes = vec![flags | byte(most)];
    let mut rest = number - most;
    while rest >= 128 {
        bytes.push(byte(rest % 128 + 128));
        rest /= 128;
    }
    bytes.push(byte(rest));
    bytes
}

fn number(bytes: &[u8]) -> anyhow::Result<u32> {
    let four = bytes.get(..4).context("a number of four bytes")?;
    Ok(u32::from_be_bytes(four.try_into()?))
}

/// The status, with which every head of an answer begins: in a static line or in Huffman's code.
fn status(head: &[u8]) -> Option<u16> {
    // A change of the table's size stands before.
    let start = head.iter().position(|byte| byte & 0xe0 != 0x20)?;
    match head.get(start..)? {
        [0x88, ..] => Some(200),
        [0x89, ..] => Some(204),
        [0x8a, ..] => Some(206),
        [0x8b, ..] => Some(304),
        [0x8c, ..] => Some(400),
        [0x8d, ..] => Some(404),
        [0x8e, ..] => Some(500),
        [0x08 | 0x18 | 0x48, 0x03, digits @ ..] => {
            std::str::from_utf8(digits.get(..3)?).ok()?.parse().ok()
        }
        [0x08 | 0x18 | 0x48, coded, digits @ ..] => {
            let count = usize::from(coded & 0x7f);
            huffman(digits.get(..count)?)
        }
        _ => None,
    }
}

/// Three digits: `0` to `2` are five bits each, `3` to `9` six, which begin at 25 (RFC 7541 B).
fn huffman(bytes: &[u8]) -> Option<u16> {
    let bits = bytes
        .iter()
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let mut left = bytes.len() * 8;
    let mut number = 0;
    for _ in 0..3 {
        let five = bits >> left.checked_sub(5)? & 31;
        let (digit, length) = match five {
            0..=2 => (five, 5),
            _ => ((bits >> left.checked_sub(6)? & 63).checked_sub(22)?, 6),
        };
        left -= length;
        number = number * 10 + u16::try_from(digit).ok()?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7541_c_6_1_a_status_in_huffman_s_code() {
        assert_eq!(status(&[0x48, 0x82, 0x64, 0x02]), Some(302));
        assert_eq!(status(&[0x20, 0x48, 0x83, 0x64, 0x0e, 0xff]), Some(307));
        assert_eq!(status(&[0x3f, 0xe1, 0x1f, 0x88]), None);
        assert_eq!(status(&[0x88]), Some(200));
    }

    #[test]
    fn rfc_7541_c_1_2_numbers() {
        assert_eq!(length(1337, 31, 0), [31, 154, 10]);
        assert_eq!(length(10, 31, 0), [10]);
    }
}
