//! What tokens of every kind have in common: the key, the signature in two steps, and the ledger before anything leaves.

use jiff::Timestamp;
use xml::{Prepared, Verbatim};

use super::{Order, Ports, Token, TokenError, entry, event};
use crate::key_ring::{KeyId, TokenSigningCertificate};
use crate::ledger::{SignedDigest, TokenId};
use crate::pipeline::IssuedClaims;
use crate::ports::{Keys, Ledger, RestsOn, ToSign};
use crate::subject::SIGN_IN;
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

/// Writes a token down with what it rests on, so that it may leave.
pub(super) async fn written_down(
    ledger: &dyn Ledger,
    order: &Order<'_>,
    (claims, signed): (&IssuedClaims, (&KeyId, SignedDigest)),
    (id, expires): (&TokenId, Timestamp),
) -> Result<(), TokenError> {
    let entry = entry(order, id, signed, expires);
    let event = event(order, &entry);
    let rests_on = rests_on(order, claims, (id, expires));
    Ok(ledger.record_token(&entry, event, rests_on).await?)
}

/// SECURITY: a token, and a pool's session that it begins, ends with what they signed in by (decision 0015); where it carries its
/// own id on, so does whatever another service makes of it (decision 0026).
fn rests_on(
    order: &Order<'_>,
    claims: &IssuedClaims,
    (id, expires): (&TokenId, Timestamp),
) -> RestsOn {
    let Some(bought_by) = order.bought_by else {
        return RestsOn::default();
    };
    let (session, now) = (bought_by.session, order.at.now);
    let mut said = claims.claims().of_type(SIGN_IN);
    let is_carried = said.any(|it| *it.value == *id.0);
    let id = authn::issued::TokenId(id.0.clone());
    let recorded = authn::issued::recorded(&id, session, (now, expires));
    let to = bought_by.carried_to.filter(|_| is_carried);
    let carried = to.map(|to| authn::issued::carried(&id, session, (to, now)));
    RestsOn {
        tickets: std::iter::once(recorded).chain(carried).collect(),
        heard: bought_by.heard,
    }
}

/// An assertion that is the token itself, signed; `encrypts` makes of it what its party reads.
pub(super) async fn handed(
    ports: Ports<'_>,
    order: &Order<'_>,
    (unsigned, key, claims): (&Verbatim, &TokenSigningCertificate, &IssuedClaims),
    (id, token_type): (TokenId, TokenType),
    (created, expires): (Timestamp, Timestamp),
    encrypts: impl FnOnce(Verbatim) -> Result<Verbatim, TokenError>,
) -> Result<Token, TokenError> {
    let what = ToSign::Token(claims);
    let (signed, digest) = signed(unsigned, (ports.keys, key), what).await?;
    let token = encrypts(signed)?;
    let what = (claims, (&key.id, digest));
    written_down(ports.ledger, order, what, (&id, expires)).await?;
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
