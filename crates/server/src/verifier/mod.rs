//! Verifiers: whoever answers *who is this?* In one process that is `authn` itself ([`local`]).

pub(crate) mod local;
