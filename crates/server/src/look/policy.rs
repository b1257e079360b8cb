//! What the policy says of things that only the store knows: relying parties that there are no trusts of.

use authn::policy::Policy;

use crate::config::Settings;
use crate::doctor::Finding;
use crate::wiring::Desk;

/// Rules about parties that there are no trusts of: they decide nothing, and those behind them do.
pub(crate) async fn unknown_parties(settings: &Settings) -> Vec<Finding> {
    let named = |policy: &Policy| policy.rules.iter().any(|it| !it.parties.is_empty());
    if !named(&settings.policy) {
        return Vec::new();
    }
    let parties = match Desk::of(settings).await {
        Ok(desk) => desk.parties().await,
        Err(error) => Err(error),
    };
    let parties = match parties {
        Ok(parties) => parties,
        Err(error) => {
            let what =
                format!("whether the policy names parties that are there is not known: {error}");
            let mend = "see that the store can be used by whoever runs this";
            return vec![Finding::error("policy.parties-unread", what, mend)];
        }
    };
    let places = settings.rules.iter().zip(&settings.policy.rules);
    let named = places.flat_map(|(place, rule)| rule.parties.iter().map(move |it| (place, it)));
    let unknown = named.filter(|(_, name)| !parties.iter().any(|it| it.is_called(name)));
    unknown
        .map(|(place, name)| {
            let what = format!(
                "{place}: no relying party trust is called `{name}`, or calls itself so: the line is about nobody, and \
                 those behind it decide"
            );
            let mend = "write a name or an identifier that `wicketgate trust list` shows";
            Finding::warning("policy.unknown-party", what, mend)
        })
        .collect()
}
