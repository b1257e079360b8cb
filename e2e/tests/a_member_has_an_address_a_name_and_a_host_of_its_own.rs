//! Where a member is, whom it must prove to be and which Host it is told are settings of their own
//! (S55, S56), different for each rule (S57), and names that do not agree get nowhere (S59).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use e2e::demo::Demo;
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const WEB: &str = "lyncweb.contoso.localhost";
/// The name in the certificate of the stand-in Exchange; no machine resolves it.
const EXCHANGE: &str = "exch01.contoso.local";
/// A binding of IIS, which is in no certificate.
const BINDING: &str = "ews.binding.contoso.local";

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
}

impl Scene {
    /// A gate whose farm `exchange` has these members.
    fn with(demo: Demo, members: &str) -> anyhow::Result<Self> {
        let (_, address) = demo.members("exchange").remove(0);
        let serve = Serve::start(&demo, |config| {
            let rest = "authorities = \"ca.pem\"\nidentity_header = \"x-wicketgate-identity\"\n";
            let one = format!("address = \"https://{address}\"\ntls_name = \"{EXCHANGE}\"\n{rest}");
            assert!(config.contains(&one), "{config}");
            config.replace(&one, &format!("{rest}{members}"))
        })?;
        let tls = tls(&demo, &[])?;
        Ok(Self { demo, serve, tls })
    }

    fn ask(&self, host: &str, path: &str) -> anyhow::Result<Answer> {
        let anna = self.demo.person(0);
        let login = basic(&anna.upn, &anna.app_password);
        let mut raw = Raw::connect_to(self.serve.address, &self.tls, host)?;
        raw.exchange(Request::new(host, path).header(&login).text())
    }

    /// What the stand-in says it was asked.
    fn echo(&self) -> anyhow::Result<Value> {
        let answer = self.ask(MAIL, "/EWS/echo")?;
        anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

fn member(address: &str, tls_name: &str, rest: &str) -> String {
    format!(
        "\n[[farm.member]]\naddress = \"https://{address}\"\ntls_name = \"{tls_name}\"\n{rest}\n"
    )
}

/// An address where nobody is.
fn nobody() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// In place of a line in the proxy's hosts file: the address is an address, and everything that is
/// said there is said of the name. The stand-in takes an assertion for its own Host only.
#[test]
fn s55_s56_the_address_is_where_and_the_names_are_whom() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (_, address) = demo.members("exchange").remove(0);
    let host = format!("host_header = \"{BINDING}\"");
    let scene = Scene::with(demo, &member(&address, EXCHANGE, &host))?;
    let hosts = std::fs::read_to_string("/etc/hosts")?;
    assert!(!hosts.contains(EXCHANGE) && !hosts.contains(BINDING));
    let echo = scene.echo()?;
    assert_eq!(echo["host"], BINDING);
    let how = (&echo["how"], &echo["identity"]);
    assert_eq!(
        how,
        (&"assertion".into(), &"CONTOSO\\anna".into()),
        "{echo}"
    );
    Ok(())
}

/// The Host stands in what is signed: where the first member is away, it is signed anew for the next.
#[test]
fn s56_a_request_that_goes_to_another_member_is_signed_for_that_member_s_host() -> anyhow::Result<()>
{
    let demo = Demo::start()?;
    let (_, address) = demo.members("exchange").remove(0);
    let away = nobody()?.to_string();
    let members = member(&away, EXCHANGE, "host_header = \"first.contoso.local\"\nweight = 9")
        + &member(&address, EXCHANGE, "host_header = \"second.contoso.local\"")
        // Nobody is looked at before the first request, or the first member would not be asked.
        + "[farm.health]\nfall = 10\ninterval = 300\n";
    let scene = Scene::with(demo, &members)?;
    for _ in 0..3 {
        let echo = scene.echo()?;
        assert_eq!(echo["host"], "second.contoso.local");
        assert_eq!(echo["identity"], "CONTOSO\\anna", "{echo}");
    }
    assert!(scene.serve.line("took no connection")?.contains(&away));
    Ok(())
}

/// Two rules of one host: each has its own farm, Host and word for a name that both farms use.
#[test]
fn s57_each_rule_of_a_host_rewrites_in_its_own_way() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (one, two) = (redirecting()?, redirecting()?);
    let farm = |name: &str, address: SocketAddr| {
        format!(
            "\n[[farm]]\nname = \"{name}\"\naddress = \"http://{address}\"\n\
             host_header = \"{name}.binding.local\"\n\
             [[route]]\nhost = \"{MAIL}\"\npath = \"/{name}\"\nauth = \"anonymous\"\n\
             service = \"{name}\"\nfarm = \"{name}\"\n\
             internal_names = {{ \"shared.contoso.local\" = \"{name}.contoso.localhost\" }}\n"
        )
    };
    let serve = Serve::start(&demo, |config| {
        let told = "[names]\nforeign_hosts = [\"first.contoso.localhost\", \"second.contoso.localhost\"]\n";
        config.replacen("[names]\n", told, 1) + &farm("first", one) + &farm("second", two)
    })?;
    let tls = tls(&demo, &[])?;
    for name in ["first", "second", "first"] {
        let mut raw = Raw::connect_to(serve.address, &tls, MAIL)?;
        let answer = raw.exchange(Request::new(MAIL, &format!("/{name}")).text())?;
        let outside = format!("https://{name}.contoso.localhost/next");
        assert_eq!(answer.header("location"), Some(&*outside));
        assert_eq!(answer.text(), format!("{name}.binding.local"));
    }
    Ok(())
}

/// A server that sends everybody to another name of its own, and says which Host it was told.
fn redirecting() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer = |mut stream: TcpStream| -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let host = head.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.unwrap_or_default();
        write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: https://shared.contoso.local/next\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{host}",
            host.len()
        )
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A check connects and says nothing.
            std::thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

/// In front: SNI and Host. Behind: the name that was asked for and the certificate.
#[test]
fn s59_names_that_do_not_agree_get_nowhere_on_either_side() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (_, address) = demo.members("exchange").remove(0);
    let scene = Scene::with(demo, &member(&address, "exch02.contoso.local", ""))?;
    let mut raw = Raw::connect_to(scene.serve.address, &scene.tls, MAIL)?;
    let answer = raw.exchange(Request::new(WEB, "/meet/1").text())?;
    assert_eq!(
        answer.status, 421,
        "asked for one name, and then for another"
    );
    let elsewhere = Raw::connect_to(scene.serve.address, &scene.tls, "other.contoso.localhost");
    let said = format!("{:?}", elsewhere.err());
    assert!(said.contains("fatal alert"), "no certificate of it: {said}");

    let before = scene.demo.requests()?.len();
    assert_eq!(scene.ask(MAIL, "/EWS/echo")?.status, 503);
    assert_eq!(
        scene.demo.requests()?.len(),
        before,
        "nothing was sent to it"
    );
    let line = scene.serve.line("a member of a farm is down")?;
    assert!(line.contains("certificate"), "{line}");

    // Of two members the one whose names agree serves.
    let demo = Demo::start_with(&["--members", "2"])?;
    let [(_, wrong), (right, _)] = demo.members("exchange").try_into().expect("two");
    let tls = tls(&demo, &[])?;
    let serve = Serve::start(&demo, |config| {
        let of = |name| format!("address = \"https://{wrong}\"\ntls_name = \"{name}\"");
        config.replace(&of(EXCHANGE), &of("exch02.contoso.local"))
    })?;
    let anna = demo.person(0);
    for _ in 0..4 {
        let mut raw = Raw::connect_to(serve.address, &tls, MAIL)?;
        let login = basic(&anna.upn, &anna.app_password);
        let answer = raw.exchange(Request::new(MAIL, "/EWS/echo").header(&login).text())?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-lab-member"), Some(&*right));
    }
    Ok(())
}
