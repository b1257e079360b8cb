//! TLS of old Windows and old phones: asked for by name, only where this program can speak it, and on a
//! listener for no longer than a day that is written down.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::{LegacyTls, Listener, Tls};
use crate::config::written;
use crate::legacy;

/// How many days before its end a listener is warned of.
const NEAR: i64 = 30;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

impl Understanding<'_> {
    /// Looks whether the TLS that a farm asks for can be spoken, and warns of what is weak.
    pub(super) fn old_tls(
        &self,
        farm: &written::Farm,
        warnings: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        let Some(tls) = &farm.tls else {
            return Ok(());
        };
        let weak = match tls.get_ref() {
            Tls::Modern => return Ok(()),
            Tls::Legacy => None,
            Tls::LegacyTls10 => Some(format!(
                "farm `{}` may speak TLS 1.0, whose handshakes are signed over SHA-1; switch TLS 1.2 on \
                 there and write `legacy` as soon as you can",
                farm.name.get_ref()
            )),
        };
        self.is_built(tls, legacy::IS_BUILT)?;
        warnings.extend(weak);
        Ok(())
    }

    /// For how long a listener speaks TLS of old phones.
    pub(super) fn listener_tls(
        &self,
        listener: &written::Listener,
    ) -> Result<Option<LegacyTls>, ConfigError> {
        let Some(written) = &listener.legacy_tls else {
            return Ok(None);
        };
        self.is_built(written, legacy::IS_BUILT)?;
        let written::LegacyTls { until, reason } = written.get_ref();
        let wrong = || {
            let message = "this is no day such as `2027-06-30`";
            self.error(until, message)
        };
        let day: Date = until.get_ref().parse().map_err(|_| wrong())?;
        let ends = day.tomorrow().and_then(|it| it.to_zoned(TimeZone::UTC));
        if reason.get_ref().trim().is_empty() {
            let message = "write your reason, so that whoever reads `check` knows whom to ask";
            return Err(self.error(reason, message));
        }
        Ok(Some(LegacyTls {
            until: day,
            ends: ends.map_err(|_| wrong())?.timestamp(),
            reason: reason.get_ref().clone(),
            place: self.place(until.span()),
        }))
    }

    pub(super) fn is_built<T>(
        &self,
        asked: &Spanned<T>,
        is_built: bool,
    ) -> Result<(), ConfigError> {
        if is_built {
            return Ok(());
        }
        let message = "this needs OpenSSL, which this program was built without: install the package \
                       `wicketgate-legacy-tls`, or build with `--features legacy-tls-vendored`";
        Err(self.error(asked, message))
    }
}

/// What should be looked at: every listener that speaks TLS of old phones, and for how long it still does.
pub(crate) fn of_the_day(listeners: &[Listener], now: Timestamp) -> Vec<String> {
    let legacy = |listener: &Listener| {
        let legacy = listener.legacy_tls.as_ref()?;
        Some(warning(listener, legacy, now))
    };
    listeners.iter().filter_map(legacy).collect()
}

fn warning(listener: &Listener, legacy: &LegacyTls, now: Timestamp) -> String {
    let (address, until) = (listener.address, legacy.until);
    if legacy.is_over(now) {
        return format!(
            "the listener {address} is not opened: `legacy_tls` ended with {until}; take it away, or write \
             a later day"
        );
    }
    let reason = &legacy.reason;
    let days = legacy.ends.duration_since(now).as_secs() / DAY;
    if days < NEAR {
        return format!(
            "the listener {address} speaks TLS 1.0 until {until} and is closed in {days} days (`{reason}`); \
             whoever needs it must be gone by then"
        );
    }
    format!("the listener {address} speaks TLS 1.0 until {until} (`{reason}`)")
}
