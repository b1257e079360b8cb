//! What becomes of a message after providers were asked: it was taken, it is tried again, or it is given up.
//!
//! A message is tried again only where nobody can have taken it, ever more seldom, and never after it is of use. Whoever
//! sends asks [`judge`]; sign-ins wait for none of it.

use jiff::{SignedDuration, Timestamp};

use crate::audit::{Event, Kind, NotSent};
use crate::credential::sent_code::{Became, Claimed, Delivery};

/// How long one sender has a message to itself; it must be done with it before.
pub const CLAIM: SignedDuration = SignedDuration::from_secs(40);
/// How long at least until a message is tried again; after that, as long as it has waited already.
pub const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// How long at the most.
pub const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How many characters are kept of what was said of a message.
const MAX_SAID: usize = 200;

/// What a provider answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took the message.
    Taken(String),
    /// It did not: it said so, or was never told.
    NotTaken(String),
    /// Nobody knows: it did not answer what was told to it.
    Unknown(String),
}

impl Answer {
    /// What was said, in words: never a code, a number or a secret.
    #[must_use]
    pub fn said(&self) -> &str {
        match self {
            Self::Taken(said) | Self::NotTaken(said) | Self::Unknown(said) => said,
        }
    }
}

/// What becomes of a message after these providers, each by its name, were asked in their order.
#[must_use]
pub fn judge(claimed: &Claimed, answers: &[(String, Answer)], at: Timestamp) -> Delivery {
    let message = &claimed.message;
    let to = message.address.masked();
    let event = |kind: Kind| Event::observed(at, kind, message.account.clone());
    let failed = |not_sent: NotSent| {
        let to = Some(to.clone());
        let event = event(Kind::MessageNotSent { not_sent, to });
        Became::Failed { event }
    };
    let taken = answers
        .iter()
        .find(|(_, it)| matches!(it, Answer::Taken(_)));
    let may_be_taken = answers
        .iter()
        .any(|(_, it)| matches!(it, Answer::Unknown(_)));
    let pause = at.duration_since(message.queued);
    let pause = pause.clamp(PAUSE, LONGEST_PAUSE);
    let again = at.checked_add(pause).unwrap_or(Timestamp::MAX);
    let became = if let Some((provider, _)) = taken {
        Became::Sent {
            provider: provider.clone(),
            event: event(Kind::MessageSent {
                by: message.address.carrier(),
                to,
                provider: provider.clone(),
            }),
        }
    } else if at >= message.ends {
        failed(NotSent::TooLate)
    } else if may_be_taken || answers.is_empty() || again >= message.ends {
        failed(NotSent::NotTaken)
    } else {
        Became::Again { at: again }
    };
    Delivery {
        id: message.id.clone(),
        until: claimed.until,
        at,
        became,
        said: said(answers, message.address.carrier().as_str()),
    }
}

/// What all of them said.
fn said(answers: &[(String, Answer)], carrier: &str) -> String {
    if answers.is_empty() {
        return format!("nobody was asked who carries {carrier}");
    }
    let each = answers
        .iter()
        .map(|(provider, answer)| format!("{provider}: {}", answer.said()));
    let all: Vec<String> = each.collect();
    all.join("; ").chars().take(MAX_SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountId;
    use crate::credential::sent_code::{Address, Carrier, Code, Content, Language, Message};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn claimed() -> Claimed {
        Claimed {
            message: Message {
                id: "m".to_owned(),
                account: Some(AccountId("anna".to_owned())),
                address: Address::parse(Carrier::Sms, "+46701234567").unwrap(),
                content: Content::Code(Code::made_from([9; 8])),
                language: Language::English,
                queued: at(0),
                ends: at(300),
            },
            until: at(40),
        }
    }

    fn judged(answers: &[Answer], second: i64) -> Delivery {
        let named = answers.iter().cloned();
        let named = named
            .enumerate()
            .map(|(number, it)| (format!("p{number}"), it));
        judge(&claimed(), &named.collect::<Vec<_>>(), at(second))
    }

    fn not_taken() -> Answer {
        Answer::NotTaken("HTTP 500".to_owned())
    }

    fn why(delivery: &Delivery) -> Option<NotSent> {
        match &delivery.became {
            Became::Failed { event } => match event.kind {
                Kind::MessageNotSent { not_sent, .. } => Some(not_sent),
                _ => None,
            },
            _ => None,
        }
    }

    #[test]
    fn whoever_takes_it_ends_it() {
        let taken = Answer::Taken("HTTP 202".to_owned());
        let delivery = judged(&[not_taken(), taken.clone()], 3);
        let Became::Sent { provider, event } = &delivery.became else {
            panic!("{delivery:?}");
        };
        assert_eq!(provider, "p1");
        assert_eq!(delivery.said, "p0: HTTP 500; p1: HTTP 202");
        let text = serde_json::to_string(event).unwrap();
        assert!(
            text.contains("+46*******67") && !text.contains("+4670"),
            "{text}"
        );
        assert!(
            matches!(judged(&[taken], 400).became, Became::Sent { .. }),
            "late, and sent"
        );
    }

    #[test]
    fn it_is_tried_again_only_where_nobody_can_have_taken_it_and_while_it_is_of_use() {
        let delivery = judged(&[not_taken(), not_taken()], 3);
        assert_eq!(delivery.became, Became::Again { at: at(8) });
        let mut tries = Vec::new();
        let mut second = 1;
        while let Became::Again { at: again } = judged(&[not_taken()], second).became {
            second = again.duration_since(at(0)).as_secs();
            tries.push(second);
        }
        assert_eq!(tries, [6, 12, 24, 48, 96, 192], "ever more seldom");
        let mut notice = claimed();
        notice.message.ends = at(1_000_000);
        let named = [("p".to_owned(), not_taken())];
        let late = judge(&notice, &named, at(500_000)).became;
        assert_eq!(late, Became::Again { at: at(500_600) });
        let unknown = Answer::Unknown("no answer within 5 s".to_owned());
        assert_eq!(
            why(&judged(&[not_taken(), unknown], 3)),
            Some(NotSent::NotTaken)
        );
        assert_eq!(why(&judged(&[not_taken()], 295)), Some(NotSent::NotTaken));
        assert_eq!(why(&judged(&[not_taken()], 300)), Some(NotSent::TooLate));
        assert_eq!(
            why(&judged(&[], 3)),
            Some(NotSent::NotTaken),
            "nobody carries it"
        );
    }
}
