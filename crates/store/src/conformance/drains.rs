//! Conformance of [`Drains`](authn::ports::Drains).

use std::collections::BTreeSet;
use std::sync::Arc;

use ::authn::audit::{Actor, ByHand, Kind};
use ::authn::drain::{Drain, Drained};
use ::authn::ports::Unavailable;

use super::{Conforming, at};

fn by() -> ByHand {
    ByHand {
        at: at(1),
        actor: Actor::named("root"),
        origin: None,
    }
}

fn order(farm: &str, members: &[&str], keep_one_of: &[&str]) -> Drain {
    Drain {
        farm: farm.to_owned(),
        members: owned(members),
        keep_one_of: owned(keep_one_of),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn drained(pairs: &[(&str, &str)]) -> BTreeSet<Drained> {
    let drained = |(farm, member): &(&str, &str)| Drained {
        farm: (*farm).to_owned(),
        member: (*member).to_owned(),
    };
    pairs.iter().map(drained).collect()
}

/// Once for each, with one event, and no other farm's.
pub async fn a_drained_member_is_listed_until_it_is_given_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(store.drained().await?, drained(&[]));
    for (farm, members, new) in [
        ("pool", &["a", "b"][..], &["a", "b"][..]),
        ("pool", &["b", "c"], &["c"]),
        ("mail", &["a"], &["a"]),
    ] {
        let said = store.drain(order(farm, members, &[]), &by()).await?;
        assert_eq!(said, Ok(owned(new)));
    }
    let all = [("mail", "a"), ("pool", "a"), ("pool", "b"), ("pool", "c")];
    assert_eq!(store.drained().await?, drained(&all));
    let given_back = store
        .undrain("pool", owned(&["c", "x", "a"]), &by())
        .await?;
    assert_eq!(given_back, owned(&["c", "a"]));
    let rest = [("mail", "a"), ("pool", "b")];
    assert_eq!(store.drained().await?, drained(&rest));
    let trail = store.read(1, 100).await?;
    let mut told = Vec::new();
    for chained in &trail {
        assert_eq!(chained.event.actor, Some(Actor::named("root")));
        match &chained.event.kind {
            Kind::MemberDrained { farm, member } => told.push(format!("+{farm}/{member}")),
            Kind::MemberUndrained { farm, member } => told.push(format!("-{farm}/{member}")),
            _ => {}
        }
    }
    let expected = [
        "+pool/a", "+pool/b", "+pool/c", "+mail/a", "-pool/c", "-pool/a",
    ];
    assert_eq!(told, expected);
    Ok(())
}

/// Nothing of it is written without.
pub async fn the_last_member_in_use_is_drained_by_force_only<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let members = &["a", "b"][..];
    let first = store.drain(order("pool", &["a"], members), &by()).await?;
    assert_eq!(first, Ok(owned(&["a"])));
    for last in [&["b"][..], members] {
        let said = store.drain(order("pool", last, members), &by()).await?;
        assert!(said.is_err());
    }
    assert_eq!(store.drained().await?, drained(&[("pool", "a")]));
    assert_eq!(store.read(1, 100).await?.len(), 1);
    let forced = store.drain(order("pool", members, &[]), &by()).await?;
    assert_eq!(forced, Ok(owned(&["b"])));
    Ok(())
}
