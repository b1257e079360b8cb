//! What the reader of RequestSecurityTokenResponse takes and refuses.

use expect_test::expect;
use xml::{Document, Limits};

use super::*;

fn lifetime() -> Lifetime {
    Lifetime {
        created: "2026-11-24T08:00:00.123Z".parse().unwrap(),
        expires: "2026-11-24T16:00:00Z".parse().unwrap(),
    }
}

fn saml() -> RequestSecurityTokenResponse {
    let assertion =
        format!("<saml:Assertion  AssertionID='a1' xmlns:saml='{SAML_1}'><x/></saml:Assertion>");
    RequestSecurityTokenResponse {
        context: Some("c\"1".to_owned()),
        token: IssuedToken::Assertion(Verbatim::parse(assertion).unwrap()),
        entropy: Some(Secret::new(vec![7; 32])),
        lifetime: lifetime(),
    }
}

fn read<T>(
    text: &str,
    read: impl FnOnce(Result<Vec<Issued<'_, '_>>, ResponseParseError>) -> T,
) -> T {
    let document = Document::parse_within(text, Limits::DEFAULT).unwrap();
    let envelope = Envelope::parse(&document).unwrap();
    read(tokens(&envelope))
}

#[test]
fn an_assertion_is_answered_as_sipe_cuts_it() {
    let text = saml().to_xml();
    expect![[r##"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><RequestSecurityTokenResponseCollection xmlns="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><RequestSecurityTokenResponse Context="c&quot;1"><TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</TokenType><RequestedSecurityToken><saml:Assertion  AssertionID='a1' xmlns:saml='urn:oasis:names:tc:SAML:1.0:assertion'><x/></saml:Assertion></RequestedSecurityToken><RequestedProofToken><ComputedKey>http://docs.oasis-open.org/ws-sx/ws-trust/200512/CK/PSHA1</ComputedKey></RequestedProofToken><Entropy><BinarySecret>BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=</BinarySecret></Entropy><Lifetime><wsu:Created>2026-11-24T08:00:00Z</wsu:Created><wsu:Expires>2026-11-24T16:00:00Z</wsu:Expires></Lifetime><KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey</KeyType><KeySize>256</KeySize></RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"##]]
        .assert_eq(&text);
    let (_, lifetime) = text.split_once("<Lifetime>").unwrap();
    let (lifetime, _) = lifetime.split_once("</Lifetime>").unwrap();
    assert!(!lifetime.contains("xmlns") && !lifetime.contains("> <"));
}

#[test]
fn an_assertion_is_found_verbatim_with_its_lifetime() {
    read(&saml().to_xml(), |tokens| {
        let [issued] = tokens.unwrap().try_into().unwrap();
        assert_eq!(issued.context, Some("c\"1"));
        assert_eq!(issued.lifetime.unwrap().expires, lifetime().expires);
        match issued.token {
            IssuedToken::Assertion(element) => {
                assert!(
                    element
                        .source()
                        .starts_with("<saml:Assertion  AssertionID='a1'")
                );
            }
            IssuedToken::UserToken(_) => panic!("not a compact ticket"),
        }
    });
}

#[test]
fn a_compact_ticket_goes_round() {
    let response = RequestSecurityTokenResponse {
        context: None,
        token: IssuedToken::UserToken(Secret::new("cwt=AAEB".to_owned())),
        entropy: None,
        lifetime: lifetime(),
    };
    let text = response.to_xml();
    assert!(text.contains("<UserToken>cwt=AAEB</UserToken>"));
    assert!(!text.contains("BinarySecret") && !text.contains("KeyType"));
    read(&text, |tokens| match tokens.unwrap().as_slice() {
        [
            Issued {
                token: IssuedToken::UserToken(cwt),
                context: None,
                ..
            },
        ] => {
            assert_eq!(cwt.expose(), "cwt=AAEB");
        }
        other => panic!("{other:?}"),
    });
}

fn answer(inside: &str) -> String {
    format!(
        "<e:Envelope xmlns:e='{SOAP_1_1}'><e:Body><RequestSecurityTokenResponse xmlns='{TRUST_1_3}'>\
         {inside}</RequestSecurityTokenResponse></e:Body></e:Envelope>"
    )
}

#[test]
fn every_token_is_found_up_to_the_cap() {
    let token = "<x:UserToken xmlns:x='urn:any'>cwt=A</x:UserToken>";
    let requested = |count| {
        format!(
            "<RequestedSecurityToken>{}</RequestedSecurityToken>",
            token.repeat(count)
        )
    };
    assert_eq!(
        read(&answer(&requested(4)), |tokens| tokens.unwrap().len()),
        4
    );
    assert_eq!(
        read(&answer(&requested(5)), |tokens| tokens.unwrap_err()),
        ResponseParseError::TooManyTokens
    );
    assert_eq!(read(&answer(""), |tokens| tokens.unwrap().len()), 0);
}

#[test]
fn answers_that_cannot_be_read_are_refused() {
    let twice = "<RequestedSecurityToken/>".repeat(2);
    assert_eq!(
        read(&answer(&twice), |tokens| tokens.unwrap_err()),
        ResponseParseError::Value(ValueError::Repeated {
            name: "RequestedSecurityToken"
        })
    );
    assert_eq!(
        read(&answer("<RequestedSecurityToken/><Lifetime/>"), |tokens| {
            tokens.unwrap_err()
        }),
        ResponseParseError::Lifetime(RequestParseError::NotATime { name: "Created" })
    );
    let long = format!(
        "<RequestedSecurityToken><UserToken>{}</UserToken></RequestedSecurityToken>",
        "x".repeat(8193)
    );
    assert_eq!(
        read(&answer(&long), |tokens| tokens.unwrap_err()),
        ResponseParseError::Value(ValueError::TooLong {
            name: "UserToken",
            limit: 8192
        })
    );
}
