//! One key of a container (RFC 6030 4, 10): from its `KeyPackage` to a token.

use xml::Element;

use super::cipher::CipherError;
use super::parts::{Foreign, Parts};
use super::policy::{self, PolicyError, Validity};
use super::protection::Protection;
use super::{shortened, value};
use crate::otp::{Algorithm, Digits, Moving, Period, Seed, SeedError};
use crate::seed_list::{self, ImportedToken, MAX_COUNTER};

/// Why a key is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Something is missing.
    #[error("`{element}` is missing in `{inside}`")]
    Missing {
        /// Where it should be.
        inside: &'static str,
        /// What.
        element: &'static str,
    },
    /// Something stands there twice.
    #[error("`{element}` stands there twice")]
    Repeated {
        /// What.
        element: &'static str,
    },
    /// Something stands there that nobody knows.
    #[error("`{got}` is unknown in `{inside}`")]
    Unknown {
        /// Where.
        inside: &'static str,
        /// What.
        got: String,
    },
    /// Something is not what it should be.
    #[error("`{element}` is not {expected}")]
    Wrong {
        /// What.
        element: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// It makes no one-time codes that are known here.
    #[error("the algorithm `{uri}` is not taken: HOTP or TOTP is expected")]
    Algorithm {
        /// As the file names it.
        uri: String,
    },
    /// The seed is none.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The seed is not in the file: it would be derived from a key that the vendor has.
    #[error("`Secret` is missing: a seed that is derived from a key of the vendor's is not taken")]
    NoSecret,
    /// A value is encrypted, and nobody gave a key.
    #[error("`{element}` is encrypted: give the key or the password of the file")]
    Locked {
        /// Which.
        element: &'static str,
    },
    /// A seed is plain, though a key or password was given.
    #[error("`{element}` is not encrypted, though a key or password was given for the file")]
    NotEncrypted {
        /// Which.
        element: &'static str,
    },
    /// A value cannot be opened.
    #[error("`{element}`: {error}")]
    Cipher {
        /// Which.
        element: &'static str,
        /// Why.
        error: CipherError,
    },
    /// The MAC of a value is not the one.
    #[error(
        "the MAC of `{element}` does not match: it was altered, or the key or password is not that of the file"
    )]
    Mac {
        /// Of which.
        element: &'static str,
    },
    /// A value has no MAC and needs one.
    #[error("`{element}` is encrypted without a MAC: nobody would notice that it was altered")]
    NoMac {
        /// Which.
        element: &'static str,
    },
    /// A value has a MAC, and the file does not say how it was made.
    #[error("`{element}` has a `ValueMAC`, but the file has no `MACMethod`")]
    MacWithoutMethod {
        /// Which.
        element: &'static str,
    },
    /// Its policy does not let it be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// What a key is called where something is wrong with it: its serial number, or its id.
pub(super) fn name(package: Element<'_, '_>, key: Element<'_, '_>) -> Option<String> {
    let device = package.children().find(|it| it.name() == "DeviceInfo");
    let serial = device.and_then(|it| it.children().find(|it| it.name() == "SerialNo"));
    let serial = serial.and_then(|it| seed_list::text(&it.text()));
    serial.or_else(|| key.attribute("Id").and_then(seed_list::text))
}

/// Reads a key.
pub(super) fn token(
    package: Element<'_, '_>,
    key: Element<'_, '_>,
    protection: &Protection,
) -> Result<ImportedToken, KeyError> {
    let device = device(package)?;
    let parts = Parts::of(key, "Key", &KEY, Foreign::PassedOver)?;
    let uri = key.attribute("Algorithm").ok_or(KeyError::Missing {
        inside: "Key",
        element: "Algorithm",
    })?;
    let kind = Kind::named(uri).ok_or_else(|| KeyError::Algorithm {
        uri: shortened(uri),
    })?;
    let policy = match parts.get("Policy") {
        Some(policy) => policy::read(policy)?,
        None => Validity::default(),
    };
    let validity = policy.and(device.validity)?;
    let (algorithm, digits) = parameters(parts.need("AlgorithmParameters")?)?;
    let data = Parts::of(parts.need("Data")?, "Data", &DATA, Foreign::PassedOver)?;
    let secret = data.get("Secret").ok_or(KeyError::NoSecret)?;
    let seed = value::bytes(secret, "Secret", protection)?;
    let id = key.attribute("Id").and_then(seed_list::text);
    Ok(ImportedToken {
        serial: device.serial.or(id).ok_or(KeyError::Missing {
            inside: "DeviceInfo",
            element: "SerialNo",
        })?,
        manufacturer: device.manufacturer,
        moving: kind.moving(&data, protection)?,
        algorithm,
        digits,
        seed: Seed::of(seed.to_vec())?,
        valid_from: validity.from,
        valid_until: validity.until,
        account: parts.text("UserId")?.or(device.user),
    })
}

/// The parts of a key.
const KEY: [&str; 8] = [
    "Issuer",
    "FriendlyName",
    "AlgorithmParameters",
    "KeyProfileId",
    "KeyReference",
    "Data",
    "UserId",
    "Policy",
];
/// The parts of its data.
const DATA: [&str; 5] = ["Secret", "Counter", "Time", "TimeInterval", "TimeDrift"];

/// What moves a token on.
#[derive(Clone, Copy)]
enum Kind {
    Hotp,
    Totp,
}

impl Kind {
    /// INTEROP: before RFC 6030 the names ended in `#hotp`; Feitian's and ActivIdentity's files have them still.
    fn named(uri: &str) -> Option<Self> {
        let name = BEFORE.iter().find_map(|before| uri.strip_prefix(before))?;
        match name {
            _ if name.eq_ignore_ascii_case("hotp") => Some(Self::Hotp),
            _ if name.eq_ignore_ascii_case("totp") => Some(Self::Totp),
            _ => None,
        }
    }

    fn moving(self, data: &Parts<'_, '_>, protection: &Protection) -> Result<Moving, KeyError> {
        let number = |name: &'static str| {
            let part = data.get(name);
            part.map(|part| value::whole_number(part, name, protection))
                .transpose()
        };
        let stranger = |names: &[&'static str]| {
            let stranger = names.iter().find(|name| data.get(name).is_some());
            stranger.map_or(Ok(()), |name| {
                Err(KeyError::Unknown {
                    inside: "Data",
                    got: (*name).to_owned(),
                })
            })
        };
        match self {
            Self::Hotp => {
                stranger(&["Time", "TimeInterval", "TimeDrift"])?;
                // RFC 6030's own figure 7 leaves the counter out: a button that nobody has pressed.
                let counter = number("Counter")?.unwrap_or_default();
                let counter = Some(counter).filter(|it| *it <= MAX_COUNTER);
                counter.map(Moving::Counter).ok_or(KeyError::Wrong {
                    element: "Counter",
                    expected: "a counter that a button reaches",
                })
            }
            Self::Totp => {
                stranger(&["Counter"])?;
                if number("Time")?.unwrap_or_default() != 0 {
                    return Err(KeyError::Wrong {
                        element: "Time",
                        expected: "0: its time must begin with the year 1970",
                    });
                }
                drift(data, protection)?;
                let seconds = number("TimeInterval")?.ok_or(KeyError::Missing {
                    inside: "Data",
                    element: "TimeInterval",
                })?;
                let period = u32::try_from(seconds).ok().and_then(Period::of);
                period.map(Moving::Time).ok_or(KeyError::Wrong {
                    element: "TimeInterval",
                    expected: "30 or 60 seconds",
                })
            }
        }
    }
}

/// What stands before the name of an algorithm.
const BEFORE: [&str; 3] = [
    "urn:ietf:params:xml:ns:keyprov:pskc:",
    "urn:ietf:params:xml:ns:keyprov:pskc#",
    "http://www.ietf.org/keyprov/pskc#",
];

/// What the device says of itself.
#[derive(Default)]
struct Device {
    serial: Option<String>,
    manufacturer: Option<String>,
    user: Option<String>,
    validity: Validity,
}

fn device(package: Element<'_, '_>) -> Result<Device, KeyError> {
    let known = ["DeviceInfo", "CryptoModuleInfo", "Key"];
    let parts = Parts::of(package, "KeyPackage", &known, Foreign::PassedOver)?;
    let Some(info) = parts.get("DeviceInfo") else {
        return Ok(Device::default());
    };
    let parts = Parts::of(info, "DeviceInfo", &DEVICE, Foreign::PassedOver)?;
    let date = |name: &'static str| match parts.get(name) {
        Some(part) => policy::date(part, name),
        None => Ok(None),
    };
    Ok(Device {
        serial: parts.text("SerialNo")?,
        manufacturer: parts.text("Manufacturer")?,
        user: parts.text("UserId")?,
        validity: Validity {
            from: date("StartDate")?,
            until: date("ExpiryDate")?,
        },
    })
}

/// The parts of a device.
const DEVICE: [&str; 8] = [
    "Manufacturer",
    "SerialNo",
    "Model",
    "IssueNo",
    "DeviceBinding",
    "StartDate",
    "ExpiryDate",
    "UserId",
];

/// Which hash function, and how many digits.
fn parameters(element: Element<'_, '_>) -> Result<(Algorithm, Digits), KeyError> {
    let known = ["Suite", "ResponseFormat"];
    let parts = Parts::of(element, "AlgorithmParameters", &known, Foreign::PassedOver)?;
    // RFC 4226 and RFC 6238 mean SHA-1 where nothing is said.
    let algorithm = match parts.text("Suite")? {
        None => Algorithm::Sha1,
        Some(suite) => seed_list::algorithm(&suite).ok_or(KeyError::Wrong {
            element: "Suite",
            expected: "HMAC-SHA1, HMAC-SHA256 or HMAC-SHA512",
        })?,
    };
    let format = parts.need("ResponseFormat")?;
    let attributes = ["Length", "Encoding", "CheckDigits", "CheckDigit"];
    if let Some(stranger) = format
        .attributes()
        .find(|it| !attributes.contains(&it.name()))
    {
        return Err(KeyError::Unknown {
            inside: "ResponseFormat",
            got: shortened(stranger.name()),
        });
    }
    if format.attribute("Encoding") != Some("DECIMAL") {
        return Err(KeyError::Wrong {
            element: "Encoding",
            expected: "DECIMAL",
        });
    }
    let checks = ["CheckDigits", "CheckDigit"].map(|name| format.attribute(name));
    if checks
        .into_iter()
        .flatten()
        .any(|it| !matches!(it, "false" | "0"))
    {
        return Err(KeyError::Wrong {
            element: "CheckDigits",
            expected: "false: codes with a check digit are not taken",
        });
    }
    let length = format
        .attribute("Length")
        .and_then(|it| seed_list::number(it.trim_ascii()));
    let length = length.and_then(|it| u8::try_from(it).ok());
    let digits = length.and_then(Digits::of).ok_or(KeyError::Wrong {
        element: "Length",
        expected: "6, 7 or 8",
    })?;
    Ok((algorithm, digits))
}

/// A drift is learnt anew from the first codes; what the file says must still be a number.
fn drift(data: &Parts<'_, '_>, protection: &Protection) -> Result<(), KeyError> {
    let Some(part) = data.get("TimeDrift") else {
        return Ok(());
    };
    if part.children().any(|it| it.name() == "EncryptedValue") {
        return value::whole_number(part, "TimeDrift", protection).map(|_| ());
    }
    let text = part.children().map(|it| it.text()).collect::<String>();
    let number: Option<i64> = text.trim_ascii().parse().ok();
    number.map(|_| ()).ok_or(KeyError::Wrong {
        element: "TimeDrift",
        expected: "a whole number",
    })
}
