//! Many invitations at once: who of a list or a group gets one, and how each reaches its owner.
//!
//! A letter is written, or a mail is taken, before its invitation is kept: whatever breaks off in between leaves a link that
//! opens nothing, and nobody who is invited and does not know.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use authn::account::Account;
use authn::admin::invitations::{self, Standing};
use authn::admin::secrets;
use authn::credential::sent_code::Language;
use authn::handle::Handle;
use authn::outbox::Answer;
use authn::sign_in::Ports;
use jiff::{SignedDuration, Timestamp};
use proto::kerberos::Sid;
use proto::secret::Secret;
use proto::sending::Mailbox;

use super::{Desk, pages};
use crate::cli::CliError;
use crate::clock;
use crate::operator::by_hand;
use crate::outbound::messages::Carriers;

/// How people are invited.
pub(crate) struct Inviting {
    /// For how long.
    pub(crate) lasting: SignedDuration,
    /// Whether it is only said who would be.
    pub(crate) is_dry: bool,
    /// Whether those whose invitation stands get another.
    pub(crate) again: bool,
    /// How the link reaches them.
    pub(crate) way: Way,
}

/// How a link reaches its owner.
pub(crate) enum Way {
    /// It is printed.
    Printed,
    /// A letter is written into a folder.
    Letter(PathBuf),
    /// A mail is sent to the account's first address.
    Mail(Box<Carriers>),
}

/// What became of one.
pub(crate) enum Became {
    /// Somebody is invited, or would be.
    Invited {
        /// Until when.
        ends: Timestamp,
        /// The link, where it is printed.
        link: Option<Secret<String>>,
        /// Where it went: the letter's file, or the mailbox, masked.
        to: Option<String>,
    },
    /// Nothing was to be done.
    Skipped(Standing),
    /// It could not be brought to its owner, and nobody is invited.
    Failed(String),
}

/// A link that is about to be kept.
struct Link {
    text: Secret<String>,
    host: String,
    ends: Timestamp,
    language: Language,
}

impl Desk {
    /// The accounts of a group that the store knows, as the directory said it last; a group is named as there, or by its SID.
    ///
    /// # Errors
    ///
    /// There is no such group, or several, or nobody here is in it, or the store or the directory is unavailable.
    pub(crate) async fn members_of(&self, group: &str) -> Result<Vec<Account>, CliError> {
        let sid = match group.parse::<Sid>() {
            Ok(sid) => sid.to_string(),
            Err(_) => self.group_called(group).await?,
        };
        let mut members = self.accounts().await?;
        members.retain(|account| {
            let mut groups = account.directory.iter().flat_map(|it| &it.groups);
            groups.any(|it| *it == sid)
        });
        match members.is_empty() {
            false => Ok(members),
            true => Err(CliError::refused(format!(
                "no account here is of the group `{group}` ({sid}); `wicketgate user add --from-directory` adds people"
            ))),
        }
    }

    /// What invitations are made with.
    pub(crate) fn inviting_ports(&self) -> Ports {
        self.page_ports()
    }

    /// Whoever carries mails, where somebody does.
    ///
    /// # Errors
    ///
    /// There is no mail server in the configuration, or it is not usable.
    pub(crate) fn mails(&self) -> Result<Carriers, CliError> {
        let messages = self.messages.as_ref().filter(|it| it.smtp.is_some());
        let messages = messages.ok_or_else(|| {
            CliError::usage("the configuration has no [smtp], by which mails would go")
        })?;
        Carriers::new(messages).map_err(|error| CliError::usage(error.to_string()))
    }

    /// Invites one of many.
    ///
    /// # Errors
    ///
    /// There is no portal, or the store is unavailable.
    pub(crate) async fn invite_one(
        &self,
        (ports, account): (&Ports, &Account),
        how: &Inviting,
    ) -> Result<Became, CliError> {
        let by = by_hand();
        let standing = invitations::standing(ports, account, by.at).await?;
        if !standing.is_invited(how.again) {
            return Ok(Became::Skipped(standing));
        }
        let random = clock::random()?;
        let link = Link {
            text: self.link_of(&Handle::made_from(random))?,
            host: self.portal()?.origin.replace("https://", ""),
            ends: by.at.checked_add(how.lasting).unwrap_or(by.at),
            language: self
                .messages
                .as_ref()
                .map_or(Language::English, |it| it.language),
        };
        let to = match how.is_dry {
            true => would_go(account, &how.way),
            false => goes(account, &link, &how.way).await,
        };
        let to = match to {
            Ok(to) => to,
            Err(why) => return Ok(Became::Failed(why)),
        };
        let mut ends = link.ends;
        if !how.is_dry {
            let invited = secrets::invite(ports, account, how.lasting, &by, random).await;
            ends = invited.map_err(pages::of_secret)?.1;
        }
        let is_printed = matches!(how.way, Way::Printed) && !how.is_dry;
        Ok(Became::Invited {
            ends,
            link: is_printed.then_some(link.text),
            to,
        })
    }
}

/// Brings a link to its owner; says where it went.
async fn goes(account: &Account, link: &Link, way: &Way) -> Result<Option<String>, String> {
    match way {
        Way::Printed => Ok(None),
        Way::Letter(folder) => {
            let file = folder.join(letter_of(account));
            written(&file, &letter(account, link))
                .map_err(|error| format!("`{}` cannot be written: {error}", file.display()))?;
            Ok(Some(file.display().to_string()))
        }
        Way::Mail(carriers) => {
            let mailbox = mailbox_of(account)?;
            let masked = mailbox.masked();
            let text = Secret::new(letter(account, link));
            match carriers.mail(mailbox, (&link.host, text)).await {
                Answer::Taken(_) => Ok(Some(masked)),
                Answer::NotTaken(said) | Answer::Unknown(said) => {
                    Err(format!("the mail to {masked} was not taken: {said}"))
                }
            }
        }
    }
}

/// Where a link would go.
fn would_go(account: &Account, way: &Way) -> Result<Option<String>, String> {
    match way {
        Way::Printed => Ok(None),
        Way::Letter(folder) => Ok(Some(folder.join(letter_of(account)).display().to_string())),
        Way::Mail(_) => Ok(Some(mailbox_of(account)?.masked())),
    }
}

fn mailbox_of(account: &Account) -> Result<Mailbox, String> {
    let first = account.mail.first().ok_or("no mail address is known")?;
    Mailbox::parse(first).map_err(|error| format!("`{first}`: {error}"))
}

/// What the letter of an account is called, whatever stands in its name.
fn letter_of(account: &Account) -> String {
    let plain = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | '@' => letter,
        _ => '_',
    };
    let name: String = account.upn.chars().map(plain).collect();
    format!("{}.txt", name.trim_start_matches('.'))
}

fn written(file: &Path, text: &str) -> std::io::Result<()> {
    let mut open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}

/// What a letter or a mail says.
fn letter(account: &Account, link: &Link) -> String {
    let (upn, host, ends, text) = (&account.upn, &link.host, link.ends, link.text.expose());
    let ends = ends.strftime("%Y-%m-%d %H:%M UTC");
    match link.language {
        Language::English => format!(
            "{upn}\n\nYou are invited to {host}. Open this address by {ends}, once. You choose a secret there that only you \
             know, and connect an app that shows codes:\n\n{text}\n\nWhoever opens it becomes you there, so give it to \
             nobody. You are never asked there for your Windows password.\n"
        ),
        Language::Swedish => format!(
            "{upn}\n\nDu är inbjuden till {host}. Öppna adressen senast {ends}, en enda gång. Där väljer du en hemlighet som \
             bara du känner till och ansluter en app som visar koder:\n\n{text}\n\nDen som öppnar den blir du där, så ge den \
             inte till någon. Du blir aldrig ombedd att ange ditt Windows-lösenord där.\n"
        ),
    }
}

/// Accounts without those that stand there twice, in the order of their names.
pub(crate) fn each_once(accounts: Vec<Account>) -> Vec<Account> {
    let mut seen = BTreeSet::new();
    let mut each: Vec<Account> = accounts
        .into_iter()
        .filter(|it| seen.insert(it.id.clone()))
        .collect();
    each.sort_by(|one, other| one.upn.cmp(&other.upn));
    each
}
