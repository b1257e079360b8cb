//! A store that takes nothing for a while: somebody else writes to it and does not finish.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};

use crate::demo::Demo;

const HOLD: &str = "import sqlite3, sys\n\
                    store = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                    store.execute('BEGIN IMMEDIATE')\n\
                    print('held', flush=True)\n\
                    sys.stdin.readline()\n\
                    store.execute('ROLLBACK')\n\
                    print('free', flush=True)\n";

/// A demo's store, held until this is dropped.
#[derive(Debug)]
pub struct HeldStore {
    holder: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl HeldStore {
    /// Holds it.
    ///
    /// # Errors
    ///
    /// It cannot be held.
    pub fn of(demo: &Demo) -> anyhow::Result<Self> {
        let mut holder = Command::new("python3")
            .args(["-c", HOLD])
            .arg(demo.folder().join("wicketgate.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = holder.stdout.take().context("its output is piped")?;
        let said = BufReader::new(output).lines();
        let mut held = Self { holder, said };
        held.says("held")?;
        Ok(held)
    }

    /// Lets go of it.
    ///
    /// # Errors
    ///
    /// The holder is gone.
    pub fn free(mut self) -> anyhow::Result<()> {
        let mut input = self.holder.stdin.take().context("its input is piped")?;
        writeln!(input, "go")?;
        self.says("free")
    }

    fn says(&mut self, wanted: &str) -> anyhow::Result<()> {
        let said = self.said.next().context("the holder ended")??;
        ensure!(said == wanted, "it said `{said}`");
        Ok(())
    }
}

impl Drop for HeldStore {
    fn drop(&mut self) {
        // One that ended already needs no killing.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
