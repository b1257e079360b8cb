//! Exchange's directories: each has its own folder, takes Kerberos, and asks for channel bindings where
//! only the gate comes.

use std::collections::BTreeMap;

use proto::facts::{Kind, Protection, VirtualDirectory};

use super::Finding;
use crate::deployment::Deployment;
use crate::script::literal;

/// The sites that Exchange itself makes: clients inside, and between its servers.
const OWN_SITES: [&str; 2] = ["Default Web Site", "Exchange Back End"];

/// What is wrong with the directories.
pub(super) fn judge(
    directories: &[VirtualDirectory],
    deployment: &Deployment,
    findings: &mut Vec<Finding>,
) {
    if deployment.exchange.is_empty() {
        return;
    }
    let directories = behind(directories, deployment);
    one_path(&directories, findings);
    let is_tls = deployment.exchange.iter().all(|exchange| {
        let back_end = deployment.back_end(&exchange.farm);
        back_end.is_none_or(|it| it.is_tls)
    });
    for directory in used(&directories) {
        // Whoever wants tokens bound to a channel needs one.
        if directory.extended_protection == Some(Protection::Require) && !is_tls {
            findings.push(Finding::error(
                "extended-protection-without-tls",
                format!(
                    "{} demands channel bindings, but the gate reaches Exchange without TLS, where there is none",
                    directory.identity()
                ),
                "write `address = \"https://...\"` for the farm in the configuration",
            ));
        }
        if directory.windows_authentication == Some(false) {
            let set = set(directory.kind, "WindowsAuthentication $true");
            findings.push(Finding::error(
                "directory-without-windows-authentication",
                format!(
                    "{} does not take Windows authentication, so that the gate's Kerberos token is refused",
                    directory.identity()
                ),
                format!("{set} -Identity {}", literal(&directory.identity())),
            ));
        }
        external_url(directory, deployment, findings);
    }
    for directory in &directories {
        protection(directory, &directories, findings);
    }
}

/// The directories of the servers behind the gate; all, where none is known by its name.
fn behind<'f>(
    directories: &'f [VirtualDirectory],
    deployment: &Deployment,
) -> Vec<&'f VirtualDirectory> {
    let servers: Vec<&str> = deployment.servers();
    let label = |name: &str| {
        name.split('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let is_behind = |it: &&VirtualDirectory| {
        let mut servers = servers.iter();
        servers.any(|server| label(server) == label(&it.server))
    };
    let known: Vec<&VirtualDirectory> = directories.iter().filter(is_behind).collect();
    match known.is_empty() {
        true => directories.iter().collect(),
        false => known,
    }
}

/// S48: a new directory shows the original's folder unless it is told otherwise, and what is changed for
/// one is changed for both.
fn one_path(directories: &[&VirtualDirectory], findings: &mut Vec<Finding>) {
    let mut places: BTreeMap<(String, String), Vec<&VirtualDirectory>> = BTreeMap::new();
    for directory in directories {
        let Some(path) = &directory.path else {
            continue;
        };
        let path = path.replace('/', "\\").to_lowercase();
        let path = path.trim_end_matches('\\').to_owned();
        let place = (directory.server.to_lowercase(), path);
        places.entry(place).or_default().push(directory);
    }
    for ((_, path), sharing) in places {
        let [first, .., last] = sharing.as_slice() else {
            continue;
        };
        let [one, other] = match is_external(first) {
            true => [last, first],
            false => [first, last],
        };
        let removed = format!("Remove-{}VirtualDirectory", noun(other.kind));
        findings.push(Finding::error(
            "two-directories-one-path",
            format!(
                "{} and {} show the one folder {path}: a setting for outside is a setting for inside",
                one.identity(),
                other.identity()
            ),
            format!(
                "{removed} -Identity {}, then wicketgate script exchange",
                literal(&other.identity())
            ),
        ));
    }
}

/// What the gate uses of each kind on each server: the external directory where there is one.
fn used<'f>(directories: &[&'f VirtualDirectory]) -> Vec<&'f VirtualDirectory> {
    let is_hidden = |it: &VirtualDirectory| {
        let is_replaced = directories.iter().any(|other| {
            is_external(other)
                && other.kind == it.kind
                && other.server.eq_ignore_ascii_case(&it.server)
        });
        it.site() == Some(OWN_SITES[1]) || (!is_external(it) && is_replaced)
    };
    let used = directories.iter().filter(|it| !is_hidden(it));
    used.copied().collect()
}

pub(super) fn is_external(directory: &VirtualDirectory) -> bool {
    let is_own = |site: &str| OWN_SITES.iter().any(|own| own.eq_ignore_ascii_case(site));
    directory.site().is_some_and(|site| !is_own(site))
}

/// Extended Protection belongs where only the gate comes, and nowhere on Autodiscover.
fn protection(
    directory: &VirtualDirectory,
    directories: &[&VirtualDirectory],
    findings: &mut Vec<Finding>,
) {
    let identity = directory.identity();
    let checking = |value: &str| {
        let set = set_only(directory.kind);
        format!(
            "{set} -Identity {} -ExtendedProtectionTokenChecking {value}",
            literal(&identity)
        )
    };
    let protection = directory.extended_protection;
    if directory.kind == Kind::Autodiscover {
        if matches!(protection, Some(Protection::Allow | Protection::Require)) {
            findings.push(Finding::warning(
                "extended-protection-on-autodiscover",
                format!("{identity} asks for channel bindings, which Exchange does not support on Autodiscover"),
                checking("None"),
            ));
        }
        return;
    }
    if !is_external(directory) || protection != Some(Protection::None) {
        return;
    }
    let inside = directories.iter().find(|it| {
        let is_same =
            it.kind == directory.kind && it.server.eq_ignore_ascii_case(&directory.server);
        let asks = !matches!(it.extended_protection, None | Some(Protection::None));
        is_same && asks && !is_external(it)
    });
    findings.push(match inside {
        Some(inside) => Finding::error(
            "extended-protection-on-wrong-directory",
            format!(
                "{} asks clients inside for channel bindings, and {identity}, where only the gate comes, asks for none",
                inside.identity()
            ),
            checking("Require"),
        ),
        None => Finding::warning(
            "extended-protection-missing",
            format!("{identity} asks for no channel binding: a token that was taken from the gate would be good there"),
            checking("Require"),
        ),
    });
}

/// S50: clients outside are told a published name.
fn external_url(
    directory: &VirtualDirectory,
    deployment: &Deployment,
    findings: &mut Vec<Finding>,
) {
    let (path, is_told) = match directory.kind {
        Kind::Ews => ("EWS/Exchange.asmx", true),
        Kind::ActiveSync => ("Microsoft-Server-ActiveSync", true),
        _ => ("", false),
    };
    let Some(published) = deployment.exchange.first().filter(|_| is_told) else {
        return;
    };
    let url = directory.external_url.as_deref().unwrap_or_default();
    let host = url
        .split("//")
        .nth(1)
        .and_then(|it| it.split(['/', ':']).next());
    let host = host.unwrap_or_default();
    if deployment
        .exchange
        .iter()
        .any(|it| it.host.eq_ignore_ascii_case(host))
    {
        return;
    }
    let said = match url {
        "" => "no external address".to_owned(),
        url => format!("the external address {url}"),
    };
    findings.push(Finding::warning(
        "external-url-differs",
        format!(
            "{} has {said}, and Exchange is published as {}",
            directory.identity(),
            published.host
        ),
        format!(
            "{} -Identity {} -ExternalUrl {}",
            set_only(directory.kind),
            literal(&directory.identity()),
            literal(&format!("https://{}/{path}", published.host))
        ),
    ));
}

pub(super) fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Ews | Kind::Other => "WebServices",
        Kind::Autodiscover => "Autodiscover",
        Kind::ActiveSync => "ActiveSync",
        Kind::Mapi => "Mapi",
        Kind::Oab => "Oab",
    }
}

pub(super) fn set_only(kind: Kind) -> String {
    format!("Set-{}VirtualDirectory", noun(kind))
}

/// The command that sets Windows authentication, which each kind calls otherwise.
fn set(kind: Kind, usual: &str) -> String {
    let parameter = match kind {
        Kind::ActiveSync => "WindowsAuthEnabled $true",
        Kind::Mapi => "IISAuthenticationMethods Ntlm,Negotiate,OAuth",
        _ => usual,
    };
    format!("{} -{parameter}", set_only(kind))
}
