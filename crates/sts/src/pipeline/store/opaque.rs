//! `_OpaqueIdStore`: names by which a party knows somebody again, and which tell nothing, not even two parties together.
//!
//! UNCONFIRMED: AD FS's own algorithm; ours is HMAC-SHA-256 over the party and what was asked.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use claims::Row;
use proto::secret::Secret;

use crate::trust::Identifier;

/// Answers `ppid;value;original issuer`, and with an authentication instant behind where a name is of one sign-in.
pub(super) fn answer(
    secret: &Secret<Vec<u8>>,
    relying_party: &Identifier,
    text: &str,
    parameters: &[&str],
) -> Result<Vec<Row>, String> {
    let asked = (parameters.len(), parameters.first());
    let is_known = matches!(asked, (3, Some(&"ppid")) | (5, Some(&"useEntropy")));
    let plain: Vec<String> = (0..parameters.len())
        .map(|it| format!("{{{it}}}"))
        .collect();
    if !is_known || text.trim() != plain.join(";") {
        return Err("its query is not one that makes a name".to_owned());
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
    let mut context = hmac::Context::with_key(&key);
    for part in [relying_party.as_str()].iter().chain(parameters) {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(part.as_bytes());
    }
    let name = STANDARD.encode(context.sign().as_ref());
    Ok(vec![vec![Some(name)]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(party: &str, text: &str, parameters: &[&str]) -> Result<String, String> {
        let secret = Secret::new(vec![7; 32]);
        let party = Identifier::parse(party).unwrap();
        let rows = answer(&secret, &party, text, parameters)?;
        Ok(rows.concat().into_iter().flatten().collect())
    }

    #[test]
    fn a_name_is_one_party_s_and_one_person_s() {
        let pairwise = "{0};{1};{2}";
        let anna = ["ppid", "CONTOSO\\anna", "AD AUTHORITY"];
        let name = ask("urn:a", pairwise, &anna).unwrap();
        assert_eq!(ask("urn:a", pairwise, &anna).unwrap(), name);
        assert_ne!(ask("urn:b", pairwise, &anna).unwrap(), name);
        let ben = ["ppid", "CONTOSO\\ben", "AD AUTHORITY"];
        assert_ne!(ask("urn:a", pairwise, &ben).unwrap(), name);
        let shifted = ["ppid", "CONTOSO\\annaA", "D AUTHORITY"];
        assert_ne!(ask("urn:a", pairwise, &shifted).unwrap(), name);
        let once = "{0};{1};{2};{3};{4}";
        let at = |instant| ["useEntropy", "CONTOSO\\anna", "AD AUTHORITY", "", instant];
        let (first, second) = (ask("urn:a", once, &at("1")), ask("urn:a", once, &at("2")));
        assert_ne!(first.unwrap(), second.unwrap());
    }

    #[test]
    fn another_question_has_no_answer() {
        for (text, parameters) in [
            ("{0};{1};{2}", ["useEntropy", "a", "b"].as_slice()),
            ("{0};{1};{2}", &["ppid", "a"]),
            ("{0};{1}", &["ppid", "a"]),
            ("ppid;{1};{2}", &["ppid", "a", "b"]),
            ("{0};{2};{1}", &["ppid", "a", "b"]),
        ] {
            assert!(ask("urn:a", text, parameters).is_err(), "{text}");
        }
    }
}
