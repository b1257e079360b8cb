//! The policy: each `[[policy]]` in the order in which it stands, with every name that it speaks of known.

use std::collections::BTreeSet;

use authn::credential::grant::BoundTo;
use authn::name::NameKey;
use authn::party::PartyName;
use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Combination, CombinationParseError, Policy, Rule};
use gateway::route::Publication;
use jiff::SignedDuration;
use toml::Spanned;

use super::Understanding;
use super::published::is_host_name;
use crate::config::error::{ConfigError, meant};
use crate::config::settings::Role;
use crate::config::written::{self, Written};

/// What a rule may speak of.
struct Known<'a> {
    publication: &'a Publication,
    services: &'a [&'a str],
    role: &'a Role,
}

impl Understanding<'_> {
    /// The rules, in the order in which they were written.
    pub(super) fn policy(
        &self,
        written: &Written,
        (publication, role): (&Publication, &Role),
    ) -> Result<Policy, ConfigError> {
        let routes = publication.hosts.values().flat_map(|host| &host.routes);
        let (portal, sts) = (Service::PORTAL, Service::STS);
        let mut services: Vec<&str> = routes.map(|route| &*route.service.0).collect();
        services.extend(written.portal.iter().map(|_| &*portal.0));
        services.extend(written.sts.iter().map(|_| &*sts.0));
        if let Role::Authn(answering) = role {
            services.extend(answering.services.iter().map(String::as_str));
        }
        let rules = written.policy.iter().map(Spanned::get_ref);
        let known = Known {
            publication,
            services: &services,
            role,
        };
        let rules = rules.map(|it| self.rule(it, written, &known));
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(Policy { rules })
    }

    fn rule(
        &self,
        rule: &written::Policy,
        written: &Written,
        known: &Known<'_>,
    ) -> Result<Rule, ConfigError> {
        let services = known.services;
        let channels = self.named(rule.channels.as_ref())?.iter();
        let methods = self.combinations(rule.methods.get_ref(), &written.ntlm)?;
        let app_password = Combination::from(Method::AppPassword);
        let has_second = |it: &Combination| it.methods().any(Method::is_second_factor);
        Ok(Rule {
            accounts: self.accounts(self.named(rule.accounts.as_ref())?, written)?,
            groups: self.groups(self.named(rule.groups.as_ref())?, (written, known.role))?,
            zones: self.zones(self.named(rule.zones.as_ref())?)?,
            services: self.services(self.named(rule.services.as_ref())?, services)?,
            routes: self.routes(self.named(rule.routes.as_ref())?, known)?,
            channels: channels.copied().map(channel).collect(),
            parties: self.parties(rule, services)?,
            fresh: self.age(
                rule.fresh.as_ref(),
                methods.iter().any(has_second),
                NO_SECOND,
            )?,
            lease: self.age(
                rule.lease.as_ref(),
                methods.contains(&app_password),
                NO_APP_PASSWORD,
            )?,
            grant_bound_to: self.grant_bound_to(rule, &methods)?,
            methods,
        })
    }

    /// What a list names; nothing where it is left out, which means anything.
    ///
    /// SECURITY: a list that somebody emptied would mean the same, and they meant the opposite.
    fn named<'l, T>(&self, list: Option<&'l Spanned<Vec<T>>>) -> Result<&'l [T], ConfigError> {
        match list {
            Some(list) if list.get_ref().is_empty() => {
                let message = "an empty list names nothing; leave the key out where anything is \
                               meant, or take the [[policy]] away";
                Err(self.error(list, message))
            }
            Some(list) => Ok(list.get_ref()),
            None => Ok(&[]),
        }
    }

    fn combinations(
        &self,
        written: &[Spanned<String>],
        ntlm: &written::Ntlm,
    ) -> Result<Vec<Combination>, ConfigError> {
        let combination = |text: &Spanned<String>| {
            let read = text.get_ref().parse::<Combination>().map_err(|error| {
                let expected = expected(&error);
                self.error(text, &format!("{error}; {expected}"))
            })?;
            match read.needs(Method::NtlmPin) {
                true if read != Combination::of_pin() => Err(self.error(text, PIN_ALONE)),
                true if !ntlm.pin => Err(self.error(text, PIN_OFF)),
                true | false => Ok(read),
            }
        };
        written.iter().map(combination).collect()
    }

    pub(super) fn zones(&self, names: &[Spanned<String>]) -> Result<BTreeSet<Zone>, ConfigError> {
        let zone = |name: &Spanned<String>| match name.get_ref().as_str() {
            "external" => Ok(Zone::EXTERNAL),
            "internal" => Ok(Zone::INTERNAL),
            other => {
                let message = format!("there is no zone `{other}`: `external` or `internal`");
                Err(self.error(name, &message))
            }
        };
        names.iter().map(zone).collect()
    }

    fn services(
        &self,
        names: &[Spanned<String>],
        published: &[&str],
    ) -> Result<BTreeSet<Service>, ConfigError> {
        let service = |name: &Spanned<String>| {
            let typed = name.get_ref().as_str();
            if published.contains(&typed) {
                return Ok(Service(typed.to_owned().into()));
            }
            let hint = hint(typed, published.iter().copied());
            let message = format!("nothing published is the service `{typed}`{hint}");
            Err(self.error(name, &message))
        };
        names.iter().map(service).collect()
    }

    /// Paths are named as they are published, so that nobody believes a part of one to be meant. What gateways publish is not
    /// known here: they name the path that is asked for, and refuse a rule of theirs about one that is none.
    fn routes(
        &self,
        names: &[Spanned<String>],
        known: &Known<'_>,
    ) -> Result<BTreeSet<RouteName>, ConfigError> {
        let publication = known.publication;
        let is_elsewhere = matches!(known.role, Role::Authn(_));
        let published: Vec<String> = published_paths(publication);
        let route = |name: &Spanned<String>| {
            let typed = name.get_ref().to_lowercase();
            let (host, path) = match typed.split_once('/') {
                Some((host, path)) => (host, Some(format!("/{path}"))),
                None => (typed.as_str(), None),
            };
            let is_named = match (is_elsewhere, &path) {
                (true, _) => may_be_published(host, path.as_deref()),
                (false, Some(_)) => published.contains(&typed),
                (false, None) => publication.hosts.contains_key(host),
            };
            match path.filter(|_| is_named) {
                Some(path) => Ok(RouteName::of(host, &path)),
                None if is_named => Ok(RouteName::host(host)),
                None if is_elsewhere => {
                    let message = format!(
                        "`{typed}` is no host, and no host with a path; write one that `policy list --routes` on a gateway \
                         shows"
                    );
                    Err(self.error(name, &message))
                }
                None => {
                    let hint = hint(&typed, published.iter().map(String::as_str));
                    let message = format!(
                        "nothing is published as `{typed}`{hint}; write a host, or a host with a path, as \
                         `policy list --routes` shows them"
                    );
                    Err(self.error(name, &message))
                }
            }
        };
        names.iter().map(route).collect()
    }

    /// Relying parties; which trusts there are is in the store, and `policy prove` and `doctor` look there.
    fn parties(
        &self,
        rule: &written::Policy,
        services: &[&str],
    ) -> Result<BTreeSet<PartyName>, ConfigError> {
        let Some(list) = &rule.parties else {
            return Ok(BTreeSet::new());
        };
        let sts = &*Service::STS.0;
        if !services.contains(&sts) {
            let message = "parties are those of the token service, and there is no table [sts]";
            return Err(self.error(list, message));
        }
        let named = self.named(rule.services.as_ref())?;
        if !named.is_empty() && !named.iter().any(|it| it.get_ref() == sts) {
            let message = "people sign in for parties at the service `sts` alone, which is not among `services`; leave \
                           `services` out";
            return Err(self.error(list, message));
        }
        let party = |name: &Spanned<String>| {
            let typed = name.get_ref();
            match typed.trim() == typed && !typed.is_empty() {
                true => Ok(PartyName(typed.clone())),
                false => Err(self.error(name, NO_PARTY)),
            }
        };
        self.named(Some(list))?.iter().map(party).collect()
    }

    fn accounts(
        &self,
        names: &[Spanned<String>],
        written: &Written,
    ) -> Result<BTreeSet<NameKey>, ConfigError> {
        let mut keys = BTreeSet::new();
        for name in names {
            let typed = name.get_ref();
            let candidates = NameKey::candidates(typed, "", Some(written.names.domain.get_ref()));
            if candidates.is_empty() {
                let message =
                    format!("`{typed}` is not the name of an account: CONTOSO\\anna or a UPN");
                return Err(self.error(name, &message));
            }
            keys.extend(candidates);
        }
        Ok(keys)
    }

    /// Groups, where a directory gives them. A gateway has none: whose they are says whoever it asks, and it offers what any
    /// rule allows to some.
    fn groups(
        &self,
        names: &[Spanned<String>],
        (written, role): (&Written, &Role),
    ) -> Result<BTreeSet<String>, ConfigError> {
        let group = |name: &Spanned<String>| {
            let typed = name.get_ref();
            if !is_sid(typed) {
                let message = format!(
                    "`{typed}` is not the SID of a group, as S-1-5-21-...-1107; `(Get-ADGroup NAME).SID.Value` in \
                     PowerShell prints it"
                );
                return Err(self.error(name, &message));
            }
            if written.directory.is_none() && !matches!(role, Role::Gateway(_)) {
                let message =
                    "groups are those of the directory, and there is no table [directory]";
                return Err(self.error(name, message));
            }
            Ok(typed.clone())
        };
        names.iter().map(group).collect()
    }

    /// What a grant is bound to, where the rule has a combination that buys one.
    fn grant_bound_to(
        &self,
        rule: &written::Policy,
        methods: &[Combination],
    ) -> Result<BoundTo, ConfigError> {
        let Some(written) = &rule.grant_bound_to else {
            return Ok(BoundTo::default());
        };
        let buys = |it: &Combination| {
            let is_code = it.needs(Method::OneTimeCode) || it.needs(Method::SentCode);
            is_code && it.methods().count() > 1
        };
        if !methods.iter().any(buys) {
            return Err(self.error(written, NO_GRANT));
        }
        Ok(match written.get_ref() {
            written::GrantBoundTo::Address => BoundTo::Address,
            written::GrantBoundTo::TlsFingerprint => BoundTo::TlsFingerprint,
            written::GrantBoundTo::Both => BoundTo::Both,
        })
    }

    /// A length of time, as `30 days`, where the rule has something that it is about.
    fn age(
        &self,
        written: Option<&Spanned<String>>,
        is_about_something: bool,
        nothing: &str,
    ) -> Result<Option<SignedDuration>, ConfigError> {
        let Some(written) = written else {
            return Ok(None);
        };
        if !is_about_something {
            return Err(self.error(written, nothing));
        }
        let typed = written.get_ref();
        let read = length_of(typed).filter(|it| it.is_positive() && *it <= LONGEST_AGE);
        read.map(Some).ok_or_else(|| {
            let message = format!(
                "`{typed}` is not a length of time as `30 days`, `12 hours` or `90 minutes`, of 400 days at the most"
            );
            self.error(written, &message)
        })
    }
}

/// What is said where there may be PINs.
pub(super) const PIN_ON: &str = "[ntlm] pin is on: PINs are kept in a form that can be read with the key file, and one is \
                                 guessed with its code from an exchange that somebody heard; prefer app passwords, which \
                                 NTLM takes as they are";
/// Why a text names no party.
const NO_PARTY: &str =
    "write the name of a relying party trust or one of its identifiers; `trust list` shows them";
/// Why a PIN does not count so.
const PIN_ALONE: &str =
    "a PIN counts with a one-time code behind it and not otherwise: \"ntlm-pin + one-time-code\"";
/// Why a PIN does not count at all.
const PIN_OFF: &str = "PINs for NTLM are off, as they are kept in a form that can be read with the key file, and can be \
                       guessed from an exchange that somebody heard; set `pin = true` in [ntlm] if that is what you want";
/// Why a rule needs no `fresh`.
const NO_SECOND: &str = "`fresh` is how old a second factor may be, and none of these methods has one; take it away, \
                         or write a combination such as \"app-password + one-time-code\"";
/// Why a rule needs no `grant_bound_to`.
const NO_GRANT: &str = "`grant_bound_to` is for codes behind a secret, and none of these methods is one; take it away, or write \
                        a combination such as \"app-password + one-time-code\"";
/// Why a rule needs no `lease`.
const NO_APP_PASSWORD: &str = "`lease` is for app passwords that are enough by themselves, and `app-password` is not \
                               among these methods; take one of the two away";
/// The longest that anything may be old: what nobody renewed in a year and a month, nobody uses.
const LONGEST_AGE: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Every published path with its host, as a rule names it.
pub(crate) fn published_paths(publication: &Publication) -> Vec<String> {
    let hosts = publication.hosts.iter();
    let paths = hosts.flat_map(|(name, host)| {
        let routes = host.routes.iter();
        routes.map(move |route| RouteName::of(name, &route.path.to_string()).to_string())
    });
    paths.collect()
}

/// Whether a host, or a path of one, may be published somewhere.
fn may_be_published(host: &str, path: Option<&str>) -> bool {
    let is_in_path = |byte: u8| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte);
    is_host_name(host) && path.is_none_or(|path| path.bytes().all(is_in_path))
}

fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let word = meant(typed, known).map(|word| format!("; did you mean `{word}`?"));
    word.unwrap_or_default()
}

/// A length of time: a number and a unit, as `30 days`.
pub(crate) fn length_of(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.trim().split_once(' ')?;
    let number: u16 = number.parse().ok()?;
    let minutes = match unit.trim_start() {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        "week" | "weeks" => 7 * 24 * 60,
        _ => return None,
    };
    Some(SignedDuration::from_mins(i64::from(number) * minutes))
}

fn is_sid(text: &str) -> bool {
    let mut parts = text.split('-');
    let begins = (parts.next(), parts.next()) == (Some("S"), Some("1"));
    let numbers: Vec<&str> = parts.collect();
    let is_number = |part: &&str| part.parse::<u64>().is_ok() && !part.starts_with('+');
    begins && (2..=16).contains(&numbers.len()) && numbers.iter().all(is_number)
}

/// Whether Lync's clients find no way to sign in where a rule wants them to: they look for the port of Negotiate
/// alone, and answer with NTLM there.
pub(super) fn hides_lync(policy: &Policy) -> Option<String> {
    let hides = |rule: &&Rule| {
        let is_lyncs = rule.services.is_empty() || rule.services.contains(&Service::LYNC);
        let channels = &rule.channels;
        is_lyncs && channels.contains(&Channel::Ntlm) && !channels.contains(&Channel::Negotiate)
    };
    policy.rules.iter().find(hides).map(|_| {
        "a [[policy]] for `lync` has the channel `ntlm` without `negotiate`: Lync's clients look for the port \
         of `negotiate` alone, and find none; add it"
            .to_owned()
    })
}

/// What is said where a grant is bound to what a client's TLS offers, and to nothing else.
pub(super) fn bound_to_tls_alone(policy: &Policy) -> Option<String> {
    let mut rules = policy.rules.iter();
    let is_alone = rules.any(|it| it.grant_bound_to == BoundTo::TlsFingerprint);
    is_alone.then(|| BOUND_TO_TLS_ALONE.to_owned())
}

/// What that means.
const BOUND_TO_TLS_ALONE: &str = "a [[policy]] has `grant_bound_to = \"tls-fingerprint\"`: whoever sees what somebody typed, and offers the same TLS, uses \
     the code's grant from anywhere; \"both\" asks for the address as well";

fn channel(written: written::Channel) -> Channel {
    match written {
        written::Channel::Ntlm => Channel::Ntlm,
        written::Channel::Negotiate => Channel::Negotiate,
        written::Channel::Basic => Channel::Basic,
        written::Channel::UsernameToken => Channel::UsernameToken,
        written::Channel::Grant => Channel::Grant,
        written::Channel::Page => Channel::Page,
    }
}

/// What was probably meant in the place of what is no combination.
fn expected(error: &CombinationParseError) -> String {
    let words = Method::ALL.map(Method::as_str);
    match error {
        CombinationParseError::Unknown(typed) => match meant(typed, words) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("expected one of `{}`", words.join("`, `")),
        },
        CombinationParseError::Twice(_) => "name it once".to_owned(),
    }
}
