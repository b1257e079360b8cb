//! Exchange's virtual directories, as its cmdlets and IIS tell of them.

use super::FactsError;
use super::read::Reader;

/// What a virtual directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Exchange Web Services.
    Ews,
    /// Autodiscover.
    Autodiscover,
    /// ActiveSync.
    ActiveSync,
    /// MAPI over HTTP.
    Mapi,
    /// The offline address book.
    Oab,
    /// Another, which a later script may tell of.
    Other,
}

/// What IIS does with channel bindings (Extended Protection).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It does not look at them.
    None,
    /// It checks one that is sent.
    Allow,
    /// One must be sent.
    Require,
}

/// A virtual directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualDirectory {
    /// What it is for.
    pub kind: Kind,
    /// The server that it is on.
    pub server: String,
    /// Its name, as `EWS (Default Web Site)`.
    pub name: String,
    /// The folder that it shows.
    pub path: Option<String>,
    /// The address that clients outside are told.
    pub external_url: Option<String>,
    /// Whether it takes Negotiate.
    pub windows_authentication: Option<bool>,
    /// What it does with channel bindings.
    pub extended_protection: Option<Protection>,
    /// Whether the file is the server's own, which has seen IIS.
    pub is_own_word: bool,
}

impl VirtualDirectory {
    /// The site in IIS that it belongs to, which stands in its name.
    #[must_use]
    pub fn site(&self) -> Option<&str> {
        let (_, site) = self.name.rsplit_once(" (")?;
        site.strip_suffix(')')
    }

    /// As the cmdlets want to be told: `SERVER\EWS (Default Web Site)`.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{}\\{}", self.server, self.name)
    }

    fn is_same(&self, other: &Self) -> bool {
        let is_equal = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        self.kind == other.kind
            && is_equal(&self.server, &other.server)
            && is_equal(&self.name, &other.name)
    }
}

/// Reads the part `exchange`.
pub(super) fn read(
    part: &mut Reader<'_, '_>,
    computer: Option<&str>,
) -> Result<Vec<VirtualDirectory>, FactsError> {
    part.each("directories", |entry| {
        let kind = match entry.text("kind")?.as_deref() {
            Some("ews") => Kind::Ews,
            Some("autodiscover") => Kind::Autodiscover,
            Some("activesync") => Kind::ActiveSync,
            Some("mapi") => Kind::Mapi,
            Some("oab") => Kind::Oab,
            _ => Kind::Other,
        };
        let server = entry.text("server")?.unwrap_or_default();
        Ok(VirtualDirectory {
            kind,
            name: entry.text("name")?.unwrap_or_default(),
            path: entry.text("path")?,
            external_url: entry.text("external_url")?,
            windows_authentication: entry.flag("windows_authentication")?,
            extended_protection: protection(entry)?,
            is_own_word: computer.is_some_and(|it| it.eq_ignore_ascii_case(&server)),
            server,
        })
    })
}

/// The words of IIS and Exchange, or the numbers behind them.
fn protection(entry: &mut Reader<'_, '_>) -> Result<Option<Protection>, FactsError> {
    let word = entry.text("extended_protection")?;
    let word = word.map(|it| it.to_ascii_lowercase());
    match word.as_deref() {
        None => Ok(None),
        Some("none" | "0") => Ok(Some(Protection::None)),
        Some("allow" | "1") => Ok(Some(Protection::Allow)),
        Some("require" | "2") => Ok(Some(Protection::Require)),
        Some(_) => Err(entry.wrong("extended_protection", "None, Allow or Require")),
    }
}

/// The directories of two files.
pub(super) fn merged(
    mut one: Vec<VirtualDirectory>,
    other: Vec<VirtualDirectory>,
) -> Vec<VirtualDirectory> {
    for directory in other {
        match one.iter_mut().find(|it| it.is_same(&directory)) {
            Some(known) if directory.is_own_word && !known.is_own_word => *known = directory,
            Some(_) => {}
            None => one.push(directory),
        }
    }
    one
}
