//! rewrite: being written.
