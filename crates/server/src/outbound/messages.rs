//! Sends what waits: claims messages, asks who carries them one after the other, and writes what became of each.
//!
//! Sign-ins wait for nothing here; they only put messages into the store. Whatever a provider says of a message, neither
//! its text nor where it goes is logged. Start at [`send`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::credential::sent_code::{Address, Carrier, Claimed, Content, Language, Message};
use authn::outbox::{self, Answer, CLAIM};
use authn::ports::{Outbox, Unavailable};
use proto::secret::Secret;
use proto::sending::Mailbox;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::mail::Mail;
use super::sms::SmsHttp;
use super::sms_command::SmsCommand;
use crate::clock;
use crate::config::settings::messages::{MessageWords, Messages, SmsWay};

/// How often it is looked whether anything waits.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How long it is waited with a store that is away.
const AWAY: Duration = Duration::from_secs(2);
/// How many messages are sent at a time.
const AT_ONCE: usize = 16;
/// How long all providers of a message may take: less than its claim.
const ALL: Duration = Duration::from_secs(35);

/// Whoever carries messages.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// What it is called.
    fn name(&self) -> &str;
    /// By what it carries.
    fn carrier(&self) -> Carrier;
    /// Hands it a message; it is bounded in time.
    async fn hand(&self, message: &Message, text: &Text) -> Answer;
}

/// What a message says, in words.
pub(crate) struct Text {
    /// The subject, where it has one.
    pub(crate) subject: String,
    /// The text.
    pub(crate) body: Zeroizing<String>,
}

/// Everybody who carries messages, and what they say.
pub(crate) struct Carriers {
    providers: Vec<Arc<dyn Provider>>,
    words: MessageWords,
}

/// Why somebody cannot carry messages.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub(crate) struct CarrierError {
    /// Who.
    pub(crate) name: String,
    /// Why.
    pub(crate) reason: String,
}

impl Carriers {
    /// Takes the settings, and reads the authorities.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(messages: &Messages) -> Result<Self, CarrierError> {
        let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
        for sms in &messages.sms {
            let failed = |reason: String| CarrierError {
                name: format!("[[sms]] `{}`", sms.name),
                reason,
            };
            providers.push(match &sms.way {
                SmsWay::Http(request) => {
                    Arc::new(SmsHttp::new(sms, request).map_err(|it| failed(it.to_string()))?)
                }
                SmsWay::Command(parts) => Arc::new(SmsCommand::new(sms, parts)),
            });
        }
        if let Some(smtp) = &messages.smtp {
            let mail = Mail::new(smtp).map_err(|reason| CarrierError {
                name: "[smtp]".to_owned(),
                reason,
            })?;
            providers.push(Arc::new(mail));
        }
        Ok(Self {
            providers,
            words: messages.words.clone(),
        })
    }

    /// Asks each in turn until one takes the message; gives what they said.
    pub(crate) async fn hand(&self, message: &Message) -> Vec<(String, Answer)> {
        let text = said(&self.words, message);
        let by = message.address.carrier();
        let mut answers = Vec::new();
        for provider in self.providers.iter().filter(|it| it.carrier() == by) {
            let answer = provider.hand(message, &text).await;
            let is_taken = matches!(answer, Answer::Taken(_));
            answers.push((provider.name().to_owned(), answer));
            if is_taken {
                break;
            }
        }
        answers
    }

    /// Sends a mail with a text of its own, which waits in no outbox.
    pub(crate) async fn mail(
        &self,
        to: Mailbox,
        (subject, text): (&str, Secret<String>),
    ) -> Answer {
        let now = clock::now();
        let message = Message {
            id: String::new(),
            account: None,
            address: Address::Mail(to),
            content: Content::Test,
            language: Language::English,
            queued: now,
            ends: now,
        };
        let text = Text {
            subject: subject.to_owned(),
            body: Zeroizing::new(text.expose().clone()),
        };
        let mut providers = self.providers.iter();
        match providers.find(|it| it.carrier() == Carrier::Mail) {
            Some(provider) => provider.hand(&message, &text).await,
            None => Answer::NotTaken("there is no mail server".to_owned()),
        }
    }

    /// Asks every one, whoever takes it.
    pub(crate) async fn hand_to_each(&self, message: &Message) -> Vec<(String, Answer)> {
        let text = said(&self.words, message);
        let by = message.address.carrier();
        let mut answers = Vec::new();
        for provider in self.providers.iter().filter(|it| it.carrier() == by) {
            let answer = provider.hand(message, &text).await;
            answers.push((provider.name().to_owned(), answer));
        }
        answers
    }
}

/// What a message says.
fn said(words: &MessageWords, message: &Message) -> Text {
    let texts = match message.language {
        Language::English => &words.english,
        Language::Swedish => &words.swedish,
    };
    let (template, name, value) = match &message.content {
        Content::Code(code) => (
            texts.code.as_str(),
            "{code}",
            code.shown().expose().as_str(),
        ),
        Content::Changed { to, .. } => (texts.changed.as_str(), "{to}", to.as_str()),
        Content::Enrolled { from } => (
            match message.language {
                Language::English => {
                    "{host}: your first secret was chosen there, by your Windows sign-in in the office, at the address {from}. If \
                     that was not you, tell your administrators at once."
                }
                Language::Swedish => {
                    "{host}: din första hemlighet valdes där, genom din Windows-inloggning på kontoret, från adressen {from}. Om \
                     det inte var du, underrätta administratörerna genast."
                }
            },
            "{from}",
            from.as_str(),
        ),
        Content::LeaseLapsed => match &words.portal {
            Some(origin) => (
                lapsed_with_portal(message.language),
                "{portal}",
                origin.as_str(),
            ),
            None => (lapsed_without_portal(message.language), "", ""),
        },
        Content::Test => ("{host}: this is a test. Det här är ett test.", "", ""),
    };
    Text {
        subject: texts.subject.replace("{host}", &words.host),
        body: filled(template, &[("{host}", &words.host), (name, value)]),
    }
}

/// That a device waits, and where its owner lets it in again.
fn lapsed_with_portal(language: Language) -> &'static str {
    match language {
        Language::English => {
            "{host}: a device of yours waits, as it is a while ago that you signed in there with a code or a passkey. \
             Sign in at {portal}/ and it works again by itself. You are told once."
        }
        Language::Swedish => {
            "{host}: en av dina enheter väntar, eftersom det var ett tag sedan du loggade in där med en kod eller en \
             nyckel. Logga in på {portal}/ så fungerar den igen av sig själv. Du får veta det en gång."
        }
    }
}

/// The same where there is no page of ours for it.
fn lapsed_without_portal(language: Language) -> &'static str {
    match language {
        Language::English => {
            "{host}: a device of yours waits, as it is a while ago that you signed in there with a code. Sign in with \
             one and it works again by itself. You are told once."
        }
        Language::Swedish => {
            "{host}: en av dina enheter väntar, eftersom det var ett tag sedan du loggade in där med en kod. Logga in med \
             en så fungerar den igen av sig själv. Du får veta det en gång."
        }
    }
}

/// A text with its words filled in, in a room that it does not outgrow.
fn filled(template: &str, words: &[(&str, &str)]) -> Zeroizing<String> {
    let longest = words.iter().map(|(_, value)| value.len()).max();
    let room = template
        .len()
        .saturating_mul(longest.unwrap_or_default().max(1));
    let mut filled = Zeroizing::new(String::with_capacity(room));
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        filled.push_str(before);
        let found = words.iter().find_map(|(name, value)| {
            Some((
                after.strip_prefix(name).filter(|_| !name.is_empty())?,
                value,
            ))
        });
        rest = match found {
            Some((left, value)) => {
                filled.push_str(value);
                left
            }
            None => {
                filled.push('{');
                after.strip_prefix('{').unwrap_or_default()
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// Sends what waits, for as long as anybody polls it.
pub(crate) async fn send(outbox: impl Outbox + Clone + 'static, carriers: Carriers) {
    let (carriers, room) = (Arc::new(carriers), Arc::new(Semaphore::new(AT_ONCE)));
    let mut is_away = false;
    loop {
        let taken = take(&outbox, &room).await;
        match taken {
            Ok(claimed) => {
                is_away = false;
                for claimed in claimed {
                    // It ends by itself, also where the configuration is replaced meanwhile: a message that was handed
                    // over is written down as sent.
                    let (outbox, carriers, room) =
                        (outbox.clone(), Arc::clone(&carriers), Arc::clone(&room));
                    tokio::spawn(async move {
                        let Ok(_place) = room.acquire_owned().await else {
                            return;
                        };
                        deliver(&outbox, &carriers, claimed).await;
                    });
                }
                sleep(LOOK_EVERY).await;
            }
            Err(error) => {
                if !is_away {
                    tracing::error!("messages cannot be sent: {error}");
                }
                is_away = true;
                sleep(AWAY).await;
            }
        }
    }
}

/// Claims as many messages as can be sent now.
async fn take(outbox: &impl Outbox, room: &Semaphore) -> Result<Vec<Claimed>, Unavailable> {
    let now = clock::now();
    let free = u32::try_from(room.available_permits()).unwrap_or_default();
    if free == 0 || !outbox.is_due(now).await? {
        return Ok(Vec::new());
    }
    let until = now.checked_add(CLAIM).unwrap_or(now);
    outbox.claim(now, until, free).await
}

async fn deliver(outbox: &impl Outbox, carriers: &Carriers, claimed: Claimed) {
    let is_late = clock::now() >= claimed.message.ends;
    let answers = match is_late {
        true => Vec::new(),
        false => {
            let handed = timeout(ALL, carriers.hand(&claimed.message)).await;
            handed.unwrap_or_else(|_| {
                let late = Answer::Unknown("they took too long".to_owned());
                vec![("all".to_owned(), late)]
            })
        }
    };
    let delivery = outbox::judge(&claimed, &answers, clock::now());
    let id = delivery.id.clone();
    for (provider, answer) in &answers {
        match answer {
            Answer::Taken(said) => {
                tracing::debug!(message.id = id, provider, "a message is taken: {said}")
            }
            Answer::NotTaken(said) | Answer::Unknown(said) => {
                tracing::warn!(message.id = id, provider, "a message is not taken: {said}");
            }
        }
    }
    if let Err(error) = outbox.delivered(delivery).await {
        tracing::error!(
            message.id = id,
            "what became of a message cannot be kept: {error}"
        );
    }
}

#[cfg(test)]
mod tests;
