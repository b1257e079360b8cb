//! What is done by hand with something, in one word for each kind of thing.

use serde::{Deserialize, Serialize};

/// What was done with a one-time code token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenAct {
    /// It was made, and waits for its first code.
    Enrolled,
    /// Its first code was right.
    Confirmed,
    /// It was given to an account.
    Assigned,
    /// It was taken from an account.
    Unassigned,
    /// Two codes said where it is.
    Resynchronised,
    /// A code of it was tried by hand, and was right.
    Tested,
    /// A code of it was tried by hand, and was wrong, spent or one too many.
    TestFailed,
    /// Its codes are not taken.
    Blocked,
    /// They are taken again, and its failures are forgotten.
    Unblocked,
    /// It is gone.
    Removed,
}

/// What was done with a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PasskeyAct {
    /// It was added.
    Added,
    /// It is called something else.
    Renamed,
    /// It is gone.
    Removed,
}

/// What was done with a trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustAct {
    /// It was added.
    Added,
    /// It says something else.
    Changed,
    /// It gets tokens, or people may come from it.
    Enabled,
    /// It gets none, or nobody may.
    Disabled,
    /// It is gone.
    Removed,
}

/// What came of reading a partner's metadata, which is done by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetadataAct {
    /// The trust says what it says.
    Taken,
    /// What it says waits for an administrator.
    Waiting,
    /// It could not be read, or is not believed.
    Unread,
    /// It is read and believed again.
    ReadAgain,
}

/// What was done with a key of the key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealingKeyAct {
    /// It was made, and opens what it seals.
    Added,
    /// It seals from here on.
    Promoted,
    /// It is gone.
    Removed,
}

/// What was done with a key that tokens are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAct {
    /// It was made, and partners see it.
    Made,
    /// It signs.
    Promoted,
    /// It was given up before it signed.
    GivenUp,
}
