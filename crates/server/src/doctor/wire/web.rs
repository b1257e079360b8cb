//! HTTP: what back ends must offer to the gate, and what must not answer beside it.

use super::super::Finding;
use super::{Answer, Expected};

/// The port of a web ticket service that Windows sign-ins go to.
const WINDOWS_PORT: &str = "WebTicketServiceWinNegotiate";
const LYNC: &str = "Set-CsWebServiceConfiguration -Identity global -UseWindowsAuth Negotiate";
const EXCHANGE: &str = "Set-WebServicesVirtualDirectory -Identity 'SERVER\\EWS (SITE)' -WindowsAuthentication $true \
                        (Set-AutodiscoverVirtualDirectory for Autodiscover)";

/// What a back end answered to nobody.
pub(super) fn answer(
    whom: &str,
    path: &str,
    expected: Expected,
    got: &Result<Answer, String>,
) -> Vec<Finding> {
    let got = match got {
        Ok(got) => got,
        Err(why) => {
            let what = format!("{whom} does not answer at {path}: {why}");
            let mend = "wicketgate farm list, and the server's own event log";
            return vec![Finding::error("back-end-does-not-answer", what, mend)];
        }
    };
    match expected {
        Expected::Metadata => metadata(whom, path, got),
        Expected::LyncNegotiate => negotiate(whom, path, got, LYNC),
        Expected::ExchangeNegotiate => negotiate(whom, path, got, EXCHANGE),
    }
}

fn metadata(whom: &str, path: &str, got: &Answer) -> Vec<Finding> {
    match &got.ports {
        None => vec![Finding::error(
            "mex-unreadable",
            format!(
                "{whom} answers {} at {path} and no metadata: no client learns how to get a ticket",
                got.status
            ),
            "Get-CsWindowsService W3SVC, then iisreset on that front end",
        )],
        Some(ports) if ports.iter().any(|it| it == WINDOWS_PORT) => Vec::new(),
        Some(_) => vec![Finding::error(
            "mex-without-windows",
            format!(
                "the metadata of {whom} ({path}) has no port {WINDOWS_PORT}: PCs find no way to sign in"
            ),
            LYNC,
        )],
    }
}

fn negotiate(whom: &str, path: &str, got: &Answer, mend: &str) -> Vec<Finding> {
    let has = got
        .offers
        .iter()
        .any(|it| it.eq_ignore_ascii_case("Negotiate"));
    if got.status == 401 && has {
        return Vec::new();
    }
    let offered = match got.offers.as_slice() {
        [] => "nothing".to_owned(),
        offers => offers.join(", "),
    };
    vec![Finding::error(
        "negotiate-not-offered",
        format!(
            "{whom} answers {} at {path} and offers {offered}: the gate's Kerberos token wants Negotiate there",
            got.status
        ),
        mend,
    )]
}

/// What answers for a published name at an address.
pub(super) fn around(host: &str, address: &str, got: Option<&Answer>) -> Vec<Finding> {
    let Some(got) = got.filter(|it| !it.is_gate && it.status == 401 && !it.offers.is_empty())
    else {
        return Vec::new();
    };
    vec![Finding::error(
        "answers-around-the-gate",
        format!(
            "{address} answers for {host} without the gate and offers {}: domain passwords can be guessed there",
            got.offers.join(", ")
        ),
        format!("close {address} to everybody but the gate, or lead {host} to the gate"),
    )]
}
