//! What the streams of one connection share, and what none takes from another: turns, connections to back
//! ends, windows, places (T-DOS-1, T-DOS-2); and what of a stream goes no further (T-HTTP-6).

use std::collections::BTreeSet;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use e2e::back_end::{BackEnd, Held};
use e2e::demo::Demo;
use e2e::frames::{self, Frames, setting, with};
use e2e::held_store::HeldStore;
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use e2e::skip::is_night;
use rustls::ClientConfig;

/// A host of nothing but routes of the operator's own.
const APP: &str = "autodiscover.contoso.localhost";
/// What is for anybody there.
const OPEN: &str = "/open";
/// Requests of one connection that may be asked at once, and those that are worked on at a time.
const STREAMS: usize = 16;
const AT_A_TIME: usize = 8;
/// How long a client waits for a window while the gate works.
const PATIENCE: Duration = Duration::from_secs(30);
/// In what time a client is put out that takes nothing, at the latest.
const STALLED: Duration = Duration::from_secs(100);
/// RFC 9113 7: the gate has not begun to look at the stream.
const REFUSED_STREAM: u32 = 7;

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
    back_end: BackEnd,
}

/// A gate whose routes lead to a back end of the story's.
fn route_to(config: &str, back_end: &BackEnd) -> String {
    let port = back_end.port;
    let config = config.replace(&format!("autodiscover_hosts = [\"{APP}\"]\n"), "");
    format!(
        "{config}\n[[farm]]\nname = \"held\"\naddress = \"http://127.0.0.1:{port}\"\n\
         identity_header = \"x-wicketgate-identity\"\n\
         \n[[route]]\nhost = \"{APP}\"\npath = \"/\"\nbelow = true\n\
         auth = [\"basic\"]\nservice = \"ews\"\nfarm = \"held\"\n\
         \n[[route]]\nhost = \"{APP}\"\npath = \"{OPEN}\"\n\
         auth = \"anonymous\"\nservice = \"ews\"\nfarm = \"held\"\n"
    )
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let (demo, back_end) = (Demo::start()?, BackEnd::new()?);
        let serve = Serve::start(&demo, |config| route_to(&config, &back_end))?;
        let tls = tls(&demo, &[b"h2", b"http/1.1"])?;
        Ok(Self {
            demo,
            serve,
            tls,
            back_end,
        })
    }

    fn connect(&self) -> anyhow::Result<Frames> {
        Frames::connect(self.serve.address, &self.tls, APP, &[])
    }

    /// A request of somebody's.
    fn head(&self, number: usize, method: &str, path: &str) -> Vec<(String, String)> {
        let person = self.demo.person(number);
        let line = basic(&person.upn, &person.app_password);
        with(&frames::head(APP, method, path), &line)
    }

    /// Asks something on another connection: when it is answered, the gate has had time for whatever it
    /// had to do at once.
    fn meanwhile(&self) -> anyhow::Result<()> {
        let tls = tls(&self.demo, &[])?;
        let mut raw = Raw::connect_to(self.serve.address, &tls, APP)?;
        let answer = raw.exchange(Request::new(APP, "/").text())?;
        assert_eq!(answer.status, 401);
        Ok(())
    }
}

#[test]
fn t_dos_2_eight_of_sixteen_are_worked_on_and_the_others_when_one_ends() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let mut frames = scene.connect()?;
    assert_eq!(frames.settings.get(&setting::STREAMS), Some(&16));
    assert_eq!(frames.settings.get(&setting::HEAD), Some(&65_536));
    assert_eq!(frames.settings.get(&setting::WINDOW), Some(&65_536));
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        let head = scene.head(0, "GET", &format!("/{number}"));
        streams.push(frames.open(&head, true)?);
    }
    let one_more = frames.open(&scene.head(0, "GET", "/more"), true)?;
    let refused = frames.ended(one_more)?;
    assert_eq!(refused.reset, Some(REFUSED_STREAM), "{refused:?}");

    let mut held: Vec<Held> = Vec::new();
    for _ in 0..AT_A_TIME {
        held.push(scene.back_end.held()?);
    }
    let connections: BTreeSet<usize> = held.iter().map(|held| held.connection).collect();
    assert_eq!(connections.len(), AT_A_TIME, "each has its own");
    for _ in 0..STREAMS - AT_A_TIME {
        frames.ping()?;
        scene.meanwhile()?;
        assert!(scene.back_end.came().is_none(), "it was not its turn");
        held.remove(0).answer("done")?;
        held.push(scene.back_end.held()?);
    }
    for held in held {
        held.answer("done")?;
    }
    for stream in streams {
        let answer = frames.ended(stream)?;
        assert_eq!((answer.status, answer.body), (Some(200), b"done".to_vec()));
    }
    Ok(())
}

#[test]
fn t_dos_2_uploads_that_wait_do_not_hold_up_those_whose_turn_it_is() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let mut frames = scene.connect()?;
    let body = "x".repeat(300_000);
    let mut uploads = Vec::new();
    for number in 0..STREAMS {
        let head = scene.head(0, "POST", &format!("/{number}"));
        let head = with(&head, &format!("content-length: {}", body.len()));
        uploads.push((frames.open(&head, false)?, 0));
    }
    let streams: Vec<u32> = uploads.iter().map(|(stream, _)| *stream).collect();
    frames.raw().tcp().set_read_timeout(Some(PATIENCE))?;
    let mut arrived = 0;
    while arrived < STREAMS {
        // The last ones first, whose turn it is not.
        for (stream, sent) in uploads.iter_mut().rev() {
            *sent += frames.upload(*stream, &body.as_bytes()[*sent..])?;
        }
        uploads.retain(|(_, sent)| *sent < body.len());
        while let Some(held) = scene.back_end.came() {
            assert_eq!(held.body.len(), body.len());
            held.answer("taken")?;
            arrived += 1;
        }
        if !uploads.is_empty() {
            frames.read()?;
        }
    }
    for stream in streams {
        assert_eq!(frames.ended(stream)?.status, Some(200));
    }
    Ok(())
}

#[test]
fn i3_a_connection_behind_is_one_stream_s_until_its_answer_is_there() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let mut frames = scene.connect()?;
    let slow = frames.open(&scene.head(0, "GET", "/slow"), true)?;
    let mut slows = scene.back_end.held()?;
    slows.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")?;
    frames.part(slow, 5)?;
    let other = frames.open(&scene.head(0, "GET", "/other"), true)?;
    let others = scene.back_end.held()?;
    assert_ne!(others.connection, slows.connection);
    others.answer("other")?;
    assert_eq!(frames.ended(other)?.body, b"other");
    slows.say("last!")?;
    let answer = frames.ended(slow)?;
    assert_eq!(answer.reset, None, "it was broken off for the other");
    assert_eq!(answer.body, b"firstlast!");
    Ok(())
}

#[test]
fn i3_nobody_s_request_goes_on_no_connection_of_somebody_s() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let http_1 = tls(&scene.demo, &[])?;
    let mut raw = Raw::connect_to(scene.serve.address, &http_1, APP)?;
    let mut frames = scene.connect()?;
    let anna = scene.demo.person(0);
    let line = basic(&anna.upn, &anna.app_password);
    let hers = Request::new(APP, "/").header(&line).text();
    let nobodys = Request::new(APP, OPEN).text();
    let mut connections = Vec::new();
    for asked in [&nobodys, &hers, &nobodys, &hers] {
        raw.send(asked)?;
        let held = scene.back_end.held()?;
        connections.push(held.connection);
        held.answer("")?;
        assert_eq!(raw.answer()?.expect("an answer").status, 200);
    }
    let nobodys = frames::head(APP, "GET", OPEN);
    let hers = scene.head(0, "GET", "/");
    for asked in [&nobodys, &hers, &nobodys, &hers] {
        let stream = frames.open(asked, true)?;
        let held = scene.back_end.held()?;
        connections.push(held.connection);
        held.answer("")?;
        assert_eq!(frames.ended(stream)?.status, Some(200));
    }
    let distinct: BTreeSet<usize> = connections.iter().copied().collect();
    assert_eq!(distinct.len(), 4, "{connections:?}");
    for pair in connections.chunks(2) {
        assert_ne!(pair[0], pair[1], "{connections:?}");
    }
    Ok(())
}

#[test]
fn t_dos_2_whoever_breaks_off_a_sign_in_has_no_other_turn_before_it_is_judged() -> anyhow::Result<()>
{
    let scene = Scene::new()?;
    let mut frames = scene.connect()?;
    let held = HeldStore::of(&scene.demo)?;
    let person = scene.demo.person(0);
    let nobodys = frames::head(APP, "GET", "/");
    // On a busy machine a stream may be broken off before its sign-in has begun, which takes no turn.
    for number in 0..3 * AT_A_TIME {
        let wrong = basic(&person.upn, &format!("guess {number}"));
        let stream = frames.open(&with(&nobodys, &wrong), true)?;
        frames.ping()?;
        scene.meanwhile()?;
        frames.reset(stream)?;
    }
    let next = frames.open(&nobodys, true)?;
    frames.ping()?;
    scene.meanwhile()?;
    frames.ping()?;
    assert_eq!(frames.streamed(next).heads, 0, "a turn was free");
    held.free()?;
    assert_eq!(frames.ended(next)?.status, Some(401));
    Ok(())
}

/// A minute and a quarter, which `cargo xtask night` has. What else is under way on the connection is answered first.
#[test]
fn t_dos_2_whoever_takes_none_of_its_answers_is_put_out_and_told_so_first() -> anyhow::Result<()> {
    if !is_night() {
        return Ok(());
    }
    let mut scene = Scene::new()?;
    let nothing = [(setting::WINDOW, 0)];
    let mut frames = Frames::connect(scene.serve.address, &scene.tls, APP, &nothing)?;
    for _ in 1..AT_A_TIME {
        frames.open(&scene.head(0, "GET", "/"), true)?;
        scene.back_end.held()?.answer("not taken")?;
    }
    let under_way = frames.open(&scene.head(0, "GET", "/"), true)?;
    let held = scene.back_end.held()?;
    frames.allow(under_way, 65_535)?;
    frames.raw().tcp().set_read_timeout(Some(STALLED))?;
    while !frames.is_going_away {
        frames.read()?;
    }
    held.answer("taken")?;
    let answer = frames.ended(under_way)?;
    assert_eq!((answer.status, answer.body), (Some(200), b"taken".to_vec()));
    let (say, closed) = mpsc::channel();
    std::thread::spawn(move || say.send(frames.closed()));
    closed.recv_timeout(STALLED)?
}

#[test]
fn t_dos_1_a_connection_of_streams_takes_five_places() -> anyhow::Result<()> {
    let (demo, back_end) = (Demo::start()?, BackEnd::new()?);
    let change = |config: String| route_to(&config, &back_end);
    // (640 - 256) / 2 places, an eighth of them, which is 24, for one address.
    let serve = Serve::start_with_files(&demo, (400, 640), change)?;
    let many = tls(&demo, &[b"h2"])?;
    let open: Vec<Frames> = (0..24)
        .map_while(|_| Frames::connect(serve.address, &many, APP, &[]).ok())
        .collect();
    assert_eq!(open.len(), 4);
    Ok(())
}

#[test]
fn t_http_6_trailers_of_a_stream_go_no_further_in_either_direction() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let mut frames = scene.connect()?;
    let names = ["authorization", "x-ms-webticket", "x-wicketgate-identity"];
    let trailers = names.map(|name| (name.to_owned(), "forged".to_owned()));
    let announced = with(
        &scene.head(0, "POST", "/"),
        &format!("trailer: {}", names.join(", ")),
    );
    let stream = frames.open(&with(&announced, "te: trailers"), false)?;
    frames.data(stream, b"body", false)?;
    frames.trailers(stream, &trailers)?;
    let mut held = scene.back_end.held()?;
    assert_eq!(held.body, "4\r\nbody\r\n0\r\n\r\n");
    assert!(!format!("{}{}", held.head, held.body).contains("forged"));
    held.say(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: set-cookie\r\n\r\n\
         4\r\nbody\r\n0\r\nSet-Cookie: forged=1\r\n\r\n",
    )?;
    let answer = frames.ended(stream)?;
    assert_eq!(answer.body, b"body");
    assert_eq!(answer.heads, 1, "trailers came after it");
    Ok(())
}

/// Half an upload is not a whole one because its stream was reset with "no error" (RFC 9113 8.1).
#[test]
fn t_http_1_an_upload_that_is_reset_breaks_off_whatever_the_code_says() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    for code in [0, 8] {
        let mut frames = scene.connect()?;
        let head = scene.head(0, "POST", "/");
        let cut = frames.open(&head, false)?;
        frames.data(cut, b"half", false)?;
        frames.ping()?;
        scene.meanwhile()?;
        frames.reset_by(cut, code)?;
        let whole = frames.open(&head, false)?;
        frames.data(whole, b"whole", true)?;
        let held = scene.back_end.held()?;
        assert_eq!(held.body, "5\r\nwhole\r\n0\r\n\r\n", "{code}");
        held.answer("")?;
        assert_eq!(frames.ended(whole)?.status, Some(200));
        assert!(scene.back_end.came().is_none(), "{code}");
    }
    Ok(())
}

#[test]
fn t_http_6_trailers_go_no_further_in_either_direction() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let http_1 = tls(&scene.demo, &[])?;
    let mut raw = Raw::connect_to(scene.serve.address, &http_1, APP)?;
    let person = scene.demo.person(0);
    let line = basic(&person.upn, &person.app_password);
    raw.send(format!(
        "POST / HTTP/1.1\r\nHost: {APP}\r\n{line}\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\
         Trailer: authorization, x-ms-webticket\r\n\r\n4\r\nbody\r\n0\r\n\
         Authorization: forged\r\nX-MS-WebTicket: forged\r\n\r\n"
    ))?;
    let mut held = scene.back_end.held()?;
    assert_eq!(held.body, "4\r\nbody\r\n0\r\n\r\n");
    held.say(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: set-cookie\r\n\r\n\
         4\r\nbody\r\n0\r\nSet-Cookie: forged=1\r\n\r\n",
    )?;
    assert_eq!(raw.interim()?.status, 200);
    let whole = "4\r\nbody\r\n0\r\n\r\n";
    assert_eq!(raw.bytes(whole.len())?, whole.as_bytes());
    Ok(())
}
