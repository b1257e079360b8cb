//! SIP: no gate of HTTP stands before it, so that what its edge offers decides where passwords can be guessed.

use super::super::Finding;

/// What the edge offers to somebody who has proved nothing.
pub(super) fn judge(edge: &str, offers: &Result<Vec<String>, String>) -> Vec<Finding> {
    let set = "Set-CsProxyConfiguration -Identity 'EdgeServer:FQDN-OF-THE-EDGE'";
    let offers = match offers {
        Ok(offers) => offers,
        Err(why) => {
            let what = format!("{edge} does not say what SIP clients may sign in by: {why}");
            let mend = format!("openssl s_client -connect {edge}");
            return vec![Finding::warning("sip-silent", what, mend)];
        }
    };
    let has = |scheme: &str| offers.iter().any(|it| it.eq_ignore_ascii_case(scheme));
    let mut findings = Vec::new();
    if has("NTLM") {
        findings.push(Finding::warning(
            "sip-offers-ntlm",
            format!(
                "{edge} offers NTLM to SIP clients: domain passwords can be guessed past the gate"
            ),
            format!("{set} -UseNtlmForClientToProxyAuth $false"),
        ));
    }
    if has("Kerberos") {
        findings.push(Finding::warning(
            "sip-offers-kerberos",
            format!(
                "{edge} offers Kerberos to SIP clients, who reach no domain controller from outside"
            ),
            format!("{set} -UseKerberosForClientToProxyAuth $false"),
        ));
    }
    if !has("TLS-DSK") {
        findings.push(Finding::warning(
            "sip-without-certificates",
            format!("{edge} takes no certificate (TLS-DSK), which is all that an app password gets a SIP client"),
            format!("{set} -UseCertificateForClientToProxyAuth $true"),
        ));
    }
    findings
}
