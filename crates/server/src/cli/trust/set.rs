//! `wicketgate trust set`: fields of a trust, by the keys of its written form.

use std::path::Path;

use serde_json::{Map, Value};
use sts::trust::Kind;
use sts::trust::written::Written;

use super::form;
use crate::cli::CliError;

/// A written form with some keys of its one trust set: `KEY=VALUE`, `KEY=@FILE`, or `KEY=` for the default.
///
/// # Errors
///
/// A word is none of these, a file cannot be read, or the outcome is no written form.
pub(super) fn with(written: &Written, kind: Kind, words: &[String]) -> Result<Written, CliError> {
    let mut value = serde_json::to_value(written).map_err(of_json)?;
    let trust = value
        .get_mut(key_of(kind))
        .and_then(|it| it.get_mut(0))
        .and_then(Value::as_object_mut)
        .ok_or_else(|| CliError::unavailable("what is kept is no written form"))?;
    for word in words {
        set(trust, word)?;
    }
    serde_json::from_value(value).map_err(of_json)
}

/// Under which key the trusts of a kind are written.
fn key_of(kind: Kind) -> &'static str {
    match kind {
        Kind::RelyingParty => "relying_party",
        Kind::ClaimsProvider => "claims_provider",
        Kind::ClaimDescription => "claim_description",
    }
}

fn set(trust: &mut Map<String, Value>, word: &str) -> Result<(), CliError> {
    let Some((key, value)) = word.split_once('=') else {
        return Err(CliError::usage(format!(
            "`{word}` is not KEY=VALUE, KEY=@FILE or KEY="
        )));
    };
    match value.strip_prefix('@') {
        _ if value.is_empty() => drop(trust.remove(key)),
        Some(file) => {
            let text = form::text(Path::new(file))?;
            trust.insert(key.to_owned(), Value::String(text));
        }
        None => {
            let mut value = typed(value);
            keep_vouchers(trust.get(key), &mut value);
            trust.insert(key.to_owned(), value);
        }
    }
    Ok(())
}

/// SECURITY: who vouched for a partner's metadata is forgotten only by whoever says so, and not by whoever follows it from now on.
fn keep_vouchers(before: Option<&Value>, value: &mut Value) {
    const KEY: &str = "signing_certificates";
    let kept = before.and_then(|it| it.get(KEY));
    if let (Some(kept), Some(table)) = (kept, value.as_object_mut())
        && !table.contains_key(KEY)
    {
        table.insert(KEY.to_owned(), kept.clone());
    }
}

/// A number, a list, a switch or a table, where the word is one in JSON; else a text.
fn typed(word: &str) -> Value {
    serde_json::from_str(word).unwrap_or_else(|_| Value::String(word.to_owned()))
}

fn of_json(error: serde_json::Error) -> CliError {
    CliError::refused(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party() -> Written {
        let text = r#"{"version": 1, "relying_party": [{"name": "a", "identifiers": ["urn:a"], "token_lifetime": 5}]}"#;
        Written::of_json(text).unwrap()
    }

    fn set(words: &[&str]) -> Result<Written, CliError> {
        let words: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
        with(&party(), Kind::RelyingParty, &words)
    }

    #[test]
    fn keys_are_set_to_words_numbers_lists_and_files_and_back_to_their_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.txt");
        std::fs::write(&file, "c:[] => issue(claim = c);").unwrap();
        let rules = format!("issuance_transform_rules=@{}", file.display());
        let written = set(&[
            "name=b",
            "identifiers=[\"urn:b\", \"urn:c\"]",
            "token_lifetime=",
            "always_require_authentication=true",
            "notes=a = b",
            &rules,
        ]);
        let party = &written.unwrap().relying_party[0];
        assert_eq!(party.name, "b");
        assert_eq!(party.identifiers, ["urn:b", "urn:c"]);
        assert_eq!(party.token_lifetime, None);
        assert!(party.always_require_authentication);
        assert_eq!(party.notes.as_deref(), Some("a = b"));
        assert_eq!(party.issuance_transform_rules, "c:[] => issue(claim = c);");
    }

    #[test]
    fn who_vouched_for_metadata_stays_until_somebody_says_otherwise() {
        let mut written = party();
        let text = r#"{"url": "https://a.example/", "signing_certificates": ["AQID"]}"#;
        written.relying_party[0].metadata = Some(serde_json::from_str(text).unwrap());
        let kept = |word: &str| {
            let after = with(&written, Kind::RelyingParty, &[word.to_owned()]).unwrap();
            let metadata = after.relying_party[0].metadata.clone().unwrap();
            (metadata.is_followed, metadata.signing_certificates)
        };
        let followed = r#"metadata={"url": "https://a.example/", "is_followed": true}"#;
        assert_eq!(kept(followed), (true, vec!["AQID".to_owned()]));
        let forgotten = r#"metadata={"url": "https://a.example/", "signing_certificates": []}"#;
        assert_eq!(kept(forgotten), (false, Vec::new()));
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        assert!(matches!(set(&["name"]), Err(CliError::Usage(_))));
        assert!(matches!(set(&["colour=red"]), Err(CliError::Refused(_))));
        assert!(matches!(
            set(&["token_lifetime=long"]),
            Err(CliError::Refused(_))
        ));
        assert!(matches!(set(&["name="]), Err(CliError::Refused(_))));
        assert!(matches!(set(&["notes=@/nowhere"]), Err(CliError::Usage(_))));
    }
}
