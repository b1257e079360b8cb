//! Sets of characters as .NET has them: `\w`, `\d`, `\s`, categories, subtraction, and which characters are the same
//! but for case.
//!
//! .NET compares by the simple lower-case form of each character, so `s` is not the long s and the final sigma is not
//! sigma; case folding as Unicode defines it, which the engine below would use, says otherwise. Start at [`Class`].

use std::fmt::Write;

use super::Reason;

/// A set of characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// Everything but the items.
    pub(super) is_negated: bool,
    pub(super) items: Vec<Item>,
    /// What is taken away from the rest.
    pub(super) without: Option<Box<Class>>,
}

/// One item of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// From one character to another, both included.
    Range(char, char),
    /// `\w`, or `\W`.
    Word { is_negated: bool },
    /// `\d`, or `\D`.
    Digit { is_negated: bool },
    /// `\s`, or `\S`.
    Space { is_negated: bool },
    /// `\p{…}`, or `\P{…}`.
    Category {
        name: &'static str,
        is_negated: bool,
    },
}

/// Of which texts a translation speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ASCII alone, without a line feed at the end: the small and fast one.
    Plain,
    /// Any text.
    Exact,
}

/// The general categories of Unicode that .NET knows by name.
const CATEGORIES: [&str; 37] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C",
    "Cc", "Cf", "Co", "Cn", "Cs",
];

/// .NET's `\w`, as items of a set.
const WORD: &str = r"\p{L}\p{Mn}\p{Nd}\p{Pc}";
/// .NET's `\s`, as items of a set.
const SPACE: &str = r"\t-\r\x{85}\p{Z}";
/// What counts as part of a word at `\b`: `\w` and the two joiners.
pub(super) const BOUNDARY_WORD: &str = r"[\p{L}\p{Mn}\p{Nd}\p{Pc}\x{200C}\x{200D}]";
/// Most characters of one expression's sets whose other case is looked for.
pub(super) const MAX_FOLDED: u32 = 0x11_0000;

/// The category of a name.
///
/// # Errors
///
/// .NET knows it and the engine does not, or nobody does.
pub(super) fn category(name: &str) -> Result<&'static str, Reason> {
    if name == "Cs" {
        return Err(Reason::Surrogate);
    }
    if let Some(known) = CATEGORIES.into_iter().find(|it| *it == name) {
        return Ok(known);
    }
    Err(match name.starts_with("Is") {
        true => Reason::UnicodeBlock,
        false => Reason::UnknownCategory,
    })
}

impl Class {
    /// A set of one item.
    pub(super) fn of(item: Item) -> Self {
        Self {
            items: vec![item],
            ..Self::default()
        }
    }

    /// Adds what differs from its items by case alone; `left` says for how many characters that may still be done.
    ///
    /// # Errors
    ///
    /// A category of one case has no agreed meaning then; or they are too many.
    pub(super) fn ignore_case(mut self, left: &mut u32) -> Result<Self, Reason> {
        let mut ranges = Vec::new();
        let mut others = Vec::new();
        for item in self.items {
            match item {
                Item::Range(first, last) => {
                    let number = u32::from(last) - u32::from(first) + 1;
                    *left = left.checked_sub(number).ok_or(Reason::TooLarge)?;
                    ranges.push((first, last));
                    ranges.extend((first..=last).flat_map(other_cases).map(|it| (it, it)));
                }
                Item::Category {
                    name: "Lu" | "Ll" | "Lt",
                    ..
                } => return Err(Reason::CaseOfCategory),
                other => others.push(other),
            }
        }
        let ranges = merged(ranges);
        self.items = ranges
            .into_iter()
            .map(|(first, last)| Item::Range(first, last))
            .chain(others)
            .collect();
        if let Some(without) = self.without {
            self.without = Some(Box::new(without.ignore_case(left)?));
        }
        Ok(self)
    }

    /// Writes it in the engine's syntax.
    pub(super) fn write(&self, form: Form, out: &mut String) {
        if let Some(without) = &self.without {
            out.push('[');
            self.write_items(form, out);
            out.push_str("--");
            without.write(form, out);
            out.push(']');
        } else {
            self.write_items(form, out);
        }
    }

    fn write_items(&self, form: Form, out: &mut String) {
        out.push_str(if self.is_negated { "[^" } else { "[" });
        for item in &self.items {
            item.write(form, out);
        }
        out.push(']');
    }
}

impl Item {
    fn write(&self, form: Form, out: &mut String) {
        let (text, is_negated) = match (self, form) {
            (Self::Range(first, last), _) => {
                write_character(*first, out);
                if first != last {
                    out.push('-');
                    write_character(*last, out);
                }
                return;
            }
            (Self::Category { name, is_negated }, _) => {
                let letter = if *is_negated { 'P' } else { 'p' };
                // Nothing fails when a text is written to.
                let _ = write!(out, "\\{letter}{{{name}}}");
                return;
            }
            (Self::Word { is_negated }, Form::Plain) => ("0-9A-Za-z_", *is_negated),
            (Self::Word { is_negated }, Form::Exact) => (WORD, *is_negated),
            (Self::Digit { is_negated }, Form::Plain) => ("0-9", *is_negated),
            (Self::Digit { is_negated }, Form::Exact) => (r"\p{Nd}", *is_negated),
            (Self::Space { is_negated }, Form::Plain) => (r"\t-\r\x{20}", *is_negated),
            (Self::Space { is_negated }, Form::Exact) => (SPACE, *is_negated),
        };
        if is_negated {
            let _ = write!(out, "[^{text}]");
        } else {
            out.push_str(text);
        }
    }
}

/// Writes a character so that it stands for itself, in a set and outside.
pub(super) fn write_character(character: char, out: &mut String) {
    if character.is_ascii_alphanumeric() || matches!(character, '/' | ':' | '@' | '=' | ',' | '_') {
        out.push(character);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", u32::from(character));
    }
}

/// The characters that differ from this one by case alone.
pub(super) fn other_cases(character: char) -> impl Iterator<Item = char> {
    let lower = lower_case(character);
    // Characters that are another's lower case and not its upper case.
    let odd = match lower {
        'k' => Some('\u{212a}'),
        '\u{e5}' => Some('\u{212b}'),
        '\u{3c9}' => Some('\u{2126}'),
        '\u{3b8}' => Some('\u{3f4}'),
        '\u{df}' => Some('\u{1e9e}'),
        '\u{1c6}' => Some('\u{1c5}'),
        '\u{1c9}' => Some('\u{1c8}'),
        '\u{1cc}' => Some('\u{1cb}'),
        '\u{1f3}' => Some('\u{1f2}'),
        _ => None,
    };
    [Some(lower), Some(upper_case(lower)), odd]
        .into_iter()
        .flatten()
        .filter(move |other| *other != character && lower_case(*other) == lower)
}

/// The lower case of a character where that is one character, as .NET's invariant culture has it.
pub(super) fn lower_case(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => character,
    }
}

/// The upper case of a character where that is one character.
fn upper_case(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

/// Ranges in order, those that touch made one.
fn merged(mut ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    ranges.sort_unstable();
    let mut merged: Vec<(char, char)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if u32::from(first) <= u32::from(*end) + 1 => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}
