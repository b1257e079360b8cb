//! What was exported is read back as it was, and nothing else is taken for it.

use jiff::Timestamp;

use super::super::{Actor, ByHand, Event as Audited, Kind, hash};
use super::*;

/// A seal as a holder of the keys makes one.
fn seal() -> Seal {
    Seal {
        key: "k1".to_owned(),
        mac: "ab".repeat(32),
    }
}

/// The lines of an export of so many events, behind the first `after`.
fn exported(after: i64, count: i64) -> Vec<String> {
    let mut place = Place::default();
    let mut lines = Vec::new();
    for number in 1..=after + count {
        let at = Timestamp::from_second(number).unwrap();
        let actor = Actor::named("root \"}");
        let kind = Kind::UnderAttack { failures: 100 };
        let event = Audited::by_hand(
            &ByHand {
                at,
                actor,
                origin: None,
            },
            kind,
            None,
        );
        let text = serde_json::to_string(&event).unwrap();
        let chained = ChainedEvent {
            number,
            hash: hash(&place.hash, number, &text),
            previous: place.hash,
            event,
            text,
        };
        if number == after + 1 {
            lines.push(begins(&place));
        }
        if number > after {
            lines.push(super::event(&chained));
        }
        place = Place {
            number,
            hash: chained.hash,
        };
    }
    lines.push(ends(&place, &seal()));
    lines
}

fn read(lines: &[String]) -> Result<Whole, ExportError> {
    let mut exported = Exported::default();
    for line in lines {
        exported.line(line)?;
    }
    exported.finish()
}

#[test]
fn an_export_is_whole_from_the_first_event_and_from_any_other() {
    for after in [0, 1, 7] {
        let lines = exported(after, 9);
        let whole = read(&lines).unwrap();
        assert_eq!((whole.after.number, whole.end.number), (after, after + 9));
        assert_eq!(whole.seal, seal());
        for line in &lines {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}

#[test]
fn a_changed_a_missing_and_a_doubled_line_are_found_where_they_are() {
    let broken = |line, number| {
        Err(ExportError::Broken {
            line,
            broken: Broken { number },
        })
    };
    let mut changed = exported(3, 9);
    changed[5] = changed[5].replacen("100", "101", 1);
    assert_eq!(read(&changed), broken(6, 8));
    let mut missing = exported(3, 9);
    missing.remove(5);
    assert_eq!(read(&missing), broken(6, 8));
    let mut doubled = exported(3, 9);
    doubled.insert(5, doubled[4].clone());
    assert_eq!(read(&doubled), broken(6, 8));
    let mut elsewhere = exported(3, 9);
    elsewhere[0] = exported(2, 9)[0].clone();
    assert_eq!(read(&elsewhere), broken(2, 3));
}

#[test]
fn a_file_that_was_cut_off_or_goes_on_is_refused() {
    let lines = exported(0, 9);
    for kept in 1..lines.len() {
        assert_eq!(read(&lines[..kept]), Err(ExportError::NoEnd), "{kept}");
    }
    assert_eq!(read(&[]), Err(ExportError::NoEnd));
    let mut short = lines.clone();
    short.remove(9);
    assert_eq!(
        read(&short),
        Err(ExportError::WrongEnd { line: 10, said: 9 })
    );
    let mut long = lines.clone();
    long.push(lines[1].clone());
    assert_eq!(read(&long), Err(ExportError::BehindTheEnd { line: 12 }));
}

#[test]
fn what_is_no_export_is_refused() {
    let lines = exported(0, 2);
    let cases = [
        String::new(),
        "{}".to_owned(),
        lines[0].replace(":1,", ":2,"),
        lines[0].replace("\"number\":0", "\"number\":-1"),
        lines[0].replace("\"number\":0", "\"number\":5"),
        lines[1].clone(),
    ];
    for case in cases {
        let found = read(std::slice::from_ref(&case));
        assert_eq!(found, Err(ExportError::NotAnExport), "{case}");
    }
    let cases = [
        "{}".to_owned(),
        lines[1].replacen("\"number\":1", "\"number\":+1", 1),
        lines[1].replacen("\"hash\"", "\"hash\":\"\",\"hash\"", 1),
        lines[1].replacen("0000", "000g", 1),
        lines[1].replacen("{\"at\"", "{\"at\":1}{\"at\"", 1),
        format!("{}}}", lines[1]),
    ];
    for case in cases {
        let found = read(&[lines[0].clone(), case.clone()]);
        assert_eq!(found, Err(ExportError::NotAnEvent { line: 2 }), "{case}");
    }
    let long = format!("{}{}", lines[1], " ".repeat(MAX_LINE));
    let found = read(&[lines[0].clone(), long]);
    assert_eq!(found, Err(ExportError::TooLong { line: 2 }));
}
