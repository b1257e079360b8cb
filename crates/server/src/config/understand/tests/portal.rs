//! The portal has a host of its own, and a policy by which somebody can sign in.

use super::*;

const PORTAL: &str = "[portal]\nhost = \"My.contoso.com\"\n";
const BOTH: &str =
    "[[policy]]\nservices = [\"portal\"]\nmethods = [\"memorised-secret + one-time-code\"]\n";

fn with(tables: &str) -> Result<Settings, String> {
    understood(&(text("", "") + tables))
}

fn warnings(tables: &str) -> Vec<String> {
    let warnings = with(tables).unwrap().warnings.into_iter();
    warnings.filter(|it| it.contains("portal")).collect()
}

#[test]
fn a_portal_is_published_on_a_host_of_ours_alone() {
    let settings = with(&format!("{PORTAL}{BOTH}")).unwrap();
    let host = &settings.publication.hosts["my.contoso.com"];
    assert!(host.is_ours && host.routes.is_empty());
    assert_eq!(settings.portal.unwrap().origin, "https://my.contoso.com");
    let elsewhere = format!("{PORTAL}public_port = 8443\n{BOTH}");
    let origin = with(&elsewhere).unwrap().portal.unwrap().origin;
    assert_eq!(origin, "https://my.contoso.com:8443");
    for host in ["mail.contoso.com", "app.contoso.com"] {
        let shared = format!("[portal]\nhost = \"{host}\"\n{BOTH}");
        let error = with(&shared).unwrap_err();
        assert!(
            error.contains("the portal has a host of its own"),
            "{error}"
        );
    }
    let error = with("[portal]\nhost = \"https://my.contoso.com\"\n").unwrap_err();
    assert!(error.contains("is not a host name"), "{error}");
}

#[test]
fn a_policy_may_speak_of_the_portal_where_there_is_one() {
    let error = with(BOTH).unwrap_err();
    assert!(
        error.contains("nothing published is the service `portal`"),
        "{error}"
    );
}

#[test]
fn a_portal_that_nobody_or_one_factor_opens_is_warned_of() {
    assert_eq!(warnings(&format!("{PORTAL}{BOTH}")), Vec::<String>::new());
    let any = "[[policy]]\nmethods = [\"app-password\"]\n";
    for closed in ["", any, &format!("{any}{BOTH}")] {
        let warned = warnings(&format!("{PORTAL}{closed}"));
        assert!(
            warned[0].contains("nobody can sign in to the portal"),
            "{warned:?}"
        );
    }
    let one = BOTH.replace(" + one-time-code", "");
    let warned = warnings(&format!("{PORTAL}{one}"));
    assert!(
        warned[0].contains("by a memorised secret alone"),
        "{warned:?}"
    );
    let inside = one.replace("services", "zones = [\"internal\"]\nservices");
    assert_eq!(warnings(&format!("{PORTAL}{inside}")), Vec::<String>::new());
    assert_eq!(
        warnings(any),
        Vec::<String>::new(),
        "where there is no portal"
    );
}

#[test]
fn makes_of_passkeys_are_a_certificate_and_aaguids() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let maker = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let maker = maker.self_signed(&key).unwrap();
    let file = folder.path().join("maker.pem");
    std::fs::write(&file, maker.pem()).unwrap();
    let make = |authority: &str, aaguids: &str| {
        let make = format!(
            "[[portal.passkey_make]]\nauthority = \"{authority}\"\naaguids = [{aaguids}]\n"
        );
        with(&format!("{PORTAL}{make}{BOTH}"))
    };
    let (file, good) = (
        file.display().to_string(),
        "\"2fc0579f-8113-47ea-b116-bb5a8db9202a\"",
    );
    let makes = make(&file, good).unwrap().portal.unwrap().makes;
    let [first, ..] = makes[0].aaguids[0];
    assert_eq!((makes.len(), first), (1, 0x2f));
    for (authority, aaguids, said) in [
        (
            "file.pem",
            good,
            "the certificate of a maker cannot be read",
        ),
        ("away.pem", good, "cannot be read"),
        (&*file, "", "trusted for no device"),
        (&*file, "\"2fc0579f\"", "is not an AAGUID"),
        (
            &*file,
            "\"2fc0579f-8113-47ea-b116-bb5a8db9202g\"",
            "is not an AAGUID",
        ),
        (
            &*file,
            "\"2fc0579f81-13-47ea-b116-bb5a8db9202a\"",
            "is not an AAGUID",
        ),
    ] {
        let error = make(authority, aaguids).unwrap_err();
        assert!(error.contains(said), "{authority} {aaguids}: {error}");
    }
}

#[test]
fn a_portal_that_passkeys_alone_open_is_not_warned_of() {
    let passkey = BOTH.replace("memorised-secret + one-time-code", "passkey");
    assert_eq!(
        warnings(&format!("{PORTAL}{passkey}")),
        Vec::<String>::new()
    );
}
