//! What each role may do for others: one table, and nothing beside it (S73).
//!
//! INVARIANT: an act that no row gives to a role is refused to it, and an act without a row is none: the `match` would not
//! build. Start at [`Role::may`].

use serde::{Deserialize, Serialize};

/// What somebody, or a program, is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Helps people who cannot sign in.
    HelpDesk,
    /// Looks after one-time code tokens and passkeys.
    TokenAdministrator,
    /// Reads everything and changes nothing.
    Auditor,
    /// Looks after farms and what is published.
    GatewayAdministrator,
    /// Looks after trusts with other parties.
    FederationAdministrator,
}

/// What may be done for others, or looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Seeing who one is, and what there is to be asked.
    SeeOneself,
    /// Finding accounts.
    ReadAccounts,
    /// Switching an account off.
    DisableAccount,
    /// Releasing an account.
    EnableAccount,
    /// Seeing what app passwords there are, never one itself.
    ReadAppPasswords,
    /// Making an app password for somebody.
    MakeAppPassword,
    /// Revoking an app password, or all that a device has.
    RevokeAppPassword,
    /// Seeing what tokens there are, never a seed.
    ReadTokens,
    /// Giving a token to somebody, or taking it from them.
    AssignToken,
    /// Blocking a token, or releasing it.
    BlockToken,
    /// Trying codes of a token, and finding out where it is.
    TryToken,
    /// Seeing what passkeys somebody has.
    ReadPasskeys,
    /// Removing a passkey.
    RemovePasskey,
    /// Giving somebody a temporary code, or taking it back.
    GiveTemporaryCode,
    /// Inviting somebody to choose a secret and to enrol a token.
    Invite,
    /// Seeing where codes are sent, masked.
    ReadDestinations,
    /// Setting where codes are sent.
    SetDestination,
    /// Reading the audit trail.
    ReadAudit,
    /// Seeing farms and their members.
    ReadFarms,
    /// Draining members of farms, and giving them back.
    DrainFarm,
    /// Asking whether a token is one that we issued.
    ReadLedger,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::HelpDesk,
        Self::TokenAdministrator,
        Self::Auditor,
        Self::GatewayAdministrator,
        Self::FederationAdministrator,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HelpDesk => "help-desk",
            Self::TokenAdministrator => "token-administrator",
            Self::Auditor => "auditor",
            Self::GatewayAdministrator => "gateway-administrator",
            Self::FederationAdministrator => "federation-administrator",
        }
    }

    /// The role that a word is for.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Whether it may do something.
    #[must_use]
    pub fn may(self, act: Act) -> bool {
        act.is_for().contains(&self)
    }
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::SeeOneself,
        Self::ReadAccounts,
        Self::DisableAccount,
        Self::EnableAccount,
        Self::ReadAppPasswords,
        Self::MakeAppPassword,
        Self::RevokeAppPassword,
        Self::ReadTokens,
        Self::AssignToken,
        Self::BlockToken,
        Self::TryToken,
        Self::ReadPasskeys,
        Self::RemovePasskey,
        Self::GiveTemporaryCode,
        Self::Invite,
        Self::ReadDestinations,
        Self::SetDestination,
        Self::ReadAudit,
        Self::ReadFarms,
        Self::DrainFarm,
        Self::ReadLedger,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SeeOneself => "see-oneself",
            Self::ReadAccounts => "read-accounts",
            Self::DisableAccount => "disable-account",
            Self::EnableAccount => "enable-account",
            Self::ReadAppPasswords => "read-app-passwords",
            Self::MakeAppPassword => "make-app-password",
            Self::RevokeAppPassword => "revoke-app-password",
            Self::ReadTokens => "read-tokens",
            Self::AssignToken => "assign-token",
            Self::BlockToken => "block-token",
            Self::TryToken => "try-token",
            Self::ReadPasskeys => "read-passkeys",
            Self::RemovePasskey => "remove-passkey",
            Self::GiveTemporaryCode => "give-temporary-code",
            Self::Invite => "invite",
            Self::ReadDestinations => "read-destinations",
            Self::SetDestination => "set-destination",
            Self::ReadAudit => "read-audit",
            Self::ReadFarms => "read-farms",
            Self::DrainFarm => "drain-farm",
            Self::ReadLedger => "read-ledger",
        }
    }

    /// The roles that may do it.
    ///
    /// SECURITY: whoever may read everything may change nothing, and whoever looks after the gate, or after trusts, has no
    /// hand in anybody's account: one stolen token is never all of it.
    fn is_for(self) -> &'static [Role] {
        use Role::{
            Auditor, FederationAdministrator, GatewayAdministrator, HelpDesk, TokenAdministrator,
        };
        match self {
            Self::SeeOneself => &Role::ALL,
            Self::ReadAccounts => &[HelpDesk, TokenAdministrator, Auditor],
            Self::DisableAccount | Self::EnableAccount => &[HelpDesk],
            Self::ReadAppPasswords => &[HelpDesk, Auditor],
            Self::MakeAppPassword | Self::RevokeAppPassword => &[HelpDesk],
            Self::ReadTokens => &[HelpDesk, TokenAdministrator, Auditor],
            Self::AssignToken => &[TokenAdministrator],
            Self::BlockToken | Self::TryToken => &[HelpDesk, TokenAdministrator],
            Self::ReadPasskeys => &[HelpDesk, TokenAdministrator, Auditor],
            Self::RemovePasskey => &[HelpDesk, TokenAdministrator],
            Self::GiveTemporaryCode | Self::Invite => &[HelpDesk],
            Self::ReadDestinations => &[HelpDesk, Auditor],
            Self::SetDestination => &[HelpDesk],
            Self::ReadAudit => &[Auditor],
            Self::ReadFarms => &[GatewayAdministrator, Auditor],
            Self::DrainFarm => &[GatewayAdministrator],
            Self::ReadLedger => &[Auditor, FederationAdministrator],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each act, and who may: h(elp desk), t(oken administrator), a(uditor), g(ateway), f(ederation).
    const TABLE: [(&str, &str); 21] = [
        ("see-oneself", "htagf"),
        ("read-accounts", "hta.."),
        ("disable-account", "h...."),
        ("enable-account", "h...."),
        ("read-app-passwords", "h.a.."),
        ("make-app-password", "h...."),
        ("revoke-app-password", "h...."),
        ("read-tokens", "hta.."),
        ("assign-token", ".t..."),
        ("block-token", "ht..."),
        ("try-token", "ht..."),
        ("read-passkeys", "hta.."),
        ("remove-passkey", "ht..."),
        ("give-temporary-code", "h...."),
        ("invite", "h...."),
        ("read-destinations", "h.a.."),
        ("set-destination", "h...."),
        ("read-audit", "..a.."),
        ("read-farms", "..ag."),
        ("drain-farm", "...g."),
        ("read-ledger", "..a.f"),
    ];

    #[test]
    fn s73_each_role_may_do_what_its_row_says_and_nothing_else() {
        for (act, (word, row)) in Act::ALL.into_iter().zip(TABLE) {
            assert_eq!(act.as_str(), word);
            assert_eq!(
                serde_json::to_value(act).unwrap(),
                serde_json::Value::from(word)
            );
            for (role, mark) in Role::ALL.into_iter().zip(row.chars()) {
                assert_eq!(role.may(act), mark != '.', "{role:?} {act:?}");
            }
        }
    }

    #[test]
    fn s73_an_auditor_changes_nothing() {
        let may = Act::ALL.into_iter().filter(|act| Role::Auditor.may(*act));
        for act in may.filter(|act| *act != Act::SeeOneself) {
            assert!(act.as_str().starts_with("read-"), "{act:?}");
        }
    }

    #[test]
    fn a_role_is_named_by_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.as_str()), Some(role));
            assert_eq!(
                serde_json::to_value(role).unwrap(),
                serde_json::Value::from(role.as_str())
            );
        }
        for wrong in ["", "help desk", "Auditor", "administrator"] {
            assert_eq!(Role::named(wrong), None, "{wrong}");
        }
    }
}
