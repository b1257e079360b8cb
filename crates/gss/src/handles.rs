//! What the library hands out, each freed once when it is dropped; and the calls on it.
//!
//! Every call is given pointers to live values of this function, or handles that these types own. A name, a
//! credential and a context each belong to one thread at a time: they are `Send` and not `Sync`.

#![expect(
    unsafe_code,
    reason = "the one place where foreign functions are called"
)]

use std::ffi::{CStr, c_int};
use std::ptr::{null, null_mut};

use zeroize::Zeroizing;

use crate::ffi::{self, Api, Bindings, Buffer, BufferSet, KeyValue, KeyValues, OidSet, Opaque};
use crate::memory::{Filled, check, check_step, is_kerberos, last_byte_of_second};
use crate::status::Status;

/// `GSS_C_INDEFINITE`
const INDEFINITE: u32 = u32::MAX;

/// For what a credential is acquired.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Usage {
    Initiate,
    Accept,
}

impl Usage {
    const fn number(self) -> c_int {
        match self {
            Self::Initiate => 1,
            Self::Accept => 2,
        }
    }
}

/// The logon information ([MS-PAC] 2.5) of whoever has a ticket, as MIT names it among a name's attributes.
const LOGON_INFO: &[u8] = b"urn:mspac:logon-info";
/// Which of several values of an attribute is wanted: the first.
const FIRST: c_int = -1;

/// A name of the mechanism.
pub(crate) struct Name {
    api: &'static Api,
    handle: Opaque,
}

/// A credential: whose tickets, or which keys.
pub(crate) struct Credential {
    api: &'static Api,
    handle: Opaque,
}

/// A security context of one step.
pub(crate) struct Context {
    api: &'static Api,
    handle: Opaque,
}

// SAFETY: the library ties no handle to the thread that made it; it asks only that one handle is not used by
// two threads at once, which `&mut` and the absence of `Sync` see to.
unsafe impl Send for Name {}
// SAFETY: as for `Name`.
unsafe impl Send for Credential {}
// SAFETY: as for `Name`.
unsafe impl Send for Context {}

/// What a finished context says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) initiator: Option<String>,
    pub(crate) acceptor: Option<String>,
    /// How long its ticket is still good.
    pub(crate) seconds: u32,
    pub(crate) flags: u32,
    pub(crate) is_kerberos: bool,
    pub(crate) is_open: bool,
}

/// How a step went, and what it gave to send.
pub(crate) struct Step {
    pub(crate) context: Context,
    pub(crate) is_complete: bool,
    pub(crate) flags: u32,
    pub(crate) token: Zeroizing<Vec<u8>>,
}

impl Name {
    pub(crate) fn of(api: &'static Api, principal: &str) -> Result<Self, Status> {
        let (mut minor, mut handle) = (0, null_mut());
        let text = Buffer::of(principal.as_bytes());
        // SAFETY: `text` shows bytes that outlive the call; the other pointers are to locals.
        let major =
            unsafe { (api.gss_import_name)(&mut minor, &text, &ffi::PRINCIPAL, &mut handle) };
        check(api, major, minor)?;
        Ok(Self { api, handle })
    }

    /// As Kerberos writes it.
    fn text(&self) -> Result<String, Status> {
        let mut minor = 0;
        let mut shown = Filled::empty(self.api);
        // SAFETY: the handle is a live name; the library fills the buffer, which `Filled` gives back.
        let major = unsafe {
            (self.api.gss_display_name)(&mut minor, self.handle, &mut shown.buffer, null_mut())
        };
        check(self.api, major, minor)?;
        Ok(shown.text())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the handle came from the library and is given back once.
        unsafe { (self.api.gss_release_name)(&mut minor, &mut self.handle) };
    }
}

impl Credential {
    /// One of exactly these places (`gss_acquire_cred_from`), never of a default; with the seconds it lasts.
    pub(crate) fn acquire(
        api: &'static Api,
        name: Option<&Name>,
        usage: Usage,
        places: &[(&CStr, &CStr)],
    ) -> Result<(Self, u32), Status> {
        let elements: Vec<KeyValue> = places
            .iter()
            .map(|(key, value)| KeyValue {
                key: key.as_ptr(),
                value: value.as_ptr(),
            })
            .collect();
        let store = KeyValues {
            count: u32::try_from(elements.len()).unwrap_or(0),
            elements: elements.as_ptr(),
        };
        let mechanisms = kerberos_only();
        let wanted = name.map_or(null_mut(), |name| name.handle);
        let (mut minor, mut handle, mut seconds) = (0, null_mut(), 0);
        // SAFETY: store, mechanisms and name live until the call returns, and it keeps none of them.
        let major = unsafe {
            (api.gss_acquire_cred_from)(
                &mut minor,
                wanted,
                INDEFINITE,
                &mechanisms,
                usage.number(),
                &store,
                &mut handle,
                null_mut(),
                &mut seconds,
            )
        };
        check(api, major, minor)?;
        Ok((Self { api, handle }, seconds))
    }

    /// S4U2Self ([MS-SFU] 3.1.5.1.1): a ticket for `user` to ourselves; with the seconds it lasts.
    pub(crate) fn impersonate(&self, user: &Name) -> Result<(Self, u32), Status> {
        let mechanisms = kerberos_only();
        let (mut minor, mut handle, mut seconds) = (0, null_mut(), 0);
        // SAFETY: both handles are live; the mechanisms live until the call returns.
        let major = unsafe {
            (self.api.gss_acquire_cred_impersonate_name)(
                &mut minor,
                self.handle,
                user.handle,
                INDEFINITE,
                &mechanisms,
                Usage::Initiate.number(),
                &mut handle,
                null_mut(),
                &mut seconds,
            )
        };
        check(self.api, major, minor)?;
        let api = self.api;
        Ok((Self { api, handle }, seconds))
    }

    /// The first step towards `target`: plain Kerberos and no flag asked for, so that it is the last one.
    pub(crate) fn initiate(&self, target: &Name, bindings: Option<&[u8]>) -> Result<Step, Status> {
        let bindings = bindings.map(application_data);
        let mut context = Context::empty(self.api);
        let mut token = Filled::empty(self.api);
        let (mut minor, mut flags) = (0, 0);
        // SAFETY: both handles are live; bindings live until the call returns; the library makes the context
        // and fills the token, which their owners give back.
        let major = unsafe {
            (self.api.gss_init_sec_context)(
                &mut minor,
                self.handle,
                &mut context.handle,
                target.handle,
                &ffi::KERBEROS,
                0,
                0,
                bindings.as_ref().map_or(null(), std::ptr::from_ref),
                null(),
                null_mut(),
                &mut token.buffer,
                &mut flags,
                null_mut(),
            )
        };
        check_step(self.api, major, minor)?;
        Ok(Step::of(context, major, flags, &token))
    }

    /// The first step of somebody who comes with `token`. Whatever they delegate is not even looked at.
    pub(crate) fn accept(&self, token: &[u8], bindings: Option<&[u8]>) -> Result<Step, Status> {
        let bindings = bindings.map(application_data);
        let given = Buffer::of(token);
        let mut context = Context::empty(self.api);
        let mut reply = Filled::empty(self.api);
        let (mut minor, mut flags) = (0, 0);
        // SAFETY: the credential is live; token and bindings live until the call returns; the library makes
        // the context and fills the reply, which their owners give back.
        let major = unsafe {
            (self.api.gss_accept_sec_context)(
                &mut minor,
                &mut context.handle,
                self.handle,
                &given,
                bindings.as_ref().map_or(null(), std::ptr::from_ref),
                null_mut(),
                null_mut(),
                &mut reply.buffer,
                &mut flags,
                null_mut(),
                null_mut(),
            )
        };
        check_step(self.api, major, minor)?;
        Ok(Step::of(context, major, flags, &reply))
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the handle came from the library and is given back once.
        unsafe { (self.api.gss_release_cred)(&mut minor, &mut self.handle) };
    }
}

impl Step {
    fn of(context: Context, major: u32, flags: u32, token: &Filled) -> Self {
        Self {
            context,
            is_complete: major == 0,
            flags,
            token: Zeroizing::new(token.bytes().to_vec()),
        }
    }
}

impl Context {
    const fn empty(api: &'static Api) -> Self {
        Self {
            api,
            handle: null_mut(),
        }
    }

    /// Who is at its ends, and what it is.
    pub(crate) fn tell(&self) -> Result<Told, Status> {
        let (mut initiator, mut acceptor) = (self.nobody(), self.nobody());
        let (mut minor, mut seconds, mut flags, mut is_open) = (0, 0, 0, 0);
        let mut mechanism = null();
        // SAFETY: the context is live; the names that the library makes are owned by `Name`; the mechanism is
        // one of the library's own, which lives for ever.
        let major = unsafe {
            (self.api.gss_inquire_context)(
                &mut minor,
                self.handle,
                &mut initiator.handle,
                &mut acceptor.handle,
                &mut seconds,
                &mut mechanism,
                &mut flags,
                null_mut(),
                &mut is_open,
            )
        };
        check(self.api, major, minor)?;
        Ok(Told {
            initiator: initiator.somebody()?,
            acceptor: acceptor.somebody()?,
            seconds,
            flags,
            is_kerberos: is_kerberos(mechanism),
            is_open: is_open != 0,
        })
    }

    /// The logon information in the PAC of the initiator's ticket, where this is an acceptor's context and the
    /// ticket has one.
    ///
    /// SECURITY: bytes that the library does not vouch for are none: whoever sends an authenticator can write a
    /// PAC into it.
    pub(crate) fn logon_info(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Status> {
        let mut initiator = self.nobody();
        let mut minor = 0;
        // SAFETY: the context is live; the name that the library makes is owned by `Name`.
        let major = unsafe {
            (self.api.gss_inquire_context)(
                &mut minor,
                self.handle,
                &mut initiator.handle,
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
            )
        };
        check(self.api, major, minor)?;
        if initiator.handle.is_null() {
            return Ok(None);
        }
        Ok(initiator.attribute(LOGON_INFO))
    }

    /// The flags of its ticket (RFC 4120 2), `FORWARDABLE` among them.
    pub(crate) fn ticket_flags(&self) -> Result<u32, Status> {
        let (mut minor, mut flags) = (0, 0);
        // SAFETY: the context is live; the other pointers are to locals.
        let major =
            unsafe { (self.api.gss_krb5_get_tkt_flags)(&mut minor, self.handle, &mut flags) };
        check(self.api, major, minor)?;
        Ok(flags.cast_unsigned())
    }

    /// The number of the session key's encryption type (RFC 3961 8), the last arc of a name that the library
    /// gives beside the key. The key is wiped unseen.
    pub(crate) fn encryption_type(&self) -> Result<Option<u8>, Status> {
        let mut minor = 0;
        let mut told: *mut BufferSet = null_mut();
        // SAFETY: the context is live; the library makes the set, which is given back below.
        let major = unsafe {
            (self.api.gss_inquire_sec_context_by_oid)(
                &mut minor,
                self.handle,
                &ffi::SESSION_KEY,
                &mut told,
            )
        };
        check(self.api, major, minor)?;
        let found = last_byte_of_second(told);
        // SAFETY: the set came from the library and is given back once.
        unsafe { (self.api.gss_release_buffer_set)(&mut minor, &mut told) };
        Ok(found)
    }

    const fn nobody(&self) -> Name {
        Name {
            api: self.api,
            handle: null_mut(),
        }
    }
}

impl Name {
    /// The first value of an attribute, where there is one that the library vouches for.
    fn attribute(&self, attribute: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let attribute = Buffer::of(attribute);
        let mut value = Filled::empty(self.api);
        let mut shown = Filled::empty(self.api);
        let (mut minor, mut is_vouched_for, mut is_whole, mut more) = (0, 0, 0, FIRST);
        // SAFETY: the handle is a live name; the attribute lives until the call returns; the library fills both
        // buffers, which `Filled` gives back.
        let major = unsafe {
            (self.api.gss_get_name_attribute)(
                &mut minor,
                self.handle,
                &attribute,
                &mut is_vouched_for,
                &mut is_whole,
                &mut value.buffer,
                &mut shown.buffer,
                &mut more,
            )
        };
        let is_there = major == 0 && is_vouched_for != 0 && is_whole != 0;
        is_there.then(|| Zeroizing::new(value.bytes().to_vec()))
    }

    /// Its text, or nothing where the library gave no name.
    fn somebody(&self) -> Result<Option<String>, Status> {
        if self.handle.is_null() {
            return Ok(None);
        }
        self.text().map(Some)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the handle came from the library and is given back once.
        unsafe { (self.api.gss_delete_sec_context)(&mut minor, &mut self.handle, null_mut()) };
    }
}

/// Channel bindings as every Windows server takes them: no addresses, and the application's data (RFC 4121
/// 4.1.1.2, RFC 5929 4).
fn application_data(data: &[u8]) -> Bindings {
    Bindings {
        initiator_type: 0,
        initiator: Buffer::empty(),
        acceptor_type: 0,
        acceptor: Buffer::empty(),
        application: Buffer::of(data),
    }
}

fn kerberos_only() -> OidSet {
    OidSet {
        count: 1,
        elements: &raw const ffi::KERBEROS,
    }
}
