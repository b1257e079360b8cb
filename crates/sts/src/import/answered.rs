//! What an import asks of a configuration: rules whose questions have their stores there lose nothing.

use super::report::Report;
use super::{Cmdlet, Import, fields};
use crate::pipeline::store::Needs;
use crate::trust::{Authorization, Rules};

impl Import {
    /// The same where some needs of its rules are met; a field that was refused stays refused.
    #[must_use]
    pub fn with_answers(mut self, is_met: &dyn Fn(&Needs) -> bool) -> Self {
        for trust in &self.relying_parties {
            let of = (Cmdlet::RelyingPartyTrust, trust.name.as_str());
            let authorization = match &trust.authorization {
                Authorization::Rules(rules) => Some(rules),
                Authorization::Policy(_) => None,
            };
            for (field, rules) in [
                ("IssuanceAuthorizationRules", authorization),
                (
                    "IssuanceTransformRules",
                    Some(&trust.issuance_transform_rules),
                ),
                (
                    "AdditionalAuthenticationRules",
                    Some(&trust.additional_authentication_rules),
                ),
            ] {
                answered(&mut self.report, (of, field), rules, is_met);
            }
        }
        for trust in &self.claims_providers {
            let of = (Cmdlet::ClaimsProviderTrust, trust.name.as_str());
            let rules = Some(&trust.acceptance_transform_rules);
            let field = (of, "AcceptanceTransformRules");
            answered(&mut self.report, field, rules, is_met);
        }
        self
    }
}

fn answered(
    report: &mut Report,
    ((cmdlet, name), field): ((Cmdlet, &str), &str),
    rules: Option<&Rules>,
    is_met: &dyn Fn(&Needs) -> bool,
) {
    let Some(rules) = rules else {
        return;
    };
    let objects = report.objects.iter_mut();
    let same = objects.filter(|it| it.cmdlet == cmdlet && it.name == name);
    // What was lost for want of an answer alone, and for no other reason.
    let unanswered = fields::fate_of_rules(rules, &|_| false);
    for object in same {
        let fate = object.fate_of(field);
        if let Some(fate) = fate.filter(|it| it.is_lost && **it == unanswered) {
            *fate = fields::fate_of_rules(rules, is_met);
        }
    }
}
