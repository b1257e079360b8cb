//! The stand-in Exchange: Web Services with one operation, behind the same door as the front end.

mod resolve_names;

use http::header::ALLOW;
use http::{HeaderName, Method, StatusCode};

use crate::echo;
use crate::identity::{Asks, Caller, Reception};
use crate::serve::body::{self, BodyError};
use crate::serve::http::{Application, Asked, Connection, Head};
use crate::serve::reply::Reply;

/// Which of the farm's servers answered.
const FE_SERVER: HeaderName = HeaderName::from_static("x-feserver");
/// Largest request that is read.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The Exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) reception: Reception,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Services,
    Echo,
    Nothing,
}

impl Place {
    fn of(head: &Head) -> Self {
        match head.route().as_str() {
            "/ews/exchange.asmx" => Self::Services,
            "/ews/echo" | "/lab/echo" => Self::Echo,
            _ => Self::Nothing,
        }
    }
}

impl Application for Exchange {
    async fn answer(&self, asked: Asked, connection: &Connection) -> Reply {
        let place = Place::of(&asked.head);
        let asks = if place == Place::Nothing {
            Asks::Nothing
        } else {
            Asks::Identity
        };
        let caller = self.reception.identify(&asked.head, connection, asks);
        self.reception.note(&asked.head, connection, &caller);
        let reply = self.reply(place, asked, &caller, connection).await;
        self.reception
            .finish(reply, &caller)
            .header(FE_SERVER, &self.reception.host)
    }
}

impl Exchange {
    async fn reply(
        &self,
        place: Place,
        asked: Asked,
        caller: &Caller,
        connection: &Connection,
    ) -> Reply {
        if caller.person().is_some() && place == Place::Echo {
            return echo::answer(asked, caller, connection, &self.reception).await;
        }
        let body = match body::read(asked.body, MAX_REQUEST_BYTES).await {
            Ok(body) => Some(body),
            Err(BodyError::TooLong { .. }) => None,
            Err(BodyError::Broken) => return Reply::new(StatusCode::BAD_REQUEST),
        };
        if place == Place::Nothing && caller.refused().is_none() {
            return Reply::new(StatusCode::NOT_FOUND);
        }
        if caller.person().is_none() {
            return self.reception.challenge(caller);
        }
        match (place, body) {
            (Place::Services, _) if asked.head.method != Method::POST => {
                Reply::new(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, "POST")
            }
            (Place::Services, None) => Reply::new(StatusCode::PAYLOAD_TOO_LARGE),
            (Place::Services, Some(body)) => resolve_names::answer(&body, self.reception.people()),
            (Place::Echo | Place::Nothing, _) => Reply::new(StatusCode::NOT_FOUND),
        }
    }
}
