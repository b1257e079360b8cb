//! What was seen with one thing wrong each, and the finding that says so; every case goes through the text.

use super::super::Severity;
use super::*;

/// What is seen where everything is right.
const GOOD: &str = include_str!("../../../testdata/seen/good.jsonl");

fn read(text: &str) -> Vec<Seen> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    text.lines().map(read).collect()
}

/// What was seen, with one text in place of another.
fn with(from: &str, to: &str) -> Vec<Seen> {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replacen(from, to, 1))
}

/// The one finding of a changed text, and how bad it is.
fn one(from: &str, to: &str) -> (&'static str, Severity) {
    let found = judge(&with(from, to));
    assert_eq!(found.len(), 1, "{to}: {found:#?}");
    (found[0].id, found[0].severity)
}

fn error(from: &str, to: &str, id: &str) {
    assert_eq!(one(from, to), (id, Severity::Error));
}

fn warning(from: &str, to: &str, id: &str) {
    assert_eq!(one(from, to), (id, Severity::Warning));
}

#[test]
fn where_everything_is_right_nothing_is_found_and_the_text_is_what_was_seen() {
    let seen = read(GOOD);
    assert_eq!(judge(&seen), []);
    let written = seen.iter().map(|it| serde_json::to_string(it).unwrap());
    let written: Vec<String> = written.collect();
    assert_eq!(read(&written.join("\n")), seen);
}

#[test]
fn a_clock_is_spoken_of_from_four_minutes_on_and_is_wrong_from_five_on() {
    let ahead = "\"ahead\":{\"Ok\":-3}";
    for (seconds, severity) in [
        (240, Severity::Warning),
        (-299, Severity::Warning),
        (300, Severity::Error),
        (-360, Severity::Error),
    ] {
        let found = one(ahead, &format!("\"ahead\":{{\"Ok\":{seconds}}}"));
        assert_eq!(found, ("clock-off", severity), "{seconds}");
    }
    for seconds in [239, -239] {
        let seen = with(ahead, &format!("\"ahead\":{{\"Ok\":{seconds}}}"));
        assert_eq!(judge(&seen), [], "{seconds}");
    }
    warning(
        ahead,
        "\"ahead\":{\"Err\":\"refused\"}",
        "controller-silent",
    );
}

#[test]
fn domain_controllers_that_dns_does_not_name_are_an_error() {
    let clock = "{\"look\":\"clock\",\"controller\":\"dc1.contoso.com:88\",\"ahead\":{\"Ok\":-3}}";
    let unnamed =
        "{\"look\":\"unnamed\",\"service\":\"_kerberos._tcp.contoso.com\",\"why\":\"no\"}";
    error(clock, unnamed, "controllers-not-found");
}

#[test]
fn s47_a_name_of_the_external_site_that_answers_inside_is_an_error() {
    let inside = "\"view\":\"inside\",\"addresses\":{\"Ok\":[]}";
    let leads = "\"view\":\"inside\",\"addresses\":{\"Ok\":[\"10.0.0.7\"]}";
    error(inside, leads, "name-answers-inside");
    let found = judge(&with(inside, leads));
    assert_eq!(
        found[0].mend,
        "Remove-DnsServerResourceRecord -ZoneName 'contoso.com' -RRType A -Name 'mail'"
    );
    // Any other name may, where a listener of the gate's is for clients inside.
    let listener = "[\"10.0.0.9\"]},\"is_inner_listener\":true";
    let another = "[\"10.0.0.9\"]},\"is_inner_listener\":false";
    warning(listener, another, "name-answers-inside");
}

#[test]
fn names_that_lead_nowhere_or_on_the_wrong_side_are_found() {
    let here = "\"view\":\"here\",\"addresses\":{\"Ok\":[\"192.0.2.10\"]}";
    warning(
        here,
        "\"view\":\"here\",\"addresses\":{\"Ok\":[]}",
        "name-unknown",
    );
    warning(
        here,
        "\"view\":\"here\",\"addresses\":{\"Err\":\"no\"}",
        "name-unknown",
    );
    let outside = "\"view\":\"outside\",\"addresses\":{\"Ok\":[\"192.0.2.10\"]}";
    let nowhere = "\"view\":\"outside\",\"addresses\":{\"Ok\":[]}";
    error(outside, nowhere, "name-unknown-outside");
    let silent = "\"view\":\"outside\",\"addresses\":{\"Err\":\"no\"}";
    warning(outside, silent, "resolver-silent");
    let own = "\"back-end\",\"view\":\"outside\",\"addresses\":{\"Ok\":[]}";
    let leads = "\"back-end\",\"view\":\"outside\",\"addresses\":{\"Ok\":[\"198.51.100.1\"]}";
    error(own, leads, "back-end-name-answers-outside");
}

#[test]
fn certificates_that_end_lack_a_name_or_cannot_be_used_are_found() {
    let unnamed = "\"unnamed\":[]";
    let lacks = "\"unnamed\":[\"mail.contoso.com\"]";
    error(unnamed, lacks, "listener-certificate-without-name");
    let ours = "gate.pem\",\"days\":60";
    for days in [21, 5, 0] {
        warning(
            ours,
            &format!("gate.pem\",\"days\":{days}"),
            "listener-certificate-ends",
        );
    }
    assert_eq!(judge(&with(ours, "gate.pem\",\"days\":22")), []);
    error(ours, "gate.pem\",\"days\":-1", "listener-certificate-ends");
    let held = "{\"Ok\":[{\"file\":\"/etc/wicketgate/gate.pem\",\"days\":60}]}";
    error(
        held,
        "{\"Err\":\"the key does not fit\"}",
        "listener-certificate-unusable",
    );
    let theirs = "{\"open\":{\"days\":300}}";
    warning(
        theirs,
        "{\"open\":{\"days\":5}}",
        "back-end-certificate-ends",
    );
}

#[test]
fn a_back_end_that_is_not_reached_says_by_which_fault() {
    for (kind, id) in [
        ("silent", "back-end-silent"),
        ("another-name", "back-end-certificate-without-name"),
        ("unknown-authority", "back-end-authority-unknown"),
        ("out-of-time", "back-end-certificate-ends"),
        ("bad-certificate", "back-end-certificate-refused"),
        ("incompatible", "back-end-needs-legacy-tls"),
    ] {
        let reached = format!("{{\"{kind}\":\"said\"}}");
        error("{\"open\":{\"days\":300}}", &reached, id);
    }
}

#[test]
fn what_back_ends_must_offer_is_missed() {
    let windows = "\"WebTicketServiceAuth\",\"WebTicketServiceWinNegotiate\"";
    error(windows, "\"WebTicketServiceAuth\"", "mex-without-windows");
    let ports = "\"ports\":[\"WebTicketServiceAuth\",\"WebTicketServiceWinNegotiate\"]";
    error(ports, "\"ports\":null", "mex-unreadable");
    let lync = "\"status\":401,\"offers\":[\"Negotiate\",\"NTLM\"]";
    error(
        lync,
        "\"status\":401,\"offers\":[\"NTLM\"]",
        "negotiate-not-offered",
    );
    error(
        lync,
        "\"status\":200,\"offers\":[]",
        "negotiate-not-offered",
    );
    let exchange = "\"exchange-negotiate\",\"got\":{\"Ok\":{\"status\":401";
    let missing = "\"exchange-negotiate\",\"got\":{\"Ok\":{\"status\":404";
    error(exchange, missing, "negotiate-not-offered");
    let answer =
        "{\"Ok\":{\"status\":401,\"offers\":[\"Negotiate\"],\"is_gate\":false,\"ports\":null}}";
    error(answer, "{\"Err\":\"late\"}", "back-end-does-not-answer");
}

#[test]
fn s68_an_edge_that_offers_ntlm_or_kerberos_is_warned_of() {
    let offers = "{\"Ok\":[\"TLS-DSK\"]}";
    warning(offers, "{\"Ok\":[\"ntlm\",\"TLS-DSK\"]}", "sip-offers-ntlm");
    warning(
        offers,
        "{\"Ok\":[\"Kerberos\",\"TLS-DSK\"]}",
        "sip-offers-kerberos",
    );
    warning(offers, "{\"Ok\":[]}", "sip-without-certificates");
    warning(offers, "{\"Err\":\"late\"}", "sip-silent");
}

#[test]
fn a_challenge_beside_the_gate_is_found_and_the_gate_s_own_is_none() {
    let gate = "\"offers\":[\"Negotiate\"],\"is_gate\":true";
    error(
        gate,
        "\"offers\":[\"Negotiate\"],\"is_gate\":false",
        "answers-around-the-gate",
    );
    let refuses = "\"got\":{\"status\":403,\"offers\":[],\"is_gate\":false,\"ports\":null}";
    assert_eq!(judge(&with("\"got\":null", refuses)), []);
}

#[test]
fn each_fault_of_kerberos_has_an_id_of_its_own() {
    let everywhere = [
        ("library", "kerberos-missing"),
        ("keytab", "keytab-unusable"),
        ("old-key", "keytab-of-an-old-key"),
        ("gateway-refused", "gateway-refused"),
        ("silent", "kerberos-silent"),
        ("clock", "clock-off"),
        ("other", "kerberos-fails"),
    ];
    for (kind, id) in everywhere {
        let fault = format!("{{\"Err\":{{\"kind\":\"{kind}\",\"said\":\"said\"}}}}");
        let account = "\"signs_in\":{\"Ok\":null}";
        error(account, &format!("\"signs_in\":{fault}"), id);
    }
    for (kind, id) in [
        ("not-allowed", "delegation-not-allowed"),
        ("unknown-service", "spn-held-by-nobody"),
        ("encryption", "no-common-encryption"),
        ("not-delegable", "not-delegable"),
        ("unknown-user", "user-unknown"),
        ("user-refused", "user-refused"),
    ] {
        let fault = format!("\"token\":{{\"Err\":{{\"kind\":\"{kind}\",\"said\":\"said\"}}}}");
        error("\"token\":{\"Ok\":null}", &fault, id);
    }
}

#[test]
fn what_a_back_end_says_of_a_token_is_told() {
    let bound = "\"bound\":{\"Ok\":{\"status\":200,\"reason\":null}}";
    let refused = "\"bound\":{\"Ok\":{\"status\":401,\"reason\":\"the clocks differ\"}}";
    error(bound, refused, "token-not-taken");
    assert!(
        judge(&with(bound, refused))[0]
            .what
            .ends_with(": the clocks differ")
    );
    error(
        bound,
        "\"bound\":{\"Err\":\"late\"}",
        "back-end-does-not-answer",
    );
    warning(
        bound,
        "\"bound\":{\"Ok\":{\"status\":500,\"reason\":null}}",
        "back-end-fails",
    );
    let unbound = "\"unbound\":{\"Ok\":{\"status\":401,\"reason\":null}}";
    let taken = "\"unbound\":{\"Ok\":{\"status\":200,\"reason\":null}}";
    error(unbound, taken, "extended-protection-not-demanded");
    // Where nobody said that it must, it is no more than a step's word.
    let both = GOOD.replacen(unbound, taken, 1).replacen(
        "\"must_demand\":true",
        "\"must_demand\":false",
        1,
    );
    assert_eq!(judge(&read(&both)), []);
}

#[test]
fn the_steps_of_a_sign_in_say_how_far_it_came() {
    let states =
        |seen: &[Seen]| -> Vec<State> { seen.iter().flat_map(steps).map(|it| it.state).collect() };
    assert_eq!(states(&read(GOOD)), [State::Ok; 5]);
    let token = "\"token\":{\"Ok\":null},\"bound\":{\"Ok\":{\"status\":200,\"reason\":null}},\"unbound\":{\"Ok\":{\"status\":401,\"reason\":null}}";
    let failed = |kind: &str| {
        let fault = format!("{{\"kind\":\"{kind}\",\"said\":\"said\"}}");
        with(
            token,
            &format!("\"token\":{{\"Err\":{fault}}},\"bound\":null,\"unbound\":null"),
        )
    };
    let (ok, missing, not) = (State::Ok, State::Missing, State::NotChecked);
    assert_eq!(
        states(&failed("not-delegable")),
        [ok, missing, not, not, not]
    );
    assert_eq!(states(&failed("not-allowed")), [ok, ok, missing, not, not]);
}

#[test]
fn the_same_thing_seen_twice_is_found_once_and_the_worst_comes_first() {
    let off = GOOD.replace("\"ahead\":{\"Ok\":-3}", "\"ahead\":{\"Ok\":600}");
    let both = off.replace("\"days\":60", "\"days\":3");
    let found = judge(&read(&format!("{both}{both}")));
    let ids: Vec<_> = found.iter().map(|it| it.id).collect();
    assert_eq!(ids, ["clock-off", "listener-certificate-ends"]);
}

#[test]
fn a_database_that_is_away_or_forgets_is_named() {
    let seen = |is_durable: &str| {
        let place = "postgres://gate@db:5432/w";
        let line = format!(
            "{{\"look\":\"database\",\"place\":\"{place}\",\"is_durable\":{is_durable}}}\n"
        );
        judge(&read(&line))
    };
    assert_eq!(seen("{\"Ok\":true}"), []);
    for (is_durable, id) in [
        ("{\"Ok\":false}", "database-not-durable"),
        ("{\"Err\":\"refused\"}", "database-away"),
    ] {
        let found = seen(is_durable);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].id, found[0].severity), (id, Severity::Error));
    }
}

#[test]
fn a_collector_that_is_away_or_lacks_what_is_old_is_named() {
    let seen = |reached: &str, waiting: &str| {
        let line = format!(
            "{{\"look\":\"collector\",\"collector\":\"logs:6514\",\"reached\":{reached},\"waiting\":{waiting}}}\n"
        );
        let found = judge(&read(&line)).into_iter();
        found.map(|it| (it.id, it.severity)).collect::<Vec<_>>()
    };
    let waiting = |seconds: i64| format!("{{\"Ok\":{{\"events\":7,\"seconds\":{seconds}}}}}");
    let (there, away) = ("{\"Ok\":null}", "{\"Err\":\"refused\"}");
    assert_eq!(seen(there, &waiting(299)), []);
    let behind = ("collector-behind", Severity::Warning);
    assert_eq!(seen(there, &waiting(300)), [behind]);
    let is_away = ("collector-away", Severity::Warning);
    assert_eq!(seen(away, &waiting(0)), [is_away]);
    assert_eq!(seen(away, &waiting(900)), [is_away, behind]);
    let unread = ("collector-unread", Severity::Warning);
    assert_eq!(seen(there, away), [unread]);
}

#[test]
fn a_partner_whose_metadata_is_not_taken_or_waits_is_named() {
    let seen = |partners: &str| {
        let line = format!("{{\"look\":\"partners\",\"partners\":{partners}}}\n");
        let found = judge(&read(&line)).into_iter();
        found.map(|it| (it.id, it.mend)).collect::<Vec<_>>()
    };
    let of = |stands: &str| {
        format!("{{\"Ok\":[{{\"name\":\"A B\",\"stands\":\"{stands}\",\"said\":\"no TLS\"}}]}}")
    };
    assert_eq!(seen("{\"Ok\":[]}"), []);
    let waits = "wicketgate trust refresh 'A B'";
    assert_eq!(
        seen(&of("waiting")),
        [("partner-changes-wait", waits.to_owned())]
    );
    let unread = ("partner-unread", format!("{waits} --dry-run"));
    assert_eq!(seen(&of("unread")), [unread]);
    for (stands, id, mend) in [
        (
            "overdue",
            "partner-overdue",
            "whether a gate of this store runs",
        ),
        (
            "never-read",
            "partner-not-monitored",
            "`monitoring_interval` of [sts]",
        ),
    ] {
        let seen = seen(&of(stands));
        assert!(seen[0].0 == id && seen[0].1.contains(mend), "{seen:?}");
    }
    let unknown = ("partners-unknown", "wicketgate db status".to_owned());
    assert_eq!(seen("{\"Err\":\"away\"}"), [unknown]);
}

#[test]
fn s60_each_prerequisite_is_listed_with_its_state_and_why() {
    let listed = prerequisites(&read(GOOD));
    let not_checked: Vec<_> = listed
        .iter()
        .filter(|it| it.state == State::NotChecked)
        .collect();
    assert_eq!(not_checked.len(), 2, "{not_checked:#?}");
    assert!(not_checked.iter().all(|it| it.why.is_some()));
    assert_eq!(
        listed.iter().filter(|it| it.state == State::Ok).count(),
        GOOD.lines().count()
    );
    let of = |from: &str, to: &str| {
        let listed = prerequisites(&with(from, to));
        let clock = listed.into_iter().find(|it| it.what.contains("clock"));
        let clock = clock.unwrap();
        (clock.state, clock.why.is_some())
    };
    let ahead = "\"ahead\":{\"Ok\":-3}";
    assert_eq!(of(ahead, "\"ahead\":{\"Ok\":600}"), (State::Missing, true));
    assert_eq!(of(ahead, "\"ahead\":{\"Ok\":250}"), (State::Ok, true));
    let silent = of(ahead, "\"ahead\":{\"Err\":\"refused\"}");
    assert_eq!(silent, (State::NotChecked, true));
    // Nothing looked at is nothing known, and that stands there.
    let unknown = prerequisites(&[]);
    assert_eq!(unknown.len(), 8);
    assert!(unknown.iter().all(|it| it.state == State::NotChecked));
}
