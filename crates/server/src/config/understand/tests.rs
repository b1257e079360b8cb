//! What a configuration publishes, once it is understood.

use super::*;

/// A gate with a farm, a route to it, and these lines in the two tables.
fn published(farm: &str, route: &str) -> Result<Publication, String> {
    let text = format!(
        r#"
        listener = []
        [store]
        file = "x.db"
        key_file = "x.keys"
        [names]
        domain = "CONTOSO"
        dns_domain = "contoso.com"
        [[farm]]
        name = "app"
        address = "http://127.0.0.1:8080"
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
    );
    let file = Path::new("wicketgate.toml");
    let written = written::parse(file, &text).map_err(|error| error.to_string())?;
    let settings = understand(file, &text, written).map_err(|error| error.to_string())?;
    Ok(Publication::clone(&settings.publication))
}

fn names(publication: &Publication, host: &str) -> Vec<(String, String)> {
    publication.hosts[host].names.clone().into_iter().collect()
}

fn pair(own: &str, outside: &str) -> (String, String) {
    (own.to_owned(), outside.to_owned())
}

#[test]
fn s57_what_a_back_end_is_told_to_be_called_is_rewritten_to_the_published_name() {
    let farm = "host_header = \"App01.contoso.local\"\ntls_name = \"iis.contoso.local\"";
    let publication = published(farm, "").unwrap();
    for host in ["mail.contoso.com", "app.contoso.com"] {
        let expected = [
            pair("app01.contoso.local", host),
            pair("iis.contoso.local", host),
        ];
        assert_eq!(names(&publication, host), expected);
    }
    let publication = published(farm, "public_port = 8443").unwrap();
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
