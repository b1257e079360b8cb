//! `[sent_codes]`, `[[sms]]` and `[smtp]` as written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[sent_codes]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentCodes {
    /// What a message with a code says in English; `{code}` is the code, `{host}` the host that it is for: the
    /// portal's, else the token service's, else that of the first `[[exchange]]` or `[[lync.pool]]`, else the domain.
    pub(crate) text_en: Option<Spanned<String>>,
    /// The same in Swedish.
    pub(crate) text_sv: Option<Spanned<String>>,
    /// What is said in English to where codes went before; `{to}` is where they go now, masked.
    pub(crate) changed_en: Option<Spanned<String>>,
    /// The same in Swedish.
    pub(crate) changed_sv: Option<Spanned<String>>,
    /// The subject of mails in English.
    pub(crate) subject_en: Option<Spanned<String>>,
    /// The same in Swedish.
    pub(crate) subject_sv: Option<Spanned<String>>,
    /// In which language messages are that nobody asked for on a page: `en` or `sv`; `en` where it is left out.
    pub(crate) language: Option<MessageLanguage>,
    /// How numbers begin that codes are sent to, as `["+46", "+47"]`; any where it is left out.
    #[serde(default)]
    pub(crate) prefixes: Vec<Spanned<String>>,
    /// How many codes are sent in 15 minutes to numbers whose first six digits are the same, or to mailboxes of one domain;
    /// 100 where it is left out.
    pub(crate) per_prefix: Option<Spanned<u32>>,
}

/// The language of a message
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MessageLanguage {
    /// English.
    En,
    /// Swedish.
    Sv,
}

/// `[[sms]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sms {
    /// What it is called in the log, the audit and `wicketgate sent list`.
    pub(crate) name: Spanned<String>,
    /// The address that is asked, as `https://sms.example.com/send?to={number}&text={text}`: a GET, or a POST where there is
    /// a `form` or `json`. `{number}` has its plus, `{digits}` has none; each is escaped for where it stands. Either this
    /// or `command`.
    pub(crate) url: Option<Spanned<String>>,
    /// The form that is posted, as `to={number}&text={text}`.
    pub(crate) form: Option<Spanned<String>>,
    /// The JSON that is posted, as `{"to": "{number}", "text": "{text}"}`.
    pub(crate) json: Option<Spanned<String>>,
    /// Headers beside, as `{ Authorization = "Bearer {secret}" }`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Spanned<String>>,
    /// The name for Basic authentication, with the secret as its password.
    pub(crate) user: Option<Spanned<String>>,
    /// The file whose first line is the secret: `{secret}`, or the password of `user`.
    pub(crate) secret_file: Option<Spanned<PathBuf>>,
    /// The systemd credential whose first line is the secret.
    pub(crate) secret_credential: Option<Spanned<String>>,
    /// The PEM file of the authorities that may vouch for the server; those of the system where it is left out.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// What the answer must have in it to count as taken, for a gateway that says so nowhere else; any answer of status
    /// 200 to 299 counts where it is left out.
    pub(crate) answer: Option<Spanned<String>>,
    /// A program and its arguments, without a shell, as `["/usr/bin/gammu", "sendsms", "TEXT", "{number}"]`: the message is
    /// its standard input, and it took it where it ends with 0.
    pub(crate) command: Option<Spanned<Vec<Spanned<String>>>>,
    /// Seconds that it may take, from 1 to 10; 5 where it is left out.
    pub(crate) timeout: Option<Spanned<u32>>,
}

/// `[smtp]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    /// Host or address, and port, as `mail.contoso.com:587`.
    pub(crate) server: Spanned<String>,
    /// How it is spoken to: `starttls`, `tls` or `none`; `starttls` where it is left out.
    pub(crate) tls: Option<Spanned<MailTls>>,
    /// The PEM file of the authorities that may vouch for it; those of the system where it is left out.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// The address that mails are from.
    pub(crate) from: Spanned<String>,
    /// The name to sign in with; nobody signs in where it is left out.
    pub(crate) user: Option<Spanned<String>>,
    /// The file whose first line is the password.
    pub(crate) password_file: Option<Spanned<PathBuf>>,
    /// The systemd credential whose first line is the password.
    pub(crate) password_credential: Option<Spanned<String>>,
    /// Seconds that each step may take, from 1 to 10; 5 where it is left out.
    pub(crate) timeout: Option<Spanned<u32>>,
}

/// How a mail server is spoken to
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MailTls {
    /// In clear at first, and by TLS before anything is said; where the server has none, nothing is.
    Starttls,
    /// By TLS from the first byte.
    Tls,
    /// In clear, without a password: on this machine, or in a network where nobody listens.
    None,
}
