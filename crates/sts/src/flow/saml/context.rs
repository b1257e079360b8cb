//! How somebody shall have signed in, and how they did: classes of SAML, from the weakest to the strongest (AD FS,
//! `AuthenticationContextOrder`).
//!
//! A class is answered that is true, or none. Start at [`Acceptable::of`].

use claims::claim_type::{AUTHENTICATION_METHOD, MULTIPLE_AUTHENTICATION};
use proto::saml::v1;
use proto::saml::v2::{
    Comparison, PASSWORD, PASSWORD_PROTECTED_TRANSPORT, RequestedAuthnContext, UNSPECIFIED_CLASS,
};

use crate::pipeline::IssuedClaims;
use crate::subject;
use crate::trust::Identifier;

/// What research and education call a second factor.
const REFEDS_MFA: &str = "https://refeds.org/profile/mfa";
/// The classes that can be proved here, each with its strength; the last stands where nothing else is wanted.
const CLASSES: [(&str, u8); 5] = [
    (UNSPECIFIED_CLASS, 0),
    (PASSWORD, 1),
    (PASSWORD_PROTECTED_TRANSPORT, 2),
    (REFEDS_MFA, SECOND_FACTOR),
    (MULTIPLE_AUTHENTICATION, SECOND_FACTOR),
];
/// From which strength on a second factor is proved.
const SECOND_FACTOR: u8 = 3;

/// Nobody can sign in here in the way that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchContext;

/// The classes that a party takes, those that it likes better first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acceptable {
    classes: Vec<(&'static str, u8)>,
    is_wanted: bool,
}

impl Acceptable {
    /// What a request wants, of what the trust lets it want.
    pub(super) fn of(
        context: Option<&RequestedAuthnContext>,
        allowed: &[Identifier],
    ) -> Result<Self, NoSuchContext> {
        let strongest_first = CLASSES.into_iter().rev();
        let Some(RequestedAuthnContext {
            comparison,
            classes,
        }) = context
        else {
            return Ok(Self {
                classes: strongest_first.collect(),
                is_wanted: false,
            });
        };
        let is_allowed = |it: &&String| {
            allowed.is_empty() || allowed.iter().any(|one| one.as_str() == it.as_str())
        };
        let known = |it: &String| CLASSES.into_iter().find(|(class, _)| class == it);
        let wanted: Vec<_> = classes
            .iter()
            .filter(is_allowed)
            .filter_map(known)
            .collect();
        let strengths = || wanted.iter().map(|(_, strength)| *strength);
        // What is not known may be stronger than anything here.
        let all_are_known = wanted.len() == classes.len();
        let (least, most) = (strengths().min(), strengths().max());
        let classes: Vec<_> = match (comparison, least, most) {
            (_, None, _) | (_, _, None) => Vec::new(),
            (Comparison::Exact, ..) => wanted,
            (Comparison::Minimum, Some(least), _) => {
                strongest_first.filter(|(_, it)| *it >= least).collect()
            }
            (Comparison::Maximum, _, Some(most)) => {
                strongest_first.filter(|(_, it)| *it <= most).collect()
            }
            (Comparison::Better, _, Some(most)) => strongest_first
                .filter(|(_, it)| all_are_known && *it > most)
                .collect(),
        };
        match classes.is_empty() {
            true => Err(NoSuchContext),
            false => Ok(Self {
                classes,
                is_wanted: true,
            }),
        }
    }

    /// Whether nothing but a second factor is enough.
    pub(super) fn needs_second_factor(&self) -> bool {
        let mut classes = self.classes.iter();
        classes.all(|(_, strength)| *strength >= SECOND_FACTOR)
    }

    /// The class to be answered: what the rules say of it, where that is what is wanted; or else the first that was proved.
    pub(super) fn answered(
        &self,
        claims: &IssuedClaims,
        has_second_factor: bool,
    ) -> Option<String> {
        let mut said = claims.claims().of_type(AUTHENTICATION_METHOD);
        let said = said.next().map(|it| match &*it.value {
            subject::PASSWORD | v1::PASSWORD => PASSWORD_PROTECTED_TRANSPORT,
            other => other,
        });
        let is_taken =
            |it: &&str| !self.is_wanted || self.classes.iter().any(|(class, _)| class == it);
        let is_true = |it: &&(&str, u8)| it.1 < SECOND_FACTOR || has_second_factor;
        let proved = self.classes.iter().find(is_true).map(|(class, _)| *class);
        said.filter(is_taken).or(proved).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acceptable(comparison: Comparison, classes: &[&str]) -> Result<Acceptable, NoSuchContext> {
        let context = RequestedAuthnContext {
            comparison,
            classes: classes.iter().map(|&it| it.to_owned()).collect(),
        };
        Acceptable::of(Some(&context), &[])
    }

    fn names(acceptable: Result<Acceptable, NoSuchContext>) -> Vec<&'static str> {
        let classes = acceptable.map(|it| it.classes).unwrap_or_default();
        classes.into_iter().map(|(class, _)| class).collect()
    }

    const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    const MFA: &str = MULTIPLE_AUTHENTICATION;
    const TRANSPORT: &str = PASSWORD_PROTECTED_TRANSPORT;

    #[test]
    fn classes_are_compared_as_the_party_says() {
        use Comparison::{Better, Exact, Maximum, Minimum};
        for (comparison, wanted, expected) in [
            (Exact, &[X509, TRANSPORT][..], &[TRANSPORT][..]),
            (Exact, &[MFA, PASSWORD], &[MFA, PASSWORD]),
            (Exact, &[X509], &[]),
            (Minimum, &[TRANSPORT], &[MFA, REFEDS_MFA, TRANSPORT]),
            (Minimum, &[X509], &[]),
            (
                Maximum,
                &[TRANSPORT],
                &[TRANSPORT, PASSWORD, UNSPECIFIED_CLASS],
            ),
            (Better, &[TRANSPORT], &[MFA, REFEDS_MFA]),
            (Better, &[PASSWORD, X509], &[]),
            (Better, &[MFA], &[]),
        ] {
            assert_eq!(
                names(acceptable(comparison, wanted)),
                expected,
                "{wanted:?}"
            );
        }
        let none = Acceptable::of(None, &[]).unwrap();
        assert!(!none.needs_second_factor() && none.classes.len() == CLASSES.len());
    }

    #[test]
    fn a_second_factor_is_needed_where_nothing_less_is_taken() {
        let needs = |comparison, classes| {
            acceptable(comparison, classes).is_ok_and(|it| it.needs_second_factor())
        };
        assert!(needs(Comparison::Exact, &[REFEDS_MFA, MFA]));
        assert!(needs(Comparison::Better, &[TRANSPORT]));
        assert!(!needs(Comparison::Exact, &[MFA, TRANSPORT]));
        assert!(!needs(Comparison::Minimum, &[TRANSPORT]));
    }

    #[test]
    fn a_party_wants_only_what_its_trust_lists() {
        let listed = [Identifier::parse(TRANSPORT).unwrap()];
        let context = |class: &str| RequestedAuthnContext {
            comparison: Comparison::Exact,
            classes: vec![class.to_owned()],
        };
        assert!(Acceptable::of(Some(&context(TRANSPORT)), &listed).is_ok());
        let refused = Acceptable::of(Some(&context(MFA)), &listed);
        assert_eq!(refused, Err(NoSuchContext));
    }
}
