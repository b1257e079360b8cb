//! `[lync]`, `[[exchange]]` and `[[route]]` as written.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// `[lync]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lync {
    /// The pools and Directors, each with its own web host name.
    #[serde(default)]
    pub(crate) pool: Vec<LyncPool>,
}

/// `[[lync.pool]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LyncPool {
    /// The published name of the pool's external web services.
    pub(crate) web_host: Spanned<String>,
    /// The port that clients see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// The `lyncdiscover` names, one for each SIP domain.
    #[serde(default)]
    pub(crate) discover_hosts: Vec<Spanned<String>>,
    /// The back end's own names and what they are called outside; what its farm's members are called (`host_header`, `tls_name`,
    /// and the host of `address` where there is no `tls_name`) is known without being listed, where it has a dot and is not published.
    #[serde(default)]
    pub(crate) internal_names: BTreeMap<String, Spanned<String>>,
    /// The farm.
    pub(crate) farm: Spanned<String>,
    /// Whether a meeting's guests are let in; they are where it is left out.
    pub(crate) guests: Option<bool>,
    /// Why a certificate that the pool issued may buy tickets: your reason, which `check` repeats.
    /// Closed where it is left out. A stolen ticket becomes a certificate by it. Removing it reaches kept connections
    /// only as new ones come.
    pub(crate) certificate_sign_in: Option<Spanned<String>>,
    /// Whether the pool is in passive mode: people sign in by a page of this program's security token service, and by
    /// nothing else. No Windows logon is published then. Off where it is left out.
    pub(crate) passive: Option<bool>,
    /// The host (`fs.contoso.com`, with `:PORT` where it is not 443) of the AD FS whose tokens a passive pool takes, while this
    /// program is the AD FS's claims provider; left out, the pool takes the tokens of this program itself.
    pub(crate) passive_adfs: Option<Spanned<String>>,
}

/// `[[exchange]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    /// The published name.
    pub(crate) host: Spanned<String>,
    /// The port that clients see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// The back end's own names and what they are called outside; what its farm's members are called (`host_header`, `tls_name`,
    /// and the host of `address` where there is no `tls_name`) is known without being listed, where it has a dot and is not published.
    #[serde(default)]
    pub(crate) internal_names: BTreeMap<String, Spanned<String>>,
    /// The farm.
    pub(crate) farm: Spanned<String>,
    /// The `autodiscover` names, one for each mail domain.
    #[serde(default)]
    pub(crate) autodiscover_hosts: Vec<Spanned<String>>,
    /// The networks that other organisations' Exchange servers come from (hybrid, federation); what
    /// they use is closed where it is left out.
    #[serde(default)]
    pub(crate) hybrid: Vec<Spanned<IpNet>>,
}

/// `[[route]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// The published name.
    pub(crate) host: Spanned<String>,
    /// The port that clients see, where it is not 443.
    pub(crate) public_port: Option<u16>,
    /// The path, which begins with a slash and has no escapes.
    pub(crate) path: Spanned<String>,
    /// Whether everything below the path is meant too.
    #[serde(default)]
    pub(crate) below: bool,
    /// What must be proved: `"anonymous"`, or a list of `ntlm`, `negotiate`, `basic`.
    pub(crate) auth: Spanned<Auth>,
    /// The service, for policy and app passwords' scope.
    pub(crate) service: String,
    /// The farm.
    pub(crate) farm: Spanned<String>,
    /// The back end's own names and what they are called outside; what its farm's members are called (`host_header`, `tls_name`,
    /// and the host of `address` where there is no `tls_name`) is known without being listed, where it has a dot and is not published.
    #[serde(default)]
    pub(crate) internal_names: BTreeMap<String, Spanned<String>>,
    /// Request headers that pass beside the standard ones; none that tells who somebody is.
    #[serde(default)]
    pub(crate) pass_headers: Vec<Spanned<String>>,
    /// Request headers to set; only names on the allow-list may be set.
    #[serde(default)]
    pub(crate) set_headers: BTreeMap<String, Spanned<String>>,
    /// Whether a connection may be given over to WebSocket.
    #[serde(default)]
    pub(crate) websocket: bool,
    /// Whether a browser comes back to the member of the farm that answered it first, by a cookie.
    #[serde(default)]
    pub(crate) affinity: bool,
}

/// What a route asks.
#[derive(Debug)]
pub(crate) enum Auth {
    /// Nothing is asked.
    Anonymous,
    /// Schemes, offered in this order.
    Schemes(Vec<Scheme>),
}

/// The one word that `auth` may be.
const ANONYMOUS: &str = "anonymous";

/// By hand, as a derived choice between a word and a list tells nobody which word was wrong.
impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AuthVisitor)
    }
}

struct AuthVisitor;

impl<'de> Visitor<'de> for AuthVisitor {
    type Value = Auth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{ANONYMOUS}\" or a list such as [\"negotiate\", \"ntlm\"]"
        )
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Auth, E> {
        if word == ANONYMOUS {
            return Ok(Auth::Anonymous);
        }
        let scheme: Result<Scheme, de::value::Error> =
            Scheme::deserialize(word.into_deserializer());
        Err(match scheme {
            Ok(_) => E::custom(format_args!("a scheme stands in a list: [\"{word}\"]")),
            Err(_) => E::unknown_variant(word, &[ANONYMOUS]),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, schemes: A) -> Result<Auth, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(schemes)).map(Auth::Schemes)
    }
}

/// A scheme.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scheme {
    /// `Authorization: NTLM`.
    Ntlm,
    /// `Authorization: Negotiate`.
    Negotiate,
    /// `Authorization: Basic`.
    Basic,
}
