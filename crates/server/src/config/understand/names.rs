//! What back ends call themselves, and what clients are told in its place.

use std::collections::{BTreeMap, BTreeSet};

use gateway::route::Host;
use toml::Spanned;

use super::Understanding;
use super::published::is_host_name;
use super::remote::is_address;
use crate::config::ConfigError;
use crate::config::written::{self, Written};

impl Understanding<'_> {
    /// The names that a table of `internal_names` lists.
    ///
    /// SECURITY: a name that no server has (with its port, a dot at its end, a star) hides nothing.
    pub(super) fn internal_names(
        &self,
        written: &BTreeMap<String, Spanned<String>>,
    ) -> Result<BTreeMap<String, String>, ConfigError> {
        let name = |(own, outside): (&String, &Spanned<String>)| {
            if own.trim().is_empty() || outside.get_ref().trim().is_empty() {
                let message = "a name is empty; write \"own name\" = \"published name\"";
                return Err(self.error(outside, message));
            }
            // Windows takes an underscore in a name, the DNS does not.
            let is_whole_address = is_address(own) && !is_bare(own) && is_plain(own);
            if !is_whole_address && !is_host_name(&own.replace('_', "x")) {
                let message = format!(
                    "`{own}` is no name that a server calls itself by, such as `fe01.contoso.local` or `FE01`: write it without \
                     scheme, port, star and blanks, and without a dot at its end; an address of IPv6 as `[2001:db8::7]`"
                );
                return Err(self.error(outside, &message));
            }
            Ok((own.clone(), outside.get_ref().clone()))
        };
        written.iter().map(name).collect()
    }

    /// What a back end calls itself, by what it is told, by where it is, and by what is listed, with its outside names.
    ///
    pub(super) fn own_names(
        &self,
        farm: &written::Farm,
        (published, public_port): (&str, Option<u16>),
        listed: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, ConfigError> {
        let outside = match public_port {
            None | Some(443) => published.to_owned(),
            Some(port) => format!("{published}:{port}"),
        };
        let mut names = BTreeMap::new();
        let told = self.told_names(farm)?.into_iter();
        // What is published is no name to be hidden, whoever is called so inside, too.
        let told = told.filter(|own| !is_or_is_below(published, own) && !self.hosts.contains(own));
        names.extend(told.map(|own| (own, outside.clone())));
        let listed = listed.into_iter();
        names.extend(listed.map(|(own, outside)| (own.to_ascii_lowercase(), outside)));
        Ok(names)
    }

    /// Whether every name that clients are told in the place of a server's own is published here, or somebody else's by
    /// name: they would send what they know to whoever has it.
    pub(super) fn lead_to_known(
        &self,
        written: &Written,
        (published, foreign): (&BTreeMap<String, Host>, &BTreeSet<String>),
    ) -> Result<(), ConfigError> {
        let pools = written.lync.pool.iter().map(|it| &it.internal_names);
        let exchange = written.exchange.iter().map(|it| &it.internal_names);
        let routes = written.route.iter().map(|it| &it.internal_names);
        let told = pools
            .chain(exchange)
            .chain(routes)
            .flat_map(BTreeMap::values);
        for outside in told {
            let typed = outside.get_ref().as_str();
            let (host, port) = typed.split_once(':').unwrap_or((typed, "443"));
            let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
            let may_be_told = typed.is_empty() || (is_host_name(host) && is_port);
            if !may_be_told {
                let message = format!(
                    "`{typed}` is not what clients can be told: a published host, with its port where that is not 443"
                );
                return Err(self.error(outside, &message));
            }
            let host = host.to_ascii_lowercase();
            if !host.is_empty() && !published.contains_key(&host) && !foreign.contains(&host) {
                let message = format!(
                    "clients would be sent to `{host}`, which is published by nobody here: name a published host, or list \
                     it in `foreign_hosts` of [names]"
                );
                return Err(self.error(outside, &message));
            }
        }
        Ok(())
    }
}

/// Whether it is an address of IPv6 without the brackets that it has in every other.
fn is_bare(own: &str) -> bool {
    own.contains(':') && !own.starts_with('[')
}

/// Whether an address of IPv6 is written in brackets as servers write it (RFC 5952).
fn is_plain(own: &str) -> bool {
    let inner = own.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let written = |it: &str| {
        let address = it.parse::<std::net::Ipv6Addr>().ok()?;
        Some(address.to_string() == it.to_ascii_lowercase())
    };
    inner.is_none_or(|it| written(it) == Some(true))
}

/// Whether a host is called so, or is below it: a domain stands in addresses of mail and names of people, too.
fn is_or_is_below(host: &str, name: &str) -> bool {
    let above = host.strip_suffix(name);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use crate::config::understand::tests::{text, understood};

    #[test]
    fn a_name_that_no_server_has_is_refused() {
        let with = |own: &str, outside: &str| {
            let exchange = format!("internal_names = {{ \"{own}\" = \"{outside}\" }}\n");
            understood(&text("", &exchange))
        };
        for own in ["EX_01", "192.0.2.7", "[2001:db8::7]"] {
            with(own, "mail.contoso.com").unwrap();
        }
        for own in [
            "exch01.contoso.local.",
            "exch01.contoso.local:443",
            "https://exch01.contoso.local",
            " exch01.contoso.local",
            "*.contoso.local",
            "exch01 contoso",
            "2001:db8::7",
            "[2001:0db8::7]",
            "[192.0.2.7]",
        ] {
            let said = with(own, "mail.contoso.com").unwrap_err();
            assert!(
                said.contains("is no name that a server calls itself by"),
                "{own}: {said}"
            );
        }
        for outside in [
            "mail.contoso.com ",
            " mail.contoso.com",
            "mail.contoso.com:443 ",
        ] {
            let said = with("exch01.contoso.local", outside).unwrap_err();
            assert!(
                said.contains("is not what clients can be told"),
                "{outside}: {said}"
            );
        }
    }
}
