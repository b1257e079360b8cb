//! Editing a text by byte ranges: whatever no change names stays as it was, byte for byte.
//!
//! Nothing is serialised anew. Start at [`splice`].

use std::ops::Range;

use xml::write::{escape_attribute, escape_text};

/// The text with ranges replaced; a change that begins inside an earlier one is passed over.
pub(crate) fn splice(text: &str, mut changes: Vec<(Range<usize>, String)>) -> String {
    changes.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, replacement) in &changes {
        if range.start < at {
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or(""));
        out.push_str(replacement);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

/// Where in XML a value stands, which says how it is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between the quotes of an attribute.
    Attribute,
    /// Between two tags.
    Text,
}

impl Place {
    /// The value as it must be written here.
    pub(crate) fn escaped(self, value: &str) -> String {
        let mut escaped = String::new();
        match self {
            Self::Attribute => escape_attribute(value, &mut escaped),
            Self::Text => escape_text(value, &mut escaped),
        }
        escaped
    }
}

/// Whether one range lies in another.
pub(crate) fn is_inside(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_replaced_in_any_order_and_the_rest_is_kept() {
        let change = |range, text: &str| (range, text.to_owned());
        let changes = vec![change(6..7, "Z"), change(0..2, ""), change(3..3, "+")];
        assert_eq!(splice("abcdefgh", changes), "c+defZh");
        assert_eq!(splice("é", Vec::new()), "é");
    }

    #[test]
    fn a_change_inside_another_is_passed_over() {
        let changes = vec![(2..3, "x".to_owned()), (1..4, String::new())];
        assert_eq!(splice("abcdef", changes), "aef");
        assert!(is_inside(&(2..3), &(1..4)) && !is_inside(&(0..3), &(1..4)));
    }
}
