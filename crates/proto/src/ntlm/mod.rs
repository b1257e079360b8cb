//! ntlm: being written.
