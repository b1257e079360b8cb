//! What the library fills and we read: buffers, identifiers and its words, each wiped and given back.
//!
//! The same rules for `unsafe` as in `handles.rs`, of which this is the half about memory.

#![expect(
    unsafe_code,
    reason = "the library's memory is read and given back here"
)]

use std::ffi::{CStr, CString, c_int};
use std::ptr::null_mut;

use zeroize::Zeroize;

use crate::ffi::{self, Api, Buffer, BufferSet};
use crate::status::Status;

/// Most lines that the library may have to say about one status.
const MAX_LINES: usize = 4;
/// Bits of the routine and calling errors (RFC 2744 3.9.1).
const ERRORS: u32 = 0xffff_0000;
/// `GSS_S_CONTINUE_NEEDED`
const CONTINUE_NEEDED: u32 = 1;
const BY_MAJOR: c_int = 1;
const BY_MINOR: c_int = 2;

/// A buffer that the library fills, wiped and given back when it is dropped.
pub(crate) struct Filled {
    api: &'static Api,
    pub(crate) buffer: Buffer,
}

impl Filled {
    pub(crate) const fn empty(api: &'static Api) -> Self {
        let buffer = Buffer::empty();
        Self { api, buffer }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        if self.buffer.value.is_null() {
            return &[];
        }
        // SAFETY: the library filled it with so many bytes, and they are its until `drop`.
        unsafe { std::slice::from_raw_parts(self.buffer.value.cast(), self.buffer.length) }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        wipe(&mut self.buffer);
        let mut minor = 0;
        // SAFETY: the buffer is empty or came from the library, and is given back once.
        unsafe { (self.api.gss_release_buffer)(&mut minor, &mut self.buffer) };
    }
}

/// A credential cache in memory, with nobody's name but ours: destroyed, tickets and all, when it is dropped.
pub(crate) struct MemoryCache {
    api: &'static Api,
    name: CString,
}

impl MemoryCache {
    /// The cache of this name; it comes into being when something is put into it.
    pub(crate) const fn named(api: &'static Api, name: CString) -> Self {
        Self { api, name }
    }

    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }
}

impl Drop for MemoryCache {
    fn drop(&mut self) {
        let (mut kerberos, mut cache) = (null_mut(), null_mut());
        // SAFETY: the pointer is to a local.
        if unsafe { (self.api.krb5_init_context)(&mut kerberos) } != 0 {
            return;
        }
        // SAFETY: the context was made above; the name lives until the call returns.
        let found = unsafe { (self.api.krb5_cc_resolve)(kerberos, self.name.as_ptr(), &mut cache) };
        if found == 0 {
            // SAFETY: the cache was resolved above, and this ends its handle too.
            unsafe { (self.api.krb5_cc_destroy)(kerberos, cache) };
        }
        // SAFETY: the context was made above and is given back once.
        unsafe { (self.api.krb5_free_context)(kerberos) };
    }
}

pub(crate) fn is_kerberos(mechanism: *const ffi::Oid) -> bool {
    // SAFETY: it is null, or one of the library's own, which lives for ever.
    let Some(mechanism) = (unsafe { mechanism.as_ref() }) else {
        return false;
    };
    oid_bytes(mechanism) == oid_bytes(&ffi::KERBEROS)
}

fn oid_bytes(oid: &ffi::Oid) -> &[u8] {
    let length = usize::try_from(oid.length).unwrap_or(0);
    if oid.elements.is_null() {
        return &[];
    }
    // SAFETY: an identifier points to so many bytes, which live as long as it does.
    unsafe { std::slice::from_raw_parts(oid.elements.cast(), length) }
}

/// Wipes the key in a set of a key and its type, and gives the last byte of the type.
pub(crate) fn last_byte_of_second(told: *mut BufferSet) -> Option<u8> {
    // SAFETY: it is null, or a set that the library made and that is not given back yet.
    let told = unsafe { told.as_mut() }?;
    if told.elements.is_null() {
        return None;
    }
    // SAFETY: the library made so many buffers, and nobody else has them.
    let buffers = unsafe { std::slice::from_raw_parts_mut(told.elements, told.count) };
    let kind = buffers.get(1).and_then(last_byte);
    buffers.iter_mut().for_each(wipe);
    kind
}

fn last_byte(buffer: &Buffer) -> Option<u8> {
    if buffer.value.is_null() {
        return None;
    }
    // SAFETY: the library filled it with so many bytes, and they are its until they are given back.
    let bytes: &[u8] = unsafe { std::slice::from_raw_parts(buffer.value.cast(), buffer.length) };
    bytes.last().copied()
}

/// Overwrites what the library put into a buffer.
fn wipe(buffer: &mut Buffer) {
    if buffer.value.is_null() {
        return;
    }
    // SAFETY: the library allocated so many bytes for its caller, who alone has them until they go back.
    let bytes: &mut [u8] =
        unsafe { std::slice::from_raw_parts_mut(buffer.value.cast(), buffer.length) };
    bytes.zeroize();
}

/// Whether a call succeeded; the library's words must be fetched at once, on the same thread.
pub(crate) fn check(api: &'static Api, major: u32, minor: u32) -> Result<(), Status> {
    if major & ERRORS == 0 {
        return Ok(());
    }
    Err(status(api, major, minor))
}

/// The same of a step.
///
/// SECURITY: the interface counts a replay among what is no error; here only "go on" is none.
pub(crate) fn check_step(api: &'static Api, major: u32, minor: u32) -> Result<(), Status> {
    if major & !CONTINUE_NEEDED == 0 {
        return Ok(());
    }
    Err(status(api, major, minor))
}

fn status(api: &'static Api, major: u32, minor: u32) -> Status {
    let mut said = words(api, minor, BY_MINOR);
    if said.is_empty() {
        said = words(api, major & !CONTINUE_NEEDED, BY_MAJOR);
    }
    Status {
        major,
        minor: minor.cast_signed(),
        said,
    }
}

fn words(api: &'static Api, status: u32, kind: c_int) -> String {
    let mut lines = Vec::new();
    let mut more = 0;
    for _ in 0..MAX_LINES {
        let mut minor = 0;
        let mut shown = Filled::empty(api);
        // SAFETY: the library fills the buffer, which `Filled` gives back; the other pointers are to locals.
        let major = unsafe {
            (api.gss_display_status)(
                &mut minor,
                status,
                kind,
                &ffi::KERBEROS,
                &mut more,
                &mut shown.buffer,
            )
        };
        if major & ERRORS != 0 {
            break;
        }
        // Some of the library's words end in a NUL that it counts.
        lines.push(shown.text().trim_end_matches('\0').to_owned());
        if more == 0 {
            break;
        }
    }
    lines.join("; ")
}
