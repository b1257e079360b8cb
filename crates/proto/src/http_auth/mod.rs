//! http_auth: being written.
