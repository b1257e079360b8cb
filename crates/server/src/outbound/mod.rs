//! Outbound: everything this program connects to by itself, and what it says of people there.

pub(crate) mod farm;
pub(crate) mod tls;

pub(crate) mod checks;
pub(crate) mod members;

pub(crate) mod hasher;

mod asked;
pub(crate) mod assertion;
pub(crate) mod attribute_store;
pub(crate) mod controllers;
pub(crate) mod dns;
pub(crate) mod kerberos;
pub(crate) mod line;

pub(crate) mod ldap;

pub(crate) mod mail;
pub(crate) mod messages;
pub(crate) mod metadata;
pub(crate) mod sms;
pub(crate) mod sms_command;
pub(crate) mod syslog;

#[cfg(test)]
pub(crate) mod silent;
