//! `rules explain`: what is printed of a sign-in that is only walked, and how it ends.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::Parser;
use expect_test::expect_file;

use super::sign_in::{Walked, party_of, walked};
use super::stores::Asked;
use super::*;
use crate::cli::gate::Gate;
use crate::config;
use crate::wiring::Desk;

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

#[derive(Debug, clap::Parser)]
struct User {
    #[command(subcommand)]
    verb: crate::cli::user::Verb,
}

#[derive(Debug, clap::Parser)]
struct Trust {
    #[command(subcommand)]
    verb: crate::cli::trust::Verb,
}

const STS: &str = "[sts]\nhost = \"sts.contoso.com\"\nopaque_id_secret_file = \"opaque.secret\"\n\
    [[policy]]\nservices = [\"sts\"]\nmethods = [\"memorised-secret + one-time-code\", \"app-password + one-time-code\"]\n";
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const WINDOWS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname";
const AUTHORIZATION: &str = "http://schemas.microsoft.com/authorization/claims/";
const AUTHENTICATION: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod";
const MULTIPLE: &str = "http://schemas.microsoft.com/claims/multipleauthn";

fn permit() -> String {
    format!("=> issue(Type = \"{AUTHORIZATION}permit\", Value = \"true\");")
}

fn asks(store: &str, query: &str, parameters: &str) -> String {
    format!(
        "c:[Type == \"{WINDOWS}\"] => issue(store = \"{store}\", types = (\"urn:x\"), query = \"{query}\", {parameters});"
    )
}

fn opaque() -> String {
    let parameters = "param = \"ppid\", param = c.Value, param = c.OriginalIssuer";
    asks("_OpaqueIdStore", "{0};{1};{2}", parameters)
}

/// A gate with a token service, an account, and a relying party.
struct Office(Gate);

impl Office {
    async fn new() -> Self {
        let gate = Gate::new().await;
        let secret = gate.folder().join("opaque.secret");
        std::fs::write(&secret, SECRET).unwrap();
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
        let text = std::fs::read_to_string(gate.config()).unwrap();
        std::fs::write(gate.config(), format!("{text}{STS}")).unwrap();
        let office = Self(gate);
        let anna = [
            "user",
            "add",
            "CONTOSO\\anna",
            "--upn",
            "anna@contoso.com",
            "--sid",
            "S-1-5-21-1-2-3-1105",
            "--mail",
            "anna@contoso.com",
        ];
        let verb = User::try_parse_from(anna).unwrap().verb;
        let output = Output::new(true);
        crate::cli::user::run(&office.0.config(), verb, &output)
            .await
            .unwrap();
        office
    }

    /// The same with a party of these rules: for authorization, for additional authentication, and the claims that are sent.
    async fn with(rules: [&str; 3]) -> Self {
        let office = Self::new().await;
        office.trust(rules, "").await;
        office
    }

    async fn trust(&self, [authorization, additional, transform]: [&str; 3], more: &str) {
        let text = format!(
            "version = 1\n[[relying_party]]\nname = \"Payroll\"\nidentifiers = [\"urn:payroll\", \"urn:pay\"]\n\
            protocol_profile = \"WsFederation\"\nwsfed_endpoint = \"https://payroll.contoso.com/\"\n\
            issuance_authorization_rules = '''{authorization}'''\nadditional_authentication_rules = '''{additional}'''\n\
            issuance_transform_rules = '''{transform}'''\n{more}"
        );
        self.added(&text).await;
    }

    async fn added(&self, text: &str) {
        let file = self.file("trust.toml", text);
        let verb = Trust::try_parse_from(["trust", "add", &file]);
        let verb = verb.unwrap().verb;
        crate::cli::trust::run(&self.0.config(), verb, &Output::new(true))
            .await
            .unwrap();
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.0.folder().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    async fn explains(&self, words: &[&str]) -> Result<(), CliError> {
        let arguments = arguments(words)?;
        run(&self.0.config(), &arguments, &Output::new(true)).await
    }

    /// Walks a sign-in of Anna's for the party.
    async fn walks(&self, words: &[&str]) -> Walked {
        let both = ["--account", "anna@contoso.com", "--to", "Payroll"];
        let words = [both.as_slice(), words].concat();
        let arguments = arguments(&words).unwrap();
        let settings = config::load(&self.0.config()).unwrap();
        let desk = Desk::of(&settings).await.unwrap();
        let to = arguments.to.as_deref().unwrap();
        let found = party_of(&desk, to, &Output::new(true)).await.unwrap();
        let account = desk.account("anna@contoso.com").await.unwrap();
        let before = desk.trail_end().await;
        let asked = Asked::of(&arguments.stores, Some(&settings)).unwrap();
        let of = (&account, &found);
        let walked = walked(&settings, of, (&arguments, &asked)).await.unwrap();
        assert_eq!(desk.trail_end().await, before, "nothing is written down");
        walked
    }

    async fn refused(&self, words: &[&str]) -> String {
        let walked = self.walks(words).await;
        assert!(walked.token.is_none());
        walked.refused.unwrap()
    }
}

fn arguments(words: &[&str]) -> Result<Arguments, CliError> {
    let line = ["explain"].iter().chain(words);
    let line = Line::try_parse_from(line);
    let line = line.map_err(|error| CliError::usage(error.to_string()))?;
    Ok(line.arguments)
}

/// The claims of a token, each value with its type.
fn said(walked: &Walked) -> Vec<(&str, &str)> {
    let claims = walked.token.iter().flat_map(|it| &it.claims);
    let each = claims.flat_map(|it| {
        let values = it.values.iter();
        values.map(|value| (it.claim_type.as_str(), value.as_str()))
    });
    each.collect()
}

#[tokio::test]
async fn a_sign_in_is_read_aloud_stage_by_stage_like_this() {
    let permits = format!(
        "@RuleName = \"Whoever has a SID\"\nexists([Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid\"]) {}",
        permit()
    );
    let additional = format!(
        "c:[Type == \"http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork\", Value == \"false\"] => issue(Type = \"{AUTHENTICATION}\", Value = \"{MULTIPLE}\");"
    );
    let transform = [
        "c:[Type == \"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\"] => issue(claim = c);\n".to_owned(),
        asks("Active Directory", ";mail;{0}", "param = c.Value"),
    ]
    .concat();
    let office = Office::with([&permits, &additional, &transform]).await;
    // A trust of our own directory has fewer rules than are built in, and a moment in no claim of them.
    office
        .added(
            "version = 1\n[[claims_provider]]\nname = \"Active Directory\"\nidentifier = \"AD AUTHORITY\"\nis_local = true\n\
            acceptance_transform_rules = '''@RuleName = \"Names\"\nc:[Type =~ \"(windowsaccountname|upn|primarysid)$\"] => issue(claim = c);'''\n"
        )
        .await;
    let walked = office.walks(&[]).await;
    let begun = "authenticationinstant = ";
    let lines = told::walked(&walked);
    let lines = lines.lines().map(|line| match line.split_once(begun) {
        Some((before, after)) => {
            let by = after.split_once(" by ").map_or("", |it| it.1);
            format!("{before}{begun}NOW by {by}")
        }
        None => line.to_owned(),
    });
    let lines: Vec<String> = lines.collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules/sign_in.txt");
    expect_file![golden].assert_eq(&format!("{}\n", lines.join("\n")));
    let json = serde_json::to_value(&walked).unwrap();
    assert_eq!(
        json["stages"][1]["stage"],
        "additional authentication rules"
    );
    assert_eq!(json["stages"][3]["rules"][0]["outcome"], "ran");
    assert_eq!(json["refused"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_token_is_walked_by_any_name_of_somebody_and_of_the_party() {
    let office = Office::with([&permit(), "", "c:[Type == \"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\"] => issue(claim = c);"]).await;
    for (name, to) in [
        ("anna@contoso.com", "Payroll"),
        ("CONTOSO\\anna", "payroll"),
        ("anna", "urn:pay"),
    ] {
        assert_eq!(
            office.explains(&["--account", name, "--to", to]).await,
            Ok(()),
            "{name} {to}"
        );
    }
    let ben = office
        .explains(&["--account", "ben", "--to", "Payroll"])
        .await;
    assert!(
        matches!(&ben, Err(CliError::Refused(it)) if it.contains("no account is called `ben`")),
        "{ben:?}"
    );
    let party = office
        .explains(&["--account", "anna", "--to", "Payrol"])
        .await;
    assert!(
        matches!(&party, Err(CliError::Usage(it)) if it.contains("did you mean `Payroll`?")),
        "{party:?}"
    );
    for words in [
        ["--account", "anna"].as_slice(),
        &["--to", "Payroll"],
        &[],
        &["rules.txt"],
        &["rules.txt", "--claims", "x", "--method", "one-time-code"],
        &["--account", "anna", "--to", "Payroll", "--claims", "x"],
        &["--account", "anna", "--to", "Payroll", "--method", "magic"],
        &["--account", "anna", "--to", "Payroll", "--zone", ""],
    ] {
        let asked = office.explains(words).await;
        assert!(
            matches!(asked, Err(CliError::Usage(_))),
            "{words:?}: {asked:?}"
        );
    }
}

#[tokio::test]
async fn whoever_gets_no_token_is_told_by_which_rule() {
    let denies = format!(
        "{}\n@RuleName = \"Not Anna\"\nc:[Type == \"{WINDOWS}\", Value =~ \"anna$\"] => issue(Type = \"{AUTHORIZATION}Deny\", Value = \"true\");",
        permit()
    );
    let office = Office::with([&denies, "", ""]).await;
    assert_eq!(office.refused(&[]).await, "denied by rule 2 `Not Anna`");
    let ended = office
        .explains(&["--account", "anna", "--to", "Payroll"])
        .await;
    let sentence = "CONTOSO\\anna gets no token for `Payroll`: denied by rule 2 `Not Anna`";
    assert_eq!(ended, Err(CliError::refused(sentence)));

    let office = Office::with(["", "", ""]).await;
    assert_eq!(office.refused(&[]).await, "nothing permits a token");

    let wants = format!("=> issue(Type = \"{AUTHENTICATION}\", Value = \"{MULTIPLE}\");");
    let office = Office::with([&permit(), &wants, ""]).await;
    let walked = office.walks(&[]).await;
    let decided = walked.stages[1].decided.as_deref();
    assert_eq!(
        decided,
        Some("a second factor is wanted by rule 1, and one was proved")
    );
    assert_eq!(walked.refused, None);
}

#[tokio::test]
async fn what_the_policy_or_the_trust_says_before_any_rule_is_said() {
    let office = Office::with([&permit(), "", ""]).await;
    let alone = office.refused(&["--method", "memorised-secret"]).await;
    assert!(
        alone.contains("policy explain --user anna@contoso.com --from external --to 'Payroll'"),
        "{alone}"
    );
    let own = "version = 1\n[[claims_provider]]\nname = \"Active Directory\"\nidentifier = \"AD AUTHORITY\"\n\
        is_local = true\nis_enabled = false\n";
    office.added(own).await;
    assert_eq!(
        office.refused(&[]).await,
        "the claims provider trust `Active Directory` of our own directory is switched off"
    );
    let verb = Trust::try_parse_from(["trust", "disable", "Payroll"])
        .unwrap()
        .verb;
    crate::cli::trust::run(&office.0.config(), verb, &Output::new(true))
        .await
        .unwrap();
    assert_eq!(
        office.refused(&[]).await,
        "the relying party trust is switched off"
    );
    let verb = User::try_parse_from(["user", "disable", "anna@contoso.com"])
        .unwrap()
        .verb;
    crate::cli::user::run(&office.0.config(), verb, &Output::new(true))
        .await
        .unwrap();
    assert_eq!(
        office.refused(&[]).await,
        "the account may not sign in (account-disabled)"
    );
}

#[tokio::test]
async fn a_second_factor_that_a_policy_of_the_party_wants_and_nobody_proved_is_said() {
    let office = Office::new().await;
    let text = std::fs::read_to_string(office.0.config()).unwrap();
    let both = "methods = [\"memorised-secret + one-time-code\", \"app-password + one-time-code\"]";
    std::fs::write(
        office.0.config(),
        text.replace(both, "methods = [\"memorised-secret\"]"),
    )
    .unwrap();
    let mfa = "[relying_party.access_control_policy]\nname = \"Permit everyone and require MFA\"\n";
    office.trust(["", "", ""], mfa).await;
    let walked = office.walks(&[]).await;
    let methods: Vec<&str> = walked.methods.iter().map(|it| it.as_str()).collect();
    assert_eq!(
        methods,
        ["memorised-secret"],
        "the page asks for no more there"
    );
    let by = "the access control policy `Permit everyone and require MFA`";
    let expected =
        format!("a second factor is wanted by {by}, and none was proved; the page asks for one");
    assert_eq!(walked.refused, Some(expected));
    let proved = office
        .walks(&["--method", "memorised-secret", "--method", "one-time-code"])
        .await;
    let decided = proved.stages[2].decided.clone();
    assert_eq!(decided, Some(format!("permitted by {by}")));
}

#[tokio::test]
async fn a_rule_whose_store_does_not_answer_gives_no_token_and_says_why() {
    let transform = asks("HR", "title of {0}", "param = c.Value");
    let office = Office::with([&permit(), "", &transform]).await;
    let alone = office.refused(&[]).await;
    assert!(
        alone.contains("POLICY0018") && alone.contains("asked with --ask alone"),
        "{alone}"
    );
    let asked = office.refused(&["--ask"]).await;
    assert!(asked.contains("there is no such store"), "{asked}");
    let down = office.file("down.json", r#"[{"store": "HR", "fails": "it is down"}]"#);
    let down = office.refused(&["--ask", "--store", &down]).await;
    assert!(down.contains("it is down"), "{down}");
    let given = office.file("given.json", r#"[{"store": "HR", "rows": [["Engineer"]]}]"#);
    let walked = office.walks(&["--store", &given]).await;
    assert_eq!(said(&walked), [("urn:x", "Engineer")]);
}

#[tokio::test]
async fn what_is_written_down_goes_first_and_the_rest_is_asked() {
    let both = format!(
        "{}\n{}\n{}",
        asks("HR", "title of {0}", "param = c.Value"),
        asks("Active Directory", ";mail;{0}", "param = c.Value"),
        opaque()
    );
    let office = Office::with([&permit(), "", &both]).await;
    let given = office.file("given.json", r#"[{"store": "HR", "rows": [["Engineer"]]}]"#);
    let walked = office.walks(&["--store", &given, "--ask"]).await;
    let said = said(&walked);
    let [(_, "Engineer"), (_, "anna@contoso.com"), (_, name)] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!(name.len(), 44, "an opaque name: {name}");
    let printed = [
        told::walked(&walked),
        serde_json::to_string(&walked).unwrap(),
    ]
    .concat();
    assert!(printed.contains(name) && !printed.contains(SECRET));

    // The same rules of a file give the same name, where they know of whom and for whom.
    let rules = office.file("rules.txt", &both);
    let claims = format!(r#"[{{"type": "{WINDOWS}", "value": "CONTOSO\\anna"}}]"#);
    let claims = office.file("claims.json", &claims);
    let of_file = [rules.as_str(), "--claims", &claims, "--store", &given];
    let why = |words: &[&'static str]| [of_file.as_slice(), words].concat();
    for (words, says) in [
        (vec![], "nobody is named: say who by --account"),
        (vec!["--ask"], "nobody is named: say who by --account"),
        (
            vec!["--account", "anna"],
            "the stores of the configuration are asked with --ask alone",
        ),
        (
            vec!["--account", "anna", "--ask"],
            "none is named: say which by --to",
        ),
    ] {
        let said = office.explains(&why(&words)).await;
        assert!(
            matches!(&said, Err(CliError::Refused(it)) if it.contains(says)),
            "{words:?}: {said:?}"
        );
    }
    let all = why(&["--account", "anna", "--to", "Payroll", "--ask"]);
    assert_eq!(office.explains(&all).await, Ok(()));
}

#[tokio::test]
async fn a_store_of_names_without_its_secret_says_that_it_has_none() {
    let office = Office::with([&permit(), "", &opaque()]).await;
    let text = std::fs::read_to_string(office.0.config()).unwrap();
    let without = text.replace("opaque_id_secret_file = \"opaque.secret\"\n", "");
    let with = office.walks(&["--ask"]).await;
    assert_eq!(said(&with).len(), 1);
    std::fs::write(office.0.config(), without).unwrap();
    let why = office.refused(&["--ask"]).await;
    assert!(why.contains("it is not set up"), "{why}");
}
