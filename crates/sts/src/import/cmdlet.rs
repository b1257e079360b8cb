//! The cmdlets whose answers are read, the names of their files, and the two ways in which those are written.

use serde::Serialize;

use super::error::ReadError;
use super::value::Value;
use super::{clixml, json};

/// A cmdlet of AD FS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Cmdlet {
    /// `Get-AdfsRelyingPartyTrust`
    #[serde(rename = "Get-AdfsRelyingPartyTrust")]
    RelyingPartyTrust,
    /// `Get-AdfsClaimsProviderTrust`
    #[serde(rename = "Get-AdfsClaimsProviderTrust")]
    ClaimsProviderTrust,
    /// `Get-AdfsClaimDescription`
    #[serde(rename = "Get-AdfsClaimDescription")]
    ClaimDescription,
    /// `Get-AdfsProperties`
    #[serde(rename = "Get-AdfsProperties")]
    Properties,
    /// `Get-AdfsEndpoint`
    #[serde(rename = "Get-AdfsEndpoint")]
    Endpoint,
}

impl Cmdlet {
    /// Each of them, in the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Properties,
        Self::RelyingPartyTrust,
        Self::ClaimsProviderTrust,
        Self::ClaimDescription,
        Self::Endpoint,
    ];

    /// Its name, which its file has as well.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RelyingPartyTrust => "Get-AdfsRelyingPartyTrust",
            Self::ClaimsProviderTrust => "Get-AdfsClaimsProviderTrust",
            Self::ClaimDescription => "Get-AdfsClaimDescription",
            Self::Properties => "Get-AdfsProperties",
            Self::Endpoint => "Get-AdfsEndpoint",
        }
    }

    /// What one of its objects is.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::RelyingPartyTrust => "relying party trust",
            Self::ClaimsProviderTrust => "claims provider trust",
            Self::ClaimDescription => "claim description",
            Self::Properties => "service",
            Self::Endpoint => "endpoint",
        }
    }
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `Export-Clixml`
    Clixml,
    /// `ConvertTo-Json`
    Json,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Clixml, Self::Json];

    /// How its files' names end.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Clixml => "xml",
            Self::Json => "json",
        }
    }

    /// Reads a file of it.
    ///
    /// # Errors
    ///
    /// It is none, or more than is taken.
    pub fn read(self, bytes: &[u8]) -> Result<Value, ReadError> {
        match self {
            Self::Clixml => clixml::read(bytes),
            Self::Json => json::read(bytes),
        }
    }
}
