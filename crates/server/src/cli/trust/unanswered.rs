//! What the rules of trusts ask in vain, said when the trusts are taken: whoever signs in would be the first to know.

use sts::pipeline::store::{Needs, unanswered};
use sts::trust::{Authorization, Rules, Trusted};

use crate::config::Settings;

/// A sentence for each question that nothing here answers, as it is configured.
pub(super) fn told(trusted: &Trusted, settings: &Settings) -> Vec<String> {
    let asked = asked(trusted).into_iter();
    let unmet = asked.filter(|(needs, _)| !needs.as_ref().is_some_and(|it| is_there(it, settings)));
    unmet.map(|(_, sentence)| sentence).collect()
}

/// Whether the configuration has what a question needs.
fn is_there(needs: &Needs, settings: &Settings) -> bool {
    let stores = &settings.attribute_stores;
    match needs {
        Needs::Store(name) => stores.over_http.iter().any(|it| it.name == *name),
        Needs::OpaqueId => stores.opaque.is_some(),
        Needs::Attribute(name) => {
            let mut read = settings.directory.iter().flat_map(|it| &it.attributes);
            read.any(|it| it.eq_ignore_ascii_case(name))
        }
    }
}

fn asked(trusted: &Trusted) -> Vec<(Option<Needs>, String)> {
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

fn of<'r>(
    (name, key): (&'r str, &'r str),
    rules: &'r Rules,
) -> impl Iterator<Item = (Option<Needs>, String)> {
    let found = unanswered(rules.rules()).into_iter();
    found.map(move |it| {
        let (line, sentence) = (it.line, &it.sentence);
        let sentence =
            format!("`{name}`: `{key}`: line {line}: {sentence}: there is no token while it is so");
        (it.needs, sentence)
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
        let told: Vec<String> = asked(&trusted).into_iter().map(|(_, it)| it).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].contains("`issuance_authorization_rules`: line 1"),
            "{told:?}"
        );
        assert!(told[0].contains("`HR`"), "{told:?}");
    }
}
