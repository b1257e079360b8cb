//! A request as the pages see it: its form, its handles and its language, and whether it came from a page of ours.

use std::sync::Arc;

use authn::handle::Handle;
use authn::place::{ActivityId, Service};
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use proto::form::{Form, MAX_FORM};
use proto::secret::Secret;
use proto::wsfed::MAX_ANSWER;
use proto::{saml, wsfed};

use crate::branding::{Brand, Branding};
use crate::page::{self, Frame};
use crate::words::Words;
use crate::{Over, Request, clock, cookie, endpoint, language};

/// The only kind of body that is read.
const FORM: &str = "application/x-www-form-urlencoded";

/// What a browser says of where a request was sent from.
const SEC_FETCH_SITE: header::HeaderName = header::HeaderName::from_static("sec-fetch-site");

/// What a header says that nobody may send twice.
#[derive(Clone, Copy)]
enum Said<'h> {
    Nothing,
    Once(&'h [u8]),
    Again,
}

impl<'h> Said<'h> {
    fn of(headers: &'h HeaderMap, name: &header::HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(only), None) => Self::Once(only.as_bytes()),
            (Some(_), Some(_)) => Self::Again,
        }
    }
}

/// A request that was read.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) words: &'static Words,
    /// Whose pages they are.
    pub(crate) brand: Arc<Brand>,
    pub(crate) sign_in: Option<Handle>,
    pub(crate) session: Option<Handle>,
    /// What a browser gets that holds nothing yet.
    pub(crate) fresh: Handle,
    /// For what somebody signs in here.
    pub(crate) service: Service,
    form: Form,
    query: Form,
    /// The address's query as it came, of which what is signed in it is made.
    query_text: String,
    headers: HeaderMap,
    origin: String,
    over: Over,
}

impl Asked {
    /// Reads it, or answers that it cannot be.
    pub(crate) fn read(
        request: Request,
        (service, branding): (Service, &Branding),
    ) -> Result<Self, Box<Response<Bytes>>> {
        let headers = request.head.headers;
        let words = Words::of(&headers);
        let brand = Arc::new(branding.in_words(words));
        let Ok(random) = clock::random() else {
            return Err(Box::new(unavailable(&headers, branding)));
        };
        let method = request.head.method;
        let is_known = [Method::GET, Method::HEAD, Method::POST].contains(&method);
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|it| it.to_str().ok());
        let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
        let is_form = method != Method::POST || kind == Some(FORM);
        let query_text = request.head.uri.query().unwrap_or_default().to_owned();
        let path = request.head.uri.path();
        let (at_most, is_passive) = (longest(&service, path), takes_messages(&service, path));
        let messages: &[&str] = match is_passive {
            true => &[wsfed::MESSAGE, wsfed::CONTEXT, saml::v2::MESSAGE],
            false => &[],
        };
        let query = Form::parse_with(query_text.as_bytes(), MAX_FORM, messages);
        let body = match is_form {
            true => Form::parse_with(&request.body, at_most, messages),
            false => Form::parse(b""),
        };
        let (Ok(query), Ok(form), true, true) = (query, body, is_known, is_form) else {
            return Err(Box::new(match is_passive {
                true => unread((words, brand), request.activity),
                false => plain((words, brand), StatusCode::BAD_REQUEST, words.not_sent_here),
            }));
        };
        Ok(Self {
            path: request.head.uri.path().to_owned(),
            sign_in: cookie::handle(&headers, cookie::SIGN_IN),
            session: cookie::handle(&headers, cookie::SESSION),
            fresh: Handle::made_from(random),
            service,
            method,
            words,
            brand,
            form,
            query,
            query_text,
            headers,
            origin: request.origin,
            over: request.over,
        })
    }

    /// Whether a form came from a page of ours that was made for this browser.
    ///
    /// SECURITY: both are asked: the browser's own word on where it was sent from, and a token that only a page has
    /// which this browser was shown.
    pub(crate) fn is_sent_from_here(&self) -> bool {
        let token = self.field("form").unwrap_or_default();
        let handles = [&self.session, &self.sign_in];
        let mut handles = handles.into_iter().flatten();
        self.says_from_here() && handles.any(|handle| handle.is_form_token(token))
    }

    /// Whether the browser says that a form was sent from a page of ours.
    ///
    /// INTEROP: Internet Explorer 11, and its engine in old clients, send neither `Origin` with a form to the host that it
    /// came from nor ever `Sec-Fetch-Site`, but the address of the page. Whatever sends one of the two is asked for both.
    fn says_from_here(&self) -> bool {
        let names = [header::ORIGIN, SEC_FETCH_SITE, header::REFERER];
        let [origin, site, referrer] = names.map(|name| Said::of(&self.headers, &name));
        let ours = self.origin.as_bytes();
        match (origin, site) {
            (Said::Once(origin), Said::Nothing) => origin == ours,
            (Said::Once(origin), Said::Once(site)) => origin == ours && site == b"same-origin",
            (Said::Nothing, Said::Nothing) => match referrer {
                Said::Once(page) => {
                    let path = page.strip_prefix(ours);
                    path.is_some_and(|path| path.starts_with(b"/"))
                }
                Said::Nothing | Said::Again => false,
            },
            (Said::Nothing | Said::Again, _) | (_, Said::Again) => false,
        }
    }

    /// A field of the form.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.form.only(name).map(|value| value.expose().as_str())
    }

    /// A field that is secret.
    pub(crate) fn secret(&self, name: &str) -> Option<&Secret<String>> {
        self.form.only(name)
    }

    /// All values of a field.
    pub(crate) fn fields(&self, name: &str) -> Vec<String> {
        self.form
            .all(name)
            .map(|value| value.expose().clone())
            .collect()
    }

    /// A field of the address.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.only(name).map(|value| value.expose().as_str())
    }

    /// All fields of the address.
    pub(crate) fn parameters(&self) -> &Form {
        &self.query
    }

    /// The query of the address, as it came.
    pub(crate) fn query_text(&self) -> &str {
        &self.query_text
    }

    /// All fields of the form.
    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// A cookie of ours.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        cookie::value(&self.headers, name)
    }

    /// The handle that requests of ours to partners are bound to in this browser: the one that it holds, or a new one.
    pub(crate) fn elsewhere(&self) -> Handle {
        let held = self.cookie(cookie::ELSEWHERE).and_then(Handle::parse);
        held.unwrap_or_else(|| self.fresh.clone())
    }

    /// What the browser says of itself.
    pub(crate) fn user_agent(&self) -> Option<&str> {
        let line = self.headers.get(header::USER_AGENT);
        line.and_then(|line| line.to_str().ok())
    }

    /// What it came over.
    pub(crate) fn over(&self) -> &Over {
        &self.over
    }

    /// The one line of `Authorization`, where there is exactly one.
    pub(crate) fn authorization(&self) -> Option<&str> {
        let mut lines = self.headers.get_all(header::AUTHORIZATION).iter();
        let only = lines.next().filter(|_| lines.next().is_none());
        only.and_then(|line| line.to_str().ok())
    }

    /// The handle that forms of this browser are bound to, and whether it has to be given it.
    pub(crate) fn held(&self) -> (&Handle, bool) {
        match &self.sign_in {
            Some(handle) => (handle, false),
            None => (&self.fresh, true),
        }
    }

    /// What pages look like to this browser.
    pub(crate) fn look(&self) -> (&'static Words, &Arc<Brand>) {
        (self.words, &self.brand)
    }

    /// The frame of a page of sign-in.
    pub(crate) fn frame(&self) -> Frame {
        self.frame_for(self.held().0)
    }

    /// The same for a browser that is given another handle with it.
    pub(crate) fn frame_for(&self, handle: &Handle) -> Frame {
        let query = &self.query_text;
        Frame {
            back: language::way_back(&self.service, &self.method, &self.path, query),
            ..Frame::of(self.look(), handle)
        }
    }

    /// Gives the browser its handle with an answer, where it has none.
    pub(crate) fn held_with(&self, answer: Response<Bytes>) -> Response<Bytes> {
        match self.held() {
            (handle, true) => {
                let line = cookie::given(cookie::SIGN_IN, handle.written().expose());
                page::with_cookie(answer, line)
            }
            (_, false) => answer,
        }
    }

    /// A page of one sentence.
    pub(crate) fn sentence(&self, status: StatusCode, text: &'static str) -> Response<Bytes> {
        let frame = self.frame();
        self.held_with(page::shown(status, &page::Sentence { frame, text }))
    }

    /// That there is nothing here; the browser is given nothing with it.
    pub(crate) fn nothing(&self) -> Response<Bytes> {
        let look = (self.words, Arc::clone(&self.brand));
        plain(look, StatusCode::NOT_FOUND, self.words.not_found)
    }

    /// The page on which an invitation is taken up, which does not use it.
    pub(crate) fn invitation(&self) -> Response<Bytes> {
        let Some(invitation) = self.query("invitation").and_then(Handle::parse) else {
            return self.sentence(StatusCode::NOT_FOUND, self.words.invitation_gone);
        };
        let page = page::Invitation {
            frame: self.frame(),
            invitation: invitation.written().expose().clone(),
        };
        self.held_with(page::shown(StatusCode::OK, &page))
    }
}

/// How long a form may be: only what a partner says is longer than what people type.
pub(crate) fn longest(service: &Service, path: &str) -> usize {
    match takes_messages(service, path) {
        true => MAX_ANSWER,
        false => MAX_FORM,
    }
}

/// Whether partners' messages are brought there.
fn takes_messages(service: &Service, path: &str) -> bool {
    *service == Service::STS && endpoint::is_passive(path)
}

/// That nothing can be checked now.
pub(crate) fn unavailable(headers: &HeaderMap, branding: &Branding) -> Response<Bytes> {
    let words = Words::of(headers);
    let brand = Arc::new(branding.in_words(words));
    plain(
        (words, brand),
        StatusCode::SERVICE_UNAVAILABLE,
        words.unavailable,
    )
}

/// A sentence for whoever nothing can be kept for.
fn plain(
    look: (&'static Words, Arc<Brand>),
    status: StatusCode,
    text: &'static str,
) -> Response<Bytes> {
    let frame = bare(look);
    page::shown(status, &page::Sentence { frame, text })
}

/// That there is no token for what a party's page sent and nobody can read, by the id that the log knows.
fn unread(look: (&'static Words, Arc<Brand>), activity: ActivityId) -> Response<Bytes> {
    tracing::info!(
        activity = activity.0,
        "a request for a token is refused: it is not encoded as a form is, too long, or of a kind that is not taken"
    );
    let page = page::NoToken {
        frame: bare(look),
        party: None,
        activity: activity.0,
    };
    page::shown(StatusCode::BAD_REQUEST, &page)
}

fn bare((words, brand): (&'static Words, Arc<Brand>)) -> Frame {
    Frame {
        words,
        brand,
        form: String::new(),
        back: None,
        who: None,
        notice: None,
    }
}
