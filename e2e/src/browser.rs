//! curl as the browser of somebody who signs in by pages: cookies and forms, no script; and the app that shows codes.

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::Context;
use proto::otp::{Algorithm, Digits, Generator, Period, Seed, base32};
use serde_json::Value;

use crate::client::{Curl, Got};
use crate::demo::{Demo, Person};

/// The secret that people choose.
pub const SECRET: &str = "fyra hästar i hagen";

/// curl with its cookies, on the portal.
#[derive(Debug)]
pub struct Browser<'a> {
    demo: &'a Demo,
    jar: tempfile::NamedTempFile,
    /// Where the portal is.
    pub origin: String,
    gates: Vec<SocketAddr>,
    asked: Cell<usize>,
}

impl<'a> Browser<'a> {
    /// One that was never there before.
    ///
    /// # Errors
    ///
    /// There is no place for its cookies.
    pub fn new(demo: &'a Demo) -> anyhow::Result<Self> {
        let origin = demo.url("portal").trim_end_matches('/').to_owned();
        let jar = tempfile::NamedTempFile::new()?;
        Ok(Self {
            demo,
            jar,
            origin,
            gates: Vec::new(),
            asked: Cell::new(0),
        })
    }

    /// One that asks these gates in turn, as a balancer leads it that knows of no sessions.
    ///
    /// # Errors
    ///
    /// As [`Browser::new`].
    pub fn in_turn(demo: &'a Demo, gates: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let browser = Self::new(demo)?;
        Ok(Self { gates, ..browser })
    }

    /// Asks for a page.
    ///
    /// # Errors
    ///
    /// Nobody answers.
    pub fn curl(&self, arguments: &[&str], path: &str) -> anyhow::Result<Got> {
        let jar = self.jar.path().display().to_string();
        let cookies = ["--cookie", &jar, "--cookie-jar", &jar, "--location"];
        let asked = self.asked.replace(self.asked.get().wrapping_add(1));
        let gate = self.gates.iter().cycle().nth(asked);
        let gate = gate.map(|gate| format!("::{gate}"));
        let to: &[&str] = match &gate {
            Some(gate) => &["--connect-to", gate],
            None => &[],
        };
        let curl = Curl::new(self.demo)
            .arguments(&cookies)
            .arguments(to)
            .arguments(arguments);
        curl.get(&format!("{}{path}", self.origin))
    }

    /// The values of its cookies, as curl keeps them.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn cookies(&self) -> anyhow::Result<Vec<String>> {
        let jar = std::fs::read_to_string(self.jar.path())?;
        let lines = jar.lines().filter(|line| line.contains("__Host-"));
        let values = lines.filter_map(|line| line.rsplit('\t').next());
        let long = values.filter(|value| value.len() >= 20);
        Ok(long.map(str::to_owned).collect())
    }

    /// Opens a page.
    ///
    /// # Errors
    ///
    /// Nobody answers.
    pub fn open(&self, path: &str) -> anyhow::Result<Got> {
        self.curl(&[], path)
    }

    /// Sends the form of a page, as a browser does from it.
    ///
    /// # Errors
    ///
    /// There is none on that page, or nobody answers.
    pub fn send(&self, page: &Got, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Got> {
        let token = hidden(page, "form").context("a form")?;
        let form = [("form", token.as_str())];
        let fields = form
            .iter()
            .chain(fields)
            .map(|(name, value)| format!("{name}={value}"));
        let origin = format!("Origin: {}", self.origin);
        let mut arguments = vec!["-H".to_owned(), origin];
        for field in fields {
            arguments.extend(["--data-urlencode".to_owned(), field]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.curl(&arguments, path)
    }

    /// Presses the button for the other language on a page.
    ///
    /// # Errors
    ///
    /// There is none on that page, or nobody answers.
    pub fn speaks(&self, page: &Got, more: &[&str]) -> anyhow::Result<Got> {
        let mut arguments = vec!["-H".to_owned(), format!("Origin: {}", self.origin)];
        for name in ["form", "language", "back"] {
            let value = format!("{name}={}", field(page, name)?);
            arguments.extend(["--data-urlencode".to_owned(), value]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.curl(&[&arguments, more].concat(), "/language")
    }

    /// Signs in, up to the page that answers the code.
    ///
    /// # Errors
    ///
    /// It is asked for something else than a name, a secret and a code.
    pub fn signs_in(&self, name: &str, secret: &str, code: &str) -> anyhow::Result<Got> {
        let account = self.open("/sign-in?again=1")?;
        let asks = self.send(&account, "/sign-in", &[("UserName", name)])?;
        anyhow::ensure!(asks.body.contains("name=\"Password\""), "{}", asks.body);
        let asks = self.send(&asks, "/sign-in", &[("Password", secret)])?;
        anyhow::ensure!(asks.body.contains("name=\"Code\""), "{}", asks.body);
        self.send(&asks, "/sign-in", &[("Code", code)])
    }
}

/// Somebody follows an invitation up to the portal: a secret is chosen and an app is connected.
///
/// # Errors
///
/// One of the pages is another than that.
pub fn enrolled<'a>(demo: &'a Demo, person: &Person) -> anyhow::Result<(Browser<'a>, App, Got)> {
    let invited = demo.wicketgate_json(&["user", "invite", &person.upn])?;
    let invited = invited.first().and_then(|it| it.get("link"));
    let link = invited.and_then(Value::as_str).context("a link")?;
    let browser = Browser::new(demo)?;
    let path = link.strip_prefix(&browser.origin);
    let welcome = browser.open(path.context("to the portal")?)?;
    let invitation = hidden(&welcome, "invitation").context("an invitation")?;
    let choose = browser.send(&welcome, "/invitation", &[("invitation", &invitation)])?;
    let both = [("Password", SECRET), ("Again", SECRET)];
    let connect = browser.send(&choose, "/sign-in", &both)?;
    let mut app = App::of(&connect)?;
    let portal = browser.send(&connect, "/sign-in", &[("Code", &app.code()?)])?;
    Ok((browser, app, portal))
}

/// What stands in a hidden field, as a browser sends it.
///
/// # Errors
///
/// There is none on that page.
pub fn field(page: &Got, name: &str) -> anyhow::Result<String> {
    let mut text = hidden(page, name).with_context(|| page.body.clone())?;
    for (escaped, plain) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ] {
        text = text.replace(escaped, plain);
    }
    Ok(text)
}

/// The value of a hidden field, as the page writes it.
#[must_use]
pub fn hidden(page: &Got, name: &str) -> Option<String> {
    let (_, rest) = page.body.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next().map(str::to_owned)
}

/// The text of an element that begins with some HTML.
///
/// # Errors
///
/// There is none on that page.
pub fn text<'p>(page: &'p Got, begins: &str) -> anyhow::Result<&'p str> {
    let (_, rest) = page
        .body
        .split_once(begins)
        .with_context(|| page.body.clone())?;
    Ok(rest.split('<').next().unwrap_or_default())
}

/// The second since 1970.
///
/// # Errors
///
/// Nobody says what time it is.
pub fn second() -> anyhow::Result<i64> {
    let date = Command::new("date").arg("+%s").output()?;
    Ok(String::from_utf8(date.stdout)?.trim().parse()?)
}

/// A seed as a page shows it, and the codes that it makes: each once, as the gate takes it.
#[derive(Debug)]
pub struct App {
    seed: Seed,
    shown: u64,
}

impl App {
    /// The app that takes the key of a page.
    ///
    /// # Errors
    ///
    /// The page has none.
    pub fn of(page: &Got) -> anyhow::Result<Self> {
        Self::of_key(text(page, "<code class=\"key\">")?)
    }

    /// The app that a key is typed into, with its blanks.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn of_key(key: &str) -> anyhow::Result<Self> {
        let seed = base32::decode(&key.replace(' ', "")).context("a key")?;
        let seed = Seed::of(seed.to_vec())?;
        Ok(Self { seed, shown: 0 })
    }

    /// What it computes codes from.
    #[must_use]
    pub fn seed(&self) -> &[u8] {
        self.seed.as_bytes()
    }

    /// The next code that was not shown, at most one step ahead of the clock.
    ///
    /// # Errors
    ///
    /// More than three are asked for at a time.
    pub fn code(&mut self) -> anyhow::Result<String> {
        let now = Period::HALF_A_MINUTE.step(second()?);
        // A clock may be a step off, so that three are good at a time.
        let next = self.shown.saturating_add(1).max(now.saturating_sub(1));
        anyhow::ensure!(
            next <= now + 1,
            "no story takes more than three codes at a time"
        );
        self.shown = next;
        let generator = Generator::new(&self.seed, Algorithm::Sha1, Digits::SIX);
        Ok(generator.code(next).shown().expose().clone())
    }
}
