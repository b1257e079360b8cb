//! Challenges of back ends on their way out: those of tickets and tokens, each on a line of its own; none that asks for a
//! password.
//!
//! Start at [`one_a_line`]; what follows may take each line for one challenge.

use http::header::{self, HeaderMap, HeaderValue};
use proto::http_auth::OfferedChallenge;

use crate::links::{MAX_LINE, addresses_in};

/// Schemes whose challenges may come out.
const OF_TOKENS: [&str; 2] = ["bearer", MS_RTC_OAUTH];
/// The scheme by which a pool says where its tickets are had (UCWA "Authentication").
const MS_RTC_OAUTH: &str = "msrtcoauth";

/// Schemes by which a password, or a proof of one, is asked for.
const OF_PASSWORDS: [&str; 7] = [
    "basic",
    "digest",
    "kerberos",
    "mutual",
    "negotiate",
    "ntlm",
    "nego2",
];

/// The challenges of a line that may come out, each as a line of its own; none where the line can be read in two ways.
///
/// SECURITY: clients read lines that keep to no grammar: whatever any of them may take for another scheme's name, keeps its
/// challenge in.
pub(crate) fn one_a_line(line: &HeaderValue) -> Vec<HeaderValue> {
    let text = line.to_str().ok().filter(|it| it.len() <= MAX_LINE);
    let all = OfferedChallenge::all(text.unwrap_or_default()).unwrap_or_default();
    let passing = all.iter().filter(|it| is_one_of(&OF_TOKENS, it.scheme));
    let written = passing.map(|it| it.written(|_| None));
    let harmless = written.filter(|text| {
        let mut words = text.split([' ', '\t', ',', ';', '=', '"', '\'']);
        !words.any(|word| is_one_of(&OF_PASSWORDS, word))
    });
    harmless
        .filter_map(|text| HeaderValue::from_str(&text).ok())
        .collect()
}

fn is_one_of(names: &[&str], scheme: &str) -> bool {
    names.iter().any(|it| scheme.eq_ignore_ascii_case(it))
}

/// Puts each address in the parameters of challenges right that is given another.
pub(crate) fn rewrite(headers: &mut HeaderMap, another: impl Fn(&str) -> Option<String>) {
    edit(headers, |challenge| {
        Some(challenge.written(|parameter| another(parameter.value.trim_matches('\''))))
    });
}

/// Takes away the challenges that lead elsewhere; those of tickets only where `with_tickets` says so.
pub(crate) fn without(headers: &mut HeaderMap, with_tickets: bool, leads: impl Fn(&str) -> bool) {
    edit(headers, |challenge| {
        let is_judged = with_tickets || !is_one_of(&[MS_RTC_OAUTH], challenge.scheme);
        let mut parameters = challenge.parameters().iter();
        let stays = !is_judged || !parameters.any(|it| leads(it.value));
        stays.then(|| challenge.written(|_| None))
    });
}

/// The addresses where challenges of tickets say that those are had.
pub(crate) fn of_tickets(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let all = lines.flat_map(|line| OfferedChallenge::all(line).unwrap_or_default());
    let of_tickets = all.filter(|it| is_one_of(&[MS_RTC_OAUTH], it.scheme));
    let mut addresses = Vec::new();
    for challenge in of_tickets {
        let values = challenge.parameters().iter();
        addresses.extend(values.flat_map(|it| addresses_in(it.value).map(str::to_owned)));
    }
    addresses
}

/// Writes each challenge as `written` says, or takes it away; what cannot be read goes.
fn edit(headers: &mut HeaderMap, written: impl Fn(&OfferedChallenge<'_>) -> Option<String>) {
    let mut kept = Vec::new();
    for line in headers.get_all(header::WWW_AUTHENTICATE) {
        let all = line
            .to_str()
            .ok()
            .and_then(|it| OfferedChallenge::all(it).ok());
        for challenge in all.unwrap_or_default() {
            let text = written(&challenge);
            kept.extend(text.and_then(|it| HeaderValue::from_str(&it).ok()));
        }
    }
    headers.remove(header::WWW_AUTHENTICATE);
    for line in kept {
        headers.append(header::WWW_AUTHENTICATE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(line: &str) -> Vec<String> {
        let lines = one_a_line(&HeaderValue::from_str(line).unwrap()).into_iter();
        lines.map(|it| it.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn s30_no_challenge_for_a_password_hides_behind_a_token_s() {
        for hidden in [
            "Bearer realm=\"x\",\tBasic\trealm=y",
            "Bearer, Digest\trealm=\"a\"",
            "Bearer\tbasic",
            "Bearer realm=\"x\" NTLM",
            "Bearer realm=\"x\"Basic realm=y",
            "Bearer realm=\"x\";NTLM",
            "Bearer realm=\"a, Negotiate\"",
            "Bearer realm='a',realm='NTLM'",
            "Bearer realm=\"\\\", Basic realm=\"y",
            "Bearer realm=\"x, NTLM",
            ",Basic realm=x",
            "realm=\"x\", Basic",
            "realm=\"x\"",
            "",
        ] {
            assert!(out(hidden).is_empty(), "{hidden}");
        }
    }

    #[test]
    fn what_stands_beside_a_token_s_challenge_on_its_line_stays_in() {
        let oauth =
            "MsRtcOAuth href=\"https://a/\",grant_type=\"urn:microsoft.rtc:windows,password\"";
        for (line, kept) in [
            ("Bearer", &["Bearer"][..]),
            ("bearer realm=\"basics\"", &["bearer realm=\"basics\""]),
            ("Bearer, basic", &["Bearer"]),
            ("Bearer, Hawk", &["Bearer"]),
            ("Bearer a=b, SCRAM-SHA-256 realm=\"x\"", &["Bearer a=b"]),
            (oauth, &[oauth]),
            (
                &format!("NTLM,{oauth}, Bearer error = \"invalid_token\""),
                &[oauth, "Bearer error = \"invalid_token\""],
            ),
        ] {
            assert_eq!(out(line), kept, "{line}");
        }
    }
}
