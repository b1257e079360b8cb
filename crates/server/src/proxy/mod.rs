//! proxy: being written.
