//! soap: being written.
