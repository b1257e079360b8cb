//! What a subject has in a table: somebody unknown is asked for like anybody, and has nothing (T-CRED-8).

use authn::lockout::Subject;
use authn::ports::Unavailable;

use crate::Store;
use crate::engine::{Row, query};
use crate::rows;

impl Store {
    /// The rows that a statement finds of a subject: by its name ($1), where it is an account ($2 is 1).
    pub(super) async fn rows_of(
        &self,
        statement: &'static str,
        subject: &Subject,
    ) -> Result<Vec<Row>, Unavailable> {
        let is_account = matches!(subject, Subject::Account(_));
        let (_, name) = rows::counters::subject_key(subject);
        let mut connection = self.reader().await?;
        let found = query(statement)
            .bind(name)
            .bind(i64::from(is_account))
            .fetch_all(&mut connection)
            .await;
        found.map_err(|error| self.failed(&error))
    }
}
