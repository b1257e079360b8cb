#![doc = include_str!("../README.md")]

mod binding;
mod cli;
mod clock;
mod config;
mod deployment;
mod doctor;
mod enrol;
mod keytab;
mod notify;
mod operator;
mod pace;
mod script;
mod signing;
mod stop;
mod wiring;

mod drained;
mod followed;
mod kept;
#[cfg(feature = "legacy-tls")]
mod legacy;
#[cfg(not(feature = "legacy-tls"))]
#[path = "legacy/absent.rs"]
mod legacy;
mod listen;
mod live;
mod look;
mod metrics;
mod monitoring;
mod proxy;
mod reload;
mod sealing;
mod trusted;
mod vanished;
mod watching;

mod outbound;
mod verifier;

#[cfg(feature = "demo")]
mod demo;

fn main() -> std::process::ExitCode {
    cli::run()
}
