#![doc = include_str!("../README.md")]

mod clock;
mod cookie;
mod page;
mod qr;
mod words;

pub mod api;

mod asked;
pub mod branding;
mod budget;
mod endpoint;
mod language;
mod not_me;
mod office;
mod passkeys;
mod portal;
mod sign_in;
mod telephone;
mod tokens;
pub mod wire;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use authn::attempt::Rules;
use authn::credential::passkey::RelyingParty;
use authn::lockout::HoldBack;
use authn::place::{ActivityId, Channel, ConnectionId, Service, Zone};
use authn::ports::Unavailable;
use authn::sign_in::{At, Ports, Sending};
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};

use asked::Asked;
use branding::Branding;
pub use endpoint::Begun;
use proto::channel_binding::{Demand, EndPoint};
use sts::flow::wsfed;

/// A request for pages of ours, as the gate let it through: its framing, host and path are sound.
///
/// SECURITY: its body has secrets that were typed, its headers cookies, its query what may be either; none of it is shown.
pub struct Request {
    /// Its head.
    pub head: http::request::Parts,
    /// Its body, at most [`Pages::longest`] bytes.
    pub body: Bytes,
    /// Scheme, name and port of the pages, as browsers write them.
    pub origin: String,
    /// The zone of the client.
    pub zone: Zone,
    /// Its address.
    pub address: IpAddr,
    /// What it came over.
    pub over: Over,
    /// Its id.
    pub activity: ActivityId,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Request");
        shown.field("method", &self.head.method);
        shown.field("path", &self.head.uri.path());
        shown.finish_non_exhaustive()
    }
}

/// The connection that a request came over, to which a proof may be bound.
#[derive(Clone, Debug)]
pub struct Over {
    /// Which.
    pub connection: ConnectionId,
    /// Every certificate that may have been shown on it.
    pub end_points: Vec<EndPoint>,
    /// What becomes of the channel binding of Kerberos there.
    pub channel_binding: Demand,
}

/// An answer, and what the door does before it goes out.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub response: Response<Bytes>,
    /// How long it is held back.
    pub hold_back: HoldBack,
    /// Whether an alarm was raised for an account.
    pub is_alarmed: bool,
    /// How a sign-in ended with it, where one did: that somebody is in, or was refused.
    pub signed_in: Option<bool>,
    /// By which channel it was tried.
    pub channel: Channel,
    /// What could not be reached, for the log.
    pub unavailable: Option<Unavailable>,
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self {
            response,
            hold_back: HoldBack::default(),
            is_alarmed: false,
            signed_in: None,
            channel: Channel::Page,
            unavailable: None,
        }
    }
}

/// How many bytes the body of a request may have that comes to a path of the security token service, or of the portal.
#[must_use]
pub fn longest(is_sts: bool, path: &str) -> usize {
    let service = if is_sts {
        Service::STS
    } else {
        Service::PORTAL
    };
    asked::longest(&service, path)
}

/// What a browser is told while whoever answers for us cannot be reached.
#[must_use]
pub fn away(headers: &HeaderMap, branding: &Branding, error: Unavailable) -> Answer {
    Answer {
        unavailable: Some(error),
        ..asked::unavailable(headers, branding).into()
    }
}

/// All pages of ours.
pub struct Pages {
    /// What they ask of the world.
    pub ports: Ports,
    /// What sign-ins are judged by.
    pub rules: Rules,
    /// What codes are sent by, where anybody carries them.
    pub sending: Option<Sending>,
    /// Who passkeys are good for.
    pub passkeys: RelyingParty,
    /// The services that an app password may be for.
    pub services: Vec<Service>,
    /// Whether whoever has nothing yet may begin by Kerberos, in the office.
    pub from_office: bool,
    /// The security token service, where there is one.
    pub sts: Option<wsfed::Service>,
    /// What the company puts on them.
    pub branding: Arc<Branding>,
    /// How many sign-ins for parties were begun of late.
    pub begun: Begun,
}

impl Pages {
    /// How many bytes the body of a request may have that comes to this origin and path.
    #[must_use]
    pub fn longest(&self, origin: &str, path: &str) -> usize {
        asked::longest(&self.service_at(origin), path)
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request) -> Answer {
        let is_sts = self.service_at(&request.origin) == Service::STS;
        let mut answer = self.answer_to(request).await;
        if is_sts {
            // INTEROP: parties have people sign in in a window of their own, and are told through its opener.
            let headers = answer.response.headers_mut();
            headers.remove("cross-origin-opener-policy");
        }
        answer
    }

    /// The company's logo, where it has one.
    fn logo(&self, asked: &Asked) -> Response<Bytes> {
        match &self.branding.logo {
            Some(logo) => page::logo(logo),
            None => asked.sentence(StatusCode::NOT_FOUND, asked.words.not_found),
        }
    }

    async fn answer_to(&self, request: Request) -> Answer {
        let agent = request.head.headers.get(http::header::USER_AGENT);
        let agent = agent.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
        let at = At {
            zone: request.zone.clone(),
            source: request.address,
            agent: agent.unwrap_or_default(),
            activity: request.activity.clone(),
            session: cookie::handle(&request.head.headers, cookie::SESSION).map(|it| it.key()),
            now: clock::now(),
        };
        let service = self.service_at(&request.origin);
        if let (true, Some(flow)) = (service == Service::STS, &self.sts)
            && let Some(answer) = self.active(&request, (&at, flow)).await
        {
            return answer;
        }
        let asked = match Asked::read(request, (service, &self.branding)) {
            Ok(asked) => asked,
            Err(refused) => return (*refused).into(),
        };
        let words = asked.words;
        let answered = match self.dispatch(&asked, &at).await {
            Ok(answer) => return answer,
            Err(unavailable) => unavailable,
        };
        let response = asked.sentence(StatusCode::SERVICE_UNAVAILABLE, words.unavailable);
        Answer {
            unavailable: Some(answered),
            ..response.into()
        }
    }

    // tidy: flat, because it is the table of all addresses
    async fn dispatch(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        if let (true, Some(flow)) = (asked.service == Service::STS, &self.sts) {
            return self.sts(asked, (at, flow)).await;
        }
        let is_post = asked.method == Method::POST;
        if is_post && !asked.is_sent_from_here() {
            let text = asked.words.not_sent_here;
            return Ok(asked.sentence(StatusCode::FORBIDDEN, text).into());
        }
        match (is_post, asked.path.as_str()) {
            (false, "/style.css") => Ok(page::style(&self.branding).into()),
            (false, "/logo") => Ok(self.logo(asked).into()),
            (false, "/favicon.ico") => Ok(page::no_icon().into()),
            (false, "/passkeys.js") => Ok(page::script().into()),
            (true, "/language") => self.language(asked, at).await,
            (false, "/sign-in") => self.show_sign_in(asked, at).await,
            (true, "/sign-in/passkey") => self.begin_by_passkey(asked, at).await,
            (true, "/sign-in") => self.take_answer(asked, at).await,
            (true, "/sign-in/send") => self.send_code(asked, at).await,
            (false, "/office") => self.office(asked, at).await,
            (false, "/invitation") => Ok(asked.invitation().into()),
            (true, "/invitation") => self.take_invitation(asked, at).await,
            (true, "/sign-out") => self.signed_out(asked, at).await,
            // A browser asks for icons and the like by itself: that begins no sign-in in the place of the one it shows.
            (_, path) if !portal::has(path) => Ok(asked.nothing().into()),
            (_, path) => match self.owner_of(asked, at).await? {
                // A new secret is chosen by the old one.
                Some(signed_in)
                    if (is_post, path) != (true, "/secret")
                        && !self.is_fresh(&signed_in, (asked, at)) =>
                {
                    self.ask_anew(asked, at).await
                }
                Some(signed_in) => self.portal(asked, (is_post, path), &signed_in, at).await,
                None => Ok(page::redirect("/sign-in").into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_shown_shows_no_secret() {
        let head = http::Request::post("https://my.contoso.com/sign-in?invitation=handle")
            .header("cookie", "session=swordfish")
            .body(())
            .unwrap();
        let request = Request {
            head: head.into_parts().0,
            body: Bytes::from_static(b"name=anna&secret=swordfish"),
            origin: "https://my.contoso.com".to_owned(),
            zone: Zone::EXTERNAL,
            address: IpAddr::from([192, 0, 2, 1]),
            over: Over {
                connection: ConnectionId::default(),
                end_points: Vec::new(),
                channel_binding: Demand::Off,
            },
            activity: ActivityId::from([9; 16]),
        };
        let shown = format!("{request:?}");
        assert_eq!(shown, "Request { method: POST, path: \"/sign-in\", .. }");
    }
}
