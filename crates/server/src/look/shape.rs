//! Which part of a deployment this machine is, what that means for its secrets, and whether the other part answers.

use std::sync::Arc;

use crate::clock;
use crate::config::Settings;
use crate::config::settings::{Asking, Role};
use crate::doctor::wire::{Prerequisite, State};
use crate::doctor::{Finding, Severity};
use crate::metrics::Metrics;
use crate::verifier::remote::Remote;

/// What is wrong between a gateway and its authentication server.
pub(crate) async fn apart(settings: &Settings) -> Option<Finding> {
    let Role::Gateway(asking) = &settings.role else {
        return None;
    };
    let why = answers(asking).await.err()?;
    Some(Finding {
        id: "gateway.authn-server",
        severity: Severity::Error,
        what: format!("nobody can sign in: {why}"),
        mend: format!(
            "see that `wicketgate serve` runs there, that this machine reaches {}, that its configuration lists this \
             gateway in an [[authn_server.gateway]], and that both clocks are set by NTP",
            asking.server
        ),
    })
}

/// What it means that people may stay signed in to the token service, where they may.
pub(crate) fn stays(settings: &Settings) -> Option<Prerequisite> {
    let may = settings.keep_me_signed_in?;
    Some(Prerequisite {
        what: format!(
            "people may stay signed in to the token service for {} minutes, as [sts] says (`keep_me_signed_in`): whoever has a device \
             that is not locked has what its owner has there by then; `keep_me_signed_in_cutoff` ends those that stay",
            may.lifetime.as_mins()
        ),
        state: State::Ok,
        why: None,
    })
}

/// What must be so, of either part.
pub(crate) async fn shape(settings: &Settings) -> Prerequisite {
    match &settings.role {
        Role::All => Prerequisite {
            what: "gate and authentication server are one process, as is allowed: whoever takes this machine over has \
                   every app password's hash and the keytab, which a gateway with [authn] does not have"
                .to_owned(),
            state: State::Ok,
            why: None,
        },
        Role::Gateway(asking) => {
            let why = answers(asking).await.err();
            Prerequisite {
                what: "the authentication server answers, knows this gateway, and its clock agrees".to_owned(),
                state: match why {
                    None => State::Ok,
                    Some(_) => State::Missing,
                },
                why,
            }
        }
        Role::Authn(answering) => {
            let names: Vec<&str> = answering.gateways.iter().map(|it| it.name.as_str()).collect();
            Prerequisite {
                what: format!(
                    "no client reaches this machine; it answers the gateways {}",
                    names.join(", ")
                ),
                state: State::Ok,
                why: None,
            }
        }
    }
}

/// Whether an authentication server answers as it must.
async fn answers(asking: &Asking) -> Result<(), String> {
    let remote = Remote::new(asking, Arc::new(Metrics::new()));
    let remote = remote.map_err(|error| error.to_string())?;
    let hello = remote.hello().await.map_err(|error| error.to_string())?;
    let apart = clock::now().duration_since(hello.now).abs();
    match apart > authn::voucher::LIFE {
        true => Err(format!(
            "its clock is {} s away from this one",
            apart.as_secs()
        )),
        false => Ok(()),
    }
}
