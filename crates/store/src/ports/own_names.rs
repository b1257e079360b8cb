//! The port [`OwnNames`] on a database.

use async_trait::async_trait;
use authn::name::NameSuffix;
use authn::ports::Unavailable;
use sts::ports::OwnNames;

use crate::Store;
use crate::engine::query;
use crate::rows;

#[async_trait]
impl OwnNames for Store {
    async fn is_of_ours(&self, suffix: &NameSuffix) -> Result<bool, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::accounts::ANY_NAME_WITH)
            .bind(format!("@{}", suffix.as_str()))
            .fetch_optional(&mut connection)
            .await;
        let row = row.map_err(|error| self.failed(&error))?;
        Ok(row.is_some())
    }
}
