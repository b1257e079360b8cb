//! Pages: templates that escape whatever they show, and the headers that every answer bears.
//!
//! Nothing is inline and nothing comes from elsewhere; no page may be kept, framed or sent on with its address. Start at
//! [`shown`].

use std::sync::Arc;

use askama::Template;
use authn::handle::Handle;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::branding::{Brand, Branding, Logo};
use crate::words::Words;
use sts::flow::wsfed::Onward;

/// What every answer bears.
const HEADERS: [(HeaderName, &str); 9] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // INTEROP: with `no-referrer` browsers send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// The one script, without which all but passkeys works.
const PASSKEYS: &str = include_str!("../static/passkeys.js");

/// The script that sends a form on its way, whose button does it without.
const POST: &str = include_str!("../static/post.js");

/// The one style sheet.
const STYLE: &str = include_str!("../static/style.css");

/// What the frame around every page needs.
pub(crate) struct Frame {
    /// The words.
    pub(crate) words: &'static Words,
    /// Whose pages they are.
    pub(crate) brand: Arc<Brand>,
    /// The token of the page's forms; empty where none of them would be taken.
    pub(crate) form: String,
    /// Where whoever chooses the language there comes back to, where the page has an address.
    pub(crate) back: Option<String>,
    /// Who is signed in.
    pub(crate) who: Option<String>,
    /// What was done, or what is wrong.
    pub(crate) notice: Option<Notice>,
}

/// A sentence above a page.
#[derive(Clone, Copy)]
pub(crate) struct Notice {
    /// The sentence.
    pub(crate) text: &'static str,
    /// Whether something is wrong.
    pub(crate) is_wrong: bool,
}

impl Frame {
    /// The frame of a page for whoever holds a handle.
    pub(crate) fn of((words, brand): (&'static Words, &Arc<Brand>), handle: &Handle) -> Self {
        Self {
            words,
            brand: Arc::clone(brand),
            form: handle.form_token(),
            back: None,
            who: None,
            notice: None,
        }
    }

    /// The same with a sentence that says what is wrong.
    pub(crate) fn wrong(self, text: Option<&'static str>) -> Self {
        let notice = text.map(|text| Notice {
            text,
            is_wrong: true,
        });
        Self { notice, ..self }
    }
}

/// A page, or a sentence where it cannot be made.
pub(crate) fn shown(status: StatusCode, template: &impl Template) -> Response<Bytes> {
    match template.render() {
        Ok(text) => answer(status, "text/html; charset=utf-8", text),
        Err(error) => {
            tracing::error!("a page could not be made: {error}");
            let sentence = "The page could not be made.\n".to_owned();
            answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain; charset=utf-8",
                sentence,
            )
        }
    }
}

/// On to another page of ours.
pub(crate) fn redirect(path: &str) -> Response<Bytes> {
    let mut answer = answer(
        StatusCode::SEE_OTHER,
        "text/plain; charset=utf-8",
        String::new(),
    );
    if let Ok(path) = HeaderValue::try_from(path) {
        answer.headers_mut().insert(header::LOCATION, path);
    }
    answer
}

/// The style sheet, in the company's colour where it has one.
pub(crate) fn style(branding: &Branding) -> Response<Bytes> {
    let accent = branding.accent_colour.as_ref();
    let accent = accent.map(|it| it.css()).unwrap_or_default();
    kept("text/css; charset=utf-8", &format!("{STYLE}{accent}"))
}

/// The company's logo.
///
/// SECURITY: whoever opens its address by itself has a document of somebody's: it may draw, and nothing else.
pub(crate) fn logo(logo: &Logo) -> Response<Bytes> {
    let mut answer = kept(logo.kind(), "");
    *answer.body_mut() = Bytes::copy_from_slice(logo.bytes());
    with_policy(
        answer,
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
}

/// The script of passkeys.
pub(crate) fn script() -> Response<Bytes> {
    kept("text/javascript; charset=utf-8", PASSKEYS)
}

/// The script of the form that takes a token to its party.
pub(crate) fn post_script() -> Response<Bytes> {
    kept("text/javascript; charset=utf-8", POST)
}

/// That there is no icon.
///
/// INTEROP: browsers ask for one by themselves, beside a page that they have just been shown. It must not lead them to a
/// sign-in: that would begin another, and end the one whose form is on the page.
pub(crate) fn no_icon() -> Response<Bytes> {
    let mut answer = kept("text/plain; charset=utf-8", "");
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

/// A document for a program.
pub(crate) fn document(kind: &'static str, text: &str) -> Response<Bytes> {
    answer(StatusCode::OK, kind, text.to_owned())
}

/// On to a page of somebody else's, which is registered.
pub(crate) fn elsewhere(address: &str) -> Response<Bytes> {
    redirect(address)
}

/// An address as a policy of content names it: without its query, and with nothing in it that would end it.
pub(crate) fn source(address: &str) -> String {
    let address = address.split('?').next().unwrap_or_default();
    address.replace(';', "%3B").replace(',', "%2C")
}

/// Lets the form of a page go elsewhere by https: it has one, and names its one address.
///
/// INTEROP: browsers hold every redirect behind a form to what the page says of it, and parties send people on to hosts of
/// their own. It tells where it comes from, and not at which address: whoever takes it may look whether that is here.
pub(crate) fn with_form_elsewhere(mut answer: Response<Bytes>) -> Response<Bytes> {
    let origin_alone = HeaderValue::from_static("strict-origin");
    answer
        .headers_mut()
        .insert(header::REFERRER_POLICY, origin_alone);
    with_policy(
        answer,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action https:; base-uri 'none'; frame-ancestors 'none'",
    )
}

/// Lets a page fetch images from these addresses and from here, and from no others.
pub(crate) fn with_images(answer: Response<Bytes>, sources: &[String]) -> Response<Bytes> {
    let sources = [&["'self'".to_owned()], sources].concat().join(" ");
    with_policy(
        answer,
        &format!(
            "default-src 'none'; style-src 'self'; img-src {sources}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    )
}

/// The same in a frame on pages of these origins, and of no others.
pub(crate) fn in_frames_of(
    answer: Response<Bytes>,
    (sources, origins): (&[String], &[String]),
) -> Response<Bytes> {
    if origins.is_empty() {
        return with_images(answer, sources);
    }
    let sources = match sources.is_empty() {
        true => "'none'".to_owned(),
        false => sources.join(" "),
    };
    let origins: Vec<String> = origins.iter().map(|it| source(it)).collect();
    let origins = origins.join(" ");
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src {sources}; form-action 'none'; base-uri 'none'; frame-ancestors {origins}"
    );
    let mut answer = with_policy(answer, &policy);
    // SECURITY: it knows no list; a browser that does not know the policy's would let everybody, and gets a page without a form.
    answer.headers_mut().remove(header::X_FRAME_OPTIONS);
    answer
}

/// SECURITY: where the policy cannot be written, the stricter one of all pages stands.
fn with_policy(mut answer: Response<Bytes>, policy: &str) -> Response<Bytes> {
    if let Ok(policy) = HeaderValue::try_from(policy) {
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// What a script of ours is told.
pub(crate) fn told(value: &serde_json::Value) -> Response<Bytes> {
    let kind = "application/json; charset=utf-8";
    answer(StatusCode::OK, kind, value.to_string())
}

/// Something that is the same for everybody.
fn kept(kind: &'static str, text: &str) -> Response<Bytes> {
    let mut answer = answer(StatusCode::OK, kind, text.to_owned());
    let kept = HeaderValue::from_static("max-age=3600");
    answer.headers_mut().insert(header::CACHE_CONTROL, kept);
    answer
}

/// Adds a cookie to an answer.
pub(crate) fn with_cookie(
    mut answer: Response<Bytes>,
    line: Option<HeaderValue>,
) -> Response<Bytes> {
    if let Some(line) = line {
        answer.headers_mut().append(header::SET_COOKIE, line);
    }
    answer
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(text));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// The page that asks who it is.
#[derive(Template)]
#[template(path = "account.html")]
pub(crate) struct Account {
    pub(crate) frame: Frame,
    pub(crate) by_name: bool,
    pub(crate) by_passkey: bool,
    /// Whether whoever is there may begin by Kerberos.
    pub(crate) is_office: bool,
}

/// The page that asks for the secret.
#[derive(Template)]
#[template(path = "secret.html")]
pub(crate) struct Secret {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    /// What may be typed, as the policy takes it there.
    pub(crate) label: &'static str,
}

/// The page that asks for a code.
#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct Code {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    /// Whether one can be sent, whoever it is.
    pub(crate) is_sent: bool,
    /// For how long somebody may stay signed in, in words, where they may.
    pub(crate) stays: Option<String>,
}

/// The page on which an invitation is taken up.
#[derive(Template)]
#[template(path = "invitation.html")]
pub(crate) struct Invitation {
    pub(crate) frame: Frame,
    pub(crate) invitation: String,
}

/// The page of whoever is asked by Kerberos, and whose browser does not say.
#[derive(Template)]
#[template(path = "office.html")]
pub(crate) struct Office {
    pub(crate) frame: Frame,
}

/// The page on which a secret is chosen.
#[derive(Template)]
#[template(path = "choose.html")]
pub(crate) struct Choose {
    pub(crate) frame: Frame,
}

/// The page that shows a token to a phone.
#[derive(Template)]
#[template(path = "connect.html")]
pub(crate) struct Connect {
    pub(crate) frame: Frame,
    pub(crate) action: &'static str,
    pub(crate) by_passkey: bool,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) picture: Option<String>,
}

/// The form that takes a token to its party, or why there is none.
#[derive(Template)]
#[template(path = "post.html")]
pub(crate) struct Post {
    pub(crate) words: &'static Words,
    pub(crate) brand: Arc<Brand>,
    /// What its heading says.
    pub(crate) title: &'static str,
    pub(crate) party: String,
    pub(crate) action: String,
    /// What it brings there, by the names of its fields.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// The page that asks by which claims provider somebody comes.
#[derive(Template)]
#[template(path = "home_realm.html")]
pub(crate) struct HomeRealm {
    pub(crate) frame: Frame,
    pub(crate) offers: Vec<Offer>,
    /// The fields of the form that finds one by a name, where there is such a form.
    pub(crate) by_name: Option<Vec<(String, String)>>,
}

/// A claims provider that somebody may choose, or signs out of.
pub(crate) struct Offer {
    pub(crate) name: String,
    pub(crate) path: String,
}

impl Offer {
    /// One that somebody came from.
    pub(crate) fn onward(onward: &Onward) -> Self {
        Self {
            name: onward.name.clone(),
            path: onward.to.as_str().to_owned(),
        }
    }
}

/// The page that says that there is no token.
#[derive(Template)]
#[template(path = "no_token.html")]
pub(crate) struct NoToken {
    pub(crate) frame: Frame,
    pub(crate) party: Option<String>,
    pub(crate) activity: String,
}

/// The page that says that a party sent somebody back again and again.
#[derive(Template)]
#[template(path = "went_round.html")]
pub(crate) struct WentRound {
    pub(crate) frame: Frame,
    pub(crate) party: Option<String>,
    pub(crate) activity: String,
}

/// The page after a sign-out, which tells the parties.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOut {
    pub(crate) frame: Frame,
    pub(crate) told: Vec<String>,
    pub(crate) reply: Option<String>,
    /// Where else they are signed in.
    pub(crate) onward: Vec<Offer>,
}

/// The page for a claims provider's frame, in which nothing can be pressed.
#[derive(Template)]
#[template(path = "cleaned_up.html")]
pub(crate) struct CleanedUp {
    pub(crate) words: &'static Words,
    pub(crate) told: Vec<String>,
    pub(crate) reply: Option<String>,
}

/// A page of one sentence.
#[derive(Template)]
#[template(path = "sentence.html")]
pub(crate) struct Sentence {
    pub(crate) frame: Frame,
    pub(crate) text: &'static str,
}

/// The portal.
#[derive(Template)]
#[template(path = "portal.html")]
pub(crate) struct Portal {
    pub(crate) frame: Frame,
    pub(crate) devices: Vec<Device>,
    pub(crate) services: Vec<String>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) passkeys: Vec<Passkey>,
    pub(crate) by_passkey: bool,
    pub(crate) may_add: bool,
    pub(crate) recovery: Option<(usize, usize)>,
    pub(crate) telephone: Option<Telephone>,
    pub(crate) is_fresh: bool,
    pub(crate) sign_ins: Vec<SignIn>,
    /// Whether the secret opens nothing until another is chosen.
    pub(crate) is_disowned: bool,
}

/// What was done about a sign-in that was somebody else's.
#[derive(Template)]
#[template(path = "not_me.html")]
pub(crate) struct NotMe {
    pub(crate) frame: Frame,
    /// What was done, in one line for each kind of thing, with what it is called.
    pub(crate) done: Vec<(&'static str, String)>,
    /// What remains to be done.
    pub(crate) remains: Vec<&'static str>,
    /// Whether another secret is chosen on the page.
    pub(crate) chooses: bool,
}

/// A line of the devices.
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) opens: String,
    pub(crate) used: String,
    pub(crate) until: String,
    /// Until when its lease runs, or that it waits, where it is leased.
    pub(crate) lease: Option<String>,
    pub(crate) stands: bool,
}

/// A line of the tokens.
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) state: &'static str,
    pub(crate) used: String,
    pub(crate) is_pending: bool,
}

/// The telephone that codes go to.
pub(crate) struct Telephone {
    /// The number, masked, where there is one.
    pub(crate) number: Option<String>,
    /// From when on it gets codes, where it gets none yet.
    pub(crate) held: Option<String>,
    /// Whether one may be set.
    pub(crate) is_sent: bool,
}

/// The page that shows recovery codes once.
#[derive(Template)]
#[template(path = "recovery.html")]
pub(crate) struct Recovery {
    pub(crate) frame: Frame,
    pub(crate) codes: Vec<String>,
}

/// A line of the passkeys.
pub(crate) struct Passkey {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) added: String,
    pub(crate) used: String,
}

/// A line of the sign-ins.
pub(crate) struct SignIn {
    pub(crate) number: i64,
    pub(crate) when: String,
    pub(crate) to_what: String,
    pub(crate) from: String,
    pub(crate) result: &'static str,
    pub(crate) is_success: bool,
}

/// The page that shows an app password once.
#[derive(Template)]
#[template(path = "made.html")]
pub(crate) struct Made {
    pub(crate) frame: Frame,
    pub(crate) password: String,
    /// The same as a picture that a phone reads.
    pub(crate) picture: Option<String>,
    pub(crate) label: String,
    pub(crate) user: String,
    pub(crate) sip: Option<String>,
}
