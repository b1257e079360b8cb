//! A policy as written and as understood, and what is wrong with one, with its place.

use std::collections::BTreeSet;

use authn::credential::grant::BoundTo;
use authn::name::NameKey;
use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Combination, Policy};
use jiff::SignedDuration;

use super::*;

const DIRECTORY: &str = "[directory]\ncontrollers = [\"dc01.contoso.com\"]\nauthorities = \"file.pem\"\n\
                         account = \"reader@contoso.com\"\n";

fn with(policy: &str) -> Result<Settings, String> {
    understood(&format!(
        "{}{DIRECTORY}[[policy]]\n{policy}\n",
        text("", "")
    ))
}

fn rules(policy: &str) -> Policy {
    with(policy).unwrap().policy
}

fn keys(name: &str) -> BTreeSet<NameKey> {
    NameKey::candidates(name, "", Some("CONTOSO"))
        .into_iter()
        .collect()
}

#[test]
fn a_rule_is_understood_whole() {
    let policy = rules(
        "accounts = [\"anna\", \"Ben@contoso.com\"]\ngroups = [\"S-1-5-21-1-2-3-1107\"]\nzones = [\"external\"]\n\
         services = [\"ews\"]\nroutes = [\"Mail.contoso.com/ews\", \"app.contoso.com\"]\nchannels = [\"basic\"]\n\
         methods = [\"app-password\", \"app-password+one-time-code\"]\nfresh = \"8 hours\"\nlease = \"30 days\"",
    );
    let [rule] = policy.rules.as_slice() else {
        panic!("one rule");
    };
    assert_eq!(rule.accounts, &keys("anna") | &keys("ben@contoso.com"));
    assert_eq!(rule.groups, ["S-1-5-21-1-2-3-1107".to_owned()].into());
    assert_eq!(rule.zones, [Zone::EXTERNAL].into());
    assert_eq!(rule.services, [Service::EWS].into());
    let mail = RouteName::of("mail.contoso.com", "/EWS");
    let app = RouteName::host("app.contoso.com");
    assert_eq!(rule.routes, [mail, app].into());
    assert_eq!(rule.channels, [Channel::Basic].into());
    let app_password = Combination::from(Method::AppPassword);
    let both = app_password.clone().and(Method::OneTimeCode);
    assert_eq!(rule.methods, [app_password, both]);
    assert_eq!(rule.fresh, Some(SignedDuration::from_hours(8)));
    assert_eq!(rule.lease, Some(SignedDuration::from_hours(720)));
}

#[test]
fn lengths_of_time_are_read_as_people_write_them() {
    let lease = |text: &str| {
        let policy = format!("methods = [\"app-password\"]\nlease = \"{text}\"");
        with(&policy).map(|settings| settings.policy.rules[0].lease.unwrap().as_mins())
    };
    for (text, minutes) in [
        ("1 minute", 1),
        ("90 minutes", 90),
        ("1 hour", 60),
        ("12  hours", 720),
        ("1 day", 1_440),
        ("2 weeks", 20_160),
        ("400 days", 576_000),
    ] {
        assert_eq!(lease(text), Ok(minutes), "{text}");
    }
    for text in [
        "",
        "30",
        "days",
        "30days",
        "-1 days",
        "0 days",
        "401 days",
        "1.5 days",
        "30 d",
        "1 month",
        "99999 days",
        "30 Days",
    ] {
        let said = lease(text).expect_err(text);
        assert!(said.starts_with("wicketgate.toml:36:9: "), "{said}");
        assert!(said.contains("`30 days`"), "{said}");
    }
}

#[test]
fn s19_what_is_wrong_with_a_rule_is_named_with_its_place_and_what_was_meant() {
    let any = "methods = [\"app-password\"]";
    for (policy, place, expected) in [
        (
            "methods = [\"app-pasword\"]",
            "35:12",
            "did you mean `app-password`?",
        ),
        (
            "methods = [\"one-time-code + otp\"]",
            "35:12",
            "there is no method `otp`; expected one of `app-password`",
        ),
        (
            "methods = [\"passkey + passkey\"]",
            "35:12",
            "`passkey` stands in it twice",
        ),
        (
            "methods = [\"app-password +\"]",
            "35:12",
            "there is no method ``",
        ),
        (
            "methods = [\"password\"]",
            "35:12",
            "there is no method `password`",
        ),
        (
            "methods = [\"ntlm-pin + one-time-code\"]",
            "35:12",
            "set `pin = true` in [ntlm]",
        ),
        (
            "methods = [\"ntlm-pin\"]",
            "35:12",
            "a PIN counts with a one-time code behind it",
        ),
        (
            "methods = [\"ntlm-pin + sent-code\"]",
            "35:12",
            "a PIN counts with a one-time code behind it",
        ),
        (
            &format!("zones = [\"outside\"]\n{any}"),
            "35:10",
            "`external` or `internal`",
        ),
        (
            &format!("services = [\"emws\"]\n{any}"),
            "35:13",
            "did you mean `ews`?",
        ),
        (
            &format!("routes = [\"mail.contoso.com/ewss\"]\n{any}"),
            "35:11",
            "did you mean `mail.contoso.com/ews`?",
        ),
        (
            &format!("routes = [\"mail.contoso.com/EWS/Exchange.asmx\"]\n{any}"),
            "35:11",
            "nothing is published as",
        ),
        (
            &format!("routes = [\"https://mail.contoso.com/EWS\"]\n{any}"),
            "35:11",
            "nothing is published as",
        ),
        (
            &format!("accounts = [\"a\\\\b\\\\c\"]\n{any}"),
            "35:13",
            "is not the name of an account",
        ),
        (
            &format!("accounts = []\n{any}"),
            "35:12",
            "an empty list names nothing",
        ),
        (
            &format!("groups = [\"Domain Users\"]\n{any}"),
            "35:11",
            "Get-ADGroup",
        ),
        (
            &format!("groups = [\"S-1\"]\n{any}"),
            "35:11",
            "is not the SID of a group",
        ),
        (
            &format!("{any}\nfresh = \"8 hours\""),
            "36:9",
            "none of these methods has one",
        ),
        (
            "methods = [\"app-password + passkey\"]\nlease = \"8 hours\"",
            "36:9",
            "`app-password` is not among",
        ),
        (
            &format!("{any}\nleese = \"8 hours\""),
            "36:1",
            "did you mean `lease`?",
        ),
    ] {
        let said = with(policy).expect_err(policy);
        let expected_place = format!("wicketgate.toml:{place}: ");
        assert!(said.starts_with(&expected_place), "{expected_place} {said}");
        assert!(said.contains(expected), "{policy}: {said}");
    }
    let group = "[[policy]]\ngroups = [\"S-1-5-21-1-2-3-7\"]\nmethods = []\n";
    let said = understood(&(text("", "") + group)).unwrap_err();
    assert!(said.contains("there is no table [directory]"), "{said}");
}

#[test]
fn each_rule_knows_its_line() {
    let two = "methods = []\n\n[[policy]]\nmethods = [\"app-password\"]";
    let settings = with(two).unwrap();
    let lines: Vec<usize> = settings.rules.iter().map(Place::line).collect();
    assert_eq!(lines, [34, 37]);
}

#[test]
fn s37_a_pin_for_ntlm_counts_where_it_is_switched_on_and_check_says_what_that_means() {
    let pin = "methods = [\"ntlm-pin + one-time-code\"]";
    let settings = with(&format!("{pin}\n[ntlm]\npin = true")).unwrap();
    let [rule] = settings.policy.rules.as_slice() else {
        panic!("one rule");
    };
    assert_eq!(rule.methods, [Combination::of_pin()]);
    assert!(settings.ntlm_pin);
    let is_said =
        |settings: &Settings| settings.warnings.iter().any(|it| it.contains("[ntlm] pin"));
    assert!(is_said(&settings), "{:?}", settings.warnings);
    let off = with("methods = [\"app-password\"]").unwrap();
    assert!(!off.ntlm_pin && !is_said(&off));
    assert!(with(&format!("{pin}\n[ntlm]\npin = false")).is_err());
}

#[test]
fn a_grant_is_bound_to_what_the_rule_says_and_to_the_address_where_it_says_nothing() {
    let both = "methods = [\"app-password + one-time-code\"]\n";
    let bound = |key: &str| rules(&format!("{both}{key}")).rules[0].grant_bound_to;
    assert_eq!(bound(""), BoundTo::Address);
    for (word, bound_to) in [
        ("address", BoundTo::Address),
        ("tls-fingerprint", BoundTo::TlsFingerprint),
        ("both", BoundTo::Both),
    ] {
        let key = format!("grant_bound_to = \"{word}\"");
        assert_eq!(bound(&key), bound_to);
        let warnings = with(&format!("{both}{key}")).unwrap().warnings;
        let is_warned = warnings.iter().any(|it| it.contains("offers the same TLS"));
        assert_eq!(is_warned, bound_to == BoundTo::TlsFingerprint, "{key}");
    }
    let error = with(&format!("{both}grant_bound_to = \"tls\"")).unwrap_err();
    assert!(error.contains("tls-fingerprint"), "{error}");
    for methods in ["\"app-password\"", "\"passkey\"", "\"one-time-code\""] {
        let error = with(&format!("methods = [{methods}]\ngrant_bound_to = \"both\"")).unwrap_err();
        assert!(error.contains("is for codes behind a secret"), "{error}");
    }
}

#[test]
fn what_no_channel_of_its_services_carries_is_warned_of() {
    let portal = "[portal]\nhost = \"my.contoso.com\"\n";
    let warned = |tables: &str, rule: &str, methods: &str| {
        let rule = format!("[[policy]]\n{rule}\nmethods = [\"{methods}\"]\n");
        let settings = understood(&format!("{}{tables}{rule}", text("", ""))).unwrap();
        let said = format!("names `{methods}` where nobody can prove it");
        settings.warnings.iter().any(|it| it.contains(&said))
    };
    let ews = "services = [\"ews\"]";
    let ntlm = "services = [\"ews\"]\nchannels = [\"ntlm\"]";
    for (tables, rule, methods, is_warned) in [
        ("", ews, "app-password", false),
        ("", ews, "memorised-secret", false),
        ("", ews, "app-password + one-time-code", false),
        ("", ews, "one-time-code + memorised-secret", false),
        ("", ews, "memorised-secret + recovery-code", true),
        ("", ews, "memorised-secret + temporary-code", true),
        ("", ews, "app-password + memorised-secret", true),
        ("", ews, "one-time-code", true),
        ("", ews, "passkey", true),
        ("", ntlm, "app-password", false),
        ("", ntlm, "memorised-secret", true),
        ("", ntlm, "app-password + one-time-code", true),
        ("", "", "memorised-secret + recovery-code", true),
        (portal, "", "memorised-secret + recovery-code", false),
        (portal, "services = [\"portal\"]", "passkey", false),
        (
            portal,
            "services = [\"portal\"]",
            "app-password + one-time-code",
            true,
        ),
    ] {
        let methods: Combination = methods.parse().unwrap();
        let said = warned(tables, rule, &methods.to_string());
        assert_eq!(said, is_warned, "{rule}: {methods}");
    }
}
