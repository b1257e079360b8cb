//! listen: being written.
