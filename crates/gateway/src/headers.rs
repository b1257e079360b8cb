//! headers: being written.
