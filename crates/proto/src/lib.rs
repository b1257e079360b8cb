#![doc = include_str!("../README.md")]

pub mod secret;

pub mod proxy_protocol;

pub mod channel_binding;
pub mod form;
pub mod http_auth;
pub mod kerberos;
pub mod ntlm;
pub mod otp;
pub mod partner_metadata;
pub mod pskc;
pub mod seed_list;
pub mod sending;
pub mod spnego;

pub mod soap;
pub mod wstrust;

pub mod metadata;
pub mod saml;
pub mod wsfed;

pub mod exchange;
pub mod lync;

pub mod byte_order_mark;
pub mod facts;
pub mod inflate;
pub mod syslog;

pub mod dns;
pub mod kdc;

mod percent;
pub mod pieces;
mod splice;
pub mod unseen;
