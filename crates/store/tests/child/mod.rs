//! A test that starts itself again as a child process, which can be killed or starved.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use store::Store;
use store::seal::KeyFile;

const FOLDER: &str = "WICKETGATE_STORE_TEST_FOLDER";

/// The folder that this process was started for, where it is the child.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// The command that runs one test of this binary as a child, behind `wrapper` where there is one.
pub(crate) fn command(test: &str, folder: &Path, wrapper: &[&str]) -> Command {
    let this = env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(this),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(this);
            command
        }
    };
    command
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

/// What a child acknowledged on a line: the words behind `ack`.
pub(crate) fn acknowledged(line: &str) -> Option<Vec<&str>> {
    // The first line has the test harness's words before it.
    let (_, acknowledged) = line.split_once("ack ")?;
    Some(acknowledged.split_whitespace().collect())
}

/// Opens the store of a folder.
pub(crate) async fn open(folder: &Path) -> Store {
    let keys = KeyFile::open(&folder.join("keys")).unwrap();
    Store::open(&folder.join("store.db"), keys).await.unwrap()
}

/// Makes the store of a folder.
pub(crate) async fn make(folder: &Path) -> Store {
    KeyFile::create(&folder.join("keys"), [1; 40]).unwrap();
    Store::migrate(&folder.join("store.db")).await.unwrap();
    open(folder).await
}
