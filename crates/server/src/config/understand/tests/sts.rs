//! The security token service has a host of its own, a name that partners know it by, and a policy.

use jiff::SignedDuration;

use super::*;

const STS: &str = "[sts]\nhost = \"Sts.contoso.com\"\n";
const BOTH: &str =
    "[[policy]]\nservices = [\"sts\"]\nmethods = [\"memorised-secret + one-time-code\"]\n";

fn with(tables: &str) -> Result<Settings, String> {
    understood(&(text("", "") + tables))
}

#[test]
fn s74_the_issuer_s_host_name_and_uri_are_keys_and_a_wrong_one_is_named() {
    let settings = with(&format!("{STS}{BOTH}")).unwrap();
    let host = &settings.publication.hosts["sts.contoso.com"];
    assert!(host.is_ours && host.routes.is_empty());
    let identity = settings.sts.unwrap();
    assert_eq!(identity.origin, "https://sts.contoso.com");
    assert_eq!(identity.display_name, "sts.contoso.com");
    let identifier = identity.identifier;
    assert_eq!(
        identifier.as_str(),
        "http://sts.contoso.com/adfs/services/trust"
    );
    let named = "public_port = 8443\nidentifier = \"urn:contoso\"\ndisplay_name = \"Contoso\"\n";
    let identity = with(&format!("{STS}{named}{BOTH}")).unwrap().sts.unwrap();
    assert_eq!(identity.origin, "https://sts.contoso.com:8443");
    assert_eq!(identity.identifier.as_str(), "urn:contoso");
    assert_eq!(identity.display_name, "Contoso");
    for (bad, said) in [
        (
            "[sts]\nhost = \"mail.contoso.com\"\n",
            "has a host of its own",
        ),
        ("[sts]\nhost = \"a b\"\n", "is not a host name"),
        (
            "[sts]\nhost = \"sts.contoso.com\"\nidentifier = \" x\"\n",
            "white space",
        ),
    ] {
        let error = with(&format!("{bad}{BOTH}")).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_security_token_service_that_nobody_or_one_factor_opens_is_warned_of() {
    let warnings = |tables: &str| {
        let warnings = with(tables).unwrap().warnings.into_iter();
        let about = warnings.filter(|it| it.contains("other parties"));
        about.collect::<Vec<_>>()
    };
    assert_eq!(warnings(&format!("{STS}{BOTH}")), Vec::<String>::new());
    assert!(warnings(STS)[0].contains("nobody can sign in for other parties"));
    let one = BOTH.replace(" + one-time-code", "");
    let warned = warnings(&format!("{STS}{one}"));
    assert!(
        warned[0].contains("by a memorised secret alone"),
        "{warned:?}"
    );
    assert_eq!(warnings(""), Vec::<String>::new());
    let error = with(BOTH).unwrap_err();
    assert!(
        error.contains("nothing published is the service `sts`"),
        "{error}"
    );
}

#[test]
fn people_stay_signed_in_where_it_is_on_and_no_longer_than_a_week() {
    let read = |keys: &str| with(&format!("{STS}{keys}{BOTH}")).map(|it| it.keep_me_signed_in);
    assert_eq!(read(""), Ok(None));
    assert_eq!(read("keep_me_signed_in = false\n"), Ok(None));
    let on = "keep_me_signed_in = true\n";
    let usual = read(on).unwrap().unwrap();
    assert_eq!(usual.lifetime, SignedDuration::from_hours(24));
    assert_eq!(usual.cutoff, None);
    let all = format!(
        "{on}keep_me_signed_in_lifetime = \"7 days\"\nkeep_me_signed_in_cutoff = \"2026-12-01T08:00:00Z\"\n"
    );
    let all = read(&all).unwrap().unwrap();
    assert_eq!(all.lifetime, SignedDuration::from_hours(168));
    assert_eq!(all.cutoff, Some("2026-12-01T08:00:00Z".parse().unwrap()));
    for (keys, said) in [
        ("lifetime = \"8 days\"", "is not from 1 hour to 7 days"),
        ("lifetime = \"59 minutes\"", "is not from 1 hour to 7 days"),
        ("lifetime = \"1440\"", "is not a length of time"),
        ("cutoff = \"yesterday\"", "is not a time such as"),
    ] {
        let error = read(&format!("{on}keep_me_signed_in_{keys}\n")).unwrap_err();
        assert!(error.contains(said), "{error}");
        let error = read(&format!("keep_me_signed_in_{keys}\n")).unwrap_err();
        assert!(error.contains("nobody may stay signed in"), "{error}");
    }
}

#[test]
fn staying_signed_in_that_comes_to_nothing_or_to_less_is_warned_of() {
    let warned = |keys: &str, policy: &str| {
        let tables = format!("{STS}{keys}{policy}");
        let warnings = with(&tables).unwrap().warnings.into_iter();
        let about = warnings.filter(|it| it.contains("keep_me_signed_in"));
        about.collect::<Vec<_>>()
    };
    let on = "keep_me_signed_in = true\n";
    assert_eq!(warned(on, BOTH), Vec::<String>::new());
    let one = BOTH.replace(" + one-time-code", "");
    assert!(warned(on, &one)[0].contains("has no effect"));
    assert_eq!(warned("", &one), Vec::<String>::new());
    let for_one = BOTH.replace("services = [\"sts\"]", "parties = [\"Payroll\"]");
    assert_ne!(for_one, BOTH);
    assert_eq!(warned(on, &format!("{for_one}{one}")), Vec::<String>::new());
    let fresh = |hours: &str| format!("{BOTH}fresh = \"{hours} hours\"\n");
    assert!(warned(on, &fresh("8"))[0].contains("is asked again by then"));
    assert_eq!(warned(on, &fresh("24")), Vec::<String>::new());
}

#[test]
fn programs_that_one_factor_lets_in_from_outside_are_warned_of() {
    let warned = |methods: &str, more: &str, is_active: bool| {
        let policy = format!("[[policy]]\nservices = [\"sts\"]\nmethods = [{methods}]\n{more}");
        let tables = format!("{STS}usernamemixed = {is_active}\n{policy}");
        let warnings = with(&tables).unwrap().warnings.into_iter();
        let about = warnings.filter(|it| it.contains("`usernamemixed`"));
        about.collect::<Vec<_>>()
    };
    let lease = "lease = \"30 days\"\n";
    let both = "\"app-password + one-time-code\"";
    for (methods, more) in [
        ("\"memorised-secret + one-time-code\"", ""),
        (both, ""),
        ("\"app-password\"", lease),
        ("\"app-password\"", "zones = [\"internal\"]\n"),
        ("\"app-password\"", "channels = [\"page\"]\n"),
        ("\"passkey\"", ""),
    ] {
        assert_eq!(
            warned(methods, more, true),
            Vec::<String>::new(),
            "{methods}"
        );
    }
    // A code alone is proved by nobody.
    let with_code = format!("{both}, \"one-time-code\"");
    assert_eq!(warned(&with_code, "", true), Vec::<String>::new());
    for methods in ["\"app-password\"", "\"memorised-secret\""] {
        let said = warned(&format!("{both}, {methods}"), "", true);
        assert_eq!(said.len(), 1, "{methods}: {said:?}");
        assert!(said[0].contains(methods.trim_matches('"')), "{said:?}");
        assert_eq!(
            warned(methods, "", false),
            Vec::<String>::new(),
            "it is off"
        );
    }
}

#[test]
fn a_rule_may_speak_of_parties_where_there_is_a_token_service_and_says_what_else_is_wrong() {
    let rule = |keys: &str| format!("[[policy]]\n{keys}\nmethods = [\"passkey\"]\n");
    let parties = rule("parties = [\"Payroll\", \"urn:hr\"]");
    let settings = with(&format!("{STS}{parties}{BOTH}")).unwrap();
    let named = ["Payroll", "urn:hr"].map(|it| authn::party::PartyName(it.to_owned()));
    assert_eq!(settings.policy.rules[0].parties, named.into());
    for (tables, said) in [
        (parties.clone(), "there is no table [sts]"),
        (
            format!("{STS}{}", rule("parties = []")),
            "an empty list names nothing",
        ),
        (
            format!("{STS}{}", rule("parties = [\" x\"]")),
            "write the name of a relying party trust",
        ),
        (
            format!("{STS}{}", rule("parties = [\"x\"]\nservices = [\"ews\"]")),
            "at the service `sts` alone",
        ),
    ] {
        let error = with(&tables).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    let short = "[[policy]]\nparties = [\"Wiki\"]\nmethods = [\"memorised-secret\"]\n";
    let warnings = with(&format!("{STS}{short}{BOTH}")).unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|it| it.contains("by a memorised secret alone")),
        "{warnings:?}"
    );
}
