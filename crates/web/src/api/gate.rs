//! The audit trail, and the members of farms.

use std::collections::BTreeSet;

use authn::admin;
use authn::drain::{Drain, Drained};
use serde_json::Value;

use super::accounts::of_admin;
use super::fields::Fault;
use super::problem::Problem;
use super::{Api, Call, Told, listed, shapes};

impl Api {
    /// Events of the audit trail.
    pub(super) async fn audit(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let after = match call.query.text("after").map(str::parse::<i64>) {
            None => 0,
            Some(Ok(after)) if after >= 0 => after,
            Some(_) => return Err(Fault::at("after", "the `next` of the page before").into()),
        };
        let count = call.count();
        // One more than is told says whether there is a next page.
        let asked = u32::try_from(count.saturating_add(1)).unwrap_or(u32::MAX);
        let first = after.saturating_add(1);
        let mut events = self.ports.attempt.audit.read(first, asked).await?;
        let has_more = events.len() > count;
        events.truncate(count);
        let last = events.last().map(|it| it.number.to_string());
        let items = events.iter().map(shapes::event).collect();
        Ok(listed(items, last.filter(|_| has_more)))
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
