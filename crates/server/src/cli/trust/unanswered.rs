//! What the rules of trusts ask in vain, said when the trusts are taken: whoever signs in would be the first to know.

use sts::pipeline::store::{Needs, unanswered};
use sts::trust::{Authorization, Rules, Trusted};

use crate::config::Settings;
use crate::config::settings::attribute_stores::AttributeStores;

/// A sentence for each question that nothing here answers, as it is configured.
pub(super) fn told(trusted: &Trusted, settings: &Settings) -> Vec<String> {
    let asked = asked(trusted).into_iter();
    let unmet = asked.filter(|(needs, _)| !needs.as_ref().is_some_and(|it| is_met(it, settings)));
    unmet.map(|(_, sentence)| sentence).collect()
}

/// Whether a configuration has what a question needs.
pub(super) fn is_met(needs: &Needs, settings: &Settings) -> bool {
    let directory = settings.directory.iter();
    let read = directory.flat_map(|it| it.attributes.iter().map(String::as_str));
    is_there(
        needs,
        (&settings.attribute_stores, &read.collect::<Vec<_>>()),
    )
}

/// Whether the configuration has what a question needs: a store, or an attribute that is read of people of the directory.
fn is_there(needs: &Needs, (stores, read): (&AttributeStores, &[&str])) -> bool {
    match needs {
        Needs::Store(name) => stores.has(name),
        Needs::OpaqueId => stores.opaque.is_some(),
        Needs::Attribute(name) => read.iter().any(|it| it.eq_ignore_ascii_case(name)),
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
    use crate::config::settings::attribute_stores::AttributeStore;

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

    #[test]
    fn what_the_configuration_has_is_answered() {
        let hr = AttributeStore {
            name: "HR".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 80,
            authority: "127.0.0.1".to_owned(),
            path: "/".to_owned(),
            tls: None,
            secret: None,
        };
        let stores = AttributeStores {
            opaque: None,
            over_http: vec![hr],
            over_ldap: Vec::new(),
        };
        let there = (&stores, &["shoeSize"][..]);
        for (needs, is_met) in [
            (Needs::Store("HR".to_owned()), true),
            (Needs::Store("hr".to_owned()), false),
            (Needs::OpaqueId, false),
            (Needs::Attribute("shoesize".to_owned()), true),
            (Needs::Attribute("hatSize".to_owned()), false),
        ] {
            assert_eq!(is_there(&needs, there), is_met, "{needs:?}");
        }
    }
}
