//! Trusts whose partner signs by SHA-1: until when that is believed, told before it ends.

use jiff::Timestamp;
use sts::admin::trusts::Found;
use sts::trust::written::Written;
use sts::trust::{Kind, Sha1Standing, Sha1Until, SignatureAlgorithm};

use super::Finding;
use crate::cli::as_an_argument;

/// What is said of trusts that are on, at a moment.
pub(crate) fn of_trusts(found: &[Found], now: Timestamp) -> Vec<Finding> {
    let trusts = found.iter().flat_map(|it| by_sha1(&it.written));
    trusts.filter_map(|trust| of_trust(&trust, now)).collect()
}

/// A trust that says something of SHA-1.
struct BySha1<'a> {
    kind: Kind,
    name: &'a str,
    until: Option<Sha1Until>,
}

/// The trusts of a form that are on and say something of SHA-1.
fn by_sha1(written: &Written) -> impl Iterator<Item = BySha1<'_>> {
    let parties = written.relying_party.iter().filter(|it| it.is_enabled);
    let parties = parties.map(|it| {
        let said = (&it.signature_algorithm, &it.sha1_until);
        (Kind::RelyingParty, it.name.as_str(), said)
    });
    let providers = written.claims_provider.iter().filter(|it| it.is_enabled);
    let providers = providers.map(|it| {
        let said = (&it.signature_algorithm, &it.sha1_until);
        (Kind::ClaimsProvider, it.name.as_str(), said)
    });
    let all = parties.chain(providers);
    let is_sha1 = |word: &Option<String>| {
        let word = word.as_deref().and_then(SignatureAlgorithm::named);
        word == Some(SignatureAlgorithm::RsaSha1)
    };
    let all = all.filter(move |(_, _, (algorithm, _))| is_sha1(algorithm));
    all.map(|(kind, name, (_, until))| BySha1 {
        kind,
        name,
        until: until.as_deref().and_then(Sha1Until::parse),
    })
}

fn of_trust(trust: &BySha1<'_>, now: Timestamp) -> Option<Finding> {
    let BySha1 { kind, name, until } = trust;
    let set = format!("wicketgate trust set {}", as_an_argument(name));
    let mended =
        format!("have the partner sign by SHA-256; then {set} signature_algorithm= sha1_until=");
    match until.map(|until| (until, until.standing(now))) {
        Some((_, Sha1Standing::Far)) => None,
        Some((until, Sha1Standing::Soon { days })) => Some(Finding::warning(
            "sha1-ends-soon",
            format!(
                "what the {kind} `{name}` signs by SHA-1 is believed until {until} ({days} days with today), and refused \
                 afterwards"
            ),
            mended,
        )),
        Some((until, Sha1Standing::Over)) => Some(Finding::warning(
            "sha1-over",
            format!("what the {kind} `{name}` signs by SHA-1 is refused since {until} is past"),
            mended,
        )),
        None => Some(Finding::warning(
            "sha1-refused",
            format!(
                "the {kind} `{name}` signs by SHA-1, and no date says until when that is believed: it is refused"
            ),
            format!(
                "{set} sha1_until=DATE, or have the partner sign by SHA-256 and clear signature_algorithm"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use sts::ports::KeptTrust;

    use super::*;

    fn told(algorithm: &str, until: &str, is_enabled: bool) -> Vec<&'static str> {
        let text = format!(
            r#"{{"version": 1, "claims_provider": [{{"name": "Fabrikam", "identifier": "urn:f",
            "is_enabled": {is_enabled}{algorithm}{until}}}]}}"#
        );
        let found = Found {
            revision: 1,
            written: Written::of_json(&text).unwrap(),
            trust: KeptTrust {
                kind: Kind::ClaimsProvider,
                name: "Fabrikam".to_owned(),
                identifiers: Vec::new(),
                text,
            },
        };
        let now = "2027-01-01T12:00:00Z".parse().unwrap();
        let findings = of_trusts(&[found], now);
        findings.iter().map(|it| it.id).collect()
    }

    #[test]
    fn a_date_is_told_from_sixty_days_before_and_when_it_is_past() {
        let sha1 = r#", "signature_algorithm": "RSA-SHA1""#;
        let until = |date: &str| format!(r#", "sha1_until": "{date}""#);
        assert_eq!(told(sha1, &until("2027-03-02"), true), [""; 0]);
        assert_eq!(told(sha1, &until("2027-03-01"), true), ["sha1-ends-soon"]);
        assert_eq!(told(sha1, &until("2027-01-01"), true), ["sha1-ends-soon"]);
        assert_eq!(told(sha1, &until("2026-12-31"), true), ["sha1-over"]);
        assert_eq!(told(sha1, "", true), ["sha1-refused"]);
        // Nobody signs in by a trust that is off, or needs a date who signs by SHA-256.
        assert_eq!(told(sha1, "", false), [""; 0]);
        assert_eq!(told("", "", true), [""; 0]);
    }
}
