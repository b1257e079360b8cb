//! Every limit and timeout of a connection, by name.

use std::time::Duration;

/// Connections of all clients together, where the system gives as many open files.
pub(crate) const MAX_CONNECTIONS: usize = 20_000;
/// Connections of one address: an office behind one NAT, not one machine's flood.
pub(crate) const MAX_CONNECTIONS_OF_ONE_ADDRESS: usize = 1_024;
/// Connections of one balancer that has not yet said whose they are.
pub(crate) const MAX_UNNAMED_OF_ONE_BALANCER: usize = 256;
/// How long a balancer may take to say whose a connection is: it does so at once, and a packet that
/// is lost comes again within three seconds.
pub(crate) const PROXY_HEADER: Duration = Duration::from_secs(5);
/// How often it is told in the log that one does not.
pub(crate) const UNNAMED_LOG: Duration = Duration::from_secs(60);
/// How long nothing is accepted after the system had no room for a connection.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often it is said that there was no room.
pub(crate) const ACCEPT_LOG: Duration = Duration::from_secs(60);
/// How often requests for what is not published are told in the log, of each kind.
pub(crate) const JUNK_LOG: Duration = Duration::from_secs(1);
/// How often certificates of provisioning that cannot be read are told in the log.
pub(crate) const UNREAD_LOG: Duration = Duration::from_secs(60);
/// How long a TLS handshake may take.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may be idle between two requests.
pub(crate) const IDLE: Duration = Duration::from_secs(120);
/// How long a request's head may take, once it began.
pub(crate) const HEAD: Duration = Duration::from_secs(30);
/// How long a connection may live (T-CONN-10).
pub(crate) const MAX_AGE: Duration = Duration::from_secs(10 * 60 * 60);
/// The largest head of a request; web tickets are several KiB.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;
/// How many header lines a head may have.
pub(crate) const MAX_HEADERS: usize = 128;
/// How much of a body is read after a refusal, so that the connection can stay (T-CONN-7).
pub(crate) const DRAIN_BYTES: u64 = 64 * 1024;
/// The same within a handshake, which ends with its connection.
pub(crate) const DRAIN_IN_HANDSHAKE_BYTES: u64 = 4 * 1024 * 1024;
/// How long that may take.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);
/// How long a client may pause within a body.
pub(crate) const REQUEST_BODY_IDLE: Duration = Duration::from_secs(60);
/// How long a client may be slower than [`REQUEST_BODY_RATE`] (T-DOS-1).
pub(crate) const REQUEST_BODY_GRACE: Duration = Duration::from_secs(10);
/// How many bytes of a body a client sends in a second at least, in the mean, after the grace.
pub(crate) const REQUEST_BODY_RATE: u64 = 1_000;
/// How long a body that is read before anything goes on may take in all.
pub(crate) const READ_REQUEST: Duration = Duration::from_secs(30);
/// How long a client may take none of its answer.
pub(crate) const WRITE_STALL: Duration = Duration::from_secs(60);
/// How long the client of a closed connection is read on, so that a reset eats no answer.
pub(crate) const LINGER: Duration = Duration::from_secs(1);
/// How much of it is read in that time.
pub(crate) const LINGER_BYTES: usize = 256 * 1024;
/// How long a back end may pause within a body: EWS notifications are open for half an hour.
pub(crate) const ANSWER_BODY_IDLE: Duration = Duration::from_secs(35 * 60);
/// How long a connection to a back end may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// How long one member after the other may be connected to for one request: a client waits no longer for
/// a farm of which nobody answers.
pub(crate) const CONNECT_IN_ALL: Duration = Duration::from_secs(12);
/// The largest body of a request that is sent a second time, where a back end did not take our Kerberos token
/// (design 13, credential headers).
pub(crate) const SENT_AGAIN_BYTES: usize = 256 * 1024;
/// How long a connection to a back end may be busy with what is left of the request before; then a fresh
/// one is made.
pub(crate) const LINE_READY: Duration = Duration::from_millis(500);
/// How long a back end may take to begin its answer: mobility's long polls take 15 minutes.
pub(crate) const ANSWER_HEAD: Duration = Duration::from_secs(960);
/// The same of ActiveSync, whose phones name their heartbeat themselves: 3,540 s at most ([MS-ASCMD] 2.2.3.79.1), and a
/// minute for the answer.
pub(crate) const ANSWER_HEAD_OF_HEARTBEAT: Duration = Duration::from_secs(3_600);
/// How long a back end may take to send a document that is read.
pub(crate) const READ_ANSWER: Duration = Duration::from_secs(60);
/// Requests of one HTTP/2 connection that a client may have asked at once: those that are worked on, and
/// as many that wait. Whoever has more keeps them.
pub(crate) const STREAMS: u32 = 16;
/// How many of them are worked on at a time, each with a connection to a back end of its own; the
/// others wait, so that one client's connection stands for no more than a browser's few.
pub(crate) const STREAMS_AT_A_TIME: usize = 8;
/// How many places a connection takes for that beside its own: a place is reckoned with two files.
pub(crate) const STREAMS_PLACES: usize = STREAMS_AT_A_TIME / 2;
/// The largest head of a stream, unpacked.
pub(crate) const STREAM_HEAD_BYTES: u32 = 64 * 1024;
/// How much of a body may come of one stream before it is read.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
/// The same of all streams of a connection, so that none that waits for its turn takes another's.
pub(crate) const STREAMS_WINDOW_BYTES: u32 = STREAMS * STREAM_WINDOW_BYTES;
/// How much is handed over at once of an answer that is there already.
pub(crate) const PART_BYTES: usize = 16 * 1024;
/// How much of an answer is kept for a client that does not take it.
pub(crate) const STREAM_SEND_BYTES: usize = 64 * 1024;
/// Streams that a client may break off before they were even looked at (CVE-2023-44487).
pub(crate) const STREAMS_RESET_UNSEEN: usize = 20;
/// Streams that the gate may have to break off for a client's errors (CVE-2025-8671).
pub(crate) const STREAMS_RESET_BY_US: usize = 100;
/// Streams that a client may break off unanswered; each that it lets finish earns one anew.
pub(crate) const STREAMS_BROKEN_OFF: usize = 100;
/// How often it is looked whether a client of HTTP/2 still asks and takes.
pub(crate) const STREAMS_LOOK: Duration = Duration::from_secs(15);
/// How often a client of HTTP/2 is asked whether it is there.
pub(crate) const PING: Duration = Duration::from_secs(60);
/// How long it may take to say so.
pub(crate) const PONG: Duration = Duration::from_secs(20);
/// How long neither end of a WebSocket may send anything; servers and browsers ping more often.
pub(crate) const WEBSOCKET_IDLE: Duration = Duration::from_secs(5 * 60);
/// After how long without a word from a member it is asked whether it is still there (TCP keepalive): an idle socket of
/// a machine that lost its power looks like one that is working on an answer.
pub(crate) const MEMBER_QUIET: Duration = Duration::from_secs(15);
/// How often it is asked again, and how many times in vain.
pub(crate) const MEMBER_ASKED: (Duration, u32) = (Duration::from_secs(5), 3);
/// After how long without a word from a client it is asked the same. Over HTTP/1.1 a phone that waits for its push is
/// woken by nothing else of ours, and its own heartbeats are minutes apart.
pub(crate) const CLIENT_QUIET: Duration = Duration::from_secs(4 * 60);
/// How often it is asked again, and how many times in vain.
pub(crate) const CLIENT_ASKED: (Duration, u32) = (Duration::from_secs(10), 3);
/// How long requests under way may take after the gate was told to stop.
pub(crate) const DRAIN_ON_STOP: Duration = Duration::from_secs(20);
