//! What the command line does with temporary codes and recovery codes; nobody can read one that was made.

use authn::admin::spare_codes::{self, SpareCodeError, SpareRandomness, TemporaryOrder};
use authn::credential::spare_code::SpareCode;
use authn::lockout::Subject;
use authn::ports::SpareCodes as _;
use jiff::Timestamp;
use proto::secret::Secret;

use super::Desk;
use crate::cli::CliError;
use crate::clock;
use crate::operator::by_hand;

impl Desk {
    /// Gives somebody a temporary code, which is shown once; and its end.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, it would last too long, or the store is unavailable.
    pub(crate) async fn give_temporary_code(
        &self,
        name: &str,
        order: TemporaryOrder,
    ) -> Result<(Secret<String>, Timestamp), CliError> {
        let account = self.account(name).await?;
        let random = SpareRandomness {
            id: clock::random()?,
            code: clock::random()?,
        };
        let (codes, by) = (&self.store, by_hand());
        let given = spare_codes::give_temporary_code(codes, &account, order, &by, random).await;
        given.map_err(of_spare)
    }

    /// Takes a temporary code back.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, there is none, or the store is unavailable.
    pub(crate) async fn end_temporary_code(&self, name: &str) -> Result<(), CliError> {
        let account = self.account(name).await?;
        let ended = spare_codes::end_temporary_code(&self.store, &account, &by_hand()).await;
        ended.map_err(of_spare)
    }

    /// What is known of the spare codes of an account, without the codes.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, or the store is unavailable.
    pub(crate) async fn spare_codes(&self, name: &str) -> Result<Vec<SpareCode>, CliError> {
        let account = self.account(name).await?;
        let subject = Subject::Account(account.id);
        let stored = self.store.spare_codes_of(&subject).await?;
        Ok(stored.into_iter().map(|it| it.record).collect())
    }
}

fn of_spare(error: SpareCodeError) -> CliError {
    match error {
        SpareCodeError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}
