//! A short message by a program of the operator's: no shell, an empty environment, the text on its standard input.

use std::process::Stdio;

use async_trait::async_trait;
use authn::credential::sent_code::{Address, Carrier, Message};
use authn::outbox::Answer;
use proto::sending::{Template, Values};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::messages::{Provider, Text};
use crate::config::settings::messages::SmsProvider;

/// Where a program finds others.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Whoever carries short messages by a program.
pub(crate) struct SmsCommand {
    provider: SmsProvider,
    parts: Vec<Template>,
}

impl SmsCommand {
    /// Takes the settings.
    pub(crate) fn new(provider: &SmsProvider, parts: &[Template]) -> Self {
        Self {
            provider: provider.clone(),
            parts: parts.to_vec(),
        }
    }

    async fn run(&self, message: &Message, text: &Text) -> Answer {
        let Address::Sms(number) = &message.address else {
            return Answer::NotTaken("it is no short message".to_owned());
        };
        let values = Values {
            number,
            text: &text.body,
            secret: "",
        };
        let filled: Vec<_> = self.parts.iter().map(|it| it.filled(values)).collect();
        let Some((program, arguments)) = filled.split_first() else {
            return Answer::NotTaken("there is no program".to_owned());
        };
        // What it says on its outputs may have a number or a code in it, and is not kept.
        let started = Command::new(program.as_str())
            .args(arguments.iter().map(|it| it.as_str()))
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return Answer::NotTaken(format!("it cannot be started: {error}")),
        };
        if let Some(mut input) = child.stdin.take() {
            // Whoever takes the text as an argument may close this at once.
            let _ = input.write_all(text.body.as_bytes()).await;
            let _ = input.shutdown().await;
        }
        match child.wait().await {
            Ok(status) if status.success() => Answer::Taken("ended with 0".to_owned()),
            Ok(status) => Answer::NotTaken(match status.code() {
                Some(code) => format!("ended with {code}"),
                None => "was ended by a signal".to_owned(),
            }),
            Err(error) => Answer::Unknown(format!("it cannot be waited for: {error}")),
        }
    }
}

#[async_trait]
impl Provider for SmsCommand {
    fn name(&self) -> &str {
        &self.provider.name
    }

    fn carrier(&self) -> Carrier {
        Carrier::Sms
    }

    async fn hand(&self, message: &Message, text: &Text) -> Answer {
        match timeout(self.provider.timeout, self.run(message, text)).await {
            Ok(answer) => answer,
            // It is killed with its handle.
            Err(_) => Answer::Unknown(format!("not done in {} s", self.provider.timeout.as_secs())),
        }
    }
}
