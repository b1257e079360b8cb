//! What the reader of RequestSecurityToken takes and refuses.

use expect_test::expect;
use xml::Document;

use super::*;

/// What SIPE sends, with its namespaces.
const SIPE: &str = r#"<wst:RequestSecurityToken Context="6f1c2a34"
  xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512"
  xmlns:auth="http://schemas.xmlsoap.org/ws/2006/12/authorization"
  xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">
 <wst:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</wst:TokenType>
 <wst:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</wst:RequestType>
 <wsp:AppliesTo><wsa:EndpointReference><wsa:Address>https://lyncweb.contoso.com/x</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>
 <wst:Claims Dialect="urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims">
  <auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri" Optional="false"><auth:Value> sip:anna@contoso.com </auth:Value></auth:ClaimType>
 </wst:Claims>
 <wst:Entropy><wst:BinarySecret>q83v3s0wT1f0mF0y0Cq1q1B0H6y1Yy4t9yQx3m2b7aA=</wst:BinarySecret></wst:Entropy>
 <wst:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey</wst:KeyType>
</wst:RequestSecurityToken>"#;

fn parse(text: &str) -> Result<RequestSecurityToken, RequestParseError> {
    RequestSecurityToken::parse(Document::parse(text).unwrap().root())
}

fn refusal(inside: &str) -> RequestParseError {
    parse(&request(inside)).unwrap_err()
}

fn request(inside: &str) -> String {
    format!(
        "<RequestSecurityToken xmlns='{TRUST_1_3}' xmlns:a='{AUTHORIZATION}' xmlns:u='{UTILITY}'>\
         <RequestType>{ISSUE}</RequestType>{inside}</RequestSecurityToken>"
    )
}

#[test]
fn a_request_of_sipe_is_read() {
    let request = parse(SIPE).unwrap();
    assert_eq!(request.entropy.as_ref().unwrap().expose().len(), 32);
    expect![[r#"
        (
            Some(
                "6f1c2a34",
            ),
            Some(
                "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1",
            ),
            Some(
                "https://lyncweb.contoso.com/x",
            ),
            Some(
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey",
            ),
            None,
            Some(
                Claims {
                    dialect: Some(
                        "urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims",
                    ),
                    claims: [
                        Claim {
                            claim_type: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri",
                            is_optional: false,
                            value: Some(
                                "sip:anna@contoso.com",
                            ),
                        },
                    ],
                },
            ),
        )
    "#]]
    .assert_debug_eq(&(
        request.context,
        request.token_type,
        request.applies_to,
        request.key_type,
        request.lifetime,
        request.claims,
    ));
}

#[test]
fn a_lifetime_is_read() {
    let times = "<Lifetime><u:Created>2014-04-17T08:00:00Z</u:Created>\
                 <u:Expires>2014-04-17T08:15:00.000Z</u:Expires></Lifetime>";
    let lifetime = parse(&request(times)).unwrap().lifetime.unwrap();
    assert_eq!(
        lifetime.expires.as_second() - lifetime.created.as_second(),
        900
    );
}

#[test]
fn an_address_of_2004_is_read() {
    let applies_to = format!(
        "<p:AppliesTo xmlns:p='{POLICY}'><EndpointReference xmlns='{ADDRESSING_2004}'>\
         <Address>https://a</Address></EndpointReference></p:AppliesTo>"
    );
    assert_eq!(
        parse(&request(&applies_to)).unwrap().applies_to.as_deref(),
        Some("https://a")
    );
}

#[test]
fn only_requests_to_issue_are_taken() {
    for text in [
        "<RequestSecurityToken/>".to_owned(),
        request("").replace("200512'", "200512/x'"),
    ] {
        assert_eq!(parse(&text).unwrap_err(), RequestParseError::NotARequest);
    }
    for text in [
        request("").replace("/Issue", "/Renew"),
        format!("<RequestSecurityToken xmlns='{TRUST_1_3}'/>"),
    ] {
        assert_eq!(parse(&text).unwrap_err(), RequestParseError::NotIssue);
    }
}

#[test]
fn repeated_values_are_refused() {
    let repeated = |name| RequestParseError::Content(ValueError::Repeated { name }.into());
    for name in [
        "TokenType",
        "KeyType",
        "Claims",
        "Entropy",
        "Lifetime",
        "RequestType",
    ] {
        let element = format!("<{name}>x</{name}>");
        let error = refusal(&format!("{element}{element}"));
        assert_eq!(error, repeated(name), "{name}");
    }
    let value = "<Claims><a:ClaimType Uri='x'><a:Value>1</a:Value><a:Value>2</a:Value></a:ClaimType></Claims>";
    assert_eq!(refusal(value), repeated("Value"));
    let applies_to = format!("<p:AppliesTo xmlns:p='{POLICY}'/>");
    assert_eq!(refusal(&applies_to.repeat(2)), repeated("AppliesTo"));
}

#[test]
fn long_and_nested_values_are_refused() {
    let long = "x".repeat(2049);
    assert_eq!(
        refusal(&format!("<TokenType>{long}</TokenType>")),
        RequestParseError::Value(ValueError::TooLong {
            name: "TokenType",
            limit: 2048
        })
    );
    assert_eq!(
        parse(&request("").replace(
            "<RequestSecurityToken ",
            &format!("<RequestSecurityToken Context='{long}' ")
        ))
        .unwrap_err(),
        RequestParseError::Value(ValueError::TooLong {
            name: "Context",
            limit: 2048
        })
    );
    assert_eq!(
        refusal("<Claims><a:ClaimType Uri='x'><a:Value>a<b/>b</a:Value></a:ClaimType></Claims>"),
        RequestParseError::Value(ValueError::HoldsElements { name: "Value" })
    );
}

#[test]
fn claims_are_bounded_and_typed() {
    assert_eq!(
        refusal("<Claims><a:ClaimType/></Claims>"),
        RequestParseError::ClaimWithoutType
    );
    let claims = |count| {
        format!(
            "<Claims>{}</Claims>",
            "<a:ClaimType Uri='x'/>".repeat(count)
        )
    };
    assert_eq!(
        parse(&request(&claims(16)))
            .unwrap()
            .claims
            .unwrap()
            .claims
            .len(),
        16
    );
    assert_eq!(refusal(&claims(17)), RequestParseError::TooManyClaims);
}

#[test]
fn entropy_and_times_must_be_what_they_say() {
    for entropy in [
        "<Entropy/>",
        "<Entropy><BinarySecret>*</BinarySecret></Entropy>",
    ] {
        assert_eq!(refusal(entropy), RequestParseError::Entropy, "{entropy}");
    }
    let long = STANDARD.encode([0; 257]);
    let entropy = format!("<Entropy><BinarySecret>{long}</BinarySecret></Entropy>");
    assert_eq!(refusal(&entropy), RequestParseError::Entropy);
    let created = "<u:Created>2014-04-17T08:00:00Z</u:Created>";
    assert_eq!(
        refusal(&format!("<Lifetime>{created}</Lifetime>")),
        RequestParseError::NotATime { name: "Expires" }
    );
    assert_eq!(
        refusal("<Lifetime><u:Created>2014-04-17T08:00:00</u:Created></Lifetime>"),
        RequestParseError::NotATime { name: "Created" }
    );
}

#[test]
fn entropy_is_not_shown() {
    let shown = format!("{:?}", parse(SIPE).unwrap());
    assert!(
        !shown.contains("q83v") && !shown.contains("171, 205"),
        "{shown}"
    );
}

fn unexpected(name: &str, inside: &'static str) -> RequestParseError {
    RequestParseError::Content(ContentError::unexpected(name, inside))
}

#[test]
fn a_request_in_anothers_name_is_refused() {
    for name in [
        "OnBehalfOf",
        "ActAs",
        "DelegateTo",
        "Delegatable",
        "RenewTarget",
    ] {
        let inside = "<x xmlns='urn:x'>ben</x>";
        let error = refusal(&format!("<{name}>{inside}</{name}>"));
        assert_eq!(error, unexpected(name, "RequestSecurityToken"));
        assert!(error.to_string().contains(name), "{error}");
        let other_version = format!("<{name} xmlns='urn:other'>{inside}</{name}>");
        assert_eq!(refusal(&other_version), error);
    }
}

#[test]
fn what_nobody_reads_is_refused_wherever_it_stands() {
    let applies_to = |inside: &str| {
        format!(
            "<p:AppliesTo xmlns:p='{POLICY}' xmlns:w='{ADDRESSING}' xmlns:v='{ADDRESSING_2004}'>\
             {inside}</p:AppliesTo>"
        )
    };
    let reference = "<w:EndpointReference><w:Address>a</w:Address></w:EndpointReference>";
    for (inside, name, parent) in [
        (
            "<TokenType xmlns='urn:x'/>",
            "TokenType",
            "RequestSecurityToken",
        ),
        (
            "<RequestSecurityToken/>",
            "RequestSecurityToken",
            "RequestSecurityToken",
        ),
        ("<Claims><x/></Claims>", "x", "Claims"),
        (
            "<Claims><a:ClaimType Uri='x'><x/></a:ClaimType></Claims>",
            "x",
            "ClaimType",
        ),
        ("<Entropy><x/></Entropy>", "x", "Entropy"),
        ("<Lifetime><x/></Lifetime>", "x", "Lifetime"),
        (&applies_to("<x/>"), "x", "AppliesTo"),
        (
            &applies_to("<w:EndpointReference><w:Metadata/></w:EndpointReference>"),
            "Metadata",
            "EndpointReference",
        ),
    ] {
        assert_eq!(refusal(inside), unexpected(name, parent), "{inside}");
    }
    let two = applies_to(&[reference, &reference.replace("w:", "v:")].concat());
    let repeated = ValueError::Repeated {
        name: "EndpointReference",
    };
    assert_eq!(refusal(&two), RequestParseError::Content(repeated.into()));
    assert_eq!(
        refusal("x"),
        RequestParseError::Content(ContentError::Characters {
            inside: "RequestSecurityToken"
        })
    );
    let nested = ValueError::HoldsElements { name: "KeySize" };
    assert_eq!(
        refusal("<KeySize><x/></KeySize>"),
        RequestParseError::Content(nested.into())
    );
    let attribute =
        request("").replace("<RequestSecurityToken ", "<RequestSecurityToken u:Id='1' ");
    assert_eq!(
        parse(&attribute).unwrap_err(),
        unexpected("Id", "RequestSecurityToken")
    );
}

#[test]
fn what_a_client_may_ask_for_beside_is_read_over() {
    let plain: String = PLAIN
        .iter()
        .filter(|name| **name != "RequestType")
        .map(|name| format!("<{name}/>"))
        .collect();
    assert!(parse(&request(&plain)).is_ok());
}
