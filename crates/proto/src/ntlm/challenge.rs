//! CHALLENGE_MESSAGE, type 2 ([MS-NLMP] 2.2.1.2): eight fresh bytes and who we are.

use std::fmt;

use super::av_pair::{self, AvPairs, FileTime};
use super::negotiate::Negotiate;
use super::{flags, wire};

/// The fixed part, with the version field.
const FIXED: usize = 56;

/// The names that the challenge gives out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The NetBIOS name of the domain.
    pub netbios_domain: String,
    /// The NetBIOS name of this server.
    pub netbios_computer: String,
    /// The DNS name of the domain.
    pub dns_domain: String,
    /// The DNS name of this server.
    pub dns_computer: String,
}

/// A type 2 message and what it answers. It is good for one answer: checking consumes it.
pub struct Challenge {
    pub(super) negotiate: Negotiate,
    pub(super) flags: u32,
    pub(super) server_challenge: [u8; 8],
    pub(super) target_info: AvPairs,
    pub(super) bytes: Vec<u8>,
}

impl Challenge {
    /// Answers a type 1 message with fresh random bytes.
    #[must_use]
    pub fn answer(
        negotiate: Negotiate,
        target: &Target,
        server_challenge: [u8; 8],
        now: FileTime,
    ) -> Self {
        let mut target_info = AvPairs::default();
        for (id, name) in [
            (av_pair::NETBIOS_DOMAIN, &target.netbios_domain),
            (av_pair::NETBIOS_COMPUTER, &target.netbios_computer),
            (av_pair::DNS_DOMAIN, &target.dns_domain),
            (av_pair::DNS_COMPUTER, &target.dns_computer),
        ] {
            target_info.set(id, wire::to_utf16(name));
        }
        target_info.set(av_pair::TIMESTAMP, now.0.to_le_bytes().to_vec());
        let flags = negotiate.answered_flags();
        let bytes = written(
            flags,
            server_challenge,
            &target.netbios_domain,
            &target_info,
        );
        Self {
            negotiate,
            flags,
            server_challenge,
            target_info,
            bytes,
        }
    }

    /// The message.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SECURITY: with it, a proof that was seen can be guessed against; it is not for logs.
        f.debug_struct("Challenge").finish_non_exhaustive()
    }
}

fn written(
    flags: u32,
    server_challenge: [u8; 8],
    target_name: &str,
    target_info: &AvPairs,
) -> Vec<u8> {
    let name = wire::to_utf16(target_name);
    let info = target_info.to_bytes();
    let mut bytes = wire::SIGNATURE.to_vec();
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend(descriptor(name.len(), FIXED));
    bytes.extend((flags & !flags::OEM).to_le_bytes());
    bytes.extend(server_challenge);
    bytes.extend([0; 8]);
    bytes.extend(descriptor(info.len(), FIXED + name.len()));
    bytes.extend([0; 8]);
    bytes.extend(name);
    bytes.extend(info);
    bytes
}

/// Length, allocated length and offset of a buffer.
pub(super) fn descriptor(length: usize, offset: usize) -> [u8; 8] {
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes();
    let offset = u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes();
    let ([a, b], [w, x, y, z]) = (length, offset);
    [a, b, a, b, w, x, y, z]
}
