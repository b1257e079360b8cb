//! Verifiers: whoever answers *who is this?* In one process that is `authn` itself ([`local`]),
//! with the domain's keys of the gate beside it ([`kerberos`]). In a gateway it is a machine elsewhere that is asked by
//! mutual TLS ([`remote`]), and answers there ([`serve`]).

pub(crate) mod kerberos;
pub(crate) mod local;

pub(crate) mod follow;
pub(crate) mod mutual;
pub(crate) mod pages;
pub(crate) mod remote;
pub(crate) mod serve;
mod wire;

#[cfg(test)]
mod tests;
