//! A real PostgreSQL for tests: a cluster of this process's own, on a socket only, gone when the process is.
//!
//! It is the system's, or the one that `cargo xtask packages` unpacked. `initdb` runs once a checkout; what it made is
//! copied. Where there is none, whoever asks is told so and the test says loudly that it did not run.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whom the server runs as where we are root, which it refuses: nobody.
const NOBODY: u32 = 65_534;

/// How the server is set up: small, and by its socket alone.
const SETTINGS: &str = "-c listen_addresses= -c shared_buffers=16MB -c max_connections=100";
/// What a process wrote outlives its death without fsync; that it outlives the machine's is the server's promise.
const QUICK: &str = "-c fsync=off";

/// How often a server is started whose predecessor is not quite gone.
const ATTEMPTS: u32 = 50;

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    databases: AtomicU32,
    settings: String,
    /// Ends the server and removes its folder once this process is gone, however it goes.
    guard: Child,
}

/// The server of this process, or nothing where there is none; it is said who goes without.
#[must_use]
pub fn shared(story: &str) -> Option<&'static Postgres> {
    static SHARED: OnceLock<Result<Postgres, String>> = OnceLock::new();
    let started = SHARED.get_or_init(|| Postgres::start().map_err(|error| error.to_string()));
    match started {
        Ok(postgres) => Some(postgres),
        Err(reason) => {
            skip(story, reason);
            None
        }
    }
}

/// Says that a test does not run; where nothing may be skipped, it fails.
fn skip(story: &str, reason: &str) {
    let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!in_ci, "{story} cannot run here: {reason}");
    let _ = writeln!(io::stderr(), "SKIPPED {story}: {reason}");
    if let Some(file) = std::env::var_os("WICKETGATE_SKIPPED") {
        let file = fs::OpenOptions::new().append(true).create(true).open(file);
        let _ = file.and_then(|mut file| writeln!(file, "{story}: {reason}"));
    }
}

impl Postgres {
    /// Starts a server on a cluster of its own.
    ///
    /// # Errors
    ///
    /// There is none on this machine, or it does not start.
    pub fn start() -> io::Result<Self> {
        Self::start_with(|_| Ok(QUICK.to_owned()))
    }

    /// Starts one whose commits are on the disk, to be measured.
    ///
    /// # Errors
    ///
    /// As [`Postgres::start`].
    pub fn start_durable() -> io::Result<Self> {
        Self::start_with(|_| Ok("-c fsync=on".to_owned()))
    }

    /// Starts one that is reached by TLS as well, at a port of this machine, with a certificate and its key.
    ///
    /// # Errors
    ///
    /// As [`Postgres::start`].
    pub fn start_with_tls(port: u16, certificate: &str, key: &str) -> io::Result<Self> {
        Self::start_with(|folder| {
            for (name, text) in [("server.crt", certificate), ("server.key", key)] {
                let file = folder.join(name);
                fs::write(&file, text)?;
                if is_root()? {
                    chown(&file, Some(NOBODY), Some(NOBODY))?;
                }
                succeed(Command::new("chmod").arg("600").arg(&file))?;
            }
            let listens = format!("-c listen_addresses=127.0.0.1 -p {port} -c ssl=on");
            Ok(format!("{QUICK} {listens}"))
        })
    }

    fn start_with(settings: impl FnOnce(&Path) -> io::Result<String>) -> io::Result<Self> {
        let programs = programs().ok_or_else(|| {
            io::Error::other("there is no PostgreSQL; run as root: cargo xtask packages")
        })?;
        let template = template(&programs)?;
        let folder = fresh()?;
        succeed(Command::new("cp").arg("-aT").args([&template, &folder]))?;
        let settings = settings(&folder)?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let postgres = Self {
            programs,
            folder,
            databases: AtomicU32::new(0),
            settings,
            guard,
        };
        // One role proves itself by a password, all others by being on this machine.
        fs::write(
            postgres.folder.join("pg_hba.conf"),
            "local all guarded scram-sha-256\nlocal all all trust\nhostssl all all 127.0.0.1/32 trust\n",
        )?;
        postgres.start_again()?;
        Ok(postgres)
    }

    /// Starts it where it was ended.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start_again(&self) -> io::Result<()> {
        let (settings, folder) = (&self.settings, self.folder.display());
        let options = format!("{SETTINGS} {settings} -k {folder}");
        let log = self.folder.join("log");
        let mut attempts = 0;
        loop {
            let mut start = self.program("pg_ctl");
            start.args(["-s", "-w", "-t", "60", "-o", &options, "-l"]);
            let Err(error) = succeed(start.arg(&log).arg("start")) else {
                return Ok(());
            };
            attempts += 1;
            // What a dead server shared with its children is given up when the last of them is gone.
            let said = fs::read_to_string(&log).unwrap_or_default();
            if attempts > ATTEMPTS || !said.contains("still in use") {
                return Err(io::Error::other(format!("{error}: {said}")));
            }
        }
    }

    /// Ends it and all that serve in it as a power cut would.
    ///
    /// # Errors
    ///
    /// It does not run.
    pub fn kill(&self) -> io::Result<()> {
        let server = self.process()?;
        // The first must neither have more children nor see them die, and begin to recover.
        succeed(Command::new("kill").args(["-STOP", &server]))?;
        while state(&server).is_some_and(|state| state != 'T') {
            std::thread::yield_now();
        }
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        let all: Vec<&str> = children.split_whitespace().chain([&*server]).collect();
        for process in &all {
            // Some end by themselves meanwhile.
            let _ = succeed(Command::new("kill").args(["-9", process]));
        }
        while all.iter().any(|process| is_alive(process)) {
            std::thread::yield_now();
        }
        // As long as nobody has taken note of the dead, the server would believe that they run.
        let socket = format!(".s.PGSQL.{}.lock", self.port());
        for lock in ["postmaster.pid", &socket] {
            fs::remove_file(self.folder.join(lock))?;
        }
        Ok(())
    }

    /// Lets it hang, alive and silent, or go on.
    ///
    /// # Errors
    ///
    /// It does not run.
    pub fn hang(&self, does_hang: bool) -> io::Result<()> {
        let signal = if does_hang { "-STOP" } else { "-CONT" };
        let server = self.process()?;
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        let all = children.split_whitespace().chain([&*server]);
        succeed(Command::new("kill").arg(signal).args(all))
    }

    /// Ends it in good order.
    pub fn stop(&self) {
        let stopped = self.process().and_then(|server| {
            let mut kill = Command::new("kill");
            succeed(kill.args(["-QUIT", &server]))
        });
        // One that was killed needs no more.
        let _ = stopped;
    }

    /// Makes a database and gives its address.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub fn database(&self) -> io::Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.address(&name))
    }

    /// The address of a database.
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        let (port, folder) = (self.port(), self.folder.display());
        match port {
            "5432" => format!("postgres://wicketgate@/{name}?host={folder}"),
            port => format!("postgres://wicketgate@:{port}/{name}?host={folder}"),
        }
    }

    /// Runs statements in a database, as an administrator does, and gives what they answer.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub fn sql(&self, database: &str, text: &str) -> io::Result<String> {
        let mut psql = self.program("psql");
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h"]);
        psql.env("PGPORT", self.port())
            .arg(&self.folder)
            .args(["-U", "wicketgate", "-d"]);
        let output = psql.arg(database).args(["-c", text]).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(io::Error::other(said));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Also a socket has the port in its name.
    fn port(&self) -> &str {
        let (_, port) = self.settings.split_once("-p ").unwrap_or(("", "5432"));
        port.split(' ').next().unwrap_or(port)
    }

    fn process(&self) -> io::Result<String> {
        let file = fs::read_to_string(self.folder.join("postmaster.pid"))?;
        let first = file.lines().next().unwrap_or_default();
        Ok(first.to_owned())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = as_nobody(&self.programs, name);
        command.env("PGDATA", &self.folder);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its input ends, and so does everything.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Waits until nobody is at the other end, then ends the server and removes its folder.
const GUARD: &str = "
    read -r _
    [ -f \"$1/postmaster.pid\" ] && kill -QUIT \"$(head -n 1 \"$1/postmaster.pid\")\" 2>/dev/null
    rm -rf \"$1\"
    # What it wrote while it ended.
    rm -rf \"$1\"";

/// Whether a process has anything left; one that nobody has taken note of has not.
fn is_alive(process: &str) -> bool {
    state(process).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The letter that the system has for what a process does.
fn state(process: &str) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.chars().next()
}

/// The folder with the server's programs: the system's, or what was unpacked.
fn programs() -> Option<PathBuf> {
    let system = PathBuf::from("/usr/lib/postgresql");
    let unpacked = root().join("target/lab-packages/usr/lib/postgresql");
    [system, unpacked].iter().find_map(|versions| {
        let mut found: Vec<PathBuf> = fs::read_dir(versions)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .filter(|bin| {
                ["initdb", "pg_ctl", "psql"]
                    .iter()
                    .all(|it| bin.join(it).is_file())
            })
            .collect();
        found.sort();
        found.pop()
    })
}

/// What `initdb` made, once a checkout and version.
fn template(programs: &Path) -> io::Result<PathBuf> {
    let version = programs.parent().and_then(Path::file_name);
    let version = version.and_then(OsStr::to_str).unwrap_or("server");
    let kept = root().join("target/lab-postgres");
    let template = kept.join(version);
    if template.is_dir() {
        return Ok(template);
    }
    fs::create_dir_all(&kept)?;
    let making = kept.join(format!("making-{}", std::process::id()));
    private(&making)?;
    let mut initdb = as_nobody(programs, "initdb");
    initdb.args(["--no-sync", "--auth=trust", "--username=wicketgate"]);
    initdb.args(["--encoding=UTF8", "--locale=C.UTF-8", "-D"]);
    succeed(initdb.arg(&making).stdout(Stdio::null()))?;
    // Another process may have been first.
    match fs::rename(&making, &template) {
        Err(_) if template.is_dir() => fs::remove_dir_all(&making)?,
        renamed => renamed?,
    }
    Ok(template)
}

/// A folder for a cluster. Its name is short: a socket's path has at most 107 bytes.
fn fresh() -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("wg-postgres-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    // One that was left over is of a process that had this one's number.
    let _ = fs::remove_dir_all(&folder);
    private(&folder)?;
    Ok(folder)
}

fn private(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    if is_root()? {
        chown(folder, Some(NOBODY), Some(NOBODY))?;
    }
    succeed(Command::new("chmod").arg("700").arg(folder))
}

/// A program of the server, which refuses to be root.
fn as_nobody(programs: &Path, name: &str) -> Command {
    let program = programs.join(name);
    let mut command = if is_root().unwrap_or(false) {
        let mut command = Command::new("setpriv");
        let nobody = NOBODY.to_string();
        command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    let libraries = root().join("target/lab-packages/usr/lib");
    let libraries = libraries.join(format!("{}-linux-gnu", std::env::consts::ARCH));
    if programs.starts_with(root()) {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    // It must be able to come back to where it was started.
    command.current_dir("/");
    command
}

fn is_root() -> io::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// The checkout.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|it| it.join("Cargo.lock").is_file());
    root.unwrap_or(here).to_owned()
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(io::Error::other(format!("{command:?}: {said}")))
        }
    }
}
