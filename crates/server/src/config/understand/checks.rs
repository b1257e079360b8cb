//! `[farm.health]`: how it is found out whether a member is up.

use std::time::Duration;

use gateway::farm::health::Thresholds;
use http::uri::PathAndQuery;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::Health;
use crate::config::written;

/// Seconds from one check to the next.
const INTERVAL: u32 = 5;
/// The same at most: a member that is away must be found out before everybody has noticed.
const MAX_INTERVAL: u32 = 300;
/// Seconds that a check may take.
const TIMEOUT: u32 = 3;
/// The same at most.
const MAX_TIMEOUT: u32 = 60;
/// Checks in a row that must agree.
const IN_A_ROW: u32 = 2;
/// The same at most.
const MAX_IN_A_ROW: u32 = 10;

impl Understanding<'_> {
    pub(super) fn health(&self, written: &written::Health) -> Result<Health, ConfigError> {
        let seconds = |given, usual, most| {
            let seconds = self.within(given, usual, most)?;
            Ok(Duration::from_secs(u64::from(seconds)))
        };
        if let (None, Some(status)) = (&written.path, written.status.first()) {
            let message = "a status is answered to a `path`, and none is asked for; add it";
            return Err(self.error(status, message));
        }
        Ok(Health {
            path: written.path.as_ref().map(|it| self.asked(it)).transpose()?,
            statuses: self.statuses(&written.status)?,
            interval: seconds(written.interval.as_ref(), INTERVAL, MAX_INTERVAL)?,
            timeout: seconds(written.timeout.as_ref(), TIMEOUT, MAX_TIMEOUT)?,
            thresholds: Thresholds {
                fall: self.within(written.fall.as_ref(), IN_A_ROW, MAX_IN_A_ROW)?,
                rise: self.within(written.rise.as_ref(), IN_A_ROW, MAX_IN_A_ROW)?,
            },
        })
    }

    fn asked(&self, path: &Spanned<String>) -> Result<PathAndQuery, ConfigError> {
        let typed = path.get_ref();
        let parsed = PathAndQuery::try_from(typed.as_str()).ok();
        let parsed = parsed.filter(|_| typed.starts_with('/'));
        parsed.ok_or_else(|| {
            let message = format!("`{typed}` is not a path such as `/health`");
            self.error(path, &message)
        })
    }

    fn statuses(&self, written: &[Spanned<u16>]) -> Result<Vec<u16>, ConfigError> {
        let status = |status: &Spanned<u16>| match *status.get_ref() {
            known @ 200..=599 => Ok(known),
            other => {
                let message = format!("`{other}` is not a status from 200 to 599");
                Err(self.error(status, &message))
            }
        };
        written.iter().map(status).collect()
    }

    /// A number from 1 on.
    pub(super) fn within(
        &self,
        given: Option<&Spanned<u32>>,
        usual: u32,
        most: u32,
    ) -> Result<u32, ConfigError> {
        let Some(given) = given else { return Ok(usual) };
        match *given.get_ref() {
            number if (1..=most).contains(&number) => Ok(number),
            other => {
                let message = format!("`{other}` is not a number from 1 to {most}");
                Err(self.error(given, &message))
            }
        }
    }
}
