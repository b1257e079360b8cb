//! A line of a CSV list, and how it becomes a token.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::columns::{Column, Layout, Table, YUBIKEY_KINDS};
use super::fields::{Field, split};
use super::seed::Encoding;
use super::{Fault, ImportedToken, LineError, MAX_COUNTER, algorithm, number, text};
use crate::otp::{Algorithm, Digits, Moving, Period, Seed};

/// What is so for all tokens of a list, where no column says it.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// How seeds are written.
    pub encoding: Option<Encoding>,
    /// HOTP or TOTP.
    pub kind: Option<Kind>,
    /// How many digits a code has.
    pub digits: Option<Digits>,
    /// The period of TOTP.
    pub period: Option<Period>,
    /// The hash function.
    pub algorithm: Option<Algorithm>,
    /// Who made them.
    pub manufacturer: Option<String>,
}

/// HOTP or TOTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A button moves it on.
    Hotp,
    /// The time moves it on.
    Totp,
}

impl Kind {
    /// The kind of a word, as vendors write it.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word
            .to_ascii_lowercase()
            .replace([' ', '-', '_'], "")
            .as_str()
        {
            "hotp" | "oathhotp" | "event" | "eventbased" => Some(Self::Hotp),
            "totp" | "oathtotp" | "time" | "timebased" => Some(Self::Totp),
            _ => None,
        }
    }
}

/// Reads a line.
pub(super) fn token(line: &str, table: &Table, stated: &Stated) -> Result<ImportedToken, Fault> {
    let fields = split(line, table.separator)?;
    let (got, expected) = (fields.len(), table.columns.len());
    if got != expected {
        return Err((1, LineError::Fields { got, expected }));
    }
    let line = Line {
        fields,
        table,
        stated,
    };
    line.is_of_oath()?;
    let kind = line.kind()?;
    Ok(ImportedToken {
        serial: line.serial()?,
        manufacturer: match line.words(Column::Manufacturer)? {
            Some(manufacturer) => Some(manufacturer),
            None => line.stated.manufacturer.clone(),
        },
        moving: line.moving(kind)?,
        algorithm: line.algorithm()?,
        digits: line.digits()?,
        seed: line.seed()?,
        valid_from: line.date(Column::ValidFrom)?,
        valid_until: line.date(Column::ValidUntil)?,
        account: line.words(Column::Account)?,
    })
}

/// A line that was split, with all that says what it means.
struct Line<'t> {
    fields: Vec<Field<'t>>,
    table: &'t Table,
    stated: &'t Stated,
}

impl Line<'_> {
    /// The field of a column and where it begins; nothing where there is no such column or it is empty.
    fn field(&self, column: Column) -> Option<(usize, &str)> {
        let mut columns = self.table.columns.iter();
        let at = columns.position(|it| it.title() == column.title())?;
        let field = self.fields.get(at)?;
        let text = field.text.trim();
        (!text.is_empty()).then_some((field.column, text))
    }

    /// Reads a field, if it is there.
    fn read<T>(
        &self,
        column: Column,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some((at, text)) = self.field(column) else {
            return Ok(None);
        };
        let what = column.title();
        let wrong = (at, LineError::Wrong { what, expected });
        read(text).map(Some).ok_or(wrong)
    }

    fn words(&self, column: Column) -> Result<Option<String>, Fault> {
        self.read(column, "a text of at most 100 characters", text)
    }

    fn is_of_oath(&self) -> Result<(), Fault> {
        let field = self.field(Column::Kind);
        match field.filter(|_| self.table.layout == Layout::Yubikey) {
            None => Ok(()),
            Some((_, "OATH-HOTP")) => self.has_only_known_settings(),
            Some((at, got)) => {
                // Nothing but a word that is known is repeated: where columns are shifted, this is a seed.
                let got = YUBIKEY_KINDS.into_iter().find(|it| *it == got);
                let got = got.unwrap_or("something else");
                Err((at, LineError::Yubikey { got }))
            }
        }
    }

    /// UNCONFIRMED: what a YubiKey's log says behind the digits is 0 in every one that we have seen.
    fn has_only_known_settings(&self) -> Result<(), Fault> {
        let is_digits = |column: &Column| *column == Column::Digits;
        let digits = self.table.columns.iter().position(is_digits);
        let settings = self
            .fields
            .iter()
            .skip(digits.map_or(0, |at| at.saturating_add(1)));
        match settings.into_iter().find(|field| field.text.trim() != "0") {
            None => Ok(()),
            Some(field) => Err((
                field.column,
                LineError::Wrong {
                    what: "setting",
                    expected: "0, as in every log that is known",
                },
            )),
        }
    }

    fn serial(&self) -> Result<String, Fault> {
        let (at, given) = self
            .field(Column::Serial)
            .ok_or((1, LineError::Empty("serial number")))?;
        // INTEROP: Excel shows 2600215704919 as 2.60022E+12 and saves what it shows.
        let rounded = given.replace(',', ".");
        let rounded = rounded
            .split_once("E+")
            .filter(|(digits, _)| digits.contains('.'));
        if rounded.is_some_and(|(digits, power)| {
            number(&digits.replace('.', "")).is_some() && number(power).is_some()
        }) {
            return Err((at, LineError::Rounded));
        }
        let serial = self.words(Column::Serial)?;
        serial.ok_or((at, LineError::Empty("serial number")))
    }

    fn kind(&self) -> Result<Kind, Fault> {
        let said = self.read(Column::Kind, "HOTP or TOTP", Kind::named)?;
        let has = |column: Column| self.table.columns.contains(&column);
        // A column of nothing but periods, or of nothing but counters, says what the tokens are.
        let by_columns = match (has(Column::Period), has(Column::Counter)) {
            (true, false) => Some(Kind::Totp),
            (false, true) => Some(Kind::Hotp),
            _ => None,
        };
        let kind = said.or(by_columns).or(self.stated.kind);
        kind.ok_or((1, LineError::Unsaid("type, HOTP or TOTP")))
    }

    fn moving(&self, kind: Kind) -> Result<Moving, Fault> {
        match kind {
            Kind::Hotp => {
                let counter = |it: &str| number(it).filter(|it| *it <= MAX_COUNTER);
                let expected = "a counter that a button reaches";
                let said = self.read(Column::Counter, expected, counter)?;
                let said = match said {
                    Some(said) => Some(said),
                    None => self.read(Column::Factor, expected, counter)?,
                };
                // A button that nobody has pressed.
                Ok(Moving::Counter(said.unwrap_or_default()))
            }
            Kind::Totp => {
                let period =
                    |it: &str| number(it).and_then(|it| Period::of(u32::try_from(it).ok()?));
                let expected = "30 or 60 seconds";
                let said = self.read(Column::Period, expected, period)?;
                let said = match said {
                    Some(said) => Some(said),
                    None => self.read(Column::Factor, expected, period)?,
                };
                let said = said.or(self.stated.period);
                said.map(Moving::Time)
                    .ok_or((1, LineError::Unsaid("period")))
            }
        }
    }

    fn algorithm(&self) -> Result<Algorithm, Fault> {
        let said = self.read(Column::Algorithm, "SHA1, SHA256 or SHA512", algorithm)?;
        let by_layout = match self.table.layout {
            Layout::Entra | Layout::Yubikey => Some(Algorithm::Sha1),
            Layout::Any => None,
        };
        let algorithm = said.or(self.stated.algorithm).or(by_layout);
        algorithm.ok_or((1, LineError::Unsaid("algorithm")))
    }

    fn digits(&self) -> Result<Digits, Fault> {
        let digits = |it: &str| number(it).and_then(|it| Digits::of(u8::try_from(it).ok()?));
        let said = self.read(Column::Digits, "6, 7 or 8", digits)?;
        let by_layout = match self.table.layout {
            Layout::Entra => Some(Digits::SIX),
            Layout::Yubikey | Layout::Any => None,
        };
        let digits = said.or(self.stated.digits).or(by_layout);
        digits.ok_or((1, LineError::Unsaid("number of digits")))
    }

    fn seed(&self) -> Result<Seed, Fault> {
        let (at, given) = self
            .field(Column::Seed(None))
            .ok_or((1, LineError::Empty("seed")))?;
        let by_column = self.table.columns.iter().find_map(|column| match column {
            Column::Seed(encoding) => *encoding,
            _ => None,
        });
        let by_layout = match self.table.layout {
            Layout::Entra => Some(Encoding::Base32),
            Layout::Yubikey | Layout::Any => None,
        };
        let encoding = by_column.or(self.stated.encoding).or(by_layout);
        let encoding = encoding.ok_or((at, LineError::Unsaid("encoding of the seed")))?;
        let wrong = LineError::Wrong {
            what: "seed",
            expected: encoding.expected(),
        };
        let bytes = encoding.read(given).ok_or((at, wrong))?;
        Seed::of(bytes.to_vec()).map_err(|error| (at, error.into()))
    }

    /// A day begins at midnight UTC; the last day counts as a whole.
    fn date(&self, column: Column) -> Result<Option<Timestamp>, Fault> {
        self.read(column, "a date such as 2026-05-01", |given| {
            if given.contains('T') {
                return given.parse().ok();
            }
            let day: Date = given
                .parse()
                .ok()
                .filter(|_| given.len() == "2026-05-01".len())?;
            let day = match column {
                Column::ValidUntil => day.tomorrow().ok()?,
                _ => day,
            };
            Offset::UTC
                .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
                .ok()
        })
    }
}
