//! The folder that an export is in: a file for each cmdlet, under its name.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use sts::import::{Cmdlet, Format, MAX_BYTES, Value};

use crate::cli::CliError;

/// Reads every file of the folder that is of a cmdlet; others are left alone.
///
/// # Errors
///
/// The folder has none, a cmdlet has two, or one cannot be read.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<Cmdlet, Value>, CliError> {
    if !folder.is_dir() {
        return Err(CliError::usage(format!(
            "`{}` is no folder",
            folder.display()
        )));
    }
    let mut export = BTreeMap::new();
    for cmdlet in Cmdlet::ALL {
        if let Some((format, file)) = file_of(folder, cmdlet)? {
            export.insert(cmdlet, read_file(&file, format)?);
        }
    }
    match export.is_empty() {
        true => Err(CliError::usage(format!(
            "`{}` has no file of AD FS's cmdlets, such as Get-AdfsRelyingPartyTrust.xml; `wicketgate script adfs-export` \
             prints what makes them",
            folder.display()
        ))),
        false => Ok(export),
    }
}

fn file_of(folder: &Path, cmdlet: Cmdlet) -> Result<Option<(Format, PathBuf)>, CliError> {
    let files = Format::ALL.into_iter().map(|format| {
        let name = format!("{}.{}", cmdlet.name(), format.extension());
        (format, folder.join(name))
    });
    let mut there = files.filter(|(_, file)| file.exists());
    let first = there.next();
    match there.next() {
        None => Ok(first),
        Some((_, second)) => Err(CliError::usage(format!(
            "`{}`: there is another file of {}, and only one of the two can be right",
            second.display(),
            cmdlet.name()
        ))),
    }
}

fn read_file(file: &Path, format: Format) -> Result<Value, CliError> {
    let name = file.display();
    let wrong = |what: String| CliError::usage(format!("`{name}`: {what}"));
    // One byte more than is taken says that there are too many, whatever the file grows to.
    let most = u64::try_from(MAX_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file);
    let read = opened.and_then(|opened| opened.take(most).read_to_end(&mut bytes));
    read.map_err(|error| wrong(error.to_string()))?;
    let value = format.read(&bytes);
    value.map_err(|error| CliError::refused(format!("`{name}`: {error}")))
}
