//! The numbers of [MS-NLMP] 4.2, every bit flipped, and what attackers send.

use super::client::{Client, Draw};
use super::*;
use crate::channel_binding::Demand;

const TIME: FileTime = FileTime(132_000_000_000_000_000);

fn draw() -> Draw {
    Draw {
        client_challenge: [0xaa; 8],
        session_key: [0x55; 16],
        time: None,
    }
}

fn target() -> Target {
    Target {
        netbios_domain: "CONTOSO".to_owned(),
        netbios_computer: "GATE".to_owned(),
        dns_domain: "contoso.com".to_owned(),
        dns_computer: "gate.contoso.com".to_owned(),
    }
}

fn challenge(negotiate: &[u8]) -> Result<Challenge, NtlmParseError> {
    Ok(Challenge::answer(
        Negotiate::parse(negotiate)?,
        &target(),
        *b"\x01\x23\x45\x67\x89\xab\xcd\xef",
        TIME,
    ))
}

/// Runs an exchange whose messages a hand between may change.
fn exchange(
    client: &Client,
    expected: &Expected<'_>,
    change: impl Fn(usize, &mut Vec<u8>),
) -> Result<Option<SessionKey>, NtlmError> {
    let mut negotiate = client.negotiate();
    change(1, &mut negotiate);
    let challenge = challenge(&negotiate)?;
    let mut seen = challenge.as_bytes().to_vec();
    change(2, &mut seen);
    let Ok((mut authenticate, _)) = client.authenticate(&seen, draw()) else {
        return Ok(None);
    };
    change(3, &mut authenticate);
    let response = Response::check(challenge, Authenticate::parse(&authenticate)?, expected)?;
    Ok(response.proves(&NtHash::of_password("secret")))
}

fn is_let_in(client: &Client, expected: &Expected<'_>) -> bool {
    matches!(exchange(client, expected, |_, _| ()), Ok(Some(_)))
}

fn unchanged(_: usize, _: &mut Vec<u8>) {}

fn anna() -> Client {
    Client::new("anna", "CONTOSO", "secret")
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

#[test]
fn ms_nlmp_4_2_2_1_1_ntowfv1() {
    let hash = NtHash::of_password("Password");
    assert_eq!(
        hash.as_bytes().as_slice(),
        hex("a4f49c406510bdcab6824ee7c30fd852")
    );
}

#[test]
fn ms_nlmp_4_2_4_1_1_ntowfv2() {
    let key = NtHash::of_password("Password").response_key(&hash::identity("User", "Domain"));
    assert_eq!(key.as_slice(), hex("0c868a403bfd7a93a3001ef22ef02e3f"));
}

#[test]
fn ms_nlmp_4_2_4_ntlmv2_proof_and_session_key() {
    // 4.2.4.1.3 temp and 4.2.4.2.2 NTLMv2 response, with the challenges of 4.2.1.
    let info =
        hex("02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000");
    let mut temp = hex("01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000");
    temp.extend(info);
    let key = NtHash::of_password("Password").response_key(&hash::identity("User", "Domain"));
    let proof = hash::hmac_md5(&key, &[&hex("0123456789abcdef"), &temp]);
    assert_eq!(proof.as_slice(), hex("68cd0ab851e51c96aabc927bebef6a1c"));
    // 4.2.4.1.2 session base key and 4.2.4.2.3 encrypted session key.
    let base = hash::hmac_md5(&key, &[proof.as_slice()]);
    assert_eq!(base.as_slice(), hex("8de40ccadbc14a82f15cb0ad0de95ca3"));
    let sealed = session::rc4(&base, &[0x55; 16]);
    assert_eq!(sealed.as_slice(), hex("c5dad2544fc9799094ce1ce90bc9d03e"));
}

/// The messages of the specification as they stand in it, byte for byte.
#[test]
fn ms_nlmp_4_2_4_3_the_messages_are_read_and_proved() {
    let bytes = include_bytes!("../../testdata/ms_nlmp_4_2_4_3_challenge.bin");
    wire::expect(bytes, 2, 48).unwrap();
    let info = wire::buffer(bytes, 40, 48, "TargetInfo").unwrap();
    let challenge = || Challenge {
        negotiate: Negotiate::parse(&anna().negotiate()).unwrap(),
        flags: wire::number(bytes, 20).unwrap(),
        server_challenge: bytes[24..32].try_into().unwrap(),
        target_info: av_pair::AvPairs::parse(&bytes[info.clone()]).unwrap(),
        bytes: bytes.to_vec(),
    };
    let bytes = include_bytes!("../../testdata/ms_nlmp_4_2_4_3_authenticate.bin");
    let message = Authenticate::parse(bytes).unwrap();
    assert_eq!(message.flags, RESPONSE_FLAGS);
    assert_eq!(
        message.nt_response[..16],
        hex("68cd0ab851e51c96aabc927bebef6a1c")
    );
    assert_eq!(message.session_key, hex("c5dad2544fc9799094ce1ce90bc9d03e"));
    let response = Response::check(challenge(), message, &Expected::default()).unwrap();
    assert_eq!(
        (response.user(), response.domain(), response.workstation()),
        ("User", "Domain", "COMPUTER")
    );
    let key = response.proves(&NtHash::of_password("Password")).unwrap();
    let exported = SessionKey::new([0x55; 16].into(), RESPONSE_FLAGS);
    let sign = |key: &SessionKey| key.sign(Direction::ServerToClient, 0, b"x");
    assert_eq!(sign(&key), sign(&exported));
    assert!(response.proves(&NtHash::of_password("password")).is_none());
    for at in 0x84..0xd8 {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        let message = Authenticate::parse(&changed).unwrap();
        let is_proved = Response::check(challenge(), message, &Expected::default())
            .is_ok_and(|response| response.proves(&NtHash::of_password("Password")).is_some());
        assert!(!is_proved, "byte {at:#x}");
    }
}

/// The flags of the client's message in 4.2.4.
const RESPONSE_FLAGS: u32 = 0xe288_8235;

#[test]
fn ms_nlmp_4_2_4_4_the_first_signature() {
    // The signature of "Plaintext" under the exported key 0x55 * 16 and the flags of 4.2.4; the
    // RC4 stream has sealed the message before it reaches the checksum, so the checksum is compared
    // before sealing.
    let unsealed = SessionKey::new([0x55; 16].into(), flags::KEY_128);
    let mut message = Vec::new();
    message.extend("Plaintext".encode_utf16().flat_map(u16::to_le_bytes));
    let signature = unsealed.sign(Direction::ClientToServer, 0, &message);
    assert_eq!(&signature[..4], hex("01000000"));
    assert_eq!(&signature[12..], hex("00000000"));
    // 4.2.4.4 gives 7fb38ec5c55d4976 sealed by keystream bytes 18..26.
    let sealing = hex("59f600973cc4960a25480a7c196e4c58");
    let mut stream = <rc4::Rc4 as rc4::KeyInit>::new_from_slice(&sealing).unwrap();
    let mut bytes = message;
    rc4::StreamCipher::apply_keystream(&mut stream, &mut bytes);
    assert_eq!(bytes, hex("54e50165bf1936dc996020c1811b0f06fb5f"));
    let mut checksum = signature[4..12].to_vec();
    rc4::StreamCipher::apply_keystream(&mut stream, &mut checksum);
    assert_eq!(checksum, hex("7fb38ec5c55d4976"));
}

#[test]
fn an_honest_client_is_let_in_whatever_it_sends() {
    let binding = ChannelBinding([7; 16]);
    let hosts = ["gate.contoso.com".to_owned()];
    let expected = Expected {
        channel_bindings: &[binding],
        target_hosts: &hosts,
        ..Expected::default()
    };
    let bound = Client {
        channel_binding: Some(binding),
        target_name: Some("HTTP/Gate.Contoso.com:8443".to_owned()),
        ..anna()
    };
    assert!(is_let_in(&anna(), &expected));
    assert!(is_let_in(&bound, &expected));
    assert!(is_let_in(
        &Client::plain("anna", "CONTOSO", "secret"),
        &expected
    ));
    assert!(is_let_in(
        &Client {
            is_oem: true,
            ..anna()
        },
        &expected
    ));
    assert!(is_let_in(
        &Client {
            exchanges_key: false,
            ..anna()
        },
        &expected
    ));
    assert!(is_let_in(
        &Client {
            user: "ÅSA".to_owned(),
            ..anna()
        },
        &expected
    ));
}

#[test]
fn s32_a_wrong_password_proves_nothing_and_nobody_learns_which_hash_was_right() {
    let wrong = Client {
        hash: NtHash::of_password("guess"),
        ..anna()
    };
    assert!(!is_let_in(&wrong, &Expected::default()));
    let challenge = challenge(&anna().negotiate()).unwrap();
    let (message, key) = anna().authenticate(challenge.as_bytes(), draw()).unwrap();
    let message = Authenticate::parse(&message).unwrap();
    let response = Response::check(challenge, message, &Expected::default()).unwrap();
    let hashes = ["a", "b", "secret", "c"].map(NtHash::of_password);
    let (index, found) = response.first_proved(&hashes).unwrap();
    assert_eq!(index, 2);
    let signature = key.sign(Direction::ClientToServer, 0, b"list");
    assert!(found.verify(Direction::ClientToServer, 0, b"list", &signature));
    assert!(!found.verify(Direction::ServerToClient, 0, b"list", &signature));
}

/// Every flip of one bit of one message that is let in all the same, as (message, byte).
fn flips_let_in(client: &Client) -> Vec<(usize, usize)> {
    let lengths = {
        let challenge = challenge(&client.negotiate()).unwrap();
        let (message, _) = client.authenticate(challenge.as_bytes(), draw()).unwrap();
        [
            client.negotiate().len(),
            challenge.as_bytes().len(),
            message.len(),
        ]
    };
    let mut let_in = Vec::new();
    for (number, length) in lengths.into_iter().enumerate() {
        for (byte, bit) in (0..length).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let flip = |which: usize, message: &mut Vec<u8>| {
                if which == number + 1 {
                    message[byte] ^= 1 << bit;
                }
            };
            if matches!(exchange(client, &Expected::default(), flip), Ok(Some(_))) {
                let_in.push((number + 1, byte));
            }
        }
    }
    let_in.dedup();
    let_in
}

#[test]
fn t_ntlm_2_with_a_mic_no_flipped_bit_of_the_three_messages_is_let_in() {
    // The exceptions would stand here, each with its reason; there are none: the MIC covers all
    // three messages as they came.
    assert_eq!(flips_let_in(&anna()), []);
}

#[test]
fn t_ntlm_2_without_a_mic_no_flipped_bit_of_proof_or_blob_is_let_in() {
    let client = Client::plain("anna", "CONTOSO", "secret");
    let challenge = challenge(&client.negotiate()).unwrap();
    let (message, _) = client.authenticate(challenge.as_bytes(), draw()).unwrap();
    let start = usize::try_from(wire::number(&message, 24).unwrap()).unwrap();
    let end = start + usize::from(wire::short(&message, 20).unwrap());
    let let_in = flips_let_in(&client);
    assert!(
        let_in
            .iter()
            .all(|(number, byte)| *number != 3 || !(start..end).contains(byte))
    );
    // The challenge's bytes are covered by the proof and by the echo.
    let covered = (24..32).chain(56..challenge.as_bytes().len());
    for byte in covered {
        let name = 56..70;
        assert!(
            name.contains(&byte) || !let_in.contains(&(2, byte)),
            "byte {byte} of type 2"
        );
    }
}

#[test]
fn nothing_that_differs_from_the_original_is_let_in_by_chance() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let honest = challenge(&anna().negotiate()).unwrap();
    let (original, _) = anna().authenticate(honest.as_bytes(), draw()).unwrap();
    for _ in 0..3_000 {
        let mut message = original.clone();
        for _ in 0..=next(4) {
            let at = next(message.len().max(1)).min(message.len() - 1);
            match next(4) {
                0 => message[at] = u8::try_from(next(256)).unwrap(),
                1 if message.len() > 1 => drop(message.remove(at)),
                2 => message.insert(at, u8::try_from(next(256)).unwrap()),
                _ => message.truncate(at.max(1)),
            }
        }
        let challenge = challenge(&anna().negotiate()).unwrap();
        let Ok(parsed) = Authenticate::parse(&message) else {
            continue;
        };
        let Ok(response) = Response::check(challenge, parsed, &Expected::default()) else {
            continue;
        };
        let is_let_in = response.proves(&NtHash::of_password("secret")).is_some();
        assert!(!is_let_in || message == original);
    }
}

#[test]
fn a_random_proof_without_a_mic_is_refused() {
    let client = Client::plain("anna", "CONTOSO", "secret");
    let start = PAYLOAD_OF_CLIENT + 24;
    let forged = exchange(&client, &Expected::default(), |which, message| {
        if which == 3 {
            message[start..start + 16].copy_from_slice(&[0x42; 16]);
        }
    });
    assert!(matches!(forged, Ok(None)));
}

/// Where the client's payload begins.
const PAYLOAD_OF_CLIENT: usize = 88;

#[test]
fn a_replayed_type_3_does_not_fit_a_fresh_challenge() {
    let first = challenge(&anna().negotiate()).unwrap();
    let (message, _) = anna().authenticate(first.as_bytes(), draw()).unwrap();
    let negotiate = Negotiate::parse(&anna().negotiate()).unwrap();
    let fresh = Challenge::answer(negotiate, &target(), [9; 8], TIME);
    let message = Authenticate::parse(&message).unwrap();
    let response = Response::check(fresh, message, &Expected::default()).unwrap();
    assert!(response.proves(&NtHash::of_password("secret")).is_none());
}

fn with_field(at: usize, value: &[u8]) -> Result<Option<SessionKey>, NtlmError> {
    exchange(&anna(), &Expected::default(), |which, message| {
        if which == 3 {
            message[at..at + value.len()].copy_from_slice(value);
        }
    })
}

#[test]
fn s32_t_ntlm_3_ntlmv1_and_lm_are_refused() {
    let refused = with_field(20, &[24, 0, 24, 0]);
    assert_eq!(refused.unwrap_err(), NtlmError::NotNtlm2);
}

#[test]
fn anonymous_in_any_form_is_refused() {
    let no_user = with_field(36, &[0, 0, 0, 0]).unwrap_err();
    let no_response = with_field(20, &[0, 0, 0, 0]).unwrap_err();
    let flagged = exchange(&anna(), &Expected::default(), |which, message| {
        if which == 3 {
            message[61] |= 0x08;
        }
    });
    assert_eq!(no_user, NtlmError::Anonymous);
    assert_eq!(no_response, NtlmError::Anonymous);
    assert_eq!(flagged.unwrap_err(), NtlmError::Anonymous);
}

#[test]
fn a_type_3_without_extended_session_security_is_refused() {
    let cleared = exchange(&anna(), &Expected::default(), |which, message| {
        if which == 3 {
            message[62] &= !0x08;
        }
    });
    assert_eq!(cleared.unwrap_err(), NtlmError::Flags);
}

#[test]
fn a_key_exchange_that_was_not_offered_is_refused() {
    let client = Client::plain("anna", "CONTOSO", "secret");
    let widened = exchange(&client, &Expected::default(), |which, message| {
        if which == 3 {
            message[63] |= 0x40;
        }
    });
    assert_eq!(widened.unwrap_err(), NtlmError::Flags);
}

/// An exchange in which the client saw other pairs than were sent.
fn with_pairs(change: impl Fn(&mut av_pair::AvPairs)) -> Result<Option<SessionKey>, NtlmError> {
    exchange(
        &Client::plain("anna", "CONTOSO", "secret"),
        &Expected::default(),
        |which, message| {
            if which == 2 {
                let info = wire::buffer(message, 40, 48, "TargetInfo").unwrap();
                let mut pairs = av_pair::AvPairs::parse(&message[info.clone()]).unwrap();
                change(&mut pairs);
                message.truncate(info.start);
                let bytes = pairs.to_bytes();
                message.extend(&bytes);
                let field = challenge::descriptor(bytes.len(), info.start);
                message[40..48].copy_from_slice(&field);
            }
        },
    )
}

#[test]
fn every_pair_that_was_sent_must_come_back() {
    for id in [1, 2, 3, 4, 7] {
        let changed = with_pairs(|pairs| pairs.set(id, b"x\0".repeat(4))).unwrap_err();
        assert_eq!(changed, NtlmError::NotEchoed, "pair {id}");
    }
    let fewer = with_pairs(|pairs| *pairs = av_pair::AvPairs::default());
    assert_eq!(fewer.unwrap_err(), NtlmError::NotEchoed);
    let more = with_pairs(|pairs| pairs.set(5, b"t\0".to_vec()));
    assert!(
        matches!(more, Ok(Some(_))),
        "a pair beside ours does no harm"
    );
}

#[test]
fn lists_of_pairs_that_are_no_lists_are_refused() {
    use av_pair::AvPairs;
    let twice = [2, 0, 1, 0, 65, 2, 0, 1, 0, 65, 0, 0, 0, 0];
    let many: Vec<u8> = (1..=65_u16)
        .flat_map(|id| [id.to_le_bytes(), [0, 0]])
        .flatten()
        .collect();
    for bytes in [
        &twice[..],
        &many,
        &[],
        &[0, 0],
        &[0, 0, 1, 0, 0],
        &[2, 0, 255, 0, 1],
    ] {
        assert_eq!(
            AvPairs::parse(bytes),
            Err(NtlmParseError::MalformedPairs),
            "{bytes:?}"
        );
    }
}

#[test]
fn t_ntlm_1_a_channel_binding_of_another_connection_is_refused() {
    let ours = [ChannelBinding([7; 16]), ChannelBinding([8; 16])];
    let required = Expected {
        channel_bindings: &ours,
        channel_binding: Demand::Require,
        ..Expected::default()
    };
    let allowed = Expected {
        channel_binding: Demand::Allow,
        ..required
    };
    let bound = |binding| Client {
        channel_binding: binding,
        ..anna()
    };
    let refusal = |client: &Client, expected| exchange(client, expected, unchanged).unwrap_err();

    assert!(is_let_in(&bound(Some(ours[1])), &required));
    assert_eq!(
        refusal(&bound(None), &required),
        NtlmError::ChannelBindingAbsent
    );
    let zeros = bound(Some(ChannelBinding([0; 16])));
    assert_eq!(refusal(&zeros, &required), NtlmError::ChannelBindingAbsent);
    assert!(is_let_in(&zeros, &allowed));
    let other = bound(Some(ChannelBinding([9; 16])));
    assert_eq!(refusal(&other, &allowed), NtlmError::ChannelBinding);
    assert_eq!(refusal(&other, &required), NtlmError::ChannelBinding);

    let off = Expected {
        channel_binding: Demand::Off,
        ..required
    };
    for anything in [bound(None), zeros, other, bound(Some(ours[0]))] {
        assert!(is_let_in(&anything, &off), "it is not looked at");
    }
}

#[test]
fn the_channel_binding_is_the_one_of_rfc_5929() {
    // Computed with pyspnego's GssChannelBindings over the SHA-256 of an empty certificate.
    let digest = hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let binding = ChannelBinding::tls_server_end_point(&digest);
    assert_eq!(
        binding.0.as_slice(),
        hex("cf763932e9d2616ab952b63b584204e3")
    );
}

#[test]
fn a_target_name_of_another_service_is_refused() {
    let hosts = ["lyncweb.contoso.com".to_owned()];
    let expected = Expected {
        target_hosts: &hosts,
        ..Expected::default()
    };
    let named = |name: &str| Client {
        target_name: Some(name.to_owned()),
        ..anna()
    };
    for known in [
        "http/lyncweb.contoso.com",
        "HTTP/LYNCWEB.contoso.com",
        "",
        "host/unspecified",
    ] {
        assert!(is_let_in(&named(known), &expected), "{known}");
    }
    for other in [
        "http/mail.contoso.com",
        "cifs/lyncweb.contoso.com",
        "lyncweb.contoso.com",
        "/",
    ] {
        let refused = exchange(&named(other), &expected, unchanged).unwrap_err();
        assert_eq!(refused, NtlmError::TargetName, "{other}");
    }
}

#[test]
fn t_ntlm_2_a_mic_that_was_announced_must_be_right() {
    for mic in [[0; 16], [0x17; 16]] {
        assert!(matches!(with_field(72, &mic), Ok(None)));
    }
    let required = Expected {
        mic: WhenAbsent::Require,
        ..Expected::default()
    };
    assert!(is_let_in(&anna(), &required));
    let without = exchange(
        &Client::plain("anna", "CONTOSO", "secret"),
        &required,
        unchanged,
    );
    assert_eq!(without.unwrap_err(), NtlmError::MicAbsent);
}

#[test]
fn a_mic_may_not_lie_in_the_payload() {
    let moved = with_field(16, &64_u32.to_le_bytes());
    assert_eq!(
        moved.unwrap_err(),
        NtlmParseError::BufferOutside("MIC").into()
    );
}

#[test]
fn t_ntlm_5_buffers_that_point_outside_are_refused() {
    for at in [12, 20, 28, 36, 44, 52] {
        for offset in [0_u32, 8, 63, 0xffff, 0x7fff_ffff, 0xffff_ffff] {
            let field = [[16, 0, 16, 0], offset.to_le_bytes()].concat();
            let refused = with_field(at, &field).unwrap_err();
            let is_outside = matches!(
                refused,
                NtlmError::Malformed(NtlmParseError::BufferOutside(_))
            );
            assert!(is_outside, "field {at}, offset {offset}: {refused}");
        }
    }
}

#[test]
fn messages_that_are_none_are_refused() {
    use NtlmParseError as Error;
    let message = anna().negotiate();
    assert_eq!(Negotiate::parse(&[]), Err(Error::NotNtlm));
    assert_eq!(Negotiate::parse(&message[..12]), Err(Error::Truncated));
    assert_eq!(Negotiate::parse(&vec![0; 9_000]), Err(Error::TooLong));
    assert_eq!(
        Authenticate::parse(&message).unwrap_err(),
        Error::WrongType { wanted: 3, got: 1 }
    );
}

#[test]
fn t_ntlm_6_the_clients_clock_is_not_judged() {
    for time in [
        FileTime(0),
        FileTime(TIME.0 - 36_000_000_000),
        FileTime(u64::MAX),
    ] {
        let challenge = challenge(&anna().negotiate()).unwrap();
        let draw = Draw {
            time: Some(time),
            ..draw()
        };
        let (message, _) = anna().authenticate(challenge.as_bytes(), draw).unwrap();
        let message = Authenticate::parse(&message).unwrap();
        let response = Response::check(challenge, message, &Expected::default()).unwrap();
        assert_eq!(response.client_time(), Some(time));
        assert!(response.proves(&NtHash::of_password("secret")).is_some());
    }
}

#[test]
fn t_ntlm_6_how_far_the_clients_clock_is_off_can_be_noted() {
    let skew = |time, now| {
        let challenge = challenge(&anna().negotiate()).unwrap();
        let draw = Draw {
            time: Some(time),
            ..draw()
        };
        let (message, _) = anna().authenticate(challenge.as_bytes(), draw).unwrap();
        let message = Authenticate::parse(&message).unwrap();
        let response = Response::check(challenge, message, &Expected::default()).unwrap();
        response.clock_skew(now)
    };
    let now = TIME.to_unix_micros() / 1_000_000;
    assert_eq!(skew(TIME, now), Some(0));
    assert_eq!(skew(FileTime(TIME.0 + 600 * 10_000_000), now), Some(600));
    assert_eq!(skew(FileTime(TIME.0 - 36_000_000_000), now), Some(-3600));
    assert_eq!(skew(FileTime(TIME.0 - 1), now), Some(-1));
    assert_eq!(skew(FileTime(0), now), None);
    assert!(skew(FileTime(u64::MAX), i64::MIN).is_some());
    assert_eq!(FileTime(1).seconds_after(i64::MAX), i64::MIN);
}

#[test]
fn file_times_count_from_1601() {
    assert_eq!(
        FileTime::from_unix_micros(0),
        FileTime(116_444_736_000_000_000)
    );
    assert_eq!(
        FileTime::from_unix_micros(1_500_000).to_unix_micros(),
        1_500_000
    );
}

#[test]
fn what_can_be_guessed_against_prints_no_byte_of_itself() {
    let challenge = challenge(&anna().negotiate()).unwrap();
    let (bytes, _) = anna().authenticate(challenge.as_bytes(), draw()).unwrap();
    let message = Authenticate::parse(&bytes).unwrap();
    assert_eq!(format!("{challenge:?}"), "Challenge { .. }");
    assert_eq!(
        format!("{message:?}"),
        r#"Authenticate { user: "anna", domain: "CONTOSO", .. }"#
    );
}

#[test]
fn keys_and_what_computes_with_them_are_wiped() {
    fn is_wiped(_: &impl zeroize::ZeroizeOnDrop) {}
    let hash = NtHash::of_password("secret");
    let key = hash.response_key(b"");
    is_wiped(&hash);
    is_wiped(&key);
    is_wiped(&session::rc4(&key, &[0; 16]));
    is_wiped(&SessionKey::new(key, 0));
    is_wiped(&<rc4::Rc4 as rc4::KeyInit>::new(&[0; 32].into()));
    is_wiped(&<md5::Md5 as md5::Digest>::new());
    is_wiped(&<md4::Md4 as md4::Digest>::new());
}

#[test]
fn no_secret_prints_itself() {
    let shown = format!(
        "{:?} {:?}",
        NtHash::of_password("secret"),
        SessionKey::new([1; 16].into(), 0)
    );
    assert_eq!(shown, "NtHash(..) SessionKey(..)");
}
