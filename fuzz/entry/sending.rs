//! Templates of messages: whatever is filled in stays where it stands, in a form and in JSON; a number and an address that
//! are read have one spelling.

use proto::sending::{Encoding, Mailbox, PhoneNumber, Template, Values};

/// Feeds one input, a line a part: a template, a number or an address, and a message; says whether all three were read.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (template, address, message) = (next(), next(), next());
    if let Ok(mailbox) = Mailbox::parse(address) {
        assert_eq!(Mailbox::parse(mailbox.as_str()).as_ref(), Ok(&mailbox));
        assert!(mailbox.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
        return true;
    }
    let Ok(number) = PhoneNumber::parse(address) else {
        return false;
    };
    assert_eq!(PhoneNumber::parse(number.as_str()).as_ref(), Ok(&number));
    let values = Values {
        number: &number,
        text: message,
        secret: template,
    };
    // What stands between two marks is one value: it is read back as it was.
    let json = Template::parse(
        "[\"{text}\", \"{secret}\", \"{number}\", {digits}]",
        Encoding::Json,
    );
    let json = json.map(|it| it.filled(values));
    let read = serde_json::from_str(json.as_deref().map_or("", String::as_str));
    let digits: Option<u64> = number.digits().parse().ok();
    let wanted = serde_json::json!([message, template, number.as_str(), digits]);
    assert_eq!(read.ok(), Some(wanted));
    let form = Template::parse("a={text}&b={secret}&c={number}", Encoding::Percent);
    let form = form.map(|it| it.filled(values));
    let form = form.as_deref().map_or("", String::as_str);
    assert_eq!(form.matches(['&', '=']).count(), 5);
    assert!(form.bytes().all(|byte| byte.is_ascii_graphic()));
    for encoding in [Encoding::Percent, Encoding::Json, Encoding::Plain] {
        let Ok(read) = Template::parse(template, encoding) else {
            return false;
        };
        let filled = read.filled(values);
        assert!(filled.starts_with(read.begins()));
        assert!(encoding == Encoding::Json || !filled.contains(char::is_control));
    }
    true
}
