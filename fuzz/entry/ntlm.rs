//! NTLM: a type 1 message, our challenge with fixed bytes, and what comes back as type 3.
//!
//! An input is the length of the first message (two bytes, little endian), it, and the rest.

use proto::ntlm::{
    Authenticate, Challenge, ChannelBinding, Expected, FileTime, Negotiate, NtHash, Response,
    Target,
};

/// The password that the seeds were made with.
pub(crate) const PASSWORD: &str = "3v8kq-7m2xt-hd5np-c9wra-4jbf6";

/// The challenge that a type 1 message gets here; always the same.
pub(crate) fn challenge(negotiate: &[u8]) -> Option<Challenge> {
    let target = Target {
        netbios_domain: "CONTOSO".to_owned(),
        netbios_computer: "GATE".to_owned(),
        dns_domain: "contoso.com".to_owned(),
        dns_computer: "gate.contoso.com".to_owned(),
    };
    let negotiate = Negotiate::parse(negotiate).ok()?;
    let now = FileTime(133_000_000_000_000_000);
    Some(Challenge::answer(
        negotiate,
        &target,
        [1, 2, 3, 4, 5, 6, 7, 8],
        now,
    ))
}

/// Feeds one input; says whether it was proved.
pub(crate) fn run(data: &[u8]) -> bool {
    let Some((length, rest)) = data.split_first_chunk::<2>() else {
        return false;
    };
    let length = usize::from(u16::from_le_bytes(*length));
    let Some((first, last)) = rest.split_at_checked(length) else {
        return false;
    };
    let Some(challenge) = challenge(first) else {
        return false;
    };
    let Ok(message) = Authenticate::parse(last) else {
        return false;
    };
    let bindings = [ChannelBinding::tls_server_end_point(&[7; 32])];
    let hosts = ["mail.contoso.com".to_owned()];
    let expected = Expected {
        channel_bindings: &bindings,
        target_hosts: &hosts,
        ..Expected::default()
    };
    let Ok(response) = Response::check(challenge, message, &expected) else {
        return false;
    };
    let wrong = NtHash::of_password("another");
    assert!(response.proves(&wrong).is_none());
    let hashes = [wrong, NtHash::of_password(PASSWORD)];
    response.first_proved(&hashes).is_some()
}
