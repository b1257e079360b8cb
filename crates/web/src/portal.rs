//! The portal: what is one's own, and what may be done with it. Each act answers by sending the browser back, but for
//! the app password that is shown once.

use authn::account::Account;
use authn::admin::destinations::DestinationError;
use authn::admin::secrets::{SecretError, SecretRandomness};
use authn::admin::spare_codes::SpareRandomness;
use authn::admin::tokens::TokenError;
use authn::admin::{AdminError, Randomness};
use authn::attempt::Rules;
use authn::audit::Kind;
use authn::credential::app_password::AppPassword;
use authn::credential::otp_token::{OtpToken, TokenState};
use authn::credential::passkey::Passkey;
use authn::credential::spare_code::LIST;
use authn::handle::Handle;
use authn::place::{Method, Service};
use authn::portal::{Lease, Owner, PortalError};
use authn::ports::{ChainedEvent, Unavailable};
use authn::session::Session;
use authn::sign_in::{self, At, Requirement, SignIn};
use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use crate::asked::Asked;
use crate::page::{self, Frame, Notice};
use crate::sign_in::{secret_text, token_text};
use crate::words::Words;
use crate::{Answer, Pages, clock, cookie, not_me, passkeys, qr, tokens};

/// Somebody who is signed in, by one request.
pub(crate) struct SignedIn {
    handle: Handle,
    session: Session,
    account: Account,
}

/// All addresses of the portal, whatever is done there.
const PATHS: [&str; 18] = [
    "/",
    "/sign-out",
    "/app-passwords",
    "/app-passwords/revoke",
    "/tokens",
    "/tokens/confirm",
    "/tokens/remove",
    "/passkeys/begin",
    "/passkeys",
    "/passkeys/touch/begin",
    "/passkeys/touch",
    "/passkeys/rename",
    "/passkeys/remove",
    "/telephone",
    "/telephone/remove",
    "/recovery-codes",
    "/secret",
    "/not-me",
];

/// Whether the portal has an address.
pub(crate) fn has(path: &str) -> bool {
    PATHS.contains(&path)
}

/// How an act ended that was not refused.
pub(crate) type Acted = Result<Response<Bytes>, PortalError>;

impl Pages {
    /// Who the browser is signed in as, if its session stands.
    pub(crate) async fn owner_of(
        &self,
        asked: &Asked,
        at: &At,
    ) -> Result<Option<SignedIn>, Unavailable> {
        let Some(handle) = &asked.session else {
            return Ok(None);
        };
        let by = (&self.ports, &self.rules);
        let found = sign_in::resume(by, handle, (&asked.service, at)).await?;
        let (policy, here) = (&self.rules.policy, (at, &asked.service));
        let found = found
            .filter(|(session, who)| sign_in::is_enough_on_pages((session, who), policy, here));
        Ok(found.map(|(session, account)| SignedIn {
            handle: handle.clone(),
            session,
            account,
        }))
    }

    /// Whether what somebody proved is as fresh as the policy wants it of whoever is here.
    pub(crate) fn is_fresh(&self, signed_in: &SignedIn, (asked, at): (&Asked, &At)) -> bool {
        let (policy, here) = (&self.rules.policy, (at, &asked.service));
        sign_in::is_fresh_enough_for(signed_in.of(), policy, here)
    }

    /// Asks anew who somebody is, who goes on where they were.
    ///
    /// SECURITY: what a form brought is dropped: whoever left the browser did not send it.
    pub(crate) async fn ask_anew(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        let anew = "/sign-in?said=anew";
        let (policy, service) = (&self.rules.policy, asked.service.clone());
        let requirement = Requirement::of(policy, &at.zone, &service);
        let (Some(requirement), Some(back)) = (requirement, tokens::way_back(asked)) else {
            return Ok(page::redirect("/sign-in?again=1&said=anew").into());
        };
        let begun = SignIn::begin(service, requirement, back, at.now);
        let (sign_ins, handle) = (&self.ports.sign_ins, &asked.fresh);
        sign_ins.begin_sign_in(handle.key(), &begun).await?;
        let line = cookie::given(cookie::SIGN_IN, handle.written().expose());
        Ok(page::with_cookie(page::redirect(anew), line).into())
    }

    // tidy: flat, because it is the table of all addresses of the portal
    pub(crate) async fn portal(
        &self,
        asked: &Asked,
        (is_post, path): (bool, &str),
        signed_in: &SignedIn,
        at: &At,
    ) -> Result<Answer, Unavailable> {
        // SECURITY: behind a session only that session's forms count, not those of a sign-in.
        let token = asked.field("form").unwrap_or_default();
        if is_post && !signed_in.handle.is_form_token(token) {
            let text = asked.words.not_sent_here;
            return Ok(asked.sentence(StatusCode::FORBIDDEN, text).into());
        }
        let owner = Owner {
            ports: &self.ports,
            account: &signed_in.account,
            session: &signed_in.session,
            key: signed_in.handle.key(),
            at,
        };
        let acted = match (is_post, path) {
            (false, "/") => self
                .home(asked, signed_in, &owner, None)
                .await
                .map_err(Into::into),
            (true, "/app-passwords") => self.made(asked, signed_in, &owner).await,
            (true, "/app-passwords/revoke") => revoked(asked, &owner).await,
            (true, "/tokens") => self.token_enrolled(asked, &owner).await,
            (false, "/tokens/confirm") => self.token_shown(asked, signed_in, &owner, None).await,
            (true, "/tokens/confirm") => self.token_confirmed(asked, signed_in, &owner).await,
            (true, "/tokens/remove") => tokens::removed(asked, &owner).await,
            (true, "/passkeys/begin") => self.passkey_begun(&owner).await,
            (true, "/passkeys") => self.passkey_added(asked, &owner).await,
            (true, "/passkeys/touch/begin") => self.touch_begun(&owner).await,
            (true, "/passkeys/touch") => self.touched(asked, &owner).await,
            (true, "/passkeys/rename") => passkeys::renamed(asked, &owner).await,
            (true, "/passkeys/remove") => passkeys::removed(asked, &owner).await,
            (true, "/telephone") => self.telephone_set(asked, &owner).await,
            (true, "/telephone/remove") => self.telephone_removed(&owner).await,
            (true, "/recovery-codes") => self.recovery(asked, signed_in, &owner).await,
            (true, "/secret") => self.changed(asked, &owner).await,
            (true, "/not-me") => not_me::put_out(asked, signed_in, &owner).await,
            _ => Ok(asked.sentence(StatusCode::NOT_FOUND, asked.words.not_found)),
        };
        let error = match acted {
            Ok(response) => return Ok(response.into()),
            Err(PortalError::NotFresh) => return self.ask_anew(asked, at).await,
            Err(error) => error,
        };
        let text = error_text(asked.words, error)?;
        let notice = Notice {
            text,
            is_wrong: true,
        };
        let mut home = self.home(asked, signed_in, &owner, Some(notice)).await?;
        *home.status_mut() = StatusCode::BAD_REQUEST;
        Ok(home.into())
    }

    async fn home(
        &self,
        asked: &Asked,
        signed_in: &SignedIn,
        owner: &Owner<'_>,
        wrong: Option<Notice>,
    ) -> Result<Response<Bytes>, Unavailable> {
        let words = asked.words;
        let said = match asked.query("said") {
            Some("revoked") => Some(words.said_revoked),
            Some("confirmed") => Some(words.said_confirmed),
            Some("removed") => Some(words.said_removed),
            Some("touched") => Some(words.said_touched),
            Some("passkey-added") => Some(words.said_passkey_added),
            Some("passkey-renamed") => Some(words.said_passkey_renamed),
            Some("passkey-removed") => Some(words.said_passkey_removed),
            Some(_) | None => None,
        };
        let said = said.map(|text| Notice {
            text,
            is_wrong: false,
        });
        let now = owner.at.now;
        let (devices, tokens) = (owner.app_passwords().await?, owner.tokens().await?);
        let (passkeys, latest) = (owner.passkeys().await?, owner.latest().await?);
        let policy = &self.rules.policy;
        let here = (&owner.at.zone, &Service::PORTAL);
        let by_passkey = Requirement::passkey(policy, here.0, here.1);
        let page = page::Portal {
            frame: Frame {
                notice: wrong.or(said),
                ..signed_in.frame(asked)
            },
            devices: devices
                .iter()
                .map(|it| page::Device {
                    lease: lease_text(words, owner.lease_of(it, policy)),
                    ..device(words, it, now)
                })
                .collect(),
            services: self.services.iter().map(|it| it.0.to_string()).collect(),
            tokens: tokens.iter().map(|it| token(words, it)).collect(),
            // What is there can be taken away, whatever the policy says by now.
            by_passkey: by_passkey.is_some() || !passkeys.is_empty(),
            may_add: by_passkey.is_some() && owner.is_fresh(policy),
            is_fresh: owner.is_fresh(policy),
            recovery: match Requirement::takes(policy, here, Method::RecoveryCode) {
                true => Some(owner.recovery_codes().await?),
                false => None,
            },
            passkeys: passkeys.iter().map(|it| passkey(words, it)).collect(),
            telephone: self.telephone(owner).await?,
            sign_ins: latest.iter().filter_map(|it| line(words, it)).collect(),
            is_disowned: owner.is_secret_disowned().await?,
        };
        Ok(page::shown(StatusCode::OK, &page))
    }

    /// Ends the session of this browser, also where it is nobody's for the moment.
    pub(crate) async fn signed_out(&self, asked: &Asked, at: &At) -> Result<Answer, Unavailable> {
        let Some(handle) = &asked.session else {
            return Ok(page::redirect("/sign-in").into());
        };
        let token = asked.field("form").unwrap_or_default();
        if !handle.is_form_token(token) {
            let text = asked.words.not_sent_here;
            return Ok(asked.sentence(StatusCode::FORBIDDEN, text).into());
        }
        sign_in::sign_out(&self.ports, handle, &Service::PORTAL, at).await?;
        let answer = page::redirect("/sign-in?said=signed-out");
        Ok(page::with_cookie(answer, cookie::taken(cookie::SESSION)).into())
    }

    async fn made(&self, asked: &Asked, signed_in: &SignedIn, owner: &Owner<'_>) -> Acted {
        let wanted = asked.fields("service");
        let known = self
            .services
            .iter()
            .filter(|it| wanted.iter().any(|word| *word == it.0));
        let label = asked.field("label").unwrap_or_default().trim().to_owned();
        let random = Randomness {
            id: clock::random()?,
            secret: clock::random()?,
        };
        let (policy, scope) = (&self.rules.policy, known.cloned().collect());
        let made = owner.make_app_password(policy, (label, scope), random);
        let (record, password) = made.await?;
        let account = &signed_in.account;
        let page = page::Made {
            frame: signed_in.frame(asked),
            password: password.expose().clone(),
            picture: qr::of_text(&password),
            label: record.label,
            user: account.upn.clone(),
            sip: account.sip_addresses.first().cloned(),
        };
        Ok(page::shown(StatusCode::OK, &page))
    }
}

impl Pages {
    /// Makes recovery codes, and shows them once.
    async fn recovery(&self, asked: &Asked, signed_in: &SignedIn, owner: &Owner<'_>) -> Acted {
        let mut random = [SpareRandomness {
            id: [0; 16],
            code: [0; 16],
        }; LIST];
        for random in &mut random {
            random.id = clock::random()?;
            random.code = clock::random()?;
        }
        let policy = &self.rules.policy;
        let codes = owner.make_recovery_codes(policy, random).await?;
        let page = page::Recovery {
            frame: signed_in.frame(asked),
            codes: codes.iter().map(|it| it.expose().clone()).collect(),
        };
        Ok(page::shown(StatusCode::OK, &page))
    }

    /// Takes another secret in the place of the old one.
    async fn changed(&self, asked: &Asked, owner: &Owner<'_>) -> Acted {
        let nothing = Secret::new(String::new());
        let [old, new, again] =
            ["Password", "New", "Again"].map(|it| asked.secret(it).unwrap_or(&nothing));
        if new.expose() != again.expose() {
            return Err(PortalError::Unequal);
        }
        let random = SecretRandomness {
            id: clock::random()?,
            salt: clock::random()?,
        };
        owner.change_secret([old, new], random).await?;
        let answer = page::redirect("/sign-in?said=changed");
        Ok(page::with_cookie(answer, cookie::taken(cookie::SESSION)))
    }
}

impl SignedIn {
    /// By which session, and who.
    pub(crate) fn of(&self) -> (&Session, &Account) {
        (&self.session, &self.account)
    }

    /// For how long this browser holds the session, where its owner asked to stay signed in.
    pub(crate) fn stays(&self, rules: &Rules, now: Timestamp) -> Option<SignedDuration> {
        let may = rules.keep_me_signed_in;
        let left = self
            .session
            .stays_for(&Service::STS, may)?
            .duration_since(now);
        left.is_positive().then_some(left)
    }

    /// What the browser holds.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) fn frame(&self, asked: &Asked) -> Frame {
        Frame {
            who: Some(self.account.upn.clone()),
            ..Frame::of(asked.look(), &self.handle)
        }
    }
}

async fn revoked(asked: &Asked, owner: &Owner<'_>) -> Acted {
    owner.revoke(asked.field("id").unwrap_or_default()).await?;
    Ok(page::redirect("/?said=revoked"))
}

/// What is said of the lease of an app password, where it has one.
fn lease_text(words: &Words, lease: Lease) -> Option<String> {
    match lease {
        Lease::None => None,
        Lease::Until(at) => Some(format!("{} {}", words.lease_until, minute(at))),
        Lease::Lapsed => Some(words.lease_lapsed.to_owned()),
        Lease::Never => Some(words.lease_never.to_owned()),
    }
}

fn device(words: &Words, record: &AppPassword, now: Timestamp) -> page::Device {
    let scope: Vec<&str> = record.scope.iter().map(|it| &*it.0).collect();
    let used = record.last_used.as_ref();
    let has_ended = record.expires.is_some_and(|ends| ends <= now);
    page::Device {
        id: record.id.0.clone(),
        label: record.label.clone(),
        opens: scope.join(", "),
        used: used.map_or(words.never.to_owned(), |(at, from)| {
            format!("{} {} {from}", minute(*at), words.from)
        }),
        until: match (record.revoked, record.expires) {
            (Some(at), _) => format!("{} {}", words.revoked, minute(at)),
            (None, Some(at)) if has_ended => format!("{} {}", words.ended, minute(at)),
            (None, Some(at)) => minute(at),
            (None, None) => words.no_end.to_owned(),
        },
        lease: None,
        stands: record.revoked.is_none() && !has_ended,
    }
}

fn token(words: &Words, record: &OtpToken) -> page::Token {
    page::Token {
        id: record.id.0.clone(),
        label: record.label.clone(),
        state: match record.state {
            TokenState::Active => words.active,
            TokenState::Pending => words.pending,
            TokenState::Blocked => words.blocked,
        },
        used: record.last_used.map_or(words.never.to_owned(), minute),
        is_pending: record.state == TokenState::Pending,
    }
}

fn passkey(words: &Words, record: &Passkey) -> page::Passkey {
    page::Passkey {
        id: record.id.0.clone(),
        label: record.label.clone(),
        added: minute(record.created),
        used: record.last_used.map_or(words.never.to_owned(), minute),
    }
}

/// A line of the audit trail that its owner is shown: whether somebody came in, never why somebody did not.
fn line(words: &Words, chained: &ChainedEvent) -> Option<page::SignIn> {
    let event = &chained.event;
    let (result, is_success) = match event.kind {
        Kind::SignedIn { .. } => (words.signed_in, true),
        Kind::Refused { .. } => (words.refused_short, false),
        Kind::SpareCodeUsed {
            method: Method::RecoveryCode,
            ..
        } => (words.recovery_used, false),
        Kind::SpareCodeUsed { .. } => (words.temporary_used, false),
        _ => return None,
    };
    Some(page::SignIn {
        number: chained.number,
        when: minute(event.at),
        to_what: event
            .service
            .as_ref()
            .map(|it| it.0.to_string())
            .unwrap_or_default(),
        from: event.source.map(|it| it.to_string()).unwrap_or_default(),
        result,
        is_success,
    })
}

/// A time to the minute, in UTC.
pub(crate) fn minute(at: Timestamp) -> String {
    let text: String = at.to_string().chars().take(16).collect();
    text.replace('T', " ") + " UTC"
}

/// What is wrong, in words.
///
/// # Errors
///
/// Something of ours is away, which is nobody's fault here.
fn error_text(words: &'static Words, error: PortalError) -> Result<&'static str, Unavailable> {
    Ok(match error {
        PortalError::Unavailable(error)
        | PortalError::AppPassword(AdminError::Unavailable(error))
        | PortalError::Token(TokenError::Unavailable(error))
        | PortalError::Secret(SecretError::Unavailable(error))
        | PortalError::Destination(DestinationError::Unavailable(error)) => return Err(error),
        PortalError::NotYours => words.not_yours,
        PortalError::LastToken => words.last_token,
        PortalError::LastWay => words.last_way,
        PortalError::NotFresh => words.not_fresh,
        PortalError::NoNumber => words.telephone_wrong,
        PortalError::NotReached => words.telephone_not_reached,
        PortalError::Destination(DestinationError::Already { .. }) => words.telephone_already,
        PortalError::Destination(_) => words.not_yours,
        PortalError::TooManyPasskeys => words.too_many,
        PortalError::UnusableLabel => words.bad_label,
        PortalError::Passkey(_) => words.passkey_refused,
        PortalError::WrongSecret => words.wrong_secret,
        PortalError::Unequal => words.unequal,
        PortalError::AppPassword(AdminError::UnusableLabel) => words.bad_label,
        PortalError::AppPassword(AdminError::EmptyScope) => words.no_service,
        PortalError::AppPassword(AdminError::TooMany) => words.too_many,
        PortalError::AppPassword(_) => words.not_yours,
        PortalError::Token(error) => token_text(words, &error),
        PortalError::Secret(error) => secret_text(words, &error),
    })
}
