//! Doors beside the front one: whatever looks at what somebody typed raises one counter, and whoever adds such a place is
//! told of this list (T-CRED-6).
//!
//! Regressions of others: Vaultwarden CVE-2026-43914 (the page that sends a code told right passwords from wrong ones),
//! Keycloak CVE-2026-9798 (one of its flows never asked for the lock).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use authn::account::Account;
use authn::lockout::{Place, Subject};
use authn::place::Method;
use authn::portal::PortalError;
use authn::sign_in::Answered;

use crate::changed_secrets::changes;
use crate::not_me::{signs_in, tries};
use crate::pages::{Pages, SECRET, code};
use crate::world::{By, HOME, Try, at};

/// Where something is compared with what somebody typed, by the words that do it, and how often.
///
/// SECURITY: each has its place in a counter or a budget before anything is compared; whoever adds one says here which.
const COMPARED: [(&str, &str, usize); 20] = [
    // The field of a client and its exchanges: the counter of every way in, and the budgets of the secret and the PIN.
    ("authn/src/attempt/code.rs", "ClientCode::judge(", 1),
    ("authn/src/attempt/code.rs", "token.judge(", 1),
    ("authn/src/attempt/memorised.rs", ".proves(", 1),
    ("authn/src/attempt/offered.rs", ".first_proved(", 2),
    ("authn/src/attempt/offered.rs", "offered.prove(", 1),
    ("authn/src/attempt/pin.rs", ".first_proved(", 1),
    ("authn/src/attempt/pin.rs", ".typable(", 1),
    ("authn/src/attempt/secret.rs", "offered.prove(", 1),
    ("authn/src/credential/ntlm_pin.rs", ".typable(", 1),
    // Pages: the same counter, and the budgets of the secret and of codes.
    ("authn/src/sign_in/answer.rs", "SentCode::judge(", 1),
    ("authn/src/sign_in/answer/secret.rs", ".proves(", 1),
    (
        "authn/src/sign_in/answer/secret.rs",
        "app_password(typed",
        1,
    ),
    ("authn/src/sign_in/answer/spare.rs", "spare_code::judge(", 1),
    ("authn/src/sign_in/code.rs", "token.judge(", 1),
    // The portal: places of the session, and the same counter.
    ("authn/src/portal/secret.rs", ".proves(", 1),
    // Whether a new secret is the one that was disowned, behind the old one; by an administrator otherwise.
    ("authn/src/admin/secrets.rs", ".proves(", 1),
    // Codes of a token that its owner or an administrator confirms, tests or brings back into step: its own budget.
    ("authn/src/admin/tokens.rs", ".resynchronised(", 1),
    ("authn/src/admin/tokens.rs", "token.judge(", 2),
    // The hasher, which all of these ask.
    ("server/src/outbound/hasher.rs", "typed.is_of(", 1),
    // A token of the HTTP API: the budget of its network.
    ("web/src/api/mod.rs", "::recognised(", 1),
];

/// Words by which something is compared with what was typed.
const WORDS: [&str; 12] = [
    ".proves(",
    "token.judge(",
    ".resynchronised(",
    "ClientCode::judge(",
    "SentCode::judge(",
    "spare_code::judge(",
    ".typable(",
    "offered.prove(",
    ".first_proved(",
    "typed.is_of(",
    "app_password(typed",
    "::recognised(",
];

/// What the counter of an account holds, this look at it included.
async fn counted(pages: &Pages, account: &Account) -> u32 {
    let subject = Subject::Account(account.id.clone());
    let place = Place::now(subject, IpAddr::from([203, 0, 113, 99]).into(), at(200));
    let attempts = &pages.ports.attempt.attempts;
    let reservation = attempts.reserve(place).await.unwrap();
    reservation.unwrap().counts.subject
}

#[tokio::test]
async fn t_cred_6_whatever_is_wrong_on_a_page_raises_the_counter_of_every_way_in() {
    let mut pages = Pages::new();
    let rule = pages.world.rules.policy.rules.first_mut().unwrap();
    for spare in [Method::RecoveryCode, Method::TemporaryCode] {
        let with_it = format!("memorised-secret + {spare}");
        rule.methods.push(with_it.parse().unwrap());
    }
    let anna = pages.person("anna").await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(100)], (HOME, 100)).await;
    let mut before = counted(&pages, &anna).await;
    let mut raised = async |door: &str| {
        let after = counted(&pages, &anna).await;
        assert!(after > before + 1, "{door}: {before}, then {after}");
        before = after;
    };
    for (door, typed) in [
        ("the secret of a page", ["a guess", "000000"]),
        ("the code of a page", [SECRET, "000000"]),
        ("a recovery code", [SECRET, "0000-1111-2222-3333-4444"]),
        ("a temporary code", [SECRET, "0000-1111-2222"]),
    ] {
        let refused = tries(&pages, &anna, typed, (HOME, 200)).await;
        assert!(matches!(refused, Answered::Refused), "{door}: {refused:?}");
        raised(door).await;
    }
    let wrong = changes(&pages, &hers, "a guess").await;
    assert_eq!(wrong, Err(PortalError::WrongSecret));
    raised("the secret that is changed").await;
    for by in [By::Basic, By::Ntlm, By::Negotiate] {
        let tried = Try::new(by, &anna.upn, "a guess").after(200);
        assert!(pages.world.verify(tried).await.result.is_err());
        raised("a client's field").await;
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn t_cred_6_whatever_looks_at_what_somebody_typed_is_on_the_list() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for room in ["authn", "gateway", "sts", "web", "server"] {
        sources(&crates.join(room).join("src"), &mut found);
    }
    let mut seen: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for path in found {
        let name = path.strip_prefix(crates).unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        // What stands behind is a test of the file's own.
        let text = text.split("\nmod tests {").next().unwrap();
        if name.ends_with("/tests.rs") || name.contains("/tests/") {
            continue;
        }
        for word in WORDS {
            let times = text.matches(word).count();
            if times > 0 {
                seen.insert((name.to_owned(), word), times);
            }
        }
    }
    let listed = COMPARED.map(|(file, word, times)| ((file.to_owned(), word), times));
    assert_eq!(seen, BTreeMap::from(listed));
}
