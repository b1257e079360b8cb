#![doc = include_str!("../README.md")]

mod cli;
mod clock;
mod config;
mod notify;
mod operator;
mod pace;
mod stop;
mod wiring;

mod drained;
mod followed;
mod listen;
mod live;
mod metrics;
mod proxy;
mod reload;

mod outbound;
mod verifier;

#[cfg(feature = "demo")]
mod demo;

fn main() -> std::process::ExitCode {
    cli::run()
}
