//! The library's two status numbers, its words for them, and what they mean at each step.

use crate::error::{Alarm, BadToken, Denied, TokenError, Unavailable};
use crate::principal::{Principal, Service};

/// Where the codes of RFC 4120 7.5.9 begin among those of MIT (`ERROR_TABLE_BASE_krb5`).
const BASE: i32 = -1_765_328_384;

/// Codes of a KDC or a peer (RFC 4120 7.5.9), then those of the library itself, counted from `BASE`.
mod code {
    pub(super) const NAME_EXPIRED: i32 = 1;
    pub(super) const CLIENT_UNKNOWN: i32 = 6;
    pub(super) const SERVER_UNKNOWN: i32 = 7;
    pub(super) const POLICY: i32 = 12;
    pub(super) const BAD_OPTION: i32 = 13;
    pub(super) const ENCRYPTION_UNSUPPORTED: i32 = 14;
    pub(super) const CLIENT_REVOKED: i32 = 18;
    pub(super) const CLIENT_NOT_YET: i32 = 21;
    pub(super) const KEY_EXPIRED: i32 = 23;
    pub(super) const PREAUTH_FAILED: i32 = 24;
    pub(super) const SERVICE_UNAVAILABLE: i32 = 29;
    pub(super) const BAD_INTEGRITY: i32 = 31;
    pub(super) const TICKET_EXPIRED: i32 = 32;
    pub(super) const TICKET_NOT_YET: i32 = 33;
    pub(super) const REPEATED: i32 = 34;
    pub(super) const NOT_US: i32 = 35;
    pub(super) const SKEW: i32 = 37;
    pub(super) const BAD_KEY_VERSION: i32 = 44;
    pub(super) const NO_KEY: i32 = 45;
    pub(super) const WRONG_PRINCIPAL: i32 = 144;
    pub(super) const REALM_UNKNOWN: i32 = 154;
    pub(super) const KDC_UNREACHABLE: i32 = 156;
    pub(super) const REPLY_MODIFIED: i32 = 147;
    pub(super) const KDC_REPLY_SKEW: i32 = 148;
    pub(super) const BAD_ENCRYPTION: i32 = 188;
    pub(super) const KEY_NOT_FOUND: i32 = 181;
    pub(super) const ENCRYPTION_NOT_PERMITTED: i32 = 236;
}

/// Routine errors of the interface (RFC 2744 3.9.1).
mod routine {
    pub(super) const BAD_BINDINGS: u32 = 4;
    pub(super) const DEFECTIVE_TOKEN: u32 = 9;
}

/// A supplementary bit of the same section: the token is a duplicate.
const DUPLICATE: u32 = 1 << 1;

/// What a call said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) major: u32,
    pub(crate) minor: i32,
    pub(crate) said: String,
}

impl Status {
    /// The Kerberos code, where it is one.
    fn code(&self) -> i32 {
        self.minor.checked_sub(BASE).unwrap_or(i32::MIN)
    }

    fn routine(&self) -> u32 {
        (self.major >> 16) & 0xff
    }

    /// A status of a call that needs a KDC or our own keytab, whoever it was about.
    pub(crate) fn of_our_world(self) -> Unavailable {
        let said = self.said;
        match self.minor.checked_sub(BASE).unwrap_or(i32::MIN) {
            code::KDC_UNREACHABLE | code::SERVICE_UNAVAILABLE | code::REALM_UNKNOWN => {
                Unavailable::KdcUnreachable(said)
            }
            // A ticket that was just issued is over, or yet to come, by our clock alone.
            code::SKEW | code::KDC_REPLY_SKEW | code::TICKET_EXPIRED | code::TICKET_NOT_YET => {
                Unavailable::ClockSkew(said)
            }
            code::ENCRYPTION_UNSUPPORTED
            | code::BAD_ENCRYPTION
            | code::ENCRYPTION_NOT_PERMITTED => Unavailable::NoCommonEncryption(said),
            _ => Unavailable::Other {
                major: self.major,
                minor: self.minor,
                said,
            },
        }
    }

    /// Of the gate's own sign-in, by its keytab.
    pub(crate) fn of_gateway(self, gateway: &Principal) -> Unavailable {
        let gateway = gateway.clone();
        match self.code() {
            code::PREAUTH_FAILED | code::BAD_INTEGRITY => Unavailable::OldKey {
                gateway,
                said: self.said,
            },
            code::CLIENT_UNKNOWN
            | code::CLIENT_REVOKED
            | code::CLIENT_NOT_YET
            | code::NAME_EXPIRED
            | code::KEY_EXPIRED
            | code::POLICY => Unavailable::GatewayRefused {
                gateway,
                said: self.said,
            },
            _ => self.of_our_world(),
        }
    }

    /// Of S4U2Self: what a KDC says of the user.
    pub(crate) fn of_user(self, user: &Principal) -> TokenError {
        let (user, said) = (user.clone(), self.said.clone());
        let denied = match self.code() {
            code::CLIENT_UNKNOWN => Denied::UnknownUser { user, said },
            code::CLIENT_REVOKED => Denied::Revoked { user, said },
            code::NAME_EXPIRED | code::CLIENT_NOT_YET => Denied::Expired { user, said },
            code::KEY_EXPIRED => Denied::PasswordExpired { user, said },
            code::POLICY => Denied::Policy { user, said },
            // SECURITY: a KDC that answers about somebody else is no KDC, or does not know S4U2Self.
            code::REPLY_MODIFIED => {
                let what = "the answer of the KDC is not about them";
                return Alarm::Unexpected { wanted: user, what }.into();
            }
            _ => return self.of_our_world().into(),
        };
        denied.into()
    }

    /// Of S4U2Proxy, for a ticket that may be passed on: what a KDC says of the target.
    pub(crate) fn of_target(self, user: &Principal, target: &Service) -> TokenError {
        let (target, said) = (target.clone(), self.said.clone());
        let unavailable = match self.code() {
            code::BAD_OPTION => Unavailable::TargetNotAllowed { target, said },
            code::SERVER_UNKNOWN => Unavailable::UnknownTarget { target, said },
            _ => return self.of_user(user),
        };
        unavailable.into()
    }

    /// Of a token that a client sent.
    pub(crate) fn of_token(self) -> BadToken {
        if self.major & DUPLICATE != 0 {
            return BadToken::Replayed(self.said);
        }
        match self.routine() {
            routine::BAD_BINDINGS => return BadToken::WrongBindings(self.said),
            routine::DEFECTIVE_TOKEN => return BadToken::Malformed(self.said),
            _ => {}
        }
        match self.code() {
            code::REPEATED => BadToken::Replayed(self.said),
            code::TICKET_EXPIRED | code::TICKET_NOT_YET => BadToken::OutOfTime(self.said),
            code::SKEW => BadToken::ClockSkew(self.said),
            code::BAD_ENCRYPTION
            | code::ENCRYPTION_UNSUPPORTED
            | code::ENCRYPTION_NOT_PERMITTED => BadToken::Weak(self.said),
            code::NOT_US
            | code::NO_KEY
            | code::BAD_KEY_VERSION
            | code::BAD_INTEGRITY
            | code::WRONG_PRINCIPAL
            | code::KEY_NOT_FOUND => BadToken::NotForUs(self.said),
            _ => BadToken::Malformed(self.said),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: i32) -> Status {
        Status {
            major: 13 << 16,
            minor: BASE + code,
            said: "said".to_owned(),
        }
    }

    fn user() -> Principal {
        Principal::new("alice", &"A.TEST".parse().unwrap()).unwrap()
    }

    fn variant(error: &impl std::fmt::Debug) -> String {
        // The innermost name: that of an enum's variant within its family's.
        let text = format!("{error:?}").replace("(\"said\")", "");
        let name = text.split([' ', ')']).next().unwrap_or_default();
        name.rsplit('(').next().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_a_kdc_says_of_a_user_is_the_users_matter() {
        let expected = [
            (1, "Expired"),
            (6, "UnknownUser"),
            (12, "Policy"),
            (18, "Revoked"),
            (21, "Expired"),
            (23, "PasswordExpired"),
            (14, "NoCommonEncryption"),
            (37, "ClockSkew"),
            (156, "KdcUnreachable"),
            (147, "Unexpected"),
            (32, "ClockSkew"),
            (33, "ClockSkew"),
            (60, "Other"),
        ];
        for (code, name) in expected {
            assert_eq!(variant(&status(code).of_user(&user())), name, "{code}");
        }
    }

    #[test]
    fn what_a_kdc_says_of_the_gate_denies_nobody() {
        let expected = [
            (6, "GatewayRefused"),
            (12, "GatewayRefused"),
            (18, "GatewayRefused"),
            (24, "OldKey"),
            (31, "OldKey"),
            (37, "ClockSkew"),
            (156, "KdcUnreachable"),
            (14, "NoCommonEncryption"),
        ];
        for (code, name) in expected {
            assert_eq!(variant(&status(code).of_gateway(&user())), name, "{code}");
        }
    }

    #[test]
    fn what_a_kdc_says_of_a_target_is_set_up_wrongly() {
        let target = Service::new("HTTP/a", &"A.TEST".parse().unwrap()).unwrap();
        for (code, name) in [
            (13, "TargetNotAllowed"),
            (7, "UnknownTarget"),
            (18, "Revoked"),
        ] {
            assert_eq!(
                variant(&status(code).of_target(&user(), &target)),
                name,
                "{code}"
            );
        }
    }

    #[test]
    fn a_token_is_refused_by_what_is_wrong_with_it() {
        let expected = [
            (34, "Replayed"),
            (32, "OutOfTime"),
            (37, "ClockSkew"),
            (236, "Weak"),
            (31, "NotForUs"),
            (144, "NotForUs"),
            (99, "Malformed"),
        ];
        for (code, name) in expected {
            assert_eq!(variant(&status(code).of_token()), name, "{code}");
        }
        let of = |major| Status { major, ..status(0) }.of_token();
        assert_eq!(variant(&of(4 << 16)), "WrongBindings");
        assert_eq!(variant(&of(9 << 16)), "Malformed");
        assert_eq!(variant(&of(2)), "Replayed");
    }

    #[test]
    fn a_minor_status_that_is_none_of_kerberos_is_kept() {
        let foreign = Status {
            minor: i32::MAX,
            ..status(0)
        };
        assert_eq!(variant(&foreign.of_user(&user())), "Other");
    }
}
