//! `wicketgate token`: one-time code tokens, on a phone or a key ring; their seeds are shown once or never.

mod import;

use std::collections::BTreeMap;
use std::path::Path;

use authn::account::AccountId;
use authn::admin::tokens::{self, Enrolling};
use authn::credential::otp_token::{OtpToken, TokenKind, TokenState};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use proto::otp::{Algorithm, Digits, KeyUri, Period};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde::Serialize;

use super::{CliError, Output, hidden};
use crate::wiring::{Desk, TokenOrder};

const CALLED: &str =
    "An id or serial number that `list` shows, or a name of an account that has one token";

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a token for an account: a QR code for a phone, whose first code `confirm` takes
    #[command(
        after_help = "Examples:\n  wicketgate token enrol anna@contoso.com --label 'Pixel 9'\n  \
        wicketgate token enrol anna@contoso.com --algorithm sha256 --digits 8 --period 60"
    )]
    Enrol(Enrol),
    /// Take the first code of a token that was enrolled; it works from then on
    #[command(after_help = "Example:\n  wicketgate token confirm anna@contoso.com 492039")]
    Confirm(Typed),
    /// List tokens, all or those of an account, without their seeds
    #[command(
        after_help = "Examples:\n  wicketgate token list\n  wicketgate token list anna@contoso.com"
    )]
    List {
        /// Any name of the account
        name: Option<String>,
    },
    /// Import the tokens of a vendor's file: PSKC, CSV or otpauth URIs; all of them, or none
    #[command(
        after_help = "Examples:\n  wicketgate token import tokens.xml --password-file password.txt --dry-run\n  \
        wicketgate token import entra.csv --assign\n  \
        wicketgate token import seeds.csv --columns serial,seed --encoding hex --type totp --period 60 \\\n    \
        --digits 6 --algorithm sha1"
    )]
    Import(Box<import::Import>),
    /// Give a token that is nobody's to an account
    #[command(after_help = "Example:\n  wicketgate token assign 100200300 anna@contoso.com")]
    Assign {
        /// The id or serial number that `list` shows
        token: String,
        /// Any name of the account
        name: String,
    },
    /// Take a token from its owner; what was let in by it is put out within two seconds
    #[command(after_help = "Example:\n  wicketgate token unassign 100200300")]
    Unassign(Called),
    /// Find out where a token is that has wandered off, by two codes that follow each other
    #[command(after_help = "Example:\n  wicketgate token resync 100200300 492039 118823")]
    Resync {
        #[arg(help = CALLED)]
        token: String,
        /// One code
        first: String,
        /// The code that the token shows next
        second: String,
    },
    /// Try a code of a token: exit status 0 where it is right; it is spent then
    #[command(
        after_help = "Examples:\n  wicketgate token test anna@contoso.com 492039\n  \
        wicketgate token test 100200300 492039"
    )]
    Test(Typed),
    /// Take no code of a token any more; what was let in by it is put out within two seconds
    #[command(after_help = "Example:\n  wicketgate token block 100200300")]
    Block(Called),
    /// Take the codes of a token again, and forget its wrong ones
    #[command(after_help = "Example:\n  wicketgate token unblock 100200300")]
    Unblock(Called),
    /// Remove a token; what was let in by it is put out within two seconds
    #[command(after_help = "Example:\n  wicketgate token remove 100200300")]
    Remove(Called),
}

/// A new token.
#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// Any name of the account
    name: String,
    /// What its owner calls it
    #[arg(long, default_value = "phone")]
    label: String,
    /// Who gives it out, as the phone shows it
    #[arg(long, default_value = "Wicketgate")]
    issuer: String,
    /// The hash function; not every app on a phone knows another than sha1
    #[arg(long, value_enum, default_value_t = Hash::Sha1)]
    algorithm: Hash,
    /// How many digits a code has: 6, 7 or 8
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(6..=8))]
    digits: u8,
    /// How many seconds a code is shown: 30 or 60
    #[arg(long, default_value = "30", value_parser = ["30", "60"], conflicts_with = "counter")]
    period: String,
    /// Make one that a button moves on (HOTP), and not the time
    #[arg(long)]
    counter: bool,
    /// Print the URI alone
    #[arg(long)]
    no_qr: bool,
}

/// A hash function.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// A token.
#[derive(Debug, Args)]
pub(crate) struct Called {
    #[arg(help = CALLED)]
    token: String,
}

/// A token and a code of it.
#[derive(Debug, Args)]
pub(crate) struct Typed {
    #[arg(help = CALLED)]
    token: String,
    /// The code; it is asked for where it is left out
    code: Option<String>,
}

#[derive(Serialize)]
struct Enrolled {
    #[serde(flatten)]
    record: OtpToken,
    uri: String,
}

/// Does it.
///
/// # Errors
///
/// A name leads nowhere, a code is not right, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::Enrol(enrol) => make(&desk, enrol, output).await,
        Verb::List { name } => list(&desk, name.as_deref(), output).await,
        Verb::Import(order) => import::run(&desk, *order, output).await,
        Verb::Assign { token, name } => {
            let assigned = desk.assign_token(&token, &name).await?;
            said(&assigned, &format!("is {name}'s"), output)
        }
        Verb::Confirm(typed) => {
            let code = typed.code()?;
            let done = desk
                .with_token(&typed.token, TokenOrder::Confirm(&code))
                .await?;
            said(&done, "is confirmed: its codes are taken", output)
        }
        Verb::Test(typed) => {
            let code = typed.code()?;
            let done = desk
                .with_token(&typed.token, TokenOrder::Test(&code))
                .await?;
            said(&done, "made that code, which is spent with this", output)
        }
        Verb::Resync {
            token,
            first,
            second,
        } => {
            let order = TokenOrder::Resync([&first, &second]);
            let done = desk.with_token(&token, order).await?;
            said(&done, "is found; both codes are spent", output)
        }
        Verb::Unassign(it) => {
            let done = desk.with_token(&it.token, TokenOrder::Unassign).await?;
            said(&done, "is nobody's", output)
        }
        Verb::Block(it) => {
            let done = desk.with_token(&it.token, TokenOrder::Block).await?;
            said(&done, "is blocked", output)
        }
        Verb::Unblock(it) => {
            let done = desk.with_token(&it.token, TokenOrder::Unblock).await?;
            said(
                &done,
                "is not blocked, and its wrong codes are forgotten",
                output,
            )
        }
        Verb::Remove(it) => {
            let done = desk.with_token(&it.token, TokenOrder::Remove).await?;
            said(&done, "is removed", output)
        }
    }
}

impl Typed {
    fn code(&self) -> Result<String, CliError> {
        match &self.code {
            Some(code) => Ok(code.clone()),
            None => Ok(hidden::password("the code")?.expose().clone()),
        }
    }
}

async fn make(desk: &Desk, enrol: Enrol, output: &Output) -> Result<(), CliError> {
    let mut order = tokens::of_a_phone(enrol.label, enrol.issuer);
    order = Enrolling {
        algorithm: match enrol.algorithm {
            Hash::Sha1 => Algorithm::Sha1,
            Hash::Sha256 => Algorithm::Sha256,
            Hash::Sha512 => Algorithm::Sha512,
        },
        digits: Digits::of(enrol.digits).unwrap_or(order.digits),
        kind: match (enrol.counter, enrol.period.as_str()) {
            (true, _) => TokenKind::Hotp,
            (false, "60") => TokenKind::Totp {
                period: Period::of(60).unwrap_or(Period::HALF_A_MINUTE),
            },
            (false, _) => order.kind,
        },
        ..order
    };
    let (record, uri) = desk.enrol_token(&enrol.name, order).await?;
    let drawn = match enrol.no_qr {
        true => None,
        false => Some(drawn(&uri)?),
    };
    let enrolled = Enrolled {
        record,
        uri: uri.written().expose().clone(),
    };
    output.print(&enrolled, |enrolled| {
        let id = &enrolled.record.id.0;
        format!(
            "{}{}\n\nThis is shown once; whoever sees it has the token. Scan it, then type the first \
             code:\n  wicketgate token confirm {id} CODE",
            drawn.map(|drawn| drawn + "\n").unwrap_or_default(),
            enrolled.uri
        )
    })
}

/// A URI as a terminal of light letters on a dark ground shows it to a camera.
fn drawn(uri: &KeyUri) -> Result<String, CliError> {
    let written = uri.written();
    let code = QrCode::new(written.expose().as_bytes()).map_err(|error| {
        let message = format!("the URI does not fit a QR code: {error}; --no-qr prints it alone");
        CliError::usage(message)
    })?;
    let mut renderer = code.render::<Dense1x2>();
    renderer
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark);
    Ok(renderer.build())
}

async fn list(desk: &Desk, name: Option<&str>, output: &Output) -> Result<(), CliError> {
    let owners = desk.owners().await?;
    if let Some(name) = name {
        let tokens = desk.tokens_of(name).await?;
        return output.list(&tokens, "there are no tokens", |it| line(it, &owners));
    }
    let mut page = desk.tokens_after(None).await?;
    output.list(&page, "there are no tokens", |it| line(it, &owners))?;
    while let Some(last) = page.pop() {
        page = desk.tokens_after(Some(&last)).await?;
        if !page.is_empty() {
            output.list(&page, "", |it| line(it, &owners))?;
        }
    }
    Ok(())
}

fn said(token: &OtpToken, what: &str, output: &Output) -> Result<(), CliError> {
    output.print(token, |token| {
        let called = token.serial.as_ref().unwrap_or(&token.id.0);
        format!("the token {called} ({}) {what}", token.label)
    })
}

fn line(token: &OtpToken, owners: &BTreeMap<AccountId, String>) -> String {
    let owner = match &token.account {
        Some(id) => owners.get(id).unwrap_or(&id.0),
        None => "nobody's",
    };
    let kind = match token.kind {
        TokenKind::Totp { period } => format!("TOTP {} s", period.seconds()),
        TokenKind::Hotp => "HOTP".to_owned(),
    };
    let state = match token.state {
        TokenState::Pending => "pending",
        TokenState::Active if token.is_exhausted() => "too many wrong codes",
        TokenState::Active => "active",
        TokenState::Blocked => "blocked",
    };
    let used = match token.last_used {
        Some(at) => format!("last used {}", day(at)),
        None => "never used".to_owned(),
    };
    let (serial, digits) = (token.serial.as_deref().unwrap_or("-"), token.digits.count());
    format!(
        "{}  {serial}  {}  {owner}  {kind} {digits} digits {}  {state}  {used}",
        token.id.0,
        token.label,
        token.algorithm.as_str()
    )
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
