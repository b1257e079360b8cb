//! Every case of conformance, on every store that this machine can run.
#![expect(clippy::unwrap_used, reason = "a test that cannot begin has failed")]

#[expect(
    unreachable_pub,
    dead_code,
    reason = "stories and measurements ask for more"
)]
mod postgres;

mod memory {
    use store::memory::Memory;

    store::conformance! { Some((Memory::new(), ())) }
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

    store::conformance! { Some(fresh().await) }
}

mod on_postgres {
    use store::postgres::{Address, Server};
    use store::seal::KeyFile;
    use store::{Database, Store};
    use tempfile::TempDir;

    async fn fresh() -> Option<(Store, TempDir)> {
        let server = crate::postgres::shared("the conformance of PostgreSQL")?;
        let folder = TempDir::new().unwrap();
        let keys = KeyFile::create(&folder.path().join("keys"), [1; 40]).unwrap();
        let database = Database::Postgres(Server {
            address: Address::parse(&server.database().unwrap(), folder.path()).unwrap(),
            password: None,
        });
        Store::migrate_in(&database).await.unwrap();
        Some((Store::open_in(database, keys).await.unwrap(), folder))
    }

    store::conformance! { fresh().await }
}
