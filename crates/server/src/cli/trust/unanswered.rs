//! What the rules of trusts ask in vain, said when the trusts are taken: whoever signs in would be the first to know.

use sts::pipeline::store::unanswered;
use sts::trust::{Authorization, Rules, Trusted};

/// A sentence for each question that nothing here answers.
pub(super) fn told(trusted: &Trusted) -> Vec<String> {
    let none = Rules::default();
    let mut told = Vec::new();
    for trust in &trusted.relying_parties {
        let authorization = match &trust.authorization {
            Authorization::Rules(rules) => rules,
            Authorization::Policy(_) => &none,
        };
        for (key, rules) in [
            ("issuance_authorization_rules", authorization),
            ("issuance_transform_rules", &trust.issuance_transform_rules),
            (
                "additional_authentication_rules",
                &trust.additional_authentication_rules,
            ),
        ] {
            told.extend(of((&trust.name, key), rules));
        }
    }
    for trust in &trusted.claims_providers {
        let key = "acceptance_transform_rules";
        told.extend(of((&trust.name, key), &trust.acceptance_transform_rules));
    }
    told
}

fn of<'r>((name, key): (&'r str, &'r str), rules: &'r Rules) -> impl Iterator<Item = String> {
    let found = unanswered(rules.rules()).into_iter();
    found.map(move |it| {
        let (line, sentence) = (it.line, it.sentence);
        format!("`{name}`: `{key}`: line {line}: {sentence}: there is no token while it is so")
    })
}

#[cfg(test)]
mod tests {
    use sts::trust::written::Written;

    use super::*;

    #[test]
    fn every_set_of_rules_is_looked_at() {
        let rule =
            r#"c:[] => issue(store = \"HR\", types = (\"t\"), query = \"q\", param = c.Value);"#;
        let text = format!(
            r#"{{"version": 1, "relying_party": [{{"name": "a", "identifiers": ["urn:a"],
            "issuance_authorization_rules": "{rule}", "issuance_transform_rules": "{rule}",
            "additional_authentication_rules": "{rule}"}}]}}"#
        );
        let trusted = Written::of_json(&text).unwrap().read().unwrap();
        let told = told(&trusted);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].contains("`issuance_authorization_rules`: line 1"),
            "{told:?}"
        );
        assert!(told[0].contains("`HR`"), "{told:?}");
    }
}
