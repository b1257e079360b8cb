//! Credentials: what a person can prove. One file a kind.

pub mod app_password;
pub mod grant;
pub mod kerberos;
pub mod memorised_secret;
pub mod ntlm_pin;
pub mod otp_token;
pub mod passkey;
pub mod second_factor;
pub mod sent_code;
pub mod spare_code;

use serde::{Deserialize, Serialize};

/// A credential's immutable id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CredentialId(pub String);
