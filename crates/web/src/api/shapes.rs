//! What answers say: the shape of each, beside what makes a value of it.
//!
//! SECURITY: a value is made of what is listed here and nothing else: no hash, no seed, no number that is not masked. What
//! is shown once ([`MADE_APP_PASSWORD`], [`TEMPORARY_CODE`], [`INVITATION`]) is kept nowhere.

use authn::account::{Account, AccountState};
use authn::admin::api_tokens::ApiToken;
use authn::admin::role::Act;
use authn::credential::app_password::AppPassword;
use authn::credential::otp_token::{OtpToken, TokenKind, TokenState};
use authn::credential::passkey::Passkey;
use authn::credential::sent_code::Destination;
use authn::ports::ChainedEvent;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sts::ledger::{Judged, LedgerEntry, Presented};

use super::fields::Holds::{Anything, Flag, Moment, OneOf, Text, Texts, Whole};
use super::fields::{Field, Shape, may, must};

/// The longest text that an answer may hold.
const LONG: usize = 4_096;
/// The most that one list within an answer may hold.
const SEVERAL: usize = 1_000;

const ID: Field = must("id", Text(LONG), "Its immutable id.");

/// Who asks.
pub(crate) const ONESELF: Shape = Shape {
    name: "Oneself",
    fields: &[
        ID,
        must("label", Text(LONG), "What the token is called."),
        must("role", Text(LONG), "Its role."),
        must("ends", Moment, "When it ends."),
        must("acts", Texts(SEVERAL), "What the role may do."),
    ],
};

pub(crate) fn oneself(token: &ApiToken) -> Value {
    let acts = Act::ALL.into_iter().filter(|act| token.role.may(*act));
    json!({
        "id": token.id.0,
        "label": token.label,
        "role": token.role.as_str(),
        "ends": token.ends.to_string(),
        "acts": acts.map(Act::as_str).collect::<Vec<_>>(),
    })
}

/// An account.
pub(crate) const ACCOUNT: Shape = Shape {
    name: "Account",
    fields: &[
        ID,
        must("name", Text(LONG), "Its Windows name, as CONTOSO\\anna."),
        must("upn", Text(LONG), "Its userPrincipalName."),
        may("sip_addresses", Texts(SEVERAL), "Its SIP URIs."),
        may("mail", Texts(SEVERAL), "Its mail addresses."),
        must(
            "state",
            OneOf(&["active", "disabled", "locked"]),
            "What an administrator made of it.",
        ),
        must(
            "may_sign_in",
            Flag,
            "Whether neither we nor the directory switched it off.",
        ),
        must(
            "is_from_directory",
            Flag,
            "Whether the directory is where it comes from.",
        ),
    ],
};

pub(crate) fn account(account: &Account) -> Value {
    let mut told = json!({
        "id": account.id.0,
        "name": format!("{}\\{}", account.domain, account.sam),
        "upn": account.upn,
        "state": match account.state {
            AccountState::Active => "active",
            AccountState::Disabled => "disabled",
            AccountState::Locked => "locked",
        },
        "may_sign_in": account.may_sign_in().is_ok(),
        "is_from_directory": account.directory.is_some(),
    });
    for (name, texts) in [
        ("sip_addresses", &account.sip_addresses),
        ("mail", &account.mail),
    ] {
        let texts = (!texts.is_empty()).then(|| json!(texts));
        beside(&mut told, name, texts);
    }
    told
}

const APP_PASSWORD_FIELDS: [Field; 10] = [
    ID,
    must("label", Text(LONG), "What it is called."),
    may("device", Text(LONG), "The device it was made for."),
    may(
        "seen_device",
        Text(LONG),
        "The id by which the device calls itself.",
    ),
    must("scope", Texts(SEVERAL), "The services it opens."),
    must("created", Moment, "When it was made."),
    may("expires", Moment, "When it ends."),
    may("last_used", Moment, "When it was used last."),
    may("last_used_from", Text(LONG), "From which address that was."),
    may("revoked", Moment, "When it was revoked."),
];

/// What is known of an app password.
pub(crate) const APP_PASSWORD: Shape = Shape {
    name: "AppPassword",
    fields: &APP_PASSWORD_FIELDS,
};

/// An app password that was just made.
pub(crate) const MADE_APP_PASSWORD: Shape = Shape {
    name: "MadeAppPassword",
    fields: &{
        let [a, b, c, d, e, f, g, h, i, j] = APP_PASSWORD_FIELDS;
        let shown = "The app password itself, shown this once.";
        [
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
            i,
            j,
            must("app_password", Text(LONG), shown),
        ]
    },
};

pub(crate) fn app_password(password: &AppPassword) -> Value {
    let scope: Vec<&str> = password.scope.iter().map(|it| &*it.0).collect();
    let mut told = json!({
        "id": password.id.0,
        "label": password.label,
        "scope": scope,
        "created": password.created.to_string(),
    });
    let text = |text: &Option<String>| text.clone().map(Value::from);
    beside(&mut told, "device", text(&password.device));
    beside(&mut told, "seen_device", text(&password.seen_device));
    beside(&mut told, "expires", password.expires.map(moment));
    beside(&mut told, "revoked", password.revoked.map(moment));
    let used = password.last_used;
    beside(&mut told, "last_used", used.map(|(at, _)| moment(at)));
    let from = used.map(|(_, from)| from.to_string().into());
    beside(&mut told, "last_used_from", from);
    told
}

/// A passkey.
pub(crate) const PASSKEY: Shape = Shape {
    name: "Passkey",
    fields: &[
        ID,
        must("label", Text(LONG), "What its owner calls it."),
        must("created", Moment, "When it was added."),
        may("last_used", Moment, "When it was used last."),
    ],
};

pub(crate) fn passkey(passkey: &Passkey) -> Value {
    let mut told = json!({
        "id": passkey.id.0,
        "label": passkey.label,
        "created": passkey.created.to_string(),
    });
    beside(&mut told, "last_used", passkey.last_used.map(moment));
    told
}

/// A one-time code token.
pub(crate) const TOKEN: Shape = Shape {
    name: "Token",
    fields: &[
        ID,
        may("serial", Text(LONG), "What is printed on it."),
        may("account", Text(LONG), "The id of the account whose it is."),
        must("label", Text(LONG), "What it is called."),
        must(
            "kind",
            OneOf(&["totp", "hotp"]),
            "What moves it on: time, or a button.",
        ),
        must(
            "state",
            OneOf(&["pending", "active", "blocked"]),
            "Whether its codes are taken.",
        ),
        must("created", Moment, "When it was enrolled or imported."),
        may("last_used", Moment, "When a code of it was accepted last."),
        must(
            "failures",
            Whole(0, 1_000_000),
            "How many wrong codes came in a row.",
        ),
    ],
};

pub(crate) fn token(token: &OtpToken) -> Value {
    let mut told = json!({
        "id": token.id.0,
        "label": token.label,
        "kind": match token.kind {
            TokenKind::Totp { .. } => "totp",
            TokenKind::Hotp => "hotp",
        },
        "state": match token.state {
            TokenState::Pending => "pending",
            TokenState::Active => "active",
            TokenState::Blocked => "blocked",
        },
        "created": token.created.to_string(),
        "failures": token.failures,
    });
    beside(&mut told, "serial", token.serial.clone().map(Value::from));
    let account = token.account.as_ref().map(|it| it.0.clone().into());
    beside(&mut told, "account", account);
    beside(&mut told, "last_used", token.last_used.map(moment));
    told
}

/// A code that was just given.
pub(crate) const TEMPORARY_CODE: Shape = Shape {
    name: "TemporaryCode",
    fields: &[
        must(
            "temporary_code",
            Text(LONG),
            "The code itself, shown this once.",
        ),
        must("ends", Moment, "When it ends."),
        must("uses", Whole(1, 10), "How often it may be used."),
    ],
};

/// An invitation that was just made.
pub(crate) const INVITATION: Shape = Shape {
    name: "Invitation",
    fields: &[
        must(
            "link",
            Text(LONG),
            "The address that its owner opens, shown this once.",
        ),
        must("ends", Moment, "When it ends."),
    ],
};

/// Where codes go.
pub(crate) const DESTINATION: Shape = Shape {
    name: "Destination",
    fields: &[
        must("by", OneOf(&["sms", "mail"]), "By what codes go."),
        must("to", Text(LONG), "Where to, masked."),
        must("set", Moment, "Since when."),
        may("held_until", Moment, "Until when it gets none."),
    ],
};

pub(crate) fn destination(destination: &Destination, now: Timestamp) -> Value {
    let mut told = json!({
        "by": destination.address.carrier().as_str(),
        "to": destination.address.masked(),
        "set": destination.set.to_string(),
    });
    let held = destination.is_held(now);
    let held = held.then(|| moment(destination.held_until));
    beside(&mut told, "held_until", held);
    told
}

/// An event of the audit trail.
pub(crate) const EVENT: Shape = Shape {
    name: "AuditEvent",
    fields: &[
        must("number", Whole(1, i64::MAX), "Its number in the trail."),
        must(
            "hash",
            Text(LONG),
            "Its hash, over its text and the hash before.",
        ),
        must("event", Anything, "What happened, as it is kept."),
    ],
};

pub(crate) fn event(event: &ChainedEvent) -> Value {
    let hash: String = event.hash.iter().map(|it| format!("{it:02x}")).collect();
    // What cannot be read any more is told as it is, in its place.
    let kept = serde_json::from_str::<Map<String, Value>>(&event.text);
    let kept = kept.map_or_else(|_| json!({ "text": event.text }), Value::Object);
    json!({ "number": event.number, "hash": hash, "event": kept })
}

/// A member of a farm.
pub(crate) const MEMBER: Shape = Shape {
    name: "FarmMember",
    fields: &[
        must("farm", Text(LONG), "Its farm."),
        must("member", Text(LONG), "Its address."),
        may(
            "weight",
            Whole(0, 1_000_000),
            "Its weight; not there where it is configured no longer.",
        ),
        must("is_drained", Flag, "Whether it is left alone."),
    ],
};

pub(crate) fn member((farm, member): (&str, &str), weight: Option<u32>, is_drained: bool) -> Value {
    let mut told = json!({ "farm": farm, "member": member, "is_drained": is_drained });
    beside(&mut told, "weight", weight.map(Value::from));
    told
}

const OF_ISSUED: [Field; 6] = [
    may("relying_party", Text(LONG), "To whom it was issued."),
    may(
        "account",
        Text(LONG),
        "The id of the account that it is about; not there where that is of another provider.",
    ),
    may("activity", Text(LONG), "The request that it was made for."),
    may("key", Text(LONG), "The id of the key that signed it."),
    may("issued_at", Moment, "When it was issued."),
    may("expires", Moment, "When it ends."),
];

/// A token that we issued.
pub(crate) const ISSUED_TOKEN: Shape = Shape {
    name: "IssuedToken",
    fields: &{
        let [a, b, c, d, e, f] = OF_ISSUED;
        let id = must("id", Text(LONG), "What it calls itself.");
        [id, a, b, c, d, e, f]
    },
};

/// What is said of a token that was presented.
pub(crate) const JUDGED_TOKEN: Shape = Shape {
    name: "JudgedToken",
    fields: &{
        let [a, b, c, d, e, f] = OF_ISSUED;
        [
            must("id", Text(LONG), "What it calls itself."),
            must(
                "verdict",
                OneOf(&["issued", "forged", "not-ours"]),
                "Whether we issued it; `forged`: a key of ours signed it and we did not, so somebody has a copy of the key.",
            ),
            a,
            b,
            c,
            d,
            e,
            f,
        ]
    },
};

pub(crate) fn issued_token(entry: &LedgerEntry) -> Value {
    let mut told = json!({
        "id": entry.token.0,
        "relying_party": entry.relying_party.as_str(),
        "activity": entry.activity.0,
        "key": entry.key.0,
        "issued_at": entry.issued.to_string(),
        "expires": entry.expires.to_string(),
    });
    let account = entry.account.as_ref().map(|it| it.0.clone().into());
    beside(&mut told, "account", account);
    told
}

pub(crate) fn judged_token(presented: &Presented, judged: &Judged) -> Value {
    let (verdict, mut told) = match judged {
        Judged::Issued(entry) => ("issued", issued_token(entry)),
        Judged::Forged { key } => ("forged", json!({ "key": key.0 })),
        Judged::NotOurs => ("not-ours", json!({})),
    };
    beside(&mut told, "id", Some(bounded(&presented.token.0)));
    beside(&mut told, "verdict", Some(verdict.into()));
    told
}

/// A text of somebody else's that is told no longer than an answer says.
fn bounded(text: &str) -> Value {
    text.chars().take(LONG).collect::<String>().into()
}

/// Puts a member beside the others, where there is any.
pub(crate) fn beside(told: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(told), Some(value)) = (told.as_object_mut(), value) {
        told.insert(name.to_owned(), value);
    }
}

fn moment(at: Timestamp) -> Value {
    at.to_string().into()
}
