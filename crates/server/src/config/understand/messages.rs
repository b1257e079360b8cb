//! `[sent_codes]`, `[[sms]]` and `[smtp]`: what codes say that are sent, and who carries them.
//!
//! SECURITY: a template is filled here once with what wants out of it, so that one which a message could break out of is
//! found before anybody is sent anything.

mod request;

use std::collections::BTreeSet;
use std::time::Duration;

use authn::credential::sent_code::{Carrier, Language, MAX_PER_PREFIX};
use authn::place::Method;
use authn::policy::{Combination, Policy, Rule};
use authn::sign_in::Sending;
use proto::sending::{Encoding, Mailbox, PhoneNumber, Template};
use sts::flow::wsfed::Identity;
use toml::Spanned;

use super::Understanding;
use super::farms::is_loopback;
use super::published::is_host_name;
use super::unprovable::Places;
use crate::config::ConfigError;
use crate::config::settings::messages::{
    Authorities, MailTls, MessageTexts, MessageWords, Messages, SmsProvider, SmsWay, Smtp,
};
use crate::config::settings::{Portal, Role};
use crate::config::written::{self, MessageLanguage, Written};

/// Seconds that whoever carries a message may take.
const TIMEOUT: u32 = 5;
/// The same at most: the whole of a message's providers must be asked while one sender has it.
const MAX_TIMEOUT: u32 = 10;
/// How many there may be to carry short messages, for the same reason.
const MAX_PROVIDERS: usize = 3;
/// The most codes that numbers which begin alike may get in a quarter of an hour.
const MOST_PER_PREFIX: u32 = 100_000;
/// The longest text, in characters: of four short messages.
const MAX_TEXT: usize = 600;

/// What is said where nothing else is.
const CODE_EN: &str = "{code} is your code for {host}. It is good for 5 minutes. Nobody who helps you will ask for it.";
const CODE_SV: &str = "{code} är din kod till {host}. Den gäller i 5 minuter. Ingen som hjälper dig kommer att fråga efter \
                       den.";
/// The last line of it, by which browsers know for which site a code is, where there is a page to type it on.
const OF_SITE: &str = "\n\n@{host} #{code}";
const CHANGED_EN: &str =
    "Codes for {host} go to {to} from now on. If that was not you, call your help desk at once.";
const CHANGED_SV: &str = "Koder till {host} skickas nu till {to}. Om det inte var du som bytte: ring genast din helpdesk.";
const SUBJECT_EN: &str = "{host}";
const SUBJECT_SV: &str = "{host}";

impl Understanding<'_> {
    /// Who carries messages; nobody where nobody is named. Clients without a page ask for codes, too, so that none of it
    /// needs a page of ours.
    pub(super) fn messages(
        &self,
        written: &Written,
        pages: (Option<&Portal>, Option<&Identity>),
        warnings: &mut Vec<String>,
    ) -> Result<Option<Messages>, ConfigError> {
        if written.sms.is_empty() && written.smtp.is_none() {
            return Ok(None);
        }
        if let Some(beyond) = written.sms.get(MAX_PROVIDERS) {
            let message = format!("there are {MAX_PROVIDERS} [[sms]] at most");
            return Err(self.error(&beyond.name, &message));
        }
        let mut names = BTreeSet::new();
        let mut sms = Vec::new();
        for provider in &written.sms {
            if !names.insert(provider.name.get_ref().as_str()) {
                let message = format!(
                    "there is a [[sms]] named `{}` already",
                    provider.name.get_ref()
                );
                return Err(self.error(&provider.name, &message));
            }
            sms.push(self.provider(provider, warnings)?);
        }
        let smtp = written.smtp.as_ref();
        let smtp = smtp.map(|it| self.smtp(it, warnings)).transpose()?;
        let by_sms = (!sms.is_empty()).then_some(Carrier::Sms);
        let by_mail = smtp.as_ref().map(|_| Carrier::Mail);
        let codes = &written.sent_codes;
        Ok(Some(Messages {
            sending: Sending {
                carriers: by_sms.into_iter().chain(by_mail).collect(),
                per_prefix: self.within(
                    codes.per_prefix.as_ref(),
                    MAX_PER_PREFIX,
                    MOST_PER_PREFIX,
                )?,
                prefixes: self.prefixes(&codes.prefixes)?,
            },
            words: self.message_words(written, pages)?,
            language: match codes.language {
                Some(MessageLanguage::En) | None => Language::English,
                Some(MessageLanguage::Sv) => Language::Swedish,
            },
            sms,
            smtp,
        }))
    }

    fn prefixes(&self, written: &[Spanned<String>]) -> Result<Vec<String>, ConfigError> {
        let prefix = |prefix: &Spanned<String>| {
            let typed = prefix.get_ref();
            let digits = typed.strip_prefix('+').unwrap_or_default();
            let is_one = (1..=14).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && !digits.starts_with('0');
            match is_one {
                true => Ok(typed.clone()),
                false => {
                    let message = format!(
                        "`{typed}` is not how a number begins: a plus and digits, as `+46`"
                    );
                    Err(self.error(prefix, &message))
                }
            }
        };
        written.iter().map(prefix).collect()
    }

    fn message_words(
        &self,
        written: &Written,
        (portal, sts): (Option<&Portal>, Option<&Identity>),
    ) -> Result<MessageWords, ConfigError> {
        let codes = &written.sent_codes;
        let portal = portal.map(|it| it.origin.clone());
        let page = portal.as_deref().or(sts.map(|it| it.origin.as_str()));
        let of_site = page.map_or("", |_| OF_SITE);
        let text = |given: &Option<Spanned<String>>, usual: &str, (must, may): (&str, &[&str])| {
            let Some(given) = given else {
                return Ok(usual.to_owned());
            };
            self.text(given, must, may)
        };
        let code = ("{code}", &["code", "host"][..]);
        let changed = ("{to}", &["to", "host"][..]);
        let subject = ("", &["host"][..]);
        Ok(MessageWords {
            host: page.map_or_else(|| name_of_clients(written), name_of_page),
            portal,
            english: MessageTexts {
                code: text(&codes.text_en, &format!("{CODE_EN}{of_site}"), code)?,
                changed: text(&codes.changed_en, CHANGED_EN, changed)?,
                subject: text(&codes.subject_en, SUBJECT_EN, subject)?,
            },
            swedish: MessageTexts {
                code: text(&codes.text_sv, &format!("{CODE_SV}{of_site}"), code)?,
                changed: text(&codes.changed_sv, CHANGED_SV, changed)?,
                subject: text(&codes.subject_sv, SUBJECT_SV, subject)?,
            },
        })
    }

    /// A text that has in it what it must, and nothing that is filled in by nothing.
    fn text(
        &self,
        given: &Spanned<String>,
        must: &str,
        may: &[&str],
    ) -> Result<String, ConfigError> {
        let text = given.get_ref();
        let is_control = |it: char| it.is_control() && it != '\n';
        let words = text.split('{').skip(1).filter_map(|it| it.split_once('}'));
        let unknown = words.map(|(word, _)| word).find(|it| !may.contains(it));
        let message = if text.chars().count() > MAX_TEXT {
            format!("it is longer than {MAX_TEXT} characters")
        } else if text.trim().is_empty() || text.contains(is_control) {
            "it is empty, or has a control character in it".to_owned()
        } else if must.is_empty() && text.contains('\n') {
            "a subject is one line".to_owned()
        } else if let Some(unknown) = unknown {
            format!(
                "`{{{unknown}}}` is filled in by nothing: there are `{{{}}}`",
                may.join("}`, `{")
            )
        } else if !text.contains(must) {
            format!("`{must}` is not in it")
        } else {
            return Ok(text.clone());
        };
        Err(self.error(given, &message))
    }

    fn provider(
        &self,
        written: &written::Sms,
        warnings: &mut Vec<String>,
    ) -> Result<SmsProvider, ConfigError> {
        let name = written.name.get_ref();
        if name.trim().is_empty() || name.chars().count() > 64 || name.contains(char::is_control) {
            let message = "a [[sms]] has a name of 1 to 64 characters";
            return Err(self.error(&written.name, message));
        }
        let secret = (&written.secret_file, &written.secret_credential);
        let secret = self.secret(secret, "secret")?;
        let way = match (&written.url, &written.command) {
            (Some(url), None) => SmsWay::Http(Box::new(self.request(written, url, warnings)?)),
            (None, Some(command)) => SmsWay::Command(self.command(written, command)?),
            (Some(_), Some(command)) => {
                let message = "there is a `url` as well: one of them";
                return Err(self.error(command, message));
            }
            (None, None) => {
                let message = "it has neither a `url` nor a `command` that a message could go to";
                return Err(self.error(&written.name, message));
            }
        };
        Ok(SmsProvider {
            name: name.clone(),
            way,
            secret,
            timeout: self.seconds(written.timeout.as_ref())?,
        })
    }

    fn seconds(&self, given: Option<&Spanned<u32>>) -> Result<Duration, ConfigError> {
        let seconds = self.within(given, TIMEOUT, MAX_TIMEOUT)?;
        Ok(Duration::from_secs(u64::from(seconds)))
    }

    /// A program and its arguments.
    fn command(
        &self,
        written: &written::Sms,
        command: &Spanned<Vec<Spanned<String>>>,
    ) -> Result<Vec<Template>, ConfigError> {
        if let Some(key) = request::key_of_request(written) {
            let message = "this is of a request, and a `command` makes none";
            return Err(ConfigError::new(self.place(key), message.to_owned()));
        }
        let parts = command.get_ref();
        let program = parts.first().filter(|it| it.get_ref().starts_with('/'));
        let Some(program) = program else {
            let message = "a program is named by its whole path, and followed by its arguments";
            return Err(self.error(command, message));
        };
        self.existing(program.get_ref().as_ref(), program.span())?;
        let mut templates = Vec::new();
        for part in parts {
            let template = Template::parse(part.get_ref(), Encoding::Plain);
            let template = self.parsed(part, template)?;
            if template.has_secret() {
                let message = "everybody on this machine sees the arguments of a program; let it read its secret \
                               from a file";
                return Err(self.error(part, message));
            }
            templates.push(template);
        }
        let is_fixed = templates
            .first()
            .is_some_and(|it| !it.has_number() && !it.has_text());
        if !is_fixed {
            let message = "the program itself is not filled in";
            return Err(self.error(program, message));
        }
        if !templates.iter().any(Template::has_number) {
            let message =
                "no argument is `{number}` or `{digits}`, so that nobody knows whom it is for";
            return Err(self.error(command, message));
        }
        Ok(templates)
    }

    fn smtp(
        &self,
        written: &written::Smtp,
        warnings: &mut Vec<String>,
    ) -> Result<Smtp, ConfigError> {
        let (host, port) = self.host_and_port(&written.server)?;
        let tls = written.tls.as_ref();
        let tls = tls.map_or(MailTls::Starttls, |it| *it.get_ref());
        let password = (&written.password_file, &written.password_credential);
        let user = match (&written.user, self.secret(password, "password")?) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user, password)),
            (Some(user), None) => {
                let message =
                    "who signs in has a password: `password_file` or `password_credential`";
                return Err(self.error(user, message));
            }
            (None, Some(_)) => {
                let message = "there is a password and no `user` that it is of";
                return Err(self.error(&written.server, message));
            }
        };
        if let (MailTls::None, Some((user, _))) = (tls, &user) {
            let message =
                "a password is not sent in clear: `tls` is `starttls` or `tls`, or nobody signs in";
            return Err(self.error(*user, message));
        }
        if tls == MailTls::None && !is_loopback(&host) {
            warnings.push(format!(
                "[smtp]: `{host}` is spoken to in clear: whoever listens between reads the codes"
            ));
        }
        Ok(Smtp {
            host,
            port,
            tls,
            authorities: self.authorities(written.authorities.as_ref())?,
            from: self.parsed(&written.from, Mailbox::parse(written.from.get_ref()))?,
            user: user.map(|(user, password)| (user.get_ref().clone(), password)),
            timeout: self.seconds(written.timeout.as_ref())?,
        })
    }

    fn host_and_port(&self, written: &Spanned<String>) -> Result<(String, u16), ConfigError> {
        let typed = written.get_ref();
        let found = typed.rsplit_once(':').and_then(|(host, port)| {
            let port = port.parse().ok().filter(|port| *port != 0)?;
            let is_host = is_host_name(host) || super::remote::is_address(host);
            is_host.then(|| (host.trim_matches(['[', ']']).to_owned(), port))
        });
        found.ok_or_else(|| {
            let message =
                format!("`{typed}` is not a server and its port, such as `mail.contoso.com:587`");
            self.error(written, &message)
        })
    }

    pub(super) fn authorities(
        &self,
        written: Option<&Spanned<std::path::PathBuf>>,
    ) -> Result<Authorities, ConfigError> {
        match written {
            None => Ok(Authorities::System),
            Some(file) => Ok(Authorities::File(
                self.existing(file.get_ref(), file.span())?,
            )),
        }
    }
}

/// The host of a page of ours.
fn name_of_page(origin: &str) -> String {
    let host = origin.strip_prefix("https://").unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_owned()
}

/// What people know for which they get a code where there is no page: the mail's host, else a pool's, else the domain.
fn name_of_clients(written: &Written) -> String {
    let mut mail = written.exchange.iter().map(|it| it.host.get_ref());
    let mut pools = written.lync.pool.iter().map(|it| it.web_host.get_ref());
    let named = mail.next().or_else(|| pools.next());
    named.unwrap_or(&written.names.dns_domain).to_lowercase()
}

/// A number that stands for any.
fn somebody() -> PhoneNumber {
    PhoneNumber::of_nobody()
}

/// Where a policy and what is sent do not fit together. What a gateway's clients are sent stands in the file of whoever answers
/// it, so that nobody need be named in its own.
pub(super) fn warnings(
    policy: &Policy,
    messages: Option<&Messages>,
    (role, places): (&Role, &Places),
) -> Vec<String> {
    let named = policy.rules.iter().flat_map(|rule| {
        let combinations = rule.methods.iter();
        combinations.map(move |combination| (rule, combination))
    });
    let named: Vec<_> = named.filter(|(_, it)| it.needs(Method::SentCode)).collect();
    let (taken, idle): (Vec<_>, Vec<_>) = named
        .iter()
        .partition(|(rule, it)| is_asked_for(rule, it, places));
    let mut warnings = Vec::new();
    let is_elsewhere = matches!(role, Role::Gateway(_));
    match (named.is_empty(), messages) {
        (false, None) if !is_elsewhere => warnings.push(
            "a [[policy]] takes `sent-code`, and nobody carries codes: add [[sms]] or [smtp]".to_owned(),
        ),
        (_, Some(_)) if taken.is_empty() => warnings.push(
            "[[sms]] or [smtp] would carry codes, and no [[policy]] takes `memorised-secret + sent-code`, so that none is \
             sent"
                .to_owned(),
        ),
        _ => {}
    }
    if let Some((_, other)) = idle.first() {
        warnings.push(format!(
            "a [[policy]] names `{other}` where nobody can prove it: a code is sent to whoever proved a memorised secret, \
             or an app password by `basic`, `username-token` or `grant`; write \"memorised-secret + sent-code\""
        ));
    }
    let is_only = |rule: &&Rule| {
        let two = rule.methods.iter().filter(|it| it.methods().count() > 1);
        let two: Vec<_> = two.collect();
        !two.is_empty() && two.iter().all(|it| it.needs(Method::SentCode))
    };
    if policy.rules.iter().any(|rule| is_only(&rule)) {
        warnings.push(
            "a [[policy]] takes no second factor but a sent code, the weakest there is: a telephone number can be taken \
             over; take \"memorised-secret + one-time-code\" as well"
                .to_owned(),
        );
    }
    warnings
}

/// Whether anybody may prove a secret by which a code is asked for: on a page of ours that takes it, or in the field for a
/// password.
fn is_asked_for(rule: &Rule, combination: &Combination, places: &Places) -> bool {
    let secrets = [Method::MemorisedSecret, Method::AppPassword];
    let asking = secrets.map(|it| Combination::from(it).and(Method::SentCode));
    asking.contains(combination) && places.carry(rule, combination)
}
