//! What becomes of an entry, and of a directory that is not there; a real one is asked in a story.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use store::postgres::Password;
use tokio::io::AsyncWriteExt;

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

#[test]
fn the_options_of_an_attribute_are_no_part_of_its_name() {
    let entry = entry(
        &[("title;lang-en", &["Nurse"]), ("title", &["Sygeplejerske"])],
        &[("userCertificate;binary", &[&[0xff]])],
    );
    let values = of(entry, &["title", "userCertificate"]).unwrap();
    let expected: [&[&str]; 2] = [&["Sygeplejerske", "Nurse"], &["/w=="]];
    assert_eq!(values, expected);
}

#[test]
fn t_rule_2_an_attribute_that_comes_by_another_name_fails_the_rule_and_is_named() {
    let cn = || entry(&[("cn", &["Anna"])], &[]);
    for asked in [&["commonName"][..], &["mail", "surname"]] {
        let said = of(cn(), asked).unwrap_err();
        assert!(said.contains("`cn`") && !said.contains("Anna"), "{said}");
    }
    // One that can only have come by its other name, which was asked for, too.
    let said = of(cn(), &["CN", "commonName"]).unwrap_err();
    assert!(
        said.contains("`commonname`") && said.contains("`cn`"),
        "{said}"
    );
    let values = of(cn(), &["cn", "sn", "surname"]).unwrap();
    let expected: [&[&str]; 3] = [&["Anna"], &[], &[]];
    assert_eq!(values, expected);
}

async fn asks(port: u16, text: &str) -> Answered {
    asks_within(port, text, Duration::from_millis(200)).await
}

async fn asks_within(port: u16, text: &str, left: Duration) -> Answered {
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

/// The library would keep all of a message whose length is announced, and that is what the directory says.
#[tokio::test]
async fn t_rule_2_a_directory_that_says_more_than_is_taken_is_cut_off() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let endless = async {
        let (mut peer, _) = listener.accept().await.unwrap();
        // A message of 2 GB (X.690 8.1.3.5), of zeros.
        peer.write_all(b"\x30\x84\x7f\xff\xff\xff").await.unwrap();
        let (zeros, mut sent) = (vec![0; 64 * 1024], 0_usize);
        while peer.write_all(&zeros).await.is_ok() {
            sent += zeros.len();
        }
        sent
    };
    let asking = asks_within(port, "(uid={0});cn", Duration::from_secs(30));
    let (sent, answered) = tokio::join!(endless, asking);
    let said = answered.rows.unwrap_err();
    assert!(said.contains("more than is taken of bytes"), "{said}");
    assert!(sent < 1 << 28, "{sent}");
}
