//! As much of PowerShell's grammar as tells code from strings and comments ([about_Quoting_Rules]).

/// A piece of a script; what stands in strings and comments is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, variable, parameter or number.
    Word(String),
    /// A string, whole.
    Text,
    /// Anything else that is not space.
    Sign(char),
}

/// The pieces of a script.
pub(super) fn tokens(script: &str) -> Result<Vec<Token>, String> {
    let letters: Vec<char> = script.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        at += match rest[0] {
            // A comment begins where no word does.
            '#' => rest.iter().take_while(|it| **it != '\n').count(),
            quote if is_single(quote) => {
                found.push(Token::Text);
                single(rest).ok_or_else(|| unclosed(&letters, at))?
            }
            '"' => {
                found.push(Token::Text);
                double(rest, &mut found).ok_or_else(|| unclosed(&letters, at))?
            }
            '`' => 2,
            it if is_word(it) => {
                let word: String = rest.iter().take_while(|it| is_word(**it)).collect();
                let length = word.chars().count();
                found.push(Token::Word(word));
                length
            }
            it if it.is_whitespace() => 1,
            sign => {
                found.push(Token::Sign(sign));
                1
            }
        };
    }
    Ok(found)
}

fn is_single(it: char) -> bool {
    matches!(it, '\'' | '\u{2018}'..='\u{201b}')
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || "-_$.:\\".contains(it)
}

/// The length of a single-quoted string: a mark that is doubled does not end it.
fn single(rest: &[char]) -> Option<usize> {
    let mut at = 1;
    loop {
        let here = *rest.get(at)?;
        let is_doubled = rest.get(at + 1).is_some_and(|it| is_single(*it));
        match (is_single(here), is_doubled) {
            (true, true) => at += 2,
            (true, false) => return Some(at + 1),
            (false, _) => at += 1,
        }
    }
}

/// The length of a double-quoted string; the code in its `$(...)` is code.
fn double(rest: &[char], found: &mut Vec<Token>) -> Option<usize> {
    let mut at = 1;
    loop {
        match *rest.get(at)? {
            '`' => at += 2,
            '"' => return Some(at + 1),
            '$' if rest.get(at + 1) == Some(&'(') => {
                let inside = expression(&rest[at + 1..])?;
                let code: String = rest[at + 2..at + inside].iter().collect();
                found.extend(tokens(&code).ok()?);
                at += 1 + inside;
            }
            _ => at += 1,
        }
    }
}

/// The length of `(...)`.
fn expression(rest: &[char]) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        match *rest.get(at)? {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(at + 1),
            ')' => depth -= 1,
            quote if is_single(quote) => at += single(&rest[at..])? - 1,
            '"' => at += double(&rest[at..], &mut Vec::new())? - 1,
            _ => {}
        }
        at += 1;
    }
}

fn unclosed(letters: &[char], at: usize) -> String {
    let line = letters[..at].iter().filter(|it| **it == '\n').count() + 1;
    format!("a string of line {line} does not end")
}
