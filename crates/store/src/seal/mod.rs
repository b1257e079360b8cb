//! Sealed columns: AES-256-GCM under a key that is kept outside the database (invariant 5).
//!
//! An envelope says its version and which key sealed it; it opens only in the very table, column
//! and row that it was sealed for, and only beside the values it was sealed with. Start at
//! [`KeyFile`].

mod head;
mod key_file;
mod rewritten;

use std::fmt;
use std::marker::PhantomData;

use authn::ports::Unavailable;
use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

pub(crate) use head::SealedHead;
pub use key_file::{KeyFile, KeyFileError};
pub use rewritten::Stands;

/// The version of the envelope: version, length of the key id, key id, nonce, ciphertext and tag.
const VERSION: u8 = 1;

/// A value of one sealed column.
pub(crate) trait Sealable: Sized {
    /// The table it is stored in.
    const TABLE: &'static str;
    /// The column it is stored in.
    const COLUMN: &'static str;
    /// The bytes to seal.
    fn to_plain(&self) -> Zeroizing<Vec<u8>>;
    /// The value of bytes that were sealed.
    fn of_plain(plain: &[u8]) -> Option<Self>;
}

/// Where a value is sealed: its row, and what of that row cannot be changed without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    row: String,
    beside: Vec<(&'static str, Option<String>)>,
}

impl Place {
    /// A row of which nothing else is bound.
    pub(crate) fn of_row(row: &str) -> Self {
        Self {
            row: row.to_owned(),
            beside: Vec::new(),
        }
    }

    /// Binds another column of the row.
    pub(crate) fn beside(mut self, column: &'static str, value: Option<String>) -> Self {
        self.beside.push((column, value));
        self
    }

    /// The place for authentication: each part behind its length, a missing value unlike any other.
    fn authenticated<T: Sealable>(&self, key_id: &str) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let mut push = |part: &str| {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        };
        [T::TABLE, T::COLUMN, &self.row, key_id]
            .into_iter()
            .for_each(&mut push);
        for (column, value) in &self.beside {
            push(column);
            match value {
                None => push("missing"),
                Some(value) => {
                    push("value");
                    push(value);
                }
            }
        }
        bytes
    }
}

/// An envelope with a `T` in it.
pub(crate) struct Sealed<T> {
    envelope: Vec<u8>,
    content: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    /// Takes an envelope as it was stored.
    ///
    /// **Trusts** that it is one; [`KeyFile::unseal`] finds out.
    pub(crate) fn of_stored(envelope: Vec<u8>) -> Self {
        Self {
            envelope,
            content: PhantomData,
        }
    }

    /// The bytes to store.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.envelope
    }

    /// The id of the key that it says it was sealed by.
    pub(crate) fn key_id(&self) -> Option<&str> {
        split(&self.envelope).map(|(id, ..)| id)
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

/// How every envelope begins that a key seals.
pub(crate) fn beginning(id: &str) -> Vec<u8> {
    let length = u8::try_from(id.len()).unwrap_or(u8::MAX);
    [&[VERSION, length], id.as_bytes()].concat()
}

impl KeyFile {
    /// Opens an envelope and seals what is in it by the current key, for the same place.
    pub(crate) fn seal_again<T: Sealable>(
        &self,
        place: &Place,
        sealed: &Sealed<T>,
    ) -> Result<Sealed<T>, Unavailable> {
        self.seal(place, &self.unseal(place, sealed)?)
    }

    /// Seals a value for a place, under the current key.
    pub(crate) fn seal<T: Sealable>(
        &self,
        place: &Place,
        value: &T,
    ) -> Result<Sealed<T>, Unavailable> {
        let row = &*place.row;
        let key = self.current();
        let id = &*key.id;
        let mut sealed = value.to_plain();
        let nonce = key
            .cipher
            .seal_in_place_append_tag(Aad::from(place.authenticated::<T>(id)), &mut *sealed)
            .map_err(|_| shut::<T>(row, format!("cannot be sealed with the key `{id}`")))?;
        let length = u8::try_from(id.len())
            .map_err(|_| shut::<T>(row, format!("the id of the key `{id}` is too long")))?;
        let mut envelope = vec![VERSION, length];
        envelope.extend_from_slice(id.as_bytes());
        envelope.extend_from_slice(nonce.as_ref());
        envelope.extend_from_slice(&sealed);
        Ok(Sealed::of_stored(envelope))
    }

    /// Opens an envelope of a place.
    ///
    /// **Proves** that a holder of the key sealed this value for this table, column and row, beside
    /// these values.
    pub(crate) fn unseal<T: Sealable>(
        &self,
        place: &Place,
        sealed: &Sealed<T>,
    ) -> Result<T, Unavailable> {
        let row = &*place.row;
        let (id, nonce, ciphertext) =
            split(&sealed.envelope).ok_or_else(|| shut::<T>(row, "is no envelope of ours"))?;
        let key = self.by_id(id).ok_or_else(|| {
            shut::<T>(
                row,
                format!(
                    "was sealed by the key `{id}`, which this process has not read and the key file lacks: put it \
                     there and reload"
                ),
            )
        })?;
        let mut plain = Zeroizing::new(ciphertext.to_vec());
        let plain = key
            .cipher
            .open_in_place(nonce, Aad::from(place.authenticated::<T>(id)), &mut plain)
            .map_err(|_| {
                let cause = "another key of that name, another row, or a row that was changed";
                shut::<T>(row, format!("does not open with the key `{id}`: {cause}"))
            })?;
        T::of_plain(plain).ok_or_else(|| shut::<T>(row, "holds something else"))
    }
}

/// The parts of an envelope.
fn split(envelope: &[u8]) -> Option<(&str, Nonce, &[u8])> {
    let ([VERSION, length], rest) = envelope.split_first_chunk()? else {
        return None;
    };
    let (id, rest) = rest.split_at_checked(usize::from(*length))?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
    Some((
        std::str::from_utf8(id).ok()?,
        Nonce::assume_unique_for_key(*nonce),
        ciphertext,
    ))
}

/// A sealed value cannot be used; it names the row and the key, never a byte of either.
fn shut<T: Sealable>(row: &str, problem: impl fmt::Display) -> Unavailable {
    let detail = format!("`{}` of `{row}` in `{}` {problem}", T::COLUMN, T::TABLE);
    Unavailable {
        what: "a sealed secret",
        detail,
    }
}

#[cfg(test)]
mod tests;
