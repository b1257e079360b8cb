//! The audit trail, as it is understood: how long it is kept, and who gets it, too.

use std::path::PathBuf;

use jiff::SignedDuration;
use proto::syslog::Facility;

use super::messages::Authorities;
pub(crate) use crate::config::written::Receipt;

/// The audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// For how long events are kept; for ever where nothing is said.
    pub(crate) keep: Option<SignedDuration>,
    /// Whom they are sent to.
    pub(crate) syslog: Option<Syslog>,
}

/// A collector of syslog over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Syslog {
    /// Host or address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// The name that its certificate must bear.
    pub(crate) name: String,
    /// Who vouches for it.
    pub(crate) authorities: Authorities,
    /// The PEM files of a certificate of our own and of its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// How it says that it has what was sent.
    pub(crate) receipt: Receipt,
    /// What kind of program we are.
    pub(crate) facility: Facility,
    /// What we call ourselves.
    pub(crate) app_name: String,
    /// What this machine is called.
    pub(crate) host_name: String,
}
