//! What the reader of UsernameToken takes and refuses.

use super::*;
use crate::soap::document;
use crate::soap::namespace::SOAP_1_1;

fn read(header: &str) -> Result<Option<UsernameToken>, UsernameTokenParseError> {
    let text = format!(
        r#"<s:Envelope xmlns:s="{SOAP_1_1}" xmlns:o="{SECURITY}">{header}<s:Body/></s:Envelope>"#
    );
    let document = document(text.as_bytes()).unwrap();
    UsernameToken::read(&Envelope::parse(&document).unwrap())
}

fn token(inside: &str) -> String {
    format!(
        "<s:Header><o:Security s:mustUnderstand='1'><o:UsernameToken>{inside}</o:UsernameToken>\
         </o:Security></s:Header>"
    )
}

fn refusal(inside: &str) -> UsernameTokenParseError {
    read(&token(inside)).unwrap_err()
}

#[test]
fn a_token_is_read_plain() {
    let inside = format!(
        "<o:Username> CONTOSO\\anna </o:Username><o:Password Type='{PASSWORD_TEXT}'> a<!-- -->&lt;b </o:Password>"
    );
    let token = read(&token(&inside)).unwrap().unwrap();
    assert_eq!(token.username, "CONTOSO\\anna");
    assert_eq!(token.password.expose(), " a<b ");
}

#[test]
fn a_token_is_taken_out_of_base64() {
    let inside = "<o:Username>Q09OVE9TT1xhbm5h</o:Username><o:Password>\n czNjcjN0 </o:Password>";
    let token = read(&token(inside))
        .unwrap()
        .unwrap()
        .decode_base64()
        .unwrap();
    assert_eq!(token.username, "CONTOSO\\anna");
    assert_eq!(token.password.expose(), "s3cr3t");
}

#[test]
fn what_is_not_base64_of_utf_8_is_refused() {
    for (username, password) in [("anna", "cz*"), ("*", "czNjcjN0"), ("YW5uYQ==", "//8=")] {
        let inside =
            format!("<o:Username>{username}</o:Username><o:Password>{password}</o:Password>");
        let token = read(&token(&inside)).unwrap().unwrap();
        assert_eq!(
            token.decode_base64().unwrap_err(),
            UsernameTokenParseError::NotBase64
        );
    }
}

#[test]
fn a_message_without_a_token_is_no_error() {
    assert!(read("").unwrap().is_none());
    assert!(read("<s:Header/>").unwrap().is_none());
    assert!(
        read("<s:Header><o:Security/></s:Header>")
            .unwrap()
            .is_none()
    );
}

#[test]
fn missing_parts_are_refused() {
    assert_eq!(
        refusal("<o:Password>x</o:Password>"),
        UsernameTokenParseError::NoUsername
    );
    assert_eq!(
        refusal("<o:Username> </o:Username><o:Password>x</o:Password>"),
        UsernameTokenParseError::NoUsername
    );
    assert_eq!(
        refusal("<o:Username>x</o:Username>"),
        UsernameTokenParseError::NoPassword
    );
}

#[test]
fn a_digest_is_refused() {
    let digest = PASSWORD_TEXT.replace("PasswordText", "PasswordDigest");
    assert_eq!(
        refusal(&format!(
            "<o:Username>x</o:Username><o:Password Type='{digest}'>x</o:Password>"
        )),
        UsernameTokenParseError::NotPasswordText
    );
}

#[test]
fn repeated_nested_and_long_values_are_refused() {
    let name = "<o:Username>x</o:Username>";
    let password = "<o:Password>x</o:Password>";
    let repeated = |name| UsernameTokenParseError::Value(ValueError::Repeated { name });
    assert_eq!(
        refusal(&format!("{name}{name}{password}")),
        repeated("Username")
    );
    assert_eq!(
        refusal(&format!("{name}{password}{password}")),
        repeated("Password")
    );
    let two = format!(
        "<s:Header><o:Security><o:UsernameToken>{name}{password}</o:UsernameToken>\
         <o:UsernameToken>{name}{password}</o:UsernameToken></o:Security></s:Header>"
    );
    assert_eq!(read(&two).unwrap_err(), repeated("UsernameToken"));
    let headers = "<s:Header><o:Security/><o:Security/></s:Header>";
    assert_eq!(read(headers).unwrap_err(), repeated("Security"));
    assert_eq!(
        refusal(&format!("{name}<o:Password>x<y/></o:Password>")),
        UsernameTokenParseError::Value(ValueError::HoldsElements { name: "Password" })
    );
    assert_eq!(
        refusal(&format!("<o:Username>x<y/></o:Username>{password}")),
        UsernameTokenParseError::Value(ValueError::HoldsElements { name: "Username" })
    );
    let long = "x".repeat(1025);
    assert_eq!(
        refusal(&format!("<o:Username>{long}</o:Username>{password}")),
        UsernameTokenParseError::Value(ValueError::TooLong {
            name: "Username",
            limit: 512
        })
    );
    assert_eq!(
        refusal(&format!("{name}<o:Password>{long}</o:Password>")),
        UsernameTokenParseError::Value(ValueError::TooLong {
            name: "Password",
            limit: 1024
        })
    );
}

#[test]
fn a_token_does_not_show_its_password() {
    let token = read(&token(
        "<o:Username>anna</o:Username><o:Password>s3cr3t</o:Password>",
    ));
    assert!(!format!("{:?}", token.unwrap().unwrap()).contains("s3cr3t"));
}

#[test]
fn a_name_tells_whether_it_and_its_password_are_in_base64() {
    for (username, password, meant) in [
        ("Q09OVE9TT1xhbm5h", "czNjcjN0", ("CONTOSO\\anna", "s3cr3t")),
        (
            "YW5uYUBjb250b3NvLmNvbQ==",
            "czNjcjN0",
            ("anna@contoso.com", "s3cr3t"),
        ),
        ("CONTOSO\\anna", "czNjcjN0", ("CONTOSO\\anna", "czNjcjN0")),
        ("anna@contoso.com", "abcd", ("anna@contoso.com", "abcd")),
        ("anna", "abcd", ("anna", "abcd")),
    ] {
        let inside =
            format!("<o:Username>{username}</o:Username><o:Password>{password}</o:Password>");
        let token = read(&token(&inside)).unwrap().unwrap().as_sent().unwrap();
        assert_eq!(
            (token.username.as_str(), token.password.expose().as_str()),
            meant
        );
    }
    let inside = "<o:Username>Q09OVE9TT1xhbm5h</o:Username><o:Password>not base64</o:Password>";
    let refused = read(&token(inside)).unwrap().unwrap().as_sent();
    assert_eq!(refused.unwrap_err(), UsernameTokenParseError::NotBase64);
}
