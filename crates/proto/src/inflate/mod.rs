//! Inflating (RFC 1951): what a deflating compressor made, as the redirect binding of SAML carries it.
//!
//! SECURITY: a message is as long as its caller takes, and no more is ever held; what it makes of its input is bounded by a
//! ratio as well, so that nobody buys much work for little (T-XML-3). Start at [`inflate`].

use thiserror::Error;

/// Most bytes that one byte may become: XML of a message shrinks to a third or so, and never to this.
pub const MAX_RATIO: usize = 20;
/// Bytes that may come out whatever the ratio, as a short message is short.
const ALWAYS: usize = 1024;
/// Longest code, in bits.
const MAX_BITS: usize = 15;
/// Codes of lengths, in the order in which they come (3.2.7).
const LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
/// The least length of each code from 257 on, and how many bits are added to it (3.2.5).
const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The same for distances.
const DISTANCES: [(usize, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

/// Most blocks of a message: compressors begin another every some ten kilobytes, and one that brings nothing costs as much.
pub const MAX_BLOCKS: usize = 64;

/// Why nothing is inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InflateError {
    /// No compressor makes that, or there is something behind its end.
    #[error("it is not what a deflating compressor makes")]
    Malformed,
    /// More would come out than is taken.
    #[error("it would become longer than is taken")]
    TooLong,
}

/// Inflates a message that is wholly there, to so many bytes at most.
///
/// # Errors
///
/// It is none, or would be longer.
pub fn inflate(deflated: &[u8], at_most: usize) -> Result<Vec<u8>, InflateError> {
    let by_ratio = deflated.len().saturating_mul(MAX_RATIO).max(ALWAYS);
    let mut out = Out {
        bytes: Vec::new(),
        at_most: at_most.min(by_ratio),
    };
    let mut bits = Bits {
        rest: deflated,
        held: 0,
        count: 0,
    };
    for _ in 0..MAX_BLOCKS {
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(&mut bits, &mut out)?,
            1 => compressed(&mut bits, &mut out, &fixed()?)?,
            2 => {
                let codes = dynamic(&mut bits)?;
                compressed(&mut bits, &mut out, &codes)?;
            }
            _ => return Err(InflateError::Malformed),
        }
        if is_last {
            return match bits.rest.is_empty() {
                true => Ok(out.bytes),
                false => Err(InflateError::Malformed),
            };
        }
    }
    Err(InflateError::TooLong)
}

/// What came out by now.
struct Out {
    bytes: Vec<u8>,
    at_most: usize,
}

impl Out {
    fn push(&mut self, byte: u8) -> Result<(), InflateError> {
        if self.bytes.len() >= self.at_most {
            return Err(InflateError::TooLong);
        }
        self.bytes.push(byte);
        Ok(())
    }

    /// The same bytes as so far back, of which some may only come out by it.
    fn again(&mut self, distance: usize, length: usize) -> Result<(), InflateError> {
        for _ in 0..length {
            let at = self.bytes.len().checked_sub(distance);
            let byte = at.and_then(|at| self.bytes.get(at)).copied();
            self.push(byte.ok_or(InflateError::Malformed)?)?;
        }
        Ok(())
    }
}

/// The bits of the input, each byte from its lowest on.
struct Bits<'a> {
    rest: &'a [u8],
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next bits as a number, of which the first is the lowest.
    fn take(&mut self, wanted: u32) -> Result<u32, InflateError> {
        while self.count < wanted {
            let (first, rest) = self.rest.split_first().ok_or(InflateError::Malformed)?;
            self.held |= u32::from(*first) << self.count;
            self.count += 8;
            self.rest = rest;
        }
        let taken = self.held & ((1 << wanted) - 1);
        self.held >>= wanted;
        self.count -= wanted;
        Ok(taken)
    }

    fn number(&mut self, wanted: u32) -> Result<usize, InflateError> {
        let taken = self.take(wanted)?;
        usize::try_from(taken).map_err(|_| InflateError::Malformed)
    }

    /// Bits that are left of a byte mean nothing before a stored block.
    fn skip_to_byte(&mut self) {
        (self.held, self.count) = (0, 0);
    }
}

/// A block as it is (3.2.4).
fn stored(bits: &mut Bits<'_>, out: &mut Out) -> Result<(), InflateError> {
    bits.skip_to_byte();
    let (head, rest) = bits
        .rest
        .split_first_chunk::<4>()
        .ok_or(InflateError::Malformed)?;
    let [a, b, c, d] = *head;
    let (length, check) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    let parts = rest.split_at_checked(length.into());
    let (block, rest) = parts
        .filter(|_| length == !check)
        .ok_or(InflateError::Malformed)?;
    for byte in block {
        out.push(*byte)?;
    }
    bits.rest = rest;
    Ok(())
}

/// A block of codes (3.2.3).
fn compressed(bits: &mut Bits<'_>, out: &mut Out, codes: &Codes) -> Result<(), InflateError> {
    loop {
        let symbol = codes.literals.next(bits)?;
        if let Ok(byte) = u8::try_from(symbol) {
            out.push(byte)?;
            continue;
        }
        if symbol == 256 {
            return Ok(());
        }
        let length = known(&LENGTHS, usize::from(symbol).checked_sub(257), bits)?;
        let symbol = codes.distances.next(bits)?;
        let distance = known(&DISTANCES, Some(symbol.into()), bits)?;
        out.again(distance, length)?;
    }
}

fn known(
    table: &[(usize, u32)],
    at: Option<usize>,
    bits: &mut Bits<'_>,
) -> Result<usize, InflateError> {
    let found = at.and_then(|at| table.get(at));
    let (least, more) = found.ok_or(InflateError::Malformed)?;
    Ok(least + bits.number(*more)?)
}

/// The codes of a block.
struct Codes {
    literals: Code,
    distances: Code,
}

/// The codes that no block needs to bring (3.2.6).
fn fixed() -> Result<Codes, InflateError> {
    let runs = [(144, 8), (112, 9), (24, 7), (8, 8)].into_iter();
    let lengths: Vec<u8> = runs
        .flat_map(|(count, length)| std::iter::repeat_n(length, count))
        .collect();
    Ok(Codes {
        literals: Code::of(&lengths)?,
        // The last two stand for no distance.
        distances: Code::of(&[5; 32])?,
    })
}

/// The codes that a block brings (3.2.7).
fn dynamic(bits: &mut Bits<'_>) -> Result<Codes, InflateError> {
    let literals = bits.number(5)? + 257;
    let distances = bits.number(5)? + 1;
    let given = bits.number(4)? + 4;
    if literals > 286 || distances > DISTANCES.len() {
        return Err(InflateError::Malformed);
    }
    let mut of_lengths = [0; LENGTH_ORDER.len()];
    for at in LENGTH_ORDER.iter().take(given) {
        let length = u8::try_from(bits.take(3)?).map_err(|_| InflateError::Malformed)?;
        let place = of_lengths.get_mut(*at).ok_or(InflateError::Malformed)?;
        *place = length;
    }
    let lengths = code_lengths(bits, &Code::of(&of_lengths)?, literals + distances)?;
    let parts = lengths.split_at_checked(literals);
    let (literals, distances) = parts.ok_or(InflateError::Malformed)?;
    // A block without an end has none.
    if literals.get(256).is_none_or(|length| *length == 0) {
        return Err(InflateError::Malformed);
    }
    Ok(Codes {
        literals: Code::of(literals)?,
        distances: Code::of(distances)?,
    })
}

fn code_lengths(bits: &mut Bits<'_>, code: &Code, wanted: usize) -> Result<Vec<u8>, InflateError> {
    let mut lengths: Vec<u8> = Vec::with_capacity(wanted);
    while lengths.len() < wanted {
        let symbol = code.next(bits)?;
        let (length, times) = match symbol {
            16 => {
                let last = lengths.last().copied();
                let last = last.ok_or(InflateError::Malformed)?;
                (last, 3 + bits.number(2)?)
            }
            17 => (0, 3 + bits.number(3)?),
            18 => (0, 11 + bits.number(7)?),
            length => {
                let length = u8::try_from(length).map_err(|_| InflateError::Malformed)?;
                (length, 1)
            }
        };
        lengths.extend(std::iter::repeat_n(length, times));
    }
    match lengths.len() == wanted {
        true => Ok(lengths),
        false => Err(InflateError::Malformed),
    }
}

/// A canonical Huffman code: how many codes have each length, and the symbols in their order.
struct Code {
    counts: [u16; MAX_BITS + 1],
    symbols: Vec<u16>,
}

impl Code {
    /// The code of these lengths, of which 0 is none.
    fn of(lengths: &[u8]) -> Result<Self, InflateError> {
        let mut counts = [0_u16; MAX_BITS + 1];
        let mut symbols: Vec<(u8, u16)> = Vec::with_capacity(lengths.len());
        for (symbol, length) in (0_u16..).zip(lengths) {
            let place = counts.get_mut(usize::from(*length));
            *place.ok_or(InflateError::Malformed)? += 1;
            if *length > 0 {
                symbols.push((*length, symbol));
            }
        }
        symbols.sort_unstable();
        if let Some(none) = counts.first_mut() {
            *none = 0;
        }
        let mut left = 1_i32;
        for count in counts.iter().skip(1) {
            left = left * 2 - i32::from(*count);
            // Two symbols would have one code.
            if left < 0 {
                return Err(InflateError::Malformed);
            }
        }
        // A code that leaves room is taken where it has one symbol or none, as for distances (3.2.7).
        if left > 0 && symbols.len() > 1 {
            return Err(InflateError::Malformed);
        }
        Ok(Self {
            counts,
            symbols: symbols.into_iter().map(|(_, symbol)| symbol).collect(),
        })
    }

    /// The next symbol of the input.
    fn next(&self, bits: &mut Bits<'_>) -> Result<u16, InflateError> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_usize);
        for count in self.counts.iter().skip(1) {
            code |= bits.take(1)?;
            let count = u32::from(*count);
            if let Some(within) = code.checked_sub(first).filter(|it| *it < count) {
                let within = usize::try_from(within).map_err(|_| InflateError::Malformed)?;
                let symbol = self.symbols.get(index + within);
                return symbol.copied().ok_or(InflateError::Malformed);
            }
            index += usize::try_from(count).map_err(|_| InflateError::Malformed)?;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(InflateError::Malformed)
    }
}

#[cfg(test)]
mod tests;
