//! An export of the audit trail, line by line.

use authn::audit::export::Exported;

/// Feeds one input; says whether it is whole.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut exported = Exported::default();
    let read = text.lines().try_for_each(|line| exported.line(line));
    read.is_ok() && exported.finish().is_ok()
}
