//! Which combinations one attempt by a channel can prove: what fits into a field, an exchange or a page.
//!
//! INVARIANT: it is what `attempt` and `sign_in` can find out, so that nobody is told of a way in that nobody can go; and
//! what decides, what is offered, what is explained and what is proved all ask here, by [`Rule::combinations`](super::Rule).

use super::Combination;
use super::codes::CODES;
use crate::place::{Channel, Method};

/// The secrets of which one stands in a field, with a code behind it or alone.
const SECRETS: [Method; 2] = [Method::AppPassword, Method::MemorisedSecret];

/// The codes that a page asks for and a field for a password does not take apart from the secret before.
const CODES_OF_PAGES: [Method; 2] = [Method::RecoveryCode, Method::TemporaryCode];

impl Channel {
    /// Whether one attempt by it can prove a combination: all of it, and by itself.
    ///
    /// SECURITY: NTLM proves what is known as a hash, and that is an app password: a memorised secret or a code of six
    /// digits could be guessed from one exchange. So may a PIN with a code behind it, which is off unless somebody asks for
    /// it, and is no factor of its own. A ticket is judged by the channel that bought it. Which pages take an app password,
    /// [`Service::page_takes`](crate::place::Service::page_takes) says. A code is sent to whoever proved a secret, on a page
    /// or in the field that holds both.
    #[must_use]
    pub fn carries(self, combination: &Combination) -> bool {
        let is = |method: Method| *combination == method.into();
        match self {
            Self::Ticket => is(Method::AppPassword),
            Self::Ntlm => is(Method::AppPassword) || *combination == Combination::of_pin(),
            Self::Negotiate => is(Method::Kerberos) || Self::Ntlm.carries(combination),
            Self::Basic | Self::UsernameToken | Self::Grant => {
                is_secret_before(combination, |it| CODES.contains(&it))
            }
            // A session that began with a first passkey rests on both.
            Self::Page => {
                is(Method::Passkey)
                    || *combination
                        == Combination::from(Method::MemorisedSecret).and(Method::Passkey)
                    || is_secret_before(combination, |it| {
                        CODES.contains(&it) || CODES_OF_PAGES.contains(&it)
                    })
            }
        }
    }

    /// Whether a code may stand behind a secret in it.
    #[must_use]
    pub fn has_room_for_codes(self) -> bool {
        let both = Combination::from(Method::AppPassword).and(Method::OneTimeCode);
        self.carries(&both)
    }
}

/// Whether it is one secret, alone or with one code behind it.
fn is_secret_before(combination: &Combination, is_code: impl Fn(Method) -> bool) -> bool {
    let (secrets, behind): (Vec<Method>, Vec<Method>) =
        combination.methods().partition(|it| SECRETS.contains(it));
    secrets.len() == 1 && behind.len() <= 1 && behind.into_iter().all(is_code)
}
