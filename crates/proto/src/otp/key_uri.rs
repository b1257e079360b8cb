//! `otpauth://`: the URI by which a phone takes a seed, mostly from a QR code (Google's Key URI Format).
//!
//! INTEROP: the format has no standard; what is written here is what Google, Microsoft and FreeOTP read. A
//! parameter that nobody here knows is passed over, as they do; one that stands twice is refused.
//! Start at [`KeyUri::parse`] and [`KeyUri::written`].

use super::base32;
use super::code::Digits;
use super::generator::{Algorithm, Period, Seed, SeedError};
use crate::percent;
use crate::secret::Secret;

/// The longest URI that is read, in bytes.
const LONGEST_URI: usize = 2_048;
/// How many parameters are read.
const MOST_PARAMETERS: usize = 16;
/// The longest name or issuer, in characters.
const LONGEST_NAME: usize = 128;

/// What moves a token on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moving {
    /// The time, in steps of a period.
    Time(Period),
    /// A button; the counter of the next code.
    Counter(u64),
}

/// A token, as a URI says it.
#[derive(Clone, Debug)]
pub struct KeyUri {
    /// Who gave it out.
    pub issuer: Option<String>,
    /// Whose it is, as the phone shows it.
    pub name: String,
    /// The seed.
    pub seed: Seed,
    /// The hash function.
    pub algorithm: Algorithm,
    /// How many digits its codes have.
    pub digits: Digits,
    /// What moves it on.
    pub moving: Moving,
}

/// A text is no such URI; the text is not repeated, as it holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyUriParseError {
    /// Longer than any.
    #[error("the URI is longer than {LONGEST_URI} bytes")]
    TooLong,
    /// Not `otpauth://totp/` or `otpauth://hotp/`.
    #[error("it does not begin with otpauth://totp/ or otpauth://hotp/")]
    NotOtpauth,
    /// A part is not percent-encoded text.
    #[error("the {0} is not percent-encoded text of at most {LONGEST_NAME} characters")]
    Undecodable(&'static str),
    /// The name or the issuer is empty.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// The issuer of the label is not the issuer of the parameter.
    #[error("it names two different issuers")]
    TwoIssuers,
    /// There are too many parameters.
    #[error("it has more than {MOST_PARAMETERS} parameters")]
    TooManyParameters,
    /// A parameter stands twice.
    #[error("the parameter `{0}` stands twice")]
    Repeated(&'static str),
    /// A parameter that it takes is not there.
    #[error("the parameter `{0}` is missing")]
    Missing(&'static str),
    /// A parameter has a value that none has.
    #[error("the parameter `{name}` is not {expected}")]
    Wrong {
        /// Which.
        name: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// The secret is no seed.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

impl KeyUri {
    /// Reads a URI.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, KeyUriParseError> {
        use KeyUriParseError as Error;
        if text.len() > LONGEST_URI {
            return Err(Error::TooLong);
        }
        let (is_time, rest) = match after(text, "otpauth://totp/") {
            Some(rest) => (true, rest),
            None => (
                false,
                after(text, "otpauth://hotp/").ok_or(Error::NotOtpauth)?,
            ),
        };
        let (label, query) = rest.split_once('?').ok_or(Error::Missing("secret"))?;
        let parameters = Parameters::of(query)?;
        let (issuer, name) = named(label, parameters.issuer)?;
        let secret = parameters.secret.ok_or(Error::Missing("secret"))?;
        let secret = base32::decode(secret).ok_or(Error::Wrong {
            name: "secret",
            expected: "base 32",
        })?;
        let moving = match is_time {
            true => Moving::Time(parameters.period()?),
            false => Moving::Counter(parameters.counter()?),
        };
        Ok(Self {
            issuer,
            name,
            seed: Seed::of(secret.to_vec())?,
            algorithm: parameters.algorithm()?,
            digits: parameters.digits()?,
            moving,
        })
    }

    /// Writes the URI; whoever sees it has the token.
    #[must_use]
    pub fn written(&self) -> Secret<String> {
        // Room for all of it: what grows would leave pieces of the secret behind.
        let mut text = String::with_capacity(LONGEST_URI);
        text.push_str(match self.moving {
            Moving::Time(_) => "otpauth://totp/",
            Moving::Counter(_) => "otpauth://hotp/",
        });
        if let Some(issuer) = &self.issuer {
            percent::encode(issuer, &mut text);
            text.push(':');
        }
        percent::encode(&self.name, &mut text);
        text.push_str("?secret=");
        base32::encode(self.seed.as_bytes(), &mut text);
        if let Some(issuer) = &self.issuer {
            text.push_str("&issuer=");
            percent::encode(issuer, &mut text);
        }
        text.push_str("&algorithm=");
        text.push_str(self.algorithm.as_str());
        text.push_str(&format!("&digits={}", self.digits.count()));
        text.push_str(&match self.moving {
            Moving::Time(period) => format!("&period={}", period.seconds()),
            Moving::Counter(counter) => format!("&counter={counter}"),
        });
        Secret::new(text)
    }
}

/// The parameters that mean something here, as they stand.
#[derive(Default)]
struct Parameters<'t> {
    secret: Option<&'t str>,
    issuer: Option<&'t str>,
    algorithm: Option<&'t str>,
    digits: Option<&'t str>,
    period: Option<&'t str>,
    counter: Option<&'t str>,
}

impl<'t> Parameters<'t> {
    fn of(query: &'t str) -> Result<Self, KeyUriParseError> {
        let mut parameters = Self::default();
        for (index, parameter) in query.split('&').enumerate() {
            if index >= MOST_PARAMETERS {
                return Err(KeyUriParseError::TooManyParameters);
            }
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let (name, place) = match name {
                "secret" => ("secret", &mut parameters.secret),
                "issuer" => ("issuer", &mut parameters.issuer),
                "algorithm" => ("algorithm", &mut parameters.algorithm),
                "digits" => ("digits", &mut parameters.digits),
                "period" => ("period", &mut parameters.period),
                "counter" => ("counter", &mut parameters.counter),
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(KeyUriParseError::Repeated(name));
            }
        }
        Ok(parameters)
    }

    fn algorithm(&self) -> Result<Algorithm, KeyUriParseError> {
        let Some(word) = self.algorithm else {
            return Ok(Algorithm::Sha1);
        };
        Algorithm::of(word).ok_or(KeyUriParseError::Wrong {
            name: "algorithm",
            expected: "SHA1, SHA256 or SHA512",
        })
    }

    fn digits(&self) -> Result<Digits, KeyUriParseError> {
        let Some(text) = self.digits else {
            return Ok(Digits::SIX);
        };
        let count = number(text).and_then(|it| u8::try_from(it).ok());
        count.and_then(Digits::of).ok_or(KeyUriParseError::Wrong {
            name: "digits",
            expected: "6, 7 or 8",
        })
    }

    fn period(&self) -> Result<Period, KeyUriParseError> {
        let Some(text) = self.period else {
            return Ok(Period::HALF_A_MINUTE);
        };
        let seconds = number(text).and_then(|it| u32::try_from(it).ok());
        seconds.and_then(Period::of).ok_or(KeyUriParseError::Wrong {
            name: "period",
            expected: "30 or 60",
        })
    }

    fn counter(&self) -> Result<u64, KeyUriParseError> {
        let text = self.counter.ok_or(KeyUriParseError::Missing("counter"))?;
        number(text).ok_or(KeyUriParseError::Wrong {
            name: "counter",
            expected: "a number",
        })
    }
}

/// What follows a beginning, in any case of letters.
fn after<'t>(text: &'t str, beginning: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(beginning.len())?;
    start.eq_ignore_ascii_case(beginning).then_some(rest)
}

/// A number in ASCII digits and nothing else.
fn number(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The issuer and the name that a label and a parameter give.
fn named(label: &str, issuer: Option<&str>) -> Result<(Option<String>, String), KeyUriParseError> {
    // The colon between them may be encoded as well.
    let label = decoded(label, "label")?;
    let (of_label, name) = match label.split_once(':') {
        Some((issuer, name)) => (Some(filled(issuer, "issuer")?), name),
        None => (None, label.as_str()),
    };
    let issuer = match issuer {
        Some(issuer) => Some(filled(&decoded(issuer, "issuer")?, "issuer")?),
        None => None,
    };
    let is_one = of_label.is_none() || issuer.is_none() || of_label == issuer;
    if !is_one {
        return Err(KeyUriParseError::TwoIssuers);
    }
    Ok((issuer.or(of_label), filled(name, "name")?))
}

fn decoded(text: &str, what: &'static str) -> Result<String, KeyUriParseError> {
    // In a URI a plus is a plus.
    let decoded = percent::decode(&text.replace('+', "%2B"));
    let short = decoded.filter(|it| it.chars().count() <= LONGEST_NAME);
    short.ok_or(KeyUriParseError::Undecodable(what))
}

fn filled(text: &str, what: &'static str) -> Result<String, KeyUriParseError> {
    let text = text.trim();
    match text.is_empty() {
        true => Err(KeyUriParseError::Empty(what)),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
