//! `[[sts.attribute_store]]` and the secret of `_OpaqueIdStore`: what claim rules may ask beside our own directory.

use std::collections::BTreeSet;

use http::uri::PathAndQuery;
use toml::Spanned;

use super::Understanding;
use super::farms::is_loopback;
use super::remote::host_and_port;
use crate::config::ConfigError;
use crate::config::settings::attribute_stores::{
    AttributeStore, AttributeStores, LdapStore, LdapTls,
};
use crate::config::written::{self, StoreType, Written};

/// Fewest characters of the secret that names are made with.
const MIN_SECRET: usize = 32;
/// Longest name of a store, in characters.
const MAX_NAME: usize = 64;
/// Usual ports of LDAP, with TLS at once and without (RFC 4516, RFC 4511 5.2.1).
const LDAPS: u16 = 636;
const LDAP: u16 = 389;
/// What AD FS calls stores of its own.
const OWN: [&str; 2] = ["Active Directory", "_OpaqueIdStore"];

impl Understanding<'_> {
    pub(super) fn attribute_stores(
        &self,
        written: &Written,
    ) -> Result<AttributeStores, ConfigError> {
        let Some(sts) = &written.sts else {
            return Ok(AttributeStores::default());
        };
        let named = (&sts.opaque_id_secret_file, &sts.opaque_id_secret_credential);
        let opaque = self.secret(named, "opaque_id_secret")?;
        if let Some(secret) = &opaque {
            let length = secret.read().map(|it| it.expose().chars().count());
            if !length.is_ok_and(|length| length >= MIN_SECRET) {
                let message = format!(
                    "the secret in `{}` has less than {MIN_SECRET} characters; `openssl rand -hex 32` makes one",
                    secret.file.display()
                );
                let file = sts.opaque_id_secret_file.as_ref().map(Spanned::span);
                let key =
                    file.or_else(|| sts.opaque_id_secret_credential.as_ref().map(Spanned::span));
                let span = key.unwrap_or_else(|| sts.host.span());
                return Err(ConfigError::new(self.place(span), message));
            }
        }
        let mut names = BTreeSet::new();
        let (mut over_http, mut over_ldap) = (Vec::new(), Vec::new());
        for store in &sts.attribute_store {
            self.is_a_name(&store.name)?;
            if !names.insert(store.name.get_ref()) {
                let message = format!("there are two stores `{}`", store.name.get_ref());
                return Err(self.error(&store.name, &message));
            }
            match store.r#type {
                StoreType::Http => over_http.push(self.http_store(store)?),
                StoreType::Ldap => over_ldap.push(self.ldap_store(store)?),
            }
        }
        Ok(AttributeStores {
            opaque,
            over_http,
            over_ldap,
        })
    }

    fn is_a_name(&self, written: &Spanned<String>) -> Result<(), ConfigError> {
        let name = written.get_ref();
        let length = name.chars().count();
        if name.trim() != name
            || !(1..=MAX_NAME).contains(&length)
            || name.contains(char::is_control)
        {
            let message = format!(
                "a store has a name of 1 to {MAX_NAME} characters, without blanks around it"
            );
            return Err(self.error(written, &message));
        }
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            let message = format!("`{name}` is answered here by itself: take another name");
            return Err(self.error(written, &message));
        }
        Ok(())
    }

    fn http_store(&self, store: &written::AttributeStore) -> Result<AttributeStore, ConfigError> {
        let of_ldap = [&store.bind_dn, &store.base].into_iter().flatten();
        let of_ldap = of_ldap.map(Spanned::span).next();
        if let Some(span) = of_ldap.or_else(|| store.scope.as_ref().map(Spanned::span)) {
            let message = "it is of a directory: write type = \"ldap\", or take it away";
            return Err(ConfigError::new(self.place(span), message.to_owned()));
        }
        let typed = store.url.get_ref().as_str();
        let is_tls = typed.starts_with("https://");
        let rest = typed.split_once("://").map_or("", |(_, rest)| rest);
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let usual = if is_tls { 443 } else { 80 };
        let found = host_and_port(authority, usual);
        let is_safe = |host: &str| is_tls || (typed.starts_with("http://") && is_loopback(host));
        let is_path = !path.contains('#') && PathAndQuery::try_from(path).is_ok();
        let Some((host, port)) = found.filter(|(host, _)| is_safe(host) && is_path) else {
            let message = "it is not an address such as `https://hr.contoso.local/claims`; `http://` is for a program on this \
                           machine";
            return Err(self.error(&store.url, message));
        };
        Ok(AttributeStore {
            name: store.name.get_ref().clone(),
            host,
            port,
            authority: authority.to_owned(),
            path: path.to_owned(),
            tls: match is_tls {
                true => Some(self.authorities(store.authorities.as_ref())?),
                false => None,
            },
            secret: self.secret((&store.secret_file, &store.secret_credential), "secret")?,
        })
    }

    fn ldap_store(&self, store: &written::AttributeStore) -> Result<LdapStore, ConfigError> {
        let typed = store.url.get_ref().trim_end_matches('/');
        let found = match typed.split_once("://") {
            Some(("ldaps", place)) => host_and_port(place, LDAPS).map(|it| (it, LdapTls::AtOnce)),
            Some(("ldap", place)) => host_and_port(place, LDAP).map(|it| (it, LdapTls::Started)),
            _ => None,
        };
        let Some(((host, port), tls)) = found else {
            let message = "it is not the address of a directory such as `ldaps://ldap.contoso.local`, or \
                           `ldap://ldap.contoso.local` for StartTLS";
            return Err(self.error(&store.url, message));
        };
        let said = |key: &str, said: &Option<Spanned<String>>| match said {
            Some(it) if !it.get_ref().trim().is_empty() => Ok(it.get_ref().trim().to_owned()),
            // SECURITY: with no name a directory lets everybody in, as nobody (RFC 4513 5.1.1).
            Some(it) => Err(self.error(it, &format!("`{key}` is empty"))),
            None => Err(self.error(&store.name, &format!("a directory needs its `{key}`"))),
        };
        let secret = self.secret((&store.secret_file, &store.secret_credential), "secret")?;
        Ok(LdapStore {
            name: store.name.get_ref().clone(),
            host,
            port,
            tls,
            authorities: self.authorities(store.authorities.as_ref())?,
            bind_dn: said("bind_dn", &store.bind_dn)?,
            base: said("base", &store.base)?,
            password: secret.ok_or_else(|| {
                let message = "a directory needs the password of `bind_dn` in a `secret_file` or `secret_credential`";
                self.error(&store.name, message)
            })?,
            scope: store.scope.as_ref().map(|it| *it.get_ref()).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use crate::config::settings::attribute_stores::{LdapScope, LdapTls};
    use crate::config::understand::tests::{text, understood};

    fn with(more: &str) -> Result<crate::config::Settings, String> {
        let sts = format!("[sts]\nhost = \"sts.contoso.com\"\n{more}");
        understood(&format!("{}\n{sts}", text("", "")))
    }

    fn store(name: &str, url: &str) -> String {
        format!("[[sts.attribute_store]]\nname = \"{name}\"\nurl = \"{url}\"\n")
    }

    fn secret(said: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(said.as_bytes()).unwrap();
        let only_ours = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(file.path(), only_ours).unwrap();
        file
    }

    #[test]
    fn stores_are_asked_where_they_are() {
        let two = [
            store("HR", "https://hr.contoso.local:8443/claims?of=rules"),
            store("beside us", "http://127.0.0.1:8080"),
        ];
        let stores = with(&two.concat()).unwrap().attribute_stores;
        assert_eq!(stores.opaque, None);
        let [hr, beside] = stores.over_http.as_slice() else {
            panic!("{stores:?}");
        };
        assert_eq!(
            (&*hr.name, &*hr.host, hr.port),
            ("HR", "hr.contoso.local", 8443)
        );
        assert_eq!(hr.path, "/claims?of=rules");
        assert!(hr.tls.is_some() && beside.tls.is_none());
        assert_eq!((beside.port, &*beside.path), (8080, "/"));
        let long = secret(&"x".repeat(32));
        let key = format!("opaque_id_secret_file = \"{}\"\n", long.path().display());
        assert!(with(&key).unwrap().attribute_stores.opaque.is_some());
    }

    fn ldap(url: &str, more: &str) -> String {
        let people = "ou=people,dc=contoso";
        format!(
            "{}type = \"ldap\"\nbind_dn = \"cn=gate\"\nbase = \"{people}\"\n{more}",
            store("People", url)
        )
    }

    #[test]
    fn a_directory_is_asked_by_tls_alone() {
        let password = secret("of the gate");
        let more = format!("secret_file = \"{}\"\n", password.path().display());
        let of = |url: &str, more: &str| with(&ldap(url, more)).map(|it| it.attribute_stores);
        let stores = of("ldaps://ldap.contoso.local", &more).unwrap();
        assert!(stores.has("People") && !stores.has("people"));
        let [people] = stores.over_ldap.as_slice() else {
            panic!("{stores:?}");
        };
        assert_eq!((&*people.host, people.port), ("ldap.contoso.local", 636));
        assert_eq!(
            (people.tls, people.scope),
            (LdapTls::AtOnce, LdapScope::Subtree)
        );
        let started = format!("{more}scope = \"one-level\"\n");
        let stores = of("ldap://ldap.contoso.local:3389/", &started).unwrap();
        let people = &stores.over_ldap[0];
        assert_eq!((people.tls, people.port), (LdapTls::Started, 3389));
        assert_eq!(people.scope, LdapScope::OneLevel);
        for (written, why) in [
            (
                ldap("https://ldap.contoso.local", &more),
                "the address of a directory",
            ),
            (ldap("ldapi:///x", &more), "the address of a directory"),
            (ldap("ldaps://a@b", &more), "the address of a directory"),
            (
                ldap("ldaps://ldap.contoso.local/dc=x", &more),
                "the address of a directory",
            ),
            (ldap("ldaps://ldap.contoso.local", ""), "needs the password"),
            (
                ldap("ldaps://a.local", &more).replace("\"cn=gate\"", "\" \""),
                "`bind_dn` is empty",
            ),
            (
                ldap("ldaps://a.local", &more).replace("bind_dn = \"cn=gate\"\n", ""),
                "needs its `bind_dn`",
            ),
            (
                ldap("ldaps://a.local", &more).replace("base = \"ou=people,dc=contoso\"\n", ""),
                "needs its `base`",
            ),
            (
                ldap("https://a.local", &more).replace("type = \"ldap\"\n", ""),
                "it is of a directory",
            ),
        ] {
            let said = with(&written).unwrap_err();
            assert!(said.contains(why), "{written}: {said}");
        }
    }

    #[test]
    fn a_store_that_cannot_be_asked_safely_is_refused() {
        let hr = store("HR", "https://hr.contoso.local/");
        let short = secret("short");
        let short = format!("opaque_id_secret_file = \"{}\"\n", short.path().display());
        for (more, expected) in [
            (
                store("HR", "http://hr.contoso.local/"),
                "it is not an address such as",
            ),
            (
                store("HR", "ldap://hr.contoso.local/"),
                "it is not an address such as",
            ),
            (
                store("HR", "https://user@hr.contoso.local/"),
                "it is not an address such as",
            ),
            (
                store("HR", "https://hr.contoso.local/#x"),
                "it is not an address such as",
            ),
            (
                store("HR", "hr.contoso.local"),
                "it is not an address such as",
            ),
            (store("", "https://hr.contoso.local/"), "a store has a name"),
            (
                store(" HR", "https://hr.contoso.local/"),
                "a store has a name",
            ),
            (
                store("active directory", "https://hr.contoso.local/"),
                "answered here by itself",
            ),
            (format!("{hr}{hr}"), "there are two stores"),
            (short, "has less than 32 characters"),
            (
                "opaque_id_secret_file = \"/nowhere\"\n".to_owned(),
                "/nowhere",
            ),
        ] {
            let said = with(&more).unwrap_err();
            assert!(said.contains(expected), "{more}: {said}");
        }
    }
}
