//! To a partner: a request of ours to another claims provider, bound to this browser and to what it asked for.
//!
//! Nothing is kept of it: `wctx` carries what the party asked, there and back. SECURITY: with it goes a MAC over that, the
//! partner's name, the time and the handle that this browser alone holds; whoever brings it with another handle, to another
//! partner's answer or too late is refused (T-SAML-2). Start at [`Service::sent_elsewhere`] and [`SentFor::read`].

use std::fmt::Write;

use authn::audit::TokenRefusal;
use authn::handle::Handle;
use authn::sign_in::{LIFE, OfStrangers, Requirement};
use aws_lc_rs::{constant_time, hmac};
use jiff::{SignedDuration, Timestamp};
use proto::form::Form;
use proto::secret::Secret;
use proto::wsfed::{MAX_CONTEXT, Request, SignInRequest};

use super::checks::{Checked, Refusal};
use super::{Answered, Asking, PATH, Service};
use crate::federated::second_factor_of;
use crate::ports::Unavailable;
use crate::trust::{ClaimsProviderTrust, Identifier, RelyingPartyTrust};

/// What the MACs of contexts are made with.
const LABEL: &[u8] = b"wicketgate wsfed context elsewhere";
/// What stands between a partner's name and what a party asked, whose encoding has none of it.
const BETWEEN: char = '|';

/// What a browser was sent to a partner for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentFor {
    /// What the partner calls itself.
    pub(super) provider: Identifier,
    /// When, to the second.
    pub(super) asked: Timestamp,
    /// What the party asked.
    pub(super) request: SignInRequest,
}

impl SentFor {
    /// What the partner is given to bring back.
    fn written(&self, key: &Secret<Vec<u8>>, handle: &Handle) -> String {
        let Self {
            provider,
            asked,
            request,
        } = self;
        let said = format!(
            "{}.{provider}{BETWEEN}{}",
            asked.as_second(),
            request.to_query()
        );
        format!("{}.{said}", mac(key, handle, &said))
    }

    /// Reads what a partner brought back, where it was written for this browser, and not too long ago.
    pub(super) fn read(
        (key, handle): (&Secret<Vec<u8>>, &Handle),
        wctx: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let (code, said) = wctx.split_once('.')?;
        let expected = mac(key, handle, said);
        constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).ok()?;
        let (asked, rest) = said.split_once('.')?;
        let asked = Timestamp::from_second(asked.parse().ok()?).ok()?;
        if now.duration_since(asked).abs() >= LIFE {
            return None;
        }
        let (provider, query) = rest.rsplit_once(BETWEEN)?;
        let request = Request::parse(&Form::parse(query.as_bytes()).ok()?);
        match request.ok()? {
            Request::SignIn(request) => Some(Self {
                provider: Identifier::parse(provider).ok()?,
                asked,
                request: *request,
            }),
            Request::SignOut(_) | Request::SignOutCleanup(_) | Request::Answer => None,
        }
    }
}

impl Service {
    /// Sends somebody to a partner.
    ///
    /// # Errors
    ///
    /// A refusal cannot be written down.
    pub(super) async fn sent_elsewhere(
        &self,
        (checked, required): (Checked, OfStrangers),
        provider: &ClaimsProviderTrust,
        asking: &Asking<'_>,
    ) -> Result<Answered, Unavailable> {
        match self.request_to(provider, (&checked, required), asking) {
            Ok(to) => Ok(Answered::Elsewhere { to }),
            Err(refusal) => {
                let party = Some(checked.trust.name.clone());
                self.refused(asking, party, refusal).await
            }
        }
    }

    /// Where partners send their answers.
    pub(in crate::flow) fn reply(&self) -> String {
        format!("{}{PATH}", self.identity.origin)
    }

    /// The partner's address, with a request of ours.
    fn request_to(
        &self,
        provider: &ClaimsProviderTrust,
        (checked, required): (&Checked, OfStrangers),
        asking: &Asking<'_>,
    ) -> Result<String, Refusal> {
        let wants_second =
            checked.second_factor || required.requirement == Requirement::SecretAndCode;
        let second_factor = second_factor_of(provider);
        // Nobody is led around whose answer could not be taken.
        if wants_second && second_factor.is_none() {
            let said = format!(
                "a second factor is wanted, and the claims provider trust `{}` is not believed for one (supports_mfa)",
                provider.name
            );
            return Err(Refusal::new(TokenRefusal::SecondFactor, said));
        }
        let Some(endpoint) = &provider.wsfed_endpoint else {
            let said = "the claims provider trust has no address that a request goes to";
            return Err(Refusal::new(TokenRefusal::UnknownProvider, said));
        };
        let sent_for = SentFor {
            provider: provider.identifier.clone(),
            asked: asking.at.now,
            request: asking.request.clone(),
        };
        let wctx = sent_for.written(&self.key, asking.handle);
        if wctx.len() > MAX_CONTEXT {
            let said = "the request is too long to be sent round by a claims provider";
            return Err(Refusal::new(TokenRefusal::UnknownProvider, said));
        }
        let wauth = second_factor.filter(|_| wants_second);
        let request = SignInRequest {
            wtrealm: self.identity.identifier.as_str().to_owned(),
            wreply: Some(self.reply()),
            wctx: Some(wctx),
            wct: Some(asking.at.now),
            wfresh: sent_wfresh(asking.request, (&checked.trust, required.fresh)),
            wauth: wauth.or(asking.request.wauth.as_deref()).map(str::to_owned),
            username: asking.request.username.clone(),
            login_hint: asking.request.login_hint.clone(),
            client_request_id: Some(asking.at.activity.0.clone()),
            ..SignInRequest::default()
        };
        let endpoint = endpoint.as_str();
        let gap = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{gap}{}", request.to_query()))
    }
}

/// Since when somebody must have signed in at a partner, where that is wanted.
pub(super) fn since(
    request: &SignInRequest,
    (trust, fresh): (&RelyingPartyTrust, Option<SignedDuration>),
    (asked, now): (Timestamp, Timestamp),
) -> Option<Timestamp> {
    let ago = |age: SignedDuration| now.checked_sub(age).unwrap_or(now);
    let before = |seconds: i64| ago(SignedDuration::from_secs(seconds));
    let by_age = match wfresh(request, trust) {
        Some(0) => Some(asked),
        Some(minutes) => Some(before(i64::from(minutes) * 60)),
        None => None,
    };
    let by_factor = request.mfa_max_age.map(|it| before(it.into()));
    by_age.max(by_factor).max(fresh.map(ago))
}

/// The same as a partner is told it, with what the policy wants, which the trust of the party does not know.
fn sent_wfresh(
    request: &SignInRequest,
    (trust, fresh): (&RelyingPartyTrust, Option<SignedDuration>),
) -> Option<u32> {
    let minutes = fresh.map(|it| u32::try_from(it.as_mins()).unwrap_or(u32::MAX));
    let wanted = wfresh(request, trust).into_iter().chain(minutes);
    wanted.min()
}

/// How old a sign-in at a partner may be; a party that wants a new one gets a new one there.
fn wfresh(request: &SignInRequest, trust: &RelyingPartyTrust) -> Option<u32> {
    let is_new = trust.always_require_authentication || request.prompt_login;
    match is_new {
        true => Some(0),
        false => request.wfresh,
    }
}

fn mac(key: &Secret<Vec<u8>>, handle: &Handle, said: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    let octets = [LABEL, &handle.key().0, said.as_bytes()].concat();
    let code = hmac::sign(&key, &octets);
    code.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn sent_for() -> SentFor {
        SentFor {
            provider: Identifier::parse("urn:a|b.c").unwrap(),
            asked: at(0),
            request: SignInRequest {
                wtrealm: "urn:party|x".to_owned(),
                wctx: Some("rm=0&ru=|.%".to_owned()),
                wfresh: Some(0),
                ..SignInRequest::default()
            },
        }
    }

    #[test]
    fn t_saml_2_what_was_sent_out_is_read_in_its_own_browser_and_time_alone() {
        let (key, other_key) = (Secret::new(vec![1; 32]), Secret::new(vec![2; 32]));
        let (mine, others) = (Handle::made_from([1; 32]), Handle::made_from([2; 32]));
        let written = sent_for().written(&key, &mine);
        let read = |key, handle, text: &str, now| SentFor::read((key, handle), text, now);
        assert_eq!(read(&key, &mine, &written, at(599)), Some(sent_for()));
        assert_eq!(read(&key, &mine, &written, at(600)), None);
        assert_eq!(read(&key, &mine, &written, at(-600)), None);
        assert_eq!(read(&key, &others, &written, at(1)), None);
        assert_eq!(read(&other_key, &mine, &written, at(1)), None);
        for (part, with) in [
            ("urn:a", "urn:b"),
            ("1800000000", "1800000001"),
            ("wfresh=0", "wfresh=9"),
            ("|wa=", ".wa="),
        ] {
            let changed = written.replacen(part, with, 1);
            assert_ne!(changed, written, "{part}");
            assert_eq!(read(&key, &mine, &changed, at(1)), None, "{part}");
        }
        for text in ["", ".", "x", "..", "a.1.urn:a|wa=wsignin1.0"] {
            assert_eq!(read(&key, &mine, text, at(1)), None, "{text}");
        }
    }
}
