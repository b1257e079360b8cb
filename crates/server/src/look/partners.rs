//! Partners' metadata that is read by itself: what the store says was seen last.

use std::time::Duration;

use jiff::Timestamp;
use sts::admin::trusts::{self, TrustError};
use sts::monitor::{self, Monitored};
use sts::ports::{Outcome, PartnerReading, PartnerReadings as _};

use super::{Look, one, within};
use crate::clock;
use crate::config::Settings;
use crate::doctor::wire::{Partner, Seen, Stands};
use crate::wiring::keeping;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// One look, where there are trusts.
pub(super) fn look(settings: &Settings) -> Option<Look> {
    settings.sts.as_ref().and(settings.store.as_ref())?;
    let settings = settings.clone();
    Some(one(async move {
        Seen::Partners {
            partners: within(PATIENCE, partners(&settings)).await,
        }
    }))
}

/// Those with whom not all is well.
async fn partners(settings: &Settings) -> Result<Vec<Partner>, String> {
    let store = keeping::open(settings).await;
    let store = store.map_err(|error| error.to_string())?;
    let asking = async {
        let readings = store.partner_readings().await?;
        let monitored = monitor::monitored(trusts::all(&store).await?);
        let is_read = settings.monitoring.is_some();
        let (now, each) = (clock::now(), monitored.into_iter());
        let each = each.filter_map(|it| match is_read {
            true => seen(&it, &readings, now),
            false => it.is_followed.then(|| partner(&it, Stands::NeverRead, "")),
        });
        Ok(each.collect())
    };
    let partners: Result<_, TrustError> = asking.await;
    store.close().await;
    partners.map_err(|error| error.to_string())
}

/// What somebody should see to, of a trust whose metadata is read by itself here.
fn seen(it: &Monitored, readings: &[PartnerReading], now: Timestamp) -> Option<Partner> {
    let reading = it.reading(readings)?;
    match reading.outcome {
        _ if reading.is_overdue(now) => {
            Some(partner(it, Stands::Overdue, &reading.next_at.to_string()))
        }
        Outcome::Current | Outcome::Taken => None,
        Outcome::Waiting => Some(partner(it, Stands::Waiting, &reading.said)),
        Outcome::Unread => Some(partner(it, Stands::Unread, &reading.said)),
    }
}

fn partner(it: &Monitored, stands: Stands, said: &str) -> Partner {
    Partner {
        name: it.found.trust.name.clone(),
        stands,
        said: said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use sts::admin::trusts::Found;
    use sts::ports::KeptTrust;
    use sts::trust::Kind;
    use sts::trust::written::Written;

    use super::*;

    #[test]
    fn t_mex_1_what_nobody_reads_any_more_is_told_before_what_was_seen() {
        let text = r#"{"version": 1, "relying_party": [{"name": "Time", "identifiers": ["urn:t"],
            "metadata": {"url": "https://time.example/m.xml", "is_monitored": true}}]}"#;
        let found = Found {
            revision: 7,
            written: Written::of_json(text).unwrap(),
            trust: KeptTrust {
                kind: Kind::RelyingParty,
                name: "Time".to_owned(),
                identifiers: Vec::new(),
                text: text.to_owned(),
            },
        };
        let monitored = monitor::monitored(vec![found]).remove(0);
        let after = |minutes: i64, outcome: Outcome| {
            let reading = PartnerReading {
                trust: 7,
                at: Timestamp::UNIX_EPOCH,
                good_at: None,
                next_at: Timestamp::UNIX_EPOCH,
                failures: 0,
                outcome,
                said: String::new(),
            };
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
            seen(&monitored, &[reading], now).map(|it| it.stands)
        };
        for (outcome, in_time) in [
            (Outcome::Current, None),
            (Outcome::Taken, None),
            (Outcome::Waiting, Some(Stands::Waiting)),
            (Outcome::Unread, Some(Stands::Unread)),
        ] {
            assert_eq!(after(60, outcome), in_time);
            assert_eq!(after(61, outcome), Some(Stands::Overdue));
        }
        assert_eq!(seen(&monitored, &[], Timestamp::MAX), None);
    }
}
