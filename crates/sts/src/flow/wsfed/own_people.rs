//! Whether a partner speaks of its own people: of names with its own suffixes where its trust names some, and never of names
//! of ours or of another claims provider (T-SAML-5).
//!
//! SECURITY: names are looked at twice. A rule of the party makes a name of any claim, so that what was accepted says nothing
//! of what leaves. Ours are our domain, all that is below it, and whatever names of our accounts end in; a suffix that the
//! partner's own trust names is its own, as an administrator said so. Start at [`OwnPeople::accepted`].

use std::collections::{BTreeMap, BTreeSet};

use authn::audit::{TokenRefusal, shown_name};
use authn::name::NameSuffix;
use claims::{Claim, ClaimSet};

use super::{Identity, Refusal};
use crate::ports::{OwnNames, Unavailable};
use crate::subject::{MAIL, MAIL_1_X, NAME, NAME_IDENTIFIER, UPN, UPN_1_X};
use crate::token::FORMAT;
use crate::trust::{ClaimsProviderTrust, TrustBook};

/// Most suffixes that the store is asked about for one person: each is a look at all names.
const MAX_SUFFIXES: usize = 32;
/// Formats of a name by which it is an address or a user principal name, by their ends.
const FORMATS: [&str; 3] = [":emailaddress", "/emailaddress", "/upn"];
/// What some reader takes for the `@` of a name.
const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

/// The people of a partner.
pub(super) struct OwnPeople<'a> {
    provider: &'a ClaimsProviderTrust,
    book: &'a TrustBook,
    identity: &'a Identity,
    names: &'a dyn OwnNames,
    /// Suffixes of which the store said that no account of ours has them.
    nobodys: BTreeSet<NameSuffix>,
}

/// Whose a name is.
enum Whose {
    Its,
    Anothers,
    /// Its own, unless somebody of ours is called so.
    NobodysWeKnow(NameSuffix),
}

impl<'a> OwnPeople<'a> {
    /// Those of this provider.
    pub(super) fn of(
        provider: &'a ClaimsProviderTrust,
        (book, identity): (&'a TrustBook, &'a Identity),
        names: &'a dyn OwnNames,
    ) -> Self {
        Self {
            provider,
            book,
            identity,
            names,
            nobodys: BTreeSet::new(),
        }
    }

    /// Looks at what was accepted of a partner's word.
    ///
    /// # Errors
    ///
    /// Nobody knows whose names they are; within, it vouches for somebody who is another's.
    pub(super) async fn accepted(
        &mut self,
        claims: &ClaimSet,
    ) -> Result<Result<(), Refusal>, Unavailable> {
        let strange = self.strange_in(claims).await?;
        Ok(strange.map_or(Ok(()), |strange| {
            let said = format!("it speaks of a name that is not of its own suffixes: {strange}");
            Err(Refusal::new(TokenRefusal::NotBelieved, said))
        }))
    }

    /// Looks at what the rules of a party made of it.
    ///
    /// # Errors
    ///
    /// As [`OwnPeople::accepted`].
    pub(super) async fn issued(
        &mut self,
        claims: &ClaimSet,
    ) -> Result<Result<(), Refusal>, Unavailable> {
        let strange = self.strange_in(claims).await?;
        Ok(strange.map_or(Ok(()), |strange| {
            let said = format!(
                "the issuance transform rules make a name that is not of its own suffixes: {strange}; where that is meant, \
                 name the suffix in the `organizational_account_suffixes` of its trust"
            );
            Err(Refusal::new(TokenRefusal::NotBelieved, said))
        }))
    }

    /// What of these claims names somebody who is another's.
    async fn strange_in(&mut self, claims: &ClaimSet) -> Result<Option<String>, Unavailable> {
        let mut unknown = BTreeMap::new();
        for claim in claims.iter().filter(|it| is_name(it)) {
            match self.whose(&claim.value) {
                Whose::Its => {}
                Whose::Anothers => return Ok(Some(shown(claim))),
                Whose::NobodysWeKnow(suffix) if self.nobodys.contains(&suffix) => {}
                Whose::NobodysWeKnow(suffix) => {
                    unknown.entry(suffix).or_insert(claim);
                }
            }
        }
        if self.nobodys.len() + unknown.len() > MAX_SUFFIXES {
            return Ok(Some(format!("it has more than {MAX_SUFFIXES}")));
        }
        for (suffix, claim) in unknown {
            if self.names.is_of_ours(&suffix).await? {
                return Ok(Some(shown(claim)));
            }
            self.nobodys.insert(suffix);
        }
        Ok(None)
    }

    fn whose(&self, name: &str) -> Whose {
        let Some(suffix) = suffix_of_name(name) else {
            return Whose::Anothers;
        };
        let read = NameSuffix::parse(suffix);
        let mut own = self.provider.organizational_account_suffixes.iter();
        if own.any(|it| read.is_some() && NameSuffix::parse(it.trim_start_matches('@')) == read) {
            return Whose::Its;
        }
        // SECURITY: a directory may find somebody by a name whose letters differ in their accents.
        let is_free = self.provider.organizational_account_suffixes.is_empty() && suffix.is_ascii();
        match read {
            Some(suffix) if is_free && !self.is_anothers(&suffix) => Whose::NobodysWeKnow(suffix),
            Some(_) | None => Whose::Anothers,
        }
    }

    /// Whether names that end so are ours by our domain, or another claims provider's by its trust.
    fn is_anothers(&self, suffix: &NameSuffix) -> bool {
        let domain = NameSuffix::parse(&self.identity.domain);
        let is_ours = domain.is_none_or(|it| suffix.is_within(&it));
        let trusts = self.book.claims_providers();
        let mut named = trusts.flat_map(|it| &it.organizational_account_suffixes);
        let is_it = |named: &String| {
            let named = NameSuffix::parse(named.trim_start_matches('@'));
            named.as_ref() == Some(suffix)
        };
        is_ours || named.any(is_it)
    }
}

/// Whether a claim is a name by which somebody may be taken for one of ours.
///
/// SECURITY: whoever reads a token may take a type in any case of its letters, and any name with an `@` for a user principal
/// name.
fn is_name(claim: &Claim) -> bool {
    let is_called = |name: &&str| claim.claim_type.eq_ignore_ascii_case(name);
    if [UPN, MAIL, UPN_1_X, MAIL_1_X].iter().any(is_called) {
        return true;
    }
    let format = claim.properties.get(FORMAT).map(|it| it.to_lowercase());
    let is_of_format = format.is_some_and(|it| FORMATS.iter().any(|end| it.ends_with(end)));
    let has_at = claim.value.contains(AT);
    (is_called(&NAME_IDENTIFIER) && (is_of_format || has_at)) || (is_called(&NAME) && has_at)
}

/// A claim for an administrator: its type, and what its name ends in where that can be read.
fn shown(claim: &Claim) -> String {
    let suffix = suffix_of_name(&claim.value);
    let suffix = suffix.map(|it| format!(" with `{}`", shown_name(it, "")));
    let unread = " that cannot be read in one way";
    format!(
        "`{}`{}",
        claim.claim_type,
        suffix.as_deref().unwrap_or(unread)
    )
}

/// What follows on the `@` of a name that everybody reads in one way: one `@`, a domain of letters, digits, dots and dashes.
fn suffix_of_name(name: &str) -> Option<&str> {
    let (user, suffix) = name.split_once('@')?;
    let is_plain = |it: char| it.is_alphanumeric() || it == '-' || it == '.';
    let is_domain = !suffix.starts_with('.') && !suffix.ends_with('.') && suffix.contains(is_plain);
    let is_whole = suffix.chars().all(is_plain) && is_domain;
    let is_strange = |it: char| it.is_whitespace() || it == '\\' || AT.contains(&it);
    let is_user = !user.is_empty() && !user.contains(is_strange);
    (is_whole && is_user).then_some(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_read_in_one_way_or_not_at_all() {
        assert_eq!(suffix_of_name("anna@contoso.com"), Some("contoso.com"));
        assert_eq!(
            suffix_of_name("anna@bücher.example"),
            Some("bücher.example")
        );
        for doubtful in [
            "anna@contoso.com.",
            "anna@contoso.com ",
            "anna @contoso.com",
            "CONTOSO\\anna",
            "CONTOSO\\anna@elsewhere.example",
            "anna@elsewhere.example@contoso.com",
            "anna\u{ff20}contoso.com@fabrikam.com",
            "anna@",
            "@contoso.com",
            "anna@.contoso.com",
            "anna",
            "",
        ] {
            assert_eq!(suffix_of_name(doubtful), None, "{doubtful}");
        }
    }
}
