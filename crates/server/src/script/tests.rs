//! The scripts of a fixed configuration, word by word; and what no script may ever hold.

use std::path::Path;

use expect_test::expect_file;
use sts::import::{Cmdlet, Format};

use super::*;
use crate::config;
use crate::deployment::Account;

mod tokens;

use tokens::{Token, tokens};

/// A company with a pool, a Director and two Exchange servers behind one name.
pub(crate) const CONFIGURATION: &str = include_str!("../../testdata/script/wicketgate.toml");

/// What that configuration says.
pub(crate) fn deployment() -> Deployment {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file.pem"), "").unwrap();
    let file = folder.path().join("wicketgate.toml");
    std::fs::write(&file, CONFIGURATION).unwrap();
    Deployment::of(&config::load(&file).unwrap())
}

/// The same, once account and SPNs are in the configuration.
pub(crate) fn with_kerberos() -> Deployment {
    let mut deployment = deployment();
    deployment.gateway = Account {
        name: "gate01$".to_owned(),
        is_configured: true,
    };
    let spns = [
        ("dir01", "HTTP/dir01.contoso.local"),
        ("exchange", "HTTP/exchange.contoso.local"),
        ("pool01", "HTTP/pool01.contoso.local"),
    ];
    for (farm, spn) in spns {
        let mut back_ends = deployment.back_ends.iter_mut();
        let back_end = back_ends.find(|it| it.farm == farm).unwrap();
        back_end.spns = vec![spn.to_owned()];
    }
    deployment
}

fn every_script(deployment: &Deployment) -> Vec<(Topic, String)> {
    let topics = Topic::value_variants().iter().copied();
    topics.map(|it| (it, script(it, deployment))).collect()
}

/// Up to where a script is the same whatever the configuration says.
#[test]
fn the_scripts_of_a_configuration_begin_like_this() {
    for (topic, text) in every_script(&deployment()) {
        let (_, body) = parts(topic);
        let text = text.strip_suffix(body).expect("the rest as it is");
        let name = topic.to_possible_value().unwrap().get_name().to_owned();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testdata/script")
            .join(format!("{name}.ps1"));
        expect_file![golden].assert_eq(text);
    }
}

#[test]
fn what_the_configuration_does_not_say_is_marked_and_keeps_the_script_from_running() {
    let text = script(Topic::Ad, &deployment());
    assert!(text.contains("# REPLACE: the gate's account"));
    assert!(text.contains("# REPLACE: the farm `exchange` has no SPN"));
    assert!(text.contains("'HTTP/REPLACE-exchange'"));
    assert!(text.contains("-match 'REPLACE') { throw"));
    let known = script(Topic::Ad, &with_kerberos());
    assert!(!known.contains("# REPLACE") && !known.contains("HTTP/REPLACE"));
    assert!(known.contains("$GatewayAccount = 'gate01$'"));
}

#[test]
fn a_server_s_own_name_as_an_spn_is_warned_about() {
    let text = script(Topic::Ad, &with_kerberos());
    assert!(text.contains("# WARNING: HTTP/pool01.contoso.local (farm `pool01`)"));
    assert!(!text.contains("# WARNING: HTTP/exchange.contoso.local"));
}

#[test]
fn s49_the_directories_of_the_external_site_are_copies_with_a_path_of_their_own() {
    let text = script(Topic::Exchange, &deployment());
    for (folder, kind) in [
        ("ews", "WebServices"),
        ("autodiscover", "Autodiscover"),
        ("sync", "ActiveSync"),
    ] {
        assert!(text.contains(&format!("{folder} = \"$source\\ext-{folder}\"")));
        let made =
            format!("New-{kind}VirtualDirectory -WebSiteName $Site -Path $copies['{folder}']");
        assert!(text.contains(&made), "{made}");
        // The copy comes first, and what clients inside use is not named by anything that changes.
        assert!(text.find("Copy-Item").unwrap() < text.find(&made).unwrap());
        let set = text
            .lines()
            .find(|line| line.contains(&format!("Set-{kind}Virtual")));
        assert!(!set.unwrap().contains("-Identity"));
    }
    assert!(text.contains("$SiteHosts = @(\n    'outside.contoso.local'\n)"));
}

#[test]
fn s66_s67_s69_a_passive_pool_is_pointed_at_the_metadata_and_the_way_back_is_there() {
    let active = script(Topic::Lync, &with_kerberos());
    assert!(active.contains("$PassiveHosts = @()") && active.contains("$StsMetadataUri = ''"));
    let mut deployment = with_kerberos();
    deployment.passive_hosts = vec!["lyncweb.contoso.com".to_owned()];
    let text = script(Topic::Lync, &deployment);
    for line in [
        "$PassiveHosts = @(\n    'lyncweb.contoso.com'\n)",
        "# REPLACE: where the metadata of the security token service is",
        "$StsMetadataUri = 'https://REPLACE/FederationMetadata/2007-06/FederationMetadata.xml'",
        "$AdfsMetadataUris = @{}",
        "    if (-not $metadata) { $metadata = $StsMetadataUri }",
        "        WsFedPassiveMetadataUri = $metadata\n        UseWindowsAuth = 'None'\n        \
         UseCertificateAuth = $true\n",
        "        UseNtlmForClientToProxyAuth = $false\n        UseKerberosForClientToProxyAuth = $false\n",
        "New-CsMobilityPolicy -Identity 'PassiveMode' -AllowExchangeConnectivity $false",
    ] {
        assert!(text.contains(line), "{line}");
    }
    let adfs = (
        "lyncweb.contoso.com".to_owned(),
        "https://fs.contoso.com".to_owned(),
    );
    deployment.passive_adfs.extend([adfs]);
    let by_adfs = script(Topic::Lync, &deployment);
    let line = "$AdfsMetadataUris = @{\n    'lyncweb.contoso.com' = \
                'https://fs.contoso.com/FederationMetadata/2007-06/FederationMetadata.xml'\n}";
    assert!(
        by_adfs.contains(line) && by_adfs.contains("$StsMetadataUri = ''"),
        "{by_adfs}"
    );
    let (_, undo) = text.split_once("# ---- The way back\n").unwrap();
    assert!(undo.contains("-UseWsFedPassiveAuth $false -UseWindowsAuth Negotiate"));
    assert!(
        undo.contains("Remove-CsProxyConfiguration") && undo.contains("Remove-CsMobilityPolicy")
    );
}

#[test]
fn every_quotation_and_every_bracket_is_closed() {
    for deployment in [deployment(), with_kerberos()] {
        for (topic, text) in every_script(&deployment) {
            let mut open = Vec::new();
            for token in tokens(&text).unwrap_or_else(|error| panic!("{topic:?}: {error}")) {
                let Token::Sign(sign) = token else { continue };
                match sign {
                    '(' => open.push(')'),
                    '{' => open.push('}'),
                    '[' => open.push(']'),
                    ')' | '}' | ']' => assert_eq!(open.pop(), Some(sign), "{topic:?}"),
                    _ => {}
                }
            }
            assert!(open.is_empty(), "{topic:?}");
        }
    }
}

/// The words that are a cmdlet's name, such as `Get-Date`.
fn cmdlets(text: &str) -> Vec<String> {
    let is_cmdlet = |word: &String| {
        word.split_once('-').is_some_and(|(verb, noun)| {
            let begins = |part: &str| part.starts_with(|it: char| it.is_ascii_uppercase());
            begins(verb) && begins(noun)
        })
    };
    let words = tokens(text)
        .unwrap()
        .into_iter()
        .filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        });
    words.filter(is_cmdlet).collect()
}

#[test]
fn the_facts_are_only_read() {
    for deployment in [deployment(), with_kerberos()] {
        let text = script(Topic::Facts, &deployment);
        let found = cmdlets(&text);
        assert!(found.len() > 20, "{found:?}");
        for cmdlet in found {
            let verb = cmdlet.split('-').next().unwrap();
            assert!(
                ["Get", "Select"].contains(&verb)
                    || ["ConvertTo-Json", "Out-File"].contains(&&*cmdlet),
                "{cmdlet}"
            );
        }
        let code = tokens(&text).unwrap();
        for (at, token) in code.iter().enumerate() {
            // No program and no script block is called, and no method but these.
            assert!(*token != Token::Sign('&'));
            let Token::Word(word) = token else { continue };
            let lower = word.to_lowercase();
            assert!(!lower.contains("::") && !lower.contains(".exe") && !lower.contains("invoke"));
            assert!(!["iex", "function", "add-type"].contains(&&*lower));
            let is_method = word.contains('.') && code.get(at + 1) == Some(&Token::Sign('('));
            if is_method {
                let method = word.rsplit('.').next().unwrap();
                assert!(["Replace", "ToFileTimeUtc"].contains(&method), "{word}");
            }
        }
        // One file is written, where the caller says.
        assert_eq!(text.matches("Out-File").count(), 1);
    }
}

#[test]
fn the_export_reads_five_cmdlets_whole_and_needs_no_configuration() {
    let text = unchanging(Topic::AdfsExport);
    assert_eq!(text, script(Topic::AdfsExport, &deployment()));
    let mut found = cmdlets(&text);
    found.sort();
    found.dedup();
    let mut read: Vec<&str> = Cmdlet::ALL.iter().map(|it| it.name()).collect();
    read.extend(["ConvertTo-Json", "Export-Clixml", "Out-File"]);
    read.sort_unstable();
    assert_eq!(found, read);
    for format in Format::ALL {
        assert!(text.contains(&format!("$name.{}\"", format.extension())));
    }
}

#[test]
fn whatever_changes_something_can_be_asked_first_and_undone() {
    for (topic, text) in every_script(&deployment()) {
        if [Topic::Facts, Topic::AdfsExport].contains(&topic) {
            assert!(text.contains("no way back, as nothing is changed"));
            continue;
        }
        assert!(text.contains("SupportsShouldProcess = $true"), "{topic:?}");
        let (code, undo) = text.split_once("# ---- The way back\n").unwrap();
        assert!(undo.lines().all(|line| line.starts_with('#')), "{topic:?}");
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
        {
            let changes = cmdlets_of_line(line).into_iter().any(|cmdlet| {
                let verb = cmdlet.split('-').next().unwrap_or_default().to_owned();
                ["New", "Set", "Add", "Remove", "Enable", "Copy", "Disable"].contains(&&*verb)
            });
            let is_guarded = line.contains("-WhatIf:$WhatIfPreference")
                || line.contains("@values")
                || line.contains("Write-Warning")
                || line.contains("throw ")
                || line.contains("Set-StrictMode")
                // Made inside `ShouldProcess`, as it asks for a password.
                || line.contains("New-ADUser");
            assert!(!changes || is_guarded, "{topic:?}: {line}");
        }
    }
}

fn cmdlets_of_line(line: &str) -> Vec<String> {
    let words = line.split(|it: char| !(it.is_ascii_alphanumeric() || it == '-'));
    let is_cmdlet = |word: &&str| {
        word.split_once('-').is_some_and(|(verb, noun)| {
            verb.starts_with(|it: char| it.is_ascii_uppercase())
                && noun.starts_with(|it: char| it.is_ascii_uppercase())
        })
    };
    words.filter(is_cmdlet).map(str::to_owned).collect()
}

#[test]
fn every_paragraph_says_why() {
    for (topic, text) in every_script(&with_kerberos()) {
        for paragraph in text.split("\n\n").filter(|it| !it.trim().is_empty()) {
            // A list's own lines, and what goes on inside braces, belong to the paragraph above.
            let first = paragraph.trim_start_matches('\n');
            let is_inside = first.starts_with(' ') || first.starts_with('}');
            let is_head = first.starts_with("param(");
            assert!(
                first.trim_start().starts_with('#') || is_inside || is_head,
                "{topic:?}: {paragraph}"
            );
        }
    }
}

#[test]
fn no_value_leaves_its_literal() {
    let mut deployment = with_kerberos();
    let evil = "x'; Remove-Item 'C:\\";
    deployment.domain = evil.to_owned();
    deployment.realm = format!("{evil}\n\u{2019}; Stop-Process");
    deployment.gateway.name = evil.to_owned();
    for list in [
        &mut deployment.published,
        &mut deployment.lync_hosts,
        &mut deployment.passive_hosts,
    ] {
        *list = vec![evil.to_owned(), "$(Stop-Process)".to_owned()];
    }
    deployment
        .passive_adfs
        .extend([(evil.to_owned(), evil.to_owned())]);
    deployment.exchange[0].host = evil.to_owned();
    for back_end in &mut deployment.back_ends {
        back_end.farm = format!("{}\nStop-Process", back_end.farm);
        back_end.spns = Vec::new();
        back_end.servers = vec![evil.to_owned()];
        back_end.told_hosts = vec![evil.to_owned()];
    }
    for (topic, text) in every_script(&deployment) {
        let harmless = cmdlets(&script(topic, &with_kerberos()));
        assert_eq!(cmdlets(&text), harmless, "{topic:?}");
        assert!(!cmdlets(&text).contains(&"Stop-Process".to_owned()));
    }
}

#[test]
fn a_host_name_with_a_quotation_mark_never_gets_here() {
    for typed in [
        "mail'.contoso.com",
        "mail\u{2019}.contoso.com",
        "mail.contoso.com'; x",
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file.pem"), "").unwrap();
        let file = folder.path().join("wicketgate.toml");
        let text = CONFIGURATION.replace("\"mail.contoso.com\"", &format!("\"{typed}\""));
        assert_ne!(text, CONFIGURATION);
        std::fs::write(&file, text).unwrap();
        let error = config::load(&file).unwrap_err().to_string();
        assert!(error.contains("is not a host name"), "{error}");
    }
}
