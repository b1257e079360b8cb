//! preset: being written.
