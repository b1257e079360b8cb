//! What a configuration publishes, once it is understood.

use gateway::Publication;

use super::*;

mod api;
mod audit;
mod branding;
mod messages;
mod mistakes;
mod policy;
mod portal;
mod stored;
mod sts;

/// A configuration whose files are there, with these lines in the farm's table and the route's.
pub(super) fn text(farm: &str, route: &str) -> String {
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
pub(super) fn understood(text: &str) -> Result<Settings, String> {
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
fn a_passive_pool_is_told_nobody_s_name_and_an_active_one_must_be() {
    let pool = |passive: &str| {
        let farm = "[[farm]]\nname = \"pool02\"\naddress = \"http://127.0.0.1:8082\"\n";
        let pool = "[[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"pool02\"\n";
        understood(&format!("{}\n{farm}{pool}{passive}", text("", "")))
    };
    let said = pool("passive = true\n").unwrap_err();
    assert!(said.contains("there is no [sts]"), "{said}");
    let sts = "[sts]\nhost = \"sts.contoso.com\"\n";
    let pool = |passive: &str| pool(&format!("{passive}{sts}"));
    let published = pool("passive = true\n").unwrap().publication;
    let host = &published.hosts["web.contoso.com"];
    assert!(host.is_passive());
    let mut routes = host.routes.iter();
    assert!(routes.all(|route| route.onward == gateway::route::Onward::None));
    for passive in ["", "passive = false\n"] {
        let said = pool(passive).unwrap_err();
        assert!(said.contains("never learns who gave it"), "{said}");
    }
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

#[test]
fn a_farm_of_one_is_a_farm_of_one_member_and_a_member_has_its_four_words() {
    let settings = understood(&text("", "")).unwrap();
    let [only] = settings.farms["app"].members.as_slice() else {
        panic!("one member");
    };
    assert_eq!((&*only.address, only.weight), ("127.0.0.1:8080", 1));
    assert!(only.tls.is_none() && only.host_header.is_none());

    let pool = "[[farm]]\nname = \"pool\"\nauthorities = \"file.pem\"\n\
                [[farm.member]]\naddress = \"https://192.0.2.1:4443\"\n\
                tls_name = \"fe01.contoso.local\"\nhost_header = \"web.contoso.local\"\nweight = 3\n\
                [[farm.member]]\naddress = \"https://fe02.contoso.local\"\n\
                [farm.health]\npath = \"/ping?x=1\"\nstatus = [200, 401]\ninterval = 7\n\
                timeout = 2\nfall = 3\nrise = 1\n";
    let settings = understood(&(text("", "") + pool)).unwrap();
    let farm = &settings.farms["pool"];
    let shown = |member: &crate::config::settings::Member| {
        let tls = member.tls.as_ref().map(|tls| tls.name.clone());
        let host = member
            .host_header
            .as_ref()
            .map(|host| host.to_str().unwrap());
        (
            member.address.clone(),
            tls.unwrap_or_default(),
            host.unwrap_or_default().to_owned(),
            member.checked_host.to_str().unwrap().to_owned(),
            member.weight,
        )
    };
    let of = |address: &str, tls: &str, host: &str, checked: &str, weight| {
        let owned = |text: &str| text.to_owned();
        (
            owned(address),
            owned(tls),
            owned(host),
            owned(checked),
            weight,
        )
    };
    assert_eq!(
        farm.members.iter().map(shown).collect::<Vec<_>>(),
        [
            of(
                "192.0.2.1:4443",
                "fe01.contoso.local",
                "web.contoso.local",
                "web.contoso.local",
                3
            ),
            of(
                "fe02.contoso.local:443",
                "fe02.contoso.local",
                "",
                "fe02.contoso.local",
                1
            ),
        ]
    );
    let health = &farm.health;
    assert_eq!(health.path.as_ref().unwrap().as_str(), "/ping?x=1");
    assert_eq!(health.statuses, [200, 401]);
    let seconds = (health.interval.as_secs(), health.timeout.as_secs());
    let thresholds = gateway::farm::health::Thresholds { fall: 3, rise: 1 };
    assert_eq!((seconds, health.thresholds), ((7, 2), thresholds));
}

#[test]
fn s57_the_names_of_all_members_are_rewritten_and_two_rules_of_a_host_in_two_ways() {
    let pool = "[[farm]]\nname = \"pool\"\n\
                [[farm.member]]\naddress = \"http://127.0.0.1:1\"\nhost_header = \"One.local\"\n\
                [[farm.member]]\naddress = \"http://127.0.0.1:2\"\nhost_header = \"two.local\"\n\
                [[route]]\nhost = \"app.contoso.com\"\npath = \"/deep\"\nauth = \"anonymous\"\n\
                service = \"deep\"\nfarm = \"pool\"\n\
                internal_names = { \"shared.local\" = \"deep.contoso.com\" }\n";
    let route = "internal_names = { \"shared.local\" = \"app.contoso.com\" }";
    let text = text("", route) + pool;
    let said = understood(&text).unwrap_err();
    assert!(
        said.contains("`deep.contoso.com`, which is published by nobody here"),
        "{said}"
    );
    let text = text.replace(
        "[names]\n",
        "[names]\nforeign_hosts = [\"deep.contoso.com\"]\n",
    );
    let publication = understood(&text).unwrap().publication;
    let routes = &publication.hosts["app.contoso.com"].routes;
    let own = |at: usize| -> Vec<(String, String)> {
        routes[at].names.as_ref().clone().into_iter().collect()
    };
    assert_eq!(own(0), [pair("shared.local", "app.contoso.com")]);
    let deep = [
        pair("one.local", "app.contoso.com"),
        pair("shared.local", "deep.contoso.com"),
        pair("two.local", "app.contoso.com"),
    ];
    assert_eq!(own(1), deep);
    assert_eq!(
        names(&publication, "app.contoso.com").len(),
        3,
        "all are known"
    );
}

/// As the guide's page on farms has it: names of front ends, and mailbox servers that are called as their address says.
#[test]
fn s57_every_member_of_a_pool_and_of_an_exchange_is_known_by_its_name() {
    let tls = "authorities = \"file.pem\"\nidentity_header = \"x-user\"\n";
    let lines = format!(
        "[[farm]]\nname = \"pool01\"\n{tls}\
         [[farm.member]]\naddress = \"https://10.0.1.11:4443\"\ntls_name = \"FE01.contoso.local\"\n\
         [[farm.member]]\naddress = \"https://10.0.1.12:4443\"\ntls_name = \"fe02.contoso.local\"\n\
         [[lync.pool]]\nweb_host = \"web.contoso.com\"\ndiscover_hosts = [\"lyncdiscover.contoso.com\"]\nfarm = \"pool01\"\n\
         public_port = 8443\ninternal_names = {{ \"pool01.contoso.local\" = \"web.contoso.com\" }}\n\
         [[farm]]\nname = \"mailboxes\"\n{tls}\
         [[farm.member]]\naddress = \"https://MBX01.contoso.local\"\n\
         [[farm.member]]\naddress = \"https://mbx02:444\"\n\
         [[farm.member]]\naddress = \"https://10.0.1.23\"\ntls_name = \"mail2.contoso.com\"\n\
         [[exchange]]\nhost = \"mail2.contoso.com\"\nfarm = \"mailboxes\"\n"
    );
    let publication = understood(&(text("", "") + &lines)).unwrap().publication;
    let pool = [
        pair("fe01.contoso.local", "web.contoso.com:8443"),
        pair("fe02.contoso.local", "web.contoso.com:8443"),
        pair("pool01.contoso.local", "web.contoso.com"),
    ];
    for host in ["web.contoso.com", "lyncdiscover.contoso.com"] {
        let told = names(&publication, host);
        let own: Vec<&str> = told.iter().map(|(own, _)| own.as_str()).collect();
        let listed: Vec<&str> = pool.iter().map(|(own, _)| own.as_str()).collect();
        assert_eq!(own, listed, "{host}");
    }
    assert_eq!(
        names(&publication, "mail2.contoso.com"),
        [pair("mbx01.contoso.local", "mail2.contoso.com")]
    );
}

/// By split DNS a server is called inside as it is outside, or as another site here; and a word may stand for anything.
#[test]
fn s57_what_is_published_and_a_word_without_a_dot_are_no_names_to_be_hidden() {
    let route = |host: &str| {
        format!(
            "[[route]]\nhost = \"{host}\"\npath = \"/\"\nauth = \"anonymous\"\nservice = \"site\"\nfarm = \"site\"\n"
        )
    };
    let site = |settings: &str| format!("[[farm]]\nname = \"site\"\n{settings}\n");
    let own = |settings: &str| {
        let lines = site(settings) + &route("fabrikam.com") + &route("WWW.fabrikam.com");
        let publication = understood(&(text("", "") + &lines)).unwrap().publication;
        names(&publication, "fabrikam.com")
    };
    assert_eq!(own("address = \"http://www.fabrikam.com:7801\""), []);
    assert_eq!(
        own("address = \"http://10.0.1.1\"\nhost_header = \"intranet\""),
        []
    );
    assert_eq!(
        own("address = \"http://10.0.1.1\"\nhost_header = \"Com\""),
        []
    );
    assert_eq!(
        own("address = \"http://10.0.1.1\"\nhost_header = \"rikam.com\""),
        [pair("rikam.com", "fabrikam.com")],
        "the end of a name is no domain of it"
    );
    assert_eq!(
        own("address = \"http://web.fabrikam.local\""),
        [pair("web.fabrikam.local", "fabrikam.com")]
    );
}

#[test]
fn a_browser_is_bound_to_a_member_only_where_a_route_or_a_preset_says_so() {
    let bound = |publication: &Publication, host: &str| -> Vec<String> {
        let routes = publication.hosts[host].routes.iter();
        let bound = routes.filter(|route| route.affinity);
        bound.map(|route| route.path.to_string()).collect()
    };
    assert_eq!(
        bound(&published("", "").unwrap(), "app.contoso.com"),
        [""; 0]
    );
    let with = published("", "affinity = true").unwrap();
    assert_eq!(bound(&with, "app.contoso.com"), ["/"]);
    assert_eq!(bound(&with, "mail.contoso.com"), [""; 0]);
    let pool = "[[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"app\"\n";
    let lync = understood(&(text("", "") + pool)).unwrap().publication;
    let pages = [
        "/meet",
        "/dialin",
        "/lwa",
        "/Autodiscover/XFrame",
        "/PassiveAuth",
    ];
    assert_eq!(bound(&lync, "web.contoso.com"), pages);
}
