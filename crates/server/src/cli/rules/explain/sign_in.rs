//! A sign-in of somebody for a relying party, walked stage by stage as the flow walks it, without a token at its end.

use std::path::Path;
use std::sync::Arc;

use authn::account::Account;
use authn::party::{Party, PartyName};
use authn::place::{ActivityId, Method};
use authn::sign_in::{At, Purpose, Requirement, is_fresh_enough_for};
use serde::Serialize;
use sts::flow::supposed::{For, Supposed, reaches};
use sts::pipeline::NotIssued;
use sts::token::carried::{Carried, CarriedAttribute, CarriedName};
use sts::trust::{
    Identifier, OwnDirectory, Purpose as Use, RelyingPartyTrust, SignatureAlgorithm, TokenType,
    TrustBook,
};

use super::stage::{Stage, Walk};
use super::stores::{Asked, Who};
use super::{Arguments, told};
use crate::cli::{CliError, Output};
use crate::clock;
use crate::config::{self, Settings, meant};
use crate::wiring::Desk;

/// Everything that is printed, as JSON has it.
#[derive(Serialize)]
pub(super) struct Walked {
    /// Who, as `DOMAIN\user`.
    pub(super) account: String,
    /// For which party, by its trust.
    pub(super) party: String,
    /// By which of its identifiers.
    pub(super) identifier: String,
    /// From which zone.
    pub(super) zone: String,
    /// From which address.
    pub(super) address: String,
    /// By what.
    pub(super) methods: Vec<Method>,
    /// Whose acceptance rules those are.
    pub(super) accepted_by: String,
    /// The stages, as far as it came.
    pub(super) stages: Vec<Stage>,
    /// What the token would say; nothing where there would be none.
    pub(super) token: Option<ShownToken>,
    /// Why there would be none.
    pub(super) refused: Option<String>,
}

/// What a token would say.
#[derive(Serialize)]
pub(super) struct ShownToken {
    /// What kind of token it is.
    pub(super) token_type: &'static str,
    /// Whom it names.
    pub(super) name: Option<ShownName>,
    /// How they signed in, by its statement.
    pub(super) method: Option<String>,
    /// The claims.
    pub(super) claims: Vec<ShownAttribute>,
}

/// The name of whom a token is about.
#[derive(Serialize)]
pub(super) struct ShownName {
    /// It.
    pub(super) name: String,
    /// Its format.
    pub(super) format: String,
}

/// One kind of claim of a token.
#[derive(Serialize)]
pub(super) struct ShownAttribute {
    #[serde(rename = "type")]
    pub(super) claim_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) original_issuer: Option<String>,
    pub(super) values: Vec<String>,
}

/// A relying party that was found, with the trusts around it.
pub(super) struct Found {
    book: TrustBook,
    trust: Arc<RelyingPartyTrust>,
    /// What it calls itself.
    pub(super) realm: Identifier,
}

/// Walks it and prints what happened.
pub(super) async fn run(
    config: &Path,
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    let settings = config::load(config)?;
    let (Some(name), Some(to)) = (&arguments.account, &arguments.to) else {
        return Err(CliError::usage(
            "say who by --account, and for which party by --to",
        ));
    };
    let asked = Asked::of(&arguments.stores, Some(&settings))?;
    let desk = Desk::of(&settings).await?;
    let found = party_of(&desk, to, output).await?;
    let account = desk.account(name).await?;
    let walked = walked(&settings, (&account, &found), (arguments, &asked)).await?;
    output.print(&walked, told::walked)?;
    match walked.refused {
        None => Ok(()),
        Some(why) => Err(CliError::refused(format!(
            "{} gets no token for `{}`: {why}",
            walked.account, walked.party
        ))),
    }
}

/// The relying party of a name or an identifier.
pub(super) async fn party_of(desk: &Desk, to: &str, output: &Output) -> Result<Found, CliError> {
    let (book, unread) = desk.trust_book().await?;
    for error in unread {
        output.remark(&format!(
            "a trust cannot be read, and gets no tokens: {error}"
        ));
    }
    let called = PartyName(to.to_owned());
    let is_called = |it: &&Arc<RelyingPartyTrust>| it.party().is_called(&called);
    let trust = book.relying_parties().find(is_called).cloned();
    let Some(trust) = trust else {
        let names = book.relying_parties().map(|it| it.name.as_str());
        let hint = match meant(to, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`wicketgate trust list` shows them".to_owned(),
        };
        let sentence = format!("no relying party trust is called `{to}`; {hint}");
        return Err(CliError::usage(sentence));
    };
    let named = trust.identifiers.iter().find(|it| it.as_str() == to);
    let realm = named.or(trust.identifiers.first()).cloned();
    let none = || CliError::refused(format!("the trust `{}` has no identifier", trust.name));
    let realm = realm.ok_or_else(none)?;
    Ok(Found { book, trust, realm })
}

/// Walks it, as far as it goes.
pub(super) async fn walked(
    settings: &Settings,
    (account, found): (&Account, &Found),
    (arguments, asked): (&Arguments, &Asked),
) -> Result<Walked, CliError> {
    let identity = settings.sts.as_ref().ok_or_else(|| {
        CliError::usage("there is no [sts] in the configuration, and so nobody gets a token")
    })?;
    let place = &arguments.place;
    let party = found.trust.party();
    let mut supposed = Supposed {
        account,
        methods: &place.methods,
        zone: &place.zone,
        source: place.address,
        user_agent: place.user_agent.as_deref(),
        now: clock::now(),
    };
    let methods = match place.methods.is_empty() {
        true => asked_for(settings, &supposed, &party),
        false => place.methods.clone(),
    };
    supposed.methods = &methods;
    let who = Who {
        account: Some(account),
        party: Some(&found.realm),
    };
    let walk = Walk::new(asked, who);
    let stores = asked.themselves(who, &found.realm);
    let said = supposed.said(For {
        identity,
        book: &found.book,
        trust: &found.trust,
        stores: &stores,
        observer: &walk,
    });
    let said = said.await;
    let stages = walk.stages(&found.trust);
    let before = stopped(settings, (&supposed, &party), found);
    let (token, refused) = match (before, said) {
        (Some(why), _) => (None, Some(why)),
        (None, Ok(carried)) => (Some(shown(carried)), None),
        (None, Err(error)) => (None, Some(why(&error, &stages))),
    };
    Ok(Walked {
        account: format!("{}\\{}", account.domain, account.sam),
        party: found.trust.name.clone(),
        identifier: found.realm.as_str().to_owned(),
        zone: place.zone.to_string(),
        address: place.address.to_string(),
        methods,
        accepted_by: match found.book.own_directory() {
            Ok(OwnDirectory::Trust(trust)) => format!("of the trust `{}`", trust.name),
            Ok(OwnDirectory::BuiltIn) => "built in, as our own directory has no trust".to_owned(),
            Err(shut) => format!("of nobody: {shut}"),
        },
        stages,
        token,
        refused,
    })
}

/// The first of what the page asks for by which somebody gets in there.
fn asked_for(settings: &Settings, supposed: &Supposed<'_>, party: &Party) -> Vec<Method> {
    let usual = vec![Method::MemorisedSecret, Method::OneTimeCode];
    let codes = [Method::OneTimeCode, Method::SentCode].map(Some);
    let codes = match Requirement::of(&settings.policy, supposed.zone, Purpose::token_for(party)) {
        Some(Requirement::Secret) => vec![None],
        _ => codes.to_vec(),
    };
    let secrets = [Method::MemorisedSecret, Method::AppPassword];
    let all = codes.into_iter();
    let mut all = all.flat_map(|code| secrets.map(|it| std::iter::once(it).chain(code).collect()));
    let lets_in = |methods: &Vec<Method>| {
        let supposed = Supposed {
            methods,
            ..*supposed
        };
        is_enough(settings, &supposed, party)
    };
    all.find(lets_in).unwrap_or(usual)
}

/// Whether the policy lets a sign-in go on to the party.
fn is_enough(settings: &Settings, supposed: &Supposed<'_>, party: &Party) -> bool {
    let at = At {
        zone: supposed.zone.clone(),
        source: supposed.source,
        agent: String::new(),
        activity: ActivityId(String::new()),
        session: None,
        now: supposed.now,
    };
    let session = supposed.session();
    let who = (&session, supposed.account);
    is_fresh_enough_for(who, &settings.policy, (&at, Purpose::token_for(party)))
}

/// Why the flow would not come as far as the rules of the party.
fn stopped(
    settings: &Settings,
    (supposed, party): (&Supposed<'_>, &Party),
    found: &Found,
) -> Option<String> {
    if let Err(reason) = supposed.account.may_sign_in() {
        let reason = serde_json::to_value(reason).unwrap_or_default();
        let reason = reason.as_str().unwrap_or_default();
        return Some(format!("the account may not sign in ({reason})"));
    }
    if let Err(error) = reaches(&found.book, &found.trust) {
        return Some(error.to_string());
    }
    let directory = supposed.account.directory.as_ref();
    if let Some(Err(error)) = directory.map(|it| it.must_be_fresh(supposed.now)) {
        return Some(error.to_string());
    }
    if let Some(why) = not_made(&found.trust) {
        return Some(why.to_owned());
    }
    (!is_enough(settings, supposed, party)).then(|| {
        let (name, zone, to) = (&supposed.account.upn, supposed.zone, &party.name);
        format!(
            "by the policy that is not enough to sign in for it; \
             `wicketgate policy explain --user {name} --from {zone} --to '{to}'` says what is"
        )
    })
}

/// Why no token is made for a party, whatever its rules say.
fn not_made(trust: &RelyingPartyTrust) -> Option<&'static str> {
    let certificate = trust.encryption_certificate.as_ref();
    let certificate = certificate.filter(|_| trust.encrypt_claims);
    if certificate.is_some_and(|it| !Use::Encryption.suits(it.der())) {
        return Some("the token cannot be encrypted with the certificate of the party");
    }
    let is_sha1 = trust.signature_algorithm == SignatureAlgorithm::RsaSha1;
    let is_taken_otherwise = trust.sha1_until.is_some();
    (is_sha1 && !is_taken_otherwise).then_some("the party wants SHA-1, by which nothing is signed")
}

/// Why the rules let nothing out, with the rule where one decided it.
fn why(error: &NotIssued, stages: &[Stage]) -> String {
    let decided = stages.last().and_then(|it| it.decided.as_ref());
    match (error, decided) {
        (NotIssued::Denied | NotIssued::NotPermitted, Some(decided)) => decided.clone(),
        (NotIssued::SecondFactor, Some(decided)) => {
            format!("{decided}; the page asks for one")
        }
        _ => error.to_string(),
    }
}

fn shown(carried: Carried) -> ShownToken {
    let name = |it: CarriedName| ShownName {
        name: it.name,
        format: it.format,
    };
    let attribute = |it: CarriedAttribute| ShownAttribute {
        claim_type: it.claim_type,
        original_issuer: it.original_issuer,
        values: it.values,
    };
    ShownToken {
        token_type: match carried.token_type {
            TokenType::Saml11 => "SAML 1.1",
            TokenType::Saml20 => "SAML 2.0",
        },
        name: carried.name.map(name),
        method: carried.method,
        claims: carried.attributes.into_iter().map(attribute).collect(),
    }
}
