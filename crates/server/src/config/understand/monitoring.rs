//! `monitoring_interval` of `[sts]` and what belongs to it: how often partners' metadata is read by itself.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::monitoring::Monitoring;
use crate::config::written::Written;

/// Minutes from one reading to the next, where nothing is said: AD FS's MonitoringInterval.
const USUAL: u32 = 1_440;
/// The minutes that may be said: partners are asked by every one of their parties, and a key is rolled within a month.
const ALLOWED: RangeInclusive<u32> = 5..=43_200;

impl Understanding<'_> {
    /// How partners' metadata is read; nothing where there is no `[sts]`, or it is switched off.
    pub(super) fn monitoring(&self, written: &Written) -> Result<Option<Monitoring>, ConfigError> {
        let Some(sts) = &written.sts else {
            return Ok(None);
        };
        let minutes = match &sts.monitoring_interval {
            None => USUAL,
            Some(given) => match *given.get_ref() {
                0 => return Ok(None),
                minutes if ALLOWED.contains(&minutes) => minutes,
                other => {
                    let message = format!(
                        "`{other}` is not a number of minutes from {} to {}, and not 0, by which none is read",
                        ALLOWED.start(),
                        ALLOWED.end()
                    );
                    return Err(self.error(given, &message));
                }
            },
        };
        let existing =
            |file: &Spanned<std::path::PathBuf>| self.existing(file.get_ref(), file.span());
        let authorities = sts.monitoring_authorities.as_ref().map(existing);
        Ok(Some(Monitoring {
            interval: SignedDuration::from_mins(minutes.into()),
            allows_private: sts.monitoring_private_networks,
            authorities: authorities.transpose()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::understand::tests::{text, understood};

    fn with(more: &str) -> Result<Option<Monitoring>, String> {
        let sts = format!("[sts]\nhost = \"sts.contoso.com\"\n{more}");
        understood(&format!("{}\n{sts}", text("", ""))).map(|it| it.monitoring)
    }

    #[test]
    fn metadata_is_read_once_a_day_or_as_often_as_is_said() {
        let usual = with("").unwrap().unwrap();
        assert_eq!(usual.interval, SignedDuration::from_hours(24));
        assert!(!usual.allows_private && usual.authorities.is_none());
        let more = "monitoring_interval = 5\nmonitoring_private_networks = true\n";
        let often = with(more).unwrap().unwrap();
        assert_eq!(often.interval, SignedDuration::from_mins(5));
        assert!(often.allows_private);
        assert_eq!(with("monitoring_interval = 0\n").unwrap(), None);
    }

    #[test]
    fn an_interval_that_wears_partners_out_or_lasts_for_ever_is_refused() {
        for minutes in [1, 4, 43_201] {
            let said = with(&format!("monitoring_interval = {minutes}\n")).unwrap_err();
            assert!(
                said.contains("is not a number of minutes from 5 to 43200"),
                "{said}"
            );
        }
        let said = with("monitoring_authorities = \"/nowhere.pem\"\n").unwrap_err();
        assert!(said.contains("/nowhere.pem"), "{said}");
    }
}
