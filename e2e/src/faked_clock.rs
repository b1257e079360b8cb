//! Another time for one process, by libfaketime: off by so much, or by what a file says at the moment.

use crate::active_directory::{ActiveDirectory, TOP};

/// How a process sees another time: `$LIB` is the loader's word for the folder of its architecture.
pub const LIBRARY: &str = "/usr/$LIB/faketime/libfaketimeMT.so.1";
/// The file that says by how much the clock of [`by_file`] is off.
const FILE: &str = "clock";

/// Whether that can be done in this lab.
///
/// # Errors
///
/// It cannot be asked.
pub fn is_there(lab: &ActiveDirectory) -> anyhow::Result<bool> {
    let is_there = "ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1";
    Ok(lab.command("sh").args(["-c", is_there]).status()?.success())
}

/// The environment of a process whose clock is off by so much, as `+6m`. What measures how long something takes goes on
/// as before.
#[must_use]
pub fn off_by(offset: &str) -> Vec<String> {
    with(&format!("FAKETIME={offset}"))
}

/// The same for a process whose clock [`set`] moves while it runs.
///
/// # Errors
///
/// The file cannot be written.
pub fn by_file(lab: &ActiveDirectory) -> anyhow::Result<Vec<String>> {
    set(lab, "+0")?;
    let mut environment = with(&format!("FAKETIME_TIMESTAMP_FILE={TOP}/{FILE}"));
    environment.push("FAKETIME_NO_CACHE=1".to_owned());
    Ok(environment)
}

/// Moves that clock.
///
/// # Errors
///
/// The file cannot be written.
pub fn set(lab: &ActiveDirectory, offset: &str) -> anyhow::Result<()> {
    // In one step, as the process reads it at any moment.
    let file = lab.folder().join(FILE);
    let new = lab.folder().join("clock.new");
    std::fs::write(&new, format!("{offset}\n"))?;
    Ok(std::fs::rename(new, file)?)
}

fn with(how: &str) -> Vec<String> {
    let fixed = [
        format!("LD_PRELOAD={LIBRARY}"),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ];
    [&fixed[..], &[how.to_owned()]].concat()
}
