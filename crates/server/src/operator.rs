//! Who runs this process, as the audit trail names them.
//!
//! SECURITY: a hint for an honest reader of the trail, not a proof: whoever may run the command line
//! on the store can set an environment too.

use std::os::unix::fs::MetadataExt;

use authn::audit::{Actor, ByHand};

use crate::clock;

/// What is done by hand, by whoever runs this process, at this moment.
pub(crate) fn by_hand() -> ByHand {
    ByHand {
        at: clock::now(),
        actor: actor(|name| std::env::var(name).ok(), uid()),
        origin: None,
    }
}

/// The user who asked for root's rights, else the user who is logged in, else the number.
fn actor(variable: impl Fn(&str) -> Option<String>, uid: Option<u32>) -> Actor {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .filter_map(variable)
        .find(|name| !name.trim().is_empty());
    let name = match (named, uid) {
        (Some(name), _) => name,
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "unknown".to_owned(),
    };
    Actor::named(&name)
}

/// The user's number, which the system shows as the owner of the process.
fn uid() -> Option<u32> {
    std::fs::metadata("/proc/self")
        .ok()
        .map(|process| process.uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(variables: &[(&str, &str)], uid: Option<u32>) -> String {
        let variable = |asked: &str| {
            let found = variables.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| (*value).to_owned())
        };
        actor(variable, uid).as_str().to_owned()
    }

    #[test]
    fn the_actor_is_who_asked_for_the_rights_of_root() {
        let all = [("USER", "root"), ("LOGNAME", "anna"), ("SUDO_USER", "ben")];
        assert_eq!(named(&all, Some(0)), "ben");
        assert_eq!(named(&all[..2], Some(0)), "root");
        assert_eq!(named(&all[1..2], Some(0)), "anna");
        assert_eq!(named(&[("SUDO_USER", " "), ("USER", "")], Some(7)), "uid 7");
        assert_eq!(named(&[], None), "unknown");
        assert!(uid().is_some());
    }

    #[test]
    fn an_actor_cannot_write_lines_of_its_own() {
        let named = named(&[("USER", "an\nna")], None);
        assert_eq!(named, "an\u{fffd}na");
    }
}
