//! Each field of a claims provider trust, and what becomes of it.

use super::Draft;
use crate::import::dress::{self, Wrong};
use crate::import::fields::rules::read as rules;
use crate::import::fields::shared::{
    algorithm, by_itself, claim_types, counted, either, group, named, notes, revocation,
    unless_null,
};
use crate::import::fields::{Field, field, nested, not_needed, saml_endpoint};
use crate::import::report::Fate;
use crate::import::value::Value;
use crate::trust::{Choice, SignatureAlgorithm, Url};

/// What becomes of each field.
pub(in crate::import) const TABLE: &[Field<Draft>] = &[
    field("Name", "`name`", |value, draft: &mut Draft| {
        draft.name = named(value)?;
        Ok(Fate::taken("the name"))
    }),
    field("Identifier", "`identifier`", |value, draft: &mut Draft| {
        draft.identifier = dress::identifier(value)?;
        match &draft.identifier {
            Some(it) => Ok(Fate::taken(format!("the issuer of its tokens: {it}"))),
            None => Err("a claims provider without an identifier is never found".to_owned()),
        }
    }),
    not_needed("Identities", "the identifier again")
        .printed()
        .newer(),
    not_needed("IdentifierType", "the kind of its identifier")
        .printed()
        .newer(),
    field("IsLocal", "`is_local`", |value, draft: &mut Draft| {
        either(
            value,
            &mut draft.is_local,
            "a directory of our own",
            "another party",
        )
    })
    .printed()
    .newer(),
    field("Enabled", "`is_enabled`", |value, draft: &mut Draft| {
        either(value, &mut draft.is_enabled, "switched on", "switched off")
    }),
    field("Notes", "`notes`", |value, draft: &mut Draft| {
        notes(value, &mut draft.notes)
    }),
    not_needed("OrganizationInfo", "it comes with the party's metadata")
        .printed()
        .newer(),
    field("ProtocolProfile", "`protocol_profile`", profile).newer(),
    field(
        "WSFedEndpoint",
        "`wsfed_endpoint`",
        |value, draft: &mut Draft| {
            draft.wsfed_endpoint = dress::url(value)?;
            Ok(Fate::taken(match &draft.wsfed_endpoint {
                Some(url) => format!("where requests go: {url}"),
                None => "no WS-Federation".to_owned(),
            }))
        },
    ),
    nested(
        "SamlEndpoints",
        "`saml_endpoints`; the artifact binding is not served",
        |value, draft: &mut Draft| saml_endpoint::read(value, &mut draft.saml_endpoints),
    )
    .by("SamlEndpoint"),
    field("MetadataUrl", "`metadata`", |value, draft: &mut Draft| {
        let Some(text) = dress::text(value)? else {
            return Ok(Fate::taken("no metadata is followed"));
        };
        match Url::parse(text) {
            Ok(url) => {
                draft.metadata_url = Some(url);
                Ok(Fate::taken("where its metadata is"))
            }
            Err(why) => Ok(Fate::changed(format!(
                "left out, so that its metadata is not followed: {why}"
            ))),
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
                    "changes of its metadata do not apply by themselves",
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
    not_needed(
        "ConflictWithPublishedPolicy",
        "what AD FS's last reading of the metadata found",
    )
    .printed(),
    not_needed(
        "LastPublishedPolicyCheckSuccessful",
        "what AD FS's last reading of the metadata found",
    )
    .printed(),
    not_needed("LastUpdateTime", "when AD FS changed it last").printed(),
    not_needed("LastMonitoredTime", "when AD FS read the metadata last").printed(),
    field(
        "TokenSigningCertificates",
        "`token_signing_certificates`",
        |value, draft: &mut Draft| {
            draft.token_signing_certificates = dress::certificates(value)?;
            let number = draft.token_signing_certificates.len();
            Ok(Fate::taken(counted(number, "certificate", "certificates")))
        },
    )
    .by("TokenSigningCertificate"),
    field(
        "SigningCertificateRevocationCheck",
        "`signing_certificate_revocation_check`; not yet: no revocation list is asked",
        |value, draft: &mut Draft| revocation(value, &mut draft.signing_check),
    ),
    field(
        "EncryptionCertificate",
        "`encryption_certificate`",
        |value, draft: &mut Draft| {
            draft.encryption_certificate = dress::certificate(value)?;
            Ok(Fate::taken(match &draft.encryption_certificate {
                Some(it) => format!("{}, good until {}", it.subject(), it.not_after()),
                None => "none".to_owned(),
            }))
        },
    ),
    field(
        "EncryptionCertificateRevocationCheck",
        "`encryption_certificate_revocation_check`; not yet: no revocation list is asked",
        |value, draft: &mut Draft| revocation(value, &mut draft.encryption_check),
    ),
    field(
        "SignatureAlgorithm",
        "`signature_algorithm`; what it signs with SHA-1 is believed until `sha1_until`, which AD FS does not have; no request of ours to it is signed",
        |value, draft: &mut Draft| {
            draft.signature_algorithm = algorithm(value)?;
            Ok(match draft.signature_algorithm {
                SignatureAlgorithm::RsaSha256 => Fate::taken("RSA with SHA-256"),
                SignatureAlgorithm::RsaSha1 => Fate::changed(
                    "RSA with SHA-1; what it signs with it is refused until `wicketgate trust set` gives the trust a `sha1_until`",
                ),
            })
        },
    ),
    field(
        "SignedSamlRequestsRequired",
        "`signed_saml_requests_required`",
        |value, draft: &mut Draft| {
            draft.signed_saml_requests_required = dress::flag(value)?;
            Ok(match draft.signed_saml_requests_required {
                true => Fate::not_yet("no SAML request of ours to it is made"),
                false => Fate::taken("our SAML requests to it are not signed"),
            })
        },
    ),
    field(
        "EncryptedNameIdRequired",
        "`encrypted_name_id_required`",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.encrypted_name_id_required,
                "the subject of a sign-out must be encrypted",
                "the subject of a sign-out may be in clear",
            )
        },
    ),
    field(
        "RequiredNameIdFormat",
        "`required_name_id_format`",
        |value, draft: &mut Draft| {
            draft.required_name_id_format = dress::identifier(value)?;
            Ok(Fate::taken(match &draft.required_name_id_format {
                Some(format) => format!("its subjects must be of the format {format}"),
                None => "its subjects may be of any format".to_owned(),
            }))
        },
    ),
    field(
        "AllowCreate",
        "`allow_create`",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.allow_create,
                "it may make an account for a request",
                "it may not make an account for a request",
            )
        },
    ),
    not_needed(
        "SamlAuthenticationRequestIndex",
        "requests say where the answer goes, and there is one place",
    ),
    not_needed(
        "SamlAuthenticationRequestParameters",
        "requests say where the answer goes, and there is one place",
    ),
    not_needed(
        "SamlAuthenticationRequestProtocolBinding",
        "requests say where the answer goes, and there is one place",
    ),
    field(
        "AcceptanceTransformRules",
        "`acceptance_transform_rules`",
        |value, draft: &mut Draft| {
            rules(
                value,
                &mut draft.rules,
                "no rules: nothing of its claims is believed",
            )
        },
    ),
    field(
        "ClaimsOffered",
        "`claims_offered`",
        |value, draft: &mut Draft| claim_types(value, &mut draft.claims_offered),
    )
    .by("ClaimOffered"),
    field(
        "AnchorClaimType",
        "`anchor_claim`",
        |value, draft: &mut Draft| {
            draft.anchor = dress::identifier(value)?;
            Ok(Fate::taken(match &draft.anchor {
                Some(it) => format!("people are known again by {it}"),
                None => "people are known again by the default".to_owned(),
            }))
        },
    )
    .newer(),
    field(
        "OrganizationalAccountSuffix",
        "`organizational_account_suffixes`",
        |value, draft: &mut Draft| {
            draft.suffixes = dress::texts(value)?
                .into_iter()
                .map(str::to_owned)
                .collect();
            Ok(Fate::taken(counted(
                draft.suffixes.len(),
                "suffix",
                "suffixes",
            )))
        },
    ),
    field(
        "SupportsMFA",
        "`supports_mfa`",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.supports_mfa,
                "it proves second factors",
                "it proves no second factors",
            )
        },
    )
    .newer(),
    field(
        "CustomMFAUri",
        "`custom_mfa_uri`",
        |value, draft: &mut Draft| {
            draft.custom_mfa_uri = dress::identifier(value)?;
            Ok(Fate::taken(match &draft.custom_mfa_uri {
                Some(it) => format!("it calls a second factor {it}"),
                None => "it calls a second factor as AD FS does".to_owned(),
            }))
        },
    )
    .newer(),
    field(
        "AlternateLoginID",
        "not yet: signing in by another attribute",
        |value, _| {
            unless_null(
                value,
                Fate::lost("people sign in by that attribute: give their accounts those names"),
            )
        },
    )
    .newer(),
    field(
        "LookupForests",
        "not yet: signing in by another attribute",
        |value, _| {
            Ok(match dress::texts(value)?.as_slice() {
                [] => Fate::not_needed("none"),
                _ => Fate::not_yet("where AlternateLoginID is looked up"),
            })
        },
    )
    .newer(),
    field(
        "PromptLoginFederation",
        "not yet: how a fresh sign-in is asked of it",
        |value, _| prompt(value),
    )
    .newer(),
    field(
        "PromptLoginFallbackAuthenticationType",
        "not yet: how a fresh sign-in is asked of it",
        |value, _| unless_null(value, Fate::not_yet("how a fresh sign-in is asked of it")),
    )
    .newer(),
    field(
        "AuthorityGroupId",
        "changed: a trust of a group stands alone",
        |value, _| group(value),
    )
    .printed()
    .newer(),
    field(
        "AuthorityGroupIdentifier",
        "changed: a trust of a group stands alone",
        |value, _| group(value),
    )
    .printed()
    .newer(),
];

fn profile(value: &Value, draft: &mut Draft) -> Result<Fate, Wrong> {
    draft.protocol_profile = dress::choice(value)?;
    Ok(Fate::taken("the protocols that it speaks"))
}

/// How a sign-in that must be fresh is asked of a provider.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PromptLogin {
    NotAsked,
    Asked,
}

impl Choice for PromptLogin {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("None", Some(0), Self::NotAsked),
        ("FallbackToProtocolSpecificParameters", Some(1), Self::Asked),
        (
            "ForwardPromptAndHintsOverWsFederation",
            Some(2),
            Self::Asked,
        ),
        ("Disabled", Some(3), Self::NotAsked),
    ];
}

fn prompt(value: &Value) -> Result<Fate, Wrong> {
    Ok(match dress::choice(value)? {
        PromptLogin::NotAsked => Fate::not_needed("no fresh sign-in is asked of it"),
        PromptLogin::Asked => {
            Fate::not_yet("a sign-in that must be fresh is asked of it as any other")
        }
    })
}
