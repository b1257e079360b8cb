//! Characters that nobody sees, and that change what is seen: in a line of a log or a list they would make one text look
//! like another.

/// Whether a character is a control, breaks a line, turns the direction of what follows, or joins without a mark.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    let is_format = matches!(
        character,
        '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{61c}'
            | '\u{feff}'
            | '\u{ad}'
    );
    is_format || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_log_2_what_turns_or_breaks_a_line_is_unseen_and_letters_are_not() {
        for unseen in [
            '\0', '\n', '\u{1b}', '\u{85}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{feff}',
        ] {
            assert!(is_unseen(unseen), "{unseen:?}");
        }
        assert!(!"Åsa Ωmega 山田 שלום 7'-".contains(is_unseen));
    }
}
