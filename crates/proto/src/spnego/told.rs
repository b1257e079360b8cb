//! The acceptor of an exchange as one of our own machines tells it to another, which has the keys to end it.
//!
//! Start at [`Acceptor::told`].

use crate::pieces::{Pieces, PiecesParseError, put, put_optional};

use super::acceptor::{Acceptor, Frame};
use super::token::{KERBEROS, MICROSOFT_KERBEROS};

/// Every frame, by its place here; a list of its own may come to its end.
const FRAMES: [Frame; 7] = [
    Frame::Unknown,
    Frame::Raw,
    Frame::Preferred,
    Frame::Selected,
    Frame::BareKerberos,
    Frame::Kerberos(KERBEROS),
    Frame::Kerberos(MICROSOFT_KERBEROS),
];

impl Acceptor {
    /// The bytes by which it is told, once every token of the client is there.
    #[must_use]
    pub fn told(&self) -> Vec<u8> {
        let at = FRAMES.iter().position(|frame| *frame == self.frame);
        let at = at.and_then(|at| u8::try_from(at).ok());
        let mut bytes = vec![at.unwrap_or_default()];
        put(&mut bytes, &self.mechanism_list);
        put_optional(&mut bytes, self.mic.as_deref());
        bytes
    }

    /// Reads what [`Acceptor::told`] wrote: it can end the exchange, and takes no further token.
    ///
    /// # Errors
    ///
    /// It is not one.
    pub fn of_told(bytes: &[u8]) -> Result<Self, PiecesParseError> {
        let mut pieces = Pieces::of(bytes);
        let [frame] = pieces.array()?;
        let frame = FRAMES.get(usize::from(frame)).copied();
        let (mechanism_list, mic) = (pieces.take()?, pieces.optional()?);
        pieces.end()?;
        let frame = frame.ok_or(PiecesParseError::NotA("frame"))?;
        Ok(Self::ended(frame, mechanism_list, mic))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::*;

    #[test]
    fn what_was_told_ends_as_it_would_have_here() {
        let mut here = Acceptor::or_kerberos();
        let offer = super::super::offer_kerberos(b"a token").unwrap();
        let Ok(Step::Kerberos(_)) = here.token(&offer) else {
            panic!("it is Kerberos'");
        };
        let mut there = Acceptor::of_told(&here.told()).unwrap();
        for answer in [None, Some(&b"answer"[..])] {
            assert_eq!(there.accepted(answer), here.accepted(answer));
        }
        assert!(there.token(&offer).is_err(), "nothing begins anew");
        assert!(there.token(b"NTLMSSP\0").is_err(), "nor otherwise");
    }

    #[test]
    fn every_frame_comes_back_as_it_was() {
        for frame in FRAMES {
            let acceptor = Acceptor::ended(frame, &[1, 2], Some(&[3]));
            let there = Acceptor::of_told(&acceptor.told()).unwrap();
            assert_eq!(there.frame, frame);
            assert_eq!(
                (there.mechanism_list, there.mic),
                (vec![1, 2], Some(vec![3]))
            );
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let told = Acceptor::new().told();
        for length in 0..told.len() {
            assert!(Acceptor::of_told(&told[..length]).is_err(), "{length}");
        }
        assert!(Acceptor::of_told(&[told, vec![0]].concat()).is_err());
        assert!(Acceptor::of_told(&[99, 0, 0, 0, 0, 0]).is_err());
    }
}
