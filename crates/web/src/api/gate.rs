//! The audit trail, and the members of farms.

use std::collections::BTreeSet;

use authn::account::AccountId;
use authn::admin;
use authn::audit::Kind;
use authn::drain::{Drain, Drained};
use authn::ports::ChainedEvent;
use jiff::Timestamp;
use serde_json::Value;

use super::accounts::of_admin;
use super::fields::Fault;
use super::problem::Problem;
use super::{Api, Call, Told, listed, shapes};

/// How many events are read at a time.
const AT_A_TIME: u32 = 1_024;
/// How many events are looked at for one page; whoever asks goes on behind them.
const MOST_LOOKED_AT: i64 = 20_000;

/// Which events are asked for; all where nothing is.
struct Wanted<'c> {
    account: Option<AccountId>,
    event: Option<&'c str>,
    since: Option<Timestamp>,
}

impl Wanted<'_> {
    fn takes(&self, ChainedEvent { event, .. }: &ChainedEvent) -> bool {
        let account = self.account.as_ref();
        account.is_none_or(|it| event.account.as_ref() == Some(it))
            && self.event.is_none_or(|it| event.kind.word() == it)
            && self.since.is_none_or(|it| event.at >= it)
    }
}

impl Api {
    /// Events of the audit trail.
    pub(super) async fn audit(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let after = match call.query.text("after").map(str::parse::<i64>) {
            None => 0,
            Some(Ok(after)) if after >= 0 => after,
            Some(_) => return Err(Fault::at("after", "the `next` of the page before").into()),
        };
        let wanted = self.wanted(call).await?;
        let (count, audit) = (call.count(), &self.ports.attempt.audit);
        let (mut items, mut last) = (Vec::new(), after);
        let end = after.saturating_add(MOST_LOOKED_AT);
        loop {
            let read = audit.read(last.saturating_add(1), AT_A_TIME).await?;
            for event in &read {
                if items.len() == count || last >= end {
                    return Ok(listed(items, Some(last.to_string())));
                }
                last = event.number;
                if wanted.takes(event) {
                    items.push(shapes::event(event));
                }
            }
            if read.len() < usize::try_from(AT_A_TIME).unwrap_or(usize::MAX) {
                return Ok(listed(items, None));
            }
        }
    }

    /// What is asked for, with the account that a name leads to.
    async fn wanted<'c>(&self, call: &'c Call<'_>) -> Result<Wanted<'c>, Problem> {
        let event = call.query.text("event");
        if event.is_some_and(|it| !Kind::is_word(it)) {
            return Err(Fault::at("event", "the kind of an event, as `refused`").into());
        }
        let account = match call.query.text("account") {
            Some(name) => Some(self.account_called(name).await?.id),
            None => None,
        };
        Ok(Wanted {
            account,
            event,
            since: call.query.moment("since"),
        })
    }

    /// The members of all farms, and those that are drained and configured no longer.
    pub(super) async fn farms(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let drained = self.drains.drained().await?;
        let key = |it: &Drained| format!("{} {}", it.farm, it.member);
        let all = self.members(&drained).into_iter().collect();
        Ok(call.page(all, key, |it| self.shown(it, &drained)))
    }

    /// Drains a member of a farm, or all.
    pub(super) async fn drain(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let farm = call.named(0);
        let members = self.known.farms.get(farm).ok_or_else(no_farm)?;
        let all: Vec<String> = members.iter().map(|it| it.address.clone()).collect();
        let keep_one_of = match call.body.is_said("force") {
            true => Vec::new(),
            false => all.clone(),
        };
        let order = Drain {
            farm: farm.to_owned(),
            members: chosen(call, &all)?,
            keep_one_of,
        };
        let drained = admin::drain(&*self.drains, order, &call.by).await;
        drained.map_err(of_admin)?;
        self.of_farm(farm).await
    }

    /// Gives a member back, or all of a farm.
    pub(super) async fn undrain(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let farm = call.named(0);
        let drained = self.drains.drained().await?;
        let known = self.members(&drained).into_iter();
        let all: Vec<String> = known
            .filter(|it| it.farm == farm)
            .map(|it| it.member)
            .collect();
        if all.is_empty() {
            return Err(no_farm());
        }
        let members = chosen(call, &all)?;
        self.drains.undrain(farm, members, &call.by).await?;
        self.of_farm(farm).await
    }

    async fn of_farm(&self, farm: &str) -> Result<Told, Problem> {
        let drained = self.drains.drained().await?;
        let members = self.members(&drained).into_iter();
        let members = members.filter(|it| it.farm == farm);
        let items = members.map(|it| self.shown(&it, &drained)).collect();
        Ok(listed(items, None))
    }

    fn members(&self, drained: &BTreeSet<Drained>) -> BTreeSet<Drained> {
        let configured = self.known.farms.iter().flat_map(|(farm, members)| {
            members.iter().map(|it| Drained {
                farm: farm.clone(),
                member: it.address.clone(),
            })
        });
        configured.chain(drained.iter().cloned()).collect()
    }

    fn shown(&self, member: &Drained, drained: &BTreeSet<Drained>) -> Value {
        let of_farm = self.known.farms.get(&member.farm).into_iter().flatten();
        let mut configured = of_farm.filter(|it| it.address == member.member);
        let weight = configured.next().map(|it| it.weight);
        let named = (member.farm.as_str(), member.member.as_str());
        shapes::member(named, weight, drained.contains(member))
    }
}

fn no_farm() -> Problem {
    Problem::NotThere("there is no such farm".to_owned())
}

/// The member that is meant, or all.
fn chosen(call: &Call<'_>, all: &[String]) -> Result<Vec<String>, Fault> {
    match call.body.text("member") {
        None => Ok(all.to_vec()),
        Some(member) if all.iter().any(|it| it == member) => Ok(vec![member.to_owned()]),
        Some(_) => Err(Fault::at("/member", format!("one of {}", all.join(", ")))),
    }
}
