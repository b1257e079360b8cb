//! A password from a prompt or standard input, never from an argument, which others can see.

use std::io::{BufRead, IsTerminal, Write};

use proto::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::CliError;

/// The first line of standard input; at a terminal it is not shown.
///
/// # Errors
///
/// It cannot be read.
pub(super) fn password(prompt: &str) -> Result<Secret<String>, CliError> {
    let input = std::io::stdin();
    let hidden = match input.is_terminal() {
        true => Some(Hidden::begin(prompt)?),
        false => None,
    };
    let mut line = Zeroizing::new(String::new());
    let read = input.lock().read_line(&mut line);
    drop(hidden);
    read.map_err(|error| CliError::usage(format!("standard input: {error}")))?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn begin(prompt: &str) -> Result<Self, CliError> {
        let unusable =
            |error: rustix::io::Errno| CliError::unavailable(format!("the terminal: {error}"));
        let before = tcgetattr(std::io::stdin()).map_err(unusable)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tell(&format!("{prompt}: "))?;
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet).map_err(unusable)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Where the terminal is gone, nothing is left to be shown.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
        let _ = tell("\n");
    }
}

/// Says something on standard error.
///
/// # Errors
///
/// It is closed.
pub(super) fn tell(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stderr().lock();
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| CliError::unavailable(format!("standard error: {error}")))
}
