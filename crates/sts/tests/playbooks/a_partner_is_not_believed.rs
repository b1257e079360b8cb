//! What a partner says is refused where it is not signed by it, not for us, not in time, taken before, or not what this
//! browser was sent out for. Whatever is refused leaves no token, and nothing at all in the ledger.

use authn::audit::TokenRefusal;
use authn::handle::Handle;
use jiff::SignedDuration;
use proto::saml::v1::Assertion;
use sts::trust::{Identifier, ProtocolProfile, TrustBook, Trusted};
use xml::Verbatim;

use crate::partner::{
    FABRIKAM, Federation, US, answer_with, fabrikam, federation, forced, of_bo, passes_all,
    signed_answer,
};
use crate::world::{ASKS, at, certified, issued, refused};

/// Brings this, which must be refused for this reason.
async fn refuses(federation: &Federation, wresult: &str, number: u8, reason: TokenRefusal) {
    let out = federation.sent_out(ASKS, number).await;
    let refused = refused(federation.bring(wresult, &out).await);
    assert_eq!(refused.reason, reason, "{}", refused.said);
    assert!(federation.gave_nothing());
}

#[tokio::test]
async fn t_sig_6_what_is_not_signed_or_by_a_stranger_is_refused() {
    let federation = forced();
    let unsigned = of_bo(at(70)).to_verbatim().unwrap();
    refuses(
        &federation,
        &answer_with(unsigned.clone()),
        1,
        TokenRefusal::NotBelieved,
    )
    .await;
    let (_, stranger) = certified();
    let strange = signed_answer(&stranger, &unsigned);
    refuses(&federation, &strange, 2, TokenRefusal::NotBelieved).await;
    let changed = federation.answer(&of_bo(at(70)));
    let changed = changed.replace("bo@fabrikam.com", "al@fabrikam.com");
    refuses(&federation, &changed, 3, TokenRefusal::NotBelieved).await;
    for (number, wresult) in (4..).zip(["", "<a/>", "x", "<!DOCTYPE a><a/>"]) {
        refuses(&federation, wresult, number, TokenRefusal::NotBelieved).await;
    }
    // Strangers fill no trail.
    assert_eq!(federation.world.audited(), []);
    assert_eq!(federation.came(), []);
}

#[tokio::test]
async fn t_sig_1_a_signed_assertion_that_is_wrapped_is_refused() {
    let federation = forced();
    let signed = federation.answer(&of_bo(at(70)));
    let (before, rest) = signed.split_once("<saml:Assertion").unwrap();
    let (inner, after) = rest.split_once("</saml:Assertion>").unwrap();
    let assertion = format!("<saml:Assertion{inner}</saml:Assertion>");
    let evil = Assertion {
        id: "_evil".to_owned(),
        ..of_bo(at(70))
    };
    let evil = evil.to_verbatim().unwrap();
    let evil = evil.as_str().replace("bo@fabrikam.com", "al@fabrikam.com");
    let open = evil.replace("</saml:Assertion>", "");
    for (number, token) in (1..).zip([
        // Around the signed one, with it as a child or as advice.
        format!("{open}{assertion}</saml:Assertion>"),
        format!("{open}<saml:Advice>{assertion}</saml:Advice></saml:Assertion>"),
        // Before it, behind it, and with its signature.
        format!("{evil}{assertion}"),
        format!("{assertion}{evil}"),
        {
            let (_, signature) = assertion
                .split_once("<ds:Signature")
                .unwrap_or_else(|| assertion.split_once("<Signature").unwrap());
            let name = match assertion.contains("<ds:Signature") {
                true => "<ds:Signature",
                false => "<Signature",
            };
            format!("{open}{name}{signature}")
        },
        // With an object around it.
        format!("<x:o xmlns:x=\"urn:x\">{assertion}</x:o>"),
    ]) {
        let wresult = format!("{before}{token}{after}");
        assert!(Verbatim::parse(wresult.as_str()).is_ok(), "{wresult}");
        refuses(&federation, &wresult, number, TokenRefusal::NotBelieved).await;
    }
    // And as it stands it is taken.
    let out = federation.sent_out(ASKS, 99).await;
    issued(federation.bring(&signed, &out).await);
}

#[tokio::test]
async fn t_saml_2_another_s_issuer_audience_or_time_is_refused() {
    let federation = forced();
    let skew = SignedDuration::from_mins(3);
    let now = at(90);
    let say = |adjust: fn(&mut Assertion)| {
        let mut assertion = of_bo(at(70));
        adjust(&mut assertion);
        assertion
    };
    let mut assertions = vec![
        say(|it| it.issuer = "http://fs.adatum.com/adfs/services/trust".to_owned()),
        say(|it| it.issuer = format!("{FABRIKAM}/")),
        say(|it| it.issuer = US.to_owned()),
        say(|it| it.audience = "https://lync.contoso.com/passiveauth".to_owned()),
        say(|it| it.audience = format!("{US}/")),
        say(|it| it.audience = US.replace("http:", "https:")),
        say(|it| it.audience = String::new()),
        // It was made before it was asked for, or will be.
        say(|it| it.issue_instant = at(60 - 181)),
        say(|it| it.issue_instant = at(90 + 181)),
        // They signed in at a time that is yet to come; its id is spent by then.
        say(|it| {
            it.id = "_yet-to-come".to_owned();
            it.authentication.instant = at(90 + 181);
        }),
    ];
    let mut expired = of_bo(at(70));
    expired.not_on_or_after = now - skew;
    let mut early = of_bo(at(70));
    early.not_before = now + skew + SignedDuration::from_secs(1);
    assertions.extend([expired, early]);
    for (number, assertion) in (1..).zip(&assertions) {
        let reason = federation.refuses(assertion, number).await;
        assert_eq!(reason, TokenRefusal::NotBelieved, "{assertion:?}");
    }
    assert!(federation.gave_nothing());
    // Within the skew it is taken.
    let mut edge = of_bo(at(70));
    edge.not_on_or_after = now - skew + SignedDuration::from_secs(1);
    edge.not_before = now + skew;
    edge.issue_instant = at(60) - skew;
    let out = federation.sent_out(ASKS, 99).await;
    issued(federation.bring(&federation.answer(&edge), &out).await);
}

#[tokio::test]
async fn t_saml_1_an_assertion_is_taken_once_whoever_brings_it() {
    let federation = forced();
    let answer = federation.answer(&of_bo(at(70)));
    let first = federation.sent_out(ASKS, 1).await;
    let second = federation.sent_out(ASKS, 2).await;
    issued(federation.bring(&answer, &first).await);
    // The same browser again, and another that waits for one.
    for out in [&first, &second] {
        let again = refused(federation.bring(&answer, out).await);
        assert_eq!(again.reason, TokenRefusal::Replayed);
    }
    let kept = &federation.world.kept;
    assert_eq!(kept.entries.lock().unwrap().len(), 1);
    let lync = "https://lync.contoso.com/passiveauth".to_owned();
    assert_eq!(
        federation.world.audited(),
        [
            (lync.clone(), TokenRefusal::Replayed),
            (lync, TokenRefusal::Replayed)
        ],
        "what the partner signed is audited"
    );
}

#[tokio::test]
async fn t_saml_2_what_this_browser_was_not_sent_out_for_is_refused() {
    let federation = forced();
    let mine = federation.sent_out(ASKS, 1).await;
    let others = federation.sent_out(ASKS, 2).await;
    let answer = federation.answer(&of_bo(at(70)));
    let wctx = |out: &crate::partner::SentOut| out.request.wctx.clone().unwrap();
    let (my, their) = (wctx(&mine), wctx(&others));
    let stranger = Handle::made_from([77; 32]);
    let shorter = my.get(1..).unwrap();
    for with in [
        (None, Some(my.as_str())),
        (Some(&mine.handle), None),
        (None, None),
        (Some(&mine.handle), Some(their.as_str())),
        (Some(&others.handle), Some(my.as_str())),
        (Some(&stranger), Some(my.as_str())),
        (Some(&mine.handle), Some("")),
        (Some(&mine.handle), Some(shorter)),
    ] {
        let refused = refused(federation.try_bring(&answer, with, at(90)).await.unwrap());
        assert_eq!(refused.reason, TokenRefusal::NotAsked);
    }
    assert!(federation.gave_nothing());
    // It took too long.
    let with = (Some(&others.handle), Some(their.as_str()));
    let late = at(60) + authn::sign_in::LIFE;
    let too_late = refused(federation.try_bring(&answer, with, late).await.unwrap());
    assert_eq!(too_late.reason, TokenRefusal::NotAsked);
    // None of it ended what is under way.
    issued(federation.bring(&answer, &mine).await);
}

#[tokio::test]
async fn t_saml_3_a_partner_that_is_off_or_gone_meanwhile_is_not_believed() {
    use crate::partner::fabrikam as trust_of;
    type Adjust = fn(&mut sts::trust::ClaimsProviderTrust);
    let off: Adjust = |it| it.is_enabled = false;
    let other: Adjust = |it| it.identifier = Identifier::parse("urn:other").unwrap();
    let saml: Adjust = |it| it.protocol_profile = ProtocolProfile::Saml;
    let renamed: Adjust = |it| it.name = "Somebody else".to_owned();
    for adjust in [off, other, saml, renamed] {
        let (certificate, key) = certified();
        let mut federation = forced();
        federation.key = key;
        let party = sts::trust::RelyingPartyTrust {
            claims_provider_names: vec!["Fabrikam".to_owned()],
            ..passes_all()
        };
        let book = |adjust: Option<Adjust>| {
            let mut trust = trust_of(&certificate);
            if let Some(adjust) = adjust {
                adjust(&mut trust);
            }
            let trusted = Trusted {
                relying_parties: vec![party.clone()],
                claims_providers: vec![trust],
                ..Trusted::default()
            };
            std::sync::Arc::new(TrustBook::new(2, trusted).unwrap())
        };
        federation.world.service.trusts = std::sync::Arc::new(book(None));
        let out = federation.sent_out(ASKS, 1).await;
        federation.world.service.trusts = std::sync::Arc::new(book(Some(adjust)));
        let answer = federation.answer(&of_bo(at(70)));
        let refused = refused(federation.bring(&answer, &out).await);
        assert_eq!(refused.reason, TokenRefusal::UnknownProvider);
        assert!(federation.gave_nothing());
    }
}

#[tokio::test]
async fn s75_every_key_of_the_trust_is_believed_while_it_is_good_and_no_other() {
    let (old, old_key) = certified();
    let (new, new_key) = certified();
    let party = sts::trust::RelyingPartyTrust {
        claims_provider_names: vec!["Fabrikam".to_owned()],
        ..passes_all()
    };
    let both = federation(
        |_| {
            let mut trust = fabrikam(&old);
            trust.token_signing_certificates.push(new.clone());
            vec![trust]
        },
        vec![party],
    );
    for (number, key) in (1..).zip([&old_key, &new_key]) {
        let mut assertion = of_bo(at(70));
        assertion.id = format!("_{number}");
        let answer = signed_answer(key, &assertion.to_verbatim().unwrap());
        let out = both.sent_out(ASKS, number).await;
        issued(both.bring(&answer, &out).await);
    }
    let mut third = of_bo(at(70));
    third.id = "_3".to_owned();
    let answer = signed_answer(&both.key, &third.to_verbatim().unwrap());
    let out = both.sent_out(ASKS, 3).await;
    let refused = refused(both.bring(&answer, &out).await);
    assert_eq!(refused.reason, TokenRefusal::NotBelieved);
}

#[tokio::test]
async fn a_store_or_a_trail_that_is_away_gives_no_token() {
    let federation = forced();
    let out = federation.sent_out(ASKS, 1).await;
    *federation.world.kept.is_away.lock().unwrap() = true;
    let answer = federation.answer(&of_bo(at(70)));
    let with = (Some(&out.handle), out.request.wctx.as_deref());
    assert!(federation.try_bring(&answer, with, at(90)).await.is_err());
    assert!(federation.gave_nothing());
    // It was used up, and is not good for another.
    *federation.world.kept.is_away.lock().unwrap() = false;
    let second = federation.sent_out(ASKS, 2).await;
    let refused = refused(federation.bring(&answer, &second).await);
    assert_eq!(refused.reason, TokenRefusal::Replayed);
}
