//! The claim types that AD FS knows from the beginning, and others that rules in the field use.
//!
//! The names of the first are those of AD FS's own claim descriptions, in the order of its metadata. Start at
//! [`ClaimType::of`].

/// A claim type that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimType {
    /// What a claim of this type has in `Type`.
    pub uri: &'static str,
    /// What AD FS calls it, where it has a name.
    pub name: &'static str,
    /// What it is called in a JSON web token, where it has a short name.
    pub short_name: Option<&'static str>,
}

impl ClaimType {
    /// The type of a URI.
    #[must_use]
    pub fn of(uri: &str) -> Option<Self> {
        DESCRIBED.into_iter().chain(OTHERS).find(|it| it.uri == uri)
    }

    /// The type that a URI means which begins with `https` where the type begins with `http`: documentation
    /// has been rewritten so, and no claim is ever called that.
    #[must_use]
    pub fn meant_by(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("https://")?;
        let same = |it: &Self| it.uri.strip_prefix("http://") == Some(rest);
        DESCRIBED.into_iter().chain(OTHERS).find(same)
    }

    /// The type that a URI means which differs from it by the case of letters alone: types are compared letter by letter.
    #[must_use]
    pub fn in_other_case(uri: &str) -> Option<Self> {
        let mut known = DESCRIBED.into_iter().chain(OTHERS);
        let found = known.find(|it| it.uri.eq_ignore_ascii_case(uri))?;
        (Self::of(uri).is_none()).then_some(found)
    }

    /// Every type that AD FS describes by itself, in the order of its metadata.
    #[must_use]
    pub fn described() -> &'static [Self] {
        &DESCRIBED
    }
}

/// Grants a token, as an authorization rule's result.
pub const PERMIT: &str = "http://schemas.microsoft.com/authorization/claims/permit";
/// Refuses a token, whatever else is issued.
pub const DENY: &str = "http://schemas.microsoft.com/authorization/claims/deny";
/// Which method somebody signed in by, or must sign in by.
pub const AUTHENTICATION_METHOD: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod";
/// The value of [`AUTHENTICATION_METHOD`] that asks for a second factor.
pub const MULTIPLE_AUTHENTICATION: &str = "http://schemas.microsoft.com/claims/multipleauthn";
/// The name of an account as `DOMAIN\user`.
pub const WINDOWS_ACCOUNT_NAME: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname";
/// The SID of a group.
pub const GROUP_SID: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid";

const fn described(
    name: &'static str,
    uri: &'static str,
    short_name: Option<&'static str>,
) -> ClaimType {
    ClaimType {
        uri,
        name,
        short_name,
    }
}

const fn other(uri: &'static str) -> ClaimType {
    described("", uri, None)
}

/// What a fresh AD FS describes.
const DESCRIBED: [ClaimType; 63] = [
    described(
        "E-Mail Address",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        Some("email"),
    ),
    described(
        "Given Name",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        Some("given_name"),
    ),
    described(
        "Name",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        Some("unique_name"),
    ),
    described(
        "UPN",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        Some("upn"),
    ),
    described(
        "Common Name",
        "http://schemas.xmlsoap.org/claims/CommonName",
        Some("commonname"),
    ),
    described(
        "AD FS 1.x E-Mail Address",
        "http://schemas.xmlsoap.org/claims/EmailAddress",
        Some("adfs1email"),
    ),
    described(
        "Group",
        "http://schemas.xmlsoap.org/claims/Group",
        Some("group"),
    ),
    described(
        "AD FS 1.x UPN",
        "http://schemas.xmlsoap.org/claims/UPN",
        Some("adfs1upn"),
    ),
    described(
        "Role",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
        Some("role"),
    ),
    described(
        "Surname",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
        Some("family_name"),
    ),
    described(
        "PPID",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/privatepersonalidentifier",
        Some("ppid"),
    ),
    described(
        "Name ID",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
        Some("nameid"),
    ),
    described(
        "Authentication time stamp",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant",
        Some("auth_time"),
    ),
    described(
        "Authentication method",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
        Some("authmethod"),
    ),
    described(
        "Deny only group SID",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/denyonlysid",
        Some("denyonlysid"),
    ),
    described(
        "Deny only primary SID",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/denyonlyprimarysid",
        Some("denyonlyprimarysid"),
    ),
    described(
        "Deny only primary group SID",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/denyonlyprimarygroupsid",
        Some("denyonlyprimarygroupsid"),
    ),
    described(
        "Group SID",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid",
        Some("groupsid"),
    ),
    described(
        "Primary group SID",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
        Some("primarygroupsid"),
    ),
    described(
        "Primary SID",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid",
        Some("primarysid"),
    ),
    described(
        "Windows account name",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname",
        Some("winaccountname"),
    ),
    described(
        "Is Registered User",
        "http://schemas.microsoft.com/2012/01/devicecontext/claims/isregistereduser",
        Some("isregistereduser"),
    ),
    described(
        "Device Identifier",
        "http://schemas.microsoft.com/2012/01/devicecontext/claims/identifier",
        Some("deviceid"),
    ),
    described(
        "Device Registration Identifier",
        "http://schemas.microsoft.com/2012/01/devicecontext/claims/registrationid",
        Some("deviceregid"),
    ),
    described(
        "Device Registration DisplayName",
        "http://schemas.microsoft.com/2012/01/devicecontext/claims/displayname",
        Some("devicedispname"),
    ),
    described(
        "Device OS type",
        "http://schemas.microsoft.com/2012/01/devicecontext/claims/ostype",
        Some("deviceostype"),
    ),
    described(
        "Device OS Version",
        "http://schemas.microsoft.com/2012/01/devicecontext/claims/osversion",
        Some("deviceosver"),
    ),
    described(
        "Is Managed Device",
        "http://schemas.microsoft.com/2012/01/devicecontext/claims/ismanaged",
        Some("deviceismanaged"),
    ),
    described(
        "Forwarded Client IP",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-forwarded-client-ip",
        Some("forwardedclientip"),
    ),
    described(
        "Client Application",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-client-application",
        Some("clientapplication"),
    ),
    described(
        "Client User Agent",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-client-user-agent",
        Some("clientuseragent"),
    ),
    described(
        "Client IP",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-client-ip",
        Some("clientip"),
    ),
    described(
        "Endpoint Path",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-endpoint-absolute-path",
        Some("endpointpath"),
    ),
    described(
        "Proxy",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-proxy",
        Some("proxy"),
    ),
    described(
        "Application Identifier",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/relyingpartytrustid",
        Some("relyingpartytrustid"),
    ),
    described(
        "Application policies",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/applicationpolicy",
        Some("certapppolicy"),
    ),
    described(
        "Authority Key Identifier",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/authoritykeyidentifier",
        Some("certauthoritykeyidentifier"),
    ),
    described(
        "Basic Constraint",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/basicconstraints",
        Some("certbasicconstraints"),
    ),
    described(
        "Enhanced Key Usage",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/eku",
        Some("certeku"),
    ),
    described(
        "Issuer",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/issuer",
        Some("certissuer"),
    ),
    described(
        "Issuer Name",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/issuername",
        Some("certissuername"),
    ),
    described(
        "Key Usage",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/keyusage",
        Some("certkeyusage"),
    ),
    described(
        "Not After",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/notafter",
        Some("certnotafter"),
    ),
    described(
        "Not Before",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/notbefore",
        Some("certnotbefore"),
    ),
    described(
        "Certificate Policies",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/certificatepolicy",
        Some("certpolicy"),
    ),
    described(
        "Public Key",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/rsa",
        Some("certpublickey"),
    ),
    described(
        "Certificate Raw Data",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/rawdata",
        Some("certrawdata"),
    ),
    described(
        "Subject Alternative Name",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/san",
        Some("certsubjectaltname"),
    ),
    described(
        "Serial Number",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/serialnumber",
        Some("certserialnumber"),
    ),
    described(
        "Signature Algorithm",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/signaturealgorithm",
        Some("certsignaturealgorithm"),
    ),
    described(
        "Subject",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/subject",
        Some("certsubject"),
    ),
    described(
        "Subject Key Identifier",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/subjectkeyidentifier",
        Some("certsubjectkeyidentifier"),
    ),
    described(
        "Subject Name",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/subjectname",
        Some("certsubjectname"),
    ),
    described(
        "V2 Template Name",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/certificatetemplateinformation",
        Some("certtemplateinformation"),
    ),
    described(
        "V1 Template Name",
        "http://schemas.microsoft.com/2012/12/certificatecontext/extension/certificatetemplatename",
        Some("certtemplatename"),
    ),
    described(
        "Thumbprint",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/thumbprint",
        Some("certthumbprint"),
    ),
    described(
        "X.509 Version",
        "http://schemas.microsoft.com/2012/12/certificatecontext/field/x509version",
        Some("certx509version"),
    ),
    described(
        "Inside Corporate Network",
        "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork",
        Some("insidecorporatenetwork"),
    ),
    described(
        "Password Expiration Time",
        "http://schemas.microsoft.com/ws/2012/01/passwordexpirationtime",
        Some("pwdexptime"),
    ),
    described(
        "Password Expiration Days",
        "http://schemas.microsoft.com/ws/2012/01/passwordexpirationdays",
        Some("pwdexpdays"),
    ),
    described(
        "Update Password URL",
        "http://schemas.microsoft.com/ws/2012/01/passwordchangeurl",
        Some("pwdchgurl"),
    ),
    described(
        "Authentication Methods References",
        "http://schemas.microsoft.com/claims/authnmethodsreferences",
        Some("amr"),
    ),
    described(
        "Client Request ID",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/client-request-id",
        None,
    ),
];

/// What else rules use, values that look like types included.
const OTHERS: [ClaimType; 45] = [
    // What this program says of its own tokens.
    other("urn:wicketgate:claims/signin"),
    other("http://schemas.microsoft.com/claims/multipleauthn"),
    other("http://schemas.microsoft.com/claims/wiaormultiauthn"),
    other("http://schemas.microsoft.com/claims/authnmethodsproviders"),
    other("http://schemas.microsoft.com/claims/authnclassreference"),
    other("http://schemas.microsoft.com/2014/03/psso"),
    other(
        "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant",
    ),
    other("http://schemas.microsoft.com/2012/01/devicecontext/claims/userowner"),
    other("http://schemas.microsoft.com/2014/02/devicecontext/claims/isknown"),
    other("http://schemas.microsoft.com/2014/09/devicecontext/claims/iscompliant"),
    other("http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsdevicegroup"),
    other("http://schemas.microsoft.com/ws/2008/06/identity/claims/proxytrustid"),
    other("http://schemas.microsoft.com/identity/claims/scope"),
    other("http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID"),
    other("http://schemas.microsoft.com/ws/2008/06/identity/claims/issuerid"),
    other("http://schemas.microsoft.com/ws/2012/01/accounttype"),
    other("http://schemas.microsoft.com/identity/claims/onpremobjectguid"),
    other("http://schemas.microsoft.com/authorization/claims/permit"),
    other("http://schemas.microsoft.com/authorization/claims/deny"),
    other("http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"),
    other("http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/windows"),
    other("http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/x509"),
    other("http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/tlsclient"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/otp"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/smsotp"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/sms"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/smsreply"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/email"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/phoneconfirmation"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/phoneappnotification"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/phoneotp"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/phoneapplication"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/fido"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/windowshello"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/webauth"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/kba"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/voicebiometrics"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/facebiometrics"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/usernamepassword"),
    other("http://schemas.microsoft.com/ws/2012/12/authmethod/none"),
    other("http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format"),
    other("http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/namequalifier"),
    other("http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/spnamequalifier"),
    other("http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/spprovidedid"),
    other("http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/attributename"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_type_has_a_name_and_no_uri_stands_twice() {
        let mut uris: Vec<&str> = DESCRIBED.iter().chain(&OTHERS).map(|it| it.uri).collect();
        assert!(DESCRIBED.iter().all(|it| !it.name.is_empty()));
        let number = uris.len();
        uris.sort_unstable();
        uris.dedup();
        assert_eq!(uris.len(), number);
    }

    #[test]
    fn a_rewritten_type_is_known_and_a_right_one_is_not_rewritten() {
        let rewritten = WINDOWS_ACCOUNT_NAME.replacen("http", "https", 1);
        let meant = ClaimType::meant_by(&rewritten).map(|it| it.uri);
        assert_eq!(meant, Some(WINDOWS_ACCOUNT_NAME));
        assert_eq!(ClaimType::meant_by(WINDOWS_ACCOUNT_NAME), None);
        assert_eq!(ClaimType::meant_by("https://contoso.com/role"), None);
        for known in [
            PERMIT,
            DENY,
            AUTHENTICATION_METHOD,
            MULTIPLE_AUTHENTICATION,
            GROUP_SID,
        ] {
            assert!(ClaimType::of(known).is_some(), "{known}");
        }
    }
}
