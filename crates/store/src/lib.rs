#![doc = include_str!("../README.md")]

pub mod memory;

mod durable;
mod ports;
mod rows;
mod writer;

mod carry;
mod commits;
mod copy;
mod database;
mod engine;
mod health;
mod migrate;
mod put_back;

pub mod postgres;
pub mod sqlite;

pub mod seal;

mod chain;
mod error;
mod reseal;
mod sealers;
mod sets;

pub mod conformance;

use std::fmt::Write;
use std::fs::{File, metadata};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use authn::ports::Unavailable;

pub use carry::{Replaced, Restored};
pub use chain::{BrokenTrail, Head};
pub use commits::Commit;
pub use copy::Copied;
pub use database::Database;
pub use durable::Store;
pub use error::StoreError;
pub use put_back::{Doing, PutBack};
pub use reseal::{KeyUse, Resealed};
pub use sealers::{SEALER_LIVES, Sealer};

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
    File::open(folder_of(path))?.sync_all()
}

/// Gives a new file that root made in somebody's folder to that somebody, who is to use it: the service, where an
/// administrator migrates or restores its store.
fn hand_over(file: &File, path: &Path) -> std::io::Result<()> {
    let (made, folder) = (file.metadata()?, metadata(folder_of(path))?);
    match made.uid() == 0 && folder.uid() != 0 {
        true => fchown(file, Some(folder.uid()), Some(folder.gid())),
        false => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent();
    let named = folder.filter(|folder| !folder.as_os_str().is_empty());
    named.unwrap_or(Path::new("."))
}
