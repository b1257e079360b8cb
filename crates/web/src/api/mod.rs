//! The HTTP API of help desks and administrators: JSON, by API tokens alone, each with one role (S73).
//!
//! SECURITY: no cookie and no password is looked at here, so that no page of anybody's can send what a browser would add by
//! itself. What comes from a zone that the configuration does not name finds nothing. Wrong tokens are counted where they
//! come from, and shut no right one out; wrong, revoked and ended tokens get one answer. The role is asked before the body
//! is read.
//! Start at [`Api::answer`].

mod accounts;
mod credentials;
mod fields;
mod gate;
mod json;
mod ledger;
mod openapi;
mod problem;
mod shapes;
mod table;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use authn::account::{Account, AccountId};
use authn::admin::api_tokens::{self, ApiToken};
use authn::audit::{ByHand, Event, Kind, Origin};
use authn::credential::CredentialId;
use authn::credential::sent_code::Language;
use authn::name::NameKey;
use authn::place::{Service, SourceNetwork, Zone};
use authn::ports::{ApiTokens, Drains};
use authn::sign_in::{Ports, Sending};
use bytes::Bytes;
use http::{Response, StatusCode, header};
use jiff::Timestamp;
use proto::form::MAX_FORM;
use proto::secret::Secret;
use serde_json::{Value, json};
use sts::ports::{Ledger, SigningKeys};

use crate::budget::Budget;
use crate::{Answer, Request, clock};
use fields::{Fault, Given};
use problem::Problem;
use table::{Endpoint, Found, Operation, USUAL_PAGE};

/// How many wrong tokens of one network are answered as such in a minute.
pub const MAX_WRONG: u32 = 20;
/// How many requests one token may make in a minute.
pub const MAX_REQUESTS: u32 = 600;
/// The longest token that is looked at.
const MAX_TOKEN: usize = 256;

/// A member of a farm, as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its address, which is what it is called.
    pub address: String,
    /// How many connections it gets beside the others.
    pub weight: u32,
}

/// What the API knows of the configuration.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its own scheme, name and port.
    pub origin: String,
    /// From where it may be asked.
    pub zones: BTreeSet<Zone>,
    /// What bare names are looked up in.
    pub default_domain: Option<String>,
    /// The services that an app password may be for.
    pub services: Vec<Service>,
    /// The members of farms.
    pub farms: BTreeMap<String, Vec<Member>>,
    /// Where invitations lead, where there is a portal.
    pub portal: Option<String>,
    /// What codes are sent by, where anybody carries them, and in which language.
    pub sending: Option<(Sending, Language)>,
}

/// What is known of the tokens that parties got.
pub struct Issued {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The keys that signed them.
    pub keys: Arc<dyn SigningKeys>,
}

/// The API.
pub struct Api {
    known: Known,
    ports: Ports,
    drains: Arc<dyn Drains>,
    api_tokens: Arc<dyn ApiTokens>,
    issued: Issued,
    wrong: Budget<SourceNetwork>,
    asked: Budget<CredentialId>,
}

/// One request whose token and role were found good.
struct Call<'a> {
    endpoint: &'static Endpoint,
    token: &'a ApiToken,
    named: Vec<String>,
    query: Given,
    body: Given,
    by: ByHand,
}

/// What comes of it.
enum Told {
    Value(Value),
    Made(Value),
    Nothing,
}

impl Api {
    /// One of a configuration, on these ports.
    #[must_use]
    pub fn new(
        known: Known,
        ports: Ports,
        drains: Arc<dyn Drains>,
        api_tokens: Arc<dyn ApiTokens>,
        issued: Issued,
    ) -> Self {
        Self {
            known,
            ports,
            drains,
            api_tokens,
            issued,
            wrong: Budget::of(MAX_WRONG),
            asked: Budget::of(MAX_REQUESTS),
        }
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request) -> Answer {
        let activity = request.activity.clone();
        let problem = match self.told(request).await {
            Ok(response) => return response.into(),
            Err(problem) => problem,
        };
        let response = problem.answer(&activity);
        let signed_in = matches!(problem, Problem::NoToken { is_offered: true }).then_some(false);
        Answer {
            signed_in,
            unavailable: match problem {
                Problem::Unavailable(error) => Some(error),
                _ => None,
            },
            ..response.into()
        }
    }

    async fn told(&self, request: Request) -> Result<Response<Bytes>, Problem> {
        if !self.known.zones.contains(&request.zone) {
            return Err(Problem::NotThere("nothing is here".to_owned()));
        }
        let now = clock::now();
        let token = self.token(&request, now).await?;
        let (endpoint, named) = match table::find(&request.head.method, request.head.uri.path()) {
            Found::Row(endpoint, named) => (endpoint, named),
            Found::Others(methods) => return Err(Problem::NotThatMethod(methods)),
            Found::None => return Err(Problem::NotThere("nothing is here".to_owned())),
        };
        let by = ByHand {
            at: now,
            actor: token.actor(),
            origin: Some(Origin {
                source: request.address,
                zone: request.zone.clone(),
                activity: request.activity.clone(),
            }),
        };
        if !token.role.may(endpoint.act) {
            let act = endpoint.act;
            let refused = Event::by_hand(&by, Kind::ApiActRefused { act }, None);
            self.ports.attempt.audit.append(vec![refused]).await?;
            return Err(Problem::NotAllowed);
        }
        let (query, body) = read(&request.head, &request.body, endpoint)?;
        let call = Call {
            endpoint,
            token: &token,
            named,
            query,
            body,
            by,
        };
        let kind = "application/json";
        Ok(match self.done(&call).await? {
            Told::Value(value) => problem::answer(StatusCode::OK, kind, &value),
            Told::Made(value) => problem::answer(StatusCode::CREATED, kind, &value),
            Told::Nothing => problem::nothing(),
        })
    }

    /// The token that a request is made with.
    async fn token(&self, request: &Request, now: Timestamp) -> Result<ApiToken, Problem> {
        let network = SourceNetwork::from(request.address);
        let Some(offered) = offered(request) else {
            return Err(Problem::NoToken { is_offered: false });
        };
        // A token has 256 random bits: looking at one more guesses nothing, and whoever has the right one is let by.
        let found = api_tokens::recognised(&*self.api_tokens, &offered, now).await;
        let Some(token) = found? else {
            return Err(match self.wrong.take(&network, now) {
                true => Problem::NoToken { is_offered: true },
                false => Problem::TooMany,
            });
        };
        match self.asked.take(&token.id, now) {
            true => Ok(token),
            false => Err(Problem::TooMany),
        }
    }

    // tidy: flat, because it is the table of all acts
    async fn done(&self, call: &Call<'_>) -> Result<Told, Problem> {
        match call.endpoint.operation {
            Operation::Document => {
                let (origin, services) = (&self.known.origin, &self.known.services);
                Ok(Told::Value(openapi::document(origin, services)))
            }
            Operation::Oneself => Ok(Told::Value(shapes::oneself(call.token))),
            Operation::Accounts => self.accounts(call).await,
            Operation::Account => self.one_account(call).await,
            Operation::DisableAccount | Operation::EnableAccount => self.set_state(call).await,
            Operation::AppPasswords => self.app_passwords(call).await,
            Operation::MakeAppPassword => self.make_app_password(call).await,
            Operation::RevokeAppPassword => self.revoke_app_password(call).await,
            Operation::RevokeDevice => self.revoke_device(call).await,
            Operation::Passkeys => self.passkeys(call).await,
            Operation::RemovePasskey => self.remove_passkey(call).await,
            Operation::GiveTemporaryCode => self.give_temporary_code(call).await,
            Operation::EndTemporaryCode => self.end_temporary_code(call).await,
            Operation::Invite => self.invite(call).await,
            Operation::Destinations => self.destinations(call).await,
            Operation::SetDestination => self.set_destination(call).await,
            Operation::TokensOf => self.tokens_of(call).await,
            Operation::Tokens => self.tokens(call).await,
            Operation::Token => self.one_token(call).await,
            Operation::AssignToken => self.assign_token(call).await,
            Operation::UnassignToken
            | Operation::BlockToken
            | Operation::UnblockToken
            | Operation::ResyncToken
            | Operation::TestToken => self.change_token(call).await,
            Operation::Audit => self.audit(call).await,
            Operation::Farms => self.farms(call).await,
            Operation::Drain => self.drain(call).await,
            Operation::Undrain => self.undrain(call).await,
            Operation::IssuedToken => self.issued_token(call).await,
            Operation::JudgeToken => self.judge_token(call).await,
        }
    }

    /// The account that the path names.
    async fn named_account(&self, call: &Call<'_>) -> Result<Account, Problem> {
        self.account_called(call.named(0)).await
    }

    /// The account that an id or a name leads to.
    async fn account_called(&self, name: &str) -> Result<Account, Problem> {
        let accounts = &self.ports.attempt.accounts;
        if let Some(account) = accounts.by_id(&AccountId(name.to_owned())).await? {
            return Ok(account);
        }
        let keys = NameKey::candidates(name, "", self.known.default_domain.as_deref());
        let found = accounts.by_names(&keys).await?;
        found.ok_or_else(|| Problem::NotThere("there is no such account".to_owned()))
    }
}

impl Call<'_> {
    /// What stands in the path in the place of its names.
    fn named(&self, at: usize) -> &str {
        self.named.get(at).map_or("", String::as_str)
    }

    fn count(&self) -> usize {
        let count = self.query.whole("count").unwrap_or(USUAL_PAGE);
        usize::try_from(count).unwrap_or_default()
    }

    /// A page of a list, each of which has a key by which they are in order.
    fn page<T>(&self, mut all: Vec<T>, key: fn(&T) -> String, told: impl Fn(&T) -> Value) -> Told {
        all.sort_by_cached_key(key);
        let after = self.query.text("after").unwrap_or_default();
        let mut rest = all.into_iter().filter(|it| key(it).as_str() > after);
        let page: Vec<T> = rest.by_ref().take(self.count()).collect();
        let next = rest.next().and(page.last()).map(key);
        listed(page.iter().map(told).collect(), next)
    }
}

/// A page, with what to ask for to get the next.
fn listed(items: Vec<Value>, next: Option<String>) -> Told {
    let mut told = json!({ "items": items });
    shapes::beside(&mut told, "next", next.map(Value::from));
    Told::Value(told)
}

/// The token that a request offers, if it offers one by the one header that is read.
fn offered(request: &Request) -> Option<Secret<String>> {
    let mut lines = request.head.headers.get_all(header::AUTHORIZATION).iter();
    let line = lines.next()?.to_str().ok()?;
    if lines.next().is_some() || line.len() > MAX_TOKEN {
        return Some(Secret::new(String::new()));
    }
    let (scheme, token) = line.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| Secret::new(token.trim_matches(' ').to_owned()))
}

/// Reads the query and the body of a request by the fields of its row.
fn read(
    head: &http::request::Parts,
    body: &Bytes,
    endpoint: &'static Endpoint,
) -> Result<(Given, Given), Problem> {
    let query = fields::read_query(head.uri.query().unwrap_or_default(), endpoint.query)?;
    if endpoint.body.is_empty() {
        return match body.is_empty() {
            true => Ok((query, Given::default())),
            false => Err(Fault::at("", "no body").into()),
        };
    }
    let kind = head.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !body.is_empty() && !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::NotJson);
    }
    Ok((query, fields::read(body, endpoint.body)?))
}

/// How long a body may be: only a token that is asked about is longer than what people type.
#[must_use]
pub fn longest(path: &str) -> usize {
    match table::find(&http::Method::POST, path) {
        // Quotes and line ends are escaped in JSON.
        Found::Row(endpoint, _) if endpoint.operation == Operation::JudgeToken => {
            2 * table::MAX_PRESENTED
        }
        _ => MAX_FORM,
    }
}

/// Whether a request is one that could be done, whoever asks; nothing is.
#[must_use]
pub fn is_read(head: &http::request::Parts, body: &Bytes) -> bool {
    match table::find(&head.method, head.uri.path()) {
        Found::Row(endpoint, _) => read(head, body, endpoint).is_ok(),
        Found::Others(_) | Found::None => false,
    }
}
