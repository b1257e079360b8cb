//! AD FS's active endpoints: a program's message comes, and a token or a fault goes back.
//!
//! Where they are switched off nothing is there. Start at `Pages::active`.

use authn::credential::sent_code::Language;
use authn::place::Channel;
use authn::sign_in::{self, At};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use proto::wstrust::active::{Dialect, mex};
use sts::flow::active::{Active, Asking};
use sts::flow::wsfed;
use sts::token::TokenRandomness;
use zeroize::Zeroizing;

use crate::{Answer, Pages, Request, clock, page};

/// The media type of what is sent and answered (SOAP 1.2 part 2, appendix A).
const SOAP: &str = "application/soap+xml";

impl Pages {
    /// Answers a program; `None` where the address is none of these.
    pub(crate) async fn active(
        &self,
        request: &Request,
        (at, flow): (&At, &wsfed::Service),
    ) -> Option<Answer> {
        if !flow.identity.is_active {
            return None;
        }
        let path = request.head.uri.path().to_ascii_lowercase();
        if path == mex::PATH && [Method::GET, Method::HEAD].contains(&request.head.method) {
            let document = mex::document(&flow.identity.origin);
            return Some(page::document("text/xml; charset=utf-8", &document).into());
        }
        let dialect = Dialect::ALL.into_iter().find(|it| it.path() == path)?;
        if request.head.method != Method::POST {
            return Some(
                told(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "A message is posted here.\n",
                )
                .into(),
            );
        }
        if !is_soap(&request.head) {
            let sentence = "A message is application/soap+xml in UTF-8.\n";
            return Some(told(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence).into());
        }
        Some(self.message(request, (at, flow), dialect).await)
    }

    async fn message(
        &self,
        request: &Request,
        (at, flow): (&At, &wsfed::Service),
        dialect: Dialect,
    ) -> Answer {
        let Ok((code, random)) = drawn() else {
            let sentence = "Nothing can be made just now.\n";
            return told(StatusCode::SERVICE_UNAVAILABLE, sentence).into();
        };
        let user_agent = request.head.headers.get(header::USER_AGENT);
        let active = Active {
            service: flow,
            ports: &self.ports.attempt,
            rules: &self.rules,
        };
        let asking = Asking {
            message: &request.body,
            dialect,
            user_agent: user_agent.and_then(|it| it.to_str().ok()),
            code,
            at,
        };
        let answered = active.answer(asking, random).await;
        if let Some(said) = &answered.said {
            let activity = &at.activity.0;
            tracing::info!(activity, "a request of WS-Trust is refused: {said}");
        }
        // INTEROP: any fault is 500, which clients expect (MSAL).
        let status = match answered.is_issued {
            true => StatusCode::OK,
            false => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = page::document("application/soap+xml; charset=utf-8", &answered.message);
        *response.status_mut() = status;
        Answer {
            response,
            hold_back: answered.hold_back,
            is_alarmed: answered.is_alarmed,
            signed_in: answered.signed_in,
            channel: Channel::UsernameToken,
            unavailable: answered.unavailable,
        }
    }
}

fn drawn() -> Result<(sign_in::Asked, TokenRandomness), authn::ports::Unavailable> {
    let code = sign_in::Asked {
        language: Language::English,
        code: clock::random()?,
        id: clock::random()?,
    };
    let random = TokenRandomness {
        id: clock::random()?,
        key: Zeroizing::new(clock::random()?),
        iv: clock::random()?,
    };
    Ok((code, random))
}

/// SECURITY: under another charset the same bytes may say something else; nobody here reads them so, and nobody shall.
fn is_soap(head: &http::request::Parts) -> bool {
    let mut kinds = head.headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (kinds.next(), kinds.next()) else {
        return false;
    };
    let mut parts = only.to_str().unwrap_or_default().split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let is_utf_8 = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    let is_plain = !head.headers.contains_key(header::CONTENT_ENCODING);
    kind.eq_ignore_ascii_case(SOAP) && parts.all(is_utf_8) && is_plain
}

fn told(status: StatusCode, sentence: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(sentence.as_bytes()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}
