//! Which questions of rules no store here answers: told when a trust is taken, and not first to whoever signs in.
//!
//! What is said holds for everybody; that somebody's own account may lack what is asked is no part of it. Start at
//! [`unanswered`].

use claims::RuleSet;
use claims::syntax::ast::{Body, Rule, StoreQuery};

use super::{ACTIVE_DIRECTORY, OPAQUE_ID, directory};

/// A question that nothing answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// In which rule, from 1.
    pub rule: usize,
    /// Where that begins.
    pub line: u32,
    /// Where on the line, in characters from 1.
    pub column: u32,
    /// What is asked, in one sentence.
    pub sentence: String,
    /// What of the configuration would have it answered; nothing can be done where there is none.
    pub needs: Option<Needs>,
}

/// What a question needs of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A store of this name outside.
    Store(String),
    /// The secret of `_OpaqueIdStore`.
    OpaqueId,
    /// An attribute that is read of people of the directory, as rules write it.
    Attribute(String),
}

/// What of the rules is asked in vain; rules with any of it give no token.
#[must_use]
pub fn unanswered(rules: &RuleSet) -> Vec<Unanswered> {
    let asked = rules.rules().iter().enumerate();
    let found = asked.flat_map(|(at, rule)| {
        let sentences = query(rule).map(told).unwrap_or_default();
        sentences
            .into_iter()
            .map(move |(sentence, needs)| Unanswered {
                rule: at + 1,
                line: rule.place.line,
                column: rule.place.column,
                sentence,
                needs,
            })
    });
    found.collect()
}

/// Whether the rules ask what is kept of people of a directory that is followed, and of nobody else.
#[must_use]
pub fn needs_directory(rules: &RuleSet) -> bool {
    let queries = rules.rules().iter().filter_map(query);
    let mut asked = queries.filter_map(attributes).flatten();
    asked.any(|it| directory::is_of_directory(&it))
}

fn query(rule: &Rule) -> Option<&StoreQuery> {
    match &rule.statement.body {
        Body::Query(query) => Some(query),
        Body::Copy(_) | Body::New(_) => None,
    }
}

type Told = (String, Option<Needs>);

fn told(query: &StoreQuery) -> Vec<Told> {
    let Some(store) = query.store.constant() else {
        let sentence = "an attribute store is asked whose name is put together";
        return vec![(sentence.to_owned(), None)];
    };
    let sentence = |needs: &str| format!("the attribute store `{store}` is asked, which {needs}");
    match store.as_str() {
        ACTIVE_DIRECTORY => of_directory(query),
        OPAQUE_ID => {
            let needs = "makes names here once `opaque_id_secret_file` of [sts] has its secret";
            vec![(sentence(needs), Some(Needs::OpaqueId))]
        }
        _ => {
            let needs = "answers once there is a [[sts.attribute_store]] of that name";
            vec![(sentence(needs), Some(Needs::Store(store.clone())))]
        }
    }
}

fn of_directory(query: &StoreQuery) -> Vec<Told> {
    let Some(text) = text(query) else {
        let sentence =
            "the attribute store `Active Directory` is asked by a query that is put together";
        return vec![(sentence.to_owned(), None)];
    };
    let mut told = Vec::new();
    if text
        .split(';')
        .next()
        .is_some_and(|it| !it.trim().is_empty())
    {
        let sentence = "the attribute store `Active Directory` is asked by a filter, and none is searched for here";
        told.push((sentence.to_owned(), None));
    }
    let asked = attributes(query).into_iter().flatten();
    let missing = asked.filter(|it| !directory::is_kept(it));
    told.extend(missing.map(|it| {
        let sentence = format!(
            "the attribute `{it}` is asked for, which is read only where `attributes` of `[directory]` names it"
        );
        (sentence, Some(Needs::Attribute(it)))
    }));
    told
}

/// The text of a query, where it is one.
fn text(query: &StoreQuery) -> Option<String> {
    query.query.as_ref()?.constant()
}

/// The attributes that a query asks Active Directory's store for.
fn attributes(query: &StoreQuery) -> Option<Vec<String>> {
    query.store.constant().filter(|it| it == ACTIVE_DIRECTORY)?;
    let text = text(query)?;
    let attributes = text.split(';').nth(1)?.split(',');
    Some(attributes.map(|it| it.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(store: &str, query: &str) -> Vec<String> {
        let rule = format!(
            "c:[] => issue(store = \"{store}\", types = (\"t\"), query = \"{query}\", param = c.Value);"
        );
        let rules = RuleSet::parse(&rule).unwrap();
        let told = unanswered(&rules).into_iter();
        told.map(|it| it.sentence).collect()
    }

    #[test]
    fn what_is_kept_of_everybody_is_answered() {
        for attribute in [
            "mail",
            "DisplayName",
            "memberOf",
            "objectguid",
            "tokenGroups",
            "tokenGroups(domainQualifiedName)",
            "tokenGroups(SID)",
        ] {
            let told = asked("Active Directory", &format!(";{attribute};{{0}}"));
            assert_eq!(told, [""; 0], "{attribute}");
        }
    }

    #[test]
    fn every_question_without_an_answer_is_told() {
        for (store, query, says) in [
            ("Active Directory", ";mail,test;{0}", "`test`"),
            (
                "Active Directory",
                ";tokenGroups(x);{0}",
                "`tokenGroups(x)`",
            ),
            ("Active Directory", "(cn=*);mail;{0}", "filter"),
            ("_OpaqueIdStore", "{0}", "`_OpaqueIdStore`"),
            ("SQL", "SELECT 1", "`SQL`"),
        ] {
            let told = asked(store, query);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains(says), "{told:?}");
        }
    }

    #[test]
    fn names_of_groups_are_those_of_people_of_a_directory() {
        let needs = |query: &str| {
            let rule = format!(
                "c:[] => issue(store = \"Active Directory\", types = (\"t\"), query = \"{query}\", param = c.Value);"
            );
            needs_directory(&RuleSet::parse(&rule).unwrap())
        };
        assert!(needs(";sn;{0}") && needs(";tokenGroups;{0}"));
        assert!(!needs(";mail;{0}"));
    }
}
