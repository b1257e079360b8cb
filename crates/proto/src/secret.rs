//! secret: being written.
