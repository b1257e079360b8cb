//! Licences and bans, from what cargo resolves: no network, no database.

use std::collections::BTreeSet;

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

/// Crates with another licence, each looked at: the ceremony of passkeys, under MPL-2.0, whose sources are public and are
/// not changed here.
const LOOKED_AT: [&str; 5] = [
    "crypto-glue",
    "webauthn-attestation-ca",
    "webauthn-rs",
    "webauthn-rs-core",
    "webauthn-rs-proto",
];

/// Crates that may not be compiled in, with the reason.
const BANNED: [(&str, &str); 10] = [
    ("atty", "unmaintained"),
    ("bincode", "unmaintained"),
    ("derivative", "unmaintained"),
    ("native-tls", "brings OpenSSL"),
    ("paste", "unmaintained"),
    ("quick-xml", "no parser under a signature"),
    ("ring", "aws-lc-rs is the one cryptographic library"),
    ("rustls-pemfile", "unmaintained: rustls-pki-types reads PEM"),
    ("serde_yaml", "unmaintained"),
    (
        "sspi",
        "as an NTLM acceptor it lets any password in when there is no MIC",
    ),
];

/// Crates that only the feature `legacy-tls` may bring.
const LEGACY_TLS: [&str; 4] = ["openssl", "openssl-src", "openssl-sys", "tokio-openssl"];

/// What `cargo tree` is told to print of each package that is compiled, and `check` reads.
pub const FORMAT: &str = "{p} | {l}";

/// What is wrong with the dependencies, one sentence each; `tree` has a line in [`FORMAT`] for each
/// package that the workspace's normal and build dependencies reach. (`cargo metadata` also lists
/// optional ones that nothing turns on.)
#[must_use]
pub fn check(tree: &str) -> Vec<String> {
    let lines: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    let packages: Vec<&str> = lines
        .into_iter()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if packages.is_empty() {
        return vec!["cargo's tree is empty".to_owned()];
    }
    packages.into_iter().flat_map(of_one).collect()
}

/// What comes without the feature `legacy-tls` and should not; `tree` is of the default features.
#[must_use]
pub fn check_default(tree: &str) -> Vec<String> {
    let names: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    if !names.contains("wicketgate") {
        return vec!["the program is not in cargo's tree of the default features".to_owned()];
    }
    let brought = LEGACY_TLS.into_iter().filter(|it| names.contains(it));
    brought
        .map(|name| format!("`{name}` is banned: only in the feature legacy-tls"))
        .collect()
}

fn of_one(line: &str) -> Vec<String> {
    let Some((package, licence)) = line.split_once(" | ") else {
        return vec![format!("`{line}` in cargo's tree is not understood")];
    };
    let name = package.split(' ').next().unwrap_or_default();
    let mut wrong = Vec::new();
    if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| *banned == name) {
        wrong.push(format!("`{name}` is banned: {reason}"));
    }
    if !is_allowed(licence) && !LOOKED_AT.contains(&name) {
        let licence = if licence.is_empty() {
            "none given"
        } else {
            licence
        };
        wrong.push(format!(
            "`{name}` has the licence {licence}, which nobody looked at"
        ));
    }
    wrong
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
    fn a_banned_crate_and_an_unknown_licence_are_found_once() {
        let tree =
            "a v1.0.0 | MIT\nring v0.17.0 | ISC\nring v0.17.0 | ISC (*)\nb v1.0.0 | GPL-3.0\n";
        let wrong = check(tree);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert_eq!(
            check("a v1.0.0 | MIT\n\nc v0.1.0 (/c) | MIT OR Apache-2.0\n").len(),
            0
        );
    }

    #[test]
    fn openssl_comes_by_its_feature_only() {
        let tree = "wicketgate v0.1.0 | MIT\nrustls v0.23.46 | MIT\n";
        assert_eq!(check_default(tree), Vec::<String>::new());
        let with = format!("{tree}openssl-sys v0.9.118 | MIT\n");
        assert_eq!(
            check_default(&with),
            ["`openssl-sys` is banned: only in the feature legacy-tls"]
        );
        assert_eq!(check_default("").len(), 1);
    }

    #[test]
    fn a_tree_that_cannot_be_read_is_not_in_order() {
        for tree in ["", "\n\n"] {
            assert_eq!(check(tree), ["cargo's tree is empty"]);
        }
        let other = "a v1.0.0 | MIT\n[build-dependencies]\n";
        assert_eq!(
            check(other),
            ["`[build-dependencies]` in cargo's tree is not understood"]
        );
    }
}
