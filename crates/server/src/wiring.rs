//! wiring: being written.
