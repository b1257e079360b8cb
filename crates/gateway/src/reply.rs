//! Answers of our own: few, plain, and the same whatever the reason was.

use authn::place::Zone;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use proto::http_auth::Challenge;
use proto::lync::diagnostics::{self, MsDiagnostics};
use proto::lync::oauthtoken::{self, OauthError};
use proto::soap::{Fault, Version};

use crate::conversation::Reply;
use crate::headers::ACTIVITY;
use crate::route::Scheme;

/// What every answer of ours carries.
#[derive(Clone, Debug)]
pub(crate) struct Replies {
    /// The request's id.
    pub(crate) activity: HeaderValue,
}

impl Replies {
    /// An answer with a fixed sentence.
    pub(crate) fn plain(&self, status: StatusCode, sentence: &'static str) -> Reply {
        let mut headers = self.headers("text/plain; charset=utf-8");
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        Reply {
            status,
            headers,
            body: Bytes::from_static(sentence.as_bytes()),
            cause: None,
        }
    }

    /// 405 with the methods that pass.
    pub(crate) fn not_allowed(&self, allow: &str) -> Reply {
        let sentence = "This method is not published here.\n";
        let mut reply = self.plain(StatusCode::METHOD_NOT_ALLOWED, sentence);
        if let Ok(allow) = HeaderValue::from_str(allow) {
            reply.headers.insert(header::ALLOW, allow);
        }
        reply
    }

    /// 401 with an offer for each scheme, each on its own line.
    pub(crate) fn offers(&self, schemes: &[Scheme], realm: &str) -> Reply {
        let mut reply = self.plain(StatusCode::UNAUTHORIZED, "Sign in first.\n");
        for scheme in schemes {
            let offer = match scheme {
                Scheme::Ntlm => Challenge::Ntlm(None),
                Scheme::Negotiate => Challenge::Negotiate(None),
                Scheme::Basic => Challenge::Basic { realm },
                Scheme::UsernameToken | Scheme::Grant | Scheme::Ticket | Scheme::Passive => {
                    continue;
                }
            };
            append(&mut reply.headers, &offer);
        }
        reply
    }

    /// 401 with the next message of a handshake.
    pub(crate) fn handshake(&self, scheme: Scheme, token: &[u8]) -> Reply {
        let mut reply = self.plain(StatusCode::UNAUTHORIZED, "Sign in first.\n");
        append(&mut reply.headers, &challenge(scheme, token));
        reply
    }

    /// 401 that says where tickets are had, without any offer (SIPE would take it up there).
    pub(crate) fn ticket_wanted(&self, web_ticket_url: Option<&str>) -> Reply {
        let mut reply = self.plain(StatusCode::UNAUTHORIZED, "A web ticket is needed.\n");
        let url = web_ticket_url.and_then(|url| HeaderValue::from_str(url).ok());
        if let Some(url) = url {
            reply
                .headers
                .insert(HeaderName::from_static("x-ms-webticketurl"), url);
        }
        reply
    }

    /// 401 that says where and by which grants UCWA clients get tickets.
    pub(crate) fn oauth_wanted(&self, href: &str, grants: &[&str]) -> Reply {
        let mut reply = self.plain(StatusCode::UNAUTHORIZED, "A web ticket is needed.\n");
        let grants = grants.join(",");
        let challenge = format!("MsRtcOAuth href=\"{href}\",grant_type=\"{grants}\"");
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            reply.headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        reply
    }

    /// 404 where the policy lets nobody sign in from where the client is; the log hears of it.
    pub(crate) fn shut(&self, zone: &Zone) -> Reply {
        let sentence = "Nobody can sign in here from where you are.\n";
        let cause = format!("the policy lets nobody sign in here from the zone `{zone}`");
        self.plain(StatusCode::NOT_FOUND, sentence).because(&cause)
    }

    /// 400 of the grants: the error's name, and what Lync says beside it.
    pub(crate) fn oauth(&self, error: OauthError, host: &str) -> Reply {
        self.not_granted(error.to_json(), host)
    }

    /// 400 of the grant of a passive session that is not known: where one begins.
    pub(crate) fn passive_wanted(&self, page: &str, host: &str) -> Reply {
        self.not_granted(oauthtoken::begins_at(page), host)
    }

    fn not_granted(&self, json: String, host: &str) -> Reply {
        let mut reply = Reply {
            status: StatusCode::BAD_REQUEST,
            headers: self.headers("application/json"),
            body: Bytes::from(json),
            cause: None,
        };
        add_diagnostics(&mut reply, host);
        reply
    }

    /// The fault of a ticket that is not one (28032).
    pub(crate) fn ticket_fault(&self, version: Version) -> Reply {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        self.faulty(status, &Fault::invalid_web_ticket(), version)
    }

    /// A SOAP fault: the sign-in failed, and nobody is told why.
    pub(crate) fn fault(&self, status: StatusCode, version: Version) -> Reply {
        self.faulty(status, &Fault::no_valid_security_token(), version)
    }

    fn faulty(&self, status: StatusCode, fault: &Fault, version: Version) -> Reply {
        Reply {
            status,
            headers: self.headers(version.content_type()),
            body: Bytes::from(fault.to_xml(version)),
            cause: None,
        }
    }

    fn headers(&self, content_type: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(ACTIVITY, self.activity.clone());
        headers
    }
}

/// Adds what Lync's web ticket service says of a failed logon; it is the same for every reason.
pub(crate) fn add_diagnostics(reply: &mut Reply, host: &str) {
    let said = MsDiagnostics {
        id: 28020,
        source: host.to_owned(),
        reason: "No valid security token.".to_owned(),
        fault: Some("wsse:FailedAuthentication".to_owned()),
    };
    if let Ok(value) = HeaderValue::from_str(&said.to_header_value()) {
        let name = HeaderName::from_bytes(diagnostics::HEADER.as_bytes());
        name.map(|name| reply.headers.insert(name, value)).ok();
    }
}

/// The header value of a handshake's message.
pub(crate) fn challenge(scheme: Scheme, token: &[u8]) -> Challenge<'_> {
    match scheme {
        Scheme::Negotiate => Challenge::Negotiate(Some(token)),
        Scheme::Ntlm
        | Scheme::Basic
        | Scheme::UsernameToken
        | Scheme::Grant
        | Scheme::Ticket
        | Scheme::Passive => Challenge::Ntlm(Some(token)),
    }
}

/// Adds an offer as a header line of its own.
pub(crate) fn append(headers: &mut HeaderMap, offer: &Challenge<'_>) {
    if let Ok(value) = HeaderValue::from_str(&offer.to_string()) {
        headers.append(header::WWW_AUTHENTICATE, value);
    }
}
