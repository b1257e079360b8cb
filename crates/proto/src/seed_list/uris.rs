//! A line that is an `otpauth://` URI, and how it becomes a token.
//!
//! Such a URI has no place for a serial number: the name of its label is taken for it.

use super::{Fault, ImportedToken, LineError, text};
use crate::otp::KeyUri;

/// Reads a line.
pub(super) fn token(line: &str) -> Result<ImportedToken, Fault> {
    let before = line.len().saturating_sub(line.trim_start().len());
    let column = line
        .get(..before)
        .map_or(1, |it| it.chars().count().saturating_add(1));
    let uri = KeyUri::parse(line.trim()).map_err(|error| (column, error.into()))?;
    let wrong = LineError::Wrong {
        what: "name",
        expected: "a text of at most 100 characters",
    };
    let serial = text(&uri.name).ok_or((column, wrong))?;
    Ok(ImportedToken {
        account: serial.contains('@').then(|| serial.clone()),
        serial,
        manufacturer: uri.issuer,
        moving: uri.moving,
        algorithm: uri.algorithm,
        digits: uri.digits,
        seed: uri.seed,
        valid_from: None,
        valid_until: None,
    })
}
