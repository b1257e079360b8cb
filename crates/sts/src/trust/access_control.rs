//! Access control policies of AD FS 2016 and later: named, assigned to trusts, in the place of authorization rules.
//!
//! The ones that AD FS brings are known by name. One that an administrator made is kept by its name alone, and lets nobody
//! in: what it says is not in what the trust says.

use authn::directory::GroupName;
use proto::kerberos::Sid;

/// A policy of a trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessControlPolicy {
    /// One of AD FS's own.
    BuiltIn(BuiltIn),
    /// One that an administrator made; nobody is let in by it here.
    Custom {
        /// Its name.
        name: String,
    },
}

/// The policies that AD FS brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Everybody.
    PermitEveryone,
    /// Everybody, with a second factor.
    RequireMfa,
    /// Everybody; the members of groups with a second factor.
    RequireMfaForGroups(Groups),
    /// Everybody; with a second factor from outside.
    RequireMfaFromExtranet,
    /// Everybody; with a second factor from devices that are not known.
    RequireMfaFromUnauthenticatedDevices,
    /// Everybody with a second factor, but for the registration of devices.
    RequireMfaAllowDeviceRegistration,
    /// Everybody inside, nobody outside.
    PermitIntranet,
    /// The members of groups.
    PermitGroups(Groups),
}

/// Groups, as the parameters of a policy name them; one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups(Vec<String>);

impl Groups {
    /// Groups by name or SID, where there is one at least; [`Groups::unclear`] says whether each can be found.
    #[must_use]
    pub fn new(groups: Vec<String>) -> Option<Self> {
        let is_named = !groups.is_empty() && groups.iter().all(|it| !it.trim().is_empty());
        is_named.then_some(Self(groups))
    }

    /// Whether a group is given by its SID.
    #[must_use]
    pub fn is_sid(group: &str) -> bool {
        group.to_ascii_uppercase().parse::<Sid>().is_ok()
    }

    /// The first that is neither a SID nor `DOMAIN\\group`, so that nobody would be found in it.
    #[must_use]
    pub fn unclear(&self) -> Option<&str> {
        let is_clear = |it: &str| Self::is_sid(it) || GroupName::is_qualified(it);
        self.iter().find(|it| !is_clear(it))
    }

    /// Whether one is given by its name, which only a directory that is followed knows.
    #[must_use]
    pub fn are_named(&self) -> bool {
        self.iter().any(|it| !Self::is_sid(it))
    }

    /// The groups.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// A policy that AD FS brings, before its parameters are known.
pub(crate) enum Template {
    Whole(BuiltIn),
    OfGroups(fn(Groups) -> BuiltIn),
}

impl BuiltIn {
    /// What AD FS calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::PermitEveryone => "Permit everyone",
            Self::RequireMfa => "Permit everyone and require MFA",
            Self::RequireMfaForGroups(_) => "Permit everyone and require MFA for specific group",
            Self::RequireMfaFromExtranet => "Permit everyone and require MFA from extranet access",
            Self::RequireMfaFromUnauthenticatedDevices => {
                "Permit everyone and require MFA from unauthenticated devices"
            }
            Self::RequireMfaAllowDeviceRegistration => {
                "Permit everyone and require MFA, allow automatic device registration"
            }
            Self::PermitIntranet => "Permit everyone for intranet access",
            Self::PermitGroups(_) => "Permit specific group",
        }
    }

    /// The groups that it is for, where it is for groups.
    #[must_use]
    pub fn groups(&self) -> Option<&Groups> {
        match self {
            Self::RequireMfaForGroups(groups) | Self::PermitGroups(groups) => Some(groups),
            _ => None,
        }
    }

    /// The policy of a name, in any case of its letters.
    pub(crate) fn of(name: &str) -> Option<Template> {
        let whole = [
            Self::PermitEveryone,
            Self::RequireMfa,
            Self::RequireMfaFromExtranet,
            Self::RequireMfaFromUnauthenticatedDevices,
            Self::RequireMfaAllowDeviceRegistration,
            Self::PermitIntranet,
        ];
        let of_groups: [fn(Groups) -> Self; 2] = [Self::RequireMfaForGroups, Self::PermitGroups];
        let is_it = |built_in: &Self| built_in.name().eq_ignore_ascii_case(name.trim());
        let mut whole = whole.into_iter();
        if let Some(built_in) = whole.find(is_it) {
            return Some(Template::Whole(built_in));
        }
        let mut of_groups = of_groups.into_iter();
        let found = of_groups.find(|make| is_it(&make(Groups(Vec::new()))));
        found.map(Template::OfGroups)
    }
}
