//! A key that Windows made (`ktpass` of `wicketgate script ad`): taken over into the keytab of the configuration, for
//! the account and each name that it holds, as all of them have the one key.
//!
//! Start at [`take`].

use std::path::Path;

use proto::kerberos::{Entry, Keytab};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{unavailable, usage};
use crate::cli::CliError;
use crate::config;
use crate::deployment::Deployment;
use crate::keytab::KeytabFile;

/// What was taken over, or would be.
#[derive(Serialize)]
pub(crate) struct Taken {
    /// The account.
    pub(crate) account: String,
    /// The version of its key.
    pub(crate) key_version: u32,
    /// Whose keys the keytab has by it.
    pub(crate) principals: Vec<String>,
    /// The keytab.
    pub(crate) keytab: String,
}

/// Takes the newest key of the account from a file; former keys stay, for tickets that are under way.
///
/// # Errors
///
/// The configuration names no account, the file has no AES key of it or an older one than is there, or the keytab cannot
/// be written; nothing was changed then.
pub(crate) fn take(config: &Path, from: &Path, is_dry: bool) -> Result<Taken, CliError> {
    let settings = config::load_for_keytab(config)?;
    let deployment = Deployment::of(&settings);
    let kerberos = settings.kerberos.as_ref();
    let kerberos = kerberos.ok_or_else(|| usage("the configuration has no [kerberos]"))?;
    let account = kerberos.account.to_string();
    let given = read(from)?;
    let keys = newest(&given, &account).ok_or_else(|| {
        let hint = "the keytab that `.\\ad.ps1 -RollKey` writes has one (`wicketgate script ad`)";
        let said = format!("`{}` has no AES key of `{account}`", from.display());
        CliError::refused(said).with_hint(hint)
    })?;
    let key_version = keys.first().map_or(0, |it| it.version);
    let realm = kerberos.realm.to_string();
    let services = deployment.published_spns().into_iter();
    let services = services.map(|spn| format!("{spn}@{realm}"));
    let principals: Vec<String> = std::iter::once(account.clone()).chain(services).collect();
    let of_all = |principal: &String| {
        let keys = keys.iter();
        keys.map(|key| key.of(principal)).collect::<Vec<_>>()
    };
    let entries: Vec<Entry> = principals.iter().flat_map(of_all).collect();
    let taken = Taken {
        account,
        key_version,
        principals,
        keytab: kerberos.keytab.display().to_string(),
    };
    let failed = |error: std::io::Error| {
        let keytab = kerberos.keytab.display();
        unavailable(format!("the keytab `{keytab}` cannot be written: {error}"))
    };
    let like = settings.store()?.file_of_its_own();
    let mut file = KeytabFile::prepare(&kerberos.keytab, like).map_err(failed)?;
    if let Some(has) = file.version(&taken.account).filter(|it| *it > key_version) {
        let said = format!(
            "`{}` has a key of version {key_version}, and the keytab has version {has} already: with the older one nobody \
             would be passed on",
            from.display()
        );
        let hint = "where the account was made anew in the domain, move the keytab away first";
        return Err(CliError::refused(said).with_hint(hint));
    }
    if !is_dry {
        file.put(entries).map_err(failed)?;
    }
    Ok(taken)
}

fn read(from: &Path) -> Result<Keytab, CliError> {
    let said = |error: String| usage(format!("`{}`: {error}", from.display()));
    let bytes = std::fs::read(from).map_err(|error| said(error.to_string()))?;
    Keytab::parse(&Zeroizing::new(bytes)).map_err(|error| said(error.to_string()))
}

/// The AES keys of the highest version that an account has.
fn newest<'a>(given: &'a Keytab, account: &str) -> Option<Vec<&'a Entry>> {
    let theirs = given.entries.iter();
    let theirs: Vec<&Entry> = theirs
        .filter(|it| it.principal == account && it.is_aes())
        .collect();
    let version = theirs.iter().map(|it| it.version).max()?;
    let of_it = theirs.into_iter().filter(|it| it.version == version);
    Some(of_it.collect())
}
