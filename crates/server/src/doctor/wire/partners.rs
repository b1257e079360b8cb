//! Partners' metadata that is read by itself: a partner's new key that is not taken ends its sign-ins one day.

use super::super::Finding;
use super::{Partner, Stands};
use crate::cli::as_an_argument;

/// What an administrator should do something about.
pub(super) fn judge(seen: &Result<Vec<Partner>, String>) -> Vec<Finding> {
    let partners = match seen {
        Ok(partners) => partners,
        Err(why) => {
            let what = format!("what was seen at partners' metadata is not known: {why}");
            let finding = Finding::warning("partners-unknown", what, "wicketgate db status");
            return vec![finding];
        }
    };
    let of = |it: &Partner| {
        let (name, said) = (&it.name, &it.said);
        match it.stands {
            Stands::Waiting => {
                let what = format!("changes of the partner of the trust `{name}` wait: {said}");
                let mend = format!("wicketgate trust refresh {}", as_an_argument(name));
                Finding::warning("partner-changes-wait", what, mend)
            }
            Stands::Unread => {
                let what = format!(
                    "the metadata of the trust `{name}` is not taken, so that a new key of its partner would not be known: {said}"
                );
                let mend = format!(
                    "wicketgate trust refresh {} --dry-run",
                    as_an_argument(name)
                );
                Finding::warning("partner-unread", what, mend)
            }
            Stands::Overdue => {
                let what = format!(
                    "the metadata of the trust `{name}` was to be read again at {said}, and nobody did, so that a new key of its \
                     partner would not be known"
                );
                let mend = "look whether a gate of this store runs, and what it logs of partners' metadata";
                Finding::warning("partner-overdue", what, mend)
            }
            Stands::NeverRead => {
                let what = format!(
                    "the trust `{name}` is to follow its partner's metadata, and none is read by itself: a new key of its partner \
                     would not be known"
                );
                let mend = "set `monitoring_interval` of [sts] to its minutes, or `is_followed` of the trust's metadata to false";
                Finding::warning("partner-not-monitored", what, mend)
            }
        }
    };
    partners.iter().map(of).collect()
}
