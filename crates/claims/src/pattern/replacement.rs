//! .NET's replacement texts: `$1`, `${name}`, `$$`, `$&`, `` $` ``, `$'`, `$+`, `$_` (.NET, "Substitutions").
//!
//! What names no group of its expression stands for itself, as in .NET. Start at [`Replacement::parse`].

use super::node::Groups;

/// A replacement, read for the groups of one expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    pieces: Vec<Piece>,
    /// What looks like a substitution and names no group.
    pub(crate) unknown: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Capture(usize),
    Before,
    After,
    Whole,
}

/// One match, as a replacement sees it.
pub(super) struct Matched<'a> {
    pub(super) subject: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
    /// What each capture holds, the whole match first.
    pub(super) captures: Vec<Option<&'a str>>,
}

impl Replacement {
    /// Reads a replacement.
    pub(super) fn parse(text: &str, groups: &Groups) -> Self {
        let mut read = Self {
            pieces: Vec::new(),
            unknown: Vec::new(),
        };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            read.text(before);
            match substitution(after, groups) {
                Some((piece, after)) => {
                    read.pieces.push(piece);
                    rest = after;
                }
                None => {
                    read.text("$");
                    read.unknown.extend(unknown(after));
                    rest = after;
                }
            }
        }
        read.text(rest);
        read
    }

    /// Writes what stands in a match's place.
    pub(super) fn write(&self, matched: &Matched<'_>, out: &mut String) {
        for piece in &self.pieces {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Capture(number) => matched
                    .captures
                    .get(*number)
                    .copied()
                    .flatten()
                    .unwrap_or_default(),
                Piece::Before => matched.subject.get(..matched.start).unwrap_or_default(),
                Piece::After => matched.subject.get(matched.end..).unwrap_or_default(),
                Piece::Whole => matched.subject,
            });
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }
}

/// The substitution that stands after a `$`, and what is left; nothing where the `$` stands for itself.
fn substitution<'a>(text: &'a str, groups: &Groups) -> Option<(Piece, &'a str)> {
    let first = text.chars().next()?;
    let rest = text.get(first.len_utf8()..)?;
    Some(match first {
        '$' => (Piece::Text("$".to_owned()), rest),
        '&' => (Piece::Capture(0), rest),
        '`' => (Piece::Before, rest),
        '\'' => (Piece::After, rest),
        '_' => (Piece::Whole, rest),
        '+' => (Piece::Capture(groups.last().unwrap_or(0)), rest),
        '{' => {
            let (name, rest) = rest.split_once('}')?;
            (Piece::Capture(groups.by_name(name)?), rest)
        }
        '0'..='9' => {
            let end = text.find(|it: char| !it.is_ascii_digit());
            let (number, rest) = text.split_at(end.unwrap_or(text.len()));
            (
                Piece::Capture(groups.by_number(number.parse().ok()?)?),
                rest,
            )
        }
        _ => return None,
    })
}

/// What after a `$` was perhaps meant as a substitution.
fn unknown(text: &str) -> Option<String> {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    let braced = text.strip_prefix('{').and_then(|it| it.split_once('}'));
    match braced {
        Some((name, _)) => Some(format!("${{{name}}}")),
        None => {
            let word: String = text.chars().take_while(|it| is_part(*it)).collect();
            (!word.is_empty()).then(|| format!("${word}"))
        }
    }
}
