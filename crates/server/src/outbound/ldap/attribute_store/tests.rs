//! What becomes of an entry, and of a directory that is not there; a real one is asked in a story.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use store::postgres::Password;

use super::*;
use crate::config::settings::attribute_stores::LdapTls;
use crate::config::settings::messages::Authorities;

fn entry(texts: &[(&str, &[&str])], octets: &[(&str, &[&[u8]])]) -> SearchEntry {
    let texts = texts.iter().map(|(name, values)| {
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        ((*name).to_owned(), values)
    });
    let octets = octets.iter().map(|(name, values)| {
        let values = values.iter().map(|it| it.to_vec()).collect();
        ((*name).to_owned(), values)
    });
    SearchEntry {
        dn: "cn=a".to_owned(),
        attrs: texts.collect(),
        bin_attrs: octets.collect::<HashMap<_, _>>(),
    }
}

fn of(entry: SearchEntry, attributes: &[&str]) -> Result<Vec<Vec<String>>, String> {
    let attributes: Vec<String> = attributes.iter().map(|it| (*it).to_owned()).collect();
    values(entry, &attributes)
}

#[test]
fn values_come_in_the_order_of_what_was_asked_and_bytes_as_ad_fs_gives_them() {
    let sid = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    let guid = b"0123456789abcdef";
    let entry = entry(
        &[
            ("Mail", &["anna@contoso.com"]),
            ("memberOf", &["CN=a", "CN=b"]),
            ("objectGUID", &["0123456789abcdef"]),
        ],
        &[("objectSid", &[&sid]), ("photo", &[&[0xff]])],
    );
    let asked = ["memberof", "objectSid", "mail", "sn", "photo", "objectGUID"];
    let values = of(entry, &asked).unwrap();
    let expected: [&[&str]; 6] = [
        &["CN=a", "CN=b"],
        &["S-1-5-18"],
        &["anna@contoso.com"],
        &[],
        &["/w=="],
        &["MDEyMzQ1Njc4OWFiY2RlZg=="],
    ];
    assert_eq!(guid.len(), 16);
    assert_eq!(values, expected);
}

#[test]
fn an_attribute_in_part_is_no_answer() {
    let entry = entry(&[("member;range=0-1499", &["CN=a"])], &[]);
    let said = of(entry, &["member"]).unwrap_err();
    assert!(said.contains("in part"), "{said}");
}

async fn asks(port: u16, text: &str) -> Answered {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"of the gate").unwrap();
    let only_ours = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(file.path(), only_ours).unwrap();
    let settings = Settings {
        name: "People".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        tls: LdapTls::Started,
        authorities: Authorities::System,
        bind_dn: "cn=gate".to_owned(),
        password: Password {
            file: file.path().to_owned(),
        },
        base: "dc=contoso".to_owned(),
        scope: LdapScope::Subtree,
    };
    let store = LdapStore {
        settings,
        tls: Arc::new(tls::client_of(&Authorities::System).unwrap()),
    };
    let left = Duration::from_millis(200);
    store.query(text, &["anna"], left).await
}

#[tokio::test]
async fn a_directory_that_is_away_or_silent_fails_the_rule() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let said = asks(port, "(uid={0});cn").await.rows.unwrap_err();
    assert!(said.starts_with("no answer in"), "{said}");
    drop(listener);
    let said = asks(port, "(uid={0});cn").await.rows.unwrap_err();
    assert!(said.starts_with("it cannot be reached"), "{said}");
}

#[tokio::test]
async fn what_is_no_question_is_not_asked() {
    let said = asks(1, "({0}=a);cn").await.rows.unwrap_err();
    assert!(said.contains("where no value does"), "{said}");
}
