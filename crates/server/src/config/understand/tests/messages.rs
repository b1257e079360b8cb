//! What codes say that are sent, and who carries them: what holds is understood, and what does not is named with its line.

use super::*;
use crate::config::settings::messages::{Messages, SmsWay};

const PORTAL: &str = "[portal]\nhost = \"my.contoso.com\"\n[[policy]]\nservices = [\"portal\"]\n\
                      methods = [\"memorised-secret + one-time-code\", \"memorised-secret + sent-code\"]\n";
const SMTP: &str = "[smtp]\nserver = \"mail.contoso.com:587\"\nfrom = \"portal@contoso.com\"\n";

fn with(tables: &str) -> Result<Settings, String> {
    understood(&(text("", "") + PORTAL + tables))
}

fn sms(lines: &str) -> String {
    format!("[[sms]]\nname = \"first\"\n{lines}\n")
}

fn messages(tables: &str) -> Messages {
    with(tables).unwrap().messages.unwrap()
}

/// A file that only its owner may read, with a secret on its first line.
fn secret() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret\n").unwrap();
    file
}

#[test]
fn a_gateway_is_asked_as_its_template_says() {
    let file = secret();
    let named = format!("secret_file = \"{}\"", file.path().display());
    let get = messages(&sms(
        "url = \"https://sms.example.com/send?to={number}&text={text}\"",
    ));
    let SmsWay::Http(request) = &get.sms[0].way else {
        panic!("{get:?}");
    };
    assert_eq!(
        (request.host.as_str(), request.port),
        ("sms.example.com", 443)
    );
    assert!(request.tls.is_some() && request.body.is_none());
    let form = sms(&format!(
        "url = \"http://127.0.0.1:8080\"\nform = \"to={{digits}}&text={{text}}&key={{secret}}\"\n{named}"
    ));
    let json = sms(&format!(
        "url = \"https://sms.example.com:8443/v1\"\njson = '{{\"to\": \"{{number}}\", \"text\": \"{{text}}\"}}'\n\
         headers = {{ Authorization = \"Bearer {{secret}}\" }}\n{named}"
    ));
    let basic = sms(&format!(
        "url = \"https://sms.example.com/{{number}}?t={{text}}\"\nuser = \"me\"\n{named}\nanswer = \"OK\"\ntimeout = 10"
    ));
    for tables in [form, json, basic] {
        let messages = messages(&tables);
        assert_eq!(messages.sending.carriers.len(), 1, "{tables}");
        assert_eq!(messages.words.host, "my.contoso.com");
    }
    let mail = messages(&format!(
        "{SMTP}[sent_codes]\nlanguage = \"sv\"\nper_prefix = 7\nprefixes = [\"+46\"]\n"
    ));
    assert_eq!(
        (mail.sending.per_prefix, mail.sending.prefixes.len()),
        (7, 1)
    );
    assert!(with("").unwrap().messages.is_none());
}

#[test]
fn a_template_that_a_message_could_break_out_of_is_refused() {
    let file = secret();
    let named = format!("secret_file = \"{}\"", file.path().display());
    let url = "url = \"https://a.example/s?to={number}&text={text}\"";
    for (lines, said) in [
        (
            "url = \"https://a.example/s?to={phone}\"",
            "`{phone}` is filled in by nothing",
        ),
        (
            "url = \"https://a.example/s?to={number}\"",
            "has `{text}` in it",
        ),
        (
            "url = \"https://a.example/s?t={text}\"",
            "has `{number}` or `{digits}` in it",
        ),
        (
            "url = \"https://{number}.example/s?t={text}\"",
            "stands behind the server",
        ),
        (
            "url = \"https://a.example{text}/{number}\"",
            "stands behind the server",
        ),
        (
            "url = \"ftp://a.example/{number}{text}\"",
            "does not begin with `https://`",
        ),
        (
            "url = \"https://me@a.example/{number}{text}\"",
            "is not a host",
        ),
        (
            "url = \"https://a.example/s?to={number}&text={text}#x\"",
            "stands behind the server",
        ),
        (
            "url = \"https://a.example/\"\njson = '{\"to\": {number}, \"text\": \"{text}\"}'",
            "filled in, it is none",
        ),
        (
            "url = \"https://a.example/\"\njson = '{\"to\": \"{number}\", \"text\": {text}}'",
            "filled in, it is none",
        ),
        (
            "url = \"https://a.example/\"\nform = \"to={number}&t=a b{text}\"",
            "filled in, it is none",
        ),
        (
            &format!("{url}\nform = \"a=b\"\njson = \"{{}}\""),
            "one of them is posted",
        ),
        (
            &format!("{url}\nheaders = {{ X = \"{{text}}\" }}"),
            "and nothing else",
        ),
        (
            &format!("{url}\nheaders = {{ Host = \"x\" }}"),
            "one that the request has anyway",
        ),
        (
            &format!("{url}\nheaders = {{ X = \"{{secret}}\" }}"),
            "and there is neither",
        ),
        (&format!("{url}\nuser = \"me\""), "and there is neither"),
        (&format!("{url}\n{named}"), "nothing says where it stands"),
        (
            &format!("{url}\nsecret_file = \"/nowhere\""),
            "the secret in `/nowhere`",
        ),
        (
            &format!("{url}\nsecret_credential = \"sms\""),
            "only a service of systemd",
        ),
        (&format!("{url}\ntimeout = 11"), "from 1 to 10"),
        (&format!("{url}\ncommand = [\"/bin/true\"]"), "one of them"),
        ("", "neither a `url` nor a `command`"),
    ] {
        let error = with(&sms(lines)).unwrap_err();
        assert!(error.contains(said), "{lines}: {error}");
    }
    let many: String = (0..4)
        .map(|it| sms(url).replace("first", &it.to_string()))
        .collect();
    assert!(with(&many).unwrap_err().contains("3 [[sms]] at most"));
    let twice = sms(url) + &sms(url);
    assert!(with(&twice).unwrap_err().contains("named `first` already"));
}

#[test]
fn a_program_is_named_by_its_path_and_gets_no_secret() {
    let good = messages(&sms("command = [\"/bin/cat\", \"-n\", \"{number}\"]"));
    assert!(matches!(&good.sms[0].way, SmsWay::Command(parts) if parts.len() == 3));
    for (command, said) in [
        ("[]", "by its whole path"),
        ("[\"gammu\", \"{number}\"]", "by its whole path"),
        ("[\"/nowhere/gammu\", \"{number}\"]", "cannot be read"),
        ("[\"/bin/cat\"]", "nobody knows whom it is for"),
        (
            "[\"/bin/cat\", \"{number}\", \"{secret}\"]",
            "read its secret",
        ),
        ("[\"/bin/cat\", \"{to}\"]", "filled in by nothing"),
    ] {
        let error = with(&sms(&format!("command = {command}"))).unwrap_err();
        assert!(error.contains(said), "{command}: {error}");
    }
    let with_answer = sms("command = [\"/bin/cat\", \"{number}\"]\nanswer = \"OK\"");
    assert!(
        with(&with_answer)
            .unwrap_err()
            .contains("a `command` makes none")
    );
}

#[test]
fn a_mail_server_is_signed_in_to_by_tls_alone() {
    let file = secret();
    let password = format!("password_file = \"{}\"\n", file.path().display());
    let in_clear = SMTP.to_owned() + "tls = \"none\"\n";
    let warned = with(&in_clear).unwrap().warnings;
    assert!(
        warned.iter().any(|it| it.contains("is spoken to in clear")),
        "{warned:?}"
    );
    let user = "user = \"portal\"\n";
    for (more, said) in [
        (
            format!("tls = \"none\"\n{user}{password}"),
            "a password is not sent in clear",
        ),
        (user.to_owned(), "who signs in has a password"),
        (password.clone(), "no `user` that it is of"),
        ("tls = \"ssl\"\n".to_owned(), "starttls"),
        ("authorities = \"/nowhere\"\n".to_owned(), "cannot be read"),
    ] {
        let error = with(&(SMTP.to_owned() + &more)).unwrap_err();
        assert!(error.contains(said), "{more}: {error}");
    }
    let user_by_tls = format!("{SMTP}{user}{password}");
    assert!(messages(&user_by_tls).smtp.unwrap().user.is_some());
    for (right, wrong, said) in [
        (
            "mail.contoso.com:587",
            "mail.contoso.com",
            "is not a server and its port",
        ),
        (
            "portal@contoso.com",
            "Portal <portal@contoso.com>",
            "no mail address of one mailbox",
        ),
    ] {
        let error = with(&SMTP.replace(right, wrong)).unwrap_err();
        assert!(error.contains(said), "{wrong}: {error}");
    }
}

#[test]
fn a_text_has_its_code_and_nothing_that_nobody_fills_in() {
    let table = |line: &str| format!("{SMTP}[sent_codes]\n{line}\n");
    let own = messages(&table("text_sv = \"{host}: {code}\""));
    assert_eq!(own.words.swedish.code, "{host}: {code}");
    for (line, said) in [
        ("text_en = \"your code\"", "`{code}` is not in it"),
        (
            "text_en = \"{code} {name}\"",
            "`{name}` is filled in by nothing",
        ),
        (
            "changed_en = \"{code}\"",
            "`{code}` is filled in by nothing",
        ),
        ("subject_en = \"a\\nb\"", "a subject is one line"),
        ("text_en = \"\"", "it is empty"),
        ("prefixes = [\"46\"]", "is not how a number begins"),
        ("prefixes = [\"+0\"]", "is not how a number begins"),
        ("per_prefix = 0", "from 1 to"),
    ] {
        let error = with(&table(line)).unwrap_err();
        assert!(error.contains(said), "{line}: {error}");
    }
    let long = format!("text_en = \"{{code}}{}\"", "x".repeat(600));
    assert!(with(&table(&long)).unwrap_err().contains("longer than 600"));
}

#[test]
fn a_policy_and_what_is_sent_are_warned_of_where_they_do_not_fit() {
    let warned = |text: &str| {
        let warnings = understood(text).unwrap().warnings.into_iter();
        warnings
            .filter(|it| it.contains("code"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let base = text("", "");
    assert!(warned(&(base.clone() + PORTAL)).contains("nobody carries codes"));
    assert_eq!(warned(&(base.clone() + PORTAL + SMTP)), "");
    let by_token = PORTAL.replace(", \"memorised-secret + sent-code\"", "");
    assert!(warned(&(base.clone() + &by_token + SMTP)).contains("so that none is sent"));
    let only = PORTAL.replace("\"memorised-secret + one-time-code\", ", "");
    assert!(warned(&(base.clone() + &only + SMTP)).contains("the weakest there is"));
    let behind_another = PORTAL.replace("memorised-secret + sent-code", "app-password + sent-code");
    assert!(warned(&(base.clone() + &behind_another + SMTP)).contains("where nobody can prove it"));
    for (channels, is_warned) in [("basic", false), ("ntlm", true)] {
        let of_clients = behind_another.replace("[\"portal\"]", "[\"ews\"]");
        let of_clients = of_clients.replace(
            "methods =",
            &format!("channels = [\"{channels}\"]\nmethods ="),
        );
        let said = warned(&(base.clone() + &of_clients + SMTP));
        assert_eq!(
            said.contains("where nobody can prove it"),
            is_warned,
            "{said}"
        );
    }
}

/// A rule for clients without a page, which no portal stands beside.
const OF_CLIENTS: &str = "[[policy]]\nservices = [\"ews\"]\nmethods = [\"app-password + sent-code\", \
                          \"memorised-secret + one-time-code\"]\n";
const COMMAND: &str = "command = [\"/bin/cat\", \"{number}\"]";

#[test]
fn codes_are_sent_to_clients_where_there_is_no_portal() {
    let sent = |tables: &str| understood(&(text("", "") + OF_CLIENTS + tables)).unwrap();
    let about_codes = |settings: &Settings| {
        let mut warnings = settings.warnings.iter();
        warnings.any(|it| it.contains("code"))
    };
    for tables in [sms(COMMAND), SMTP.to_owned()] {
        let settings = sent(&tables);
        assert!(!about_codes(&settings), "{:?}", settings.warnings);
        let words = settings.messages.unwrap().words;
        assert_eq!(
            (words.host.as_str(), words.portal),
            ("mail.contoso.com", None)
        );
        for texts in [words.english, words.swedish] {
            assert!(texts.code.contains("{code}"), "{}", texts.code);
            assert!(!texts.code.contains("\n@{host}"), "{}", texts.code);
        }
    }
    let without = sent("");
    assert!(without.messages.is_none());
    let said = without.warnings.join("\n");
    assert!(
        said.contains("nobody carries codes: add [[sms]] or [smtp]"),
        "{said}"
    );
    assert!(!said.contains("[portal]"), "{said}");
}

#[test]
fn a_code_is_for_the_page_that_it_is_typed_on_where_there_is_one() {
    let words = |tables: &str| {
        let text = text("", "") + tables + OF_CLIENTS + SMTP;
        understood(&text).unwrap().messages.unwrap().words
    };
    let sts = words("[sts]\nhost = \"sts.contoso.com\"\n");
    assert_eq!(
        (sts.host.as_str(), sts.portal),
        ("sts.contoso.com", None::<String>)
    );
    assert!(sts.english.code.ends_with("\n\n@{host} #{code}"));
    let portal = words("[portal]\nhost = \"my.contoso.com\"\npublic_port = 8443\n");
    assert_eq!(portal.host, "my.contoso.com");
    assert_eq!(portal.portal.unwrap(), "https://my.contoso.com:8443");
    assert!(portal.swedish.code.ends_with("\n\n@{host} #{code}"));
}

#[test]
fn a_wrong_carrier_is_an_error_where_there_is_no_portal() {
    let without_number = sms("command = [\"/bin/cat\"]");
    let error = understood(&(text("", "") + OF_CLIENTS + &without_number)).unwrap_err();
    assert!(error.contains("nobody knows whom it is for"), "{error}");
}
