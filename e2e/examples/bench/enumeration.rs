//! G-14: whether a clock can tell a known name from an unknown, a locked or a disabled one.
//!
//! Wrong passwords by Basic, the classes in turn so that whatever else the machine does meets all
//! of them alike. Each source network asks fewer times than are answered promptly: a held-back
//! answer would hide what is measured.

use std::net::Ipv4Addr;

use anyhow::Context;
use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::sign_in::{Request, basic};

use crate::figure::Figure;
use crate::stopwatch::{median, timed};

/// How many samples each class gets.
const SAMPLES: usize = 2_000;
/// How many requests come from one source network; 20 failures are answered promptly.
const A_SOURCE: usize = 16;
/// The published name of Exchange in the demo.
const HOST: &str = "mail.contoso.localhost";
/// The classes, the first of which the others are compared with.
const CLASSES: [&str; 4] = ["known", "unknown", "locked", "disabled"];

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let demo = Demo::start_with(&["--people", "3"])?;
    let [known, locked, disabled] = [0, 1, 2].map(|number| demo.person(number));
    demo.wicketgate_json(&["user", "lock", &locked.upn])?;
    demo.wicketgate_json(&["user", "disable", &disabled.upn])?;
    let unknown = Person {
        upn: "nadja@contoso.localhost".to_owned(),
        ..known.clone()
    };
    let names = [known, unknown, locked, disabled].map(|person| person.upn);
    let samples = samples(&demo, &names)?;
    let [first, others @ ..] = samples.as_slice() else {
        anyhow::bail!("no samples");
    };
    let mut figures = Vec::new();
    for (class, others) in CLASSES.iter().skip(1).zip(others) {
        let (here, there) = (median(others), median(first));
        let p = welch(first, others);
        figures.push(Figure {
            name: format!(
                "{class}, median of {SAMPLES}, apart by {:.3} ms, p = {p:.3}",
                here - there
            ),
            value: here,
            unit: "ms",
            peer: Some(("known".to_owned(), there)),
            budget: "medians less than 5 ms apart, p > 0.01",
        });
    }
    Ok(figures)
}

/// The times of each class in milliseconds.
fn samples(demo: &Demo, names: &[String; 4]) -> anyhow::Result<Vec<Vec<f64>>> {
    let tls = tls(demo, &[])?;
    let mut samples = vec![Vec::with_capacity(SAMPLES); CLASSES.len()];
    let mut asked = 0;
    for source in 0.. {
        let [high, low] = u16::try_from(source)?.to_be_bytes();
        let address = Ipv4Addr::new(127, 100_u8.wrapping_add(high), low, 1);
        let mut raw = Raw::connect_from(demo, &tls, HOST, (address, 0))?;
        // The first request of a connection pays for more than its answer.
        let nobody = Request::new(HOST, "/EWS/Exchange.asmx");
        anyhow::ensure!(raw.exchange(nobody.text())?.status == 401, "an open door");
        for _ in 0..A_SOURCE {
            // In turn, and each source begins with another.
            let class = (asked + asked / A_SOURCE) % CLASSES.len();
            let name = names.get(class).context("a class")?;
            let wrong = basic(name, &format!("guess {asked}"));
            let request = Request::new(HOST, "/EWS/Exchange.asmx")
                .header(&wrong)
                .text();
            let (took, answer) = timed(|| raw.exchange(&request));
            anyhow::ensure!(answer?.status == 401, "a guess was let in");
            samples
                .get_mut(class)
                .context("a class")?
                .push(took.as_secs_f64() * 1e3);
            asked += 1;
        }
        if asked >= SAMPLES * CLASSES.len() {
            break;
        }
    }
    Ok(samples)
}

/// The two-sided p of Welch's t-test; with thousands of samples t is as good as normal.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let error = |values: &[f64]| {
        let mean = mean(values);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        squares / (values.len() as f64 - 1.0) / values.len() as f64
    };
    let t = (mean(a) - mean(b)).abs() / (error(a) + error(b)).sqrt();
    complementary_error_function(t / std::f64::consts::SQRT_2)
}

/// Abramowitz and Stegun 7.1.26, right to 1.5e-7.
fn complementary_error_function(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let terms = [
        0.254_829_592,
        -0.284_496_736,
        1.421_413_741,
        -1.453_152_027,
        1.061_405_429,
    ];
    let sum = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    sum * (-x * x).exp()
}
