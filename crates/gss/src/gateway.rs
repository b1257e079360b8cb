//! The gate's own account: signs in with its keytab, gets tickets for people (S4U2Self) and passes them on
//! (S4U2Proxy), [MS-SFU] 3.1.
//!
//! SECURITY: MIT falls back to a *default* credential where a call leaves room for one; with SPNEGO the back end
//! then saw the gate itself in every user's place. So the mechanism is plain Kerberos, every credential is
//! acquired from places that are named, and a token's initiator is asked for before a byte is handed out.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proto::kerberos::Sid;
use proto::kerberos::pac::Owner;
use zeroize::Zeroizing;

use crate::acceptor::owner_of_own;
use crate::bindings::ChannelBinding;
use crate::clock::{self, Clocks};
use crate::error::{Alarm, Denied, KeytabFault, TokenError, Unavailable};
use crate::ffi::{self, Api};
use crate::handles::{Credential, Name, Step, Told, Usage};
use crate::keytab;
use crate::memory::MemoryCache;
use crate::principal::{Principal, Service};
use crate::process::Process;
use crate::status::Status;

/// `FORWARDABLE` among a ticket's flags (RFC 4120 5.3, bit 1).
const FORWARDABLE: u32 = 0x4000_0000;
/// Flags of a context (RFC 2744 5.19): delegation, mutual authentication, anonymity.
const UNWANTED: u32 = 1 | 2 | 64;

/// The gate's own account.
pub struct Gateway {
    api: &'static Api,
    principal: Principal,
    keytab: PathBuf,
    current: Mutex<Option<Arc<SignedIn>>>,
}

/// The gate, signed in: its ticket-granting ticket, in a cache that nothing else uses.
struct SignedIn {
    cache: MemoryCache,
    since: Instant,
    life: Duration,
    clocks: Clocks,
}

impl SignedIn {
    /// Whether the clock was set since then: the library goes by how far it was off when it signed in, and what it
    /// writes into tokens would be as wrong as that is now.
    fn is_of_another_time(&self, clocks: &Clocks) -> bool {
        clocks.stepped_since(&self.clocks) > STEP
    }
}

/// A ticket for a person to the gate itself, which may be passed on. Threads may hand it over, and not use it at
/// the same time:
///
/// ```
/// fn moves<T: Send>() {}
/// moves::<gss::Impersonated>();
/// ```
///
/// ```compile_fail
/// fn is_shared<T: Sync>() {}
/// is_shared::<gss::Impersonated>();
/// ```
pub struct Impersonated {
    api: &'static Api,
    credential: Credential,
    user: Principal,
    ends: Instant,
}

/// A token for a back end: one AP-REQ, framed as RFC 2743 3.1 says. Whoever has it is its user, once.
pub struct Token {
    bytes: Zeroizing<Vec<u8>>,
    /// Until when the ticket in it is good, and so others can be made of it without a question.
    pub ticket_ends: Instant,
}

impl Token {
    /// The bytes, to be sent to the one back end that it is for.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({} bytes)", self.bytes.len())
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gateway({})", self.principal)
    }
}

impl std::fmt::Debug for Impersonated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Impersonated({})", self.user)
    }
}

impl Gateway {
    /// The account of a keytab; it signs in when it is first needed.
    ///
    /// # Errors
    ///
    /// There is no library, or the keytab has no AES key of the account.
    pub fn open(
        _process: &Process,
        principal: Principal,
        keytab: &Path,
    ) -> Result<Self, Unavailable> {
        let api = ffi::api()?;
        examine(keytab, principal.as_str())?;
        Ok(Self {
            api,
            principal,
            keytab: keytab.to_owned(),
            current: Mutex::new(None),
        })
    }

    /// Signs in with the keytab, where the gate is not signed in. Blocks.
    ///
    /// # Errors
    ///
    /// Our own world is broken.
    pub fn sign_in_now(&self) -> Result<(), Unavailable> {
        self.signed_in(clock::now()).map(drop)
    }

    /// Asks a domain controller for a ticket for `user` (S4U2Self), without a secret of theirs. The ticket must be
    /// of the account that `sid` says, or where that is not known of one that is called so. Blocks.
    ///
    /// # Errors
    ///
    /// The person may not, our own world is broken; or the ticket is another's, and then nobody gets it.
    pub fn impersonate(
        &self,
        user: &Principal,
        sid: Option<&Sid>,
    ) -> Result<Impersonated, TokenError> {
        let asked = clock::now();
        let signed_in = self.signed_in(asked)?;
        let gateway = self.credential(&signed_in)?;
        let name = Name::of(self.api, user.as_str()).map_err(|it| it.of_user(user))?;
        let (credential, seconds) = gateway.impersonate(&name).map_err(|it| it.of_user(user))?;
        let impersonated = Impersonated {
            api: self.api,
            credential,
            user: user.clone(),
            ends: asked + Duration::from_secs(seconds.into()),
        };
        self.examine(&impersonated, sid)?;
        Ok(impersonated)
    }

    /// Looks at a ticket that only we have seen: a context towards ourselves costs no question to anybody.
    fn examine(&self, ticket: &Impersonated, sid: Option<&Sid>) -> Result<(), TokenError> {
        let user = &ticket.user;
        let of_user = |it: Status| it.of_user(user);
        let ourselves = Name::of(self.api, self.principal.as_str()).map_err(of_user)?;
        let step = ticket.credential.initiate(&ourselves, None);
        let step = step.map_err(of_user)?;
        examined(user, &step)?;
        let flags = step.context.ticket_flags().map_err(of_user)?;
        if flags & FORWARDABLE == 0 {
            let user = user.clone();
            return Err(Denied::NotDelegable { user }.into());
        }
        // SECURITY: a domain controller was asked for a name, and a name that was given to somebody else since the
        // directory was read would show a back end that other person.
        let keytab = place(&self.keytab)?;
        let opened = owner_of_own(self.api, (&ourselves, &keytab), &step.token);
        let got = opened.map_err(|status| {
            let said = status.said.clone();
            // The library corrects its clock by the domain's where it asks, and not where it opens.
            match status.of_our_world() {
                skew @ Unavailable::ClockSkew(_) => skew,
                _ => Unavailable::OwnTicket {
                    gateway: self.principal.clone(),
                    said,
                },
            }
        })?;
        is_of(user, sid, got)
    }

    /// The gate's ticket, renewed from the keytab as it is then once half of its life has gone. Where that fails and the
    /// old one is still good, it serves on.
    fn signed_in(&self, now: Instant) -> Result<Arc<SignedIn>, Unavailable> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let clocks = Clocks::read();
        let old = current.clone().filter(|it| !it.is_of_another_time(&clocks));
        if let Some(old) = old.as_ref().filter(|old| now < old.since + old.life / 2) {
            return Ok(Arc::clone(old));
        }
        match self.sign_in(now) {
            Ok(new) => {
                let new = Arc::new(new);
                *current = Some(Arc::clone(&new));
                Ok(new)
            }
            Err(error) => old
                .filter(|old| now + LEAST_LIFE < old.since + old.life)
                .ok_or(error),
        }
    }

    fn sign_in(&self, now: Instant) -> Result<SignedIn, Unavailable> {
        let name = Name::of(self.api, self.principal.as_str());
        let name = name.map_err(|it| it.of_gateway(&self.principal))?;
        let cache = MemoryCache::named(self.api, cache_name());
        let keytab = place(&self.keytab)?;
        let places = [
            (c"client_keytab", keytab.as_c_str()),
            (c"ccache", cache.name()),
        ];
        match Credential::acquire(self.api, Some(&name), Usage::Initiate, &places) {
            Ok((_, seconds)) => Ok(SignedIn {
                cache,
                since: now,
                clocks: Clocks::read(),
                life: Duration::from_secs(seconds.into()),
            }),
            // The file may have been replaced by one without a key of ours since it was examined.
            Err(status) => match examine(&self.keytab, self.principal.as_str()) {
                Err(error) => Err(error),
                Ok(()) => Err(status.of_gateway(&self.principal)),
            },
        }
    }

    /// A handle of this call's own on the gate's ticket; the keytab plays no part in it.
    fn credential(&self, signed_in: &SignedIn) -> Result<Credential, Unavailable> {
        let places = [(c"ccache", signed_in.cache.name())];
        let name = Name::of(self.api, self.principal.as_str());
        let acquired = name
            .and_then(|name| Credential::acquire(self.api, Some(&name), Usage::Initiate, &places));
        match acquired {
            Ok((credential, _)) => Ok(credential),
            Err(status) => Err(status.of_gateway(&self.principal)),
        }
    }
}

/// The clock may be set by so much before the gate signs in anew; back ends take five minutes (RFC 4120 1.6).
pub(crate) const STEP: Duration = Duration::from_secs(30);
/// A ticket that ends sooner than this is not begun with.
pub(crate) const LEAST_LIFE: Duration = Duration::from_secs(30);

/// A name that no other credential of this process has.
fn cache_name() -> CString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    CString::new(format!("MEMORY:wicketgate-{number}")).unwrap_or_default()
}

/// A keytab's name for the library.
pub(crate) fn place(keytab: &Path) -> Result<CString, Unavailable> {
    let name = [b"FILE:", keytab.as_os_str().as_encoded_bytes()].concat();
    CString::new(name).map_err(|error| unreadable(keytab, &error))
}

/// Demands an AES key of `principal`.
pub(crate) fn examine(keytab: &Path, principal: &str) -> Result<(), Unavailable> {
    let keys = keys(keytab)?;
    let mut ours = keys
        .iter()
        .filter(|it| it.principal == principal)
        .peekable();
    let why = if ours.peek().is_none() {
        KeytabFault::WithoutKey(principal.to_owned())
    } else if !ours.any(keytab::Entry::is_aes) {
        KeytabFault::WithoutAes(principal.to_owned())
    } else {
        return Ok(());
    };
    let path = keytab.display().to_string();
    Err(Unavailable::Keytab { path, why })
}

/// The keys of a keytab, without the keys.
///
/// # Errors
///
/// It cannot be read, or is none.
pub fn keys(keytab: &Path) -> Result<Vec<keytab::Entry>, Unavailable> {
    let bytes = std::fs::read(keytab).map_err(|error| unreadable(keytab, &error))?;
    let bytes = Zeroizing::new(bytes);
    let found = Some(&bytes).filter(|it| it.len() <= keytab::MAX_BYTES);
    let found = found.and_then(|bytes| keytab::entries(bytes));
    found.ok_or_else(|| Unavailable::Keytab {
        path: keytab.display().to_string(),
        why: KeytabFault::Malformed,
    })
}

fn unreadable(keytab: &Path, error: &impl ToString) -> Unavailable {
    Unavailable::Keytab {
        path: keytab.display().to_string(),
        why: KeytabFault::Unreadable(error.to_string()),
    }
}

impl Impersonated {
    /// One fresh token of `user` for `target`, bound to a TLS connection where a binding is given. Blocks when
    /// `target` is new to this ticket (S4U2Proxy). Whoever asks names the user, so that a ticket in the wrong place
    /// rings.
    ///
    /// # Errors
    ///
    /// The domain refuses, no domain controller answers; or the token is not the user's, and then nobody gets
    /// it.
    pub fn token(
        &self,
        user: &Principal,
        target: &Service,
        binding: Option<&ChannelBinding>,
    ) -> Result<Token, TokenError> {
        let name = Name::of(self.api, target.as_str());
        let step = name.and_then(|name| {
            let binding = binding.map(ChannelBinding::bytes);
            self.credential.initiate(&name, binding)
        });
        let step = step.map_err(|it| it.of_target(&self.user, target))?;
        let told = examined(user, &step)?;
        if told.acceptor.as_deref() != Some(target.as_str()) {
            return Err(alarm(user, "it is for another service"));
        }
        let life = Duration::from_secs(told.seconds.into());
        Ok(Token {
            bytes: step.token,
            ticket_ends: self.ends.min(clock::now() + life),
        })
    }
}

/// What a step made, if it is finished, plain Kerberos, with AES, and the user's own.
fn examined(user: &Principal, step: &Step) -> Result<Told, TokenError> {
    let of_user = |it: Status| it.of_user(user);
    if !step.is_complete {
        return Err(alarm(user, "it wants another step"));
    }
    let told = step.context.tell().map_err(of_user)?;
    let kind = step.context.encryption_type().map_err(of_user)?;
    judge(user, &told, step.flags, kind)?;
    Ok(told)
}

/// Whether a ticket is of the account that it is wanted for: by its SID, and where that is not known by the name that
/// the domain calls it by, as it may take one name for another (`alice` for `alice$`).
fn is_of(wanted: &Principal, here: Option<&Sid>, got: Option<Owner>) -> Result<(), TokenError> {
    let is_theirs = got.as_ref().is_some_and(|owner| match here {
        Some(sid) => owner.sid == *sid,
        None => owner.is_called(wanted.name()),
    });
    if is_theirs {
        return Ok(());
    }
    let (wanted, here) = (wanted.clone(), here.cloned());
    Err(Alarm::AnotherAccount { wanted, here, got }.into())
}

fn alarm(user: &Principal, what: &'static str) -> TokenError {
    let wanted = user.clone();
    Alarm::Unexpected { wanted, what }.into()
}

/// Whether a context is what was asked for: nobody's but the user's.
fn judge(wanted: &Principal, told: &Told, flags: u32, kind: Option<u8>) -> Result<(), Alarm> {
    let unexpected = |what| {
        let wanted = wanted.clone();
        Err(Alarm::Unexpected { wanted, what })
    };
    match told.initiator.as_deref() {
        Some(name) if name == wanted.as_str() => {}
        Some(name) => {
            let (wanted, got) = (wanted.clone(), name.to_owned());
            return Err(Alarm::AnotherName { wanted, got });
        }
        None => {
            let wanted = wanted.clone();
            return Err(Alarm::Unnamed { wanted });
        }
    }
    if !told.is_kerberos || !told.is_open {
        return unexpected("it is not plain Kerberos");
    }
    if (told.flags | flags) & UNWANTED != 0 {
        return unexpected("it has a flag that nobody asked for");
    }
    if !kind.is_some_and(|kind| keytab::AES.contains(&kind.into())) {
        return unexpected("its key is not AES");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Principal {
        Principal::new("alice", &"A.TEST".parse().unwrap()).unwrap()
    }

    fn told() -> Told {
        Told {
            initiator: Some("alice@A.TEST".to_owned()),
            acceptor: Some("HTTP/a@A.TEST".to_owned()),
            seconds: 600,
            flags: 0x1b0,
            is_kerberos: true,
            is_open: true,
        }
    }

    #[test]
    fn a_context_of_the_user_with_aes_is_handed_out() {
        for kind in [17, 18, 19, 20] {
            assert_eq!(judge(&alice(), &told(), 0x1b0, Some(kind)), Ok(()));
        }
    }

    #[test]
    fn a_null_name_or_another_rings() {
        let nobody = Told {
            initiator: None,
            ..told()
        };
        let rung = judge(&alice(), &nobody, 0, Some(18));
        assert_eq!(rung, Err(Alarm::Unnamed { wanted: alice() }));
        for other in [
            "gateway$@A.TEST",
            "ALICE@A.TEST",
            "alice@B.TEST",
            "alice",
            "",
        ] {
            let other = Told {
                initiator: Some(other.to_owned()),
                ..told()
            };
            let rung = judge(&alice(), &other, 0, Some(18));
            assert!(matches!(rung, Err(Alarm::AnotherName { .. })), "{rung:?}");
        }
    }

    #[test]
    fn a_ticket_of_another_account_rings_and_so_does_one_that_names_none() {
        let owner = |sid: &str, name: &str| Owner {
            sid: sid.parse().unwrap(),
            name: name.to_owned(),
        };
        let hers = owner("S-1-5-21-1-2-3-1104", "alice");
        let here = Some(&hers.sid);
        assert!(is_of(&alice(), here, Some(hers.clone())).is_ok());
        // Where no SID is known, by the name that the domain has.
        let renamed = owner("S-1-5-21-1-2-3-1104", "alina");
        assert!(is_of(&alice(), here, Some(renamed.clone())).is_ok());
        assert!(is_of(&alice(), None, Some(owner("S-1-5-21-1-2-3-9", "ALICE"))).is_ok());
        let machine = owner("S-1-5-21-1-2-3-1105", "alice$");
        for (here, got, said) in [
            (
                here,
                Some(owner("S-1-5-21-1-2-3-1105", "alice")),
                "-1104, is \"alice\" (S-1-5-21-1-2-3-1105)'s there",
            ),
            (here, None, "is nobody's"),
            (None, Some(machine), "without a SID, is \"alice$\" ("),
            (None, Some(renamed), "is \"alina\" ("),
            (None, None, "is nobody's"),
        ] {
            let rung = is_of(&alice(), here, got.clone()).unwrap_err();
            assert!(rung.to_string().contains(said), "{rung}");
            let (wanted, here) = (alice(), here.cloned());
            let expected = Alarm::AnotherAccount { wanted, here, got };
            assert!(matches!(rung, TokenError::Alarm(it) if it == expected));
        }
    }

    #[test]
    fn what_was_not_asked_for_rings() {
        let spnego = Told {
            is_kerberos: false,
            ..told()
        };
        let begun = Told {
            is_open: false,
            ..told()
        };
        let mutual = Told { flags: 2, ..told() };
        let rung = [
            judge(&alice(), &spnego, 0, Some(18)),
            judge(&alice(), &begun, 0, Some(18)),
            judge(&alice(), &mutual, 0, Some(18)),
            judge(&alice(), &told(), 1, Some(18)),
            judge(&alice(), &told(), 64, Some(18)),
            judge(&alice(), &told(), 0, Some(23)),
            judge(&alice(), &told(), 0, None),
        ];
        for rung in rung {
            assert!(matches!(rung, Err(Alarm::Unexpected { .. })), "{rung:?}");
        }
    }
}
