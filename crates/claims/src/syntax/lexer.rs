//! From the text to tokens.
//!
//! A backslash is an ordinary character, so `"^.+\\"` is a whole string; the one escape, `\x22`, is looked at later. What
//! begins no token becomes an error and a token that stands for it, so that one text shows all of them. Start at
//! [`tokens`].

use super::ast::Place;
use super::error::{ParseError, Problem};

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As written; of a string what stands between the marks.
    pub(super) text: &'a str,
    pub(super) place: Place,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Text,
    Number,
    At,
    Assign,
    Arrow,
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
    Greater,
    Less,
    AtLeast,
    AtMost,
    And,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    Semicolon,
    Dot,
    Plus,
    /// A remark, which the parser takes out.
    Comment,
    /// An error was told of it.
    Bad,
    End,
}

/// Signs, the longer before their beginnings.
const SIGNS: [(&str, Kind); 21] = [
    ("=>", Kind::Arrow),
    ("==", Kind::Equal),
    ("=~", Kind::Matches),
    ("!=", Kind::NotEqual),
    ("!~", Kind::MatchesNot),
    (">=", Kind::AtLeast),
    ("<=", Kind::AtMost),
    ("&&", Kind::And),
    ("=", Kind::Assign),
    (">", Kind::Greater),
    ("<", Kind::Less),
    ("@", Kind::At),
    ("(", Kind::Open),
    (")", Kind::Close),
    ("[", Kind::OpenBracket),
    ("]", Kind::CloseBracket),
    (",", Kind::Comma),
    (":", Kind::Colon),
    (";", Kind::Semicolon),
    (".", Kind::Dot),
    ("+", Kind::Plus),
];

/// Splits a text into tokens, the last of which is [`Kind::End`].
pub(super) fn tokens(text: &str) -> (Vec<Token<'_>>, Vec<ParseError>) {
    let mut lexer = Lexer {
        text,
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        line: 1,
        column: 1,
        errors: Vec::new(),
    };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token();
        let is_end = token.kind == Kind::End;
        tokens.push(token);
        if is_end {
            return (tokens, lexer.errors);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    rest: &'a str,
    line: u32,
    column: u32,
    errors: Vec<ParseError>,
}

impl<'a> Lexer<'a> {
    fn token(&mut self) -> Token<'a> {
        let space = self.rest.find(|it: char| !it.is_whitespace());
        self.pass(space.unwrap_or(self.rest.len()));
        let Some(first) = self.rest.chars().next() else {
            return self.take(Kind::End, 0);
        };
        if first.is_ascii_alphabetic() || first == '_' {
            let end = self.end_of(|it| it.is_ascii_alphanumeric() || it == '_');
            return self.take(Kind::Word, end);
        }
        if first.is_ascii_digit() {
            let end = self.end_of(|it| it.is_ascii_digit());
            return self.take(Kind::Number, end);
        }
        if first == '"' {
            return self.string();
        }
        if let Some(length) = self.comment() {
            return self.take(Kind::Comment, length);
        }
        let sign = SIGNS.iter().find(|(sign, _)| self.rest.starts_with(sign));
        match sign {
            Some((sign, kind)) => self.take(*kind, sign.len()),
            None => self.bad(first),
        }
    }

    /// A string; its text is what stands between the marks.
    fn string(&mut self) -> Token<'a> {
        let inside = self.rest.get(1..).unwrap_or_default();
        match inside.split_once('"') {
            Some((inside, _)) => {
                let mut token = self.take(Kind::Text, inside.len() + 2);
                token.text = inside;
                token
            }
            None => {
                let line = self.rest.lines().next().unwrap_or_default();
                let place = self.place(line);
                self.error(place, Problem::UnclosedString, None);
                let token = self.take(Kind::Bad, self.rest.len());
                Token { place, ..token }
            }
        }
    }

    /// The length of a remark, where one begins here.
    fn comment(&mut self) -> Option<usize> {
        if self.rest.starts_with("//") {
            return Some(self.end_of(|it| it != '\n' && it != '\r'));
        }
        let inside = self.rest.strip_prefix("/*")?;
        match inside.split_once("*/") {
            Some((inside, _)) => Some(inside.len() + 4),
            None => {
                let place = self.place("/*");
                self.error(place, Problem::UnclosedComment, None);
                Some(self.rest.len())
            }
        }
    }

    /// A character that begins nothing; of quotation marks of the wrong kind, all that stands between them.
    fn bad(&mut self, first: char) -> Token<'a> {
        let is_typographic = |it: char| matches!(it, '\u{201c}' | '\u{201d}' | '\u{201e}');
        let hint = match first {
            it if is_typographic(it) => Some("typographic quotation mark; use \""),
            '\'' | '\u{2018}' | '\u{2019}' => Some("strings stand between \""),
            '&' => Some("conditions are joined by &&"),
            '|' => Some("there is no \"or\": write two rules"),
            '!' => Some("the negations are NOT EXISTS, != and !~"),
            '#' => Some("AD FS has no comments; here they begin with //"),
            _ => None,
        };
        let mut length = first.len_utf8();
        if is_typographic(first) {
            let line = self.rest.lines().next().unwrap_or_default();
            let inside = line.get(length..).unwrap_or_default();
            let end = inside.char_indices().find(|(_, it)| is_typographic(*it));
            length += end.map_or(0, |(at, it)| at + it.len_utf8());
        }
        let place = self.place(self.rest.get(..first.len_utf8()).unwrap_or_default());
        let got = match first.is_control() {
            true => format!("U+{:04X}", u32::from(first)),
            false => format!("`{first}`"),
        };
        self.error(place, Problem::UnexpectedInput { got }, hint);
        self.take(Kind::Bad, length)
    }

    fn error(&mut self, place: Place, problem: Problem, hint: Option<&str>) {
        if self.errors.len() >= super::MAX_ERRORS {
            return;
        }
        let mut error = ParseError::new(place, problem, self.text);
        error.hint = hint.map(str::to_owned);
        self.errors.push(error);
    }

    fn end_of(&self, belongs: impl Fn(char) -> bool) -> usize {
        let end = self.rest.find(|it: char| !belongs(it));
        end.unwrap_or(self.rest.len())
    }

    fn place(&self, text: &str) -> Place {
        Place {
            line: self.line,
            column: self.column,
            length: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
        }
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let text = self.rest.get(..length).unwrap_or_default();
        let place = self.place(text);
        self.pass(length);
        Token { kind, text, place }
    }

    fn pass(&mut self, length: usize) {
        let (passed, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        for character in passed.chars() {
            match character {
                '\n' => {
                    self.line = self.line.saturating_add(1);
                    self.column = 1;
                }
                _ => self.column = self.column.saturating_add(1),
            }
        }
        self.rest = rest;
    }
}
