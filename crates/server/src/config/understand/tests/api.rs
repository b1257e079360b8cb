//! The API has a host of its own, is there where it is asked for, and answers the office alone unless another zone is named.

use authn::place::Zone;
use gateway::prove::{Grounds, counter_examples};

use super::*;

const API: &str = "[api]\nhost = \"Api.contoso.com\"\n";

fn with(tables: &str) -> Result<Settings, String> {
    understood(&(text("", "") + tables))
}

fn from_inside(tables: &str) -> Result<Settings, String> {
    let inside = "address = \"127.0.0.1:8443\"\ninternal_networks = [\"10.0.0.0/8\"]";
    let whole = text("", "").replace("address = \"127.0.0.1:8443\"", inside);
    understood(&(whole + tables))
}

fn warnings(settings: Settings) -> Vec<String> {
    let warnings = settings.warnings.into_iter();
    warnings.filter(|it| it.contains("[api]")).collect()
}

#[test]
fn s73_an_api_is_off_unless_it_is_asked_for_and_then_for_the_office_alone() {
    assert_eq!(with("").unwrap().api, None);
    let settings = from_inside(API).unwrap();
    let host = &settings.publication.hosts["api.contoso.com"];
    assert!(host.is_ours && host.is_api && host.routes.is_empty());
    let api = settings.api.clone().unwrap();
    assert_eq!(api.origin, "https://api.contoso.com");
    assert_eq!(api.zones, [Zone::INTERNAL].into());
    assert_eq!(warnings(settings), [""; 0]);
    let wide = format!("{API}public_port = 8443\nzones = [\"internal\", \"external\"]\n");
    let settings = from_inside(&wide).unwrap();
    let api = settings.api.clone().unwrap();
    assert_eq!(api.origin, "https://api.contoso.com:8443");
    assert_eq!(api.zones, [Zone::INTERNAL, Zone::EXTERNAL].into());
    assert!(warnings(settings)[0].contains("from outside"));
    let unasked = warnings(with(API).unwrap());
    assert!(unasked[0].contains("nobody can ask it"), "{unasked:?}");
}

#[test]
fn an_api_shares_its_host_with_nothing() {
    for host in ["mail.contoso.com", "app.contoso.com"] {
        let error = with(&format!("[api]\nhost = \"{host}\"\n")).unwrap_err();
        assert!(error.contains("the API has a host of its own"), "{error}");
    }
    let both = format!("{API}[portal]\nhost = \"api.contoso.com\"\n");
    let error = with(&both).unwrap_err();
    assert!(error.contains("a host of its own"), "{error}");
    for (wrong, expected) in [
        ("host = \"https://api.contoso.com\"", "is not a host name"),
        ("host = \"a.contoso.com\"\nzones = []", "from nowhere"),
        ("host = \"a.contoso.com\"\nzones = [\"office\"]", "no zone"),
        ("host = \"a.contoso.com\"\nport = 1", "unknown"),
    ] {
        let error = with(&format!("[api]\n{wrong}\n")).unwrap_err();
        assert!(error.contains(expected), "{wrong}: {error}");
    }
}

#[test]
fn s73_an_api_opens_nothing_that_the_policy_is_asked_about() {
    let policy = "[[policy]]\nmethods = [\"memorised-secret\"]\nzones = [\"external\"]\n";
    let proved = |tables: &str| {
        let settings = from_inside(tables).unwrap();
        counter_examples(&settings.publication, &Grounds::default())
    };
    assert_eq!(proved(&format!("{API}{policy}")), proved(policy));
}
