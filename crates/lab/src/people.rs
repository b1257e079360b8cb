//! The people of the domain and every name by which Windows, Kerberos and SIP know them.

use std::sync::Arc;

use proto::ntlm::NtHash;
use proto::secret::Secret;

use crate::settings::{LabError, WorldSettings};
use crate::ticket::Sid;

/// A person.
#[derive(Debug)]
pub(crate) struct Person {
    /// `DOMAIN\sam`, by which the list of requests names them.
    pub(crate) account: String,
    pub(crate) sam: String,
    pub(crate) upn: String,
    pub(crate) sip: String,
    pub(crate) sid: Sid,
    hash: NtHash,
    password: Secret<String>,
}

impl Person {
    /// What NTLM is proved against.
    pub(crate) fn hash(&self) -> &NtHash {
        &self.hash
    }

    /// Whether this is somebody without an account.
    pub(crate) fn is_guest(&self) -> bool {
        self.sam.is_empty()
    }

    /// Whether this is the password of the domain account.
    pub(crate) fn has_password(&self, password: &str) -> bool {
        self.password.is(password.as_bytes())
    }
}

/// Everybody.
#[derive(Debug)]
pub(crate) struct People {
    people: Vec<Arc<Person>>,
    guest: Arc<Person>,
    domains: [String; 2],
    realm: String,
}

impl People {
    /// Takes the people of the settings.
    ///
    /// # Errors
    ///
    /// A SID is not one.
    pub(crate) fn new(settings: &WorldSettings) -> Result<Self, LabError> {
        let person = |user: &crate::User| {
            let sid = Sid::parse(&user.sid).ok_or_else(|| LabError::Sid {
                sid: user.sid.clone(),
            })?;
            Ok(Arc::new(Person {
                account: format!("{}\\{}", settings.netbios, user.sam),
                sam: user.sam.clone(),
                upn: user.upn.clone(),
                sip: user.sip.clone(),
                sid,
                hash: NtHash::of_password(user.domain_password.expose()),
                password: user.domain_password.clone(),
            }))
        };
        Ok(Self {
            people: settings
                .users
                .iter()
                .map(person)
                .collect::<Result<_, LabError>>()?,
            guest: Arc::new(guest()?),
            domains: [settings.netbios.clone(), settings.domain.clone()],
            realm: settings.realm.clone(),
        })
    }

    /// By a name as Windows takes it: `sam`, `DOMAIN\sam`, or a UPN, with or without a domain beside.
    pub(crate) fn named(&self, domain: &str, user: &str) -> Option<&Arc<Person>> {
        let (domain, user) = user.split_once('\\').unwrap_or((domain, user));
        let is_ours = domain.is_empty() || self.domains.iter().any(|ours| is_same(ours, domain));
        let by_sam = self
            .people
            .iter()
            .find(|person| is_ours && is_same(&person.sam, user));
        by_sam.or_else(|| self.people.iter().find(|person| is_same(&person.upn, user)))
    }

    /// By `sam@REALM`.
    pub(crate) fn by_principal(&self, principal: &str) -> Option<&Arc<Person>> {
        let (sam, realm) = principal.rsplit_once('@')?;
        let mut people = self.people.iter();
        people.find(|person| is_same(&self.realm, realm) && is_same(&person.sam, sam))
    }

    /// By SIP URI.
    pub(crate) fn by_sip(&self, uri: &str) -> Option<&Arc<Person>> {
        self.people
            .iter()
            .find(|person| is_same_sip(&person.sip, uri))
    }

    /// By SID; a guest has the well-known one of nobody.
    pub(crate) fn by_sid(&self, sid: &Sid) -> Option<&Arc<Person>> {
        let mut everybody = self.people.iter().chain([&self.guest]);
        everybody.find(|person| person.sid == *sid)
    }

    /// By the address of a mailbox.
    pub(crate) fn by_mailbox(&self, address: &str) -> Option<&Arc<Person>> {
        let mut people = self.people.iter();
        people.find(|person| is_same(&person.upn, address.trim()))
    }

    /// Whoever comes to a meeting without an account.
    pub(crate) fn guest(&self) -> &Arc<Person> {
        &self.guest
    }

    /// Those whose names begin with a text.
    pub(crate) fn beginning(&self, text: &str) -> Vec<&Arc<Person>> {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix("smtp:").unwrap_or(&text);
        let begins = |name: &str| !text.is_empty() && name.to_lowercase().starts_with(text);
        let people = self.people.iter();
        people
            .filter(|person| begins(&person.sam) || begins(&person.upn))
            .collect()
    }
}

/// SPEC: [MS-DTYP] 2.4.2.4, ANONYMOUS.
const ANONYMOUS_SID: &str = "S-1-5-7";

/// A guest has no name to sign in with, and is found by none.
fn guest() -> Result<Person, LabError> {
    let sid = Sid::parse(ANONYMOUS_SID).ok_or_else(|| LabError::Sid {
        sid: ANONYMOUS_SID.to_owned(),
    })?;
    Ok(Person {
        account: "guest".to_owned(),
        sam: String::new(),
        upn: String::new(),
        sip: String::new(),
        sid,
        hash: NtHash::of_password(""),
        password: Secret::new(String::new()),
    })
}

/// Whether two SIP URIs are the same; the scheme may be left out.
pub(crate) fn is_same_sip(left: &str, right: &str) -> bool {
    let bare = |uri: &str| {
        let uri = uri.trim().to_lowercase();
        uri.strip_prefix("sip:").map(str::to_owned).unwrap_or(uri)
    };
    bare(left) == bare(right)
}

fn is_same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}
