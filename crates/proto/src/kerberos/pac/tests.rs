//! The decoder against logon information of the lab's Samba: what it reads, and that no length is taken on trust.

use super::*;

/// The logon information of alice in a ticket of the lab's Samba, whose number is 1167.
const ALICE: &[u8] = include_bytes!("../../../../../fuzz/seeds/pac/samba_alice");
/// The same of whoever was called alice after her.
const AFTER_HER: &[u8] = include_bytes!("../../../../../fuzz/seeds/pac/samba_alice_after_her");
/// Where things stand in the fixed part.
const LENGTH: usize = 8;
const VALUE: usize = 16;
const FIRST_STRING: usize = 68;
const USER: usize = 120;
const GROUP_COUNT: usize = 128;
const GROUPS_POINTER: usize = 132;
const DOMAIN_POINTER: usize = 172;
const FIRST_LETTERS: usize = 236;

/// Alice's with four bytes changed.
fn changed(at: usize, number: u32) -> Vec<u8> {
    let mut bytes = ALICE.to_vec();
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Where the SID of Alice's domain stands: its count, which stands twice.
fn domain() -> usize {
    let sid = [4, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 5];
    ALICE.windows(12).position(|it| it == sid).unwrap()
}

#[test]
fn ms_pac_2_5_the_user_s_sid_is_the_domain_s_and_their_number() {
    let sid = |bytes: &[u8]| owner(bytes).unwrap().sid.to_string();
    let domain = "S-1-5-21-688990656-1300744057-3426829474";
    assert_eq!(sid(ALICE), format!("{domain}-1167"));
    assert_eq!(sid(AFTER_HER), format!("{domain}-1180"));
    // Padding behind it is allowed, as it stands in a buffer of eight bytes' multiple.
    assert_eq!(sid(&[ALICE, &[0; 8]].concat()), format!("{domain}-1167"));
    assert_eq!(sid(&changed(USER, 7)), format!("{domain}-7"));
}

#[test]
fn ms_pac_2_5_the_effective_name_is_the_account_s() {
    let alice = owner(ALICE).unwrap();
    assert_eq!(alice.name, "alice");
    assert!(alice.is_called("ALICE") && !alice.is_called("alice$") && !alice.is_called(""));
    let letters = ALICE.windows(10).position(|it| it == b"a\0l\0i\0c\0e\0");
    let mut bytes = ALICE.to_vec();
    // Half of a pair of UTF-16 is no letter.
    bytes[letters.unwrap() + 1] = 0xd8;
    assert_eq!(owner(&bytes), Err(PacParseError::Malformed("name")));
    let nameless = Owner {
        name: String::new(),
        ..alice
    };
    assert!(!nameless.is_called(""));
}

#[test]
fn groups_are_passed_over_whatever_they_are() {
    let mut bytes = changed(GROUP_COUNT, 2);
    let groups = groups_place();
    let one = |number: u32| [number.to_le_bytes(), 7_u32.to_le_bytes()].concat();
    bytes[GROUPS_POINTER..GROUPS_POINTER + 4].copy_from_slice(&1_u32.to_le_bytes());
    bytes[groups..groups + 4].copy_from_slice(&2_u32.to_le_bytes());
    let behind = bytes.split_off(groups + 4 + 8);
    bytes.extend([one(513), behind].concat());
    let length = u32::try_from(bytes.len() - VALUE).unwrap();
    bytes[LENGTH..LENGTH + 4].copy_from_slice(&length.to_le_bytes());
    assert!(owner(&bytes).unwrap().sid.to_string().ends_with("-1167"));
    // One more than is said, and one fewer.
    for count in [1, 3] {
        bytes[GROUP_COUNT..GROUP_COUNT + 4].copy_from_slice(&u32::to_le_bytes(count));
        assert_eq!(owner(&bytes), Err(PacParseError::Malformed("groups")));
    }
}

/// Where the groups of Alice's begin: behind the first six strings.
fn groups_place() -> usize {
    let group = [1, 0, 0, 0, 1, 2, 0, 0, 7, 0, 0, 0];
    ALICE.windows(12).position(|it| it == group).unwrap()
}

#[test]
fn whoever_is_of_no_domain_is_nobody() {
    for at in [VALUE, USER] {
        assert_eq!(owner(&changed(at, 0)), Err(PacParseError::Nobody));
    }
    assert_eq!(
        owner(&changed(DOMAIN_POINTER, 0)),
        Err(PacParseError::Nobody)
    );
}

#[test]
fn each_length_is_held_against_what_is_there() {
    let sid = domain();
    for (at, number, what) in [
        (0, 0x0008_1002, "header"),
        (0, 0x0008_0001, "header"),
        (LENGTH, 425, "header"),
        (LENGTH, u32::MAX, "header"),
        (LENGTH, 3, "header"),
        (LENGTH, 200, "fixed part"),
        (LENGTH, 300, "letters"),
        // An odd length, one above its room, and letters that are nowhere.
        (FIRST_STRING, 0x000a_0009, "strings"),
        (FIRST_STRING, 0x0008_000a, "strings"),
        (FIRST_STRING + 4, 0, "strings"),
        (FIRST_STRING, 0xfffe_fffe, "letters"),
        (FIRST_LETTERS, 6, "letters"),
        (FIRST_LETTERS + 4, 1, "letters"),
        (FIRST_LETTERS + 8, 4, "letters"),
        (GROUP_COUNT, 2, "groups"),
        (GROUP_COUNT, MAX_GROUPS + 1, "groups"),
        (GROUPS_POINTER, 0, "groups"),
        (sid, 5, "domain's SID"),
        (sid, u32::MAX, "domain's SID"),
        (sid + 4, 0x0402, "domain's SID"),
        (sid + 4, 0x0501, "domain's SID"),
    ] {
        let found = owner(&changed(at, number));
        assert_eq!(
            found,
            Err(PacParseError::Malformed(what)),
            "{at} {number:#x}"
        );
    }
}

#[test]
fn a_domain_s_sid_leaves_room_for_the_user_s_number() {
    let at = domain();
    for (count, is_taken) in [(14_u8, true), (15, false)] {
        let mut bytes = ALICE[..at].to_vec();
        bytes.extend([count, 0, 0, 0, 1, count, 0, 0, 0, 0, 0, 5]);
        bytes.extend([7; 4].repeat(count.into()));
        let length = u32::try_from(bytes.len() - VALUE).unwrap();
        bytes[LENGTH..LENGTH + 4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(owner(&bytes).is_ok(), is_taken, "{count}");
    }
}

#[test]
fn what_is_cut_off_or_too_large_is_refused() {
    let domain = domain();
    for length in 0..ALICE.len() {
        let mut cut = ALICE[..length].to_vec();
        assert!(owner(&cut).is_err(), "{length}");
        if let (true, Ok(told)) = (length > VALUE, u32::try_from(length - VALUE.min(length))) {
            cut[LENGTH..LENGTH + 4].copy_from_slice(&told.to_le_bytes());
            // Behind the domain's SID nothing is read.
            assert_eq!(owner(&cut).is_ok(), length >= domain + 28, "{length}");
        }
    }
    let large = [ALICE, &vec![0; MAX_BYTES]].concat();
    assert_eq!(owner(&large), Err(PacParseError::TooLarge));
}
