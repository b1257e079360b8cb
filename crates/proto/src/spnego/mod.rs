//! spnego: being written.
