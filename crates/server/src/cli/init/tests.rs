//! What is asked is written, what is written is right, and nothing is overwritten.

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

use super::*;

/// A folder with certificates for the names that the defaults make of a domain.
fn folder_with_certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = ["lyncweb", "lyncdiscover", "mail", "autodiscover"]
        .map(|name| format!("{name}.fabrikam.com"));
    for (file, pair) in [
        ("ecdsa", KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)),
        ("rsa", KeyPair::generate_for(&PKCS_RSA_SHA256)),
    ] {
        let pair = pair.unwrap();
        let params = CertificateParams::new(names.clone()).unwrap();
        let certificate = params.self_signed(&pair).unwrap();
        let at = |end: &str| folder.path().join(format!("{file}.{end}"));
        fs::write(at("pem"), certificate.pem()).unwrap();
        fs::write(at("key"), pair.serialize_pem()).unwrap();
    }
    folder
}

/// The lines that somebody types who takes most defaults.
fn typed() -> String {
    [
        "FABRIKAM",
        "fabrikam.com",
        "127.0.0.1:0",
        "",
        "",
        "ecdsa.pem",
        "ecdsa.key",
        "rsa.pem",
        "rsa.key",
        "ecdsa.pem",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "w.db",
        "w.keys",
        "-",
        "",
        "gateway.keytab",
        "",
        "",
        "",
    ]
    .map(|line| line.to_owned() + "\n")
    .concat()
}

fn defaults() -> Answers {
    Answers::ask(&mut "\n".repeat(26).as_bytes(), &mut Vec::new()).unwrap()
}

fn written(folder: &Path, answers: &Answers) -> String {
    let file = folder.join("wicketgate.toml");
    let key = folder.join("onward.pem");
    make_onward_key(&key).unwrap();
    let text = text::configuration(answers);
    write(&file, &text, 0o644).unwrap();
    text
}

#[test]
fn what_is_typed_is_written_and_passes_check() {
    let folder = folder_with_certificates();
    let mut asked = Vec::new();
    let answers = Answers::ask(&mut typed().as_bytes(), &mut asked).unwrap();
    let asked = String::from_utf8(asked).unwrap();
    assert!(asked.contains("Published name of Exchange, - for no Exchange [mail.fabrikam.com]: "));
    let text = written(folder.path(), &answers);
    check::checked_for_keytab(&folder.path().join("wicketgate.toml")).unwrap();
    for line in [
        "web_host = \"lyncweb.fabrikam.com\"",
        "internal_names = { \"pool01.fabrikam.com\" = \"lyncweb.fabrikam.com\" }",
        "host = \"mail.fabrikam.com\"",
        "autodiscover_hosts = [\"autodiscover.fabrikam.com\"]",
        "plain = true",
        "account = \"gateway$\"",
        "spn = \"HTTP/pool01.fabrikam.com\"",
        "spn = \"HTTP/exch01.fabrikam.com\"",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
    assert!(!text.contains("identity_header"), "{text}");
    assert!(!text.contains("[metrics]"), "{text}");
}

#[test]
fn there_may_be_no_autodiscover_name_or_several() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.toml");
    for (answer, line) in [
        ("-", "autodiscover_hosts = []"),
        (
            "a.b.com, c.d.com",
            "autodiscover_hosts = [\"a.b.com\", \"c.d.com\"]",
        ),
    ] {
        fs::write(&file, format!("autodiscover_hosts = \"{answer}\"")).unwrap();
        let text = text::configuration(&Answers::from_file(&file).unwrap());
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
}

#[test]
fn another_port_than_that_of_https_is_asked_for_and_written_where_hosts_are() {
    let folder = folder_with_certificates();
    let file = folder.path().join("answers.toml");
    fs::write(&file, "public_port = \"8443\"").unwrap();
    let text = text::configuration(&Answers::from_file(&file).unwrap());
    assert_eq!(text.matches("\npublic_port = 8443\n").count(), 2, "{text}");
    let told = "internal_names = { \"pool01.contoso.com\" = \"lyncweb.contoso.com:8443\" }";
    assert!(text.contains(told), "{text}");
    assert!(!text::configuration(&defaults()).contains("public_port"));
    let typed = typed().replacen("127.0.0.1:0\n\n", "127.0.0.1:0\nabc\n", 1);
    let answers = Answers::ask(&mut typed.as_bytes(), &mut Vec::new()).unwrap();
    written(folder.path(), &answers);
    let file = folder.path().join("wicketgate.toml");
    let said = check::checked_for_keytab(&file).unwrap_err().to_string();
    assert!(
        said.contains("public_port") || said.contains("u16"),
        "{said}"
    );
}

#[test]
fn a_certificate_without_its_key_is_no_answer() {
    let folder = folder_with_certificates();
    let (file, answers) = (
        folder.path().join("gate.toml"),
        folder.path().join("answers.toml"),
    );
    for lines in [
        "second_certificate = \"a.pem\"",
        "second_certificate = \"-\"\nsecond_certificate_key = \"a.key\"",
    ] {
        fs::write(&answers, lines).unwrap();
        let arguments = Arguments {
            answers: Some(answers.clone()),
            questions: false,
        };
        let refused = run(&file, &arguments, &Output::new(false)).unwrap_err();
        assert!(
            refused.to_string().contains("`second_certificate_key`"),
            "{refused}"
        );
        assert!(!file.exists());
    }
}

/// Whoever leaves has answered nothing, and the next `init` finds nothing in its way.
#[test]
fn answers_that_end_too_soon_are_none() {
    for given in [
        "",
        "CONTOSO\n",
        &typed().replace("gateway.keytab\n\n\n\n", ""),
    ] {
        let refused = Answers::ask(&mut given.as_bytes(), &mut Vec::new()).unwrap_err();
        assert!(refused.to_string().contains("the answers ended before"));
    }
}

#[test]
fn back_ends_of_one_s_own_read_a_header_and_init_says_what_that_means() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.toml");
    fs::write(&file, "kerberos_account = \"-\"").unwrap();
    let answers = Answers::from_file(&file).unwrap();
    let text = text::configuration(&answers);
    assert!(text.contains("identity_header") && !text.contains("[kerberos]"));
    let begun = begun(&file, &answers);
    assert_eq!((begun.warning, begun.next.len()), (Some(BY_HEADER), 3));
    fs::write(&file, "").unwrap();
    let begun = super::begun(&file, &Answers::from_file(&file).unwrap());
    assert_eq!(begun.warning, None);
    assert!(begun.next[0].contains("ad join --as administrator@contoso.com --delegate"));
    assert!(begun.next[1].contains("directory set-password"));
    assert!(begun.next[3].contains("user add anna@contoso.com --from-directory"));
    fs::write(&file, "directory_account = \"-\"").unwrap();
    let answers = Answers::from_file(&file).unwrap();
    assert!(!text::configuration(&answers).contains("[directory]"));
    let begun = super::begun(&file, &answers);
    assert!(
        begun.next[0].contains("script ad") && begun.next[3].contains("--upn"),
        "{:?}",
        begun.next
    );
}

#[test]
fn every_key_that_is_written_has_a_line_that_says_what_it_is() {
    let answers = defaults();
    let text = text::configuration(&answers);
    let mut before = "";
    for line in text.lines() {
        let is_key = line.split_once(" = ").is_some() && !line.starts_with([' ', '#']);
        assert!(!is_key || before.starts_with("# "), "{line}");
        before = line;
    }
}

#[test]
fn answers_come_from_a_file_and_a_misspelt_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.toml");
    fs::write(&file, questions::as_file()).unwrap();
    let answers = Answers::from_file(&file).unwrap();
    assert_eq!(answers.of("exchange_host"), "mail.contoso.com");
    fs::write(&file, "exchange_hosts = \"a\"").unwrap();
    let said = Answers::from_file(&file).unwrap_err().to_string();
    assert!(said.contains("did you mean `exchange_host`?"), "{said}");
}

#[test]
fn what_is_typed_is_quoted() {
    assert_eq!(text::quoted("a\"b\\c"), "'a\"b\\c'");
    let lines = "A\"B\nc\\d.com\n".to_owned() + &"\n".repeat(24);
    let answers = Answers::ask(&mut lines.as_bytes(), &mut Vec::new()).unwrap();
    let text = text::configuration(&answers);
    let read: toml::Table = text.parse().unwrap();
    assert_eq!(read["names"]["domain"].as_str(), Some("A\"B"));
    assert_eq!(read["names"]["dns_domain"].as_str(), Some("c\\d.com"));
}

#[test]
fn nothing_is_overwritten_and_the_key_is_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("onward.pem");
    make_onward_key(&key).unwrap();
    let mode = fs::metadata(&key).unwrap().permissions().mode() & 0o007;
    assert_eq!(mode, 0);
    let refused = make_onward_key(&key).unwrap_err();
    assert!(matches!(refused, CliError::Refused(_)), "{refused}");
    // The half that back ends need is written again where it is missing, from the key that is there.
    let public = folder.path().join("onward-public.pem");
    let text = fs::read_to_string(&public).unwrap();
    fs::remove_file(&public).unwrap();
    tell_onward_key(&key).unwrap();
    assert_eq!(fs::read_to_string(&public).unwrap(), text);
    tell_onward_key(&key).unwrap();
    fs::write(&public, "another's").unwrap();
    let refused = tell_onward_key(&key).unwrap_err();
    assert!(
        refused.to_string().contains("is not the public half"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(&public).unwrap(), "another's");
    fs::remove_file(&public).unwrap();
    let of_p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    for wrong in ["no key".to_owned(), of_p384.serialize_pem()] {
        fs::write(&key, wrong).unwrap();
        let refused = tell_onward_key(&key).unwrap_err();
        assert!(
            refused.to_string().contains("is no private key"),
            "{refused}"
        );
        assert!(!public.exists());
    }
    let file = folder.path().join("wicketgate.toml");
    fs::write(&file, "mine").unwrap();
    let arguments = Arguments {
        answers: None,
        questions: false,
    };
    let refused = run(&file, &arguments, &Output::new(false)).unwrap_err();
    assert!(matches!(refused, CliError::Refused(_)), "{refused}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_domain_s_netbios_name_has_no_dots() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wicketgate.toml");
    for domain in ["contoso.com", "CONTOSOCONTOSOCO", "-", "CON/TOSO"] {
        let answers = folder.path().join("answers.toml");
        fs::write(&answers, format!("domain = \"{domain}\"\n")).unwrap();
        let arguments = Arguments {
            answers: Some(answers),
            questions: false,
        };
        let refused = run(&file, &arguments, &Output::new(false)).unwrap_err();
        assert!(refused.to_string().contains("NetBIOS"), "{refused}");
        assert!(!file.exists() && !folder.path().join("onward.pem").exists());
    }
}

/// The package shows what `init` writes; its text stands in the repository.
#[test]
fn the_example_of_the_package_is_what_init_writes_by_default() {
    let answers = defaults();
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../packaging/wicketgate.toml"
    );
    expect_test::expect_file![example].assert_eq(&text::configuration(&answers));
}
