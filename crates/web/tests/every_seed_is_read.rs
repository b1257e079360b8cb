//! The fuzzers' seeds, fed through the fuzzers' own entry points: each one must be taken, and no damage to one
//! panics.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

use std::path::Path;

#[path = "../../../fuzz/entry/api_request.rs"]
mod api_request;
#[path = "../../../fuzz/entry/page_wire.rs"]
mod page_wire;

#[test]
fn page_wire_seeds_are_taken() {
    every_seed_is_taken("page_wire", page_wire::run);
}

#[test]
fn api_request_seeds_are_taken() {
    every_seed_is_taken("api_request", api_request::run);
}

fn every_seed_is_taken(target: &str, run: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let mut written = 0;
    for entry in std::fs::read_dir(folder.join(target)).expect("seeds") {
        let path = entry.unwrap().path();
        let seed = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        // What a fuzzer found is named by its digest.
        if name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            run(&seed);
            continue;
        }
        written += 1;
        assert!(run(&seed), "{target}/{name}");
        no_damage_panics(&seed, run);
    }
    assert!(written > 1, "{target}");
}

fn no_damage_panics(seed: &[u8], run: fn(&[u8]) -> bool) {
    for at in 0..seed.len() {
        let mut shorter = seed.to_vec();
        shorter.remove(at);
        run(&shorter);
        for byte in [b'"', b'}', b'/', 0xff] {
            let mut changed = seed.to_vec();
            *changed.get_mut(at).unwrap() = byte;
            run(&changed);
        }
    }
}
