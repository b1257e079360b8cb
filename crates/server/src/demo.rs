//! demo: being written.
