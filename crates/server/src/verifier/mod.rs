//! Verifiers: whoever answers *who is this?* In one process that is `authn` itself ([`local`]),
//! with the domain's keys of the gate beside it ([`kerberos`]).

pub(crate) mod kerberos;
pub(crate) mod local;
