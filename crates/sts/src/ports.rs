//! Ports: what this room asks of the outside world. Each method is one transaction.
//!
//! A lookup returns `Result<Option<T>, Unavailable>`; "not there" is not an error. What a sign-in asks ([`Trusts`], [`Keys`],
//! [`Ledger`], [`UsedAssertions`], [`OwnNames`]) is apart from what an administrator changes ([`KeptTrusts`], [`SigningKeys`]): the first costs a request nothing.

mod assertions;
mod keys;
mod ledger;
mod metadata_readers;
mod own_names;
mod partner_readings;
mod trusts;

pub use assertions::{AssertionKey, UsedAssertions};
pub use authn::ports::Unavailable;
pub use keys::{KeptKeys, Keys, KeysChanged, SigningKeys, ToSign};
pub use ledger::{Ledger, RestsOn};
pub use metadata_readers::{MAX_READERS, MetadataReader, MetadataReaders, MetadataReading};
pub use own_names::OwnNames;
pub use partner_readings::{Outcome, PartnerReading, PartnerReadings};
pub use trusts::{Change, ChangeRefused, Kept, KeptTrust, KeptTrusts, Trusts};
