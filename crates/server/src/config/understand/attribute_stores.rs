//! `[[sts.attribute_store]]` and the secret of `_OpaqueIdStore`: what claim rules may ask beside our own directory.

use std::collections::BTreeSet;

use http::uri::PathAndQuery;
use toml::Spanned;

use super::Understanding;
use super::farms::is_loopback;
use super::remote::host_and_port;
use crate::config::ConfigError;
use crate::config::settings::attribute_stores::{AttributeStore, AttributeStores};
use crate::config::written::{self, Written};

/// Fewest characters of the secret that names are made with.
const MIN_SECRET: usize = 32;
/// Longest name of a store, in characters.
const MAX_NAME: usize = 64;
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
        let mut over_http = Vec::new();
        for store in &sts.attribute_store {
            let understood = self.attribute_store(store)?;
            if !names.insert(understood.name.clone()) {
                let message = format!("there are two stores `{}`", understood.name);
                return Err(self.error(&store.name, &message));
            }
            over_http.push(understood);
        }
        Ok(AttributeStores { opaque, over_http })
    }

    fn attribute_store(
        &self,
        store: &written::AttributeStore,
    ) -> Result<AttributeStore, ConfigError> {
        let name = store.name.get_ref();
        let length = name.chars().count();
        if name.trim() != name
            || !(1..=MAX_NAME).contains(&length)
            || name.contains(char::is_control)
        {
            let message = format!(
                "a store has a name of 1 to {MAX_NAME} characters, without blanks around it"
            );
            return Err(self.error(&store.name, &message));
        }
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            let message = format!("`{name}` is answered here by itself: take another name");
            return Err(self.error(&store.name, &message));
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
            name: name.clone(),
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
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

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
