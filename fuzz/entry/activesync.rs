//! The query of ActiveSync, in both of its forms.

use proto::exchange::activesync::{MAX_DEVICE_ID_BYTES, Request};

/// Feeds one input; says whether a query was read.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(request) = std::str::from_utf8(data).map_err(drop).and_then(read) else {
        return false;
    };
    let id = request.device_id.as_str();
    assert!(!id.is_empty() && id.len() <= MAX_DEVICE_ID_BYTES && id.is_ascii());
    let plain = format!("Cmd={:?}&DeviceId={id}&DeviceType=x", request.command);
    let again = read(&plain).expect("the id of a device is one in plain text");
    assert_eq!(again.device_id, request.device_id);
    assert_eq!(again.command.pace(), request.command.pace());
    true
}

fn read(query: &str) -> Result<Request, ()> {
    Request::parse(query).map_err(drop)
}
