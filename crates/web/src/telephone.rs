//! The telephone that codes go to, at the door: shown masked, set by its owner, and taken away.

use authn::credential::sent_code::Carrier;
use authn::place::Service;
use authn::portal::{Owner, PortalError};
use authn::ports::Unavailable;

use crate::asked::Asked;
use crate::portal::{Acted, minute};
use crate::{Pages, clock, cookie, page, sign_in};

impl Pages {
    /// What is shown of it: nothing where short messages prove nothing here, and none is set.
    pub(crate) async fn telephone(
        &self,
        owner: &Owner<'_>,
    ) -> Result<Option<page::Telephone>, Unavailable> {
        let known = owner.telephone().await?;
        let sending = self.sending.as_ref();
        let by_sms = sending.is_some_and(|it| it.carriers.contains(&Carrier::Sms));
        let is_sent = by_sms && self.sends((&Service::PORTAL).into(), owner.at);
        let held = known.as_ref().filter(|it| it.is_held(owner.at.now));
        // What is there can be taken away, whatever the policy says by now.
        Ok((is_sent || known.is_some()).then(|| page::Telephone {
            number: known.as_ref().map(|it| it.address.masked()),
            held: held.map(|it| minute(it.held_until)),
            is_sent,
        }))
    }

    /// Sets it, and sends the browser to sign in anew.
    pub(crate) async fn telephone_set(&self, asked: &Asked, owner: &Owner<'_>) -> Acted {
        let sending = self.sending.as_ref().ok_or(PortalError::NotReached)?;
        let typed = asked.field("Number").unwrap_or_default();
        let what = (typed, sign_in::language(asked.words));
        let ids = [clock::random()?, clock::random()?];
        let by = (&self.rules.policy, sending);
        owner.set_telephone(by, what, ids).await?;
        Ok(signed_out("/sign-in?said=telephone-set"))
    }

    /// Takes it away, and sends the browser to sign in anew.
    pub(crate) async fn telephone_removed(&self, owner: &Owner<'_>) -> Acted {
        owner.remove_telephone(&self.rules.policy).await?;
        Ok(signed_out("/sign-in?said=telephone-removed"))
    }
}

/// The session has ended with the change.
fn signed_out(path: &str) -> http::Response<bytes::Bytes> {
    page::with_cookie(page::redirect(path), cookie::taken(cookie::SESSION))
}
