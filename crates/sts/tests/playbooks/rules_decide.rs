//! The party's rules decide: without a permit there is no token, a denial wins, and what fails, fails all of it.

use authn::audit::TokenRefusal;
use authn::place::Method;
use authn::sign_in::Requirement;
use sts::trust::{AccessControlPolicy, Authorization, BuiltIn, Groups, RelyingPartyTrust, Rules};

use crate::world::{ASKS, PERMIT, SID, at, issued, lync, must_sign_in, refused, session, world};

const DENY: &str =
    r#"=> issue(Type = "http://schemas.microsoft.com/authorization/claims/deny", Value = "true");"#;

fn authorized_by(text: &str) -> RelyingPartyTrust {
    RelyingPartyTrust {
        authorization: Authorization::Rules(Rules::parse(text).unwrap()),
        ..lync()
    }
}

fn transformed_by(text: &str) -> RelyingPartyTrust {
    RelyingPartyTrust {
        issuance_transform_rules: Rules::parse(text).unwrap(),
        ..lync()
    }
}

fn under(built_in: BuiltIn) -> RelyingPartyTrust {
    RelyingPartyTrust {
        authorization: Authorization::Policy(AccessControlPolicy::BuiltIn(built_in)),
        ..lync()
    }
}

async fn reason_of(trust: RelyingPartyTrust) -> TokenRefusal {
    let world = world(vec![trust]);
    let refused = refused(world.ask_as_anna(ASKS).await);
    assert_eq!(refused.party.as_deref(), Some("Lync-Ext"));
    assert!(world.kept.entries.lock().unwrap().is_empty());
    assert_eq!(world.audited()[0].1, refused.reason);
    refused.reason
}

#[tokio::test]
async fn without_a_permit_there_is_none_and_a_denial_wins() {
    assert_eq!(
        reason_of(authorized_by("")).await,
        TokenRefusal::NotPermitted
    );
    let both = format!("{DENY}\n{PERMIT}");
    assert_eq!(reason_of(authorized_by(&both)).await, TokenRefusal::Denied);
    let other = PERMIT.replace("=>", r#"[Type == "urn:none"] =>"#);
    assert_eq!(
        reason_of(authorized_by(&other)).await,
        TokenRefusal::NotPermitted
    );
    // A denial is one however it is written, and a permission is not.
    let in_other_case = DENY.replace("claims/deny", "claims/Deny");
    let both = format!("{in_other_case}\n{PERMIT}");
    assert_eq!(reason_of(authorized_by(&both)).await, TokenRefusal::Denied);
    let in_other_case = PERMIT.replace("claims/permit", "claims/Permit");
    assert_eq!(
        reason_of(authorized_by(&in_other_case)).await,
        TokenRefusal::NotPermitted
    );
    let custom = AccessControlPolicy::Custom {
        name: "Ours".to_owned(),
    };
    let trust = RelyingPartyTrust {
        authorization: Authorization::Policy(custom),
        ..lync()
    };
    assert_eq!(reason_of(trust).await, TokenRefusal::UnknownPolicy);
}

#[tokio::test]
async fn a_policy_of_ad_fs_says_who_and_from_where() {
    assert_eq!(
        reason_of(under(BuiltIn::PermitIntranet)).await,
        TokenRefusal::NotPermitted
    );
    let groups = Groups::new(vec!["S-1-5-21-1-2-3-513".to_owned()]).unwrap();
    assert_eq!(
        reason_of(under(BuiltIn::PermitGroups(groups))).await,
        TokenRefusal::NotPermitted
    );
    for built_in in [BuiltIn::PermitEveryone, BuiltIn::RequireMfa] {
        issued(world(vec![under(built_in)]).ask_as_anna(ASKS).await);
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_fails_the_whole_token() {
    for text in [
        r#"c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]
            => issue(store = "HR", types = ("urn:phone"), query = "select phone where upn = {0}", param = c.Value);"#,
        r#"c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"]
            => issue(store = "Active Directory", types = ("urn:x"), query = ";department;{0}", param = c.Value);"#,
        r#"c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]
            => issue(store = "_OpaqueIdStore", types = ("urn:x"), query = "{0};{1};{2}", param = "ppid", param = c.Value, param = c.OriginalIssuer);"#,
    ] {
        let text = format!("{}\n{text}", crate::world::PASS_SID);
        assert_eq!(
            reason_of(transformed_by(&text)).await,
            TokenRefusal::RulesFailed
        );
    }
}

#[tokio::test]
async fn rules_that_run_away_give_no_token() {
    // Each selector finds every claim, and the rule runs for each of their combinations.
    let away = "a:[] && b:[] && c:[] && d:[] && e:[] && f:[] && g:[] && h:[] => issue(claim = a);";
    let text = format!("{}\n{away}", crate::world::PASS_SID);
    assert_eq!(
        reason_of(transformed_by(&text)).await,
        TokenRefusal::RulesFailed
    );
    let permits = format!("{PERMIT}\n{away}");
    assert_eq!(
        reason_of(authorized_by(&permits)).await,
        TokenRefusal::RulesFailed
    );
}

#[tokio::test]
async fn s76_the_claims_are_of_the_upn_and_the_sid_of_whoever_signed_in() {
    let text = r#"c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
        => issue(store = "Active Directory", types = ("http://contoso.com/mail", "http://contoso.com/sid"), query = ";mail,objectSid;{0}", param = c.Value);"#;
    let upn = r#"c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] => issue(Type = "urn:name", Value = c.Value);"#;
    let world = world(vec![transformed_by(&format!("{text}\n{upn}"))]);
    let assertion = world.verified(&issued(world.ask_as_anna(ASKS).await).wresult);
    assert!(assertion.contains(SID), "{assertion}");
    assert_eq!(
        assertion.matches("anna@contoso.com").count(),
        2,
        "{assertion}"
    );
}

#[tokio::test]
async fn a_party_that_wants_a_second_factor_gets_one() {
    let asking = r#"=> issue(Type = "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod", Value = "http://schemas.microsoft.com/claims/multipleauthn");"#;
    let by_rule = RelyingPartyTrust {
        additional_authentication_rules: Rules::parse(asking).unwrap(),
        ..lync()
    };
    let one = session(at(0), &[Method::MemorisedSecret]);
    let wants = |query: &'static str, trust: RelyingPartyTrust| {
        let mut world = world(vec![trust]);
        world.policy.rules[0].methods = vec!["memorised-secret".parse().unwrap()];
        let one = one.clone();
        async move {
            let (requirement, _) = must_sign_in(world.ask(query, Some(&one)).await);
            assert_eq!(requirement, Requirement::SecretAndCode);
            assert!(world.kept.entries.lock().unwrap().is_empty());
            issued(world.ask_as_anna(query).await);
        }
    };
    wants(ASKS, by_rule).await;
    wants(ASKS, under(BuiltIn::RequireMfaFromExtranet)).await;
    let query = "wa=wsignin1.0&wtrealm=https%3A%2F%2Flync.contoso.com%2Fpassiveauth&wauth=http://schemas.microsoft.com/claims/multipleauthn";
    wants(query, lync()).await;

    let mut plain = world(vec![lync()]);
    plain.policy.rules[0].methods = vec!["memorised-secret".parse().unwrap()];
    issued(plain.ask(ASKS, Some(&one)).await);
}

#[tokio::test]
async fn a_denial_by_the_second_factor_sees_what_was_proved() {
    let text = format!(
        r#"[Type == "http://schemas.microsoft.com/claims/authnmethodsreferences", Value == "http://schemas.microsoft.com/claims/multipleauthn"] {PERMIT}"#
    );
    let mut both = world(vec![authorized_by(&text)]);
    issued(both.ask_as_anna(ASKS).await);
    both.policy.rules[0].methods = vec!["memorised-secret".parse().unwrap()];
    let one = session(at(0), &[Method::MemorisedSecret]);
    let refused = refused(both.ask(ASKS, Some(&one)).await);
    assert_eq!(refused.reason, TokenRefusal::NotPermitted);
}
