//! What is read of CLIXML, and every way in which it is refused.

use super::*;

fn document(inside: &str) -> String {
    format!("<Objs Version=\"1.1.0.1\" xmlns=\"{NAMESPACE}\">\n{inside}\n</Objs>")
}

fn read_one(inside: &str) -> Value {
    let text = document(inside);
    let Value::List(mut list) = read(text.as_bytes()).unwrap() else {
        panic!("a list");
    };
    list.pop().unwrap()
}

fn refused(inside: &str) -> Problem {
    let error = read(document(inside).as_bytes()).unwrap_err();
    assert!(!error.to_string().is_empty());
    error.problem
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn every_primitive_is_read() {
    for (inside, value) in [
        ("<S>a &lt; b</S>", text("a < b")),
        ("<S></S>", text("")),
        ("<S />", text("")),
        ("<C>97</C>", text("a")),
        ("<B>true</B>", Value::Flag(true)),
        ("<B>false</B>", Value::Flag(false)),
        (
            "<DT>2024-02-01T07:00:00Z</DT>",
            text("2024-02-01T07:00:00Z"),
        ),
        ("<TS>PT30M</TS>", text("PT30M")),
        ("<By>255</By>", Value::Number(255)),
        ("<SB>-128</SB>", Value::Number(-128)),
        ("<U16>65535</U16>", Value::Number(65535)),
        ("<I16>-32768</I16>", Value::Number(-32768)),
        ("<U32>4294967295</U32>", Value::Number(4_294_967_295)),
        ("<I32>-2147483648</I32>", Value::Number(-2_147_483_648)),
        (
            "<U64>18446744073709551615</U64>",
            text("18446744073709551615"),
        ),
        ("<U64>7</U64>", Value::Number(7)),
        ("<I64>-9223372036854775808</I64>", Value::Number(i64::MIN)),
        ("<Sg>1.5</Sg>", text("1.5")),
        ("<Db>1.5E3</Db>", text("1.5E3")),
        ("<D>1.50</D>", text("1.50")),
        ("<BA>AQID\n BA==</BA>", Value::Bytes(vec![1, 2, 3, 4])),
        (
            "<G>306344b2-2b28-4b11-911e-005056932dd7</G>",
            text("306344b2-2b28-4b11-911e-005056932dd7"),
        ),
        (
            "<URI>https://contoso.com/</URI>",
            text("https://contoso.com/"),
        ),
        ("<Nil />", Value::Null),
        ("<Version>1.2.3</Version>", text("1.2.3")),
        ("<XD>&lt;a /&gt;</XD>", Value::Withheld),
        ("<SBK>Get-Date</SBK>", Value::Withheld),
        ("<SS>01000000d08c9ddf</SS>", Value::Withheld),
        ("<PR><AV>x</AV></PR>", Value::Withheld),
    ] {
        assert_eq!(read_one(inside), value, "{inside}");
    }
}

#[test]
fn texts_have_their_escapes_undone() {
    for (written, meant) in [
        ("a_x000D__x000A_b", "a\r\nb"),
        ("_x005F_x000A_", "_x000A_"),
        ("_xD83D__xDE00_", "😀"),
        ("_x00e9_", "é"),
        ("snake_case_x1", "snake_case_x1"),
        ("_xZZZZ__x00", "_xZZZZ__x00"),
        ("é_xé00_", "é_xé00_"),
    ] {
        assert_eq!(read_one(&format!("<S>{written}</S>")), text(meant));
    }
    let name = "S".to_owned();
    let expected = "characters";
    assert_eq!(
        refused("<S>_xD83D_</S>"),
        Problem::Malformed { name, expected }
    );
}

#[test]
fn an_object_has_fields_of_both_kinds_and_a_line_about_itself() {
    let value = read_one(
        "<Obj RefId=\"0\"><TN RefId=\"0\"><T>A</T></TN><ToString>one_x0020_line</ToString>\
         <Props><S N=\"Na_x006D_e\">x</S><Nil N=\"Notes\" /></Props><MS><B N=\"Added\">true</B></MS></Obj>",
    );
    let Value::Object(object) = value else {
        panic!("an object");
    };
    assert_eq!(object.text.as_deref(), Some("one line"));
    let names: Vec<&str> = object
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["Name", "Notes", "Added"]);
}

#[test]
fn lists_dictionaries_and_wrapped_values_are_what_they_hold() {
    for kind in ["LST", "QUE", "STK", "IE"] {
        let inside = format!("<Obj RefId=\"0\"><{kind}><I32>1</I32><S>b</S></{kind}></Obj>");
        let list = Value::List(vec![Value::Number(1), text("b")]);
        assert_eq!(read_one(&inside), list);
    }
    assert_eq!(read_one("<Obj><S>alone</S></Obj>"), text("alone"));
    let enumeration = read_one("<Obj RefId=\"1\"><ToString>Word</ToString><I32>5</I32></Obj>");
    let Value::Object(object) = enumeration else {
        panic!("an object");
    };
    assert_eq!(object.underlying.as_deref(), Some(&Value::Number(5)));
    let dictionary = read_one(
        "<Obj RefId=\"0\"><DCT><En><S N=\"Key\">k</S><S N=\"Value\">v</S></En></DCT></Obj>",
    );
    let Value::Object(object) = dictionary else {
        panic!("a dictionary");
    };
    assert_eq!(object.field("k"), Some(&text("v")));
}

#[test]
fn a_reference_leads_to_a_closed_object_before_it() {
    let inside = "<Obj RefId=\"7\"><LST><S>a</S></LST></Obj><Ref RefId=\"7\" />";
    let Ok(Value::List(list)) = read(document(inside).as_bytes()) else {
        panic!("a list");
    };
    assert_eq!(list[0], list[1]);
    let types = "<Obj><TN RefId=\"0\"><T>A</T></TN></Obj><Obj><TNRef RefId=\"0\" /><S>x</S></Obj>";
    assert_eq!(read_one(types), text("x"));
    let id = |id: &str| id.to_owned();
    assert_eq!(
        refused("<Obj RefId=\"0\"><LST><Ref RefId=\"0\" /></LST></Obj>"),
        Problem::Cycle { id: id("0") }
    );
    assert_eq!(
        refused("<Ref RefId=\"1\" /><Obj RefId=\"1\"><S>a</S></Obj>"),
        Problem::NoReference { id: id("1") }
    );
    assert_eq!(refused("<Ref />"), Problem::NoReference { id: id("") });
    assert_eq!(
        refused("<Obj><TNRef RefId=\"3\" /></Obj>"),
        Problem::NoReference { id: id("3") }
    );
    let same = "<Obj RefId=\"2\"><LST><Obj RefId=\"2\" /></LST></Obj>";
    assert_eq!(refused(same), Problem::SameReference { id: id("2") });
    let twice = "<Obj RefId=\"2\" /><Obj RefId=\"2\" />";
    let again = format!("{twice}<Ref RefId=\"2\" />");
    assert_eq!(refused(&again), Problem::SameReference { id: id("2") });
}

/// Ten lists of which each has the one before it ten times: a small text with ten billion values.
#[test]
fn references_that_multiply_are_counted_as_what_they_bring() {
    let mut inside = "<Obj RefId=\"0\"><LST><S>ha</S></LST></Obj>".to_owned();
    for level in 1..=10 {
        let before = format!("<Ref RefId=\"{}\" />", level - 1).repeat(10);
        inside.push_str(&format!("<Obj RefId=\"{level}\"><LST>{before}</LST></Obj>"));
    }
    assert_eq!(refused(&inside), Problem::TooMany);
}

/// Each object has the one before it inside, so that the text is flat and the value is not.
#[test]
fn references_that_nest_are_as_deep_as_what_they_bring() {
    let nested = |levels: usize| {
        let mut inside = "<Obj RefId=\"0\"><LST><S>a</S></LST></Obj>".to_owned();
        for level in 1..=levels {
            let before = level - 1;
            let object =
                format!("<Obj RefId=\"{level}\"><LST><Ref RefId=\"{before}\" /></LST></Obj>");
            inside.push_str(&object);
        }
        inside
    };
    assert!(read(document(&nested(MAX_DEPTH - 2)).as_bytes()).is_ok());
    assert_eq!(refused(&nested(MAX_DEPTH)), Problem::TooDeep);
}

#[test]
fn no_file_asks_for_more_than_is_taken() {
    let open = "<Obj><LST>".repeat(MAX_DEPTH + 1);
    let close = "</LST></Obj>".repeat(MAX_DEPTH + 1);
    assert_eq!(refused(&format!("{open}{close}")), Problem::TooDeep);
    let long = "a".repeat(MAX_TEXT + 1);
    assert_eq!(refused(&format!("<S>{long}</S>")), Problem::TextTooLong);
    assert_eq!(refused(&"<Nil/>".repeat(MAX_VALUES + 1)), Problem::TooMany);
    let large = vec![b' '; MAX_BYTES + 1];
    assert_eq!(read(&large), Err(Problem::TooLarge.whole()));
}

#[test]
fn what_is_no_clixml_is_refused() {
    for (inside, name) in [
        ("<Ob />", "Ob"),
        ("<S>a<S>b</S></S>", "S"),
        ("<Obj><TN RefId=\"0\"><S>a</S></TN></Obj>", "S"),
        (
            "<Obj><Props><x xmlns=\"urn:x\" N=\"a\" /></Props></Obj>",
            "x",
        ),
        ("<x:S xmlns:x=\"urn:x\">a</x:S>", "S"),
        ("<LST><S>a</S></LST>", "LST"),
    ] {
        let name = name.to_owned();
        assert_eq!(refused(inside), Problem::Element { name }, "{inside}");
    }
    for inside in [
        "<B>yes</B>",
        "<By>256</By>",
        "<I32>2147483648</I32>",
        "<C>55296</C>",
        "<BA>***</BA>",
        "<Obj><DCT><En><S N=\"Key\">a</S></En></DCT></Obj>",
        "<Obj><DCT><En><S N=\"Value\">a</S><S N=\"Key\">a</S></En></DCT></Obj>",
        "<Obj><DCT><En><I32 N=\"Key\">1</I32><S N=\"Value\">a</S></En></DCT></Obj>",
    ] {
        assert!(
            matches!(refused(inside), Problem::Malformed { .. }),
            "{inside}"
        );
    }
    let twice = "<Obj><Props><S N=\"Name\">a</S></Props><MS><S N=\"name\">b</S></MS></Obj>";
    let name = "name".to_owned();
    assert_eq!(refused(twice), Problem::Twice { name });
    for whole in [
        "<Objs Version=\"1.1.0.1\" />".to_owned(),
        format!("<Objs xmlns=\"{NAMESPACE}\" />"),
        format!("<Obj Version=\"1.1\" xmlns=\"{NAMESPACE}\" />"),
    ] {
        assert_eq!(read(whole.as_bytes()), Err(Problem::NotClixml.whole()));
    }
}

#[test]
fn entities_and_broken_xml_are_the_parser_s_to_refuse() {
    let bomb = "<!DOCTYPE Objs [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>";
    let error = read(format!("{bomb}{}", document("<S>&b;</S>")).as_bytes()).unwrap_err();
    assert_eq!(error, Problem::Xml(xml::ParseError::DocumentType).whole());
    let error = read(document("<S>a</B>").as_bytes()).unwrap_err();
    assert_eq!(error.place.unwrap().line, 2);
}

#[test]
fn an_error_has_its_place_and_a_wide_file_its_text() {
    let error = read(document("<S>é</S> <B>yes</B>").as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2, column 10: `B` does not hold true or false"
    );
    let wide = |text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [b"\xff\xfe".as_slice(), &units].concat()
    };
    let declared = format!(
        "<?xml version=\"1.0\" encoding=\"utf-16\"?>{}",
        document("<S>é</S>")
    );
    let expected = Value::List(vec![text("é")]);
    assert_eq!(read(&wide(&declared)), Ok(expected.clone()));
    assert_eq!(read(&wide(&document("<S>é</S>"))), Ok(expected));
    assert_eq!(read(b"\xff\xfe<"), Err(Problem::NotText.whole()));
}

/// A name is looked for among a hundred thousand without looking at each.
#[test]
fn an_object_of_many_fields_is_read_in_no_time() {
    let fields: String = (0..100_000)
        .map(|it| format!("<Nil N=\"f{it}\" />"))
        .collect();
    let Value::Object(object) = read_one(&format!("<Obj><Props>{fields}</Props></Obj>")) else {
        panic!("an object");
    };
    assert_eq!(object.fields.len(), 100_000);
}
