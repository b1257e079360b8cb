//! Whether we issued a token that somebody presents: what the ledger says, and a forged one is audited.
//!
//! The token itself is kept nowhere and told to nobody. Start at [`judge`].

use authn::audit::{ByHand, Event, Kind, shown_name};
use authn::ports::Audit;

use crate::ledger::{Judged, Presented};
use crate::ports::{Ledger, Unavailable};

/// What is to be said of a token; that a key of ours signed what we did not issue is written down, with who asked.
///
/// # Errors
///
/// The store is unavailable, and nothing is said.
pub async fn judge(
    (ledger, audit): (&dyn Ledger, &dyn Audit),
    presented: &Presented,
    by: &ByHand,
) -> Result<Judged, Unavailable> {
    let known = match &presented.signed {
        Some((_, digest)) => ledger.token_signed(digest).await?,
        None => None,
    };
    let judged = presented.judged(known);
    if let Judged::Forged { key } = &judged {
        let kind = Kind::ForgedTokenFound {
            token: shown_name(&presented.token.0, ""),
            key: key.0.clone(),
        };
        audit.append(vec![Event::by_hand(by, kind, None)]).await?;
    }
    Ok(judged)
}
