//! Clocks: Kerberos bears five minutes between any two (RFC 4120 10, and Windows by default).

use super::super::Finding;

/// From how many seconds on it does not work, and from how many on it soon may not.
const TOO_FAR: u64 = 5 * 60;
const FAR: u64 = 4 * 60;

/// What mends a clock of this machine's.
const MEND: &str = "timedatectl set-ntp true";

/// Nobody to ask, as the configuration leaves it to DNS.
pub(super) fn unnamed(service: &str, why: &str) -> Finding {
    let what = format!("no domain controller is known, as {why}; asked for was {service}");
    let mend =
        "have this machine's resolvers (/etc/resolv.conf) know the domain, or list `controllers`";
    Finding::error("controllers-not-found", what, mend)
}

/// A domain controller's time, beside ours.
pub(super) fn judge(controller: &str, ahead: &Result<i64, String>) -> Vec<Finding> {
    let seconds = match ahead {
        Ok(seconds) => *seconds,
        Err(why) => {
            let what = format!("the domain controller {controller} does not tell the time: {why}");
            let mend = "open its port to this machine, or take it out of `controllers`";
            return vec![Finding::warning("controller-silent", what, mend)];
        }
    };
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let off = seconds.unsigned_abs();
    let what = format!(
        "this machine's clock is {off} s {side} that of the domain controller {controller}; Kerberos bears {TOO_FAR} s"
    );
    if off >= TOO_FAR {
        vec![Finding::error("clock-off", what, MEND)]
    } else if off >= FAR {
        vec![Finding::warning("clock-off", what, MEND)]
    } else {
        Vec::new()
    }
}
