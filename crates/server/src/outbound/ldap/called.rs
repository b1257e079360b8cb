//! What the groups of people are called: claim rules and policies name groups, and a person's entry has their SIDs alone.
//!
//! Each SID is asked for once, of every domain, and anew when what is known is old. A directory that does not tell in time is
//! no reason to believe nothing of its people: they keep the names that they have. Start at [`Called::by_name`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authn::directory::{GroupName, Person};
use jiff::{SignedDuration, Timestamp};
use ldap3::Scope;
use proto::kerberos::Sid;
use tokio::time::timeout;

use super::entry::sid;
use super::filter::Filter;
use super::session::{Search, SessionError};
use super::{AT_ONCE, Asked};
use crate::clock;

/// How long what is known is believed.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(10);
/// How long all domains together may take.
const ALL: Duration = Duration::from_secs(4);
/// Where Windows' own groups are ([MS-DTYP] 2.4.2.4), which every domain has by the same SIDs.
const BUILTIN: (&str, &str) = ("S-1-5-32-", "BUILTIN");
const ATTRIBUTES: [&str; 2] = ["sAMAccountName", "objectSid"];

/// What is known of groups.
#[derive(Default)]
pub(super) struct Called(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Since when.
    since: Option<Timestamp>,
    /// By SID; nothing where no domain has the group.
    names: BTreeMap<String, Option<GroupName>>,
}

impl Called {
    /// Names the groups of those whose groups were read.
    pub(super) async fn by_name(&self, people: &mut [Person], domains: &mut [Asked]) {
        let groups = people.iter().filter_map(|it| it.groups.as_ref()).flatten();
        let wanted: BTreeSet<String> = groups.cloned().collect();
        let unknown = self.unknown(&wanted, clock::now());
        match timeout(ALL, self.find(unknown, domains)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!("what groups are called cannot be read: {error}");
                return;
            }
            Err(_) => {
                tracing::warn!(
                    "what groups are called cannot be read whole in one reading; the next goes on"
                );
                return;
            }
        }
        let known = self.lock();
        for person in people {
            let named = person.groups.as_ref().map(|groups| {
                let named = groups.iter().filter_map(|sid| {
                    let name = known.names.get(sid)?.clone()?;
                    Some((sid.clone(), name))
                });
                named.collect()
            });
            person.group_names = named;
        }
    }

    /// What groups are called, in whichever domain has them; what is found is kept at once, as a large forest may take longer than
    /// one reading has.
    async fn find(&self, sids: Vec<String>, domains: &mut [Asked]) -> Result<(), SessionError> {
        for asked in domains {
            for sids in sids.chunks(AT_ONCE) {
                let filter = Filter::All(vec![
                    Filter::is("objectClass", "group"),
                    Filter::Any(sids.iter().filter_map(|it| of_sid(it)).collect()),
                ]);
                let search = Search {
                    base: &asked.root.base,
                    scope: Scope::Subtree,
                    filter: &filter,
                    attributes: &ATTRIBUTES,
                    enough: None,
                };
                for (_, group) in asked.session.search(search).await? {
                    let Some(sam) = group.text("sAMAccountName") else {
                        continue;
                    };
                    // SECURITY: a SID that it had elsewhere is still the other domain's group, and may not be called as this one.
                    let own = group.all("objectSid").iter().filter_map(|it| sid(it));
                    for sid in own.filter(|it| sids.contains(it)) {
                        let name = name(&sid, sam, asked);
                        self.lock().names.entry(sid).or_insert(Some(name));
                    }
                }
            }
        }
        let mut known = self.lock();
        for sid in sids {
            known.names.entry(sid).or_insert(None);
        }
        Ok(())
    }

    /// Those of these SIDs of which nothing is known that is young enough.
    fn unknown(&self, wanted: &BTreeSet<String>, now: Timestamp) -> Vec<String> {
        let mut known = self.lock();
        let is_young = |since: Timestamp| now.duration_since(since).abs() < MAX_AGE;
        if !known.since.is_some_and(is_young) {
            known.names.clear();
            known.since = Some(now);
        }
        let unknown = wanted.iter().filter(|sid| !known.names.contains_key(*sid));
        unknown.cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_sid(text: &str) -> Option<Filter> {
    let sid = text.parse::<Sid>().ok()?.to_bytes();
    Some(Filter::is("objectSid", &sid))
}

fn name(sid: &str, sam: &str, asked: &Asked) -> GroupName {
    let (prefix, builtin) = BUILTIN;
    let domain = &asked.root.domain;
    let (domain, dns) = match sid.starts_with(prefix) {
        true => (builtin, builtin),
        false => (domain.netbios.as_str(), domain.dns.as_str()),
    };
    GroupName {
        domain: domain.to_owned(),
        dns: dns.to_owned(),
        sam: sam.to_owned(),
    }
}
