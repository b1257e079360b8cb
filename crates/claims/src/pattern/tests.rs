//! .NET's regular expressions: what matches, what is put in its place, what is refused and why.

mod oracle;

use super::*;

fn compile(text: &str) -> Result<Pattern, PatternError> {
    Pattern::new(text, Compile::AtOnce)
}

fn is_match(pattern: &str, subject: &str) -> bool {
    let pattern = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    pattern
        .is_match(subject, &mut Budget::FULL.clone())
        .unwrap_or_else(|error| panic!("{subject}: {error}"))
}

fn replaced(subject: &str, pattern: &str, replacement: &str) -> String {
    let compiled = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let replacement = compiled.replacement(replacement);
    compiled
        .replace(subject, &replacement, &mut Budget::FULL.clone())
        .unwrap_or_else(|error| panic!("{subject}: {error}"))
}

fn refused(pattern: &str) -> Reason {
    match compile(pattern) {
        Ok(_) => panic!("{pattern} is taken"),
        Err(error) => error.reason,
    }
}

#[test]
fn a_match_is_looked_for_anywhere() {
    assert!(is_match("adfs", "the adfs group"));
    assert!(is_match("(?i)adfs", "the ADFS group"));
    assert!(!is_match("^adfs$", "the adfs group"));
    assert!(is_match("", "anything"));
}

#[test]
fn look_around_is_honoured() {
    let outside = r"^(?!192\.168\.1\.77|10\.83\.118\.23)";
    assert!(is_match(outside, "192.168.1.78"));
    assert!(!is_match(outside, "10.83.118.23"));
    assert!(is_match(r"(?<=@)contoso", "anna@contoso.com"));
    assert!(!is_match(r"(?<!@)contoso", "anna@contoso.com"));
    assert!(is_match(r"(?<=a{1,3})b", "aab"));
    assert!(!is_match(r"^(?>a+)ab", "aaab"));
}

#[test]
fn an_option_may_stand_after_an_anchor_and_ends_with_its_group() {
    assert!(is_match("^(?i)UserAdmin$", "USERADMIN"));
    assert!(is_match("((?i)a)b", "Ab"));
    assert!(!is_match("((?i)a)b", "AB"));
    assert!(is_match("a(?i)b|c", "C"));
    assert!(is_match("(?i:a)b", "Ab"));
    assert!(!is_match("(?i:a)b", "AB"));
    assert!(is_match("(?i)a(?-i)b", "Ab"));
    assert!(is_match("(?x) a b # both\n c", "abc"));
    assert!(is_match("(?x)a\u{a0}b", "a\u{a0}b"));
    assert!(is_match("a(?#a remark)b", "ab"));
    assert!(is_match("(?s).", "\n"));
    assert!(!is_match(".", "\n"));
    assert!(is_match(".", "\r"));
}

#[test]
fn the_end_is_also_before_a_last_line_feed() {
    for (pattern, subject, expected) in [
        ("a$", "a", true),
        ("a$", "a\n", true),
        ("a$", "a\n\n", false),
        ("a$", "a\r\n", false),
        (r"a\Z", "a\n", true),
        (r"a\z", "a\n", false),
        ("^$", "\n", true),
        ("a$\n", "a\n", true),
        ("(?m)^b$", "a\nb\nc", true),
        ("^b$", "a\nb\nc", false),
        ("(?m)^$", "a\n", true),
    ] {
        assert_eq!(
            is_match(pattern, subject),
            expected,
            "{pattern} {subject:?}"
        );
    }
    assert_eq!(replaced("a@b\n", "@.*$", ""), "a\n");
}

#[test]
fn case_is_dot_nets() {
    for (pattern, subject, expected) in [
        ("(?i)^users$", "USERS", true),
        ("(?i)^users$", "u\u{17f}ers", false),
        ("(?i)^k$", "\u{212a}", true),
        ("(?i)^\u{e4}$", "\u{c4}", true),
        ("(?i)^\u{3c3}$", "\u{3a3}", true),
        ("(?i)^\u{3c3}$", "\u{3c2}", false),
        ("(?i)^\u{b5}$", "\u{3bc}", false),
        ("(?i)^\u{df}$", "\u{1e9e}", true),
        ("(?i)^i$", "\u{130}", false),
        ("(?i)^i$", "\u{131}", false),
        ("(?i)^[a-z]+$", "ABC", true),
        ("(?i)^[a-z]$", "\u{17f}", false),
        ("(?i)^[^a-z]$", "A", false),
        ("(?i)^[^a-z]$", "\u{17f}", true),
        ("(?i)^[\u{e0}-\u{ff}]$", "\u{c4}", true),
        ("(?i)^[A-Z-[AEIOU]]$", "b", true),
        ("(?i)^[A-Z-[AEIOU]]$", "e", false),
    ] {
        assert_eq!(
            is_match(pattern, subject),
            expected,
            "{pattern} {subject:?}"
        );
    }
}

#[test]
fn sets_are_dot_nets() {
    for (pattern, subject, expected) in [
        (r"^\d$", "\u{663}", true),
        (r"^\d$", "7", true),
        (r"^\w$", "\u{e4}", true),
        (r"^\w$", "-", false),
        (r"^\W$", "\u{903}", true),
        (r"^\s$", "\u{a0}", true),
        (r"^\s$", " ", true),
        (r"^\s$", "\u{200b}", false),
        (r"^\S+$", "ab", true),
        (r"^[\w-]+$", "a-b", true),
        (r"^[\D\S]$", "5", true),
        (r"^[\D\S]$", "\u{e4}", true),
        (r"^[\P{Lu}\P{L}]$", "\u{c4}", false),
        (r"^[\P{Lu}\d]+$", "\u{e4}5", true),
        (r"^[^\P{Lu}\d]+$", "\u{c4}", true),
        (r"^[\w-[\d]]+$", "\u{e4}b", true),
        (r"^[\w-[\d]]+$", "\u{e4}5", false),
        (r"^[^\W_]$", "_", false),
        (r"^[^\W_]$", "\u{e4}", true),
        ("^[a-z-[aeiou]]+$", "bcd", true),
        ("^[a-z-[aeiou]]+$", "bad", false),
        ("^[^a-z-[0-9]]$", "5", false),
        ("^[^a-z-[0-9]]$", "A", true),
        ("^[a-z-[d-w-[m]]]+$", "amz", true),
        ("^[a-z-[d-w-[m]]]+$", "e", false),
        ("^[]a]+$", "]a", true),
        ("^[^]a]$", "]", false),
        ("^[a^]$", "^", true),
        ("^[-a]$", "-", true),
        ("^[a-]$", "-", true),
        ("^[[a]$", "[", true),
        ("^[a&&b]+$", "a&b", true),
        ("^[a--b]+$", "a-b", false),
        ("^[~~]$", "~", true),
        (r"^[\b]$", "\u{8}", true),
        (r"^\p{Lu}\P{Lu}$", "Ab", true),
        (r"\bword\b", "a word.", true),
        (r"\bword\b", "swords", false),
        (r"\b\u00e4b\b", "\u{e4}b", true),
        (r"\bb", "\u{e4}b", false),
        (r"\Bb", "\u{e4}b", true),
    ] {
        if pattern == "^[a--b]+$" {
            // From `a` to `-` the range goes backwards.
            assert_eq!(refused(pattern), Reason::RangeReversed);
            continue;
        }
        assert_eq!(
            is_match(pattern, subject),
            expected,
            "{pattern} {subject:?}"
        );
    }
}

#[test]
fn every_ascii_character_stands_for_itself_in_and_out_of_a_set() {
    for character in (' '..='~').filter(|it| !it.is_ascii_alphanumeric() && *it != '_') {
        for subject in ' '..='~' {
            let expected = subject == character;
            let text = subject.to_string();
            assert_eq!(is_match(&format!("^\\{character}$"), &text), expected);
            assert_eq!(is_match(&format!("^[\\{character}]$"), &text), expected);
            if character != '^' && character != '\\' {
                assert_eq!(is_match(&format!("^[{character}]$"), &text), expected);
            }
        }
    }
}

#[test]
fn escapes_are_dot_nets() {
    for (pattern, subject) in [
        (
            r"^\x41\u0042\t\n\r\f\v\e\a$",
            "AB\t\n\r\u{c}\u{b}\u{1b}\u{7}",
        ),
        (r"^\cA\c_$", "\u{1}\u{1f}"),
        (r"^\0\07\011$", "\0\u{7}\t"),
        (r"^\{\}\.$", "{}."),
        ("^a{,2}$", "a{,2}"),
        ("^a{x$", "a{x"),
        ("^{$", "{"),
        ("^a{2}b{1,}c{0,1}$", "aab"),
        (r"^(a)\1$", "aa"),
        (r"^(?<x>a)\k<x>\k'x'\1$", "aaaa"),
        (r"^(?:a|b)*?c$", "abc"),
        ("^(a|)$", ""),
        ("^*a", "a"),
        (r"^(?n)(a)(?<x>b)\1$", "abb"),
        (r"^(?'x'a)$", "a"),
    ] {
        assert!(is_match(pattern, subject), "{pattern}");
    }
}

#[test]
fn a_replacement_is_dot_nets() {
    for (subject, pattern, replacement, expected) in [
        (
            "a@b.c",
            ".+@(?<domain>.+)",
            "http://${domain}/x/",
            "http://b.c/x/",
        ),
        ("abc", "x", "y", "abc"),
        ("a-b-c", "-", "", "abc"),
        ("abc", "x*", "-", "-a-b-c-"),
        ("baaac", "a*", "-", "-b--c-"),
        ("ab", "(a)(b)", "$2$1", "ba"),
        ("ab", "(a)(b)", "$0$&", "abab"),
        ("ab", "(a)(b)", "$10", "$10"),
        ("ab", "(a)(b)", "${1}0", "a0"),
        ("ab", "(a)(b)", "$+", "b"),
        ("ab", "(?<x>a)(b)", "$1$2$+", "baa"),
        ("ab", "b", "$$1", "a$1"),
        ("abc", "b", "[$`|$'|$_]", "a[a|c|abc]c"),
        ("ab", "(a)|b", "<$1>", "<a><>"),
        ("ab", "b", "$", "a$"),
        ("ab", "b", "${nobody}$name${", "a${nobody}$name${"),
        ("ab", "b", "\\1", "a\\1"),
        ("\u{e4}\u{f6}", "", "-", "-\u{e4}-\u{f6}-"),
    ] {
        let found = replaced(subject, pattern, replacement);
        assert_eq!(found, expected, "{subject} {pattern} {replacement}");
    }
}

#[test]
fn a_substitution_of_no_group_is_known() {
    let pattern = compile("(?<a>b)").unwrap();
    let unknown = |text: &str| pattern.replacement(text).unknown;
    assert_eq!(unknown("${b}$name$2 $"), ["${b}", "$name", "$2"]);
    assert_eq!(unknown("${a}$1$$x"), Vec::<String>::new());
}

#[test]
fn what_is_wrong_in_dot_net_is_refused() {
    for (pattern, reason) in [
        ("(a", Reason::NotClosed),
        ("[a", Reason::NotClosed),
        ("[]", Reason::NotClosed),
        ("(?", Reason::NotClosed),
        ("(?#a", Reason::NotClosed),
        ("a)", Reason::TooManyClosed),
        ("a\\", Reason::EndsInEscape),
        ("*a", Reason::NothingToRepeat),
        ("a|*", Reason::NothingToRepeat),
        ("(?i)*", Reason::NothingToRepeat),
        ("{2}", Reason::NothingToRepeat),
        ("a**", Reason::NestedRepeat),
        ("a{2}{3}", Reason::NestedRepeat),
        ("a++", Reason::NestedRepeat),
        ("a{3,2}", Reason::RepeatReversed),
        ("[z-a]", Reason::RangeReversed),
        (r"[\d-x]", Reason::SetInRange),
        (r"[a-\d]", Reason::SetInRange),
        ("[a-[b]c]", Reason::SubtractionNotLast),
        (r"\y", Reason::UnknownEscape),
        (r"\_", Reason::UnknownEscape),
        (r"\K", Reason::UnknownEscape),
        (r"\h", Reason::UnknownEscape),
        (r"\x4", Reason::UnknownEscape),
        (r"\u00zz", Reason::UnknownEscape),
        (r"\c1", Reason::UnknownEscape),
        (r"(a)\2", Reason::UnknownGroup),
        (r"\k<x>", Reason::UnknownGroup),
        (r"\p{Nobody}", Reason::UnknownCategory),
        (r"\pL", Reason::UnknownCategory),
        ("(?P<a>b)", Reason::UnknownConstruct),
        ("(?~a)", Reason::UnknownConstruct),
        ("(?<>b)", Reason::UnknownConstruct),
    ] {
        assert_eq!(refused(pattern), reason, "{pattern}");
    }
}

#[test]
fn what_cannot_be_honoured_is_refused_with_the_reason() {
    for (pattern, reason) in [
        ("(?<a>b)(?<c-a>d)", Reason::Balancing),
        ("(?<-a>d)", Reason::Balancing),
        ("(a)?(?(1)b|c)", Reason::Conditional),
        ("(?<1>a)", Reason::NumberedGroup),
        ("(?<a>b)|(?<a>c)", Reason::SameName),
        (r"(a)\12", Reason::Octal),
        (r"[\1]", Reason::Octal),
        (r"\Ga", Reason::LastMatch),
        (r"\p{IsGreek}", Reason::UnicodeBlock),
        (r"\uD83D", Reason::Surrogate),
        (r"\p{Cs}", Reason::Surrogate),
        (r"(?i)\p{Lu}", Reason::CaseOfCategory),
        (r"(?i)[\p{Ll}]", Reason::CaseOfCategory),
        (r"(?i)(a)\1", Reason::CaseOfReference),
        ("(?<=(a))b", Reason::RightToLeft),
        ("(?<=(?>a))b", Reason::RightToLeft),
        (r"(a)(?<=\1)b", Reason::RightToLeft),
        ("(?=a)*", Reason::RepeatedLook),
        ("[[:alpha:]]", Reason::PosixClass),
        ("a{100000}", Reason::TooLarge),
    ] {
        assert_eq!(refused(pattern), reason, "{pattern}");
    }
    assert_eq!(refused(&"(".repeat(100)), Reason::TooDeep);
    assert_eq!(refused(&"[a-".repeat(100)), Reason::TooDeep);
    assert_eq!(refused(&"a".repeat(9_000)), Reason::TooLarge);
    let every = r"[\u0000-\uD7FF]";
    assert!(compile(&format!("(?i){}", every.repeat(2))).is_ok());
    assert_eq!(
        refused(&format!("(?i){}", every.repeat(30))),
        Reason::TooLarge
    );
    assert_eq!(refused(r"(\w{500}){500}"), Reason::Engine);
    assert_eq!(refused("((((a{50}){50}){50}){50}){50}"), Reason::Engine);
}

#[test]
fn where_engines_disagree_about_the_end_of_a_match_nothing_is_replaced() {
    let replacing = |text: &str| Pattern::for_replacing(text, Compile::AtOnce).err();
    for disputed in [
        "(?:.??){2,}a",
        "(|a)*",
        "(a*|b)+",
        "((a??)b?)*",
        "(?:^|.){1,2}",
    ] {
        let reason = replacing(disputed).map(|it| it.reason);
        assert_eq!(reason, Some(Reason::EmptyFirst), "{disputed}");
        assert!(compile(disputed).is_ok(), "{disputed}");
    }
    for agreed in [
        "(a|)*",
        "(a*)*",
        "(?:.??)?",
        "(a+?|b)*",
        "(?:a|b)*?",
        "^.{1,20}",
        "a*|b",
    ] {
        assert_eq!(replacing(agreed), None, "{agreed}");
    }
    assert_eq!(replacing("(").map(|it| it.reason), Some(Reason::NotClosed));
}

#[test]
fn a_place_is_named_where_an_expression_is_wrong() {
    let at = |pattern: &str| compile(pattern).unwrap_err().at;
    assert_eq!(at("ab)"), 3);
    assert_eq!(at("ab("), 3);
    assert_eq!(at(r"a\y"), 2);
    assert_eq!(at("a**"), 3);
    assert_eq!(
        compile(r"a\y").unwrap_err().to_string(),
        "no such escape is known, at character 2 of the expression"
    );
}

#[test]
fn only_what_needs_it_backtracks_on_plain_texts() {
    let backtracks = |pattern: &str| compile(pattern).unwrap().backtracks();
    for linear in ["^(?i)a$", r"\bword\b", r"\w+@\d+", "(a|b)*c"] {
        assert!(!backtracks(linear), "{linear}");
    }
    for backtracking in ["(?=a)", "(?<!a)b", "(?>a)b", r"(a)\1"] {
        assert!(backtracks(backtracking), "{backtracking}");
    }
}

#[test]
fn a_runaway_expression_is_stopped() {
    let pattern = compile(r"^(?=(a+)+$)(a|aa)+\1b").unwrap();
    let subject = "a".repeat(1_500);
    let stop = pattern.is_match(&subject, &mut Budget::FULL.clone());
    assert!(
        matches!(stop, Err(Stop::PatternTooExpensive | Stop::Steps)),
        "{stop:?}"
    );
    let branching = compile(r"^(a|a)+\1b").unwrap();
    let stop = branching.is_match(&"a".repeat(30), &mut Budget::FULL.clone());
    assert_eq!(stop, Err(Stop::PatternTooExpensive));
    let linear = compile("(a+)+b").unwrap();
    let subject = "a".repeat(100_000);
    assert_eq!(
        linear.is_match(&subject, &mut Budget::FULL.clone()),
        Ok(false)
    );
    let long = "a".repeat(MAX_SUBJECT + 1);
    let limit = MAX_SUBJECT;
    let stop = linear.is_match(&long, &mut Budget::FULL.clone());
    assert_eq!(stop, Err(Stop::SubjectTooLong { limit }));
    let limit = MAX_BACKTRACKING_SUBJECT;
    let stop = pattern.is_match(&long, &mut Budget::FULL.clone());
    assert_eq!(stop, Err(Stop::SubjectTooLong { limit }));
}

#[test]
fn a_second_attempt_has_more_patience_and_a_higher_price() {
    let pattern = compile(r"(\w)\1z").unwrap();
    let price = |subject: &str| {
        let mut budget = Budget::FULL;
        assert_eq!(pattern.is_match(subject, &mut budget), Ok(true));
        budget.taken()
    };
    assert_eq!(price("abxxz"), 25);
    let long = format!("{}xxz", "ab".repeat(500));
    let once = 20 + long.len();
    assert_eq!(
        price(&long),
        once + once * (BACKTRACK_LIMIT / FEW_STEPS_BACK)
    );
}

#[test]
fn a_replacement_that_grows_is_stopped() {
    let pattern = compile("").unwrap();
    let replacement = pattern.replacement("$_$_");
    let stop = pattern.replace(&"a".repeat(2_000), &replacement, &mut Budget::FULL.clone());
    assert_eq!(stop, Err(Stop::Bytes));
}

#[test]
fn what_matches_only_the_empty_text_is_known() {
    let only_empty = |pattern: &str| compile(pattern).unwrap().matches_only_the_empty_text();
    assert!(only_empty(r"^(?i)^(?!http://x)$"));
    assert!(only_empty("^$"));
    assert!(!only_empty("^(?!a)"));
    assert!(!only_empty("^a*$"));
}
