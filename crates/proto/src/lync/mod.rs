//! lync: being written.
