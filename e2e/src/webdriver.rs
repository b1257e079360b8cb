//! Chromium, driven over WebDriver (W3C) by a client of a page of HTTP and JSON, with a virtual authenticator (Web
//! Authentication 11): for what takes a browser's script.
//!
//! The browser is Debian's, of the system or as `cargo xtask test` unpacked it. Start at [`Chromium::start`].

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::demo::root;
use crate::until::until;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What an element is called in WebDriver's JSON (12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// What keeps it from asking anybody but the gate, and from waiting for a person. The gate's certificate is of an
/// authority that no browser knows.
const QUIET: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-proxy-server",
    "--window-size=1200,1600",
];

/// A browser with one window.
#[derive(Debug)]
pub struct Chromium {
    driver: Child,
    port: u16,
    session: String,
    has_keyboard_only: bool,
    _profile: tempfile::TempDir,
}

/// A device in a browser that keeps passkeys.
#[derive(Debug)]
pub struct Authenticator(String);

/// An element of a page.
#[derive(Debug)]
pub struct Element(String);

impl Chromium {
    /// The browser and its driver, where they are.
    #[must_use]
    pub fn programs() -> Option<[PathBuf; 2]> {
        let tops = [PathBuf::from("/"), root().join("target/lab-packages")];
        let programs = tops.map(|top| {
            let browser = top.join("usr/lib/chromium/chromium");
            [browser, top.join("usr/bin/chromedriver")]
        });
        let is_there = |programs: &[PathBuf; 2]| programs.iter().all(|it| it.is_file());
        programs.into_iter().find(is_there)
    }

    /// Starts one that was never anywhere.
    ///
    /// # Errors
    ///
    /// It is not here, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts one that comes to a gate beside a demo, whatever host and port it asks for.
    ///
    /// # Errors
    ///
    /// As [`Chromium::start`].
    pub fn led_to(gate: SocketAddr) -> anyhow::Result<Self> {
        Self::start_with(&[&format!("--host-resolver-rules=MAP * {gate}")])
    }

    /// Starts one that comes to a gate beside a demo where it asks for this host, at whatever port.
    ///
    /// # Errors
    ///
    /// As [`Chromium::start`].
    pub fn led_there(host: &str, gate: SocketAddr) -> anyhow::Result<Self> {
        Self::start_with(&[&format!("--host-resolver-rules=MAP {host} {gate}")])
    }

    fn start_with(more: &[&str]) -> anyhow::Result<Self> {
        let [browser, driver] = Self::programs().context("chromium is not here")?;
        let libraries = root().join("target/lab-packages/usr/lib");
        let libraries = libraries.join(format!("{}-linux-gnu", std::env::consts::ARCH));
        let (libraries, sound) = (libraries.display(), libraries.join("pulseaudio"));
        let libraries = format!("{libraries}:{}", sound.display());
        let profile = tempfile::tempdir()?;
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("LD_LIBRARY_PATH", libraries)
            .env("HOME", profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let said = driver.stdout.take().context("the driver has no output")?;
        let started = BufReader::new(said).lines().find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let mut chromium = Self {
            driver,
            port: started.context("the driver did not start")?,
            session: String::new(),
            has_keyboard_only: false,
            _profile: profile,
        };
        let folder = chromium._profile.path().join("profile");
        let quiet = QUIET.iter().chain(more);
        let mut arguments: Vec<String> = quiet.map(|&it| it.to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", folder.display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "binary": browser, "args": arguments },
        } } });
        let began = chromium.post("/session", &wanted)?;
        let session = began.get("sessionId").and_then(Value::as_str);
        let session = session.context("no session")?;
        chromium.session = format!("/session/{session}");
        Ok(chromium)
    }

    /// The same in the hands of somebody who has a keyboard and nothing else: what is typed and pressed is reached by Tab.
    #[must_use]
    pub fn by_keyboard(mut self) -> Self {
        self.has_keyboard_only = true;
        self
    }

    /// Gives it a device that keeps passkeys, and that does or does not verify its user.
    ///
    /// # Errors
    ///
    /// It takes none.
    pub fn authenticator(&self, verifies: bool) -> anyhow::Result<Authenticator> {
        let device = json!({
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": true,
            "hasUserVerification": verifies,
            "isUserVerified": verifies,
            "isUserConsenting": true,
        });
        let id = self.post(&self.at("/webauthn/authenticator"), &device)?;
        let id = id.as_str().context("no authenticator")?;
        Ok(Authenticator(id.to_owned()))
    }

    /// Takes a device away.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn unplug(&self, Authenticator(id): &Authenticator) -> anyhow::Result<()> {
        let path = self.at(&format!("/webauthn/authenticator/{id}"));
        self.ask("DELETE", &path, None).map(drop)
    }

    /// The passkeys that a device keeps.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn kept_by(&self, Authenticator(id): &Authenticator) -> anyhow::Result<Vec<Value>> {
        let path = self.at(&format!("/webauthn/authenticator/{id}/credentials"));
        let kept = self.ask("GET", &path, None)?;
        Ok(kept.as_array().cloned().unwrap_or_default())
    }

    /// Puts a passkey on a device.
    ///
    /// # Errors
    ///
    /// It takes none such.
    pub fn put_on(&self, Authenticator(id): &Authenticator, passkey: &Value) -> anyhow::Result<()> {
        let path = self.at(&format!("/webauthn/authenticator/{id}/credential"));
        self.post(&path, passkey).map(drop)
    }

    /// Opens an address.
    ///
    /// # Errors
    ///
    /// Nobody answers.
    pub fn open(&self, url: &str) -> anyhow::Result<()> {
        self.post(&self.at("/url"), &json!({ "url": url }))
            .map(drop)
    }

    /// The page as it stands.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn page(&self) -> anyhow::Result<String> {
        let source = self.ask("GET", &self.at("/source"), None)?;
        Ok(source.as_str().unwrap_or_default().to_owned())
    }

    /// The element that a CSS selector finds first, once it is there and shown.
    ///
    /// # Errors
    ///
    /// It does not come.
    pub fn shown(&self, selector: &str) -> anyhow::Result<Element> {
        let shown = Cell::new(None);
        let what = format!("no {selector}");
        let came = until(&what, || {
            let Ok(element) = self.found(selector) else {
                return Ok(false);
            };
            let path = self.at(&format!("/element/{}/displayed", element.0));
            // It may have gone with its page meanwhile.
            let is_shown = self.ask("GET", &path, None).unwrap_or_default();
            shown.set(Some(element));
            Ok(is_shown == Value::Bool(true))
        });
        came.with_context(|| self.page().unwrap_or_default())?;
        shown.take().context(what)
    }

    /// Types into the field that a selector finds.
    ///
    /// # Errors
    ///
    /// It does not come.
    pub fn type_into(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        if self.has_keyboard_only {
            self.reaches(selector)?;
            return self.keys(text);
        }
        let Element(id) = self.shown(selector)?;
        let path = self.at(&format!("/element/{id}/value"));
        self.post(&path, &json!({ "text": text })).map(drop)
    }

    /// Presses what a selector finds.
    ///
    /// # Errors
    ///
    /// It does not come.
    pub fn press(&self, selector: &str) -> anyhow::Result<()> {
        if self.has_keyboard_only {
            return self.presses(selector);
        }
        let Element(id) = self.shown(selector)?;
        let path = self.at(&format!("/element/{id}/click"));
        self.post(&path, &json!({})).map(drop)
    }

    /// What a script says that is run in the page.
    ///
    /// # Errors
    ///
    /// It throws.
    pub fn run(&self, script: &str) -> anyhow::Result<Value> {
        let script = json!({ "script": script, "args": [] });
        self.post(&self.at("/execute/sync"), &script)
    }

    /// What a script says in its own time, by the function that is its last argument.
    ///
    /// # Errors
    ///
    /// It throws, or says nothing.
    pub fn run_until_told(&self, script: &str) -> anyhow::Result<Value> {
        let script = json!({ "script": script, "args": [] });
        self.post(&self.at("/execute/async"), &script)
    }

    /// A command of the browser's own protocol, for what WebDriver has no words for.
    ///
    /// # Errors
    ///
    /// It takes none such.
    pub fn command(&self, command: &str, parameters: &Value) -> anyhow::Result<Value> {
        let command = json!({ "cmd": command, "params": parameters });
        self.post(&self.at("/goog/cdp/execute"), &command)
    }

    fn found(&self, selector: &str) -> anyhow::Result<Element> {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.post(&self.at("/element"), &by)?;
        let id = found.get(ELEMENT).and_then(Value::as_str);
        let id = id.context("no element")?;
        Ok(Element(id.to_owned()))
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.session)
    }

    /// A command at the window, of which nothing comes back.
    pub(crate) fn sends(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        self.post(&self.at(path), body).map(drop)
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask("POST", path, Some(body))
    }

    /// One command of WebDriver, on a connection of its own.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all((head + &body).as_bytes())?;
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            ensure!(answer.read_line(&mut line)? > 0, "the driver is gone");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(given) = line.strip_prefix("content-length:") {
                length = given.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body)?;
        let said: Value = serde_json::from_slice(&body)?;
        let value = said.get("value").cloned().unwrap_or_default();
        match value.get("error") {
            Some(error) => bail!("{method} {path}: {error}: {:?}", value.get("message")),
            None => Ok(value),
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The browser ends with its session; a driver that ended already needs no killing.
        let _ = self.ask("DELETE", &self.session, None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
