//! What an entry of Active Directory says of somebody ([MS-ADTS], [MS-ADA1] to [MS-ADA3]).

use std::collections::BTreeMap;

use authn::account::AccountId;
use authn::directory::{MAX_VALUE, MAX_VALUES, NotDelegable, Person, Standing};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ldap3::SearchEntry;

/// Every attribute that an account needs.
pub(crate) const ATTRIBUTES: [&str; 12] = [
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "proxyAddresses",
    "msRTCSIP-PrimaryUserAddress",
    "userAccountControl",
    "accountExpires",
    "lockoutTime",
    "msDS-User-Account-Control-Computed",
    "adminCount",
];

/// Attributes whose values are bytes ([MS-ADTS] 3.1.1.2.2.2, octet strings), which AD FS gives as Base64.
const OCTETS: [&str; 5] = [
    "objectguid",
    "ms-ds-consistencyguid",
    "msexchmailboxguid",
    "thumbnailphoto",
    "usercertificate",
];
/// userAccountControl and its computed part ([MS-ADTS] 2.2.16).
const ACCOUNT_DISABLE: i64 = 0x2;
const LOCKOUT: i64 = 0x10;
const NOT_DELEGATED: i64 = 0x10_0000;
/// Windows counts 100 ns from 1601 on ([MS-DTYP] 2.3.3).
const TICKS_A_MICROSECOND: i64 = 10;
const MICROSECONDS_FROM_1601_TO_1970: i64 = 11_644_473_600_000_000;

/// The domain that an entry stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Domain {
    /// Its NetBIOS name.
    pub(crate) netbios: String,
    /// Its DNS name, in lower case.
    pub(crate) dns: String,
}

/// The values of an entry's attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry(BTreeMap<String, Vec<Vec<u8>>>);

impl Entry {
    /// Takes what was asked for; of an attribute that came in part ([MS-ADTS] 3.1.1.3.1.3.3) nothing, as if it had not been asked for.
    pub(crate) fn of(entry: SearchEntry, attributes: &[&str]) -> Self {
        // What happens to be text is given as text, whatever it is.
        let text = entry.attrs.into_iter().map(|(name, values)| {
            let values = values.into_iter().map(String::into_bytes).collect();
            (name, values)
        });
        let mut came: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for (name, values) in text.chain(entry.bin_attrs) {
            came.entry(name.to_ascii_lowercase())
                .or_default()
                .extend(values);
        }
        let is_in_part = |name: &str| {
            came.keys()
                .any(|it| it.split_once(';').is_some_and(|(it, _)| it == name))
        };
        let whole = attributes.iter().filter_map(|name| {
            let name = name.to_ascii_lowercase();
            let values = came.get(&name).cloned().unwrap_or_default();
            (!is_in_part(&name)).then_some((name, values))
        });
        Self(whole.collect())
    }

    /// All values of an attribute.
    pub(crate) fn all(&self, name: &str) -> &[Vec<u8>] {
        let values = self.0.get(&name.to_ascii_lowercase());
        values.map_or(&[], Vec::as_slice)
    }

    /// What is kept for claim rules, of these attributes those that came whole and are not too much.
    pub(crate) fn kept<'a>(
        &self,
        attributes: impl Iterator<Item = &'a str>,
    ) -> BTreeMap<String, Vec<String>> {
        let kept = attributes.filter_map(|name| {
            let name = name.to_ascii_lowercase();
            let values = self.0.get(&name)?;
            let is_bounded =
                values.len() <= MAX_VALUES && values.iter().all(|it| it.len() <= MAX_VALUE);
            let values = values.iter().map(|it| text(&name, it)).collect();
            is_bounded.then_some((name, values))
        });
        kept.collect()
    }

    /// The first value of an attribute as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let first = self.all(name).first()?;
        std::str::from_utf8(first).ok()
    }

    /// The id of whose entry it is.
    pub(crate) fn id(&self) -> Option<AccountId> {
        guid(self.all("objectGUID").first()?).map(AccountId)
    }

    /// Somebody, without their groups; `None` where it is not somebody's entry.
    pub(crate) fn person(&self, domain: &Domain, now: Timestamp) -> Option<Person> {
        let sam = self.text("sAMAccountName")?.to_owned();
        let upn = self.text("userPrincipalName").map(str::to_owned);
        let mut mail: Vec<String> = self.text("mail").map(str::to_owned).into_iter().collect();
        let primary = self.text("msRTCSIP-PrimaryUserAddress");
        let mut sip: Vec<String> = primary.and_then(sip_uri).into_iter().collect();
        for address in self.all("proxyAddresses") {
            let Ok(address) = std::str::from_utf8(address) else {
                continue;
            };
            sip.extend(sip_uri(address));
            mail.extend(after_scheme(address, "smtp").map(str::to_owned));
        }
        let is_address =
            |address: &String| address.contains('@') && !address.contains(char::is_whitespace);
        for list in [&mut mail, &mut sip] {
            list.retain(is_address);
            without_repeats(list);
        }
        Some(Person {
            id: self.id()?,
            domain: domain.netbios.clone(),
            // Without one Windows takes this ([MS-ADTS] 5.1.1.1.1).
            upn: upn.unwrap_or_else(|| format!("{sam}@{}", domain.dns)),
            sam,
            realm: domain.dns.to_uppercase(),
            sid: sid(self.all("objectSid").first()?)?,
            sip_addresses: sip,
            mail,
            standing: self.standing(now),
            not_delegable: self.not_delegable(),
            groups: None,
            attributes: BTreeMap::new(),
            group_names: None,
        })
    }

    /// SECURITY: without its flags, which a reader may lack the right to see, an account is not let in.
    fn standing(&self, now: Timestamp) -> Standing {
        let Some(control) = self.number("userAccountControl") else {
            return Standing::Disabled;
        };
        let computed = self.number("msDS-User-Account-Control-Computed");
        let is_locked_out = match computed {
            Some(computed) => computed & LOCKOUT != 0,
            None => self.number("lockoutTime").is_some_and(|at| at != 0),
        };
        let expires = self.number("accountExpires").and_then(moment);
        if control & ACCOUNT_DISABLE != 0 {
            Standing::Disabled
        } else if expires.is_some_and(|expires| expires <= now) {
            Standing::Expired
        } else if is_locked_out {
            Standing::LockedOut
        } else {
            Standing::Active
        }
    }

    fn not_delegable(&self) -> Option<NotDelegable> {
        let control = self.number("userAccountControl").unwrap_or_default();
        if control & NOT_DELEGATED != 0 {
            return Some(NotDelegable::Sensitive);
        }
        let is_administrator = self.number("adminCount").is_some_and(|count| count > 0);
        is_administrator.then_some(NotDelegable::Administrator)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }
}

/// A value of an attribute, named in lower case, as rules read it.
pub(super) fn text(name: &str, bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !OCTETS.contains(&name) => text.to_owned(),
        _ => STANDARD.encode(bytes),
    }
}

/// The text form of a GUID, whose first three parts are written backwards ([MS-DTYP] 2.3.4).
pub(crate) fn guid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some(uuid::Uuid::from_bytes_le(bytes).hyphenated().to_string())
}

/// The bytes of a GUID in its text form.
pub(crate) fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    Some(uuid::Uuid::parse_str(text).ok()?.to_bytes_le())
}

/// The text form of a SID ([MS-DTYP] 2.4.2.2).
pub(crate) fn sid(bytes: &[u8]) -> Option<String> {
    let ([revision, count], rest) = bytes.split_first_chunk()?;
    let (authority, rest) = rest.split_first_chunk::<6>()?;
    let [high, low @ ..] = authority;
    let (parts, rest) = rest.as_chunks::<4>();
    let is_whole = *revision == 1 && rest.is_empty() && parts.len() == usize::from(*count);
    if !is_whole || *high != 0 {
        return None;
    }
    let authority = low
        .iter()
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    let mut text = format!("S-1-{authority}");
    for part in parts {
        text.push('-');
        text.push_str(&u32::from_le_bytes(*part).to_string());
    }
    Some(text)
}

/// When an account ends; `None` where it never does ([MS-ADA1] 2.1, accountExpires).
fn moment(ticks: i64) -> Option<Timestamp> {
    if ticks == 0 || ticks == i64::MAX {
        return None;
    }
    let micros = (ticks / TICKS_A_MICROSECOND).saturating_sub(MICROSECONDS_FROM_1601_TO_1970);
    // What lies beyond every calendar is no end.
    Timestamp::from_microsecond(micros).ok()
}

fn sip_uri(address: &str) -> Option<String> {
    after_scheme(address, "sip").map(|address| format!("sip:{address}"))
}

fn after_scheme<'a>(address: &'a str, scheme: &str) -> Option<&'a str> {
    let (written, rest) = address.split_once(':')?;
    written.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Addresses stand in several attributes.
fn without_repeats(list: &mut Vec<String>) {
    let mut known: Vec<String> = Vec::new();
    list.retain(|address| {
        let folded = address.to_lowercase();
        let is_new = !known.contains(&folded);
        known.push(folded);
        is_new
    });
}

#[cfg(test)]
mod tests;
