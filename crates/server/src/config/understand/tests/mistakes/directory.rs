//! The directory: who is asked, and as whom.

use super::*;
use crate::config::settings::Controllers;

fn directory(lines: &str) -> Result<Settings, String> {
    let table = "[directory]\ncontrollers = [\"DC1.contoso.com\"]\nauthorities = \"file.pem\"\n\
                 account = \"reader@contoso.com\"\n";
    understood(&(text("", "") + table + lines))
}

fn replaced(right: &str, wrong: &str) -> String {
    let table = "[directory]\ncontrollers = [\"dc1.contoso.com\"]\nauthorities = \"file.pem\"\n\
                 account = \"reader@contoso.com\"\n";
    assert!(table.contains(right), "{right}");
    understood(&(text("", "") + &table.replacen(right, wrong, 1))).expect_err(wrong)
}

#[test]
fn a_directory_needs_controllers_authorities_and_an_account() {
    assert_eq!(understood(&text("", "")).unwrap().directory, None);
    let settings = directory("").unwrap().directory.unwrap();
    let listed = Controllers::Listed(vec!["dc1.contoso.com".to_owned()]);
    assert_eq!(settings.controllers, listed);
    assert_eq!(settings.refresh.as_secs(), 30);
    assert_eq!(settings.refused_groups.len(), 3);
    assert_eq!(settings.base, None);
    let own = directory("refused_groups = [\"Kings\"]\nrefresh = 5\nglobal_catalog = true\n");
    let own = own.unwrap().directory.unwrap();
    assert_eq!(
        (own.refused_groups, own.refresh.as_secs()),
        (vec!["Kings".to_owned()], 5)
    );
}

#[test]
fn a_refused_group_is_named_by_its_name_or_its_sid() {
    let sid = "S-1-5-21-1-2-3-519";
    let own = directory(&format!("refused_groups = [\"{sid}\"]\n"));
    let own = own.unwrap().directory.unwrap();
    assert_eq!(own.refused_groups, [sid]);
    for wrong in ["S-1-5-21-x", "S-1-5"] {
        let said = directory(&format!("refused_groups = [\"{wrong}\"]\n")).unwrap_err();
        assert!(said.contains("is not a SID"), "{said}");
    }
}

#[test]
fn further_attributes_are_named_as_in_the_schema_and_no_password_is_one() {
    let named = "attributes = [\"extensionAttribute1\", \"SN\", \"extensionattribute1\"]\n";
    let own = directory(named).unwrap().directory.unwrap();
    assert_eq!(
        own.attributes,
        ["extensionAttribute1"],
        "what is read anyway is no more"
    );
    for (wrong, said) in [
        ("", "schema"),
        ("1a", "schema"),
        ("a)(b=*", "schema"),
        ("memberOf;range=0-1", "schema"),
        ("unicodePwd", "no claim"),
        ("ms-Mcs-AdmPwd", "no claim"),
        ("userPassword", "no claim"),
    ] {
        let got = directory(&format!("attributes = [\"{wrong}\"]\n")).unwrap_err();
        assert!(got.contains(said), "{wrong}: {got}");
    }
    let many: Vec<String> = (0..=64).map(|it| format!("\"a{it}\"")).collect();
    let got = directory(&format!("attributes = [{}]\n", many.join(","))).unwrap_err();
    assert!(got.contains("at most 64"), "{got}");
}

#[test]
fn controllers_that_are_left_out_are_found_by_dns() {
    let table = "[directory]\nauthorities = \"file.pem\"\naccount = \"reader@contoso.com\"\n";
    let settings = understood(&(text("", "") + table)).unwrap();
    let Controllers::InDns(service) = settings.directory.unwrap().controllers else {
        panic!("they are listed");
    };
    assert_eq!(service.name(), "_ldap._tcp.dc._msdcs.contoso.com");
}

#[test]
fn what_is_wrong_with_a_directory_is_named() {
    for (right, wrong, said) in [
        (
            "[\"dc1.contoso.com\"]",
            "[]",
            "at least one domain controller",
        ),
        (
            "dc1.contoso.com",
            "ldap://dc1.contoso.com",
            "without scheme",
        ),
        (
            "dc1.contoso.com",
            "dc1.contoso.com:389",
            "without scheme and port",
        ),
        ("dc1.contoso.com", "dc1", "such as `dc1.contoso.com`"),
        ("dc1.contoso.com", "10.0.0.1/", "without scheme and port"),
        ("reader@contoso.com", " ", "it is empty"),
        ("file.pem", "missing.pem", "cannot be read"),
        (
            "account",
            "bind_password = \"x\"\naccount",
            "unknown field `bind_password`",
        ),
    ] {
        let message = replaced(right, wrong);
        assert!(message.contains(said), "{message}");
    }
    for (line, said) in [
        ("base = \"\"\n", "it is empty"),
        ("refused_groups = [\"\"]\n", "a group has a name"),
        ("refresh = 4\n", "from 5 to 30"),
        ("refresh = 31\n", "from 5 to 30"),
    ] {
        let message = directory(line).unwrap_err();
        assert!(message.contains(said), "{message}");
    }
}
