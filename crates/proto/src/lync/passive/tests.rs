//! Forms, cookies and tokens that two readers might read in two ways, and those that everybody reads alike.

use super::*;

const ASSERTION: &str =
    "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\" AssertionID=\"_1\"/>";

fn form(token: &str) -> Vec<u8> {
    let mut text = "wa=wsignin1.0&wresult=".to_owned();
    crate::percent::encode(token, &mut text);
    text.push_str("&wctx=rm%3D0");
    text.into_bytes()
}

fn answer(inside: &str) -> String {
    response(&format!(
        "<t:RequestedSecurityToken>{inside}</t:RequestedSecurityToken>"
    ))
}

fn response(inside: &str) -> String {
    format!(
        "<t:RequestSecurityTokenResponse xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\">{inside}\
         </t:RequestSecurityTokenResponse>"
    )
}

fn refused(form: &[u8]) -> BroughtParseError {
    Brought::parse(form).unwrap_err()
}

#[test]
fn the_one_assertion_of_a_form_is_found() {
    let found = Brought::parse(&form(&answer(ASSERTION))).unwrap().unwrap();
    assert_eq!(found.assertion_id, "_1");
    assert_eq!(Brought::parse(b"wa=wsignoutcleanup1.0"), Ok(None));
    assert_eq!(Brought::parse(b""), Ok(None));
}

/// WIF takes user names with passwords and sessions of Windows as tokens, too.
#[test]
fn an_assertion_that_is_not_the_token_is_refused() {
    let requested =
        |inside: &str| format!("<t:RequestedSecurityToken>{inside}</t:RequestedSecurityToken>");
    let other = "<o:UsernameToken xmlns:o=\"urn:o\"/>";
    let whole = answer(ASSERTION);
    let trust = "xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\"";
    let collected = |inside: &str| {
        format!(
            "<t:RequestSecurityTokenResponseCollection {trust}>{inside}</t:RequestSecurityTokenResponseCollection>"
        )
    };
    assert!(Brought::parse(&form(&collected(&whole))).unwrap().is_some());
    for token in [
        ASSERTION.to_owned(),
        response(ASSERTION),
        response(&format!("{}<y>{ASSERTION}</y>", requested(other))),
        response(&requested(&format!("{other}{ASSERTION}"))),
        response(&requested(&format!("<y>{ASSERTION}</y>"))),
        response(&format!("{}{}", requested(ASSERTION), requested(other))),
        response(&format!(
            "{}<y xmlns=\"urn:y\">{}</y>",
            requested(ASSERTION),
            requested(other)
        )),
        collected(&format!("{whole}{}", response(&requested(other)))),
        format!("<y>{whole}</y>"),
        collected(&collected(&whole)),
        format!("<t:R {trust}>{}</t:R>", requested(ASSERTION)),
    ] {
        let refused = refused(&form(&token));
        assert_eq!(refused, BroughtParseError::NotOneAssertion, "{token}");
    }
}

#[test]
fn a_form_with_two_assertions_is_refused_wherever_they_are() {
    use BroughtParseError as Error;
    let second = ASSERTION.replace("_1", "_2");
    let saml_2 = "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_2\"/>";
    let sealed = "<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/>";
    let inside = ASSERTION.replace("/>", &format!(">{second}</saml:Assertion>"));
    for token in [
        answer(&format!("{ASSERTION}{second}")),
        answer(&format!("{ASSERTION}{saml_2}")),
        answer(&format!("{ASSERTION}{sealed}")),
        answer(&inside),
        answer(saml_2),
        answer(""),
        answer(&ASSERTION.replace("_1", "")),
        answer(&ASSERTION.replace("AssertionID", "ID")),
        answer(&ASSERTION.replace("_1", &"x".repeat(MAX_ASSERTION_ID_BYTES + 1))),
    ] {
        assert_eq!(refused(&form(&token)), Error::NotOneAssertion, "{token}");
    }
}

/// An assertion of an AD FS with these statements in it.
fn stated(inside: &str) -> Vec<u8> {
    let named = format!("{ASSERTION}</saml:Assertion>").replace("/>", &format!(">{inside}"));
    form(&answer(&named))
}

fn claim(value: &str) -> String {
    format!(
        "<saml:Attribute AttributeName=\"signin\" AttributeNamespace=\"urn:wicketgate:claims\">{value}</saml:Attribute>"
    )
}

#[test]
fn the_sign_in_that_a_token_rests_on_is_its_one_claim_of_that_type() {
    let sid = claim("<saml:AttributeValue>S-1-5</saml:AttributeValue>").replace("signin", "sid");
    let value = claim("<saml:AttributeValue>_2</saml:AttributeValue>");
    for (statements, found) in [
        (
            format!("<saml:AttributeStatement>{sid}{value}</saml:AttributeStatement>"),
            Some("_2"),
        ),
        (
            format!("<saml:AttributeStatement>{sid}</saml:AttributeStatement>"),
            None,
        ),
        (String::new(), None),
    ] {
        let brought = Brought::parse(&stated(&statements)).unwrap().unwrap();
        assert_eq!(brought.assertion_id, "_1");
        assert_eq!(brought.sign_in.as_deref(), found);
    }
}

#[test]
fn a_sign_in_that_might_be_another_is_refused() {
    let value = |text: &str| format!("<saml:AttributeValue>{text}</saml:AttributeValue>");
    let statement =
        |inside: &str| format!("<saml:AttributeStatement>{inside}</saml:AttributeStatement>");
    let one = claim(&value("_2"));
    let long = "x".repeat(MAX_ASSERTION_ID_BYTES + 1);
    for statements in [
        statement(&format!("{one}{one}")),
        format!("{}{}", statement(&one), statement(&one)),
        // What stands in a signature is not signed by it.
        format!(
            "<s:Signature xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\"><s:Object>{one}</s:Object></s:Signature>"
        ),
        format!(
            "<s:Signature xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\">{}</s:Signature>",
            statement(&one)
        ),
        format!("{}<x>{one}</x>", statement(&one)),
        statement(&format!("<x>{one}</x>")),
        statement(
            &one.replace("saml:Attribute ", "Attribute ")
                .replace("</saml:Attribute>", "</Attribute>"),
        ),
        statement(&claim("")),
        statement(&claim("_2")),
        statement(&claim(&format!("{}{}", value("_2"), value("_3")))),
        statement(&claim(&value(""))),
        statement(&claim(&value("_2<!-- -->3"))),
        statement(&claim(&value("<b>_2</b>"))),
        statement(&claim(&value(&long))),
        statement(&claim("<saml:Value>_2</saml:Value>")),
    ] {
        let refused = refused(&stated(&statements));
        assert_eq!(refused, BroughtParseError::NotOneSignIn, "{statements}");
    }
}

#[test]
fn a_form_that_can_be_read_in_two_ways_is_refused() {
    use BroughtParseError as Error;
    let one = form(&answer(ASSERTION));
    let twice = [&one[..], b"&wresult=x"].concat();
    let in_capitals = [&one[..], b"&WResult=x"].concat();
    assert_eq!(refused(&twice), Error::Twice);
    assert_eq!(refused(&in_capitals), Error::Twice);
    assert_eq!(refused(b"WRESULT=x"), Error::Twice);
    for by_reference in ["wresultptr=https%3A%2F%2Fx", "WResultPtr=x"] {
        assert_eq!(refused(by_reference.as_bytes()), Error::ByReference);
    }
    assert!(matches!(refused(b"wresult=%zz"), Error::Form(_)));
    assert!(matches!(refused(b"wresult=x"), Error::Xml(_)));
    let dtd = format!("<!DOCTYPE r>{}", answer(ASSERTION));
    assert_eq!(refused(&form(&dtd)), Error::Xml(ParseError::DocumentType));
    let long = [&one[..], b"&a=", &[b'a'; MAX_POST_BYTES]].concat();
    assert_eq!(refused(&long), Error::Form(FormParseError::TooLarge));
}

fn shown(found: Result<Option<Session>, SessionInDoubt>) -> Result<Option<String>, SessionInDoubt> {
    let line = |session: Session| String::from_utf8(session.line().expose().clone()).unwrap();
    found.map(|session| session.map(line))
}

fn sent(line: &str) -> Result<Option<String>, SessionInDoubt> {
    shown(Session::sent([line.as_bytes()].into_iter()))
}

fn set(lines: &[&str]) -> Result<Option<String>, SessionInDoubt> {
    shown(Session::set(lines.iter().map(|line| line.as_bytes())))
}

#[test]
fn a_session_is_the_same_as_it_was_set_whatever_stands_around_it() {
    let begun = set(&[
        "LabMember=fe-1; Path=/",
        "FedAuth=abc+/=; path=/; secure; HttpOnly",
        "FedAuth1=def; path=/; secure; HttpOnly",
    ]);
    let line = "FedAuth=abc+/=; FedAuth1=def";
    assert_eq!(begun, Ok(Some(line.to_owned())));
    assert_eq!(sent("a=b; FedAuth1=def;FedAuth=abc+/=; FedAuthX=1"), begun);
    let lines = [&b"FedAuth=abc+/="[..], b"FedAuth1=def"];
    let session = Session::sent(lines.into_iter()).unwrap();
    assert!(!format!("{session:?}").contains("abc"));
    let key = session.as_ref().map(Session::key).unwrap();
    assert_eq!(key.expose(), &[b"passive\0", line.as_bytes()].concat());
    assert_eq!(shown(Ok(session)), begun);
}

#[test]
fn another_session_has_another_key() {
    let key = |line: &str| {
        let session = Session::sent([line.as_bytes()].into_iter());
        session.unwrap().unwrap().key().expose().clone()
    };
    let one = key("FedAuth=ab; FedAuth1=c");
    assert_ne!(one, key("FedAuth=a; FedAuth1=bc"));
    assert_ne!(one, key("FedAuth=ab"));
    assert_ne!(one, key("FedAuth=AB; FedAuth1=c"));
}

#[test]
fn no_session_is_none_and_one_that_ends_begins_none() {
    for line in ["", "a=b", "FedAut=x", "FedAuthX=1", "=; ;;"] {
        assert_eq!(sent(line), Ok(None), "{line}");
    }
    let ended = "FedAuth=; expires=Thu, 01-Jan-1970 00:00:00 GMT; path=/";
    assert_eq!(set(&[ended]), Ok(None));
    assert_eq!(set(&[]), Ok(None));
}

#[test]
fn cookies_that_can_be_read_in_two_ways_are_no_session() {
    let many: Vec<String> = (0..=MAX_PIECES)
        .map(|number| match number {
            0 => "FedAuth=a".to_owned(),
            number => format!("FedAuth{number}=a"),
        })
        .collect();
    let long = format!("FedAuth={}", "a".repeat(MAX_PIECE_BYTES + 1));
    for line in [
        "FedAuth=a; FedAuth=b",
        "FedAuth=a; fedauth=b",
        "fedauth=a",
        "FEDAUTH1=a; FedAuth=a",
        "FedAuth=a; FedAuth2=b",
        "FedAuth1=a",
        "FedAuth0=a",
        "FedAuth=a; FedAuth01=b",
        "FedAuth=",
        "FedAuth",
        "FedAuth=\"a\"",
        "FedAuth=a b",
        "FedAuth=a,FedAuth=b",
        &many.join("; "),
        &long,
    ] {
        assert_eq!(sent(line), Err(SessionInDoubt), "{line}");
    }
}

#[test]
fn every_spelling_of_a_piece_is_one() {
    for name in ["FedAuth", "fedAUTH", "FedAuth1", "FEDAUTH12"] {
        assert!(is_session_cookie(name.as_bytes()), "{name}");
    }
    for name in ["", "FedAut", "FedAuthX", "XFedAuth", "FedAuth-1"] {
        assert!(!is_session_cookie(name.as_bytes()), "{name}");
    }
}
