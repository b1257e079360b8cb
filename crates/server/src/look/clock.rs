//! The time at each domain controller, by Kerberos: its port is open to the gate anyway, and no secret is needed.

use std::time::Duration;

use proto::kdc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Look, one, within, words};
use crate::clock;
use crate::config::Settings;
use crate::doctor::wire::Seen;

/// How long a domain controller may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// One look for each domain controller.
pub(super) fn looks(settings: &Settings) -> Vec<Look> {
    let Some(kerberos) = &settings.kerberos else {
        return Vec::new();
    };
    let account = kerberos.account.as_str();
    let account = account.rsplit_once('@').map_or(account, |(name, _)| name);
    let request = kdc::request(account, &kerberos.realm.to_string());
    let look = |controller: &String| one(look(controller.clone(), request.clone()));
    kerberos.controllers.iter().map(look).collect()
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
