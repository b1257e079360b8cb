//! A vendor's list of 100,000 tokens imported by the command line, and a token looked up among them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use authn::ports::OtpTokens;
use e2e::demo::Demo;
use store::Store;
use store::seal::KeyFile;

use crate::figure::Figure;
use crate::stopwatch::{Stopwatch, quantile, timed};

/// How many tokens the list has.
const TOKENS: usize = 100_000;
/// How many there are where a look-up is compared.
const FEW: usize = 100;
/// How many look-ups are timed.
const LOOK_UPS: usize = 20_000;
/// The number by which the tokens that are looked up are spread.
const STRIDE: usize = 7_919;

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let demo = Demo::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    import(&demo, 0..FEW)?;
    let few = runtime.block_on(look_up(demo.folder(), FEW))?;
    let (took, imported) = timed(|| import(&demo, FEW..TOKENS));
    imported?;
    let many = runtime.block_on(look_up(demo.folder(), TOKENS))?;
    Ok(vec![
        Figure {
            name: format!("import of {TOKENS} tokens from a CSV list, by the command line"),
            value: took.as_secs_f64(),
            unit: "s",
            peer: None,
            budget: "20 s",
        },
        Figure {
            name: format!("look-up of a token among {TOKENS}, p99"),
            value: many,
            unit: "ms",
            peer: Some((format!("among {FEW}"), few)),
            budget: "1 ms",
        },
    ])
}

/// Writes a list and imports it.
fn import(demo: &Demo, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let mut list = "serial,seed (hex),type,digits,algorithm\n".to_owned();
    for number in numbers {
        writeln!(list, "{},{number:040x},hotp,6,sha1", serial(number))?;
    }
    let file = demo.folder().join("tokens.csv");
    std::fs::write(&file, list)?;
    let file = file.to_str().context("a folder's name")?;
    let imported = demo.wicketgate(&["token", "import", file])?;
    let said = String::from_utf8_lossy(&imported.stderr);
    anyhow::ensure!(imported.status.success(), "{said}");
    Ok(())
}

/// The milliseconds that 99 of 100 look-ups do not exceed.
async fn look_up(folder: &Path, tokens: usize) -> anyhow::Result<f64> {
    let keys = KeyFile::open(&folder.join("wicketgate.keys"))?;
    let store = Store::open(&folder.join("wicketgate.db"), keys).await?;
    let mut times = Vec::with_capacity(LOOK_UPS);
    for number in 0..LOOK_UPS {
        let called = serial(number * STRIDE % tokens);
        let stopwatch = Stopwatch::begin();
        let found = store.otp_token(&called).await?;
        times.push(stopwatch.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(found.is_some(), "{called} is not there");
    }
    store.close().await;
    Ok(quantile(&times, 99))
}

fn serial(number: usize) -> String {
    format!("B{number:08}")
}
