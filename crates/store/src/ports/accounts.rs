//! The port [`Accounts`] on a database.

use super::revocations;
use crate::Store;
use crate::engine::{Query, query};
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};
use async_trait::async_trait;
use authn::account::{Account, AccountId, AccountState};
use authn::audit::Event;
use authn::name::NameKey;
use authn::ports::{Accounts, NameTaken, Unavailable};
use authn::revocation::Revoked;

#[async_trait]
impl Accounts for Store {
    /// Every spelling is looked up, also after one led to an account: what is not known costs the
    /// same as what is.
    async fn by_names(&self, names: &[NameKey]) -> Result<Option<Account>, Unavailable> {
        let mut connection = self.reader().await?;
        let mut found = None;
        for name in names {
            let row = query(rows::accounts::BY_NAME)
                .bind(name.as_str())
                .fetch_optional(&mut connection)
                .await
                .map_err(|error| self.failed(&error))?;
            found = found.or(row);
        }
        let account = found.as_ref().map(rows::accounts::account).transpose();
        account.map_err(|error| self.failed(&error))
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::accounts::BY_ID)
            .bind(&id.0)
            .fetch_optional(&mut connection)
            .await;
        row.and_then(|row| row.as_ref().map(rows::accounts::account).transpose())
            .map_err(|error| self.failed(&error))
    }

    async fn list(&self) -> Result<Vec<Account>, Unavailable> {
        let mut connection = self.reader().await?;
        let rows = query(rows::accounts::LIST).fetch_all(&mut connection).await;
        let mut accounts: Vec<Account> = rows
            .and_then(|rows| rows.iter().map(rows::accounts::account).collect())
            .map_err(|error| self.failed(&error))?;
        // Sorted here, because engines order text by collations of their own.
        accounts.sort_by(|a, b| (&a.upn, &a.id).cmp(&(&b.upn, &b.id)));
        Ok(accounts)
    }

    async fn add(
        &self,
        account: &Account,
        event: Event,
    ) -> Result<Result<(), NameTaken>, Unavailable> {
        self.0
            .writer
            .submit(Add {
                account: account.clone(),
                event,
            })
            .await
    }

    async fn set_state(
        &self,
        id: &AccountId,
        state: AccountState,
        event: Event,
    ) -> Result<bool, Unavailable> {
        self.0
            .writer
            .submit(SetState {
                id: id.clone(),
                state,
                event,
            })
            .await
    }
}

struct Add {
    account: Account,
    event: Event,
}

#[async_trait]
impl Write for Add {
    type Output = Result<(), NameTaken>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let account = &self.account;
        for key in account.name_keys() {
            let owner = query(rows::accounts::OWNER_OF_NAME)
                .bind(key.as_str())
                .fetch_optional(&mut *writing.connection)
                .await?;
            if owner.is_some() {
                return Ok(Done::Undo(Err(taken(&key))));
            }
        }
        let query = query(rows::accounts::ADD);
        described(query, account)
            .bind(rows::accounts::state_text(account.state))
            .execute(&mut *writing.connection)
            .await?;
        if let Err(taken) = lead_names(writing, account).await? {
            return Ok(Done::Undo(Err(taken)));
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(Ok(())))
    }
}

/// Binds what an account is, but its state, in the order of the columns.
pub(super) fn described(query: Query, account: &Account) -> Query {
    let directory = account.directory.as_ref();
    let not_delegable = directory.and_then(|it| it.not_delegable.as_ref());
    query
        .bind(&account.id.0)
        .bind(&account.domain)
        .bind(&account.sam)
        .bind(&account.upn)
        .bind(&account.realm)
        .bind(&account.sid)
        .bind(rows::accounts::list_text(&account.sip_addresses))
        .bind(rows::accounts::list_text(&account.mail))
        .bind(directory.map(|it| rows::accounts::standing_text(it.standing)))
        .bind(not_delegable.map(rows::accounts::not_delegable_text))
        .bind(directory.map(|it| rows::accounts::list_text(&it.groups)))
        .bind(directory.map(|it| rows::accounts::attributes_text(&it.attributes)))
}

/// Leads all names to an account, unless one is another's who is still there.
pub(super) async fn lead_names(
    writing: &mut Writing<'_>,
    account: &Account,
) -> Result<Result<(), NameTaken>, WriteError> {
    for key in account.name_keys() {
        query(rows::accounts::FREE_NAME)
            .bind(key.as_str())
            .execute(&mut *writing.connection)
            .await?;
        let added = query(rows::accounts::ADD_NAME)
            .bind(key.as_str())
            .bind(&account.id.0)
            .execute(&mut *writing.connection)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(Err(taken(&key)));
        }
    }
    Ok(Ok(()))
}

fn taken(key: &NameKey) -> NameTaken {
    NameTaken {
        name: key.as_str().to_owned(),
    }
}

struct SetState {
    id: AccountId,
    state: AccountState,
    event: Event,
}

#[async_trait]
impl Write for SetState {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let set = query(rows::accounts::SET_STATE)
            .bind(&self.id.0)
            .bind(rows::accounts::state_text(self.state))
            .execute(&mut *writing.connection)
            .await?;
        if set.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        revocations::drop_of_inactive(writing, &self.id).await?;
        if self.state != AccountState::Active {
            revocations::note(writing, &Revoked::Account(self.id.clone())).await?;
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}
