//! Keytabs with their keys: whatever is read is written and read again as the same, and rolling it loses nobody's
//! keys but those of whom new ones are for.

use proto::kerberos::Keytab;

/// Feeds one input; says whether it is a keytab with a key.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(keytab) = Keytab::parse(data) else {
        return false;
    };
    let written = keytab.to_bytes().map(|bytes| Keytab::parse(&bytes));
    assert!(written.is_ok_and(|read| read.as_ref() == Ok(&keytab)));
    let Some(first) = keytab.entries.first().cloned() else {
        return false;
    };
    let mut rolled = keytab.clone();
    rolled.roll(vec![first.clone()]);
    let of_others = |keytab: &Keytab| {
        let others = keytab.entries.iter();
        others.filter(|it| it.principal != first.principal).count()
    };
    assert_eq!(of_others(&rolled), of_others(&keytab));
    true
}
