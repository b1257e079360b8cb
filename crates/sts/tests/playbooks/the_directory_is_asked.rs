//! What our directory says of somebody is what rules and policies of AD FS ask for: attributes, and groups by their names.

use authn::audit::TokenRefusal;
use authn::place::Method;
use sts::trust::preset::{Places, Preset};
use sts::trust::{AccessControlPolicy, Authorization, BuiltIn, Groups, RelyingPartyTrust, Rules};

use crate::world::{
    ASKS, PASS_SID, World, anna_of_directory, at, issued, lync, must_sign_in, refused, session,
    world,
};

/// The rules of the corpus that ask the directory, by their numbers, each with what it makes of Anna.
const OF_CORPUS: [(&str, &str, &[&str]); 4] = [
    (
        "037",
        r#"@RuleName = "Issue object GUID for domain-joined computers"
        c1:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid", Value =~ "-515$", Issuer =~ "^(AD AUTHORITY|SELF AUTHORITY|LOCAL AUTHORITY)$"]
        && c2:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer =~ "^(AD AUTHORITY|SELF AUTHORITY|LOCAL AUTHORITY)$"]
        => issue(store = "Active Directory", types = ("http://schemas.microsoft.com/identity/claims/onpremobjectguid"), query = ";objectguid;{0}", param = c2.Value);"#,
        &["3q2+7wABAgMEBQYHCAkKCw=="],
    ),
    (
        "066",
        r#"@RuleTemplate = "LdapClaims"
        @RuleName = "attrs"
        c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
        => issue(store = "Active Directory", types = ("realName", "mail", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"), query = ";displayName,mail,tokenGroups;{0}", param = c.Value);"#,
        &[
            "Anna Karenina",
            "anna@contoso.com",
            "Finance",
            "Domain Computers",
        ],
    ),
    (
        "077",
        r#"c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
        => issue(store = "Active Directory", types = ("http://schemas.xmlsoap.org/claims/Group"), query = ";memberOf;{0}", param = c.Value);"#,
        &["CN=Finance,DC=contoso,DC=com"],
    ),
    (
        "125",
        r#"@RuleTemplate = "LdapClaims"
        @RuleName = "test"
        c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
        => issue(store = "Active Directory", types = ("urn:x/test", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"), query = ";test,mail,givenName,sn;{0}", param = c.Value);"#,
        &["anna@contoso.com", "Anna", "Karenina"],
    ),
];

fn of_directory(trust: RelyingPartyTrust) -> World {
    World {
        who: anna_of_directory(),
        ..world(vec![trust])
    }
}

#[tokio::test]
async fn every_rule_of_the_corpus_that_asks_the_directory_is_answered() {
    for (number, rule, values) in OF_CORPUS {
        // A token of SAML 1.1 has a namespace and a name for each claim, which two types of the corpus are without.
        let rule = rule
            .replace("\"realName\"", "\"urn:x/realName\"")
            .replace("\"mail\"", "\"urn:x/mail\"");
        let world = of_directory(RelyingPartyTrust {
            issuance_transform_rules: Rules::parse(&format!("{PASS_SID}\n{rule}")).unwrap(),
            ..lync()
        });
        let assertion = world.verified(&issued(world.ask_as_anna(ASKS).await).wresult);
        for value in values {
            let value = format!(">{value}<");
            assert!(
                assertion.contains(&value),
                "{number}: {value} in {assertion}"
            );
        }
    }
}

#[tokio::test]
async fn what_was_not_read_of_somebody_fails_the_whole_token() {
    for (_, rule, _) in OF_CORPUS {
        let mut world = of_directory(RelyingPartyTrust {
            issuance_transform_rules: Rules::parse(&format!("{PASS_SID}\n{rule}")).unwrap(),
            ..lync()
        });
        let directory = world.who.directory.as_mut().unwrap();
        directory.attributes = authn::directory::Attributes::default();
        let refused = refused(world.ask_as_anna(ASKS).await);
        assert_eq!(refused.reason, TokenRefusal::RulesFailed, "{rule}");
        assert!(world.kept.entries.lock().unwrap().is_empty());
    }
}

fn for_groups(groups: &[&str]) -> RelyingPartyTrust {
    let groups = groups.iter().map(|it| (*it).to_owned()).collect();
    let built_in = BuiltIn::PermitGroups(Groups::new(groups).unwrap());
    RelyingPartyTrust {
        authorization: Authorization::Policy(AccessControlPolicy::BuiltIn(built_in)),
        ..lync()
    }
}

#[tokio::test]
async fn a_member_of_a_group_is_let_in_by_its_name_as_by_its_sid() {
    for group in [
        "CONTOSO\\Finance",
        "contoso\\finance",
        "contoso.com\\Finance",
        "S-1-5-21-1-2-3-1201",
        "s-1-5-21-1-2-3-1201",
    ] {
        let world = of_directory(for_groups(&["CONTOSO\\Board", group]));
        issued(world.ask_as_anna(ASKS).await);
    }
}

/// A slip in a SID must not take the second factor away.
#[tokio::test]
async fn what_is_no_sid_asks_everybody_for_a_second_factor() {
    for (group, asks) in [
        ("S-1-5-21-1-2-3-1201", true),
        ("S-1-5-21-1-2-3-1202", false),
        ("S-1-5-21-1-2-3-1201 ", true),
        ("S-1-5-21-1-2-3-12O1", true),
        ("S-1-", true),
    ] {
        let groups = Groups::new(vec![group.to_owned()]).unwrap();
        let built_in = BuiltIn::RequireMfaForGroups(groups);
        let mut world = of_directory(RelyingPartyTrust {
            authorization: Authorization::Policy(AccessControlPolicy::BuiltIn(built_in)),
            ..lync()
        });
        world.policy.rules[0].methods = vec![Method::MemorisedSecret.into()];
        let by_secret = session(at(0), &[Method::MemorisedSecret]);
        let answered = world.ask(ASKS, Some(&by_secret)).await;
        match asks {
            true => drop(must_sign_in(answered)),
            false => drop(issued(answered)),
        }
    }
}

#[tokio::test]
async fn nobody_is_let_in_by_a_name_that_is_not_their_group_s() {
    for group in [
        "CONTOSO\\Board",
        "FABRIKAM\\Finance",
        "Finance",
        "S-1-5-21-1-2-3-1202",
    ] {
        let world = of_directory(for_groups(&[group]));
        let refused = refused(world.ask_as_anna(ASKS).await);
        assert_eq!(refused.reason, TokenRefusal::NotPermitted, "{group}");
    }
    // The name alone, of a group that somebody is not in any more.
    let mut world = of_directory(for_groups(&["CONTOSO\\Finance"]));
    let directory = world.who.directory.as_mut().unwrap();
    directory.groups.retain(|it| !it.ends_with("-1201"));
    let refused = refused(world.ask_as_anna(ASKS).await);
    assert_eq!(refused.reason, TokenRefusal::NotPermitted);
}

#[tokio::test]
async fn sharepoint_hears_the_groups_of_whoever_has_any_as_roles() {
    let places = Places {
        host: "intranet.contoso.com",
        internal_host: None,
    };
    let preset = Preset::SharePoint.trusts(&places).unwrap().relying_parties;
    let sites = RelyingPartyTrust {
        issuance_transform_rules: preset[0].issuance_transform_rules.clone(),
        ..lync()
    };
    let member = of_directory(sites.clone());
    let assertion = member.verified(&issued(member.ask_as_anna(ASKS).await).wresult);
    assert!(assertion.contains(">contoso.com\\Finance<"), "{assertion}");
    let local = world(vec![sites]);
    let assertion = local.verified(&issued(local.ask_as_anna(ASKS).await).wresult);
    assert!(!assertion.contains("\"role\""), "{assertion}");
    assert!(assertion.contains(">anna@contoso.com<"), "{assertion}");
}
