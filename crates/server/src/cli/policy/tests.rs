//! The policy read aloud, and the proof of what we ship, on configurations as operators write them.

mod apart;

use authn::place::{Channel, Zone};
use gateway::prove::{What, counter_examples};

use super::prove::beside;
use super::*;

const LEASE_OFF: &str = "# lease = \"30 days\"";
const LEASE_ON: &str = "lease = \"30 days\"";

/// The packaged example, with the files that it names beside it.
fn packaged() -> String {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../packaging/wicketgate.toml"
    );
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.replace("/etc/wicketgate/tls/gate.key", "file.pem");
    let text = text.replace("/etc/wicketgate/tls/gate.pem", "file.pem");
    let text = text.replace("/etc/wicketgate/gateway.keytab", "file.pem");
    text.replace("/etc/wicketgate/tls/internal-ca.pem", "file.pem")
}

fn loaded(text: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    for file in ["file.pem", "onward.pem"] {
        std::fs::write(folder.path().join(file), "").unwrap();
    }
    let file = folder.path().join("wicketgate.toml");
    std::fs::write(&file, text).unwrap();
    config::load(&file).unwrap()
}

fn found(text: &str) -> Vec<What> {
    found_on(text, &[])
}

/// The same on a machine with these addresses.
fn found_on(text: &str, interfaces: &[&str]) -> Vec<What> {
    let settings = loaded(text);
    let interfaces: Vec<_> = interfaces.iter().map(|it| it.parse().unwrap()).collect();
    let found = counter_examples(&settings.publication, &beside(&settings, &interfaces));
    found.into_iter().map(|it| it.what).collect()
}

fn aloud(policy: &str) -> String {
    let text = packaged();
    let (before, _) = text.split_once("[[policy]]").unwrap();
    let settings = loaded(&format!("{before}[[policy]]\n{policy}\n"));
    listed(&settings).remove(0).rule
}

#[test]
fn s19_the_shipped_example_is_proved_with_its_lease_and_only_with_it() {
    let text = packaged();
    assert!(text.contains(LEASE_OFF));
    let unleased = found(&text);
    assert!(unleased.len() > 10, "{}", unleased.len());
    let is_one = |what: &What| matches!(what, What::TooLittle { .. });
    assert!(unleased.iter().all(is_one), "{unleased:?}");
    assert_eq!(found(&text.replace(LEASE_OFF, LEASE_ON)), []);
}

#[test]
fn s73_an_api_that_is_answered_from_outside_is_a_counter_example() {
    let proved = packaged().replace(LEASE_OFF, LEASE_ON);
    let with = |zones: &str| {
        found(&format!(
            "{proved}\n[api]\nhost = \"api.contoso.com\"\n{zones}"
        ))
    };
    assert_eq!(with(""), []);
    assert_eq!(with("zones = [\"internal\"]\n"), []);
    let zone = Zone::EXTERNAL;
    assert_eq!(
        with("zones = [\"external\"]\n"),
        [What::ApiOutside { zone }]
    );
}

/// The example of the guide, without the Kerberos that needs a keytab.
#[test]
fn s19_the_example_of_the_guide_is_proved() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/policy.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let (_, example) = guide.split_once("### By example").unwrap();
    let (_, example) = example.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let example = example.replace("\"kerberos\", ", "");
    let text = packaged();
    let (before, _) = text.split_once("[[policy]]").unwrap();
    let whole = format!("{before}{example}");
    assert_eq!(loaded(&whole).policy.rules.len(), 5);
    assert_eq!(found(&whole), []);
}

#[test]
fn s37_a_memorised_secret_and_a_code_are_two_factors_and_the_secret_alone_is_a_counter_example() {
    let text = packaged();
    let (before, _) = text.split_once("[[policy]]").unwrap();
    let outside = |methods: &str| {
        found(&format!(
            "{before}[[policy]]\nzones = [\"external\"]\nmethods = [{methods}]\n"
        ))
    };
    for code in ["one-time-code", "sent-code"] {
        assert_eq!(outside(&format!("\"memorised-secret + {code}\"")), []);
    }
    let alone: Vec<Channel> = outside("\"memorised-secret\"")
        .into_iter()
        .map(|what| match what {
            What::TooLittle { channel, .. } => channel,
            other => panic!("{other:?}"),
        })
        .collect();
    for channel in [Channel::Basic, Channel::UsernameToken, Channel::Grant] {
        assert!(alone.contains(&channel), "{channel}: {alone:?}");
    }
    for channel in [Channel::Ntlm, Channel::Negotiate] {
        assert!(
            !alone.contains(&channel),
            "a memorised secret is never NTLM's"
        );
    }
}

#[test]
fn a_rule_says_for_how_long_somebody_stays_signed_in() {
    let text = packaged();
    let (before, _) = text.split_once("[[policy]]").unwrap();
    let stays = |keys: &str, rule: &str, channel: Channel| {
        let sts = format!("[sts]\nhost = \"sts.contoso.com\"\n{keys}");
        let rule = format!("[[policy]]\nservices = [\"sts\"]\n{rule}\n");
        let settings = loaded(&format!("{before}{rule}{sts}"));
        let asking = authn::policy::Asking {
            zone: &Zone::EXTERNAL,
            service: &authn::place::Service::STS,
            route: None,
            channel,
            party: None,
        };
        explain::stays(&settings, (&settings.policy.rules[0], &asking))
    };
    let on = "keep_me_signed_in = true\n";
    let both = "methods = [\"memorised-secret + one-time-code\"]";
    let fresh = format!("{both}\nfresh = \"8 hours\"");
    let spare = "methods = [\"memorised-secret + recovery-code\"]";
    assert_eq!(stays("", both, Channel::Page), None);
    assert_eq!(stays(on, both, Channel::Page).as_deref(), Some("1 day"));
    assert_eq!(
        stays(on, &fresh, Channel::Page).as_deref(),
        Some("1 day, and is asked again after 8 hours (`fresh`)")
    );
    assert_eq!(
        stays(on, "methods = [\"memorised-secret\"]", Channel::Page),
        None
    );
    assert_eq!(stays(on, spare, Channel::Page), None);
    assert_eq!(stays(on, both, Channel::UsernameToken), None);
}

#[test]
fn s37_a_pin_for_ntlm_that_is_seeded_is_a_counter_example_by_ntlm_alone() {
    let text = packaged().replace(LEASE_OFF, LEASE_ON);
    assert_eq!(found(&text), []);
    let (before, _) = text.split_once("[[policy]]").unwrap();
    let pin = "[[policy]]\nzones = [\"external\"]\nmethods = [\"ntlm-pin + one-time-code\"]\n";
    let ways = found(&format!("{before}{pin}[ntlm]\npin = true\n"));
    let channels: Vec<Channel> = ways
        .into_iter()
        .map(|what| match what {
            What::TooLittle { channel, .. } => channel,
            other => panic!("{other:?}"),
        })
        .collect();
    for channel in [Channel::Ntlm, Channel::Negotiate] {
        assert!(channels.contains(&channel), "{channel}: {channels:?}");
    }
    let windows = [Channel::Ntlm, Channel::Negotiate, Channel::Ticket];
    assert!(
        channels.iter().all(|it| windows.contains(it)),
        "{channels:?}"
    );
}

#[test]
fn a_zone_that_something_hands_on_into_is_found() {
    let proved = packaged().replace(LEASE_OFF, LEASE_ON);
    let inside = |networks: &str, address: &str| {
        let text = proved.replace(
            "internal_networks = []",
            &format!("internal_networks = [{networks}]"),
        );
        found_on(
            &text.replace("0.0.0.0:443", address),
            &["127.0.0.1", "10.1.2.4"],
        )
    };
    assert_eq!(inside("\"10.1.2.0/30\"", "0.0.0.0:443"), []);
    assert_eq!(inside("\"10.1.2.4/32\"", "10.1.2.3:443"), []);
    for (networks, address, why) in [
        (
            "\"127.0.0.0/8\"",
            "0.0.0.0:443",
            "a program on this machine",
        ),
        ("\"::1/128\"", "0.0.0.0:443", "a program on this machine"),
        (
            "\"10.0.0.0/8\"",
            "10.1.2.3:443",
            "the gate's own address 10.1.2.3",
        ),
        (
            "\"10.0.0.0/8\"",
            "0.0.0.0:443",
            "the gate's own address 10.1.2.4",
        ),
        (
            "\"10.0.0.0/8\"",
            "[::]:443",
            "the gate's own address 10.1.2.4",
        ),
    ] {
        let found = inside(networks, address);
        let zone = found.first();
        let Some(What::ZoneReachable { zone, why: said }) = zone else {
            panic!("{found:?}");
        };
        assert_eq!(*zone, Zone::INTERNAL);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_rule_is_read_aloud() {
    for (policy, said) in [
        (
            "zones = [\"external\"]\nmethods = [\"app-password\"]\nlease = \"30 days\"",
            "anybody, from outside, to anything, by any channel: an app password whose owner's last second factor is \
             younger than 30 days is enough",
        ),
        (
            "accounts = [\"anna\"]\nservices = [\"ews\", \"lync\"]\nchannels = [\"basic\"]\nfresh = \"90 minutes\"\n\
             methods = [\"app-password + one-time-code\", \"passkey\"]",
            "contoso\\anna, from anywhere, to ews, lync, by basic: an app password and a one-time code, proved in the \
             last 90 minutes, or a passkey, proved in the last 90 minutes is enough",
        ),
        (
            "routes = [\"mail.contoso.com/EWS\"]\nzones = [\"internal\", \"external\"]\nmethods = []",
            "anybody, from outside or from inside, to anything at mail.contoso.com/ews, by any channel: nothing is \
             enough",
        ),
        (
            "methods = [\"app-password + one-time-code\"]\ngrant_bound_to = \"both\"",
            "anybody, from anywhere, to anything, by any channel: an app password and a one-time code is enough; what a \
             code opens is its client's, known by its address and its TLS",
        ),
        (
            "methods = [\"app-password + one-time-code\"]\ngrant_bound_to = \"tls-fingerprint\"",
            "anybody, from anywhere, to anything, by any channel: an app password and a one-time code is enough; what a \
             code opens is its client's, known by its TLS alone, wherever it is",
        ),
    ] {
        assert_eq!(aloud(policy), said);
    }
}

#[test]
fn a_length_of_time_is_in_its_largest_whole_unit() {
    use jiff::SignedDuration;
    for (minutes, said) in [
        (1, "1 minute"),
        (90, "90 minutes"),
        (60, "1 hour"),
        (36 * 60, "36 hours"),
        (48 * 60, "2 days"),
    ] {
        assert_eq!(length(SignedDuration::from_mins(minutes)), said);
    }
}

#[test]
fn a_question_may_be_about_signing_in_for_other_parties() {
    let sts = "\n[sts]\nhost = \"sts.contoso.com\"\n";
    let active = format!("{sts}usernamemixed = true\n");
    for (tables, expected) in [
        (sts, &[Channel::Page][..]),
        (&active, &[Channel::UsernameToken, Channel::Page]),
    ] {
        let settings = loaded(&(packaged() + tables));
        for to in ["sts", "https://sts.contoso.com/adfs/ls/?wa=wsignin1.0"] {
            let (_, channels) = explain::shown(&settings, (to, &[]), None).unwrap();
            assert_eq!(channels, expected, "{to}");
        }
    }
}

#[test]
fn a_question_names_its_place_or_says_why_not() {
    let settings = loaded(&packaged());
    let wanted = |to: &str| explain::shown(&settings, (to, &[]), None);
    let (at, channels) = wanted("https://Mail.contoso.com:443/EWS/Exchange.asmx?x=1").unwrap();
    assert_eq!(at, "mail.contoso.com/EWS (ews)");
    assert_eq!(
        channels,
        [Channel::Ntlm, Channel::Negotiate, Channel::Basic]
    );
    let (at, channels) = wanted("https://lyncweb.contoso.com/ucwa/oauth").unwrap();
    assert_eq!(at, "lyncweb.contoso.com/ucwa (lync)");
    assert!(!channels.contains(&Channel::Basic) && channels.contains(&Channel::Grant));
    let (at, channels) = wanted("lync").unwrap();
    assert_eq!((at.as_str(), channels.len()), ("lync", 5));
    for (to, said) in [
        (
            "https://mial.contoso.com/EWS",
            "did you mean `mail.contoso.com`?",
        ),
        (
            "https://mail.contoso.com/nothing",
            "nothing is published there",
        ),
        (
            "https://mail.contoso.com/EWS/mrsproxy.svc",
            "the path is closed",
        ),
        ("https://lyncweb.contoso.com/meet/a", "no rule is asked"),
        ("https://mail.contoso.com/a/../b", "no request has the path"),
        ("lynk", "did you mean `lync`?"),
    ] {
        let error = wanted(to).expect_err(to).to_string();
        assert!(error.contains(said), "{to}: {error}");
    }
    let error = explain::shown(&settings, ("lync", &[]), Some("bsaic")).unwrap_err();
    assert!(
        error.to_string().contains("did you mean `basic`?"),
        "{error}"
    );
}

#[test]
fn a_rule_about_a_party_is_read_aloud_and_what_is_published_goes_before_a_party_called_so() {
    let text = packaged();
    let (before, _) = text.split_once("[[policy]]").unwrap();
    let rule =
        "[[policy]]\nparties = [\"Payroll\"]\nmethods = [\"memorised-secret + one-time-code\"]\n";
    let settings = loaded(&format!(
        "{before}[sts]\nhost = \"sts.contoso.com\"\n{rule}"
    ));
    assert_eq!(
        listed(&settings).remove(0).rule,
        "anybody, from anywhere, to sts for Payroll, by any channel: a one-time code and a memorised secret is enough"
    );
    let party = |name: &str, identifier: &str| authn::party::Party {
        name: name.to_owned(),
        identifiers: [identifier.to_owned()].into(),
    };
    let parties = [
        party("Payroll", "https://payroll.contoso.com/"),
        party("ews", "https://mail.contoso.com/EWS/"),
    ];
    let shown = |to: &str| explain::shown(&settings, (to, &parties), None).unwrap();
    for to in ["payroll", "https://payroll.contoso.com/"] {
        assert_eq!(shown(to), ("Payroll".to_owned(), vec![Channel::Page]));
    }
    assert_eq!(shown("ews").0, "ews");
    assert!(!shown("ews").1.contains(&Channel::Page));
    let (place, _) = shown("https://mail.contoso.com/EWS/");
    assert_eq!(place, "mail.contoso.com/EWS (ews)");
}
