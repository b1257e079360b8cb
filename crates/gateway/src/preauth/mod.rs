//! preauth: being written.
