//! wstrust: being written.
