//! Which schemes of credentials a request brought, by name, for the list of requests.

use http::HeaderMap;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};

/// The schemes that are listed by name.
const KNOWN: [&str; 6] = ["NTLM", "Negotiate", "Basic", "Digest", "Bearer", "Kerberos"];
/// What any other is listed as, so that no part of a secret can pass for a scheme.
const OTHER: &str = "other";
/// Most credential headers that are listed for one request.
const MAX_LISTED: usize = 8;

/// Names of the schemes of all credential headers.
pub(crate) fn schemes(headers: &HeaderMap) -> Vec<&'static str> {
    let values = [AUTHORIZATION, PROXY_AUTHORIZATION];
    let values = values.iter().flat_map(|name| headers.get_all(name));
    let name = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let scheme = text.split(' ').next().unwrap_or_default();
        KNOWN
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(scheme))
            .unwrap_or(OTHER)
    };
    values.map(name).take(MAX_LISTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_listed_and_secrets_never() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, "basic YTpi".parse().unwrap());
        headers.append(AUTHORIZATION, "hunter2".parse().unwrap());
        headers.append(PROXY_AUTHORIZATION, "Negotiate x".parse().unwrap());
        assert_eq!(schemes(&headers), ["Basic", OTHER, "Negotiate"]);
    }
}
