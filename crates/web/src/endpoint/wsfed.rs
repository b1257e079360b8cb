//! `/adfs/ls/`: a browser comes with a request of a party, and leaves with a token, or with a page that says which party it
//! was and by which id the log knows why not.

use std::sync::Arc;

use authn::audit::TokenRefusal;
use authn::place::SourceNetwork;
use authn::ports::Unavailable;
use authn::sign_in::{self, At, SignIn};
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jiff::SignedDuration;
use proto::wsfed::{ProviderAnswer, Request, SIGN_IN, SignInRequest, SignOutRequest};
use sts::flow::wsfed::{
    self, Answered, Asking, Browser, Choice, CleanedUp, Issued, Marker, Refused, Remembered,
    SignedOut, Visited,
};
use sts::token::TokenRandomness;
use sts::trust::Url;
use zeroize::Zeroizing;

use crate::asked::Asked;
use crate::budget::Budget;
use crate::portal::SignedIn;
use crate::{Answer, Pages, clock, cookie, page};

impl Pages {
    /// Takes a request of a party; what stands in the address of a form is of no account ([MS-MWBF] 3.1.5.1).
    pub(super) async fn passive(
        &self,
        asked: &Asked,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        let is_post = asked.method == Method::POST;
        if !is_post && asked.method != Method::GET {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Ok(asked.sentence(status, asked.words.not_found).into());
        }
        let request = match is_post {
            true => Request::parse(asked.form()),
            false => Request::parse(asked.parameters()),
        };
        let refused = |said: String| {
            let activity = &at.activity.0;
            tracing::info!(activity, "a request of WS-Federation is refused: {said}");
            no_token(asked, at, (StatusCode::BAD_REQUEST, None))
        };
        match request {
            Err(error) => Ok(refused(error.to_string()).into()),
            Ok(Request::Answer) if !is_post => {
                let said = "what a claims provider says stands in an address";
                Ok(refused(said.to_owned()).into())
            }
            Ok(Request::Answer) => match ProviderAnswer::parse(asked.form()) {
                Err(error) => Ok(refused(error.to_string()).into()),
                Ok(answer) => self.take_provider_answer(asked, &answer, (at, flow)).await,
            },
            // INTEROP: a browser sends no cookie of ours with another site's form; it comes again by itself.
            Ok(Request::SignIn(request)) if is_post => {
                let address = format!("{}?{}", wsfed::PATH, request.to_query());
                Ok(page::redirect(&address).into())
            }
            Ok(Request::SignIn(request)) => self.token(asked, &request, (at, flow)).await,
            Ok(Request::SignOut(request)) => self.out(asked, &request, (at, flow)).await,
            Ok(Request::SignOutCleanup(request)) => {
                self.out_elsewhere(asked, &request, (at, flow)).await
            }
        }
    }

    async fn token(
        &self,
        asked: &Asked,
        request: &SignInRequest,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        noted(request, at);
        let heard = flow.heard().await?;
        let signed_in = self.owner_of(asked, at).await?;
        let (visited, handle) = (visited(asked), asked.elsewhere());
        let browser = asked.cookie(cookie::ASKED).and_then(Browser::parse);
        let asking = Asking {
            request,
            marker: asked.query(Marker::NAME),
            browser: browser.as_ref(),
            heard,
            signed_in: signed_in.as_ref().map(SignedIn::of),
            session: signed_in.as_ref().map(|it| it.handle().key()),
            handle: &handle,
            remembered: asked.cookie(cookie::HOME_REALM),
            is_found_by_name: asked.query(Choice::BY_NAME).is_some(),
            visited: &visited,
            user_agent: asked.user_agent(),
            at,
        };
        let policy = &self.rules.policy;
        let answered = flow.sign_in(policy, asking, drawn()?).await?;
        let has_place = !matches!(answered, Answered::Refused(_));
        let stays = signed_in
            .as_ref()
            .and_then(|it| it.stays(&self.rules, at.now));
        let answer = self.shown(asked, answered, (at, request, stays)).await?;
        let chosen = asked.query(Remembered::NAME).filter(|_| has_place);
        let chosen = chosen.and_then(|_| Remembered::of(request));
        let line = chosen.and_then(|it| cookie::remembered(cookie::HOME_REALM, it.as_str()));
        Ok(page::with_cookie(answer, line).into())
    }

    /// What the browser is told of what became of its request.
    async fn shown(
        &self,
        asked: &Asked,
        answered: Answered,
        (at, request, stays): (&At, &SignInRequest, Option<SignedDuration>),
    ) -> Result<Response<Bytes>, Unavailable> {
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
                let answer = self.begin_with(asked, &begun, at).await?;
                page::with_cookie(answer, cookie::given(cookie::ASKED, browser.as_str()))
            }
            Answered::Choose(choice) => asked.home_realm(choice, request),
            Answered::Elsewhere { to } => {
                let line = cookie::given(cookie::ELSEWHERE, asked.elsewhere().written().expose());
                page::with_cookie(page::elsewhere(&to), line)
            }
            Answered::Refused(refused) => refused_to(asked, (at, &request.wtrealm), refused),
            Answered::Issued(issued) => handed_over(asked, &issued, stays),
        })
    }

    /// Keeps a sign-in under a new handle, which the browser gets on its way to the pages.
    ///
    /// SECURITY: anybody can ask for that, and each is a row until it ends: a network gets so many a minute.
    pub(crate) async fn begin_with(
        &self,
        asked: &Asked,
        begun: &SignIn,
        at: &At,
    ) -> Result<Response<Bytes>, Unavailable> {
        match self.turned_away(asked, at) {
            Some(answer) => Ok(answer),
            None => self.begun_by(asked, begun).await,
        }
    }

    /// The page for a network that asked too often, without anybody signed in.
    pub(super) fn turned_away(&self, asked: &Asked, at: &At) -> Option<Response<Bytes>> {
        let network = SourceNetwork::from(at.source);
        if self.begun.0.take(&network, at.now) {
            return None;
        }
        tracing::warn!(
            source = network.0,
            "a network began more sign-ins for parties than {MAX_BEGUN} in a minute"
        );
        let status = StatusCode::TOO_MANY_REQUESTS;
        Some(asked.sentence(status, asked.words.unavailable))
    }

    /// The same for a request that was counted already.
    pub(super) async fn begun_by(
        &self,
        asked: &Asked,
        begun: &SignIn,
    ) -> Result<Response<Bytes>, Unavailable> {
        let sign_ins = &self.ports.sign_ins;
        sign_ins.begin_sign_in(asked.fresh.key(), begun).await?;
        let line = cookie::given(cookie::SIGN_IN, asked.fresh.written().expose());
        Ok(page::with_cookie(page::redirect("/sign-in"), line))
    }

    /// Signs somebody out: here, at the parties where this browser was, and at the claims provider that they came from.
    async fn out(
        &self,
        asked: &Asked,
        request: &SignOutRequest,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        self.end_session(asked, at).await?;
        let SignedOut {
            told,
            reply,
            onward,
        } = flow.sign_out(request, &visited(asked)).await?;
        let answer = match (&reply, &onward[..], told.is_empty()) {
            (Some(reply), [], true) => page::elsewhere(reply.as_str()),
            (None, [only], true) => page::elsewhere(only.to.as_str()),
            (_, _, _) => {
                let mut frame = asked.frame();
                if !told.is_empty() || reply.is_some() || !onward.is_empty() {
                    // Nothing of it is known any more when the page is asked for once more.
                    frame.form.clear();
                }
                let page = page::SignedOut {
                    frame,
                    told: texts(&told),
                    reply: reply.map(|it| it.as_str().to_owned()),
                    onward: onward.iter().map(page::Offer::onward).collect(),
                };
                // Its form for the language is this browser's.
                let answer = asked.held_with(page::shown(StatusCode::OK, &page));
                page::with_images(answer, &sources(&told))
            }
        };
        Ok(forgotten(answer).into())
    }

    /// A claims provider says that somebody signed out of it, in a frame or an image of its page, or by sending the browser.
    ///
    /// INTEROP: from a page of another site a browser sends no cookie of ours with a frame or an image, so that nobody is signed
    /// out by that, and nothing of ours in it takes a cookie away; where it comes itself, or from our own site, both is so.
    async fn out_elsewhere(
        &self,
        asked: &Asked,
        request: &SignOutRequest,
        (at, flow): (&At, &wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        self.end_session(asked, at).await?;
        let CleanedUp {
            told,
            reply,
            framed_by,
        } = flow.clean_up(request, &visited(asked)).await?;
        let answer = match (&reply, told.is_empty()) {
            (Some(reply), true) => page::elsewhere(reply.as_str()),
            (_, _) => {
                let page = page::CleanedUp {
                    words: asked.words,
                    told: texts(&told),
                    reply: reply.map(|it| it.as_str().to_owned()),
                };
                let answer = page::shown(StatusCode::OK, &page);
                page::in_frames_of(answer, (&sources(&told), &framed_by))
            }
        };
        Ok(forgotten(answer).into())
    }

    /// Ends the session of this browser, where it has one, also where it is nobody's for the moment.
    async fn end_session(&self, asked: &Asked, at: &At) -> Result<(), Unavailable> {
        match &asked.session {
            Some(handle) => sign_in::sign_out(&self.ports, handle, &asked.service, at).await,
            None => Ok(()),
        }
    }
}

/// An answer with which the browser forgets who was signed in, and where it was.
fn forgotten(answer: Response<Bytes>) -> Response<Bytes> {
    let names = [cookie::SESSION, cookie::HOME_REALM, cookie::VISITED];
    let lines = names.into_iter().map(cookie::taken);
    lines.fold(answer, page::with_cookie)
}

fn texts(addresses: &[Url]) -> Vec<String> {
    addresses.iter().map(|it| it.as_str().to_owned()).collect()
}

fn sources(addresses: &[Url]) -> Vec<String> {
    addresses
        .iter()
        .map(|it| page::source(it.as_str()))
        .collect()
}

/// How many sign-ins for parties a network may begin in a minute.
const MAX_BEGUN: u32 = 600;

/// How many sign-ins for parties each network began of late, in this process.
#[derive(Debug)]
pub struct Begun(Budget<SourceNetwork>);

impl Default for Begun {
    fn default() -> Self {
        Self(Budget::of(MAX_BEGUN))
    }
}

/// What is drawn for a token.
pub(super) fn drawn() -> Result<TokenRandomness, Unavailable> {
    Ok(TokenRandomness {
        id: clock::random()?,
        key: Zeroizing::new(clock::random()?),
        iv: clock::random()?,
    })
}

/// Why there is no token, for the log, and a page that does not say it.
pub(super) fn refused_to(
    asked: &Asked,
    (at, realm): (&At, &str),
    refused: Refused,
) -> Response<Bytes> {
    let Refused {
        party,
        reason,
        said,
    } = refused;
    let activity = &at.activity.0;
    let realm: String = realm.chars().take(MAX_SHOWN).collect();
    tracing::info!(
        activity,
        trust.identifier = realm,
        trust.name = party.as_deref().unwrap_or_default(),
        "there is no token: {said} ({reason:?})"
    );
    match reason {
        TokenRefusal::Loop => went_round(asked, at, party),
        _ => no_token(asked, at, (StatusCode::FORBIDDEN, party)),
    }
}

/// By what the party finds the request in its own logs, beside the id by which ours and the audit know it.
fn noted(request: &SignInRequest, at: &At) {
    let Some(id) = &request.client_request_id else {
        return;
    };
    let bounded = |text: &str| text.chars().take(MAX_SHOWN).collect::<String>();
    tracing::info!(
        activity = at.activity.0,
        request.client_id = bounded(id),
        trust.identifier = bounded(&request.wtrealm),
        "a party asks for a token by an id of its own"
    );
}

/// So much of what somebody typed as a party's name stands in the log.
const MAX_SHOWN: usize = 256;

/// The form that takes the token to its party, by itself or by its button.
///
/// Where the browser was, it knows as long as somebody is signed in: a sign-out days later tells these parties.
pub(super) fn handed_over(
    asked: &Asked,
    issued: &Issued,
    stays: Option<SignedDuration>,
) -> Response<Bytes> {
    let wctx = issued.wctx.clone().map(|it| ("wctx", it));
    let fields = [
        ("wa", SIGN_IN.to_owned()),
        ("wresult", issued.wresult.clone()),
    ];
    let page = page::Post {
        words: asked.words,
        brand: Arc::clone(&asked.brand),
        title: asked.words.on_the_way,
        party: issued.name.clone(),
        action: issued.reply.as_str().to_owned(),
        fields: fields.into_iter().chain(wctx).collect(),
    };
    let answer = page::shown(StatusCode::OK, &page);
    let answer = page::with_form_elsewhere(answer);
    let line = cookie::with_session(cookie::VISITED, &issued.visited.to_string(), stays);
    page::with_cookie(answer, line)
}

/// A page that says which party it was, and by which id the log knows the reason.
pub(super) fn no_token(
    asked: &Asked,
    at: &At,
    (status, party): (StatusCode, Option<String>),
) -> Response<Bytes> {
    let page = page::NoToken {
        frame: asked.frame(),
        party,
        activity: at.activity.0.clone(),
    };
    // Its form for the language is this browser's.
    asked.held_with(page::shown(status, &page))
}

/// A page for whoever a party sent back again and again: that tells nobody anything but whom it concerns, who can mend it.
fn went_round(asked: &Asked, at: &At, party: Option<String>) -> Response<Bytes> {
    let page = page::WentRound {
        frame: asked.frame(),
        party,
        activity: at.activity.0.clone(),
    };
    asked.held_with(page::shown(StatusCode::FORBIDDEN, &page))
}

pub(super) fn visited(asked: &Asked) -> Visited {
    Visited::parse(asked.cookie(cookie::VISITED).unwrap_or_default())
}
