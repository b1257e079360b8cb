//! Licences and bans, from what cargo resolves: no network, no database.

use std::collections::BTreeSet;

use serde_json::Value;

/// Licences that may be linked into the program.
const ALLOWED: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "0BSD",
    "CDLA-Permissive-2.0",
    "OpenSSL",
    "Apache-2.0 WITH LLVM-exception",
];

/// Crates with another licence, each looked at.
const LOOKED_AT: [&str; 0] = [];

/// Crates that may not be compiled in, with the reason.
const BANNED: [(&str, &str); 13] = [
    ("atty", "unmaintained"),
    ("bincode", "unmaintained"),
    ("derivative", "unmaintained"),
    ("native-tls", "brings OpenSSL"),
    (
        "openssl",
        "only in the feature legacy-tls, which does not exist yet",
    ),
    (
        "openssl-sys",
        "only in the feature legacy-tls, which does not exist yet",
    ),
    ("paste", "unmaintained"),
    ("quick-xml", "no parser under a signature"),
    ("ring", "aws-lc-rs is the one cryptographic library"),
    ("rsa", "RUSTSEC-2023-0071: never for private keys"),
    ("rustls-pemfile", "unmaintained: rustls-pki-types reads PEM"),
    ("serde_yaml", "unmaintained"),
    (
        "sspi",
        "as an NTLM acceptor it lets any password in when there is no MIC",
    ),
];

/// What is wrong with the dependencies, one sentence each; `metadata` is what `cargo metadata
/// --filter-platform` prints with the resolved graph.
#[must_use]
pub fn check(metadata: &Value) -> Vec<String> {
    let compiled = compiled(metadata);
    let packages = metadata["packages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if !compiled.contains(package["id"].as_str().unwrap_or_default()) {
            continue;
        }
        if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            wrong.push(format!("`{name}` is banned: {reason}"));
        }
        let licence = package["license"].as_str().unwrap_or("none given");
        if !is_allowed(licence) && !LOOKED_AT.contains(&name) {
            wrong.push(format!(
                "`{name}` has the licence {licence}, which nobody looked at"
            ));
        }
    }
    wrong
}

/// The packages that the workspace's normal and build dependencies reach.
fn compiled(metadata: &Value) -> BTreeSet<String> {
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let members = metadata["workspace_members"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut open: Vec<String> = members.iter().map(text).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !reached.insert(id.clone()) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id.as_str());
        let edges = node
            .and_then(|node| node["deps"].as_array())
            .map(Vec::as_slice);
        for edge in edges.unwrap_or_default() {
            let kinds = edge["dep_kinds"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                open.push(text(&edge["pkg"]));
            }
        }
    }
    reached
}

/// An SPDX expression of AND, OR and parentheses, as far as crates use it.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain
        .split(" AND ")
        .all(|all| all.split(" OR ").any(|any| ALLOWED.contains(&any.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_understood() {
        assert!(is_allowed("MIT OR Apache-2.0"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("ISC AND (Apache-2.0 OR ISC)"));
        assert!(is_allowed("AGPL-3.0 OR MIT"));
        assert!(!is_allowed("AGPL-3.0"));
        assert!(!is_allowed("MIT AND GPL-2.0"));
    }

    #[test]
    fn a_banned_crate_is_found_only_where_it_is_compiled() {
        let metadata = |kind: Value| {
            json!({
                "workspace_members": ["a"],
                "packages": [
                    { "id": "a", "name": "a", "license": "MIT" },
                    { "id": "r", "name": "ring", "license": "MIT" },
                ],
                "resolve": { "nodes": [
                    { "id": "a", "deps": [{ "pkg": "r", "dep_kinds": [{ "kind": kind }] }] },
                    { "id": "r", "deps": [] },
                ] },
            })
        };
        assert_eq!(check(&metadata(Value::Null)).len(), 1);
        assert_eq!(check(&metadata(json!("dev"))), Vec::<String>::new());
    }
}
