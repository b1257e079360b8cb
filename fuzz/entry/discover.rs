//! Lync discover: whatever is read is written so that it reads the same.

use proto::lync::discover::{MediaType, Response, negotiate};

/// Feeds one input in every form; says whether one of them was read.
pub(crate) fn run(data: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = negotiate(Some(text));
    }
    let mut was_read = false;
    for form in [MediaType::Xml, MediaType::JsonV1] {
        let Ok(response) = Response::parse(data, form) else {
            continue;
        };
        was_read = true;
        for form in [MediaType::Xml, MediaType::JsonV1, MediaType::JsonLinks] {
            let written = response.write(form);
            let Ok(read) = Response::parse(written.as_bytes(), form) else {
                // XML cannot carry every character of JSON, and escaping makes texts longer.
                assert!(
                    written.len() > 1000 || written.contains('\u{fffd}'),
                    "{written}"
                );
                continue;
            };
            if form == MediaType::JsonV1 {
                assert_eq!(read.links, response.links);
            }
        }
    }
    was_read
}
