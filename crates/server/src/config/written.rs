//! The configuration as written: one struct a table, unknown keys refused with what was meant.
//!
//! Doc comments here are what the operator's guide says of each key.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::error::{ConfigError, meant};

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
    /// The HTTP API by which help desks and administrators act for others; none where it is left out.
    pub(crate) api: Option<Api>,
    /// Codes that are sent to people who sign in by a page: what they say, and how many there may be. Who carries them
    /// stands in [[sms]] and [smtp].
    #[serde(default)]
    pub(crate) sent_codes: SentCodes,
    /// Who carries short messages: asked in this order, until one takes the message.
    #[serde(default)]
    pub(crate) sms: Vec<Sms>,
    /// The server that takes mail; none is sent where it is left out.
    pub(crate) smtp: Option<Smtp>,
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

/// `[sent_codes]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentCodes {
    /// What a message with a code says in English; `{code}` is the code, `{host}` the portal's host.
    pub(crate) text_en: Option<Spanned<String>>,
    /// The same in Swedish.
    pub(crate) text_sv: Option<Spanned<String>>,
    /// What is said in English to where codes went before; `{to}` is where they go now, masked.
    pub(crate) changed_en: Option<Spanned<String>>,
    /// The same in Swedish.
    pub(crate) changed_sv: Option<Spanned<String>>,
    /// The subject of mails in English.
    pub(crate) subject_en: Option<Spanned<String>>,
    /// The same in Swedish.
    pub(crate) subject_sv: Option<Spanned<String>>,
    /// In which language messages are that nobody asked for on a page: `en` or `sv`; `en` where it is left out.
    pub(crate) language: Option<MessageLanguage>,
    /// How numbers begin that codes are sent to, as `["+46", "+47"]`; any where it is left out.
    #[serde(default)]
    pub(crate) prefixes: Vec<Spanned<String>>,
    /// How many codes are sent in 15 minutes to numbers whose first six digits are the same, or to mailboxes of one domain;
    /// 100 where it is left out.
    pub(crate) per_prefix: Option<Spanned<u32>>,
}

/// The language of a message
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MessageLanguage {
    /// English.
    En,
    /// Swedish.
    Sv,
}

/// `[[sms]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sms {
    /// What it is called in the log, the audit and `wicketgate sent list`.
    pub(crate) name: Spanned<String>,
    /// The address that is asked, as `https://sms.example.com/send?to={number}&text={text}`: a GET, or a POST where there is
    /// a `form` or `json`. `{number}` has its plus, `{digits}` has none; each is escaped for where it stands. Either this
    /// or `command`.
    pub(crate) url: Option<Spanned<String>>,
    /// The form that is posted, as `to={number}&text={text}`.
    pub(crate) form: Option<Spanned<String>>,
    /// The JSON that is posted, as `{"to": "{number}", "text": "{text}"}`.
    pub(crate) json: Option<Spanned<String>>,
    /// Headers beside, as `{ Authorization = "Bearer {secret}" }`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Spanned<String>>,
    /// The name for Basic authentication, with the secret as its password.
    pub(crate) user: Option<Spanned<String>>,
    /// The file whose first line is the secret: `{secret}`, or the password of `user`.
    pub(crate) secret_file: Option<Spanned<PathBuf>>,
    /// The systemd credential whose first line is the secret.
    pub(crate) secret_credential: Option<Spanned<String>>,
    /// The PEM file of the authorities that may vouch for the server; those of the system where it is left out.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// What the answer must have in it to count as taken, for a gateway that says so nowhere else; any answer of status
    /// 200 to 299 counts where it is left out.
    pub(crate) answer: Option<Spanned<String>>,
    /// A program and its arguments, without a shell, as `["/usr/bin/gammu", "sendsms", "TEXT", "{number}"]`: the message is
    /// its standard input, and it took it where it ends with 0.
    pub(crate) command: Option<Spanned<Vec<Spanned<String>>>>,
    /// Seconds that it may take, from 1 to 10; 5 where it is left out.
    pub(crate) timeout: Option<Spanned<u32>>,
}

/// `[smtp]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    /// Host or address, and port, as `mail.contoso.com:587`.
    pub(crate) server: Spanned<String>,
    /// How it is spoken to: `starttls`, `tls` or `none`; `starttls` where it is left out.
    pub(crate) tls: Option<Spanned<MailTls>>,
    /// The PEM file of the authorities that may vouch for it; those of the system where it is left out.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// The address that mails are from.
    pub(crate) from: Spanned<String>,
    /// The name to sign in with; nobody signs in where it is left out.
    pub(crate) user: Option<Spanned<String>>,
    /// The file whose first line is the password.
    pub(crate) password_file: Option<Spanned<PathBuf>>,
    /// The systemd credential whose first line is the password.
    pub(crate) password_credential: Option<Spanned<String>>,
    /// Seconds that each step may take, from 1 to 10; 5 where it is left out.
    pub(crate) timeout: Option<Spanned<u32>>,
}

/// How a mail server is spoken to
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MailTls {
    /// In clear at first, and by TLS before anything is said; where the server has none, nothing is.
    Starttls,
    /// By TLS from the first byte.
    Tls,
    /// In clear, without a password: on this machine, or in a network where nobody listens.
    None,
}

/// `[[listener]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    /// Address and port.
    pub(crate) address: Spanned<SocketAddr>,
    /// Whether it speaks plain HTTP, where Lync's clients are told their https address, `/meet`, `/dialin`
    /// and Autodiscover are redirected to theirs and nothing else is answered; it has an address, and `proxy_protocol` where it needs that, and nothing more.
    #[serde(default)]
    pub(crate) plain: bool,
    /// Certificates; ECDSA and RSA may stand side by side for one name.
    #[serde(default)]
    pub(crate) certificate: Vec<Spanned<Certificate>>,
    /// Source networks that are internal on this listener.
    #[serde(default)]
    pub(crate) internal_networks: Vec<Spanned<IpNet>>,
    /// The networks of the balancers in front of this listener: from them each connection begins with
    /// a PROXY header, of version 1 or 2, that names the client; nobody else's is read. None of them
    /// may be in `internal_networks` or `hybrid`.
    #[serde(default)]
    pub(crate) proxy_protocol: Vec<Spanned<IpNet>>,
    /// Whether NTLM and Kerberos must carry a channel binding: checked when one is sent (`allow`), demanded, or not
    /// looked at, for a listener behind whoever ends TLS with a certificate of its own.
    #[serde(default)]
    pub(crate) channel_binding: ChannelBinding,
    /// Whether NTLM must carry a message integrity code.
    #[serde(default)]
    pub(crate) mic: Demand,
    /// That this is a listener for phones that know nothing newer than TLS 1.0, with RSA certificates; it is an ordinary
    /// one where this is left out. Needs the package `wicketgate-legacy-tls`.
    pub(crate) legacy_tls: Option<Spanned<LegacyTls>>,
}

/// `[listener.legacy_tls]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LegacyTls {
    /// The last day on which it is served, as `2027-06-30`, in UTC. `check` warns of it 30 days before.
    pub(crate) until: Spanned<String>,
    /// Your reason, which `check` repeats.
    pub(crate) reason: Spanned<String>,
}

/// What becomes of a channel binding.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ChannelBinding {
    /// It is not looked at.
    Off,
    /// It is checked when it is sent.
    #[default]
    Allow,
    /// It must be sent.
    Require,
}

/// Whether something a client may send must be sent.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Demand {
    /// It is checked when it is sent.
    #[default]
    WhenSent,
    /// It must be sent.
    Require,
}

/// `[[listener.certificate]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    /// The PEM file of the chain, leaf first.
    pub(crate) chain: PathBuf,
    /// The PEM file of the private key.
    pub(crate) key: PathBuf,
}

/// `[[farm]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Farm {
    /// The name that pools and routes use.
    pub(crate) name: Spanned<String>,
    /// `https://host:port` or `http://host:port`, of a farm of one; a farm of several has
    /// `[[farm.member]]`.
    pub(crate) address: Option<Spanned<String>>,
    /// The name sent and verified in TLS; the host of the address where it is left out. Of a farm of one.
    pub(crate) tls_name: Option<Spanned<String>>,
    /// The PEM file of the authorities that may vouch for its members.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// How old the TLS of its members may be; `modern` where it is left out. `legacy` is TLS 1.2 with the CBC
    /// suites of Windows before Server 2016, `legacy-tls10` takes TLS 1.0 and 1.1 as well, as Server 2008 R2 has
    /// them. Either needs the package `wicketgate-legacy-tls`.
    pub(crate) tls: Option<Spanned<Tls>>,
    /// The Host header it is sent; the published name where it is left out. Of a farm of one.
    pub(crate) host_header: Option<Spanned<String>>,
    /// The service principal name of its account, as `HTTP/mail.contoso.local`: with one it is told who the
    /// user is by a Kerberos token, and needs the table [kerberos]. Of a farm of one.
    pub(crate) spn: Option<Spanned<String>>,
    /// How often a Kerberos token is sent; `per-request` where it is left out.
    #[serde(default)]
    pub(crate) kerberos_token: KerberosToken,
    /// The header that carries the signed assertion; nothing is told where it is left out.
    pub(crate) identity_header: Option<Spanned<String>>,
    /// The audience that the assertion names; the farm's name where it is left out.
    pub(crate) audience: Option<String>,
    /// Its servers, where there are several.
    #[serde(default)]
    pub(crate) member: Vec<Spanned<Member>>,
    /// How it is found out whether its members are up.
    #[serde(default)]
    pub(crate) health: Health,
}

/// How old the TLS of a back end may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tls {
    /// TLS 1.3, or 1.2 with the suites of today.
    #[default]
    Modern,
    /// TLS 1.2 with CBC suites.
    Legacy,
    /// The same, or TLS 1.0 and 1.1.
    LegacyTls10,
}

/// How often a back end is told by Kerberos who the user is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KerberosToken {
    /// With every request.
    #[default]
    PerRequest,
    /// Once on each connection, which carries no other user: for IIS with `authPersistNonNTLM`.
    PerConnection,
}

/// `[[farm.member]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// `https://host:port` or `http://host:port`: where it is connected to, and nothing else.
    pub(crate) address: Spanned<String>,
    /// The name sent and verified in TLS; the host of the address where it is left out.
    pub(crate) tls_name: Option<Spanned<String>>,
    /// The Host header it is sent; the published name where it is left out.
    pub(crate) host_header: Option<Spanned<String>>,
    /// The service principal name of its account, as `HTTP/mail.contoso.local`; in all members or in none.
    pub(crate) spn: Option<Spanned<String>>,
    /// How many connections it gets beside the others, from 1 to 1000; 1 where it is left out.
    pub(crate) weight: Option<Spanned<u32>>,
}

/// `[farm.health]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    /// The path that is asked for; only a connection is made, over TLS where the address says so, where it
    /// is left out.
    pub(crate) path: Option<Spanned<String>>,
    /// The statuses that say that a member is up; any below 500 does where it is left out.
    #[serde(default)]
    pub(crate) status: Vec<Spanned<u16>>,
    /// Seconds from one check to the next; 5 where it is left out. A member that is not up is looked at
    /// every second.
    pub(crate) interval: Option<Spanned<u32>>,
    /// Seconds that a check may take; 3 where it is left out.
    pub(crate) timeout: Option<Spanned<u32>>,
    /// Checks in a row that must fail before a member is down; 2 where it is left out.
    pub(crate) fall: Option<Spanned<u32>>,
    /// Checks in a row that must pass before it is up again; 2 where it is left out, and 1 where no other is
    /// up.
    pub(crate) rise: Option<Spanned<u32>>,
}

/// `[lync]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lync {
    /// The pools and Directors, each with its own web host name.
    #[serde(default)]
    pub(crate) pool: Vec<LyncPool>,
}

/// `[[lync.pool]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LyncPool {
    /// The published name of the pool's external web services.
    pub(crate) web_host: Spanned<String>,
    /// The port that clients see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// The `lyncdiscover` names, one for each SIP domain.
    #[serde(default)]
    pub(crate) discover_hosts: Vec<Spanned<String>>,
    /// The back end's own names and what they are called outside.
    #[serde(default)]
    pub(crate) internal_names: BTreeMap<String, Spanned<String>>,
    /// The farm.
    pub(crate) farm: Spanned<String>,
    /// Whether a meeting's guests are let in; they are where it is left out.
    pub(crate) guests: Option<bool>,
    /// Why a certificate that the pool issued may buy tickets: your reason, which `check` repeats.
    /// Closed where it is left out. A stolen ticket becomes a certificate by it. Removing it reaches kept connections
    /// only as new ones come.
    pub(crate) certificate_sign_in: Option<Spanned<String>>,
    /// Whether the pool is in passive mode: people sign in by a page of this program's security token service, and by
    /// nothing else. No Windows logon is published then. Off where it is left out.
    pub(crate) passive: Option<bool>,
}

/// `[[exchange]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    /// The published name.
    pub(crate) host: Spanned<String>,
    /// The port that clients see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// The back end's own names and what they are called outside; the farm's Host header and TLS
    /// name are known without being listed.
    #[serde(default)]
    pub(crate) internal_names: BTreeMap<String, Spanned<String>>,
    /// The farm.
    pub(crate) farm: Spanned<String>,
    /// The `autodiscover` names, one for each mail domain.
    #[serde(default)]
    pub(crate) autodiscover_hosts: Vec<Spanned<String>>,
    /// The networks that other organisations' Exchange servers come from (hybrid, federation); what
    /// they use is closed where it is left out.
    #[serde(default)]
    pub(crate) hybrid: Vec<Spanned<IpNet>>,
}

/// `[[route]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// The published name.
    pub(crate) host: Spanned<String>,
    /// The port that clients see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// The path, which begins with a slash and has no escapes.
    pub(crate) path: Spanned<String>,
    /// Whether everything below the path is meant too.
    #[serde(default)]
    pub(crate) below: bool,
    /// What must be proved: `"anonymous"`, or a list of `ntlm`, `negotiate`, `basic`.
    pub(crate) auth: Spanned<Auth>,
    /// The service, for policy and app passwords' scope.
    pub(crate) service: String,
    /// The farm.
    pub(crate) farm: Spanned<String>,
    /// The back end's own names and what they are called outside; the farm's Host header and TLS
    /// name are known without being listed.
    #[serde(default)]
    pub(crate) internal_names: BTreeMap<String, Spanned<String>>,
    /// Request headers that pass beside the standard ones; none that tells who somebody is.
    #[serde(default)]
    pub(crate) pass_headers: Vec<Spanned<String>>,
    /// Request headers to set; only names on the allow-list may be set.
    #[serde(default)]
    pub(crate) set_headers: BTreeMap<String, Spanned<String>>,
    /// Whether a connection may be given over to WebSocket.
    #[serde(default)]
    pub(crate) websocket: bool,
    /// Whether a browser comes back to the member of the farm that answered it first, by a cookie.
    #[serde(default)]
    pub(crate) affinity: bool,
}

/// What a route asks.
#[derive(Debug)]
pub(crate) enum Auth {
    /// Nothing is asked.
    Anonymous,
    /// Schemes, offered in this order.
    Schemes(Vec<Scheme>),
}

/// The one word that `auth` may be.
const ANONYMOUS: &str = "anonymous";

/// By hand, as a derived choice between a word and a list tells nobody which word was wrong.
impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AuthVisitor)
    }
}

struct AuthVisitor;

impl<'de> Visitor<'de> for AuthVisitor {
    type Value = Auth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{ANONYMOUS}\" or a list such as [\"negotiate\", \"ntlm\"]"
        )
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Auth, E> {
        if word == ANONYMOUS {
            return Ok(Auth::Anonymous);
        }
        let scheme: Result<Scheme, de::value::Error> =
            Scheme::deserialize(word.into_deserializer());
        Err(match scheme {
            Ok(_) => E::custom(format_args!("a scheme stands in a list: [\"{word}\"]")),
            Err(_) => E::unknown_variant(word, &[ANONYMOUS]),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, schemes: A) -> Result<Auth, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(schemes)).map(Auth::Schemes)
    }
}

/// A scheme.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scheme {
    /// `Authorization: NTLM`.
    Ntlm,
    /// `Authorization: Negotiate`.
    Negotiate,
    /// `Authorization: Basic`.
    Basic,
}

/// A way to offer a secret.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Channel {
    /// `Authorization: NTLM`.
    Ntlm,
    /// `Authorization: Negotiate`.
    Negotiate,
    /// `Authorization: Basic`.
    Basic,
    /// A UsernameToken in a SOAP header.
    UsernameToken,
    /// The grant `password` of `/WebTicket/oauthtoken`.
    Grant,
    /// A page of ours.
    Page,
}

/// `[[policy]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// Who, by `CONTOSO\anna` or a UPN; anybody where this and `groups` are left out, either where both are there.
    pub(crate) accounts: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whose members, by the SIDs of groups of the `[directory]`, as `S-1-5-21-...-1107`.
    pub(crate) groups: Option<Spanned<Vec<Spanned<String>>>>,
    /// From where: `external`, `internal`; anywhere where it is left out.
    pub(crate) zones: Option<Spanned<Vec<Spanned<String>>>>,
    /// To what: `lync`, `ews`, or a route's service; anything where it is left out.
    pub(crate) services: Option<Spanned<Vec<Spanned<String>>>>,
    /// To which published path, as `lyncweb.contoso.com/ucwa`, or host; any where it is left out.
    pub(crate) routes: Option<Spanned<Vec<Spanned<String>>>>,
    /// By which channel; any where it is left out.
    pub(crate) channels: Option<Spanned<Vec<Channel>>>,
    /// What is enough, each by itself; a plus joins what is needed together, as `"app-password + one-time-code"`.
    /// `kerberos` is for `zones = ["internal"]` alone. Nothing is enough where the list is empty.
    pub(crate) methods: Spanned<Vec<Spanned<String>>>,
    /// How old the second factor of a combination may be, as `"8 hours"`; as old as it likes where it is left out.
    pub(crate) fresh: Option<Spanned<String>>,
    /// For how long after its owner's last second factor an app password is enough by itself, as `"30 days"`; for ever
    /// where it is left out, which is one factor.
    pub(crate) lease: Option<Spanned<String>>,
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
