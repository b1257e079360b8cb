//! The mapping as a page has it: every parameter of AD FS and what becomes of it, made from the tables that the import
//! reads by.

use std::fmt::Write;

use super::fields::{self, Becomes, Field, Served};

/// A part of the mapping.
struct Part {
    heading: &'static str,
    rows: Vec<Row>,
}

/// What a parameter is called, what prints it, and what becomes of it.
struct Row {
    parameter: Option<&'static str>,
    printed: Option<&'static str>,
    becomes: String,
}

/// The mapping, in Markdown.
#[must_use]
pub fn mapping() -> String {
    let mut page = String::new();
    for part in parts() {
        // Nothing fails when a text is written to.
        let _ = writeln!(page, "### {}\n", part.heading);
        let _ = writeln!(page, "| parameter | printed as | becomes |\n|---|---|---|");
        for row in part.rows {
            let parameter = row.parameter.map(|it| format!("`{it}`"));
            let printed = match row.printed {
                Some(it) if row.parameter == Some(it) => "the same".to_owned(),
                Some(it) => format!("`{it}`"),
                None => "not by these cmdlets".to_owned(),
            };
            let parameter = parameter.unwrap_or_default();
            let _ = writeln!(page, "| {parameter} | {printed} | {} |", row.becomes);
        }
        page.push('\n');
    }
    paths(&mut page);
    page
}

/// The paths of AD FS's endpoints; one that ends in `…` stands for every path that begins so.
fn paths(page: &mut String) {
    // Nothing fails when a text is written to.
    let _ = writeln!(page, "### Paths of endpoints\n");
    let _ = writeln!(page, "| path | becomes |\n|---|---|");
    let exact = fields::PATHS.iter().map(|it| ("", it));
    let families = fields::FAMILIES.iter().map(|it| ("…", it));
    for (rest, (path, served, what)) in exact.chain(families) {
        let becomes = match served {
            Served::Here => format!("served at the same path: {what}"),
            Served::NotNeeded => format!("not needed: {what}"),
            Served::NotYet => format!("not yet: {what}"),
        };
        let _ = writeln!(page, "| `{path}{rest}` | {becomes} |");
    }
    page.push('\n');
}

/// Every parameter that the mapping names, with the heading that it stands under.
#[must_use]
pub fn parameters() -> Vec<(&'static str, &'static str)> {
    let parts = parts().into_iter();
    let named = parts.flat_map(|part| {
        let rows = part.rows.into_iter();
        rows.filter_map(move |row| Some((part.heading, row.parameter?)))
    });
    named.collect()
}

fn parts() -> Vec<Part> {
    let mut parts = vec![
        read(
            "Relying party trusts",
            fields::RELYING_PARTY,
            RELYING_PARTY_FILES,
        ),
        read(
            "Claims provider trusts",
            fields::CLAIMS_PROVIDER,
            CLAIMS_PROVIDER_FILES,
        ),
        read(
            "SAML endpoints (`New-AdfsSamlEndpoint`)",
            fields::SAML_ENDPOINT,
            &[],
        ),
        read("Claim descriptions", fields::CLAIM_DESCRIPTION, &[]),
        read("The service (`Set-AdfsProperties`)", fields::SERVICE, &[]),
        read("Endpoints (`Set-AdfsEndpoint`)", fields::ENDPOINT, &[]),
    ];
    parts.extend(ELSEWHERE.iter().map(|(heading, becomes, names)| {
        let row = |name: &&'static str| Row {
            parameter: Some(name),
            printed: None,
            becomes: (*becomes).to_owned(),
        };
        Part {
            heading,
            rows: names.iter().map(row).collect(),
        }
    }));
    parts
}

/// A part that the import reads, with the parameters that only put something in.
fn read<T>(heading: &'static str, table: &[Field<T>], files: &[(&'static str, &str)]) -> Part {
    let mut rows: Vec<Row> = table
        .iter()
        .map(|field| Row {
            parameter: field.parameter,
            printed: Some(field.name),
            becomes: match field.becomes {
                Becomes::Read(becomes, _) | Becomes::Nested(becomes, _) => becomes.to_owned(),
                Becomes::NotNeeded(why) => format!("not needed: {why}"),
                Becomes::NotYet(what) => format!("not yet: {what}"),
            },
        })
        .collect();
    rows.extend(files.iter().map(|(name, becomes)| Row {
        parameter: Some(name),
        printed: None,
        becomes: (*becomes).to_owned(),
    }));
    Part { heading, rows }
}

const OF_FILE: &str = "not needed: AD FS reads the file once, and prints what it read";

const RELYING_PARTY_FILES: &[(&str, &str)] = &[
    ("MetadataFile", OF_FILE),
    ("IssuanceAuthorizationRulesFile", OF_FILE),
    ("IssuanceTransformRulesFile", OF_FILE),
    ("DelegationAuthorizationRulesFile", OF_FILE),
    ("ImpersonationAuthorizationRulesFile", OF_FILE),
    ("AdditionalAuthenticationRulesFile", OF_FILE),
];

const CLAIMS_PROVIDER_FILES: &[(&str, &str)] = &[
    ("MetadataFile", OF_FILE),
    ("AcceptanceTransformRulesFile", OF_FILE),
];

/// What other cmdlets have: what becomes of it, and the names of its parameters.
const ELSEWHERE: &[(&str, &str, &[&str])] = &[
    (
        "LDAP directories (`Add-AdfsLocalClaimsProviderTrust`, `New-AdfsLdapServerConnection`, `New-AdfsLdapAttributeToClaimMapping`)",
        "not yet: people of another directory than Active Directory have accounts of Wicketgate's own",
        &[
            "LdapServerConnection",
            "HostName",
            "Port",
            "SslMode",
            "AuthenticationMethod",
            "Credential",
            "UserObjectClass",
            "UserContainer",
            "LdapAuthenticationMethod",
            "AnchorClaimLdapAttribute",
            "AnchorClaimType",
            "LdapAttributeToClaimMapping",
            "OrganizationalAccountSuffix",
            "AcceptanceTransformRules",
        ],
    ),
    (
        "OAuth 2.0 and OpenID Connect (`New-AdfsApplicationGroup` and what is in one, `Add-AdfsClient`)",
        "not yet: OAuth 2.0 is not served",
        &[
            "Name",
            "ApplicationGroupIdentifier",
            "Identifier",
            "RedirectUri",
            "LogoutUri",
            "Description",
            "GenerateClientSecret",
            "ChangeClientSecret",
            "ResetClientSecret",
            "JWTSigningCertificate",
            "JWTSigningCertificateRevocationCheck",
            "JWKSUri",
            "JWKSFile",
            "ReloadJWTSigningKeys",
            "ADUserPrincipalName",
            "TokenLifetime",
            "AllowedClientTypes",
            "ClientRoleIdentifier",
            "ServerRoleIdentifier",
            "ScopeNames",
            "AllowAllRegisteredClients",
            "ClientId",
            "ClientType",
        ],
    ),
    (
        "Attribute stores (`Add-AdfsAttributeStore`)",
        "not read: rules that ask another store than Active Directory's are named in the report, unless there is an `[[sts.attribute_store]]` of its name",
        &["Name", "StoreType", "TypeQualifiedName", "Configuration"],
    ),
    (
        "Certificates of the service (`Add-`, `Set-`, `Update-AdfsCertificate`)",
        "not needed: keys are new here",
        &["CertificateType", "Thumbprint", "IsPrimary", "Urgent"],
    ),
    (
        "How people sign in (`Set-AdfsGlobalAuthenticationPolicy`, `Register-AdfsAuthenticationProvider`)",
        "not needed: the policy says which methods are enough from where",
        &[
            "PrimaryIntranetAuthenticationProvider",
            "PrimaryExtranetAuthenticationProvider",
            "AdditionalAuthenticationProvider",
            "DeviceAuthenticationEnabled",
            "DeviceAuthenticationMethod",
            "AllowAdditionalAuthenticationAsPrimary",
            "WindowsIntegratedFallbackEnabled",
            "ClientAuthenticationMethods",
            "TypeName",
            "ConfigurationFilePath",
        ],
    ),
    (
        "Rules for every party (`Set-AdfsAdditionalAuthenticationRule`)",
        "not read: write it into the policy, or into the trusts",
        &["AdditionalAuthenticationRules"],
    ),
    (
        "The farm (`Set-AdfsSyncProperties`)",
        "not needed: several gates share one database",
        &[
            "Role",
            "PrimaryComputerName",
            "PrimaryComputerPort",
            "PollDuration",
        ],
    ),
    (
        "Whole federations (`Add-AdfsRelyingPartyTrustsGroup`, `Add-AdfsClaimsProviderTrustsGroup`, `Add-AdfsTrustedFederationPartner`)",
        "changed: each trust of a group is printed by itself, and stands alone",
        &["FederationPartnerHostName", "Force"],
    ),
    (
        "Pages (`Set-AdfsGlobalWebContent`, `Set-AdfsRelyingPartyWebContent`, themes, `Set-AdfsWebConfig`)",
        "not read: pages are Wicketgate's own",
        &[
            "CompanyName",
            "SignInPageDescriptionText",
            "SignInPageAdditionalAuthenticationDescriptionText",
            "ErrorPageDescriptionText",
            "ErrorPageGenericErrorMessage",
            "ErrorPageAuthorizationErrorMessage",
            "ErrorPageDeviceAuthenticationErrorMessage",
            "ErrorPageSupportEmail",
            "HelpDeskLink",
            "HelpDeskLinkText",
            "HomeLink",
            "HomeLinkText",
            "PrivacyLink",
            "PrivacyLinkText",
            "HomeRealmDiscoveryPageDescriptionText",
            "HomeRealmDiscoveryOtherOrganizationDescriptionText",
            "SignOutPageDescriptionText",
            "UpdatePasswordPageDescriptionText",
            "StyleSheet",
            "RTLStyleSheetPath",
            "Logo",
            "Illustration",
            "OnLoadScriptPath",
            "AdditionalFileResource",
            "ActiveThemeName",
            "HRDCookieEnabled",
            "HRDCookieLifetime",
            "ContextCookieEnabled",
            "CDCCookieReader",
            "CDCCookieWriter",
        ],
    ),
];
