//! What is wrong is named with its line and with what to do.

mod balancers;
mod directory;
mod kerberos;
mod legacy;
mod remote;

use super::*;
use crate::config::settings::Plain;

/// The error of a configuration in which something was replaced.
fn error(right: &str, wrong: &str) -> String {
    let text = text("", "");
    assert!(text.contains(right), "{right}");
    understood(&text.replacen(right, wrong, 1)).expect_err(wrong)
}

/// The error of a configuration with these tables at its end.
fn with(tables: &str) -> String {
    understood(&(text("", "") + tables)).expect_err(tables)
}

/// The error of a configuration with another route, of a host and these lines.
fn route(host: &str, lines: &str) -> String {
    with(&format!(
        "[[route]]\nhost = \"{host}\"\n{lines}\nservice = \"other\"\nfarm = \"app\"\n"
    ))
}

#[test]
fn a_netbios_name_divides_no_other() {
    let right = "domain = \"CONTOSO\"";
    for wrong in [
        "'CON\"TO\\SO'",
        "'CONTOSO\\anna'",
        "\"contoso/x\"",
        "\"CON TOSO\"",
        "\"anna@contoso\"",
        "\"\"",
        "\".CONTOSO\"",
        "\"A-NAME-OF-16-CHA\"",
    ] {
        let said = error(right, &format!("domain = {wrong}"));
        assert!(said.contains("is not the NetBIOS name"), "{said}");
    }
    let may = |name: &str| understood(&text("", "").replacen("CONTOSO", name, 1)).is_ok();
    assert!(may("A-NAME-OF-15-CH") && may("fabrikam_2") && may("corp.lab"));
}

#[test]
fn the_keys_of_a_store_are_not_in_its_own_file() {
    for same in ["x.db", "./x.db"] {
        let said = error("key_file = \"x.keys\"", &format!("key_file = \"{same}\""));
        assert!(said.contains("this is the store's own file"), "{said}");
    }
}

#[test]
fn no_route_opens_what_sells_tickets_on_a_pools_host() {
    let pool = "[[lync.pool]]\nweb_host = \"web.contoso.com\"\ndiscover_hosts = [\"lyncdiscover.contoso.com\"]\n\
                farm = \"app\"\n";
    let opened = "certificate_sign_in = \"old phones\"\n";
    let service = "/WebTicket/WebTicketService.svc";
    for (host, more) in [
        ("web.contoso.com", ""),
        ("Web.contoso.com", opened),
        ("lyncdiscover.contoso.com", ""),
    ] {
        for path in [
            &format!("{service}/cert"),
            &format!("{service}/CERT/x"),
            &format!("{service}/pin"),
            &format!("{service}/WsFed_bearer"),
            "/webticket/WebTicketAdvancedService.svc",
            "/WebTicket/WebTicketAdvancedService.svc/x",
            "/WebTicket",
        ] {
            for below in [true, false] {
                let said = with(&format!(
                    "{pool}{more}[[route]]\nhost = \"{host}\"\npath = \"{path}\"\nbelow = {below}\n\
                     auth = \"anonymous\"\nservice = \"other\"\nfarm = \"app\"\n"
                ));
                let is_refused = said.contains("is closed by what line") || said.contains("twice");
                assert!(is_refused, "{host}{path}: {said}");
            }
        }
    }
}

#[test]
fn on_a_host_of_the_operator_s_own_a_pool_shows_nothing_but_pages() {
    let routed = |path: &str, below: bool, farm: &str| {
        let lines = format!(
            "[[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"app\"\n\
             [[farm]]\nname = \"other\"\naddress = \"http://127.0.0.1:8081\"\n\
             [[farm]]\nname = \"meet\"\n[[farm.member]]\naddress = \"http://127.0.0.1:8082\"\n\
             [[farm.member]]\naddress = \"http://127.0.0.1:8080/\"\n\
             [[route]]\nhost = \"meet.contoso.com\"\npath = \"{path}\"\nbelow = {below}\n\
             auth = \"anonymous\"\nservice = \"lync\"\nfarm = \"{farm}\"\n"
        );
        understood(&(text("", "") + &lines))
    };
    let opens = |settings: &Settings, path: &str| {
        let host = &settings.publication.hosts["meet.contoso.com"];
        let path = gateway::path::CleanPath::parse(path).unwrap();
        let route = host.route(&path);
        route.is_some_and(|route| route.auth != gateway::route::Auth::Closed)
    };
    let ticket = "/webticket/WebTicketService.svc/Auth";
    let whole = routed("/", true, "app").unwrap();
    for path in gateway::preset::lync::GUARDED {
        for below in [path.to_owned(), format!("{path}/x.svc")] {
            assert!(!opens(&whole, &below), "{below}");
        }
    }
    assert!(opens(&whole, "/anna/ABC123") && !opens(&whole, ticket));
    let meetings = routed("/meet", true, "app").unwrap();
    assert!(opens(&meetings, "/meet/anna") && !opens(&meetings, ticket));
    let renamed = routed("/", true, "meet").unwrap();
    assert!(!opens(&renamed, ticket), "one of its members is the pool");
    let another = routed("/", true, "other").unwrap();
    assert!(opens(&another, ticket), "no pool is behind it");
    for farm in ["app", "meet"] {
        for (path, below) in [
            ("/WebTicket", true),
            ("/webticket/x.svc", false),
            ("/certprov", true),
            ("/Autodiscover/AutodiscoverService.svc", true),
            ("/Reach/x", false),
        ] {
            let said = routed(path, below, farm).unwrap_err();
            let is_refused = said.contains("takes tickets, sells them");
            let why = match farm {
                "app" => "the farm `app` is a Lync pool that is published here",
                _ => {
                    "the farm `meet` is taken for a Lync pool that is published here, as both are known by port 8080 of this machine"
                }
            };
            assert!(said.contains(why), "{said}");
            assert!(is_refused, "{farm}{path}: {said}");
        }
    }
}

/// One server has several addresses, and several names.
#[test]
fn a_pool_or_an_exchange_is_known_by_every_name_that_it_has() {
    let of_tls = "authorities = \"file.pem\"\nidentity_header = \"x-user\"\n";
    let pool = format!(
        "[[farm]]\nname = \"pool01\"\naddress = \"https://10.0.1.11:4443\"\ntls_name = \"pool01.contoso.local\"\n\
         host_header = \"lync.contoso.local\"\n{of_tls}\
         [[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"pool01\"\n\
         internal_names = {{ \"inside.contoso.local\" = \"web.contoso.com\" }}\n\
         [[farm]]\nname = \"here\"\naddress = \"http://127.0.0.1:9001\"\nidentity_header = \"x-user\"\n\
         [[exchange]]\nhost = \"mail2.contoso.com\"\nfarm = \"here\"\n"
    );
    let opens = |farm: &str, auth: &str, path: &str| {
        let route = format!(
            "[[farm]]\nname = \"own\"\n{farm}\n[[route]]\nhost = \"own.contoso.com\"\npath = \"/\"\nbelow = true\nauth = {auth}\n\
             service = \"own\"\nfarm = \"own\"\n"
        );
        let settings = understood(&(text("", "") + &pool + &route)).unwrap();
        let path = gateway::path::CleanPath::parse(path).unwrap();
        let route = settings.publication.hosts["own.contoso.com"].route(&path);
        route.is_some_and(|route| route.auth != gateway::route::Auth::Closed)
    };
    let anybody = "\"anonymous\"";
    let ticket = "/WebTicket/WebTicketService.svc/Auth";
    for farm in [
        format!("address = \"https://pool01.contoso.local\"\n{of_tls}"),
        format!("address = \"https://POOL01.contoso.local:443\"\n{of_tls}"),
        format!("address = \"https://10.0.1.12\"\ntls_name = \"pool01.contoso.local\"\n{of_tls}"),
        "address = \"http://10.0.1.12\"\nhost_header = \"lync.contoso.local:8080\"".to_owned(),
        "address = \"http://lync.contoso.local\"".to_owned(),
        "address = \"http://LYNC.contoso.local.\"".to_owned(),
        "address = \"http://10.0.1.11:8080\"".to_owned(),
        "address = \"http://[::ffff:10.0.1.11]\"".to_owned(),
        "address = \"http://10.0.9.9\"\nhost_header = \"web.contoso.com\"".to_owned(),
        "address = \"http://10.0.9.9\"\nhost_header = \"inside.contoso.local\"".to_owned(),
    ] {
        assert!(!opens(&farm, anybody, ticket), "{farm}");
    }
    let another =
        format!("address = \"https://10.0.1.12:4443\"\ntls_name = \"app.contoso.local\"\n{of_tls}");
    assert!(opens(&another, anybody, ticket), "another server");
    let by_another_name = "address = \"http://localhost:9001\"\nidentity_header = \"x-user\"";
    for path in gateway::preset::exchange::GUARDED {
        assert!(!opens(by_another_name, anybody, path), "{path}");
        assert!(
            opens(by_another_name, "[\"basic\"]", path),
            "{path} with a sign-in of the gate"
        );
    }
    assert!(opens(by_another_name, anybody, "/.well-known/x"));
}

/// The website shares nothing with the pool, but a farm between them shares something with both.
#[test]
fn what_leads_to_a_pool_by_way_of_another_farm_is_the_pool() {
    let opens = |middle: &str| {
        let lines = format!(
            "[[farm]]\nname = \"pool01\"\naddress = \"http://fe01.contoso.local\"\nidentity_header = \"x-user\"\n\
             [[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"pool01\"\n\
             [[farm]]\nname = \"own\"\naddress = \"http://10.0.1.11\"\n\
             [[farm]]\nname = \"middle\"\naddress = \"{middle}\"\nhost_header = \"fe01.contoso.local\"\n\
             [[route]]\nhost = \"own.contoso.com\"\npath = \"/\"\nbelow = true\nauth = \"anonymous\"\n\
             service = \"own\"\nfarm = \"own\"\n"
        );
        let settings = understood(&(text("", "") + &lines)).unwrap();
        let path = gateway::path::CleanPath::parse("/WebTicket/x").unwrap();
        let route = settings.publication.hosts["own.contoso.com"].route(&path);
        route.is_some_and(|route| route.auth != gateway::route::Auth::Closed)
    };
    assert!(!opens("http://10.0.1.11:8080"));
    assert!(opens("http://10.0.1.12:8080"));
}

/// Whatever runs on one machine beside the pool is not the pool for what every machine calls itself.
#[test]
fn the_name_of_every_machine_tells_no_server_from_another() {
    let lines = "[[farm]]\nname = \"pool01\"\naddress = \"http://127.0.0.1:9001\"\nhost_header = \"localhost\"\n\
                 identity_header = \"x-user\"\n\
                 [[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"pool01\"\n\
                 [[farm]]\nname = \"own\"\naddress = \"http://127.0.0.1:9002\"\nhost_header = \"LocalHost\"\n\
                 [[route]]\nhost = \"own.contoso.com\"\npath = \"/\"\nbelow = true\nauth = \"anonymous\"\n\
                 service = \"own\"\nfarm = \"own\"\n";
    let settings = understood(&(text("", "") + lines)).unwrap();
    let path = gateway::path::CleanPath::parse("/WebTicket/x").unwrap();
    let route = settings.publication.hosts["own.contoso.com"].route(&path);
    assert!(route.is_some_and(|route| route.auth != gateway::route::Auth::Closed));
}

/// Whoever reads the warning looks for what it names.
#[test]
fn a_warning_names_what_is_shared_and_the_farm_between() {
    let warned = |own: &str| {
        let lines = format!(
            "[[farm]]\nname = \"pool01\"\naddress = \"http://10.0.1.11:4443\"\nhost_header = \"pool01.contoso.local\"\n\
             identity_header = \"x-user\"\n\
             [[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"pool01\"\n\
             [[farm]]\nname = \"middle\"\naddress = \"http://10.0.1.11:81\"\nhost_header = \"middle.contoso.local\"\n\
             [[farm]]\nname = \"own\"\naddress = \"http://10.9.9.9\"\n{own}\n\
             [[route]]\nhost = \"own.contoso.com\"\npath = \"/\"\nbelow = true\nauth = \"anonymous\"\n\
             service = \"own\"\nfarm = \"own\"\n"
        );
        let warnings = understood(&(text("", "") + &lines)).unwrap().warnings;
        let mut found = warnings.into_iter();
        found.find(|it| it.contains("the farm `own` is taken for a Lync pool"))
    };
    let said = warned("host_header = \"POOL01.contoso.local:8080\"").unwrap();
    assert!(
        said.contains("both are known by `pool01.contoso.local`"),
        "{said}"
    );
    let said = warned("host_header = \"middle.contoso.local\"").unwrap();
    assert!(
        said.contains("shares `middle.contoso.local` with the farm `middle`"),
        "{said}"
    );
    assert_eq!(warned(""), None);
}

/// A website on a domain's bare name, which Autodiscover asks first, is no Exchange.
#[test]
fn whoever_is_taken_for_an_exchange_is_told_so_and_why() {
    let told = |names: &str, path: &str| {
        let lines = format!(
            "[[farm]]\nname = \"mailboxes\"\naddress = \"http://10.0.1.21\"\nidentity_header = \"x-user\"\n\
             [[exchange]]\nhost = \"mail2.contoso.com\"\nautodiscover_hosts = [\"contoso.com\"]\nfarm = \"mailboxes\"\n\
             [[farm]]\nname = \"site\"\naddress = \"http://10.0.9.9\"\n{names}\n\
             [[route]]\nhost = \"www.contoso.com\"\npath = \"{path}\"\nbelow = true\nauth = \"anonymous\"\n\
             service = \"own\"\nfarm = \"site\"\n"
        );
        let warnings = understood(&(text("", "") + &lines)).unwrap().warnings;
        let mut found = warnings.into_iter();
        found.find(|it| it.contains("taken for an Exchange"))
    };
    let by_name = "host_header = \"contoso.com\"";
    let said = told(by_name, "/").unwrap();
    for part in [
        "`site`",
        "`contoso.com`",
        "`www.contoso.com`",
        "/api",
        "/rpc",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("both are known by `contoso.com`"), "{said}");
    assert_eq!(told("", "/"), None, "nothing is shared");
    assert_eq!(told(by_name, "/images"), None, "nothing is shut");
}

#[test]
fn a_route_of_one_s_own_is_redirected_to_https_at_its_port() {
    let settings = understood(&text("", "")).unwrap();
    let host = &settings.publication.hosts["app.contoso.com"];
    assert_eq!(host.origin.as_deref(), Some("https://app.contoso.com"));
    for route in &host.routes {
        assert_eq!(route.over_plain, gateway::route::OverPlain::Redirect);
    }
    assert!(!host.routes.is_empty());
}

#[test]
fn an_address_has_one_spelling() {
    for odd in [
        "http://167772427",
        "http://0:4443",
        "http://0x0a00010b",
        "http://10.0.267",
        "http://012.0.1.11",
        "http://10.0.1.0xb",
    ] {
        let line = format!("[[farm]]\nname = \"odd\"\naddress = \"{odd}\"\n");
        let said = understood(&(text("", "") + &line)).unwrap_err();
        assert!(said.contains("is written as four numbers"), "{odd}: {said}");
    }
    for plain in [
        "http://10.0.1.11:81",
        "http://app2.contoso.local",
        "http://0xcafe.local",
    ] {
        let line = format!("[[farm]]\nname = \"even\"\naddress = \"{plain}\"\n");
        assert!(understood(&(text("", "") + &line)).is_ok(), "{plain}");
    }
}

#[test]
fn an_exception_for_certificates_has_a_reason_and_a_warning() {
    let pool = |line: &str| {
        let table = "[[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"app\"\n";
        text("", "") + table + line
    };
    for empty in ["\"\"", "\" \\t \""] {
        let said = understood(&pool(&format!("certificate_sign_in = {empty}\n"))).unwrap_err();
        assert!(said.starts_with("wicketgate.toml:33:23: "), "{said}");
        assert!(said.contains("your reason"), "{said}");
    }
    assert!(understood(&pool("certificate_sign_in = true\n")).is_err());
    let told = |line: &str| {
        let settings = understood(&pool(line)).unwrap();
        let mut warnings = settings.warnings.into_iter();
        let warning = warnings.find(|warning| warning.contains("certificate"));
        let routes = &settings.publication.hosts["web.contoso.com"].routes;
        let is_there = routes.iter().any(|route| route.name.ends_with("/cert"));
        (is_there, warning)
    };
    assert_eq!(told(""), (false, None));
    let (is_there, warning) = told("certificate_sign_in = \"old phones\"\n");
    assert!(is_there);
    let warning = warning.unwrap();
    for part in [
        "web.contoso.com",
        "`old phones`",
        "one factor",
        "Revoke-CsClientCertificate",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
}

#[test]
fn the_configuration_of_these_tests_is_right() {
    let settings = understood(&text("", "")).unwrap();
    assert_eq!(settings.publication.hosts.len(), 2);
    assert_eq!(settings.published["mail.contoso.com"].line(), 20);
    assert_eq!(settings.published["app.contoso.com"].line(), 24);
}

#[test]
fn a_route_that_hides_a_preset_s_path_names_both_lines() {
    for (path, below) in [
        ("/EWS", true),
        ("/ews/", true),
        ("/EWS", false),
        ("/", true),
        ("/EWS/Exchange.asmx", false),
        ("/EWS/mrsproxy.svc", true),
        ("/ews/MRSproxy.svc", false),
        ("/EWS/x/WSSecurity", false),
    ] {
        let lines = format!("path = \"{path}\"\nbelow = {below}\nauth = \"anonymous\"");
        let said = route("mail.contoso.com", &lines);
        assert!(
            said.starts_with("wicketgate.toml:32:8: `mail.contoso.com/"),
            "{path}: {said}"
        );
        assert!(said.contains("line 20"), "{path}: {said}");
    }
    let beside = "[[route]]\nhost = \"mail.contoso.com\"\npath = \"/EWSX\"\nbelow = true\n\
                  auth = [\"basic\"]\nservice = \"other\"\nfarm = \"app\"\n";
    understood(&(text("", "") + beside)).expect("a path beside a preset's");
}

#[test]
fn two_routes_of_one_path_and_two_presets_of_one_host_name_both_lines() {
    let twice = route(
        "APP.contoso.com",
        "path = \"/\"\nbelow = true\nauth = [\"ntlm\"]",
    );
    assert!(twice.contains("line 24"), "{twice}");
    let deeper = "[[route]]\nhost = \"app.contoso.com\"\npath = \"/open\"\n\
                  auth = \"anonymous\"\nservice = \"other\"\nfarm = \"app\"\n";
    understood(&(text("", "") + deeper)).expect("the operator's own routes may be nested");
    let pool = |web: &str, discover: &str| {
        format!(
            "[[lync.pool]]\nweb_host = \"{web}\"\ndiscover_hosts = [\"{discover}\"]\nfarm = \"app\"\n"
        )
    };
    let pools =
        pool("web.contoso.com", "d.contoso.com") + &pool("Web.contoso.com", "e.contoso.com");
    let said = with(&pools);
    assert!(
        said.starts_with("wicketgate.toml:35:12: ") && said.contains("line 31"),
        "{said}"
    );
    let pools = pool("web.contoso.com", "d.contoso.com") + &pool("w.contoso.com", "d.contoso.com");
    let said = with(&pools);
    assert!(
        said.starts_with("wicketgate.toml:36:19: ") && said.contains("line 32"),
        "{said}"
    );
    let said = with("[[exchange]]\nhost = \"mail.contoso.com\"\nfarm = \"app\"\n");
    assert!(said.contains("line 20"), "{said}");
}

#[test]
fn a_path_that_no_request_has_is_refused() {
    for path in [
        "", "app", "/app?x=1", "//", "/a/../b", "/a;b", "/%2e%2e/", "/a b%20c",
    ] {
        let said = error("path = \"/\"", &format!("path = \"{path}\""));
        assert!(said.starts_with("wicketgate.toml:24:8: "), "{path}: {said}");
    }
}

#[test]
fn an_empty_list_is_not_anything() {
    let said = error("auth = [\"ntlm\"]", "auth = []");
    assert!(
        said.starts_with("wicketgate.toml:26:8: an empty list"),
        "{said}"
    );
    for key in ["zones", "services", "channels"] {
        let said = with(&format!(
            "[[policy]]\n{key} = []\nmethods = [\"app-password\"]\n"
        ));
        assert!(
            said.contains(":31:") && said.contains("an empty list"),
            "{key}: {said}"
        );
    }
}

#[test]
fn a_misspelt_auth_says_what_was_meant() {
    let said = error("auth = [\"ntlm\"]", "auth = \"anonymus\"");
    assert!(said.contains("did you mean `anonymous`?"), "{said}");
    assert!(said.starts_with("wicketgate.toml:26:8: "), "{said}");
    let said = error("auth = [\"ntlm\"]", "auth = [\"ntml\"]");
    assert!(said.contains("did you mean `ntlm`?"), "{said}");
    let said = error("auth = [\"ntlm\"]", "auth = \"ntlm\"");
    assert!(said.contains("[\"ntlm\"]"), "{said}");
    let said = error("auth = [\"ntlm\"]", "auth = 5");
    assert!(said.contains("\"anonymous\" or a list"), "{said}");
}

#[test]
fn a_gate_that_nobody_can_reach_is_refused() {
    let text = text("", "");
    let (before, rest) = text.split_once("[[listener]]").unwrap();
    let (_, after) = rest.split_once("[[farm]]").unwrap();
    let said = understood(&format!("{before}[[farm]]{after}")).unwrap_err();
    assert!(
        said.starts_with("wicketgate.toml:1:1: there is no [[listener]] with TLS"),
        "{said}"
    );
    let said = error("certificate =", "# certificate =");
    assert!(said.contains("needs a certificate"), "{said}");
}

#[test]
fn a_plain_listener_has_an_address_and_nothing_more() {
    let plain = "[[listener]]\naddress = \"127.0.0.1:8080\"\nplain = true\n";
    let settings = understood(&(text("", "") + plain)).unwrap();
    let address = "127.0.0.1:8080".parse().unwrap();
    let balancers = Vec::new();
    assert_eq!(settings.plain, [Plain { address, balancers }]);
    for more in [
        "certificate = [{ chain = \"file.pem\", key = \"file.pem\" }]",
        "internal_networks = [\"10.0.0.0/8\"]",
    ] {
        let said = with(&format!("{plain}{more}\n"));
        assert!(
            said.starts_with("wicketgate.toml:31:11: a plain listener"),
            "{said}"
        );
    }
}

#[test]
fn two_listeners_of_one_address_name_both_lines() {
    let certificate = "certificate = [{ chain = \"file.pem\", key = \"file.pem\" }]";
    for (address, collides) in [
        ("127.0.0.1:8443", true),
        ("0.0.0.0:8443", true),
        ("[::]:8443", true),
        ("127.0.0.1:8444", false),
        ("127.0.0.2:8443", false),
    ] {
        let other = format!("[[listener]]\naddress = \"{address}\"\n{certificate}\n");
        let understood = understood(&(text("", "") + &other));
        match understood {
            Ok(_) => assert!(!collides, "{address}"),
            Err(said) => {
                assert!(collides, "{said}");
                assert!(
                    said.contains(":31:11:") && said.contains("line 12"),
                    "{said}"
                );
            }
        }
    }
}

#[test]
fn who_is_internal_is_not_everybody() {
    let networks = |text: &str| {
        let line = format!("internal_networks = [{text}]\ncertificate =");
        error("certificate =", &line)
    };
    for everybody in ["\"0.0.0.0/0\"", "\"::/0\"", "\"10.0.0.0/8\", \"0.0.0.0/0\""] {
        let said = networks(everybody);
        assert!(said.contains("is everybody"), "{said}");
    }
}

#[test]
fn a_host_is_a_host_name_and_nothing_more() {
    for host in [
        "https://a.contoso.com",
        "a.contoso.com:443",
        "a/b",
        "",
        "a b",
        "*.contoso.com",
    ] {
        for (right, line) in [("Mail.contoso.com", 20), ("App.contoso.com", 23)] {
            let said = error(right, host);
            assert!(
                said.starts_with(&format!("wicketgate.toml:{line}:8: ")),
                "{said}"
            );
            assert!(said.contains("is not a host name"), "{said}");
        }
    }
}

#[test]
fn an_address_that_leads_nowhere_is_refused() {
    for address in [
        "http://127.0.0.1:70000",
        "http://127.0.0.1:0",
        "http://127.0.0.1:",
        "http://user@127.0.0.1:80",
        "http://user:secret@127.0.0.1",
        "127.0.0.1:80",
        "http://127.0.0.1/path",
        "http://127.0.0.1/?a",
        "ftp://127.0.0.1",
    ] {
        let said = error("http://127.0.0.1:8080", address);
        assert!(said.starts_with("wicketgate.toml:16:11: "), "{said}");
        assert!(said.contains("is not an address"), "{said}");
    }
}

#[test]
fn what_a_farm_is_told_fits_together() {
    for (line, expected) in [
        ("tls_name = \"a\"", "the address is http"),
        ("authorities = \"file.pem\"", "the address is http"),
        ("host_header = \"a b\"", "is not a host name"),
        ("host_header = \"http://a\"", "is not a host name"),
        ("host_header = \"a:b\"", "is not a host name"),
        ("host_header = \"\"", "is not a host name"),
    ] {
        let said = understood(&text(line, "")).expect_err(line);
        assert!(said.starts_with("wicketgate.toml:18:"), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    for header in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "connection",
        "te",
        "a b",
    ] {
        let said = error("\"x-identity\"", &format!("\"{header}\""));
        assert!(
            said.starts_with("wicketgate.toml:17:19: "),
            "{header}: {said}"
        );
    }
    let said = error("identity_header", "# identity_header");
    assert!(said.contains("add `spn` or `identity_header`"), "{said}");
    assert!(said.starts_with("wicketgate.toml:15:8: "), "{said}");
}

#[test]
fn a_name_of_a_back_end_is_not_empty() {
    for names in ["{ \"\" = \"app.contoso.com\" }", "{ \"a.local\" = \"\" }"] {
        let said = understood(&text("", &format!("internal_names = {names}"))).expect_err(names);
        assert!(
            said.contains(":29:") && said.contains("a name is empty"),
            "{said}"
        );
    }
}

#[test]
fn an_onward_key_that_is_not_there_is_named_with_its_line() {
    let said = error("key = \"file.pem\"\nissuer", "key = \"no.pem\"\nissuer");
    assert!(
        said.starts_with("wicketgate.toml:9:7: ") && said.contains("no.pem"),
        "{said}"
    );
}

#[test]
fn metrics_are_told_to_this_machine_alone_unless_it_is_said() {
    let with = |metrics: &str| format!("{}\n[metrics]\n{metrics}\n", text("", ""));
    let at = |metrics: &str| understood(&with(metrics)).map(|settings| settings.metrics);
    let loopback = "address = \"127.0.0.1:9464\"";
    let address = "127.0.0.1:9464".parse().ok();
    assert_eq!(at(loopback), Ok(address));
    for other in ["0.0.0.0:9464", "192.0.2.1:9464", "[::]:9464"] {
        let line = format!("address = \"{other}\"");
        let said = at(&line).expect_err(other);
        assert!(said.contains("public = true"), "{said}");
        assert!(at(&format!("{line}\npublic = true")).is_ok(), "{other}");
    }
    let said = at("address = \"127.0.0.1:8443\"").expect_err("a listener's");
    assert!(said.contains("is taken by the listener"), "{said}");
}

/// The error of a configuration with one more farm of these lines.
fn farm(lines: &str) -> String {
    with(&format!("[[farm]]\nname = \"more\"\n{lines}\n"))
}

fn member(address: &str, rest: &str) -> String {
    format!("[[farm.member]]\naddress = \"{address}\"\n{rest}\n")
}

#[test]
fn a_farm_without_members_or_in_both_spellings_is_refused() {
    let said = farm("");
    assert!(
        said.starts_with("wicketgate.toml:31:8: the farm `more` has no members"),
        "{said}"
    );
    let one = member("http://127.0.0.1:1", "");
    for key in [
        "address = \"http://127.0.0.1:2\"",
        "tls_name = \"a.local\"",
        "host_header = \"a.local\"",
    ] {
        let said = farm(&format!("{key}\n{one}"));
        assert!(said.starts_with("wicketgate.toml:32:"), "{key}: {said}");
        assert!(said.contains("[[farm.member]]"), "{key}: {said}");
    }
}

#[test]
fn two_members_at_one_address_and_one_of_no_weight_are_refused() {
    let twice = member("http://A.local:80", "") + &member("http://a.local", "");
    let said = farm(&twice);
    assert!(
        said.starts_with("wicketgate.toml:36:11: two members of the farm `more` are at a.local:80"),
        "{said}"
    );
    let said = farm(&member("http://127.0.0.1:1", "weight = 0"));
    assert!(said.starts_with("wicketgate.toml:34:10: "), "{said}");
    assert!(said.contains("wicketgate farm drain"), "{said}");
    let said = farm(&member("http://127.0.0.1:1", "weight = 1001"));
    assert!(said.contains("at most 1000"), "{said}");
    let said = farm(&member("http://127.0.0.1:1", "wieght = 2"));
    assert!(said.contains("did you mean `weight`?"), "{said}");
}

#[test]
fn a_farm_has_no_more_members_than_are_looked_at() {
    let members = |count: usize| -> String {
        let member = |port| member(&format!("http://127.0.0.1:{}", port + 1), "");
        (0..count).map(member).collect()
    };
    let most = gateway::farm::MAX_MEMBERS;
    let text = text("", "") + "[[farm]]\nname = \"more\"\n" + &members(most);
    assert_eq!(understood(&text).unwrap().farms["more"].members.len(), most);
    let said = farm(&members(most + 1));
    assert!(said.contains("a farm has at most 32 members"), "{said}");
}

#[test]
fn a_member_s_own_tls_is_asked_of_https_alone() {
    let said = farm(&member("http://127.0.0.1:1", "tls_name = \"a.local\""));
    assert!(said.contains("the address is http"), "{said}");
    let said = farm(&member("https://127.0.0.1:1", ""));
    assert!(said.contains("https needs `authorities`"), "{said}");
    let plain = format!(
        "authorities = \"file.pem\"\n{}",
        member("http://127.0.0.1:1", "")
    );
    assert!(farm(&plain).contains("the address is http"));
    let said = farm(&member("http://127.0.0.1:1", "host_header = \"a b\""));
    assert!(said.contains("`a b` is not a host name"), "{said}");
}

#[test]
fn a_check_that_could_never_pass_or_be_made_is_refused() {
    let checked = |lines: &str| {
        let one = member("http://127.0.0.1:1", "");
        farm(&format!("{one}[farm.health]\n{lines}"))
    };
    for (lines, expected) in [
        ("path = \"ping\"", "`ping` is not a path"),
        ("path = \"/\"\nstatus = [99]", "`99` is not a status"),
        ("status = [200]", "none is asked for"),
        ("interval = 0", "`0` is not a number from 1 to 300"),
        ("timeout = 61", "`61` is not a number from 1 to 60"),
        ("fall = 0", "`0` is not a number from 1 to 10"),
        ("rise = 11", "`11` is not a number from 1 to 10"),
        ("paht = \"/\"", "did you mean `path`?"),
    ] {
        let said = checked(lines);
        assert!(said.contains(expected), "{lines}: {said}");
        assert!(said.starts_with("wicketgate.toml:3"), "{lines}: {said}");
    }
}

#[test]
fn a_policy_that_hides_lync_from_its_clients_is_warned_of() {
    let warned = |channels: &str, service: &str| {
        let lines = format!(
            "[[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"app\"\n\
             [[policy]]\nchannels = [{channels}]\nservices = [\"{service}\"]\nmethods = [\"app-password\"]\n"
        );
        let settings = understood(&(text("", "") + &lines)).unwrap();
        let mut warnings = settings.warnings.iter();
        warnings.any(|it| it.contains("without `negotiate`"))
    };
    assert!(warned("\"ntlm\"", "lync"));
    assert!(!warned("\"ntlm\", \"negotiate\"", "lync"));
    assert!(!warned("\"username-token\"", "lync"));
    assert!(!warned("\"ntlm\"", "ews"));
}
