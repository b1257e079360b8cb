//! Somebody comes from another claims provider: its word is asked for, believed as far as its trust says, and becomes
//! a token of ours by the party's rules (S77, S78).

use authn::audit::TokenRefusal;
use sts::trust::{AccessControlPolicy, Authorization, BuiltIn, RelyingPartyTrust, Rules};

use crate::partner::{
    FABRIKAM, Federation, MFA, REPLY_TO_US, US, fabrikam, federation, forced, of_bo, passes_all,
};
use crate::world::{ASKS, PERMIT, at, issued, refused};

/// With a party whose trust says this.
fn with(trust: RelyingPartyTrust) -> Federation {
    federation(
        |it| vec![fabrikam(it)],
        vec![RelyingPartyTrust {
            claims_provider_names: vec!["Fabrikam".to_owned()],
            ..trust
        }],
    )
}

#[tokio::test]
async fn s77_s78_somebody_is_sent_to_the_one_provider_and_comes_back_with_a_token() {
    let federation = forced();
    let query = format!("{ASKS}&wctx=rm%3D0&wfresh=5&username=bo%40fabrikam.com");
    let out = federation.sent_out(&query, 1).await;
    assert!(
        out.to
            .starts_with("https://fs.fabrikam.com/adfs/ls/?wa=wsignin1.0&")
    );
    let request = &out.request;
    assert_eq!(request.wtrealm, US);
    assert_eq!(request.wreply.as_deref(), Some(REPLY_TO_US));
    assert_eq!((request.wct, request.wfresh), (Some(at(60)), Some(5)));
    assert_eq!(
        request.wauth.as_deref(),
        Some(MFA),
        "two factors are wanted"
    );
    assert_eq!(request.username.as_deref(), Some("bo@fabrikam.com"));
    let wctx = request.wctx.as_deref().unwrap();
    assert!(!wctx.contains(out.handle.written().expose()));

    let answer = federation.answer(&of_bo(at(70)));
    let issued = issued(federation.bring(&answer, &out).await);
    assert_eq!(issued.name, "Lync-Ext");
    assert_eq!(issued.wctx.as_deref(), Some("rm=0"));
    let assertion = federation.world.verified(&issued.wresult);
    for part in [
        "<saml:AttributeValue>bo@fabrikam.com<",
        "AuthenticationMethod=\"urn:oasis:names:tc:SAML:1.0:am:password\"",
        "AuthenticationInstant=\"2027-01-15T08:01:10.000Z\"",
        "Format=\"urn:format\">bo<",
        &format!("OriginalIssuer=\"{FABRIKAM}\""),
    ] {
        assert!(assertion.contains(part), "{part} in {assertion}");
    }
    assert_eq!(federation.came(), [(FABRIKAM.to_owned(), "bo".to_owned())]);
    let kept = &federation.world.kept;
    let entries = kept.entries.lock().unwrap();
    assert_eq!(entries[0].0.account, None);
    // It is no ticket of anybody at a pool of ours (decision 0019).
    assert!(kept.recorded.lock().unwrap().is_empty());
}

#[tokio::test]
async fn only_what_its_acceptance_rules_accept_is_believed_and_nothing_where_there_are_none() {
    let named = RelyingPartyTrust {
        claims_provider_names: vec!["Fabrikam".to_owned()],
        ..passes_all()
    };
    for (rules, is_told) in [
        ("", false),
        ("c:[Type == \"urn:other\"] => issue(claim = c);", false),
        (
            "c:[Type == \"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\"] => issue(claim = c);",
            true,
        ),
    ] {
        let federation = federation(
            |it| {
                let mut trust = fabrikam(it);
                trust.acceptance_transform_rules = Rules::parse(rules).unwrap();
                vec![trust]
            },
            vec![named.clone()],
        );
        let out = federation.sent_out(ASKS, 1).await;
        let answer = federation.answer(&of_bo(at(70)));
        let issued = issued(federation.bring(&answer, &out).await);
        let assertion = federation.world.verified(&issued.wresult);
        assert_eq!(
            assertion.contains("bo@fabrikam.com"),
            is_told,
            "{assertion}"
        );
        assert!(!assertion.contains("<saml:NameIdentifier"), "{assertion}");
    }
}

#[tokio::test]
async fn t_saml_5_a_partner_is_never_taken_for_our_directory_whatever_its_rules_and_its_token_say()
{
    let forging = r#"c:[] => issue(Type = c.Type, Value = c.Value, Issuer = "AD AUTHORITY", OriginalIssuer = "AD AUTHORITY");"#;
    let by_directory = format!(r#"[Issuer == "AD AUTHORITY"] {PERMIT}"#);
    let by_origin = format!(
        r#"[OriginalIssuer =~ "^(AD|SELF|LOCAL) AUTHORITY$", Value =~ "fabrikam"] {PERMIT}"#
    );
    let by_group = BuiltIn::PermitGroups(
        sts::trust::Groups::new(vec!["S-1-5-21-1-2-3-513".to_owned()]).unwrap(),
    );
    for authorization in [
        Authorization::Rules(Rules::parse(&by_directory).unwrap()),
        Authorization::Rules(Rules::parse(&by_origin).unwrap()),
        Authorization::Policy(AccessControlPolicy::BuiltIn(by_group)),
    ] {
        let party = RelyingPartyTrust {
            authorization,
            claims_provider_names: vec!["Fabrikam".to_owned()],
            ..passes_all()
        };
        let federation = federation(
            |it| {
                let mut trust = fabrikam(it);
                trust.acceptance_transform_rules = Rules::parse(forging).unwrap();
                vec![trust]
            },
            vec![party],
        );
        let mut assertion = of_bo(at(70));
        let mut group = assertion.attributes[0].clone();
        group.name = "groupsid".to_owned();
        group.namespace = "http://schemas.microsoft.com/ws/2008/06/identity/claims".to_owned();
        group.original_issuer = Some("AD AUTHORITY".to_owned());
        group.values = vec!["S-1-5-21-1-2-3-513".to_owned()];
        assertion.attributes.push(group);
        let reason = federation.refuses(&assertion, 1).await;
        assert_eq!(reason, TokenRefusal::NotPermitted);
        assert!(federation.gave_nothing());
    }
}

#[tokio::test]
async fn what_only_we_know_is_not_taken_from_a_partner() {
    let inside = format!(
        r#"[Type == "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork", Value == "true"] {PERMIT}"#
    );
    let through = r#"c:[Type == "http://schemas.microsoft.com/authorization/claims/permit"] => issue(claim = c);"#;
    for rules in [inside.as_str(), through] {
        let federation = with(RelyingPartyTrust {
            authorization: Authorization::Rules(Rules::parse(rules).unwrap()),
            ..passes_all()
        });
        let mut assertion = of_bo(at(70));
        let known = &assertion.attributes[0];
        let claim = |name: &str, namespace: &str| {
            let mut claim = known.clone();
            claim.name = name.to_owned();
            claim.namespace = namespace.to_owned();
            claim.values = vec!["true".to_owned()];
            claim
        };
        let claims = [
            claim(
                "insidecorporatenetwork",
                "http://schemas.microsoft.com/ws/2012/01",
            ),
            claim(
                "permit",
                "http://schemas.microsoft.com/authorization/claims",
            ),
        ];
        assertion.attributes.extend(claims);
        let reason = federation.refuses(&assertion, 1).await;
        assert_eq!(reason, TokenRefusal::NotPermitted, "{rules}");
    }
}

#[tokio::test]
async fn a_partner_s_second_factor_is_believed_as_its_trust_says_and_not_otherwise() {
    // It says nothing of one.
    let federation = forced();
    let mut one = of_bo(at(70));
    one.attributes.truncate(1);
    assert_eq!(
        federation.refuses(&one, 1).await,
        TokenRefusal::SecondFactor
    );
    // Its trust does not say that it is believed: nobody is even sent there.
    let believed_of_none = |is_mfa: bool, uri: Option<&str>| {
        let uri = uri.map(|it| sts::trust::Identifier::parse(it).unwrap());
        let party = RelyingPartyTrust {
            claims_provider_names: vec!["Fabrikam".to_owned()],
            ..passes_all()
        };
        crate::partner::federation(
            move |it| {
                let mut trust = fabrikam(it);
                trust.supports_mfa = is_mfa;
                trust.custom_mfa_uri = uri;
                vec![trust]
            },
            vec![party],
        )
    };
    let plain = believed_of_none(false, None);
    let handle = authn::handle::Handle::made_from([1; 32]);
    let answered = plain.ask_with(ASKS, &handle, |_| ()).await;
    assert_eq!(refused(answered).reason, TokenRefusal::SecondFactor);
    // It is believed for another word.
    let other = believed_of_none(true, Some("urn:fabrikam:otp"));
    let reason = other.refuses(&of_bo(at(70)), 1).await;
    assert_eq!(reason, TokenRefusal::SecondFactor);
    let out = other.sent_out(ASKS, 2).await;
    assert_eq!(out.request.wauth.as_deref(), Some("urn:fabrikam:otp"));
    let mut by_otp = of_bo(at(70));
    by_otp.authentication.method = "urn:fabrikam:otp".to_owned();
    by_otp.id = "_other".to_owned();
    issued(other.bring(&other.answer(&by_otp), &out).await);
    // Where one factor is enough, its word alone is.
    let mut short = believed_of_none(false, None);
    short.world.policy.rules[0].methods = vec!["memorised-secret".parse().unwrap()];
    let out = short.sent_out(ASKS, 1).await;
    assert_eq!(out.request.wauth, None);
    issued(short.bring(&short.answer(&one), &out).await);
    // And where a party wants a second one.
    let asking = r#"=> issue(Type = "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod", Value = "http://schemas.microsoft.com/claims/multipleauthn");"#;
    let mut wants = with(RelyingPartyTrust {
        additional_authentication_rules: Rules::parse(asking).unwrap(),
        ..passes_all()
    });
    wants.world.policy.rules[0].methods = vec!["memorised-secret".parse().unwrap()];
    assert_eq!(wants.refuses(&one, 1).await, TokenRefusal::SecondFactor);
    let out = wants.sent_out(ASKS, 2).await;
    let mut both = of_bo(at(70));
    both.id = "_both".to_owned();
    issued(wants.bring(&wants.answer(&both), &out).await);
}

#[tokio::test]
async fn a_new_sign_in_is_new_at_the_partner_too() {
    let federation = forced();
    for (number, extra) in (1..).zip(["&wfresh=0", "&prompt=login"]) {
        let out = federation.sent_out(&format!("{ASKS}{extra}"), number).await;
        assert_eq!(out.request.wfresh, Some(0), "{extra}");
        let mut old = of_bo(at(70));
        old.id = format!("_{number}");
        old.authentication.instant = at(60 - 181);
        let answer = federation.answer(&old);
        let reason = refused(federation.bring(&answer, &out).await).reason;
        assert_eq!(reason, TokenRefusal::NotBelieved, "{extra}");
    }
    let out = federation.sent_out(&format!("{ASKS}&wfresh=0"), 9).await;
    issued(
        federation
            .bring(&federation.answer(&of_bo(at(70))), &out)
            .await,
    );
}

#[tokio::test]
async fn nobody_of_a_partner_is_looked_up_in_our_directory() {
    let rules = r#"c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]
        => issue(store = "Active Directory", types = ("urn:sid"), query = ";objectSid;CONTOSO\anna");"#;
    let federation = with(RelyingPartyTrust {
        issuance_transform_rules: Rules::parse(rules).unwrap(),
        ..passes_all()
    });
    let reason = federation.refuses(&of_bo(at(70)), 1).await;
    assert_eq!(reason, TokenRefusal::RulesFailed);
    assert!(federation.gave_nothing());
}
