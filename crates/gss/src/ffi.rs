//! The C side of MIT Kerberos (RFC 2744, and MIT's `gssapi_ext.h` and `gssapi_krb5.h`), loaded at run time.
//!
//! Only layouts and signatures; whoever calls is in `handles.rs`. The library is never unloaded, as its
//! threads' storage would outlive it.

use std::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;

use libloading::Library;

use crate::error::Unavailable;

/// `gss_buffer_desc`
#[repr(C)]
pub(crate) struct Buffer {
    pub(crate) length: usize,
    pub(crate) value: *mut c_void,
}

impl Buffer {
    /// One without bytes, for the library to fill.
    pub(crate) const fn empty() -> Self {
        Self {
            length: 0,
            value: std::ptr::null_mut(),
        }
    }

    /// One that shows `bytes` to the library, which only reads what it is given as input.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len(),
            value: bytes.as_ptr().cast_mut().cast(),
        }
    }
}

/// `gss_OID_desc`
#[repr(C)]
pub(crate) struct Oid {
    pub(crate) length: u32,
    pub(crate) elements: *const c_void,
}

// SAFETY: an `Oid` of this file points to bytes that live for ever and that nobody writes.
#[expect(unsafe_code, reason = "a pointer to a constant is shared")]
unsafe impl Sync for Oid {}

/// `gss_OID_set_desc`
#[repr(C)]
pub(crate) struct OidSet {
    pub(crate) count: usize,
    pub(crate) elements: *const Oid,
}

/// `struct gss_channel_bindings_struct`
#[repr(C)]
pub(crate) struct Bindings {
    pub(crate) initiator_type: u32,
    pub(crate) initiator: Buffer,
    pub(crate) acceptor_type: u32,
    pub(crate) acceptor: Buffer,
    pub(crate) application: Buffer,
}

/// `gss_key_value_element_desc`
#[repr(C)]
pub(crate) struct KeyValue {
    pub(crate) key: *const c_char,
    pub(crate) value: *const c_char,
}

/// `gss_key_value_set_desc`
#[repr(C)]
pub(crate) struct KeyValues {
    pub(crate) count: u32,
    pub(crate) elements: *const KeyValue,
}

/// `gss_buffer_set_desc`
#[repr(C)]
pub(crate) struct BufferSet {
    pub(crate) count: usize,
    pub(crate) elements: *mut Buffer,
}

/// Names, credentials and contexts: the library alone knows what is in them.
pub(crate) type Opaque = *mut c_void;

static KERBEROS_BYTES: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
static PRINCIPAL_BYTES: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01];
static SESSION_KEY_BYTES: [u8; 11] = [
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x05, 0x05,
];

/// The mechanism Kerberos 5 (RFC 1964 1), and never SPNEGO: that one cannot be asked before it is done
/// whose context it made.
pub(crate) static KERBEROS: Oid = Oid {
    length: 9,
    elements: (&raw const KERBEROS_BYTES).cast(),
};
/// `GSS_KRB5_NT_PRINCIPAL_NAME` (RFC 1964 2.1.1): no name is looked up or made canonical.
pub(crate) static PRINCIPAL: Oid = Oid {
    length: 10,
    elements: (&raw const PRINCIPAL_BYTES).cast(),
};
/// `GSS_C_INQ_SSPI_SESSION_KEY`
pub(crate) static SESSION_KEY: Oid = Oid {
    length: 11,
    elements: (&raw const SESSION_KEY_BYTES).cast(),
};

/// Declares the table of functions and how it is filled.
macro_rules! functions {
    ($($library:ident $name:ident($($argument:ty),*) -> $result:ty;)*) => {
        /// Every function of the library that is called.
        pub(crate) struct Api {
            $(pub(crate) $name: unsafe extern "C" fn($($argument),*) -> $result,)*
            _kept: [Library; 2],
        }

        impl Api {
            fn load() -> Result<Self, String> {
                let gssapi = open(GSSAPI)?;
                let krb5 = open(KRB5)?;
                Ok(Self {
                    $($name: symbol(functions!(@ $library gssapi krb5), stringify!($name))?,)*
                    _kept: [gssapi, krb5],
                })
            }
        }
    };
    (@ gssapi $gssapi:ident $krb5:ident) => { &$gssapi };
    (@ krb5 $gssapi:ident $krb5:ident) => { &$krb5 };
}

functions! {
    gssapi gss_import_name(*mut u32, *const Buffer, *const Oid, *mut Opaque) -> u32;
    gssapi gss_release_name(*mut u32, *mut Opaque) -> u32;
    gssapi gss_display_name(*mut u32, Opaque, *mut Buffer, *mut *const Oid) -> u32;
    gssapi gss_get_name_attribute(
        *mut u32, Opaque, *const Buffer, *mut c_int, *mut c_int, *mut Buffer, *mut Buffer, *mut c_int
    ) -> u32;
    gssapi gss_display_status(*mut u32, u32, c_int, *const Oid, *mut u32, *mut Buffer) -> u32;
    gssapi gss_release_buffer(*mut u32, *mut Buffer) -> u32;
    gssapi gss_release_buffer_set(*mut u32, *mut *mut BufferSet) -> u32;
    gssapi gss_acquire_cred_from(
        *mut u32, Opaque, u32, *const OidSet, c_int, *const KeyValues, *mut Opaque,
        *mut *mut OidSet, *mut u32
    ) -> u32;
    gssapi gss_acquire_cred_impersonate_name(
        *mut u32, Opaque, Opaque, u32, *const OidSet, c_int, *mut Opaque, *mut *mut OidSet,
        *mut u32
    ) -> u32;
    gssapi gss_release_cred(*mut u32, *mut Opaque) -> u32;
    gssapi gss_init_sec_context(
        *mut u32, Opaque, *mut Opaque, Opaque, *const Oid, u32, u32, *const Bindings,
        *const Buffer, *mut *const Oid, *mut Buffer, *mut u32, *mut u32
    ) -> u32;
    gssapi gss_accept_sec_context(
        *mut u32, *mut Opaque, Opaque, *const Buffer, *const Bindings, *mut Opaque,
        *mut *const Oid, *mut Buffer, *mut u32, *mut u32, *mut Opaque
    ) -> u32;
    gssapi gss_delete_sec_context(*mut u32, *mut Opaque, *mut Buffer) -> u32;
    gssapi gss_inquire_context(
        *mut u32, Opaque, *mut Opaque, *mut Opaque, *mut u32, *mut *const Oid, *mut u32,
        *mut c_int, *mut c_int
    ) -> u32;
    gssapi gss_inquire_sec_context_by_oid(*mut u32, Opaque, *const Oid, *mut *mut BufferSet) -> u32;
    gssapi gss_krb5_get_tkt_flags(*mut u32, Opaque, *mut i32) -> u32;
    krb5 krb5_init_context(*mut Opaque) -> i32;
    krb5 krb5_free_context(Opaque) -> ();
    krb5 krb5_cc_resolve(Opaque, *const c_char, *mut Opaque) -> i32;
    krb5 krb5_cc_destroy(Opaque, Opaque) -> i32;
}

const GSSAPI: &str = "libgssapi_krb5.so.2";
const KRB5: &str = "libkrb5.so.3";

/// The library, loaded when it is first wanted.
///
/// # Errors
///
/// It is not installed, or older than what is called here; another try finds the same.
pub(crate) fn api() -> Result<&'static Api, Unavailable> {
    static LOADED: OnceLock<Result<Api, String>> = OnceLock::new();
    match LOADED.get_or_init(Api::load) {
        Ok(api) => Ok(api),
        Err(detail) => Err(Unavailable::NoLibrary {
            detail: detail.clone(),
        }),
    }
}

fn open(name: &str) -> Result<Library, String> {
    #[expect(unsafe_code, reason = "a foreign library is loaded here, once")]
    // SAFETY: the constructors of MIT's two libraries only set up their own state, and they come from the
    // system's library folders, which root alone writes.
    let opened = unsafe { Library::new(name) };
    opened.map_err(|error| error.to_string())
}

/// A function by its name. `T` is the type that `functions!` declares for it, nothing else calls this.
fn symbol<T: Copy>(library: &Library, name: &str) -> Result<T, String> {
    #[expect(unsafe_code, reason = "a foreign function is given its type here")]
    // SAFETY: the signatures above are those of MIT's headers, whose interface has not changed since 1.11;
    // the library is kept beside the pointers and never unloaded.
    let found = unsafe { library.get::<T>(name) };
    found.map(|found| *found).map_err(|error| error.to_string())
}
