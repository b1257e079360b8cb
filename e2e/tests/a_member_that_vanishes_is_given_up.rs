//! A member whose machine loses its network says nothing any more, not even that it is gone: what is under way there
//! is answered within half a minute, and counted (design 13, farms). One that lives and is too busy to read is waited for.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use e2e::cable::{Cable, FAR};
use e2e::demo::Demo;
use e2e::serve::Serve;

const MAIL: &str = "mail.contoso.localhost";
/// In flight when the cable is pulled.
const HELD: usize = 3;
/// What is promised, and what a slow machine may take beside.
const WITHIN: Duration = Duration::from_secs(45);

/// Where the busy member is, on the near machine.
const BUSY: &str = "127.0.0.1:8082";
/// What is sent to it: more than all buffers between take.
const SENT: usize = 16 * 1024 * 1024;
/// Takes the beginning of a request, says `asked`, and reads on when it is told to.
const BUSY_SERVER: &str = r#"
import socket, sys
listener = socket.create_server(("127.0.0.1", 8082))
print("listening", flush=True)
connection, _ = listener.accept()
came = len(connection.recv(4096))
print("asked", flush=True)
sys.stdin.readline()
while came < int(sys.argv[1]):
    came += len(connection.recv(1 << 20))
connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nread")
"#;

/// A member that lives, and reads when it may.
struct Busy {
    process: Child,
    told: BufReader<std::process::ChildStdout>,
}

impl Busy {
    fn on(cable: &Cable) -> anyhow::Result<Self> {
        let mut process = cable
            .command("/usr/bin/python3")
            .args(["-c", BUSY_SERVER, &SENT.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let told = BufReader::new(process.stdout.take().context("no output")?);
        let mut busy = Self { process, told };
        busy.told("listening")?;
        Ok(busy)
    }

    fn told(&mut self, word: &str) -> anyhow::Result<()> {
        let mut line = String::new();
        self.told.read_line(&mut line)?;
        anyhow::ensure!(line.trim_end() == word, "the busy member said `{line}`");
        Ok(())
    }

    fn may_read(&mut self) -> anyhow::Result<()> {
        let input = self.process.stdin.as_mut().context("no input")?;
        Ok(input.write_all(b"read\n")?)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is promised, is promised for so many seconds"
)]
fn s54_requests_at_a_member_whose_network_is_gone_are_502_within_half_a_minute()
-> anyhow::Result<()> {
    let story = "requests at a member whose network is gone";
    let Some(mut cable) = Cable::laid(story)? else {
        return Ok(());
    };
    let demo = Demo::start()?;
    let farm = |name: &str, address: &str| {
        format!(
            "[[farm]]\nname = \"{name}\"\naddress = \"http://{address}\"\n\
             [[route]]\nhost = \"{MAIL}\"\npath = \"/{name}\"\nbelow = true\nauth = \"anonymous\"\n\
             service = \"ews\"\nfarm = \"{name}\"\n"
        )
    };
    let farms = farm("far", FAR) + &farm("busy", BUSY);
    let metrics = "\n[metrics]\naddress = \"127.0.0.1:0\"\n";
    let serve = Serve::start_under(&cable.near(), &demo, |config| config + metrics + &farms)?;
    let line = serve.line("metrics and health are told")?;
    let (_, metrics) = line.split_once("address=\"").expect("an address");
    let metrics = format!("http://{}/metrics", metrics.trim_end_matches('"'));

    let gate = format!("::{}", serve.address);
    let curl = |path: &str, more: &[&str]| {
        let mut curl = cable.command("curl");
        curl.args(["--silent", "--insecure", "--max-time", "120"])
            .args(["--connect-to", &gate, "--write-out", "%{http_code}"])
            .args(more)
            .arg(format!("https://{MAIL}{path}"));
        curl.stdout(Stdio::piped()).spawn()
    };
    let mut busy = Busy::on(&cable)?;
    let body = demo.folder().join("body");
    std::fs::write(&body, vec![b'x'; SENT])?;
    let body = format!("@{}", body.display());
    let uploading = curl("/busy/upload", &["--http1.1", "--data-binary", &body])?;
    busy.told("asked")?;
    let held: Vec<_> = (0..HELD)
        .map(|_| curl("/far/hold", &[]))
        .collect::<Result<_, _>>()?;
    for _ in 0..HELD {
        cable.is_asked()?;
    }
    cable.pull()?;
    let pulled = Instant::now();
    for curl in held {
        let said = String::from_utf8(curl.wait_with_output()?.stdout)?;
        assert!(said.ends_with("502"), "{said}: {}", serve.log());
        let took = pulled.elapsed();
        assert!(took < WITHIN, "{took:?}");
    }
    busy.may_read()?;
    let said = String::from_utf8(uploading.wait_with_output()?.stdout)?;
    assert!(said.ends_with("200"), "{said}: {}", serve.log());
    let told = cable
        .command("curl")
        .args(["--silent", &metrics])
        .output()?;
    let told = String::from_utf8(told.stdout)?;
    let broken = told.lines().find(|line| {
        line.starts_with("wicketgate_farm_member_failures_total{farm=\"far\"")
            && line.contains("broke-off")
    });
    let count = broken.and_then(|line| line.rsplit(' ').next());
    assert_eq!(count, Some(HELD.to_string().as_str()), "{told}");
    Ok(())
}
