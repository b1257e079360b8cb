//! A `[[sms]]` that is asked by a request: its address, its body and its headers, filled once to see that they hold.

use std::ops::Range;

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, header};
use proto::sending::{Encoding, Template, Values};
use toml::Spanned;

use super::super::Understanding;
use super::super::farms::is_loopback;
use super::super::remote::host_and_port;
use super::somebody;
use crate::config::ConfigError;
use crate::config::settings::messages::SmsRequest;
use crate::config::written::Sms;

/// Texts that want out of where they stand.
const WILD: [&str; 3] = ["123456", "\"}],{[\\\" \u{e5}\u{20ac}\r\n", "&to=+x#?=%00"];
/// Headers that the request has anyway.
const OWN_HEADERS: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
];

/// A key of a request, where one is there.
pub(super) fn key_of_request(written: &Sms) -> Option<Range<usize>> {
    let texts = [&written.form, &written.json, &written.user, &written.answer];
    let texts = texts.into_iter().flatten().map(Spanned::span);
    let headers = written.headers.values().map(Spanned::span);
    let files = written.secret_file.iter().chain(&written.authorities);
    let credential = written.secret_credential.iter().map(Spanned::span);
    let mut all = texts
        .chain(headers)
        .chain(files.map(Spanned::span))
        .chain(credential);
    all.next()
}

impl Understanding<'_> {
    pub(super) fn request(
        &self,
        written: &Sms,
        url: &Spanned<String>,
        warnings: &mut Vec<String>,
    ) -> Result<SmsRequest, ConfigError> {
        let (is_tls, authority, path) = self.address(url)?;
        let (host, port) = self.authority(url, (authority, is_tls))?;
        let path = Template::parse(path, Encoding::Percent);
        let path = self.parsed(url, path)?;
        self.holds(url, &path, &|filled| PathAndQuery::try_from(filled).is_ok())?;
        if !is_tls && !is_loopback(&host) {
            warnings.push(format!(
                "[[sms]] `{}`: `{host}` is asked in clear: whoever listens between reads the codes and the secret",
                written.name.get_ref()
            ));
        }
        let body = self.body(written)?;
        let headers = self.headers(written)?;
        let templates = [Some(&path), body.as_ref().map(|(_, it)| it)];
        let filled = || templates.into_iter().flatten();
        for (is_there, word) in [
            (
                filled().any(Template::has_number),
                "`{number}` or `{digits}`",
            ),
            (filled().any(Template::has_text), "`{text}`"),
        ] {
            if !is_there {
                let message = format!("neither the address nor a body has {word} in it");
                return Err(self.error(url, &message));
            }
        }
        let in_headers = headers.iter().map(|(_, it)| it);
        let is_told = filled().chain(in_headers).any(Template::has_secret);
        self.has_its_secret(written, url, is_told)?;
        Ok(SmsRequest {
            authority: authority.to_owned(),
            host,
            port,
            path,
            tls: match is_tls {
                true => Some(self.authorities(written.authorities.as_ref())?),
                false => None,
            },
            headers,
            body,
            user: written.user.as_ref().map(|it| it.get_ref().clone()),
            answer: written.answer.as_ref().map(|it| it.get_ref().clone()),
        })
    }

    /// Whether it is TLS, the authority, and the path with its query.
    fn address<'t>(
        &self,
        url: &'t Spanned<String>,
    ) -> Result<(bool, &'t str, &'t str), ConfigError> {
        let typed = url.get_ref().as_str();
        let (is_tls, rest) = match (
            typed.strip_prefix("https://"),
            typed.strip_prefix("http://"),
        ) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => {
                let message =
                    "it does not begin with `https://`, or with `http://` on this machine";
                return Err(self.error(url, message));
            }
        };
        let (authority, path) = match rest.find(['/', '?', '#', '{']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let is_path = path.starts_with('/') && !path.contains('#') && path.is_ascii();
        match is_path && !path.contains(' ') {
            true => Ok((is_tls, authority, path)),
            false => {
                let message = "it is not a server with a path, as `https://sms.example.com/send?to={number}&text={text}`; \
                               what is filled in stands behind the server";
                Err(self.error(url, message))
            }
        }
    }

    fn authority(
        &self,
        url: &Spanned<String>,
        (authority, is_tls): (&str, bool),
    ) -> Result<(String, u16), ConfigError> {
        let usual = if is_tls { 443 } else { 80 };
        let found = host_and_port(authority, usual);
        found.ok_or_else(|| {
            let message =
                format!("`{authority}` is not a host, with its port where it is not {usual}");
            self.error(url, &message)
        })
    }

    fn body(&self, written: &Sms) -> Result<Option<(&'static str, Template)>, ConfigError> {
        match (&written.form, &written.json) {
            (None, None) => Ok(None),
            (Some(form), None) => {
                let template =
                    self.parsed(form, Template::parse(form.get_ref(), Encoding::Percent))?;
                self.holds(form, &template, &|filled| {
                    filled.bytes().all(|byte| byte.is_ascii_graphic())
                })?;
                Ok(Some(("application/x-www-form-urlencoded", template)))
            }
            (None, Some(json)) => {
                let template =
                    self.parsed(json, Template::parse(json.get_ref(), Encoding::Json))?;
                self.holds(json, &template, &|filled| {
                    serde_json::from_str::<serde_json::Value>(filled).is_ok()
                })?;
                Ok(Some(("application/json", template)))
            }
            (Some(_), Some(json)) => {
                let message = "there is a `form` as well: one of them is posted";
                Err(self.error(json, message))
            }
        }
    }

    fn headers(&self, written: &Sms) -> Result<Vec<(HeaderName, Template)>, ConfigError> {
        let mut headers = Vec::new();
        for (name, value) in &written.headers {
            let known = HeaderName::try_from(name.as_str()).ok();
            let known = known.filter(|name| !OWN_HEADERS.contains(name));
            let is_twice = known == Some(header::AUTHORIZATION) && written.user.is_some();
            let Some(known) = known.filter(|_| !is_twice) else {
                let message = format!("`{name}` is no header, or one that the request has anyway");
                return Err(self.error(value, &message));
            };
            let template = self.parsed(value, Template::parse(value.get_ref(), Encoding::Plain))?;
            if template.has_number() || template.has_text() {
                let message = "a header has `{secret}` filled in and nothing else";
                return Err(self.error(value, message));
            }
            self.holds(value, &template, &|filled| {
                HeaderValue::try_from(filled).is_ok()
            })?;
            headers.push((known, template));
        }
        Ok(headers)
    }

    /// Demands that a template holds, whatever is filled in.
    fn holds(
        &self,
        written: &Spanned<String>,
        template: &Template,
        is_good: &dyn Fn(&str) -> bool,
    ) -> Result<(), ConfigError> {
        let number = somebody();
        let holds = |text: &&str| {
            let values = Values {
                number: &number,
                text,
                secret: "secret",
            };
            is_good(&template.filled(values))
        };
        match WILD.iter().all(holds) {
            true => Ok(()),
            false => {
                let message = "filled in, it is none: JSON has what is filled in between quotation marks, a form and an \
                               address have neither spaces nor letters that are not ASCII";
                Err(self.error(written, message))
            }
        }
    }

    fn has_its_secret(
        &self,
        written: &Sms,
        url: &Spanned<String>,
        is_told: bool,
    ) -> Result<(), ConfigError> {
        let is_there = written.secret_file.is_some() || written.secret_credential.is_some();
        match (is_there, is_told || written.user.is_some()) {
            (true, true) | (false, false) => Ok(()),
            (false, true) => {
                let message = "`{secret}` or the password of `user` is `secret_file` or `secret_credential`, and there is \
                               neither";
                Err(self.error(url, message))
            }
            (true, false) => {
                let message =
                    "there is a secret, and nothing says where it stands: `{secret}`, or `user`";
                Err(self.error(url, message))
            }
        }
    }
}
