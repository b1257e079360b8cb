//! The gate's own account in the directory: made with an administrator's right, given another password by itself.
//!
//! Windows takes a password over LDAPS only ([MS-ADTS] 3.1.1.3.1.5), and so nothing here goes another way. A password is
//! shown to one controller and not tried at the next: each try counts. Start at [`SignedIn::open`].

use std::fmt;
use std::sync::Arc;

use gss::Realm;
use ldap3::Scope;
use proto::secret::Secret;
use serde::Serialize;
use zeroize::Zeroizing;

use super::entry::Entry;
use super::filter::Filter;
use super::session::{GLOBAL_CATALOG, LDAPS, Reader, Root, Search, Session, SessionError};
use crate::config::settings::Directory;
use crate::config::settings::attribute_stores::LdapTls;
use crate::outbound::controllers::Controllers;
use crate::outbound::tls;

/// `WORKSTATION_TRUST_ACCOUNT` and `TRUSTED_TO_AUTH_FOR_DELEGATION` ([MS-ADTS] 2.2.16).
const COMPUTER: u32 = 0x1000;
const PROTOCOL_TRANSITION: u32 = 0x0100_0000;
/// AES with keys of 128 and 256 bits ([MS-KILE] 2.2.7).
const AES: u32 = 24;
/// The container of new computers, wherever it was moved ([MS-ADTS] 6.1.1.4.10).
const COMPUTERS: &str = "AA312825768811D1ADED00C04FD8D5CD";
/// Result codes (RFC 4511 A.1).
const CONSTRAINT_VIOLATION: u32 = 19;
const NO_SUCH_OBJECT: u32 = 32;
const INSUFFICIENT_ACCESS: u32 = 50;
const ALREADY_EXISTS: u32 = 68;
/// `ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED`, as Windows begins its text ([MS-ERREF] 2.2).
const QUOTA: &str = "0000216D";
/// `ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST`, likewise.
const NOT_UNIQUE: &str = "000021C7";

/// Why the account is not as it was to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GateError {
    /// Nobody can be asked.
    #[error(
        "no controller of {realm} can be asked by LDAPS, and Windows takes a password in no other way: {why}"
    )]
    Unreachable {
        /// Of which domain.
        realm: String,
        /// What each said.
        why: String,
    },
    /// The one who signs in.
    #[error("the directory refuses `{0}` or its password")]
    Refused(String),
    /// There is one.
    #[error(
        "`{0}` exists already; if it is this gate's, `wicketgate ad rotate` gives it a new key"
    )]
    Exists(String),
    /// There is none.
    #[error("there is no account `{0}` in the directory")]
    Missing(String),
    /// A name is another's.
    #[error(
        "`{spn}` is held by `{holder}`, and a name that two accounts hold works for neither; take it away there: \
         setspn -D {spn} {holder}"
    )]
    Held {
        /// Which name.
        spn: String,
        /// Whose it is.
        holder: String,
    },
    /// A name is another's, in a domain that was not searched.
    #[error(
        "one of its names is held by another account of the forest; `setspn -F -Q` finds it: {0}"
    )]
    HeldElsewhere(String),
    /// A back end that nobody, or more than one, stands for.
    #[error("`{spn}` is held by {} accounts ({}); it must be one: setspn -Q {spn}", .holders.len(), .holders.join(", "))]
    NotOnce {
        /// Which name.
        spn: String,
        /// Whose it is.
        holders: Vec<String>,
    },
    /// A back end that runs as its machine.
    #[error(
        "`{spn}` is held by the machine account `{holder}`: delegation to it would be delegation to everything on \
         that machine; run the service under an account of its own"
    )]
    Machine {
        /// Which name.
        spn: String,
        /// Whose it is.
        holder: String,
    },
    /// Somebody lacks a right.
    #[error("`{who}` may not do that: {text}")]
    NotAllowed {
        /// Who.
        who: String,
        /// What the controller says.
        text: String,
    },
    /// Somebody made as many computers as they may.
    #[error("`{0}` may make no more computer accounts (ms-DS-MachineAccountQuota)")]
    Quota(String),
    /// There is no such place.
    #[error("there is no `{0}` in the directory")]
    NoPlace(String),
    /// The directory says something else.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// What a new account is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Plan {
    /// Its place.
    pub(crate) dn: String,
    /// Its `sAMAccountName`, with the dollar sign.
    pub(crate) account: String,
    /// The DNS name that its salt is made of; no machine answers to it.
    pub(crate) dns_host_name: String,
    /// The names that are its own.
    pub(crate) service_principal_names: Vec<String>,
    /// The services that it may reach as a user; of none, it may act for nobody.
    pub(crate) delegates_to: Vec<String>,
}

impl Plan {
    /// What is written, but the password.
    fn attributes(&self) -> Vec<(&'static str, Vec<String>)> {
        let control = match self.delegates_to.is_empty() {
            true => COMPUTER,
            false => COMPUTER | PROTOCOL_TRANSITION,
        };
        let mut attributes = vec![
            ("objectClass", vec!["computer".to_owned()]),
            ("sAMAccountName", vec![self.account.clone()]),
            ("userAccountControl", vec![control.to_string()]),
            ("dNSHostName", vec![self.dns_host_name.clone()]),
            ("servicePrincipalName", self.service_principal_names.clone()),
            ("msDS-SupportedEncryptionTypes", vec![AES.to_string()]),
            ("msDS-AllowedToDelegateTo", self.delegates_to.clone()),
        ];
        attributes.retain(|(_, values)| !values.is_empty());
        attributes
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "dn: {}", self.dn)?;
        writeln!(f, "changetype: add")?;
        for (name, values) in self.attributes() {
            values
                .iter()
                .try_for_each(|value| writeln!(f, "{name}: {value}"))?;
        }
        write!(f, "# unicodePwd: 120 random characters")
    }
}

/// A controller of the gate's domain that somebody signed in to.
pub(crate) struct SignedIn {
    session: Session,
    /// Where names of the whole forest are.
    catalog: Option<Session>,
    root: Root,
    who: String,
}

impl SignedIn {
    /// Signs in to the first controller of the domain that is there.
    ///
    /// # Errors
    ///
    /// None is there, or it refuses the account.
    pub(crate) async fn open(
        directory: &Directory,
        realm: &Realm,
        (who, password): (&str, &Secret<String>),
    ) -> Result<Self, GateError> {
        let unreachable = |why: String| GateError::Unreachable {
            realm: realm.to_string(),
            why,
        };
        let tls = tls::client(&directory.authorities);
        let tls = Arc::new(tls.map_err(|error| unreachable(error.to_string()))?);
        let reader = Reader {
            begins: LdapTls::AtOnce,
            tls: &tls,
            account: who,
            password,
            most: None,
        };
        let mut failed = Vec::new();
        let controllers = Controllers::new(directory.controllers.clone());
        let names = controllers.names().await;
        for controller in &names.map_err(|error| unreachable(error.to_string()))? {
            let mut session = match Session::open((controller, LDAPS), &reader).await {
                Ok(session) => session,
                Err(SessionError::Refused) => return Err(GateError::Refused(who.to_owned())),
                Err(error) => {
                    failed.push(format!("`{controller}`: {error}"));
                    continue;
                }
            };
            let root = session.root().await?;
            if !root.domain.dns.eq_ignore_ascii_case(&realm.to_string()) {
                failed.push(format!("`{controller}`: it is of {}", root.domain.dns));
                continue;
            }
            let catalog = match directory.global_catalog {
                true => Some(Session::open((controller, GLOBAL_CATALOG), &reader).await?),
                false => None,
            };
            return Ok(Self {
                session,
                catalog,
                root,
                who: who.to_owned(),
            });
        }
        Err(unreachable(failed.join("; ")))
    }

    /// Plans an account: below `place`, or where new computers go.
    ///
    /// # Errors
    ///
    /// It is there already, or so is one of its names; there is no such place; the directory is unavailable.
    pub(crate) async fn plan(
        &mut self,
        account: &str,
        place: Option<&str>,
        (own, back_ends): (Vec<String>, Vec<String>),
    ) -> Result<Plan, GateError> {
        if self.dn(account).await?.is_some() {
            return Err(GateError::Exists(account.to_owned()));
        }
        for spn in &own {
            if let Some(holder) = self.holders(spn).await?.into_iter().next() {
                let (spn, holder) = (spn.clone(), holder.name);
                return Err(GateError::Held { spn, holder });
            }
        }
        for spn in &back_ends {
            self.must_be_a_service_s(spn).await?;
        }
        let place = self.place(place).await?;
        let name = account.strip_suffix('$').unwrap_or(account);
        let host = format!("{}.{}", name.to_lowercase(), self.root.domain.dns);
        Ok(Plan {
            dn: format!("CN={},{place}", ldap3::dn_escape(name)),
            account: account.to_owned(),
            dns_host_name: host,
            service_principal_names: own,
            delegates_to: back_ends,
        })
    }

    /// Makes an account with a password.
    ///
    /// # Errors
    ///
    /// The directory does not want it, and then nothing is left of it.
    pub(crate) async fn create(
        &mut self,
        plan: &Plan,
        password: &Secret<String>,
    ) -> Result<(), GateError> {
        let texts = plan.attributes().into_iter().map(|(name, values)| {
            let values = values.into_iter().map(String::into_bytes);
            (name, values.collect::<Vec<_>>())
        });
        let mut attributes: Vec<(&str, Vec<Vec<u8>>)> = texts.collect();
        attributes.push(("unicodePwd", vec![quoted(password).to_vec()]));
        let added = self.session.add(&plan.dn, &attributes).await;
        added.map_err(|error| declined(error, &self.who, &plan.dn))
    }

    /// Gives an account another password, by the one that it has.
    ///
    /// # Errors
    ///
    /// The directory does not want it, and then the old one stays; or it is too late to know.
    pub(crate) async fn change_password(
        &mut self,
        dn: &str,
        old: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<(), GateError> {
        let (old, new) = (quoted(old), quoted(new));
        let exchanged = self.session.exchange((dn, "unicodePwd"), &old, &new).await;
        exchanged.map_err(|error| declined(error, &self.who, dn))
    }

    /// Where an account is.
    ///
    /// # Errors
    ///
    /// The directory is unavailable.
    pub(crate) async fn dn(&mut self, account: &str) -> Result<Option<String>, GateError> {
        let filter = Filter::is("sAMAccountName", account);
        let base = self.root.base.clone();
        let found = found(
            &mut self.session,
            &base,
            Scope::Subtree,
            &filter,
            &["objectGUID"],
        );
        Ok(found.await?.into_iter().next().map(|(dn, _)| dn))
    }

    /// The version of an account's key ([MS-ADA2] msDS-KeyVersionNumber).
    ///
    /// # Errors
    ///
    /// The directory does not say.
    pub(crate) async fn key_version(&mut self, dn: &str) -> Result<u32, GateError> {
        const VERSION: &str = "msDS-KeyVersionNumber";
        let anything = Filter::Present("objectClass");
        let found = found(&mut self.session, dn, Scope::Base, &anything, &[VERSION]).await?;
        let version = found.first().and_then(|(_, entry)| entry.text(VERSION));
        let version = version.and_then(|it| it.parse().ok());
        version.ok_or_else(|| {
            let message = format!("it does not say the version of the key of `{dn}`");
            SessionError::Other(message).into()
        })
    }

    /// A back end's name is one account's, and that is no machine's.
    async fn must_be_a_service_s(&mut self, spn: &str) -> Result<(), GateError> {
        let mut holders = self.holders(spn).await?;
        match (holders.pop(), holders.is_empty()) {
            (Some(Holder { name, is_machine }), true) => match is_machine {
                false => Ok(()),
                true => Err(GateError::Machine {
                    spn: spn.to_owned(),
                    holder: name,
                }),
            },
            (last, _) => Err(GateError::NotOnce {
                spn: spn.to_owned(),
                holders: holders.into_iter().chain(last).map(|it| it.name).collect(),
            }),
        }
    }

    /// Who holds a name: in the forest, where its catalog is asked, else in the domain.
    async fn holders(&mut self, spn: &str) -> Result<Vec<Holder>, GateError> {
        let filter = Filter::is("servicePrincipalName", spn);
        let (session, base) = match &mut self.catalog {
            Some(catalog) => (catalog, ""),
            None => (&mut self.session, self.root.base.as_str()),
        };
        let attributes = ["sAMAccountName", "servicePrincipalName"];
        let found = found(session, base, Scope::Subtree, &filter, &attributes).await?;
        let holder = |(dn, entry): (String, Entry)| Holder {
            name: entry.text("sAMAccountName").map_or(dn, str::to_owned),
            is_machine: entry.all("servicePrincipalName").iter().any(|spn| {
                let class = spn.get(..5).unwrap_or_default();
                class.eq_ignore_ascii_case(b"HOST/")
            }),
        };
        Ok(found.into_iter().map(holder).collect())
    }

    /// The place of new computers, or the one that is named; it must be there.
    async fn place(&mut self, named: Option<&str>) -> Result<String, GateError> {
        let anything = Filter::Present("objectClass");
        let base = match named {
            Some(named) => named.to_owned(),
            None => format!("<WKGUID={COMPUTERS},{}>", self.root.base),
        };
        let found = found(
            &mut self.session,
            &base,
            Scope::Base,
            &anything,
            &["objectGUID"],
        );
        let place = found.await.ok().and_then(|it| it.into_iter().next());
        let place = place.map(|(dn, _)| dn);
        place.ok_or(GateError::NoPlace(base))
    }
}

struct Holder {
    name: String,
    /// Whoever may act as a user there may do so in every service of the machine.
    is_machine: bool,
}

/// What a controller says to a change, as the reason that it is.
fn declined(error: SessionError, who: &str, dn: &str) -> GateError {
    let who = who.to_owned();
    match error {
        SessionError::Declined { text, .. } if text.starts_with(QUOTA) => GateError::Quota(who),
        SessionError::Declined { text, .. } if text.starts_with(NOT_UNIQUE) => {
            GateError::HeldElsewhere(text)
        }
        SessionError::Declined { code, text } => match code {
            INSUFFICIENT_ACCESS | CONSTRAINT_VIOLATION => GateError::NotAllowed { who, text },
            ALREADY_EXISTS => GateError::Exists(dn.to_owned()),
            NO_SUCH_OBJECT => GateError::NoPlace(dn.to_owned()),
            _ => SessionError::Declined { code, text }.into(),
        },
        other => other.into(),
    }
}

async fn found(
    session: &mut Session,
    base: &str,
    scope: Scope,
    filter: &Filter,
    attributes: &[&'static str],
) -> Result<Vec<(String, Entry)>, SessionError> {
    let search = Search {
        base,
        scope,
        filter,
        attributes,
        enough: None,
    };
    session.search(search).await
}

/// A password as `unicodePwd` wants it: in quotation marks, in UTF-16.
fn quoted(password: &Secret<String>) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * (password.expose().len() + 2)));
    let units = password.expose().encode_utf16();
    let mark = u16::from(b'"');
    for unit in [mark].into_iter().chain(units).chain([mark]) {
        bytes.extend(unit.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
