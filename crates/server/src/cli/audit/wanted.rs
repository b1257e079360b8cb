//! Which events are wanted: of whom, of what kind, from where, of which request.

use std::collections::BTreeSet;
use std::net::IpAddr;

use authn::account::AccountId;
use authn::audit::{Event, Kind};
use ipnet::IpNet;

use crate::cli::CliError;
use crate::wiring::Desk;

/// What is asked for; everything where nothing is.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Only events about this account; several may be named
    #[arg(long, value_name = "NAME")]
    account: Vec<String>,
    /// Only events of this kind, as `refused`; several may be named
    #[arg(long, value_parser = kind)]
    event: Vec<String>,
    /// Only events from this address or network, as 192.0.2.0/24; several may be named
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    source: Vec<IpNet>,
    /// Only events of this request
    #[arg(long, value_name = "ID")]
    activity: Option<String>,
}

/// What is asked for, with the accounts that the names lead to.
#[derive(Debug)]
pub(super) struct Filter<'w> {
    wanted: &'w Wanted,
    accounts: BTreeSet<AccountId>,
}

impl Wanted {
    /// Looks the accounts up.
    ///
    /// # Errors
    ///
    /// A name leads nowhere, or the store is unavailable.
    pub(super) async fn filter(&self, desk: &Desk) -> Result<Filter<'_>, CliError> {
        let mut accounts = BTreeSet::new();
        for name in &self.account {
            accounts.insert(desk.account(name).await?.id);
        }
        Ok(Filter {
            wanted: self,
            accounts,
        })
    }
}

impl Filter<'_> {
    /// Whether an event is wanted.
    pub(super) fn takes(&self, event: &Event) -> bool {
        let Wanted {
            event: kinds,
            source,
            activity,
            ..
        } = self.wanted;
        let is_from = |address: IpAddr| source.iter().any(|it| it.contains(&address));
        let about = event.account.as_ref();
        let request = event.activity.as_ref().map(|it| it.0.as_str());
        (self.accounts.is_empty() || about.is_some_and(|it| self.accounts.contains(it)))
            && (kinds.is_empty() || kinds.contains(&event.kind.word()))
            && (source.is_empty() || event.source.is_some_and(is_from))
            && (activity.is_none() || activity.as_deref() == request)
    }
}

fn kind(typed: &str) -> Result<String, String> {
    match Kind::is_word(typed) {
        true => Ok(typed.to_owned()),
        false => Err(
            "no event is called so; `signed-in` and `refused` are two that there are".to_owned(),
        ),
    }
}

fn network(typed: &str) -> Result<IpNet, String> {
    let network = typed.parse().ok();
    let address = || typed.parse::<IpAddr>().ok().map(IpNet::from);
    network
        .or_else(address)
        .ok_or_else(|| "an address or a network, as 192.0.2.7 or 192.0.2.0/24".to_owned())
}

#[cfg(test)]
mod tests {
    use authn::place::ActivityId;
    use jiff::Timestamp;

    use super::*;

    fn filter(wanted: &Wanted, accounts: &[&str]) -> impl Fn(&Event) -> bool {
        let filter = Filter {
            wanted,
            accounts: accounts
                .iter()
                .map(|it| AccountId((*it).to_owned()))
                .collect(),
        };
        move |event| filter.takes(event)
    }

    #[test]
    fn an_event_is_wanted_that_fits_every_kind_of_wish() {
        let anna = Some(AccountId("1".to_owned()));
        let event = Event {
            source: Some("192.0.2.7".parse().unwrap()),
            activity: Some(ActivityId("a-1".to_owned())),
            ..Event::observed(Timestamp::UNIX_EPOCH, Kind::SignedOut, anna)
        };
        let by_hand = Event::observed(Timestamp::UNIX_EPOCH, Kind::StoreRestored, None);
        let wanted = |event: &[&str], source: &[&str], activity: Option<&str>| Wanted {
            account: Vec::new(),
            event: event.iter().map(|it| (*it).to_owned()).collect(),
            source: source.iter().map(|it| network(it).unwrap()).collect(),
            activity: activity.map(str::to_owned),
        };
        let any = wanted(&[], &[], None);
        assert!(filter(&any, &[])(&event) && filter(&any, &[])(&by_hand));
        assert!(filter(&any, &["2", "1"])(&event) && !filter(&any, &["2"])(&event));
        assert!(!filter(&any, &["1"])(&by_hand), "it is about nobody");
        for (wanted, expected) in [
            (wanted(&["signed-out", "refused"], &[], None), true),
            (wanted(&["refused"], &[], None), false),
            (wanted(&[], &["192.0.2.0/24"], None), true),
            (wanted(&[], &["198.51.100.0/24", "192.0.2.7"], None), true),
            (wanted(&[], &["192.0.2.8"], None), false),
            (wanted(&[], &[], Some("a-1")), true),
            (wanted(&[], &[], Some("a-2")), false),
            (wanted(&["signed-out"], &["192.0.2.8"], None), false),
        ] {
            assert_eq!(filter(&wanted, &[])(&event), expected, "{wanted:?}");
            let is_any = wanted.source.is_empty() && wanted.activity.is_none();
            assert!(is_any || !filter(&wanted, &[])(&by_hand), "{wanted:?}");
        }
    }

    #[test]
    fn a_kind_that_is_none_and_a_network_that_is_none_are_refused() {
        assert!(kind("signed-in").is_ok() && kind("signed_in").is_err());
        assert!(network("2001:db8::/32").is_ok() && network("anna").is_err());
    }
}
