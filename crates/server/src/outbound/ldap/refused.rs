//! The groups whose members are never passed on, as a domain has them. A group that is renamed would let its members
//! through by nobody's will: what was seen once stays refused by its SID, and the log says that the name leads nowhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use authn::directory::RefusedGroups;
use ldap3::Scope;
use proto::kerberos::Sid;

use super::entry::sid;
use super::filter::Filter;
use super::session::{Root, Search, Session, SessionError};
use super::{AT_ONCE, Asked};

/// What was seen, by domain: each group by its SID, with its name and whether it is missed. It outlives configurations: a
/// reload for a new certificate must not forget it.
#[derive(Default)]
pub(crate) struct Refused(Mutex<BTreeMap<String, BTreeMap<String, Seen>>>);

struct Seen {
    name: String,
    is_missed: bool,
}

impl Refused {
    /// The configured groups that a domain has, by their SIDs, and those that it had under a configured name.
    pub(super) async fn of(
        &self,
        configured: &[String],
        asked: &mut Asked,
    ) -> Result<RefusedGroups, SessionError> {
        let found = found(configured, &mut asked.session, &asked.root).await?;
        Ok(self.with_those_before((&asked.root.domain.dns, configured), found))
    }

    fn with_those_before(
        &self,
        (domain, configured): (&str, &[String]),
        found: RefusedGroups,
    ) -> RefusedGroups {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(domain.to_owned()).or_default();
        for (sid, name) in &found.0 {
            let name = name.clone();
            let is_missed = false;
            seen.insert(sid.clone(), Seen { name, is_missed });
        }
        // What is configured no more is refused no more.
        seen.retain(|sid, group| {
            let mut named = configured.iter();
            named.any(|it| it == sid || it.eq_ignore_ascii_case(&group.name))
        });
        let mut refused = found;
        for (sid, group) in seen {
            if refused.0.contains_key(sid) {
                continue;
            }
            if !group.is_missed {
                group.is_missed = true;
                tracing::warn!(
                    "the refused group `{}` ({sid}) is not found any more in `{domain}`: it was renamed or deleted. \
                     Its members stay refused until the gate is started anew; write its SID into `refused_groups`, \
                     which no new name changes",
                    group.name
                );
            }
            refused.0.insert(sid.clone(), group.name.clone());
        }
        refused
    }
}

/// The configured groups that a domain has, by name or SID.
pub(super) async fn found(
    configured: &[String],
    session: &mut Session,
    root: &Root,
) -> Result<RefusedGroups, SessionError> {
    let attributes = ["sAMAccountName", "objectSid"];
    let mut refused = RefusedGroups::default();
    for groups in configured.chunks(AT_ONCE) {
        let filter = Filter::All(vec![
            Filter::is("objectClass", "group"),
            Filter::Any(groups.iter().map(|it| one(it)).collect()),
        ]);
        let search = Search {
            base: &root.base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &attributes,
            enough: None,
        };
        for (_, group) in session.search(search).await? {
            let sid = group.all("objectSid").first().and_then(|bytes| sid(bytes));
            if let (Some(name), Some(sid)) = (group.text("sAMAccountName"), sid) {
                refused.0.insert(sid, name.to_owned());
            }
        }
    }
    Ok(refused)
}

fn one(group: &str) -> Filter {
    match group.parse::<Sid>() {
        Ok(sid) => Filter::is("objectSid", sid.to_bytes()),
        Err(_) => Filter::is("sAMAccountName", group),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(of: &[(&str, &str)]) -> RefusedGroups {
        let of = of.iter();
        RefusedGroups(
            of.map(|(sid, name)| ((*sid).to_owned(), (*name).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn a_group_that_was_seen_stays_refused_when_its_name_leads_nowhere() {
        let refused = Refused::default();
        let configured = ["kings".to_owned()];
        let of = |domain| (domain, &configured[..]);
        let kings = groups(&[("S-1-5-21-1", "Kings")]);
        let none = RefusedGroups::default();
        let before = refused.with_those_before(of("a.test"), kings.clone());
        assert_eq!(before, kings);
        assert_eq!(refused.with_those_before(of("a.test"), none.clone()), kings);
        // A new group of the name is one more; another domain has its own.
        let both = groups(&[("S-1-5-21-1", "Kings"), ("S-1-5-21-2", "Kings")]);
        let new = groups(&[("S-1-5-21-2", "Kings")]);
        assert_eq!(refused.with_those_before(of("a.test"), new), both);
        assert_eq!(refused.with_those_before(of("b.test"), none.clone()), none);
        // Whoever configures something else means it.
        let others = ["Queens".to_owned()];
        let after = refused.with_those_before(("a.test", &others), none.clone());
        assert_eq!(after, none);
    }
}
