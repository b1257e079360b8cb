//! The report: what became of every field of every object, in words for the administrator who must decide.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Cmdlet;

/// What became of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The cmdlets whose answers were not there.
    pub missing: Vec<Cmdlet>,
    /// Every object of every file.
    pub objects: Vec<ObjectReport>,
}

impl Report {
    /// What sign-ins would lose: the object, and its field.
    pub fn lost(&self) -> impl Iterator<Item = (&ObjectReport, &FieldReport)> {
        let objects = self.objects.iter();
        objects.flat_map(|object| object.lost().map(move |field| (object, field)))
    }

    /// Fields, and with them their objects, cannot be taken after all.
    pub(super) fn refuse(&mut self, refused: Vec<Refused>) {
        let mut places: BTreeMap<(Cmdlet, String), Vec<usize>> = BTreeMap::new();
        for (place, it) in self.objects.iter().enumerate() {
            let key = (it.cmdlet, it.name.clone());
            places.entry(key).or_default().push(place);
        }
        for it in refused {
            // Those of one name are refused together, once.
            for place in places.remove(&(it.cmdlet, it.name)).unwrap_or_default() {
                if let Some(object) = self.objects.get_mut(place) {
                    object.refuse(it.field, it.why.clone());
                }
            }
        }
    }

    /// Whether nothing is missing, and sign-ins would lose nothing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.lost().next().is_none()
    }
}

/// A field that cannot be taken after all.
#[derive(Clone)]
pub(super) struct Refused {
    cmdlet: Cmdlet,
    name: String,
    field: &'static str,
    why: String,
}

impl Refused {
    /// Of every object of a name that a cmdlet printed.
    pub(super) fn new(cmdlet: Cmdlet, name: &str, field: &'static str, why: String) -> Self {
        Self {
            cmdlet,
            name: name.to_owned(),
            field,
            why,
        }
    }
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectReport {
    /// What printed it.
    pub cmdlet: Cmdlet,
    /// What it is called.
    pub name: String,
    /// Whether it is switched on; what is not loses no sign-in.
    pub is_enabled: bool,
    /// Whether it was taken, with whatever is said of its fields.
    pub is_taken: bool,
    /// What became of its fields, in the order of the file.
    pub fields: Vec<FieldReport>,
}

impl ObjectReport {
    /// What sign-ins would lose of it.
    pub fn lost(&self) -> impl Iterator<Item = &FieldReport> {
        let fields = self.fields.iter();
        fields.filter(|field| self.is_enabled && field.fate.is_lost)
    }

    /// What became of a field.
    pub(super) fn fate_of(&mut self, name: &str) -> Option<&mut Fate> {
        let mut fields = self.fields.iter_mut();
        let found = fields.find(|field| field.field.eq_ignore_ascii_case(name));
        found.map(|field| &mut field.fate)
    }

    /// A field, and with it the object, cannot be taken after all.
    pub(super) fn refuse(&mut self, name: &str, why: String) {
        self.is_taken = false;
        let fate = Fate::refused(why);
        match self.fate_of(name) {
            Some(known) => *known = fate,
            None => self.fields.push(FieldReport {
                field: name.to_owned(),
                fate,
            }),
        }
    }
}

/// What became of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldReport {
    /// Its name, as it stands in the file; one inside another as `SamlEndpoints[0].Location`.
    pub field: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// What becomes of a field, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is taken as it is.
    Taken,
    /// It is taken, and is not the same here.
    Changed,
    /// Nothing here needs it.
    NotNeeded,
    /// It says something that is not there yet.
    NotYet,
    /// Nobody here knows what it is.
    Unknown,
    /// It cannot be taken as it stands, and so neither can the object.
    Refused,
}

impl Kind {
    /// The word, as people read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Changed => "changed",
            Self::NotNeeded => "not needed",
            Self::NotYet => "not yet",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// What becomes of a field, and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// In one word.
    pub kind: Kind,
    /// What it is taken as, how it is changed, why it is not needed, or what its absence means.
    pub says: String,
    /// Whether a sign-in needs what is lost with it.
    pub is_lost: bool,
    /// What should be looked at beside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl Fate {
    fn new(kind: Kind, says: impl Into<String>, is_lost: bool) -> Self {
        Self {
            kind,
            says: says.into(),
            is_lost,
            remarks: Vec::new(),
        }
    }

    /// Taken, as this.
    pub(super) fn taken(says: impl Into<String>) -> Self {
        Self::new(Kind::Taken, says, false)
    }

    /// Taken, with this change.
    pub(super) fn changed(says: impl Into<String>) -> Self {
        Self::new(Kind::Changed, says, false)
    }

    /// Not needed, for this reason.
    pub(super) fn not_needed(why: impl Into<String>) -> Self {
        Self::new(Kind::NotNeeded, why, false)
    }

    /// Not there yet, and no sign-in fails for it.
    pub(super) fn not_yet(means: impl Into<String>) -> Self {
        Self::new(Kind::NotYet, means, false)
    }

    /// Not there yet, and sign-ins need it.
    pub(super) fn lost(means: impl Into<String>) -> Self {
        Self::new(Kind::NotYet, means, true)
    }

    /// Unknown.
    pub(super) fn unknown() -> Self {
        Self::new(
            Kind::Unknown,
            "no version of AD FS that is known here has it",
            false,
        )
    }

    /// Refused.
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::new(Kind::Refused, why, true)
    }

    /// The same, with something that should be looked at.
    pub(super) fn with_remark(mut self, remark: impl Into<String>) -> Self {
        self.remarks.push(remark.into());
        self
    }
}
