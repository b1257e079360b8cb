//! Stretches or folds bytes to a length so that each of them has a part in all of the result (RFC 3961 5.1).

/// By how many bits each copy is turned to the right.
const TURN: usize = 13;

/// Folds `input` into `length` bytes; of nothing, zeros.
#[must_use]
pub fn n_fold(input: &[u8], length: usize) -> Vec<u8> {
    let mut folded = vec![0_u8; length];
    if input.is_empty() || length == 0 {
        return folded;
    }
    let whole = input.len() / common(input.len(), length) * length;
    let mut carry = 0_u8;
    for (from, at) in (0..whole).rev().zip((0..length).rev().cycle()) {
        carry = add(&mut folded, at, turned(input, from), carry);
    }
    // The sum is of ones' complement: what runs over at the front comes in at the end.
    for at in (0..length).rev() {
        carry = add(&mut folded, at, 0, carry);
    }
    folded
}

/// Adds to one byte; gives what runs over.
fn add(folded: &mut [u8], at: usize, byte: u8, carry: u8) -> u8 {
    let Some(sum) = folded.get_mut(at) else {
        return carry;
    };
    let [low, high] = (u16::from(*sum) + u16::from(byte) + u16::from(carry)).to_le_bytes();
    *sum = low;
    high
}

/// A byte of the row of copies.
fn turned(input: &[u8], at: usize) -> u8 {
    let bits = input.len() * 8;
    let (copy, within) = (at / input.len(), at % input.len());
    let back = TURN * copy % bits;
    (0..8).fold(0, |byte, bit| {
        let from = (within * 8 + bit + bits - back) % bits;
        let whole = input.get(from / 8).copied().unwrap_or_default();
        byte << 1 | whole >> (7 - from % 8) & 1
    })
}

/// The greatest common divisor.
fn common(a: usize, b: usize) -> usize {
    match b {
        0 => a,
        b => common(b, a % b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn rfc_3961_a_1() {
        let vectors = [
            ("012345", "be072631276b1955"),
            ("password", "78a07b6caf85fa"),
            ("Rough Consensus, and Running Code", "bb6ed30870b7f0e0"),
            ("password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"),
            (
                "MASSACHVSETTS INSTITVTE OF TECHNOLOGY",
                "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b",
            ),
            ("Q", "518a54a2 15a8452a 518a54a2 15a8452a 518a54a2 15"),
            ("ba", "fb25d531 ae897449 9f52fd92 ea9857c4 ba24cf29 7e"),
            ("kerberos", "6b657262 65726f73"),
            ("kerberos", "6b657262 65726f73 7b9b5b2b 93132b93"),
            (
                "kerberos",
                "8372c236 344e5f15 50cd0747 e15d62ca 7a5a3bce a4",
            ),
            (
                "kerberos",
                "6b657262 65726f73 7b9b5b2b 93132b93 5c9bdcda d95c9899 c4cae4de e6d6cae4",
            ),
        ];
        for (input, folded) in vectors {
            let folded = folded.replace(' ', "");
            assert_eq!(hex(&n_fold(input.as_bytes(), folded.len() / 2)), folded);
        }
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        assert_eq!(n_fold(b"", 3), [0, 0, 0]);
        assert!(n_fold(b"a", 0).is_empty());
    }
}
