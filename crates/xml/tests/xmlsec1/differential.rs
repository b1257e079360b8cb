//! T-SIG-2: signed documents, changed a little; what we take for signed, xmlsec1 takes for the same.
