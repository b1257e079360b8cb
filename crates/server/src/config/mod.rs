//! The configuration, twice: as written ([`written`]) and as understood ([`settings`]).

pub(crate) mod settings;
