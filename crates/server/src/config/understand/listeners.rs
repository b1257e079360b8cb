//! Listeners: addresses, certificates, and who is internal on them (design 13).

use std::net::SocketAddr;

use authn::place::Zone;
use proto::channel_binding::Demand;
use proto::ntlm::WhenAbsent;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::{Certificate, Listener, Plain};
use crate::config::written::{self, Written};

const NAME_THE_INSIDE: &str = "name the networks that are inside";
const NAME_THE_BALANCERS: &str =
    "whoever is in it could say that they are anybody, so name the balancers";

impl Understanding<'_> {
    pub(super) fn listeners(&self, written: &Written) -> Result<Vec<Listener>, ConfigError> {
        let is_ordinary = |it: &written::Listener| !it.plain && it.legacy_tls.is_none();
        if !written.listener.iter().any(is_ordinary) {
            let message =
                "there is no [[listener]] with TLS of today, so nobody can come in; add one";
            return Err(ConfigError::new(self.place(0..0), message.to_owned()));
        }
        let mut listeners = Vec::new();
        for (number, listener) in written.listener.iter().enumerate() {
            let earlier = written.listener.iter().take(number);
            self.only_one_at(&listener.address, earlier.map(|it| &it.address))?;
            if listener.plain {
                self.plain(listener)?;
            } else {
                listeners.push(self.listener(listener)?);
            }
        }
        self.balancers_are_outside(written)?;
        Ok(listeners)
    }

    /// Where plain HTTP is answered.
    pub(super) fn plain_listeners(&self, written: &Written) -> Result<Vec<Plain>, ConfigError> {
        let plain = written.listener.iter().filter(|listener| listener.plain);
        plain
            .map(|listener| {
                Ok(Plain {
                    address: *listener.address.get_ref(),
                    balancers: self.networks(&listener.proxy_protocol, NAME_THE_BALANCERS)?,
                })
            })
            .collect()
    }

    /// Where metrics are told; by default nobody but this machine learns them.
    pub(super) fn metrics(&self, written: &Written) -> Result<Option<SocketAddr>, ConfigError> {
        let Some(metrics) = &written.metrics else {
            return Ok(None);
        };
        let address = *metrics.address.get_ref();
        if !address.ip().is_loopback() && !metrics.public {
            let message = format!(
                "`{address}` can be reached by other machines, and metrics are told to anybody; \
                 take a loopback address, or write `public = true`"
            );
            return Err(self.error(&metrics.address, &message));
        }
        let listeners = written.listener.iter().map(|it| &it.address);
        self.only_one_at(&metrics.address, listeners)?;
        Ok(Some(address))
    }

    fn plain(&self, listener: &written::Listener) -> Result<(), ConfigError> {
        if let Some(legacy) = &listener.legacy_tls {
            let message = "a plain listener speaks no TLS; take one of them away";
            return Err(self.error(legacy, message));
        }
        if listener.certificate.is_empty() && listener.internal_networks.is_empty() {
            return Ok(());
        }
        let message = "a plain listener has neither certificates nor internal networks; \
                       take them or `plain` away";
        Err(self.error(&listener.address, message))
    }

    fn only_one_at<'l>(
        &self,
        address: &Spanned<SocketAddr>,
        mut earlier: impl Iterator<Item = &'l Spanned<SocketAddr>>,
    ) -> Result<(), ConfigError> {
        let Some(other) = earlier.find(|it| collide(*it.get_ref(), *address.get_ref())) else {
            return Ok(());
        };
        let (address_text, line) = (address.get_ref(), self.line(other.span()));
        let message = format!(
            "`{address_text}` is taken by the listener of line {line}; give each its own address \
             or port"
        );
        Err(self.error(address, &message))
    }

    fn listener(&self, listener: &written::Listener) -> Result<Listener, ConfigError> {
        let mut certificates = Vec::new();
        for certificate in &listener.certificate {
            let span = certificate.span();
            certificates.push(Certificate {
                chain: self.existing(&certificate.get_ref().chain, span.clone())?,
                key: self.existing(&certificate.get_ref().key, span.clone())?,
                place: self.place(span),
            });
        }
        if certificates.is_empty() {
            let message = "a listener needs a certificate: \
                           certificate = [{ chain = \"...\", key = \"...\" }]";
            return Err(self.error(&listener.address, message));
        }
        // SECURITY: who is internal is asked for less.
        let inside = self.networks(&listener.internal_networks, NAME_THE_INSIDE)?;
        let internal_zone = (!inside.is_empty()).then_some((Zone::INTERNAL, inside));
        Ok(Listener {
            address: *listener.address.get_ref(),
            internal_zone,
            balancers: self.networks(&listener.proxy_protocol, NAME_THE_BALANCERS)?,
            certificates,
            channel_binding: channel_binding(listener.channel_binding),
            mic: mic(listener.mic),
            legacy_tls: self.listener_tls(listener)?,
        })
    }
}

/// Whether the system would refuse the second of two listeners; port 0 is any free one.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |all: SocketAddr, it: SocketAddr| {
        // `[::]` takes IPv4 in, too.
        all.ip() == it.ip() || (all.ip().is_unspecified() && (all.is_ipv6() || it.is_ipv4()))
    };
    one.port() == other.port() && one.port() != 0 && (covers(one, other) || covers(other, one))
}

fn channel_binding(written: written::ChannelBinding) -> Demand {
    match written {
        written::ChannelBinding::Off => Demand::Off,
        written::ChannelBinding::Allow => Demand::Allow,
        written::ChannelBinding::Require => Demand::Require,
    }
}

fn mic(written: written::Demand) -> WhenAbsent {
    match written {
        written::Demand::WhenSent => WhenAbsent::Allow,
        written::Demand::Require => WhenAbsent::Require,
    }
}
