//! Strings that publishing has changed, and annotations.

use super::{Findings, Lint};
use crate::claim_type::ClaimType;
use crate::syntax::ast::Rule;
use crate::template::Template;

pub(super) fn look(rule: &Rule, findings: &mut Findings) {
    for literal in rule.literals() {
        let value = literal.value();
        if let Some(meant) = ClaimType::meant_by(&value) {
            let sentence = format!("`{value}` differs from a known name by its scheme alone");
            let fix = format!("\"{}\"", meant.uri);
            findings.add_with_fix(Lint::HttpsScheme, literal.place, sentence, fix);
        }
        if let Some(meant) = ClaimType::in_other_case(&value) {
            let sentence = format!("`{value}` differs from a known type by case alone");
            let fix = format!("\"{}\"", meant.uri);
            findings.add_with_fix(Lint::OtherCase, literal.place, sentence, fix);
        }
        if value.contains(['\u{201c}', '\u{201d}']) {
            findings.add(
                Lint::TypographicQuote,
                literal.place,
                "the string has a typographic quotation mark in it",
            );
        }
    }
    for annotation in &rule.annotations {
        let is = |name: &str| annotation.name.eq_ignore_ascii_case(name);
        if is("RuleName") {
            continue;
        }
        if !is("RuleTemplate") {
            let sentence = format!("AD FS knows no annotation `@{}`", annotation.name);
            findings.add(Lint::UnknownTemplate, annotation.place, sentence);
            continue;
        }
        let name = annotation.value.value();
        match Template::of(&name) {
            None => {
                let sentence = format!("AD FS has no template `{name}`");
                findings.add(Lint::UnknownTemplate, annotation.place, sentence);
            }
            Some(template) if !template.fits(rule) => {
                let title = template.title();
                let sentence = format!("the form `{title}` cannot edit this rule");
                findings.add(Lint::TemplateShape, annotation.place, sentence);
            }
            Some(_) => {}
        }
    }
}
