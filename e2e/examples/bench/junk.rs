//! Guesses at memorised secrets, 500 a second, from a new network every few: what do they cost the others?
//!
//! Each network guesses fewer times than are answered promptly, so that no answer is held back and every guess whose budget
//! has room is hashed. The others sign in anew each time: by an app password, and by a memorised secret with a code.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use proto::otp::{Generator, KeyUri};

use crate::figure::Figure;
use crate::stopwatch::{median, timed};

/// How many guesses are wanted in a second.
const A_SECOND: u32 = 500;
/// How many threads guess.
const GUESSERS: u32 = 200;
/// How many guesses come from one network.
const A_SOURCE: u32 = 16;
/// How many sign-ins of each kind are measured, before and beside the guesses: each has an address of its own in one
/// network, where their owner is known (a stranger is refused while others guess).
const SAMPLES: u32 = 60;
const HOST: &str = "mail.contoso.localhost";
const SECRET: &str = "four horses in a field";

/// Somebody who signs in by either, at a gate that takes both.
struct Scene {
    demo: Demo,
    gate: Serve,
    anna: Person,
    button: Generator,
    pressed: AtomicU32,
    guessed: AtomicU32,
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let scene = Scene::new()?;
    let quiet = scene.measured()?;
    let is_over = AtomicBool::new(false);
    let flooded = std::thread::scope(|scope| {
        let (scene, is_over) = (&scene, &is_over);
        for guesser in 0..GUESSERS {
            scope.spawn(move || scene.guesses(guesser, is_over));
        }
        let measured = timed(|| scene.measured());
        is_over.store(true, Ordering::Relaxed);
        measured
    });
    let (took, flooded) = flooded;
    let guesses = f64::from(scene.guessed.load(Ordering::Relaxed)) / took.as_secs_f64();
    let figures = ["an app password", "a memorised secret and a code"]
        .into_iter()
        .zip(quiet.into_iter().zip(flooded?))
        .map(|(how, (quiet, flooded))| Figure {
            name: format!("a sign-in by {how} beside {guesses:.0} guesses a second, median"),
            value: flooded,
            unit: "ms",
            peer: Some(("without them".to_owned(), quiet)),
            budget: "at most twice",
        });
    Ok(figures.collect())
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start_with(&["--people", "1"])?;
        let anna = demo.person(0);
        let gate = Serve::start(&demo, |config| {
            let both = "methods = [\"app-password\", \"memorised-secret + one-time-code\"]";
            config.replace("methods = [\"app-password\"]", both)
        })?;
        let mut command = demo.command(&["secret", "set", &anna.upn])?;
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        writeln!(child.stdin.take().context("a standard input")?, "{SECRET}")?;
        anyhow::ensure!(child.wait()?.success(), "no secret was set");
        let made = demo.wicketgate_json(&["token", "enrol", &anna.upn, "--counter"])?;
        let uri = made.first().and_then(|made| made["uri"].as_str());
        let uri = KeyUri::parse(uri.context("a URI")?)?;
        let button = Generator::new(&uri.seed, uri.algorithm, uri.digits);
        let first = button.code(0).shown().expose().clone();
        demo.wicketgate_json(&["token", "confirm", &anna.upn, &first])?;
        Ok(Self {
            demo,
            gate,
            anna,
            button,
            pressed: AtomicU32::new(1),
            guessed: AtomicU32::new(0),
        })
    }

    /// The medians of both kinds of sign-in, each from an address of the same network that was not there before.
    fn measured(&self) -> anyhow::Result<[f64; 2]> {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..SAMPLES {
            for (kind, times) in times.iter_mut().enumerate() {
                let press = self.pressed.fetch_add(1, Ordering::Relaxed);
                let typed = match kind {
                    0 => self.anna.app_password.clone(),
                    _ => {
                        let code = self
                            .button
                            .code(u64::from(press / 2))
                            .shown()
                            .expose()
                            .clone();
                        format!("{SECRET}{code}")
                    }
                };
                let own =
                    u8::try_from(press).context("more sign-ins than a network has addresses")?;
                let mut raw = self.connect(Ipv4Addr::new(127, 90, 0, own))?;
                let request =
                    Request::new(HOST, "/EWS/echo").header(&basic(&self.anna.upn, &typed));
                let (took, answer) = timed(|| raw.exchange(request.text()));
                let status = answer?.status;
                anyhow::ensure!(status == 200, "{kind}: {status}");
                times.push(took.as_secs_f64() * 1e3);
            }
        }
        Ok(times.map(|times| median(&times)))
    }

    fn connect(&self, from: Ipv4Addr) -> anyhow::Result<Raw> {
        let tls = tls(&self.demo, &[])?;
        Raw::connect_to_from(self.gate.address, &tls, HOST, from)
    }

    /// Guesses until it is over: at one account that is there, and at names that are not.
    fn guesses(&self, guesser: u32, is_over: &AtomicBool) -> anyhow::Result<()> {
        let pause = Duration::from_secs(1) * GUESSERS / A_SECOND;
        for source in 0_u32.. {
            let [_, _, high, low] = (source * GUESSERS + guesser).to_be_bytes();
            let mut raw = self.connect(Ipv4Addr::new(127, 100, high, low))?;
            for guess in 0..A_SOURCE {
                if is_over.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let name = match guess % 2 {
                    0 => self.anna.upn.clone(),
                    _ => format!("nobody{guesser}x{source}x{guess}@contoso.localhost"),
                };
                let wrong = basic(&name, &format!("guess {source} {guess}000000"));
                let request = Request::new(HOST, "/EWS/echo").header(&wrong);
                let (took, answer) = timed(|| raw.exchange(request.text()));
                if answer.is_err() {
                    break;
                }
                self.guessed.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(pause.saturating_sub(took));
            }
        }
        Ok(())
    }
}
