//! Presets: the trusts of products whose needs are known, with the rule texts that their makers and AD FS's console write.
//!
//! Every trust of a preset asks for a second factor. What only a party itself knows for sure, as the identifier of a Lync pool,
//! its metadata says; the trust names where that is. Start at [`Preset::trusts`].

use claims::claim::AD_AUTHORITY;
use claims::claim_type::{
    AUTHENTICATION_METHOD, GROUP_SID, MULTIPLE_AUTHENTICATION, PERMIT, WINDOWS_ACCOUNT_NAME,
};

use super::Trusted;
use super::written::{VERSION, Written, WrittenError, WrittenMetadata, WrittenRelyingParty};
use crate::subject::SIGN_IN;

/// The claim that is the SID of an account, by which Lync and Exchange know who it is.
const PRIMARY_SID: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid";
/// The userPrincipalName.
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
/// What was proved, one claim for each method.
const METHODS_REFERENCES: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";
/// A mail address.
const MAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
/// A role, or a group by its name.
const ROLE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/// A product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Lync Server 2013 in passive mode.
    Lync,
    /// Skype for Business Server in passive mode.
    SkypeForBusiness,
    /// Outlook on the web and the Exchange admin center.
    ExchangeOwa,
    /// A web application of SharePoint.
    SharePoint,
    /// An AD FS that takes our claims: we are its claims provider.
    AdFs,
}

/// Where a product is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places<'a> {
    /// Its published name.
    pub host: &'a str,
    /// Its name inside, where there is another: a pool of Lync has two web sites.
    pub internal_host: Option<&'a str>,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Lync,
        Self::SkypeForBusiness,
        Self::ExchangeOwa,
        Self::SharePoint,
        Self::AdFs,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lync => "lync",
            Self::SkypeForBusiness => "skype-for-business",
            Self::ExchangeOwa => "exchange-owa",
            Self::SharePoint => "sharepoint",
            Self::AdFs => "adfs",
        }
    }

    /// The preset of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Its trusts.
    ///
    /// # Errors
    ///
    /// A host is no name of one.
    pub fn trusts(self, places: &Places<'_>) -> Result<Trusted, WrittenError> {
        let written = Written {
            version: VERSION,
            relying_party: self.written(places),
            ..Written::default()
        };
        written.read()
    }

    /// A trust with the rules of this product, whatever else is said of it.
    #[must_use]
    pub fn ruled(self, trust: WrittenRelyingParty) -> WrittenRelyingParty {
        let places = Places {
            host: "host.example",
            internal_host: None,
        };
        let own = self.written(&places).into_iter().next().unwrap_or_default();
        WrittenRelyingParty {
            protocol_profile: own.protocol_profile,
            issuance_authorization_rules: own.issuance_authorization_rules,
            issuance_transform_rules: own.issuance_transform_rules,
            additional_authentication_rules: own.additional_authentication_rules,
            encrypt_claims: own.encrypt_claims,
            ..trust
        }
    }

    fn written(self, places: &Places<'_>) -> Vec<WrittenRelyingParty> {
        let Places {
            host,
            internal_host,
        } = places;
        match self {
            Self::Lync | Self::SkypeForBusiness => {
                let product = match self {
                    Self::Lync => "Lync",
                    _ => "SfB",
                };
                let inside = internal_host.map(|host| pool(&format!("{product}-Int"), host));
                let outside = pool(&format!("{product}-Ext"), host);
                inside.into_iter().chain([outside]).collect()
            }
            Self::ExchangeOwa => vec![
                mailboxes("Outlook on the web", &format!("https://{host}/owa/")),
                mailboxes("Exchange admin center", &format!("https://{host}/ecp/")),
            ],
            Self::SharePoint => vec![WrittenRelyingParty {
                wsfed_endpoint: Some(format!("https://{host}/_trust/")),
                ..sites(host)
            }],
            Self::AdFs => vec![WrittenRelyingParty {
                wsfed_endpoint: Some(format!("https://{host}/adfs/ls/")),
                metadata: followed(format!(
                    "https://{host}/FederationMetadata/2007-06/FederationMetadata.xml"
                )),
                ..party(
                    &format!("AD FS {host}"),
                    &format!("http://{host}/adfs/services/trust"),
                    // By the methods it knows that a second factor was proved; the sign-in is for a passive pool behind the gate.
                    &[PRIMARY_SID, UPN, METHODS_REFERENCES, SIGN_IN],
                )
            }],
        }
    }
}

/// One web site of a pool.
fn pool(name: &str, host: &str) -> WrittenRelyingParty {
    WrittenRelyingParty {
        wsfed_endpoint: Some(format!("https://{host}/PassiveAuth/PassiveAuth.aspx")),
        metadata: followed(format!(
            "https://{host}/passiveauth/federationmetadata/2007-06/federationmetadata.xml"
        )),
        ..party(name, &format!("https://{host}/passiveauth"), &[PRIMARY_SID])
    }
}

/// One of Exchange's own applications; its identifier is its address, to the last slash.
fn mailboxes(name: &str, address: &str) -> WrittenRelyingParty {
    WrittenRelyingParty {
        wsfed_endpoint: Some(address.to_owned()),
        // Exchange reads no token that is encrypted.
        encrypt_claims: false,
        ..party(name, address, &[PRIMARY_SID, UPN])
    }
}

/// The sites of a SharePoint, which knows people by their mail addresses and gives rights to the names of their groups.
fn sites(host: &str) -> WrittenRelyingParty {
    let sent = party(
        &format!("SharePoint {host}"),
        &format!("urn:sharepoint:{host}"),
        &[MAIL, UPN],
    );
    WrittenRelyingParty {
        issuance_transform_rules: format!("{}\n{}", sent.issuance_transform_rules, roles()),
        ..sent
    }
}

/// The rule that sends the names of somebody's groups as their roles. Whoever is in no directory has neither groups nor roles.
fn roles() -> String {
    format!(
        "@RuleName = \"Groups as roles\"\n\
         c:[Type == \"{WINDOWS_ACCOUNT_NAME}\", Issuer == \"{AD_AUTHORITY}\"]\n \
         && EXISTS([Type == \"{GROUP_SID}\", Issuer == \"{AD_AUTHORITY}\"])\n \
         => issue(store = \"Active Directory\", types = (\"{ROLE}\"), \
         query = \";tokenGroups(fullDomainQualifiedName);{{0}}\", param = c.Value);\n"
    )
}

/// A party of WS-Federation that lets everybody in with a second factor, and is sent some claims as they are.
fn party(name: &str, identifier: &str, sent: &[&str]) -> WrittenRelyingParty {
    let sent: Vec<String> = sent.iter().map(|it| passed_through(it)).collect();
    WrittenRelyingParty {
        name: name.to_owned(),
        identifiers: vec![identifier.to_owned()],
        protocol_profile: Some("WsFederation".to_owned()),
        issuance_authorization_rules: everybody(),
        issuance_transform_rules: sent.join("\n"),
        additional_authentication_rules: second_factor(),
        ..WrittenRelyingParty::default()
    }
}

/// Metadata whose changes are told, and wait.
fn followed(url: String) -> Option<WrittenMetadata> {
    Some(WrittenMetadata {
        url,
        is_monitored: true,
        is_followed: false,
        signing_certificates: Vec::new(),
    })
}

/// The rule by which everybody gets a token.
fn everybody() -> String {
    format!(
        "@RuleTemplate = \"AllowAllAuthzRule\"\n=> issue(Type = \"{PERMIT}\", Value = \"true\");\n"
    )
}

/// The rule by which everybody proves a second factor.
fn second_factor() -> String {
    format!(
        "=> issue(Type = \"{AUTHENTICATION_METHOD}\", Value = \"{MULTIPLE_AUTHENTICATION}\");\n"
    )
}

/// The rule that sends claims of a type as they are.
fn passed_through(claim_type: &str) -> String {
    let name = claim_type.rsplit('/').next().unwrap_or(claim_type);
    format!(
        "@RuleTemplate = \"PassThroughClaims\"\n@RuleName = \"Pass through {name}\"\n\
         c:[Type == \"{claim_type}\"]\n => issue(claim = c);\n"
    )
}

#[cfg(test)]
mod tests {
    use claims::{Claim, ClaimSet, Evaluation, RuleSet, Settings, Step};

    use super::*;
    use crate::trust::{Authorization, RelyingPartyTrust};

    fn lync() -> [RelyingPartyTrust; 2] {
        let places = Places {
            host: "lyncweb.contoso.com",
            internal_host: Some("pool01.contoso.local"),
        };
        let trusted = Preset::Lync.trusts(&places).unwrap();
        trusted.relying_parties.try_into().unwrap()
    }

    fn issued(rules: &RuleSet, claims: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut set = ClaimSet::new();
        for (claim_type, value) in claims {
            set.push(Claim::new(claim_type, value, "AD AUTHORITY"));
        }
        let settings = Settings::of("LOCAL AUTHORITY");
        let Step::Done(done) = Evaluation::new(rules, &set, settings).run().unwrap() else {
            panic!("a question to a store");
        };
        let issued = done.claims.iter();
        issued
            .map(|it| (it.claim_type.to_string(), it.value.to_string()))
            .collect()
    }

    #[test]
    fn s62_two_trusts_internal_and_external_stand_beside_each_other() {
        let [inside, outside] = lync();
        assert_eq!((&*inside.name, &*outside.name), ("Lync-Int", "Lync-Ext"));
        let identifiers = [&inside, &outside].map(|it| it.identifiers[0].to_string());
        assert_eq!(
            identifiers,
            [
                "https://pool01.contoso.local/passiveauth",
                "https://lyncweb.contoso.com/passiveauth"
            ]
        );
    }

    #[test]
    fn s63_the_rule_that_allows_all_is_the_template_s_and_permits() {
        for trust in lync() {
            let Authorization::Rules(rules) = &trust.authorization else {
                panic!("rules");
            };
            assert_eq!(
                rules.text(),
                "@RuleTemplate = \"AllowAllAuthzRule\"\n=> issue(Type = \
                 \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");\n"
            );
            let permitted = issued(rules.rules(), &[]);
            assert_eq!(permitted, [(PERMIT.to_owned(), "true".to_owned())]);
        }
    }

    #[test]
    fn s64_the_rule_that_passes_the_primary_sid_through_sends_it_and_nothing_else() {
        for trust in lync() {
            let rules = trust.issuance_transform_rules.rules();
            let sent = issued(
                rules,
                &[(PRIMARY_SID, "S-1-5-21-1-2-3-1104"), (UPN, "anna@x")],
            );
            let expected = (PRIMARY_SID.to_owned(), "S-1-5-21-1-2-3-1104".to_owned());
            assert_eq!(sent, [expected]);
        }
    }

    #[test]
    fn every_preset_is_whole_and_has_no_finding_and_no_trust_of_it_goes_without_a_second_factor() {
        let places = Places {
            host: "host.contoso.com",
            internal_host: None,
        };
        for preset in Preset::ALL {
            assert_eq!(Preset::named(preset.name()), Some(preset));
            for trust in preset.trusts(&places).unwrap().relying_parties {
                assert!(trust.wsfed_endpoint.is_some(), "{}", trust.name);
                let asked = issued(trust.additional_authentication_rules.rules(), &[]);
                let both = (
                    AUTHENTICATION_METHOD.to_owned(),
                    MULTIPLE_AUTHENTICATION.to_owned(),
                );
                assert_eq!(asked, [both], "{}", trust.name);
            }
        }
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        for host in ["", "a b", "user@host", "host#x"] {
            let places = Places {
                host,
                internal_host: None,
            };
            assert!(Preset::ExchangeOwa.trusts(&places).is_err(), "{host}");
        }
    }
}
