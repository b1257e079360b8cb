//! A relying party trust that is being read, and what only all of its fields together say: rules or a policy, metadata.

mod table;

pub(in crate::import) use table::TABLE;

use crate::import::report::{Fate, ObjectReport};
use crate::trust::{
    AccessControlPolicy, Authorization, BuiltIn, Groups, Metadata, RelyingPartyTrust, Rules,
    Template, Url,
};

/// A trust that is being read.
pub(in crate::import) struct Draft {
    trust: RelyingPartyTrust,
    rules: Rules,
    delegation: Rules,
    impersonation: Rules,
    policy: Option<String>,
    parameters: Vec<String>,
    /// What the parameters hold that is more than texts.
    has_conditions: bool,
    metadata_url: Option<Url>,
    is_monitored: bool,
    is_followed: bool,
}

impl Draft {
    /// Nothing yet.
    pub(in crate::import) fn new() -> Self {
        let none = Rules::default();
        let trust = RelyingPartyTrust {
            name: String::new(),
            identifiers: Vec::new(),
            is_enabled: false,
            notes: None,
            protocol_profile: Default::default(),
            wsfed_endpoint: None,
            additional_wsfed_endpoints: Vec::new(),
            saml_endpoints: Vec::new(),
            metadata: None,
            request_signing_certificates: Vec::new(),
            signing_certificate_revocation_check: Default::default(),
            encryption_certificate: None,
            encryption_certificate_revocation_check: Default::default(),
            encrypt_claims: true,
            encrypted_name_id_required: false,
            token_type: Default::default(),
            signature_algorithm: Default::default(),
            sha1_until: None,
            signed_saml_requests_required: true,
            saml_response_signature: Default::default(),
            token_lifetime: Default::default(),
            not_before_skew: Default::default(),
            always_require_authentication: true,
            authorization: Authorization::Rules(none.clone()),
            issuance_transform_rules: none.clone(),
            additional_authentication_rules: none.clone(),
            claims_provider_names: Vec::new(),
            allowed_authentication_class_references: Vec::new(),
            claims_accepted: Vec::new(),
        };
        Self {
            trust,
            rules: none.clone(),
            delegation: none.clone(),
            impersonation: none,
            policy: None,
            parameters: Vec::new(),
            has_conditions: false,
            metadata_url: None,
            is_monitored: false,
            is_followed: false,
        }
    }

    /// The trust, and what only all of its fields together say.
    pub(in crate::import) fn finish(mut self, report: &mut ObjectReport) -> RelyingPartyTrust {
        let (is_monitored, is_followed) = (self.is_monitored, self.is_followed);
        self.trust.metadata = self.metadata_url.take().map(|url| Metadata {
            url,
            is_monitored,
            is_followed,
            signing_certificates: Vec::new(),
        });
        let goes_nowhere =
            self.trust.wsfed_endpoint.is_none() && self.trust.saml_endpoints.is_empty();
        if goes_nowhere && let Some(fate) = report.fate_of("WSFedEndpoint") {
            *fate = fate.clone().with_remark(
                "it has no endpoint of WS-Federation or SAML: browsers cannot be sent back to it",
            );
        }
        self.authorize(report);
        self.trust
    }

    /// Rules or a policy.
    fn authorize(&mut self, report: &mut ObjectReport) {
        let none = Rules::default();
        let rules = std::mem::replace(&mut self.rules, none);
        let Some(name) = self.policy.take() else {
            if rules.is_empty()
                && let Some(fate) = report.fate_of("IssuanceAuthorizationRules")
                && !fate.is_lost
            {
                *fate = fate
                    .clone()
                    .with_remark("nobody gets a token of it, as in AD FS");
            }
            self.trust.authorization = Authorization::Rules(rules);
            return;
        };
        if !rules.is_empty() {
            let why = "it has both a policy and authorization rules, which exclude each other";
            report.refuse("AccessControlPolicyName", why.to_owned());
            return;
        }
        let (policy, fate) = self.policy(name);
        self.trust.authorization = Authorization::Policy(policy);
        if let Some(known) = report.fate_of("AccessControlPolicyName") {
            *known = fate;
        }
    }

    /// A policy by its name, with the groups that it is for.
    fn policy(&mut self, name: String) -> (AccessControlPolicy, Fate) {
        let lost = |name: String, why: &str| {
            let says =
                format!("{why}: nobody gets a token of it; write authorization rules instead");
            (AccessControlPolicy::Custom { name }, Fate::lost(says))
        };
        let built_in = match BuiltIn::of(&name) {
            None => {
                return lost(
                    name,
                    "what an administrator's own policy says is not in the trust",
                );
            }
            Some(Template::Whole(built_in)) => built_in,
            Some(Template::OfGroups(make)) => {
                let groups = Groups::new(std::mem::take(&mut self.parameters));
                match groups.filter(|_| !self.has_conditions) {
                    Some(groups) if groups.unclear().is_some() => {
                        let why = "a group of the policy is neither a SID nor DOMAIN\\group";
                        return lost(name, why);
                    }
                    Some(groups) => make(groups),
                    None => return lost(name, "the groups of the policy cannot be read"),
                }
            }
        };
        let fate = match &built_in {
            BuiltIn::RequireMfaFromUnauthenticatedDevices
            | BuiltIn::RequireMfaAllowDeviceRegistration => Fate::changed(format!(
                "the policy `{name}`; no device is known here, so that everybody is asked"
            )),
            _ => Fate::taken(format!("the policy `{name}`")),
        };
        let is_named = built_in.groups().is_some_and(Groups::are_named);
        let fate = match is_named {
            true => fate.with_remark(NAMED),
            false => fate,
        };
        (AccessControlPolicy::BuiltIn(built_in), fate)
    }
}

/// What a policy needs whose groups have names.
const NAMED: &str = "a group is known by its name where `[directory]` follows its domain, and its members as of the last reading; a SID stays \
                     when a group is renamed";
