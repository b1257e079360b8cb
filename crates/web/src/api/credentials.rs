//! What people sign in with: app passwords, devices, passkeys, temporary codes, invitations and where codes are sent.

use authn::admin::destinations::{self, DestinationError, Hold};
use authn::admin::secrets::{self, SecretError};
use authn::admin::spare_codes::{self, SpareCodeError, SpareRandomness, TemporaryOrder};
use authn::admin::{self, AdminError, NewAppPassword, Randomness, passkeys};
use authn::credential::CredentialId;
use authn::credential::app_password::AppPassword;
use authn::credential::passkey::Passkey;
use authn::credential::sent_code::{Address, Carrier, Destination, Language};
use authn::lockout::Subject;
use authn::place::Service;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::accounts::of_admin;
use super::fields::Fault;
use super::problem::Problem;
use super::{Api, Call, Told, shapes};
use crate::clock;

/// How long a temporary code lasts where nothing else is said, in minutes.
const CODE_LASTS: i64 = 480;
/// How long an invitation lasts where nothing else is said, in hours.
const INVITATION_LASTS: i64 = 72;

impl Api {
    /// The app passwords of an account.
    pub(super) async fn app_passwords(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let subject = Subject::Account(account.id);
        let credentials = &self.ports.attempt.credentials;
        let stored = credentials.app_passwords(&subject).await?.into_iter();
        let records = stored.map(|it| it.record).collect();
        let key = |it: &AppPassword| in_order(it.created.as_microsecond(), &it.id);
        Ok(call.page(records, key, shapes::app_password))
    }

    /// Makes an app password.
    pub(super) async fn make_app_password(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let scope = call.body.texts("scope").into_iter();
        let scope: Vec<Service> = scope.map(|it| Service(it.into())).collect();
        if !scope.iter().all(|it| self.known.services.contains(it)) {
            let known: Vec<&str> = self.known.services.iter().map(|it| &*it.0).collect();
            let expected = format!("services that are published: {}", known.join(", "));
            return Err(Fault::at("/scope", expected).into());
        }
        let order = NewAppPassword {
            label: call.body.text("label").unwrap_or_default().to_owned(),
            device: call.body.text("device").map(str::to_owned),
            scope: scope.into_iter().collect(),
            expires: call.body.moment("expires"),
        };
        let random = Randomness {
            id: clock::random()?,
            secret: clock::random()?,
        };
        let ports = &self.ports.attempt;
        let made = admin::issue_app_password(ports, &account.id, order, &call.by, random).await;
        let (record, shown) = made.map_err(of_admin)?;
        let mut told = shapes::app_password(&record);
        let shown = Value::from(shown.expose().as_str());
        shapes::beside(&mut told, "app_password", Some(shown));
        Ok(Told::Made(told))
    }

    /// Revokes an app password of the account that the path names, and of no other.
    pub(super) async fn revoke_app_password(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let (ports, id) = (&self.ports.attempt, CredentialId(call.named(1).to_owned()));
        let found = ports.credentials.app_password(&id).await?;
        if found.is_none_or(|it| it.account != account.id) {
            return Err(of_admin(AdminError::NoSuchAppPassword));
        }
        match admin::revoke_app_password(ports, &id, &call.by).await {
            Ok(_) | Err(AdminError::RevokedAlready) => Ok(Told::Nothing),
            Err(error) => Err(of_admin(error)),
        }
    }

    /// Revokes whatever a device has.
    pub(super) async fn revoke_device(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let (ports, device) = (&self.ports.attempt, call.named(1));
        let revoked = admin::revoke_device(ports, &account.id, device, &call.by).await;
        revoked.map_err(of_admin)?;
        Ok(Told::Nothing)
    }

    /// The passkeys of an account.
    pub(super) async fn passkeys(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let stored = self.ports.passkeys.passkeys_of(&account.id).await?;
        let records = stored.into_iter().map(|it| it.record).collect();
        let key = |it: &Passkey| in_order(it.created.as_microsecond(), &it.id);
        Ok(call.page(records, key, shapes::passkey))
    }

    /// Removes a passkey.
    pub(super) async fn remove_passkey(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let id = CredentialId(call.named(1).to_owned());
        let which = (&account.id, &id);
        match passkeys::remove(&*self.ports.passkeys, which, &call.by).await? {
            true => Ok(Told::Nothing),
            false => Err(Problem::NotThere(
                "the account has no passkey with that id; if it had one, it was removed".to_owned(),
            )),
        }
    }

    /// Gives somebody a temporary code.
    pub(super) async fn give_temporary_code(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let minutes = call.body.whole("minutes").unwrap_or(CODE_LASTS);
        let uses = call.body.whole("uses").unwrap_or(1);
        let order = TemporaryOrder {
            lasting: SignedDuration::from_mins(minutes),
            uses: u32::try_from(uses).unwrap_or_default(),
        };
        let random = SpareRandomness {
            id: clock::random()?,
            code: clock::random()?,
        };
        let codes = &*self.ports.spare_codes;
        let given = spare_codes::give_temporary_code(codes, &account, order, &call.by, random);
        let (code, ends) = given.await.map_err(of_spare)?;
        Ok(Told::Made(json!({
            "temporary_code": code.expose().as_str(),
            "ends": ends.to_string(),
            "uses": order.uses,
        })))
    }

    /// Takes a temporary code back; where there is none, that is what was wanted.
    pub(super) async fn end_temporary_code(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let codes = &*self.ports.spare_codes;
        match spare_codes::end_temporary_code(codes, &account, &call.by).await {
            Ok(()) | Err(SpareCodeError::None) => Ok(Told::Nothing),
            Err(error) => Err(of_spare(error)),
        }
    }

    /// Invites somebody.
    pub(super) async fn invite(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let Some(portal) = &self.known.portal else {
            let said = "the configuration has no [portal], where an invitation would lead";
            return Err(Problem::Conflict(said.to_owned()));
        };
        let account = self.named_account(call).await?;
        let hours = call.body.whole("hours").unwrap_or(INVITATION_LASTS);
        let lasting = SignedDuration::from_hours(hours);
        let invited = secrets::invite(&self.ports, &account, lasting, &call.by, clock::random()?);
        let (handle, ends) = invited.await.map_err(of_secret)?;
        let handle = handle.written();
        Ok(Told::Made(json!({
            "link": format!("{portal}/invitation?invitation={}", handle.expose()),
            "ends": ends.to_string(),
        })))
    }

    /// Where the codes of an account go.
    pub(super) async fn destinations(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let all = destinations::of(&self.ports, &account).await?;
        let key = |it: &Destination| it.address.carrier().as_str().to_owned();
        let now = call.by.at;
        Ok(call.page(all, key, |it| shapes::destination(it, now)))
    }

    /// Sets where the codes of an account go; it waits as long as anybody's (T-OTP-9).
    pub(super) async fn set_destination(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let (carrier, expected) = match call.body.text("by") {
            Some("sms") => (Carrier::Sms, "a number such as +46701234567"),
            _ => (Carrier::Mail, "a mail address"),
        };
        let address = Address::parse(carrier, call.body.text("to").unwrap_or_default());
        let address = address.ok_or_else(|| Fault::at("/to", expected))?;
        let language = self.may_reach(&address)?;
        let ids = [clock::random()?, clock::random()?];
        let how = (Hold::Usual, language);
        let set = destinations::set(&self.ports, (&account, address), how, &call.by, ids).await;
        let set = set.map_err(of_destination)?;
        Ok(Told::Value(shapes::destination(&set, call.by.at)))
    }

    /// In which language somebody is written to, where messages go to such an address at all.
    fn may_reach(&self, address: &Address) -> Result<Language, Problem> {
        let Some((sending, language)) = &self.known.sending else {
            return Ok(Language::English);
        };
        let is_carried = sending.carriers.contains(&address.carrier());
        match !is_carried || sending.reaches(address) {
            true => Ok(*language),
            false => Err(Problem::Unfit(
                "codes are not sent to numbers that begin so".to_owned(),
            )),
        }
    }
}

/// A key by which what was made first comes before the others.
fn in_order(made: i64, id: &CredentialId) -> String {
    format!("{made:020} {}", id.0)
}

fn of_spare(error: SpareCodeError) -> Problem {
    let said = error.to_string();
    match error {
        SpareCodeError::Unavailable(error) => Problem::Unavailable(error),
        SpareCodeError::Lasting | SpareCodeError::Uses => Problem::Unfit(said),
        SpareCodeError::MayNotSignIn => Problem::Conflict("the account may not sign in".to_owned()),
        SpareCodeError::None => Problem::NotThere(said),
    }
}

fn of_secret(error: SecretError) -> Problem {
    let said = error.to_string();
    match error {
        SecretError::Unavailable(error) => Problem::Unavailable(error),
        SecretError::Fault(_) | SecretError::Lasting => Problem::Unfit(said),
        SecretError::NoSecret => Problem::NotThere(said),
        SecretError::MayNotSignIn => Problem::Conflict("the account may not sign in".to_owned()),
    }
}

fn of_destination(error: DestinationError) -> Problem {
    let said = error.to_string();
    match error {
        DestinationError::Unavailable(error) => Problem::Unavailable(error),
        DestinationError::Already { .. } => Problem::Conflict(said),
        DestinationError::Nothing | DestinationError::NoAccount => Problem::NotThere(said),
    }
}
