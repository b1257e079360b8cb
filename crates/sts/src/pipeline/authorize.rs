//! Who gets a token: by the claims that authorization rules issued, or by a policy of AD FS 2016 and later.
//!
//! SECURITY: without a permit there is none, and a denial wins whatever else is said. Start at [`by_rules`].

use std::collections::BTreeSet;

use authn::account::Account;
use authn::place::Zone;
use claims::ClaimSet;
use claims::claim::AD_AUTHORITY;
use claims::claim_type::{DENY, GROUP_SID, PERMIT};

use super::{Accepted, NotIssued};
use crate::trust::{AccessControlPolicy, Authorization, BuiltIn, Groups, RelyingPartyTrust};

/// Whether authorization rules permitted.
pub(super) fn by_rules(said: &ClaimSet) -> Result<(), NotIssued> {
    // SECURITY: a denial in other case is meant as one; a permission in other case permits nothing.
    if said
        .iter()
        .any(|it| it.claim_type.eq_ignore_ascii_case(DENY))
    {
        return Err(NotIssued::Denied);
    }
    let permit = said.of_type(PERMIT).next();
    permit.map(drop).ok_or(NotIssued::NotPermitted)
}

/// Whether a policy permits.
pub(super) fn by_policy(
    policy: &AccessControlPolicy,
    accepted: &Accepted,
) -> Result<(), NotIssued> {
    let built_in = match policy {
        AccessControlPolicy::BuiltIn(built_in) => built_in,
        AccessControlPolicy::Custom { name } => {
            return Err(NotIssued::UnknownPolicy(name.clone()));
        }
    };
    let is_permitted = match built_in {
        BuiltIn::PermitEveryone
        | BuiltIn::RequireMfa
        | BuiltIn::RequireMfaForGroups(_)
        | BuiltIn::RequireMfaFromExtranet
        | BuiltIn::RequireMfaFromUnauthenticatedDevices
        | BuiltIn::RequireMfaAllowDeviceRegistration => true,
        BuiltIn::PermitIntranet => is_inside(accepted),
        BuiltIn::PermitGroups(groups) => is_member(accepted, groups),
    };
    match is_permitted {
        true => Ok(()),
        false => Err(NotIssued::NotPermitted),
    }
}

/// Whether the policy of a party wants a second factor.
pub(super) fn wants_second_factor(trust: &RelyingPartyTrust, accepted: &Accepted) -> bool {
    let Authorization::Policy(AccessControlPolicy::BuiltIn(built_in)) = &trust.authorization else {
        return false;
    };
    match built_in {
        // No device is known here, and none registers.
        BuiltIn::RequireMfa
        | BuiltIn::RequireMfaFromUnauthenticatedDevices
        | BuiltIn::RequireMfaAllowDeviceRegistration => true,
        BuiltIn::RequireMfaFromExtranet => !is_inside(accepted),
        // SECURITY: a name may be none, or one that was not read: whoever is not in such a group, nobody knows.
        BuiltIn::RequireMfaForGroups(groups) => {
            is_member(accepted, groups) || groups.iter().any(|it| !Groups::is_sid(it))
        }
        BuiltIn::PermitEveryone | BuiltIn::PermitIntranet | BuiltIn::PermitGroups(_) => false,
    }
}

fn is_inside(accepted: &Accepted) -> bool {
    accepted.zone == Zone::INTERNAL
}

/// SECURITY: a group is believed where our own directory says so, whatever another provider claims.
fn is_member(accepted: &Accepted, groups: &Groups) -> bool {
    let of_directory = |it: &&claims::Claim| &*it.issuer == AD_AUTHORITY;
    let mut own = accepted.claims.of_type(GROUP_SID).filter(of_directory);
    own.any(|own| {
        let is_named = accepted.named.contains(&*own.value);
        is_named || groups.iter().any(|it| it.eq_ignore_ascii_case(&own.value))
    })
}

/// The SIDs of those groups of an account that the policy of a party means by their names.
pub(super) fn named(trust: &RelyingPartyTrust, account: &Account) -> BTreeSet<String> {
    let Authorization::Policy(AccessControlPolicy::BuiltIn(built_in)) = &trust.authorization else {
        return BTreeSet::new();
    };
    let names = built_in.groups().into_iter().flat_map(Groups::iter);
    let names: Vec<&str> = names.filter(|it| !Groups::is_sid(it)).collect();
    let Some(directory) = account.directory.as_ref().filter(|_| !names.is_empty()) else {
        return BTreeSet::new();
    };
    let known = directory.attributes.groups.iter();
    let meant = known.filter(|(_, group)| names.iter().any(|it| group.is(it)));
    meant.map(|(sid, _)| sid.clone()).collect()
}
