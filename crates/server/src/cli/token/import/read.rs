//! The file of a vendor, and what opens it.

use std::path::Path;

use proto::otp::{Algorithm, Digits, Period};
use proto::pskc::{self, MissingMac, Opening, Unlock};
use proto::secret::Secret;
use proto::seed_list::{self, Column, Encoding, Entry, Reading, Stated};
use zeroize::Zeroizing;

use super::{Format, Import, Kind, List, Written};
use crate::cli::CliError;
use crate::cli::token::Hash;

/// Largest file with a key or password, in bytes.
const MAX_SECRET: usize = 4096;

/// What a file holds, and what should be said of it.
pub(super) struct Read {
    pub(super) entries: Vec<Entry>,
    pub(super) remarks: Vec<String>,
}

/// Reads the file.
pub(super) fn file(order: &Import) -> Result<Read, CliError> {
    let bytes = bytes(&order.file, pskc::LIMITS.bytes)?;
    let format = order.format.unwrap_or_else(|| looks_like(&bytes));
    let wrong = |error: String| CliError::refused(format!("`{}`: {error}", order.file.display()));
    if format != Format::Pskc && (order.key_file.is_some() || order.password_file.is_some()) {
        let message = "--key-file and --password-file open a PSKC file, and this is none";
        return Err(CliError::usage(message));
    }
    match format {
        Format::Pskc => {
            let secret = Opener::of(order)?;
            let container = pskc::read(&bytes, &secret.opening(order.without_mac));
            let container = container.map_err(|error| wrong(error.to_string()))?;
            let remark = "the file bears a digital signature, which was not checked: \
                          `pskctool --verify` does";
            Ok(Read {
                entries: container.keys,
                remarks: container
                    .is_signed
                    .then(|| remark.to_owned())
                    .into_iter()
                    .collect(),
            })
        }
        Format::Csv => {
            let reading = reading(&order.list)?;
            let entries = seed_list::csv(&bytes, &reading).map_err(|it| wrong(it.to_string()))?;
            Ok(Read {
                entries,
                remarks: Vec::new(),
            })
        }
        Format::Otpauth => {
            let entries = seed_list::uris(&bytes).map_err(|it| wrong(it.to_string()))?;
            Ok(Read {
                entries,
                remarks: Vec::new(),
            })
        }
    }
}

/// XML begins with a bracket, a list of URIs with its scheme behind empty lines and comments, and all else is a table.
fn looks_like(bytes: &[u8]) -> Format {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    match first.unwrap_or_default() {
        [b'<', ..] => Format::Pskc,
        line if line
            .get(..10)
            .is_some_and(|it| it.eq_ignore_ascii_case(b"otpauth://")) =>
        {
            Format::Otpauth
        }
        _ => Format::Csv,
    }
}

/// What opens a file.
enum Opener {
    Nothing,
    Key(Zeroizing<Vec<u8>>),
    Password(Secret<String>),
}

impl Opener {
    fn of(order: &Import) -> Result<Self, CliError> {
        if let Some(file) = &order.key_file {
            let text = line_of(file)?;
            let wrong = || {
                let file = file.display();
                CliError::usage(format!(
                    "`{file}` is not a key of 16, 24 or 32 bytes in hexadecimal digits"
                ))
            };
            let key = Encoding::Hex.read(text.expose()).ok_or_else(wrong)?;
            return match key.len() {
                16 | 24 | 32 => Ok(Self::Key(key)),
                _ => Err(wrong()),
            };
        }
        match &order.password_file {
            Some(file) => Ok(Self::Password(line_of(file)?)),
            None => Ok(Self::Nothing),
        }
    }

    fn opening(&self, without_mac: bool) -> Opening<'_> {
        Opening {
            unlock: match self {
                Self::Nothing => Unlock::Nothing,
                Self::Key(key) => Unlock::Key(key),
                Self::Password(password) => Unlock::Password(password.expose()),
            },
            missing_mac: match without_mac {
                true => MissingMac::Accept,
                false => MissingMac::Refuse,
            },
        }
    }
}

/// The only line of a file.
fn line_of(file: &Path) -> Result<Secret<String>, CliError> {
    let bytes = Zeroizing::new(bytes(file, MAX_SECRET)?);
    let text = str::from_utf8(&bytes)
        .ok()
        .map(|text| text.trim_end_matches(['\r', '\n']));
    let text = text.filter(|text| !text.is_empty() && !text.contains(['\r', '\n']));
    let text = text.map(|text| Secret::new(text.to_owned()));
    text.ok_or_else(|| {
        let file = file.display();
        CliError::usage(format!("`{file}` should hold one line, and nothing else"))
    })
}

fn bytes(file: &Path, most: usize) -> Result<Vec<u8>, CliError> {
    let wrong =
        |error: &dyn std::fmt::Display| CliError::usage(format!("`{}`: {error}", file.display()));
    let length = std::fs::metadata(file)
        .map_err(|error| wrong(&error))?
        .len();
    if usize::try_from(length).map_or(true, |length| length > most) {
        return Err(wrong(&format!("it has more than {most} bytes")));
    }
    std::fs::read(file).map_err(|error| wrong(&error))
}

fn reading(list: &List) -> Result<Reading, CliError> {
    let columns = list.columns.iter().map(|name| {
        let column = match name.trim() {
            "factor" => Some(Column::Factor),
            name => Column::named(name),
        };
        column.ok_or_else(|| CliError::usage(format!("--columns: nobody knows `{name}`")))
    });
    let columns: Vec<Column> = columns.collect::<Result<_, _>>()?;
    Ok(Reading {
        columns: (!columns.is_empty()).then_some(columns),
        separator: list.separator.map(Into::into),
        stated: Stated {
            encoding: list.encoding.map(|written| match written {
                Written::Hex => Encoding::Hex,
                Written::Base32 => Encoding::Base32,
                Written::Base64 => Encoding::Base64,
            }),
            kind: list.kind.map(|kind| match kind {
                Kind::Hotp => seed_list::Kind::Hotp,
                Kind::Totp => seed_list::Kind::Totp,
            }),
            digits: list.digits.and_then(Digits::of),
            period: list
                .period
                .as_deref()
                .and_then(|it| Period::of(it.parse().ok()?)),
            algorithm: list.algorithm.map(|algorithm| match algorithm {
                Hash::Sha1 => Algorithm::Sha1,
                Hash::Sha256 => Algorithm::Sha256,
                Hash::Sha512 => Algorithm::Sha512,
            }),
            manufacturer: list.manufacturer.clone(),
        },
    })
}
