//! The gate's word about who a user is: a JWT of a few seconds for one request (RFC 7515, 7519; the
//! members `htm` and `htu` are RFC 9449's).
//!
//! Every member is checked here and by hand: `typ` [`ASSERTION_TYPE`], `alg` ES256, `iss`, `aud` (one
//! text), `sub` (`sam@REALM`), `iat`, `exp`, `jti` (once), `htm` (the method), `htu` (`https://`, the
//! Host header, the path; no query). Start at [`Assertions::check`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use http::{HeaderName, Method};
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use thiserror::Error;

use crate::people::{People, Person};
use crate::settings::{AssertionCheck, LabError};

/// The `typ` of an assertion's header, so that no other token of the same key can pass for one.
pub const ASSERTION_TYPE: &str = "wicketgate-identity+jwt";
/// Longest time from `iat` to `exp`.
pub const MAX_ASSERTION_SECONDS: i64 = 60;
/// How far ahead the gate's clock may be.
const SKEW_SECONDS: i64 = 5;
/// Most assertions that are remembered as spent; beyond it none is taken.
const MAX_SPENT: usize = 1_000_000;

/// What is needed to judge assertions, and those that were spent.
pub(crate) struct Assertions {
    key: DecodingKey,
    issuer: String,
    header: HeaderName,
    spent: Mutex<Spent>,
}

/// An assertion with the request that it came with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented<'a> {
    /// The header's value.
    pub(crate) token: &'a str,
    /// The server's own name as an audience.
    pub(crate) audience: &'a str,
    /// The request's method.
    pub(crate) method: &'a Method,
    /// The request's `https://`, host and path.
    pub(crate) target: &'a str,
}

impl Assertions {
    /// Takes the key and the expected names.
    ///
    /// # Errors
    ///
    /// The key or the header's name is not one.
    pub(crate) fn new(check: &AssertionCheck) -> Result<Self, LabError> {
        let key = DecodingKey::from_ec_pem(check.public_key.as_bytes())
            .map_err(|_| LabError::AssertionKey)?;
        let header = check
            .header
            .parse()
            .map_err(|_| LabError::AssertionHeader {
                name: check.header.clone(),
            })?;
        Ok(Self {
            key,
            issuer: check.issuer.clone(),
            header,
            spent: Mutex::default(),
        })
    }

    /// The header that assertions come in.
    pub(crate) fn header(&self) -> &HeaderName {
        &self.header
    }

    /// Judges an assertion and spends it.
    ///
    /// **Proves** that the gate's key signed this person's name for this request, just now, and that
    /// the assertion was not used before.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub(crate) fn check(
        &self,
        presented: Presented<'_>,
        people: &People,
        now: Timestamp,
    ) -> Result<Arc<Person>, AssertionError> {
        let claims = self.signed(presented)?;
        let now = now.as_second();
        if claims.exp <= now {
            return Err(AssertionError::Expired);
        }
        if claims.iat > now.saturating_add(SKEW_SECONDS) {
            return Err(AssertionError::NotYet);
        }
        if claims.exp.saturating_sub(claims.iat) > MAX_ASSERTION_SECONDS {
            return Err(AssertionError::TooLong);
        }
        if claims.htm != presented.method.as_str() || claims.htu != presented.target {
            return Err(AssertionError::OtherRequest);
        }
        let person = people.by_principal(&claims.sub);
        let person = person.ok_or(AssertionError::UnknownPerson)?;
        self.spend(&claims, now)?;
        Ok(Arc::clone(person))
    }

    fn signed(&self, presented: Presented<'_>) -> Result<Claims, AssertionError> {
        let mut validation = Validation::new(Algorithm::ES256);
        // The library would read the clock itself; times are judged by the caller's.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[presented.audience]);
        let decoded = jsonwebtoken::decode::<Claims>(presented.token, &self.key, &validation);
        let decoded = decoded.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => AssertionError::Signature,
            ErrorKind::InvalidIssuer => AssertionError::Issuer,
            ErrorKind::InvalidAudience => AssertionError::Audience,
            _ => AssertionError::Malformed,
        })?;
        if decoded.header.typ.as_deref() != Some(ASSERTION_TYPE) {
            return Err(AssertionError::Type);
        }
        Ok(decoded.claims)
    }

    fn spend(&self, claims: &Claims, now: i64) -> Result<(), AssertionError> {
        // No code that holds the lock can panic, so that what is spent is whole even then.
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.spend(claims.jti.as_bytes(), claims.exp, now)
    }
}

impl fmt::Debug for Assertions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertions")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why an assertion is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum AssertionError {
    /// There are two of it in one request.
    #[error("more than one assertion")]
    Repeated,
    /// It is not a signed token of ES256 with every member.
    #[error("the assertion is malformed")]
    Malformed,
    /// It is a token for something else.
    #[error("the token is no assertion of identity")]
    Type,
    /// The gate's key did not sign it.
    #[error("the assertion has a wrong signature")]
    Signature,
    /// Somebody else issued it.
    #[error("the assertion has a wrong issuer")]
    Issuer,
    /// It is meant for another server.
    #[error("the assertion has a wrong audience")]
    Audience,
    /// Its time is over.
    #[error("the assertion has expired")]
    Expired,
    /// Its time has not come.
    #[error("the assertion is from the future")]
    NotYet,
    /// Its time is longer than any assertion's may be.
    #[error("the assertion lives too long")]
    TooLong,
    /// It was made for another request.
    #[error("the assertion is for another request")]
    OtherRequest,
    /// It names nobody whom we know.
    #[error("the assertion names nobody")]
    UnknownPerson,
    /// It was used before.
    #[error("the assertion was used before")]
    Replayed,
    /// More are remembered than there is room for.
    #[error("too many assertions")]
    TooMany,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// One text: a list of audiences is refused by its type.
    #[expect(
        dead_code,
        reason = "its value is compared by the library, its type here"
    )]
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    htm: String,
    htu: String,
}

/// Ids of assertions that were used and have not expired.
#[derive(Default)]
struct Spent {
    ends: BTreeMap<[u8; 32], i64>,
    by_end: BTreeSet<(i64, [u8; 32])>,
}

impl Spent {
    fn spend(&mut self, id: &[u8], end: i64, now: i64) -> Result<(), AssertionError> {
        self.forget(now);
        if self.ends.len() >= MAX_SPENT {
            return Err(AssertionError::TooMany);
        }
        let mut key = [0; 32];
        key.copy_from_slice(digest::digest(&digest::SHA256, id).as_ref());
        if self.ends.contains_key(&key) {
            return Err(AssertionError::Replayed);
        }
        self.ends.insert(key, end);
        self.by_end.insert((end, key));
        Ok(())
    }

    fn forget(&mut self, now: i64) {
        while let Some(first) = self.by_end.first().copied() {
            if first.0 > now {
                break;
            }
            self.by_end.remove(&first);
            self.ends.remove(&first.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_spent_until_it_expires() {
        let mut spent = Spent::default();
        assert_eq!(spent.spend(b"a", 10, 0), Ok(()));
        assert_eq!(spent.spend(b"b", 20, 0), Ok(()));
        assert_eq!(spent.spend(b"a", 99, 9), Err(AssertionError::Replayed));
        spent.forget(10);
        assert_eq!((spent.ends.len(), spent.by_end.len()), (1, 1));
        assert_eq!(spent.spend(b"b", 20, 10), Err(AssertionError::Replayed));
    }
}
