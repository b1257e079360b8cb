//! Facts in every dress that PowerShell gives them, and what holds none.

use super::*;

const LITTLE: &str = r#"{"format":"wicketgate-facts","version":1,"computer":"EX1","written":864000000000000,"problems":[],
    "exchange":{"directories":{"kind":"ews","server":"ex1","name":"EWS (Default Web Site)","path":"C:\\ews","external_url":null,
      "windows_authentication":"True","extended_protection":"Require","from_the_future":[1]}},
    "ad":{"gateway":"g$","accounts":[{"name":"g$","class":"computer","user_account_control":16781312,"encryption_types":null,
      "password_last_set":"0","dns_host_name":"","spns":{"value":["HTTP/a"],"Count":1},"delegates_to":"HTTP/b"}]}}"#;

fn parsed(text: &str) -> Facts {
    Facts::parse(text.as_bytes()).unwrap()
}

/// Why a text with one thing changed holds no facts.
fn refused(from: &str, to: &str) -> String {
    let changed = LITTLE.replacen(from, to, 1);
    assert_ne!(changed, LITTLE, "{from}");
    Facts::parse(changed.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_list_of_one_may_come_as_the_one_and_a_number_as_text() {
    let facts = parsed(LITTLE);
    let directory = &facts.exchange.as_ref().unwrap()[0];
    assert_eq!(directory.site(), Some("Default Web Site"));
    assert_eq!(directory.identity(), "ex1\\EWS (Default Web Site)");
    assert_eq!(directory.windows_authentication, Some(true));
    assert_eq!(directory.extended_protection, Some(Protection::Require));
    assert_eq!(directory.external_url, None);
    assert!(directory.is_own_word);
    let account = &facts.ad.as_ref().unwrap().accounts[0];
    assert_eq!(account.spns, ["HTTP/a"]);
    assert_eq!(account.delegates_to, ["HTTP/b"]);
    assert_eq!(account.password_age, Some(1000));
    assert_eq!(account.has_protocol_transition(), Some(true));
    assert_eq!(account.is_computer(), Some(true));
    assert!(!account.has_aes() && !account.is_machine());
    assert_eq!(facts.lync, None);
    assert!(facts.missing.is_empty());
}

#[test]
fn the_byte_order_mark_says_how_it_is_written() {
    let plain = parsed(LITTLE);
    let with_mark = [b"\xef\xbb\xbf", LITTLE.as_bytes()].concat();
    assert_eq!(Facts::parse(&with_mark).unwrap(), plain);
    let units: Vec<u16> = LITTLE.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|it| it.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|it| it.to_be_bytes()).collect();
    let little = [b"\xff\xfe".as_slice(), &little].concat();
    let big = [b"\xfe\xff".as_slice(), &big].concat();
    assert_eq!(Facts::parse(&little).unwrap(), plain);
    assert_eq!(Facts::parse(&big).unwrap(), plain);
    // Half a character, half a pair, and no text at all.
    assert_eq!(
        Facts::parse(&little[..little.len() - 1]),
        Err(FactsError::NotText)
    );
    assert_eq!(Facts::parse(b"\xff\xfe\x00\xd8"), Err(FactsError::NotText));
    assert_eq!(Facts::parse(b"\xc3\x28"), Err(FactsError::NotText));
}

#[test]
fn what_is_not_there_is_named_and_what_nobody_knows_is_passed_over() {
    let text = LITTLE.replace("\"path\":\"C:\\\\ews\",", "");
    let text = text.replace("\"class\":\"computer\",", "");
    assert_eq!(
        parsed(&text).missing,
        ["exchange.directories[0].path", "ad.accounts[0].class"]
    );
    let entry = "{\"kind\":\"ews\"}";
    let many = vec![entry; 50].join(",");
    let text = format!(
        "{{\"format\":\"wicketgate-facts\",\"version\":1,\"exchange\":{{\"directories\":[{many}]}}}}"
    );
    assert_eq!(parsed(&text).missing.len(), MAX_MISSING);
}

#[test]
fn what_holds_no_facts_is_refused_with_its_place() {
    let cases = [
        ("wicketgate-facts", "facts", "not written by the script"),
        ("\"version\":1", "\"version\":2", "of version 2"),
        ("\"problems\":[]", "\"problems\":[", "line 1, column"),
        (
            "\"True\"",
            "\"perhaps\"",
            "`exchange.directories[0].windows_authentication` is not true or false",
        ),
        (
            "\"Require\"",
            "\"Demand\"",
            "`exchange.directories[0].extended_protection` is not None, Allow or Require",
        ),
        (
            "16781312",
            "1.5",
            "`ad.accounts[0].user_account_control` is not a whole number",
        ),
        (
            "\"HTTP/b\"",
            "[[\"HTTP/b\"]]",
            "`ad.accounts[0].delegates_to[0]` is not a text",
        ),
        ("\"ad\":{", "\"ad\":7,\"x\":{", "`ad` is not an object"),
    ];
    for (from, to, expected) in cases {
        let error = refused(from, to);
        assert!(error.contains(expected), "{to}: {error}");
    }
    assert_eq!(Facts::parse(b"[]"), Err(FactsError::NotFacts));
    assert_eq!(Facts::parse(b"{}"), Err(FactsError::NotFacts));
}

#[test]
fn nothing_is_read_beyond_its_caps() {
    let large = vec![b' '; MAX_BYTES + 1];
    assert_eq!(Facts::parse(&large), Err(FactsError::TooLarge));
    let long = "x".repeat(MAX_TEXT + 1);
    assert_eq!(
        refused("C:\\\\ews", &long),
        "`exchange.directories[0].path` is too long"
    );
    let many = vec!["\"x\""; MAX_ENTRIES + 1].join(",");
    let error = refused("\"problems\":[]", &format!("\"problems\":[{many}]"));
    assert_eq!(error, "`problems` is too long");
    let deep = "[".repeat(200);
    let text = format!("{{\"format\":\"wicketgate-facts\",\"version\":1,\"x\":{deep}");
    assert!(matches!(
        Facts::parse(text.as_bytes()),
        Err(FactsError::NotJson { .. })
    ));
}

#[test]
fn of_two_files_the_server_s_own_word_counts() {
    let own = parsed(LITTLE);
    let far = LITTLE
        .replace("EX1", "EX2")
        .replace("\"Require\"", "\"None\"");
    let far = parsed(&far);
    for merged in [
        own.clone().merged(far.clone()),
        far.clone().merged(own.clone()),
    ] {
        assert_eq!(merged.exchange, own.exchange);
        assert_eq!(merged.ad, own.ad);
    }
    let other = parsed(&LITTLE.replace("\"server\":\"ex1\"", "\"server\":\"ex2\""));
    assert_eq!(own.clone().merged(other).exchange.unwrap().len(), 2);
    let lone = parsed(
        "{\"format\":\"wicketgate-facts\",\"version\":1,\"computer\":\"x\",\"written\":1,\"problems\":\"no\"}",
    );
    let merged = lone.merged(own.clone());
    assert_eq!(
        (merged.exchange, merged.problems),
        (own.exchange, vec!["no".to_owned()])
    );
}
