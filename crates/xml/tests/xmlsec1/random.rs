//! Random documents, the same ones each time: namespaces bound, rebound and undeclared, attributes with
//! every kind of character, CDATA, references, comments, all line ends.

use std::fmt::Write;

/// A generator of numbers (xorshift64*), so that a failure can be made again.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from((self.next() >> 16) % bound).unwrap()
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        *choices.get(self.below(choices.len())).unwrap()
    }
}

/// libxml2 writes an ampersand in a namespace's name as it is, against the standard, and refuses letters
/// beyond ASCII there, so there are none.
const NAMESPACES: [&str; 5] = [
    "urn:one",
    "urn:two",
    "http://example.org/three#x?y=z'",
    "urn:vier",
    "http://example.org/%C3%BC/",
];
const PREFIXES: [&str; 4] = ["p", "q", "Zr", "_s"];
const NAMES: [&str; 5] = ["a", "Bc", "d-e.f", "_g", "hé"];
const TEXTS: [&str; 13] = [
    "text",
    " ",
    "\n",
    "\r\n",
    "\t",
    "&lt;",
    "&amp;",
    "&gt;",
    "&#13;",
    "&#x1F511;",
    "é",
    "𝔵",
    "\"'",
];
const VALUES: [&str; 13] = [
    "v", " ", "\n", "\r\n", "\t", "&#9;", "&#10;", "&#xD;", "&lt;", "&amp;", "&quot;", ">", "ß",
];

/// What a document may hold.
#[derive(Clone, Copy)]
pub(crate) struct Wants {
    /// Comments beside texts too.
    pub(crate) comments_in_texts: bool,
    /// The declarations that may still be written.
    pub(crate) declarations: usize,
}

struct Writer<'r> {
    random: &'r mut Random,
    out: String,
    wants: Wants,
    elements: usize,
}

/// What is bound around an element, no prefix as the empty one.
type Bound = Vec<(&'static str, &'static str)>;

/// Content for an element that has these prefixes bound around it.
pub(crate) fn content(random: &mut Random, bound: &Bound, wants: Wants) -> String {
    let mut writer = Writer {
        random,
        out: String::new(),
        wants,
        elements: 12,
    };
    for _ in 0..1 + writer.random.below(3) {
        writer.element(bound, 0);
    }
    writer.out
}

/// Declarations and attributes for a start tag, and what is bound inside.
pub(crate) fn tag(random: &mut Random, bound: &Bound, wants: &mut Wants) -> (String, Bound) {
    let mut writer = Writer {
        random,
        out: String::new(),
        wants: *wants,
        elements: 0,
    };
    let inside = writer.declarations(bound);
    writer.attributes(&inside);
    *wants = writer.wants;
    (writer.out, inside)
}

impl Writer<'_> {
    fn element(&mut self, bound: &Bound, depth: usize) {
        if self.elements == 0 {
            return;
        }
        self.elements -= 1;
        let declared_at = self.out.len();
        let inside = self.declarations(bound);
        self.attributes(&inside);
        let tag = self.out.split_off(declared_at);
        let prefixes: Vec<_> = inside
            .iter()
            .filter(|(prefix, uri)| prefix.is_empty() || !uri.is_empty())
            .collect();
        let name = self.random.of(&NAMES);
        let name = match prefixes.is_empty() || self.random.one_in(2) {
            true => name.to_owned(),
            false => match self.random.of(&prefixes).0 {
                "" => name.to_owned(),
                prefix => format!("{prefix}:{name}"),
            },
        };
        let space = self.random.of(&["", "", " ", "\n"]);
        write!(self.out, "<{name}{tag}").unwrap();
        if self.random.one_in(4) {
            write!(self.out, "{space}/>").unwrap();
            return;
        }
        write!(self.out, "{space}>").unwrap();
        self.inside(&inside, depth);
        write!(self.out, "</{name}{space}>").unwrap();
    }

    fn inside(&mut self, bound: &Bound, depth: usize) {
        let has_text = self.random.one_in(2);
        for _ in 0..self.random.below(5) {
            match self.random.below(6) {
                0 | 1 if depth < 6 => self.element(bound, depth + 1),
                2 if !has_text || self.wants.comments_in_texts => {
                    let comment = self.random.of(&["<!---->", "<!-- c & <d> \r\n é -->"]);
                    self.out.push_str(comment);
                }
                3 if has_text => {
                    let data = self.random.of(&["<b>&amp;]", "", "x\r\ny", "ü"]);
                    write!(self.out, "<![CDATA[{data}]]>").unwrap();
                }
                _ if has_text => {
                    for _ in 0..1 + self.random.below(4) {
                        self.out.push_str(self.random.of(&TEXTS));
                    }
                }
                _ => self
                    .out
                    .push_str(self.random.of(&["", " ", "\n", "\r\n\t"])),
            }
        }
    }

    fn declarations(&mut self, bound: &Bound) -> Bound {
        let mut inside = bound.clone();
        let mut here: Vec<&str> = Vec::new();
        for _ in 0..self.random.below(3) {
            if self.wants.declarations == 0 {
                break;
            }
            let prefix = match self.random.one_in(3) {
                true => "",
                false => self.random.of(&PREFIXES),
            };
            if here.contains(&prefix) {
                continue;
            }
            here.push(prefix);
            let uri = match prefix.is_empty() && self.random.one_in(3) {
                true => "",
                false => self.random.of(&NAMESPACES),
            };
            self.wants.declarations -= 1;
            inside.retain(|(other, _)| *other != prefix);
            inside.push((prefix, uri));
            let colon = if prefix.is_empty() { "" } else { ":" };
            write!(self.out, " xmlns{colon}{prefix}=\"{uri}\"").unwrap();
        }
        inside
    }

    fn attributes(&mut self, bound: &Bound) {
        let mut here: Vec<(&str, &str)> = Vec::new();
        for _ in 0..self.random.below(4) {
            let bound: Vec<_> = bound
                .iter()
                .filter(|(prefix, _)| !prefix.is_empty())
                .copied()
                .collect();
            let (prefix, uri, name) = match self.random.below(8) {
                0 => ("xml", "xml", self.random.of(&["lang", "space"])),
                1 | 2 if !bound.is_empty() => {
                    let (prefix, uri) = self.random.of(&bound);
                    (prefix, uri, self.random.of(&NAMES))
                }
                _ => ("", "", self.random.of(&NAMES)),
            };
            if here.contains(&(uri, name)) {
                continue;
            }
            here.push((uri, name));
            let quote = self.random.of(&['"', '\'']);
            let space = self.random.of(&[" ", "  ", "\n"]);
            let equals = self.random.of(&["=", " = "]);
            let colon = if prefix.is_empty() { "" } else { ":" };
            write!(self.out, "{space}{prefix}{colon}{name}{equals}{quote}").unwrap();
            if (prefix, name) == ("xml", "space") {
                self.out.push_str(self.random.of(&["preserve", "default"]));
            } else {
                for _ in 0..self.random.below(5) {
                    self.out.push_str(self.random.of(&VALUES));
                }
            }
            self.out.push(quote);
        }
    }
}
