//! A pool in passive mode that takes the tokens of an AD FS: whose sign-in with us each rests on, and what rests on none (decision
//! 0026).

use authn::account::AccountState;
use authn::credential::CredentialId;
use gateway::preset::lync::{self, LyncPool};

use crate::documents::answered;
use crate::passive::{ANNA, BEGUN, PAGE, brings, buys, by_page, form, opens};
use crate::request::Request;
use crate::scene::{LYNC, OTHER_POOL, Person, Scene, lync_pool, other_pool, publication};

/// A passive pool that takes the tokens of an AD FS, beside one that takes ours, and Anna.
fn scene_of_adfs() -> (Scene, Person) {
    let mut publication = publication();
    let pools = [(lync_pool(), Some(ADFS)), (other_pool(), None)];
    for (pool, adfs) in pools {
        let pool = LyncPool {
            passive: true,
            passive_adfs: adfs.map(str::to_owned),
            ..pool
        };
        publication.hosts.extend(lync::hosts(&pool));
    }
    publication.policy = by_page();
    let scene = Scene::publishing(publication);
    let anna = scene.person_of_pages("anna", Some(ANNA));
    (scene, anna)
}

const ADFS: &str = "https://fs.contoso.com:8443";

/// What a browser brings of an AD FS: a token of this id that rests on one of ours.
fn brings_of_adfs(id: &str, sign_in: Option<&str>) -> Request {
    let claim = sign_in.map_or(String::new(), |sign_in| {
        format!(
            "<a:AttributeStatement><a:Attribute AttributeName='signin' AttributeNamespace='urn:wicketgate:claims'>\
             <a:AttributeValue>{sign_in}</a:AttributeValue></a:Attribute></a:AttributeStatement>"
        )
    });
    let token = format!(
        "<RequestSecurityTokenResponse><RequestedSecurityToken><a:Assertion \
         xmlns:a='urn:oasis:names:tc:SAML:1.0:assertion' AssertionID='{id}'>{claim}</a:Assertion></RequestedSecurityToken>\
         </RequestSecurityTokenResponse>"
    );
    let escaped = token.bytes().map(|byte| format!("%{byte:02X}"));
    let escaped: String = escaped.collect();
    form(LYNC, PAGE, format!("wa=wsignin1.0&wresult={escaped}"))
}

#[test]
fn a_token_of_an_ad_fs_begins_a_session_of_whom_its_sign_in_is() {
    let (scene, anna) = scene_of_adfs();
    scene.issues_to_adfs(&anna, ("_1", ADFS));
    let request = brings_of_adfs("_a", Some("_1"));
    let mut connection = scene.connects();
    let said = connection.sends(&request.clone().with("origin", ADFS));
    assert_eq!(said.told(), "anna");
    let passed = connection.answers(&said.forward(), answered(302, &BEGUN, ""));
    assert_eq!(passed.unwrap().tickets.len(), 1);
    buys(&scene, ANNA);
    assert_eq!(opens(&scene, ANNA), "anna");
    let told = |request: &Request| scene.connects().sends(request).told();
    assert_eq!(told(&request), "403", "it came before");
    // The AD FS has a session of its own, and issues another that rests on the same.
    assert_eq!(told(&brings_of_adfs("_b", Some("_1"))), "anna");
}

#[test]
fn a_token_of_an_ad_fs_that_rests_on_nothing_of_ours_goes_no_further() {
    let (scene, anna) = scene_of_adfs();
    scene.issues_to_adfs(&anna, ("_1", ADFS));
    scene.issues(&anna, "_2");
    scene.issues_to_adfs(&anna, ("_4", "https://fs.partner.example"));
    let told = |request: &Request| scene.connects().sends(request).told();
    for (request, why) in [
        (brings_of_adfs("_a", None), "whom it signed in by itself"),
        (brings_of_adfs("_1", None), "the id of ours as its own"),
        (brings_of_adfs("_2", None), "a token of ours"),
        (brings_of_adfs("_a", Some("_2")), "ours did not carry it on"),
        (brings_of_adfs("_a", Some("_3")), "unknown"),
        (brings_of_adfs("_a", Some("_4")), "it went to another AD FS"),
    ] {
        assert_eq!(told(&request), "403", "{why}");
    }
    let two = brings_of_adfs("_a", Some("_1</a:AttributeValue><a:AttributeValue>_1"));
    assert_eq!(told(&two), "400");
    for origin in ["https://sts.contoso.com", "https://fs.contoso.com", "null"] {
        let request = brings_of_adfs("_a", Some("_1")).with("origin", origin);
        assert_eq!(told(&request), "403", "{origin}");
    }
    // What an AD FS was brought begins no session at a pool that takes ours alone.
    let elsewhere = brings("_1");
    let to_other = form(OTHER_POOL, PAGE, elsewhere.body.clone());
    assert_eq!(told(&to_other), "403");
    let to_other = form(OTHER_POOL, PAGE, brings_of_adfs("_a", Some("_1")).body);
    assert_eq!(told(&to_other), "403");
    assert_eq!(told(&brings_of_adfs("_a", Some("_1"))), "anna");
}

#[test]
fn what_an_ad_fs_passes_on_is_good_for_eight_hours_and_ends_with_what_it_rests_on() {
    let told = |scene: &Scene, id: &str| {
        let request = brings_of_adfs(id, Some("_1"));
        scene.connects().sends(&request).told()
    };
    let (scene, anna) = scene_of_adfs();
    scene.issues_to_adfs(&anna, ("_1", ADFS));
    scene.waits(8 * 3_600 - 1);
    assert_eq!(told(&scene, "_a"), "anna");
    scene.waits(1);
    assert_eq!(told(&scene, "_b"), "403");

    let ends: [fn(&Scene, &Person); 3] = [
        |scene, anna| scene.signs_out(anna),
        |scene, anna| scene.chooses_secret(&anna.account, &CredentialId("another".to_owned())),
        |scene, anna| scene.sets_state(anna, AccountState::Disabled),
    ];
    for end in ends {
        let (scene, anna) = scene_of_adfs();
        scene.issues_to_adfs(&anna, ("_1", ADFS));
        assert_eq!(told(&scene, "_a"), "anna");
        end(&scene, &anna);
        assert_eq!(told(&scene, "_b"), "403");
    }
}
