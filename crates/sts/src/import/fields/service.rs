//! What `Get-AdfsProperties` prints of the service, field by field.

use authn::session::{LONGEST_STAY, SHORTEST_STAY, STAYS};
use jiff::{SignedDuration, Timestamp};

use super::shared::{counted, switch, unless_null};
use super::{Field, OAUTH, field, not_needed, not_yet};
use crate::import::dress;
use crate::import::report::Fate;
use crate::trust::{Identifier, Service};

/// The settings that are being read.
#[derive(Default)]
pub(in crate::import) struct Draft {
    identifier: Option<Identifier>,
    id_token_issuer: Option<Identifier>,
    host_name: Option<String>,
    display_name: Option<String>,
    acceptable_identifiers: Vec<Identifier>,
    sso_lifetime: Option<u32>,
    is_kmsi_enabled: bool,
    kmsi_lifetime: Option<u32>,
    persistent_sso_cutoff_time: Option<Timestamp>,
    authentication_context_order: Vec<Identifier>,
    saml_message_delivery_window: Option<u32>,
    signed_saml_requests_required: bool,
    sign_saml_authn_requests: bool,
}

/// What becomes of each field.
pub(in crate::import) const TABLE: &[Field<Draft>] = &[
    // Names.
    field(
        "Identifier",
        "`identifier`; partners compare it",
        |value, draft: &mut Draft| {
            draft.identifier = dress::identifier(value)?;
            match &draft.identifier {
                Some(it) => Ok(Fate::taken(format!("the issuer of tokens: {it}"))),
                None => Err("a federation service has an identifier".to_owned()),
            }
        },
    ),
    field(
        "IdTokenIssuer",
        "not yet: OpenID Connect is not served",
        |value, draft: &mut Draft| {
            draft.id_token_issuer = dress::identifier(value)?;
            Ok(Fate::not_yet("OpenID Connect is not served"))
        },
    )
    .newer(),
    field("HostName", "`host_name`", |value, draft: &mut Draft| {
        draft.host_name = dress::text(value)?.map(str::to_owned);
        match &draft.host_name {
            Some(it) => Ok(Fate::taken(format!("the name of the service: {it}"))),
            None => Err("a federation service has a name".to_owned()),
        }
    }),
    field(
        "DisplayName",
        "`display_name`",
        |value, draft: &mut Draft| {
            draft.display_name = dress::text(value)?.map(str::to_owned);
            Ok(Fate::taken("what people see"))
        },
    ),
    field(
        "AcceptableIdentifiers",
        "not yet: tokens that come in are for `identifier` alone",
        |value, draft: &mut Draft| {
            draft.acceptable_identifiers = dress::identifiers(value)?;
            let number = draft.acceptable_identifiers.len();
            let told = counted(number, "further audience", "further audiences");
            Ok(match number {
                0 => Fate::taken(told),
                _ => Fate::lost(format!(
                    "{told}: a token of a claims provider is taken where it is for the identifier alone"
                )),
            })
        },
    ),
    field(
        "FederationPassiveAddress",
        "`/adfs/ls/` alone",
        |value, _| {
            let path = dress::text(value)?.unwrap_or_default();
            Ok(match path.trim_end_matches('/') {
                "/adfs/ls" => Fate::taken("where browsers come in: the same"),
                _ => Fate::lost("browsers come in at another path than /adfs/ls/"),
            })
        },
    ),
    field(
        "GlobalRelyingPartyClaimsIssuancePolicy",
        "not yet: rules for every party",
        |value, _| {
            unless_null(
                value,
                Fate::lost("rules for every party: write them into the trusts"),
            )
        },
    )
    .printed()
    .newer(),
    field(
        "IntranetUseLocalClaimsProvider",
        "not yet: home realm by network",
        |value, _| {
            switch(
                value,
                Fate::not_needed("inside as outside"),
                Fate::not_yet("people inside are asked where they come from"),
            )
        },
    )
    .newer(),
    // Sessions.
    field(
        "SsoLifetime",
        "changed: the configuration says how long a session lasts",
        |value, draft: &mut Draft| {
            draft.sso_lifetime = Some(dress::number(value)?);
            Ok(Fate::changed(
                "a sign-in is good for further parties for as long as a session lasts here",
            ))
        },
    ),
    field(
        "KmsiEnabled",
        "`keep_me_signed_in` of `[sts]`",
        |value, draft: &mut Draft| {
            draft.is_kmsi_enabled = dress::flag(value)?;
            Ok(match draft.is_kmsi_enabled {
                true => Fate::changed(
                    "write `keep_me_signed_in = true` into `[sts]`; who signed in by less than a secret and a code does not stay",
                ),
                false => Fate::taken("nobody may stay signed in"),
            })
        },
    )
    .by("EnableKmsi")
    .newer(),
    field(
        "KmsiLifetimeMins",
        "`keep_me_signed_in_lifetime` of `[sts]`, at most seven days",
        |value, draft: &mut Draft| {
            let minutes = dress::number(value)?;
            draft.kmsi_lifetime = Some(minutes);
            Ok(match SignedDuration::from_mins(minutes.into()) {
                STAYS => Fate::not_needed("a day, as here where people may stay signed in and nobody says otherwise"),
                shorter if shorter < SHORTEST_STAY => Fate::changed(
                    "people stay signed in for an hour at least: where they may, write `keep_me_signed_in_lifetime = \"1 hour\"` into `[sts]`, or leave it off",
                ),
                shorter if shorter <= LONGEST_STAY => Fate::changed(format!(
                    "where people may stay signed in write `keep_me_signed_in_lifetime = \"{minutes} minutes\"` into `[sts]`"
                )),
                _ => Fate::changed("people stay signed in for seven days at most: write `keep_me_signed_in_lifetime = \"7 days\"` into `[sts]`"),
            })
        },
    )
    .newer(),
    field(
        "PersistentSsoCutoffTime",
        "not needed: no sign-in of AD FS goes on here; `keep_me_signed_in_cutoff` of `[sts]` ends our own",
        |value, draft: &mut Draft| {
            draft.persistent_sso_cutoff_time = dress::time(value)?;
            Ok(Fate::not_needed(
                "no sign-in of AD FS goes on here; `keep_me_signed_in_cutoff` of `[sts]` ends those that stay here",
            ))
        },
    )
    .newer(),
    field(
        "PersistentSsoEnabled",
        "not yet: devices are not known",
        |value, _| {
            switch(
                value,
                Fate::not_needed("switched off"),
                Fate::not_yet("registered devices do not stay signed in"),
            )
        },
    )
    .by("EnablePersistentSso")
    .newer(),
    not_needed("PersistentSsoLifetimeMins", "devices are not known").newer(),
    not_needed("DeviceUsageWindowInDays", "devices are not known").newer(),
    not_needed("BrowserSsoEnabled", "devices are not known")
        .printed()
        .newer(),
    not_needed("BrowserSsoSupportedUserAgents", "devices are not known").newer(),
    field(
        "AuthenticationContextOrder",
        "not yet: methods are compared by an order of our own",
        |value, draft: &mut Draft| {
            draft.authentication_context_order = dress::identifiers(value)?;
            Ok(match draft.authentication_context_order.len() {
                0 => Fate::taken("no order of its own"),
                _ => Fate::not_yet("methods are compared by an order of our own"),
            })
        },
    ),
    not_needed("WIASupportedUserAgents", WINDOWS),
    not_needed("WiaEvaluationMethod", WINDOWS).newer(),
    not_needed(
        "NtlmOnlySupportedClientAtProxy",
        "NTLM is never a proof of a domain password here",
    ),
    not_needed(
        "ExtendedProtectionTokenCheck",
        "the listener's own key channel_binding says it",
    ),
    not_needed(
        "LocalAuthenticationTypesEnabled",
        "the policy says which methods are enough",
    )
    .by("EnableLocalAuthenticationTypes")
    .newer(),
    // SAML.
    field(
        "SamlMessageDeliveryWindow",
        "changed: a SAML request may be five minutes old",
        |value, draft: &mut Draft| {
            draft.saml_message_delivery_window = Some(dress::number(value)?);
            Ok(Fate::changed("a SAML request may be as old as ours may, whatever is set"))
        },
    ),
    field(
        "SignedSamlRequestsRequired",
        "`signed_saml_requests_required` of every relying party trust",
        |value, draft: &mut Draft| {
            draft.signed_saml_requests_required = dress::flag(value)?;
            Ok(match draft.signed_saml_requests_required {
                true => Fate::changed("all SAML requests must be signed: each trust says so here"),
                false => Fate::taken("the trusts say whose must be signed"),
            })
        },
    ),
    field(
        "SignSamlAuthnRequests",
        "not yet: no SAML request of ours is made",
        |value, draft: &mut Draft| {
            draft.sign_saml_authn_requests = dress::flag(value)?;
            Ok(match draft.sign_saml_authn_requests {
                true => Fate::not_yet("no SAML request of ours is made"),
                false => Fate::taken("the trusts say which of ours are signed"),
            })
        },
    ),
    field(
        "EnableIdpInitiatedSignonPage",
        "`idp_initiated_sign_on` of `[sts]`; there is no page of every party",
        |value, _| {
            switch(
                value,
                Fate::not_needed("switched off"),
                Fate::changed(
                    "write `idp_initiated_sign_on = true` into `[sts]`; there is no page that lists every party",
                ),
            )
        },
    )
    .newer(),
    field(
        "RelayStateForIdpInitiatedSignOnEnabled",
        "not yet: RelayState of a sign-in that begins here",
        |value, _| {
            switch(
                value,
                Fate::not_needed("switched off"),
                Fate::not_yet("where a sign-in that begins here ends"),
            )
        },
    )
    .by("EnableRelayStateForIdpInitiatedSignOn")
    .newer(),
    field(
        "PreventTokenReplays",
        "changed: replays are always prevented",
        |value, _| {
            switch(
                value,
                Fate::changed("a token that comes in is good once"),
                Fate::taken("a token that comes in is good once"),
            )
        },
    ),
    not_needed(
        "ReplayCacheExpirationInterval",
        "a token is remembered for as long as it is good",
    ),
    not_needed("ArtifactDbConnection", "the store has a place of its own"),
    // Loops and clients.
    not_needed("LoopDetectionEnabled", "loops are always found")
        .by("EnableLoopDetection")
        .newer(),
    not_needed(
        "LoopDetectionTimeIntervalInSeconds",
        "loops are always found",
    )
    .newer(),
    not_needed(
        "LoopDetectionMaximumTokensIssuedInInterval",
        "loops are always found",
    )
    .newer(),
    not_needed(
        "SendClientRequestIdAsQueryStringParameter",
        "pages and the log share an activity id",
    )
    .newer(),
    not_needed(
        "AdditionalErrorPageInfo",
        "pages never say more than an activity id",
    )
    .newer(),
    // Lockout.
    not_needed("ExtranetLockoutEnabled", LOCKOUT)
        .by("EnableExtranetLockout")
        .newer(),
    not_needed("ExtranetLockoutMode", LOCKOUT).newer(),
    not_needed("ExtranetLockoutThreshold", LOCKOUT).newer(),
    not_needed("ExtranetLockoutThresholdFamiliarLocation", LOCKOUT).newer(),
    not_needed("ExtranetLockoutRequirePDC", LOCKOUT).newer(),
    not_needed("ExtranetObservationWindow", LOCKOUT).newer(),
    not_needed("PasswordValidationDelayInMinutes", LOCKOUT).newer(),
    field(
        "BannedIpList",
        "not yet: addresses that are kept out",
        |value, _| {
            Ok(match dress::texts(value)?.len() {
                0 => Fate::not_needed("no address is kept out"),
                number => Fate::not_yet(format!(
                    "{}: keep them out at the firewall",
                    counted(number, "address", "addresses")
                )),
            })
        },
    )
    .by("AddBannedIps")
    .newer(),
    // Keys.
    not_needed("AutoCertificateRollover", KEYS),
    not_needed("CertificateCriticalThreshold", KEYS),
    not_needed("CertificateDuration", KEYS),
    not_needed("CertificateGenerationThreshold", KEYS),
    not_needed("CertificatePromotionThreshold", KEYS),
    not_needed("CertificateRolloverInterval", KEYS),
    not_needed("CertificateSharingContainer", KEYS),
    not_needed("CertificateThresholdMultiplier", KEYS),
    not_needed(
        "ClientCertRevocationCheck",
        "nobody signs in with a certificate of their own",
    ),
    field(
        "MonitoringInterval",
        "`monitoring_interval` of `[sts]`",
        |value, _| {
            Ok(match dress::number(value)? {
                1_440 => Fate::taken("metadata is read once a day"),
                minutes => Fate::changed(format!(
                    "metadata is read once a day: write `monitoring_interval = {minutes}` into [sts]"
                )),
            })
        },
    ),
    // Ports, proxies, logs, administration.
    not_needed("HttpPort", "listeners are in the configuration"),
    not_needed("HttpsPort", "listeners are in the configuration"),
    not_needed("NetTcpPort", "listeners are in the configuration"),
    not_needed("TlsClientPort", "listeners are in the configuration").newer(),
    not_needed("ProxyTrustTokenLifetime", "AD FS's proxies are not served"),
    not_needed(
        "AddProxyAuthorizationRules",
        "AD FS's proxies are not served",
    ),
    not_needed("IgnoreTokenBinding", "browsers have given token binding up").newer(),
    not_needed("LogLevel", "the audit trail and the log are always written"),
    not_needed(
        "AuditLevel",
        "the audit trail and the log are always written",
    )
    .newer(),
    not_needed("ContactPerson", "metadata names nobody"),
    not_needed("OrganizationInfo", "metadata names no organisation"),
    not_needed(
        "InstalledLanguage",
        "pages are in the language that a browser asks for",
    )
    .printed(),
    not_needed("AllowLocalAdminsServiceAdministration", ADMINISTRATION).newer(),
    not_needed("AllowSystemServiceAdministration", ADMINISTRATION).newer(),
    not_needed("DelegateServiceAdministration", ADMINISTRATION).newer(),
    not_needed("CurrentFarmBehavior", "AD FS's own version")
        .printed()
        .newer(),
    not_yet("EnableOAuthDeviceFlow", OAUTH).newer(),
    not_yet("EnableOauthLogout", OAUTH).newer(),
    not_needed(
        "WindowsHelloKeyVerification",
        "Windows Hello is no method here",
    )
    .newer(),
];

const WINDOWS: &str = "browsers inside are offered Kerberos, whatever they call themselves";
const LOCKOUT: &str = "guesses are counted here before a secret is checked, not at the domain";
const KEYS: &str = "keys are new here, and rolled by rules of their own";
const ADMINISTRATION: &str = "who may change something here, the machine says";

impl Draft {
    /// Whether every SAML request must be signed.
    pub(in crate::import) fn signs_all_requests(&self) -> bool {
        self.signed_saml_requests_required
    }

    /// The settings.
    pub(in crate::import) fn finish(self) -> Option<Service> {
        Some(Service {
            identifier: self.identifier?,
            id_token_issuer: self.id_token_issuer,
            host_name: self.host_name?,
            display_name: self.display_name,
            acceptable_identifiers: self.acceptable_identifiers,
            sso_lifetime: self.sso_lifetime,
            is_kmsi_enabled: self.is_kmsi_enabled,
            kmsi_lifetime: self.kmsi_lifetime,
            persistent_sso_cutoff_time: self.persistent_sso_cutoff_time,
            authentication_context_order: self.authentication_context_order,
            saml_message_delivery_window: self.saml_message_delivery_window,
            signed_saml_requests_required: self.signed_saml_requests_required,
            sign_saml_authn_requests: self.sign_saml_authn_requests,
        })
    }
}
