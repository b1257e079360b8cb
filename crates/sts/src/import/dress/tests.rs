//! Every dress in which PowerShell gives a value, and what is none.

use super::*;
use crate::import::{read_clixml, read_json};
use crate::trust::{ProtocolProfile, RevocationCheck};

fn json(text: &str) -> Value {
    read_json(text.as_bytes()).unwrap()
}

fn clixml(inside: &str) -> Value {
    let namespace = "http://schemas.microsoft.com/powershell/2004/04";
    let text = format!("<Objs Version=\"1.1.0.1\" xmlns=\"{namespace}\">{inside}</Objs>");
    let read = read_clixml(text.as_bytes()).unwrap();
    read.entries()[0].clone()
}

#[test]
fn a_text_is_a_text_an_address_or_nothing() {
    assert_eq!(text(&json("null")), Ok(None));
    assert_eq!(text(&json("\"\"")), Ok(None));
    assert_eq!(text(&json("\"a\"")), Ok(Some("a")));
    let address =
        json(r#"{"OriginalString": "https://contoso.com", "AbsoluteUri": "https://contoso.com/"}"#);
    assert_eq!(text(&address), Ok(Some("https://contoso.com")));
    let noted = clixml("<Obj RefId=\"0\"><S>a</S><MS><S N=\"PSPath\">x</S></MS></Obj>");
    assert_eq!(text(&noted), Ok(Some("a")));
    assert!(text(&json("7")).is_err());
    assert!(text(&json("{}")).is_err());
}

#[test]
fn a_yes_and_a_number_have_their_forms() {
    for yes in ["true", "1", "\"True\""] {
        assert_eq!(flag(&json(yes)), Ok(true));
    }
    for no in ["false", "0", "\"false\""] {
        assert_eq!(flag(&json(no)), Ok(false));
    }
    for neither in ["null", "2", "\"\"", "[]"] {
        assert!(flag(&json(neither)).is_err());
    }
    assert_eq!(number(&json("7")), Ok(7));
    assert_eq!(number(&json("\"7\"")), Ok(7));
    for none in ["-1", "4294967296", "1.5", "null"] {
        assert!(number(&json(none)).is_err());
    }
}

#[test]
fn an_enumeration_is_its_word_or_its_number_where_that_is_known() {
    let whole = Ok(RevocationCheck::CheckChainExcludeRoot);
    assert_eq!(choice(&json("5")), whole);
    assert_eq!(choice(&json("\"checkchainexcluderoot\"")), whole);
    let named = "<Obj RefId=\"0\"><ToString>CheckChainExcludeRoot</ToString><I32>5</I32></Obj>";
    assert_eq!(choice(&clixml(named)), whole);
    assert_eq!(
        choice(&clixml(
            "<Obj RefId=\"0\"><ToString>x</ToString><I32>5</I32></Obj>"
        )),
        whole
    );
    assert!(choice::<RevocationCheck>(&json("7")).is_err());
    assert!(choice::<RevocationCheck>(&json("null")).is_err());
    let why = choice::<ProtocolProfile>(&json("0")).unwrap_err();
    assert!(why.contains("export it as CLIXML"), "{why}");
}

#[test]
fn one_alone_is_a_list_of_one_and_a_wrapped_list_is_its_entries() {
    assert_eq!(texts(&json("\"a\"")), Ok(vec!["a"]));
    assert_eq!(texts(&json("[\"a\", \"b\", \"\"]")), Ok(vec!["a", "b"]));
    assert_eq!(texts(&json("null")), Ok(Vec::new()));
    let wrapped = json(r#"{"value": ["a", "b"], "Count": 2}"#);
    assert_eq!(texts(&wrapped), Ok(vec!["a", "b"]));
    assert!(texts(&json("[7]")).is_err());
}

#[test]
fn what_the_depth_of_the_export_cut_off_is_known() {
    let cut = [
        "\"Microsoft.IdentityServer.Management.Resources.SamlEndpoint\"",
        "\"System.Object[]\"",
        "\"@{Binding=POST; Index=0}\"",
    ];
    for text in cut {
        assert_eq!(object(&json(text)), Err(CUT_OFF.to_owned()));
        assert_eq!(texts(&json(text)), Err(CUT_OFF.to_owned()));
        assert_eq!(certificates(&json(text)), Err(CUT_OFF.to_owned()));
    }
    let described = json("\"[Subject]\\r\\n  CN=lync.contoso.com\"");
    assert_eq!(certificates(&described), Err(CUT_OFF.to_owned()));
    let only_described = "<Obj RefId=\"0\"><ToString>[Subject]</ToString></Obj>";
    assert_eq!(
        certificates(&clixml(only_described)),
        Err(CUT_OFF.to_owned())
    );
    assert!(object(&json("7")).is_err());
}

#[test]
fn a_certificate_is_read_from_its_bytes_in_any_form() {
    let samples = include_bytes!("../../../testdata/adfs/clixml/Get-AdfsClaimsProviderTrust.xml");
    let trusts = read_clixml(samples).unwrap();
    let partner = object(&trusts.entries()[1]).unwrap();
    let list = partner.field("TokenSigningCertificates").unwrap();
    let whole = certificates(list).unwrap();
    assert_eq!(whole.len(), 2);
    let first = &whole[0];
    assert_eq!(first.subject(), "CN=ADFS Signing - sts.partner.example");
    assert_eq!(first.not_after().to_string(), "2044-01-01T00:00:00Z");
    assert_eq!(first.thumbprint().len(), 40);
    assert!(!format!("{first:?}").contains("der"));
    let numbers: Vec<String> = first.der().iter().map(u8::to_string).collect();
    let base64 = STANDARD.encode(first.der());
    for form in [
        format!("[{}]", numbers.join(",")),
        format!("\"{}\"", numbers.join(" ")),
        format!("\"{base64}\""),
        format!("{{\"RawData\": [{}], \"Version\": 3}}", numbers.join(",")),
        format!("[{{\"RawData\": \"{base64}\"}}]"),
    ] {
        assert_eq!(certificate(&json(&form)).unwrap().as_ref(), Some(first));
    }
    assert!(
        certificate(&Value::List(vec![
            list.entries()[0].clone(),
            list.entries()[1].clone()
        ]))
        .is_err()
    );
    assert_eq!(certificate(&json("null")), Ok(None));
}

#[test]
fn bytes_that_are_no_certificate_are_none() {
    for wrong in ["[48, 0]", "\"MAA=\"", "[256, 1]"] {
        assert!(certificates(&json(wrong)).is_err(), "{wrong}");
    }
    let large = Value::Bytes(vec![0; crate::trust::MAX_CERTIFICATE_BYTES + 1]);
    assert!(certificates(&large).unwrap_err().contains("more than"));
    let samples = include_bytes!("../../../testdata/adfs/clixml/Get-AdfsClaimsProviderTrust.xml");
    let trusts = read_clixml(samples).unwrap();
    let partner = object(&trusts.entries()[1]).unwrap();
    let whole = certificates(partner.field("TokenSigningCertificates").unwrap()).unwrap();
    let longer = Value::Bytes([whole[0].der(), b"x"].concat());
    assert!(certificates(&longer).is_err());
}

#[test]
fn a_time_is_read_as_either_writes_it() {
    let moment: Timestamp = "2024-02-01T07:00:00Z".parse().unwrap();
    for written in [
        r#""\/Date(1706770800000)\/""#,
        r#""\/Date(1706770800000+0200)\/""#,
        r#"{"value": "\/Date(1706770800000)\/", "DisplayHint": 2}"#,
        r#""2024-02-01T07:00:00Z""#,
        r#""2024-02-01T08:00:00+01:00""#,
        r#""2024-02-01T07:00:00""#,
    ] {
        assert_eq!(time(&json(written)), Ok(Some(moment)), "{written}");
    }
    for never in [
        r#""\/Date(-62135596800000)\/""#,
        r#""0001-01-01T00:00:00""#,
        "null",
    ] {
        assert_eq!(time(&json(never)), Ok(None), "{never}");
    }
    for none in [
        r#""\/Date()\/""#,
        r#""\/Date(x)\/""#,
        r#""yesterday""#,
        "7",
        r#""\/Date(99999999999999999)\/""#,
    ] {
        assert!(time(&json(none)).is_err(), "{none}");
    }
}
