//! The walls as data: which crate may name which, and where an outside crate is contained.
//!
//! The table of design section 3; checked against what cargo says, so that it cannot drift.

use std::collections::BTreeMap;

use serde_json::Value;

/// Which of our crates a crate may depend on.
const OURS: [(&str, &[&str]); 11] = [
    ("xml", &[]),
    ("claims", &[]),
    ("proto", &["xml"]),
    ("authn", &["proto"]),
    ("sts", &["authn", "claims", "proto", "xml"]),
    ("gateway", &["authn", "proto"]),
    ("store", &["authn", "sts", "proto"]),
    ("web", &["authn", "sts", "proto"]),
    ("gss", &["proto"]),
    ("lab", &["proto", "xml", "gss"]),
    (
        "server",
        &[
            "authn", "claims", "gateway", "gss", "lab", "proto", "store", "sts", "web", "xml",
        ],
    ),
];

/// Outside crates that only some of ours may name.
const CONTAINED: [(&str, &[&str]); 26] = [
    ("argon2", &["authn"]),
    ("askama", &["web"]),
    ("axum", &["web", "server"]),
    ("clap", &["server"]),
    ("fancy-regex", &["claims"]),
    ("http-body-util", &["server", "lab"]),
    ("hyper", &["server", "lab"]),
    ("hyper-util", &["server", "lab"]),
    ("ldap3", &["server"]),
    ("lettre", &["server"]),
    ("libloading", &["gss"]),
    ("md-5", &["proto"]),
    ("md4", &["proto"]),
    ("openssl", &["server"]),
    ("prometheus-client", &["server"]),
    ("qrcode", &["server", "web"]),
    ("quick-xml", &[]),
    ("rc4", &["proto"]),
    ("roxmltree", &["xml"]),
    // RUSTSEC-2023-0071: never for private keys. It comes behind webauthn-rs, for public keys of passkeys alone.
    ("rsa", &[]),
    ("rustls", &["server", "lab"]),
    ("sqlx", &["store"]),
    ("tokio", &["gss", "lab", "server", "store", "web"]),
    ("tokio-openssl", &["server"]),
    ("tokio-rustls", &["server", "lab"]),
    ("webauthn-rs", &["authn"]),
];

/// Crates that enter only by a feature.
const BY_FEATURE: [(&str, &str); 3] = [
    ("openssl", "legacy-tls"),
    ("tokio-openssl", "legacy-tls"),
    ("wicketgate-lab", "demo"),
];

/// Every outside crate that a foundation may name: whatever else it brought could do I/O.
const FOUNDATIONS: [(&str, &[&str]); 3] = [
    (
        "xml",
        &[
            "aws-lc-rs",
            "base64",
            "jiff",
            "roxmltree",
            "thiserror",
            "zeroize",
        ],
    ),
    ("claims", &["fancy-regex", "thiserror"]),
    (
        "proto",
        &[
            "aws-lc-rs",
            "base64",
            "hmac",
            "jiff",
            "md-5",
            "md4",
            "rc4",
            "serde",
            "serde_json",
            "subtle",
            "thiserror",
            "zeroize",
        ],
    ),
];

/// Crates that stand outside the rows: they may name anything.
const TOOLS: [&str; 2] = ["e2e", "xtask"];

/// What is wrong with the arrows, one sentence each.
///
/// `metadata` is what `cargo metadata --no-deps` prints.
#[must_use]
pub fn check(metadata: &Value) -> Vec<String> {
    let ours: BTreeMap<&str, &[&str]> = OURS.into_iter().collect();
    let packages = metadata["packages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if packages.is_empty() {
        return vec!["cargo's metadata names no packages".to_owned()];
    }
    packages
        .iter()
        .flat_map(|package| wrong_arrows(package, &ours))
        .collect()
}

fn wrong_arrows(package: &Value, ours: &BTreeMap<&str, &[&str]>) -> Vec<String> {
    let from = short_name(package["name"].as_str().unwrap_or_default());
    if TOOLS.contains(&from.as_str()) {
        return Vec::new();
    }
    let Some(allowed) = ours.get(from.as_str()) else {
        return vec![format!("crate `{from}` has no line in xtask/src/arrows.rs")];
    };
    let mut wrong = Vec::new();
    let dependencies = package["dependencies"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for dependency in dependencies.iter().filter(|it| it["kind"] != "dev") {
        let name = dependency["name"].as_str().unwrap_or_default();
        let to = short_name(name);
        let is_ours = name == "wicketgate" || name.starts_with("wicketgate-");
        if is_ours && !allowed.contains(&to.as_str()) {
            wrong.push(format!("`{from}` may not name `{to}`"));
        }
        let by_feature = BY_FEATURE.iter().find(|(it, _)| *it == name);
        if let Some((_, feature)) = by_feature
            && dependency["optional"] != Value::Bool(true)
        {
            wrong.push(format!(
                "`{from}` names `{to}` without the feature `{feature}`"
            ));
        }
        let foundation = FOUNDATIONS.iter().find(|(ours, _)| *ours == from);
        if foundation.is_some_and(|(_, outside)| !is_ours && !outside.contains(&name)) {
            wrong.push(format!(
                "`{from}` is a foundation and may not name `{name}`"
            ));
        }
        let contained = CONTAINED.iter().find(|(outside, _)| *outside == name);
        if let Some((_, places)) = contained.filter(|(_, places)| !places.contains(&from.as_str()))
        {
            wrong.push(format!(
                "`{from}` may not name `{name}`, which belongs in {places:?}"
            ));
        }
    }
    wrong
}

/// `wicketgate-proto` is `proto`, and the binary is `server`.
fn short_name(package: &str) -> String {
    match package {
        "wicketgate" => "server".to_owned(),
        other => other
            .strip_prefix("wicketgate-")
            .unwrap_or(other)
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wrong(name: &str, dependencies: &Value) -> Vec<String> {
        check(&json!({ "packages": [{ "name": name, "dependencies": dependencies }] }))
    }

    #[test]
    fn an_arrow_that_turns_round_is_found() {
        let upward = json!([{ "name": "wicketgate-store", "kind": null }]);
        assert_eq!(
            wrong("wicketgate-authn", &upward),
            ["`authn` may not name `store`"]
        );
        let down = json!([{ "name": "wicketgate-proto", "kind": null }]);
        assert_eq!(wrong("wicketgate-authn", &down), Vec::<String>::new());
        let for_tests = json!([{ "name": "wicketgate-store", "kind": "dev" }]);
        assert_eq!(wrong("wicketgate-authn", &for_tests), Vec::<String>::new());
    }

    #[test]
    fn an_outside_crate_out_of_its_place_is_found() {
        let sql = json!([{ "name": "sqlx", "kind": null }]);
        assert_eq!(wrong("wicketgate-gateway", &sql).len(), 1);
        assert_eq!(wrong("wicketgate-store", &sql), Vec::<String>::new());
    }

    #[test]
    fn what_builds_a_crate_is_looked_at_like_the_crate() {
        let upward = json!([{ "name": "wicketgate-store", "kind": "build" }]);
        assert_eq!(wrong("wicketgate-authn", &upward).len(), 1);
        let sql = json!([{ "name": "sqlx", "kind": "build" }]);
        assert_eq!(wrong("wicketgate-gateway", &sql).len(), 1);
    }

    #[test]
    fn a_foundation_names_only_what_is_listed() {
        let named = |name: &str, kind: Option<&str>| {
            let dependency = json!([{ "name": name, "kind": kind }]);
            wrong("wicketgate-proto", &dependency)
        };
        assert_eq!(named("rc4", None), Vec::<String>::new());
        assert_eq!(named("socket2", Some("dev")), Vec::<String>::new());
        assert_eq!(named("wicketgate-xml", None), Vec::<String>::new());
        for kind in [None, Some("build")] {
            assert_eq!(
                named("socket2", kind),
                ["`proto` is a foundation and may not name `socket2`"]
            );
        }
        let elsewhere = json!([{ "name": "socket2", "kind": null }]);
        assert_eq!(wrong("wicketgate-lab", &elsewhere), Vec::<String>::new());
    }

    #[test]
    fn metadata_of_nothing_is_not_in_order() {
        for nothing in [json!({}), json!({ "packages": [] }), json!(null)] {
            assert_eq!(check(&nothing).len(), 1, "{nothing}");
        }
    }

    #[test]
    fn openssl_enters_only_by_its_feature_and_into_the_program_alone() {
        let always = json!([{ "name": "openssl", "kind": null, "optional": false }]);
        assert_eq!(
            wrong("wicketgate", &always),
            ["`server` names `openssl` without the feature `legacy-tls`"]
        );
        let by_feature = json!([{ "name": "openssl", "kind": null, "optional": true }]);
        assert_eq!(wrong("wicketgate", &by_feature), Vec::<String>::new());
        assert_eq!(wrong("wicketgate-lab", &by_feature).len(), 1);
    }

    #[test]
    fn the_lab_enters_only_by_its_feature_and_a_new_crate_needs_a_line() {
        let lab = json!([{ "name": "wicketgate-lab", "kind": null, "optional": false }]);
        assert_eq!(wrong("wicketgate", &lab).len(), 1);
        let lab = json!([{ "name": "wicketgate-lab", "kind": null, "optional": true }]);
        assert_eq!(wrong("wicketgate", &lab), Vec::<String>::new());
        assert_eq!(wrong("wicketgate-manager", &json!([])).len(), 1);
    }
}
