//! Each lint finds what it is for, and leaves alone what is right.

use super::*;

/// Names of what is found, with what is said instead.
fn found(text: &str) -> Vec<&'static str> {
    findings(text).iter().map(|it| it.lint.name()).collect()
}

fn findings(text: &str) -> Vec<Finding> {
    let rules = RuleSet::parse(text).unwrap_or_else(|it| panic!("{}", it.report("rules")));
    lint(&rules)
}

/// A rule that is right, with a condition of its own.
fn when(condition: &str) -> String {
    format!("{condition} => issue(Type = \"role\", Value = \"x\");")
}

/// A rule that keeps out whom the condition is for.
fn deny(condition: &str) -> String {
    let deny = crate::claim_type::DENY;
    format!("{condition} => issue(Type = \"{deny}\", Value = \"x\");")
}

/// A rule that lets in whom the condition is for.
fn permit(condition: &str) -> String {
    let permit = crate::claim_type::PERMIT;
    format!("{condition} => issue(Type = \"{permit}\", Value = \"x\");")
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_scheme_that_documentation_rewrote_is_found_and_mended() {
    let rule = r#"c:[Type == "https://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid"]
        => issue(claim = c);"#;
    let findings = findings(rule);
    assert_eq!(found(rule), ["https-scheme"]);
    let fix = findings[0].fix.as_deref();
    assert_eq!(
        fix,
        Some("\"http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid\"")
    );
    assert_eq!((findings[0].line, findings[0].column), (1, 12));
    assert_eq!(found(&rule.replace("https", "http")), NOTHING);
    assert_eq!(
        found(&rule.replace("schemas.microsoft", "sts.contoso")),
        NOTHING
    );
    let value = when(r#"EXISTS([Value == "https://schemas.microsoft.com/claims/multipleauthn"])"#);
    assert_eq!(found(&value), ["https-scheme"]);
}

#[test]
fn what_was_taken_with_a_warning_is_told() {
    assert_eq!(found(r#"c:[] => issue(claim = c)"#), ["no-semicolon"]);
    assert_eq!(
        found("c:[Value == \"a\nb\"] => issue(claim = c);"),
        ["string-over-lines"]
    );
    assert_eq!(
        found("c:[Value == \"\u{201c}a\u{201d}\"] => issue(claim = c);"),
        ["typographic-quote"]
    );
}

#[test]
fn a_rule_that_keeps_people_out_is_not_to_be_passed_by_other_case() {
    for trap in [
        deny(r#"EXISTS([Type == "app", Value == "Outlook"])"#),
        deny(r#"c:[Type == "app", Value == "Outlook"]"#),
        deny(r#"NOT EXISTS([Type == "app", Value != "Outlook"])"#),
        deny(r#"EXISTS([Type == "app", Value =~ "^Outlook$"])"#),
        permit(r#"c:[Type == "app", Value != "Outlook"]"#),
        permit(r#"NOT EXISTS([Type == "app", Value == "Outlook"])"#),
        permit(r#"c:[Type == "app", Value !~ "^Outlook$"]"#),
    ] {
        assert!(found(&trap).contains(&"case-trap"), "{trap}");
    }
    for right in [
        deny(r#"EXISTS([Type == "app", Value =~ "^(?i)Outlook$"])"#),
        deny(r#"NOT EXISTS([Type == "app", Value == "Outlook"])"#),
        deny(r#"EXISTS([Type == "inside", Value == "false"])"#),
        deny(r#"EXISTS([Type == "group", Value == "S-1-5-21-1"])"#),
        deny(r#"EXISTS([Type == "ip", Value =~ "^10\.1\."])"#),
        permit(r#"EXISTS([Type == "app", Value == "Outlook"])"#),
        when(r#"EXISTS([Type == "app", Value == "Outlook"])"#),
        deny(r#"COUNT([Type == "app", Value == "Outlook"]) == 1"#),
    ] {
        assert_eq!(found(&right), NOTHING, "{right}");
    }
}

#[test]
fn a_text_that_looks_like_an_expression_is_compared_as_it_stands() {
    for text in ["^a", "a$", "(a)|(b)", "a.*", r"a\.b", "(?i)a"] {
        let rule = when(&format!("EXISTS([Value != \"{text}\"])"));
        assert_eq!(found(&rule), ["looks-like-pattern"], "{text}");
        assert!(findings(&rule)[0].fix.as_deref().unwrap().starts_with("!~"));
        let rule = when(&format!("EXISTS([Value =~ \"{text}\"])"));
        assert_eq!(found(&rule), NOTHING, "{text}");
    }
    for text in ["$", "a.b", "/adfs/ls/", "CN=a|b", "a+b"] {
        assert_eq!(
            found(&when(&format!("EXISTS([Value == \"{text}\"])"))),
            NOTHING
        );
    }
}

#[test]
fn expressions_that_say_something_else_are_found() {
    let of = |test: &str| found(&when(&format!("EXISTS([{test}])")));
    assert_eq!(of(r#"Value =~ "^(?!a)$""#), ["only-empty"]);
    assert_eq!(of(r#"Value =~ "^(?!a)""#), NOTHING);
    assert_eq!(of(r#"Value =~ "^10.0.0.1$""#), ["unescaped-dots"]);
    assert_eq!(of(r#"Value =~ "^10\.0\.0\.1$""#), NOTHING);
    assert_eq!(of(r#"Issuer =~ "AD AUTHORITY""#), ["unanchored-issuer"]);
    assert_eq!(of(r#"Issuer =~ "^AD AUTHORITY""#), ["unanchored-issuer"]);
    assert_eq!(
        of(r#"Issuer =~ "^(AD AUTHORITY|SELF AUTHORITY)$""#),
        NOTHING
    );
    assert_eq!(of(r#"Issuer !~ "partner""#), NOTHING);
    assert_eq!(of(r#"Value =~ "^S-1-5-21-1-2-3-111""#), ["unanchored-sid"]);
    assert_eq!(of(r#"Value =~ "^S-1-5-21-1-2-3-111$""#), NOTHING);
    assert_eq!(of(r#"Value =~ "-515$""#), NOTHING);
}

#[test]
fn a_condition_that_cannot_hold_or_always_holds_is_found() {
    for never in [
        r#"EXISTS([Type == "a", Type == "b"])"#,
        r#"EXISTS([Type == "a", Type != "a"])"#,
        r#"EXISTS([Value =~ "^b", Value == "a"])"#,
        r#"EXISTS([Value == "a", Value !~ "^a"])"#,
        r#"c:[Properties["k"] == "a", Properties["k"] == "b", Value == "x"]"#,
        r#"COUNT([Type == "a"]) < 0"#,
        r#"COUNT([Type == "a", Type == "b"]) > 0"#,
    ] {
        assert_eq!(found(&when(never)), ["never-holds"], "{never}");
    }
    for always in [
        r#"NOT EXISTS([Type == "a", Type == "b"])"#,
        r#"COUNT([Type == "a"]) >= 0"#,
        r#"COUNT([Type == "a", Type == "b"]) == 0"#,
    ] {
        assert_eq!(found(&when(always)), ["always-holds"], "{always}");
    }
    for right in [
        r#"EXISTS([Type == "a", Value == "b"])"#,
        r#"EXISTS([Type == "a", Type == "a"])"#,
        r#"EXISTS([Type != "a", Type != "b"])"#,
        r#"EXISTS([Value == "ab", Value =~ "^a"])"#,
        r#"EXISTS([Properties["a"] == "1", Properties["b"] == "2"])"#,
        r#"COUNT([Type == "a"]) == 0"#,
    ] {
        assert_eq!(found(&when(right)), NOTHING, "{right}");
    }
}

#[test]
fn a_rule_that_says_what_another_says_is_found() {
    let rule = r#"c:[Type == "a"] => issue(claim = c);"#;
    let again = r#"@RuleName = "again" C:[type=="a"]=>issue(claim=C);"#;
    assert_eq!(found(&format!("{rule}\n{again}")), ["same-rule-twice"]);
    let other = r#"c:[Type == "a"] => issue(Type = "b", Value = c.Value);"#;
    assert_eq!(found(&format!("{rule}\n{other}")), NOTHING);
}

#[test]
fn a_selector_that_nothing_uses_multiplies() {
    assert_eq!(found(&when(r#"c:[Type == "a"]"#)), ["many-times"]);
    assert_eq!(found(&when(r#"[Type == "a"]"#)), ["many-times"]);
    assert_eq!(found(&when(r#"c:[Type == "a", Value == "b"]"#)), NOTHING);
    assert_eq!(found(&when(r#"EXISTS([Type == "a"])"#)), NOTHING);
    let joined = r#"c:[Type == "a"] && d:[Type == "b", Value == c.Value] => issue(claim = d);"#;
    assert_eq!(found(joined), NOTHING);
}

#[test]
fn what_ad_fs_does_not_document_is_found() {
    let mixed = r#"c:[Type == "a"] && EXISTS([Type == "b"]) => issue(claim = c);"#;
    assert_eq!(found(mixed), ["not-portable"]);
    assert_eq!(
        found(&when(r#"EXISTS([]) && NOT EXISTS([Type == "b"])"#)),
        NOTHING
    );
}

#[test]
fn an_add_without_effect_is_found() {
    assert_eq!(found(r#"c:[] => add(claim = c);"#), ["adds-nothing"]);
    let add = r#"=> add(Type = "flag", Value = "1");"#;
    assert_eq!(found(add), ["never-read"]);
    for reader in [
        r#"EXISTS([Type == "flag"])"#,
        r#"EXISTS([Type =~ "^fl"])"#,
        r#"EXISTS([Type != "other"])"#,
        r#"EXISTS([Value == "1"])"#,
        r#"COUNT([]) == 1"#,
    ] {
        assert_eq!(
            found(&format!("{add} {}", when(reader))),
            NOTHING,
            "{reader}"
        );
        assert_eq!(
            found(&format!("{} {add}", when(reader))),
            ["never-read"],
            "{reader}"
        );
    }
    assert_eq!(
        found(&format!("{add} {}", when(r#"EXISTS([Type == "flags"])"#))),
        ["never-read"]
    );
}

#[test]
fn the_servers_own_word_and_fields_are_found() {
    let issuer = r#"=> issue(Type = "a", Value = "b", Issuer = "ad authority");"#;
    assert_eq!(found(issuer), ["reserved-issuer"]);
    let original = r#"=> issue(Type = "a", Value = "b", OriginalIssuer = "SELF AUTHORITY");"#;
    assert_eq!(found(original), ["reserved-issuer"]);
    let other = r#"=> issue(Type = "a", Value = "b", Issuer = "contoso");"#;
    assert_eq!(found(other), NOTHING);
    assert_eq!(
        found(r#"=> issue(Type = "nbf", Value = "0");"#),
        ["constant-token-field"]
    );
    let copied = r#"c:[Type == "a"] => issue(Type = "nbf", Value = c.Value);"#;
    assert_eq!(found(copied), NOTHING);
}

/// A question about the account of `c`.
fn ask(store: &str, types: &str, query: &str, parameters: &str) -> String {
    let account = crate::claim_type::WINDOWS_ACCOUNT_NAME;
    format!(
        "c:[Type == \"{account}\"] => issue(store = \"{store}\", types = ({types}), query = \"{query}\"{parameters});"
    )
}

#[test]
fn a_query_and_its_parameters_fit() {
    let param = ", param = c.Value";
    let two = ", param = c.Value, param = c.Issuer";
    let sql = |query: &str, parameters: &str| found(&ask("SQL", r#""a""#, query, parameters));
    assert_eq!(sql("x = {0}", param), NOTHING);
    assert_eq!(sql("x = {0} {x} {}", param), NOTHING);
    assert_eq!(sql("x = {1}", two), ["unused-parameter"]);
    assert_eq!(sql("x = {1} {0}", param), ["no-such-parameter"]);
    assert_eq!(sql("x", param), ["unused-parameter"]);
}

#[test]
fn active_directory_is_asked_as_it_wants_to_be() {
    let param = ", param = c.Value";
    let ad = |types: &str, query: &str| found(&ask("Active Directory", types, query, param));
    assert_eq!(ad(r#""a", "b""#, ";mail,sn;{0}"), NOTHING);
    assert_eq!(ad(r#""a""#, "(&(x=1;2)(y={0}));cn;{0}"), NOTHING);
    assert_eq!(ad(r#""a""#, ";mail,sn;{0}"), ["directory-query"]);
    assert_eq!(ad(r#""a""#, ";mail {0}"), ["directory-query"]);
    let upn = ask("Active Directory", r#""a""#, ";mail;{0}", param).replace(
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname",
        "upn",
    );
    assert_eq!(found(&upn), ["directory-account"]);
    assert!(findings(&upn)[0].sentence.starts_with("POLICY3826"));
    assert_eq!(found(&upn.replace("Active Directory", "other")), NOTHING);
    let without = r#"=> issue(store = "Active Directory", types = ("a"));"#;
    assert_eq!(found(without), ["directory-query"]);
}

#[test]
fn a_substitution_of_no_group_is_found_wherever_it_stands() {
    let with = |replacement: &str| {
        format!(
            "c:[] => issue(Type = \"a\", Value = \"x\" + RegExReplace(RegExReplace(c.Value, \"(?<d>a)\", {replacement}), \"b\", \"\"));"
        )
    };
    assert_eq!(found(&with("\"${d}$1$$\"")), NOTHING);
    assert_eq!(found(&with("\"${e}\"")), ["unknown-substitution"]);
    assert_eq!(found(&with("c.Type")), ["replacement-from-claim"]);
    let param = r#"c:[] => issue(store = "s", types = ("t"), query = "{0}", param = RegExReplace(c.Value, "a", "$1"));"#;
    assert_eq!(found(param), ["unknown-substitution"]);
}

#[test]
fn annotations_and_forms_are_known() {
    let copy = r#"c:[Type == "a"] => issue(claim = c);"#;
    let with = |annotation: &str| found(&format!("{annotation} {copy}"));
    assert_eq!(
        with(r#"@RuleName = "x" @RuleTemplate = "PassThroughClaims""#),
        NOTHING
    );
    assert_eq!(with(r#"@RuleTemplate = "MapClaims""#), ["template-shape"]);
    assert_eq!(with(r#"@RuleTemplate = "Other""#), ["unknown-template"]);
    assert_eq!(with(r#"@Owner = "me""#), ["unknown-template"]);
}

#[test]
fn a_finding_is_one_sentence_with_its_place_and_what_to_write() {
    let rule = when(r#"EXISTS([Value == "^a"])"#);
    let findings = findings(&rule);
    assert_eq!(
        findings[0].to_string(),
        "1:18: looks-like-pattern: == compares with the text `^a` as it stands; write =~ to match a regular expression"
    );
    assert_eq!(findings[0].rule, Some(1));
    assert_eq!(findings[0].lint.severity(), Severity::Warning);
    assert_eq!(Lint::DirectoryQuery.severity(), Severity::Error);
    assert_eq!(Lint::ManyTimes.severity(), Severity::Note);
}

#[test]
fn a_known_type_in_other_case_is_told() {
    let deny = "http://schemas.microsoft.com/authorization/claims/Deny";
    let rule = format!("=> issue(Type = \"{deny}\", Value = \"true\");");
    assert_eq!(found(&rule), ["other-case"]);
    let right = rule.replace("Deny", "deny");
    assert_eq!(found(&right), [""; 0]);
}
