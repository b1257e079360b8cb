//! The fuzzers' seeds, fed through the fuzzers' own entry points: each one must be taken, and no damage to one
//! panics.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

use std::path::Path;

#[path = "../../../fuzz/entry/audit_export.rs"]
mod audit_export;
#[path = "../../../fuzz/entry/passkey.rs"]
mod passkey;
#[path = "../../../fuzz/entry/voucher.rs"]
mod voucher;
#[path = "../../../fuzz/entry/wire.rs"]
mod wire;

#[test]
fn wire_seeds_are_taken() {
    every_seed_is_taken("wire", wire::run);
}

#[test]
fn audit_export_seeds_are_taken() {
    every_seed_is_taken("audit_export", audit_export::run);
}

#[test]
fn passkey_seeds_are_taken() {
    every_seed_is_taken("passkey", passkey::run);
}

#[test]
fn voucher_seeds_are_taken() {
    every_seed_is_taken("voucher", voucher::run);
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
