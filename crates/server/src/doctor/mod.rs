//! What is wrong with a deployment, and what mends it: one [`Finding`] for each thing.
//!
//! Judging is apart from asking: [`judge`] takes facts and gives findings, and never opens anything;
//! [`facts_of`] reads files. [`clients_in`] reads logs. [`wire::judge`] takes what [`crate::look`] saw. Silence means that nothing was found wanting, so that whatever could not be
//! looked at is a finding, too.

mod ad;
mod agents;
mod clients;
mod exchange;
mod lync;
mod trusts;
mod unchanged;
pub(crate) mod wire;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use authn::credential::grant::BoundTo;
use authn::policy::Policy;
use proto::facts::{ActiveDirectory, Facts, MAX_BYTES};
use serde::Serialize;

use crate::deployment::Deployment;

pub(crate) use clients::clients_in;
pub(crate) use trusts::of_trusts;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What kind of thing it is; the guide lists them, and monitoring may rely on them.
    pub(crate) id: &'static str,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What is wrong, in one sentence.
    pub(crate) what: String,
    /// A command that mends it.
    pub(crate) mend: String,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Somebody cannot sign in, or somebody can who must not.
    Error,
    /// It works today.
    Warning,
}

impl Finding {
    /// Something that keeps people out, or lets strangers in.
    pub(crate) fn error(id: &'static str, what: impl AsRef<str>, mend: impl AsRef<str>) -> Self {
        Self::new(id, Severity::Error, what.as_ref(), mend.as_ref())
    }

    /// Something that works today.
    pub(crate) fn warning(id: &'static str, what: impl AsRef<str>, mend: impl AsRef<str>) -> Self {
        Self::new(id, Severity::Warning, what.as_ref(), mend.as_ref())
    }

    fn new(id: &'static str, severity: Severity, what: &str, mend: &str) -> Self {
        Self {
            id,
            severity,
            what: printable(what),
            mend: printable(mend),
        }
    }
}

/// A text without what moves the cursor of a terminal.
///
/// SECURITY: names and words come from files and from the network.
fn printable(text: &str) -> String {
    let shown = |it: char| if it.is_control() { '?' } else { it };
    text.chars().map(shown).collect()
}

/// Reads files of facts as one.
///
/// # Errors
///
/// One of them cannot be read, or holds none; it is named.
pub(crate) fn facts_of(files: &[PathBuf]) -> Result<Facts, String> {
    let mut facts = Facts::default();
    for file in files {
        let bytes = bytes_of(file, MAX_BYTES).map_err(|it| format!("{}: {it}", file.display()))?;
        let read = Facts::parse(&bytes).map_err(|it| format!("{}: {it}", file.display()))?;
        facts = facts.merged(read);
    }
    Ok(facts)
}

/// The bytes of a file, of which one more than the cap is enough to know that it is too large.
fn bytes_of(file: &Path, cap: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What has changed of what clients inside use, from one run of the script to a later one (S45).
pub(crate) fn changed(before: &Facts, after: &Facts) -> Vec<Finding> {
    unchanged::judge(before, after)
}

/// What is said where there may be PINs for NTLM.
pub(crate) fn of_pins(are_on: bool) -> Option<Finding> {
    are_on.then(|| {
        let what = "PINs for NTLM are on: they are kept in a form that can be read with the key file, and one is guessed \
                    with its code from an exchange that somebody heard";
        let mend = "take \"ntlm-pin + one-time-code\" out of every [[policy]] and `pin` out of [ntlm]; `wicketgate \
                    app-password create` makes what NTLM is for";
        Finding::warning("ntlm-pin", what, mend)
    })
}

/// What is said where a grant is bound to what a client's TLS offers, and to nothing else.
pub(crate) fn of_grants(policy: &Policy) -> Option<Finding> {
    let mut rules = policy.rules.iter();
    let is_alone = rules.any(|it| it.grant_bound_to == BoundTo::TlsFingerprint);
    is_alone.then(|| {
        let what = "a [[policy]] has `grant_bound_to = \"tls-fingerprint\"`: whoever sees what somebody typed, and offers the \
                    same TLS, uses the grant of its code from anywhere";
        let mend = "write \"both\" or \"address\", unless those clients change their networks all day; then this is what \
                    it costs";
        Finding::warning("policy.grant-by-tls-alone", what, mend)
    })
}

/// What the directory shows to be wrong with the gate's account and those that it asks tickets for.
pub(crate) fn judge_accounts(
    read: &Result<ActiveDirectory, String>,
    deployment: &Deployment,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match read {
        Ok(accounts) => ad::judge(accounts, deployment, &mut findings),
        Err(why) => {
            let what = format!("the directory cannot be read: {why}");
            let mend = "wicketgate directory check";
            findings.push(Finding::warning("directory-silent", what, mend));
        }
    }
    findings
}

/// What facts show to be wrong with a deployment, the worst first.
pub(crate) fn judge(facts: &Facts, deployment: &Deployment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let whole = "wicketgate script facts";
    for problem in &facts.problems {
        let what = format!("the script could not read everything: {problem}");
        findings.push(Finding::warning("facts-incomplete", what, whole));
    }
    if !facts.missing.is_empty() {
        let what = format!("the facts do not say {}", facts.missing.join(", "));
        findings.push(Finding::warning("facts-incomplete", what, whole));
    }
    let parts = [
        (
            "Exchange",
            facts.exchange.is_none(),
            !deployment.exchange.is_empty(),
        ),
        (
            "Lync",
            facts.lync.is_none(),
            !deployment.lync_hosts.is_empty(),
        ),
        ("Active Directory", facts.ad.is_none(), true),
    ];
    for (part, is_missing, is_wanted) in parts {
        if is_missing && is_wanted {
            let what =
                format!("no file tells of {part}: run the script where its cmdlets are, too");
            findings.push(Finding::warning("facts-incomplete", what, whole));
        }
    }
    if let Some(directories) = &facts.exchange {
        exchange::judge(directories, deployment, &mut findings);
    }
    if let Some(lync) = &facts.lync {
        lync::judge(lync, deployment, &mut findings);
    }
    if let Some(ad) = &facts.ad {
        ad::judge(ad, deployment, &mut findings);
    }
    findings.sort_by_key(|it| it.severity);
    findings
}

#[cfg(test)]
mod tests;
