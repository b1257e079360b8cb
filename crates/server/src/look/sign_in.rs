//! One real sign-in for a person at each back end that is told by Kerberos: S4U2Self, S4U2Proxy, and a GET with the
//! token, bound to the connection and then unbound.
//!
//! SECURITY: a token goes to a member only after its name and authority are verified, and the GET changes nothing there.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::ports::KerberosToken;
use gss::{Principal, Service};
use http::header::{self, HeaderValue};
use proto::spnego::Rejection;

use super::http::{Get, get};
use super::places::{Place, by_farm};
use super::{Look, all, kerberos, one, reach, web, words};
use crate::config::{Settings, settings};
use crate::doctor::wire::{Seen, SignIn as Signed, Taken};
use crate::outbound::kerberos::Local;

/// What is to be tried.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    /// The account, by its `sAMAccountName`.
    pub(crate) user: Principal,
    /// The one farm; every one with Kerberos where it is left out.
    pub(crate) to: Option<String>,
    /// The farms that must demand a channel binding.
    pub(crate) must_demand: Vec<String>,
}

/// Signs the gate in, and then the person in at each member.
pub(crate) async fn sign_in(
    settings: &Settings,
    kerberos: &settings::Kerberos,
    process: &gss::Process,
    wanted: &SignIn,
) -> Vec<Seen> {
    let (seen, local) = kerberos::begin(kerberos, process).await;
    let mut seen = vec![seen];
    if let Some(local) = local {
        let looks = looks(settings, kerberos, &Arc::new(local), wanted);
        seen.extend(all(looks).await);
    }
    seen
}

fn looks(
    settings: &Settings,
    kerberos: &settings::Kerberos,
    local: &Arc<Local>,
    wanted: &SignIn,
) -> Vec<Look> {
    let mut looks = Vec::new();
    for (farm, place) in by_farm(settings) {
        if wanted.to.as_ref().is_some_and(|to| *to != farm) {
            continue;
        }
        for member in place.members(settings) {
            let Some(Ok(service)) = member
                .spn
                .as_ref()
                .map(|spn| Service::new(spn, &kerberos.realm))
            else {
                continue;
            };
            let trial = Trial {
                local: Arc::clone(local),
                user: wanted.user.clone(),
                member: member.clone(),
                place: place.clone(),
                service,
                must_demand: wanted.must_demand.contains(&farm),
            };
            looks.push(one(trial.tried()));
        }
    }
    looks
}

struct Trial {
    local: Arc<Local>,
    user: Principal,
    member: settings::Member,
    place: Place,
    service: Service,
    must_demand: bool,
}

/// Why an attempt came to no answer.
enum Failed {
    Token(gss::TokenError),
    Other(String),
}

impl Trial {
    async fn tried(self) -> Seen {
        let mut signed = Signed {
            user: self.user.to_string(),
            farm: self.place.farm.clone(),
            member: self.member.address.clone(),
            service: self.member.spn.clone().unwrap_or_default(),
            path: self.place.path.clone(),
            token: Ok(()),
            bound: None,
            unbound: None,
            must_demand: self.must_demand,
        };
        match self.once(true).await {
            Err(Failed::Token(error)) => signed.token = Err(kerberos::fault(&error)),
            Err(Failed::Other(why)) => signed.bound = Some(Err(why)),
            Ok(taken) => signed.bound = Some(Ok(taken)),
        }
        let was_taken = signed
            .bound
            .as_ref()
            .is_some_and(|it| it.as_ref().is_ok_and(|it| it.status != 401));
        if was_taken && self.member.tls.is_some() {
            signed.unbound = match self.once(false).await {
                Err(Failed::Token(error)) => Some(Err(error.to_string())),
                Err(Failed::Other(why)) => Some(Err(why)),
                Ok(taken) => Some(Ok(taken)),
            };
        }
        Seen::SignIn(signed)
    }

    async fn once(&self, is_bound: bool) -> Result<Taken, Failed> {
        // The domain's word is wanted also where the back end cannot be reached.
        let open = reach::open(&self.member).await;
        let digest = open.as_ref().ok().and_then(|it| it.digest);
        let digest = digest.filter(|_| is_bound);
        let binding = digest.as_ref().map(AsRef::as_ref);
        let token = self
            .local
            .token_of(self.user.clone(), self.service.clone(), binding);
        let token = token.await.map_err(Failed::Token)?;
        let open = open.map_err(|it| Failed::Other(web::unreached(it)))?;
        self.sent(open, &token).await.map_err(Failed::Other)
    }

    async fn sent(&self, open: reach::Open, token: &KerberosToken) -> Result<Taken, String> {
        let host = self.place.host_for(&self.member);
        let host = host.ok_or("its Host is no header")?;
        let text = format!("Negotiate {}", STANDARD.encode(token.bytes()));
        let authorization = HeaderValue::from_str(&text).map_err(|error| words(&error))?;
        let wanted = Get {
            path: &self.place.path,
            host,
            authorization: Some(authorization),
        };
        let got = get(open.transport, wanted).await?;
        let rejection = got.texts(header::WWW_AUTHENTICATE).find_map(|challenge| {
            let token = challenge.strip_prefix("Negotiate ")?;
            Rejection::parse(&STANDARD.decode(token).ok()?).ok()?
        });
        Ok(Taken {
            status: got.status,
            reason: rejection.map(|it| it.to_string()),
        })
    }
}
