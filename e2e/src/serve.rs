//! A gate of its own beside a demo's: `wicketgate serve` on a free port, with the demo's store,
//! certificates and stand-in servers; for stories that kill it, stop it or take its store away.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::demo::{Demo, binary};

/// How long the log may say nothing until whoever waits for a line of it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running gate.
#[derive(Debug)]
pub struct Serve {
    child: Child,
    said: Arc<Said>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its further listeners are, in their order.
    pub others: Vec<SocketAddr>,
}

/// What it logged so far.
#[derive(Debug, Default)]
struct Said {
    log: Mutex<Log>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Log {
    text: String,
    is_over: bool,
}

impl Serve {
    /// Starts one; `change` may change the demo's configuration first.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn start(demo: &Demo, change: impl FnOnce(String) -> String) -> anyhow::Result<Self> {
        Self::start_under(&[], demo, change)
    }

    /// Starts one under a launcher that becomes it, such as `taskset`.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn start_under(
        launcher: &[&str],
        demo: &Demo,
        change: impl FnOnce(String) -> String,
    ) -> anyhow::Result<Self> {
        Self::run(demo, change, under(launcher, &binary()?))
    }

    /// Starts one and does not wait until it is open.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn begin(demo: &Demo, change: impl FnOnce(String) -> String) -> anyhow::Result<Self> {
        Self::spawn(demo, change, Command::new(binary()?))
    }

    /// Starts one that may have so many files open: at first, and when it asks for more.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn start_with_files(
        demo: &Demo,
        (soft, hard): (u32, u32),
        change: impl FnOnce(String) -> String,
    ) -> anyhow::Result<Self> {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(binary()?);
        Self::run(demo, change, shell)
    }

    /// Starts one as systemd does that wants to be told when it serves.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn start_as_service(demo: &Demo, notify: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(binary()?);
        command.env("NOTIFY_SOCKET", notify);
        Self::run(demo, |config| config, command)
    }

    fn run(
        demo: &Demo,
        change: impl FnOnce(String) -> String,
        command: Command,
    ) -> anyhow::Result<Self> {
        let mut started = Self::spawn(demo, change, command)?;
        started.wait_until_open()?;
        Ok(started)
    }

    fn wait_until_open(&mut self) -> anyhow::Result<()> {
        self.wait_until("the gate is open")
    }

    fn wait_until(&mut self, opened: &str) -> anyhow::Result<()> {
        let line = self.line(opened)?;
        let (_, address) = line.split_once("addresses=\"").context("no address")?;
        let mut addresses = address.trim_end_matches('"').split(", ");
        self.address = addresses.next().context("no address")?.parse()?;
        self.others = addresses.map(str::parse).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn spawn(
        demo: &Demo,
        change: impl FnOnce(String) -> String,
        mut command: Command,
    ) -> anyhow::Result<Self> {
        let config = std::fs::read_to_string(demo.text("/config"))?;
        let taken = [demo.address(), demo.plain_address()];
        let config = taken.iter().fold(config, |config, address| {
            config.replace(
                &format!("address = \"{address}\""),
                "address = \"127.0.0.1:0\"",
            )
        });
        let config = change(config);
        let file = demo.folder().join("beside.toml");
        std::fs::write(&file, config)?;
        command.arg("--config").arg(&file).arg("serve");
        Self::watched(command)
    }

    /// Runs a command that becomes a gate, and waits until it is open.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn opened_by(command: Command) -> anyhow::Result<Self> {
        let mut started = Self::watched(command)?;
        started.wait_until_open()?;
        Ok(started)
    }

    /// Runs a command that becomes whoever says these words once it is open.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn opened_by_saying(command: Command, words: &str) -> anyhow::Result<Self> {
        let mut started = Self::watched(command)?;
        started.wait_until(words)?;
        Ok(started)
    }

    /// Runs a command that becomes a gate, and does not wait until it is open.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn begun_by(command: Command) -> anyhow::Result<Self> {
        Self::watched(command)
    }

    fn watched(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .env("RUST_LOG", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = child.stderr.take().context("the gate has no log")?;
        let said = Arc::new(Said::default());
        let writer = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                writer.add(&line);
            }
            writer.end();
        });
        Ok(Self {
            child,
            said,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            others: Vec::new(),
        })
    }

    /// Waits for a line of the log with this in it.
    ///
    /// # Errors
    ///
    /// The log ends without one, or none comes.
    pub fn line(&self, wanted: &str) -> anyhow::Result<String> {
        self.nth_line(wanted, 0)
    }

    /// Waits for another line of the log with this in it, after so many.
    ///
    /// # Errors
    ///
    /// The log ends without one, or none comes.
    pub fn nth_line(&self, wanted: &str, after: usize) -> anyhow::Result<String> {
        let mut log = self.said.lock();
        loop {
            let mut lines = log.text.lines().filter(|line| line.contains(wanted));
            if let Some(line) = lines.nth(after) {
                return Ok(line.to_owned());
            }
            if log.is_over {
                bail!("the gate ended without saying `{wanted}`: {}", log.text);
            }
            let waiting = self.said.more.wait_timeout(log, PATIENCE);
            let (said, waited) = waiting.unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                bail!("the gate does not say `{wanted}`: {}", said.text);
            }
            log = said;
        }
    }

    /// What it logged so far, for whoever must find out why something failed.
    #[must_use]
    pub fn log(&self) -> String {
        self.said.lock().text.clone()
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    ///
    /// # Errors
    ///
    /// It cannot be signalled.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Tells it to stop, as an operator does, and does not wait.
    ///
    /// # Errors
    ///
    /// It cannot be signalled.
    pub fn terminate(&self) -> anyhow::Result<()> {
        self.signal("-TERM")
    }

    /// Tells it to read its configuration anew.
    ///
    /// # Errors
    ///
    /// It cannot be signalled.
    pub fn hang_up(&self) -> anyhow::Result<()> {
        self.signal("-HUP")
    }

    /// Has it stand still, as a machine does that hangs.
    ///
    /// # Errors
    ///
    /// It cannot be signalled.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("-STOP")
    }

    /// Has it go on.
    ///
    /// # Errors
    ///
    /// It cannot be signalled.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let told = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()?;
        anyhow::ensure!(told.success(), "kill: {told}");
        Ok(())
    }

    /// Ends it as an operator does, and gives everything that it logged.
    ///
    /// # Errors
    ///
    /// It does not end by itself.
    pub fn stop(mut self) -> anyhow::Result<String> {
        self.terminate()?;
        self.ended()?;
        let mut log = self.said.lock();
        while !log.is_over {
            let more = self.said.more.wait(log);
            log = more.unwrap_or_else(PoisonError::into_inner);
        }
        Ok(log.text.clone())
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// It cannot be waited for.
    pub fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

/// A program under a launcher that becomes it, such as `taskset`, or by itself.
#[must_use]
pub fn under(launcher: &[&str], program: &Path) -> Command {
    match launcher {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &str) {
        let mut log = self.lock();
        log.text.push_str(line);
        log.text.push('\n');
        self.more.notify_all();
    }

    fn end(&self) {
        self.lock().is_over = true;
        self.more.notify_all();
    }
}
