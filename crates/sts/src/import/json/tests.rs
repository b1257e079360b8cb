//! What is read of JSON, and every way in which it is refused.

use super::*;

fn refused(text: &str) -> (Problem, Option<(usize, usize)>) {
    let error = read(text.as_bytes()).unwrap_err();
    assert!(!error.to_string().is_empty());
    let place = error.place.map(|it| (it.line, it.column));
    (error.problem, place)
}

#[test]
fn every_kind_of_value_is_read_in_any_encoding() {
    let text = r#"[null, true, 7, -1, 1.5, 18446744073709551615, "a\u00e9", {"B": [], "A": {}}]"#;
    let value = read(text.as_bytes()).unwrap();
    let Value::List(list) = &value else {
        panic!("a list");
    };
    assert_eq!(
        list[..3],
        [Value::Null, Value::Flag(true), Value::Number(7)]
    );
    assert_eq!(list[4], Value::Text("1.5".to_owned()));
    assert_eq!(list[5], Value::Text(u64::MAX.to_string()));
    assert_eq!(list[6], Value::Text("aé".to_owned()));
    let Value::Object(object) = &list[7] else {
        panic!("an object");
    };
    assert_eq!(object.field("b"), Some(&Value::List(Vec::new())));
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = [b"\xff\xfe".as_slice(), &wide].concat();
    assert_eq!(read(&wide), Ok(value.clone()));
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    assert_eq!(read(&marked), Ok(value));
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    assert_eq!(refused("{\n  \"a\": }"), (Problem::NotJson, Some((2, 8))));
    assert_eq!(refused(""), (Problem::NotJson, Some((1, 0))));
    assert_eq!(refused("[] []"), (Problem::NotJson, Some((1, 4))));
    let error = read(b"\xff\xfe[").unwrap_err();
    assert_eq!(error, Problem::NotText.whole());
}

#[test]
fn a_field_stands_once_in_any_case_of_its_letters() {
    let name = "Enabled".to_owned();
    let (problem, _) = refused(r#"{"enabled": true, "Enabled": false}"#);
    assert_eq!(problem, Problem::Twice { name });
}

#[test]
fn no_file_asks_for_more_than_is_taken() {
    let deep = "[".repeat(MAX_DEPTH + 2);
    assert_eq!(refused(&deep).0, Problem::TooDeep);
    let as_deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
    assert!(read(as_deep.as_bytes()).is_ok());
    let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
    assert_eq!(refused(&many).0, Problem::TooMany);
    let long = "a".repeat(MAX_TEXT + 1);
    assert_eq!(refused(&format!("\"{long}\"")).0, Problem::TextTooLong);
    assert_eq!(
        refused(&format!("{{\"{long}\": 0}}")).0,
        Problem::TextTooLong
    );
    let large = vec![b' '; MAX_BYTES + 1];
    assert_eq!(read(&large), Err(Problem::TooLarge.whole()));
}
