//! The forms of AD FS's console, by the name that `@RuleTemplate` has; they say which form edits a rule and change
//! nothing when it runs. Start at [`Template::of`].

use crate::claim_type::{DENY, PERMIT};
use crate::syntax::ast::{Assignment, Body, Property, Rule, Verb};

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Takes a claim over.
    PassThroughClaims,
    /// Makes a claim of another type from one.
    MapClaims,
    /// Sends attributes of a directory.
    LdapClaims,
    /// Sends a value for the members of a group.
    EmitGroupClaims,
    /// Lets everybody in.
    AllowAllAuthzRule,
    /// Lets in, or keeps out, who has a claim.
    Authorization,
}

const ALL: [Template; 6] = [
    Template::PassThroughClaims,
    Template::MapClaims,
    Template::LdapClaims,
    Template::EmitGroupClaims,
    Template::AllowAllAuthzRule,
    Template::Authorization,
];

impl Template {
    /// The form of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        ALL.into_iter().find(|it| it.name() == name)
    }

    /// Its name in `@RuleTemplate`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PassThroughClaims => "PassThroughClaims",
            Self::MapClaims => "MapClaims",
            Self::LdapClaims => "LdapClaims",
            Self::EmitGroupClaims => "EmitGroupClaims",
            Self::AllowAllAuthzRule => "AllowAllAuthzRule",
            Self::Authorization => "Authorization",
        }
    }

    /// What AD FS's console calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::PassThroughClaims => "Pass Through or Filter an Incoming Claim",
            Self::MapClaims => "Transform an Incoming Claim",
            Self::LdapClaims => "Send LDAP Attributes as Claims",
            Self::EmitGroupClaims => "Send Group Membership as a Claim",
            Self::AllowAllAuthzRule => "Permit All Users",
            Self::Authorization => "Permit or Deny Users Based on an Incoming Claim",
        }
    }

    /// Whether a rule has the shape that the form makes and can edit.
    #[must_use]
    pub fn fits(self, rule: &Rule) -> bool {
        let has_one_selector = rule.conditions.len() == 1 && rule.selectors().count() == 1;
        if rule.statement.verb != Verb::Issue {
            return false;
        }
        match (&rule.statement.body, self) {
            (Body::Copy(_), Self::PassThroughClaims) | (Body::Query(_), Self::LdapClaims) => {
                has_one_selector
            }
            (Body::New(_), Self::MapClaims) => has_one_selector,
            (Body::New(assignments), Self::EmitGroupClaims) => {
                has_one_selector && assigned(assignments, &Property::Value).is_some()
            }
            (Body::New(assignments), Self::AllowAllAuthzRule) => {
                let claim_type = assigned(assignments, &Property::Type);
                rule.conditions.is_empty() && claim_type.as_deref() == Some(PERMIT)
            }
            (Body::New(assignments), Self::Authorization) => {
                let claim_type = assigned(assignments, &Property::Type);
                has_one_selector && claim_type.is_some_and(|it| it == PERMIT || it == DENY)
            }
            _ => false,
        }
    }
}

/// What a property is set to, where no claim has a say in it.
fn assigned(assignments: &[Assignment], property: &Property) -> Option<String> {
    let mut assignments = assignments.iter();
    let found = assignments.find(|it| it.property == *property)?;
    found.value.constant()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleSet;

    fn fits(text: &str) -> bool {
        let rules = RuleSet::parse(text).unwrap();
        let rule = &rules.rules()[0];
        Template::of(&rule.template().unwrap()).unwrap().fits(rule)
    }

    #[test]
    fn each_form_knows_its_own_rules_and_no_others() {
        let permit = format!("issue(Type = \"{PERMIT}\", Value = \"true\");");
        let copy = "c:[Type == \"a\"] => issue(claim = c);";
        let map = "c:[Type == \"a\"] => issue(Type = \"b\", Value = c.Value);";
        let group = "c:[Type == \"a\"] => issue(Type = \"b\", Value = \"x\");";
        let query = "c:[] => issue(store = \"s\", types = (\"a\"), query = \"\", param = c.Value);";
        let all = format!("=> {permit}");
        let some = format!("c:[Type == \"a\"] => {permit}");
        for (name, fitting, other) in [
            ("PassThroughClaims", copy, map),
            ("MapClaims", map, copy),
            ("LdapClaims", query, copy),
            ("EmitGroupClaims", group, map),
            ("AllowAllAuthzRule", all.as_str(), some.as_str()),
            ("Authorization", some.as_str(), all.as_str()),
        ] {
            let annotated = |rule: &str| format!("@RuleTemplate = \"{name}\" {rule}");
            assert!(fits(&annotated(fitting)), "{name}");
            assert!(!fits(&annotated(other)), "{name}");
            assert!(
                !fits(&annotated(&fitting.replace("issue(", "add("))),
                "{name}"
            );
            let template = Template::of(name).unwrap();
            assert_eq!(template.name(), name);
            assert!(!template.title().is_empty());
        }
        assert_eq!(Template::of("passthroughclaims"), None);
    }
}
