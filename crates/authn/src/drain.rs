//! Members of farms that an operator wants to be left alone for a while.
//!
//! This room knows farms by name only; it is here because what is done by hand is written with its audit
//! event in one transaction. Start at [`Drain`].

use std::collections::BTreeSet;

use crate::audit::{ByHand, Event, Kind};

/// A member that gets no new requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drained {
    /// Its farm.
    pub farm: String,
    /// What it is called: its address.
    pub member: String,
}

/// What an operator wants of the members of one farm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// The farm.
    pub farm: String,
    /// Which members.
    pub members: Vec<String>,
    /// Of whom one must stay in use; whoever insists leaves it empty.
    pub keep_one_of: Vec<String>,
}

/// Nothing was drained: no member of the farm would be left in use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no member of the farm `{farm}` would be left in use")]
pub struct NoneLeft {
    /// The farm.
    pub farm: String,
}

impl Drained {
    /// The event of its being drained.
    #[must_use]
    pub fn begins(self, by: &ByHand) -> Event {
        let Self { farm, member } = self;
        Event::by_hand(by, Kind::MemberDrained { farm, member }, None)
    }

    /// The event of its being used again.
    #[must_use]
    pub fn ends(self, by: &ByHand) -> Event {
        let Self { farm, member } = self;
        Event::by_hand(by, Kind::MemberUndrained { farm, member }, None)
    }
}

impl Drain {
    /// The members that are to be drained and are not yet, as this farm's stand.
    ///
    /// # Errors
    ///
    /// None would be left in use.
    pub fn on(&self, drained: &BTreeSet<String>) -> Result<Vec<String>, NoneLeft> {
        let is_drained = |it: &String| drained.contains(it) || self.members.contains(it);
        if !self.keep_one_of.is_empty() && self.keep_one_of.iter().all(is_drained) {
            return Err(NoneLeft {
                farm: self.farm.clone(),
            });
        }
        let new = self.members.iter().filter(|it| !drained.contains(*it));
        Ok(new.cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_last_member_in_use_stays_unless_somebody_insists() {
        let mut drain = Drain {
            farm: "pool".to_owned(),
            members: names(&["b"]),
            keep_one_of: names(&["a", "b"]),
        };
        let after =
            |drain: &Drain, drained: &[&str]| drain.on(&names(drained).into_iter().collect());
        assert_eq!(after(&drain, &[]), Ok(names(&["b"])));
        assert_eq!(after(&drain, &["b"]), Ok(names(&[])), "it is drained");
        assert!(after(&drain, &["a"]).is_err());
        assert_eq!(after(&drain, &["gone"]), Ok(names(&["b"])));
        drain.keep_one_of.clear();
        assert_eq!(after(&drain, &["a"]), Ok(names(&["b"])));
    }
}
