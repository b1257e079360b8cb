//! Active Directory over LDAPS: the port [`Directory`], read by one account that may do nothing else.
//!
//! Each reading asks one controller of each domain anew; those that failed last come last. Where a domain
//! cannot be read at all nothing is: whoever is missing would be taken for gone. Start at [`Ldap`].

mod accounts;
pub(crate) mod attribute_store;
mod called;
mod entry;
mod filter;
pub(crate) mod gate;
mod groups;
mod metered;
mod names;
mod refused;
mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::directory::{KEPT, Person, Reading, RefusedGroups, Standing};
use authn::ports::{Directory, DirectoryCopy, Unavailable};
use ldap3::Scope;
use rustls::ClientConfig;
use tokio::time::timeout;

use self::called::Called;
use self::entry::{ATTRIBUTES, guid_bytes};
use self::filter::Filter;
pub(crate) use self::refused::Refused;
use self::session::{GLOBAL_CATALOG, LDAPS, Reader, Root, Search, Session, SessionError};
use super::controllers::Controllers;
use super::tls::{self, TlsError};
use crate::clock;
use crate::config::settings;
use crate::config::settings::attribute_stores::LdapTls;

/// How many people are asked for at once, far below what a controller answers with at most.
const AT_ONCE: usize = 100;
/// How many people a name may lead to at most: in a forest each domain may have one.
const ENOUGH: i32 = 50;
/// How long a controller may take for all people of its domain; another is asked first the next time. Less than
/// whoever follows the directory waits for all.
const EACH: Duration = Duration::from_secs(20);

/// A directory.
pub(crate) struct Ldap {
    settings: settings::Directory,
    controllers: Controllers,
    tls: Arc<ClientConfig>,
    copy: Arc<dyn DirectoryCopy>,
    known: Mutex<BTreeMap<String, Known>>,
    refused: Arc<Refused>,
    called: Called,
    /// Those whose groups could not be read when they were asked for last.
    without_groups: Mutex<BTreeSet<AccountId>>,
}

/// What is known of a controller.
#[derive(Clone, Debug, Default)]
struct Known {
    domain: Option<String>,
    has_failed: bool,
}

/// What a check of a controller found.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Checked {
    /// Which, with its port.
    pub(crate) controller: String,
    /// Its domain, where it is well.
    pub(crate) domain: Option<String>,
    /// What is wrong.
    pub(crate) problem: Option<String>,
    /// Those of the refused groups that its domain has, as they are configured.
    pub(crate) refused_groups: Vec<String>,
}

/// A controller that answers for a domain.
struct Asked {
    controller: String,
    session: Session,
    root: Root,
}

impl Ldap {
    /// Takes the settings and reads the authorities.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(
        settings: &settings::Directory,
        copy: Arc<dyn DirectoryCopy>,
        refused: Arc<Refused>,
    ) -> Result<Self, TlsError> {
        Ok(Self {
            tls: Arc::new(tls::client(&settings.authorities)?),
            controllers: Controllers::new(settings.controllers.clone()),
            settings: settings.clone(),
            copy,
            known: Mutex::default(),
            refused,
            called: Called::default(),
            without_groups: Mutex::default(),
        })
    }

    /// Tries every controller.
    ///
    /// # Errors
    ///
    /// There is no password, or the store is away.
    pub(crate) async fn check(&self) -> Result<Vec<Checked>, Unavailable> {
        let password = self.password().await?;
        let reader = self.reader(&password);
        let mut checked = Vec::new();
        for controller in &self.named().await? {
            let opened = self.opened(controller, &reader).await;
            let (domain, found) = match opened {
                Ok(mut asked) => {
                    let found = self.refused_groups(&mut asked).await;
                    (Some(asked.root.domain.dns), found)
                }
                Err(error) => (None, Err(error)),
            };
            let problem = found.as_ref().err().map(ToString::to_string);
            let found = found.unwrap_or_default().0;
            let is_found = |group: &&String| {
                let mut found = found.iter();
                found.any(|(sid, name)| sid == *group || name.eq_ignore_ascii_case(group))
            };
            let configured = self.settings.refused_groups.iter();
            let groups = configured.filter(is_found).cloned().collect();
            checked.push(Checked {
                controller: format!("{controller}:{LDAPS}"),
                domain,
                problem,
                refused_groups: groups,
            });
            if self.settings.global_catalog {
                let opened = Session::open((controller, GLOBAL_CATALOG), &reader).await;
                checked.push(Checked {
                    controller: format!("{controller}:{GLOBAL_CATALOG}"),
                    domain: None,
                    problem: opened.err().map(|error| error.to_string()),
                    refused_groups: Vec::new(),
                });
            }
        }
        Ok(checked)
    }

    /// The groups of a name, by their SIDs, in all domains.
    ///
    /// # Errors
    ///
    /// A domain does not answer, there is no password, or the store is away.
    pub(crate) async fn groups_called(&self, name: &str) -> Result<RefusedGroups, Unavailable> {
        let mut groups = RefusedGroups::default();
        for mut asked in self.each_domain().await? {
            let wanted = [name.to_owned()];
            let found = refused::found(&wanted, &mut asked.session, &asked.root).await;
            let found =
                found.map_err(|error| unavailable(format!("`{}`: {error}", asked.controller)))?;
            groups.0.extend(found.0);
        }
        Ok(groups)
    }

    async fn password(&self) -> Result<proto::secret::Secret<String>, Unavailable> {
        let password = self.copy.password(&self.settings.account).await?;
        password.ok_or_else(|| {
            let account = &self.settings.account;
            unavailable(format!(
                "the store has no password for `{account}`; `wicketgate directory set-password` sets it"
            ))
        })
    }

    fn reader<'a>(&'a self, password: &'a proto::secret::Secret<String>) -> Reader<'a> {
        Reader {
            begins: LdapTls::AtOnce,
            tls: &self.tls,
            account: &self.settings.account,
            password,
            most: None,
        }
    }

    /// One controller of each domain.
    async fn each_domain(&self) -> Result<Vec<Asked>, Unavailable> {
        let password = self.password().await?;
        let reader = self.reader(&password);
        let mut asked: Vec<Asked> = Vec::new();
        let mut failed = Vec::new();
        for (controller, domain) in self.in_order(self.named().await?) {
            let has_answered =
                |domain: &String| asked.iter().any(|it| it.root.domain.dns == *domain);
            if has_answered(&domain) {
                continue;
            }
            match self.opened(&controller, &reader).await {
                Ok(opened) if has_answered(&opened.root.domain.dns) => {}
                Ok(opened) => asked.push(opened),
                Err(error) => {
                    tracing::debug!(controller, "a domain controller does not answer: {error}");
                    failed.push((domain, format!("`{controller}`: {error}")));
                }
            }
        }
        let answered: BTreeSet<&str> = asked.iter().map(|it| it.root.domain.dns.as_str()).collect();
        failed.retain(|(domain, _)| !answered.contains(domain.as_str()));
        if failed.is_empty() {
            return Ok(asked);
        }
        let why: Vec<String> = failed.into_iter().map(|(_, why)| why).collect();
        Err(unavailable(why.join("; ")))
    }

    async fn opened(&self, controller: &str, reader: &Reader<'_>) -> Result<Asked, SessionError> {
        let opening = async {
            let mut session = Session::open((controller, LDAPS), reader).await?;
            let root = session.root().await?;
            Ok((session, root))
        };
        let opened = opening.await;
        let mut known = self.lock();
        let known = known.entry(controller.to_owned()).or_default();
        known.has_failed = opened.is_err();
        let (session, root): (Session, Root) = opened?;
        known.domain = Some(root.domain.dns.clone());
        Ok(Asked {
            controller: controller.to_owned(),
            session,
            root,
        })
    }

    /// The controllers of the moment.
    async fn named(&self) -> Result<Vec<String>, Unavailable> {
        let names = self.controllers.names().await;
        names.map_err(|error| unavailable(error.to_string()))
    }

    /// These controllers with their domains, those first that did not fail.
    fn in_order(&self, mut controllers: Vec<String>) -> Vec<(String, String)> {
        let known = self.lock();
        let of = |controller: &String| known.get(controller).cloned().unwrap_or_default();
        controllers.sort_by_key(|controller| of(controller).has_failed);
        let with_domain = |controller: String| {
            // Before it was asked: a controller is called by a name in its domain.
            let guessed = controller
                .split_once('.')
                .map(|(_, domain)| domain.to_owned());
            let domain = of(&controller).domain.or(guessed).unwrap_or_default();
            (controller, domain)
        };
        controllers.into_iter().map(with_domain).collect()
    }

    /// The groups of a domain whose members are not passed on.
    async fn refused_groups(&self, asked: &mut Asked) -> Result<RefusedGroups, SessionError> {
        self.refused.of(&self.settings.refused_groups, asked).await
    }

    /// Reads people of one domain.
    async fn people(
        &self,
        asked: &mut Asked,
        ids: &[AccountId],
        groups_of: &BTreeSet<AccountId>,
    ) -> Result<Reading, SessionError> {
        let mut reading = Reading {
            people: Vec::new(),
            refused_groups: self.refused_groups(asked).await?,
        };
        let base = self
            .settings
            .base
            .as_ref()
            .unwrap_or(&asked.root.base)
            .clone();
        let attributes = self.attributes();
        for ids in ids.chunks(AT_ONCE) {
            let bytes = ids.iter().filter_map(|id| guid_bytes(&id.0));
            let any = bytes.map(|bytes| Filter::is("objectGUID", bytes)).collect();
            let filter = Filter::person(Filter::Any(any));
            let search = Search {
                base: &base,
                scope: Scope::Subtree,
                filter: &filter,
                attributes: &attributes,
                enough: None,
            };
            let found = asked.session.search(search).await?;
            let people = found.into_iter().filter_map(|(dn, entry)| {
                let mut person = entry.person(&asked.root.domain, clock::now())?;
                person.attributes = entry.kept(self.kept());
                Some((dn, person))
            });
            let people: Vec<(String, Person)> = people.collect();
            let asked_for = people.iter().filter(|(_, it)| groups_of.contains(&it.id));
            let dns = asked_for.map(|(dn, _)| dn.clone()).collect();
            let mut groups = groups::read(&asked.session.line(), dns).await?;
            for (dn, mut person) in people {
                if let Some(groups) = groups.remove(&dn) {
                    person.groups = groups;
                    self.note_groups(&person, &dn);
                }
                // SECURITY: what they may do depends on groups that nobody can see.
                if self.without_groups().contains(&person.id) {
                    person.standing = Standing::Disabled;
                }
                reading.people.push(person);
            }
        }
        if reading.people.is_empty() {
            sees_somebody(asked, &base).await?;
        }
        Ok(reading)
    }

    /// Sets down whether somebody's groups could be read.
    fn note_groups(&self, person: &Person, dn: &str) {
        let mut without = self.without_groups();
        match &person.groups {
            Some(_) => {
                without.remove(&person.id);
            }
            None if without.insert(person.id.clone()) => tracing::warn!(
                "`{dn}` is put out: the groups cannot be read; has the account that reads the directory the \
                 right to?"
            ),
            None => {}
        }
    }

    fn without_groups(&self) -> MutexGuard<'_, BTreeSet<AccountId>> {
        let without = self.without_groups.lock();
        without.unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(
        &self,
        ids: &[AccountId],
        groups_of: &BTreeSet<AccountId>,
    ) -> Result<Reading, Unavailable> {
        let mut whole = Reading::default();
        let mut domains = self.each_domain().await?;
        for asked in &mut domains {
            let reading = timeout(EACH, self.people(asked, ids, groups_of)).await;
            match reading.unwrap_or(Err(SessionError::Late(EACH))) {
                Ok(part) => {
                    whole.people.extend(part.people);
                    whole.refused_groups.0.extend(part.refused_groups.0);
                }
                Err(error) => {
                    let controller = asked.controller.clone();
                    self.lock()
                        .entry(controller.clone())
                        .or_default()
                        .has_failed = true;
                    return Err(unavailable(format!("`{controller}`: {error}")));
                }
            }
        }
        self.called.by_name(&mut whole.people, &mut domains).await;
        Ok(whole)
    }

    /// The attributes that are kept for claim rules.
    fn kept(&self) -> impl Iterator<Item = &str> {
        let more = self.settings.attributes.iter().map(String::as_str);
        KEPT.into_iter().chain(more)
    }

    /// All attributes that are asked for, once each.
    fn attributes(&self) -> Vec<&str> {
        let needed = ATTRIBUTES.into_iter();
        let others = self.kept().filter(|it| {
            let mut needed = ATTRIBUTES.iter();
            !needed.any(|needed| needed.eq_ignore_ascii_case(it))
        });
        needed.chain(others).collect()
    }

    /// The ids of those whom a filter finds.
    async fn ids(&self, filter: &Filter) -> Result<BTreeSet<AccountId>, Unavailable> {
        let mut ids = BTreeSet::new();
        let mut search = async |session: &mut Session, base: &str| {
            let search = Search {
                base,
                scope: Scope::Subtree,
                filter,
                attributes: &["objectGUID"],
                enough: Some(ENOUGH),
            };
            let found = session.search(search).await?;
            ids.extend(found.iter().filter_map(|(_, entry)| entry.id()));
            Ok::<(), SessionError>(())
        };
        if !self.settings.global_catalog {
            for mut asked in self.each_domain().await? {
                let base = self
                    .settings
                    .base
                    .as_ref()
                    .unwrap_or(&asked.root.base)
                    .clone();
                let found = search(&mut asked.session, &base).await;
                found.map_err(|error| unavailable(format!("`{}`: {error}", asked.controller)))?;
            }
            return Ok(ids);
        }
        let password = self.password().await?;
        let reader = self.reader(&password);
        let mut failed = Vec::new();
        for (controller, _) in self.in_order(self.named().await?) {
            let found = match Session::open((&controller, GLOBAL_CATALOG), &reader).await {
                Ok(mut session) => search(&mut session, "").await,
                Err(error) => Err(error),
            };
            match found {
                Ok(()) => return Ok(ids),
                Err(error) => failed.push(format!("`{controller}:{GLOBAL_CATALOG}`: {error}")),
            }
        }
        Err(unavailable(failed.join("; ")))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Directory for Ldap {
    async fn find(&self, name: &str) -> Result<Reading, Unavailable> {
        let Some(wanted) = names::Wanted::of(name) else {
            return Ok(Reading::default());
        };
        let found: Vec<AccountId> = self.ids(&wanted.filter()).await?.into_iter().collect();
        if found.is_empty() {
            return Ok(Reading::default());
        }
        let mut reading = self.read(&found, &found.iter().cloned().collect()).await?;
        reading.people.retain(|person| wanted.is_of_domain(person));
        Ok(reading)
    }

    async fn by_ids(
        &self,
        ids: &[AccountId],
        groups_of: &BTreeSet<AccountId>,
    ) -> Result<Reading, Unavailable> {
        self.read(ids, groups_of).await
    }
}

/// SECURITY: a reader that sees nobody, for want of a right or by a wrong base, does not tell that
/// everybody is gone.
async fn sees_somebody(asked: &mut Asked, base: &str) -> Result<(), SessionError> {
    let anybody = Filter::person(Filter::Present("objectSid"));
    let found = asked.session.search(Search {
        base,
        scope: Scope::Subtree,
        filter: &anybody,
        attributes: &["objectGUID"],
        enough: Some(1),
    });
    match found.await?.is_empty() {
        false => Ok(()),
        true => Err(SessionError::Other(format!(
            "nobody can be seen below `{base}`"
        ))),
    }
}

fn unavailable(detail: String) -> Unavailable {
    Unavailable {
        what: "the directory",
        detail,
    }
}
