//! A partner speaks of its own people, and of nothing that only we know (T-SAML-5): by whatever claim it says a name, whatever
//! the party's rules make of it, and whatever our accounts are called.

use std::sync::Arc;

use authn::account::{Account, AccountId};
use authn::audit::{Event, Kind, TokenRefusal};
use authn::ports::Accounts;
use proto::saml::v1::{Assertion, Attribute};
use store::memory::Memory;
use sts::flow::wsfed::Answered;
use sts::trust::{Identifier, RelyingPartyTrust, Rules};

use crate::partner::{Federation, PASS_ALL, UPN, fabrikam, federation, of_bo, passes_all};
use crate::world::{ASKS, anna, at, issued, refused};

const MAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const NAME_IDENTIFIER: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const UPN_1_X: &str = "http://schemas.xmlsoap.org/claims/UPN";
const MAIL_1_X: &str = "http://schemas.xmlsoap.org/claims/EmailAddress";
const AS_MAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const AS_ANY: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const EMPLOYEE: &str = "urn:fabrikam:employee";

/// Fabrikam with these suffixes and acceptance rules, Adatum with its own, and a party of Fabrikam's with these rules.
fn trusting(suffixes: &[&str], (accepts, issues): (&str, &str)) -> Federation {
    let party = RelyingPartyTrust {
        claims_provider_names: vec!["Fabrikam".to_owned()],
        issuance_transform_rules: Rules::parse(issues).unwrap(),
        ..passes_all()
    };
    federation(
        |it| {
            let mut trust = fabrikam(it);
            trust.organizational_account_suffixes =
                suffixes.iter().map(|&it| it.to_owned()).collect();
            trust.acceptance_transform_rules = Rules::parse(accepts).unwrap();
            let mut other = fabrikam(it);
            other.name = "Adatum".to_owned();
            other.identifier = Identifier::parse("urn:adatum").unwrap();
            other.organizational_account_suffixes = vec!["@Adatum.com".to_owned()];
            vec![trust, other]
        },
        vec![party],
    )
}

/// What Fabrikam says of bo, and this beside.
fn with_claim(claim_type: &str, value: &str) -> Assertion {
    let mut assertion = of_bo(at(70));
    let (name, namespace) = Attribute::name_of(claim_type);
    assertion.attributes.push(Attribute {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        original_issuer: None,
        values: vec![value.to_owned()],
    });
    assertion
}

/// What Fabrikam says of somebody whom it calls this, and nothing else that names them.
fn named(value: &str, format: &str) -> Assertion {
    let mut assertion = of_bo(at(70));
    assertion.attributes.remove(0);
    let subject = assertion.subject.as_mut().unwrap();
    subject.name = value.to_owned();
    subject.format = format.to_owned();
    assertion
}

async fn brought(federation: &Federation, assertion: &Assertion) -> Answered {
    let out = federation.sent_out(ASKS, 1).await;
    federation.bring(&federation.answer(assertion), &out).await
}

/// What the audit says of the last refusal, which is that the partner is not believed.
fn said_of_refusal(federation: &Federation) -> String {
    assert!(federation.gave_nothing());
    let events = federation.world.kept.events.lock().unwrap();
    match &events.last().unwrap().kind {
        Kind::TokenRefused { reason, said, .. } => {
            assert_eq!(*reason, TokenRefusal::NotBelieved);
            said.clone()
        }
        other => panic!("{other:?}"),
    }
}

/// A store in which somebody is called so.
async fn called(upn: &str, mail: &[&str]) -> Arc<Memory> {
    let memory = Arc::new(Memory::new());
    let carl = Account {
        id: AccountId("carl".to_owned()),
        sam: "carl".to_owned(),
        upn: upn.to_owned(),
        mail: mail.iter().map(|&it| it.to_owned()).collect(),
        sip_addresses: Vec::new(),
        ..anna()
    };
    let created = Event::observed(at(0), Kind::AccountCreated, Some(carl.id.clone()));
    assert_eq!(memory.add(&carl, created).await.unwrap(), Ok(()));
    memory
}

#[tokio::test]
async fn t_saml_5_a_partner_speaks_of_its_own_people_alone() {
    let its = &["fabrikam.com"][..];
    for (suffixes, upn, is_taken) in [
        (its, "bo@fabrikam.com", true),
        (&["@Fabrikam.com"], "bo@FABRIKAM.COM", true),
        (its, "anna@contoso.com", false),
        (its, "anna@contoso.com@evil", false),
        (its, "bo", false),
        (its, "bo@sub.fabrikam.com", false),
        (&[], "anna@adatum.com", false),
        (&[], "anna@\u{ff21}datum.com", false),
        (&[], "anna@contoso.com", false),
        (&[], "anna@CONTOSO.com", false),
        (&[], "anna@eu.Contoso.com", false),
        (&[], "anna@\u{ff43}ontoso.com", false),
        (&[], "anyone@\u{fdfa}.example", false),
        (&[], "anna@c\u{f3}ntoso.com", false),
        (&["b\u{fc}cher.example"], "bo@B\u{dc}CHER.example", true),
        (its, "anna\u{ff20}contoso.com@fabrikam.com", false),
        (&[], "anyone@notcontoso.com", true),
        (&[], "anyone@contoso.com.example", true),
        (&[], "anyone@example.com", true),
        (&["eu.contoso.com"], "anna@eu.contoso.com", true),
        (&["eu.contoso.com"], "anna@contoso.com", false),
        (&["eu.contoso.com"], "anna@a.eu.contoso.com", false),
    ] {
        let federation = trusting(suffixes, (PASS_ALL, PASS_ALL));
        let mut assertion = of_bo(at(70));
        assertion.attributes[0].values = vec![upn.to_owned()];
        match (is_taken, brought(&federation, &assertion).await) {
            (true, answered) => drop(issued(answered)),
            (false, answered) => {
                let reason = refused(answered).reason;
                assert_eq!(reason, TokenRefusal::NotBelieved, "{upn}");
                assert!(federation.gave_nothing());
            }
        }
    }
}

#[tokio::test]
async fn t_saml_5_where_our_domain_cannot_be_read_a_trust_must_name_its_suffixes() {
    for (suffixes, is_taken) in [(&[][..], false), (&["fabrikam.com"], true)] {
        let mut federation = trusting(suffixes, (PASS_ALL, PASS_ALL));
        federation.world.service.identity.domain = "not a domain".to_owned();
        let answered = brought(&federation, &of_bo(at(70))).await;
        assert_eq!(matches!(answered, Answered::Issued(_)), is_taken);
    }
}

#[tokio::test]
async fn t_saml_5_a_name_is_one_by_whatever_claim_it_is_said() {
    let upper = UPN.to_uppercase();
    let mut says = Vec::new();
    for claim_type in [UPN, &upper, MAIL, UPN_1_X, MAIL_1_X] {
        let own = with_claim(claim_type, "bo@fabrikam.com");
        let ours = with_claim(claim_type, "anna@contoso.com");
        says.push((claim_type, own, ours));
    }
    says.push((
        NAME,
        with_claim(NAME, "Bo"),
        with_claim(NAME, "anna@contoso.com"),
    ));
    let upn_1_x = UPN_1_X.to_lowercase();
    says.push((
        "1.x in another case",
        with_claim(&upn_1_x, "bo@fabrikam.com"),
        with_claim(&upn_1_x, "anna@contoso.com"),
    ));
    for format in [AS_MAIL, UPN_1_X, AS_ANY, "urn:format"] {
        let own = named("bo@fabrikam.com", format);
        says.push((format, own, named("anna@contoso.com", format)));
    }
    says.push((
        "a bare name that is said to be an address",
        named("bo", AS_ANY),
        named("anna", AS_MAIL),
    ));
    says.push((
        "a bare name that AD FS 1.x says to be an address",
        named("bo", "urn:format"),
        named("anna", MAIL_1_X),
    ));
    says.push((
        "a bare name that is said to be a UPN",
        named("bo", "urn:format"),
        named("anna", UPN_1_X),
    ));
    for at in ['\u{ff20}', '\u{fe6b}'] {
        let ours = named(&format!("anna{at}contoso.com"), AS_ANY);
        says.push(("an @ of another width", named("bo", AS_ANY), ours));
    }
    for suffixes in [&["fabrikam.com"][..], &[]] {
        for (what, own, ours) in &says {
            let federation = trusting(suffixes, (PASS_ALL, PASS_ALL));
            let reason = refused(brought(&federation, ours).await).reason;
            assert_eq!(reason, TokenRefusal::NotBelieved, "{what}");
            assert!(said_of_refusal(&federation).contains("it speaks of a name"));
            let federation = trusting(suffixes, (PASS_ALL, PASS_ALL));
            issued(brought(&federation, own).await);
        }
    }
}

#[tokio::test]
async fn t_saml_5_no_rule_of_a_party_makes_a_partner_s_word_a_name_of_ours() {
    let accepts = format!("c:[Type == \"{EMPLOYEE}\"] => issue(claim = c);");
    let from = format!("c:[Type == \"{EMPLOYEE}\"]");
    let value = "Value = c.Value";
    let formatted = format!(
        "Properties[\"http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format\"] = \"{AS_MAIL}\""
    );
    let literal = "Value = \"shadow@contoso.com\"";
    for (says, issues) in [
        (
            "anna@contoso.com",
            format!("{from} => issue(Type = \"{UPN}\", {value});"),
        ),
        (
            "anna@eu.contoso.com",
            format!("{from} => issue(Type = \"{MAIL_1_X}\", {value});"),
        ),
        (
            "anna@contoso.com",
            format!("{from} => issue(Type = \"{NAME_IDENTIFIER}\", {value});"),
        ),
        (
            "anna",
            format!("{from} => issue(Type = \"{NAME_IDENTIFIER}\", {value}, {formatted});"),
        ),
        (
            "7",
            format!("{from} => issue(Type = \"{UPN}\", {literal});"),
        ),
    ] {
        let assertion = with_claim(EMPLOYEE, says);
        for suffixes in [&["fabrikam.com"][..], &[]] {
            let federation = trusting(suffixes, (&accepts, &issues));
            let reason = refused(brought(&federation, &assertion).await).reason;
            assert_eq!(reason, TokenRefusal::NotBelieved, "{issues}");
            let said = said_of_refusal(&federation);
            assert!(
                said.contains("`Fabrikam`: the issuance transform rules"),
                "{said}"
            );
        }
        // Its administrator says that these are the partner's.
        if says != "anna" {
            let federation = trusting(&["contoso.com", "eu.contoso.com"], (&accepts, &issues));
            issued(brought(&federation, &assertion).await);
        }
    }
    let harmless = format!("{from} => issue(Type = \"{NAME_IDENTIFIER}\", {value});");
    let federation = trusting(&["fabrikam.com"], (&accepts, &harmless));
    issued(brought(&federation, &with_claim(EMPLOYEE, "7")).await);
}

#[tokio::test]
async fn t_saml_5_what_an_account_of_ours_is_called_by_is_ours() {
    let names = called("carl@contoso.example", &["carl@Mail.example"]).await;
    for (suffixes, upn, is_taken) in [
        (&[][..], "carl@contoso.example", false),
        (&[], "nobody@CONTOSO.example", false),
        (&[], "carl@mail.example", false),
        (&[], "carl@\u{ff4d}ail.example", false),
        (&[], "bo@fabrikam.example", true),
        (&["contoso.example"], "carl@contoso.example", true),
        (&["contoso.example"], "carl@mail.example", false),
    ] {
        let mut federation = trusting(suffixes, (PASS_ALL, PASS_ALL));
        federation.world.service.names = names.clone();
        let mut assertion = of_bo(at(70));
        assertion.attributes[0].values = vec![upn.to_owned()];
        let answered = brought(&federation, &assertion).await;
        match is_taken {
            true => drop(issued(answered)),
            false => {
                let reason = refused(answered).reason;
                assert_eq!(reason, TokenRefusal::NotBelieved, "{upn}");
                assert!(federation.gave_nothing());
            }
        }
    }
    // Behind a rule, too.
    let accepts = format!("c:[Type == \"{EMPLOYEE}\"] => issue(claim = c);");
    let issues = format!("c:[] => issue(Type = \"{UPN}\", Value = c.Value);");
    let issues = issues.replace("c:[]", &format!("c:[Type == \"{EMPLOYEE}\"]"));
    let mut federation = trusting(&[], (&accepts, &issues));
    federation.world.service.names = names;
    let assertion = with_claim(EMPLOYEE, "carl@contoso.example");
    let reason = refused(brought(&federation, &assertion).await).reason;
    assert_eq!(reason, TokenRefusal::NotBelieved);
    assert!(said_of_refusal(&federation).contains("`contoso.example`"));
}

#[tokio::test]
async fn t_saml_5_without_the_store_nobody_comes_whose_names_may_be_ours() {
    let accepts = format!("c:[Type == \"{EMPLOYEE}\"] => issue(claim = c);");
    let issues = format!("c:[Type == \"{EMPLOYEE}\"] => issue(Type = \"{UPN}\", Value = c.Value);");
    let of_employee = with_claim(EMPLOYEE, "bo@fabrikam.example");
    for (rules, assertion) in [
        ((PASS_ALL, PASS_ALL), of_bo(at(70))),
        ((accepts.as_str(), issues.as_str()), of_employee),
    ] {
        let mut federation = trusting(&[], rules);
        let names = Arc::new(Memory::new());
        names.break_down();
        federation.world.service.names = names.clone();
        let out = federation.sent_out(ASKS, 1).await;
        let with = (Some(&out.handle), out.request.wctx.as_deref());
        let answer = federation.answer(&assertion);
        let failed = federation.try_bring(&answer, with, at(90)).await;
        assert!(failed.is_err());
        assert!(federation.gave_nothing());
    }
    // Where the trust names its suffixes nobody needs to be asked.
    let mut federation = trusting(&["fabrikam.com"], (PASS_ALL, PASS_ALL));
    let names = Arc::new(Memory::new());
    names.break_down();
    federation.world.service.names = names;
    issued(brought(&federation, &of_bo(at(70))).await);
}

#[tokio::test]
async fn t_saml_5_the_store_is_asked_about_so_many_suffixes_and_no_more() {
    let of_many = |count: usize| {
        let mut assertion = of_bo(at(70));
        let values = (0..count).map(|number| format!("bo@{number}.example"));
        assertion.attributes[0].values = values.collect();
        assertion
    };
    // Each of them is issued as well, and not counted a second time.
    let federation = trusting(&[], (PASS_ALL, PASS_ALL));
    issued(brought(&federation, &of_many(32)).await);
    let federation = trusting(&[], (PASS_ALL, PASS_ALL));
    let reason = refused(brought(&federation, &of_many(33)).await).reason;
    assert_eq!(reason, TokenRefusal::NotBelieved);
    assert!(said_of_refusal(&federation).contains("more than 32"));
    // What a rule makes is one more.
    let makes = format!("c:[Type == \"{EMPLOYEE}\"] => issue(Type = \"{UPN}\", Value = c.Value);");
    let mut assertion = with_claim(EMPLOYEE, "bo@other.example");
    assertion.attributes[0] = of_many(32).attributes.remove(0);
    let federation = trusting(&[], (PASS_ALL, &format!("{PASS_ALL}{makes}")));
    let reason = refused(brought(&federation, &assertion).await).reason;
    assert_eq!(reason, TokenRefusal::NotBelieved);
    assert!(said_of_refusal(&federation).contains("more than 32"));
}

#[tokio::test]
async fn t_saml_5_what_only_we_know_is_not_taken_in_any_case_of_its_letters() {
    let reserved = [
        "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork",
        "http://schemas.microsoft.com/ws/2012/01/InsideCorporateNetwork",
        "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-proxy",
        "http://schemas.microsoft.com/2012/01/RequestContext/claims/x-ms-proxy",
        "http://schemas.microsoft.com/authorization/claims/permit",
        "http://schemas.microsoft.com/authorization/claims/Permit",
        "http://schemas.microsoft.com/authorization/claims/DENY",
    ];
    for claim_type in reserved {
        let federation = trusting(&["fabrikam.com"], (PASS_ALL, PASS_ALL));
        let assertion = with_claim(claim_type, "forged");
        let issued = issued(brought(&federation, &assertion).await);
        let told = federation.world.verified(&issued.wresult);
        assert!(!told.contains("forged"), "{claim_type}: {told}");
    }
}
