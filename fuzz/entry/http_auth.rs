//! Authorization: every scheme, and what the gate writes in return.

use proto::http_auth::{Challenge, Credentials};
use proto::secret::Secret;

/// Feeds one input; says whether credentials were read.
pub(crate) fn run(data: &[u8]) -> bool {
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
