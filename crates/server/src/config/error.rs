//! What is wrong with a configuration, and where: one sentence with file, line and column.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub(crate) struct ConfigError {
    place: Place,
    message: String,
    missing: Option<PathBuf>,
}

/// A place in a configuration file, for errors that are found after it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    file: PathBuf,
    position: Option<(usize, usize)>,
}

impl ConfigError {
    /// The file could not be read at all.
    pub(crate) fn unreadable(file: &Path, why: &str) -> Self {
        Self::new(
            Place {
                file: file.to_owned(),
                position: None,
            },
            format!("cannot be read: {why}; name another file with --config"),
        )
    }

    /// Something at a place in the text.
    pub(crate) fn at(file: &Path, text: &str, span: Option<Range<usize>>, message: String) -> Self {
        Self::new(Place::new(file, text, span), message)
    }

    /// Something at a place.
    pub(crate) fn new(place: Place, message: String) -> Self {
        Self {
            place,
            message,
            missing: None,
        }
    }

    /// A file that the configuration names and that cannot be read.
    pub(crate) fn missing(place: Place, file: PathBuf, why: &std::io::Error) -> Self {
        let message = format!("`{}` cannot be read: {why}", file.display());
        Self {
            missing: Some(file),
            ..Self::new(place, message)
        }
    }

    /// The same, with what makes that file.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        let message = format!("{}; {hint}", self.message);
        Self { message, ..self }
    }

    /// The file that was not there, where that is what is wrong: it may yet come.
    pub(crate) fn missing_file(&self) -> Option<&Path> {
        self.missing.as_deref()
    }
}

impl Place {
    /// The place where something begins in the text of a file.
    pub(crate) fn new(file: &Path, text: &str, span: Option<Range<usize>>) -> Self {
        Self {
            file: file.to_owned(),
            position: span.map(|span| line_and_column(text, span.start)),
        }
    }

    /// The line; the first where no place in the file is known.
    pub(crate) fn line(&self) -> usize {
        self.position.map_or(1, |(line, _)| line)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// Line and column, both from 1, of a byte offset.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|character| *character != '\n')
        .count()
        + 1;
    (line, column)
}

/// The known word that somebody probably meant, if one is near.
pub(crate) fn meant<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (distance(typed, word), word))
        .filter(|(distance, word)| *distance <= word.chars().count().max(3) / 3)
        .min()
        .map(|(_, word)| word)
}

/// How many letters must be changed, added, left out or exchanged with a neighbour, in short words
/// (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let of = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let changed = of(&row, j) + usize::from(left != right);
            let added = of(&next, j) + 1;
            let left_out = of(&row, j + 1) + 1;
            let neighbour = |letters: &[char], at: usize| letters.get(at.checked_sub(1)?).copied();
            let is_exchanged = neighbour(&a, i) == Some(*right) && neighbour(&b, j) == Some(*left);
            let exchanged = match j.checked_sub(1) {
                Some(at) if is_exchanged => of(&before, at) + 1,
                _ => usize::MAX,
            };
            next.push(changed.min(added).min(left_out).min(exchanged));
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_from_one() {
        assert_eq!(line_and_column("a\nbc", 3), (2, 2));
        assert_eq!(line_and_column("a\nbc", 0), (1, 1));
    }

    #[test]
    fn a_near_word_is_meant_and_a_far_one_is_not() {
        assert_eq!(meant("listner", ["listener", "store"]), Some("listener"));
        assert_eq!(meant("ntml", ["ntlm", "negotiate"]), Some("ntlm"));
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(meant("banana", ["listener", "store"]), None);
    }
}
