//! Steps: what has to change so that accounts are what the directory says, without two of them ever being
//! called the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{FromDirectory, NotDelegable, Person, Reading, Standing};
use crate::account::{Account, AccountId};
use crate::audit::{Event, Kind};
use crate::name::NameKey;

/// One account's step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The standing that it had.
    pub before: Standing,
    /// The account as it should be; its local state is not touched.
    pub account: Account,
    /// Whether its names are others.
    pub is_renamed: bool,
    /// Whether what rests on the account as it was has to end: it stands no more, or is somebody by
    /// another name, with other groups or another say on delegation.
    pub ends: bool,
    /// What is audited.
    pub events: Vec<Event>,
}

impl Step {
    /// The same step under the names that the account has here: somebody took the others meanwhile.
    #[must_use]
    pub fn without_names(&self, accounts: &[Account]) -> Self {
        let account = accounts.iter().find(|it| it.id == self.account.id);
        let known = account.and_then(|it| it.directory.as_ref());
        let (Some(account), Some(known)) = (account, known) else {
            return self.clone();
        };
        let mut followed = Followed {
            account,
            known,
            seen: self.account.clone(),
        };
        followed.keep_names();
        let at = self.events.first().map_or(Timestamp::MIN, |event| event.at);
        followed.step(at).unwrap_or_else(|| Self {
            account: followed.seen.clone(),
            is_renamed: false,
            events: Vec::new(),
            ..self.clone()
        })
    }
}

/// All steps of a reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InStep {
    /// The steps; those first by which somebody is put out.
    pub steps: Vec<Step>,
    /// What could not be taken over, a sentence each, for the log.
    pub problems: Vec<String>,
}

/// Says what has to change in the accounts of the store, all of which are `accounts`.
///
/// A name that another account has already is not taken over: an address is left out, and of names that
/// Windows knows somebody by the old ones stay. Whoever is gone from the directory keeps their names until
/// somebody else has them.
#[must_use]
pub fn in_step(accounts: &[Account], reading: &Reading, at: Timestamp) -> InStep {
    let people: BTreeMap<&AccountId, &Person> =
        reading.people.iter().map(|it| (&it.id, it)).collect();
    let mut followed: Vec<Followed<'_>> = Vec::new();
    let mut owned = BTreeMap::new();
    for account in accounts {
        let Some(known) = &account.directory else {
            own(&mut owned, account, account.name_keys());
            continue;
        };
        let seen = match people.get(&account.id) {
            Some(person) => person.seen_in(known, account.state, &reading.refused_groups),
            None => gone(account, known),
        };
        followed.push(Followed {
            account,
            known,
            seen,
        });
    }
    followed.sort_by(|a, b| a.account.id.cmp(&b.account.id));
    let problems = name(&mut followed, owned);
    let mut steps: Vec<Step> = followed.iter().filter_map(|it| it.step(at)).collect();
    steps.sort_by_key(|step| !step.ends);
    InStep { steps, problems }
}

/// An account, and what it should be.
struct Followed<'a> {
    account: &'a Account,
    known: &'a FromDirectory,
    seen: Account,
}

impl Followed<'_> {
    fn is_gone(&self) -> bool {
        self.seen
            .directory
            .as_ref()
            .is_some_and(|it| it.standing == Standing::Deleted)
    }

    /// SECURITY: whoever has another sAMAccountName there is not passed on under the one that is kept here, which
    /// somebody else may have by now.
    fn keep_names(&mut self) {
        let is_called_otherwise = windows_name(&self.seen) != windows_name(self.account);
        if let Some(directory) = self.seen.directory.as_mut().filter(|_| is_called_otherwise) {
            directory.not_delegable = Some(NotDelegable::NamesNotTaken);
        }
        let Account {
            domain,
            sam,
            upn,
            realm,
            sid,
            ..
        } = self.account.clone();
        self.seen.domain = domain;
        self.seen.sam = sam;
        self.seen.upn = upn;
        self.seen.realm = realm;
        self.seen.sid = sid;
        self.seen.sip_addresses = self.account.sip_addresses.clone();
        self.seen.mail = self.account.mail.clone();
    }

    fn step(&self, at: Timestamp) -> Option<Step> {
        let (before, after) = (self.known, self.seen.directory.as_ref()?);
        let is_renamed = names(self.account) != names(&self.seen);
        let stands = after.standing.may_sign_in().is_ok();
        let stood = before.standing.may_sign_in().is_ok();
        let mut kinds = Vec::new();
        if before.standing != after.standing {
            let standing = after.standing;
            kinds.push(Kind::StandingChanged { standing });
        }
        if is_renamed {
            kinds.push(Kind::NamesChanged {
                name: format!("{}\\{}", self.seen.domain, self.seen.sam),
                upn: self.seen.upn.clone(),
            });
        }
        if before.not_delegable != after.not_delegable {
            let not_delegable = after.not_delegable.clone();
            kinds.push(Kind::DelegableChanged { not_delegable });
        }
        let is_other = is_renamed
            || before.groups != after.groups
            || before.not_delegable != after.not_delegable;
        // What rules ask for is no reason to end anything: a token says what it was made of, and for how long.
        let is_same = before.attributes == after.attributes;
        if kinds.is_empty() && !is_other && is_same {
            return None;
        }
        let event = |kind| Event::observed(at, kind, Some(self.account.id.clone()));
        Some(Step {
            before: before.standing,
            account: self.seen.clone(),
            is_renamed,
            ends: is_other || (stood && !stands),
            events: kinds.into_iter().map(event).collect(),
        })
    }
}

fn windows_name(account: &Account) -> [String; 2] {
    [&account.sam, &account.realm].map(|it| it.to_lowercase())
}

/// The account of somebody who is not in the directory any more.
fn gone(account: &Account, known: &FromDirectory) -> Account {
    Account {
        directory: Some(FromDirectory {
            standing: Standing::Deleted,
            ..known.clone()
        }),
        ..account.clone()
    }
}

/// Sees to it that no two accounts end up with one name; says what was not taken over.
fn name(followed: &mut [Followed<'_>], mut owned: BTreeMap<NameKey, AccountId>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut stuck = BTreeSet::new();
    // Whoever keeps their old names may be in the way of others, who then keep theirs.
    let windows = loop {
        let Claims { windows, newly } = claims(followed, &owned, &stuck);
        if newly.is_empty() {
            break windows;
        }
        for (index, problem) in newly {
            stuck.insert(index);
            problems.push(problem);
            if let Some(one) = followed.get_mut(index) {
                one.keep_names();
                own(&mut owned, one.account, one.account.name_keys());
            }
        }
    };
    owned.extend(windows);
    for (index, one) in followed.iter_mut().enumerate() {
        if one.is_gone() || stuck.contains(&index) {
            continue;
        }
        let id = &one.account.id;
        let mut is_free = |address: &String| {
            let keys = NameKey::candidates(address, "", None);
            let is_free = keys
                .iter()
                .all(|key| owned.get(key).is_none_or(|owner| owner == id));
            if is_free {
                owned.extend(keys.into_iter().map(|key| (key, id.clone())));
            } else {
                problems.push(format!(
                    "the address `{address}` belongs to another account already"
                ));
            }
            is_free
        };
        one.seen.sip_addresses.retain(&mut is_free);
        one.seen.mail.retain(&mut is_free);
    }
    problems
}

/// Who would be called what.
struct Claims {
    /// The names that Windows knows those by who are not stuck.
    windows: BTreeMap<NameKey, AccountId>,
    /// Who has to be stuck, since those names are malformed or another's, and a sentence about it.
    newly: Vec<(usize, String)>,
}

/// What those claim who are not stuck.
fn claims(
    followed: &[Followed<'_>],
    owned: &BTreeMap<NameKey, AccountId>,
    stuck: &BTreeSet<usize>,
) -> Claims {
    let (mut claimed, mut newly) = (BTreeMap::new(), Vec::new());
    for (index, one) in followed.iter().enumerate() {
        if one.is_gone() || stuck.contains(&index) {
            continue;
        }
        if let Err(error) = one.seen.clone().checked() {
            newly.push((
                index,
                format!("the names of `{}` are not taken: {error}", one.seen.upn),
            ));
            continue;
        }
        let keys = one.seen.windows_keys();
        let is_another_s = |key: &&NameKey| {
            let owner = owned.get(*key).or(claimed.get(*key));
            owner.is_some_and(|owner| *owner != one.account.id)
        };
        match keys.iter().find(is_another_s) {
            Some(key) => {
                let name = key.as_str();
                newly.push((
                    index,
                    format!("the name `{name}` belongs to another account already"),
                ));
            }
            None => own(&mut claimed, one.account, keys),
        }
    }
    Claims {
        windows: claimed,
        newly,
    }
}

fn own(owned: &mut BTreeMap<NameKey, AccountId>, account: &Account, keys: Vec<NameKey>) {
    owned.extend(keys.into_iter().map(|key| (key, account.id.clone())));
}

fn names(account: &Account) -> impl PartialEq {
    (
        account.name_keys(),
        account.domain.clone(),
        account.sam.clone(),
        account.upn.clone(),
        (account.realm.clone(), account.sid.clone()),
        account.sip_addresses.clone(),
        account.mail.clone(),
    )
}
