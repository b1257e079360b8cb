//! What a key may be used for (RFC 6030 5).
//!
//! SECURITY: SPEC: what is not understood here means that the key may not be used at all (RFC 6030 5).

use jiff::Timestamp;
use xml::Element;

use super::{NAMESPACE, shortened};

/// Why a key may not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It says what is not understood.
    #[error("unknown policy `{got}`: a key whose policy is not understood may not be used")]
    Unknown {
        /// What it says.
        got: String,
    },
    /// It is for other things than one-time codes.
    #[error("the policy keeps the key for `{got}`, and one-time codes need `OTP`")]
    NotForCodes {
        /// What for.
        got: String,
    },
    /// Codes come with a PIN that the server would have to know.
    #[error("the policy joins a PIN to the code (`{mode}`), which is not taken: `Local` is")]
    Pin {
        /// How.
        mode: String,
    },
    /// It may be used a number of times, which nobody counts here.
    #[error(
        "the policy limits how often the key is used (`NumberOfTransactions`), which is not kept here"
    )]
    Counted,
    /// It says the same twice.
    #[error("`{element}` stands there twice")]
    Repeated {
        /// What.
        element: &'static str,
    },
    /// A date is none.
    #[error("`{element}` is not a date such as 2026-05-01T00:00:00Z")]
    Date {
        /// Which.
        element: &'static str,
    },
    /// It ends before it begins.
    #[error("it ends before it begins")]
    Backwards,
}

/// From when and until when; a side that is not there is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl Validity {
    /// What both allow.
    pub(super) fn and(self, other: Self) -> Result<Self, PolicyError> {
        let from = self.from.max(other.from);
        let until = match (self.until, other.until) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        match (from, until) {
            (Some(from), Some(until)) if until < from => Err(PolicyError::Backwards),
            _ => Ok(Self { from, until }),
        }
    }
}

/// Reads a policy to its last word.
pub(super) fn read(policy: Element<'_, '_>) -> Result<Validity, PolicyError> {
    let (mut from, mut until) = (None, None);
    let (mut usages, mut pins) = (Vec::new(), 0);
    if let Some(attribute) = policy.attributes().next() {
        return Err(unknown(attribute.name()));
    }
    for part in policy.children() {
        match part.name() {
            _ if part.namespace() != Some(NAMESPACE) => return Err(unknown(part.name())),
            "StartDate" => once(&mut from, part, "StartDate")?,
            "ExpiryDate" => once(&mut until, part, "ExpiryDate")?,
            "KeyUsage" => usages.push(part.text().trim_ascii().to_owned()),
            "PINPolicy" => {
                pins += 1;
                pin(part)?;
            }
            "NumberOfTransactions" => return Err(PolicyError::Counted),
            other => return Err(unknown(other)),
        }
    }
    if pins > 1 {
        return Err(PolicyError::Repeated {
            element: "PINPolicy",
        });
    }
    if let Some(usage) = usages.iter().find(|it| !USAGES.contains(&it.as_str())) {
        return Err(unknown(usage));
    }
    if !usages.is_empty() && !usages.iter().any(|usage| usage == "OTP") {
        let got = usages.join(", ");
        return Err(PolicyError::NotForCodes { got });
    }
    Validity {
        from: from.flatten(),
        until: until.flatten(),
    }
    .and(Validity::default())
}

/// A date; the end of .NET's time, and all beyond, is no end.
pub(super) fn date(
    element: Element<'_, '_>,
    name: &'static str,
) -> Result<Option<Timestamp>, PolicyError> {
    let text = element.text();
    let text = text.trim_ascii();
    // INTEROP: writers on .NET mean "never" by the last second of the year 9999.
    if text.starts_with("9999-12-31T") {
        return Ok(None);
    }
    let is_plain = element.children().next().is_none() && text.contains('T');
    let date = text.parse().ok().filter(|_| is_plain);
    date.map(Some).ok_or(PolicyError::Date { element: name })
}

fn once(
    place: &mut Option<Option<Timestamp>>,
    part: Element<'_, '_>,
    name: &'static str,
) -> Result<(), PolicyError> {
    match place.replace(date(part, name)?) {
        Some(_) => Err(PolicyError::Repeated { element: name }),
        None => Ok(()),
    }
}

/// A PIN that the device asks for itself concerns nobody else.
fn pin(policy: Element<'_, '_>) -> Result<(), PolicyError> {
    let stranger = policy.attributes().find(|attribute| {
        attribute.namespace().is_some() || !PIN_ATTRIBUTES.contains(&attribute.name())
    });
    if let Some(stranger) = stranger {
        return Err(unknown(stranger.name()));
    }
    if let Some(stranger) = policy.children().next() {
        return Err(unknown(stranger.name()));
    }
    match policy.attribute("PINUsageMode") {
        Some("Local") => Ok(()),
        mode => Err(PolicyError::Pin {
            mode: shortened(mode.unwrap_or("none")),
        }),
    }
}

fn unknown(got: &str) -> PolicyError {
    PolicyError::Unknown {
        got: shortened(got),
    }
}

/// What a key may be used for (RFC 6030 12.6).
const USAGES: [&str; 11] = [
    "OTP",
    "CR",
    "Encrypt",
    "Integrity",
    "Verify",
    "Unlock",
    "Decrypt",
    "KeyWrap",
    "Unwrap",
    "Derive",
    "Generate",
];
/// What a policy of a PIN says (RFC 6030 5).
const PIN_ATTRIBUTES: [&str; 6] = [
    "PINKeyId",
    "PINUsageMode",
    "MaxFailedAttempts",
    "MinLength",
    "MaxLength",
    "PINEncoding",
];
