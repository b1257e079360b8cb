//! `/office`: whoever is in the office and has nothing yet proves by Kerberos who they are, and chooses a secret; their browser
//! does it by itself where it knows the address for one of the intranet.
//!
//! What it is good for, and for whom, `authn` decides. NTLM is not offered, and where a browser offers it, it is not
//! looked at.

use authn::attempt::KerberosToken;
use authn::ports::Unavailable;
use authn::sign_in::{self, At, FromOffice, Welcomed};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use proto::http_auth::{Challenge, Credentials};
use proto::secret::Secret;
use proto::spnego::{self, Acceptor};

use crate::asked::Asked;
use crate::{Answer, Pages, clock, cookie, page};

impl Pages {
    /// Whether somebody there is shown the way.
    pub(crate) fn is_office(&self, at: &At) -> bool {
        let sending = self.sending.as_ref();
        self.from_office && sign_in::may_begin_in(&self.rules.policy, sending, &at.zone)
    }

    /// Takes a token, or asks for one.
    pub(crate) async fn office(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        if !self.is_office(at) {
            let text = asked.words.not_found;
            return Ok(asked.sentence(StatusCode::NOT_FOUND, text).into());
        }
        let Some(token) = brought(asked) else {
            return Ok(asks(asked, None).into());
        };
        let brought = FromOffice {
            token,
            connection: asked.over().connection,
        };
        let random = sign_in::Asked {
            language: crate::sign_in::language(asked.words),
            code: clock::random()?,
            id: clock::random()?,
        };
        let by = (&self.rules, self.sending.as_ref());
        let with = (brought, random);
        let came = sign_in::welcome_from_office(&self.ports, by, &asked.fresh, with, at).await?;
        Ok(match came {
            Welcomed::Begun { reply_token } => {
                let line = cookie::given(cookie::SIGN_IN, asked.fresh.written().expose());
                let answer = page::with_cookie(page::redirect("/sign-in"), line);
                offered(answer, reply_token).into()
            }
            Welcomed::NotFirst => {
                let text = asked.words.office_not_first;
                asked.sentence(StatusCode::FORBIDDEN, text).into()
            }
            Welcomed::Denied {
                hold_back,
                is_alarmed,
            } => Answer {
                hold_back,
                is_alarmed,
                signed_in: Some(false),
                ..asks(asked, Some(asked.words.refused)).into()
            },
        })
    }
}

/// The Kerberos token of a request, if it is one: whole with the first message, as no other exchange is.
fn brought(asked: &Asked) -> Option<KerberosToken> {
    let line = asked.authorization()?;
    let Ok(Credentials::Negotiate(message)) = Credentials::parse(line.as_bytes()) else {
        return None;
    };
    let mut negotiation = Acceptor::or_kerberos();
    let Ok(spnego::Step::Kerberos(token)) = negotiation.token(&message) else {
        return None;
    };
    Some(KerberosToken {
        token: Secret::new(token),
        negotiation,
        end_points: asked.over().end_points.clone(),
        channel_binding: asked.over().channel_binding,
    })
}

/// Asks the browser who it is; its person reads what to do where it does not say.
fn asks(asked: &Asked, wrong: Option<&'static str>) -> Response<Bytes> {
    let page = page::Office {
        frame: asked.frame().wrong(wrong),
    };
    let answer = asked.held_with(page::shown(StatusCode::UNAUTHORIZED, &page));
    offered(answer, None)
}

fn offered(mut answer: Response<Bytes>, token: Option<Vec<u8>>) -> Response<Bytes> {
    let is_asked = answer.status() == StatusCode::UNAUTHORIZED;
    if (is_asked || token.is_some())
        && let Ok(line) = HeaderValue::try_from(Challenge::Negotiate(token.as_deref()).to_string())
    {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, line);
    }
    answer
}
