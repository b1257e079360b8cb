//! Authorization: every scheme, and what the gate writes in return; `WWW-Authenticate` of a server behind.

use proto::http_auth::{Challenge, Credentials, OfferedChallenge};
use proto::secret::Secret;

/// Feeds one input; says whether credentials, or parameters of a challenge, were read.
pub(crate) fn run(data: &[u8]) -> bool {
    let offered = std::str::from_utf8(data).is_ok_and(challenges);
    credentials(data) || offered
}

/// Each challenge stands for itself: written alone it is read as the same.
fn challenges(line: &str) -> bool {
    let all = OfferedChallenge::all(line).unwrap_or_default();
    for challenge in &all {
        let alone = challenge.written(|_| None);
        let again = OfferedChallenge::all(&alone).expect("one challenge of a line");
        assert_eq!(again.len(), 1, "one challenge was written");
        let again = again.first().expect("one challenge");
        assert_eq!(again.scheme, challenge.scheme);
        let values = |it: &OfferedChallenge<'_>| -> Vec<(String, String)> {
            let parameters = it.parameters().iter();
            parameters
                .map(|it| (it.name.to_owned(), it.value.to_owned()))
                .collect()
        };
        assert_eq!(values(again), values(challenge));
        let mapped = challenge.written(|_| Some("https://a.example/".to_owned()));
        let mapped = OfferedChallenge::all(&mapped).expect("a challenge with other values");
        assert_eq!(mapped.len(), 1);
    }
    all.iter().any(|it| !it.parameters().is_empty())
}

fn credentials(data: &[u8]) -> bool {
    let Ok(credentials) = Credentials::parse(data) else {
        return false;
    };
    if let Credentials::Basic { username, password } = &credentials {
        assert!(!username.contains(':'));
        let another = Secret::new(String::new());
        assert_eq!(format!("{password:?}"), format!("{another:?}"));
    }
    if let Credentials::Ntlm(token) | Credentials::Negotiate(token) = &credentials {
        let challenge = Challenge::Ntlm(Some(token)).to_string();
        assert!(challenge.starts_with("NTLM "));
    }
    true
}
