//! Certificates of trusts that cannot be used, said when the trusts are taken: whoever signs in would be the first to know.
//!
//! Metadata with such certificates is not taken at all, and neither is one that nothing can be encrypted with.

use jiff::Timestamp;
use sts::trust::Trusted;

/// A sentence for each field of a trust whose certificates cannot be used by a time.
pub(super) fn told(trusted: &Trusted, now: Timestamp) -> Vec<String> {
    let unfit = trusted.unfit(now).into_iter();
    unfit
        .map(|it| format!("`{}`: `{}`: {it}", it.name, it.key))
        .collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, date_time_ymd};
    use sts::trust::written::Written;

    use super::*;

    fn certificate(pair: &KeyPair, until: i32) -> String {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_after = date_time_ymd(until, 12, 31);
        STANDARD.encode(params.self_signed(pair).unwrap().der())
    }

    fn said(party: &str, provider: &str) -> Vec<String> {
        let text = format!(
            r#"{{"version": 1, "relying_party": [{{"name": "a", "identifiers": ["urn:a"] {party}}}],
            "claims_provider": [{{"name": "b", "identifier": "urn:b", "token_signing_certificates": [{provider}]}}]}}"#
        );
        let trusted = Written::of_json(&text).unwrap().read().unwrap();
        told(&trusted, "2026-12-01T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_trust_and_what_that_means() {
        let p256 = KeyPair::generate().unwrap();
        let (good, ended) = (certificate(&p256, 2030), certificate(&p256, 2021));
        let ed25519 = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let unusable = certificate(&ed25519, 2030);
        let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let ended_rsa = certificate(&rsa, 2021);
        let good = format!("\"{good}\"");
        let none: [&str; 0] = [];
        assert_eq!(said("", &good), none);
        // One that can be used is enough.
        assert_eq!(
            said("", &format!("\"{unusable}\", \"{ended}\", {good}")),
            none
        );
        let told = said("", &format!("\"{unusable}\", \"{ended}\""));
        let [told] = told.try_into().unwrap();
        for part in [
            "`b`: `token_signing_certificates`: nothing that it signs is believed",
            "has a key of another kind",
            "ended at 2021-12-31",
            "ask the partner for one",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        for (party, part) in [
            (
                format!(", \"request_signing_certificates\": [\"{unusable}\"]"),
                "`a`: `request_signing_certificates`: no request that it signs is believed",
            ),
            (
                format!(", \"encryption_certificate\": \"{ended_rsa}\""),
                "`a`: `encryption_certificate`: its tokens are encrypted with it all the same",
            ),
        ] {
            let [told] = said(&party, &good).try_into().unwrap();
            assert!(told.starts_with(part), "{told}");
        }
        let in_clear =
            format!(", \"encryption_certificate\": \"{ended_rsa}\", \"encrypt_claims\": false");
        assert_eq!(said(&in_clear, &good), none);
    }
}
