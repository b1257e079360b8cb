//! The articles' other journey (S79), through the gate: the pool trusts an AD FS, whose claims provider is our token service. In
//! the AD FS's place stands Fabrikam's token service, with the rules that an administrator gives to an AD FS; whom it signs in
//! by itself comes to the pool no further than the gate (decision 0026).

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use e2e::browser::{App, Browser, SECRET, enrolled, field, hidden};
use e2e::client::{Curl, Got};
use e2e::demo::{Demo, Person};
use e2e::messages::compact_in;
use e2e::skip;
use e2e::ticket::bearer;
use e2e::until::until;
use e2e::webdriver::Chromium;

use crate::a_browser_signs_in_for_a_party::signs_in;

const PAGE: &str = "/PassiveAuth/PassiveAuth.aspx";
const GRANT: &str = "grant_type=urn:microsoft.rtc:passive";
const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
/// What stands in the AD FS's place calls the pool so.
const POOL: &str = "Lync-Ext";
/// What the AD FS believes of us, as the guide has it.
const ACCEPTED: &str = r#"@RuleTemplate = "PassThroughClaims"
@RuleName = "Pass the SID through"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"]
 => issue(claim = c);

@RuleTemplate = "PassThroughClaims"
@RuleName = "Pass the sign-in through"
c:[Type == "urn:wicketgate:claims/signin"]
 => issue(claim = c);
"#;
const PERMIT: &str = "=> issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");";

/// A gate with a passive pool, and the AD FS that the pool trusts.
struct Journey {
    adfs: Demo,
    gate: Demo,
    /// The authorities of both.
    authorities: PathBuf,
    app: RefCell<App>,
}

impl Journey {
    fn begin() -> anyhow::Result<Self> {
        let adfs = Demo::start_with(&["--domain", "fabrikam.localhost"])?;
        let place = format!("sts.fabrikam.localhost:{}", adfs.address().port());
        let authority = adfs.text("/ca");
        let with = [
            "--passive",
            "--adfs",
            &place,
            "--adfs-authorities",
            &authority,
        ];
        let gate = Demo::start_with(&with)?;
        let authorities = gate.folder().join("both.pem");
        let both = [&adfs, &gate].map(|demo| std::fs::read_to_string(demo.text("/ca")));
        let [one, other] = both;
        std::fs::write(&authorities, format!("{}{}", one?, other?))?;
        let mut app = App::of_key(&gate.text("/users/1/totp_secret"))?;
        // The code that connected it.
        app.code()?;
        let journey = Self {
            adfs,
            gate,
            authorities,
            app: RefCell::new(app),
        };
        journey.the_adfs_trusts()?;
        let of_adfs = journey.metadata_of(&journey.adfs)?;
        let party = ["--name", "AD FS", "--preset", "adfs"];
        journey
            .gate
            .wicketgate_json(&[&["trust", "add", "--metadata", &of_adfs], &party[..]].concat())?;
        // A gate reads its trusts every other second.
        until("nobody is sent on to us", || {
            let page = journey.at_pool(&mut journey.browser()?, &[], PAGE)?;
            Ok(page.body.contains("name=\"UserName\"") && !page.body.contains("HomeRealm"))
        })?;
        Ok(journey)
    }

    /// The two trusts of the AD FS: us, and the pool, whose people are ours alone.
    fn the_adfs_trusts(&self) -> anyhow::Result<()> {
        let ours = self.metadata_of(&self.gate)?;
        let provider = ["--name", "Wicketgate", "--kind", "claims-provider"];
        self.adfs
            .wicketgate_json(&[&["trust", "add", "--metadata", &ours], &provider[..]].concat())?;
        let rules = self.adfs.folder().join("accepted.txt");
        std::fs::write(&rules, ACCEPTED)?;
        let rules = format!("acceptance_transform_rules=@{}", rules.display());
        self.adfs
            .wicketgate_json(&["trust", "set", "Wicketgate", &rules, "supports_mfa=true"])?;
        let file = self.adfs.folder().join("pool.toml");
        let text = format!(
            "version = 1\n[[relying_party]]\nname = \"{POOL}\"\nidentifiers = [\"{0}/passiveauth\"]\n\
             wsfed_endpoint = \"{0}{PAGE}\"\nprotocol_profile = \"WsFederation\"\n\
             claims_provider_names = [\"Wicketgate\"]\nissuance_authorization_rules = '{PERMIT}'\n\
             issuance_transform_rules = '''\n{ACCEPTED}'''\n",
            self.pool()
        );
        std::fs::write(&file, text)?;
        let file = file.display().to_string();
        self.adfs.wicketgate_json(&["trust", "add", &file])?;
        Ok(())
    }

    fn metadata_of(&self, demo: &Demo) -> anyhow::Result<String> {
        let beside = self.beside();
        let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
        let got = Curl::new(demo)
            .arguments(&beside)
            .get(&demo.url("metadata"))?;
        ensure!(got.status == 200, "{}", got.body);
        let file = demo.folder().join("its-metadata.xml");
        std::fs::write(&file, got.body)?;
        Ok(file.display().to_string())
    }

    /// Scheme, name and port of the passive pool's web services.
    fn pool(&self) -> String {
        self.gate.passive_pool()
    }

    /// Who is at home in the pool.
    fn ben(&self) -> Person {
        self.gate.person(1)
    }

    fn code(&self) -> anyhow::Result<String> {
        self.app.borrow_mut().code()
    }

    /// A browser that was nowhere before.
    fn browser(&self) -> anyhow::Result<Browser<'_>> {
        Browser::new(&self.gate)
    }

    /// What lets curl find both, and believe them.
    fn beside(&self) -> Vec<String> {
        let place = format!(
            "sts.fabrikam.localhost:{}:127.0.0.1",
            self.adfs.address().port()
        );
        let authorities = self.authorities.display().to_string();
        ["--cacert", &authorities, "--resolve", &place]
            .map(str::to_owned)
            .into()
    }

    /// Asks something of whom a browser is with; it follows where it is led.
    fn asks(&self, browser: &Browser<'_>, more: &[&str], path: &str) -> anyhow::Result<Got> {
        let beside = self.beside();
        let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
        browser.curl(&[&beside, more].concat(), path)
    }

    fn at_pool(&self, browser: &mut Browser<'_>, more: &[&str], path: &str) -> anyhow::Result<Got> {
        browser.origin = self.pool();
        self.asks(browser, more, path)
    }

    /// Sends the form of a token service's page on, as its script does.
    fn brings(
        &self,
        browser: &mut Browser<'_>,
        page: &Got,
        (from, to, path): (&str, &str, &str),
    ) -> anyhow::Result<Got> {
        ensure!(
            page.body.contains(&format!("action=\"{to}{path}\"")),
            "{}",
            page.body
        );
        let mut more = vec!["-H".to_owned(), format!("Origin: {from}")];
        for name in ["wa", "wresult", "wctx"] {
            // A pool may send none.
            let Ok(value) = field(page, name) else {
                continue;
            };
            more.extend(["--data-urlencode".to_owned(), format!("{name}={value}")]);
        }
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        browser.origin = to.to_owned();
        self.asks(browser, &more, path)
    }

    /// From the pool to our page, and back as far as the AD FS's page that holds its token.
    fn as_far_as_the_adfs(
        &self,
        browser: &mut Browser<'_>,
        [secret, code]: [&str; 2],
    ) -> anyhow::Result<Got> {
        let page = self.at_pool(browser, &[], PAGE)?;
        browser.origin = self.gate.sts();
        let page = signs_in(browser, &page, [&self.ben().sip, secret, code])?;
        self.on_to_the_adfs(browser, &page)
    }

    /// Signs in at the AD FS itself.
    fn signs_in_there(
        &self,
        browser: &Browser<'_>,
        mut page: Got,
        typed: [&str; 3],
    ) -> anyhow::Result<Got> {
        for (name, typed) in ["UserName", "Password", "Code"].into_iter().zip(typed) {
            ensure!(
                page.body.contains(&format!("name=\"{name}\"")),
                "{}",
                page.body
            );
            let form = format!("form={}", hidden(&page, "form").context("a form")?);
            let typed = format!("{name}={typed}");
            let origin = format!("Origin: {}", browser.origin);
            let sent = [
                "-H",
                &origin,
                "--data-urlencode",
                &form,
                "--data-urlencode",
                &typed,
            ];
            page = self.asks(browser, &sent, "/sign-in")?;
        }
        Ok(page)
    }

    fn on_to_the_adfs(&self, browser: &mut Browser<'_>, page: &Got) -> anyhow::Result<Got> {
        let [ours, theirs] = [&self.gate, &self.adfs].map(Demo::sts);
        self.brings(browser, page, (&ours, &theirs, "/adfs/ls/"))
    }

    fn on_to_the_pool(&self, browser: &mut Browser<'_>, page: &Got) -> anyhow::Result<Got> {
        let theirs = self.adfs.sts();
        self.brings(browser, page, (&theirs, &self.pool(), PAGE))
    }

    fn asks_for_ticket(&self, browser: &mut Browser<'_>) -> anyhow::Result<Got> {
        self.at_pool(browser, &["--data", GRANT], "/WebTicket/oauthtoken")
    }

    fn ticket(&self, browser: &mut Browser<'_>) -> anyhow::Result<String> {
        let bought = self.asks_for_ticket(browser)?;
        ensure!(bought.status == 200, "{}", bought.body);
        Ok(compact_in(&bought.body).context("a ticket")?.to_owned())
    }

    fn user_link(&self, ticket: &str) -> anyhow::Result<u16> {
        let bearer = bearer(ticket);
        let got = Curl::new(&self.gate).arguments(&["-H", &bearer]);
        Ok(got.get(&(self.pool() + USER))?.status)
    }

    /// Waits until a ticket opens nothing more, and says for how long.
    #[expect(
        clippy::disallowed_methods,
        reason = "a story measures how long a revocation takes"
    )]
    fn ends(&self, ticket: &str) -> anyhow::Result<Duration> {
        let since = Instant::now();
        until("the ticket is still good", || {
            // One that is under way in that moment is cut off.
            Ok(self.user_link(ticket).is_ok_and(|status| status == 401))
        })?;
        Ok(since.elapsed())
    }

    /// What the passive pool saw brought to its page.
    fn brought_to_the_pool(&self) -> anyhow::Result<usize> {
        let requests = self.gate.requests()?;
        let is_brought = |it: &&serde_json::Value| {
            let it = it.to_string().to_ascii_lowercase();
            it.contains("passiveauth.aspx") && it.contains("\"post\"")
        };
        Ok(requests.iter().filter(is_brought).count())
    }
}

#[test]
fn s25_s79_whoever_signed_in_with_us_comes_by_an_ad_fs_to_the_pool() -> anyhow::Result<()> {
    let journey = Journey::begin()?;
    let ben = journey.ben();
    let mut browser = journey.browser()?;

    // The domain password is refused on our page, with a right code behind it.
    let page = journey.at_pool(&mut browser, &[], PAGE)?;
    browser.origin = journey.gate.sts();
    let code = journey.code()?;
    let typed = [ben.sip.as_str(), &ben.domain_password, &code];
    let refused = signs_in(&browser, &page, typed)?;
    ensure!(!refused.body.contains("wresult"), "{}", refused.body);

    let mut browser = journey.browser()?;
    let page = journey.as_far_as_the_adfs(&mut browser, [&ben.app_password, &code])?;
    let taken = journey.on_to_the_pool(&mut browser, &page)?;
    ensure!(taken.status < 400, "{} {}", taken.heads, taken.body);
    let ticket = journey.ticket(&mut browser)?;
    ensure!(journey.user_link(&ticket)? == 200);
    let events = journey.gate.wicketgate_json(&["audit", "list"])?;
    let at_pool = events
        .iter()
        .any(|it| it["event"] == "signed-in" && it["service"] == "lync" && it["channel"] == "page");
    ensure!(at_pool, "{events:?}");

    // What the AD FS issued is good once, whoever brings it.
    let again = journey.on_to_the_pool(&mut journey.browser()?, &page)?;
    ensure!(again.status == 403, "{}", again.body);
    // An app password that is revoked ends what came of it, by way of the AD FS as well.
    let listed = journey
        .gate
        .wicketgate_json(&["app-password", "list", &ben.upn])?;
    let id = listed.first().and_then(|it| it["id"].as_str());
    let off = ["app-password", "revoke", id.context("an app password")?];
    journey.gate.wicketgate_json(&off)?;
    let took = journey.ends(&ticket)?;
    ensure!(took < Duration::from_secs(2), "{took:?}");
    let over = journey.asks_for_ticket(&mut browser)?;
    ensure!(over.status == 400, "{}", over.body);
    for request in journey.gate.requests()? {
        let request = request.to_string();
        ensure!(!request.contains(&ben.domain_password) && !request.contains(&ben.app_password));
    }
    Ok(())
}

#[test]
fn s79_whom_the_ad_fs_signs_in_by_itself_gets_no_further_than_the_gate() -> anyhow::Result<()> {
    let journey = Journey::begin()?;
    let of_its_own = "claims_provider_names=[\"Active Directory\"]";
    journey
        .adfs
        .wicketgate_json(&["trust", "set", POOL, of_its_own])?;
    until("the AD FS signs nobody in by itself", || {
        let page = journey.at_pool(&mut journey.browser()?, &[], PAGE)?;
        let is_asked = page.body.contains("name=\"UserName\"");
        Ok(is_asked && !page.heads.contains("sts.contoso.localhost"))
    })?;
    let theirs = journey.adfs.sts();
    let somebody = journey.adfs.person(0);
    let (_, mut app, _) = enrolled(&journey.adfs, &somebody)?;
    let mut browser = journey.browser()?;
    let page = journey.at_pool(&mut browser, &[], PAGE)?;
    browser.origin.clone_from(&theirs);
    let code = app.code()?;
    let page = journey.signs_in_there(&browser, page, [&somebody.upn, SECRET, &code])?;
    ensure!(page.body.contains("wresult"), "{}", page.body);
    let refused = journey.on_to_the_pool(&mut browser, &page)?;
    ensure!(refused.status == 403, "{}", refused.body);
    ensure!(journey.brought_to_the_pool()? == 0);
    ensure!(journey.asks_for_ticket(&mut browser)?.status == 400);
    Ok(())
}

#[test]
fn s79_what_ends_a_sign_in_ends_what_an_ad_fs_passed_on() -> anyhow::Result<()> {
    let journey = Journey::begin()?;
    let app_password = journey.ben().app_password;
    let mut browser = journey.browser()?;
    let page = journey.as_far_as_the_adfs(&mut browser, [&app_password, &journey.code()?])?;

    // Somebody else's page may not send it, and a token of ours is not the AD FS's.
    let elsewhere = "https://elsewhere.example";
    let other = (elsewhere, &*journey.pool(), PAGE);
    let refused = journey.brings(&mut journey.browser()?, &page, other)?;
    ensure!(refused.status == 403, "{}", refused.body);
    ensure!(journey.brought_to_the_pool()? == 0);

    let taken = journey.on_to_the_pool(&mut browser, &page)?;
    ensure!(taken.status < 400, "{} {}", taken.heads, taken.body);
    let ticket = journey.ticket(&mut browser)?;
    ensure!(journey.user_link(&ticket)? == 200);
    // The next one is on its way when its owner signs out with us.
    let next = journey.at_pool(&mut browser, &["--cookie", "FedAuth="], PAGE)?;
    let next = journey.on_to_the_adfs(&mut browser, &next)?;
    browser.origin = journey.gate.sts();
    let out = journey.asks(&browser, &[], "/adfs/ls/?wa=wsignout1.0")?;
    ensure!(out.status == 200, "{}", out.body);
    let took = journey.ends(&ticket)?;
    ensure!(took < Duration::from_secs(2), "{took:?}");
    let late = journey.on_to_the_pool(&mut browser, &next)?;
    ensure!(late.status == 403, "{}", late.body);
    Ok(())
}

#[test]
fn s70_s79_a_real_browser_goes_by_an_ad_fs_to_the_pool() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        let reason = "chromium and its driver are not unpacked";
        return skip::skip("a real browser comes by an AD FS to a passive pool", reason);
    }
    let journey = Journey::begin()?;
    let ben = journey.ben();
    let chromium = Chromium::start()?;
    chromium.open(&(journey.pool() + PAGE))?;
    let code = journey.code()?;
    for (field, typed) in [
        ("#user-name", ben.upn.as_str()),
        ("#password", &ben.app_password),
        ("#code", &code),
    ] {
        chromium.type_into(field, &format!("{typed}\n"))?;
    }
    until("the browser does not come back to the pool", || {
        let address = chromium.run("return location.href")?;
        Ok(address
            .as_str()
            .unwrap_or_default()
            .starts_with(&journey.pool()))
    })?;
    let events = journey.gate.wicketgate_json(&["audit", "list"])?;
    let at_pool = events
        .iter()
        .any(|it| it["event"] == "signed-in" && it["service"] == "lync" && it["channel"] == "page");
    ensure!(at_pool, "{events:?}");
    let passed_on = journey.adfs.wicketgate_json(&["audit", "list"])?;
    let came = passed_on
        .iter()
        .filter(|it| it["event"] == "came-from-provider");
    ensure!(came.count() == 1, "{passed_on:?}");
    Ok(())
}
