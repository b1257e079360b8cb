//! What tokens of every kind have in common: the key, the signature in two steps, and the ledger before anything leaves.

use jiff::Timestamp;
use xml::{Prepared, Verbatim};

use super::{Order, Ports, Token, TokenError, entry, event};
use crate::key_ring::{KeyId, TokenSigningCertificate};
use crate::ledger::{SignedDigest, TokenId};
use crate::ports::{Keys, Ledger, ToSign};
use crate::trust::{RelyingPartyTrust, SignatureAlgorithm, TokenType};

/// The key that a party's tokens are signed by.
pub(super) async fn primary(
    keys: &dyn Keys,
    trust: &RelyingPartyTrust,
) -> Result<TokenSigningCertificate, TokenError> {
    match (trust.signature_algorithm, trust.sha1_until) {
        (SignatureAlgorithm::RsaSha1, None) => Err(TokenError::Sha1),
        // With a date it is said of what the party signs; what it is given is signed as for everybody.
        (SignatureAlgorithm::RsaSha1, Some(_)) | (SignatureAlgorithm::RsaSha256, _) => {
            Ok(keys.ring().await?.primary)
        }
    }
}

/// It with its signature, and the digest of what was signed.
pub(super) async fn signed(
    unsigned: &Verbatim,
    (keys, key): (&dyn Keys, &TokenSigningCertificate),
    what: ToSign<'_>,
) -> Result<(Verbatim, SignedDigest), TokenError> {
    let der = key.certificate.der();
    let prepared = Prepared::new(unsigned, key.algorithm.signature(), Some(der));
    let prepared = prepared.map_err(not_written)?;
    let signature = keys.sign(&key.id, what, prepared.octets()).await?;
    let digest = SignedDigest::of(prepared.octets());
    Ok((prepared.attach(&signature).into_verbatim(), digest))
}

/// Writes a token down, so that it may leave.
pub(super) async fn written_down(
    ledger: &dyn Ledger,
    order: &Order<'_>,
    (key, digest): (&KeyId, SignedDigest),
    (id, expires): (&TokenId, Timestamp),
) -> Result<(), TokenError> {
    let entry = entry(order, id, (key, digest), expires);
    let event = event(order, &entry);
    Ok(ledger.record_token(&entry, event).await?)
}

/// An assertion that is the token itself, signed; `encrypts` makes of it what its party reads.
pub(super) async fn handed(
    ports: Ports<'_>,
    order: &Order<'_>,
    (unsigned, key, what): (&Verbatim, &TokenSigningCertificate, ToSign<'_>),
    (id, token_type): (TokenId, TokenType),
    (created, expires): (Timestamp, Timestamp),
    encrypts: impl FnOnce(Verbatim) -> Result<Verbatim, TokenError>,
) -> Result<Token, TokenError> {
    let (signed, digest) = signed(unsigned, (ports.keys, key), what).await?;
    let token = encrypts(signed)?;
    written_down(ports.ledger, order, (&key.id, digest), (&id, expires)).await?;
    Ok(Token {
        id,
        token_type,
        token,
        created,
        expires,
    })
}

pub(super) fn not_written(error: impl std::fmt::Display) -> TokenError {
    TokenError::NotWritten(error.to_string())
}
