//! Messages that are sent, as they are understood: their words, and everything it takes to hand one to whoever carries it.

use std::path::PathBuf;
use std::time::Duration;

use authn::credential::sent_code::Language;
use authn::sign_in::Sending;
use http::HeaderName;
use proto::sending::{Mailbox, Template};
use store::postgres::Password;

pub(crate) use crate::config::written::MailTls;

/// Messages: what they say, how many there may be, and who carries them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Messages {
    /// By what, and how many.
    pub(crate) sending: Sending,
    /// What they say.
    pub(crate) words: MessageWords,
    /// In which language, where nobody chose one.
    pub(crate) language: Language,
    /// Who carries short messages, in this order.
    pub(crate) sms: Vec<SmsProvider>,
    /// Who carries mails.
    pub(crate) smtp: Option<Smtp>,
}

/// What messages say, in both languages; `{code}`, `{host}` and `{to}` are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageWords {
    /// The host that they are for: the portal's, or what people know where there is none.
    pub(crate) host: String,
    /// The portal's origin, where there is one.
    pub(crate) portal: Option<String>,
    /// English.
    pub(crate) english: MessageTexts,
    /// Swedish.
    pub(crate) swedish: MessageTexts,
}

/// What messages say in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageTexts {
    /// With a code.
    pub(crate) code: String,
    /// That codes go elsewhere.
    pub(crate) changed: String,
    /// The subject of mails.
    pub(crate) subject: String,
}

/// Who carries short messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmsProvider {
    /// What it is called.
    pub(crate) name: String,
    /// How it is told.
    pub(crate) way: SmsWay,
    /// What proves to it who we are.
    pub(crate) secret: Option<Password>,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

/// How a carrier is told of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SmsWay {
    /// By a request.
    Http(Box<SmsRequest>),
    /// By a program, of these arguments.
    Command(Vec<Template>),
}

/// A request that carries a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmsRequest {
    /// The server, as it is called and connected to.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Host and port as the header has them.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: Template,
    /// TLS, where it is spoken: by these authorities, or those of the system.
    pub(crate) tls: Option<Authorities>,
    /// Headers.
    pub(crate) headers: Vec<(HeaderName, Template)>,
    /// What is posted, and what kind of body that is.
    pub(crate) body: Option<(&'static str, Template)>,
    /// The name for Basic authentication.
    pub(crate) user: Option<String>,
    /// What the answer must have in it.
    pub(crate) answer: Option<String>,
}

/// Who vouches for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// Those of the system.
    System,
    /// Those of a PEM file.
    File(PathBuf),
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Smtp {
    /// Host or address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// How it is spoken to.
    pub(crate) tls: MailTls,
    /// Who vouches for it.
    pub(crate) authorities: Authorities,
    /// Whom mails are from.
    pub(crate) from: Mailbox,
    /// Who signs in.
    pub(crate) user: Option<(String, Password)>,
    /// How long each step may take.
    pub(crate) timeout: Duration,
}
