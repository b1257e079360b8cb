//! Lync: names, Windows authentication and its account, what SIP is offered, and what phones may do.

use std::collections::BTreeSet;

use proto::facts::{Lync, Proxy, Service, WebService, WindowsAuth};

use super::Finding;
use crate::deployment::Deployment;
use crate::script::literal;

/// What is wrong with Lync.
pub(super) fn judge(lync: &Lync, deployment: &Deployment, findings: &mut Vec<Finding>) {
    if deployment.lync_hosts.is_empty() {
        return;
    }
    let is_published = |service: &&Service| {
        let name = service.external_fqdn.as_deref().unwrap_or_default();
        let mut hosts = deployment.lync_hosts.iter();
        hosts.any(|host| host.eq_ignore_ascii_case(name))
    };
    let web = lync.services.iter().filter(|it| role(it) == "webserver");
    let (mut published, other): (Vec<&Service>, Vec<&Service>) = web.partition(is_published);
    for host in &deployment.lync_hosts {
        let is_it = |it: &&Service| is_same(it.external_fqdn.as_deref().unwrap_or_default(), host);
        if !published.iter().any(is_it) {
            findings.push(web_host_differs(host, &other));
        }
    }
    let mut is_passive = false;
    for service in &published {
        let configuration = of(service, &lync.web_service, |it| &it.identity);
        is_passive |= configuration.and_then(|it| it.use_passive_auth) == Some(true);
        let shall_be_passive = is_of_passive(service, deployment);
        findings.extend(configuration.and_then(|it| match shall_be_passive {
            true => passive_auth(service, it),
            false => windows_auth(service, it),
        }));
    }
    published.retain(|service| !is_of_passive(service, deployment));
    kerberos_accounts(lync, &published, deployment, findings);
    for service in &lync.services {
        sip(service, lync, findings);
    }
    mobility(lync, is_passive, findings);
}

fn role(service: &Service) -> String {
    service.role_and_pool().0.to_ascii_lowercase()
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The configuration that a service goes by: its own, its site's, the global one.
fn of<'c, C>(service: &Service, all: &'c [C], identity: impl Fn(&C) -> &String) -> Option<&'c C> {
    let named = |name: &str| all.iter().find(|it| is_same(identity(it), name));
    let own = named(&format!("Service:{}", service.identity));
    let of_site = || service.site.as_deref().and_then(named);
    own.or_else(of_site).or_else(|| named("Global"))
}

fn web_host_differs(host: &str, other: &[&Service]) -> Finding {
    let (said, pool) = match other {
        [one] => {
            let name = one.external_fqdn.as_deref().unwrap_or("nothing");
            (
                format!("{} is called {name} outside", one.identity),
                one.identity.as_str(),
            )
        }
        _ => ("no web service has that name".to_owned(), "WebServer:POOL"),
    };
    Finding::error(
        "web-host-differs",
        format!("the gate publishes {host}, but {said}"),
        format!(
            "Set-CsWebServer -Identity {} -ExternalFqdn {}",
            literal(pool),
            literal(host)
        ),
    )
}

fn windows_auth(service: &Service, configuration: &WebService) -> Option<Finding> {
    let (id, what) = match configuration.use_windows_auth? {
        WindowsAuth::Negotiate => return None,
        WindowsAuth::Ntlm => ("windows-auth-ntlm-only", "takes NTLM but no Kerberos"),
        WindowsAuth::None => ("windows-auth-off", "takes no Windows authentication"),
    };
    let identity = &configuration.identity;
    Some(Finding::error(
        id,
        format!(
            "{} {what} (configuration {identity}), so that the gate's Kerberos token is refused",
            service.identity
        ),
        format!(
            "Set-CsWebServiceConfiguration -Identity {} -UseWindowsAuth Negotiate",
            literal(identity)
        ),
    ))
}

fn is_of_passive(service: &Service, deployment: &Deployment) -> bool {
    let name = service.external_fqdn.as_deref().unwrap_or_default();
    let mut hosts = deployment.passive_hosts.iter();
    hosts.any(|host| is_same(host, name))
}

/// What keeps clients of a pool that is published as passive from its page (S67).
fn passive_auth(service: &Service, configuration: &WebService) -> Option<Finding> {
    let is_on = configuration.use_passive_auth != Some(false);
    let (id, what) = match configuration.use_windows_auth {
        _ if !is_on => ("passive-off", "has the passive logon off"),
        Some(WindowsAuth::Negotiate | WindowsAuth::Ntlm) => (
            "passive-with-windows-auth",
            "offers a Windows logon beside the passive one, which clients take first",
        ),
        Some(WindowsAuth::None) | None => return None,
    };
    let identity = &configuration.identity;
    Some(Finding::error(
        id,
        format!(
            "{} {what} (configuration {identity}), but the gate publishes it as passive",
            service.identity
        ),
        format!(
            "Set-CsWebServiceConfiguration -Identity {} -UseWsFedPassiveAuth $true -UseWindowsAuth None",
            literal(&format!("Service:{}", service.identity))
        ),
    ))
}

fn kerberos_accounts(
    lync: &Lync,
    published: &[&Service],
    deployment: &Deployment,
    findings: &mut Vec<Finding>,
) {
    let sites: BTreeSet<&str> = published
        .iter()
        .filter_map(|it| it.site.as_deref())
        .collect();
    for site in sites {
        let mut assigned = lync.kerberos_accounts.iter();
        if assigned.any(|it| is_same(&it.identity, site) && it.account.is_some()) {
            continue;
        }
        let account = format!("{}\\LyncKerb", deployment.domain);
        findings.push(Finding::error(
            "lync-kerberos-account-missing",
            format!("{site} has no Kerberos account: its web services run as the machine, to which nothing is delegated"),
            format!(
                "New-CsKerberosAccountAssignment -Identity {} -UserAccount {}",
                literal(site),
                literal(&account)
            ),
        ));
    }
}

/// S68: what SIP clients may sign in by, past every gate of HTTP.
fn sip(service: &Service, lync: &Lync, findings: &mut Vec<Finding>) {
    let is_edge = match role(service).as_str() {
        "edgeserver" => true,
        "registrar" => false,
        _ => return,
    };
    let configuration = of(service, &lync.proxy, |it| &it.identity);
    let identity = format!("Service:{}", service.identity);
    let is_own = configuration.is_some_and(|it| is_same(&it.identity, &identity));
    let verb = if is_own { "Set" } else { "New" };
    let mend = |settings: &str| {
        format!(
            "{verb}-CsProxyConfiguration -Identity {} {settings}",
            literal(&identity)
        )
    };
    // What is not configured at all is on.
    let is_on =
        |flag: fn(&Proxy) -> Option<bool>| configuration.is_none_or(|it| flag(it) == Some(true));
    let name = &service.identity;
    let off = "-UseNtlmForClientToProxyAuth $false";
    if is_on(|it| it.ntlm) {
        findings.push(match is_edge {
            true => Finding::error(
                "edge-takes-ntlm",
                format!("{name} takes NTLM from SIP clients outside: domain passwords can be guessed past the gate"),
                mend(&format!("{off} -UseKerberosForClientToProxyAuth $false")),
            ),
            false => Finding::error(
                "registrar-takes-ntlm",
                format!("{name} takes NTLM from SIP clients, also from those that come through the Edge"),
                mend(off),
            ),
        });
    }
    if is_edge && is_on(|it| it.kerberos) {
        findings.push(Finding::warning(
            "edge-takes-kerberos",
            format!(
                "{name} offers Kerberos to SIP clients outside, who reach no domain controller"
            ),
            mend("-UseKerberosForClientToProxyAuth $false"),
        ));
    }
    if configuration.and_then(|it| it.certificate) == Some(false) {
        findings.push(Finding::error(
            "sip-without-certificates",
            format!(
                "{name} takes no certificate, which is all that an app password gets a SIP client"
            ),
            mend("-UseCertificateForClientToProxyAuth $true"),
        ));
    }
}

fn mobility(lync: &Lync, is_passive: bool, findings: &mut Vec<Finding>) {
    for policy in &lync.mobility {
        let name = &policy.identity;
        let mend =
            |setting: &str| format!("Set-CsMobilityPolicy -Identity {} {setting}", literal(name));
        if policy.enable_mobility == Some(false) {
            findings.push(Finding::warning(
                "mobility-off",
                format!("the mobility policy {name} keeps phones out"),
                mend("-EnableMobility $true"),
            ));
        }
        if is_passive && policy.allow_exchange_connectivity == Some(true) {
            findings.push(Finding::error(
                "mobility-exchange-in-passive-mode",
                format!(
                    "the mobility policy {name} lets the Lync client sign in to Exchange, which in passive mode has no \
                     password for it and asks again and again"
                ),
                mend("-AllowExchangeConnectivity $false"),
            ));
        }
        if policy.allow_save_credentials == Some(false) {
            findings.push(Finding::warning(
                "mobility-password-not-kept",
                format!("the mobility policy {name} has people type their app password each time"),
                mend("-AllowSaveCredentials $true"),
            ));
        }
    }
}
