//! What a gateway brings of our pages, and what it is answered: whatever is read comes out as it went in.

use web::wire::{read_answer, read_request, write_answer, write_request};

/// Feeds one input to both readers; says whether one took it.
pub(crate) fn run(data: &[u8]) -> bool {
    let request = read_request(data);
    if let Ok(request) = &request {
        let again = read_request(&write_request(request).unwrap()).unwrap();
        assert_eq!(again.head.method, request.head.method);
        assert_eq!(again.head.uri, request.head.uri);
        assert_eq!(again.head.headers, request.head.headers);
        assert_eq!(again.body, request.body);
        assert_eq!(again.origin, request.origin);
        assert!(request.head.uri.path().starts_with('/') || request.head.uri.path() == "*");
    }
    let answer = read_answer(data);
    if let Ok(answer) = &answer {
        let again = read_answer(&write_answer(answer).unwrap()).unwrap();
        assert_eq!(again.response.status(), answer.response.status());
        assert_eq!(again.response.headers(), answer.response.headers());
        assert_eq!(again.response.body(), answer.response.body());
    }
    request.is_ok() || answer.is_ok()
}
