//! A second reader of what a client sends: where each head ends, and whether everybody would agree
//! (RFC 9112 2.2, 5.1, 6; T-HTTP-1 to T-HTTP-3).
//!
//! hyper forgives before anybody can see it: it drops a Content-Length beside a Transfer-Encoding, a
//! repeated one, and takes bare line feeds. This reads the same bytes and keeps what it forgets. It
//! can only refuse; where the two do not agree where a request begins, there is no judgement to be
//! had, and the connection ends. Start at [`Framing::read`].

use std::collections::VecDeque;

use super::limits;

/// Why a request's framing is in doubt; the connection ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FramingDoubt {
    /// A line ends without a carriage return.
    #[error("a line of the head ends with a bare line feed")]
    BareLineFeed,
    /// A header goes on on a second line, has no colon or a space before it.
    #[error("a header line is malformed")]
    Line,
    /// No Host, or more than one.
    #[error("a request needs exactly one Host")]
    Host,
    /// More than one Content-Length, or one beside a Transfer-Encoding.
    #[error("the length is told in two ways")]
    TwoLengths,
    /// A Content-Length that is not one plain number.
    #[error("the Content-Length is not a number")]
    ContentLength,
    /// A Transfer-Encoding that is not exactly `chunked`, or more than one.
    #[error("the Transfer-Encoding is not `chunked`")]
    TransferEncoding,
    /// More header lines than a head may have.
    #[error("the head has too many lines")]
    Lines,
    /// The request begins where this reader saw none begin.
    #[error("the request begins where no request should")]
    OutOfStep,
}

/// Where the reader stands in one client's bytes.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    state: State,
    head: Vec<u8>,
    judged: VecDeque<Result<(), FramingDoubt>>,
}

#[derive(Debug, Default)]
enum State {
    /// Between two requests; empty lines are skipped (RFC 9112 2.2).
    #[default]
    Between,
    /// In a head.
    Head,
    /// In a body with so many bytes left.
    Body(u64),
    /// In a chunk's size or its extension.
    ChunkSize {
        size: u64,
        digits: u8,
        is_extension: bool,
    },
    /// After the carriage return of a chunk's size.
    ChunkSizeEnd(u64),
    /// In a chunk's data, its line end counted in.
    Chunk(u64),
    /// In the trailers, with so many bytes in the line.
    Trailers(u64),
    /// Nothing can be said about what follows.
    Lost,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Sized(u64),
    Chunked,
}

impl Framing {
    /// Nothing is to be read of what follows: it is another protocol's.
    pub(crate) fn give_over(&mut self) {
        self.head = Vec::new();
        self.state = State::Lost;
    }

    /// Reads what the client sent next.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        while let Some(rest) = self.step(bytes) {
            bytes = rest;
        }
    }

    /// The judgement on the next request's head.
    ///
    /// # Errors
    ///
    /// Its framing is in doubt.
    pub(crate) fn judgement(&mut self) -> Result<(), FramingDoubt> {
        self.judged
            .pop_front()
            .unwrap_or(Err(FramingDoubt::OutOfStep))
    }

    /// Whether a head has begun and not ended.
    pub(crate) fn is_in_head(&self) -> bool {
        matches!(self.state, State::Head)
    }

    /// Whether no part of a request is outstanding.
    pub(crate) fn is_between(&self) -> bool {
        matches!(self.state, State::Between)
    }

    /// Reads a little; `None` where nothing is left to read.
    fn step<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (first, rest) = bytes.split_first()?;
        match self.state {
            State::Between if matches!(first, b'\r' | b'\n') => Some(rest),
            State::Between => {
                self.head.clear();
                self.state = State::Head;
                Some(bytes)
            }
            State::Head => Some(self.head_line(bytes)),
            State::Body(left) | State::Chunk(left) => Some(self.skip(left, bytes)),
            State::ChunkSize { .. } | State::ChunkSizeEnd(_) | State::Trailers(_) => {
                self.state = self.chunk_byte(*first);
                Some(rest)
            }
            State::Lost => None,
        }
    }

    /// Takes bytes up to the end of a line; an empty line ends the head.
    fn head_line<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1);
        let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        self.head.extend_from_slice(line);
        if self.head.len() > limits::BUFFER_BYTES {
            // hyper answers 431 to this by itself.
            self.state = State::Lost;
        } else if self.head.ends_with(b"\n\r\n") || self.head.ends_with(b"\n\n") {
            let judged = judge(&self.head);
            self.judged.push_back(judged.map(drop));
            self.state = match judged {
                Ok(Body::Sized(0)) => State::Between,
                Ok(Body::Sized(length)) => State::Body(length),
                Ok(Body::Chunked) => State::CHUNK,
                Err(_) => State::Lost,
            };
        }
        rest
    }

    fn skip<'b>(&mut self, left: u64, bytes: &'b [u8]) -> &'b [u8] {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let is_chunk = matches!(self.state, State::Chunk(_));
        if length < left {
            let left = left - length;
            self.state = if is_chunk {
                State::Chunk(left)
            } else {
                State::Body(left)
            };
            return &[];
        }
        self.state = if is_chunk {
            State::CHUNK
        } else {
            State::Between
        };
        let taken = usize::try_from(left).unwrap_or(bytes.len());
        bytes.get(taken..).unwrap_or_default()
    }

    fn chunk_byte(&self, byte: u8) -> State {
        match self.state {
            State::ChunkSize {
                size,
                digits,
                is_extension,
            } => chunk_size_byte((size, digits, is_extension), byte),
            State::ChunkSizeEnd(0) if byte == b'\n' => State::Trailers(0),
            State::ChunkSizeEnd(size) if byte == b'\n' => State::Chunk(size.saturating_add(2)),
            State::Trailers(0) if byte == b'\n' => State::Between,
            State::Trailers(_) if byte == b'\n' => State::Trailers(0),
            State::Trailers(length) if byte == b'\r' => State::Trailers(length),
            State::Trailers(length) => State::Trailers(length.saturating_add(1)),
            _ => State::Lost,
        }
    }
}

impl State {
    /// The beginning of a chunk.
    const CHUNK: Self = Self::ChunkSize {
        size: 0,
        digits: 0,
        is_extension: false,
    };
}

fn chunk_size_byte((size, digits, is_extension): (u64, u8, bool), byte: u8) -> State {
    let digit = char::from(byte).to_digit(16).filter(|_| !is_extension);
    match (byte, digit) {
        (_, Some(digit)) if digits < 16 => State::ChunkSize {
            size: size << 4 | u64::from(digit),
            digits: digits + 1,
            is_extension,
        },
        (b'\r', None) if digits > 0 => State::ChunkSizeEnd(size),
        (b'\n', None) => State::Lost,
        (b';' | b' ' | b'\t', None) if digits > 0 => State::ChunkSize {
            size,
            digits,
            is_extension: true,
        },
        (_, None) if is_extension => State::ChunkSize {
            size,
            digits,
            is_extension,
        },
        _ => State::Lost,
    }
}

/// Judges a whole head, its empty line included.
fn judge(head: &[u8]) -> Result<Body, FramingDoubt> {
    let mut hosts = 0_u32;
    let mut length = None;
    let mut coding = None;
    for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = line
            .strip_suffix(b"\r\n")
            .ok_or(FramingDoubt::BareLineFeed)?;
        if number == 0 || line.is_empty() {
            continue;
        }
        let (name, value) = header(line).ok_or(FramingDoubt::Line)?;
        if name.eq_ignore_ascii_case(b"host") {
            hosts += 1;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let is_first = length.replace(value).is_none();
            is_first.then_some(()).ok_or(FramingDoubt::TwoLengths)?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_first = coding.replace(value).is_none();
            is_first
                .then_some(())
                .ok_or(FramingDoubt::TransferEncoding)?;
        }
    }
    if hosts != 1 {
        return Err(FramingDoubt::Host);
    }
    match (length, coding) {
        (None, None) => Ok(Body::Sized(0)),
        (Some(_), Some(_)) => Err(FramingDoubt::TwoLengths),
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Body::Chunked),
        (None, Some(_)) => Err(FramingDoubt::TransferEncoding),
        (Some(length), None) => number(length)
            .map(Body::Sized)
            .ok_or(FramingDoubt::ContentLength),
    }
}

/// Name and value of a header line; `None` where somebody might read it otherwise.
fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let is_plain = !name.is_empty() && !name.iter().any(u8::is_ascii_whitespace);
    let value = value.get(1..)?;
    is_plain.then_some((name, value.trim_ascii()))
}

fn number(value: &[u8]) -> Option<u64> {
    let is_number = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    is_number
        .then(|| std::str::from_utf8(value).ok()?.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads whole and byte by byte; both must come to the same.
    fn judged(bytes: &str) -> Vec<Result<(), FramingDoubt>> {
        let mut whole = Framing::default();
        whole.read(bytes.as_bytes());
        let mut slow = Framing::default();
        for byte in bytes.as_bytes() {
            slow.read(&[*byte]);
        }
        assert_eq!(whole.judged, slow.judged, "{bytes:?}");
        assert_eq!(whole.is_between(), slow.is_between(), "{bytes:?}");
        whole.judged.into()
    }

    fn of(headers: &str) -> Result<(), FramingDoubt> {
        let judged = judged(&format!("POST / HTTP/1.1\r\n{headers}\r\n"));
        *judged.first().unwrap()
    }

    #[test]
    fn sound_heads_are_sound() {
        assert_eq!(of("Host: a\r\n"), Ok(()));
        assert_eq!(of("Host: a\r\nContent-Length: 5\r\n"), Ok(()));
        assert_eq!(of("host:a\r\nTRANSFER-ENCODING:\tChunked \r\n"), Ok(()));
    }

    #[test]
    fn a_length_that_is_told_twice_is_in_doubt_in_either_order() {
        let (length, coding) = ("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n");
        assert_eq!(
            of(&format!("Host: a\r\n{length}{coding}")),
            Err(FramingDoubt::TwoLengths)
        );
        assert_eq!(
            of(&format!("Host: a\r\n{coding}{length}")),
            Err(FramingDoubt::TwoLengths)
        );
        assert_eq!(
            of(&format!("Host: a\r\n{length}{length}")),
            Err(FramingDoubt::TwoLengths)
        );
        let twice = format!("Host: a\r\n{coding}{coding}");
        assert_eq!(of(&twice), Err(FramingDoubt::TransferEncoding));
    }

    #[test]
    fn only_chunked_is_a_coding_and_only_a_number_is_a_length() {
        for coding in [
            "gzip, chunked",
            "chunked, chunked",
            "identity",
            "\"chunked\"",
            "xchunked",
            "",
        ] {
            let headers = format!("Host: a\r\nTransfer-Encoding: {coding}\r\n");
            assert_eq!(
                of(&headers),
                Err(FramingDoubt::TransferEncoding),
                "{coding}"
            );
        }
        for length in ["+5", "5,5", "-1", "0x5", "", "5 5", "18446744073709551616"] {
            let headers = format!("Host: a\r\nContent-Length: {length}\r\n");
            assert_eq!(of(&headers), Err(FramingDoubt::ContentLength), "{length}");
        }
    }

    #[test]
    fn a_request_has_one_host() {
        assert_eq!(of("X: a\r\n"), Err(FramingDoubt::Host));
        assert_eq!(of("Host: a\r\nHost: a\r\n"), Err(FramingDoubt::Host));
    }

    #[test]
    fn lines_that_can_be_read_in_two_ways_are_in_doubt() {
        assert_eq!(of("Host: a\nX: b\r\n"), Err(FramingDoubt::BareLineFeed));
        assert_eq!(
            judged("GET / HTTP/1.1\nHost: a\n\n"),
            [Err(FramingDoubt::BareLineFeed)]
        );
        for line in [
            " folded: yes",
            "\tfolded",
            "no colon",
            "Content-Length : 5",
            ": empty",
        ] {
            assert_eq!(
                of(&format!("Host: a\r\n{line}\r\n")),
                Err(FramingDoubt::Line),
                "{line}"
            );
        }
    }

    #[test]
    fn the_next_request_is_found_behind_a_body() {
        let next = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let sized = format!("\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc{next}");
        assert_eq!(judged(&sized), [Ok(()), Ok(())]);
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = "3\r\nabc\r\n0a;x=\"1\"\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(judged(&format!("{head}{body}{next}")), [Ok(()), Ok(())]);
        let trailers = "0\r\nA: b\r\nC: d\r\n\r\n";
        assert_eq!(judged(&format!("{head}{trailers}{next}")), [Ok(()), Ok(())]);
    }

    #[test]
    fn what_is_another_protocol_s_is_not_read_as_a_head_that_never_ends() {
        let mut framing = Framing::default();
        framing.read(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x85early");
        assert_eq!(framing.judgement(), Ok(()));
        assert!(framing.is_in_head());
        framing.give_over();
        framing.read(b"\x81\x85later");
        assert!(!framing.is_in_head());
    }

    #[test]
    fn nothing_is_said_about_what_follows_a_doubt() {
        let next = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        for body in [
            "x\r\n",
            "\r\n",
            "11111111111111111\r\n",
            "0\n\n",
            "3;a\nabc\r\n0\r\n\r\n",
        ] {
            let mut framing = Framing::default();
            framing.read(format!("{head}{body}{next}").as_bytes());
            assert_eq!(framing.judgement(), Ok(()));
            assert_eq!(
                framing.judgement(),
                Err(FramingDoubt::OutOfStep),
                "{body:?}"
            );
            assert!(!framing.is_between());
        }
    }
}
