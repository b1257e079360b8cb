//! The gate's account: whether the domain takes the keytab's key, by signing in as a gate would.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gss::{Denied, TokenError, Unavailable};
use uuid::Uuid;

use super::{Look, one, too_slow};
use crate::config::{Settings, settings};
use crate::doctor::wire::{Fault, FaultKind, Seen};
use crate::outbound::kerberos::{BeginError, Local};

/// How long a sign-in of the gate's own may take; libkrb5's part of it is bounded by the crate `gss`.
const PATIENCE: Duration = Duration::from_secs(5);

/// A folder for libkrb5 of a doctor's own, which ends with this.
///
/// INVARIANT: never that of a gate that runs: what a doctor writes there, the gate would read.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A name that nobody can guess; nothing is made yet.
    pub(crate) fn new() -> Self {
        let name = format!("wicketgate-doctor-{}", Uuid::new_v4().simple());
        Self(std::env::temp_dir().join(name))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It may never have been made; it holds no secret.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The look at the gate's account, where the configuration names one.
pub(super) fn look(settings: &Settings, process: Option<&gss::Process>) -> Option<Look> {
    let kerberos = settings.kerberos.clone()?;
    let process = process?.clone();
    Some(one(async move { begin(&kerberos, &process).await.0 }))
}

/// Opens the gate's account and signs it in.
pub(super) async fn begin(
    kerberos: &settings::Kerberos,
    process: &gss::Process,
) -> (Seen, Option<Local>) {
    let beginning = async {
        let local = Local::begin(process, kerberos, Arc::default())
            .await
            .map_err(begun)?;
        local.sign_in().await.map_err(|error| unavailable(&error))?;
        Ok(local)
    };
    let begun = tokio::time::timeout(PATIENCE, beginning).await;
    let begun = begun.unwrap_or_else(|_| {
        Err(Fault {
            kind: FaultKind::Silent,
            said: too_slow(PATIENCE),
        })
    });
    let (signs_in, local) = match begun {
        Ok(local) => (Ok(()), Some(local)),
        Err(fault) => (Err(fault), None),
    };
    let account = kerberos.account.to_string();
    (Seen::Account { account, signs_in }, local)
}

fn begun(error: BeginError) -> Fault {
    match error {
        BeginError::Kerberos(error) => unavailable(&error),
        BeginError::Forwarder(_) => Fault {
            kind: FaultKind::Other,
            said: error.to_string(),
        },
    }
}

/// Why there is no token.
pub(super) fn fault(error: &TokenError) -> Fault {
    let kind = match error {
        TokenError::Unavailable(error) => return unavailable(error),
        TokenError::Denied(Denied::NotDelegable { .. }) => FaultKind::NotDelegable,
        TokenError::Denied(Denied::UnknownUser { .. }) => FaultKind::UnknownUser,
        TokenError::Denied(
            Denied::Revoked { .. }
            | Denied::Expired { .. }
            | Denied::PasswordExpired { .. }
            | Denied::Policy { .. },
        ) => FaultKind::UserRefused,
        TokenError::Alarm(_) => FaultKind::Other,
    };
    Fault {
        kind,
        said: error.to_string(),
    }
}

fn unavailable(error: &Unavailable) -> Fault {
    let kind = match error {
        Unavailable::NoLibrary { .. } => FaultKind::Library,
        Unavailable::Keytab { .. } => FaultKind::Keytab,
        Unavailable::OldKey { .. } | Unavailable::OwnTicket { .. } => FaultKind::OldKey,
        Unavailable::GatewayRefused { .. } => FaultKind::GatewayRefused,
        Unavailable::KdcUnreachable(_)
        | Unavailable::TimedOut { .. }
        | Unavailable::Busy { .. }
        | Unavailable::Resting { .. } => FaultKind::Silent,
        Unavailable::ClockSkew(_) => FaultKind::Clock,
        Unavailable::TargetNotAllowed { .. } => FaultKind::NotAllowed,
        Unavailable::UnknownTarget { .. } => FaultKind::UnknownService,
        Unavailable::NoCommonEncryption(_) => FaultKind::Encryption,
        Unavailable::Write { .. } | Unavailable::Other { .. } => FaultKind::Other,
    };
    Fault {
        kind,
        said: error.to_string(),
    }
}
