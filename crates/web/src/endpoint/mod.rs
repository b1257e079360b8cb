//! The security token service at AD FS's own paths, on a host of its own, with the same pages of sign-in.
//!
//! Start at `Pages::sts`, the table of its addresses.

mod active;
mod home_realm;
mod metadata;
mod provider;
mod saml;
mod wsfed;

use authn::place::Service;
use authn::ports::Unavailable;
use authn::sign_in::At;
use http::{Method, StatusCode};
use sts::flow;
use sts::metadata::Naming;

pub use wsfed::Begun;

use crate::asked::Asked;
use crate::{Answer, Pages, page};

/// Where metadata is, in lower case: clients ask in any.
const METADATA: &str = "/federationmetadata/2007-06/federationmetadata.xml";
/// The same with the key that signs alone, for partners that break on two.
const METADATA_PRIMARY_KEY: &str = "/federationmetadata/2007-06/primarykey/federationmetadata.xml";
/// Where browsers ask, in lower case and without the slash at its end.
const PASSIVE: &str = "/adfs/ls";
/// Where a sign-on begins here, in lower case.
const IDP_INITIATED: &str = "/adfs/ls/idpinitiatedsignon.aspx";

/// Whether browsers ask there, for a token or to begin here.
pub(crate) fn is_asked_by_browsers(path: &str) -> bool {
    is_passive(path) || path.eq_ignore_ascii_case(IDP_INITIATED)
}

/// Whether browsers ask there for tokens, and bring what partners say.
pub(crate) fn is_passive(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.strip_suffix('/').unwrap_or(&path) == PASSIVE
}

impl Pages {
    /// Answers a request for the host of the security token service.
    // tidy: flat, because it is the table of all its addresses
    pub(crate) async fn sts(
        &self,
        asked: &Asked,
        (at, sts): (&At, &flow::wsfed::Service),
    ) -> Result<Answer, Unavailable> {
        let is_post = asked.method == Method::POST;
        let path = asked.path.to_ascii_lowercase();
        match (is_post, path.strip_suffix('/').unwrap_or(&path)) {
            // A party's form is sent from a page of the party.
            (_, PASSIVE) if saml::is_asked(asked) => {
                return self.single_sign_on(asked, (at, sts)).await;
            }
            (false, IDP_INITIATED) => return self.idp_initiated(asked, (at, sts)).await,
            (_, PASSIVE) => return self.passive(asked, (at, sts)).await,
            (false, METADATA) => {
                return metadata::published(asked, (at, sts), Naming::AllKeys).await;
            }
            (false, METADATA_PRIMARY_KEY) => {
                return metadata::published(asked, (at, sts), Naming::PrimaryKey).await;
            }
            _ => {}
        }
        if is_post && !asked.is_sent_from_here() {
            let text = asked.words.not_sent_here;
            return Ok(asked.sentence(StatusCode::FORBIDDEN, text).into());
        }
        match (is_post, asked.path.as_str()) {
            (false, "/style.css") => Ok(page::style(&self.branding).into()),
            (false, "/logo") => Ok(self.logo(asked).into()),
            (false, "/favicon.ico") => Ok(page::no_icon().into()),
            (false, "/post.js") => Ok(page::post_script().into()),
            (true, "/language") => self.language(asked, at).await,
            (false, "/sign-in") => self.show_sign_in(asked, at).await,
            (true, "/sign-in") => self.take_answer(asked, at).await,
            (true, "/sign-in/send") => self.send_code(asked, at).await,
            (false, "/") => {
                let signed_in = self.owner_of(asked, at).await?;
                let text = match signed_in {
                    Some(_) => asked.words.at_party,
                    // Whoever comes here by a link of our pages goes on where they were.
                    None if self.is_under_way(asked, at).await? => {
                        return Ok(page::redirect("/sign-in").into());
                    }
                    None => asked.words.begin_at_party,
                };
                Ok(asked.sentence(StatusCode::OK, text).into())
            }
            _ => {
                let text = asked.words.not_found;
                Ok(asked.sentence(StatusCode::NOT_FOUND, text).into())
            }
        }
    }

    /// For whom somebody signs in at a host.
    pub(crate) fn service_at(&self, origin: &str) -> Service {
        let sts = self.sts.as_ref();
        match sts.filter(|sts| sts.identity.origin == origin) {
            Some(_) => Service::STS,
            None => Service::PORTAL,
        }
    }
}
