//! A pool in passive mode: what it offers, where it sends a browser, which tokens it takes and which it does not.

use std::process::{Command, Stdio};
use std::sync::Arc;

use lab::{Seen, StsMetadata};
use proto::lync::mex::Document;
use proto::lync::webticket::Ticket;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::sts::{ANNA, ISSUER, PAGE as STS_PAGE, Sts, Token, assertion, primary_sid, response};
use crate::support::{Answer, Lab, POOL, SERVICE, USER_LINK, WEB, get, post, rst};

const PAGE: &str = "/PassiveAuth/PassiveAuth.aspx";
const METADATA: &str = "/passiveauth/federationmetadata/2007-06/federationmetadata.xml";
const OAUTHTOKEN: &str = "/WebTicket/oauthtoken";
const GRANT: &str = "grant_type=urn:microsoft.rtc:passive";
/// The two realms of the pool: *Lync-Ext* and *Lync-Int*.
const EXTERNAL: &str = "https://lyncweb.contoso.test:8443/passiveauth";
const INTERNAL: &str = "https://pool01.contoso.local/passiveauth";

async fn trusting(keys: &[&Sts]) -> Lab {
    let metadata = StsMetadata::Document(Sts::metadata(keys));
    Lab::start_with(|world| world.with_members(2).with_passive(metadata)).await
}

fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

async fn form(lab: &Lab, host: &str, path: &str, (body, cookie): (&str, &str)) -> Answer {
    let mut request = post(path, body);
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    lab.front_end()
        .await
        .send(host, request.body(body.to_owned()))
        .await
}

async fn brings(lab: &Lab, host: &str, wresult: &str) -> Answer {
    let body = format!("wa=wsignin1.0&wctx=rm%3D0&wresult={}", percent(wresult));
    form(lab, host, PAGE, (&body, "")).await
}

fn cookies(answer: &Answer) -> String {
    let pairs = answer.all("set-cookie").into_iter();
    let pairs = pairs.map(|line| line.split(';').next().unwrap_or_default());
    pairs.collect::<Vec<_>>().join("; ")
}

fn last(lab: &Lab) -> Seen {
    lab.world.requests().pop().expect("the request")
}

#[tokio::test]
async fn s67_passive_on_windows_none_certificates_on_is_what_its_metadata_says() {
    let sts = Sts::new();
    let lab = trusting(&[&sts]).await;
    let mex = lab
        .front_end()
        .await
        .get(WEB, &format!("{SERVICE}/mex"))
        .await;
    let document = Document::parse(&mex.body).unwrap();
    let ports: Vec<&str> = document
        .ports()
        .iter()
        .map(|port| port.name.as_str())
        .collect();
    assert_eq!(
        ports,
        [
            "WebTicketServiceAnon",
            "WebTicketServiceCert",
            "WsFedPassive"
        ]
    );
    let page = document
        .port("WsFedPassive")
        .and_then(|port| port.address.as_deref());
    assert_eq!(
        page,
        Some("https://pool01.contoso.local/PassiveAuth/PassiveAuth.aspx")
    );

    let wanted = lab
        .front_end()
        .await
        .get(WEB, "/Autodiscover/AutodiscoverService.svc/root/oauth/user")
        .await;
    let offers = wanted.all("www-authenticate").concat();
    assert!(
        offers.contains("anonmeeting,urn:microsoft.rtc:passive\""),
        "{offers}"
    );
    assert!(
        !offers.contains("windows") && !offers.contains("password"),
        "{offers}"
    );

    // The gate's own word about somebody buys no ticket either: there is no Windows logon.
    for path in [SERVICE.to_owned(), format!("{SERVICE}/Auth")] {
        let body = rst("sip:anna@contoso.test", "x");
        let word = lab.assertion("POST", &path);
        let request = post(&path, &body).header("x-identity", word).body(body);
        let answer = lab.front_end().await.send(WEB, request).await;
        assert_eq!(answer.status, 500, "{path}");
    }
    for grant in [
        "grant_type=urn:microsoft.rtc:windows",
        "grant_type=password&username=anna&password=Domain-secret-1",
    ] {
        let answer = form(&lab, WEB, OAUTHTOKEN, (grant, "")).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "unsupported_grant_type");
        assert!(answer.all("x-ms-diagnostics")[0].starts_with("28029;"));
    }
}

#[tokio::test]
async fn without_a_session_the_grant_names_the_page_and_the_page_sends_the_browser_away() {
    let sts = Sts::new();
    let lab = trusting(&[&sts]).await;
    for cookie in ["", "FedAuth=AAEB", "FedAuth=x; FedAuth=y"] {
        let answer = form(&lab, WEB, OAUTHTOKEN, (GRANT, cookie)).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "invalid_grant");
        let page = "https://lyncweb.contoso.test:8443/PassiveAuth/PassiveAuth.aspx";
        assert_eq!(answer.json()["ms_rtc_passiveauthuri"], page);
        assert!(answer.all("x-ms-diagnostics")[0].starts_with("28020;"));
    }
    for (host, realm) in [(WEB, EXTERNAL), (POOL, INTERNAL)] {
        let answer = lab.front_end().await.get(host, PAGE).await;
        assert_eq!(answer.status, 302);
        let location = answer.all("location")[0];
        let (page, query) = location.split_once('?').unwrap();
        assert_eq!(page, STS_PAGE);
        let realm = realm.replace(':', "%3A").replace('/', "%2F");
        assert!(
            query.starts_with(&format!("wa=wsignin1.0&wtrealm={realm}&wctx=")),
            "{query}"
        );
        assert!(query.contains("&wct=20"), "{query}");
    }
}

#[tokio::test]
async fn a_token_begins_a_session_that_any_member_gives_a_ticket_for() {
    let sts = Sts::new();
    let lab = trusting(&[&sts]).await;
    for (host, realm, id) in [(WEB, EXTERNAL, "_1"), (POOL, INTERNAL, "_2")] {
        let token = sts.signs(&Token::new(id, realm));
        let answer = brings(&lab, host, &response(&token)).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        assert_eq!(answer.all("location"), [PAGE]);
        let seen = last(&lab);
        assert_eq!(seen.identity.as_deref(), Some("CONTOSO\\anna"));
        assert_eq!(seen.how, Some(lab::How::Passive));
        let session = cookies(&answer);
        assert!(session.contains("; FedAuth1="), "in pieces: {session}");

        let request = post(OAUTHTOKEN, GRANT).header("cookie", &session);
        let second = &lab.world.pools[0].members[1];
        let answer = lab
            .at(second)
            .await
            .send(host, request.body(GRANT.to_owned()))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let ticket = Ticket::in_oauth_answer(answer.body.as_bytes()).unwrap();
        assert_eq!(ticket.sid().unwrap().to_string(), ANNA);
        let text = answer.json()["access_token"].as_str().unwrap().to_owned();
        let request = get(USER_LINK).header("x-ms-webticket", text);
        let user = lab
            .front_end()
            .await
            .send(WEB, request.body(String::new()))
            .await;
        assert_eq!(user.status, 200);
        assert_eq!(last(&lab).identity.as_deref(), Some("CONTOSO\\anna"));

        let request = get(PAGE).header("cookie", &session).body(String::new());
        let page = lab.front_end().await.send(host, request).await;
        assert_eq!(
            (page.status.as_u16(), page.body.contains("Signed in.")),
            (200, true)
        );
    }
    let out = lab
        .front_end()
        .await
        .get(WEB, &format!("{PAGE}?wa=wsignoutcleanup1.0"))
        .await;
    assert_eq!(cookies(&out), "FedAuth=; FedAuth1=");
}

/// What is made of a good token, and why it is not taken then.
struct Bad {
    why: &'static str,
    wresult: String,
}

fn bad_tokens(sts: &Sts, stranger: &Sts) -> Vec<Bad> {
    let good = |id: &str| Token::new(id, EXTERNAL);
    let signed = |change: &dyn Fn(&mut Token)| {
        let mut token = good("_b");
        change(&mut token);
        response(&sts.signs(&token))
    };
    let fine = sts.signs(&good("_b"));
    let forged = fine.replace("-1104<", "-1105<");
    let unsigned = assertion(&good("_b"));
    let wrapped = format!("{unsigned}{fine}");
    let bad = |why, wresult| Bad { why, wresult };
    vec![
        bad("not signed as it should be", response(&unsigned)),
        bad(
            "not signed as it should be",
            response(&stranger.signs(&good("_b"))),
        ),
        bad("changed after it was signed", response(&forged)),
        bad("`Assertion` of the token", response(&wrapped)),
        bad("`Assertion` of the token", response("")),
        bad("`RequestSecurityTokenResponse`", fine.clone()),
        bad(
            "another realm",
            signed(&|token| token.audience = INTERNAL.to_owned()),
        ),
        bad(
            "another issuer",
            signed(&|token| token.issuer = format!("{ISSUER}/other")),
        ),
        bad("has expired", signed(&|token| token.lasts = (-7_200, -301))),
        bad(
            "from the future",
            signed(&|token| token.lasts = (400, 3_600)),
        ),
        bad("no primarysid", signed(&|token| token.attributes.clear())),
        bad(
            "no primarysid",
            signed(&|token| token.attributes = primary_sid(ANNA).replace("primarysid", "upn")),
        ),
        bad(
            "`primarysid` of the token",
            signed(&|token| token.attributes = primary_sid(ANNA).repeat(2)),
        ),
        bad(
            "names nobody",
            signed(&|token| token.attributes = primary_sid("S-1-5-21-1-2-3-9999")),
        ),
        bad(
            "names nobody",
            signed(&|token| token.attributes = primary_sid("S-1-5-7")),
        ),
        bad(
            "names nobody",
            signed(&|token| token.attributes = primary_sid("anna")),
        ),
        bad(
            "`ConfirmationMethod`",
            signed(&|token| {
                token.confirmation = "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches".to_owned()
            }),
        ),
        bad("cannot be read", format!("<!DOCTYPE t>{}", response(&fine))),
    ]
}

#[tokio::test]
async fn a_token_that_is_not_good_begins_no_session_and_the_list_says_why() {
    let (sts, stranger) = (Sts::new(), Sts::new());
    let lab = trusting(&[&sts]).await;
    for Bad { why, wresult } in bad_tokens(&sts, &stranger) {
        let answer = brings(&lab, WEB, &wresult).await;
        assert_eq!(answer.status, 403, "{why}");
        assert!(answer.all("set-cookie").is_empty(), "{why}");
        let seen = last(&lab);
        assert_eq!(seen.identity, None, "{why}");
        let refused = seen.refused.unwrap();
        assert!(refused.contains(why), "{why}: {refused}");
    }
    let token = response(&sts.signs(&Token::new("_b", EXTERNAL)));
    assert_eq!(
        brings(&lab, WEB, &token).await.status,
        302,
        "what was changed was good"
    );
    for body in [
        "wa=wsignin1.0",
        "wresult=x",
        "wa=wsignout1.0&wresult=x",
        "%",
    ] {
        assert_eq!(
            form(&lab, WEB, PAGE, (body, "")).await.status,
            400,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_token_is_taken_once_by_all_members_together() {
    let sts = Sts::new();
    let lab = trusting(&[&sts]).await;
    let token = response(&sts.signs(&Token::new("_1", EXTERNAL)));
    let body = format!("wa=wsignin1.0&wresult={}", percent(&token));
    let mut statuses = Vec::new();
    for member in &lab.world.pools[0].members {
        let request = post(PAGE, &body).body(body.clone());
        statuses.push(
            lab.at(member)
                .await
                .send(WEB, request)
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(statuses, [302, 403]);
    assert_eq!(last(&lab).refused.as_deref(), Some("the token came before"));
}

#[tokio::test]
async fn either_key_of_a_rollover_signs_and_metadata_without_a_key_trusts_nobody() {
    let (first, second) = (Sts::new(), Sts::new());
    let lab = trusting(&[&first, &second]).await;
    for (sts, id) in [(&first, "_1"), (&second, "_2")] {
        let token = response(&sts.signs(&Token::new(id, EXTERNAL)));
        assert_eq!(brings(&lab, WEB, &token).await.status, 302);
    }
    let lab = trusting(&[]).await;
    assert_eq!(lab.front_end().await.get(WEB, PAGE).await.status, 503);
    let token = response(&first.signs(&Token::new("_1", EXTERNAL)));
    assert_eq!(brings(&lab, WEB, &token).await.status, 503);
}

#[tokio::test]
async fn the_pool_says_what_a_trust_is_made_of_under_each_of_its_names() {
    let sts = Sts::new();
    let lab = trusting(&[&sts]).await;
    for (host, realm) in [(WEB, EXTERNAL), (POOL, INTERNAL)] {
        let answer = lab.front_end().await.get(host, METADATA).await;
        assert_eq!(answer.status, 200);
        let document = xml::Document::parse(&answer.body).unwrap();
        assert_eq!(document.root().attribute("entityID"), Some(realm));
        let addresses: Vec<String> = document
            .root()
            .descendants()
            .filter(|element| element.name() == "Address")
            .map(|element| element.text())
            .collect();
        let page = realm.replace("/passiveauth", PAGE);
        assert_eq!(addresses, [realm.to_owned(), page]);
        assert!(answer.body.contains("identity/claims/primarysid"));
    }
    let active = Lab::start().await;
    let answer = active.front_end().await.get(WEB, METADATA).await;
    assert!(!answer.body.contains("EntityDescriptor"));
}

/// A server that answers one request with a document over TLS.
async fn serves(document: String) -> (std::net::SocketAddr, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["sts.contoso.test".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut asked = [0; 1_024];
            let _ = stream.read(&mut asked).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                document.len()
            );
            let _ = stream
                .write_all(format!("{head}{document}").as_bytes())
                .await;
            let _ = stream.shutdown().await;
        }
    });
    (address, certificate.pem().into_bytes())
}

#[tokio::test]
async fn s66_the_metadata_is_read_from_the_address_that_the_pool_is_pointed_at() {
    let sts = Sts::new();
    let (at, authorities) = serves(Sts::metadata(&[&sts])).await;
    let url =
        "https://sts.contoso.test/FederationMetadata/2007-06/FederationMetadata.xml".to_owned();
    let start = |authorities: Vec<u8>| {
        let metadata = StsMetadata::Url {
            url: url.clone(),
            at,
            authorities,
        };
        Lab::start_with(|world| world.with_passive(metadata))
    };
    let lab = start(authorities).await;
    let answer = lab.front_end().await.get(WEB, PAGE).await;
    assert_eq!(answer.status, 302);
    assert!(answer.all("location")[0].starts_with(STS_PAGE));
    let token = response(&sts.signs(&Token::new("_1", EXTERNAL)));
    assert_eq!(brings(&lab, WEB, &token).await.status, 302);

    let (_, anothers) = serves(String::new()).await;
    let lab = start(anothers).await;
    assert_eq!(
        lab.front_end().await.get(WEB, PAGE).await.status,
        503,
        "another's certificate"
    );
}

#[test]
fn xmlsec1_verifies_the_tokens_of_these_tests() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join("xmlsec1").is_file()) {
        let reason = "the lab's tokens: xmlsec1 is not installed";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{reason}");
        skipped(reason);
        return;
    }
    let sts = Sts::new();
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("passive-tokens");
    std::fs::create_dir_all(&folder).unwrap();
    let certificate = folder.join("sts.der");
    std::fs::write(&certificate, &sts.certificate).unwrap();
    let signed = sts.signs(&Token::new("_1", EXTERNAL));
    let id = "--id-attr:AssertionID";
    let element = "urn:oasis:names:tc:SAML:1.0:assertion:Assertion";
    let key = certificate.to_str().unwrap();
    for (name, text, is_good) in [
        ("good.xml", signed.clone(), true),
        ("changed.xml", signed.replace("-1104<", "-1105<"), false),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let output = Command::new("xmlsec1")
            .args(["--verify", "--pubkey-cert-der", key, id, element])
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), is_good, "{name}: {said}");
    }
}

#[expect(clippy::print_stderr, reason = "what cannot run says so")]
fn skipped(reason: &str) {
    use std::io::Write;
    eprintln!("SKIPPED {reason}");
    if let Some(file) = std::env::var_os("WICKETGATE_SKIPPED") {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file);
        writeln!(file.unwrap(), "{reason}").unwrap();
    }
}
