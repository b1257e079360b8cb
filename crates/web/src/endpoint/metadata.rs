//! Federation metadata, as Lync, Exchange and AD FS fetch it.

use authn::ports::Unavailable;
use authn::sign_in::At;
use http::Method;
use sts::flow::wsfed;
use sts::metadata::Naming;
use sts::ports::MetadataReader;

use crate::asked::Asked;
use crate::{Answer, page};

/// Writes and signs it for whoever asks, and notes who that was.
pub(super) async fn published(
    asked: &Asked,
    (at, flow): (&At, &wsfed::Service),
    naming: Naming,
) -> Result<Answer, Unavailable> {
    let document = flow.metadata(naming).await?;
    if asked.method == Method::GET {
        let reader = MetadataReader {
            source: at.source.to_canonical(),
            agent: asked.user_agent().unwrap_or_default().to_owned(),
        };
        // The document goes out all the same: a partner that does not get it breaks, and a line in a list does not.
        if let Err(error) = flow.metadata_fetched(naming, reader, at.now).await {
            tracing::warn!("who fetched the metadata could not be noted: {error}");
        }
    }
    Ok(page::document("application/samlmetadata+xml", &document).into())
}
