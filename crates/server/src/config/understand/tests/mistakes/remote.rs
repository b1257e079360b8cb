//! Gateways and authentication servers: a file is of one part, and a gateway's has no secret.

use authn::place::Zone;
use authn::voucher::GatewayId;

use super::*;
use crate::config::settings::{ListedBy, Role};

const STORE: &str = "[store]\nfile = \"x.db\"\nkey_file = \"x.keys\"\n";
const AUTHN: &str = "[authn]\nserver = \"authn.contoso.com:7443\"\nauthorities = \"file.pem\"\n\
                     certificate = \"file.pem\"\nkey = \"file.pem\"\n";
const SERVER: &str = "[authn_server]\naddress = \"10.0.0.5:7443\"\nauthorities = \"file.pem\"\n\
                      certificate = \"file.pem\"\nkey = \"file.pem\"\n";
const FINGERPRINT: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
const NAMES: &str = "[names]\ndomain = \"CONTOSO\"\ndns_domain = \"contoso.com\"\n";

fn gateway(asks: &str) -> Result<Settings, String> {
    understood(&text("", "").replacen(STORE, asks, 1))
}

fn server(gateways: &str) -> Result<Settings, String> {
    understood(&format!("{STORE}{NAMES}{SERVER}{gateways}"))
}

fn listed(lines: &str) -> String {
    format!("[[authn_server.gateway]]\nname = \"dmz1\"\n{lines}\n")
}

#[test]
fn s41_a_gateway_has_whom_it_asks_and_nothing_that_a_store_would_need() {
    let settings = gateway(AUTHN).unwrap();
    let Role::Gateway(asking) = &settings.role else {
        panic!("it is a gateway's");
    };
    assert_eq!(asking.server, "authn.contoso.com:7443");
    assert_eq!(asking.name, "authn.contoso.com");
    assert!(settings.store.is_none() && settings.store().is_err());
    let said = gateway(&format!("{STORE}{AUTHN}")).unwrap_err();
    assert!(
        said.contains("[store] belongs where the authentication server is"),
        "{said}"
    );
    let kerberos =
        "[kerberos]\naccount = \"g$\"\nkeytab = \"file.pem\"\ncontrollers = [\"dc.contoso.com\"]\n";
    let said = gateway(&format!("{AUTHN}{kerberos}")).unwrap_err();
    assert!(said.contains("[kerberos] belongs"), "{said}");
    let directory = "[directory]\ncontrollers = [\"dc.contoso.com\"]\nauthorities = \"file.pem\"\naccount = \"a@contoso.com\"\n";
    let said = gateway(&format!("{AUTHN}{directory}")).unwrap_err();
    assert!(said.contains("[directory] belongs"), "{said}");
    let said = gateway(&format!("{AUTHN}[audit]\nkeep = \"400 days\"\n")).unwrap_err();
    assert!(said.contains("[audit] belongs"), "{said}");
    let said = gateway("").unwrap_err();
    assert!(said.contains("there is no [store]"), "{said}");
    let said = gateway(&format!("{AUTHN}{SERVER}")).unwrap_err();
    assert!(
        said.contains("each is a process with a file of its own"),
        "{said}"
    );
}

#[test]
fn a_gateway_names_a_server_with_its_port_and_a_key_that_is_one() {
    for wrong in ["authn", "authn:0", "authn:x", ":7443", "https://authn:7443"] {
        let asks = AUTHN.replace("authn.contoso.com:7443", wrong);
        let said = gateway(&asks).unwrap_err();
        assert!(
            said.contains("is not a server and its port"),
            "{wrong}: {said}"
        );
    }
    for (right, name) in [
        ("[2001:db8::5]:7443", "2001:db8::5"),
        ("10.0.0.5:7443", "10.0.0.5"),
    ] {
        let settings = gateway(&AUTHN.replace("authn.contoso.com:7443", right)).unwrap();
        let Role::Gateway(asking) = settings.role else {
            panic!("it is a gateway's");
        };
        assert_eq!(asking.name, name);
    }
    for wrong in ["", "AAAA", "not base64"] {
        let said = gateway(&format!("{AUTHN}voucher_key = \"{wrong}\"\n")).unwrap_err();
        assert!(
            said.contains("`wicketgate gateway voucher-key` prints"),
            "{said}"
        );
    }
}

#[test]
fn s42_an_authentication_server_lists_gateways_and_listens_for_nobody_else() {
    let settings = server(&listed(&format!("fingerprint = \"{FINGERPRINT}\""))).unwrap();
    let Role::Authn(answering) = &settings.role else {
        panic!("it is an authentication server's");
    };
    let first = &answering.gateways[0];
    let id = GatewayId::of_fingerprint(FINGERPRINT).unwrap();
    assert_eq!(
        (first.name.as_str(), &first.by),
        ("dmz1", &ListedBy::Certificate(id))
    );
    assert_eq!(first.zones, [Zone::EXTERNAL].into());
    assert!(settings.listeners.is_empty());
    let both = listed("dns_name = \"DMZ1.contoso.com\"\nzones = [\"external\", \"internal\"]");
    let settings = server(&both).unwrap();
    let Role::Authn(answering) = &settings.role else {
        panic!("it is an authentication server's");
    };
    let by = ListedBy::DnsName("dmz1.contoso.com".to_owned());
    assert_eq!(answering.gateways[0].by, by);
    assert_eq!(answering.gateways[0].zones.len(), 2);
    let said = understood(&(text("", "") + SERVER)).unwrap_err();
    assert!(said.contains("listens for gateways alone"), "{said}");
}

/// What a browser asks of our pages comes by a gateway that may bring it.
#[test]
fn pages_of_an_authentication_server_are_brought_by_gateways() {
    let print = format!("fingerprint = \"{FINGERPRINT}\"");
    let (mute, brings) = (listed(&print), listed(&format!("{print}\npages = true")));
    let portal = "[portal]\nhost = \"portal.contoso.com\"\n[[policy]]\nservices = [\"portal\"]\n\
                  methods = [\"memorised-secret + one-time-code\"]\n";
    let sts = "[sts]\nhost = \"sts.contoso.com\"\n[[policy]]\nservices = [\"sts\"]\n\
               methods = [\"memorised-secret + one-time-code\"]\n";
    let settings = server(&(brings.clone() + portal)).unwrap();
    assert_eq!(settings.warnings, Vec::<String>::new());
    assert_eq!(
        settings.portal.unwrap().origin,
        "https://portal.contoso.com"
    );
    let Role::Authn(answering) = &settings.role else {
        panic!("it is an authentication server's");
    };
    assert!(answering.gateways[0].brings_pages);
    assert!(server(&(brings.clone() + sts)).unwrap().sts.is_some());
    // Shutting a gateway out is taken, and said.
    let warned = |text: &str, what: &str| {
        let warnings = server(text).unwrap().warnings;
        assert!(warnings.iter().any(|it| it.contains(what)), "{warnings:?}");
    };
    for pages in [portal, sts] {
        warned(&(mute.clone() + pages), "`pages = true`");
    }
    warned(&brings, "neither a [portal] nor an [sts]");
    warned("", "no gateway may ask");
    let by_kerberos = portal.replacen("\n[[", "\nenrolment_by_kerberos = true\n[[", 1);
    let said = server(&(brings + &by_kerberos)).unwrap_err();
    assert!(said.contains("bound to the connection"), "{said}");

    // A gateway says where they are, and nothing of what they do.
    let hosts = "[portal]\nhost = \"portal.contoso.com\"\n[sts]\nhost = \"sts.contoso.com\"\n";
    let settings = gateway(&format!("{AUTHN}{hosts}")).unwrap();
    let hosts = &settings.publication.hosts;
    assert!(hosts["portal.contoso.com"].is_ours && hosts["sts.contoso.com"].is_sts);
    let mut told = settings.warnings.iter();
    let told = told.find(|it| it.contains("to the portal") || it.contains("for other parties"));
    assert_eq!(told, None, "whose policy it is says so");
    for (key, what) in [
        (
            "enrolment_by_kerberos = true",
            "`enrolment_by_kerberos` belongs",
        ),
        (
            "[[portal.passkey_make]]\nauthority = \"file.pem\"\naaguids = []",
            "`passkey_make` belongs",
        ),
    ] {
        let said = gateway(&format!(
            "{AUTHN}[portal]\nhost = \"my.contoso.com\"\n{key}\n"
        ));
        let said = said.unwrap_err();
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn a_list_of_gateways_that_means_nothing_is_refused() {
    let print = format!("fingerprint = \"{FINGERPRINT}\"");
    for (gateways, why) in [
        (listed(""), "write one of them"),
        (
            listed(&format!("{print}\ndns_name = \"a.b\"")),
            "write one of them",
        ),
        (listed("fingerprint = \"00\""), "64 hexadecimal digits"),
        (listed("dns_name = \"a b\""), "is not a host name"),
        (listed(&format!("{print}\nzones = []")), "names no zone"),
        (
            listed(&format!("{print}\nzones = [\"dmz\"]")),
            "there is no zone `dmz`",
        ),
        (
            listed(&print) + &listed("dns_name = \"a.b\""),
            "one name or one certificate",
        ),
    ] {
        let said = server(&gateways).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn its_policy_speaks_of_what_gateways_publish() {
    let gateway = listed(&format!("fingerprint = \"{FINGERPRINT}\""));
    let policy = |service: &str| {
        format!("[[policy]]\nservices = [\"{service}\"]\nmethods = [\"app-password\"]\n")
    };
    assert!(server(&(gateway.clone() + &policy("activesync"))).is_ok());
    let said = server(&(gateway.clone() + &policy("intranet"))).unwrap_err();
    assert!(
        said.contains("nothing published is the service `intranet`"),
        "{said}"
    );
    let own = "services = [\"intranet\"]\n";
    let text = format!("{STORE}{NAMES}{SERVER}{own}{gateway}{}", policy("intranet"));
    assert!(understood(&text).is_ok());
}

/// Which paths gateways publish, and who is in a group, is not known everywhere that a rule may say so.
#[test]
fn a_rule_about_paths_may_stand_where_they_are_not_published_and_one_about_groups_where_there_is_no_directory()
 {
    let listed = listed(&format!("fingerprint = \"{FINGERPRINT}\""));
    let at =
        |route: &str| format!("[[policy]]\nroutes = [\"{route}\"]\nmethods = [\"app-password\"]\n");
    for route in [
        "mail.contoso.com",
        "mail.contoso.com/EWS",
        "mail.contoso.com/",
        "lyncweb.contoso.com/Autodiscover/../user",
    ] {
        let settings = server(&(listed.clone() + &at(route))).unwrap();
        let mut named = settings.policy.rules[0].routes.iter();
        let named = named.next().unwrap().to_string();
        assert_eq!(named, route.to_lowercase());
    }
    for wrong in [
        "",
        "/EWS",
        "a b/EWS",
        "https://mail.contoso.com/EWS",
        "mail.contoso.com/EWS?a",
    ] {
        let said = server(&(listed.clone() + &at(wrong))).unwrap_err();
        assert!(
            said.contains("is no host, and no host with a path"),
            "{wrong}: {said}"
        );
    }
    let said = gateway(&format!("{AUTHN}{}", at("elsewhere.contoso.com/EWS"))).unwrap_err();
    assert!(said.contains("nothing is published as"), "{said}");
    let group = "[[policy]]\ngroups = [\"S-1-5-21-1-2-3-1107\"]\nmethods = [\"app-password\"]\n";
    assert!(gateway(&format!("{AUTHN}{group}")).is_ok());
    let said = server(&(listed + group)).unwrap_err();
    assert!(said.contains("there is no table [directory]"), "{said}");
}

/// Whoever answers sends codes, and a gateway may not even say by whom.
#[test]
fn a_gateway_is_not_told_to_send_codes() {
    let policy = "[[policy]]\nmethods = [\"memorised-secret + sent-code\"]\n";
    let settings = gateway(&format!("{AUTHN}{policy}")).unwrap();
    let mut told = settings.warnings.iter();
    assert_eq!(told.find(|it| it.contains("[[sms]]")), None);
    let warnings = server(policy).unwrap().warnings;
    assert!(
        warnings.iter().any(|it| it.contains("[[sms]]")),
        "{warnings:?}"
    );
}

/// Codes are sent by whoever keeps the secrets, to clients of gateways that bring no page, too.
#[test]
fn codes_for_clients_of_gateways_are_carried_by_the_authentication_server_alone() {
    let policy = "[[policy]]\nservices = [\"ews\"]\nmethods = [\"app-password + sent-code\", \"app-password + one-time-code\"]\n";
    let smtp = "[smtp]\nserver = \"mail.contoso.com:587\"\nfrom = \"gate@contoso.com\"\n";
    let one = listed(&format!("fingerprint = \"{FINGERPRINT}\""));
    let settings = server(&format!("{one}{policy}{smtp}")).unwrap();
    assert_eq!(settings.warnings, Vec::<String>::new());
    assert_eq!(settings.messages.unwrap().words.host, "contoso.com");
    let nobody = server(&format!("{one}{policy}")).unwrap().warnings;
    assert!(
        nobody.iter().any(|it| it.contains("nobody carries codes")),
        "{nobody:?}"
    );
    let asks = gateway(AUTHN).unwrap().warnings.len();
    let with = gateway(&format!("{AUTHN}{policy}")).unwrap().warnings;
    assert!(
        !with.iter().any(|it| it.contains("[[sms]]")) && with.len() <= asks,
        "{with:?}"
    );
}
