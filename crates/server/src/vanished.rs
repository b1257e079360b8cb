//! Sockets whose other side may vanish without a word: a machine without power, a cable that is out, a firewall that forgot.
//!
//! Nothing tells of it but silence, so that the system asks by TCP itself. Start at [`noticed_of_member`].

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;

use crate::proxy::limits;

/// Has the system end a connection to a member that vanished, whether or not anything waits to be acknowledged.
///
/// # Errors
///
/// The system does not take it.
pub(crate) fn noticed_of_member(stream: &TcpStream) -> io::Result<()> {
    let gone = u32::try_from(limits::MEMBER_GONE.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(stream, gone)?;
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
        for (stream, quiet, gone) in [(&member, 15, 30), (&client, 60, 90)] {
            assert!(sockopt::socket_keepalive(stream).unwrap());
            let idle = sockopt::tcp_keepidle(stream).unwrap();
            let again = sockopt::tcp_keepintvl(stream).unwrap();
            let times = sockopt::tcp_keepcnt(stream).unwrap();
            assert_eq!(idle, Duration::from_secs(quiet));
            assert_eq!(idle + again * times, Duration::from_secs(gone));
        }
        assert_eq!(sockopt::tcp_user_timeout(&member).unwrap(), 30_000);
        assert_eq!(sockopt::tcp_user_timeout(&client).unwrap(), 0);
    }
}
