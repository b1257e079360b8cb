//! The pictures of the guide: of every page that there is, as wide as a phone and as a desk's screen.
//!
//! The walk looks up here what it sees, so that a page which nobody leads it to, or of which there is no picture, fails a story.
//! Start at [`PICTURES`].

use std::collections::BTreeSet;

/// Every page by its template, with the names under which it is looked at and pictured.
pub const PICTURES: [(&str, &[&str]); 18] = [
    (
        "account",
        &[
            "account",
            "account-changed",
            "account-for-a-party",
            "account-office",
            "account-refused",
            "account-signed-out",
        ],
    ),
    ("choose", &["choose", "choose-too-short"]),
    ("cleaned_up", &["cleaned-up"]),
    ("code", &["code", "code-sent"]),
    ("connect", &["connect", "connect-wrong"]),
    ("home_realm", &["home-realm"]),
    ("invitation", &["invitation"]),
    ("made", &["made"]),
    ("no_token", &["no-token", "no-token-for-a-party"]),
    ("not_me", &["not-me"]),
    ("office", &["office"]),
    ("portal", &["portal", "portal-empty"]),
    ("post", &["post"]),
    ("recovery", &["recovery"]),
    ("secret", &["secret"]),
    (
        "sentence",
        &[
            "at-party",
            "begin-at-party",
            "invitation-gone",
            "not-found",
            "not-sent-here",
            "shut",
            "unavailable",
        ],
    ),
    ("signed_out", &["signed-out"]),
    ("went_round", &["went-round"]),
];

/// What is looked at as well and looks like another: the name, and the template. There is no picture of it.
pub const ALIKE: [(&str, &str); 4] = [
    ("connect-another", "connect"),
    ("connect-another-wrong", "connect"),
    ("portal-passkey", "portal"),
    ("portal-wrong", "portal"),
];

/// Those of which there is a dark one in Swedish, too.
pub const DARK: [&str; 2] = ["account", "portal"];

/// Whether what is looked at under a name is on the list, for its template.
#[must_use]
pub fn is_listed(name: &str, template: &str) -> bool {
    let mut pages = PICTURES.iter();
    let is_pictured = pages.any(|(page, names)| *page == template && names.contains(&name));
    is_pictured || ALIKE.contains(&(name, template))
}

/// Whether a name is of one that is pictured.
#[must_use]
pub fn is_pictured(name: &str) -> bool {
    PICTURES.iter().any(|(_, names)| names.contains(&name))
}

/// All names under which something is looked at.
#[must_use]
pub fn names() -> BTreeSet<&'static str> {
    let pictured = PICTURES.iter().flat_map(|(_, names)| names.iter().copied());
    pictured.chain(ALIKE.map(|(name, _)| name)).collect()
}
