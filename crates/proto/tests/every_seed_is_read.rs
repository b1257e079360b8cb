//! The fuzzers' seeds, fed through the fuzzers' own entry points: each one must be taken, so that
//! fuzzing begins behind the first refusals.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

use std::path::Path;

#[path = "../../../fuzz/entry/discover.rs"]
mod discover;
#[path = "../../../fuzz/entry/mex.rs"]
mod mex;
#[path = "../../../fuzz/entry/soap.rs"]
mod soap;
#[path = "../../../fuzz/entry/webticket.rs"]
mod webticket;
#[path = "../../../fuzz/entry/xml.rs"]
mod xml_entry;

fn every_seed_is_taken(target: &str, run: impl Fn(&[u8]) -> bool) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let mut count = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let path = seed.unwrap().path();
        assert!(run(&std::fs::read(&path).unwrap()), "{}", path.display());
        count += 1;
    }
    assert!(count > 1, "{target} has seeds");
}

/// Every seed with one byte removed or changed, at each of its places.
fn no_damaged_seed_panics(target: &str, run: impl Fn(&[u8]) -> bool) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    for seed in std::fs::read_dir(seeds).unwrap() {
        let good = std::fs::read(seed.unwrap().path()).unwrap();
        for at in 0..good.len() {
            let mut shorter = good.clone();
            shorter.remove(at);
            run(&shorter);
            for byte in [b'<', b'"', b'&', 0xff] {
                let mut changed = good.clone();
                *changed.get_mut(at).unwrap() = byte;
                run(&changed);
            }
        }
    }
}

#[test]
fn xml_seeds_are_taken() {
    every_seed_is_taken("xml", xml_entry::run);
    no_damaged_seed_panics("xml", xml_entry::run);
}

#[test]
fn the_signed_seed_reaches_the_end_of_verification() {
    let seed = include_str!("../../../fuzz/seeds/xml/signed_assertion.xml");
    let document = xml::Document::parse(seed).unwrap();
    assert!(xml::signature::verify(document.root(), &xml_entry::AnyKey).is_ok());
}

#[test]
fn soap_seeds_are_taken() {
    every_seed_is_taken("soap", soap::run);
    no_damaged_seed_panics("soap", soap::run);
}

#[test]
fn discover_seeds_are_taken() {
    every_seed_is_taken("discover", discover::run);
    no_damaged_seed_panics("discover", discover::run);
}

#[test]
fn mex_seeds_are_taken() {
    every_seed_is_taken("mex", mex::run);
    no_damaged_seed_panics("mex", mex::run);
}

#[test]
fn webticket_seeds_are_taken() {
    every_seed_is_taken("webticket", webticket::run);
    no_damaged_seed_panics("webticket", webticket::run);
}
