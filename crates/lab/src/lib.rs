#![doc = include_str!("../README.md")]

mod settings;
mod world;

mod serve;

mod identity;
mod people;
mod ticket;

mod bound;
mod echo;
mod exchange;
mod front_end;
mod passive;
mod sip;

mod provocation;
mod requests;

mod clock;

pub use bound::Bound;
pub use identity::{ASSERTION_TYPE, How, MAX_ASSERTION_SECONDS};
pub use passive::StsMetadata;
pub use requests::{MAX_SEEN, Seen, Server};
pub use settings::{AssertionCheck, LabError, MetadataHost, TlsFiles, User, WorldSettings};
pub use world::{Member, Pool, Started, StartedPool, World, start};
