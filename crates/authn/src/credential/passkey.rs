//! Passkeys (W3C Web Authentication): a key that a device keeps, good for our name alone, which verifies its user by
//! itself: what a device keeps and what a head keeps, in one.
//!
//! The ceremony is webauthn-rs's. What is decided here is what we ask for: the user is verified always, and the key is
//! found by the device, so that nobody need be named and nobody learns who exists. A challenge is taken out of the store
//! before its answer is looked at, and whether a counter went on is decided there. Start at [`RelyingParty`].

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use webauthn_rs::prelude::{
    self as rs, AttestationCaList, AttestationCaListBuilder, AttestedPasskeyRegistration,
    DiscoverableAuthentication, PasskeyRegistration, Url, Uuid, Webauthn, WebauthnBuilder,
    WebauthnError,
};

use super::CredentialId;
use crate::account::{Account, AccountId};

/// How many passkeys an account may have.
pub const MAX_PER_ACCOUNT: usize = 10;
/// How long a challenge is good.
pub const CEREMONY: SignedDuration = SignedDuration::from_mins(5);
/// The longest answer of a browser that is read, in bytes.
pub const MAX_POSTED: usize = 12 * 1_024;
/// What the handle of a user is made with, which says nothing of whose it is.
const USER: &[u8] = b"wicketgate passkey user";

/// What is known about a passkey, without its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passkey {
    /// Its immutable id.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub label: String,
    /// When it was added.
    pub created: Timestamp,
    /// When it was used last.
    pub last_used: Option<Timestamp>,
    /// What its device counted to last; 0 where it does not count.
    pub counter: u32,
}

/// A passkey as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// What is known about it.
    pub record: Passkey,
    /// What its signatures are checked with.
    pub key: PublicKey,
}

/// What the signatures of a passkey are checked with: nothing secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(rs::Passkey);

impl PublicKey {
    /// What its device knows it by.
    #[must_use]
    pub fn known_as(&self) -> &[u8] {
        self.0.cred_id()
    }
}

/// A ceremony under way: the challenge that was given, and what its answer must be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ceremony(State);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Registering(Box<PasskeyRegistration>),
    Attesting(Box<AttestedPasskeyRegistration>),
    SigningIn(Box<DiscoverableAuthentication>),
}

/// How a passkey is used: what is written where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyUse {
    /// Which.
    pub passkey: CredentialId,
    /// What its device counted to, where it was asked.
    pub counter: Option<u32>,
}

/// Why a passkey is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyFault {
    /// The browser's answer cannot be read.
    #[error("the answer cannot be read")]
    Malformed,
    /// It was made on a page of another origin, or for another's name.
    #[error("the answer was made for another site")]
    AnotherSite,
    /// The device did not verify its user.
    #[error("the device did not verify who uses it")]
    NotVerified,
    /// The device counted back: there are two of it.
    #[error("the counter of the device went back")]
    CountedBack,
    /// Nobody who is trusted vouches for the device.
    #[error("nobody who is trusted vouches for the device")]
    Untrusted,
    /// It answers another challenge, is of another key, or is not signed by it.
    #[error("the answer is not to what was asked")]
    Wrong,
}

impl From<WebauthnError> for PasskeyFault {
    // tidy: flat, because it is the table of what webauthn-rs says
    fn from(error: WebauthnError) -> Self {
        use WebauthnError as E;
        match error {
            E::InvalidRPOrigin | E::InvalidRPIDHash | E::CredentialCrossOrigin => Self::AnotherSite,
            E::UserNotVerified | E::UserNotPresent => Self::NotVerified,
            E::CredentialPossibleCompromise => Self::CountedBack,
            E::ParseBase64Failure(_)
            | E::ParseCBORFailure(_)
            | E::ParseJSONFailure(_)
            | E::ParseNOMFailure
            | E::ParseInsufficientBytesAvailable => Self::Malformed,
            E::AttestationNotSupported
            | E::AttestationTrustFailure
            | E::AttestationCertificateAAGUIDMismatch
            | E::AttestationCertificateTrustStoreEmpty
            | E::AttestationLeafCertMissing
            | E::AttestationNotVerifiable
            | E::AttestationUntrustedAaguid
            | E::AttestationFormatMissingAaguid
            | E::AttestationChainNotTrusted(_)
            | E::AttestationStatementSigInvalid
            | E::CredentialMayNotBeHardwareBound => Self::Untrusted,
            _ => Self::Wrong,
        }
    }
}

/// What a browser posts of a new passkey.
#[derive(Debug)]
pub struct Attestation(rs::RegisterPublicKeyCredential);

/// What a browser posts of a passkey that was used.
#[derive(Debug)]
pub struct Assertion(rs::PublicKeyCredential);

impl Attestation {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, PasskeyFault> {
        posted(text).map(Self)
    }
}

impl Assertion {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, PasskeyFault> {
        posted(text).map(Self)
    }

    /// What the device knows its key by.
    #[must_use]
    pub fn known_as(&self) -> &[u8] {
        self.0.get_credential_id()
    }
}

fn posted<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, PasskeyFault> {
    let text = Some(text).filter(|text| text.len() <= MAX_POSTED);
    let read = text.and_then(|text| serde_json::from_str(text).ok());
    read.ok_or(PasskeyFault::Malformed)
}

/// A make of device that may be enrolled, and who vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Make {
    /// The certificate of its maker, in PEM.
    pub authority: String,
    /// The AAGUIDs of the devices.
    pub aaguids: Vec<[u8; 16]>,
}

/// Why no passkeys can be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelyingPartyError {
    /// The origin has no name that passkeys could be bound to.
    #[error("`{0}` is no origin that passkeys can be bound to")]
    Origin(String),
    /// The certificate of a maker cannot be read.
    #[error("the certificate of a maker cannot be read")]
    Authority,
    /// A maker without a device.
    #[error("a maker is trusted for no device")]
    NoDevice,
}

/// Who passkeys are good for: our pages, by the name of their host.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    webauthn: Webauthn,
    trusted: Option<AttestationCaList>,
}

impl RelyingParty {
    /// The pages of an origin, as `https://my.contoso.com`; only makes that are listed are enrolled, where any are.
    ///
    /// # Errors
    ///
    /// The origin is none, or a certificate cannot be read.
    pub fn of(origin: &str, makes: &[Make]) -> Result<Self, RelyingPartyError> {
        let wrong = || RelyingPartyError::Origin(origin.to_owned());
        let url = Url::parse(origin).map_err(|_| wrong())?;
        let host = url.domain().ok_or_else(wrong)?;
        // INVARIANT: the name is the whole host and the origin is whole, port included: no other host of the domain
        // can ask for these keys, and nobody else's page is taken for ours (T-PHISH-1).
        let builder = WebauthnBuilder::new(host, &url).map_err(|_| wrong())?;
        let webauthn = builder.rp_name(host).build().map_err(|_| wrong())?;
        let mut trusted = AttestationCaListBuilder::new();
        for make in makes {
            if make.aaguids.is_empty() {
                return Err(RelyingPartyError::NoDevice);
            }
            for aaguid in &make.aaguids {
                let (pem, device) = (make.authority.as_bytes(), Uuid::from_bytes(*aaguid));
                let inserted =
                    trusted.insert_device_pem(pem, device, String::new(), BTreeMap::new());
                inserted.map_err(|_| RelyingPartyError::Authority)?;
            }
        }
        let trusted = (!makes.is_empty()).then(|| trusted.build());
        Ok(Self { webauthn, trusted })
    }

    /// Asks for a new passkey of an account, on a device that has none of it: what the browser is told, and what its
    /// answer must be.
    ///
    /// # Errors
    ///
    /// The account cannot be written down for a device.
    pub fn begin_registration(
        &self,
        account: &Account,
        others: &[StoredPasskey],
    ) -> Result<(Value, Ceremony), PasskeyFault> {
        let (id, name) = (user_of(&account.id), account.upn.as_str());
        let others = others.iter().map(|it| it.key.0.cred_id().clone());
        let others = Some(others.collect());
        let (options, state) = match &self.trusted {
            None => {
                let begun = self
                    .webauthn
                    .start_passkey_registration(id, name, name, others);
                let (options, state) = begun?;
                (options, State::Registering(Box::new(state)))
            }
            Some(trusted) => {
                let begun = self.webauthn.start_attested_passkey_registration(
                    id,
                    name,
                    name,
                    others,
                    trusted.clone(),
                    None,
                );
                let (options, state) = begun?;
                (options, State::Attesting(Box::new(state)))
            }
        };
        let mut options = written(&options)?;
        let selection = options.pointer_mut("/publicKey/authenticatorSelection");
        if let Some(selection) = selection.and_then(Value::as_object_mut) {
            // The device must find the key by our name alone, as nobody types another.
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        Ok((options, Ceremony(state)))
    }

    /// Takes a new passkey.
    ///
    /// **Proves** that a device made it for us, verified who used it, and answered this challenge; and, where makes are
    /// listed, that it is one of them.
    ///
    /// # Errors
    ///
    /// Why it is not taken.
    pub fn registered(
        &self,
        Ceremony(state): &Ceremony,
        Attestation(posted): &Attestation,
    ) -> Result<PublicKey, PasskeyFault> {
        match (state, &self.trusted) {
            (State::Registering(state), None) => {
                let key = self.webauthn.finish_passkey_registration(posted, state)?;
                Ok(PublicKey(key))
            }
            (State::Attesting(state), Some(_)) => {
                let key = self
                    .webauthn
                    .finish_attested_passkey_registration(posted, state)?;
                Ok(PublicKey(key.into()))
            }
            // It was begun for something else, or by another configuration.
            _ => Err(PasskeyFault::Wrong),
        }
    }

    /// Asks for any passkey of ours: what the browser is told, and what its answer must be. Nobody is named.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub fn begin_sign_in(&self) -> Result<(Value, Ceremony), PasskeyFault> {
        let (options, state) = self.webauthn.start_discoverable_authentication()?;
        let mut options = written(&options)?;
        if let Some(options) = options.as_object_mut() {
            // Somebody pressed a button: nothing is offered while they type.
            options.remove("mediation");
        }
        Ok((options, Ceremony(State::SigningIn(Box::new(state)))))
    }

    /// Takes the use of a passkey; gives what its device counted to.
    ///
    /// **Proves** that whoever has its device was verified by it, on a page of ours, for this challenge. **Trusts** that
    /// the store accepts the counter, and that the account may sign in.
    ///
    /// # Errors
    ///
    /// Why it is not taken.
    pub fn used(
        &self,
        Ceremony(state): &Ceremony,
        Assertion(posted): &Assertion,
        stored: &StoredPasskey,
    ) -> Result<u32, PasskeyFault> {
        let State::SigningIn(state) = state else {
            return Err(PasskeyFault::Wrong);
        };
        let (state, key) = (DiscoverableAuthentication::clone(state), &stored.key.0);
        let used = self
            .webauthn
            .finish_discoverable_authentication_v2(posted, state, key)?;
        // webauthn-rs asks that of new keys alone: no page of ours is in a frame of another.
        let client: Value = serde_json::from_slice(&posted.response.client_data_json)
            .map_err(|_| PasskeyFault::Malformed)?;
        if client.get("crossOrigin") == Some(&Value::Bool(true)) {
            return Err(PasskeyFault::AnotherSite);
        }
        // The device says whose key it is, and must be right.
        let user = posted.get_user_unique_id();
        if user != Some(user_of(&stored.record.account).as_bytes()) {
            return Err(PasskeyFault::Wrong);
        }
        match used.user_verified() {
            true => Ok(used.counter()),
            false => Err(PasskeyFault::NotVerified),
        }
    }
}

fn written(options: &impl Serialize) -> Result<Value, PasskeyFault> {
    serde_json::to_value(options).map_err(|_| PasskeyFault::Malformed)
}

/// The handle by which a device knows an account.
fn user_of(account: &AccountId) -> Uuid {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(USER);
    context.update(account.0.as_bytes());
    let digest = context.finish();
    Uuid::from_bytes(digest.as_ref().first_chunk().copied().unwrap_or_default())
}
