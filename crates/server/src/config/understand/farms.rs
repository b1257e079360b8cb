//! Farms: where requests go, under which name, and how the back end learns who it is.

use std::collections::BTreeMap;
use std::net::IpAddr;

use gateway::route::Onward;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::{Farm, Member, UpstreamTls};
use crate::config::written::{self, Written};

/// Where a farm's address leads.
struct Target {
    host: String,
    port: u16,
    is_tls: bool,
}

impl Understanding<'_> {
    pub(super) fn farms(
        &self,
        written: &Written,
        warnings: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Farm>, ConfigError> {
        let mut farms = BTreeMap::new();
        for farm in &written.farm {
            let name = farm.name.get_ref().clone();
            let (member, host) = self.member(farm)?;
            if member.tls.is_none() && !is_loopback(&host) {
                warnings.push(format!(
                    "farm `{name}` is reached without TLS at {}; anyone between can read it",
                    member.address
                ));
            }
            if let (Some(header), None) = (&farm.identity_header, &written.onward) {
                let message = "identity_header needs the table [onward] with a key and an issuer";
                return Err(self.error(header, message));
            }
            self.onward(farm)?;
            self.host_header(farm)?;
            let members = vec![member];
            if farms.insert(name.clone(), Farm { members }).is_some() {
                return Err(self.error(&farm.name, &format!("two farms are named `{name}`")));
            }
        }
        Ok(farms)
    }

    fn member(&self, farm: &written::Farm) -> Result<(Member, String), ConfigError> {
        let target = self.target(&farm.address)?;
        let address = format!("{}:{}", target.host, target.port);
        if !target.is_tls {
            let of_tls = [
                farm.tls_name.as_ref().map(Spanned::span),
                farm.authorities.as_ref().map(Spanned::span),
            ];
            if let Some(span) = of_tls.into_iter().flatten().next() {
                let message = "this is for https, but the address is http; change one of them";
                return Err(ConfigError::new(self.place(span), message.to_owned()));
            }
            return Ok((Member { address, tls: None }, target.host));
        }
        let authorities = farm.authorities.as_ref().ok_or_else(|| {
            let message = "https needs `authorities`, the PEM file of its issuer";
            self.error(&farm.address, message)
        })?;
        let name = match &farm.tls_name {
            Some(name) => {
                rustls_pki_types::ServerName::try_from(name.get_ref().as_str())
                    .map_err(|_| self.error(name, "this is no name that a certificate can have"))?;
                name.get_ref().clone()
            }
            None => bare(&target.host).to_owned(),
        };
        let authorities = self.existing(authorities.get_ref(), authorities.span())?;
        let tls = Some(UpstreamTls { name, authorities });
        Ok((Member { address, tls }, target.host))
    }

    fn target(&self, address: &Spanned<String>) -> Result<Target, ConfigError> {
        let text = address.get_ref();
        let wrong = |why: &str| {
            let example = "`https://fe01.contoso.local:4443`";
            self.error(
                address,
                &format!("`{text}` is not an address such as {example}{why}"),
            )
        };
        let uri: http::Uri = text.parse().map_err(|_| wrong(""))?;
        let authority = uri.authority().ok_or_else(|| wrong(""))?;
        if authority.as_str().contains('@') {
            return Err(wrong(": a back end is told no user of its own"));
        }
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let (is_tls, default_port) = match (uri.scheme_str(), is_bare) {
            (Some("https"), true) => (true, 443),
            (Some("http"), true) => (false, 80),
            _ => return Err(wrong("")),
        };
        let host = authority.host().to_owned();
        let port = match authority.as_str().strip_prefix(host.as_str()) {
            Some("") => default_port,
            // `Authority` says of a port that is none that there is none.
            Some(port) => port
                .strip_prefix(':')
                .and_then(|port| port.parse().ok())
                .filter(|port| *port != 0)
                .ok_or_else(|| wrong(": a port is a number from 1 to 65535"))?,
            None => return Err(wrong("")),
        };
        Ok(Target { host, port, is_tls })
    }

    fn host_header(&self, farm: &written::Farm) -> Result<(), ConfigError> {
        let Some(header) = &farm.host_header else {
            return Ok(());
        };
        let typed = header.get_ref().as_str();
        let (host, port) = typed.split_once(':').unwrap_or((typed, "443"));
        if super::published::is_host_name(host) && port.parse::<u16>().is_ok() {
            return Ok(());
        }
        let message = format!("`{typed}` is not a host name such as `fe01.contoso.local`");
        Err(self.error(header, &message))
    }

    /// How a farm learns who the user is.
    pub(super) fn onward(&self, farm: &written::Farm) -> Result<Onward, ConfigError> {
        let Some(header) = &farm.identity_header else {
            return Ok(Onward::None);
        };
        let name = http::HeaderName::from_bytes(header.get_ref().as_bytes())
            .map_err(|_| self.error(header, "this is not the name of a header"))?;
        if !gateway::headers::may_tell_identity(&name) {
            let message = format!(
                "`{name}` has another meaning to every server; take a name such as \
                 `x-wicketgate-identity`"
            );
            return Err(self.error(header, &message));
        }
        let audience = farm
            .audience
            .clone()
            .unwrap_or_else(|| farm.name.get_ref().clone());
        Ok(Onward::Header { name, audience })
    }

    /// The same for a farm behind a path that asks for a proof: it must learn whose it was.
    pub(super) fn told(&self, farm: &written::Farm) -> Result<Onward, ConfigError> {
        match self.onward(farm)? {
            Onward::None => {
                let message = format!(
                    "the farm `{}` serves paths that ask for a proof, but never learns who gave \
                     it; add `identity_header`",
                    farm.name.get_ref()
                );
                Err(self.error(&farm.name, &message))
            }
            told @ Onward::Header { .. } => Ok(told),
        }
    }
}

/// A host without the brackets that an address of IPv6 has in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || bare(host)
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
