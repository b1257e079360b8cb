//! Logon information of tickets: whatever SID is read in it has a text form that is read as the same.

use proto::kerberos::pac::owner;

/// Feeds one input; says whether somebody is named in it.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(owner) = owner(data) else {
        return false;
    };
    let text = owner.sid.to_string();
    assert_eq!(text.parse().as_ref(), Ok(&owner.sid));
    true
}
