//! Every address of the API: what it asks for, what it answers, and which act it is. The dispatcher reads it, and the
//! OpenAPI document is made of it, so that neither can say what the other does not.

use authn::admin::role::Act;
use http::Method;

use super::fields::Holds::{Flag, Lines, Moment, OneOf, Text, Texts, Whole};
use super::fields::{Field, Shape, may, must};
use super::shapes::{
    ACCOUNT, APP_PASSWORD, DESTINATION, EVENT, INVITATION, ISSUED_TOKEN, JUDGED_TOKEN,
    MADE_APP_PASSWORD, MEMBER, ONESELF, PASSKEY, TEMPORARY_CODE, TOKEN,
};

/// Below what all of it is.
pub(crate) const BASE: &str = "/api/v1";
/// How many of a list are told at once, where nothing else is asked for.
pub(crate) const USUAL_PAGE: i64 = 50;
/// How many characters a token may have that is asked about, or the message that it came in.
pub(crate) const MAX_PRESENTED: usize = 512 * 1_024;
/// How many are told at once at the most.
pub(crate) const MAX_PAGE: i64 = 200;

/// What is done at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Document,
    Oneself,
    Accounts,
    Account,
    DisableAccount,
    EnableAccount,
    AppPasswords,
    MakeAppPassword,
    RevokeAppPassword,
    RevokeDevice,
    Passkeys,
    RemovePasskey,
    GiveTemporaryCode,
    EndTemporaryCode,
    Invite,
    Destinations,
    SetDestination,
    TokensOf,
    Tokens,
    Token,
    AssignToken,
    UnassignToken,
    BlockToken,
    UnblockToken,
    ResyncToken,
    TestToken,
    Audit,
    Farms,
    Drain,
    Undrain,
    IssuedToken,
    JudgeToken,
}

/// What an address answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answers {
    /// One value.
    One(&'static Shape),
    /// One that was made.
    Made(&'static Shape),
    /// A page of a list.
    Page(&'static Shape),
    /// Nothing but that it is done.
    Nothing,
    /// This document.
    Document,
}

/// A row.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) operation: Operation,
    /// What programs call it that are made of the document.
    pub(crate) id: &'static str,
    pub(crate) act: Act,
    pub(crate) says: &'static str,
    pub(crate) query: &'static [Field],
    pub(crate) body: &'static [Field],
    pub(crate) answers: Answers,
}

const fn row(
    (method, path): (&'static str, &'static str),
    (operation, id): (Operation, &'static str),
    act: Act,
    answers: Answers,
    says: &'static str,
) -> Endpoint {
    Endpoint {
        method,
        path,
        operation,
        id,
        act,
        says,
        query: match answers {
            Answers::Page(_) => PAGE,
            _ => &[],
        },
        body: &[],
        answers,
    }
}

impl Endpoint {
    const fn takes(mut self, body: &'static [Field]) -> Self {
        self.body = body;
        self
    }

    const fn asks(mut self, query: &'static [Field]) -> Self {
        self.query = query;
        self
    }
}

const AFTER: Field = may("after", Text(1_024), "The `next` of the page before.");
const COUNT: Field = may(
    "count",
    Whole(1, MAX_PAGE),
    "How many at the most; 50 where it is left out.",
);
const PAGE: &[Field] = &[AFTER, COUNT];

/// All addresses.
#[rustfmt::skip] // A row stands in as few lines as it has, so that the table can be read as one.
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    row(("GET", "/openapi.json"), (Operation::Document, "readDocument"), Act::SeeOneself,
        Answers::Document, "This document."),
    row(("GET", "/self"), (Operation::Oneself, "readOneself"), Act::SeeOneself,
        Answers::One(&ONESELF), "The token that asks, and what it may do."),
    row(("GET", "/accounts"), (Operation::Accounts, "listAccounts"), Act::ReadAccounts,
        Answers::Page(&ACCOUNT), "Accounts by their UPN, all or those that have something in a name.")
        .asks(&[may("search", Text(256), "What one of the names must have in it, in any case of letters."), AFTER, COUNT]),
    row(("GET", "/accounts/{account}"), (Operation::Account, "readAccount"), Act::ReadAccounts,
        Answers::One(&ACCOUNT), "One account."),
    row(("POST", "/accounts/{account}/disable"), (Operation::DisableAccount, "disableAccount"), Act::DisableAccount,
        Answers::One(&ACCOUNT), "Switches an account off; whatever it has open ends."),
    row(("POST", "/accounts/{account}/enable"), (Operation::EnableAccount, "enableAccount"), Act::EnableAccount,
        Answers::One(&ACCOUNT), "Releases an account."),
    row(("GET", "/accounts/{account}/app-passwords"), (Operation::AppPasswords, "listAppPasswords"),
        Act::ReadAppPasswords, Answers::Page(&APP_PASSWORD), "The app passwords of an account, without their secrets."),
    row(("POST", "/accounts/{account}/app-passwords"), (Operation::MakeAppPassword, "makeAppPassword"),
        Act::MakeAppPassword, Answers::Made(&MADE_APP_PASSWORD), "Makes an app password, which is shown once.")
        .takes(&[
            must("label", Text(100), "What it is called."),
            must("scope", Texts(20), "The services it opens."),
            may("device", Text(100), "The device it is for."),
            may("expires", Moment, "When it ends."),
        ]),
    row(("DELETE", "/accounts/{account}/app-passwords/{id}"), (Operation::RevokeAppPassword, "revokeAppPassword"),
        Act::RevokeAppPassword, Answers::Nothing, "Revokes an app password; whatever it has open ends. Twice is no error."),
    row(("DELETE", "/accounts/{account}/devices/{device}"), (Operation::RevokeDevice, "revokeDevice"),
        Act::RevokeAppPassword, Answers::Nothing, "Revokes whatever a device of an account has. Twice is no error."),
    row(("GET", "/accounts/{account}/passkeys"), (Operation::Passkeys, "listPasskeys"), Act::ReadPasskeys,
        Answers::Page(&PASSKEY), "The passkeys of an account."),
    row(("DELETE", "/accounts/{account}/passkeys/{id}"), (Operation::RemovePasskey, "removePasskey"),
        Act::RemovePasskey, Answers::Nothing, "Removes a passkey; whatever rests on it ends."),
    row(("POST", "/accounts/{account}/temporary-code"), (Operation::GiveTemporaryCode, "giveTemporaryCode"),
        Act::GiveTemporaryCode, Answers::Made(&TEMPORARY_CODE),
        "Gives somebody a code that stands in for a token, in the place of the one before; it is shown once.")
        .takes(&[
            may("minutes", Whole(1, 4_320), "How long it lasts; 480 where it is left out."),
            may("uses", Whole(1, 10), "How often it may be used; once where it is left out."),
        ]),
    row(("DELETE", "/accounts/{account}/temporary-code"), (Operation::EndTemporaryCode, "endTemporaryCode"),
        Act::GiveTemporaryCode, Answers::Nothing, "Takes a temporary code back. Twice is no error."),
    row(("POST", "/accounts/{account}/invitation"), (Operation::Invite, "invite"), Act::Invite,
        Answers::Made(&INVITATION), "Invites somebody to choose a secret and to enrol a token; an earlier invitation ends.")
        .takes(&[may("hours", Whole(1, 720), "How long it lasts; 72 where it is left out.")]),
    row(("GET", "/accounts/{account}/destinations"), (Operation::Destinations, "listDestinations"),
        Act::ReadDestinations, Answers::Page(&DESTINATION), "Where the codes of an account go, masked."),
    row(("PUT", "/accounts/{account}/destinations"), (Operation::SetDestination, "setDestination"),
        Act::SetDestination, Answers::One(&DESTINATION),
        "Sets where codes go. It gets the first one after 72 hours, and what was there before is told.")
        .takes(&[
            must("by", OneOf(&["sms", "mail"]), "By what codes go."),
            must("to", Text(254), "The number, as +46701234567, or the mail address."),
        ]),
    row(("GET", "/accounts/{account}/tokens"), (Operation::TokensOf, "listTokensOfAccount"), Act::ReadTokens,
        Answers::Page(&TOKEN), "The one-time code tokens of an account, without their seeds."),
    row(("GET", "/tokens"), (Operation::Tokens, "listTokens"), Act::ReadTokens,
        Answers::Page(&TOKEN), "All one-time code tokens, without their seeds."),
    row(("GET", "/tokens/{token}"), (Operation::Token, "readToken"), Act::ReadTokens,
        Answers::One(&TOKEN), "One token, by its id or serial number."),
    row(("POST", "/tokens/{token}/assign"), (Operation::AssignToken, "assignToken"), Act::AssignToken,
        Answers::One(&TOKEN), "Gives a token that is nobody's to an account.")
        .takes(&[must("account", Text(1_024), "Any name or the id of the account.")]),
    row(("POST", "/tokens/{token}/unassign"), (Operation::UnassignToken, "unassignToken"), Act::AssignToken,
        Answers::One(&TOKEN), "Takes a token from its owner; whatever rests on it ends."),
    row(("POST", "/tokens/{token}/block"), (Operation::BlockToken, "blockToken"), Act::BlockToken,
        Answers::One(&TOKEN), "Blocks a token; whatever rests on it ends."),
    row(("POST", "/tokens/{token}/unblock"), (Operation::UnblockToken, "unblockToken"), Act::BlockToken,
        Answers::One(&TOKEN), "Releases a token, and forgets its wrong codes."),
    row(("POST", "/tokens/{token}/resync"), (Operation::ResyncToken, "resyncToken"), Act::TryToken,
        Answers::One(&TOKEN), "Finds out where a token is, by two codes that follow each other.")
        .takes(&[
            must("first", Text(16), "The first code."),
            must("second", Text(16), "The code after it."),
        ]),
    row(("POST", "/tokens/{token}/test"), (Operation::TestToken, "testToken"), Act::TryToken,
        Answers::One(&TOKEN), "Tries a code of a token, and spends it.")
        .takes(&[must("code", Text(16), "The code.")]),
    row(("GET", "/audit"), (Operation::Audit, "listAudit"), Act::ReadAudit,
        Answers::Page(&EVENT), "The audit trail, from its beginning, all or what is asked for; a page may be short of events and have a `next`.")
        .asks(&[
            AFTER,
            COUNT,
            may("account", Text(1_024), "Only events about this account, by any name or its id."),
            may("event", Text(64), "Only events of this kind, as `refused`."),
            may("since", Moment, "Only events of this moment or later."),
        ]),
    row(("GET", "/farms"), (Operation::Farms, "listFarms"), Act::ReadFarms,
        Answers::Page(&MEMBER), "The members of all farms."),
    row(("POST", "/farms/{farm}/drain"), (Operation::Drain, "drain"), Act::DrainFarm,
        Answers::Page(&MEMBER), "Drains a member of a farm, or all; gives what is drained then.")
        .asks(&[])
        .takes(&[
            may("member", Text(512), "Which, by its address; all where it is left out."),
            may("force", Flag, "Whether the last one in use is drained, too."),
        ]),
    row(("POST", "/farms/{farm}/undrain"), (Operation::Undrain, "undrain"), Act::DrainFarm,
        Answers::Page(&MEMBER), "Gives a member back, or all of a farm.")
        .asks(&[])
        .takes(&[may("member", Text(512), "Which, by its address; all where it is left out.")]),
    row(("GET", "/ledger/{token}"), (Operation::IssuedToken, "readIssuedToken"), Act::ReadLedger,
        Answers::One(&ISSUED_TOKEN), "A token that we issued to a party, by what it calls itself (AssertionID, ID); what does not stand in the ledger we did not issue."),
    // A token is posted although nothing is changed: addresses are written down on their way.
    row(("POST", "/ledger/judge"), (Operation::JudgeToken, "judgeToken"), Act::ReadLedger,
        Answers::One(&JUDGED_TOKEN), "Says whether we issued a token, by its signature and the ledger; a forged one is audited.")
        .takes(&[must("token", Lines(MAX_PRESENTED), "The token, or the message that it came in, as XML.")]),
];

/// What a path of a request is, where any row has it.
#[derive(Debug)]
pub(crate) enum Found {
    /// A row, with what stands in the place of its names.
    Row(&'static Endpoint, Vec<String>),
    /// Rows of other methods.
    Others(String),
    /// None.
    None,
}

/// Finds the row of a request.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    let Some(segments) = path.strip_prefix(BASE).and_then(segments) else {
        return Found::None;
    };
    let mut others: Vec<&str> = Vec::new();
    for endpoint in ENDPOINTS {
        let Some(named) = named(endpoint.path, &segments) else {
            continue;
        };
        if endpoint.method == method.as_str() {
            return Found::Row(endpoint, named);
        }
        others.push(endpoint.method);
    }
    match others.is_empty() {
        true => Found::None,
        false => Found::Others(others.join(", ")),
    }
}

/// The names that stand in a path, in their order.
pub(crate) fn names(path: &str) -> impl Iterator<Item = &str> {
    let segments = path.split('/');
    segments.filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
}

fn named(path: &str, segments: &[String]) -> Option<Vec<String>> {
    let mut named = Vec::new();
    let mut wanted = path.split('/').skip(1);
    for segment in segments {
        let wanted = wanted.next()?;
        match wanted.starts_with('{') {
            true => named.push(segment.clone()),
            false if wanted == segment => {}
            false => return None,
        }
    }
    wanted.next().is_none().then_some(named)
}

/// The segments of a path, out of their encoding; the gate has seen to it that it has one reading.
fn segments(path: &str) -> Option<Vec<String>> {
    let segments = path.strip_prefix('/')?.split('/');
    segments.map(decoded).collect()
}

fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'%' => u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?,
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s73_every_act_has_an_address_and_every_address_one_act() {
        for act in Act::ALL {
            assert!(ENDPOINTS.iter().any(|it| it.act == act), "{act:?}");
        }
        for (at, one) in ENDPOINTS.iter().enumerate() {
            for other in ENDPOINTS.iter().skip(at + 1) {
                assert!((one.method, one.path) != (other.method, other.path));
                assert!(one.operation != other.operation && one.id != other.id);
            }
            let changes = one.method != "GET" && one.operation != Operation::JudgeToken;
            let reads = one.act.as_str().starts_with("read-") || one.act == Act::SeeOneself;
            assert_eq!(changes, !reads, "{}", one.path);
            assert!(!changes || one.query.is_empty(), "{}", one.path);
            assert!(one.body.is_empty() || one.method != "GET", "{}", one.path);
        }
    }

    #[test]
    fn a_path_is_found_by_its_row() {
        let found = |method, path: &str| match find(&method, path) {
            Found::Row(endpoint, named) => format!("{:?} {named:?}", endpoint.operation),
            Found::Others(others) => others,
            Found::None => "none".to_owned(),
        };
        let account = "/api/v1/accounts/anna%40contoso.com";
        assert_eq!(
            found(Method::GET, account),
            "Account [\"anna@contoso.com\"]"
        );
        assert_eq!(found(Method::POST, account), "GET");
        let one = format!("{account}/app-passwords/7");
        let revokes = "RevokeAppPassword [\"anna@contoso.com\", \"7\"]";
        assert_eq!(found(Method::DELETE, &one), revokes);
        for wrong in [
            "/",
            "/api/v1",
            "/api/v1/",
            "/api/v2/self",
            "/api/v1/self/",
            "/api/v1/self/x",
            "/api/v1//self",
            "/api/v1/accounts/",
            "/api/v1/accounts/%ff",
            "/api/v1/accounts/%4",
            "/api/v1/accounts/%00",
        ] {
            assert_eq!(found(Method::GET, wrong), "none", "{wrong}");
        }
    }
}
