//! Assertions of partners: each is good once, however many bring it at a time.

use std::sync::Arc;

use ::authn::ports::Unavailable;
use sts::ports::AssertionKey;
use sts::trust::Identifier;

use super::{Conforming, all_at_once, at};

fn partner(name: &str) -> Result<Identifier, Unavailable> {
    Identifier::parse(name).map_err(|error| Unavailable {
        what: "an identifier",
        detail: error.to_string(),
    })
}

/// An assertion is taken once; that of another partner, or another of the same, is another.
pub async fn t_saml_1_an_assertion_is_taken_once_and_no_other_with_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (a, b) = (partner("urn:a")?, partner("urn:b")?);
    let times = (at(0), at(1_200));
    let one = AssertionKey::of(&a, "_1");
    assert!(store.take_assertion(&one, times).await?);
    assert!(!store.take_assertion(&one, times).await?);
    assert!(!store.take_assertion(&one, (at(9), at(9_999))).await?);
    for other in [AssertionKey::of(&a, "_2"), AssertionKey::of(&b, "_1")] {
        assert!(store.take_assertion(&other, times).await?);
        assert!(!store.take_assertion(&other, times).await?);
    }
    Ok(())
}

/// Of many who bring one assertion at a time, one has it.
pub async fn t_saml_1_of_many_at_once_one_takes_an_assertion<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let one = AssertionKey::of(&partner("urn:a")?, "_1");
    let taken = all_at_once(&store, 16, move |store, _| async move {
        store.take_assertion(&one, (at(0), at(1_200))).await
    });
    assert_eq!(taken.await?.iter().filter(|it| **it).count(), 1);
    Ok(())
}
