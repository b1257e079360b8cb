//! `/adfs/ls/` for SAML 2.0: a browser comes with a service provider's request, or to begin here, and leaves with a form for
//! that service provider, or with a page that says which it was and by which id the log knows why not.

use std::sync::Arc;

use authn::ports::Unavailable;
use authn::sign_in::{At, SignIn};
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jiff::SignedDuration;
use proto::saml::v2::{Brought, MESSAGE, RELAY_STATE};
use sts::flow::saml::{Accepted, Answer as Answering, Answered, Asking, LOGIN_TO_RP, Taken};
use sts::flow::wsfed::{self, Browser, Marker, Visited};

use super::wsfed::{drawn, no_token, refused_to, visited};
use crate::asked::Asked;
use crate::portal::SignedIn;
use crate::{Answer, Pages, cookie, page};

/// The field that an answer is in; where one comes to us, it is refused, as we are nobody's service provider.
const RESPONSE: &str = "SAMLResponse";
/// The field of WS-Federation that says what is asked.
const ACTION: &str = "wa";

/// Whether a request is one of SAML: by its form where it is one, and else by its address.
pub(super) fn is_asked(asked: &Asked) -> bool {
    [MESSAGE, RESPONSE, Accepted::NAME]
        .iter()
        .any(|name| has(asked, name))
}

fn is_post(asked: &Asked) -> bool {
    asked.method == Method::POST
}

/// What stands in the address of a form is of no account.
fn has(asked: &Asked, name: &str) -> bool {
    let from = match is_post(asked) {
        true => asked.form(),
        false => asked.parameters(),
    };
    from.all(name).next().is_some()
}

impl Pages {
    /// Takes a request of a service provider.
    pub(super) async fn single_sign_on(
        &self,
        asked: &Asked,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        if !is_post(asked) && asked.method != Method::GET {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Ok(asked.sentence(status, asked.words.not_found).into());
        }
        if has(asked, ACTION) || has(asked, RESPONSE) {
            let said = "it asks in two protocols, or brings an answer that nobody here asked for";
            return Ok(malformed(asked, at, said).into());
        }
        if !is_post(asked) && has(asked, Accepted::NAME) {
            return match flow.read_back(asked.parameters(), at.now) {
                Some(accepted) => self.sign_on(asked, &accepted, (at, flow)).await,
                None => {
                    let said = "an address of ours was changed, or is too old";
                    Ok(malformed(asked, at, said).into())
                }
            };
        }
        let brought = match is_post(asked) {
            true => Brought::of_form(asked.form()),
            false => Brought::of_query(asked.query_text()),
        };
        let brought = match brought {
            Ok(brought) => brought,
            Err(error) => return Ok(malformed(asked, at, &error.to_string()).into()),
        };
        let signed_in = self.owner_of(asked, at).await?;
        let account = signed_in.as_ref().map(|it| SignedIn::of(it).1);
        match flow.accept(&brought, (account, at)).await? {
            Taken::Malformed(said) => Ok(malformed(asked, at, &said).into()),
            Taken::Refused(refused) => Ok(refused_to(asked, (at, ""), refused).into()),
            // INTEROP: a browser sends no cookie of ours with another site's form; it comes again by itself.
            Taken::Accepted(accepted) if is_post(asked) => {
                Ok(page::redirect(&flow.path_of(&accepted)).into())
            }
            Taken::Accepted(accepted) => self.sign_on(asked, &accepted, (at, flow)).await,
        }
    }

    /// Begins a sign-on to a party, where that may be.
    pub(super) async fn idp_initiated(
        &self,
        asked: &Asked,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        let party = asked
            .query(LOGIN_TO_RP)
            .filter(|_| asked.method == Method::GET);
        let begun = party.and_then(|party| flow.begin(party, at.now));
        match begun {
            Some(accepted) => self.sign_on(asked, &accepted, (at, flow)).await,
            None => {
                let text = asked.words.not_found;
                Ok(asked.sentence(StatusCode::NOT_FOUND, text).into())
            }
        }
    }

    async fn sign_on(
        &self,
        asked: &Asked,
        accepted: &Accepted,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        let heard = flow.heard().await?;
        let signed_in = self.owner_of(asked, at).await?;
        // SECURITY: whatever comes of it, an answer that says no or a sign-in, costs us a signature or a row.
        if signed_in.is_none()
            && let Some(answer) = self.turned_away(asked, at)
        {
            return Ok(answer.into());
        }
        let is_counted = signed_in.is_none();
        let visited = visited(asked);
        let browser = asked.cookie(cookie::ASKED).and_then(Browser::parse);
        let asking = Asking {
            request: accepted,
            marker: asked.query(Marker::NAME),
            browser: browser.as_ref(),
            heard,
            signed_in: signed_in.as_ref().map(SignedIn::of),
            session: signed_in.as_ref().map(|it| it.handle().key()),
            visited: &visited,
            user_agent: asked.user_agent(),
            at,
        };
        let policy = &self.rules.policy;
        let answered = flow.sign_on(policy, asking, drawn()?).await?;
        Ok(match answered {
            Answered::MustSignIn {
                requirement,
                party,
                continuation,
                browser,
            } => {
                let service = asked.service.clone();
                let begun = SignIn::begin(service, requirement, continuation, at.now);
                let begun = begun.for_party(Some(party));
                let answer = match is_counted {
                    true => self.begun_by(asked, &begun).await?,
                    false => self.begin_with(asked, &begun, at).await?,
                };
                page::with_cookie(answer, cookie::given(cookie::ASKED, browser.as_str()))
            }
            Answered::Refused(refused) => {
                let party = accepted.wanted().issuer.as_str();
                refused_to(asked, (at, party), refused)
            }
            Answered::Answer(answer) => {
                let stays = signed_in
                    .as_ref()
                    .and_then(|it| it.stays(&self.rules, at.now));
                handed_over(asked, &answer, stays)
            }
        }
        .into())
    }
}

/// The form that takes the answer to its party, by itself or by its button.
fn handed_over(
    asked: &Asked,
    answering: &Answering,
    stays: Option<SignedDuration>,
) -> Response<Bytes> {
    let state = answering.relay_state.clone().map(|it| (RELAY_STATE, it));
    let response = answering.response.clone();
    let page = page::Post {
        words: asked.words,
        brand: Arc::clone(&asked.brand),
        title: match answering.visited {
            Some(_) => asked.words.on_the_way,
            None => asked.words.way_back,
        },
        party: answering.name.clone(),
        action: answering.reply.as_str().to_owned(),
        fields: [(RESPONSE, response)].into_iter().chain(state).collect(),
    };
    let answer = page::shown(StatusCode::OK, &page);
    let answer = page::with_form_elsewhere(answer);
    let visited = answering.visited.as_ref();
    let line = |it: &Visited| cookie::with_session(cookie::VISITED, &it.to_string(), stays);
    let line = visited.and_then(line);
    page::with_cookie(answer, line)
}

/// Why a request is none, for the log, and a page that does not say it.
fn malformed(asked: &Asked, at: &At, said: &str) -> Response<Bytes> {
    let activity = &at.activity.0;
    tracing::info!(activity, "a request of SAML is refused: {said}");
    no_token(asked, at, (StatusCode::BAD_REQUEST, None))
}
