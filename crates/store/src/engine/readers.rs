//! A few connections to read with, made when they are wanted and kept as long as they answer.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::Error;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::connection::{Connection, late};
use crate::database::Database;

/// How many calls may read at a time.
const COUNT: u32 = 4;

/// The connections.
pub(crate) struct Readers {
    database: Arc<Database>,
    places: Arc<Semaphore>,
    connections: Vec<Arc<Mutex<Connection>>>,
}

/// One of them, as long as somebody reads.
pub(crate) struct Reader {
    // In this order: whoever has a place finds a connection.
    connection: OwnedMutexGuard<Connection>,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    /// None are made before somebody reads.
    pub(crate) fn new(database: Arc<Database>) -> Self {
        let new = || Arc::new(Mutex::new(Connection::CLOSED));
        let connections: Vec<_> = (0..COUNT).map(|_| new()).collect();
        Self {
            database,
            places: Arc::new(Semaphore::new(connections.len())),
            connections,
        }
    }

    /// A connection that answers by a time.
    ///
    /// # Errors
    ///
    /// Others read for so long, none can be made, or they were closed.
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<Reader, Error> {
        let acquiring = timeout_at(deadline, Arc::clone(&self.places).acquire_owned());
        let place = acquiring
            .await
            .map_err(|_| Error::PoolTimedOut)?
            .map_err(|_| Error::PoolClosed)?;
        let mut free = self.connections.iter();
        let free = free.find_map(|it| Arc::clone(it).try_lock_owned().ok());
        let mut connection = free.ok_or(Error::PoolTimedOut)?;
        if !connection.is_usable() {
            let connecting = timeout_at(deadline, self.database.to_read());
            *connection = connecting.await.map_err(|_| late())??;
        }
        if connection.is_to_a_server() {
            connection.answer_by(deadline);
        }
        Ok(Reader {
            connection,
            _place: place,
        })
    }

    /// Waits for whoever reads and closes all.
    pub(crate) async fn close(&self) {
        // Whoever comes later finds no place.
        let all = self.places.acquire_many(COUNT).await;
        self.places.close();
        drop(all);
        for connection in &self.connections {
            let mut connection = connection.lock().await;
            let connection = std::mem::replace(&mut *connection, Connection::CLOSED);
            if let Err(error) = connection.close().await {
                tracing::debug!(store.failure = %error, "a connection did not close in good order");
            }
        }
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
