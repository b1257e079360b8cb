//! `/sign-in`, the one dispatcher over the stored stage: each stage has one page and takes one kind of answer.
//!
//! SECURITY: what is typed goes where the stage asks for it, and nowhere else: a secret that comes too late is never
//! taken for a name.

use authn::admin::secrets::SecretError;
use authn::admin::tokens::{TokenError, TokenRandomness};
use authn::credential::memorised_secret::SecretFault;
use authn::credential::sent_code::Language;
use authn::handle::Handle;
use authn::place::{Channel, Method, Service};
use authn::ports::Unavailable;
use authn::sign_in::{
    self, Answered, At, Choosing, FirstError, Outcome, Purpose, Requirement, SignIn, Stage,
};
use bytes::Bytes;
use http::{Response, StatusCode};
use proto::secret::Secret;

use crate::asked::Asked;
use crate::page::{self, Frame, Notice};
use crate::words::Words;
use crate::{Answer, Pages, clock, cookie, qr};

/// What was done before somebody was sent here.
const SAID_CHANGED: &str = "changed";
const SAID_SIGNED_OUT: &str = "signed-out";
const SAID_REFUSED: &str = "refused";
const SAID_GONE: &str = "gone";
const SAID_SENT: &str = "sent";
const SAID_ANEW: &str = "anew";
const SAID_TELEPHONE_SET: &str = "telephone-set";
const SAID_TELEPHONE_REMOVED: &str = "telephone-removed";

/// The field by which somebody asks to stay signed in, as AD FS's page has it.
const KMSI: &str = "Kmsi";
/// What it holds then.
const KMSI_YES: &str = "true";

impl Pages {
    /// Shows what the sign-in asks for.
    pub(crate) async fn show_sign_in(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        let words = asked.words;
        let held = match &asked.sign_in {
            Some(handle) => self.ports.sign_ins.sign_in(handle.key(), at.now).await?,
            None => None,
        };
        let under_way = match (held, asked.query("again")) {
            // Whoever begins again for a party comes back to it.
            (Some(held), Some(_)) if held.service == Service::STS => {
                let SignIn {
                    service,
                    party,
                    requirement,
                    continuation,
                    ..
                } = held;
                let begun = SignIn::begin(service, requirement, continuation, at.now);
                let begun = begun.for_party(party);
                return Ok(self.begin_with(asked, &begun, at).await?.into());
            }
            (held, None) => held,
            (_, Some(_)) => None,
        };
        // A page that comes back has no passkey in it.
        let under_way = under_way.filter(|it| it.requirement != Requirement::Passkey);
        let notice = match asked.query("said") {
            Some(SAID_CHANGED) => Some((words.said_changed, false)),
            Some(SAID_SIGNED_OUT) => Some((words.said_signed_out, false)),
            Some(SAID_REFUSED) => Some((words.refused, true)),
            Some(SAID_GONE) => Some((words.gone, true)),
            Some(SAID_SENT) => Some((words.code_sent, false)),
            Some(SAID_ANEW) => Some((words.said_anew, false)),
            Some(SAID_TELEPHONE_SET) => Some((words.said_telephone_set, false)),
            Some(SAID_TELEPHONE_REMOVED) => Some((words.said_telephone_removed, false)),
            Some(_) | None => None,
        };
        let notice = notice.map(|(text, is_wrong)| Notice { text, is_wrong });
        match under_way {
            Some(sign_in) => self.page_of(asked, &sign_in, (notice, at)).await,
            None if self.ways_in((&asked.service).into(), at) == (false, false) => {
                Ok(asked.sentence(StatusCode::FORBIDDEN, words.shut).into())
            }
            None => {
                let (by_name, by_passkey) = self.ways_in((&asked.service).into(), at);
                // A new handle, so that what was under way with the old one is not gone on with.
                let frame = Frame {
                    notice,
                    ..asked.frame_for(&asked.fresh)
                };
                let page = page::Account {
                    frame,
                    by_name,
                    by_passkey,
                    is_office: asked.service == Service::PORTAL && self.is_office(at),
                };
                let answer = page::shown(StatusCode::OK, &page);
                let line = cookie::given(cookie::SIGN_IN, asked.fresh.written().expose());
                Ok(page::with_cookie(answer, line).into())
            }
        }
    }

    /// Whether anybody may sign in there by a name and what follows on it, and by a passkey.
    fn ways_in(&self, purpose: Purpose<'_>, at: &At) -> (bool, bool) {
        let policy = &self.rules.policy;
        // A passkey is known by the portal's host alone.
        let may_be_passkey = *purpose.service == Service::PORTAL;
        let passkey = Requirement::passkey(policy, &at.zone, purpose);
        (
            Requirement::of(policy, &at.zone, purpose).is_some(),
            may_be_passkey && passkey.is_some(),
        )
    }

    /// The page of a stage.
    async fn page_of(
        &self,
        asked: &Asked,
        sign_in: &SignIn,
        (notice, at): (Option<Notice>, &At),
    ) -> Result<Answer, Unavailable> {
        let frame = Frame {
            notice,
            ..asked.frame()
        };
        let status = match notice {
            Some(Notice { is_wrong: true, .. }) if asked.method == http::Method::POST => {
                StatusCode::BAD_REQUEST
            }
            Some(_) | None => StatusCode::OK,
        };
        Ok(match &sign_in.stage {
            Stage::Account => {
                let (by_name, by_passkey) = self.ways_in(sign_in.into(), at);
                let page = page::Account {
                    frame,
                    by_name,
                    by_passkey,
                    is_office: asked.service == Service::PORTAL && self.is_office(at),
                };
                page::shown(status, &page)
            }
            Stage::Secret { name } => {
                let page = page::Secret {
                    frame,
                    name: name.clone(),
                    label: self.secret_label(asked.words, sign_in.into(), at),
                };
                page::shown(status, &page)
            }
            Stage::Code { name, .. } => {
                let page = page::Code {
                    frame,
                    name: name.clone(),
                    is_sent: self.sends(sign_in.into(), at),
                    stays: self.stays(asked.words, &sign_in.service),
                };
                page::shown(status, &page)
            }
            Stage::Choose { .. } | Stage::ChooseFirst { .. } => {
                page::shown(status, &page::Choose { frame })
            }
            Stage::Confirm { .. } => match sign_in::to_confirm(&self.ports, sign_in).await? {
                Some(uri) => {
                    let page = page::Connect {
                        frame,
                        action: "/sign-in",
                        by_passkey: sign_in::may_take_passkey(&self.rules, sign_in, at),
                        id: String::new(),
                        key: qr::key(&uri),
                        picture: qr::of(&uri),
                    };
                    page::shown(status, &page)
                }
                None => page::redirect("/sign-in?again=1"),
            },
        }
        .into())
    }

    /// What may be typed for a secret there; whoever it is sees the same.
    fn secret_label(&self, words: &'static Words, purpose: Purpose<'_>, at: &At) -> &'static str {
        let (policy, here) = (&self.rules.policy, (&at.zone, purpose));
        let takes = |secret| Requirement::takes_secret(policy, here, secret);
        match (takes(Method::MemorisedSecret), takes(Method::AppPassword)) {
            (true, true) => words.secret_or_app_password,
            (false, true) => words.app_password,
            (_, false) => words.secret,
        }
    }

    /// Whether a code can be sent to somebody who signs in there; whoever it is sees the same (T-CRED-8).
    pub(crate) fn sends(&self, purpose: Purpose<'_>, at: &At) -> bool {
        let policy = &self.rules.policy;
        self.sending.is_some() && Requirement::takes(policy, (&at.zone, purpose), Method::SentCode)
    }

    /// For how long somebody may stay signed in who signs in there, in words; nothing where they may not.
    fn stays(&self, words: &Words, service: &Service) -> Option<String> {
        let may = self.rules.keep_me_signed_in;
        let may = may.and_then(|may| may.at(service))?;
        let minutes = may.lifetime.as_mins();
        let (number, unit) = match (minutes % 60, minutes / 60) {
            (0, hours) if hours > 24 && hours % 24 == 0 => (hours / 24, words.days),
            (0, hours) if hours > 1 => (hours, words.hours),
            (_, _) => (minutes, words.minutes),
        };
        Some(format!("{} {number} {unit}.", words.keep_for))
    }

    /// Sends a code; whether one was, nobody is told.
    pub(crate) async fn send_code(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        let (Some(handle), Some(sending)) = (&asked.sign_in, &self.sending) else {
            return Ok(page::redirect("/sign-in?again=1&said=gone").into());
        };
        let random = sign_in::Asked {
            language: language(asked.words),
            code: clock::random()?,
            id: clock::random()?,
        };
        let rules = (&self.rules, sending);
        let outcome = sign_in::send(&self.ports, rules, handle, random, at).await?;
        Ok(match outcome.answered {
            Answered::Asks => page::redirect("/sign-in?said=sent").into(),
            _ => said(outcome),
        })
    }

    /// Takes what was typed.
    pub(crate) async fn take_answer(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        let held = asked.sign_in.as_ref();
        let under_way = match held {
            Some(handle) => self.ports.sign_ins.sign_in(handle.key(), at.now).await?,
            None => None,
        };
        match (held, under_way) {
            (Some(handle), Some(sign_in)) if sign_in.requirement == Requirement::Passkey => {
                // Whoever turned away from the passkey may type a name on the same page.
                match asked.field("UserName") {
                    Some(_) => self.begun(asked, at).await,
                    None => self.answered_by_passkey(asked, handle, at).await,
                }
            }
            (Some(handle), Some(sign_in)) => match &sign_in.stage {
                Stage::Account => self.answered(asked, handle, "UserName", at).await,
                Stage::Secret { .. } => self.answered(asked, handle, "Password", at).await,
                Stage::Code { .. } => self.answered(asked, handle, "Code", at).await,
                Stage::Choose { .. } | Stage::ChooseFirst { .. } => {
                    self.chosen(asked, (handle, &sign_in), at).await
                }
                Stage::Confirm { .. } => self.confirmed(asked, (handle, &sign_in), at).await,
            },
            _ if asked.field("UserName").is_some() => self.begun(asked, at).await,
            _ => Ok(page::redirect("/sign-in?again=1&said=gone").into()),
        }
    }

    /// Begins a sign-in with the name that was typed.
    async fn begun(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        let service = asked.service.clone();
        let requirement = Requirement::of(&self.rules.policy, &at.zone, &service);
        let Some(requirement) = requirement else {
            return Ok(asked
                .sentence(StatusCode::FORBIDDEN, asked.words.shut)
                .into());
        };
        let sign_in = SignIn::begin(service, requirement, "/".to_owned(), at.now);
        self.ports
            .sign_ins
            .begin_sign_in(asked.fresh.key(), &sign_in)
            .await?;
        let mut answer = self.answered(asked, &asked.fresh, "UserName", at).await?;
        let line = cookie::given(cookie::SIGN_IN, asked.fresh.written().expose());
        answer.response = page::with_cookie(answer.response, line);
        Ok(answer)
    }

    async fn answered(
        &self,
        asked: &Asked,
        handle: &Handle,
        field: &str,
        at: &At,
    ) -> Result<Answer, Unavailable> {
        let Some(typed) = asked.secret(field) else {
            return Ok(page::redirect("/sign-in?again=1&said=gone").into());
        };
        let answer = sign_in::Answer {
            typed: typed.clone(),
            random: clock::random()?,
            is_to_stay: asked.field(KMSI) == Some(KMSI_YES),
        };
        let outcome = sign_in::answer(&self.ports, &self.rules, handle, answer, at).await?;
        Ok(said(outcome))
    }

    /// Takes the secret that somebody chose who was invited.
    async fn chosen(
        &self,
        asked: &Asked,
        (handle, sign_in): (&Handle, &SignIn),
        at: &At,
    ) -> Result<Answer, Unavailable> {
        let nothing = Secret::new(String::new());
        let [typed, again] = ["Password", "Again"].map(|it| asked.secret(it).unwrap_or(&nothing));
        let token = TokenRandomness {
            id: clock::random()?,
            seed: clock::random()?,
        };
        let choosing = Choosing {
            salt: clock::random()?,
            id: clock::random()?,
            token,
            told: clock::random()?,
            language: language(asked.words),
        };
        let (ports, rules) = (&self.ports, &self.rules);
        let both = [typed, again];
        let chosen = sign_in::choose((ports, rules), handle, both, at, choosing).await;
        self.first(
            asked,
            sign_in,
            (chosen.map(|()| page::redirect("/sign-in").into()), at),
        )
        .await
    }

    /// Takes the first code of somebody who was invited.
    async fn confirmed(
        &self,
        asked: &Asked,
        (handle, sign_in): (&Handle, &SignIn),
        at: &At,
    ) -> Result<Answer, Unavailable> {
        if let Some(posted) = asked.field("Passkey") {
            let (ports, rules, party) = (&self.ports, &self.rules, &self.passkeys);
            let random = (clock::random()?, clock::random()?);
            let answer = (handle, posted);
            let taken = sign_in::confirm_by_passkey(ports, rules, party, answer, at, random).await;
            return self.first(asked, sign_in, (taken.map(said), at)).await;
        }
        let typed = asked.field("Code").unwrap_or_default().trim();
        let random = clock::random()?;
        let (ports, rules) = (&self.ports, &self.rules);
        let confirmed = sign_in::confirm((ports, rules), handle, typed, at, random).await;
        self.first(asked, sign_in, (confirmed.map(said), at)).await
    }

    async fn first(
        &self,
        asked: &Asked,
        sign_in: &SignIn,
        (result, at): (Result<Answer, FirstError>, &At),
    ) -> Result<Answer, Unavailable> {
        let words = asked.words;
        let text = match result {
            Ok(answer) => return Ok(answer),
            Err(
                FirstError::Unavailable(error) | FirstError::Token(TokenError::Unavailable(error)),
            ) => {
                return Err(error);
            }
            Err(FirstError::Gone) => {
                return Ok(asked
                    .sentence(StatusCode::GONE, words.invitation_gone)
                    .into());
            }
            Err(FirstError::Unequal) => words.unequal,
            Err(FirstError::Secret(fault)) => fault_text(words, fault),
            Err(FirstError::Token(error)) => token_text(words, &error),
            Err(FirstError::Passkey(_)) => words.passkey_refused,
        };
        let notice = Notice {
            text,
            is_wrong: true,
        };
        self.page_of(asked, sign_in, (Some(notice), at)).await
    }

    /// Takes an invitation up.
    pub(crate) async fn take_invitation(
        &self,
        asked: &Asked,
        at: &At,
    ) -> Result<Answer, Unavailable> {
        let gone = || asked.sentence(StatusCode::GONE, asked.words.invitation_gone);
        let Some(invitation) = asked.field("invitation").and_then(Handle::parse) else {
            return Ok(gone().into());
        };
        let both = (&invitation, &asked.fresh);
        match sign_in::welcome(&self.ports, &self.rules, both, Service::PORTAL, at).await {
            Ok(()) => {
                let line = cookie::given(cookie::SIGN_IN, asked.fresh.written().expose());
                Ok(page::with_cookie(page::redirect("/sign-in"), line).into())
            }
            Err(FirstError::Unavailable(error)) => Err(error),
            Err(_) => Ok(gone().into()),
        }
    }
}

/// The language that somebody is written to in who reads these words.
pub(crate) fn language(words: &Words) -> Language {
    match words.language {
        "sv" => Language::Swedish,
        _ => Language::English,
    }
}

/// What the browser is told of an outcome: where to go on.
pub(crate) fn said(outcome: Outcome) -> Answer {
    let signed_in = match outcome.answered {
        Answered::Done { .. } => Some(true),
        Answered::Refused => Some(false),
        Answered::Asks | Answered::Gone => None,
    };
    let response: Response<Bytes> = match outcome.answered {
        Answered::Asks => page::redirect("/sign-in"),
        Answered::Refused => page::redirect("/sign-in?said=refused"),
        Answered::Gone => page::redirect("/sign-in?again=1&said=gone"),
        Answered::Done {
            handle,
            continuation,
            stays,
        } => {
            let handle = handle.written();
            let session = cookie::with_session(cookie::SESSION, handle.expose(), stays);
            let answer = page::with_cookie(page::redirect(&continuation), session);
            page::with_cookie(answer, cookie::taken(cookie::SIGN_IN))
        }
    };
    Answer {
        response,
        hold_back: outcome.hold_back,
        is_alarmed: outcome.is_alarmed,
        signed_in,
        channel: Channel::Page,
        unavailable: None,
    }
}

/// What is wrong with a secret, in words.
pub(crate) fn fault_text(words: &'static Words, fault: SecretFault) -> &'static str {
    match fault {
        SecretFault::TooShort => words.too_short,
        SecretFault::TooLong => words.too_long,
        SecretFault::Unprintable => words.unprintable,
        SecretFault::Common => words.too_common,
        SecretFault::OwnName => words.own_name,
        SecretFault::Disowned => words.disowned,
    }
}

/// What is wrong with a token or its code, in words.
pub(crate) fn token_text(words: &'static Words, error: &TokenError) -> &'static str {
    match error {
        TokenError::WrongCode | TokenError::SpentCode | TokenError::WrongCodes => words.wrong_code,
        TokenError::TooManyFailures => words.too_many_codes,
        TokenError::TooMany => words.too_many,
        TokenError::UnusableLabel => words.bad_label,
        _ => words.not_yours,
    }
}

/// What is wrong with a change of a secret, in words.
pub(crate) fn secret_text(words: &'static Words, error: &SecretError) -> &'static str {
    match error {
        SecretError::Fault(fault) => fault_text(words, *fault),
        _ => words.wrong_secret,
    }
}
