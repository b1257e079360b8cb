//! Two of our security token services: Contoso's signs people in, and Fabrikam's stands where an AD FS does, in front of the
//! party, with Contoso's as its claims provider (S74 to S78). Nothing between them is played: a browser goes from the
//! party to Fabrikam, to Contoso, signs in by a secret and a code, and comes back the same way with a token of each.

use std::cell::RefCell;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use e2e::browser::{App, Browser, SECRET, enrolled, field};
use e2e::client::{Curl, Got};
use e2e::demo::Demo;
use e2e::skip;
use e2e::until::until;
use e2e::webdriver::Chromium;

use crate::a_browser_signs_in_for_a_party::{signs_in, token};

const CONTEXT: &str = "rm%3D0%26id%3Dpassive";
/// What Fabrikam believes of Contoso, as an administrator has it in a file.
const ACCEPTED: &str = r#"@RuleTemplate = "PassThroughClaims"
@RuleName = "Pass the SID through"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"]
 => issue(claim = c);

@RuleTemplate = "PassThroughClaims"
@RuleName = "Pass the name through"
c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]
 => issue(claim = c);
"#;

/// The two, each of which trusts the other in its own role.
pub(crate) struct Federation {
    pub(crate) contoso: Demo,
    pub(crate) fabrikam: Demo,
    /// The authorities of both.
    authorities: PathBuf,
    app: RefCell<App>,
}

impl Federation {
    pub(crate) fn begin() -> anyhow::Result<Self> {
        let contoso = Demo::start()?;
        let fabrikam = Demo::start_with(&["--domain", "fabrikam.localhost"])?;
        let both = [&contoso, &fabrikam].map(|demo| std::fs::read_to_string(demo.text("/ca")));
        let [one, other] = both;
        let authorities = contoso.folder().join("both.pem");
        std::fs::write(&authorities, format!("{}{}", one?, other?))?;
        let anna = contoso.person(0);
        let (_, app, _) = enrolled(&contoso, &anna)?;
        let federation = Self {
            contoso,
            fabrikam,
            authorities,
            app: RefCell::new(app),
        };
        federation.trust_each_other()?;
        // A gate reads its trusts every other second.
        until("fabrikam does not send anybody to contoso", || {
            let page = federation.asked_by_a_stranger()?;
            let is_there = page.heads.contains("sts.contoso.localhost");
            Ok(is_there && page.body.contains("name=\"UserName\""))
        })?;
        Ok(federation)
    }

    /// What a browser sees that was nowhere before.
    pub(crate) fn asked_by_a_stranger(&self) -> anyhow::Result<Got> {
        self.at_fabrikam(&mut self.browser()?, (&[], &self.asks()))
    }

    /// S74, S75, S77: each is added from the metadata at its address and by a name.
    fn trust_each_other(&self) -> anyhow::Result<()> {
        let Self {
            contoso, fabrikam, ..
        } = self;
        let of_contoso = self.metadata_of(contoso)?;
        let certificate = contoso.folder().join("contoso-signing.pem");
        let exported = contoso.wicketgate(&["key", "export-certificate"])?;
        std::fs::write(&certificate, exported.stdout)?;
        let [file, certificate] = [&of_contoso, &certificate].map(|it| it.display().to_string());
        let provider = ["--name", "Contoso STS", "--kind", "claims-provider"];
        let adding = [&["trust", "add", "--metadata", &file], &provider[..]].concat();
        fabrikam.wicketgate_json(&[&adding[..], &["--signed-by", &certificate]].concat())?;
        let rules = fabrikam.folder().join("accepted.txt");
        std::fs::write(&rules, ACCEPTED)?;
        let rules = format!("acceptance_transform_rules=@{}", rules.display());
        self.set("Contoso STS", &[&rules, "supports_mfa=true"])?;
        self.set(&self.party(), &["claims_provider_names=[\"Contoso STS\"]"])?;

        let file = self.metadata_of(fabrikam)?.display().to_string();
        let party = ["--name", "Fabrikam AD FS", "--preset", "adfs"];
        contoso.wicketgate_json(&[&["trust", "add", "--metadata", &file], &party[..]].concat())?;
        Ok(())
    }

    pub(crate) fn metadata_of(&self, demo: &Demo) -> anyhow::Result<PathBuf> {
        let url = demo.url("metadata");
        let arguments = self.beside();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let got = Curl::new(demo).arguments(&arguments).get(&url)?;
        ensure!(got.status == 200, "{url}: {}", got.body);
        let file = demo.folder().join("its-metadata.xml");
        std::fs::write(&file, got.body)?;
        Ok(file)
    }

    /// Fabrikam's relying party.
    fn party(&self) -> String {
        "Lync lyncweb.fabrikam.localhost".to_owned()
    }

    /// Sets something of a trust of Fabrikam.
    pub(crate) fn set(&self, name: &str, settings: &[&str]) -> anyhow::Result<()> {
        let setting = [&["trust", "set", name], settings].concat();
        self.fabrikam.wicketgate_json(&setting)?;
        Ok(())
    }

    /// What lets curl find both, and believe them.
    fn beside(&self) -> Vec<String> {
        let mut arguments = vec![
            "--cacert".to_owned(),
            self.authorities.display().to_string(),
        ];
        for host in ["sts", "lyncweb"] {
            let port = self.fabrikam.address().port();
            let name = format!("{host}.fabrikam.localhost:{port}:127.0.0.1");
            arguments.extend(["--resolve".to_owned(), name]);
        }
        arguments
    }

    /// What the party sends a browser to Fabrikam with.
    fn asks(&self) -> String {
        let mex = self.fabrikam.url("mex");
        let web = mex.replace("/WebTicket/WebTicketService.svc/mex", "");
        let realm = format!("{web}/passiveauth").replace(':', "%3A");
        let realm = realm.replace('/', "%2F");
        format!("/adfs/ls/?wa=wsignin1.0&wtrealm={realm}&wctx={CONTEXT}")
    }

    fn origin(demo: &Demo) -> String {
        let sts = demo.url("sts");
        sts.trim_end_matches("/adfs/ls/").to_owned()
    }

    /// A browser that was nowhere before.
    pub(crate) fn browser(&self) -> anyhow::Result<Browser<'_>> {
        Browser::new(&self.contoso)
    }

    /// Opens a page of Fabrikam.
    fn at_fabrikam(
        &self,
        browser: &mut Browser<'_>,
        (more, path): (&[&str], &str),
    ) -> anyhow::Result<Got> {
        browser.origin = Self::origin(&self.fabrikam);
        let beside = self.beside();
        let arguments: Vec<&str> = beside.iter().map(String::as_str).collect();
        let got = browser.curl(&[&arguments, more].concat(), path);
        browser.origin = Self::origin(&self.contoso);
        got
    }

    /// Presses the button for the other language on a page of Fabrikam.
    fn in_the_other_language(&self, browser: &mut Browser<'_>, page: &Got) -> anyhow::Result<Got> {
        browser.origin = Self::origin(&self.fabrikam);
        let beside = self.beside();
        let arguments: Vec<&str> = beside.iter().map(String::as_str).collect();
        let got = browser.speaks(page, &arguments);
        browser.origin = Self::origin(&self.contoso);
        got
    }

    /// Sends the form of Contoso's page to Fabrikam, as its script does.
    pub(crate) fn brings(&self, browser: &mut Browser<'_>, page: &Got) -> anyhow::Result<Got> {
        let to = format!("action=\"{}\"", self.fabrikam.url("sts"));
        ensure!(page.body.contains(&to), "{to}: {}", page.body);
        let mut more = vec!["-H".to_owned(), format!("Origin: {}", browser.origin)];
        for name in ["wa", "wresult", "wctx"] {
            let value = format!("{name}={}", field(page, name)?);
            more.extend(["--data-urlencode".to_owned(), value]);
        }
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        self.at_fabrikam(browser, (&more, "/adfs/ls/"))
    }

    /// Goes from the party as far as the page of Contoso that holds its token.
    pub(crate) fn as_far_as_contoso(&self, browser: &mut Browser<'_>) -> anyhow::Result<Got> {
        let page = self.at_fabrikam(browser, (&[], &self.asks()))?;
        if page.body.contains("wresult") {
            return Ok(page);
        }
        let code = self.app.borrow_mut().code()?;
        let anna = self.contoso.person(0);
        signs_in(browser, &page, [&anna.upn, SECRET, &code])
    }

    fn certificate(&self, demo: &Demo) -> anyhow::Result<PathBuf> {
        let exported = demo.wicketgate(&["key", "export-certificate"])?;
        let file = demo.folder().join("signing.pem");
        std::fs::write(&file, exported.stdout)?;
        Ok(file)
    }
}

fn refusals(demo: &Demo, event: &str) -> anyhow::Result<Vec<serde_json::Value>> {
    let events = demo.wicketgate_json(&["audit", "list"])?;
    Ok(events
        .into_iter()
        .filter(|it| it["event"] == event)
        .collect())
}

#[test]
fn s74_s77_s78_somebody_signs_in_at_contoso_and_gets_a_token_of_fabrikam() -> anyhow::Result<()> {
    let federation = Federation::begin()?;
    let mut browser = federation.browser()?;
    let page = federation.as_far_as_contoso(&mut browser)?;
    let certificate = federation.certificate(&federation.contoso)?;
    let of_contoso = token(&federation.contoso, &certificate, &page)?;
    let realm = "http://sts.fabrikam.localhost/adfs/services/trust";
    ensure!(
        of_contoso.contains(&format!("<saml:Audience>{realm}<")),
        "{of_contoso}"
    );
    let answered = federation.brings(&mut browser, &page)?;
    ensure!(answered.status == 200, "{}", answered.body);
    ensure!(
        field(&answered, "wctx")? == "rm=0&id=passive",
        "{}",
        answered.body
    );
    let to = "/PassiveAuth/PassiveAuth.aspx\"";
    ensure!(answered.body.contains(to), "{}", answered.body);
    let certificate = federation.certificate(&federation.fabrikam)?;
    let of_fabrikam = token(&federation.fabrikam, &certificate, &answered)?;
    let sid = federation.contoso.text("/users/0/sid");
    ensure!(
        of_fabrikam.contains(&format!("<saml:AttributeValue>{sid}<")),
        "{of_fabrikam}"
    );
    ensure!(
        of_fabrikam.contains("sts.contoso.localhost"),
        "whose word it was first"
    );

    // The same answer once more, in the same browser and in another that waits for one.
    let again = federation.brings(&mut browser, &page)?;
    ensure!(again.status == 403, "{}", again.body);
    let mut other = federation.browser()?;
    federation.at_fabrikam(&mut other, (&[], &federation.asks()))?;
    let stolen = federation.brings(&mut other, &page)?;
    ensure!(
        stolen.status == 403 && !stolen.body.contains("wresult"),
        "{}",
        stolen.body
    );
    let came = refusals(&federation.fabrikam, "came-from-provider")?;
    ensure!(came.len() == 1, "{came:?}");
    let anna = federation.contoso.person(0);
    ensure!(came[0]["name"] == anna.upn.as_str(), "{came:?}");
    ensure!(refusals(&federation.fabrikam, "token-issued")?.len() == 1);

    // Whoever is signed in at Contoso goes round without a page, and a party may want a new sign-in of it.
    let page = federation.at_fabrikam(&mut browser, (&[], &federation.asks()))?;
    ensure!(
        federation
            .brings(&mut browser, &page)?
            .body
            .contains("wresult")
    );
    let fresh = format!("{}&wfresh=0", federation.asks());
    let fresh = federation.at_fabrikam(&mut browser, (&[], &fresh))?;
    ensure!(fresh.body.contains("name=\"UserName\""), "{}", fresh.body);
    for demo in [&federation.contoso, &federation.fabrikam] {
        ensure!(demo.wicketgate(&["audit", "verify"])?.status.success());
    }
    Ok(())
}

#[test]
fn who_signs_out_at_fabrikam_is_taken_on_to_contoso_and_signs_in_again_afterwards()
-> anyhow::Result<()> {
    let federation = Federation::begin()?;
    let mut browser = federation.browser()?;
    let page = federation.as_far_as_contoso(&mut browser)?;
    let answered = federation.brings(&mut browser, &page)?;
    ensure!(answered.body.contains("wresult"), "{}", answered.body);
    let asks = federation.asks();
    let still = federation.at_fabrikam(&mut browser, (&[], &asks))?;
    ensure!(still.body.contains("wresult"), "{}", still.body);

    let out = "/adfs/ls/?wa=wsignout1.0";
    let there = format!("{}?wa=wsignout1.0", federation.contoso.url("sts"));
    let page = federation.at_fabrikam(&mut browser, (&[], out))?;
    let told = "/PassiveAuth/PassiveAuth.aspx?wa=wsignoutcleanup1.0\"";
    for part in [told, &format!("<a href=\"{there}\">Contoso STS</a>")] {
        ensure!(page.body.contains(part), "{part}: {}", page.body);
    }
    // Contoso tells Fabrikam as one of its parties, and ends its own session.
    let page = browser.open(out)?;
    let fabrikam = federation.fabrikam.url("sts");
    let told = format!("<img src=\"{fabrikam}?wa=wsignoutcleanup1.0\"");
    ensure!(page.body.contains(&told), "{}", page.body);
    ensure!(refusals(&federation.contoso, "signed-out")?.len() == 1);
    let anew = federation.at_fabrikam(&mut browser, (&[], &asks))?;
    ensure!(anew.body.contains("name=\"UserName\""), "{}", anew.body);

    // What Contoso's page shows may stand in a frame of Contoso, and of nobody else.
    let cleanup = "/adfs/ls/?wa=wsignoutcleanup1.0";
    let page = federation.at_fabrikam(&mut browser, (&[], cleanup))?;
    let contoso = Federation::origin(&federation.contoso);
    let frames = format!("frame-ancestors {contoso}");
    ensure!(page.heads.contains(&frames), "{}", page.heads);
    Ok(())
}

#[test]
fn s75_a_new_signing_key_is_believed_once_the_trust_knows_it() -> anyhow::Result<()> {
    let federation = Federation::begin()?;
    let signing = |federation: &Federation| -> anyhow::Result<(PathBuf, usize)> {
        let file = federation.metadata_of(&federation.contoso)?;
        let text = std::fs::read_to_string(&file)?;
        // Each role of SAML and WS-Federation names them again.
        let (of_federation, _) = text.split_once("<IDPSSODescriptor").context("its role")?;
        let keys = of_federation
            .matches("<KeyDescriptor use=\"signing\">")
            .count();
        Ok((file, keys))
    };
    let contoso = &federation.contoso;
    contoso.wicketgate_json(&["key", "roll"])?;
    until("contoso does not show its next key", || {
        Ok(signing(&federation)?.1 == 2)
    })?;
    // The old key signs what says which one is next.
    let both = contoso.folder().join("both-keys.xml");
    std::fs::copy(signing(&federation)?.0, &both)?;
    contoso.wicketgate_json(&["key", "promote", "--early"])?;
    until("contoso does not sign by its next key", || {
        Ok(signing(&federation)?.1 == 1)
    })?;
    let mut browser = federation.browser()?;
    let page = federation.as_far_as_contoso(&mut browser)?;
    let refused = federation.brings(&mut browser, &page)?;
    ensure!(refused.status == 403, "{}", refused.body);
    ensure!(refusals(&federation.fabrikam, "came-from-provider")?.is_empty());

    let both = both.display().to_string();
    let refreshing = ["trust", "refresh", "Contoso STS", "--metadata", &both];
    federation.fabrikam.wicketgate_json(&refreshing)?;
    let browser = RefCell::new(browser);
    until("fabrikam does not believe the new key", || {
        let mut browser = browser.borrow_mut();
        let page = federation.at_fabrikam(&mut browser, (&[], &federation.asks()))?;
        // Who comes back more than five times in twenty seconds is going round in circles, as Contoso sees it.
        if !page.body.contains("wresult") {
            return Ok(false);
        }
        let answered = federation.brings(&mut browser, &page)?;
        Ok(answered.status == 200 && answered.body.contains("wresult"))
    })?;
    let refused = refusals(&federation.contoso, "token-refused")?;
    ensure!(
        refused.iter().all(|it| it["reason"] == "loop"),
        "{refused:?}"
    );
    what_is_not_to_be_believed_is_refused(&federation, &both)
}

/// What `trust refresh` does with documents of the provider that are not its last one: whoever has an old one may show it.
fn what_is_not_to_be_believed_is_refused(
    federation: &Federation,
    both: &str,
) -> anyhow::Result<()> {
    let fabrikam = &federation.fabrikam;
    let refreshing = ["trust", "refresh", "Contoso STS", "--metadata"];
    let believed = || -> anyhow::Result<usize> {
        let shown = fabrikam.wicketgate_json(&["trust", "show", "Contoso STS"])?;
        let provider = &shown.first().context("a trust")?["claims_provider"][0];
        let certificates = provider["token_signing_certificates"].as_array();
        Ok(certificates.context("certificates")?.len())
    };
    let file = federation.metadata_of(&federation.contoso)?;
    let now = file.display().to_string();
    fabrikam.wicketgate_json(&[&refreshing[..], &[&now]].concat())?;
    ensure!(believed()? == 1);

    let text = std::fs::read_to_string(&file)?;
    let (before, rest) = text.split_once("<Signature ").context("signed")?;
    let (_, after) = rest.split_once("</Signature>").context("signed")?;
    let unsigned = federation.contoso.folder().join("unsigned.xml");
    std::fs::write(&unsigned, format!("{before}{after}"))?;
    let unsigned = unsigned.display().to_string();
    let old_key = federation.contoso.folder().join("contoso-signing.pem");
    let old_key = old_key.display().to_string();
    let signed_unsigned = [&*unsigned, "--signed-by", &old_key];
    for (arguments, says) in [
        (&[&*unsigned][..], "`--unsigned` takes it all the same"),
        (&signed_unsigned, "leave `--signed-by` out"),
        (&[both], "`--signed-by` names the new one"),
    ] {
        let refused = fabrikam.wicketgate(&[&refreshing[..], arguments].concat())?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(refused.status.code() == Some(1), "{arguments:?}: {said}");
        ensure!(said.contains(says), "{arguments:?}: {said}");
        ensure!(believed()? == 1, "{arguments:?}");
    }
    let checked = "signing_certificate_revocation_check=CheckChain";
    let set = fabrikam.wicketgate(&["trust", "set", "Contoso STS", checked])?;
    let said = String::from_utf8_lossy(&set.stderr).into_owned();
    ensure!(
        set.status.success() && said.contains("no revocation list is asked"),
        "{said}"
    );
    Ok(())
}

#[test]
fn whoever_may_come_from_two_places_is_asked_once_and_remembered() -> anyhow::Result<()> {
    let federation = Federation::begin()?;
    federation.set(&federation.party(), &["claims_provider_names="])?;
    until("fabrikam does not ask", || {
        let page = federation.asked_by_a_stranger()?;
        Ok(page.body.contains("Where do you belong?"))
    })?;
    let mut browser = federation.browser()?;
    let page = federation.at_fabrikam(&mut browser, (&[], &federation.asks()))?;
    // In another language it is the same page, and what is chosen on it leads to the same place.
    let page = federation.in_the_other_language(&mut browser, &page)?;
    ensure!(page.body.contains("Var hör du hemma?"), "{}", page.body);
    let links = page.body.split("<a href=\"").skip(1);
    let mut links = links.filter_map(|it| it.split_once('"'));
    let contoso = links.find(|(_, rest)| rest.starts_with(">Contoso STS</a>"));
    let (path, _) = contoso.with_context(|| page.body.clone())?;
    let path = path.replace("&#38;", "&");
    let there = federation.at_fabrikam(&mut browser, (&[], &path))?;
    ensure!(there.body.contains("name=\"UserName\""), "{}", there.body);
    let code = federation.app.borrow_mut().code()?;
    let anna = federation.contoso.person(0);
    let page = signs_in(&browser, &there, [&anna.upn, SECRET, &code])?;
    let answered = federation.brings(&mut browser, &page)?;
    ensure!(field(&answered, "wctx")? == "rm=0&id=passive");
    ensure!(answered.body.contains("wresult"), "{}", answered.body);
    let mut browser = federation.browser()?;
    federation.at_fabrikam(&mut browser, (&[], &path))?;
    let again = federation.at_fabrikam(&mut browser, (&[], &federation.asks()))?;
    let is_there = again.heads.contains("sts.contoso.localhost");
    ensure!(
        is_there && !again.body.contains("Where do you belong?"),
        "{}",
        again.body
    );
    let mut swedish = federation.browser()?;
    let more = ["-H", "Accept-Language: sv"];
    let page = federation.at_fabrikam(&mut swedish, (&more, &federation.asks()))?;
    ensure!(page.body.contains("Var hör du hemma?"), "{}", page.body);
    Ok(())
}

#[test]
fn a_real_browser_goes_all_the_way_by_itself() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        let reason = "chromium and its driver are not unpacked";
        return skip::skip("a real browser goes from one service to the other", reason);
    }
    let federation = Federation::begin()?;
    let chromium = Chromium::start()?;
    let fabrikam = Federation::origin(&federation.fabrikam);
    chromium.open(&format!("{fabrikam}{}", federation.asks()))?;
    // Whoever chooses the language in the middle goes on where they were.
    chromium.shown("html[lang='en'] #user-name")?;
    chromium.press("footer button[lang='sv']")?;
    chromium.shown("html[lang='sv'] #user-name")?;
    let code = federation.app.borrow_mut().code()?;
    let anna = federation.contoso.person(0);
    for (field, typed) in [
        ("#user-name", anna.upn.as_str()),
        ("#password", SECRET),
        ("#code", &code),
    ] {
        chromium.type_into(field, &format!("{typed}\n"))?;
    }
    let mex = federation.fabrikam.url("mex");
    let web = mex.replace("/WebTicket/WebTicketService.svc/mex", "");
    let there = format!("{web}/PassiveAuth/PassiveAuth.aspx");
    until("the browser does not come to the party", || {
        let address = chromium.run("return location.href")?;
        Ok(address.as_str() == Some(&there))
    })?;
    ensure!(refusals(&federation.fabrikam, "token-issued")?.len() == 1);

    // Contoso's page tells Fabrikam in an image, with which a browser sends no cookie of Fabrikam's, and takes none away.
    let contoso = Federation::origin(&federation.contoso);
    chromium.open(&format!("{contoso}/adfs/ls/?wa=wsignout1.0"))?;
    let images = chromium.run("return Array.from(document.images, it => it.src).join()")?;
    let told = format!("{fabrikam}/adfs/ls/?wa=wsignoutcleanup1.0");
    ensure!(images.as_str() == Some(&told), "{images}");
    chromium.open(&format!("{fabrikam}/adfs/ls/?wa=wsignout1.0"))?;
    let page = chromium.page()?;
    ensure!(page.contains("Contoso STS"), "{page}");
    Ok(())
}
