#![doc = include_str!("../README.md")]

pub mod secret;

pub mod proxy_protocol;

pub mod http_auth;
pub mod kerberos;
pub mod ntlm;
pub mod spnego;

pub mod soap;
pub mod wstrust;

pub mod exchange;
pub mod lync;

pub mod facts;

mod percent;
mod splice;
