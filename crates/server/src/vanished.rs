//! Sockets whose other side may vanish without a word: a machine without power, a cable that is out, a firewall that forgot.
//!
//! Nothing tells of it but silence, so that the system asks by TCP itself. Start at [`noticed_of_member`].

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;

use crate::proxy::limits;

/// Has the system end a connection to a member that vanished. What was sent and is not acknowledged keeps the system
/// from asking: then it is given up as late as any other silence ([`limits::ANSWER_HEAD`]).
///
/// No `TCP_USER_TIMEOUT`: it ends connections to members that live and take nothing for a while, too.
///
/// # Errors
///
/// The system does not take it.
pub(crate) fn noticed_of_member(stream: &TcpStream) -> io::Result<()> {
    ask(stream, limits::MEMBER_QUIET, limits::MEMBER_ASKED)
}

/// Has the system end a client's connection where the client vanished. How long an answer may wait to be taken is
/// for the door to say ([`limits::WRITE_STALL`]).
///
/// # Errors
///
/// The system does not take it.
pub(crate) fn noticed_of_client(stream: &TcpStream) -> io::Result<()> {
    ask(stream, limits::CLIENT_QUIET, limits::CLIENT_ASKED)
}

fn ask(stream: &TcpStream, quiet: Duration, (again, times): (Duration, u32)) -> io::Result<()> {
    sockopt::set_tcp_keepidle(stream, quiet)?;
    sockopt::set_tcp_keepintvl(stream, again)?;
    sockopt::set_tcp_keepcnt(stream, times)?;
    sockopt::set_socket_keepalive(stream, true)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_member_is_given_up_in_half_a_minute_and_a_phone_is_not_woken_for_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (member, (client, _)) = (ours.unwrap(), theirs.unwrap());
        noticed_of_member(&member).unwrap();
        noticed_of_client(&client).unwrap();
        for (stream, quiet, gone) in [(&member, 15, 30), (&client, 240, 270)] {
            assert!(sockopt::socket_keepalive(stream).unwrap());
            let idle = sockopt::tcp_keepidle(stream).unwrap();
            let again = sockopt::tcp_keepintvl(stream).unwrap();
            let times = sockopt::tcp_keepcnt(stream).unwrap();
            assert_eq!(idle, Duration::from_secs(quiet));
            assert_eq!(idle + again * times, Duration::from_secs(gone));
        }
        for stream in [&member, &client] {
            assert_eq!(sockopt::tcp_user_timeout(stream).unwrap(), 0);
        }
    }
}
