//! What a scrape gets: names, labels and values, and no word that a client sent.

use authn::ports::Unavailable;
use gateway::farm::health::Health;

use super::*;

/// The lines of a scrape that begin so.
fn lines(metrics: &Metrics, begin: &str) -> Vec<String> {
    let text = metrics.text(Duration::from_millis(1500)).unwrap();
    let lines = text.lines().filter(|line| line.starts_with(begin));
    lines.map(str::to_owned).collect()
}

#[test]
fn requests_are_counted_by_route_and_class() {
    let metrics = Metrics::new();
    let took = Duration::from_millis(3);
    metrics.answered("mail.contoso.com/ews", StatusCode::OK, took);
    metrics.answered("mail.contoso.com/ews", StatusCode::CREATED, took);
    metrics.answered("", StatusCode::NOT_FOUND, took);
    metrics.answered_itself(StatusCode::NOT_FOUND, Some("path"));
    let mut requests = lines(&metrics, "wicketgate_requests_total{");
    requests.sort();
    assert_eq!(
        requests,
        [
            r#"wicketgate_requests_total{route="mail.contoso.com/ews",class="2xx"} 2"#,
            r#"wicketgate_requests_total{route="none",class="4xx"} 1"#,
        ]
    );
    let own = lines(&metrics, "wicketgate_own_answers_total{");
    assert_eq!(own, [r#"wicketgate_own_answers_total{status="404"} 1"#]);
    let junk = lines(&metrics, "wicketgate_junk_total{");
    assert_eq!(junk, [r#"wicketgate_junk_total{kind="path"} 1"#]);
    let count = lines(&metrics, "wicketgate_answer_seconds_count{");
    assert_eq!(count.len(), 2, "{count:?}");
}

#[test]
fn sign_ins_are_counted_by_channel_and_outcome() {
    let metrics = Metrics::new();
    let unavailable = Unavailable {
        what: "the store",
        detail: "gone".to_owned(),
    };
    metrics.signed_in(Channel::Ntlm, outcome(&Ok(())));
    metrics.signed_in(Channel::Basic, outcome::<()>(&Err(Refusal::Denied)));
    metrics.signed_in(Channel::Basic, outcome::<()>(&Err(unavailable.into())));
    metrics.signed_in(Channel::Ticket, SignIn::Repeated);
    let mut signed_in = lines(&metrics, "wicketgate_sign_ins_total{");
    assert_eq!(signed_in.len(), 28, "those that never happened are zero");
    signed_in.retain(|line| !line.ends_with(" 0"));
    signed_in.sort();
    assert_eq!(
        signed_in,
        [
            r#"wicketgate_sign_ins_total{channel="basic",outcome="refused"} 1"#,
            r#"wicketgate_sign_ins_total{channel="basic",outcome="unavailable"} 1"#,
            r#"wicketgate_sign_ins_total{channel="ntlm",outcome="accepted"} 1"#,
            r#"wicketgate_sign_ins_total{channel="ticket",outcome="repeated"} 1"#,
        ]
    );
}

#[test]
fn a_connection_is_open_until_it_ends() {
    let metrics = Metrics::new();
    let first = metrics.opened("tls");
    let _second = metrics.opened("tls");
    let open = |metrics| lines(metrics, "wicketgate_connections{kind=\"tls\"");
    assert_eq!(open(&metrics), [r#"wicketgate_connections{kind="tls"} 2"#]);
    drop(first);
    assert_eq!(open(&metrics), [r#"wicketgate_connections{kind="tls"} 1"#]);
}

#[test]
fn a_certificate_that_is_not_served_any_more_is_not_told_of() {
    let metrics = Metrics::new();
    let address: SocketAddr = "192.0.2.1:443".parse().unwrap();
    let held = |file: &str, not_after| [(address, PathBuf::from(file), not_after)].into_iter();
    metrics.certified(held("/a.pem", 1_800_000_000));
    metrics.certified(held("/b.pem", 1_900_000_000));
    let told = lines(&metrics, "wicketgate_certificate_not_after_seconds{");
    let expected = "wicketgate_certificate_not_after_seconds\
                    {listener=\"192.0.2.1:443\",chain=\"/b.pem\"} 1900000000";
    assert_eq!(told, [expected]);
}

#[test]
fn a_reload_that_was_refused_is_seen_until_one_is_taken() {
    let metrics = Metrics::new();
    let state = |metrics| lines(metrics, "wicketgate_reload_succeeded ");
    assert_eq!(state(&metrics), ["wicketgate_reload_succeeded 1"]);
    metrics.reloaded(Reloaded::Refused);
    assert_eq!(state(&metrics), ["wicketgate_reload_succeeded 0"]);
    metrics.reloaded(Reloaded::Taken);
    assert_eq!(state(&metrics), ["wicketgate_reload_succeeded 1"]);
}

#[test]
fn commits_and_silence_are_measured_in_seconds() {
    let metrics = Metrics::new();
    for is_durable in [true, false] {
        let took = Duration::from_millis(30);
        metrics.committed(store::Commit { took, is_durable });
    }
    metrics.held_back(Duration::from_millis(500));
    metrics.revocations().inc();
    for line in [
        "wicketgate_store_commit_seconds_bucket{le=\"0.025\"} 0",
        "wicketgate_store_commit_seconds_bucket{le=\"0.05\"} 2",
        "wicketgate_store_commits_failed_total 1",
        "wicketgate_held_back_total 1",
        "wicketgate_held_back_seconds_total 0.5",
        "wicketgate_revocations_total 1",
        "wicketgate_revocations_silence_seconds 1.5",
    ] {
        assert_eq!(lines(&metrics, line), [line]);
    }
}

#[test]
fn a_member_is_told_of_as_long_as_it_is_configured() {
    let metrics = Metrics::new();
    let of = |metrics: &Metrics| lines(metrics, "wicketgate_farm_member_");
    let member = metrics.of_member("pool", "fe01:443");
    assert_eq!(of(&metrics), [""; 0], "nothing before it is shown");
    member.shows(true, false);
    member.requested();
    member.failed(Failed::BrokeOff);
    member.changed(Health::Doubtful);
    member.drained(true);
    let named = "farm=\"pool\",member=\"fe01:443\"";
    for line in [
        format!("wicketgate_farm_member_up{{{named}}} 0"),
        format!("wicketgate_farm_member_drained{{{named}}} 1"),
        format!("wicketgate_farm_member_requests_total{{{named}}} 1"),
        format!("wicketgate_farm_member_failures_total{{{named},reason=\"broke-off\"}} 1"),
        format!("wicketgate_farm_member_failures_total{{{named},reason=\"slow\"}} 0"),
        format!("wicketgate_farm_member_changes_total{{{named},to=\"doubtful\"}} 1"),
        format!("wicketgate_farm_member_changes_total{{{named},to=\"down\"}} 0"),
    ] {
        assert!(of(&metrics).contains(&line), "{line}");
    }
    metrics.of_member("mail", "mbx01:443").shows(true, false);
    let both = of(&metrics).len();
    metrics.forget_member("pool", "fe01:443");
    assert_eq!(of(&metrics).len(), both / 2, "the other stays");
}

/// The guide's table is complete, and names nothing else.
#[test]
fn every_metric_is_in_the_guide() {
    let guide = include_str!("../../../../docs/guide/metrics.md");
    let metrics = Metrics::new();
    metrics.answered("a", StatusCode::OK, Duration::ZERO);
    metrics.answered_itself(StatusCode::NOT_FOUND, Some("path"));
    metrics.asked("verify", OfAsk::Answered);
    metrics.upstream_failed("a", &UpstreamError::TooSlow);
    let member = metrics.of_member("a", "b");
    member.shows(true, false);
    member.requested();
    let address = SocketAddr::from(([127, 0, 0, 1], 443));
    metrics.certified([(address, PathBuf::from("a"), 1)].into_iter());
    let text = metrics.text(Duration::ZERO).unwrap();
    let told: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(told.len() > 15, "{told:?}");
    for name in &told {
        assert!(guide.contains(&format!("| `{name}")), "{name}");
    }
    let rows = guide.lines().filter_map(|line| {
        let name = line.strip_prefix("| `wicketgate_")?;
        name.split(['`', '{']).next()
    });
    for row in rows {
        let name = format!("wicketgate_{row}");
        assert!(told.contains(&name.as_str()), "{name} is in the guide only");
    }
}
