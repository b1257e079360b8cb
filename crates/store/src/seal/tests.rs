//! Sealed values open with their own key, row and column, and with nothing else.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use authn::credential::app_password::AppPasswordHashes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::ntlm::NtHash;
use tempfile::TempDir;

use super::*;

const RANDOM: [u8; 40] = [7; 40];
const LINE: &str = "0707070707070707 BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n";

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys");
    (folder, path)
}

fn written(text: &str, mode: u32) -> Result<KeyFile, KeyFileError> {
    let (_folder, path) = folder();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    KeyFile::open(&path)
}

fn keys(text: &str) -> KeyFile {
    written(text, 0o600).unwrap()
}

fn hashes() -> AppPasswordHashes {
    AppPasswordHashes {
        grouped: NtHash::of_password("abcde-fghjk"),
        plain: NtHash::of_password("abcdefghjk"),
    }
}

fn refusal(keys: &KeyFile, row: &str, sealed: &Sealed<AppPasswordHashes>) -> String {
    keys.unseal(&Place::of_row(row), sealed)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_key_file_is_made_once_and_for_its_owner_alone() {
    let (_folder, path) = folder();
    let made = KeyFile::create(&path, RANDOM).unwrap();
    assert_eq!(made.ids(), ["0707070707070707"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), LINE);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    assert!(matches!(
        KeyFile::create(&path, [8; 40]),
        Err(KeyFileError::Unusable { .. })
    ));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), LINE);
}

#[test]
fn a_key_file_that_others_may_use_is_refused() {
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666, 0o610] {
        let refused = written(LINE, mode);
        assert!(
            matches!(refused, Err(KeyFileError::Exposed { mode: told, .. }) if told == mode),
            "{mode:o}"
        );
    }
    assert!(written(LINE, 0o400).is_ok());
}

#[test]
fn a_malformed_key_file_names_the_line_and_no_key() {
    let secret = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    let cases = [
        (String::new(), "line 1: there is no key"),
        (
            format!("{LINE}{secret}=\n"),
            "line 2: expected `id base64key`",
        ),
        (format!("{LINE}\n"), "line 2: expected `id base64key`"),
        (format!(" {secret}=\n"), "line 1: expected an id"),
        (format!("a\u{e4} {secret}=\n"), "line 1: expected an id"),
        (
            format!("{} {secret}=\n", "a".repeat(65)),
            "line 1: expected an id",
        ),
        (format!("a {secret}\n"), "line 1: the key is no base64"),
        (format!("a  {secret}=\n"), "line 1: the key is no base64"),
        (
            "a BwcHBw==\n".to_owned(),
            "line 1: the key is not 32 bytes long",
        ),
        (
            format!("{LINE}{LINE}"),
            "line 2: an id that was given already",
        ),
    ];
    for (text, expected) in cases {
        let told = written(&text, 0o600).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("BwcHBw"), "{told}");
    }
}

#[test]
fn what_is_sealed_opens_in_its_row_and_never_looks_the_same_twice() {
    let keys = keys(LINE);
    let sealed = keys.seal(&Place::of_row("cred-1"), &hashes()).unwrap();
    let opened = keys.unseal(&Place::of_row("cred-1"), &sealed).unwrap();
    assert_eq!(
        (opened.grouped, opened.plain),
        (hashes().grouped, hashes().plain)
    );
    assert_ne!(
        sealed.as_bytes(),
        keys.seal(&Place::of_row("cred-1"), &hashes())
            .unwrap()
            .as_bytes()
    );
    let hash = hashes();
    let hash = hash.grouped.as_bytes();
    assert!(
        !sealed
            .as_bytes()
            .windows(hash.len())
            .any(|bytes| bytes == hash)
    );
}

#[test]
fn a_sealed_value_of_another_row_does_not_open() {
    let keys = keys(LINE);
    let sealed = keys.seal(&Place::of_row("cred-1"), &hashes()).unwrap();
    let told = refusal(&keys, "cred-2", &sealed);
    assert!(
        told.contains("`cred-2`") && told.contains("`0707070707070707`"),
        "{told}"
    );
}

#[test]
fn a_sealed_value_of_another_column_does_not_open() {
    struct Other;
    impl Sealable for Other {
        const TABLE: &'static str = AppPasswordHashes::TABLE;
        const COLUMN: &'static str = "others";
        fn to_plain(&self) -> Zeroizing<Vec<u8>> {
            Zeroizing::new(vec![0; 32])
        }
        fn of_plain(_: &[u8]) -> Option<Self> {
            Some(Self)
        }
    }
    let keys = keys(LINE);
    let sealed = keys.seal(&Place::of_row("cred-1"), &Other).unwrap();
    assert!(keys.unseal(&Place::of_row("cred-1"), &sealed).is_ok());
    let moved = Sealed::of_stored(sealed.as_bytes().to_vec());
    assert!(refusal(&keys, "cred-1", &moved).contains("does not open"));
}

#[test]
fn a_value_opens_only_beside_the_values_it_was_sealed_with() {
    let keys = keys(LINE);
    let place = |column, value: Option<&str>| {
        Place::of_row("cred-1").beside(column, value.map(str::to_owned))
    };
    let places = [
        Place::of_row("cred-1"),
        place("revoked", None),
        place("revoked", Some("")),
        place("revoked", Some("missing")),
        place("revoked", Some("5")),
        place("expires", Some("5")),
        place("revoked", None).beside("expires", None),
        place("expires", None).beside("revoked", None),
    ];
    for (at, sealed_for) in places.iter().enumerate() {
        let sealed = keys.seal(sealed_for, &hashes()).unwrap();
        for (other, place) in places.iter().enumerate() {
            assert_eq!(keys.unseal(place, &sealed).is_ok(), at == other);
        }
    }
}

#[test]
fn every_changed_bit_of_an_envelope_shuts_it() {
    let keys = keys(LINE);
    let sealed = keys.seal(&Place::of_row("cred-1"), &hashes()).unwrap();
    for bit in 0..sealed.as_bytes().len() * 8 {
        let mut envelope = sealed.as_bytes().to_vec();
        envelope[bit / 8] ^= 1 << (bit % 8);
        assert!(
            keys.unseal(
                &Place::of_row("cred-1"),
                &Sealed::<AppPasswordHashes>::of_stored(envelope)
            )
            .is_err()
        );
    }
    for length in 0..sealed.as_bytes().len() {
        let cut = Sealed::<AppPasswordHashes>::of_stored(sealed.as_bytes()[..length].to_vec());
        assert!(keys.unseal(&Place::of_row("cred-1"), &cut).is_err());
    }
}

#[test]
fn the_wrong_key_is_named_and_never_shown() {
    let sealed = keys(LINE)
        .seal(&Place::of_row("cred-1"), &hashes())
        .unwrap();
    let lacking = keys("other CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n");
    let told = refusal(&lacking, "cred-1", &sealed);
    assert!(
        told.contains("`0707070707070707`, which this process has not read and the key file lacks"),
        "{told}"
    );
    let namesake = keys("0707070707070707 CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n");
    let told = refusal(&namesake, "cred-1", &sealed);
    assert!(
        told.contains("does not open with the key `0707070707070707`"),
        "{told}"
    );
    assert!(!format!("{told}{namesake:?}{sealed:?}").contains("CAgI"));
}

#[test]
fn an_older_key_opens_what_it_sealed_while_the_newer_seals() {
    let old = keys(LINE)
        .seal(&Place::of_row("cred-1"), &hashes())
        .unwrap();
    let rotated = keys(&format!(
        "new CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n{LINE}"
    ));
    assert_eq!(rotated.ids(), ["new", "0707070707070707"]);
    assert!(rotated.unseal(&Place::of_row("cred-1"), &old).is_ok());
    let new = rotated.seal(&Place::of_row("cred-1"), &hashes()).unwrap();
    assert!(
        refusal(&keys(LINE), "cred-1", &new)
            .contains("`new`, which this process has not read and the key file lacks")
    );
}

#[test]
fn the_key_of_cookies_is_the_current_key_s_and_none_of_the_others() {
    let line = |id: &str, byte: u8| format!("{id} {}\n", STANDARD.encode([byte; 32]));
    let of = |text: &str| *keys(text).for_cookies().expose();
    let one = of(&line("a", 1));
    assert_eq!(one, of(&(line("a", 1) + &line("b", 2))));
    assert_ne!(
        one,
        of(&(line("b", 2) + &line("a", 1))),
        "keys were rotated"
    );
    assert_ne!(one, [1; 32], "it is derived");
    let vouchers = keys(&line("a", 1));
    let vouchers = *vouchers.for_vouchers().expose();
    assert!(
        vouchers != one && vouchers != [1; 32],
        "and so is the seed of vouchers"
    );
}

#[test]
fn a_key_is_added_promoted_and_taken_out_and_the_other_lines_stay() {
    let (_folder, path) = folder();
    KeyFile::create(&path, RANDOM).unwrap();
    let text = || std::fs::read_to_string(&path).unwrap();
    let last = KeyFile::add(&path, [8; 40], Stands::Last).unwrap();
    let first = KeyFile::add(&path, [9; 40], Stands::First).unwrap();
    let ids = || KeyFile::open(&path).unwrap().ids();
    assert_eq!(ids(), [first.as_str(), "0707070707070707", last.as_str()]);
    assert!(text().contains(LINE));
    KeyFile::promote(&path, &last).unwrap();
    assert_eq!(ids(), [last.as_str(), first.as_str(), "0707070707070707"]);
    KeyFile::remove(&path, "0707070707070707").unwrap();
    assert_eq!(ids(), [last.as_str(), first.as_str()]);
    let before = text();
    for refused in [
        KeyFile::remove(&path, &last),
        KeyFile::remove(&path, "0707070707070707"),
        KeyFile::promote(&path, "nobody"),
    ] {
        let told = refused.unwrap_err().to_string();
        assert!(
            told.contains("its first key") || told.contains("has no key"),
            "{told}"
        );
    }
    assert_eq!(text(), before);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    // What another left half written is looked at by somebody.
    std::fs::write(path.with_file_name("keys.new"), "").unwrap();
    assert!(KeyFile::add(&path, [10; 40], Stands::Last).is_err());
    assert_eq!(text(), before);
}

#[test]
fn a_key_that_is_met_is_looked_for_in_the_file_and_none_is_lost_by_it() {
    let (_folder, path) = folder();
    let gate = KeyFile::create(&path, RANDOM).unwrap();
    let place = Place::of_row("cred-1");
    let old = gate.seal(&place, &hashes()).unwrap();
    KeyFile::add(&path, [8; 40], Stands::First).unwrap();
    let new = KeyFile::open(&path)
        .unwrap()
        .seal(&place, &hashes())
        .unwrap();
    assert!(gate.unseal(&place, &new).is_ok());
    assert_eq!(gate.ids(), ["0808080808080808", "0707070707070707"]);
    // Somebody cut the file: what was read stays until that is asked for.
    std::fs::write(&path, "a CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n").unwrap();
    let third = KeyFile::open(&path)
        .unwrap()
        .seal(&place, &hashes())
        .unwrap();
    assert!(gate.unseal(&place, &third).is_ok());
    assert!(gate.unseal(&place, &old).is_ok());
    gate.take(&gate.reread().unwrap());
    assert_eq!(gate.ids(), ["a"]);
    assert!(gate.unseal(&place, &old).is_err());
}

#[test]
fn another_key_by_the_id_of_one_is_not_taken() {
    let (_folder, path) = folder();
    let gate = KeyFile::create(&path, RANDOM).unwrap();
    let other = "0707070707070707 CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n";
    std::fs::write(&path, other).unwrap();
    let told = gate.reread().unwrap_err().to_string();
    assert!(
        told.contains("has another key by the id `0707070707070707`"),
        "{told}"
    );
    assert!(gate.by_id("new").is_none());
    assert_eq!(gate.ids(), ["0707070707070707"]);
}

#[test]
fn what_is_derived_is_of_the_key_that_the_store_names_as_its_own() {
    let line = |id: &str, byte: u8| format!("{id} {}\n", STANDARD.encode([byte; 32]));
    let rotated = keys(&(line("b", 2) + &line("a", 1)));
    let old = keys(&line("a", 1));
    rotated.belongs_to("a");
    assert_eq!(rotated.for_grants().expose(), old.for_grants().expose());
    assert_eq!(rotated.for_vouchers().expose(), old.for_vouchers().expose());
    rotated.belongs_to("b");
    assert_ne!(rotated.for_grants().expose(), old.for_grants().expose());
}

#[test]
fn a_credential_of_systemd_is_private_though_its_mode_shows_an_access_list() {
    let credential = Path::new("/run/credentials/wicketgate.service/keys");
    let elsewhere = Path::new("/etc/wicketgate/wicketgate.keys");
    for (path, mode, owner, is_fine) in [
        (credential, 0o440, (0, 0), true),
        (credential, 0o400, (997, 997), true),
        (credential, 0o440, (0, 997), false),
        (credential, 0o440, (997, 0), false),
        (credential, 0o460, (0, 0), false),
        (credential, 0o444, (0, 0), false),
        (elsewhere, 0o440, (0, 0), false),
        (elsewhere, 0o600, (0, 0), true),
    ] {
        assert_eq!(
            key_file::is_private(path, mode, owner),
            is_fine,
            "{mode:o} {owner:?}"
        );
    }
}
