//! Who fetched our metadata: the last time of each reader, and of each key so many and no more.

use std::sync::Arc;

use ::authn::ports::Unavailable;
use sts::key_ring::KeyId;
use sts::ports::{MAX_READERS, MetadataReader};

use super::{Conforming, at};

fn key(id: &str) -> KeyId {
    KeyId(id.to_owned())
}

fn reader(agent: &str) -> MetadataReader {
    MetadataReader {
        source: [192, 0, 2, 1].into(),
        agent: agent.to_owned(),
    }
}

/// A reader stands once for each key, with the last time; what is noted late does not set it back.
pub async fn a_reader_of_metadata_is_noted_for_each_key_with_the_last_time<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(store.readings().await?, []);
    let (a, b, both) = ([key("a")], [key("b")], [key("a"), key("b")]);
    let lync = reader("Lync");
    store.note_reader(&a, &lync, at(1)).await?;
    store.note_reader(&both, &lync, at(9)).await?;
    store.note_reader(&a, &lync, at(5)).await?;
    let mut elsewhere = lync.clone();
    elsewhere.source = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into();
    store.note_reader(&b, &elsewhere, at(3)).await?;
    let readings = store.readings().await?;
    let told = readings.into_iter();
    let mut told: Vec<_> = told.map(|it| (it.key.0, it.reader, it.at)).collect();
    told.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    let (a, b) = ("a".to_owned(), "b".to_owned());
    let expected = [
        (a, lync.clone(), at(9)),
        (b.clone(), lync, at(9)),
        (b, elsewhere, at(3)),
    ];
    assert_eq!(told, expected);
    Ok(())
}

/// However many ask, the last ones are kept, and those of another key are left alone.
pub async fn of_many_readers_of_metadata_the_last_are_kept<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    store
        .note_reader(&[key("b")], &reader("first"), at(0))
        .await?;
    for (number, second) in (0..MAX_READERS + 3).zip(1..) {
        let name = format!("reader {number}");
        store
            .note_reader(&[key("a")], &reader(&name), at(second))
            .await?;
    }
    let readings = store.readings().await?;
    let of_a: Vec<&str> = readings
        .iter()
        .filter(|it| it.key == key("a"))
        .map(|it| it.reader.agent.as_str())
        .collect();
    assert_eq!(of_a.len(), MAX_READERS);
    let (newest, oldest) = (format!("reader {}", MAX_READERS + 2), "reader 3");
    assert_eq!(of_a.first().copied(), Some(newest.as_str()));
    assert_eq!(of_a.last().copied(), Some(oldest));
    assert_eq!(readings.len(), MAX_READERS + 1);
    Ok(())
}
