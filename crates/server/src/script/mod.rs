//! The PowerShell that `wicketgate script` prints: what Windows must be told, with why, and how to undo it.
//!
//! Nothing here runs anything. A script is a head, the values of this configuration, and a body that
//! is the same for everybody; the bodies are in `body/`. Start at [`script`].

mod powershell;

use clap::ValueEnum;

use crate::deployment::{BackEnd, Deployment};
pub(crate) use powershell::literal;
use powershell::{assign, comment, list};

/// Stands in a value that somebody must replace; the scripts refuse to run while one is left.
const REPLACE: &str = "REPLACE";

/// What a script is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Topic {
    /// The gate's account in Active Directory: SPNs, delegation, AES, its keytab
    Ad,
    /// An external site of Exchange with directories of its own
    Exchange,
    /// Kerberos and Windows authentication of Lync's web services, and passive mode
    Lync,
    /// What the Edge and the registrars offer SIP clients
    Edge,
    /// Reads, and changes nothing: the facts that `wicketgate doctor --facts` judges
    Facts,
    /// Reads, and changes nothing: the export of AD FS that `wicketgate trust import-adfs` looks at
    AdfsExport,
}

impl Topic {
    /// Whether the script is the same whatever the configuration says, so that none is needed.
    pub(crate) fn is_the_same_everywhere(self) -> bool {
        matches!(self, Self::AdfsExport)
    }
}

/// The script of a topic that is the same everywhere.
pub(crate) fn unchanging(topic: Topic) -> String {
    let (head, body) = parts(topic);
    format!("{head}\n{body}")
}

/// What is the same in every script of a topic: what stands before the values, and after them.
fn parts(topic: Topic) -> (&'static str, &'static str) {
    match topic {
        Topic::Ad => (
            include_str!("body/ad.head.ps1"),
            include_str!("body/ad.ps1"),
        ),
        Topic::Exchange => (
            include_str!("body/exchange.head.ps1"),
            include_str!("body/exchange.ps1"),
        ),
        Topic::Lync => (
            include_str!("body/lync.head.ps1"),
            include_str!("body/lync.ps1"),
        ),
        Topic::Edge => (
            include_str!("body/edge.head.ps1"),
            include_str!("body/edge.ps1"),
        ),
        Topic::Facts => (
            include_str!("body/facts.head.ps1"),
            include_str!("body/facts.ps1"),
        ),
        Topic::AdfsExport => (
            include_str!("body/adfs-export.head.ps1"),
            include_str!("body/adfs-export.ps1"),
        ),
    }
}

/// The script of a topic.
pub(crate) fn script(topic: Topic, deployment: &Deployment) -> String {
    let (head, body) = parts(topic);
    let values = match topic {
        Topic::Ad => ad(deployment),
        Topic::Exchange => exchange(deployment),
        Topic::Lync => lync(deployment),
        Topic::Edge | Topic::AdfsExport => String::new(),
        Topic::Facts => facts(deployment),
    };
    let heading = match values.is_empty() {
        true => String::new(),
        false => "# ---- What the gate's configuration says\n\n".to_owned(),
    };
    format!("{head}\n{heading}{values}{body}")
}

fn ad(deployment: &Deployment) -> String {
    let mut values = String::new();
    let script = &mut values;
    domain(script, deployment);
    account(script, deployment);
    published(script, deployment);
    back_ends(script, deployment);
    servers(script, deployment);
    values
}

fn facts(deployment: &Deployment) -> String {
    let mut values = String::new();
    let script = &mut values;
    account(script, deployment);
    published(script, deployment);
    assign(
        script,
        "The services that the gate may ask tokens for; their holders are read, too.",
        "BackEndSpns",
        &list(&deployment.back_end_spns()),
    );
    values
}

fn exchange(deployment: &Deployment) -> String {
    let mut values = String::new();
    let script = &mut values;
    let published = deployment.exchange.first();
    let back_end = published.and_then(|it| deployment.back_end(&it.farm));
    let why = "The published name of Exchange: what clients outside are told.";
    let host = format!("{REPLACE}.example.com");
    let host = published.map_or(host.as_str(), |it| it.host.as_str());
    assign(script, why, "PublishedHost", &literal(host));
    if deployment.exchange.len() > 1 {
        let rest = deployment.exchange.iter().skip(1);
        let rest: Vec<&str> = rest.map(|it| it.host.as_str()).collect();
        let more = format!(
            "REPLACE: the configuration publishes {}, too; run this again for it, with the name above changed.",
            rest.join(", ")
        );
        script.push_str(&comment(&more));
        script.push_str("\n\n");
    }
    let told: Vec<&str> = back_end
        .into_iter()
        .flat_map(|it| it.told_hosts.iter().map(String::as_str))
        .collect();
    let (why, bound) = match told.is_empty() {
        true => (
            "REPLACE: the farm has no `host_header`, so that the site is bound to the published name. If that name \
             leads to Exchange inside, take another, which does not resolve on the LAN, and set `host_header`.",
            vec![host],
        ),
        false => (
            "The Host headers that the gate sends (`host_header`): the site is bound to them. They must not resolve \
             on the LAN.",
            told,
        ),
    };
    assign(script, why, "SiteHosts", &list(&bound));
    assign(
        script,
        "REPLACE: the thumbprint of the site's certificate; the gate verifies its name (`tls_name`).",
        "CertificateThumbprint",
        &literal(REPLACE),
    );
    values
}

fn lync(deployment: &Deployment) -> String {
    let mut values = String::new();
    let script = &mut values;
    domain(script, deployment);
    assign(
        script,
        "The published names of Lync's web services, one for each pool and Director (`web_host`).",
        "WebHosts",
        &list(&deployment.lync_hosts),
    );
    let passive = &deployment.passive_hosts;
    assign(
        script,
        "Those of pools in passive mode (`passive = true`).",
        "PassiveHosts",
        &list(passive),
    );
    let at = |origin: &str| format!("{origin}/FederationMetadata/2007-06/FederationMetadata.xml");
    let adfs = &deployment.passive_adfs;
    let takes_ours = passive.iter().any(|host| !adfs.contains_key(host));
    let (why, address) = match (takes_ours, &deployment.sts) {
        (false, _) => (
            "Where the metadata of the security token service is: no pool takes its tokens.",
            String::new(),
        ),
        (true, Some(origin)) => (
            "Where the metadata of the security token service is; the front ends must reach it.",
            at(origin),
        ),
        (true, None) => (
            "REPLACE: where the metadata of the security token service is; the front ends must reach it.",
            at(&format!("https://{REPLACE}")),
        ),
    };
    assign(script, why, "StsMetadataUri", &literal(&address));
    let lines = adfs
        .iter()
        .map(|(host, origin)| format!("    {} = {}\n", literal(host), literal(&at(origin))));
    let lines: String = lines.collect();
    let lines = match lines.is_empty() {
        true => lines,
        false => format!("\n{lines}"),
    };
    assign(
        script,
        "Where that of the AD FS is whose tokens a passive pool takes (`passive_adfs`), by the pool's published name.",
        "AdfsMetadataUris",
        &format!("@{{{lines}}}"),
    );
    assign(
        script,
        "REPLACE: the account that all front ends of a site decrypt tickets with; the cmdlets want it without `$`.",
        "KerberosAccount",
        &literal(&format!("{}\\LyncKerb", deployment.domain)),
    );
    let of_lync = |it: &&BackEnd| {
        !deployment
            .exchange
            .iter()
            .any(|other| other.farm == it.farm)
    };
    let spns = deployment.back_ends.iter().filter(of_lync);
    let spns: Vec<&str> = spns
        .flat_map(|it| it.spns.iter().map(String::as_str))
        .collect();
    assign(
        script,
        "The SPNs by which the gate asks for tokens to them, beside those that Enable-CsTopology writes.",
        "PoolSpns",
        &list(&spns),
    );
    values
}

fn domain(script: &mut String, deployment: &Deployment) {
    let Deployment { domain, realm, .. } = deployment;
    assign(
        script,
        "The domain (`names.domain`).",
        "Domain",
        &literal(domain),
    );
    assign(
        script,
        "Its Kerberos realm (`names.dns_domain`).",
        "Realm",
        &literal(realm),
    );
}

fn account(script: &mut String, deployment: &Deployment) {
    let why = match deployment.gateway.is_configured {
        true => "The gate's account.",
        false => {
            "REPLACE: the gate's account; the configuration names none, this one is a proposal."
        }
    };
    assign(
        script,
        why,
        "GatewayAccount",
        &literal(&deployment.gateway.name),
    );
}

fn published(script: &mut String, deployment: &Deployment) {
    assign(
        script,
        "The published names: clients ask for tickets to them, and the gate takes those.",
        "PublishedSpns",
        &list(&deployment.published_spns()),
    );
}

/// The services behind; one that the configuration does not name keeps the script from running.
fn back_ends(script: &mut String, deployment: &Deployment) {
    let mut spns: Vec<String> = Vec::new();
    for back_end in &deployment.back_ends {
        if back_end.spns.is_empty() {
            script.push_str(&comment(&format!(
                "REPLACE: the farm `{}` has no SPN in the configuration. It is the one of the dedicated account \
                 that its service runs under, never of a server.",
                back_end.farm
            )));
            script.push('\n');
            spns.push(format!("HTTP/{REPLACE}-{}", back_end.farm));
        }
        spns.extend(back_end.spns.iter().cloned());
    }
    spns.sort();
    spns.dedup();
    assign(
        script,
        "The services that the gate may reach as a user: exactly these, and nothing else.",
        "BackEndSpns",
        &list(&spns),
    );
    for (back_end, spn) in server_names(deployment) {
        script.push_str(&comment(&format!(
            "WARNING: {spn} (farm `{back_end}`) names a server that the gate connects to. Where that name is the \
             machine's own, delegation to it would be delegation to everything on the machine; the script stops \
             there. Give the service an account and a name of its own."
        )));
        script.push_str("\n\n");
    }
}

/// The SPNs whose host is the name of a server.
fn server_names(deployment: &Deployment) -> Vec<(&str, &str)> {
    let mut named = Vec::new();
    for back_end in &deployment.back_ends {
        for spn in &back_end.spns {
            let host = spn.split('/').nth(1).unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default();
            let is_server = |server: &String| server.eq_ignore_ascii_case(host);
            if back_end.servers.iter().any(is_server) {
                named.push((back_end.farm.as_str(), spn.as_str()));
            }
        }
    }
    named
}

fn servers(script: &mut String, deployment: &Deployment) {
    assign(
        script,
        "The servers that the gate connects to: none of their own accounts may be delegated to.",
        "ServerNames",
        &list(&deployment.servers()),
    );
}

#[cfg(test)]
pub(crate) mod tests;
