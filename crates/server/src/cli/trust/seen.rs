//! What was seen at the metadata of a trust that is monitored, as `trust list` and `trust show` say it.

use jiff::Timestamp;
use serde::Serialize;
use sts::admin::trusts::Found;
use sts::ports::{Outcome, PartnerReading};

/// What was seen last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Seen {
    outcome: &'static str,
    said: String,
    read: Timestamp,
    good: Option<Timestamp>,
    next: Timestamp,
    is_overdue: bool,
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    is: Outcome,
}

impl Seen {
    /// What was seen of a trust, as its last change left it, and as it stands now.
    pub(super) fn of(found: &Found, readings: &[PartnerReading], now: Timestamp) -> Option<Self> {
        let mut readings = readings.iter();
        let reading = readings.find(|it| it.trust == found.revision)?;
        Some(Self {
            outcome: reading.outcome.word(),
            said: reading.said.clone(),
            read: reading.at,
            good: reading.good_at,
            next: reading.next_at,
            is_overdue: reading.is_overdue(now),
            name: found.trust.name.clone(),
            is: reading.outcome,
        })
    }

    /// What an administrator should know of it; nothing where all is well.
    pub(super) fn sentence(&self) -> Option<String> {
        if self.is_overdue {
            return Some(format!(
                "its metadata was to be read again at {}, and nobody did: is a gate running, and is `monitoring_interval` of \
                 [sts] not 0?",
                self.next
            ));
        }
        match self.is {
            Outcome::Current | Outcome::Taken => None,
            Outcome::Waiting => Some(format!(
                "changes wait: run wicketgate trust refresh {}",
                as_an_argument(&self.name)
            )),
            Outcome::Unread => {
                let since = match self.good {
                    Some(good) => format!("was taken last at {good}, and not since"),
                    None => "was never taken by itself".to_owned(),
                };
                let name = as_an_argument(&self.name);
                Some(format!(
                    "its metadata {since}: {}; see wicketgate trust refresh {name} --dry-run",
                    self.said
                ))
            }
        }
    }
}

/// A name as a shell takes it for one word.
pub(crate) fn as_an_argument(name: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "-_.@".contains(it);
    match name.chars().all(is_plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use sts::ports::KeptTrust;
    use sts::trust::Kind;
    use sts::trust::written::Written;

    use super::*;

    fn sentence(revision: i64, outcome: Outcome, good_at: Option<Timestamp>) -> Option<String> {
        sentence_after(SignedDuration::ZERO, (revision, outcome, good_at))
    }

    fn sentence_after(
        late: SignedDuration,
        (revision, outcome, good_at): (i64, Outcome, Option<Timestamp>),
    ) -> Option<String> {
        let found = Found {
            revision: 7,
            trust: KeptTrust {
                kind: Kind::RelyingParty,
                name: "Time sheets".to_owned(),
                identifiers: Vec::new(),
                text: String::new(),
            },
            written: Written::default(),
        };
        let reading = PartnerReading {
            trust: revision,
            at: Timestamp::UNIX_EPOCH,
            good_at,
            next_at: Timestamp::UNIX_EPOCH,
            failures: 1,
            outcome,
            said: "no TLS".to_owned(),
        };
        let now = Timestamp::UNIX_EPOCH + late;
        Seen::of(&found, &[reading], now).and_then(|it| it.sentence())
    }

    #[test]
    fn t_mex_1_metadata_that_nobody_reads_any_more_is_said() {
        for outcome in [
            Outcome::Current,
            Outcome::Taken,
            Outcome::Waiting,
            Outcome::Unread,
        ] {
            let after = |late| sentence_after(late, (7, outcome, None));
            let in_time = after(SignedDuration::from_hours(1));
            assert!(in_time.is_none_or(|it| !it.contains("nobody did")));
            let said = after(SignedDuration::from_mins(61)).unwrap();
            assert!(
                said.contains("at 1970-01-01T00:00:00Z, and nobody did"),
                "{said}"
            );
        }
    }

    #[test]
    fn what_waits_or_is_not_read_is_said_and_nothing_else() {
        let waits = "changes wait: run wicketgate trust refresh 'Time sheets'";
        assert_eq!(sentence(7, Outcome::Waiting, None).as_deref(), Some(waits));
        let look = "see wicketgate trust refresh 'Time sheets' --dry-run";
        let never = format!("its metadata was never taken by itself: no TLS; {look}");
        assert_eq!(sentence(7, Outcome::Unread, None), Some(never));
        let since = "its metadata was taken last at 1970-01-01T00:00:00Z, and not since: no TLS";
        let since = format!("{since}; {look}");
        let good = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(sentence(7, Outcome::Unread, good), Some(since));
        for outcome in [Outcome::Current, Outcome::Taken] {
            assert_eq!(sentence(7, outcome, good), None);
        }
        assert_eq!(
            sentence(6, Outcome::Waiting, good),
            None,
            "it was changed since"
        );
    }

    #[test]
    fn a_name_is_one_word_of_a_shell() {
        assert_eq!(as_an_argument("Lync-Ext"), "Lync-Ext");
        assert_eq!(as_an_argument("it's; rm"), "'it'\\''s; rm'");
    }
}
