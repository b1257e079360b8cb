//! Heads that tell a request's length in ways that two programs may read differently (RFC 9112 6),
//! made by combination: lengths, codings, spacing, letters, lists, folded and repeated lines.
//!
//! Start at [`doubtful`]; whether a head is doubtful is decided by how it was made, not by a parser.

use std::collections::BTreeSet;

/// Values of a Content-Length; only the first is one.
const LENGTHS: [&str; 11] = [
    "5",
    "+5",
    "5,5",
    "5, 5",
    "0x5",
    "-1",
    "5 5",
    "18446744073709551616",
    "5;",
    "5.0",
    "",
];
/// Values of a Transfer-Encoding; only the first is the one that is taken.
const CODINGS: [&str; 13] = [
    "chunked",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "identity",
    "identity, chunked",
    "xchunked",
    "chunked;q=1",
    "\"chunked\"",
    "chunked,",
    ",chunked",
    "chunked x",
    "",
];
/// How a header line may be written; only the first four are read alike by everybody.
const SPACINGS: [(&str, &str, &str); 10] = [
    ("", ": ", "\r\n"),
    ("", ":", "\r\n"),
    ("", ":\t", "\r\n"),
    ("", ": ", " \t\r\n"),
    ("", " : ", "\r\n"),
    ("", "\t:", "\r\n"),
    (" ", ": ", "\r\n"),
    ("", ":\r\n ", "\r\n"),
    ("", ":\r\n\t", "\r\n"),
    ("", ": ", "\n"),
];
const PLAIN_SPACINGS: usize = 4;

/// Where one part of a head stands in the tables above.
#[derive(Clone, Copy)]
struct Making {
    length: Option<usize>,
    coding: Option<usize>,
    spacing: usize,
    letters: usize,
    arrangement: Arrangement,
}

/// In which order the lines stand, and which of them twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrangement {
    LengthFirst,
    CodingFirst,
    Twice,
}

impl Making {
    fn is_sound(self) -> bool {
        let is_one = matches!(
            (self.length, self.coding),
            (Some(0), None) | (None, Some(0))
        );
        is_one && self.spacing < PLAIN_SPACINGS && self.arrangement != Arrangement::Twice
    }

    fn lines(self) -> String {
        let length = self.length.and_then(|at| LENGTHS.get(at));
        let coding = self.coding.and_then(|at| CODINGS.get(at));
        let length = length.map(|value| self.line("Content-Length", value));
        let coding = coding.map(|value| self.line("Transfer-Encoding", value));
        let (length, coding) = (length.unwrap_or_default(), coding.unwrap_or_default());
        match self.arrangement {
            Arrangement::LengthFirst => length + &coding,
            Arrangement::CodingFirst => coding + &length,
            Arrangement::Twice => format!("{length}{coding}{length}{coding}"),
        }
    }

    fn line(self, name: &str, value: &str) -> String {
        let lettered = match self.letters {
            0 => name.to_owned(),
            1 => name.to_ascii_lowercase(),
            _ => name.to_ascii_uppercase(),
        };
        let (before, between, end) = SPACINGS.get(self.spacing).copied().unwrap_or_default();
        format!("{before}{lettered}{between}{value}{end}")
    }
}

/// Every header block whose framing is in doubt.
#[must_use]
pub fn doubtful() -> BTreeSet<String> {
    makings()
        .filter(|making| !making.is_sound())
        .map(Making::lines)
        .collect()
}

/// Every header block that tells one length in a way that everybody reads alike.
#[must_use]
pub fn sound() -> BTreeSet<String> {
    makings()
        .filter(|making| making.is_sound())
        .map(Making::lines)
        .collect()
}

fn makings() -> impl Iterator<Item = Making> {
    let none_or = |count: usize| std::iter::once(None).chain((0..count).map(Some));
    let arrangements = [
        Arrangement::LengthFirst,
        Arrangement::CodingFirst,
        Arrangement::Twice,
    ];
    let pairs = none_or(LENGTHS.len())
        .flat_map(move |length| none_or(CODINGS.len()).map(move |coding| (length, coding)))
        .filter(|pair| *pair != (None, None));
    let written = pairs.flat_map(move |pair| {
        (0..SPACINGS.len()).flat_map(move |spacing| (0..3).map(move |it| (pair, spacing, it)))
    });
    written.flat_map(move |((length, coding), spacing, letters)| {
        arrangements.map(|arrangement| Making {
            length,
            coding,
            spacing,
            letters,
            arrangement,
        })
    })
}
