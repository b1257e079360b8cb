//! Revocation checks that trusts ask for, said when they are: no revocation list is asked here.

use sts::trust::written::Written;

/// The word that asks for none.
const NONE: &str = "None";

/// A sentence for each check that a form asks for; AD FS's default, which nobody wrote, is none of them.
pub(super) fn told(written: &Written) -> Vec<String> {
    let parties = written.relying_party.iter().map(|it| {
        let (signing, encryption) = (
            &it.signing_certificate_revocation_check,
            &it.encryption_certificate_revocation_check,
        );
        (&it.name, signing, encryption)
    });
    let providers = written.claims_provider.iter().map(|it| {
        let (signing, encryption) = (
            &it.signing_certificate_revocation_check,
            &it.encryption_certificate_revocation_check,
        );
        (&it.name, signing, encryption)
    });
    let all = parties.chain(providers);
    all.flat_map(|(name, signing, encryption)| {
        let fields = [
            ("signing_certificate_revocation_check", signing),
            ("encryption_certificate_revocation_check", encryption),
        ];
        fields.map(|(key, word)| {
            let word = word.as_ref();
            let word = word.filter(|it| !it.eq_ignore_ascii_case(NONE))?;
            let name_there = super::seen::as_an_argument(name);
            Some(format!(
                "`{name}`: `{key}` = `{word}`: no revocation list is asked, whatever it says: take a certificate that is revoked out \
                 of the trust (wicketgate trust set), or switch the trust off: wicketgate trust disable {name_there}"
            ))
        })
    })
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_is_asked_for_is_told_and_none_and_what_nobody_wrote_are_not() {
        let (signing, encryption) = (
            "signing_certificate_revocation_check",
            "encryption_certificate_revocation_check",
        );
        let said = |key: &str, word: &str| {
            let field = match key {
                "" => String::new(),
                key => format!(", \"{key}\": \"{word}\""),
            };
            let text = format!(
                r#"{{"version": 1, "relying_party": [{{"name": "Time sheets", "identifiers": ["urn:a"] {field}}}],
                "claims_provider": [{{"name": "P", "identifier": "urn:p" {field}}}]}}"#
            );
            told(&Written::of_json(&text).unwrap())
        };
        let none: [&str; 0] = [];
        assert_eq!(said("", ""), none);
        for key in [signing, encryption] {
            assert_eq!(said(key, "None"), none);
            assert_eq!(said(key, "none"), none);
            for word in [
                "CheckChain",
                "CheckEndCertCacheOnly",
                "CheckChainExcludeRoot",
            ] {
                let [party, provider] = said(key, word).try_into().unwrap();
                for part in [
                    &*format!("`Time sheets`: `{key}` = `{word}`: no revocation list is asked"),
                    "wicketgate trust disable 'Time sheets'",
                ] {
                    assert!(party.contains(part), "{part} in {party}");
                }
                assert!(provider.starts_with("`P`: "), "{provider}");
            }
        }
    }
}
