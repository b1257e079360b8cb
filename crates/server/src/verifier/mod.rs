//! verifier: being written.
