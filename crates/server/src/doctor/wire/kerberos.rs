//! Kerberos: whether the gate's account signs in, and what became of a sign-in for a person, step by step.

use serde::Serialize;

use super::super::{Finding, printable};
use super::{Fault, FaultKind, SignIn, State, Taken};

/// What makes the account, and puts it right.
const SCRIPT: &str = "wicketgate script ad";

/// A step of a sign-in, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    /// Where.
    pub(crate) at: String,
    /// Which.
    pub(crate) step: String,
    /// Whether it succeeded.
    pub(crate) state: State,
    /// What it said.
    pub(crate) said: String,
}

impl Step {
    fn new(at: &str, step: &str, (state, said): (State, String)) -> Self {
        Self {
            at: printable(at),
            step: printable(step),
            state,
            said: printable(&said),
        }
    }
}

/// The gate's account.
pub(super) fn account(account: &str, signs_in: &Result<(), Fault>) -> Vec<Finding> {
    signs_in
        .as_ref()
        .err()
        .map(|fault| of(fault, account, None))
        .into_iter()
        .collect()
}

/// A sign-in for a person.
pub(super) fn sign_in(seen: &SignIn) -> Vec<Finding> {
    let whom = format!("{} of the farm {}", seen.member, seen.farm);
    if let Err(fault) = &seen.token {
        return vec![of(fault, &whom, Some(&seen.service))];
    }
    let mut findings = Vec::new();
    match &seen.bound {
        None => {}
        Some(Err(why)) => findings.push(Finding::error(
            "back-end-does-not-answer",
            format!("{whom} does not answer at {}: {why}", seen.path),
            "wicketgate farm list, and the server's own event log",
        )),
        Some(Ok(taken)) if taken.status == 401 => {
            let reason = taken.reason.as_deref().unwrap_or(
                "it does not say why; look for Extended Protection without our binding, an SPN on another account, and \
                 its clock",
            );
            findings.push(Finding::error(
                "token-not-taken",
                format!(
                    "{whom} answers 401 at {} to the Kerberos token of {}: {reason}",
                    seen.path, seen.user
                ),
                format!("setspn -Q {}", seen.service),
            ));
        }
        Some(Ok(taken)) if taken.status >= 500 => findings.push(Finding::warning(
            "back-end-fails",
            format!(
                "{whom} answers {} at {} to {}",
                taken.status, seen.path, seen.user
            ),
            "look in that server's event log",
        )),
        Some(Ok(_)) => {}
    }
    let was_taken = |it: &Option<Result<Taken, String>>| {
        it.as_ref()
            .is_some_and(|it| it.as_ref().is_ok_and(|it| it.status != 401))
    };
    if seen.must_demand && was_taken(&seen.unbound) {
        findings.push(Finding::error(
            "extended-protection-not-demanded",
            format!("{whom} takes a Kerberos token without a channel binding: Extended Protection is not `Require` there"),
            "Set-WebServicesVirtualDirectory -Identity 'SERVER\\EWS (SITE)' -ExtendedProtectionTokenChecking Require",
        ));
    }
    findings
}

/// A fault as a finding; of the gate's account where no service is named.
fn of(fault: &Fault, whom: &str, service: Option<&str>) -> Finding {
    let service = service.unwrap_or("SERVICE");
    let (id, mend) = match fault.kind {
        FaultKind::Library => ("kerberos-missing", "apt install libgssapi-krb5-2".to_owned()),
        FaultKind::Keytab => (
            "keytab-unusable",
            "klist -kte KEYTAB as the user that serves; ktutil or .\\ad.ps1 -RollKey makes a new one".to_owned(),
        ),
        FaultKind::OldKey => (
            "keytab-of-an-old-key",
            ".\\ad.ps1 -RollKey (of wicketgate script ad), and put its keytab here".to_owned(),
        ),
        FaultKind::GatewayRefused => ("gateway-refused", SCRIPT.to_owned()),
        FaultKind::Silent => (
            "kerberos-silent",
            "open port 88 of the domain controllers to this machine".to_owned(),
        ),
        FaultKind::Clock => ("clock-off", "timedatectl set-ntp true".to_owned()),
        FaultKind::NotAllowed => ("delegation-not-allowed", SCRIPT.to_owned()),
        FaultKind::UnknownService => (
            "spn-held-by-nobody",
            format!("setspn -S {service} SERVICE-ACCOUNT"),
        ),
        FaultKind::Encryption => (
            "no-common-encryption",
            "Set-ADUser SERVICE-ACCOUNT -Replace @{ 'msDS-SupportedEncryptionTypes' = 24 }, then a new password".to_owned(),
        ),
        FaultKind::NotDelegable => (
            "not-delegable",
            format!("{SCRIPT} (protocol transition); and try a user who is neither sensitive nor in Protected Users"),
        ),
        FaultKind::UnknownUser => (
            "user-unknown",
            "Get-ADUser -Filter * | Select-Object SamAccountName".to_owned(),
        ),
        FaultKind::UserRefused => (
            "user-refused",
            "Get-ADUser USER -Properties LockedOut, AccountExpirationDate, Enabled".to_owned(),
        ),
        FaultKind::Other => ("kerberos-fails", "klist -kte KEYTAB".to_owned()),
    };
    let what = match fault.kind.is_everywhere() {
        true => fault.said.clone(),
        false => format!("{}; for {whom}", fault.said),
    };
    Finding::error(id, what, mend)
}

impl FaultKind {
    /// Whether it is the same for every back end.
    fn is_everywhere(self) -> bool {
        !matches!(
            self,
            Self::NotAllowed | Self::UnknownService | Self::Encryption | Self::Other
        )
    }

    /// Whether there was a ticket for the person to the gate itself already.
    fn is_of_service(self) -> bool {
        matches!(
            self,
            Self::NotAllowed | Self::UnknownService | Self::Encryption
        )
    }
}

/// The steps of what was seen, where it was a sign-in.
pub(crate) fn steps(seen: &super::Seen) -> Vec<Step> {
    match seen {
        super::Seen::Account { account, signs_in } => {
            let said = match signs_in {
                Ok(()) => (State::Ok, "the domain takes its key".to_owned()),
                Err(fault) => (State::Missing, fault.said.clone()),
            };
            vec![Step::new(account, "signs in with its keytab", said)]
        }
        super::Seen::SignIn(seen) => of_sign_in(seen),
        _ => Vec::new(),
    }
}

fn of_sign_in(seen: &SignIn) -> Vec<Step> {
    let at = format!("{} {}", seen.farm, seen.member);
    let step = |step: String, said: (State, String)| Step::new(&at, &step, said);
    let own = || {
        let said = "a ticket to the gate, which may be passed on";
        (State::Ok, said.to_owned())
    };
    let (to_gate, to_service) = match &seen.token {
        Ok(()) => (own(), (State::Ok, "a token of the user's own".to_owned())),
        Err(fault) if fault.kind.is_of_service() => (own(), (State::Missing, fault.said.clone())),
        Err(fault) => ((State::Missing, fault.said.clone()), not_come_to()),
    };
    let (user, service, path) = (&seen.user, &seen.service, &seen.path);
    vec![
        step(format!("S4U2Self for {user}"), to_gate),
        step(format!("S4U2Proxy to {service}"), to_service),
        step(format!("GET {path} with the token"), answered(&seen.bound)),
        step(
            format!("GET {path} without a channel binding"),
            unbound(&seen.unbound, seen.must_demand),
        ),
    ]
}

fn not_come_to() -> (State, String) {
    (State::NotChecked, "what comes before it failed".to_owned())
}

/// What became of a token as the gate sends it.
fn answered(bound: &Option<Result<Taken, String>>) -> (State, String) {
    match bound {
        None => not_come_to(),
        Some(Err(why)) => (State::Missing, why.clone()),
        Some(Ok(taken)) => {
            let state = match taken.status {
                401 => State::Missing,
                _ => State::Ok,
            };
            let reason = taken.reason.as_ref();
            let reason = reason.map_or(String::new(), |it| format!(": {it}"));
            (state, format!("{}{reason}", taken.status))
        }
    }
}

/// What became of one without a binding: refused is well, and so is taken where nobody said that it must be.
fn unbound(unbound: &Option<Result<Taken, String>>, must_demand: bool) -> (State, String) {
    match unbound {
        None => {
            let said = "there is no TLS, or what comes before it failed";
            (State::NotChecked, said.to_owned())
        }
        Some(Err(why)) => (State::Missing, why.clone()),
        Some(Ok(taken)) if taken.status == 401 => {
            let said = "refused: Extended Protection is demanded";
            (State::Ok, said.to_owned())
        }
        Some(Ok(_)) => {
            let said = "taken: Extended Protection is not demanded".to_owned();
            (
                if must_demand {
                    State::Missing
                } else {
                    State::Ok
                },
                said,
            )
        }
    }
}
