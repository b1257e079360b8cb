//! Active Directory: whose account the gate has, what it may do as a user, and who holds which name.

use std::collections::{BTreeMap, BTreeSet};

use proto::facts::{Account, ActiveDirectory};

use super::Finding;
use crate::deployment::Deployment;
use crate::script::literal;

/// The oldest that the gate's key may be, in days.
const MAX_PASSWORD_AGE: i64 = 365;
/// Stands for the account that a back end's service should have.
const SERVICE: &str = "SERVICE-ACCOUNT";
/// What makes the account, and puts it right.
const SCRIPT: &str = "wicketgate script ad";

/// What is wrong in Active Directory.
pub(super) fn judge(ad: &ActiveDirectory, deployment: &Deployment, findings: &mut Vec<Finding>) {
    let name = match (&ad.gateway, deployment.gateway.is_configured) {
        (Some(told), false) => told,
        _ => &deployment.gateway.name,
    };
    duplicates(ad, findings);
    let gateway = ad
        .accounts
        .iter()
        .find(|it| it.name.eq_ignore_ascii_case(name));
    let Some(gateway) = gateway else {
        let what =
            format!("there is no account {name}, by which the gate would reach its back ends");
        findings.push(Finding::error("gateway-account-missing", what, SCRIPT));
        return;
    };
    account(gateway, findings);
    published(ad, gateway, deployment, findings);
    let configured = deployment.back_end_spns();
    delegation(gateway, &configured, findings);
    let asked = gateway.delegates_to.iter().map(String::as_str);
    let asked: BTreeSet<String> = asked.chain(configured).map(str::to_lowercase).collect();
    for spn in &asked {
        target(ad, spn, findings);
    }
}

/// The gate's own account.
fn account(gateway: &Account, findings: &mut Vec<Finding>) {
    let name = &gateway.name;
    let identity = literal(name);
    if gateway.is_computer() == Some(false) {
        findings.push(Finding::error(
            "gateway-is-a-user",
            format!("the gate's account {name} is a user: five wrong passwords from a stranger lock everybody out"),
            SCRIPT,
        ));
    }
    if gateway.is_disabled() == Some(true) {
        findings.push(Finding::error(
            "gateway-disabled",
            format!("the gate's account {name} is disabled"),
            format!("Enable-ADAccount -Identity {identity}"),
        ));
    }
    if gateway.has_protocol_transition() == Some(false) {
        findings.push(Finding::error(
            "gateway-without-protocol-transition",
            format!(
                "the gate's account {name} may not act for users who signed in by app password"
            ),
            format!("Set-ADAccountControl -Identity {identity} -TrustedToAuthForDelegation $true"),
        ));
    }
    if gateway.is_trusted_for_delegation() == Some(true) {
        findings.push(Finding::error(
            "gateway-delegates-everywhere",
            format!("the gate's account {name} may pass users on to every service of the domain"),
            format!("Set-ADAccountControl -Identity {identity} -TrustedForDelegation $false"),
        ));
    }
    if gateway.is_without_pac() == Some(true) {
        findings.push(Finding::error(
            "gateway-without-pac",
            format!(
                "tickets for the gate's account {name} come without a PAC, so that nobody is signed in or passed on by them"
            ),
            format!(
                "$flags = (Get-ADComputer {identity} -Properties userAccountControl).userAccountControl; Set-ADComputer \
                 {identity} -Replace @{{ userAccountControl = $flags -band -bnot 0x2000000 }}"
            ),
        ));
    }
    let types = "-Replace @{ 'msDS-SupportedEncryptionTypes' = 24 }, then a new key";
    if !gateway.has_aes() {
        findings.push(Finding::error(
            "gateway-without-aes",
            format!("the gate's account {name} has no AES, and the gate takes nothing else"),
            format!("Set-ADComputer -Identity {identity} {types}"),
        ));
    } else if gateway.has_old_types() {
        findings.push(Finding::warning(
            "gateway-takes-rc4",
            format!("the gate's account {name} takes RC4 or DES beside AES"),
            format!("Set-ADComputer -Identity {identity} {types}"),
        ));
    }
    if let Some(age) = gateway.password_age.filter(|age| *age > MAX_PASSWORD_AGE) {
        findings.push(Finding::warning(
            "gateway-key-old",
            format!("the key of the gate's account {name} is {age} days old; {MAX_PASSWORD_AGE} are the most"),
            ".\\ad.ps1 -RollKey (of wicketgate script ad)",
        ));
    }
}

/// Published names belong to the gate's account.
fn published(
    ad: &ActiveDirectory,
    gateway: &Account,
    deployment: &Deployment,
    findings: &mut Vec<Finding>,
) {
    for spn in deployment.published_spns() {
        if gateway.holds(&spn) {
            continue;
        }
        let holder = ad.accounts.iter().find(|it| it.holds(&spn));
        findings.push(match holder {
            Some(holder) => Finding::error(
                "published-spn-on-another-account",
                format!(
                    "{spn} is published by the gate, but {} holds it",
                    holder.name
                ),
                format!(
                    "{}; {}",
                    take(&spn, &holder.name),
                    give(&spn, &gateway.name)
                ),
            ),
            None => Finding::warning(
                "published-spn-missing",
                format!("nobody holds {spn}: clients inside get no ticket to the gate"),
                give(&spn, &gateway.name),
            ),
        });
    }
}

/// A name that two accounts hold works for neither.
fn duplicates(ad: &ActiveDirectory, findings: &mut Vec<Finding>) {
    let mut holders: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for account in &ad.accounts {
        for spn in &account.spns {
            let holding = holders.entry(spn.to_lowercase()).or_default();
            holding.insert(&account.name);
        }
    }
    for (spn, holding) in holders {
        let names: Vec<&str> = holding.into_iter().collect();
        if let [_, .., last] = names.as_slice() {
            findings.push(Finding::error(
                "duplicate-spn",
                format!(
                    "{spn} is held by {}; a ticket to it is for nobody",
                    names.join(" and ")
                ),
                format!("{} (or the one that should not hold it)", take(&spn, last)),
            ));
        }
    }
}

/// The list says what the configuration does.
fn delegation(gateway: &Account, configured: &[&str], findings: &mut Vec<Finding>) {
    let identity = literal(&gateway.name);
    let set = |verb: &str, spn: &str| {
        format!(
            "Set-ADComputer -Identity {identity} -{verb} @{{ 'msDS-AllowedToDelegateTo' = {} }}",
            literal(spn)
        )
    };
    let listed = &gateway.delegates_to;
    if listed.is_empty() && configured.is_empty() {
        let what = format!(
            "the gate's account {} may reach no service as a user",
            gateway.name
        );
        findings.push(Finding::error("delegation-incomplete", what, SCRIPT));
    }
    for spn in configured {
        if !listed.iter().any(|it| it.eq_ignore_ascii_case(spn)) {
            findings.push(Finding::error(
                "delegation-incomplete",
                format!(
                    "the gate's account {} may not reach {spn} as a user",
                    gateway.name
                ),
                set("Add", spn),
            ));
        }
    }
    for spn in listed {
        let is_configured = configured.iter().any(|it| it.eq_ignore_ascii_case(spn));
        if class(spn).eq_ignore_ascii_case("HTTP") && (is_configured || configured.is_empty()) {
            continue;
        }
        let (id, what) = match class(spn).eq_ignore_ascii_case("HTTP") {
            true => (
                "delegation-too-wide",
                "which the configuration does not name",
            ),
            false => ("delegation-to-another-service", "which is no web service"),
        };
        findings.push(Finding::error(
            id,
            format!(
                "the gate's account {} may reach {spn} as a user, {what}",
                gateway.name
            ),
            set("Remove", spn),
        ));
    }
}

/// Who a service is: one account that is no machine's, and has AES.
fn target(ad: &ActiveDirectory, spn: &str, findings: &mut Vec<Finding>) {
    let holder = ad.accounts.iter().find(|it| it.holds(spn));
    let host = host(spn);
    let is_of_host = |account: &&Account| {
        let named = account.dns_host_name.as_deref().unwrap_or_default();
        let is_named = named.eq_ignore_ascii_case(host) && !host.is_empty();
        account.is_machine() && (is_named || account.holds(&format!("HOST/{host}")))
    };
    // Where no account holds HTTP/..., AD takes HOST/... for it.
    let machine = match holder {
        Some(holder) => Some(holder).filter(|it| it.is_machine()),
        None => ad.accounts.iter().find(is_of_host),
    };
    if let Some(machine) = machine {
        findings.push(Finding::error(
            "delegation-to-machine-account",
            format!(
                "{spn} is the machine account {}: whoever reaches it as a user reaches everything on that machine",
                machine.name
            ),
            match machine.holds(spn) {
                true => format!("{}; {}", take(spn, &machine.name), give(spn, SERVICE)),
                false => give(spn, SERVICE),
            },
        ));
        return;
    }
    let Some(holder) = holder else {
        findings.push(Finding::error(
            "spn-held-by-nobody",
            format!("nobody holds {spn}, so that there is no ticket to it"),
            give(spn, SERVICE),
        ));
        return;
    };
    let identity = literal(&holder.name);
    if !holder.has_aes() {
        findings.push(Finding::error(
            "target-without-aes",
            format!("{} holds {spn} and has no AES: tickets to it would be RC4, which the gate does not take", holder.name),
            format!(
                "Get-ADObject -Filter {{ sAMAccountName -eq {identity} }} | Set-ADObject -Replace @{{ \
                 'msDS-SupportedEncryptionTypes' = 24 }}, then a new password"
            ),
        ));
    }
    if holder.is_disabled() == Some(true) {
        findings.push(Finding::error(
            "target-disabled",
            format!("{} holds {spn} and is disabled", holder.name),
            format!("Enable-ADAccount -Identity {identity}"),
        ));
    }
}

/// Takes a name from an account.
fn take(spn: &str, account: &str) -> String {
    format!("setspn -D {} {}", argument(spn), argument(account))
}

/// Gives a name to an account, unless another one holds it.
fn give(spn: &str, account: &str) -> String {
    format!("setspn -S {} {}", argument(spn), argument(account))
}

/// A name as an argument of `setspn`: as it is where nothing in it means anything to a shell.
fn argument(name: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.$/:".contains(it);
    match name.chars().all(is_plain) {
        true => name.to_owned(),
        false => literal(name),
    }
}

fn class(spn: &str) -> &str {
    spn.split('/').next().unwrap_or_default()
}

/// The host of a name such as `HTTP/pool01.contoso.local:4443`.
fn host(spn: &str) -> &str {
    let rest = spn.split('/').nth(1).unwrap_or_default();
    rest.split(':').next().unwrap_or_default()
}
