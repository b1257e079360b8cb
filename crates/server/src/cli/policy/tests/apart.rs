//! Gateways and their authentication server: what either proves and explains, on the guide's own example.

use super::*;

const LEASE: &str = "lease = \"30 days\"\n";

/// The configurations of the guide's page: an authentication server's, a gateway's, and the pages of either.
fn page() -> [String; 4] {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/dmz.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let blocks = guide.split("```toml\n").skip(1);
    let blocks = blocks.map(|it| it.split("```").next().unwrap());
    let files = [
        "gateways/authority.pem",
        "gateways/authn.pem",
        "gateways/authn.key",
        "authority.pem",
        "dmz1.pem",
        "dmz1.key",
    ];
    let here = |block: &str| {
        let named = files.iter();
        named.fold(block.to_owned(), |text, file| {
            text.replace(&format!("\"{file}\""), "\"file.pem\"")
        })
    };
    blocks.map(here).collect::<Vec<_>>().try_into().unwrap()
}

/// An authentication server as the guide writes it, with other rules.
fn server(policy: &str) -> String {
    let [server, ..] = page();
    let (before, _) = server.split_once("[[policy]]").unwrap();
    format!("{before}{policy}")
}

/// A gateway of the packaged configuration.
fn gateway(policy: &str) -> String {
    let [_, asks, ..] = page();
    let text = packaged();
    let (before, rest) = text.split_once("[store]").unwrap();
    let (_, after) = rest.split_once("\n[").unwrap();
    let text = format!("{before}{asks}\n[{after}");
    let (before, _) = text.split_once("[[policy]]").unwrap();
    let before = without(before, "[kerberos]");
    format!("{}{policy}", without(&before, "[directory]"))
}

/// A text without a table.
fn without(text: &str, table: &str) -> String {
    match text.split_once(&format!("\n{table}")) {
        Some((before, rest)) => {
            let after = rest.split_once("\n[").map(|(_, after)| after);
            format!("{before}\n[{}", after.unwrap_or_default())
        }
        None => text.to_owned(),
    }
}

fn outside(methods: &str) -> String {
    format!("[[policy]]\nzones = [\"external\"]\nmethods = [{methods}]\n")
}

/// By which channels too little is enough; anything else that is found is no such way.
fn channels(found: Vec<What>) -> Vec<Channel> {
    let channel = |what| match what {
        What::TooLittle { channel, .. } => channel,
        other => panic!("{other:?}"),
    };
    found.into_iter().map(channel).collect()
}

#[test]
fn s19_the_example_of_the_page_on_a_dmz_is_proved_with_its_lease_and_only_with_it() {
    let [server, _, pages, _] = page();
    assert!(server.contains(LEASE));
    assert_eq!(found(&server), []);
    let unleased = channels(found(&server.replace(LEASE, "")));
    for channel in [Channel::Ntlm, Channel::Negotiate, Channel::Basic] {
        assert!(unleased.contains(&channel), "{channel}: {unleased:?}");
    }
    // With its pages, whose gateway has a table already.
    let (pages, _) = pages.split_once("[[authn_server.gateway]]").unwrap();
    let both = format!("{server}{pages}");
    let settings = loaded(&both);
    assert!(settings.portal.is_some() && settings.sts.is_some());
    assert_eq!(settings.policy.rules.len(), 2);
    assert_eq!(found(&both), []);
}

#[test]
fn s19_an_authentication_server_by_which_one_factor_lets_in_is_not_proved() {
    let mail =
        "[[policy]]\nservices = [\"ews\"]\nzones = [\"external\"]\nmethods = [\"app-password\"]\n";
    let ways = channels(found(&server(mail)));
    assert!(ways.contains(&Channel::Basic), "{ways:?}");
    let by_heart = channels(found(&server(&outside("\"memorised-secret\""))));
    assert!(by_heart.contains(&Channel::Basic), "{by_heart:?}");
    assert!(!by_heart.contains(&Channel::Ntlm), "{by_heart:?}");
    let leased = outside("\"app-password\"") + LEASE;
    for proved in [
        leased.clone(),
        outside("\"memorised-secret + one-time-code\""),
        format!(
            "{}zones = [\"internal\"]\nmethods = [\"app-password\"]\n{leased}",
            "[[policy]]\n"
        ),
        String::new(),
    ] {
        assert_eq!(found(&server(&proved)), [], "{proved}");
    }
}

#[test]
fn a_rule_of_an_authentication_server_may_name_paths_that_its_gateways_publish() {
    let at = |route: &str, lease: &str| {
        format!(
            "{}routes = [\"{route}\"]\n{lease}{}{LEASE}",
            outside("\"app-password\""),
            outside("\"app-password\"")
        )
    };
    assert_eq!(found(&server(&at("mail.contoso.com/EWS", LEASE))), []);
    let settings = loaded(&server(&at("mail.contoso.com/EWS", "")));
    let found = counter_examples(&settings.publication, &beside(&settings, &[]));
    let is_there = |it: &gateway::prove::CounterExample| {
        let route = it.elsewhere.as_ref().and_then(|it| it.route.as_ref());
        route.map(ToString::to_string).as_deref() == Some("mail.contoso.com/ews")
    };
    assert!(!found.is_empty() && found.iter().all(is_there), "{found:?}");
}

#[test]
fn an_authentication_server_explains_the_services_of_its_gateways() {
    let settings = loaded(&server(&(outside("\"app-password\"") + LEASE)));
    let wanted = |to: &str| explain::shown(&settings, (to, &[]), None);
    assert_eq!(wanted("lync").unwrap().1.len(), 5);
    let error = wanted("lynk").unwrap_err().to_string();
    assert!(error.contains("did you mean `lync`?"), "{error}");
    let error = wanted("https://mail.contoso.com/EWS").unwrap_err();
    assert!(error.to_string().contains("give the service"), "{error}");
    let error = explain::zones(&settings, "192.0.2.7").unwrap_err();
    assert!(
        error.to_string().contains("`external` or `internal`"),
        "{error}"
    );
    let ews = "routes = [\"mail.contoso.com/EWS\"]\n";
    let settings = loaded(&server(&(outside("\"app-password\"") + LEASE + ews)));
    assert_eq!(
        explain::shown(&settings, ("ews", &[]), None).unwrap().0,
        "ews"
    );
}

#[test]
fn a_gateway_proves_what_it_publishes_whomever_its_rules_name_and_says_where_the_rest_is_asked() {
    let leased = outside("\"app-password\"") + LEASE;
    for who in [
        "accounts = [\"anna\"]\n",
        "groups = [\"S-1-5-21-1-2-3-1107\"]\n",
    ] {
        let text = gateway(&format!("{leased}{who}{leased}"));
        assert_eq!(found(&text), [], "{who}");
        let said = super::super::apart::proved_elsewhere(&loaded(&text)).unwrap();
        assert!(said.contains("the people and parties"), "{said}");
        let short = gateway(&format!("{}{who}{leased}", outside("\"app-password\"")));
        assert!(!found(&short).is_empty(), "{who}");
    }
    let settings = loaded(&gateway(&leased));
    let to = "https://mail.contoso.com/EWS/Exchange.asmx";
    let said = explain::asked_there(&settings, ("anna", "external", to), None).unwrap();
    let command = "`wicketgate policy explain --user 'anna' --from external --to 'ews'`";
    assert!(said.to_string().contains(command), "{said}");
}

#[test]
fn either_part_says_what_the_other_proves() {
    let said = |text: &str| super::super::apart::proved_elsewhere(&loaded(text));
    let server = server(&outside("\"passkey\""));
    let of_server = said(&server).unwrap();
    assert!(
        of_server.contains("on each gateway, too (dmz1)"),
        "{of_server}"
    );
    assert!(!of_server.contains("believed of"), "{of_server}");
    let office = server.replacen(
        "name = \"dmz1\"",
        "name = \"dmz1\"\nzones = [\"external\", \"internal\"]",
        1,
    );
    let of_office = said(&office).unwrap();
    assert!(of_office.contains("(believed of dmz1)"), "{of_office}");
    let of_gateway = said(&gateway(&outside("\"passkey\""))).unwrap();
    assert!(
        of_gateway.contains("authn.contoso.com:7443"),
        "{of_gateway}"
    );
    assert_eq!(said(&packaged()), None);
}
