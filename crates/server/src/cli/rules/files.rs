//! The files that `rules` reads: rules, claims that come in, and answers of attribute stores.
//!
//! Unknown keys are errors, as in a configuration.

use std::collections::BTreeMap;
use std::path::Path;

use claims::{Claim, ClaimSet, Query, Row};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::CliError;

/// Most bytes of a file.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A claim, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClaim {
    #[serde(rename = "type")]
    claim_type: String,
    value: String,
    #[serde(default)]
    value_type: Option<String>,
    /// `AD AUTHORITY` where it is left out.
    #[serde(default)]
    issuer: Option<String>,
    /// The issuer where it is left out.
    #[serde(default)]
    original_issuer: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

/// What a store answers to a question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAnswer {
    store: String,
    /// Any question where it is left out.
    #[serde(default)]
    query: Option<String>,
    /// Any parameters where they are left out.
    #[serde(default)]
    parameters: Option<Vec<String>>,
    /// What comes back; nothing at all where the store fails.
    #[serde(default)]
    rows: Vec<Row>,
    /// Why the store fails, where it does.
    #[serde(default)]
    fails: Option<String>,
}

/// What stores answer: the first that fits.
#[derive(Debug, Default)]
pub(super) struct Answers {
    answers: Vec<WrittenAnswer>,
}

impl Answers {
    /// What a store says to a question, or why it does not; nothing where no answer fits.
    pub(super) fn to(&self, query: &Query<'_>) -> Option<Result<Vec<Row>, String>> {
        let fits = |it: &&WrittenAnswer| {
            it.store == query.store()
                && it.query.as_ref().is_none_or(|text| text == query.text())
                && it.parameters.as_ref().is_none_or(|expected| {
                    query.parameters().eq(expected.iter().map(String::as_str))
                })
        };
        let found = self.answers.iter().find(fits)?;
        Some(match &found.fails {
            Some(reason) => Err(reason.clone()),
            None => Ok(found.rows.clone()),
        })
    }
}

/// The claims of a file.
///
/// # Errors
///
/// It cannot be read, or holds something else.
pub(super) fn claims(file: &Path) -> Result<ClaimSet, CliError> {
    let written: Vec<WrittenClaim> = json(file)?;
    Ok(written.into_iter().map(claim).collect())
}

/// The answers of a file.
///
/// # Errors
///
/// It cannot be read, or holds something else.
pub(super) fn answers(file: &Path) -> Result<Answers, CliError> {
    let answers = json(file)?;
    Ok(Answers { answers })
}

/// The text of a file.
///
/// # Errors
///
/// It cannot be read, is too large, or is no text.
pub(super) fn text(file: &Path) -> Result<String, CliError> {
    let wrong = |what: &str| CliError::usage(format!("{}: {what}", file.display()));
    let size = std::fs::metadata(file).map_err(|error| wrong(&error.to_string()))?;
    if size.len() > MAX_BYTES {
        return Err(wrong(&format!("it has more than {MAX_BYTES} bytes")));
    }
    let bytes = std::fs::read(file).map_err(|error| wrong(&error.to_string()))?;
    let text = proto::byte_order_mark::text(&bytes);
    let text =
        text.ok_or_else(|| wrong("it is neither UTF-8 nor UTF-16 with its byte order mark"))?;
    Ok(text.into_owned())
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T, CliError> {
    let text = text(file)?;
    let read = serde_json::from_str(text.trim_start_matches('\u{feff}'));
    read.map_err(|error| CliError::usage(format!("{}: {error}", file.display())))
}

fn claim(written: WrittenClaim) -> Claim {
    let issuer = written.issuer.as_deref();
    let issuer = issuer.unwrap_or(claims::claim::AD_AUTHORITY);
    let mut claim = Claim::new(&written.claim_type, &written.value, issuer);
    if let Some(value_type) = written.value_type {
        claim.value_type = value_type.into();
    }
    if let Some(original_issuer) = written.original_issuer {
        claim.original_issuer = original_issuer.into();
    }
    let properties = written.properties.into_iter();
    claim.properties = properties
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    claim
}
