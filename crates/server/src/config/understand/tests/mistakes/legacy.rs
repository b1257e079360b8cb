//! TLS of old Windows and old phones: what may not be written of it, and what is warned of.

use toml::Spanned;

use super::*;

/// A configuration with an ordinary listener and one for old phones, which has these lines.
#[cfg(feature = "legacy-tls")]
fn phones(lines: &str) -> String {
    format!(
        "{}[[listener]]\naddress = \"127.0.0.1:8444\"\n\
         certificate = [{{ chain = \"file.pem\", key = \"file.pem\" }}]\n{lines}\n",
        text("", "")
    )
}

/// A configuration whose farm is reached over TLS of this age.
fn farm(tls: &str) -> String {
    let old = format!("authorities = \"file.pem\"\ntls = \"{tls}\"\n");
    text(&old, "").replace("http://127.0.0.1:8080", "https://127.0.0.1:8443")
}

/// A line for a listener that is served until a day.
fn until(day: &str, reason: &str) -> String {
    format!("legacy_tls = {{ until = \"{day}\", reason = \"{reason}\" }}")
}

#[test]
fn without_openssl_the_key_is_refused_and_the_package_named() {
    let text = farm("legacy");
    let file = Path::new("wicketgate.toml");
    let written = written::parse(file, &text).unwrap();
    let understanding = Understanding::new(file, &text, &written);
    let tls: &Spanned<_> = written.farm[0].tls.as_ref().unwrap();
    assert_eq!(understanding.is_built(tls, true), Ok(()));
    let said = understanding.is_built(tls, false).unwrap_err().to_string();
    for part in [
        "wicketgate.toml:19:7: ",
        "`wicketgate-legacy-tls`",
        "legacy-tls-vendored",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn old_tls_is_spoken_where_this_program_can_and_the_oldest_is_warned_of() {
    for (tls, warned) in [("legacy", false), ("legacy-tls10", true)] {
        match (understood(&farm(tls)), crate::legacy::IS_BUILT) {
            (Ok(settings), true) => {
                let mut warnings = settings.warnings.iter();
                assert_eq!(warnings.any(|it| it.contains("TLS 1.0")), warned, "{tls}");
            }
            (Err(said), false) => assert!(said.contains("legacy-tls"), "{said}"),
            (got, is_built) => panic!("{got:?}, {is_built}"),
        }
    }
    assert!(understood(&farm("modern")).is_ok());
    assert!(understood(&farm("oldest")).unwrap_err().contains("modern"));
    let plain = understood(&text("tls = \"modern\"", "")).unwrap_err();
    assert!(plain.contains("for https"), "{plain}");
}

#[test]
fn a_listener_for_old_phones_stands_beside_another_one() {
    let lines = until("2027-06-30", "meeting rooms");
    let alone = text("", "").replacen("[[listener]]\n", &format!("[[listener]]\n{lines}\n"), 1);
    let said = understood(&alone).unwrap_err();
    assert!(said.contains("TLS of today"), "{said}");
    let plain = format!(
        "{}[[listener]]\naddress = \"127.0.0.1:8080\"\nplain = true\n{lines}\n",
        text("", "")
    );
    let said = understood(&plain).unwrap_err();
    assert!(said.contains("speaks no TLS"), "{said}");
}

#[cfg(feature = "legacy-tls")]
#[test]
fn a_listener_for_old_phones_has_a_day_and_a_reason() {
    let said = |day: &str, reason: &str| understood(&phones(&until(day, reason))).unwrap_err();
    for day in ["", "soon", "2027-06-31", "30.06.2027", "9999-12-31"] {
        assert!(said(day, "why").contains("`2027-06-30`"), "{day}");
    }
    for reason in ["", " \\t"] {
        let said = said("2027-06-30", reason);
        assert!(said.contains("your reason"), "{said}");
    }
    assert!(understood(&phones("legacy_tls = true")).is_err());
    assert!(understood(&phones("legacy_tls = { until = \"2027-06-30\" }")).is_err());
}

#[cfg(feature = "legacy-tls")]
#[test]
fn the_end_of_a_listener_is_the_end_of_its_last_day_and_warned_of_thirty_days_before() {
    let settings = understood(&phones(&until("2027-06-30", "meeting rooms"))).unwrap();
    let legacy = settings.listeners[1].legacy_tls.as_ref().unwrap();
    let at = |text: &str| -> jiff::Timestamp { text.parse().unwrap() };
    assert!(!legacy.is_over(at("2027-06-30T23:59:59Z")));
    assert!(legacy.is_over(at("2027-07-01T00:00:00Z")));
    let warned = |now: &str| {
        let mut all = of_the_day(&settings.listeners, at(now));
        assert_eq!(all.len(), 1, "one listener of two");
        all.remove(0)
    };
    let far = warned("2027-05-31T00:00:00Z");
    assert!(far.contains("(`meeting rooms`)"), "{far}");
    assert!(!far.contains("closed in"), "{far}");
    let near = warned("2027-06-01T00:00:01Z");
    assert!(near.contains("closed in 29 days"), "{near}");
    assert!(near.contains("127.0.0.1:8444"), "{near}");
    let over = warned("2027-07-01T00:00:00Z");
    assert!(over.contains("is not opened"), "{over}");
}
