//! The people of the demo, each with a domain password that must be good for nothing outside.

use authn::admin::{NewAccount, NewAppPassword, tokens};
use authn::place::Service;
use proto::otp::{Generator, Period, base32};
use proto::secret::Secret;

use crate::cli::CliError;
use crate::clock;
use crate::wiring::{Desk, TokenOrder};

/// The NetBIOS name of the demo's domain.
pub(super) const NETBIOS: &str = "CONTOSO";
/// The domain part of every SID of the demo.
const DOMAIN_SID: &str = "S-1-5-21-397955417-626881126-188441444";
/// What the numbers of people are counted from in their SIDs.
const FIRST_RID: u32 = 1103;

/// One person of the demo.
pub(super) struct Person {
    /// The sAMAccountName.
    pub(super) sam: String,
    /// The userPrincipalName.
    pub(super) upn: String,
    /// The SIP URI.
    pub(super) sip: String,
    /// The objectSid.
    pub(super) sid: String,
    /// The password of the domain account, which the stand-ins accept and the gate never does.
    pub(super) domain_password: Secret<String>,
    /// The app password, once it is made.
    pub(super) app_password: Option<Secret<String>>,
    /// What an app makes codes of, in base32, where somebody signs in on a page.
    pub(super) totp_secret: Option<Secret<String>>,
}

/// Makes up so many people: Anna, Ben, and others with a number.
///
/// # Errors
///
/// The system gives no random bytes.
pub(super) fn people(domain: &str, count: u16) -> Result<Vec<Person>, CliError> {
    let person = |number: u16| {
        let sam = match number {
            1 => "anna".to_owned(),
            2 => "ben".to_owned(),
            other => format!("user{other:03}"),
        };
        let random: [u8; 6] = clock::random()?;
        let tail: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Person {
            upn: format!("{sam}@{domain}"),
            sip: format!("sip:{sam}@{domain}"),
            sid: format!("{DOMAIN_SID}-{}", FIRST_RID + u32::from(number)),
            domain_password: Secret::new(format!("Domain-{tail}")),
            app_password: None,
            totp_secret: None,
            sam,
        })
    };
    (1..=count).map(person).collect()
}

impl Person {
    /// As `DOMAIN\user`.
    pub(super) fn account(&self) -> String {
        format!("{NETBIOS}\\{}", self.sam)
    }

    /// The person as the stand-in servers know them.
    pub(super) fn in_the_lab(&self) -> lab::User {
        lab::User {
            sam: self.sam.clone(),
            upn: self.upn.clone(),
            sip: self.sip.clone(),
            sid: self.sid.clone(),
            domain_password: self.domain_password.clone(),
        }
    }

    /// Adds the account and makes its app password; where there is a page to sign in on, first what shows its codes.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(super) async fn enrol(&mut self, desk: &Desk, has_pages: bool) -> Result<(), CliError> {
        let (_, realm) = self.upn.split_once('@').unwrap_or_default();
        let new = NewAccount {
            domain: NETBIOS.to_owned(),
            sam: self.sam.clone(),
            upn: self.upn.clone(),
            realm: realm.to_uppercase(),
            sid: Some(self.sid.clone()),
            sip_addresses: vec![self.sip.clone()],
            mail: vec![self.upn.clone()],
        };
        desk.add_account(new).await?;
        if has_pages {
            self.totp_secret = Some(self.connects(desk).await?);
        }
        let order = NewAppPassword {
            label: "Lync on the phone".to_owned(),
            device: Some("demo phone".to_owned()),
            scope: [
                Service::LYNC,
                Service::EWS,
                Service::ACTIVESYNC,
                Service::STS,
            ]
            .into(),
            expires: None,
        };
        let (_, typed) = desk.issue_app_password(&self.upn, order).await?;
        self.app_password = Some(typed);
        Ok(())
    }

    /// Connects an app that shows codes, by the code that it showed last; what it makes them of, in base32.
    async fn connects(&self, desk: &Desk) -> Result<Secret<String>, CliError> {
        let order = tokens::of_a_phone("Demo".to_owned(), "Wicketgate".to_owned());
        let (token, uri) = desk.enrol_token(&self.upn, order).await?;
        let generator = Generator::new(&uri.seed, uri.algorithm, uri.digits);
        let now = Period::HALF_A_MINUTE.step(clock::now().as_second());
        let code = generator.code(now.saturating_sub(1)).shown();
        let confirm = TokenOrder::Confirm(code.expose());
        desk.with_token(&token.id.0, confirm).await?;
        let mut secret = String::new();
        base32::encode(uri.seed.as_bytes(), &mut secret);
        Ok(Secret::new(secret))
    }
}
