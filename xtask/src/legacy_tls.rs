//! By which OpenSSL the feature `legacy-tls` is built for tests: the system's, where it is there or can be
//! installed; else one that is compiled with it, which takes minutes.

use std::process::Stdio;

use crate::packages::{self, Wanted};
use crate::run::{command, say};

/// What the system's needs, as Debian names it.
const PACKAGES: [&str; 2] = ["libssl-dev", "pkg-config"];
/// The feature with the system's.
const OF_THE_SYSTEM: &str = "wicketgate/legacy-tls";
/// The feature with one of its own.
const VENDORED: &str = "wicketgate/legacy-tls-vendored";

/// The feature that tests are built with; what it needs is installed.
///
/// # Errors
///
/// apt-get fails.
pub(crate) fn feature() -> anyhow::Result<&'static str> {
    if is_there() {
        return Ok(OF_THE_SYSTEM);
    }
    match packages::install(&PACKAGES)? {
        Wanted::Present => Ok(OF_THE_SYSTEM),
        Wanted::Missing(reason) => {
            say(&format!(
                "{reason}: OpenSSL is compiled, which takes minutes"
            ));
            Ok(VENDORED)
        }
    }
}

/// Whether there is one to link with, however it was installed.
fn is_there() -> bool {
    let mut asking = command("pkg-config");
    asking.args(["--exists", "openssl >= 3"]);
    let asked = asking.stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}
