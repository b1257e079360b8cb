//! Lync's services, and the settings that say how people sign in to them.

use super::read::Reader;
use super::{FactsError, add};

/// What is known of Lync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lync {
    /// Web servers, registrars and Edges.
    pub services: Vec<Service>,
    /// `Get-CsWebServiceConfiguration`.
    pub web_service: Vec<WebService>,
    /// `Get-CsProxyConfiguration`.
    pub proxy: Vec<Proxy>,
    /// `Get-CsMobilityPolicy`.
    pub mobility: Vec<MobilityPolicy>,
    /// `Get-CsKerberosAccountAssignment`.
    pub kerberos_accounts: Vec<KerberosAccount>,
}

/// A service, as `Get-CsService` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Role and pool, as `WebServer:pool01.contoso.local`.
    pub identity: String,
    /// The site, as `Site:Redmond`.
    pub site: Option<String>,
    /// What a web server is called outside.
    pub external_fqdn: Option<String>,
}

/// How web services sign people in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebService {
    /// Whose configuration it is: `Global`, `Site:…`, `Service:WebServer:…`.
    pub identity: String,
    /// Windows authentication.
    pub use_windows_auth: Option<WindowsAuth>,
    /// Passive authentication, through a security token service.
    pub use_passive_auth: Option<bool>,
}

/// `UseWindowsAuth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowsAuth {
    /// Kerberos and NTLM.
    Negotiate,
    /// NTLM alone.
    Ntlm,
    /// Neither.
    None,
}

/// What SIP clients are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Whose configuration it is: `Global`, `Site:…`, `Service:EdgeServer:…`, `Service:Registrar:…`.
    pub identity: String,
    /// NTLM.
    pub ntlm: Option<bool>,
    /// Kerberos.
    pub kerberos: Option<bool>,
    /// Certificates (TLS-DSK).
    pub certificate: Option<bool>,
}

/// What phones may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MobilityPolicy {
    /// Its name.
    pub identity: String,
    /// Whether phones are let in at all.
    pub enable_mobility: Option<bool>,
    /// Whether the Lync client on a phone signs in to Exchange itself.
    pub allow_exchange_connectivity: Option<bool>,
    /// Whether it may keep the password.
    pub allow_save_credentials: Option<bool>,
}

/// The account that the web services of a site decrypt tickets with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosAccount {
    /// The site, as `Site:Redmond`.
    pub identity: String,
    /// The account, as `CONTOSO\LyncKerb`.
    pub account: Option<String>,
}

impl Service {
    /// Its role and its pool.
    #[must_use]
    pub fn role_and_pool(&self) -> (&str, &str) {
        self.identity
            .split_once(':')
            .unwrap_or((&self.identity, ""))
    }
}

impl Lync {
    /// Reads the part `lync`.
    pub(super) fn read(part: &mut Reader<'_, '_>) -> Result<Self, FactsError> {
        Ok(Self {
            services: part.each("services", |entry| {
                Ok(Service {
                    identity: identity(entry)?,
                    site: entry.text("site")?,
                    external_fqdn: entry.text("external_fqdn")?,
                })
            })?,
            web_service: part.each("web_service", |entry| {
                Ok(WebService {
                    identity: identity(entry)?,
                    use_windows_auth: windows_auth(entry)?,
                    use_passive_auth: entry.flag("use_passive_auth")?,
                })
            })?,
            proxy: part.each("proxy", |entry| {
                Ok(Proxy {
                    identity: identity(entry)?,
                    ntlm: entry.flag("ntlm")?,
                    kerberos: entry.flag("kerberos")?,
                    certificate: entry.flag("certificate")?,
                })
            })?,
            mobility: part.each("mobility", |entry| {
                Ok(MobilityPolicy {
                    identity: identity(entry)?,
                    enable_mobility: entry.flag("enable_mobility")?,
                    allow_exchange_connectivity: entry.flag("allow_exchange_connectivity")?,
                    allow_save_credentials: entry.flag("allow_save_credentials")?,
                })
            })?,
            kerberos_accounts: part.each("kerberos_accounts", |entry| {
                Ok(KerberosAccount {
                    identity: identity(entry)?,
                    account: entry.text("account")?,
                })
            })?,
        })
    }

    /// What two files say.
    pub(super) fn merged(mut self, other: Self) -> Self {
        add(&mut self.services, other.services);
        add(&mut self.web_service, other.web_service);
        add(&mut self.proxy, other.proxy);
        add(&mut self.mobility, other.mobility);
        add(&mut self.kerberos_accounts, other.kerberos_accounts);
        self
    }
}

fn identity(entry: &mut Reader<'_, '_>) -> Result<String, FactsError> {
    Ok(entry.text("identity")?.unwrap_or_default())
}

fn windows_auth(entry: &mut Reader<'_, '_>) -> Result<Option<WindowsAuth>, FactsError> {
    let word = entry.text("use_windows_auth")?;
    let word = word.map(|it| it.to_ascii_lowercase());
    match word.as_deref() {
        None => Ok(None),
        Some("negotiate") => Ok(Some(WindowsAuth::Negotiate)),
        Some("ntlm") => Ok(Some(WindowsAuth::Ntlm)),
        Some("none") => Ok(Some(WindowsAuth::None)),
        Some(_) => Err(entry.wrong("use_windows_auth", "Negotiate, NTLM or None")),
    }
}
