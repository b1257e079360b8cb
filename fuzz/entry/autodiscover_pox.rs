//! Autodiscover in plain XML: an edit that changes nothing keeps every byte, and every edit leaves
//! an answer.

use proto::exchange::autodiscover::Edit;
use proto::exchange::autodiscover::pox::{Request, Response, names_inner_server};

/// Feeds one input; says whether a request or an answer was read.
pub(crate) fn run(data: &[u8]) -> bool {
    if let Ok(request) = Request::parse(data) {
        assert!(request.email_address().is_some() || request.legacy_dn().is_some());
        return true;
    }
    let Ok(response) = Response::parse_bytes(data) else {
        return false;
    };
    let same = response.edited(Edit {
        map_url: &|_| None,
        map_setting: &|_| None,
    });
    assert_eq!(same.text.as_bytes(), data);
    assert!(same.remaining.len() >= response.links().count());
    let edited = response.edited(Edit {
        map_url: &|url| Some(format!("https://{}\"<&'", url.len())),
        map_setting: &|setting| names_inner_server(setting).then(|| "]]>&<".to_owned()),
    });
    // Escaping makes a text longer, so that a large answer may outgrow the limit.
    if data.len() < 16 * 1024 {
        let again = Response::parse(&edited.text).expect("an edit leaves an answer");
        assert_eq!(again.schema(), response.schema());
        assert_eq!(again.redirects().count(), response.redirects().count());
    }
    true
}
