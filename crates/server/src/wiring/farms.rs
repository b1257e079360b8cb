//! What the command line does with farms: it reads and writes what is drained, and names what is configured.

use std::collections::BTreeSet;

use authn::admin::{self, AdminError};
use authn::drain::{Drain, Drained};
use authn::ports::Drains as _;
use serde::Serialize;

use super::{Desk, refused};
use crate::cli::CliError;
use crate::config::{meant, settings};
use crate::operator::by_hand;

/// A member of a farm, as the command line shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FarmMember {
    /// Its farm.
    pub(crate) farm: String,
    /// Its address.
    pub(crate) member: String,
    /// Its weight; nothing where the configuration does not name it.
    pub(crate) weight: Option<u32>,
    /// Whether it is drained.
    pub(crate) is_drained: bool,
}

impl Desk {
    /// The members of all farms, or of one, and those that are drained and configured no longer.
    ///
    /// # Errors
    ///
    /// There is no such farm, or the store is unavailable.
    pub(crate) async fn members(&self, farm: Option<&str>) -> Result<Vec<FarmMember>, CliError> {
        let drained = self.store.drained().await?;
        if let Some(name) = farm {
            self.known_farm(name, &drained)?;
        }
        let configured = self.farms.iter().flat_map(|(farm, settings)| {
            let members = settings.members.iter();
            members.map(move |it| named(farm, &it.address))
        });
        let all: BTreeSet<Drained> = configured.chain(drained.iter().cloned()).collect();
        let wanted = all
            .into_iter()
            .filter(|it| farm.is_none_or(|farm| farm == it.farm));
        Ok(wanted.map(|it| self.shown(it, &drained)).collect())
    }

    /// Drains a member, or all of a farm; gives those that were not drained yet.
    ///
    /// # Errors
    ///
    /// There is no such farm or member, none would be left, or the store is unavailable.
    pub(crate) async fn drain(
        &self,
        farm: &str,
        member: Option<&str>,
        force: bool,
    ) -> Result<Vec<FarmMember>, CliError> {
        self.known_farm(farm, &BTreeSet::new())?;
        let all = self.addresses(farm);
        let order = Drain {
            farm: farm.to_owned(),
            members: chosen(farm, member, &all)?,
            keep_one_of: if force { Vec::new() } else { all },
        };
        let drained = admin::drain(&self.store, order, &by_hand()).await;
        let drained = drained.map_err(|error| match error {
            AdminError::NoneLeft(none_left) => {
                let hint = "its requests would be answered 503; --force does it";
                CliError::refused(none_left.to_string()).with_hint(hint)
            }
            other => refused(other),
        })?;
        self.changed(farm, drained).await
    }

    /// Gives a member back, or all of a farm; gives those that were drained.
    ///
    /// # Errors
    ///
    /// There is no such farm or member, or the store is unavailable.
    pub(crate) async fn undrain(
        &self,
        farm: &str,
        member: Option<&str>,
    ) -> Result<Vec<FarmMember>, CliError> {
        let drained = self.store.drained().await?;
        self.known_farm(farm, &drained)?;
        let of_farm = drained.into_iter().filter(|it| it.farm == farm);
        let mut all: Vec<String> = of_farm.map(|it| it.member).collect();
        let members = match member {
            None => all,
            Some(_) => {
                all.extend(self.addresses(farm));
                chosen(farm, member, &all)?
            }
        };
        let given_back = self.store.undrain(farm, members, &by_hand()).await?;
        self.changed(farm, given_back).await
    }

    async fn changed(&self, farm: &str, members: Vec<String>) -> Result<Vec<FarmMember>, CliError> {
        let drained = self.store.drained().await?;
        let shown = |member: String| self.shown(named(farm, &member), &drained);
        Ok(members.into_iter().map(shown).collect())
    }

    fn shown(&self, member: Drained, drained: &BTreeSet<Drained>) -> FarmMember {
        let is_drained = drained.contains(&member);
        let Drained { farm, member } = member;
        let settings = self.farms.get(&farm).into_iter();
        let mut members = settings.flat_map(|farm| &farm.members);
        let known = members.find(|known: &&settings::Member| known.address == member);
        FarmMember {
            weight: known.map(|known| known.weight),
            farm,
            member,
            is_drained,
        }
    }

    fn addresses(&self, farm: &str) -> Vec<String> {
        let settings = self.farms.get(farm).into_iter();
        let members = settings.flat_map(|farm| &farm.members);
        members.map(|member| member.address.clone()).collect()
    }

    /// A farm that is configured, or has drained members that are left over.
    fn known_farm(&self, name: &str, drained: &BTreeSet<Drained>) -> Result<(), CliError> {
        let is_left_over = drained.iter().any(|it| it.farm == name);
        if self.farms.contains_key(name) || is_left_over {
            return Ok(());
        }
        let hint = match meant(name, self.farms.keys().map(String::as_str)) {
            Some(word) => format!("; did you mean `{word}`?"),
            None => "; `wicketgate farm list` shows them".to_owned(),
        };
        Err(CliError::usage(format!("there is no farm `{name}`{hint}")))
    }
}

/// The member that is meant, or all.
fn chosen(farm: &str, member: Option<&str>, all: &[String]) -> Result<Vec<String>, CliError> {
    let Some(typed) = member else {
        return Ok(all.to_vec());
    };
    let plain = typed.trim_end_matches('/').to_ascii_lowercase();
    // An address as the configuration writes it has the port of its scheme where it names none.
    let meant = match (
        plain.strip_prefix("https://"),
        plain.strip_prefix("http://"),
    ) {
        (Some(address), _) => [address.to_owned(), format!("{address}:443")],
        (_, Some(address)) => [address.to_owned(), format!("{address}:80")],
        (None, None) => [plain.clone(), plain],
    };
    if let Some(known) = all.iter().find(|known| meant.contains(known)) {
        return Ok(vec![known.clone()]);
    }
    let known = all.join(", ");
    let message = format!("the farm `{farm}` has no member `{typed}`: {known}");
    Err(CliError::usage(message))
}

fn named(farm: &str, member: &str) -> Drained {
    Drained {
        farm: farm.to_owned(),
        member: member.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_meant_by_its_address_however_the_configuration_writes_it() {
        let all = [
            "a.contoso.local:443",
            "b.contoso.local:80",
            "c.contoso.local:4443",
        ];
        let all = all.map(str::to_owned);
        for (typed, meant) in [
            ("a.contoso.local:443", Some(0)),
            ("https://A.contoso.local", Some(0)),
            ("https://a.contoso.local:443/", Some(0)),
            ("http://b.contoso.local", Some(1)),
            ("https://c.contoso.local:4443", Some(2)),
            ("https://c.contoso.local", None),
            ("http://a.contoso.local", None),
            ("a.contoso.local", None),
        ] {
            let found = chosen("pool", Some(typed), &all).ok();
            let expected = meant.map(|at: usize| vec![all[at].clone()]);
            assert_eq!(found, expected, "{typed}");
        }
        assert_eq!(chosen("pool", None, &all).unwrap(), all);
    }
}
