//! Messages are handed over: whose turn it is, what counts as taken, and what nobody is told of them.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use authn::account::AccountId;
use authn::audit::Kind;
use authn::credential::sent_code::{Address, Code};
use proto::sending::{Encoding, Template};
use store::memory::Memory;

use super::*;
use crate::config::settings::messages::{
    Authorities, MailTls, MessageTexts, SmsProvider, SmsRequest, Smtp,
};

fn words() -> MessageWords {
    let texts = MessageTexts {
        code: "{code} for {host}, {code}".to_owned(),
        changed: "to {to} at {host}".to_owned(),
        subject: "{host}".to_owned(),
    };
    MessageWords {
        host: "my.contoso.com".to_owned(),
        portal: Some("https://my.contoso.com:8443".to_owned()),
        english: texts.clone(),
        swedish: MessageTexts {
            code: "kod {code}".to_owned(),
            ..texts
        },
    }
}

fn message(by: Carrier, content: Content) -> Message {
    let address = match by {
        Carrier::Sms => "+46701234567",
        Carrier::Mail => "anna@example.com",
    };
    let now = clock::now();
    Message {
        id: "1".to_owned(),
        account: Some(AccountId("anna".to_owned())),
        address: Address::parse(by, address).unwrap(),
        content,
        language: Language::English,
        queued: now,
        ends: now + Duration::from_secs(300),
    }
}

fn code() -> Content {
    Content::Code(Code::kept("123456".to_owned()))
}

/// A server that reads a head of a request, or a line, and says something; it gives what it read.
fn answering(said: &'static str, is_http: bool) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream);
            if !is_http {
                lines.get_mut().write_all(b"220 mail\r\n").unwrap();
            }
            let mut read = String::new();
            while let Ok(1..) = lines.read_line(&mut read) {
                if !is_http || read.ends_with("\r\n\r\n") {
                    break;
                }
            }
            lines.get_mut().write_all(said.as_bytes()).unwrap();
            let _ = told.send(read);
        }
    });
    (address, heard)
}

fn provider(name: &str, way: SmsWay) -> SmsProvider {
    SmsProvider {
        name: name.to_owned(),
        way,
        secret: None,
        timeout: Duration::from_secs(5),
    }
}

fn by_get(name: &str, address: SocketAddr, answer: Option<&str>) -> SmsProvider {
    let path = "/send?to={number}&text={text}";
    let request = SmsRequest {
        host: address.ip().to_string(),
        port: address.port(),
        authority: address.to_string(),
        path: Template::parse(path, Encoding::Percent).unwrap(),
        tls: None,
        headers: Vec::new(),
        body: None,
        user: None,
        answer: answer.map(str::to_owned),
    };
    provider(name, SmsWay::Http(Box::new(request)))
}

fn by_command(name: &str, parts: &[&str]) -> SmsProvider {
    let parts = parts
        .iter()
        .map(|it| Template::parse(it, Encoding::Plain).unwrap());
    provider(name, SmsWay::Command(parts.collect()))
}

fn carriers(sms: Vec<SmsProvider>, smtp: Option<Smtp>) -> Carriers {
    let sending = authn::sign_in::Sending {
        carriers: vec![Carrier::Sms],
        per_prefix: 1,
        prefixes: Vec::new(),
    };
    let messages = Messages {
        sending,
        words: words(),
        language: Language::English,
        sms,
        smtp,
    };
    Carriers::new(&messages).unwrap()
}

async fn handed(sms: Vec<SmsProvider>) -> Vec<(String, Answer)> {
    carriers(sms, None)
        .hand(&message(Carrier::Sms, code()))
        .await
}

fn nobody() -> SocketAddr {
    // It is closed as soon as its number is known.
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

#[test]
fn a_text_has_its_words_filled_in_each_once() {
    let said = |message: &Message| said(&words(), message).body.to_string();
    let english = message(Carrier::Sms, code());
    assert_eq!(said(&english), "123456 for my.contoso.com, 123456");
    let swedish = Message {
        language: Language::Swedish,
        ..english
    };
    assert_eq!(said(&swedish), "kod 123456");
    let to = "{host} {code}".to_owned();
    let changed = message(
        Carrier::Mail,
        Content::Changed {
            by: Carrier::Sms,
            to,
        },
    );
    assert_eq!(
        said(&changed),
        "to {host} {code} at my.contoso.com",
        "what is filled in is no template"
    );
    assert_eq!(&*filled("{ {{code} {", &[("{code}", "1")]), "{ {1 {");
}

#[tokio::test]
async fn the_first_that_takes_a_message_is_the_last_that_is_asked() {
    let (fine, heard) = answering("HTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n", true);
    let (never, unheard) = answering("HTTP/1.1 200 O\r\nContent-Length: 0\r\n\r\n", true);
    let answers = handed(vec![
        by_get("away", nobody(), None),
        by_command("failing", &["/bin/sh", "-c", "exit 3", "{number}"]),
        by_get("fine", fine, None),
        by_get("never", never, None),
    ])
    .await;
    let shown: Vec<_> = answers
        .iter()
        .map(|(name, it)| (name.as_str(), it.said()))
        .collect();
    assert!(matches!(&answers[0].1, Answer::NotTaken(_)), "{shown:?}");
    assert_eq!(shown[1], ("failing", "ended with 3"));
    assert_eq!(shown[2], ("fine", "HTTP 201"));
    assert_eq!(answers.len(), 3);
    assert!(unheard.try_recv().is_err());
    let request = heard.recv().unwrap();
    let line =
        "GET /send?to=%2B46701234567&text=123456%20for%20my.contoso.com%2C%20123456 HTTP/1.1";
    assert!(request.starts_with(line), "{request}");
    let all = format!("{answers:?}");
    assert!(!all.contains("123456") && !all.contains("4670"), "{all}");
}

#[tokio::test]
async fn what_an_answer_means_is_known_or_said_to_be_unknown() {
    for (said, answer, is_taken) in [
        (
            "HTTP/1.1 200 O\r\nContent-Length: 6\r\n\r\nOK: 12",
            Some("OK"),
            Some(true),
        ),
        (
            "HTTP/1.1 200 O\r\nContent-Length: 5\r\n\r\nERR 1",
            Some("OK"),
            Some(false),
        ),
        (
            "HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            None,
            Some(false),
        ),
        (
            "HTTP/1.1 401 U\r\nContent-Length: 0\r\n\r\n",
            None,
            Some(false),
        ),
        ("", None, None),
        ("nonsense\r\n\r\n", None, None),
    ] {
        let (address, _heard) = answering(said, true);
        let answers = handed(vec![by_get("it", address, answer)]).await;
        let known = match &answers[0].1 {
            Answer::Taken(_) => Some(true),
            Answer::NotTaken(_) => Some(false),
            Answer::Unknown(_) => None,
        };
        assert_eq!(known, is_taken, "{said:?}: {answers:?}");
    }
}

#[tokio::test]
async fn a_program_that_does_not_end_is_ended_and_nobody_knows_what_it_did() {
    let mut endless = by_command(
        "endless",
        &["/bin/sh", "-c", "while :; do :; done", "{number}"],
    );
    endless.timeout = Duration::from_millis(200);
    let answers = handed(vec![endless]).await;
    assert!(matches!(&answers[0].1, Answer::Unknown(_)), "{answers:?}");
    let missing = handed(vec![by_command("missing", &["/nowhere", "{number}"])]).await;
    assert!(matches!(&missing[0].1, Answer::NotTaken(_)), "{missing:?}");
}

#[tokio::test]
async fn no_mail_is_told_in_clear_where_tls_is_asked_for() {
    let (address, heard) = answering("250 mail\r\n", false);
    let smtp = Smtp {
        host: address.ip().to_string(),
        port: address.port(),
        tls: MailTls::Starttls,
        authorities: Authorities::System,
        from: "portal@contoso.com".parse().unwrap(),
        user: None,
        timeout: Duration::from_secs(5),
    };
    let mail = carriers(Vec::new(), Some(smtp));
    let answers = mail.hand(&message(Carrier::Mail, code())).await;
    assert!(matches!(&answers[0].1, Answer::NotTaken(_)), "{answers:?}");
    let said = heard.recv().unwrap();
    assert!(
        said.starts_with("EHLO ") && !said.contains("MAIL"),
        "{said}"
    );
    assert_eq!(
        mail.hand(&message(Carrier::Sms, code())).await,
        [],
        "nobody carries that"
    );
}

#[tokio::test]
async fn a_message_that_is_too_late_is_sent_to_nobody() {
    let (address, heard) = answering("HTTP/1.1 200 O\r\nContent-Length: 0\r\n\r\n", true);
    let late = Message {
        ends: clock::now(),
        ..message(Carrier::Sms, code())
    };
    let claimed = Claimed {
        until: late.ends,
        message: late,
    };
    let memory = Memory::new();
    let carriers = carriers(vec![by_get("it", address, None)], None);
    deliver(&memory, &carriers, claimed).await;
    assert!(heard.try_recv().is_err());
    let judged = outbox::judge(
        &Claimed {
            message: message(Carrier::Sms, code()),
            until: clock::now(),
        },
        &[],
        clock::now() + Duration::from_secs(400),
    );
    let text = format!("{:?}", judged.became);
    assert!(text.contains("TooLate"), "{text}");
    assert!(
        !matches!(judged.became, authn::credential::sent_code::Became::Sent { event, .. } if matches!(event.kind, Kind::MessageSent { .. }))
    );
}

#[test]
fn whoever_waits_is_told_where_to_sign_in_if_there_is_a_portal() {
    let lapsed = |portal: Option<&str>, language| {
        let words = MessageWords {
            portal: portal.map(str::to_owned),
            ..words()
        };
        let message = Message {
            language,
            ..message(Carrier::Mail, Content::LeaseLapsed)
        };
        said(&words, &message).body.to_string()
    };
    for language in [Language::English, Language::Swedish] {
        let with = lapsed(Some("https://my.contoso.com:8443"), language);
        assert!(with.contains(" https://my.contoso.com:8443/ "), "{with}");
        let without = lapsed(None, language);
        assert!(without.starts_with("my.contoso.com: "), "{without}");
        assert!(
            !without.contains("https:") && !without.contains('{'),
            "{without}"
        );
    }
}
