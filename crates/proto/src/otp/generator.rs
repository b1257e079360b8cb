//! What a token computes: HOTP of a counter (RFC 4226 5.3), and TOTP, whose counter is the time (RFC 6238 4).

use std::ops::RangeInclusive;

use aws_lc_rs::hmac;
use serde::Serialize;
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroize;

use super::code::{Code, Digits};
use crate::secret::Secret;

/// So many counters are tried for one code at the most; those beyond are not looked at.
pub const LONGEST_WINDOW: usize = 101;
/// A seed has at least so many bytes (RFC 4226 4, R6).
const SHORTEST_SEED: usize = 16;
/// A seed has at most so many bytes: a block of SHA-512, beyond which HMAC would hash it.
const LONGEST_SEED: usize = 128;

/// The hash function under the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// SHA-1, which every token and every phone can; HMAC does not need its resistance to collisions.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// Its word, in URIs and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// The algorithm of a word, in any case of letters.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|it| it.as_str().eq_ignore_ascii_case(word))
    }
}

/// How long a code of a TOTP token is shown, in seconds: 30 or 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Period(u8);

impl Period {
    /// Half a minute (RFC 6238 5.2).
    pub const HALF_A_MINUTE: Self = Self(30);

    /// So many seconds, where that is one of the two.
    #[must_use]
    pub fn of(seconds: u32) -> Option<Self> {
        let seconds = u8::try_from(seconds).ok();
        seconds.filter(|it| matches!(it, 30 | 60)).map(Self)
    }

    /// How many seconds.
    #[must_use]
    pub fn seconds(self) -> u8 {
        self.0
    }

    /// The step that a second since 1970 lies in; the first for all that lies before.
    #[must_use]
    pub fn step(self, second: i64) -> u64 {
        u64::try_from(second).unwrap_or_default() / u64::from(self.0)
    }
}

/// What a token and we share, 16 to 128 bytes.
#[derive(Clone, Debug)]
pub struct Seed(Secret<Vec<u8>>);

/// Bytes are no seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Too few to be a secret.
    #[error("a seed of {0} bytes is too short; it takes {SHORTEST_SEED} at least")]
    TooShort(usize),
    /// More than any token has.
    #[error("a seed of {0} bytes is too long; it takes {LONGEST_SEED} at the most")]
    TooLong(usize),
}

impl Seed {
    /// Takes the bytes of a seed into custody.
    ///
    /// # Errors
    ///
    /// There are too few or too many; they are wiped all the same.
    pub fn of(bytes: Vec<u8>) -> Result<Self, SeedError> {
        let seed = Self(Secret::new(bytes));
        match seed.0.expose().len() {
            length if length < SHORTEST_SEED => Err(SeedError::TooShort(length)),
            length if length > LONGEST_SEED => Err(SeedError::TooLong(length)),
            _ => Ok(seed),
        }
    }

    /// A fresh seed of random bytes, as long as SHA-1's hash (RFC 4226 4, R6).
    #[must_use]
    pub fn made_from(mut random: [u8; 20]) -> Self {
        let seed = Self(Secret::new(random.to_vec()));
        random.zeroize();
        seed
    }

    /// The bytes, for sealing and for the token.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

/// A token without its clock or counter: what computes codes.
pub struct Generator {
    key: hmac::Key,
    digits: Digits,
}

impl Generator {
    /// Computes codes of a seed.
    #[must_use]
    pub fn new(seed: &Seed, algorithm: Algorithm, digits: Digits) -> Self {
        let algorithm = match algorithm {
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
        };
        Self {
            key: hmac::Key::new(algorithm, seed.as_bytes()),
            digits,
        }
    }

    /// The code of a counter or step (RFC 4226 5.3).
    #[must_use]
    pub fn code(&self, moving: u64) -> Code {
        let tag = hmac::sign(&self.key, &moving.to_be_bytes());
        let bytes = tag.as_ref();
        let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
        let word = bytes.get(offset..).and_then(|it| it.first_chunk::<4>());
        let word = u32::from_be_bytes(word.copied().unwrap_or_default()) & 0x7fff_ffff;
        Code::of(word % self.digits.modulus(), self.digits)
    }

    /// The first counter or step of a window whose code this is.
    ///
    /// SECURITY: all of the window is tried and each comparison takes the same time, whichever is right.
    #[must_use]
    pub fn matched(&self, code: &Code, window: RangeInclusive<u64>) -> Option<u64> {
        first(window, |moving| self.code(moving).is(code))
    }

    /// The counter or step of the second of two codes that follow each other, the first within a window
    /// (RFC 4226 7.4).
    #[must_use]
    pub fn consecutive(&self, codes: [&Code; 2], window: RangeInclusive<u64>) -> Option<u64> {
        let [one, next] = codes;
        let found = first(window, |moving| {
            let following = moving.saturating_add(1);
            self.code(moving).is(one) & self.code(following).is(next)
        });
        found.and_then(|moving| moving.checked_add(1))
    }
}

/// The first of a window of which something is so; all are asked.
fn first(window: RangeInclusive<u64>, is_so: impl Fn(u64) -> Choice) -> Option<u64> {
    let (mut found, mut at) = (Choice::from(0), 0_u64);
    for moving in window.take(LONGEST_WINDOW) {
        let is_so = is_so(moving);
        at.conditional_assign(&moving, is_so & !found);
        found |= is_so;
    }
    bool::from(found).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_ascii(seed: &str, algorithm: Algorithm, digits: u8) -> Generator {
        let seed = Seed::of(seed.as_bytes().to_vec()).unwrap();
        Generator::new(&seed, algorithm, Digits::of(digits).unwrap())
    }

    fn of_rfc_4226() -> Generator {
        of_ascii("12345678901234567890", Algorithm::Sha1, 6)
    }

    fn six(text: &str) -> Code {
        Code::parse(text, Digits::SIX).unwrap()
    }

    #[test]
    fn rfc_4226_appendix_d() {
        let generator = of_rfc_4226();
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(generator.code(counter).shown().expose(), code);
            assert_eq!(generator.matched(&six(code), 0..=9), Some(counter));
        }
    }

    #[test]
    fn rfc_6238_appendix_b() {
        let seed = "1234567890".repeat(7);
        let of = |length: usize, algorithm| of_ascii(seed.get(..length).unwrap(), algorithm, 8);
        let generators = [
            of(20, Algorithm::Sha1),
            of(32, Algorithm::Sha256),
            of(64, Algorithm::Sha512),
        ];
        for (second, codes) in [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ] {
            let step = Period::HALF_A_MINUTE.step(second);
            for (generator, code) in generators.iter().zip(codes) {
                assert_eq!(generator.code(step).shown().expose(), code, "{second}");
            }
        }
    }

    #[test]
    fn a_code_beyond_the_window_is_not_found() {
        let generator = of_rfc_4226();
        let ninth = generator.code(9);
        assert_eq!(generator.matched(&ninth, 0..=8), None);
        assert_eq!(generator.matched(&ninth, 9..=9), Some(9));
        assert_eq!(generator.matched(&ninth, 10..=20), None);
        let far = generator.code(101);
        assert_eq!(
            generator.matched(&far, 0..=u64::MAX),
            None,
            "a window has its cap"
        );
        assert_eq!(
            generator.matched(&generator.code(u64::MAX), u64::MAX..=u64::MAX),
            Some(u64::MAX)
        );
    }

    #[test]
    fn two_codes_that_follow_each_other_say_where_a_token_is() {
        let generator = of_rfc_4226();
        let [six, seven, eight] = [6, 7, 8].map(|counter| generator.code(counter));
        assert_eq!(generator.consecutive([&six, &seven], 0..=50), Some(7));
        assert_eq!(generator.consecutive([&six, &eight], 0..=50), None);
        assert_eq!(generator.consecutive([&seven, &six], 0..=50), None);
        assert_eq!(generator.consecutive([&six, &six], 0..=50), None);
        assert_eq!(generator.consecutive([&six, &seven], 0..=5), None);
        assert_eq!(generator.consecutive([&six, &seven], 7..=50), None);
    }

    #[test]
    fn a_code_of_another_length_is_not_the_same() {
        let eight = of_ascii("12345678901234567890", Algorithm::Sha1, 8);
        assert_eq!(eight.matched(&six("755224"), 0..=9), None);
    }

    #[test]
    fn seeds_are_neither_short_nor_endless_nor_shown() {
        let of = |length| Seed::of(vec![7; length]).map(|seed| seed.as_bytes().len());
        assert_eq!(of(0), Err(SeedError::TooShort(0)));
        assert_eq!(of(15), Err(SeedError::TooShort(15)));
        assert_eq!((of(16), of(128)), (Ok(16), Ok(128)));
        assert_eq!(of(129), Err(SeedError::TooLong(129)));
        let made = Seed::made_from([9; 20]);
        assert_eq!(made.as_bytes(), [9; 20]);
        assert_eq!(format!("{made:?}"), "Seed(Secret(..))");
    }

    #[test]
    fn a_period_is_half_a_minute_or_a_minute() {
        let periods: Vec<u32> = (0..1_000).filter(|it| Period::of(*it).is_some()).collect();
        assert_eq!(periods, [30, 60]);
        let minute = Period::of(60).unwrap();
        assert_eq!([59, 60, 119].map(|second| minute.step(second)), [0, 1, 1]);
        assert_eq!(minute.step(-1), 0);
    }

    #[test]
    fn algorithms_have_their_words() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::of(algorithm.as_str()), Some(algorithm));
        }
        assert_eq!(Algorithm::of("sha256"), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::of("MD5"), None);
    }
}
