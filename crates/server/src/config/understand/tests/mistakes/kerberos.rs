//! Kerberos: an account, its keytab and controllers; services by name, in all members or in none.

use gateway::route::Onward;

use super::*;
use crate::config::settings::{Controllers, DomainService};

const KERBEROS: &str = "[kerberos]\naccount = \"gateway$\"\nkeytab = \"file.pem\"\n\
                        controllers = [\"dc1.contoso.com\"]\n";

/// A farm that is told by Kerberos, and [kerberos] with one line of its own changed.
fn kerberos(from: &str, to: &str) -> Result<Settings, String> {
    assert!(KERBEROS.contains(from), "{from}");
    let config = text("", "").replacen(
        "identity_header = \"x-identity\"",
        "spn = \"HTTP/mail.contoso.local\"",
        1,
    );
    understood(&(config + &KERBEROS.replacen(from, to, 1)))
}

#[test]
fn the_gate_s_account_and_a_service_are_understood() {
    let settings = kerberos("", "").unwrap();
    let kerberos = settings.kerberos.unwrap();
    assert_eq!(kerberos.account.as_str(), "gateway$@CONTOSO.COM");
    let listed = Controllers::Listed(vec!["dc1.contoso.com:88".to_owned()]);
    assert_eq!(kerberos.controllers, listed);
    assert!(kerberos.folder.ends_with("kerberos"));
    // The file is named as it lies there, and the library takes no relative folder.
    assert!(kerberos.folder.is_absolute());
    let farm = settings.farms.values().next().unwrap();
    let spn = farm.members[0].spn.as_deref();
    assert_eq!(spn, Some("HTTP/mail.contoso.local"));
    let mut routes = settings
        .publication
        .hosts
        .values()
        .flat_map(|host| &host.routes);
    assert!(routes.any(|route| route.onward == Onward::Kerberos));
}

/// A policy for the office before all others, and [kerberos] with a keytab of these services' keys.
fn office(policy: &str, services: &[&str], accept: &str) -> Result<Settings, String> {
    let keytab = tempfile::NamedTempFile::new().unwrap();
    let mut bytes = vec![5, 2];
    services.iter().for_each(|host| bytes.extend(key(host)));
    std::fs::write(keytab.path(), bytes).unwrap();
    let table = KERBEROS.replacen("file.pem", keytab.path().to_str().unwrap(), 1);
    let config = format!("{}[[policy]]\n{policy}\n", text("", ""));
    let config = config.replacen("[\"ntlm\"]", "[\"negotiate\", \"ntlm\"]", 1);
    understood(&(config + &table + accept))
}

/// An AES key of `HTTP/host` as a keytab has it.
fn key(host: &str) -> Vec<u8> {
    let mut entry = vec![0, 2];
    for part in ["CONTOSO.COM", "HTTP", host] {
        entry.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        entry.extend(part.as_bytes());
    }
    entry.extend([0, 0, 0, 1, 0, 0, 0, 9, 3, 0, 18, 0, 1, 7]);
    [
        &u32::try_from(entry.len()).unwrap().to_be_bytes()[..],
        &entry,
    ]
    .concat()
}

const OFFICE: &str = "zones = [\"internal\"]\nmethods = [\"kerberos\", \"app-password\"]";

#[test]
fn s9_a_policy_for_the_office_takes_the_keys_of_the_published_names() {
    let hosts = ["mail.contoso.com", "app.contoso.com"];
    let settings = office(OFFICE, &hosts, "").unwrap();
    let mut accepted: Vec<&str> = settings.accepts.iter().map(gss::Service::as_str).collect();
    accepted.sort_unstable();
    assert_eq!(
        accepted,
        [
            "HTTP/app.contoso.com@CONTOSO.COM",
            "HTTP/mail.contoso.com@CONTOSO.COM"
        ]
    );
    let services = &settings.publication.kerberos;
    assert!(services.iter().any(|it| it.0 == "ews"), "{services:?}");

    let said = office(OFFICE, &hosts[..1], "").unwrap_err();
    assert!(
        said.contains("has no key of `HTTP/app.contoso.com@CONTOSO.COM`"),
        "{said}"
    );
    assert!(said.contains("list in `accept`"), "{said}");
    let listed = "accept = [\"HTTP/mail.contoso.com\"]\n";
    let settings = office(OFFICE, &hosts[..1], listed).unwrap();
    assert_eq!(settings.accepts.len(), 1);

    // Whoever allows it to nobody needs no key.
    let outside = "zones = [\"external\"]\nmethods = [\"app-password\"]";
    let settings = office(outside, &[], "").unwrap();
    assert!(settings.accepts.is_empty() && settings.publication.kerberos.is_empty());
}

#[test]
fn s9_kerberos_outside_the_office_is_refused_by_name() {
    let methods = "methods = [\"kerberos\"]";
    for (policy, expected) in [
        (methods.to_owned(), "has zones = [\"internal\"]"),
        (
            format!("zones = [\"external\"]\n{methods}"),
            "has zones = [\"internal\"]",
        ),
        (
            format!("zones = [\"internal\", \"external\"]\n{methods}"),
            "has zones = [\"internal\"]",
        ),
        (
            format!("zones = [\"internal\"]\nchannels = [\"ntlm\"]\n{methods}"),
            "comes by the channel `negotiate`",
        ),
    ] {
        let said = office(&policy, &["mail.contoso.com"], "").unwrap_err();
        assert!(said.contains(expected), "{policy}: {said}");
    }
    for (accept, expected) in [
        ("accept = []\n", "accepts nothing"),
        (
            "accept = [\"mail.contoso.com\"]\n",
            "is no service principal name",
        ),
    ] {
        let said = office(OFFICE, &["mail.contoso.com"], accept).unwrap_err();
        assert!(said.contains(expected), "{accept}: {said}");
    }
    let config = format!("{}[[policy]]\n{OFFICE}\n", text("", ""));
    let said = understood(&config).unwrap_err();
    assert!(said.contains("needs the table [kerberos]"), "{said}");
}

#[test]
fn controllers_are_hosts_and_addresses_with_or_without_a_port() {
    for (typed, understood) in [
        ("10.0.0.10", "10.0.0.10:88"),
        ("10.0.0.10:8088", "10.0.0.10:8088"),
        ("fd00::1", "[fd00::1]:88"),
        ("[fd00::1]:8088", "[fd00::1]:8088"),
        ("dc1.contoso.com:8088", "dc1.contoso.com:8088"),
    ] {
        let settings = kerberos("dc1.contoso.com", typed).unwrap();
        let listed = Controllers::Listed(vec![understood.to_owned()]);
        assert_eq!(settings.kerberos.unwrap().controllers, listed);
    }
    for typed in ["", "ldap://dc1", "dc1:0", "dc1:x", "dc1 ", "a/b"] {
        let said = kerberos("dc1.contoso.com", typed).unwrap_err();
        assert!(
            said.contains("is not a domain controller"),
            "{typed}: {said}"
        );
    }
    let found = kerberos("controllers = [\"dc1.contoso.com\"]\n", "").unwrap();
    let in_dns = Controllers::InDns(DomainService::Kerberos("contoso.com".to_owned()));
    assert_eq!(found.kerberos.unwrap().controllers, in_dns);
    let said = kerberos("[\"dc1.contoso.com\"]", "[]").unwrap_err();
    assert!(said.contains("name one in `controllers`"), "{said}");
}

#[test]
fn what_cannot_be_an_account_a_realm_or_a_file_is_refused() {
    for (from, to, expected) in [
        ("gateway$", "gateway$@CONTOSO.COM", "is no sAMAccountName"),
        ("gateway$", "", "is no sAMAccountName"),
        ("file.pem", "none.keytab", "cannot be read"),
        (
            "account",
            "realm = \"contoso.com\"\naccount",
            "is no realm in capital letters",
        ),
    ] {
        let said = kerberos(from, to).unwrap_err();
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn a_service_needs_the_gate_s_account_and_stands_in_every_member() {
    let header = "identity_header = \"x-identity\"";
    let said = error(header, "spn = \"HTTP/mail.contoso.local\"");
    assert!(said.contains("needs the table [kerberos]"), "{said}");
    let with = |farm: &str| {
        let config = text("", "").replacen(header, farm, 1);
        understood(&(config + KERBEROS)).unwrap_err()
    };
    for spn in ["mail.contoso.local", "HTTP/mail@X.COM", "HTTP/", ""] {
        let said = with(&format!("spn = \"{spn}\""));
        assert!(
            said.contains("is no service principal name"),
            "{spn}: {said}"
        );
    }
    let said = with(&format!("spn = \"HTTP/mail\"\n{header}"));
    assert!(said.contains("not by both"), "{said}");
}

#[test]
fn one_member_with_a_service_and_another_without_is_refused() {
    let config = text("", "")
        .replacen("identity_header = \"x-identity\"\n", "", 1)
        .replacen("address = \"http://127.0.0.1:8080\"\n", "", 1);
    let member = |number: u8, spn: &str| {
        format!("[[farm.member]]\naddress = \"http://127.0.0.1:900{number}\"\n{spn}\n")
    };
    let spn = "spn = \"HTTP/mail\"";
    let members = |second: &str| {
        let farm = format!("{}{}\n[[exchange]]", member(1, spn), member(2, second));
        understood(&(config.replacen("[[exchange]]", &farm, 1) + KERBEROS))
    };
    let both = members(spn).expect("both");
    assert!(both.farms.values().any(|farm| farm.members.len() == 2));
    let said = members("").unwrap_err();
    assert!(said.contains("write it in each"), "{said}");
}

const FIRST: &str = "[portal]\nhost = \"my.contoso.com\"\nenrolment_by_kerberos = true\n";
const SMTP: &str =
    "[smtp]\nserver = \"127.0.0.1:25\"\nfrom = \"portal@contoso.com\"\ntls = \"none\"\n";
const INSIDE: &str = "internal_networks = [\"10.0.0.0/8\"]\n";

/// A portal whose people begin by Kerberos, with a key of these hosts and these tables.
fn first(hosts: &[&str], inside: &str, tables: &[&str]) -> Result<Settings, String> {
    let keytab = tempfile::NamedTempFile::new().unwrap();
    let mut bytes = vec![5, 2];
    hosts.iter().for_each(|host| bytes.extend(key(host)));
    std::fs::write(keytab.path(), bytes).unwrap();
    let tables = tables.concat();
    let tables = tables.replacen("file.pem", keytab.path().to_str().unwrap(), 1);
    let listener = format!("{inside}certificate");
    let config = text("", "").replacen("certificate", &listener, 1);
    understood(&(config + &tables))
}

#[test]
fn people_begin_by_kerberos_only_where_all_that_it_takes_is_there() {
    let ours = ["my.contoso.com"];
    let settings = first(&ours, INSIDE, &[FIRST, SMTP, KERBEROS]).unwrap();
    assert!(settings.portal.unwrap().from_office);
    let accepted: Vec<&str> = settings.accepts.iter().map(gss::Service::as_str).collect();
    assert_eq!(accepted, ["HTTP/my.contoso.com@CONTOSO.COM"]);
    for (hosts, inside, tables, expected) in [
        (
            &ours[..],
            INSIDE,
            [FIRST, SMTP, ""],
            "needs the table [kerberos]",
        ),
        (&ours, INSIDE, [FIRST, "", KERBEROS], "needs [smtp]"),
        (
            &ours,
            "",
            [FIRST, SMTP, KERBEROS],
            "has `internal_networks`",
        ),
        (
            &["mail.contoso.com"],
            INSIDE,
            [FIRST, SMTP, KERBEROS],
            "add the SPN with its key",
        ),
    ] {
        let said = first(hosts, inside, &tables).unwrap_err();
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let off = FIRST.replace("true", "false");
    let settings = first(&ours, "", &[&off, KERBEROS]).unwrap();
    assert!(!settings.portal.unwrap().from_office && settings.accepts.is_empty());
}
