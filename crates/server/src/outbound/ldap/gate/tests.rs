//! What a controller answers to a new account, and what is planned.

use expect_test::expect;

use super::*;

fn plan(delegates_to: &[&str]) -> Plan {
    Plan {
        dn: "CN=gate2,CN=Computers,DC=contoso,DC=test".to_owned(),
        account: "gate2$".to_owned(),
        dns_host_name: "gate2.contoso.test".to_owned(),
        service_principal_names: vec!["HTTP/app.contoso.test".to_owned()],
        delegates_to: delegates_to.iter().map(|it| (*it).to_owned()).collect(),
    }
}

#[test]
fn a_plan_names_everything_but_the_password() {
    expect![[r#"
        dn: CN=gate2,CN=Computers,DC=contoso,DC=test
        changetype: add
        objectClass: computer
        sAMAccountName: gate2$
        userAccountControl: 16781312
        dNSHostName: gate2.contoso.test
        servicePrincipalName: HTTP/app.contoso.test
        msDS-SupportedEncryptionTypes: 24
        msDS-AllowedToDelegateTo: HTTP/lync-fe.contoso.test
        # unicodePwd: 120 random characters"#]]
    .assert_eq(&plan(&["HTTP/lync-fe.contoso.test"]).to_string());
}

#[test]
fn whoever_delegates_to_nobody_may_not_change_the_protocol() {
    let plan = plan(&[]).to_string();
    assert!(plan.contains("userAccountControl: 4096\n"), "{plan}");
    assert!(!plan.contains("AllowedToDelegateTo"), "{plan}");
}

#[test]
fn each_answer_has_its_reason() {
    let said = |code, text: &str| {
        let text = text.to_owned();
        let declined = declined(SessionError::Declined { code, text }, "ann@a.test", "CN=g");
        declined.to_string()
    };
    let answers = [
        (
            53,
            "0000216D: SvcErr: DSID-1",
            "may make no more computer accounts",
        ),
        (
            19,
            "000021C7: AtrErr: DSID-2",
            "held by another account of the forest",
        ),
        (
            50,
            "00000005: SecErr: DSID-3",
            "`ann@a.test` may not do that: 00000005",
        ),
        (
            19,
            "0000052D: AtrErr: DSID-4",
            "`ann@a.test` may not do that: 0000052D",
        ),
        (68, "00000524: UpdErr: DSID-5", "`CN=g` exists already"),
        (32, "0000208D: NameErr: DSID-6", "there is no `CN=g`"),
        (51, "busy", "the change ended with 51: busy"),
    ];
    for (code, text, expected) in answers {
        let said = said(code, text);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_password_goes_in_quotation_marks() {
    let bytes = quoted(&Secret::new("aB".to_owned()));
    assert_eq!(*bytes, b"\"\0a\0B\0\"\0");
}
