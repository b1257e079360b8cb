//! outbound: being written.
