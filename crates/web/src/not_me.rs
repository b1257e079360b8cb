//! "That was not me", at the door: what was done about a sign-in, said line by line, and what remains.

use authn::portal::{Disowned, Owner, PortalError};
use http::StatusCode;

use crate::asked::Asked;
use crate::page;
use crate::portal::{Acted, SignedIn};
use crate::words::Words;

/// Puts whoever it was out, and shows what was done.
pub(crate) async fn put_out(asked: &Asked, signed_in: &SignedIn, owner: &Owner<'_>) -> Acted {
    let number = asked.field("number").and_then(|number| number.parse().ok());
    let number = number.ok_or(PortalError::NotYours)?;
    let disowned = owner.was_not_me(number).await?;
    let (account, activity) = (&owner.account.id.0, &owner.at.activity.0);
    tracing::warn!(
        account.id = account,
        activity,
        "somebody says of a sign-in that it was not them; `wicketgate audit list` shows it"
    );
    let page = page::NotMe {
        frame: signed_in.frame(asked),
        done: done(asked.words, &disowned),
        remains: remains(asked.words, &disowned),
        chooses: disowned.secret && !disowned.is_out,
    };
    Ok(page::shown(StatusCode::OK, &page))
}

fn done(words: &'static Words, disowned: &Disowned) -> Vec<(&'static str, String)> {
    let named = [
        (words.not_me_app_passwords, &disowned.app_passwords),
        (words.not_me_tokens, &disowned.tokens),
        (words.not_me_passkeys, &disowned.passkeys),
        (words.not_me_destinations, &disowned.destinations),
    ];
    let named = named.into_iter().filter(|(_, which)| !which.is_empty());
    let named = named.map(|(what, which)| (what, which.join(", ")));
    let plain = [
        (words.not_me_recovery, disowned.recovery_codes),
        (words.not_me_temporary, disowned.temporary_code),
        (words.not_me_pin, disowned.ntlm_pin),
        (words.not_me_secret, disowned.secret),
    ];
    let plain = plain.into_iter().filter(|(_, is_done)| *is_done);
    named
        .chain(plain.map(|(what, _)| (what, String::new())))
        .collect()
}

fn remains(words: &'static Words, disowned: &Disowned) -> Vec<&'static str> {
    let took_something = *disowned
        != Disowned {
            secret: disowned.secret,
            is_out: disowned.is_out,
            ..Disowned::default()
        };
    let lines = [
        (words.not_me_sign_in, disowned.is_out),
        (words.not_me_choose, disowned.secret && !disowned.is_out),
        (words.not_me_again, took_something),
        (words.not_me_older, true),
        (words.not_me_look, true),
    ];
    let lines = lines.into_iter().filter(|(_, is_said)| *is_said);
    lines.map(|(line, _)| line).collect()
}
