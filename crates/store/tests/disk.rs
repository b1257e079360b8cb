//! A disk that fails to write ends all calls, and what was acknowledged before is there.
//!
//! The child runs under a limit on the size of its files with SIGXFSZ ignored, so that the kernel
//! itself refuses a write of SQLite's in the middle of a commit (EFBIG, an I/O error to SQLite).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod child;

use std::io::Write;
use std::path::Path;

use authn::account::AccountId;
use authn::audit::{Actor, ByHand, Chain, Event, Kind};
use authn::ports::{Accounts, Audit};
use jiff::Timestamp;
use tempfile::TempDir;

#[test]
fn a_disk_that_fails_to_write_ends_all_calls_and_loses_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(folder) = child::folder() {
        return runtime.block_on(write_until_it_fails(&folder));
    }
    let folder = TempDir::new().unwrap();
    runtime.block_on(async { child::make(folder.path()).await.close().await });
    let test = "a_disk_that_fails_to_write_ends_all_calls_and_loses_nothing";
    let limited = [
        "sh",
        "-c",
        "trap '' XFSZ && ulimit -f 600 && exec \"$@\"",
        "sh",
    ];
    let output = child::command(test, folder.path(), &limited)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<&str> = said
        .lines()
        .filter_map(child::acknowledged)
        .flatten()
        .collect();
    let [acknowledged, "failed", "and", "stopped"] = said.as_slice() else {
        unreachable!("the child said {said:?}");
    };
    let acknowledged: i64 = acknowledged.parse().unwrap();

    let mut chain = Chain::default();
    runtime.block_on(async {
        let store = child::open(folder.path()).await;
        for chained in store.read(1, u32::MAX).await.unwrap() {
            chain.extend(&chained).unwrap();
        }
    });
    assert!(acknowledged > 10, "the limit was felt too early");
    assert!(chain.length() >= acknowledged);
}

async fn write_until_it_fails(folder: &Path) {
    let store = child::open(folder).await;
    let mut acknowledged = 0;
    let refused = loop {
        let kind = Kind::UnderAttack {
            failures: acknowledged,
        };
        let by = ByHand {
            at: Timestamp::UNIX_EPOCH,
            actor: Actor::named("root"),
            origin: None,
        };
        let event = Event::by_hand(&by, kind, Some(AccountId("anna".to_owned())));
        match store.append(vec![event]).await {
            Ok(()) => acknowledged += 1,
            Err(refused) => break refused,
        }
    };
    assert!(refused.detail.contains("failure of the disk"), "{refused}");
    assert_eq!(store.health(), Err(refused.clone()));
    assert_eq!(store.append(vec![]).await, Err(refused.clone()));
    assert_eq!(store.list().await, Err(refused));
    let line = format!("ack {acknowledged} failed and stopped\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}
