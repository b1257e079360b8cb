//! `wicketgate token import`: the tokens of a vendor's file, all of them or none.

mod read;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use proto::seed_list::{ImportedToken, Separator};

use super::super::{CliError, Output};
use super::Hash;
use crate::wiring::{Desk, TokenImport};
use report::Report;

/// How often a long import says that it is not stuck.
const TICK: Duration = Duration::from_secs(2);

/// Tokens of a file.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file that the vendor sent
    file: PathBuf,
    /// What it is; seen from its beginning where this is left out
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only say what would be imported
    #[arg(long)]
    dry_run: bool,
    /// Import the good ones, though others are refused
    #[arg(long)]
    keep_good: bool,
    /// Give each token to the account that its line names
    #[arg(long)]
    assign: bool,
    /// Take tokens that expire one day, though their codes are taken after that day as well
    #[arg(long)]
    beyond_expiry: bool,
    /// The file with the pre-shared key of a PSKC file, in hexadecimal digits
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    key_file: Option<PathBuf>,
    /// The file with the password of a PSKC file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Take encrypted seeds without a MAC, though nobody would notice that they were altered
    #[arg(long)]
    without_mac: bool,
    #[command(flatten)]
    list: List,
}

/// What a CSV list does not say itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "What a CSV list does not say itself")]
struct List {
    /// Its columns, as `serial,seed,type,digits,period,counter,algorithm,manufacturer,upn`, and `-` for one that does not
    /// matter; `factor` is a counter or a period
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// What stands between its fields
    #[arg(long, value_enum)]
    separator: Option<Between>,
    /// How its seeds are written
    #[arg(long, value_enum)]
    encoding: Option<Written>,
    /// What its tokens are
    #[arg(long = "type", value_enum)]
    kind: Option<Kind>,
    /// How many digits a code has: 6, 7 or 8
    #[arg(long, value_parser = clap::value_parser!(u8).range(6..=8))]
    digits: Option<u8>,
    /// How many seconds a code is shown: 30 or 60
    #[arg(long, value_parser = ["30", "60"])]
    period: Option<String>,
    /// The hash function
    #[arg(long, value_enum)]
    algorithm: Option<Hash>,
    /// Who made them
    #[arg(long)]
    manufacturer: Option<String>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// XML of RFC 6030, plain or encrypted.
    Pskc,
    /// A table.
    Csv,
    /// `otpauth://` URIs, one a line.
    Otpauth,
}

/// What stands between fields.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Between {
    Comma,
    Semicolon,
    Tab,
}

impl From<Between> for Separator {
    fn from(between: Between) -> Self {
        match between {
            Between::Comma => Self::Comma,
            Between::Semicolon => Self::Semicolon,
            Between::Tab => Self::Tab,
        }
    }
}

/// How seeds are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Written {
    Hex,
    Base32,
    Base64,
}

/// What tokens are.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Hotp,
    Totp,
}

/// Does it.
///
/// # Errors
///
/// The file or some of it is not taken, or the store is unavailable; nothing was changed then.
pub(crate) async fn run(desk: &Desk, order: Import, output: &Output) -> Result<(), CliError> {
    let read = read::file(&order)?;
    for remark in &read.remarks {
        output.remark(remark);
    }
    let mut report = Report::of(&order.file, order.dry_run);
    let mut tokens = Vec::with_capacity(read.entries.len());
    for entry in read.entries {
        match entry {
            Ok(token) => tokens.push(token),
            Err(refused) => report.refuse(refused.place.to_string(), refused.why.to_string()),
        }
    }
    output.remark(&format!(
        "{} read, {} refused",
        report::counted(tokens.len()),
        report.refused()
    ));
    let hints = tokens
        .iter()
        .filter(|token| token.account.is_some())
        .count();
    if hints > 0 && !order.assign {
        output.remark(&format!(
            "the file names users for {hints} of them; --assign gives them to those"
        ));
    }
    if report.refused() > 0 && !order.keep_good {
        return report.fail(order.keep_good, output);
    }
    let outcome = imported(desk, tokens, &order, output).await?;
    outcome
        .refused
        .into_iter()
        .for_each(|(place, why)| report.refuse(place, why));
    report.imported = outcome.imported;
    if report.refused() > 0 && (!order.keep_good || report.imported == 0) {
        return report.fail(order.keep_good, output);
    }
    report.print(output)
}

/// Imports, and says every while that it goes on.
async fn imported(
    desk: &Desk,
    tokens: Vec<ImportedToken>,
    order: &Import,
    output: &Output,
) -> Result<crate::wiring::Imported, CliError> {
    let count = tokens.len();
    let import = TokenImport {
        tokens,
        is_dry: order.dry_run,
        keeps_good: order.keep_good,
        assigns: order.assign,
        forgets_expiry: order.beyond_expiry,
    };
    let mut import = std::pin::pin!(desk.import_tokens(import));
    let mut passed = Duration::ZERO;
    loop {
        match tokio::time::timeout(TICK, &mut import).await {
            Ok(done) => return done,
            Err(_) => {
                passed = passed.saturating_add(TICK);
                let seconds = passed.as_secs();
                output.remark(&format!(
                    "{} being written: {seconds} s so far",
                    report::counted(count)
                ));
            }
        }
    }
}
