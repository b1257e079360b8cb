//! People of a directory (Active Directory), and what follows from what it says of them for their accounts.
//!
//! Nothing here asks the directory: whoever follows it brings a [`Reading`]. Start at [`in_step`].

mod attributes;
mod step;

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId, AccountState};
use crate::audit::Reason;
use crate::ports::Unavailable;
pub use attributes::{Attributes, GroupName, KEPT, MAX_MORE, MAX_VALUE, MAX_VALUES};
pub use step::{InStep, Step, in_step};

/// For how long accounts of the directory are believed after all of them were read last.
pub const MAX_AGE: SignedDuration = SignedDuration::from_mins(10);
/// How many groups of an account are kept; Windows puts no more into a token ([MS-KILE] 3.3.5.6.3.1 has it
/// fail beyond 1,010).
pub const MAX_GROUPS: usize = 1_024;
/// How many SIP URIs, and how many mail addresses, of an account are kept.
pub const MAX_ADDRESSES: usize = 64;
/// The group Protected Users in every domain ([MS-DTYP] 2.4.2.4).
const PROTECTED_USERS: &str = "525";

/// Whether an account may sign in, as the directory says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It may.
    Active,
    /// Strangers guessed at its domain password. That is shown, and no reason to refuse an app password
    /// (design 13, what lockout is for); Kerberos refuses to go on for it.
    LockedOut,
    /// Switched off.
    Disabled,
    /// Its end has passed.
    Expired,
    /// It is not there any more.
    Deleted,
}

/// Why no back end may be shown the user itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotDelegable {
    /// "Account is sensitive and cannot be delegated" ([MS-ADTS] 2.2.16, ADS_UF_NOT_DELEGATED).
    Sensitive,
    /// It is in a group of administrators, or is or was in a protected one (adminCount is 1; a domain sets that once an
    /// hour).
    Administrator,
    /// It is in the group Protected Users.
    ProtectedUser,
    /// It is in a group that the configuration names.
    MemberOf(String),
    /// There is a directory, which says who may be, and the account is none of its.
    OfNoDirectory,
    /// The directory calls it otherwise, and its new names could not be taken over: the sAMAccountName that it has here
    /// may be somebody else's there.
    NamesNotTaken,
}

/// What an account keeps of what the directory said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromDirectory {
    /// Whether it may sign in.
    pub standing: Standing,
    /// Why no back end may be shown the user itself; `None` where it may.
    pub not_delegable: Option<NotDelegable>,
    /// The SIDs of its groups, nested ones too, at most [`MAX_GROUPS`].
    pub groups: Vec<String>,
    /// What claim rules may ask for beside.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// When every account of the directory was read last; no part of the account's own row.
    pub read: Option<Timestamp>,
}

/// Somebody as the directory shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The objectGUID, in lower case.
    pub id: AccountId,
    /// The NetBIOS name of the domain.
    pub domain: String,
    /// The sAMAccountName.
    pub sam: String,
    /// The userPrincipalName.
    pub upn: String,
    /// The domain's DNS name in capitals.
    pub realm: String,
    /// The objectSid.
    pub sid: String,
    /// The SIP URIs.
    pub sip_addresses: Vec<String>,
    /// The mail addresses.
    pub mail: Vec<String>,
    /// Whether it may sign in.
    pub standing: Standing,
    /// What its own entry says against passing it on.
    pub not_delegable: Option<NotDelegable>,
    /// The SIDs of its groups, nested ones too; `None` where they were not asked for.
    pub groups: Option<Vec<String>>,
    /// The attributes that are kept for claim rules: their values by their names in lower case.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// What groups are called, by their SIDs; `None` where that was not asked for, or could not be read.
    pub group_names: Option<BTreeMap<String, GroupName>>,
}

/// The groups whose members are not passed on: their names by their SIDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedGroups(pub BTreeMap<String, String>);

/// What was read of the directory at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whom it knows.
    pub people: Vec<Person>,
    /// The configured groups that it knows.
    pub refused_groups: RefusedGroups,
}

/// A name does not lead to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOne {
    /// To nobody.
    #[error("nobody is called that in the directory")]
    Nobody,
    /// To more than one, of whom none is better than another.
    #[error("more than one is called that in the directory")]
    Several,
}

impl Reading {
    /// The one person whom a name led to.
    ///
    /// # Errors
    ///
    /// There is none, or there are several.
    pub fn only(&self) -> Result<&Person, NotOne> {
        match self.people.as_slice() {
            [] => Err(NotOne::Nobody),
            [person] => Ok(person),
            _ => Err(NotOne::Several),
        }
    }
}

impl Standing {
    /// Whether the directory lets it sign in.
    ///
    /// # Errors
    ///
    /// Why not, for the audit.
    pub fn may_sign_in(self) -> Result<(), Reason> {
        match self {
            Self::Active | Self::LockedOut => Ok(()),
            Self::Disabled => Err(Reason::DisabledInDirectory),
            Self::Expired => Err(Reason::ExpiredInDirectory),
            Self::Deleted => Err(Reason::GoneFromDirectory),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::LockedOut => "locked out",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
        })
    }
}

impl fmt::Display for NotDelegable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sensitive => f.write_str("as it is sensitive"),
            Self::Administrator => {
                f.write_str("as its adminCount is 1, or as a member of a group of administrators")
            }
            Self::ProtectedUser => f.write_str("as a member of Protected Users"),
            Self::MemberOf(group) => write!(f, "as a member of {group}"),
            Self::OfNoDirectory => f.write_str("as it is none of the directory's"),
            Self::NamesNotTaken => f.write_str(
                "as the directory calls it otherwise, and its new names are not taken over (the log says why)",
            ),
        }
    }
}

impl FromDirectory {
    /// Whether what is kept is young enough to be believed.
    ///
    /// SECURITY: a time that lies ahead by as much is no better: whoever sets a clock back would keep
    /// accounts alive.
    ///
    /// # Errors
    ///
    /// It is not, or nothing was ever read.
    pub fn must_be_fresh(&self, now: Timestamp) -> Result<(), Unavailable> {
        let age = self.read.map(|read| now.duration_since(read).abs());
        match age {
            Some(age) if age < MAX_AGE => Ok(()),
            _ => Err(unread()),
        }
    }
}

/// The directory was not read for too long.
pub(crate) fn unread() -> Unavailable {
    Unavailable {
        what: "the directory",
        detail: "its accounts were not read for more than ten minutes".to_owned(),
    }
}

impl Person {
    /// The account that somebody without one gets.
    #[must_use]
    pub fn account(&self, refused: &RefusedGroups) -> Account {
        let nothing = FromDirectory {
            standing: self.standing,
            not_delegable: None,
            groups: Vec::new(),
            attributes: Attributes::default(),
            read: None,
        };
        self.seen_in(&nothing, AccountState::Active, refused)
    }

    /// The account as it should be, where `known` is what was known of it.
    fn seen_in(
        &self,
        known: &FromDirectory,
        state: AccountState,
        refused: &RefusedGroups,
    ) -> Account {
        let mut groups = self.groups.clone().unwrap_or_else(|| known.groups.clone());
        groups.sort();
        groups.dedup();
        let not_delegable = self.not_delegable(&groups, refused);
        groups.truncate(MAX_GROUPS);
        let named = self
            .group_names
            .as_ref()
            .unwrap_or(&known.attributes.groups);
        let name = |sid: &String| Some((sid.clone(), named.get(sid)?.clone()));
        let attributes = Attributes {
            values: self.attributes.clone(),
            groups: groups.iter().filter_map(name).collect(),
        };
        let at_most =
            |addresses: &[String]| addresses.iter().take(MAX_ADDRESSES).cloned().collect();
        Account {
            id: self.id.clone(),
            domain: self.domain.clone(),
            sam: self.sam.clone(),
            upn: self.upn.clone(),
            realm: self.realm.clone(),
            sid: Some(self.sid.clone()),
            sip_addresses: at_most(&self.sip_addresses),
            mail: at_most(&self.mail),
            state,
            directory: Some(FromDirectory {
                standing: self.standing,
                not_delegable,
                groups,
                attributes,
                read: known.read,
            }),
            second_factor: None,
        }
    }

    fn not_delegable(&self, groups: &[String], refused: &RefusedGroups) -> Option<NotDelegable> {
        let domain = self.sid.rsplit_once('-').map(|(domain, _)| domain);
        let protected = domain.map(|domain| format!("{domain}-{PROTECTED_USERS}"));
        let is_protected = protected.is_some_and(|protected| groups.contains(&protected));
        let refused = groups.iter().find_map(|group| refused.0.get(group));
        let is_administrator = groups.iter().any(|group| is_of_administrators(group));
        self.not_delegable
            .clone()
            .or(is_administrator.then_some(NotDelegable::Administrator))
            .or(is_protected.then_some(NotDelegable::ProtectedUser))
            .or(refused.cloned().map(NotDelegable::MemberOf))
    }
}

/// Whether a group is one whose members rule a domain, a forest or its servers, by its SID ([MS-DTYP] 2.4.2.4).
fn is_of_administrators(group: &str) -> bool {
    let rid = |prefix: &str| group.strip_prefix(prefix);
    let of_domain = rid("S-1-5-21-").and_then(|rest| rest.rsplit('-').next());
    let of_machine = rid("S-1-5-32-");
    of_domain.is_some_and(|rid| RULES_DOMAIN.contains(&rid))
        || of_machine.is_some_and(|rid| RULES_SERVERS.contains(&rid))
}

/// Domain, Schema and Enterprise Admins, Key Admins and Enterprise Key Admins.
const RULES_DOMAIN: [&str; 5] = ["512", "518", "519", "526", "527"];
/// Administrators, and the operators of accounts, servers, printers and backups.
const RULES_SERVERS: [&str; 5] = ["544", "548", "549", "550", "551"];

#[cfg(test)]
mod tests;
