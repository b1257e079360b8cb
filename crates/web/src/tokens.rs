//! Tokens and apps that show codes, at the door: connected by a picture or a key, confirmed by a first code, and removed.

use authn::admin::tokens::{TokenError, TokenRandomness};
use authn::portal::{Owner, PortalError};
use http::StatusCode;

use crate::asked::Asked;
use crate::page;
use crate::portal::{Acted, SignedIn};
use crate::sign_in::token_text;
use crate::{Pages, clock, qr};

impl Pages {
    /// Makes one that waits for its first code.
    pub(crate) async fn token_enrolled(&self, asked: &Asked, owner: &Owner<'_>) -> Acted {
        let label = asked.field("label").unwrap_or_default().trim().to_owned();
        let random = TokenRandomness {
            id: clock::random()?,
            seed: clock::random()?,
        };
        let token = owner.enrol(&self.rules.policy, label, random).await?;
        Ok(page::redirect(&format!(
            "/tokens/confirm?id={}",
            token.id.0
        )))
    }

    /// Shows one that waits to a phone.
    pub(crate) async fn token_shown(
        &self,
        asked: &Asked,
        signed_in: &SignedIn,
        owner: &Owner<'_>,
        wrong: Option<&'static str>,
    ) -> Acted {
        let id = asked.query("id").or(asked.field("id")).unwrap_or_default();
        let uri = owner.to_confirm(&self.rules.policy, id).await?;
        let page = page::Connect {
            frame: signed_in.frame(asked).wrong(wrong),
            action: "/tokens/confirm",
            by_passkey: false,
            id: id.to_owned(),
            key: qr::key(&uri),
            picture: qr::of(&uri),
        };
        let status = match wrong {
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::OK,
        };
        Ok(page::shown(status, &page))
    }

    /// Takes its first code.
    pub(crate) async fn token_confirmed(
        &self,
        asked: &Asked,
        signed_in: &SignedIn,
        owner: &Owner<'_>,
    ) -> Acted {
        let id = asked.field("id").unwrap_or_default();
        let typed = asked.field("Code").unwrap_or_default().trim();
        match owner.confirm(&self.rules.policy, id, typed).await {
            Ok(_) => Ok(page::redirect("/?said=confirmed")),
            Err(PortalError::Token(
                error @ (TokenError::WrongCode | TokenError::TooManyFailures),
            )) => {
                let wrong = Some(token_text(asked.words, &error));
                self.token_shown(asked, signed_in, owner, wrong).await
            }
            Err(error) => Err(error),
        }
    }
}

/// Removes one.
pub(crate) async fn removed(asked: &Asked, owner: &Owner<'_>) -> Acted {
    owner
        .remove_token(asked.field("id").unwrap_or_default())
        .await?;
    Ok(page::redirect("/?said=removed"))
}

/// Where a request goes on after its sender was asked anew; nothing where that is the portal's first page.
pub(crate) fn way_back(asked: &Asked) -> Option<String> {
    let id = asked.query("id").or(asked.field("id")).unwrap_or_default();
    let is_id = !id.is_empty() && id.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    let is_token = asked.path == "/tokens/confirm" && is_id;
    is_token.then(|| format!("/tokens/confirm?id={id}"))
}
