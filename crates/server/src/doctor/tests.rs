//! Facts files with one thing wrong each, and the finding that says so; every case goes through a file.

use std::path::Path;

use super::*;
use crate::deployment::Deployment;
use crate::script::tests::{deployment, with_kerberos};

/// What Windows says where everything is right.
const GOOD: &str = include_str!("../../testdata/facts/good.json");

/// What is found in files with these texts.
fn found_in(texts: &[&[u8]], deployment: &Deployment) -> Result<Vec<Finding>, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = |(number, text): (usize, &&[u8])| {
        let file = folder.path().join(format!("{number}.json"));
        std::fs::write(&file, text).unwrap();
        file
    };
    let files: Vec<PathBuf> = texts.iter().enumerate().map(file).collect();
    Ok(judge(&facts_of(&files)?, deployment))
}

/// A text with each of these replaced wherever it stands.
fn with(changes: &[(&str, &str)]) -> String {
    let mut text = GOOD.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// The kinds of findings that a changed file leads to.
fn ids(changes: &[(&str, &str)]) -> Vec<&'static str> {
    let found = found_in(&[with(changes).as_bytes()], &with_kerberos()).unwrap();
    found.iter().map(|it| it.id).collect()
}

/// The one finding that a changed file leads to.
fn one(changes: &[(&str, &str)]) -> Finding {
    let mut found = found_in(&[with(changes).as_bytes()], &with_kerberos()).unwrap();
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

/// What stands in the good file from one text up to another.
fn lines(begins: &str, ends: &str) -> &'static str {
    let (before, rest) = GOOD.split_once(begins).unwrap();
    let (inside, _) = rest.split_once(ends).unwrap();
    let end = before.len() + begins.len() + inside.len();
    GOOD.get(before.len()..end).unwrap()
}

/// A directory's lines from its name on, with something else in place of one value.
fn directory(name: &str, from: &str, to: &str) -> (String, String) {
    let block = lines(&format!("\"name\": \"{name}\""), "}");
    let changed = block.replace(from, to);
    assert_ne!(changed, block, "{from}");
    (block.to_owned(), changed)
}

fn one_of_directory(name: &str, from: &str, to: &str) -> Finding {
    let (block, changed) = directory(name, from, to);
    one(&[(&block, &changed)])
}

#[test]
fn a_good_deployment_is_met_with_silence() {
    assert_eq!(
        found_in(&[GOOD.as_bytes()], &with_kerberos()),
        Ok(Vec::new())
    );
    // As PowerShell 5 writes it.
    let units: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = [b"\xff\xfe".as_slice(), &units].concat();
    assert_eq!(found_in(&[&wide], &with_kerberos()), Ok(Vec::new()));
    // In two files, each of which knows a part.
    let rest = with(&[("\"exchange\": {", "\"other\": {")]);
    let exchange = with(&[("\"lync\": {", "\"x\": {"), ("\"ad\": {", "\"y\": {")]);
    let found = found_in(&[rest.as_bytes(), exchange.as_bytes()], &with_kerberos());
    assert_eq!(found, Ok(Vec::new()));
    // Where the configuration names neither account nor SPN, the facts' own are judged.
    assert_eq!(found_in(&[GOOD.as_bytes()], &deployment()), Ok(Vec::new()));
}

#[test]
fn what_was_not_looked_at_is_said() {
    for (part, name) in [
        ("exchange", "Exchange"),
        ("lync", "Lync"),
        ("ad", "Active Directory"),
    ] {
        let finding = one(&[(&format!("\"{part}\": {{"), "\"other\": {")]);
        assert_eq!(finding.id, "facts-incomplete");
        assert!(finding.what.contains(name), "{}", finding.what);
    }
    let finding = one(&[(
        "\"problems\": []",
        "\"problems\": [\"lync: access\\u001b[2J denied\"]",
    )]);
    assert_eq!(finding.id, "facts-incomplete");
    assert!(
        finding.what.ends_with("lync: access?[2J denied"),
        "{}",
        finding.what
    );
    let finding = one(&[("\"use_windows_auth\": \"Negotiate\",", "")]);
    assert!(
        finding
            .what
            .contains("lync.web_service[0].use_windows_auth")
    );
}

#[test]
fn a_file_that_holds_no_facts_is_named() {
    let error = |text: &[u8]| found_in(&[GOOD.as_bytes(), text], &with_kerberos()).unwrap_err();
    assert!(error(b"{").contains("1.json: it is not JSON"));
    assert!(error(b"{}").contains("1.json: it was not written by the script"));
    assert!(error(b"\xff\xfe\x00").contains("1.json: it is not text"));
    assert!(error(&vec![b' '; MAX_BYTES + 9]).contains("1.json: it has more than"));
    let nowhere = [Path::new("/nowhere/facts.json").to_owned()];
    assert!(
        facts_of(&nowhere)
            .unwrap_err()
            .starts_with("/nowhere/facts.json: ")
    );
}

#[test]
fn s48_two_directories_on_one_path_are_found() {
    let finding = one(&[("\\\\ext-ews\"", "\\\\EWS\\\\\"")]);
    assert_eq!(finding.id, "two-directories-one-path");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.mend.starts_with(
        "Remove-WebServicesVirtualDirectory -Identity 'EXCH01\\EWS (Wicketgate External)'"
    ));
    // The same path on two servers is each server's own.
    let two = with(&[("\"EXCH01\"", "\"EXCH02\"")]);
    let found = found_in(&[GOOD.as_bytes(), two.as_bytes()], &with_kerberos());
    assert_eq!(found, Ok(Vec::new()));
}

#[test]
fn s51_extended_protection_on_the_wrong_directory_is_found() {
    let none = (
        "\"extended_protection\": \"Require\"",
        "\"extended_protection\": \"None\"",
    );
    let (outside, bare) = directory("EWS (Wicketgate External)", none.0, none.1);
    let finding = one(&[(&outside, &bare)]);
    assert_eq!(finding.id, "extended-protection-missing");
    let (inside, asking) = directory("EWS (Default Web Site)", none.1, none.0);
    let finding = one(&[(&outside, &bare), (&inside, &asking)]);
    assert_eq!(finding.id, "extended-protection-on-wrong-directory");
    assert_eq!(
        finding.mend,
        "Set-WebServicesVirtualDirectory -Identity 'EXCH01\\EWS (Wicketgate External)' -ExtendedProtectionTokenChecking Require"
    );
    // On both it is as Exchange 2019 sets itself up.
    assert!(ids(&[(&inside, &asking)]).is_empty());
    let finding = one_of_directory("Autodiscover (Wicketgate External)", none.1, none.0);
    assert_eq!(finding.id, "extended-protection-on-autodiscover");
}

#[test]
fn extended_protection_needs_tls_to_the_back_end() {
    let mut plain = with_kerberos();
    for back_end in &mut plain.back_ends {
        back_end.is_tls = false;
    }
    let found = found_in(&[GOOD.as_bytes()], &plain).unwrap();
    let ids: Vec<&str> = found.iter().map(|it| it.id).collect();
    assert_eq!(ids, ["extended-protection-without-tls"; 2]);
}

#[test]
fn a_directory_without_windows_authentication_is_found() {
    let name = "Microsoft-Server-ActiveSync (Wicketgate External)";
    let finding = one_of_directory(name, ": true", ": false");
    assert_eq!(finding.id, "directory-without-windows-authentication");
    assert!(finding.mend.contains("-WindowsAuthEnabled $true"));
}

#[test]
fn s50_an_external_address_that_is_not_published_is_found() {
    let name = "EWS (Wicketgate External)";
    let finding = one_of_directory(
        name,
        "https://mail.contoso.com/",
        "https://exch01.contoso.local/",
    );
    assert_eq!(finding.id, "external-url-differs");
    let url = "\"https://mail.contoso.com/EWS/Exchange.asmx\"";
    let finding = one_of_directory(name, url, "null");
    assert!(finding.what.contains("no external address"));
    assert!(
        finding
            .mend
            .ends_with("-ExternalUrl 'https://mail.contoso.com/EWS/Exchange.asmx'")
    );
}

#[test]
fn s68_ntlm_for_sip_is_found_on_edge_and_registrar() {
    let edge = "\"identity\": \"Service:EdgeServer:edge01.contoso.local\"";
    let registrar = "\"identity\": \"Service:Registrar:pool01.contoso.local\"";
    let on = |who: &str| {
        (
            format!("{who}, \"ntlm\": false"),
            format!("{who}, \"ntlm\": true"),
        )
    };
    let (from, to) = on(edge);
    let finding = one(&[(&from, &to)]);
    assert_eq!(
        (finding.id, finding.severity),
        ("edge-takes-ntlm", Severity::Error)
    );
    assert!(finding.mend.starts_with(
        "Set-CsProxyConfiguration -Identity 'Service:EdgeServer:edge01.contoso.local' -UseNtlm"
    ));
    let (from, to) = on(registrar);
    assert_eq!(one(&[(&from, &to)]).id, "registrar-takes-ntlm");
    // Without a configuration of its own it goes by the site's, then by the global one.
    let gone = "\"identity\": \"Service:EdgeServer:another\"";
    assert_eq!(
        ids(&[(edge, gone)]),
        ["edge-takes-ntlm", "edge-takes-kerberos"]
    );
    assert!(ids(&[(edge, "\"identity\": \"site:redmond\"")]).is_empty());
    let none = [("\"proxy\": [", "\"proxy\": [], \"x\": [")];
    assert_eq!(
        ids(&none),
        [
            "registrar-takes-ntlm",
            "edge-takes-ntlm",
            "edge-takes-kerberos"
        ]
    );
    let last = "\"certificate\": true }\n    ],\n    \"mobility\"";
    let finding = one(&[(last, &last.replace("true", "false"))]);
    assert_eq!(finding.id, "sip-without-certificates");
}

#[test]
fn windows_authentication_that_takes_no_kerberos_is_found() {
    // Both web services go by the global configuration.
    assert_eq!(
        ids(&[("\"Negotiate\"", "\"None\"")]),
        ["windows-auth-off"; 2]
    );
    assert_eq!(
        ids(&[("\"Negotiate\"", "\"NTLM\"")]),
        ["windows-auth-ntlm-only"; 2]
    );
    let own = "\"web_service\": [{ \"identity\": \"Service:WebServer:pool01.contoso.local\", \"use_windows_auth\": \"None\", \
               \"use_passive_auth\": false }], \"x\": {";
    let finding = one(&[("\"web_service\": {", own)]);
    assert!(
        finding
            .mend
            .contains("-Identity 'Service:WebServer:pool01.contoso.local' -UseWindowsAuth")
    );
}

#[test]
fn s67_a_passive_pool_that_offers_another_logon_or_not_this_one_is_found() {
    let mut deployment = with_kerberos();
    deployment.passive_hosts.clone_from(&deployment.lync_hosts);
    let found = |changes: &[(&str, &str)]| -> Vec<&'static str> {
        let found = found_in(&[with(changes).as_bytes()], &deployment).unwrap();
        found.iter().map(|it| it.id).collect()
    };
    let on = ("\"use_passive_auth\": false", "\"use_passive_auth\": true");
    let none = ("\"Negotiate\"", "\"None\"");
    let exchange = "mobility-exchange-in-passive-mode";
    assert_eq!(found(&[]), ["passive-off"; 2]);
    assert_eq!(found(&[none]), ["passive-off"; 2]);
    let both = [["passive-with-windows-auth"; 2].as_slice(), &[exchange]].concat();
    assert_eq!(found(&[on]), both);
    assert_eq!(found(&[on, none]), [exchange]);
    // No Kerberos account is missed where no token is sent.
    let account = ("\"CONTOSO\\\\LyncKerb\"", "null");
    assert_eq!(found(&[on, none, account]), [exchange]);
}

#[test]
fn a_web_host_that_no_pool_is_called_is_found() {
    let finding = one(&[("\"lyncweb.contoso.com\"", "\"web.contoso.com\"")]);
    assert_eq!(finding.id, "web-host-differs");
    assert_eq!(
        finding.mend,
        "Set-CsWebServer -Identity 'WebServer:pool01.contoso.local' -ExternalFqdn 'lyncweb.contoso.com'"
    );
}

#[test]
fn a_site_without_a_kerberos_account_is_found() {
    let finding = one(&[("\"CONTOSO\\\\LyncKerb\"", "null")]);
    assert_eq!(finding.id, "lync-kerberos-account-missing");
    assert!(
        finding
            .mend
            .contains("-Identity 'Site:Redmond' -UserAccount 'CONTOSO\\LyncKerb'")
    );
    assert_eq!(
        ids(&[(
            "\"identity\": \"Site:Redmond\"",
            "\"identity\": \"Site:Dublin\""
        )])
        .len(),
        1
    );
}

#[test]
fn s69_a_mobility_policy_that_prevents_is_found() {
    let passive = ("\"use_passive_auth\": false", "\"use_passive_auth\": true");
    assert_eq!(one(&[passive]).id, "mobility-exchange-in-passive-mode");
    let off = (
        "\"allow_exchange_connectivity\": true",
        "\"allow_exchange_connectivity\": false",
    );
    assert!(ids(&[passive, off]).is_empty());
    let finding = one(&[("\"enable_mobility\": true", "\"enable_mobility\": false")]);
    assert_eq!(finding.id, "mobility-off");
    let finding = one(&[(
        "\"allow_save_credentials\": true",
        "\"allow_save_credentials\": false",
    )]);
    assert_eq!(finding.id, "mobility-password-not-kept");
}

#[test]
fn the_gate_s_account_is_looked_at() {
    // The lines of the gate's account alone.
    let block = lines("\"name\": \"gate01$\"", "\"spns\"");
    let changed = |from: &str, to: &str| {
        let changed = block.replace(from, to);
        assert_ne!(changed, block, "{from}");
        one(&[(block, &changed)])
    };
    assert_eq!(changed("\"computer\"", "\"user\"").id, "gateway-is-a-user");
    assert_eq!(changed("16781312", "16781314").id, "gateway-disabled");
    let finding = changed("16781312", "4096");
    assert_eq!(finding.id, "gateway-without-protocol-transition");
    assert_eq!(
        finding.mend,
        "Set-ADAccountControl -Identity 'gate01$' -TrustedToAuthForDelegation $true"
    );
    assert_eq!(
        changed("16781312", "17305600").id,
        "gateway-delegates-everywhere"
    );
    // NO_AUTH_DATA_REQUIRED beside what stood there.
    assert_eq!(changed("16781312", "50335744").id, "gateway-without-pac");
    assert_eq!(changed(": 24", ": null").id, "gateway-without-aes");
    assert_eq!(changed(": 24", ": 4").id, "gateway-without-aes");
    assert_eq!(changed(": 24", ": 28").id, "gateway-takes-rc4");
    let finding = changed("133900000000000000", "133600000000000000");
    assert_eq!(
        (finding.id, finding.severity),
        ("gateway-key-old", Severity::Warning)
    );
    assert!(finding.what.contains("462 days"), "{}", finding.what);
    assert_eq!(
        one(&[("\"name\": \"gate01$\"", "\"name\": \"gate02$\"")]).id,
        "gateway-account-missing"
    );
    // A managed account is none that wrong passwords lock.
    let managed = block.replace("\"computer\"", "\"msDS-GroupManagedServiceAccount\"");
    assert!(ids(&[(block, &managed)]).is_empty());
}

#[test]
fn delegation_is_to_what_is_configured_and_to_no_machine() {
    let list = "\"HTTP/dir01.contoso.local\",\n          \"HTTP/exchange.contoso.local\"";
    let finding = one(&[(list, "\"HTTP/dir01.contoso.local\"")]);
    assert_eq!(finding.id, "delegation-incomplete");
    assert!(
        finding
            .mend
            .contains("-Add @{ 'msDS-AllowedToDelegateTo' = 'HTTP/exchange.contoso.local' }")
    );
    let more = |spn: &str| format!("\"{spn}\", {list}");
    assert_eq!(
        ids(&[(list, &more("HTTP/fe02.contoso.local"))]),
        ["delegation-too-wide", "spn-held-by-nobody"]
    );
    assert_eq!(
        ids(&[(list, &more("cifs/pool01.contoso.local"))]),
        [
            "delegation-to-another-service",
            "delegation-to-machine-account"
        ]
    );
    // The machine holds the name itself, or nobody does and HOST/... stands for it.
    let held = ("\"HOST/POOL01\"", "\"HTTP/pool01.contoso.local\"");
    let shared = (
        "\"http/dir01.contoso.local\", \"http/pool01.contoso.local\"",
        "\"http/dir01.contoso.local\"",
    );
    assert_eq!(one(&[held, shared]).id, "delegation-to-machine-account");
    let finding = one(&[shared]);
    assert_eq!(finding.id, "delegation-to-machine-account");
    assert!(finding.what.contains("POOL01$"));
    // A domain controller, whatever else it holds.
    let controller = (
        "\"name\": \"EXCHASA$\",\n        \"class\": \"computer\",\n        \"user_account_control\": 4096",
        {
            "\"name\": \"EXCHASA$\",\n        \"class\": \"computer\",\n        \"user_account_control\": 532480"
        },
    );
    assert_eq!(one(&[controller]).id, "delegation-to-machine-account");
    // Facts without a configured list: what is there must not be nothing.
    let none = with(&[("\"delegates_to\": [\n", "\"delegates_to\": [], \"x\": [\n")]);
    let found = found_in(&[none.as_bytes()], &deployment()).unwrap();
    assert_eq!(found[0].id, "delegation-incomplete");
}

#[test]
fn names_belong_to_one_account_each() {
    let published = "          \"HTTP/mail.contoso.com\",\n";
    let asa = "\"http/exchange.contoso.local\"";
    let both = "[\"http/exchange.contoso.local\", \"http/MAIL.contoso.com\"]";
    let finding = one(&[(published, ""), (asa, both)]);
    assert_eq!(finding.id, "published-spn-on-another-account");
    assert!(
        finding
            .mend
            .starts_with("setspn -D HTTP/mail.contoso.com EXCHASA$")
    );
    let finding = one(&[(asa, both)]);
    assert_eq!(finding.id, "duplicate-spn");
    assert!(
        finding.what.contains("EXCHASA$ and gate01$"),
        "{}",
        finding.what
    );
    let finding = one(&[(published, "")]);
    assert_eq!(
        (finding.id, finding.severity),
        ("published-spn-missing", Severity::Warning)
    );
}

#[test]
fn a_target_without_aes_or_disabled_is_found() {
    let block = lines("\"name\": \"EXCHASA$\"", "\"spns\"");
    for types in [": null", ": 4", ": 0"] {
        let changed = block.replace(": 24", types);
        assert_eq!(one(&[(block, &changed)]).id, "target-without-aes");
    }
    let changed = block.replace(": 4096", ": 4098");
    assert_eq!(one(&[(block, &changed)]).id, "target-disabled");
}

#[test]
fn what_is_pasted_stays_one_literal() {
    let name = "EWS (x'; Stop-Process y)";
    let finding = one(&[
        ("EWS (Wicketgate External)", name),
        (
            "https://mail.contoso.com/EWS/Exchange.asmx",
            "https://other/",
        ),
    ]);
    let quoted = "'EXCH01\\EWS (x''; Stop-Process y)'";
    assert_eq!(finding.id, "external-url-differs");
    assert!(finding.mend.contains(quoted), "{}", finding.mend);
    let published = "          \"HTTP/mail.contoso.com\",\n";
    let asa = "\"http/exchange.contoso.local\"";
    let both = "[\"http/exchange.contoso.local\", \"http/mail.contoso.com\"]";
    let finding = one(&[
        ("\"EXCHASA$\"", "\"EXCH; calc'$\""),
        (published, ""),
        (asa, both),
    ]);
    assert_eq!(finding.id, "published-spn-on-another-account");
    let begins = "setspn -D HTTP/mail.contoso.com 'EXCH; calc''$'; setspn -S";
    assert!(finding.mend.starts_with(begins), "{}", finding.mend);
}

/// What has changed from the good facts to these.
fn changed_by(changes: &[(&str, &str)]) -> Vec<Finding> {
    let parse = |text: &str| Facts::parse(text.as_bytes()).unwrap();
    changed(&parse(GOOD), &parse(&with(changes)))
}

#[test]
fn s45_what_clients_inside_use_is_the_same_afterwards_or_each_change_is_named() {
    assert_eq!(changed_by(&[]), []);
    for (name, from, to, mend) in [
        (
            "EWS (Default Web Site)",
            "\"extended_protection\": \"None\"",
            "\"extended_protection\": \"Require\"",
            "-ExtendedProtectionTokenChecking None",
        ),
        (
            "EWS (Default Web Site)",
            "https://mail.contoso.com/EWS",
            "https://other.contoso.com/EWS",
            "-ExternalUrl 'https://mail.contoso.com/EWS/Exchange.asmx'",
        ),
        (
            "EWS (Default Web Site)",
            "HttpProxy\\\\ews",
            "HttpProxy\\\\ext-ews",
            "-Name physicalPath -Value 'C:\\Exchange\\FrontEnd\\HttpProxy\\ews'",
        ),
        (
            "Microsoft-Server-ActiveSync (Default Web Site)",
            "\"windows_authentication\": false",
            "\"windows_authentication\": true",
            "-WindowsAuthEnabled $false",
        ),
    ] {
        let (was, is) = directory(name, from, to);
        let found = changed_by(&[(&was, &is)]);
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        assert_eq!(
            (found[0].id, found[0].severity),
            ("internal-directory-changed", Severity::Error)
        );
        assert!(found[0].mend.ends_with(mend), "{}", found[0].mend);
    }
    // What belongs to the external site may be anything.
    let (was, is) = directory("EWS (Wicketgate External)", "\"Require\"", "\"Allow\"");
    assert_eq!(changed_by(&[(&was, &is)]), []);
    let gone = changed_by(&[("\"EWS (Default Web Site)\"", "\"EWS (Another)\"")]);
    assert_eq!(gone[0].id, "internal-directory-gone");
    let unknown = changed_by(&[("\"server\": \"EXCH01\"", "\"server\": \"EXCH02\"")]);
    assert!(
        !unknown.is_empty() && unknown.iter().all(|it| it.id == "facts-incomplete"),
        "{unknown:#?}"
    );
    let nothing = changed(&Facts::default(), &Facts::default());
    assert_eq!(nothing[0].id, "facts-incomplete");
}
