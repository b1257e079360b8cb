//! T-SIG-1: every subtree of a signed token is moved to every place of its message, alone, wrapped, or with
//! an evil twin where it stood. Nothing is accepted, by readers as a relying party has them.
//!
//! Each way to sign is a seed of 5,000 messages by day, and with `WICKETGATE_NIGHT` of all that there are.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

mod seeds;

use std::ops::Range;

use seeds::Seed;
use xml::{Document, Element};

/// Messages of a seed, by day.
const CASES: usize = 5_000;

/// What is done with a subtree.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It is moved.
    Moved,
    /// It is moved into a new element.
    Wrapped,
    /// It is moved, and one with another text stands in its place.
    Twin,
    /// The same, and the twin has another id.
    TwinWithOtherId,
    /// It is moved to be the second of two, and the evil one is the first.
    Pair,
}

const WAYS: [Way; 5] = [
    Way::Moved,
    Way::Wrapped,
    Way::Twin,
    Way::TwinWithOtherId,
    Way::Pair,
];

/// Every gap between what is directly inside elements.
fn places(document: &Document<'_>) -> Vec<usize> {
    let mut places = Vec::new();
    for element in document.root().descendants() {
        places.extend(element.inner_range().map(|inside| inside.start));
        places.extend(element.children().map(|child| child.range().end));
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// What is no part of what was signed, and is not moved: whose key it was is the reader's own affair.
fn hints(document: &Document<'_>) -> Vec<Range<usize>> {
    let all = document.root().descendants();
    all.filter(|it| it.name() == "KeyInfo")
        .map(|it| it.range())
        .collect()
}

fn is_within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The message with a subtree of it at another place.
fn moved(text: &str, subtree: &Range<usize>, place: usize, way: Way) -> String {
    let own = text.get(subtree.clone()).unwrap();
    // Where there is nobody's name to be changed the tag is.
    let evil = own.replace("anna", "evil").replace("Value>", "Value>AAAA");
    let tag_end = own.find([' ', '/', '>']).unwrap();
    let (tag, rest) = own.split_at(tag_end);
    let evil = if evil == own {
        format!("{tag} evil='1'{rest}")
    } else {
        evil
    };
    let other_id = || evil.replace("='x'", "='y'").replace("=\"x\"", "=\"y\"");
    let (left, put) = match way {
        Way::Moved => (String::new(), own.to_owned()),
        Way::Wrapped => (String::new(), format!("<w>{own}</w>")),
        Way::Twin => (evil.clone(), own.to_owned()),
        Way::TwinWithOtherId => (other_id(), own.to_owned()),
        Way::Pair => (String::new(), format!("{}{own}", other_id())),
    };
    let mut out = String::new();
    if place <= subtree.start {
        out.push_str(text.get(..place).unwrap());
        out.push_str(&put);
        out.push_str(text.get(place..subtree.start).unwrap());
        out.push_str(&left);
        out.push_str(text.get(subtree.end..).unwrap());
    } else {
        out.push_str(text.get(..subtree.start).unwrap());
        out.push_str(&left);
        out.push_str(text.get(subtree.end..place).unwrap());
        out.push_str(&put);
        out.push_str(text.get(place..).unwrap());
    }
    out
}

/// All that can be made of a seed, by day thinned out evenly.
fn cases(seed: &Seed, text: &str) -> Vec<String> {
    let document = Document::parse(text).unwrap();
    let (places, hints) = (places(&document), hints(&document));
    let token = (seed.token)(document.root());
    let subtrees: Vec<Range<usize>> = token
        .iter()
        .flat_map(Element::descendants)
        .map(|it| it.range())
        .filter(|it| !hints.iter().any(|hint| is_within(it, hint)))
        .collect();
    let mut all = Vec::new();
    for subtree in &subtrees {
        for place in &places {
            let is_inside = subtree.start < *place && *place < subtree.end;
            if is_inside {
                continue;
            }
            all.extend(WAYS.iter().map(|way| moved(text, subtree, *place, *way)));
        }
    }
    all.retain(|case| case != text);
    if std::env::var_os("WICKETGATE_NIGHT").is_some() {
        return all;
    }
    let step = all.len().div_ceil(CASES).max(1);
    let offsets = 0..step;
    let thinned = offsets.flat_map(|offset| (offset..all.len()).step_by(step));
    thinned
        .take(CASES)
        .map(|at| all.get(at).unwrap().clone())
        .collect()
}

fn nothing_is_accepted(seed: &Seed) {
    let text = (seed.message)();
    assert_eq!(seeds::read(seed, &text).as_deref(), Ok("anna"), "{text}");
    let cases = cases(seed, &text);
    assert!(cases.len() >= CASES, "{}", cases.len());
    for case in &cases {
        let read = seeds::read(seed, case);
        assert!(read.is_err(), "{read:?} was read from\n{case}\nof\n{text}");
    }
}

#[test]
fn t_sig_1_no_subtree_of_a_saml_1_1_token_is_accepted_elsewhere() {
    nothing_is_accepted(&seeds::SAML_1);
}

#[test]
fn t_sig_1_no_subtree_of_a_signed_assertion_is_accepted_elsewhere() {
    nothing_is_accepted(&seeds::ASSERTION);
}

#[test]
fn t_sig_1_no_subtree_of_a_signed_response_is_accepted_elsewhere() {
    nothing_is_accepted(&seeds::RESPONSE);
}

#[test]
fn t_sig_1_no_subtree_of_a_message_signed_in_parts_is_accepted_elsewhere() {
    nothing_is_accepted(&seeds::PARTS);
}
