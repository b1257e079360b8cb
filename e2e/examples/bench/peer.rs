//! What this machine can do at best, measured by programs and calls that are not ours.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::stopwatch::{rate, timed};

/// How many writes tell how fast the disk is.
const WRITES: usize = 400;

/// Microseconds for one HMAC-MD5 of so many bytes, by OpenSSL.
pub(crate) fn openssl_hmac_md5(bytes: usize) -> anyhow::Result<f64> {
    let output = Command::new("openssl")
        .args(["speed", "-hmac", "md5", "-seconds", "1", "-mr"])
        .args(["-bytes", &bytes.to_string()])
        .output()
        .context("openssl speed (the package `openssl` has it)")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The line is `+F:number:hmac(md5):bytes a second`.
    let per_second: f64 = said
        .lines()
        .filter(|line| line.starts_with("+F:"))
        .find_map(|line| line.rsplit(':').next()?.parse().ok())
        .with_context(|| format!("openssl speed said: {said}"))?;
    Ok(bytes as f64 * 1e6 / per_second)
}

/// Microseconds for one private and one public operation of RSA-2048, by OpenSSL.
pub(crate) fn openssl_rsa_2048() -> anyhow::Result<(f64, f64)> {
    let output = Command::new("openssl")
        .args(["speed", "-seconds", "1", "-mr", "rsa2048"])
        .output()
        .context("openssl speed (the package `openssl` has it)")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The line is `+F2:number:bits:signatures a second:verifications a second`.
    let line = said.lines().find(|line| line.starts_with("+F2:"));
    let mut rates = line.into_iter().flat_map(|line| line.split(':').skip(3));
    let mut next = || -> Option<f64> { rates.next()?.parse().ok() };
    let operations = next().zip(next());
    let (private, public) = operations.with_context(|| format!("openssl speed said: {said}"))?;
    Ok((1e6 / private, 1e6 / public))
}

/// Milliseconds in which xmllint reads a file; `None` where there is none.
pub(crate) fn xmllint(file: &Path) -> Option<f64> {
    let mut xmllint = Command::new("xmllint");
    xmllint.args(["--noout", "--huge"]).arg(file);
    let (took, output) = timed(|| xmllint.output());
    let is_read = output.ok()?.status.success();
    is_read.then_some(took.as_secs_f64() * 1e3)
}

/// How many 4 KiB writes a second this folder's disk makes durable, one after the other.
pub(crate) fn durable_writes(folder: &Path) -> anyhow::Result<f64> {
    let mut file = File::create(folder.join("durable-writes"))?;
    let (took, written) = timed(|| -> std::io::Result<()> {
        for _ in 0..WRITES {
            file.write_all(&[0x5a; 4096])?;
            file.sync_data()?;
        }
        Ok(())
    });
    written?;
    Ok(rate(WRITES, took))
}
