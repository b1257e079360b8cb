//! When the process is told to end: SIGTERM and SIGINT.
//!
//! INVARIANT: whoever serves begins to listen for them before anything else, as until then a signal
//! ends the process where it stands. Start at [`Stop::begin`].

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::CliError;

/// Listens for what ends the process.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Begins to listen; from here on neither signal ends the process by itself.
    ///
    /// # Errors
    ///
    /// The signals cannot be listened for.
    pub(crate) fn begin() -> Result<Self, CliError> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                CliError::unavailable(format!("signals cannot be listened for: {error}"))
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Resolves when the process was told to end since it listens.
    pub(crate) async fn asked(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
