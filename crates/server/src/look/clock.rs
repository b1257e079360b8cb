//! The time at each domain controller, by Kerberos: its port is open to the gate anyway, and no secret is needed.

use std::time::Duration;

use proto::kdc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{Look, one, within, words};
use crate::clock;
use crate::config::Settings;
use crate::config::settings::{self, DomainService};
use crate::doctor::wire::Seen;
use crate::outbound::controllers::Controllers;

/// How long a domain controller may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// One look for each domain controller that is listed, or one at those that DNS names.
pub(super) fn looks(settings: &Settings) -> Vec<Look> {
    let Some(kerberos) = &settings.kerberos else {
        return Vec::new();
    };
    let account = kerberos.account.as_str();
    let account = account.rsplit_once('@').map_or(account, |(name, _)| name);
    let request = kdc::request(account, &kerberos.realm.to_string());
    let look = |controller: &String| one(look(controller.clone(), request.clone()));
    match &kerberos.controllers {
        settings::Controllers::Listed(names) => names.iter().map(look).collect(),
        settings::Controllers::InDns(service) => vec![Box::pin(found(service.clone(), request))],
    }
}

async fn found(service: DomainService, request: Vec<u8>) -> Vec<Seen> {
    let controllers = Controllers::new(settings::Controllers::InDns(service.clone()));
    let names = async { controllers.names().await.map_err(|error| words(&error)) };
    let names = match within(PATIENCE, names).await {
        Ok(names) => names,
        Err(why) => {
            let service = service.name();
            return vec![Seen::Unnamed { service, why }];
        }
    };
    let mut asked = JoinSet::new();
    for (at, controller) in names.into_iter().enumerate() {
        let request = request.clone();
        asked.spawn(async move { (at, look(controller, request).await) });
    }
    let mut seen = asked.join_all().await;
    seen.sort_by_key(|(at, _)| *at);
    seen.into_iter().map(|(_, seen)| seen).collect()
}

async fn look(controller: String, request: Vec<u8>) -> Seen {
    let ahead = within(PATIENCE, ahead(&controller, &request)).await;
    Seen::Clock { controller, ahead }
}

/// By how many seconds our clock is ahead.
async fn ahead(controller: &str, request: &[u8]) -> Result<i64, String> {
    let answer = ask(controller, request).await;
    let answer = answer.map_err(|error| words(&error))?;
    let theirs = kdc::time(&answer).map_err(|error| words(&error))?;
    Ok(clock::now().as_second() - theirs.as_second())
}

async fn ask(controller: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(controller).await?;
    stream.write_all(request).await?;
    let length = stream.read_u32().await?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut answer = vec![0; length.min(kdc::MAX_ANSWER + 1)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
