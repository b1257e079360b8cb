//! Each field of a relying party trust, and what becomes of it.

use super::Draft;
use crate::import::dress::{self, Wrong};
use crate::import::fields::rules::read as rules;
use crate::import::fields::shared::{
    algorithm, by_itself, claim_types, counted, either, group, named, notes, revocation, switch,
};
use crate::import::fields::{Field, OAUTH, field, nested, not_needed, not_yet, saml_endpoint};
use crate::import::report::{Fate, Kind};
use crate::import::value::Value;
use crate::trust::{NotBeforeSkew, SignatureAlgorithm, TokenLifetime, Url};

/// What becomes of each field.
pub(in crate::import) const TABLE: &[Field<Draft>] = &[
    // Identity.
    field("Name", "`name`", |value, draft: &mut Draft| {
        draft.trust.name = named(value)?;
        Ok(Fate::taken("the name"))
    }),
    field("Identifier", "`identifiers`", |value, draft: &mut Draft| {
        draft.trust.identifiers = dress::identifiers(value)?;
        match draft.trust.identifiers.len() {
            0 => Err("a trust without an identifier is never found".to_owned()),
            number => Ok(Fate::taken(counted(number, "identifier", "identifiers"))),
        }
    }),
    field("Enabled", "`is_enabled`", |value, draft: &mut Draft| {
        either(
            value,
            &mut draft.trust.is_enabled,
            "switched on",
            "switched off",
        )
    }),
    field("Notes", "`notes`", |value, draft: &mut Draft| {
        notes(value, &mut draft.trust.notes)
    }),
    not_needed("ObjectIdentifier", "AD FS's own number of the trust").printed(),
    not_needed("OrganizationInfo", "it comes with the party's metadata").printed(),
    // Protocol.
    field(
        "ProtocolProfile",
        "`protocol_profile`",
        |value, draft: &mut Draft| {
            draft.trust.protocol_profile = dress::choice(value)?;
            Ok(Fate::taken("the protocols that it speaks"))
        },
    ),
    field(
        "WSFedEndpoint",
        "`wsfed_endpoint`",
        |value, draft: &mut Draft| {
            draft.trust.wsfed_endpoint = dress::url(value)?;
            Ok(Fate::taken(match &draft.trust.wsfed_endpoint {
                Some(url) => format!("where answers go: {url}"),
                None => "no WS-Federation".to_owned(),
            }))
        },
    ),
    field(
        "AdditionalWSFedEndpoint",
        "`additional_wsfed_endpoints`; `wreply` must equal one",
        |value, draft: &mut Draft| {
            draft.trust.additional_wsfed_endpoints = dress::urls(value)?;
            let number = draft.trust.additional_wsfed_endpoints.len();
            let told = counted(number, "further address", "further addresses");
            Ok(match number {
                0 => Fate::taken(told),
                _ => Fate::changed(format!("{told}; a `wreply` must equal one exactly")),
            })
        },
    ),
    nested(
        "SamlEndpoints",
        "`saml_endpoints`; the artifact binding is not served",
        |value, draft: &mut Draft| saml_endpoint::read(value, &mut draft.trust.saml_endpoints),
    )
    .by("SamlEndpoint"),
    field(
        "EnableJWT",
        "not yet: a JWT over WS-Federation",
        |value, _| {
            switch(
                value,
                Fate::not_needed("tokens are SAML's"),
                Fate::lost("it takes a JWT over WS-Federation"),
            )
        },
    ),
    not_yet("AllowedClientTypes", OAUTH),
    not_yet("IssueOAuthRefreshTokensTo", OAUTH),
    not_yet("RefreshTokenProtectionEnabled", OAUTH).newer(),
    // Metadata.
    field("MetadataUrl", "`metadata`", |value, draft: &mut Draft| {
        let Some(text) = dress::text(value)? else {
            return Ok(Fate::taken("no metadata is followed"));
        };
        match Url::parse(text) {
            Ok(url) => {
                draft.metadata_url = Some(url);
                Ok(Fate::taken("where its metadata is"))
            }
            Err(why) => Ok(Fate::changed(format!("left out, and not followed: {why}"))),
        }
    }),
    field(
        "AutoUpdateEnabled",
        "`metadata`",
        |value, draft: &mut Draft| {
            by_itself(
                value,
                &mut draft.is_followed,
                (
                    "changes of its metadata apply by themselves, where it is read",
                    "changes of its metadata wait",
                ),
            )
        },
    ),
    field(
        "MonitoringEnabled",
        "`metadata`",
        |value, draft: &mut Draft| {
            by_itself(
                value,
                &mut draft.is_monitored,
                (
                    "its metadata is read by itself",
                    "its metadata is not read again",
                ),
            )
        },
    ),
    not_needed("ConflictWithPublishedPolicy", READING).printed(),
    not_needed("LastPublishedPolicyCheckSuccessful", READING).printed(),
    not_needed("LastUpdateTime", "when AD FS changed it last").printed(),
    not_needed("LastMonitoredTime", "when AD FS read the metadata last").printed(),
    // Keys.
    field(
        "RequestSigningCertificate",
        "`request_signing_certificates`",
        |value, draft: &mut Draft| {
            draft.trust.request_signing_certificates = dress::certificates(value)?;
            let number = draft.trust.request_signing_certificates.len();
            Ok(Fate::taken(counted(number, "certificate", "certificates")))
        },
    ),
    field(
        "EncryptionCertificate",
        "`encryption_certificate`",
        |value, draft: &mut Draft| {
            draft.trust.encryption_certificate = dress::certificate(value)?;
            Ok(Fate::taken(match &draft.trust.encryption_certificate {
                Some(it) => format!("{}, good until {}", it.subject(), it.not_after()),
                None => "none, so that tokens are not encrypted".to_owned(),
            }))
        },
    ),
    field(
        "EncryptClaims",
        "`encrypt_claims`",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.trust.encrypt_claims,
                "tokens are encrypted, given a certificate",
                "tokens are not encrypted",
            )
        },
    ),
    field(
        "EncryptedNameIdRequired",
        "`encrypted_name_id_required`",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.trust.encrypted_name_id_required,
                "a sign-out must have its subject encrypted",
                "a sign-out may have its subject in clear",
            )
        },
    ),
    field(
        "SigningCertificateRevocationCheck",
        "`signing_certificate_revocation_check`; not yet: no revocation list is asked",
        |value, draft: &mut Draft| {
            revocation(value, &mut draft.trust.signing_certificate_revocation_check)
        },
    ),
    field(
        "EncryptionCertificateRevocationCheck",
        "`encryption_certificate_revocation_check`; not yet: no revocation list is asked",
        |value, draft: &mut Draft| {
            revocation(
                value,
                &mut draft.trust.encryption_certificate_revocation_check,
            )
        },
    ),
    field(
        "SignatureAlgorithm",
        "`signature_algorithm`; nothing is signed with SHA-1, and no date makes it so; requests that it signs with it itself are believed until `sha1_until`",
        |value, draft: &mut Draft| {
            draft.trust.signature_algorithm = algorithm(value)?;
            Ok(match draft.trust.signature_algorithm {
                SignatureAlgorithm::RsaSha256 => Fate::taken("RSA with SHA-256"),
                SignatureAlgorithm::RsaSha1 => Fate::lost(
                    "nothing is signed with SHA-1 here: set the trust to SHA-256 in AD FS, and when the party takes it, export anew; where it signs its own requests with SHA-1, `sha1_until` comes afterwards",
                ),
            })
        },
    ),
    field(
        "SignedSamlRequestsRequired",
        "`signed_saml_requests_required`",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.trust.signed_saml_requests_required,
                "its SAML requests must be signed",
                "its SAML requests may be unsigned",
            )
        },
    ),
    field(
        "SamlResponseSignature",
        "`saml_response_signature`",
        |value, draft: &mut Draft| {
            draft.trust.saml_response_signature = dress::choice(value)?;
            Ok(Fate::taken("what of a SAML response is signed"))
        },
    ),
    // Lifetime.
    field(
        "TokenLifetime",
        "`token_lifetime`; 0 is 60 minutes, a week is the most",
        |value, draft: &mut Draft| {
            let minutes = dress::number(value)?;
            let (lifetime, fate) = match (minutes, TokenLifetime::of_minutes(minutes)) {
                (0, _) => (
                    TokenLifetime::DEFAULT,
                    Fate::taken("60 minutes, which AD FS means by 0"),
                ),
                (_, Some(lifetime)) => (lifetime, Fate::taken(counted_minutes(minutes))),
                (_, None) => {
                    let most = TokenLifetime::of_minutes(TokenLifetime::MOST).unwrap_or_default();
                    let says = in_the_place_of(most.minutes(), minutes);
                    (most, Fate::changed(says))
                }
            };
            draft.trust.token_lifetime = lifetime;
            Ok(fate)
        },
    ),
    field(
        "NotBeforeSkew",
        "`not_before_skew`; an hour is the most",
        |value, draft: &mut Draft| {
            let minutes = dress::number(value)?;
            let most = NotBeforeSkew::of_minutes(NotBeforeSkew::MOST).unwrap_or_default();
            let skew = NotBeforeSkew::of_minutes(minutes);
            draft.trust.not_before_skew = skew.unwrap_or(most);
            Ok(match skew {
                Some(_) => Fate::taken(counted_minutes(minutes)),
                None => Fate::changed(in_the_place_of(most.minutes(), minutes)),
            })
        },
    ),
    field(
        "AlwaysRequireAuthentication",
        "`always_require_authentication`",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.trust.always_require_authentication,
                "every token needs a fresh sign-in",
                "a session is enough",
            )
        },
    ),
    // Rules.
    field(
        "IssuanceAuthorizationRules",
        "`authorization`",
        |value, draft: &mut Draft| rules(value, &mut draft.rules, "no rules"),
    ),
    field(
        "IssuanceTransformRules",
        "`issuance_transform_rules`",
        |value, draft: &mut Draft| {
            rules(
                value,
                &mut draft.trust.issuance_transform_rules,
                "no rules: its tokens have no claims",
            )
        },
    ),
    field(
        "AdditionalAuthenticationRules",
        "`additional_authentication_rules`",
        |value, draft: &mut Draft| {
            rules(
                value,
                &mut draft.trust.additional_authentication_rules,
                "no rules of its own",
            )
        },
    ),
    field(
        "DelegationAuthorizationRules",
        "not yet: nobody acts for another",
        |value, draft: &mut Draft| {
            let fate = rules(
                value,
                &mut draft.delegation,
                "none: nobody acts for another",
            )?;
            Ok(
                match draft.delegation.is_empty() || fate.kind == Kind::Refused {
                    true => fate,
                    false => Fate::lost("services that act for their users get no token yet"),
                },
            )
        },
    ),
    field(
        "ImpersonationAuthorizationRules",
        "not yet: nobody acts as another",
        |value, draft: &mut Draft| {
            let fate = rules(
                value,
                &mut draft.impersonation,
                "none: nobody acts as another",
            )?;
            let is_of_proxy = draft.impersonation.text().contains("_ProxyCredentialStore");
            Ok(match (draft.impersonation.is_empty(), is_of_proxy) {
                (true, _) => fate,
                (false, true) => Fate::not_needed("AD FS's own, about its proxy"),
                (false, false) => Fate::lost("services that act as their users get no token yet"),
            })
        },
    ),
    field(
        "AccessControlPolicyName",
        "`authorization`; AD FS's own policies by name, no others",
        |value, draft: &mut Draft| {
            draft.policy = dress::text(value)?.map(str::to_owned);
            Ok(Fate::taken(match &draft.policy {
                Some(name) => format!("the policy `{name}`"),
                None => "no policy".to_owned(),
            }))
        },
    )
    .newer(),
    field(
        "AccessControlPolicyParameters",
        "`authorization`; the groups that a policy is for",
        parameters,
    )
    .newer(),
    not_needed("ResultantPolicy", "made from the policy and its parameters")
        .printed()
        .newer(),
    // Routing.
    field(
        "ClaimsProviderName",
        "`claims_provider_names`",
        |value, draft: &mut Draft| {
            let names = dress::texts(value)?.into_iter().map(str::to_owned);
            draft.trust.claims_provider_names = names.collect();
            Ok(Fate::taken(
                match draft.trust.claims_provider_names.as_slice() {
                    [] => "people of every claims provider".to_owned(),
                    names => format!("people of {} alone", names.join(", ")),
                },
            ))
        },
    ),
    field(
        "RequestMFAFromClaimsProviders",
        "not needed: a second factor is asked of whoever people come from",
        |value, _| {
            switch(
                value,
                Fate::not_needed("second factors are proved here"),
                Fate::not_needed("a second factor is asked of whoever people come from"),
            )
        },
    )
    .newer(),
    field(
        "AllowedAuthenticationClassReferences",
        "`allowed_authentication_class_references`",
        |value, draft: &mut Draft| {
            draft.trust.allowed_authentication_class_references = dress::identifiers(value)?;
            let number = draft.trust.allowed_authentication_class_references.len();
            Ok(Fate::taken(match number {
                0 => "it may ask for any method".to_owned(),
                _ => format!("it may ask for {}", counted(number, "method", "methods")),
            }))
        },
    ),
    field(
        "ClaimsAccepted",
        "`claims_accepted`",
        |value, draft: &mut Draft| claim_types(value, &mut draft.trust.claims_accepted),
    )
    .by("ClaimAccepted"),
    field(
        "DeviceAuthenticationMethod",
        "not yet: devices are not known",
        |value, _| {
            Ok(match value {
                Value::Null => Fate::not_needed("none of its own"),
                _ => Fate::not_yet("devices are not known here"),
            })
        },
    )
    .printed()
    .newer(),
    // Proxy and groups.
    field(
        "PublishedThroughProxy",
        "not needed: the gateway publishes by routes of its own",
        |value, _| {
            switch(
                value,
                Fate::not_needed("it is not published through AD FS's proxy"),
                Fate::not_yet("a route of the gateway does what AD FS's proxy does"),
            )
        },
    )
    .printed(),
    not_needed(
        "ProxyEndpointMappings",
        "the gateway publishes by routes of its own",
    )
    .printed(),
    not_needed(
        "ProxyTrustedEndpoints",
        "the gateway publishes by routes of its own",
    )
    .printed(),
    field(
        "ScopeGroupId",
        "changed: a trust of a group stands alone",
        |value, _| group(value),
    )
    .printed()
    .newer(),
    field(
        "ScopeGroupIdentifier",
        "changed: a trust of a group stands alone",
        |value, _| group(value),
    )
    .printed()
    .newer(),
];

const READING: &str = "what AD FS found in the metadata last";

fn in_the_place_of(most: u32, minutes: u32) -> String {
    format!("{} in the place of {minutes}", counted_minutes(most))
}

fn counted_minutes(minutes: u32) -> String {
    match minutes {
        1 => "1 minute".to_owned(),
        _ => format!("{minutes} minutes"),
    }
}

/// What a policy is given: texts, a list of them, or a dictionary of either; conditions are more than groups.
fn parameters(value: &Value, draft: &mut Draft) -> Result<Fate, Wrong> {
    let values: Vec<&Value> = match value {
        Value::Object(object) if !object.fields.is_empty() => {
            object.fields.iter().map(|(_, value)| value).collect()
        }
        other => vec![other],
    };
    for value in values {
        match dress::texts(value) {
            Ok(texts) => draft
                .parameters
                .extend(texts.into_iter().map(str::to_owned)),
            Err(_) => draft.has_conditions = true,
        }
    }
    Ok(match (draft.parameters.is_empty(), draft.has_conditions) {
        (true, false) => Fate::taken("none"),
        (false, false) => Fate::taken(draft.parameters.join(", ")),
        (_, true) => Fate::taken("conditions on claims"),
    })
}
