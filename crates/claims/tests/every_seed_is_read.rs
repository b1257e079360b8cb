//! The fuzzer's seeds, fed through the fuzzer's own entry point: each one must be taken, and no damage to one panics.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

use std::path::Path;

#[path = "../../../fuzz/entry/claim_rules.rs"]
mod claim_rules;

#[test]
fn claim_rule_seeds_are_taken() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/claim_rules");
    let mut written = 0;
    for entry in std::fs::read_dir(folder).expect("seeds") {
        let path = entry.unwrap().path();
        let seed = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        // What a fuzzer found is named by its digest.
        if name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            claim_rules::run(&seed);
            continue;
        }
        written += 1;
        assert!(claim_rules::run(&seed), "{name}");
        no_damage_panics(&seed);
    }
    assert!(written > 1, "seeds");
}

fn no_damage_panics(seed: &[u8]) {
    for at in 0..seed.len() {
        let mut shorter = seed.to_vec();
        shorter.remove(at);
        claim_rules::run(&shorter);
        for byte in [b'"', b'(', b'*', 0xff] {
            let mut changed = seed.to_vec();
            *changed.get_mut(at).unwrap() = byte;
            claim_rules::run(&changed);
        }
    }
}
