//! Whom a token is about, as the claims that rules begin with.
//!
//! Somebody who signed in here has the claims that AD FS makes of a sign-in to Active Directory, and those that say how the
//! request came. Their issuers are names that only the server itself may issue under. Start at [`Local::claims`].

use std::net::IpAddr;

use authn::account::Account;
use authn::place::{Method, Zone};
use authn::session::Session;
use claims::claim::{AD_AUTHORITY, SELF_AUTHORITY};
use claims::claim_type::{
    AUTHENTICATION_METHOD, GROUP_SID, MULTIPLE_AUTHENTICATION, WINDOWS_ACCOUNT_NAME,
};
use claims::{Claim, ClaimSet};
use jiff::Timestamp;

use crate::ledger::TokenId;

/// The SID of an account.
pub const PRIMARY_SID: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid";
/// The user principal name.
pub const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
/// The name as `DOMAIN\user`.
pub const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
/// A name of somebody, of which a token's subject is made.
pub const NAME_IDENTIFIER: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
/// A mail address.
pub const MAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
/// The user principal name, as AD FS 1.x has it.
pub const UPN_1_X: &str = "http://schemas.xmlsoap.org/claims/UPN";
/// A mail address, as AD FS 1.x has it.
pub const MAIL_1_X: &str = "http://schemas.xmlsoap.org/claims/EmailAddress";
/// When somebody signed in.
pub const AUTHENTICATION_INSTANT: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant";
/// What was proved, one claim for each method.
pub const METHODS_REFERENCES: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";
/// Whether the request came from inside.
const INSIDE: &str = "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork";
/// On which of our tokens whatever is issued for this one rests: the token's own id. An AD FS that passes it on lets a gate of
/// ours know whose a passive session is (decision 0026).
pub const SIGN_IN: &str = "urn:wicketgate:claims/signin";
/// How a password is called as a method.
pub const PASSWORD: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password";
const CONTEXT: &str = "http://schemas.microsoft.com/2012/01/requestcontext/claims/";
const METHODS: &str = "http://schemas.microsoft.com/ws/2012/12/authmethod/";
/// Longest text that is taken over from a header, in characters.
const MAX_HEADER: usize = 512;

/// Somebody who signed in here, by a session that stands.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// Who.
    pub account: &'a Account,
    /// By what.
    pub session: &'a Session,
}

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// From which zone.
    pub zone: &'a Zone,
    /// From which address.
    pub source: IpAddr,
    /// The path that was asked for.
    pub path: &'a str,
    /// The name by which the gate is seen from outside.
    pub host: &'a str,
    /// What the browser says of itself.
    pub user_agent: Option<&'a str>,
    /// What the token will call itself, where a pool's session may rest on it.
    pub token: Option<&'a TokenId>,
}

impl Local<'_> {
    /// The claims of somebody, as Active Directory would have them.
    #[must_use]
    pub fn claims(&self) -> ClaimSet {
        let account = self.account;
        let of_directory = |claim_type, value: &str| Claim::new(claim_type, value, AD_AUTHORITY);
        let of_server = |claim_type, value: &str| Claim::new(claim_type, value, SELF_AUTHORITY);
        let windows = format!("{}\\{}", account.domain, account.sam);
        let mut claims = ClaimSet::new();
        claims.push(of_directory(WINDOWS_ACCOUNT_NAME, &windows));
        claims.push(of_directory(NAME, &windows));
        claims.push(of_directory(UPN, &account.upn));
        if let Some(sid) = &account.sid {
            claims.push(of_directory(PRIMARY_SID, sid));
        }
        if let Some(mail) = account.mail.first() {
            claims.push(of_directory(MAIL, mail));
        }
        let groups = account.directory.iter().flat_map(|it| &it.groups);
        claims.extend(groups.map(|sid| of_directory(GROUP_SID, sid)));
        claims.push(of_server(AUTHENTICATION_METHOD, PASSWORD));
        let begun = instant(self.session.begun);
        claims.push(of_server(AUTHENTICATION_INSTANT, &begun));
        let proved = self.proved();
        let proved = proved
            .iter()
            .map(|method| of_server(METHODS_REFERENCES, method));
        claims.extend(proved);
        claims
    }

    /// Whether a second factor was proved.
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.session.second_factor().is_some()
    }

    /// The methods that were proved, by AD FS's names.
    fn proved(&self) -> Vec<String> {
        let methods = self.session.methods.iter();
        let mut proved: Vec<String> = methods.map(|method| name(*method)).collect();
        if self.has_second_factor() {
            proved.push(MULTIPLE_AUTHENTICATION.to_owned());
        }
        proved.dedup();
        proved
    }
}

impl Context<'_> {
    /// The claims of a request: what its headers say of addresses is not believed.
    #[must_use]
    pub fn claims(&self) -> ClaimSet {
        let is_inside = *self.zone == Zone::INTERNAL;
        let context = |name: &str, value: &str| {
            let claim_type = format!("{CONTEXT}{name}");
            Claim::new(&claim_type, value, SELF_AUTHORITY)
        };
        let address = self.source.to_canonical().to_string();
        let mut claims = ClaimSet::new();
        claims.push(context("x-ms-client-ip", &address));
        if !is_inside {
            claims.push(context("x-ms-forwarded-client-ip", &address));
            claims.push(context("x-ms-proxy", self.host));
        }
        claims.push(context("x-ms-endpoint-absolute-path", self.path));
        if let Some(agent) = self.user_agent {
            let agent: String = agent.chars().take(MAX_HEADER).collect();
            claims.push(context("x-ms-client-user-agent", &agent));
        }
        if let Some(token) = self.token {
            claims.push(Claim::new(SIGN_IN, &token.0, SELF_AUTHORITY));
        }
        let inside = if is_inside { "true" } else { "false" };
        claims.push(Claim::new(INSIDE, inside, SELF_AUTHORITY));
        claims
    }
}

/// Whether a claim says how a request came, which nobody knows but the server itself.
///
/// SECURITY: whoever reads a token may take a type in any case of its letters.
pub(crate) fn is_ours(claim_type: &str) -> bool {
    let context = claim_type.get(..CONTEXT.len());
    let is_context = context.is_some_and(|it| it.eq_ignore_ascii_case(CONTEXT));
    is_context || claim_type.eq_ignore_ascii_case(INSIDE)
}

/// A time as the claim of it has it.
pub(crate) fn instant(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn name(method: Method) -> String {
    let name = match method {
        Method::AppPassword | Method::MemorisedSecret | Method::NtlmPin | Method::Kerberos => {
            return PASSWORD.to_owned();
        }
        Method::OneTimeCode | Method::RecoveryCode | Method::TemporaryCode => "otp",
        Method::SentCode => "smsotp",
        Method::Passkey => "fido",
    };
    format!("{METHODS}{name}")
}
