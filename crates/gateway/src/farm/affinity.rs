//! The cookie that brings a browser back to the member that its session is on.
//!
//! SECURITY: its value is a keyed MAC over farm and member, so that it tells no address and nobody can
//! make one for a member that was not given to them. What is not the value of a member as it is
//! configured is nobody's: it is ignored, and another is set. Start at [`Affinity::new`].

use aws_lc_rs::{constant_time, hmac};
use http::header::{self, HeaderMap, HeaderValue};

/// What the name of every such cookie begins with; none goes on to a back end.
///
/// A browser takes `__Host-` only from this very host, over TLS and for all of its paths (RFC 6265bis
/// 4.1.3.2), so that no neighbour in the domain sets one.
const PREFIX: &str = "__Host-wicketgate-";
/// How many bytes of a MAC are the value.
const VALUE_BYTES: usize = 16;
/// How many tell the cookies of two farms on one host apart.
const NAME_BYTES: usize = 4;

/// The cookie of one farm: its name, and a value for each member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affinity {
    name: String,
    values: Vec<String>,
}

impl Affinity {
    /// Makes the values of a farm's members, which `members` names in their order.
    #[must_use]
    pub fn new<'a>(key: &[u8; 32], farm: &str, members: impl Iterator<Item = &'a str>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let mac = |parts: &[&str], length| {
            let mut context = hmac::Context::with_key(&key);
            for part in parts {
                let size = u64::try_from(part.len()).unwrap_or(u64::MAX);
                context.update(&size.to_be_bytes());
                context.update(part.as_bytes());
            }
            let mac = context.sign();
            hex(mac.as_ref().get(..length).unwrap_or_default())
        };
        Self {
            name: format!("{PREFIX}{}", mac(&[farm], NAME_BYTES)),
            values: members
                .map(|member| mac(&[farm, member], VALUE_BYTES))
                .collect(),
        }
    }

    /// The member that a request's cookie names, by its place; `None` where it names none that is here.
    #[must_use]
    pub fn named(&self, headers: &HeaderMap) -> Option<usize> {
        let lines = headers.get_all(header::COOKIE).iter();
        // Another's cookie in the same line may hold bytes of any kind.
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let values = pairs
            .filter_map(|pair| std::str::from_utf8(pair).ok())
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                (name.trim() == self.name).then_some(value.trim())
            });
        let is = |known: &String, value: &str| {
            constant_time::verify_slices_are_equal(known.as_bytes(), value.as_bytes()).is_ok()
        };
        let place = |value: &str| self.values.iter().position(|known| is(known, value));
        values.filter_map(place).next()
    }

    /// The header line that binds a browser to a member.
    ///
    /// `SameSite=None`: a meeting's frame is loaded within pages of other sites.
    #[must_use]
    pub fn set_cookie(&self, member: usize) -> Option<HeaderValue> {
        let (name, value) = (&self.name, self.values.get(member)?);
        let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=None");
        HeaderValue::from_str(&line).ok()
    }
}

/// Whether a cookie is one of these, of whichever farm and in whatever letters.
pub(crate) fn is_ours(name: &[u8]) -> bool {
    let start = name.get(..PREFIX.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: [&str; 3] = ["10.0.0.1:443", "10.0.0.2:443", "10.0.0.3:443"];

    fn affinity(key: u8) -> Affinity {
        Affinity::new(&[key; 32], "pool", MEMBERS.into_iter())
    }

    fn sends(cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    fn pair(affinity: &Affinity, member: usize) -> String {
        let line = affinity.set_cookie(member).unwrap();
        let line = line.to_str().unwrap();
        line.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_leads_back_to_its_member_whatever_stands_beside_it() {
        let affinity = affinity(1);
        for member in 0..MEMBERS.len() {
            let pair = pair(&affinity, member);
            let beside = format!("a=b; {pair}; c=d");
            assert_eq!(affinity.named(&sends(&[&pair])), Some(member));
            assert_eq!(affinity.named(&sends(&["x=y", &beside])), Some(member));
        }
        assert_eq!(affinity.named(&sends(&["a=b"])), None);
        let line = [&b"name=M\xc3\xbc\xff; "[..], pair(&affinity, 1).as_bytes()].concat();
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_bytes(&line).unwrap());
        assert_eq!(
            affinity.named(&headers),
            Some(1),
            "beside bytes of any kind"
        );
    }

    #[test]
    fn a_cookie_tells_no_address_and_is_bound_to_this_host_and_tls() {
        let line = affinity(1).set_cookie(0).unwrap();
        let line = line.to_str().unwrap();
        assert!(!line.contains("10.0.0") && !line.contains("pool"), "{line}");
        let (pair, attributes) = line.split_once("; ").unwrap();
        assert!(pair.starts_with(PREFIX) && pair.len() < 80);
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=None");
    }

    #[test]
    fn a_forged_stale_or_foreign_cookie_names_nobody() {
        let ours = affinity(1);
        let (name, value) = pair(&ours, 0)
            .split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .unwrap();
        for forged in [
            "",
            "0",
            "10.0.0.1:443",
            &format!("{value}0"),
            &value.to_uppercase(),
        ] {
            assert_eq!(ours.named(&sends(&[&format!("{name}={forged}")])), None);
        }
        assert_eq!(ours.named(&sends(&[&pair(&affinity(2), 0)])), None, "key");
        let other = Affinity::new(&[1; 32], "other", MEMBERS.into_iter());
        assert_eq!(ours.named(&sends(&[&pair(&other, 0)])), None, "farm");
        let values = |it: &Affinity| it.values.clone();
        assert!(values(&ours).iter().all(|it| !values(&other).contains(it)));
        let later = Affinity::new(&[1; 32], "pool", ["10.0.0.9:443"].into_iter());
        assert_eq!(later.named(&sends(&[&pair(&ours, 0)])), None, "gone");
    }

    #[test]
    fn a_member_keeps_its_value_when_others_come_and_go() {
        let fewer = Affinity::new(&[1; 32], "pool", MEMBERS.into_iter().skip(2));
        assert_eq!(fewer.named(&sends(&[&pair(&affinity(1), 2)])), Some(0));
    }

    #[test]
    fn every_spelling_of_the_name_is_ours() {
        assert!(is_ours(b"__Host-wicketgate-1") && is_ours(b"__HOST-WICKETGATE-"));
        assert!(!is_ours(b"__Host-wicketgat") && !is_ours(b"wicketgate"));
    }
}
