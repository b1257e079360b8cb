//! Certificates of listeners, and TLS to back ends: who can be reached, and for how long yet.

use super::super::Finding;
use super::{Held, Reached};

/// From how many days before its end on a certificate is spoken of.
const SOON: i64 = 21;

/// The certificates of the listeners.
pub(super) fn certificates(held: &Result<Vec<Held>, String>, unnamed: &[String]) -> Vec<Finding> {
    let held = match held {
        Ok(held) => held,
        Err(why) => {
            let what = format!("a certificate of a listener cannot be used: {why}");
            return vec![Finding::error(
                "listener-certificate-unusable",
                what,
                "wicketgate check",
            )];
        }
    };
    let nobody = unnamed.iter().map(|name| {
        Finding::error(
            "listener-certificate-without-name",
            format!("no certificate of a listener names {name}: every client refuses it"),
            format!(
                "have the certificate issued with {name} among its names, then wicketgate check"
            ),
        )
    });
    let ends = held.iter().filter_map(|it| {
        let whose = format!("the certificate {}", it.file);
        ending("listener-certificate-ends", &whose, it.days)
    });
    nobody.chain(ends).collect()
}

/// A connection to a back end.
pub(super) fn back_end(farm: &str, member: &str, reached: &Reached) -> Vec<Finding> {
    let whom = format!("{member} of the farm {farm}");
    let show = format!("openssl s_client -connect {member} -showcerts </dev/null");
    let (id, what, mend) = match reached {
        Reached::Open { days } => {
            let whose = format!("the certificate of {whom}");
            let ending = days.and_then(|days| ending("back-end-certificate-ends", &whose, days));
            return ending.into_iter().collect();
        }
        Reached::Silent(why) => (
            "back-end-silent",
            format!("{whom} cannot be reached: {why}"),
            format!("nc -vz {}", member.replacen(':', " ", 1)),
        ),
        Reached::AnotherName(why) => (
            "back-end-certificate-without-name",
            format!("the certificate of {whom} does not name it: {why}"),
            format!("set `tls_name` to a name of its certificate: {show}"),
        ),
        Reached::UnknownAuthority(why) => (
            "back-end-authority-unknown",
            format!("none of the farm's `authorities` vouches for {whom}: {why}"),
            format!("add the authority's certificate to that file: {show}"),
        ),
        Reached::OutOfTime(why) => (
            "back-end-certificate-ends",
            format!("the certificate of {whom} is out of its time: {why}"),
            "renew it there".to_owned(),
        ),
        Reached::BadCertificate(why) => (
            "back-end-certificate-refused",
            format!("the certificate of {whom} will not do: {why}"),
            show,
        ),
        Reached::Incompatible(why) => (
            "back-end-needs-legacy-tls",
            format!(
                "{whom} shares no version or suite of TLS with the gate, which takes ECDHE with AES-GCM or ChaCha20 of \
                 TLS 1.2, and TLS 1.3: {why}"
            ),
            "write `tls = \"legacy\"` for the farm (package wicketgate-legacy-tls), or enable such a suite there \
             (Enable-TlsCipherSuite)"
                .to_owned(),
        ),
    };
    vec![Finding::error(id, what, mend)]
}

/// A certificate that ends soon, or has.
fn ending(id: &'static str, whose: &str, days: i64) -> Option<Finding> {
    let mend = "renew it; a running gate reads its own anew by itself";
    match days {
        ..0 => Some(Finding::error(id, format!("{whose} has ended"), mend)),
        0..=SOON => {
            let what = format!("{whose} ends in {days} days");
            Some(Finding::warning(id, what, mend))
        }
        _ => None,
    }
}
