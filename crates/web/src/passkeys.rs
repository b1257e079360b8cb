//! Passkeys at the door: what the script of a page asks for is told as JSON, and what it gets is posted with a form.

use authn::handle::Handle;
use authn::place::Service;
use authn::portal::Owner;
use authn::ports::Unavailable;
use authn::sign_in::{self, Answered, At, FirstError};
use http::StatusCode;
use serde_json::Value;

use crate::asked::Asked;
use crate::portal::Acted;
use crate::sign_in::said;
use crate::{Answer, Pages, clock, cookie, page};

impl Pages {
    /// Begins a sign-in by a passkey, with a handle of its own; for somebody who was invited, a first passkey.
    pub(crate) async fn begin_by_passkey(
        &self,
        asked: &Asked,
        at: &At,
    ) -> Result<Answer, Unavailable> {
        let (ports, rules, portal) = (&self.ports, &self.rules, Service::PORTAL);
        if let Some(handle) = &asked.sign_in {
            let party = &self.passkeys;
            match sign_in::begin_first_passkey(ports, rules, party, handle, at).await {
                Ok(told) => return Ok(page::told(&told).into()),
                Err(FirstError::Unavailable(error)) => return Err(error),
                // Nobody is invited in this browser.
                Err(_) => {}
            }
        }
        let with = (&asked.fresh, portal);
        let begun = sign_in::begin_by_passkey(ports, rules, &self.passkeys, with, at).await?;
        let Some(mut told) = begun else {
            let shut = asked.words.shut;
            return Ok(asked.sentence(StatusCode::FORBIDDEN, shut).into());
        };
        if let Some(told) = told.as_object_mut() {
            let token = Value::String(asked.fresh.form_token());
            told.insert("form".to_owned(), token);
        }
        let line = cookie::given(cookie::SIGN_IN, asked.fresh.written().expose());
        Ok(page::with_cookie(page::told(&told), line).into())
    }

    /// Takes what the browser says of the passkey that was used.
    pub(crate) async fn answered_by_passkey(
        &self,
        asked: &Asked,
        handle: &Handle,
        at: &At,
    ) -> Result<Answer, Unavailable> {
        let (ports, rules, party) = (&self.ports, &self.rules, &self.passkeys);
        let posted = asked.field("Passkey").unwrap_or_default();
        let random = clock::random()?;
        let answer = (handle, posted);
        let outcome = sign_in::answer_by_passkey(ports, rules, party, answer, at, random).await?;
        let is_refused = matches!(outcome.answered, Answered::Refused);
        let mut answer = said(outcome);
        if is_refused {
            answer.response = page::redirect("/sign-in?again=1&said=refused");
        }
        Ok(answer)
    }

    /// Asks for the touch of a passkey.
    pub(crate) async fn touch_begun(&self, owner: &Owner<'_>) -> Acted {
        Ok(page::told(&owner.begin_touch(&self.passkeys).await?))
    }

    /// Takes the touch of a passkey.
    pub(crate) async fn touched(&self, asked: &Asked, owner: &Owner<'_>) -> Acted {
        let posted = asked.field("Passkey").unwrap_or_default();
        owner.touched(&self.passkeys, posted).await?;
        Ok(page::redirect("/?said=touched"))
    }

    /// Begins to add a passkey.
    pub(crate) async fn passkey_begun(&self, owner: &Owner<'_>) -> Acted {
        let told = owner.begin_passkey((&self.passkeys, &self.rules.policy));
        Ok(page::told(&told.await?))
    }

    /// Adds a passkey.
    pub(crate) async fn passkey_added(&self, asked: &Asked, owner: &Owner<'_>) -> Acted {
        let label = asked.field("label").unwrap_or_default().trim().to_owned();
        let posted = asked.field("Passkey").unwrap_or_default();
        let by = (&self.passkeys, &self.rules.policy);
        let added = owner.add_passkey(by, (label, posted), clock::random()?);
        added.await?;
        Ok(page::redirect("/?said=passkey-added"))
    }
}

/// Calls a passkey something else.
pub(crate) async fn renamed(asked: &Asked, owner: &Owner<'_>) -> Acted {
    let label = asked.field("label").unwrap_or_default().trim().to_owned();
    let id = asked.field("id").unwrap_or_default();
    owner.rename_passkey(id, label).await?;
    Ok(page::redirect("/?said=passkey-renamed"))
}

/// Removes a passkey.
pub(crate) async fn removed(asked: &Asked, owner: &Owner<'_>) -> Acted {
    let id = asked.field("id").unwrap_or_default();
    owner.remove_passkey(id).await?;
    Ok(page::redirect("/?said=passkey-removed"))
}
