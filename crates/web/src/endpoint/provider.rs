//! What a partner's page makes a browser bring: taken in the browser that was sent out for it.

use std::sync::Arc;

use authn::handle::Handle;
use authn::ports::Unavailable;
use authn::sign_in::At;
use http::StatusCode;
use proto::wsfed::{ProviderAnswer, SIGN_IN};
use sts::flow::wsfed::{self, Answered, Brought};

use super::wsfed::{drawn, handed_over, refused_to, visited};
use crate::asked::Asked;
use crate::{Answer, Pages, cookie, page};

/// The field by which our own page says that it brings it.
const AGAIN: &str = "again";

impl Pages {
    /// Takes what a partner says.
    pub(super) async fn take_provider_answer(
        &self,
        asked: &Asked,
        answer: &ProviderAnswer,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        let handle = asked.cookie(cookie::ELSEWHERE).and_then(Handle::parse);
        // INTEROP: a browser sends no cookie of ours with another site's form; a page of ours sends it once more, with it.
        if handle.is_none() && asked.field(AGAIN).is_none() {
            let wctx = answer.wctx.clone().map(|it| ("wctx", it));
            let fields = [
                ("wa", SIGN_IN.to_owned()),
                ("wresult", answer.wresult().expose().clone()),
            ];
            let again = (AGAIN, "1".to_owned());
            let page = page::Post {
                words: asked.words,
                brand: Arc::clone(&asked.brand),
                title: asked.words.signing_in,
                party: flow.identity.display_name.clone(),
                action: wsfed::PATH.to_owned(),
                fields: fields.into_iter().chain(wctx).chain([again]).collect(),
            };
            return Ok(page::shown(StatusCode::OK, &page).into());
        }
        let visited = visited(asked);
        let brought = Brought {
            answer,
            handle: handle.as_ref(),
            visited: &visited,
            user_agent: asked.user_agent(),
            at,
        };
        let owner = self.owner_of(asked, at).await?;
        let stays = owner.and_then(|it| it.stays(&self.rules, at.now));
        let policy = &self.rules.policy;
        Ok(match flow.brought(policy, brought, drawn()?).await? {
            Answered::Issued(issued) => handed_over(asked, &issued, stays),
            Answered::Refused(refused) => refused_to(asked, (at, ""), refused),
            // What a partner says is taken or not: nothing more is asked.
            Answered::MustSignIn { .. } | Answered::Choose(_) | Answered::Elsewhere { .. } => {
                asked.sentence(StatusCode::FORBIDDEN, asked.words.shut)
            }
        }
        .into())
    }
}
