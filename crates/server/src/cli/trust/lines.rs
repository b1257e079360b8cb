//! Lines of the policy that are about a trust, and would not be any more: those behind them would decide about its party, who
//! may ask for less. Start at [`still_spoken_of`].

use authn::party::Party;

use crate::cli::CliError;
use crate::config::Settings;

/// Whether every line of the policy that is about a party is about it as it will be, or there is none of it then.
///
/// # Errors
///
/// A line is not, which is named.
pub(super) fn still_spoken_of(
    settings: &Settings,
    (before, after): (&Party, Option<&Party>),
) -> Result<(), CliError> {
    let lines = settings.rules.iter().zip(&settings.policy.rules);
    for (place, rule) in lines {
        let name = rule.parties.iter().find(|it| before.is_called(it));
        let is_about = |party: &Party| rule.parties.iter().any(|it| party.is_called(it));
        let Some(name) = name.filter(|_| !after.is_some_and(is_about)) else {
            continue;
        };
        let becomes = match after {
            Some(_) => "that line is not about it any more, and those behind it decide",
            None => {
                "that line is about nobody then, and where it is added anew under another name, \
                 those behind it decide"
            }
        };
        return Err(CliError::refused(format!(
            "{place} names the trust by `{name}`: {becomes}; change the line first, or do it all the same with `--force`"
        )));
    }
    Ok(())
}
