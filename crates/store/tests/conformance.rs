//! Every case of conformance, on every store that this machine can run.
#![expect(clippy::unwrap_used, reason = "a test that cannot begin has failed")]

mod memory {
    use store::memory::Memory;

    store::conformance! { (Memory::new(), ()) }
}

mod sqlite {
    use store::Store;
    use store::seal::KeyFile;
    use tempfile::TempDir;

    async fn fresh() -> (Store, TempDir) {
        let folder = TempDir::new().unwrap();
        let keys = KeyFile::create(&folder.path().join("keys"), [1; 40]).unwrap();
        let path = folder.path().join("store.db");
        Store::migrate(&path).await.unwrap();
        (Store::open(&path, keys).await.unwrap(), folder)
    }

    store::conformance! { fresh().await }
}
