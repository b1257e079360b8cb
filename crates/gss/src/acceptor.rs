//! Kerberos in: one AP-REQ of a client (RFC 4121 4.1), checked with the keytab, the replay cache and the channel
//! bindings of the connection that it came over.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proto::kerberos::pac::{self, Owner};
use zeroize::Zeroizing;

use crate::bindings::ChannelBinding;
use crate::error::{AcceptError, BadToken, Unavailable};
use crate::ffi::{self, Api};
use crate::gateway::{examine, place};
use crate::handles::{Context, Credential, Name, Step, Usage};
use crate::pool::Pool;
use crate::principal::Service;
use crate::process::Process;
use crate::status::Status;

/// Largest token, in bytes: a PAC of a thousand groups fits.
const MAX_TOKEN: usize = 64 * 1024;
/// `GSS_C_CHANNEL_BOUND_FLAG`: the client sent bindings, and they are the right ones.
const BOUND: u32 = 0x800;
/// Anonymity (RFC 2744 5.19).
const ANONYMOUS: u32 = 64;

/// Accepts tokens for the services of a keytab.
pub struct Acceptor {
    api: &'static Api,
    keytab: PathBuf,
    replays: CString,
    services: Vec<Service>,
}

/// How long whoever sent a token waits for its answer at most.
const PATIENCE: Duration = Duration::from_millis(1900);

/// An acceptor for a world that may not block: the library writes every token to its replay cache, which takes as
/// long as the disk does.
pub struct Accepting {
    acceptor: Arc<Acceptor>,
    pool: Pool,
}

/// Who came.
#[derive(Debug)]
pub struct Accepted {
    /// Their name, as Kerberos writes it: `alice@CONTOSO.TEST`.
    pub initiator: String,
    /// Their account, from the PAC of their ticket, which the domain signed; a ticket without a PAC that can be read
    /// has none.
    pub owner: Option<Owner>,
    /// The service whose key opened the ticket, one of the acceptor's.
    pub service: Service,
    /// Whether the token is bound to the connection: a client may leave that out, and whoever demands it
    /// looks here.
    pub is_bound: bool,
    /// How long its ticket is still good.
    pub lasts: Duration,
    /// The flags of the context (RFC 2744 5.19).
    pub flags: u32,
    /// What the client gets in answer, where it asked for one.
    pub reply: Option<Vec<u8>>,
}

impl std::fmt::Debug for Accepting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accepting({:?})", self.acceptor)
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

impl Acceptor {
    /// An acceptor for some of the services that the keytab has AES keys of. The file is read anew with
    /// every token, so that it may be replaced at any time.
    ///
    /// # Errors
    ///
    /// There is no library, or the keytab has no AES key of a service.
    pub fn open(
        process: &Process,
        keytab: &Path,
        services: Vec<Service>,
    ) -> Result<Self, Unavailable> {
        let api = ffi::api()?;
        for service in &services {
            examine(keytab, service.as_str())?;
        }
        Ok(Self {
            api,
            keytab: keytab.to_owned(),
            replays: CString::new(process.replays()).unwrap_or_default(),
            services,
        })
    }

    /// Checks one token. With several `bindings` any of them is right: those of every certificate that the
    /// listener holds for the name.
    ///
    /// # Errors
    ///
    /// The token is not accepted, or our own world is broken.
    pub fn accept(
        &self,
        token: &[u8],
        bindings: &[ChannelBinding],
    ) -> Result<Accepted, AcceptError> {
        if token.len() > MAX_TOKEN {
            let bytes = token.len();
            return Err(BadToken::TooLarge { bytes }.into());
        }
        let mut refused = BadToken::NotForUs("no service is served".to_owned());
        for service in &self.services {
            let opened = Opener::of(self, service)?;
            match opened.accept(token, bindings) {
                // The next service may have another account, and so another key.
                Err(AcceptError::Token(why @ BadToken::NotForUs(_))) => refused = why,
                decided => return decided,
            }
        }
        Err(refused.into())
    }
}

impl Accepting {
    /// Around an acceptor.
    #[must_use]
    pub fn new(acceptor: Acceptor) -> Self {
        Self {
            acceptor: Arc::new(acceptor),
            pool: Pool::new(),
        }
    }

    /// Checks one token, as [`Acceptor::accept`] does.
    ///
    /// # Errors
    ///
    /// The same; or too many wait already, or it takes too long.
    pub async fn accept(
        &self,
        token: Zeroizing<Vec<u8>>,
        bindings: Vec<ChannelBinding>,
    ) -> Result<Accepted, AcceptError> {
        let acceptor = Arc::clone(&self.acceptor);
        let work = move || acceptor.accept(&token, &bindings);
        self.pool.run(PATIENCE, work).await?
    }
}

/// Whether a keytab has an AES key of a service.
///
/// # Errors
///
/// It has none, or is none.
pub fn has_key_of(keytab: &Path, service: &Service) -> Result<(), Unavailable> {
    examine(keytab, service.as_str())
}

/// The account of whoever a context was accepted from; a PAC that cannot be read names nobody.
fn owner(context: &Context) -> Result<Option<Owner>, Status> {
    let logon_info = context.logon_info()?;
    Ok(logon_info.and_then(|it| pac::owner(&it).ok()))
}

/// The account in a token that this process made towards itself, of a ticket that nobody else has seen: no replay of it
/// is looked for.
///
/// # Errors
///
/// No key of the keytab opens it.
pub(crate) fn owner_of_own(
    api: &'static Api,
    (gateway, keytab): (&Name, &CStr),
    token: &[u8],
) -> Result<Option<Owner>, Status> {
    let places = [(c"keytab", keytab), (c"rcache", c"none:")];
    let (credential, _) = Credential::acquire(api, Some(gateway), Usage::Accept, &places)?;
    owner(&credential.accept(token, None)?.context)
}

/// The keys of one service. Names of one account share its key, and a ticket's name is not protected by it: whose key
/// opens a ticket is all that can be known.
struct Opener<'a> {
    api: &'static Api,
    name: Name,
    keytab: CString,
    replays: &'a CStr,
    service: &'a Service,
}

impl<'a> Opener<'a> {
    fn of(acceptor: &'a Acceptor, service: &'a Service) -> Result<Self, Unavailable> {
        let api = acceptor.api;
        Ok(Self {
            api,
            name: Name::of(api, service.as_str()).map_err(Status::of_our_world)?,
            keytab: place(&acceptor.keytab)?,
            replays: &acceptor.replays,
            service,
        })
    }

    fn accept(&self, token: &[u8], bindings: &[ChannelBinding]) -> Result<Accepted, AcceptError> {
        let binding = self.matching(token, bindings)?;
        let step = self.step(token, binding, self.replays)?;
        self.examined(step)
    }

    /// Which of several bindings the token has. The replay cache takes no part in the search, or the second
    /// look at a token would find it there.
    fn matching<'b>(
        &self,
        token: &[u8],
        bindings: &'b [ChannelBinding],
    ) -> Result<Option<&'b ChannelBinding>, AcceptError> {
        let Some((last, others)) = bindings.split_last() else {
            return Ok(None);
        };
        for binding in others {
            match self.step(token, Some(binding), c"none:") {
                Ok(_) => return Ok(Some(binding)),
                Err(AcceptError::Token(BadToken::WrongBindings(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(last))
    }

    fn step(
        &self,
        token: &[u8],
        binding: Option<&ChannelBinding>,
        replays: &CStr,
    ) -> Result<Step, AcceptError> {
        let places = [(c"keytab", self.keytab.as_c_str()), (c"rcache", replays)];
        let acquired = Credential::acquire(self.api, Some(&self.name), Usage::Accept, &places);
        let (credential, _) = acquired.map_err(Status::of_our_world)?;
        let step = credential.accept(token, binding.map(ChannelBinding::bytes));
        Ok(step.map_err(Status::of_token)?)
    }

    fn examined(&self, step: Step) -> Result<Accepted, AcceptError> {
        if !step.is_complete {
            return Err(BadToken::MoreSteps.into());
        }
        let told = step.context.tell();
        let told = told.map_err(Status::of_token)?;
        if !told.is_kerberos || !told.is_open {
            return Err(BadToken::Malformed("it is not plain Kerberos".to_owned()).into());
        }
        let initiator = told.initiator.filter(|_| told.flags & ANONYMOUS == 0);
        let initiator = initiator.ok_or(BadToken::Unnamed)?;
        Ok(Accepted {
            initiator,
            owner: owner(&step.context).map_err(Status::of_token)?,
            service: self.service.clone(),
            is_bound: step.flags & BOUND != 0,
            lasts: Duration::from_secs(told.seconds.into()),
            flags: step.flags,
            reply: Some(step.token.to_vec()).filter(|it| !it.is_empty()),
        })
    }
}
