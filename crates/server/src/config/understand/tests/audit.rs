//! How the trail is kept and who gets it, too: what holds is understood, and what does not is named with its line.

use super::*;
use crate::config::settings::audit::{Audit, Receipt};
use crate::config::settings::messages::Authorities;

const SERVER: &str = "[audit.syslog]\nserver = \"logs.contoso.com:6514\"\n";

fn with(tables: &str) -> Result<Audit, String> {
    understood(&(text("", "") + tables)).map(|settings| settings.audit)
}

#[test]
fn a_trail_is_kept_for_ever_and_sent_to_nobody_where_nothing_is_said() {
    assert_eq!(with("").unwrap(), Audit::default());
    assert_eq!(with("[audit]\n").unwrap(), Audit::default());
}

#[test]
fn a_collector_is_understood_with_all_that_is_left_out() {
    let audit = with(&format!("[audit]\nkeep = \"400 days\"\n{SERVER}")).unwrap();
    assert_eq!(audit.keep.unwrap().as_hours(), 400 * 24);
    let syslog = audit.syslog.unwrap();
    assert_eq!(
        (syslog.host.as_str(), syslog.port),
        ("logs.contoso.com", 6514)
    );
    assert_eq!(syslog.name, "logs.contoso.com");
    assert_eq!(syslog.authorities, Authorities::System);
    assert_eq!(syslog.receipt, Receipt::CloseNotify);
    assert_eq!(syslog.app_name, "wicketgate");
    assert!(!syslog.host_name.is_empty());
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().display();
    let all = format!(
        "[audit.syslog]\nserver = \"[2001:db8::1]:6514\"\nname = \"logs.contoso.com\"\nauthorities = \"{file}\"\n\
         certificate = \"{file}\"\nkey = \"{file}\"\nreceipt = \"end\"\nfacility = \"local3\"\napp_name = \"gate\"\n\
         host_name = \"gate1\"\n"
    );
    let syslog = with(&all).unwrap().syslog.unwrap();
    assert_eq!(
        (syslog.host.as_str(), syslog.host_name.as_str()),
        ("2001:db8::1", "gate1")
    );
    assert_eq!(syslog.receipt, Receipt::End);
    assert!(syslog.identity.is_some());
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_reason() {
    for (tables, said) in [
        (
            "[audit]\nkeep = \"6 days\"\n".to_owned(),
            "of 7 days at the least",
        ),
        (
            "[audit]\nkeep = \"400\"\n".to_owned(),
            "is not a length of time",
        ),
        (
            "[audit]\nkep = \"400 days\"\n".to_owned(),
            "did you mean `keep`",
        ),
        (
            "[audit.syslog]\nserver = \"logs\"\n".to_owned(),
            "not a collector and its port",
        ),
        (
            "[audit.syslog]\nserver = \"logs:0\"\n".to_owned(),
            "not a collector and its port",
        ),
        (format!("{SERVER}name = \"a b\"\n"), "is not a host name"),
        (
            format!("{SERVER}facility = \"authpri\"\n"),
            "did you mean `authpriv`",
        ),
        (format!("{SERVER}app_name = \"\"\n"), "1 to 48 letters"),
        (format!("{SERVER}app_name = \"a b\"\n"), "without a space"),
        (format!("{SERVER}host_name = \"\u{e5}\"\n"), "of ASCII"),
        (format!("{SERVER}receipt = \"never\"\n"), "expected"),
        (
            format!("{SERVER}authorities = \"/nowhere.pem\"\n"),
            "/nowhere.pem",
        ),
        (
            format!("{SERVER}certificate = \"/dev/null\"\n"),
            "go together",
        ),
        (format!("{SERVER}key = \"/dev/null\"\n"), "go together"),
    ] {
        let refused = with(&tables).unwrap_err();
        assert!(refused.contains(said), "{tables}: {refused}");
    }
}
