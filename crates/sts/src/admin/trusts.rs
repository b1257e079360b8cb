//! What an administrator does with trusts: find, add, change, switch on and off, remove and import them.
//!
//! Each is one transaction, from what was seen: who changes a trust that somebody else changed meanwhile is told, and changes
//! nothing.

use authn::audit::{ByHand, Event, Kind as EventKind, TrustAct, shown_name};
use claims::claim::AD_AUTHORITY;
use thiserror::Error;

use crate::import::{Cmdlet, Import};
use crate::ports::{Change, ChangeRefused, KeptTrust, KeptTrusts, Unavailable};
use crate::trust::written::{Written, WrittenError};
use crate::trust::{ClaimsProviderTrust, Identifier, Kind, Sha1Until, Sha1UntilError, Trusted};

/// Why something is not done with a trust.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// There is none of that name.
    #[error("there is no trust called `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// There are several, of different kinds.
    #[error("there are several called `{name}`; say which kind")]
    Ambiguous {
        /// The name.
        name: String,
    },
    /// Nothing would be added.
    #[error("there is nothing to add")]
    Nothing,
    /// A claim description is not switched.
    #[error("a claim description is not switched on or off; remove it, or change it")]
    NotSwitched,
    /// It is so already.
    #[error("`{name}` is switched {} already", if *is_enabled { "on" } else { "off" })]
    SwitchedAlready {
        /// The name.
        name: String,
        /// Whether it is on.
        is_enabled: bool,
    },
    /// The written form is none.
    #[error(transparent)]
    Written(#[from] WrittenError),
    /// The date until which SHA-1 is believed is none that may be set.
    #[error("`{name}`: `sha1_until` {until}: {why}")]
    Sha1 {
        /// Of which trust.
        name: String,
        /// The date.
        until: Sha1Until,
        /// Why not.
        why: Sha1UntilError,
    },
    /// Another calls itself almost so.
    #[error(
        "the identifier `{identifier}` of `{name}` differs from `{others}` of `{other}` in the case of its letters or its port \
         alone, so that one is taken for the other"
    )]
    Alike {
        /// Whose it would be.
        name: String,
        /// The identifier.
        identifier: Identifier,
        /// Who is called almost so.
        other: String,
        /// How that is called.
        others: Identifier,
    },
    /// Another was first, or has the name or an identifier.
    #[error(transparent)]
    Refused(#[from] ChangeRefused),
    /// The store is unavailable.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A trust that was found, as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of its last change.
    pub revision: i64,
    /// As it is kept.
    pub trust: KeptTrust,
    /// Its written form.
    pub written: Written,
}

/// All trusts, by kind and name.
///
/// # Errors
///
/// The store is unavailable, or one cannot be read.
pub async fn all(kept: &impl KeptTrusts) -> Result<Vec<Found>, TrustError> {
    let kept = kept.kept().await?.trusts.into_iter();
    let found = kept.map(|(revision, trust)| {
        Ok(Found {
            revision,
            written: Written::of_json(&trust.text)?,
            trust,
        })
    });
    found.collect()
}

/// The trust of a name, in any case of its letters, of a kind where one is said.
///
/// # Errors
///
/// There is none, or there are several; or the store is unavailable.
pub async fn find(
    kept: &impl KeptTrusts,
    name: &str,
    kind: Option<Kind>,
) -> Result<Found, TrustError> {
    let is_it = |found: &Found| {
        found.trust.name.to_lowercase() == name.to_lowercase()
            && kind.is_none_or(|kind| kind == found.trust.kind)
    };
    let mut found = all(kept).await?.into_iter().filter(is_it);
    let name = name.to_owned();
    match (found.next(), found.next()) {
        (Some(found), None) => Ok(found),
        (None, _) => Err(TrustError::Unknown { name }),
        (Some(_), Some(_)) => Err(TrustError::Ambiguous { name }),
    }
}

/// Adds trusts, all or none; and gives them as they are kept.
///
/// # Errors
///
/// There is none, a name or an identifier is another's, or the store is unavailable.
pub async fn add(
    kept: &impl KeptTrusts,
    trusted: &Trusted,
    by: &ByHand,
) -> Result<Vec<KeptTrust>, TrustError> {
    for (name, until) in trusted.sha1_dates() {
        may_begin(name, until, by)?;
    }
    let new = trusted.to_kept()?;
    if new.is_empty() {
        return Err(TrustError::Nothing);
    }
    let there = kept.kept().await?;
    let there: Vec<&KeptTrust> = there.trusts.iter().map(|(_, it)| it).collect();
    for (number, trust) in new.iter().enumerate() {
        let before = new.iter().take(number);
        is_unlike(trust, there.iter().copied().chain(before))?;
    }
    let changes = new.iter().map(|trust| {
        let event = event(trust, TrustAct::Added, by);
        (Change::Add(trust.clone()), event)
    });
    kept.change(changes.collect()).await??;
    Ok(new)
}

/// Puts another written form in the place of a trust that was found; it must say one trust of the same kind.
///
/// # Errors
///
/// It says something else, a new date of it is past or too far ahead, a name or an identifier is another's, somebody was
/// first, or the store is unavailable.
pub async fn replace(
    kept: &impl KeptTrusts,
    found: &Found,
    written: Written,
    by: &ByHand,
) -> Result<KeptTrust, TrustError> {
    let before: Vec<Sha1Until> = found.written.clone().read_kept().map_or_else(
        |_| Vec::new(),
        |it| it.sha1_dates().map(|(_, until)| until).collect(),
    );
    let read = written.read()?;
    // A date that stood there stays, past or not: it takes nothing that it did not take before.
    for (name, until) in read.sha1_dates().filter(|(_, it)| !before.contains(it)) {
        may_begin(name, until, by)?;
    }
    let event = |with: &KeptTrust| event(with, TrustAct::Changed, by);
    let (_, with) = changed(kept, found, read, event).await?;
    Ok(with)
}

/// The same where a partner's metadata says it, with an event that says so; gives the number of the change.
///
/// # Errors
///
/// As of [`replace`].
pub async fn follow(
    kept: &impl KeptTrusts,
    found: &Found,
    written: Written,
    event: Event,
) -> Result<i64, TrustError> {
    let (revision, _) = changed(kept, found, written.read()?, |_| event).await?;
    Ok(revision)
}

/// Switches a trust on or off that was found.
///
/// # Errors
///
/// It is so already, or is no trust; somebody was first, or the store is unavailable.
pub async fn switch(
    kept: &impl KeptTrusts,
    found: &Found,
    is_enabled: bool,
    by: &ByHand,
) -> Result<KeptTrust, TrustError> {
    let mut written = found.written.clone();
    let parties = written.relying_party.iter_mut();
    let parties = parties.map(|it| &mut it.is_enabled);
    let providers = written.claims_provider.iter_mut();
    let mut switches = parties.chain(providers.map(|it| &mut it.is_enabled));
    let switch = switches.next().ok_or(TrustError::NotSwitched)?;
    if *switch == is_enabled {
        let name = found.trust.name.clone();
        return Err(TrustError::SwitchedAlready { name, is_enabled });
    }
    *switch = is_enabled;
    drop(switches);
    let act = match is_enabled {
        true => TrustAct::Enabled,
        false => TrustAct::Disabled,
    };
    // What may not be taken any more must still be switched off.
    let read = match is_enabled {
        true => written.read()?,
        false => written.read_kept()?,
    };
    let event = |with: &KeptTrust| event(with, act, by);
    let (_, with) = changed(kept, found, read, event).await?;
    Ok(with)
}

/// Removes a trust that was found.
///
/// # Errors
///
/// Somebody was first, or the store is unavailable.
pub async fn remove(kept: &impl KeptTrusts, found: &Found, by: &ByHand) -> Result<(), TrustError> {
    let change = Change::Remove {
        kind: found.trust.kind,
        name: found.trust.name.clone(),
        revision: found.revision,
    };
    let event = event(&found.trust, TrustAct::Removed, by);
    kept.change(vec![(change, event)]).await??;
    Ok(())
}

/// What of an import is whole: each trust of which everything was taken that a sign-in needs.
///
/// SECURITY: the directory's own trust is there as far as it was taken. Where there is none, what is built in stands in for it,
/// which believes more than most rules of an administrator do.
#[must_use]
pub fn whole(import: &Import) -> Trusted {
    let lost: Vec<(Cmdlet, &str)> = import
        .report
        .lost()
        .map(|(object, _)| (object.cmdlet, object.name.as_str()))
        .collect();
    let is_whole = |cmdlet, name: &str| !lost.contains(&(cmdlet, name));
    let parties = import.relying_parties.iter();
    let parties = parties.filter(|it| is_whole(Cmdlet::RelyingPartyTrust, &it.name));
    let providers = import.claims_providers.iter();
    let providers =
        providers.filter(|it| is_own(it) || is_whole(Cmdlet::ClaimsProviderTrust, &it.name));
    let descriptions = import.claim_descriptions.iter();
    let descriptions = descriptions.filter(|it| is_whole(Cmdlet::ClaimDescription, &it.name));
    Trusted {
        relying_parties: parties.cloned().collect(),
        claims_providers: providers.cloned().collect(),
        claim_descriptions: descriptions.cloned().collect(),
    }
}

/// Whether a trust of an export is that of AD FS's own directory; its LDAP directories are local, too.
fn is_own(trust: &ClaimsProviderTrust) -> bool {
    trust.identifier.as_str() == AD_AUTHORITY
}

async fn changed(
    kept: &impl KeptTrusts,
    found: &Found,
    read: Trusted,
    event: impl FnOnce(&KeptTrust) -> Event,
) -> Result<(i64, KeptTrust), TrustError> {
    let mut read = read.to_kept()?.into_iter();
    let (Some(with), None) = (read.next(), read.next()) else {
        return Err(TrustError::Nothing);
    };
    if with.kind != found.trust.kind {
        return Err(TrustError::Nothing);
    }
    let there = kept.kept().await?;
    let is_itself = |it: &&KeptTrust| it.kind == found.trust.kind && it.name == found.trust.name;
    let others = there.trusts.iter().map(|(_, it)| it);
    is_unlike(&with, others.filter(|it| !is_itself(it)))?;
    let change = Change::Replace {
        name: found.trust.name.clone(),
        revision: found.revision,
        with: with.clone(),
    };
    let event = event(&with);
    let revision = kept.change(vec![(change, event)]).await??;
    Ok((revision, with))
}

/// Refuses a date that is past or too far ahead when it is set.
fn may_begin(name: &str, until: Sha1Until, by: &ByHand) -> Result<(), TrustError> {
    until.check(by.at).map_err(|why| TrustError::Sha1 {
        name: name.to_owned(),
        until,
        why,
    })
}

/// Refuses what others may be taken for: a partner's own words say how it is called, and must not say how another is.
///
/// A name or an identifier that is another's letter by letter is refused by the store, in the statement that would write it.
fn is_unlike<'a>(
    trust: &KeptTrust,
    others: impl Iterator<Item = &'a KeptTrust>,
) -> Result<(), TrustError> {
    let is_party = |kind| matches!(kind, Kind::RelyingParty | Kind::ClaimsProvider);
    for other in others.filter(|it| it.kind == trust.kind && is_party(it.kind)) {
        for identifier in &trust.identifiers {
            let mut known = other.identifiers.iter();
            let alike = known.find(|it| *it != identifier && it.is_alike(identifier));
            if let Some(others) = alike {
                return Err(TrustError::Alike {
                    name: trust.name.clone(),
                    identifier: identifier.clone(),
                    other: other.name.clone(),
                    others: others.clone(),
                });
            }
        }
    }
    Ok(())
}

fn event(trust: &KeptTrust, act: TrustAct, by: &ByHand) -> Event {
    let kind = EventKind::Trust {
        kind: trust.kind.as_str().to_owned(),
        name: shown_name(&trust.name, ""),
        act,
    };
    Event::by_hand(by, kind, None)
}
