//! Active checks: each member is connected to, or asked for a path, again and again.
//!
//! What the answers mean is [`gateway::farm::health`]'s word. Start at [`check`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway::farm::health::{Heard, is_well};
use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::farm::{Farm, Member, Transport};

/// How often a member is looked at that is not up, so that it is used again soon.
const WHILE_AWAY: Duration = Duration::from_secs(1);
/// The shortest time between two checks, however many connections it refuses.
const PAUSE: Duration = Duration::from_millis(200);
/// The largest head of an answer to a check; nothing of its body is read.
const HEAD_BYTES: usize = 16 * 1024;

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("it answered {0} to its check")]
    Status(u16),
    #[error("it did not pass its check in time")]
    TooSlow,
    #[error("its check failed: {0}")]
    Failed(String),
}

/// Checks every member of these farms for as long as what is given back is kept.
pub(crate) fn check<'a>(farms: impl Iterator<Item = &'a Arc<Farm>>) -> JoinSet<()> {
    let mut checks = JoinSet::new();
    for farm in farms {
        for place in 0..farm.members().len() {
            checks.spawn(again_and_again(Arc::clone(farm), place));
        }
    }
    checks
}

async fn again_and_again(farm: Arc<Farm>, place: usize) {
    let Some(member) = farm.members().get(place) else {
        return;
    };
    loop {
        match once(&farm, member).await {
            Ok(()) => farm.heard(member, Heard::Passed, &""),
            Err(error) => farm.heard(member, Heard::Failed, &error),
        }
        sleep(PAUSE).await;
        let rest = match member.tracked.is_up() {
            true => farm.health.interval,
            false => farm.health.interval.min(WHILE_AWAY),
        };
        tokio::select! {
            () = sleep(rest.saturating_sub(PAUSE)) => {}
            () = member.tracked.doubted() => {}
        }
    }
}

async fn once(farm: &Farm, member: &Member) -> Result<(), CheckError> {
    let checking = async {
        let connected = member.connect().await.map_err(|error| failed(&error))?;
        match &farm.health.path {
            None => Ok(()),
            Some(path) => {
                let status = ask(connected.transport, path, &member.checked_host).await?;
                match is_well(status, &farm.health.statuses) {
                    true => Ok(()),
                    false => Err(CheckError::Status(status)),
                }
            }
        }
    };
    let checked = timeout(farm.health.timeout, checking).await;
    checked.map_err(|_| CheckError::TooSlow)?
}

/// Asks for a path as nobody, and gives the status.
async fn ask(
    transport: Box<dyn Transport>,
    path: &PathAndQuery,
    host: &HeaderValue,
) -> Result<u16, CheckError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(transport))
        .await
        .map_err(|error| failed(&error))?;
    let request = Request::builder()
        .method(Method::GET)
        .uri(http::Uri::from(path.clone()))
        .header(header::HOST, host)
        .header(header::USER_AGENT, "wicketgate-check")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(&error))?;
    let answering = sender.send_request(request);
    tokio::pin!(connection, answering);
    let answer = tokio::select! {
        answer = &mut answering => answer,
        ended = &mut connection => {
            ended.map_err(|error| failed(&error))?;
            answering.await
        }
    };
    Ok(answer.map_err(|error| failed(&error))?.status().as_u16())
}

fn failed(error: &dyn std::error::Error) -> CheckError {
    CheckError::Failed(crate::proxy::shown(error).to_string())
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::super::silent::Silent;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_check_that_is_not_answered_has_failed_when_its_time_is_over() {
        let silent = Silent::farm(1);
        let began = Instant::now();
        let checked = timeout(
            Duration::from_secs(3_600),
            once(&silent.farm, &silent.farm.members()[0]),
        );
        let checked = checked.await.expect("an end");
        assert!(matches!(checked, Err(CheckError::TooSlow)));
        let waited = began.elapsed();
        let most = silent.farm.health.timeout + Duration::from_millis(2);
        assert!(
            waited >= silent.farm.health.timeout && waited <= most,
            "{waited:?}"
        );
    }
}
