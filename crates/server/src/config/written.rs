//! The configuration as written: one struct a table, unknown keys refused with what was meant.
//!
//! Doc comments here are what the operator's guide says of each key.

mod attribute_stores;
mod audit;
mod branding;
mod farms;
mod listeners;
mod messages;
mod policy;
mod published;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::error::{ConfigError, meant};
pub(crate) use attribute_stores::{AttributeStore, LdapScope, StoreType};
pub(crate) use audit::{Audit, Receipt, Syslog};
pub(crate) use branding::{Branding, Text};
pub(crate) use farms::{Farm, Health, KerberosToken, Member, Tls};
pub(crate) use listeners::{ChannelBinding, Demand, LegacyTls, Listener};
pub(crate) use messages::{MailTls, MessageLanguage, SentCodes, Sms, Smtp};
pub(crate) use policy::{Channel, GrantBoundTo, Policy};
pub(crate) use published::{Auth, Exchange, Lync, LyncPool, Route, Scheme};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// Where secrets and counters are kept; a gateway that asks an authentication server has none.
    pub(crate) store: Option<Spanned<Store>>,
    /// The authentication server that a gateway asks; this file is a gateway's where it is there.
    pub(crate) authn: Option<Spanned<Authn>>,
    /// Where gateways on other machines ask; this file is an authentication server's where it is there.
    pub(crate) authn_server: Option<Spanned<AuthnServer>>,
    /// The Windows names that the gate uses.
    pub(crate) names: Names,
    /// How long the audit trail is kept, and who gets it, too.
    #[serde(default)]
    pub(crate) audit: Audit,
    /// Where the machine itself asks for metrics and health; nowhere where it is left out.
    pub(crate) metrics: Option<Metrics>,
    /// How back ends of the operator's own learn who the user is.
    pub(crate) onward: Option<Onward>,
    /// The gate's account in Active Directory, by which back ends see the Windows user.
    pub(crate) kerberos: Option<Kerberos>,
    /// The Active Directory that accounts may come from; none where it is left out.
    pub(crate) directory: Option<Directory>,
    /// The pages on which people look after their own app passwords and tokens; none where it is left out.
    pub(crate) portal: Option<Portal>,
    /// The security token service, by which people sign in for other parties; none where it is left out.
    pub(crate) sts: Option<Sts>,
    /// What the company puts on the pages of the portal and of the security token service; ours where it is left out.
    pub(crate) branding: Option<Spanned<Branding>>,
    /// The HTTP API by which help desks and administrators act for others; none where it is left out.
    pub(crate) api: Option<Api>,
    /// Codes that are sent to people who sign in: what they say, and how many there may be. Who carries them
    /// stands in [[sms]] and [smtp].
    #[serde(default)]
    pub(crate) sent_codes: SentCodes,
    /// Who carries short messages: asked in this order, until one takes the message.
    #[serde(default)]
    pub(crate) sms: Vec<Sms>,
    /// The server that takes mail; none is sent where it is left out.
    pub(crate) smtp: Option<Smtp>,
    /// What NTLM takes beside app passwords; nothing where it is left out.
    #[serde(default)]
    pub(crate) ntlm: Ntlm,
    /// Where clients come in.
    #[serde(default)]
    pub(crate) listener: Vec<Listener>,
    /// Back ends.
    #[serde(default)]
    pub(crate) farm: Vec<Farm>,
    /// Lync and Skype for Business.
    #[serde(default)]
    pub(crate) lync: Lync,
    /// Exchange.
    #[serde(default)]
    pub(crate) exchange: Vec<Exchange>,
    /// Other Windows-authenticated web applications.
    #[serde(default)]
    pub(crate) route: Vec<Route>,
    /// What may be used from where; the first match decides, no match refuses.
    #[serde(default)]
    pub(crate) policy: Vec<Spanned<Policy>>,
}

/// `[ntlm]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ntlm {
    /// Whether a rule of the policy may take `ntlm-pin + one-time-code`. A PIN is kept so that it can be read with the key
    /// file, and with its code it can be guessed from an exchange that somebody heard: off unless it is switched on.
    #[serde(default)]
    pub(crate) pin: bool,
}

/// `[store]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    /// The SQLite file: the store of one gate. Either this or `postgres`.
    pub(crate) file: Option<Spanned<PathBuf>>,
    /// The database on a PostgreSQL server that several gates share, as
    /// `postgres://wicketgate@db.contoso.com/wicketgate`. A server elsewhere must prove its name by TLS; `sslmode`,
    /// `sslrootcert`, `sslcert`, `sslkey` and `host` (a socket's folder) may follow, as libpq has them.
    pub(crate) postgres: Option<Spanned<String>>,
    /// The file whose first line is the password of `postgres`.
    pub(crate) password_file: Option<Spanned<PathBuf>>,
    /// The systemd credential whose first line is the password of `postgres`.
    pub(crate) password_credential: Option<Spanned<String>>,
    /// The file with the keys that seal secrets in the store; keep it elsewhere in backups.
    pub(crate) key_file: Spanned<PathBuf>,
}

/// `[authn]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authn {
    /// The authentication server, as `authn.contoso.com:7443`.
    pub(crate) server: Spanned<String>,
    /// The name that its certificate must bear; the host of `server` where it is left out.
    pub(crate) name: Option<Spanned<String>>,
    /// The PEM file of the authority that vouches for it.
    pub(crate) authorities: Spanned<PathBuf>,
    /// The PEM file of this gateway's own certificate.
    pub(crate) certificate: Spanned<PathBuf>,
    /// The PEM file of its private key.
    pub(crate) key: Spanned<PathBuf>,
    /// The key by which its vouchers are opened, as `wicketgate gateway voucher-key` prints it; what it says of itself
    /// over mutual TLS where it is left out.
    pub(crate) voucher_key: Option<Spanned<String>>,
}

/// `[authn_server]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthnServer {
    /// Address and port where gateways ask, by mutual TLS.
    pub(crate) address: Spanned<SocketAddr>,
    /// The PEM file of the authority that vouches for gateways; who is not in the list below is refused all the same.
    pub(crate) authorities: Spanned<PathBuf>,
    /// The PEM file of this server's own certificate.
    pub(crate) certificate: Spanned<PathBuf>,
    /// The PEM file of its private key.
    pub(crate) key: Spanned<PathBuf>,
    /// The services that gateways publish; `lync`, `ews`, `autodiscover` and `activesync` where it is left out.
    pub(crate) services: Option<Vec<Spanned<String>>>,
    /// The service principal names of back ends behind gateways: tokens are made for these, and for those of every
    /// [[farm]] of this file, and for no others.
    #[serde(default)]
    pub(crate) spns: Vec<Spanned<String>>,
    /// The gateways that may ask.
    #[serde(default)]
    pub(crate) gateway: Vec<Spanned<Gateway>>,
}

/// `[[authn_server.gateway]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gateway {
    /// What it is called in logs.
    pub(crate) name: Spanned<String>,
    /// The SHA-256 of its certificate, in hexadecimal digits; or it has `dns_name`.
    pub(crate) fingerprint: Option<Spanned<String>>,
    /// The one name that its certificate bears, which may then be renewed; or it has `fingerprint`.
    pub(crate) dns_name: Option<Spanned<String>>,
    /// From which zones its clients come; `external` where it is left out.
    pub(crate) zones: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether browsers reach the portal and the security token service through it; not where it is left out, as whoever
    /// took it over would see what is typed there.
    #[serde(default)]
    pub(crate) pages: bool,
}

/// `[names]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    /// Hosts of others that discover, metadata and Autodiscover documents may name, such as a cloud
    /// service's.
    #[serde(default)]
    pub(crate) foreign_hosts: Vec<Spanned<String>>,
    /// The NetBIOS name of the domain, as in `CONTOSO\anna`; bare user names belong to it.
    pub(crate) domain: Spanned<String>,
    /// The DNS name of the domain.
    pub(crate) dns_domain: String,
    /// The name that NTLM's challenge gives for this server.
    #[serde(default = "default_server")]
    pub(crate) server: String,
}

fn default_server() -> String {
    "WICKETGATE".to_owned()
}

/// `[metrics]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metrics {
    /// Address and port where `/metrics`, `/healthz` and `/readyz` are answered by plain HTTP, without
    /// asking who it is.
    pub(crate) address: Spanned<SocketAddr>,
    /// Whether other machines may reach it: an address off loopback is refused without.
    #[serde(default)]
    pub(crate) public: bool,
}

/// `[onward]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Onward {
    /// The PEM file of the P-256 key that signs assertions.
    pub(crate) key: Spanned<PathBuf>,
    /// What the assertions name as their issuer.
    pub(crate) issuer: String,
}

/// `[kerberos]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kerberos {
    /// The gate's own account, a computer account: its sAMAccountName, as `gateway$`.
    pub(crate) account: Spanned<String>,
    /// The file with its keys, AES among them; it is read anew whenever the gate signs in.
    pub(crate) keytab: Spanned<PathBuf>,
    /// The domain controllers, as `dc1.contoso.com` or `10.0.0.10:88`, the nearest first; those that DNS names for the
    /// realm (`_kerberos._tcp`) where it is left out.
    pub(crate) controllers: Option<Vec<Spanned<String>>>,
    /// The realm; `dns_domain` in capital letters where it is left out.
    pub(crate) realm: Option<Spanned<String>>,
    /// The services whose tickets clients in the office bring, as `HTTP/mail.contoso.com`: each has an AES key in the
    /// keytab; `HTTP/` and each published name that a policy opens to Kerberos where it is left out.
    pub(crate) accept: Option<Spanned<Vec<Spanned<String>>>>,
    /// A folder of the gate's own for the private `krb5.conf` and the replay cache; `kerberos` beside the
    /// store where it is left out.
    pub(crate) folder: Option<Spanned<PathBuf>>,
}

/// `[directory]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Directory {
    /// The domain controllers by their names, at least one of each domain; they are asked by LDAPS, port 636. Those that
    /// DNS names for `dns_domain` (`_ldap._tcp.dc._msdcs`) where it is left out.
    pub(crate) controllers: Option<Spanned<Vec<Spanned<String>>>>,
    /// The PEM file of the authorities that may vouch for them.
    pub(crate) authorities: Spanned<PathBuf>,
    /// The account that reads: its UPN or DN. `wicketgate directory set-password` takes its password.
    pub(crate) account: Spanned<String>,
    /// The DN below which people are searched for; the whole domain where it is left out.
    pub(crate) base: Option<Spanned<String>>,
    /// Whether the controllers are global catalogs, so that a name is searched for in the whole forest
    /// (port 3269).
    #[serde(default)]
    pub(crate) global_catalog: bool,
    /// The groups, by sAMAccountName or SID, whose members are never passed on to a back end; `Organization
    /// Management`, `RTCUniversalServerAdmins` and `CsAdministrator` where it is left out. A SID stays when a group is renamed.
    pub(crate) refused_groups: Option<Vec<Spanned<String>>>,
    /// Attributes that claim rules may ask of the store `Active Directory`, beside those that are always read; at most 64.
    #[serde(default)]
    pub(crate) attributes: Vec<Spanned<String>>,
    /// Seconds from one reading to the next, from 5 to 30; 30 where it is left out.
    pub(crate) refresh: Option<Spanned<u32>>,
}

/// `[portal]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Portal {
    /// The published name, which is for these pages alone.
    pub(crate) host: Spanned<String>,
    /// The port that browsers see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// Let people in the office who have nothing yet begin by Kerberos, without an invitation.
    pub(crate) enrolment_by_kerberos: Option<Spanned<bool>>,
    /// The makes of device whose passkeys are enrolled; any device where none is listed.
    #[serde(default)]
    pub(crate) passkey_make: Vec<PasskeyMake>,
}

/// `[sts]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sts {
    /// The published name, which is for it alone; AD FS's own where it takes AD FS's place.
    pub(crate) host: Spanned<String>,
    /// The port that browsers see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// What it calls itself in tokens; `http://HOST/adfs/services/trust`, as AD FS has it, where it is left out.
    pub(crate) identifier: Option<Spanned<String>>,
    /// What people see in metadata; the host where it is left out.
    pub(crate) display_name: Option<String>,
    /// Whether programs get tokens by a name and a secret, at AD FS's `usernamemixed` of WS-Trust; by a policy that names the channel
    /// `username-token` for `sts`.
    #[serde(default)]
    pub(crate) usernamemixed: bool,
    /// Whether a sign-on to a SAML service provider may begin here, at `/adfs/ls/idpinitiatedsignon.aspx?loginToRp=…` (AD FS's
    /// `EnableIdPInitiatedSignonPage`); nobody is shown a list of parties.
    #[serde(default)]
    pub(crate) idp_initiated_sign_on: bool,
    /// Whether people may ask to stay signed in when they close the browser (AD FS's `EnableKmsi`); a secret and a code, each time.
    #[serde(default)]
    pub(crate) keep_me_signed_in: bool,
    /// For how long they stay, used or not, as `24 hours` (AD FS's `KmsiLifetimeMins`), from `1 hour` to `7 days`; `24 hours` where it is
    /// left out.
    pub(crate) keep_me_signed_in_lifetime: Option<Spanned<String>>,
    /// Whoever stays, and signed in before this time, as `2026-12-01T08:00:00Z`, signs in again (AD FS's `PersistentSsoCutoffTime`).
    pub(crate) keep_me_signed_in_cutoff: Option<Spanned<String>>,
    /// The file whose first line is the secret that `_OpaqueIdStore` makes names with, at least 32 characters; without one, rules
    /// that ask that store fail. A new secret makes everybody a stranger to the parties that know them by such a name.
    pub(crate) opaque_id_secret_file: Option<Spanned<PathBuf>>,
    /// The same as a credential that systemd hands over.
    pub(crate) opaque_id_secret_credential: Option<Spanned<String>>,
    /// Minutes from one reading of a partner's metadata to the next, from 5 to 43200; 1440 where it is left out, as in AD FS
    /// (MonitoringInterval), and none is read by itself where it is 0.
    pub(crate) monitoring_interval: Option<Spanned<u32>>,
    /// Whether the metadata of partners may be read from a private network.
    #[serde(default)]
    pub(crate) monitoring_private_networks: bool,
    /// Who vouches for the web servers that it is read from, PEM; the authorities of the system where it is left out.
    pub(crate) monitoring_authorities: Option<Spanned<PathBuf>>,
    /// Stores outside that rules may ask, by name.
    #[serde(default)]
    pub(crate) attribute_store: Vec<AttributeStore>,
}

/// `[[portal.passkey_make]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyMake {
    /// The PEM file of the maker's certificate, by which its devices vouch for themselves.
    pub(crate) authority: Spanned<PathBuf>,
    /// The AAGUIDs of the devices, as the maker publishes them.
    pub(crate) aaguids: Spanned<Vec<String>>,
}

/// `[api]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// The published name, which is for the API alone.
    pub(crate) host: Spanned<String>,
    /// The port that programs see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// From which zones it is answered; `internal` where it is left out. Elsewhere there is nothing.
    pub(crate) zones: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Reads the text of a configuration file.
///
/// # Errors
///
/// The first thing that is not TOML, not known or not of its kind, with its place.
pub(crate) fn parse(file: &Path, text: &str) -> Result<Written, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let message = with_suggestion(error.message());
        ConfigError::at(file, text, error.span(), message)
    })
}

/// Adds what was probably meant to serde's "unknown field `x`, expected one of `a`, `b`".
fn with_suggestion(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let suggestion = quoted
        .next()
        .filter(|_| is_unknown)
        .and_then(|typed| meant(typed, quoted));
    match suggestion {
        Some(word) => format!("{message}; did you mean `{word}`?"),
        None => message.to_owned(),
    }
}
