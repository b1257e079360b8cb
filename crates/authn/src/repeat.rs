//! A repeat is no new sign-in (design 13): ActiveSync and EWS send their password, and Lync clients
//! their ticket, with every request.
//!
//! What was proved is known again by a keyed MAC, kept in memory only: within [`REPEAT`] for
//! everybody whose client can be known again, and for longer on the connection that it was proved on. A repeat costs no counter, no
//! audit event and no hash, and makes no new [`Authenticated`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};

use crate::attempt::{Attempt, Proof};
use crate::authenticated::Authenticated;
use crate::credential::grant::Client;
use crate::place::RouteName;
use crate::revocation::Revoked;

/// How long after it was checked a secret is known again.
pub const REPEAT: SignedDuration = SignedDuration::from_secs(60);
/// How many are known at the most; more are checked anew.
pub const MAX_REPEATS: usize = 50_000;

/// What was proved lately.
pub struct Repeats {
    key: hmac::Key,
    proved: Mutex<BTreeMap<Tag, Arc<Authenticated>>>,
}

/// What a proof is known again by: an HMAC over all that it was judged by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag([u8; 32]);

/// What a connection remembers of the last proof on it.
#[derive(Clone, Debug)]
pub struct Repeat {
    tag: Tag,
    who: Arc<Authenticated>,
}

impl Repeats {
    /// Nothing is known yet; the key is fresh at each start.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
            proved: Mutex::default(),
        }
    }

    /// The tag of an attempt that may be a repeat; `None` for handshakes and certificates,
    /// which prove themselves anew, and where more is claimed than who it is. `rules` numbers the configuration that judged it: what
    /// one let in is no repeat under another.
    #[must_use]
    pub fn tag(&self, attempt: &Attempt, rules: u64) -> Option<Tag> {
        let mut context = hmac::Context::with_key(&self.key);
        let mut part = |bytes: &[u8]| {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(bytes);
        };
        match &attempt.proof {
            Proof::Password { username, password } => {
                part(b"password");
                // A grant is one client's.
                part(
                    Client::of(attempt.source, attempt.tls.as_ref())
                        .0
                        .as_bytes(),
                );
                part(username.as_bytes());
                part(password.expose().as_bytes());
            }
            Proof::Ticket(key) => {
                part(b"ticket");
                part(&key.0);
            }
            Proof::Ntlm { .. }
            | Proof::Unprovable { .. }
            | Proof::Kerberos(_)
            | Proof::Certificate(_)
            | Proof::Issued(_)
            | Proof::Carried(_) => return None,
        }
        let channel = attempt.channel.as_str();
        for word in [channel, &attempt.service.0, &attempt.pool, &attempt.zone.0] {
            part(word.as_bytes());
        }
        part(
            attempt
                .route
                .as_ref()
                .map_or(String::new(), RouteName::to_string)
                .as_bytes(),
        );
        part(&rules.to_be_bytes());
        let tag = context.sign();
        let tag = tag.as_ref().first_chunk().copied();
        tag.filter(|_| attempt.sip_uri.is_none()).map(Tag)
    }

    /// Who proved this already: on the same connection, or anywhere within [`REPEAT`].
    #[must_use]
    pub fn repeated(
        &self,
        tag: &Tag,
        here: Option<&Repeat>,
        now: Timestamp,
    ) -> Option<Arc<Authenticated>> {
        let here = here.filter(|here| here.is_of(tag)).map(|here| &here.who);
        let known = self.lock();
        let lately = known.get(tag).filter(|who| is_fresh(who, now));
        let who = here.or(lately).filter(|who| who.stands(now));
        who.cloned()
    }

    /// Knows a proof that was checked just then.
    ///
    /// SECURITY: where nobody can say on another connection that it is the same client, as a grant is bound to a fingerprint
    /// that is not known, the connection alone remembers it (decision 0033).
    pub fn remember(&self, tag: Tag, who: &Arc<Authenticated>) -> Repeat {
        if !who.is_of_its_connection() {
            self.remember_anywhere(tag, who);
        }
        Repeat {
            tag,
            who: Arc::clone(who),
        }
    }

    fn remember_anywhere(&self, tag: Tag, who: &Arc<Authenticated>) {
        let mut known = self.lock();
        if known.len() >= MAX_REPEATS {
            known.retain(|_, other| is_fresh(other, who.at()));
        }
        if known.len() < MAX_REPEATS {
            known.insert(tag, Arc::clone(who));
        }
    }

    /// Forgets what rests on what was revoked.
    pub fn revoked(&self, revoked: &Revoked) {
        self.lock().retain(|_, who| !revoked.ends(who));
    }

    /// Forgets everybody of the directory.
    pub fn forget_directory(&self) {
        self.lock().retain(|_, who| !who.is_of_directory());
    }

    /// Forgets everything.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Tag, Arc<Authenticated>>> {
        self.proved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Repeat {
    /// Who proved it.
    #[must_use]
    pub fn who(&self) -> &Authenticated {
        &self.who
    }

    /// Whether a proof is the one that was proved.
    #[must_use]
    pub fn is_of(&self, tag: &Tag) -> bool {
        self.tag == *tag
    }
}

impl fmt::Debug for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repeats").finish_non_exhaustive()
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(..)")
    }
}

fn is_fresh(who: &Authenticated, now: Timestamp) -> bool {
    let age = now.duration_since(who.at());
    !age.is_negative() && age < REPEAT
}
