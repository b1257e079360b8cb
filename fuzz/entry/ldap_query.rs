//! What a rule asks an LDAP directory: whatever a claim's value is, the filter keeps the shape that the rule gave it.

use sts::pipeline::store::LdapQuery;

/// Feeds one input, a query's text and in the next lines its parameters; says whether it was a query.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut lines = text.split('\n');
    let query = lines.next().unwrap_or_default();
    let parameters: Vec<&str> = lines.collect();
    let Ok(read) = LdapQuery::parse(query, &parameters) else {
        return false;
    };
    let plain: Vec<&str> = parameters.iter().map(|_| "a").collect();
    let as_meant = LdapQuery::parse(query, &plain).expect("another value makes the same query");
    for sign in ['(', ')', '*', '=', '&', '|', '!', '<', '>', '~', '\0'] {
        let number = |it: &LdapQuery| it.filter.matches(sign).count();
        assert_eq!(number(&read), number(&as_meant), "{sign}");
    }
    assert_eq!(read.attributes, as_meant.attributes);
    true
}
