//! Certificates that nobody can use: what is refused, and what is said of the rest.

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, date_time_ymd};

use super::*;

fn certificate(pair: &KeyPair, until: i32) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_after = date_time_ymd(until, 12, 31);
    STANDARD.encode(params.self_signed(pair).unwrap().der())
}

#[tokio::test]
async fn t_mex_1_a_certificate_that_nothing_can_be_encrypted_with_is_refused_at_every_door_of_a_trust()
 {
    let gate = Gate::new().await;
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let p256 = KeyPair::generate().unwrap();
    let (good, ended) = (certificate(&rsa, 2040), certificate(&rsa, 2021));
    let (next, p256) = (certificate(&rsa, 2041), certificate(&p256, 2040));
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/partner_metadata");
    let text = std::fs::read_to_string(seeds.join("lync")).unwrap();
    let file = gate.folder().join("lync.xml");
    let write = |certificate: &str| {
        std::fs::write(&file, text.replace("AQID", certificate)).unwrap();
    };
    let name = file.to_str().unwrap();
    let add = ["add", "--metadata", name, "--name", "Lync-Ext"];
    let refresh = ["refresh", "Lync-Ext", "--metadata", name];
    let dry = [&refresh[..], &["--dry-run"]].concat();
    let worse = [
        (&p256, "has a key of another kind or length"),
        (&ended, "ended at 2021-12-31"),
    ];
    let refused = async |line: &[&str], why: &str| {
        let refused = gate.does(line).await.unwrap_err();
        assert!(matches!(refused, CliError::Refused(_)), "{refused}");
        assert!(refused.to_string().contains(why), "{line:?}: {refused}");
    };
    for (certificate, why) in worse {
        write(certificate);
        refused(&add, why).await;
        assert!(gate.names().await.is_empty());
    }
    write(&good);
    gate.does(&add).await.unwrap();
    let before = gate.written("Lync-Ext").await;
    for (certificate, why) in worse {
        write(certificate);
        refused(&dry, why).await;
        refused(&refresh, why).await;
        assert_eq!(gate.written("Lync-Ext").await, before);
    }
    let setting = format!("encryption_certificate={p256}");
    let why = "`encryption_certificate`: nothing can be encrypted with it";
    refused(&["set", "Lync-Ext", &setting], why).await;
    assert_eq!(gate.written("Lync-Ext").await, before);
    let party = gate.folder().join("party.toml");
    let written = format!(
        "version = 1\n[[relying_party]]\nname = \"P\"\nidentifiers = [\"urn:p\"]\nencryption_certificate = \"{p256}\"\n"
    );
    std::fs::write(&party, written).unwrap();
    refused(&["add", party.to_str().unwrap()], why).await;
    assert_eq!(gate.names().await, ["Lync-Ext"]);
    write(&next);
    gate.does(&refresh).await.unwrap();
    let after = gate.written("Lync-Ext").await.relying_party.remove(0);
    assert_eq!(after.encryption_certificate, Some(next));
}

#[test]
fn an_import_remarks_on_what_nothing_can_be_encrypted_with() {
    let import = import::read(&samples("json"), None).unwrap();
    let mut objects = import.report.objects.iter();
    let lync = objects.find(|it| it.name == "Lync-Ext").unwrap();
    let mut fields = lync.fields.iter();
    let field = fields.find(|it| it.field == "EncryptionCertificate");
    let [remark] = &field.unwrap().fate.remarks[..] else {
        panic!("a remark");
    };
    assert!(remark.starts_with("nobody gets a token of it"), "{remark}");
}
