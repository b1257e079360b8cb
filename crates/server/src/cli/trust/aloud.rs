//! The report as people read it: trust by trust and field by field, and last what sign-ins would lose.

use std::fmt::Write;

use sts::import::{Cmdlet, FieldReport, Kind, ObjectReport, Report};

/// How wide the names of fields are, where they are not longer.
const WIDTH: usize = 36;

/// What stands above everything.
const HEADING: &str = "What becomes of each setting:";

/// The report, in words, and which trusts were kept.
pub(super) fn aloud(report: &Report, kept: &[String]) -> String {
    let mut text = format!("{HEADING}\n\n");
    for object in &report.objects {
        told(&mut text, object);
    }
    for cmdlet in &report.missing {
        line(
            &mut text,
            &format!("There is no file of {}.", cmdlet.name()),
        );
    }
    let lost: Vec<String> = report
        .lost()
        .map(|(object, field)| {
            let noun = object.cmdlet.noun();
            format!(
                "  {noun} `{}`: {}: {}",
                object.name, field.field, field.fate.says
            )
        })
        .collect();
    let last = match lost.is_empty() {
        true => "Sign-ins would lose nothing.".to_owned(),
        false => format!("Sign-ins would lose:\n{}", lost.join("\n")),
    };
    line(&mut text, &last);
    let names = kept.iter().map(|it| format!("`{it}`"));
    let names: Vec<String> = names.collect();
    let outcome = match names.len() {
        0 => "Nothing was kept.".to_owned(),
        1 => format!("Kept 1 of them: {}.", names.join(", ")),
        number => format!("Kept {number} of them: {}.", names.join(", ")),
    };
    line(&mut text, &outcome);
    text.trim_end().to_owned()
}

fn told(text: &mut String, object: &ObjectReport) {
    let noun = object.cmdlet.noun();
    let is_off = match object.is_enabled {
        true => "",
        false => ", switched off",
    };
    let is_taken = match object.is_taken {
        true => "",
        false => ", not taken",
    };
    // Claim types and endpoints are many, and mostly what every AD FS has.
    let is_brief = matches!(object.cmdlet, Cmdlet::ClaimDescription | Cmdlet::Endpoint);
    let is_shown = |field: &&FieldReport| {
        !is_brief
            || !field.fate.remarks.is_empty()
            || !matches!(field.fate.kind, Kind::Taken | Kind::NotNeeded)
    };
    let fields: Vec<&FieldReport> = object.fields.iter().filter(is_shown).collect();
    let rest = object.fields.len() - fields.len();
    line(text, &format!("{noun} `{}`{is_off}{is_taken}", object.name));
    for field in fields {
        let word = field.fate.kind.word();
        let (name, says) = (&field.field, &field.fate.says);
        line(text, &format!("  {word:<10}  {name:<WIDTH$}  {says}"));
        for remark in &field.fate.remarks {
            line(text, &format!("  {:<10}  {:<WIDTH$}  ! {remark}", "", ""));
        }
    }
    if rest > 0 {
        line(text, &format!("  {rest} fields are taken or not needed"));
    }
    text.push('\n');
}

fn line(text: &mut String, line: &str) {
    // Nothing fails when a text is written to.
    let _ = writeln!(text, "{line}");
}
