//! Kerberos towards back ends: tokens for people, made in this process from the gate's keytab ([MS-SFU]).
//!
//! Behind the port [`Delegation`], so that an authentication server elsewhere may make them for a gate in the
//! DMZ. Start at [`Local::begin`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use authn::Authenticated;
use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::place::Method;
use authn::revocation::Revoked;
use gateway::ports::{Delegation, KerberosToken, NoToken, Target};
use gss::{
    Alarm, ChannelBinding, Denied, Forwarder, Gateway, Kerberos, Level, Principal, Process, Realm,
    Service, TokenError, Wanted,
};
use proto::kerberos::{Sid, SidParseError};
use proto::spnego;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::controllers::Controllers;
use super::dns::LookupError;
use crate::config::settings;
use crate::live::Told;

/// How long a ticket lasts at most, and so how long a user whom the domain switched off is still taken by a
/// back end.
const TICKET_LIFE: Duration = Duration::from_secs(600);
/// How long until it is looked again who the controllers are, which asks DNS where what it said is over.
const AGAIN: Duration = Duration::from_secs(10);
/// How many people's names are known, so that their tickets can be wiped: as many as tickets are kept.
const MAX_KNOWN: usize = 4_096;
/// The level of tickets that rest on an app password; tickets of one level never serve another.
const BY_APP_PASSWORD: Level = Level(1);
/// The level of tickets that an operator asks for, who proved nothing but that the keytab is theirs to read.
const BY_THE_OPERATOR: Level = Level(0);
/// The same of those that rest on a sign-in by Kerberos.
const BY_KERBEROS: Level = Level(2);

/// Tokens of this process's own.
pub(crate) struct Local {
    kerberos: Kerberos,
    realm: Realm,
    known: Mutex<HashMap<AccountId, Known>>,
    /// Whether a directory is followed now, which says who may be passed on.
    follows_directory: Arc<AtomicBool>,
    /// Both end with this.
    _forwarder: Arc<Forwarder>,
    _finding: JoinSet<()>,
}

/// Whose tickets may be at hand, and on which credentials they rest.
struct Known {
    user: Principal,
    credentials: Vec<CredentialId>,
    is_of_directory: bool,
}

impl Known {
    /// Whether the tickets of an account are over.
    fn ends_by(&self, account: &AccountId, told: &Told) -> bool {
        match told {
            Told::Revoked(Revoked::Account(revoked)) => account == revoked,
            Told::Revoked(Revoked::Credential(revoked)) => self.credentials.contains(revoked),
            // A gate that follows no directory is told so as long as it lives.
            Told::DirectoryUnread => self.is_of_directory,
            Told::Blind => true,
        }
    }
}

/// Why the gate's account cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    /// Nothing can be listened for.
    #[error("the domain controllers cannot be asked: {0}")]
    Forwarder(#[from] std::io::Error),
    /// The library or the keytab will not do.
    #[error(transparent)]
    Kerberos(#[from] gss::Unavailable),
}

impl Local {
    /// Opens the gate's account; it signs in when the first token is needed.
    ///
    /// # Errors
    ///
    /// There is no MIT Kerberos, or no AES key of the account in the keytab.
    pub(crate) async fn begin(
        process: &Process,
        settings: &settings::Kerberos,
        follows_directory: Arc<AtomicBool>,
    ) -> Result<Self, BeginError> {
        let controllers = Controllers::new(settings.controllers.clone());
        let first = names(&controllers).await.unwrap_or_default();
        let forwarder = Arc::new(Forwarder::start(first).await?);
        process.write(&gss::Settings {
            realm: settings.realm.clone(),
            kdcs: vec![forwarder.address()],
            ticket_life: TICKET_LIFE,
        })?;
        let gateway = Gateway::open(process, settings.account.clone(), &settings.keytab)?;
        Ok(Self {
            kerberos: Kerberos::new(gateway),
            realm: settings.realm.clone(),
            known: Mutex::default(),
            follows_directory,
            _finding: finding(controllers, settings, &forwarder),
            _forwarder: forwarder,
        })
    }

    /// The gate's account signs in with its keytab.
    ///
    /// # Errors
    ///
    /// The domain does not take its key, or nobody answers.
    pub(crate) async fn sign_in(&self) -> Result<(), gss::Unavailable> {
        self.kerberos.sign_in().await
    }

    /// One token for an account that the operator names: for the doctor alone, which sends it nowhere but to a
    /// back end of the configuration.
    ///
    /// # Errors
    ///
    /// As of [`Delegation::token`].
    pub(crate) async fn token_of(
        &self,
        user: Principal,
        target: Service,
        binding: Option<&[u8]>,
    ) -> Result<KerberosToken, TokenError> {
        let level = BY_THE_OPERATOR;
        let wanted = Wanted {
            user,
            sid: None,
            target,
            level,
        };
        let binding = binding.map(ChannelBinding::tls_server_end_point);
        let token = self.kerberos.token(&wanted, binding.as_ref()).await?;
        let wrapped =
            spnego::offer_kerberos(token.bytes()).map_err(|error| gss::Unavailable::Other {
                major: 0,
                minor: 0,
                said: error.to_string(),
            })?;
        Ok(KerberosToken::new(wrapped))
    }

    /// Wipes the tickets of whoever is revoked, for as long as the gate lives.
    pub(crate) async fn follow(self: Arc<Self>, mut told: broadcast::Receiver<Told>) {
        loop {
            match told.recv().await {
                Ok(told) => self.wipe(&told),
                // Whoever missed something cannot know that it was about others.
                Err(broadcast::error::RecvError::Lagged(_)) => self.wipe(&Told::Blind),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn wipe(&self, told: &Told) {
        let mut known = self.lock();
        known.retain(|account, of| {
            let ends = of.ends_by(account, told);
            if ends {
                self.kerberos.forget(&of.user);
            }
            !ends
        });
    }

    /// Sets down whose tickets may be at hand from here on.
    fn note(&self, who: &Authenticated, user: &Principal) {
        let mut known = self.lock();
        if known.len() >= MAX_KNOWN && !known.contains_key(who.account_id()) {
            known.clear();
            self.kerberos.forget_all();
        }
        let of = known
            .entry(who.account_id().clone())
            .or_insert_with(|| Known {
                user: user.clone(),
                credentials: Vec::new(),
                is_of_directory: false,
            });
        of.is_of_directory = who.is_of_directory();
        if of.user != *user {
            self.kerberos.forget(&of.user);
            of.user = user.clone();
        }
        for credential in [Some(who.credential()), who.token()].into_iter().flatten() {
            if !of.credentials.contains(credential) {
                of.credentials.push(credential.clone());
            }
        }
    }

    fn user(&self, who: &Authenticated) -> Result<Principal, NoToken> {
        let account = who.account();
        let (theirs, ours) = (&account.realm, self.realm.to_string());
        if *theirs != ours {
            let said = format!(
                "`{}` is of {theirs}, and the gate's account of {ours}",
                account.sam
            );
            return Err(NoToken::NotDelegable(said));
        }
        Principal::new(&account.sam, &self.realm)
            .map_err(|error| NoToken::NotDelegable(error.to_string()))
    }

    /// Which account somebody is in the domain, where that is known.
    ///
    /// SECURITY: a SID that cannot be read is not as good as none.
    fn sid(who: &Authenticated) -> Result<Option<Sid>, NoToken> {
        let sid = who.account().sid.as_deref();
        let sid = sid.map(str::parse).transpose();
        sid.map_err(|error: SidParseError| NoToken::Unavailable(error.to_string()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Delegation for Local {
    async fn token(
        &self,
        who: &Authenticated,
        target: Target<'_>,
    ) -> Result<KerberosToken, NoToken> {
        who.may_be_passed_on(self.follows_directory.load(Ordering::Relaxed))
            .map_err(|why| NoToken::NotDelegable(why.to_string()))?;
        let user = self.user(who)?;
        let service = Service::new(target.service, &self.realm);
        let wanted = Wanted {
            user: user.clone(),
            sid: Self::sid(who)?,
            target: service.map_err(|error| NoToken::Unavailable(error.to_string()))?,
            level: level(who),
        };
        // Before there is a ticket, so that none is there which nobody would wipe.
        self.note(who, &user);
        let binding = target
            .tls_server_end_point
            .map(ChannelBinding::tls_server_end_point);
        let token = self.kerberos.token(&wanted, binding.as_ref()).await;
        let token = token.map_err(no_token)?;
        if !self.lock().contains_key(who.account_id()) {
            // Wiped while it was fetched: it may have been kept after that.
            self.kerberos.forget(&user);
            return Err(NoToken::Denied("what it rests on is revoked".to_owned()));
        }
        let wrapped = spnego::offer_kerberos(token.bytes());
        let wrapped = wrapped.map_err(|error| NoToken::Unavailable(error.to_string()))?;
        Ok(KerberosToken::new(wrapped))
    }

    async fn forget(&self, who: &Authenticated) {
        if let Ok(user) = self.user(who) {
            self.kerberos.forget(&user);
        }
    }
}

/// Keeps the forwarder's controllers those that DNS names, for as long as this lives; those of the configuration stay.
fn finding(
    controllers: Controllers,
    settings: &settings::Kerberos,
    forwarder: &Arc<Forwarder>,
) -> JoinSet<()> {
    let mut finding = JoinSet::new();
    if matches!(settings.controllers, settings::Controllers::Listed(_)) {
        return finding;
    }
    let forwarder = Arc::clone(forwarder);
    finding.spawn(async move {
        let mut known = Vec::new();
        loop {
            match names(&controllers).await {
                Some(names) if names != known => {
                    forwarder.ask_from_now_on(names.clone());
                    known = names;
                }
                _ => {}
            }
            sleep(AGAIN).await;
        }
    });
    finding
}

/// Who is to be asked, where that is known; the log says why it is not.
async fn names(controllers: &Controllers) -> Option<Vec<String>> {
    let names = controllers.names().await;
    let say = |error: &LookupError| tracing::error!("no domain controller is known: {error}");
    names.inspect_err(say).ok()
}

fn level(who: &Authenticated) -> Level {
    match who.methods().contains(&Method::Kerberos) {
        true => BY_KERBEROS,
        false => BY_APP_PASSWORD,
    }
}

fn no_token(error: TokenError) -> NoToken {
    let said = error.to_string();
    match error {
        TokenError::Denied(Denied::NotDelegable { .. }) => NoToken::NotDelegable(said),
        TokenError::Denied(_) => NoToken::Denied(said),
        TokenError::Alarm(Alarm::AnotherAccount { .. }) => NoToken::AnotherAccount(said),
        TokenError::Alarm(_) => NoToken::Alarm(said),
        TokenError::Unavailable(_) => NoToken::Unavailable(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_end_with_what_they_rest_on_and_an_unread_directory_ends_only_its_own() {
        let realm: Realm = "CONTOSO.TEST".parse().unwrap();
        let id = |text: &str| AccountId(text.to_owned());
        let credential = |text: &str| CredentialId(text.to_owned());
        let known = |is_of_directory| Known {
            user: Principal::new("anna", &realm).unwrap(),
            credentials: vec![credential("phone")],
            is_of_directory,
        };
        let account = |text| Told::Revoked(Revoked::Account(id(text)));
        let of = |text| Told::Revoked(Revoked::Credential(credential(text)));
        for (told, of_directory, local) in [
            (account("anna"), true, true),
            (account("ben"), false, false),
            (of("phone"), true, true),
            (of("tablet"), false, false),
            (Told::DirectoryUnread, true, false),
            (Told::Blind, true, true),
        ] {
            let ends = |known: Known| known.ends_by(&id("anna"), &told);
            let found = (ends(known(true)), ends(known(false)));
            assert_eq!(found, (of_directory, local), "{told:?}");
        }
    }
}
