//! Federation metadata, as Lync, Exchange and AD FS fetch it.

use authn::ports::Unavailable;
use sts::flow::wsfed;

use crate::{Answer, page};

/// Writes and signs it for whoever asks.
pub(super) async fn published(flow: &wsfed::Service) -> Result<Answer, Unavailable> {
    Ok(page::document("application/samlmetadata+xml", &flow.metadata().await?).into())
}
