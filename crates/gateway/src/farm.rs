//! Farms: to which member a request goes (design 13, farms).
//!
//! Pure: how each member stands is told, connections and checks are the door's. Start at
//! [`Rotation::choose`].

pub mod affinity;
pub mod health;

/// The most members that one farm may have; each is looked at all the time and has metrics of its own.
pub const MAX_MEMBERS: usize = 32;
/// The largest weight of a member.
pub const MAX_WEIGHT: u32 = 1_000;

/// How a member stands when a request looks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes requests.
    Taking,
    /// It refused a connection since it was checked last: whoever is bound to it asks it first, others
    /// ask it last.
    Doubtful,
    /// Its checks failed.
    Down,
    /// An operator wants it left alone.
    Drained,
}

/// A member as a choice sees it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// How many requests it gets beside the others.
    pub weight: u32,
    /// How it stands.
    pub standing: Standing,
    /// Whether this very request could not be brought to it.
    pub was_tried: bool,
}

/// The members that a request is bound to by what went before, by their places in the farm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bound {
    /// The one that its cookie names.
    pub by_cookie: Option<usize>,
    /// The one that its client's connection has a connection to.
    pub by_connection: Option<usize>,
}

/// Whose turn it is: smooth weighted round robin, so that a heavy member's turns are spread.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    credit: Vec<i64>,
}

impl Rotation {
    /// Chooses the member of a request: the one that it is bound to, unless that is down or drained,
    /// else whose turn it is; `None` where no member is left.
    pub fn choose(&mut self, candidates: &[Candidate], bound: Bound) -> Option<usize> {
        let stays = |at: &usize| {
            candidates.get(*at).is_some_and(|it| {
                let is_there = matches!(it.standing, Standing::Taking | Standing::Doubtful);
                is_there && !it.was_tried
            })
        };
        let bound = [bound.by_cookie, bound.by_connection];
        let stays = bound.into_iter().flatten().find(stays);
        stays
            .or_else(|| self.next(candidates, Standing::Taking))
            .or_else(|| self.next(candidates, Standing::Doubtful))
    }

    /// The next of those that stand so and were not tried.
    fn next(&mut self, candidates: &[Candidate], standing: Standing) -> Option<usize> {
        self.credit.resize(candidates.len(), 0);
        let mut total = 0;
        for (credit, candidate) in self.credit.iter_mut().zip(candidates) {
            if candidate.standing == standing && !candidate.was_tried {
                *credit = credit.saturating_add(i64::from(candidate.weight));
                total += i64::from(candidate.weight);
            } else {
                // Whoever comes back begins with nothing saved and nothing owed.
                *credit = 0;
            }
        }
        let is_eligible = |at: &usize| {
            let candidate = candidates.get(*at);
            candidate.is_some_and(|it| it.standing == standing && !it.was_tried)
        };
        let eligible = (0..candidates.len()).filter(is_eligible);
        // The first of equals: `max_by_key` gives the last.
        let chosen = eligible
            .rev()
            .max_by_key(|at| self.credit.get(*at).copied())?;
        if let Some(credit) = self.credit.get_mut(chosen) {
            *credit -= total;
        }
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(standings: &[(u32, Standing)]) -> Vec<Candidate> {
        let candidate = |(weight, standing): &(u32, Standing)| Candidate {
            weight: *weight,
            standing: *standing,
            was_tried: false,
        };
        standings.iter().map(candidate).collect()
    }

    fn turns(candidates: &[Candidate], count: usize) -> Vec<Option<usize>> {
        let mut rotation = Rotation::default();
        let choose = |_| rotation.choose(candidates, Bound::default());
        (0..count).map(choose).collect()
    }

    #[test]
    fn each_gets_its_weight_and_a_heavy_one_s_turns_are_spread() {
        let of_weight = |weights: [u32; 3]| candidates(&weights.map(|it| (it, Standing::Taking)));
        let plain: Vec<_> = turns(&of_weight([1, 1, 1]), 6);
        assert_eq!(plain, [0, 1, 2, 0, 1, 2].map(Some));
        let heavy = turns(&of_weight([5, 1, 1]), 7);
        assert_eq!(heavy, [0, 0, 1, 0, 2, 0, 0].map(Some));
        let many = turns(&of_weight([3, 2, 1]), 600);
        let count = |at| many.iter().filter(|it| **it == Some(at)).count();
        assert_eq!([count(0), count(1), count(2)], [300, 200, 100]);
    }

    #[test]
    fn down_and_drained_members_get_nothing_and_no_member_left_is_none() {
        use Standing::{Down, Drained, Taking};
        let some = candidates(&[(1, Down), (1, Taking), (1, Drained)]);
        assert_eq!(turns(&some, 3), [Some(1); 3]);
        assert_eq!(turns(&candidates(&[(1, Down), (1, Drained)]), 1), [None]);
        assert_eq!(turns(&[], 1), [None]);
    }

    #[test]
    fn a_doubtful_member_is_asked_where_no_other_takes_requests() {
        use Standing::{Doubtful, Down, Taking};
        assert_eq!(
            turns(&candidates(&[(9, Doubtful), (1, Taking)]), 2),
            [Some(1); 2]
        );
        assert_eq!(
            turns(&candidates(&[(1, Down), (1, Doubtful)]), 1),
            [Some(1)]
        );
    }

    #[test]
    fn a_cookie_goes_before_a_connection_and_both_before_the_turn() {
        use Standing::{Doubtful, Taking};
        let all = candidates(&[(1, Taking), (1, Taking), (1, Doubtful)]);
        let mut rotation = Rotation::default();
        let mut chosen = |by_cookie, by_connection| {
            let bound = Bound {
                by_cookie,
                by_connection,
            };
            rotation.choose(&all, bound)
        };
        assert_eq!(chosen(Some(1), Some(0)), Some(1));
        assert_eq!(chosen(Some(2), None), Some(2), "its session is there");
        assert_eq!(chosen(None, Some(1)), Some(1));
        assert_eq!(chosen(Some(7), None), Some(0), "there is no such member");
    }

    #[test]
    fn who_is_bound_to_a_drained_or_down_member_or_could_not_be_brought_to_it_goes_elsewhere() {
        use Standing::{Down, Drained, Taking};
        for standing in [Down, Drained] {
            let all = candidates(&[(1, standing), (1, Taking)]);
            let bound = Bound {
                by_cookie: Some(0),
                by_connection: Some(0),
            };
            assert_eq!(Rotation::default().choose(&all, bound), Some(1));
        }
        let mut all = candidates(&[(1, Taking), (1, Taking)]);
        all[0].was_tried = true;
        let bound = Bound {
            by_cookie: Some(0),
            by_connection: None,
        };
        let mut rotation = Rotation::default();
        assert_eq!(rotation.choose(&all, bound), Some(1));
        all[1].was_tried = true;
        assert_eq!(rotation.choose(&all, bound), None, "each is tried once");
    }
}
