//! The fuzzers' seeds, fed through the fuzzers' own entry points: each one must be taken, and no damage to one
//! panics.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test target")]

use std::path::Path;

#[path = "../../../fuzz/entry/adfs_clixml.rs"]
mod adfs_clixml;
#[path = "../../../fuzz/entry/adfs_json.rs"]
mod adfs_json;
#[path = "../../../fuzz/entry/ldap_query.rs"]
mod ldap_query;

#[test]
fn adfs_json_seeds_are_taken() {
    every_seed_is_taken("adfs_json", adfs_json::run);
}

#[test]
fn adfs_clixml_seeds_are_taken() {
    every_seed_is_taken("adfs_clixml", adfs_clixml::run);
}

#[test]
fn ldap_query_seeds_are_taken() {
    every_seed_is_taken("ldap_query", ldap_query::run);
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
        for byte in [b'"', b'>', b'0', 0xff] {
            let mut changed = seed.to_vec();
            *changed.get_mut(at).unwrap() = byte;
            run(&changed);
        }
    }
}
