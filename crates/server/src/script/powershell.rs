//! PowerShell as text: literals that stay literals, comments that stay comments.
//!
//! SECURITY: whatever comes from a configuration passes [`literal`] or [`comment`]; nothing else puts
//! foreign text into a script.

use std::fmt::Write;

/// A text as a single-quoted literal, in which nothing is expanded.
///
/// PowerShell ends such a literal at typographic quotation marks, too, so that they are doubled as well.
pub(crate) fn literal(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        if is_quotation_mark(character) {
            literal.push(character);
        }
        literal.push(character);
    }
    literal.push('\'');
    literal
}

/// A list of literals, one a line.
pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    if texts.is_empty() {
        return "@()".to_owned();
    }
    let lines: Vec<String> = texts
        .iter()
        .map(|text| format!("    {}", literal(text.as_ref())))
        .collect();
    format!("@(\n{}\n)", lines.join(",\n"))
}

/// A comment of one line, whatever the text holds.
pub(super) fn comment(text: &str) -> String {
    let is_break = |it: char| it.is_control() || matches!(it, '\u{85}' | '\u{2028}' | '\u{2029}');
    let line: String = text
        .chars()
        .map(|it| if is_break(it) { ' ' } else { it })
        .collect();
    format!("# {line}")
}

/// Assigns something to a variable, with why.
pub(super) fn assign(script: &mut String, why: &str, variable: &str, value: &str) {
    // A `String` takes whatever is written.
    let _ = writeln!(script, "{}\n${variable} = {value}\n", comment(why));
}

fn is_quotation_mark(character: char) -> bool {
    matches!(character, '\'' | '\u{2018}'..='\u{201b}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_quotation_mark_ends_a_literal() {
        assert_eq!(literal("a'; Remove-Item x"), "'a''; Remove-Item x'");
        assert_eq!(literal("\u{2018}\u{2019}\u{201a}\u{201b}"), {
            "'\u{2018}\u{2018}\u{2019}\u{2019}\u{201a}\u{201a}\u{201b}\u{201b}'"
        });
        assert_eq!(literal("$(whoami) `n \"x\""), "'$(whoami) `n \"x\"'");
        assert_eq!(list(&["a", "b'"]), "@(\n    'a',\n    'b'''\n)");
    }

    #[test]
    fn no_line_break_ends_a_comment() {
        for end in ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}"] {
            assert_eq!(comment(&format!("a{end}Remove-Item")), "# a Remove-Item");
        }
    }
}
