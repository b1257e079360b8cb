//! Which column of a CSV list says what: by its first line, by the layout of a vendor, or as it was given.

use super::fields::{Separator, split};
use super::seed::Encoding;
use super::{MAX_LINE, Reading};

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The serial number.
    Serial,
    /// The seed, in an encoding that the column's name says or not.
    Seed(Option<Encoding>),
    /// HOTP or TOTP.
    Kind,
    /// How many digits a code has.
    Digits,
    /// The period of TOTP.
    Period,
    /// The first counter of HOTP.
    Counter,
    /// The period of TOTP or the first counter of HOTP.
    Factor,
    /// The hash function.
    Algorithm,
    /// Who made it.
    Manufacturer,
    /// Whose it is to be.
    Account,
    /// From when on it is good.
    ValidFrom,
    /// Until when it is good.
    ValidUntil,
    /// Nothing that matters here.
    Ignored,
}

/// Why the columns of a list are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// The first line is no heading that is known, and nobody says the columns.
    #[error(
        "line 1 has no headings for a serial number and a seed: add a line such as `serial,seed hex,type,digits,period`, \
         or say the columns"
    )]
    NoHeading,
    /// A column of the heading is not known.
    #[error(
        "line 1, column {column}: nobody knows the heading `{got}`: rename it, or say the columns and `-` for it; known \
         are {KNOWN}"
    )]
    Unknown {
        /// Where it stands.
        column: usize,
        /// What it is called.
        got: String,
    },
    /// Two columns say the same.
    #[error("two columns are of the {0}")]
    Twice(&'static str),
    /// A column that must be there is not.
    #[error("no column is of the {0}")]
    Missing(&'static str),
    /// Columns that say against each other what the tokens are.
    #[error("a column of counters and one of periods need one of types beside them")]
    CounterAndPeriod,
    /// What stands between fields does not show.
    #[error(
        "line 1 does not show what stands between fields: a comma, a semicolon or a tab, and only one of them"
    )]
    Separator,
    /// The first line cannot be split.
    #[error("line 1, column {column}: it cannot be read as CSV")]
    FirstLine {
        /// Where.
        column: usize,
    },
}

/// The headings that messages name.
const KNOWN: &str = "serial, seed (hex, base32 or base64), type, digits, period, counter, algorithm, manufacturer, \
                     upn, start date, expiry date, model";

impl Column {
    /// The column of a heading, in any case of letters and whatever stands between its words; `-` is none that
    /// matters.
    #[must_use]
    pub fn named(heading: &str) -> Option<Self> {
        if heading.trim() == "-" {
            return Some(Self::Ignored);
        }
        let word: String = heading
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|it| it.to_ascii_lowercase())
            .collect();
        let simple = HEADINGS
            .iter()
            .find(|(names, _)| names.contains(&word.as_str()));
        if let Some((_, column)) = simple {
            return Some(*column);
        }
        let (seed, encoding) = ENCODINGS.iter().find_map(|(name, encoding)| {
            let seed = word
                .strip_suffix(name)
                .or_else(|| word.strip_prefix(name))?;
            Some((seed, *encoding))
        })?;
        SEEDS.contains(&seed).then_some(Self::Seed(Some(encoding)))
    }

    /// What it is called in messages.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Serial => "serial number",
            Self::Seed(_) => "seed",
            Self::Kind => "type",
            Self::Digits => "number of digits",
            Self::Period => "period",
            Self::Counter => "counter",
            Self::Factor => "counter or period",
            Self::Algorithm => "algorithm",
            Self::Manufacturer => "manufacturer",
            Self::Account => "user",
            Self::ValidFrom => "start date",
            Self::ValidUntil => "expiry date",
            Self::Ignored => "column that does not matter",
        }
    }
}

/// What columns are called, without their encoding.
const HEADINGS: [(&[&str], Column); 11] = [
    (
        &[
            "serial",
            "serialnumber",
            "serialno",
            "sn",
            "tokenserial",
            "tokenserialnumber",
            "tokensn",
        ],
        Column::Serial,
    ),
    (SEEDS, Column::Seed(None)),
    (&["type", "kind", "tokentype", "otptype"], Column::Kind),
    (
        &["digits", "otplength", "otpdigits", "codelength", "length"],
        Column::Digits,
    ),
    (
        &["period", "timeinterval", "timestep", "interval", "step"],
        Column::Period,
    ),
    (
        &["counter", "movingfactor", "eventcounter"],
        Column::Counter,
    ),
    (
        &["algorithm", "hash", "hashfunction", "hashalgorithm"],
        Column::Algorithm,
    ),
    (&["manufacturer", "vendor"], Column::Manufacturer),
    (
        &["upn", "user", "username", "userprincipalname"],
        Column::Account,
    ),
    (&["startdate", "validfrom"], Column::ValidFrom),
    (
        &["expirydate", "expirationdate", "validuntil"],
        Column::ValidUntil,
    ),
];
/// What a seed is called.
const SEEDS: &[&str] = &[
    "seed",
    "secret",
    "secretkey",
    "key",
    "otpkey",
    "tokenseed",
    "seedvalue",
];
/// What stands before or behind the name of a seed.
const ENCODINGS: [(&str, Encoding); 5] = [
    ("hex", Encoding::Hex),
    ("base32", Encoding::Base32),
    ("b32", Encoding::Base32),
    ("base64", Encoding::Base64),
    ("b64", Encoding::Base64),
];
/// Headings of what does not matter here.
const IGNORED: [&str; 6] = [
    "model",
    "product",
    "batch",
    "order",
    "comment",
    "description",
];

/// The columns of a list, and what is known of all its lines.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) separator: Separator,
    pub(super) layout: Layout,
    has_heading: bool,
}

/// Which vendor's list it is, which says what its columns do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Anybody's.
    Any,
    /// Microsoft Entra's, for its hardware tokens: TOTP, SHA-1, six digits, base 32.
    Entra,
    /// The log of the YubiKey Personalization Tool in its traditional format: HOTP, SHA-1, hexadecimal digits.
    Yubikey,
}

impl Table {
    /// Finds out by the first line, unless it was given.
    pub(super) fn of(first: &str, reading: &Reading) -> Result<Self, ColumnsError> {
        let first = first.get(..MAX_LINE).unwrap_or(first);
        let separator = reading.separator.or_else(|| Separator::only_one_in(first));
        let separator = separator.ok_or(ColumnsError::Separator)?;
        let fields =
            split(first, separator).map_err(|(column, _)| ColumnsError::FirstLine { column })?;
        let named: Vec<Option<Column>> = fields
            .iter()
            .map(|it| Column::named(&it.text).or_else(|| ignored(&it.text)))
            .collect();
        let holds = |wanted: fn(&Column) -> bool| named.iter().flatten().any(wanted);
        let is_heading =
            holds(|it| *it == Column::Serial) && holds(|it| matches!(it, Column::Seed(_)));
        if let Some(columns) = &reading.columns {
            return Self::checked(columns.clone(), separator, Layout::Any, is_heading);
        }
        if !is_heading
            && fields
                .first()
                .is_some_and(|it| YUBIKEY_KINDS.contains(&&*it.text))
        {
            return Self::checked(YUBIKEY.to_vec(), separator, Layout::Yubikey, false);
        }
        if !is_heading {
            return Err(ColumnsError::NoHeading);
        }
        let columns = fields.iter().zip(named).map(|(field, column)| {
            column.ok_or_else(|| ColumnsError::Unknown {
                column: field.column,
                got: field
                    .text
                    .chars()
                    .filter(|it| !it.is_control())
                    .take(40)
                    .collect(),
            })
        });
        let columns: Vec<Column> = columns.collect::<Result<_, _>>()?;
        let words: Vec<String> = fields.iter().map(|it| it.text.to_lowercase()).collect();
        let is_entra = ENTRA
            .iter()
            .all(|name| words.iter().any(|word| word == name));
        let layout = if is_entra { Layout::Entra } else { Layout::Any };
        Self::checked(columns, separator, layout, true)
    }

    /// Whether the first line says the columns.
    pub(super) fn is_first_line_header(&self) -> bool {
        self.has_heading
    }

    fn checked(
        columns: Vec<Column>,
        separator: Separator,
        layout: Layout,
        has_heading: bool,
    ) -> Result<Self, ColumnsError> {
        let mut titles: Vec<&str> = Vec::new();
        for column in &columns {
            if *column != Column::Ignored && titles.contains(&column.title()) {
                return Err(ColumnsError::Twice(column.title()));
            }
            titles.push(column.title());
        }
        for needed in [Column::Serial, Column::Seed(None)] {
            if !titles.contains(&needed.title()) {
                return Err(ColumnsError::Missing(needed.title()));
            }
        }
        let has = |column: Column| titles.contains(&column.title());
        let both = has(Column::Counter) && has(Column::Period);
        if !has(Column::Kind) && (both || has(Column::Factor)) && layout == Layout::Any {
            return Err(ColumnsError::CounterAndPeriod);
        }
        Ok(Self {
            columns,
            separator,
            layout,
            has_heading,
        })
    }
}

fn ignored(heading: &str) -> Option<Column> {
    let is_ignored = IGNORED
        .iter()
        .any(|name| heading.eq_ignore_ascii_case(name));
    is_ignored.then_some(Column::Ignored)
}

/// The headings by which Entra's list is known; `upn` and `model` may stand beside them.
const ENTRA: [&str; 4] = [
    "serial number",
    "secret key",
    "time interval",
    "manufacturer",
];
/// What the lines of a YubiKey's log begin with.
pub(super) const YUBIKEY_KINDS: [&str; 5] = [
    "OATH-HOTP",
    "Yubico OTP",
    "Static Password",
    "Static Password: Scan Code",
    "Challenge-Response: HMAC-SHA1",
];
/// The columns of a YubiKey's log: what it makes, when, in which slot, public and private identity, secret, two
/// access codes, three settings, the digits of a code, and six settings.
const YUBIKEY: [Column; 18] = [
    Column::Kind,
    Column::Ignored,
    Column::Ignored,
    Column::Serial,
    Column::Ignored,
    Column::Seed(Some(Encoding::Hex)),
    Column::Ignored,
    Column::Ignored,
    Column::Ignored,
    Column::Ignored,
    Column::Ignored,
    Column::Digits,
    Column::Ignored,
    Column::Ignored,
    Column::Ignored,
    Column::Ignored,
    Column::Ignored,
    Column::Ignored,
];
