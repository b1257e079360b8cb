//! What the command line does with codes that are sent: where they go, what became of them, and who carries them.

use authn::account::Account;
use authn::admin::destinations::{self, DestinationError, Hold};
use authn::credential::sent_code::{
    Address, Carrier, Content, Destination, Language, Message, MessageRecord,
};
use authn::outbox::Answer;
use authn::ports::Outbox;

use super::{Desk, source};
use crate::cli::CliError;
use crate::clock;
use crate::config::Settings;
use crate::operator::by_hand;

/// Sends a test to an address by everybody who carries such, and gives what each answered.
///
/// # Errors
///
/// Nobody is configured, or the authorities of one are not usable.
pub(crate) async fn try_carriers(
    settings: &Settings,
    address: Address,
) -> Result<Vec<(String, Answer)>, CliError> {
    let Some(carriers) = source::carriers(settings)? else {
        let message =
            "the configuration has no [[sms]] and no [smtp], so that nobody carries codes";
        return Err(CliError::usage(message));
    };
    let now = clock::now();
    let message = Message {
        id: String::new(),
        account: None,
        address,
        content: Content::Test,
        language: Language::English,
        queued: now,
        ends: now,
    };
    Ok(carriers.hand_to_each(&message).await)
}

impl Desk {
    /// Where the codes of an account go.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, or the store is unavailable.
    pub(crate) async fn destinations(&self, name: &str) -> Result<Vec<Destination>, CliError> {
        let account = self.account(name).await?;
        Ok(destinations::of(&self.page_ports(), &account).await?)
    }

    /// Sets where the codes of an account go.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, nothing goes there, it is set already, or the store is unavailable.
    pub(crate) async fn set_destination(
        &self,
        name: &str,
        address: Address,
        hold: Hold,
    ) -> Result<Destination, CliError> {
        let account = self.account(name).await?;
        let language = self.may_reach(&address)?;
        let ids = [clock::random()?, clock::random()?];
        let (ports, what) = (self.page_ports(), (&account, address));
        destinations::set(&ports, what, (hold, language), &by_hand(), ids)
            .await
            .map_err(of_destination)
    }

    /// Removes where the codes of an account go.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, there is nothing, or the store is unavailable.
    pub(crate) async fn remove_destination(
        &self,
        name: &str,
        carrier: Carrier,
    ) -> Result<(), CliError> {
        let account = self.account(name).await?;
        destinations::remove(&self.page_ports(), &account, carrier, &by_hand())
            .await
            .map_err(of_destination)
    }

    /// The latest messages, the last first; of one account, or of all.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, or the store is unavailable.
    pub(crate) async fn messages(
        &self,
        name: Option<&str>,
        count: u32,
    ) -> Result<Vec<MessageRecord>, CliError> {
        let account: Option<Account> = match name {
            Some(name) => Some(self.account(name).await?),
            None => None,
        };
        let account = account.as_ref().map(|it| &it.id);
        Ok(self.store.messages(account, count).await?)
    }

    /// In which language somebody is written to, where messages go to such an address at all.
    fn may_reach(&self, address: &Address) -> Result<Language, CliError> {
        let Some(messages) = &self.messages else {
            return Ok(Language::English);
        };
        let is_carried = messages.sending.carriers.contains(&address.carrier());
        match !is_carried || messages.sending.reaches(address) {
            true => Ok(messages.language),
            false => {
                let message = format!(
                    "codes are sent to numbers that begin with {} alone (`prefixes` of [sent_codes])",
                    messages.sending.prefixes.join(", ")
                );
                Err(CliError::refused(message))
            }
        }
    }
}

fn of_destination(error: DestinationError) -> CliError {
    match error {
        DestinationError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}
