#![doc = include_str!("../README.md")]

pub mod memory;

mod durable;
mod ports;
mod rows;
mod writer;

mod commits;
mod copy;
mod database;
mod engine;
mod health;
mod migrate;

pub mod postgres;
pub mod sqlite;

pub mod seal;

mod chain;
mod error;

pub mod conformance;

use std::fmt::Write;
use std::fs::File;
use std::path::Path;

use authn::ports::Unavailable;

pub use chain::{BrokenTrail, Head};
pub use commits::Commit;
pub use copy::Copied;
pub use database::Database;
pub use durable::Store;
pub use error::StoreError;
pub use sqlite::{Replaced, Restored};

/// The store cannot answer, for a reason that holds no secret.
fn unavailable(detail: impl Into<String>) -> Unavailable {
    Unavailable {
        what: "the store",
        detail: detail.into(),
    }
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes the name of a new file as durable as what is in it.
fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
