//! A request of the HTTP API: its method, path and query in the first line, its body behind.

use bytes::Bytes;
use http::{Request, header};

/// Feeds one input; says whether it is a request that could be done.
pub(crate) fn run(data: &[u8]) -> bool {
    let split = data.iter().position(|byte| *byte == b'\n');
    let (line, body) = data.split_at(split.unwrap_or(data.len()));
    let line = std::str::from_utf8(line).unwrap_or_default();
    let (method, target) = line.split_once(' ').unwrap_or_default();
    let request = Request::builder().method(method).uri(target);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let Ok(request) = request.body(()) else {
        return false;
    };
    let body = Bytes::copy_from_slice(body.get(1..).unwrap_or_default());
    web::api::is_read(&request.into_parts().0, &body)
}
