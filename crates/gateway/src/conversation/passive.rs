//! Passive sign-in (decision 0015): a token of our own security token service begins a session at the pool, or one of an AD FS
//! that says on which of ours it rests (decision 0026), and that session buys tickets for whoever ours was issued for, and
//! for nobody else.
//!
//! SECURITY: whether the token is genuine only the pool says, by beginning a session. What the gate knows by itself is for
//! whom a token of this id left here; both together say whose the session is, and it is tracked as a ticket is.

use proto::lync::passive::{self, Brought};

use super::decide::{as_it_came, refused};
use super::*;

impl Conversation {
    /// A form for a page of a passive sign-in: it is read before anything goes on.
    pub(super) fn token_brought(&mut self, mut asked: Asked) -> Verdict {
        asked.next = Next::FindToken;
        self.asked = Some(asked);
        Verdict::ReadBody {
            at_most: passive::MAX_POST_BYTES,
        }
    }

    /// The form was read: one with a token passes as whoever that was issued for, one without as nobody's.
    pub(super) fn token_inside(&mut self, asked: Asked, body: Bytes) -> Verdict {
        let is_form = headers::is_form(&asked.head.headers);
        match Brought::parse(&body) {
            Ok(brought) if is_form || body.is_empty() => match brought {
                Some(_) if !self.is_sent_from_here(&asked) => refused(asked.sent_elsewhere()),
                Some(brought) => match self.proof_of(&asked, brought) {
                    Some(proof) => {
                        self.prove(asked, (proof, Channel::Page), (None, Bound::Read(body)))
                    }
                    None => refused(asked.unknown_token()),
                },
                None => self.forward(asked, Pass::Anonymous, Bound::Read(body)),
            },
            Ok(_) | Err(_) => {
                let sentence = "This page takes a form that can be read in one way.\n";
                refused(asked.replies.plain(StatusCode::BAD_REQUEST, sentence))
            }
        }
    }

    /// As what a token counts: as ours, or at a pool that takes those of an AD FS as one that rests on ours, and says on which.
    ///
    /// SECURITY: whom the AD FS signed in by itself, by a domain password for instance, brings a token that says nothing of us.
    fn proof_of(&self, asked: &Asked, brought: Brought) -> Option<Proof> {
        let token = TokenId(brought.assertion_id);
        match self.adfs(asked) {
            None => Some(Proof::Issued(token)),
            Some(adfs) => brought.sign_in.map(|sign_in| {
                Proof::Carried(Carried {
                    token,
                    sign_in: TokenId(sign_in),
                    issuer: adfs.clone(),
                })
            }),
        }
    }

    /// Scheme, name and port of the AD FS whose tokens the pool takes, where it does.
    fn adfs(&self, asked: &Asked) -> Option<&String> {
        let host = self.publication.hosts.get(&asked.name);
        host.and_then(|host| host.passive_adfs.as_ref())
    }

    /// Whether a form comes from a page of our security token service, of the AD FS that the pool trusts in its place, or of the
    /// pool itself, as far as the browser says where it comes from.
    ///
    /// SECURITY: a stranger's page would send a browser to the pool with a token of the stranger's own, and its person would
    /// work in the stranger's session (login CSRF). INTEROP: Lync's embedded browser sends no `Origin` with a form.
    fn is_sent_from_here(&self, asked: &Asked) -> bool {
        let hosts = &self.publication.hosts;
        let of_pages = hosts.iter().filter(|(_, host)| host.is_sts);
        let of_pages = of_pages.map(|(name, host)| host.origin_of(name));
        let mut known: Vec<String> = match self.adfs(asked) {
            Some(adfs) => vec![adfs.clone()],
            None => of_pages.collect(),
        };
        if known.is_empty() {
            // The token service is published by another gate.
            return true;
        }
        let own = hosts.get(&asked.name).and_then(|host| host.origin.clone());
        known.extend(own);
        let headers = &asked.head.headers;
        let said = [header::ORIGIN, header::REFERER];
        let said = said.into_iter().find(|it| headers.contains_key(it));
        let Some(said) = said else { return true };
        let mut values = headers.get_all(said).iter();
        let (Some(only), None) = (values.next(), values.next()) else {
            return false;
        };
        let only = only.to_str().unwrap_or_default();
        known.iter().any(|origin| {
            let head = only.get(..origin.len());
            let rest = only.get(origin.len()..).unwrap_or_default();
            let is_whole = rest.is_empty() || rest.starts_with(['/', '?', '#']);
            is_whole && head.is_some_and(|head| head.eq_ignore_ascii_case(origin))
        })
    }

    /// A ticket is asked for with a session: the one that was looked at goes on, and no other cookie.
    pub(super) fn by_session(&mut self, mut asked: Asked, bound: Bound) -> Verdict {
        let cookies = asked.head.headers.get_all(header::COOKIE).iter();
        let session = passive::Session::sent(cookies.map(HeaderValue::as_bytes));
        let Ok(Some(session)) = session else {
            return self.session_wanted(&asked);
        };
        let Ok(mut line) = HeaderValue::from_bytes(session.line().expose()) else {
            return self.session_wanted(&asked);
        };
        line.set_sensitive(true);
        asked.session = Some(line);
        let proof = Proof::Ticket(TicketKey::of(&session.key()));
        self.prove(asked, (proof, Channel::Ticket), (None, bound))
    }

    /// The pool's answer to a token: the session that it begins is written down before anybody has it.
    pub(super) fn session_begun(
        &self,
        asked: &Asked,
        head: &http::response::Parts,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Answered, read::ReadError> {
        let found = read::session(&head.headers, now)?;
        let found = found.into_iter().collect();
        Ok(as_it_came(body, self.relayed(asked, found, now)))
    }

    /// The grant's answer to whoever has no session that is known here: the page where one begins.
    pub(super) fn session_wanted(&self, asked: &Asked) -> Verdict {
        let host = self.publication.hosts.get(&asked.name);
        let origin = host.and_then(|host| host.origin.as_deref());
        let page = format!("{}{}", origin.unwrap_or_default(), passive::PAGE);
        refused(asked.replies.passive_wanted(&page, &asked.name))
    }

    /// To a passive pool the cookies of a session go by the page that begins it, and where they were looked at; on its host,
    /// and by whatever other host leads there, they stay behind.
    pub(super) fn session_cookies<'a>(&self, asked: &'a Asked) -> SessionCookies<'a> {
        let host = self.publication.hosts.get(&asked.name);
        let is_passive = host.is_some_and(Host::is_passive) || asked.route.leads_to_passive;
        match &asked.session {
            Some(line) => SessionCookies::Only(line),
            None if is_passive && asked.route.kind != Kind::LyncPassive => SessionCookies::Nothing,
            None => SessionCookies::AsSent,
        }
    }
}

/// Whether a ticket that was asked for with a session says that it is of whoever has that.
pub(super) fn is_of_session(asked: &Asked, body: &[u8]) -> Result<(), read::ReadError> {
    match (&asked.session, &asked.somebody) {
        (Some(_), Some(who)) => read::is_of(body, who.account()),
        (Some(_), None) => Err(read::ReadError::NotTheirs),
        (None, _) => Ok(()),
    }
}

impl Asked {
    /// The answer to a token that another website's page brings.
    fn sent_elsewhere(&self) -> Reply {
        let sentence = "This sign-in comes from another website; begin it again.\n";
        self.replies.plain(StatusCode::FORBIDDEN, sentence)
    }

    /// The answer to a token that did not leave here, has ended, or is of somebody who may not.
    pub(super) fn unknown_token(&self) -> Reply {
        let sentence = "This sign-in is not known here, or has ended; begin it again.\n";
        self.replies.plain(StatusCode::FORBIDDEN, sentence)
    }
}
