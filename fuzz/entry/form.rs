//! A form as a browser sends it: whatever is read has no control character, and each field is found by its name.

use proto::form::{Form, MAX_FORM};

/// Feeds one input; says whether it was a form.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(form) = Form::parse(data) else {
        return false;
    };
    assert!(data.len() <= MAX_FORM);
    for name in ["form", "UserName", "Password", "Code", "id", "service", ""] {
        let count = form.all(name).count();
        assert_eq!(form.only(name).is_some(), count == 1);
        let mut values = form.all(name);
        assert!(values.all(|value| !value.expose().contains(char::is_control)));
    }
    true
}
