//! path: being written.
