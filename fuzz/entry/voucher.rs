//! Vouchers: one is opened or it is not, and what is not signed is not even read.

use authn::place::ConnectionId;
use authn::voucher::{AttemptDigest, For, GatewayId, Issuer, Opener, VoucherError};
use jiff::Timestamp;
use proto::secret::Secret;

/// Feeds one input; says whether it was opened.
pub(crate) fn run(data: &[u8]) -> bool {
    let issuer = Issuer::new(&Secret::new([1; 32])).unwrap();
    let opener = Opener::new(issuer.key());
    let wanted = For {
        gateway: GatewayId::of_certificate(b"gateway"),
        connection: ConnectionId([1; 8]),
        attempt: AttemptDigest::of(b"attempt"),
    };
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    match opener.open(data, &wanted, now) {
        Ok(who) => {
            assert!(who.session().is_some() && who.ends().is_some());
            let again = opener.open(data, &wanted, now).err();
            assert_eq!(again, Some(VoucherError::Opened));
            true
        }
        Err(_) => false,
    }
}
