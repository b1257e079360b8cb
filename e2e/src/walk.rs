//! Somebody walks through every page that the program shows, in Chromium, and whoever goes along looks at each: an invitation,
//! the portal with what is in it, a sign-in for a party, and what is said where something is wrong.
//!
//! A page says in its source which template it is of, and [`Walk::through`] gives those that were seen: whoever adds one and
//! does not lead the walk there is told. Start at [`Walk::through`].

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::browser::{App, SECRET};
use crate::carrier::Carrier;
use crate::demo::{Demo, Person, root};
use crate::held_store::HeldStore;
use crate::keytab;
use crate::pictures;
use crate::serve::Serve;
use crate::until::until;
use crate::webdriver::Chromium;

/// A policy that takes a code that is sent, too.
const SENT: [&str; 2] = [
    "  \"memorised-secret + one-time-code\",\n",
    "  \"memorised-secret + one-time-code\",\n  \"memorised-secret + sent-code\",\n",
];

/// What she chooses once somebody else knows the first one.
const NEW_SECRET: &str = "fem kor på månen";

/// The language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Swedish.
    Swedish,
}

impl Language {
    /// As HTML names it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Swedish => "sv",
        }
    }
}

/// What somebody walks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hands {
    /// Whatever presses and types.
    Any,
    /// A keyboard, and nothing else.
    Keyboard,
}

impl Hands {
    /// A browser that comes to a gate.
    fn led_to(self, gate: SocketAddr) -> anyhow::Result<Chromium> {
        let chromium = Chromium::led_to(gate)?;
        Ok(match self {
            Self::Any => chromium,
            Self::Keyboard => chromium.by_keyboard(),
        })
    }
}

/// A walk under way.
#[derive(Debug)]
pub struct Walk<L> {
    demo: Demo,
    _gate: Serve,
    chromium: Chromium,
    hands: Hands,
    language: Language,
    look: L,
    seen: BTreeSet<String>,
    named: BTreeSet<String>,
    _carrier: Carrier,
}

/// The templates of all pages that there are.
///
/// # Errors
///
/// They cannot be listed.
pub fn templates() -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("crates/web/templates"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|it| it.to_str());
        names.insert(name.context("a template without a name")?.to_owned());
    }
    // What all others stand in is no page, nor is a form that stands on two of them.
    ensure!(names.remove("base"), "there is no base of all pages");
    ensure!(names.remove("change_secret"), "there is no such form");
    Ok(names)
}

impl<L: FnMut(&Chromium, &str) -> anyhow::Result<()>> Walk<L> {
    /// Walks through all pages in a language, has each looked at, by a name, and gives the templates that were seen.
    ///
    /// # Errors
    ///
    /// A page does not come, or whoever looks fails.
    pub fn through(language: Language, look: L) -> anyhow::Result<BTreeSet<String>> {
        Self::walked(Hands::Any, language, look)
    }

    /// The same by Tab, Enter and Space alone.
    ///
    /// # Errors
    ///
    /// As [`Walk::through`], or there is no way by keyboard.
    pub fn by_keyboard(language: Language, look: L) -> anyhow::Result<BTreeSet<String>> {
        Self::walked(Hands::Keyboard, language, look)
    }

    fn walked(hands: Hands, language: Language, look: L) -> anyhow::Result<BTreeSet<String>> {
        let demo = Demo::start()?;
        let carrier = Carrier::of_sms(202, None)?;
        let sms = format!(
            "\n[[sms]]\nname = \"stub\"\nurl = \"http://{}/send?to={{number}}&text={{text}}\"\n",
            carrier.address
        );
        let gate = Serve::start(&demo, |config| config.replace(SENT[0], SENT[1]) + &sms)?;
        let chromium = hands.led_to(gate.address)?;
        chromium.command("Network.enable", &json!({}))?;
        // The page that takes a token to its party would be gone before anybody looked.
        let blocked = json!({ "urls": ["*/post.js"] });
        chromium.command("Network.setBlockedURLs", &blocked)?;
        let mut walk = Self {
            demo,
            _gate: gate,
            chromium,
            hands,
            language,
            look,
            seen: BTreeSet::new(),
            named: BTreeSet::new(),
            _carrier: carrier,
        };
        let anna = walk.demo.person(0);
        walk.signs_in_wrong(&anna)?;
        let mut app = walk.follows_an_invitation(&anna)?;
        walk.looks_after_what_is_hers()?;
        walk.disowns_a_sign_in(&anna, &mut app)?;
        walk.comes_for_a_party(&anna, &mut app)?;
        walk.finds_nobody_there(&anna)?;
        let named: BTreeSet<&str> = walk.named.iter().map(String::as_str).collect();
        ensure!(
            named == pictures::names(),
            "not all were looked at: {named:?}"
        );
        Ok(walk.seen)
    }

    fn signs_in_wrong(&mut self, person: &Person) -> anyhow::Result<()> {
        self.open("portal", "sign-in?again=1")?;
        self.speaks()?;
        self.open("portal", "sign-in?again=1")?;
        self.see("account", "#user-name")?;
        self.types("#user-name", &person.upn)?;
        self.see("secret", "#password")?;
        self.types("#password", "not her secret")?;
        self.see("code", "form[action='/sign-in/send']")?;
        self.presses("form[action='/sign-in/send'] button")?;
        self.see("code-sent", ".done")?;
        self.types("#code", "000000")?;
        self.see("account-refused", ".wrong[role='alert']")?;
        self.open("portal", "invitation?invitation=none")?;
        self.see("invitation-gone", "body[data-page='sentence']")
    }

    fn follows_an_invitation(&mut self, person: &Person) -> anyhow::Result<App> {
        let number = ["user", "phone", &person.upn, "+46701234567"];
        self.demo.wicketgate_json(&number)?;
        let invited = self
            .demo
            .wicketgate_json(&["user", "invite", &person.upn])?;
        let link = invited.first().and_then(|it| it.get("link"));
        self.chromium
            .open(link.and_then(Value::as_str).context("a link")?)?;
        self.see("invitation", "body[data-page='invitation']")?;
        self.presses("main button")?;
        self.see("choose", "#again")?;
        self.chromium.type_into("#password", "short")?;
        self.types("#again", "short")?;
        self.see("choose-too-short", ".wrong[role='alert']")?;
        self.chromium.type_into("#password", SECRET)?;
        self.types("#again", SECRET)?;
        self.see("connect", "code.key")?;
        self.types("#code", "000000")?;
        self.see("connect-wrong", ".wrong[role='alert']")?;
        let mut app = self.app()?;
        let code = app.code()?;
        self.types("#code", &code)?;
        self.see("portal-empty", "#devices")?;
        Ok(app)
    }

    fn looks_after_what_is_hers(&mut self) -> anyhow::Result<()> {
        self.chromium.authenticator(true)?;
        self.types("#label", "Pixel 9")?;
        self.see("made", "#app-password")?;
        self.open("portal", "")?;
        self.presses("form[action='/recovery-codes'] button")?;
        self.see("recovery", "ol code.key")?;
        self.open("portal", "")?;
        self.types("#passkey-label", "Grey key")?;
        self.see("portal-passkey", ".done")?;
        self.types("#token-label", "Tablet")?;
        self.see("connect-another", "code.key")?;
        self.types("#code", "000000")?;
        self.see("connect-another-wrong", ".wrong[role='alert']")?;
        let code = self.app()?.code()?;
        self.types("#code", &code)?;
        self.see("portal", ".done")?;
        for field in ["#old", "#new", "#again"] {
            self.chromium.type_into(field, "another secret of hers")?;
        }
        self.presses("form[action='/secret'] button")?;
        self.see("portal-wrong", ".wrong[role='alert']")?;
        self.open("portal", "nothing")?;
        self.see("not-found", "body[data-page='sentence']")?;
        self.open("portal", "")?;
        self.chromium.run(
            "const form = document.querySelector(\"form[action='/sign-out']\");\
             form.elements.form.value = 'of another page'; form.submit();",
        )?;
        self.see("not-sent-here", "body[data-page='sentence']")
    }

    /// She says of her first sign-in that it was somebody else, and chooses another secret on the page that follows.
    fn disowns_a_sign_in(&mut self, person: &Person, app: &mut App) -> anyhow::Result<()> {
        self.open("portal", "")?;
        self.presses("form[action='/not-me'] button")?;
        self.see("not-me", "#done")?;
        for (field, typed) in [("#old", SECRET), ("#new", NEW_SECRET)] {
            self.chromium.type_into(field, typed)?;
        }
        self.types("#again", NEW_SECRET)?;
        self.see("account-changed", ".done")?;
        let code = app.code()?;
        for (field, typed) in [
            ("#user-name", person.upn.as_str()),
            ("#password", NEW_SECRET),
            ("#code", &code),
        ] {
            self.types(field, typed)?;
        }
        self.chromium.shown("#devices")?;
        self.presses("form[action='/sign-out'] button")?;
        self.see("account-signed-out", ".done")
    }

    fn comes_for_a_party(&mut self, person: &Person, app: &mut App) -> anyhow::Result<()> {
        let mex = self.demo.url("mex");
        let web = mex.replace("/WebTicket/WebTicketService.svc/mex", "");
        let realm = format!("{web}/passiveauth");
        let realm = realm.replace(':', "%3A").replace('/', "%2F");
        let asks = format!("adfs/ls/?wa=wsignin1.0&wtrealm={realm}&wctx=1");
        self.open("sts", "")?;
        self.speaks()?;
        self.open("sts", "")?;
        self.see("begin-at-party", "body[data-page='sentence']")?;
        self.open("sts", &asks)?;
        self.see("account-for-a-party", "#user-name")?;
        let code = app.code()?;
        for (field, typed) in [
            ("#user-name", person.upn.as_str()),
            ("#password", NEW_SECRET),
            ("#code", &code),
        ] {
            self.types(field, typed)?;
        }
        self.see("post", "#answer")?;
        until("nobody goes round in a circle", || {
            self.open("sts", &asks)?;
            let page = self.chromium.run("return document.body.dataset.page")?;
            Ok(page.as_str() == Some("went_round"))
        })?;
        self.see("went-round", "#activity")?;
        self.open("sts", "")?;
        self.see("at-party", "body[data-page='sentence']")?;
        self.open("sts", "adfs/ls/?wa=wsignin1.0&wtrealm=urn:unknown")?;
        self.see("no-token", "#activity")?;
        self.open(
            "sts",
            &format!("{asks}&wreply=https%3A%2F%2Felsewhere.test%2F"),
        )?;
        self.see("no-token-for-a-party", "#activity")?;
        self.open("sts", "adfs/ls/?wa=wsignout1.0")?;
        self.see("signed-out", "body[data-page='signed_out']")?;
        self.open("sts", "adfs/ls/?wa=wsignoutcleanup1.0")?;
        self.see("cleaned-up", "body[data-page='cleaned_up']")?;
        self.chooses_a_provider(&asks)?;
        self.see("home-realm", "body[data-page='home_realm']")
    }

    /// Beside a second claims provider people are asked by which they come.
    fn chooses_a_provider(&self, asks: &str) -> anyhow::Result<()> {
        let pem = std::fs::read_to_string(self.demo.folder().join("gate-rsa.pem"))?;
        let lines = pem
            .lines()
            .skip_while(|line| !line.starts_with("-----BEGIN"));
        let certificate: String = lines
            .skip(1)
            .take_while(|line| !line.starts_with("-----END"))
            .collect();
        let trust = json!({ "version": 1, "claims_provider": [{
            "name": "Fabrikam",
            "identifier": "http://sts.fabrikam.example/adfs/services/trust",
            "wsfed_endpoint": "https://sts.fabrikam.example/adfs/ls/",
            "token_signing_certificates": [certificate],
        }] });
        let file = self.demo.folder().join("fabrikam.json");
        std::fs::write(&file, trust.to_string())?;
        self.demo
            .wicketgate_json(&["trust", "add", &file.display().to_string()])?;
        // A gate reads its trusts every other second.
        until("the second claims provider is not known", || {
            self.open("sts", asks)?;
            let page = self.chromium.run("return document.body.dataset.page")?;
            Ok(page.as_str() == Some("home_realm"))
        })
    }

    fn finds_nobody_there(&mut self, person: &Person) -> anyhow::Result<()> {
        self.open("portal", "sign-in?again=1")?;
        self.chromium.shown("#user-name")?;
        let held = HeldStore::of(&self.demo)?;
        self.types("#user-name", &person.upn)?;
        self.see("unavailable", "body[data-page='sentence']")?;
        held.free()?;
        self.finds_it_shut()?;
        self.comes_to_the_office()
    }

    /// A gate where the policy lets nobody sign in, in a browser of its own: one that is there goes on with its connections.
    fn finds_it_shut(&mut self) -> anyhow::Result<()> {
        let portal = "services = [\"portal\"]";
        let shut = format!("zones = [\"internal\"]\n{portal}");
        let gate = Serve::start(&self.demo, |config| config.replace(portal, &shut))?;
        self.chromium = self.hands.led_to(gate.address)?;
        self.open("portal", "sign-in?again=1")?;
        self.speaks()?;
        self.see("shut", "body[data-page='sentence']")
    }

    /// A gate where this browser is in the office, and says nothing by Kerberos.
    fn comes_to_the_office(&mut self) -> anyhow::Result<()> {
        let url = self.demo.url("portal");
        let host = url.trim_start_matches("https://").split(':').next();
        let host = host.context("a host")?;
        let (_, domain) = host.split_once('.').context("a domain")?;
        let keytab = keytab::of(&[&["gate$"], &["HTTP", host]], &domain.to_uppercase());
        std::fs::write(self.demo.folder().join("office.keytab"), keytab)?;
        let certificate = "certificate = [\n";
        let inside = format!("internal_networks = [\"127.0.0.0/8\"]\n{certificate}");
        let begins = "[portal]\n";
        let office = format!(
            "[kerberos]\naccount = \"gate$\"\nkeytab = \"office.keytab\"\ncontrollers = [\"127.0.0.1\"]\n\
             [smtp]\nserver = \"127.0.0.1:1\"\nfrom = \"portal@contoso.localhost\"\ntls = \"none\"\n\
             {begins}enrolment_by_kerberos = true\n"
        );
        let gate = Serve::start(&self.demo, |config| {
            config
                .replacen(certificate, &inside, 1)
                .replace(begins, &office)
        })?;
        self.chromium = self.hands.led_to(gate.address)?;
        self.open("portal", "sign-in?again=1")?;
        self.speaks()?;
        self.open("portal", "sign-in?again=1")?;
        self.see("account-office", "a[href='/office']")?;
        self.open("portal", "office")?;
        self.see("office", "body[data-page='office']")
    }

    /// Has what is shown looked at, once it is there.
    fn see(&mut self, name: &str, selector: &str) -> anyhow::Result<()> {
        self.chromium.shown(selector).context(name.to_owned())?;
        let said = self
            .chromium
            .run("return [document.body.dataset.page, document.documentElement.lang]")?;
        let said = |number: usize| said.get(number).and_then(Value::as_str);
        let template = said(0).unwrap_or_default();
        ensure!(!template.is_empty(), "{name} is of no template");
        ensure!(said(1) == Some(self.language.tag()), "{name}: the language");
        ensure!(
            pictures::is_listed(name, template),
            "{name} of `{template}` is on no list of pictures"
        );
        self.named.insert(name.to_owned());
        self.seen.insert(template.to_owned());
        (self.look)(&self.chromium, name).context(name.to_owned())
    }

    /// Chooses the language on the page that is shown.
    fn speaks(&self) -> anyhow::Result<()> {
        let tag = self.language.tag();
        let chooses = format!("footer button[lang='{tag}']");
        let spoken = self.chromium.run("return document.documentElement.lang")?;
        if spoken.as_str() != Some(tag) {
            self.chromium.press(&chooses)?;
            self.chromium.shown(&format!("html[lang='{tag}'] main"))?;
        }
        Ok(())
    }

    fn open(&self, host: &str, path: &str) -> anyhow::Result<()> {
        let url = self.demo.url(host);
        let url = url.trim_end_matches("adfs/ls/");
        self.chromium.open(&format!("{url}{path}"))
    }

    fn types(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        self.chromium.type_into(selector, &format!("{text}\n"))
    }

    fn presses(&self, selector: &str) -> anyhow::Result<()> {
        self.chromium.press(selector)
    }

    fn app(&self) -> anyhow::Result<App> {
        let key = self
            .chromium
            .run("return document.querySelector('code.key').textContent")?;
        App::of_key(key.as_str().context("a key")?)
    }
}
