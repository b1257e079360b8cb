//! `[[policy]]` as written.

use serde::Deserialize;
use toml::Spanned;

/// A way to offer a secret.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Channel {
    /// `Authorization: NTLM`.
    Ntlm,
    /// `Authorization: Negotiate`.
    Negotiate,
    /// `Authorization: Basic`.
    Basic,
    /// A UsernameToken in a SOAP header.
    UsernameToken,
    /// The grant `password` of `/WebTicket/oauthtoken`.
    Grant,
    /// A page of ours.
    Page,
}

/// What a grant is bound to.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GrantBoundTo {
    /// The client's address, or its /64.
    Address,
    /// What its TLS offers.
    TlsFingerprint,
    /// Both.
    Both,
}

/// `[[policy]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// Who, by `CONTOSO\anna` or a UPN; anybody where this and `groups` are left out, either where both are there.
    pub(crate) accounts: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whose members, by the SIDs of groups of the `[directory]`, as `S-1-5-21-...-1107`.
    pub(crate) groups: Option<Spanned<Vec<Spanned<String>>>>,
    /// From where: `external`, `internal`; anywhere where it is left out.
    pub(crate) zones: Option<Spanned<Vec<Spanned<String>>>>,
    /// To what: `lync`, `ews`, or a route's service; anything where it is left out.
    pub(crate) services: Option<Spanned<Vec<Spanned<String>>>>,
    /// To which published path, as `lyncweb.contoso.com/ucwa`, or host; any where it is left out.
    pub(crate) routes: Option<Spanned<Vec<Spanned<String>>>>,
    /// By which channel; any where it is left out.
    pub(crate) channels: Option<Spanned<Vec<Channel>>>,
    /// For which relying parties of the token service, by the names of their trusts or their identifiers; for any where it
    /// is left out.
    pub(crate) parties: Option<Spanned<Vec<Spanned<String>>>>,
    /// What is enough, each by itself; a plus joins what is needed together, as `"app-password + one-time-code"`.
    /// `kerberos` is for `zones = ["internal"]` alone. Nothing is enough where the list is empty.
    pub(crate) methods: Spanned<Vec<Spanned<String>>>,
    /// How old the second factor of a combination may be, as `"8 hours"`; as old as it likes where it is left out.
    pub(crate) fresh: Option<Spanned<String>>,
    /// What a client is known again by that a code behind a secret goes on being good for: `address`, `tls-fingerprint`
    /// (wherever it is; weaker, as whoever likes offers the same TLS), or `both`; its address where it is left out.
    pub(crate) grant_bound_to: Option<Spanned<GrantBoundTo>>,
    /// For how long after its owner's last second factor an app password is enough by itself, as `"30 days"`; for ever
    /// where it is left out, which is one factor.
    pub(crate) lease: Option<Spanned<String>>,
}
