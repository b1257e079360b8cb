//! What a configuration publishes, once it is understood.

use super::*;

mod mistakes;

/// A configuration whose files are there, with these lines in the farm's table and the route's.
fn text(farm: &str, route: &str) -> String {
    format!(
        r#"
[store]
file = "x.db"
key_file = "x.keys"
[names]
domain = "CONTOSO"
dns_domain = "contoso.com"
[onward]
key = "file.pem"
issuer = "gate"
[[listener]]
address = "127.0.0.1:8443"
certificate = [{{ chain = "file.pem", key = "file.pem" }}]
[[farm]]
name = "app"
address = "http://127.0.0.1:8080"
identity_header = "x-identity"
{farm}
[[exchange]]
host = "Mail.contoso.com"
farm = "app"
[[route]]
host = "App.contoso.com"
path = "/"
below = true
auth = ["ntlm"]
service = "app"
farm = "app"
{route}
"#
    )
}

/// Understands a text in a folder where `file.pem` is.
fn understood(text: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file.pem"), "").unwrap();
    let file = folder.path().join("wicketgate.toml");
    let shorter = |error: ConfigError| {
        let whole = error.to_string();
        whole.replace(&format!("{}/", folder.path().display()), "")
    };
    let written = written::parse(&file, text).map_err(shorter)?;
    understand(&file, text, written).map_err(shorter)
}

fn published(farm: &str, route: &str) -> Result<Publication, String> {
    Ok(Publication::clone(
        &understood(&text(farm, route))?.publication,
    ))
}

fn names(publication: &Publication, host: &str) -> Vec<(String, String)> {
    publication.hosts[host].names.clone().into_iter().collect()
}

fn pair(own: &str, outside: &str) -> (String, String) {
    (own.to_owned(), outside.to_owned())
}

#[test]
fn s57_what_a_back_end_is_told_to_be_called_is_rewritten_to_the_published_name() {
    let farm = "host_header = \"App01.contoso.local\"\ntls_name = \"iis.contoso.local\"\nauthorities = \"file.pem\"";
    let text = text(farm, "").replace("http://127.0.0.1:8080", "https://127.0.0.1:8080");
    let publication = understood(&text).unwrap().publication;
    for host in ["mail.contoso.com", "app.contoso.com"] {
        let expected = [
            pair("app01.contoso.local", host),
            pair("iis.contoso.local", host),
        ];
        assert_eq!(names(&publication, host), expected);
    }
    let with_port = text.replace("path = \"/\"", "path = \"/\"\npublic_port = 8443");
    let publication = understood(&with_port).unwrap().publication;
    let first = names(&publication, "app.contoso.com").remove(0);
    let outside = "app.contoso.com:8443";
    assert_eq!(first, pair("app01.contoso.local", outside));
    assert_eq!(publication.hosts["app.contoso.com"].public_port, Some(8443));
    let publication = published("host_header = \"contoso.com\"", "").unwrap();
    assert_eq!(names(&publication, "app.contoso.com"), []);
}

#[test]
fn s57_a_route_names_its_own_back_ends_and_no_other_host_has_them() {
    let route = "internal_names = { \"Portal.contoso.local\" = \"app.contoso.com:8443\" }";
    let publication = published("", route).unwrap();
    let expected = [pair("portal.contoso.local", "app.contoso.com:8443")];
    assert_eq!(names(&publication, "app.contoso.com"), expected);
    assert_eq!(names(&publication, "mail.contoso.com"), []);
}

#[test]
fn a_connection_is_given_over_to_websocket_only_where_a_route_says_so() {
    let of = |route| published("", route).unwrap();
    let says = |publication: &Publication, host: &str| {
        let mut routes = publication.hosts[host].routes.iter();
        routes.any(|route| route.websocket)
    };
    let with = of("websocket = true");
    assert!(says(&with, "app.contoso.com") && !says(&with, "mail.contoso.com"));
    assert!(!says(&of(""), "app.contoso.com"));
}

#[test]
fn s58_a_route_may_list_headers_that_tell_nobody_who_somebody_is() {
    let publication =
        published("", "pass_headers = [\"X-CSRF-Token\", \"x-requestdigest\"]").unwrap();
    let routes = &publication.hosts["app.contoso.com"].routes;
    assert_eq!(routes[0].pass_headers, ["x-csrf-token", "x-requestdigest"]);
    for name in [
        "X-Forwarded-For",
        "Remote-User",
        "X-WebAuth-User",
        "Authorization",
        "Host",
        "Connection",
        "Transfer-Encoding",
        "X-MS-WebTicket",
        "X_Odd",
        "not a name",
        "",
    ] {
        let said = published("", &format!("pass_headers = [\"{name}\"]")).unwrap_err();
        assert!(said.contains(&format!("`{name}` may not pass")), "{said}");
        assert!(said.contains("wicketgate.toml:"), "{said}");
    }
}
