//! SAML 2.0 at the door: which address and which form answer what, with which headers, and what is told of a refusal.

use authn::place::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode, header};

use crate::world::{self, ORIGIN, World, get, now, text};

const ACS: &str = "https://sp.contoso.com/acs";

async fn trusting() -> World {
    let both = [Method::MemorisedSecret, Method::OneTimeCode];
    World::trusting(&both, |_| {
        r#"{"version": 1, "relying_party": [{
            "name": "Intranet",
            "identifiers": ["urn:sp"],
            "protocol_profile": "SAML",
            "saml_endpoints": [{"binding": "POST", "protocol": "SAMLAssertionConsumer", "location": "https://sp.contoso.com/acs", "index": 0, "is_default": true}],
            "issuance_authorization_rules": "=> issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");"
        }]}"#
            .to_owned()
    })
    .await
}

fn asks(attributes: &str) -> String {
    asks_at(&now().to_string(), attributes)
}

fn asks_at(instant: &str, attributes: &str) -> String {
    format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_asked" Version="2.0" IssueInstant="{instant}" Destination="{ORIGIN}/adfs/ls/" {attributes}><saml:Issuer>urn:sp</saml:Issuer></samlp:AuthnRequest>"#
    )
}

fn encoded(text: &str) -> String {
    let text = text.replace('%', "%25").replace('+', "%2B");
    text.replace('=', "%3D").replace('/', "%2F")
}

/// A request in a query, as a deflating compressor writes it that does not compress.
fn query(text: &str) -> String {
    let length = u16::try_from(text.len()).unwrap();
    let head = [
        [1].as_slice(),
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
    ]
    .concat();
    let deflated = [head.as_slice(), text.as_bytes()].concat();
    let message = encoded(&STANDARD.encode(deflated));
    format!("/adfs/ls/?SAMLRequest={message}&RelayState=%22%3E%3Cscript%3E")
}

/// A thousand bytes, by the codes that no block needs to bring: one byte, and 162,540 more of it.
fn bomb() -> String {
    let bits = format!("11001110001{}0000000", "1100010100000".repeat(630));
    let byte = |bits: &[u8]| {
        let bits = bits.iter().rev();
        bits.fold(0_u8, |byte, bit| (byte << 1) | (bit - b'0'))
    };
    let bytes: Vec<u8> = bits.as_bytes().chunks(8).map(byte).collect();
    STANDARD.encode(bytes)
}

fn form(body: String) -> Request<String> {
    let post = Request::post("/adfs/ls/?SAMLRequest=of-the-address")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "https://sp.contoso.com")
        .header("sec-fetch-site", "cross-site");
    post.body(body).unwrap()
}

fn signed_in(world: &World, path: &str) -> Request<String> {
    let request = Request::get(path).header(header::COOKIE, &world.session);
    request.body(String::new()).unwrap()
}

#[tokio::test]
async fn t_http_17_an_answer_goes_in_a_form_to_the_party_and_to_nobody_else() {
    let world = trusting().await;
    let answer = world.ask(signed_in(&world, &query(&asks("")))).await;
    let page = text(&answer);
    assert_eq!(answer.response.status(), StatusCode::OK, "{page}");
    let headers = answer.response.headers();
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    // Browsers hold what the party redirects to as well to it.
    assert!(
        policy.contains("form-action https:;") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let form = format!("<form id=\"answer\" method=\"post\" action=\"{ACS}\">");
    for part in [
        form.as_str(),
        "name=\"SAMLResponse\" value=\"",
        "name=\"RelayState\" value=\"&#34;&#62;&#60;script&#62;\"",
        "<button type=\"submit\">",
        "<script src=\"/post.js\"></script>",
        "You are signed in",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("name=\"wa\""));
    let (_, behind) = page.split_once("name=\"SAMLResponse\" value=\"").unwrap();
    let (response, _) = behind.split_once('"').unwrap();
    let response = response.replace("&#43;", "+").replace("&#61;", "=");
    let response = String::from_utf8(STANDARD.decode(response).unwrap()).unwrap();
    assert!(response.contains("InResponseTo=\"_asked\""), "{response}");
}

#[tokio::test]
async fn a_form_of_a_party_comes_again_as_a_request_of_ours_and_leads_through_the_pages() {
    let world = trusting().await;
    let message = encoded(&STANDARD.encode(asks("ForceAuthn=\"true\"")));
    let first = world
        .ask(form(format!("SAMLRequest={message}&RelayState=a%26b")))
        .await;
    assert_eq!(
        first.response.status(),
        StatusCode::SEE_OTHER,
        "{}",
        text(&first)
    );
    let path = first.response.headers()[header::LOCATION].to_str().unwrap();
    let begins = "/adfs/ls/?Issuer=urn%3Asp&ID=_asked&RelayState=a%26b&ForceAuthn=true&";
    assert!(path.starts_with(begins), "{path}");
    let second = world.ask(signed_in(&world, path)).await;
    assert_eq!(second.response.headers()[header::LOCATION], "/sign-in");
    let cookies = second.response.headers().get_all(header::SET_COOKIE).iter();
    let mut cookies = cookies.map(|it| it.to_str().unwrap());
    assert!(cookies.any(|it| it.starts_with("__Host-asked=")));
    let changed = path.replace("ForceAuthn=true&", "");
    let changed = world.ask(signed_in(&world, &changed)).await;
    assert_eq!(changed.response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn where_no_page_may_be_shown_none_is_but_the_way_back() {
    let world = trusting().await;
    let answer = world.ask(get(&query(&asks("IsPassive=\"1\"")))).await;
    let page = text(&answer);
    assert_eq!(answer.response.status(), StatusCode::OK, "{page}");
    assert!(page.contains("name=\"SAMLResponse\"") && page.contains("Back to the application"));
    assert!(!page.contains("You are signed in"), "{page}");
    assert!(!answer.response.headers().contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn a_refusal_names_the_party_and_the_id_and_not_the_reason() {
    let world = trusting().await;
    let elsewhere = query(&asks(
        "AssertionConsumerServiceURL=\"https://evil.example/\"",
    ));
    let unknown = query(&asks("").replace("urn:sp", "urn:unknown"));
    let late = query(&asks_at("2020-01-01T00:00:00Z", ""));
    let both = format!("{}&wa=wsignin1.0", query(&asks("")));
    let response = query(&asks("")).replace("SAMLRequest", "SAMLResponse");
    let bomb = format!("/adfs/ls/?SAMLRequest={}", encoded(&bomb()));
    for (path, party, status) in [
        (elsewhere, true, StatusCode::FORBIDDEN),
        (unknown, false, StatusCode::FORBIDDEN),
        (late, true, StatusCode::FORBIDDEN),
        (both, false, StatusCode::BAD_REQUEST),
        (response, false, StatusCode::BAD_REQUEST),
        (bomb, false, StatusCode::BAD_REQUEST),
        (
            "/adfs/ls/?wicketgate-saml=0".to_owned(),
            false,
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let answer = world.ask(signed_in(&world, &path)).await;
        let page = text(&answer);
        assert_eq!(answer.response.status(), status, "{path}");
        assert!(page.contains(&world::activity()), "{page}");
        assert_eq!(page.contains("Intranet"), party, "{page}");
        for told in ["evil", "unknown", "registered", "old", "SAMLResponse\""] {
            assert!(!page.contains(told), "{told} in {page}");
        }
    }
    let head = Request::head(query(&asks(""))).body(String::new()).unwrap();
    let head = world.ask(head).await;
    assert_eq!(head.response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_sign_on_begins_here_for_one_party_and_there_is_no_list_of_them() {
    let world = trusting().await;
    let path = "/adfs/ls/idpinitiatedsignon.aspx";
    let named = "/adfs/LS/IdpInitiatedSignOn.aspx?loginToRp=urn%3Asp".to_owned();
    let answer = world.ask(get(&named)).await;
    assert_eq!(answer.response.headers()[header::LOCATION], "/sign-in");
    let answer = world.ask(signed_in(&world, &named)).await;
    assert!(text(&answer).contains(&format!("action=\"{ACS}\"")));
    for (path, status) in [
        (path.to_owned(), StatusCode::NOT_FOUND),
        (
            format!("{path}?loginToRp=urn%3Aunknown"),
            StatusCode::FORBIDDEN,
        ),
    ] {
        let answer = world.ask(signed_in(&world, &path)).await;
        assert_eq!(answer.response.status(), status, "{path}");
        assert!(!text(&answer).contains("Intranet"));
    }
}

#[tokio::test]
async fn a_network_without_anybody_signed_in_asks_so_often_in_a_minute_and_no_more() {
    let world = trusting().await;
    let (passive, active) = (query(&asks("IsPassive=\"1\"")), query(&asks("")));
    for number in 0..600 {
        let path = if number % 2 == 0 { &passive } else { &active };
        let answer = world.ask(get(path)).await;
        let status = answer.response.status();
        assert!(status.is_success() || status.is_redirection(), "{number}");
    }
    for path in [&passive, &active] {
        let answer = world.ask(get(path)).await;
        let status = answer.response.status();
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    }
    let answer = world.ask(signed_in(&world, &active)).await;
    assert_eq!(answer.response.status(), StatusCode::OK, "who is signed in");
}

/// Some break their Base64 into lines, in an address as well.
#[tokio::test]
async fn a_request_of_several_lines_in_an_address_is_one_request() {
    let world = trusting().await;
    let path = query(&asks(""));
    let (begins, rest) = path.split_at("/adfs/ls/?SAMLRequest=".len() + 8);
    let lines = world
        .ask(signed_in(&world, &format!("{begins}%0D%0A{rest}")))
        .await;
    assert_eq!(lines.response.status(), StatusCode::OK, "{}", text(&lines));
    assert!(text(&lines).contains("name=\"SAMLResponse\""));
}
