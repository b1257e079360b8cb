//! One code, typed at three gates by sixty-four clients each in the same moment: one of them is let in, round after round,
//! whatever keeps the store (T-OTP-2, S42).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::Barrier;

use anyhow::Context;
use e2e::apart::Apart;
use e2e::demo::{Demo, Person};
use e2e::postgres;
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use e2e::skip;
use proto::otp::{Generator, KeyUri};
use rustls::ClientConfig;

const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const BOTH: &str = "app-password + one-time-code";
/// How many clients ask each gate.
const CLIENTS: usize = 64;
/// How many gates there are.
const GATES: usize = 3;

/// How often they do: all of it by night.
fn rounds() -> usize {
    match skip::is_night() {
        true => 500,
        false => 5,
    }
}

/// Gates of one store, and somebody with a button.
struct Gates {
    addresses: [SocketAddr; GATES],
    tls: Arc<ClientConfig>,
    anna: Person,
    generator: Generator,
}

impl Gates {
    fn of(demo: &Demo, gates: &[Serve; GATES], config: &Path) -> anyhow::Result<Self> {
        let anna = demo.person(0);
        let made = tell(demo, config, &["token", "enrol", &anna.upn, "--counter"])?;
        let uri = made.first().and_then(|made| made["uri"].as_str());
        let uri = KeyUri::parse(uri.context("a URI")?)?;
        let generator = Generator::new(&uri.seed, uri.algorithm, uri.digits);
        let first = generator.code(0).shown().expose().clone();
        tell(demo, config, &["token", "confirm", &anna.upn, &first])?;
        Ok(Self {
            addresses: [0, 1, 2].map(|gate: usize| gates[gate].address),
            tls: tls(demo, &[])?,
            anna,
            generator,
        })
    }

    /// Each client is connected before the first asks; nobody asks twice from one network, lest what is measured is
    /// how slow sources with many failures are made.
    fn asked_at_once(&self, round: usize) -> anyhow::Result<Vec<u16>> {
        let counter = u64::try_from(round)? + 1;
        let code = self.generator.code(counter).shown().expose().clone();
        let typed = format!("{}{code}", self.anna.app_password);
        let request = Request::new(MAIL, ECHO).header(&basic(&self.anna.upn, &typed));
        let request = request.text();
        let line = Barrier::new(GATES * CLIENTS);
        let asks = |client: usize| -> anyhow::Result<u16> {
            let network = round * GATES * CLIENTS + client;
            let [.., a, b] = u32::try_from(network)?.to_be_bytes();
            let from = Ipv4Addr::new(127, a, b, 1);
            let gate = self.addresses[client % GATES];
            let connected = Raw::connect_to_from(gate, &self.tls, MAIL, from);
            // Whoever did not come through must not keep the others waiting.
            line.wait();
            Ok(connected?.exchange(&request)?.status)
        };
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..GATES * CLIENTS)
                .map(|client| scope.spawn(move || asks(client)))
                .collect();
            asking
                .into_iter()
                .map(|it| it.join().expect("a thread"))
                .collect()
        })
    }

    fn are_let_in_once_a_round(&self, demo: &Demo, config: &Path) -> anyhow::Result<()> {
        for round in 0..rounds() {
            let mut told: BTreeMap<u16, usize> = BTreeMap::new();
            for status in self.asked_at_once(round)? {
                *told.entry(status).or_default() += 1;
            }
            let once = BTreeMap::from([(200, 1), (401, GATES * CLIENTS - 1)]);
            let mut events = Vec::new();
            if told != once {
                let count = (2 * GATES * CLIENTS).to_string();
                events = tell(demo, config, &["audit", "list", "--count", &count])?;
            }
            assert_eq!(told, once, "round {round}: {events:#?}");
        }
        Ok(())
    }
}

fn tell(demo: &Demo, config: &Path, arguments: &[&str]) -> anyhow::Result<Vec<serde_json::Value>> {
    let config = config.to_str().context("a folder's name")?;
    demo.wicketgate_json(&[&["--config", config], arguments].concat())
}

fn is_written_once_a_round(demo: &Demo, config: &Path) -> anyhow::Result<()> {
    let events = tell(demo, config, &["audit", "list", "--count", "1000000"])?;
    let evaluated = events.iter().filter(|it| it["event"] == "code-accepted");
    assert_eq!(evaluated.count(), rounds());
    tell(demo, config, &["audit", "verify"])?;
    Ok(())
}

#[test]
fn t_otp_2_s42_of_192_clients_at_three_gates_on_postgresql_one_is_let_in() -> anyhow::Result<()> {
    let Some(server) = postgres::shared("one code at three gates on PostgreSQL") else {
        return Ok(());
    };
    let demo = Demo::start()?;
    let backup = demo.folder().join("moved.db");
    let backup = backup.to_str().context("a folder's name")?;
    demo.wicketgate_json(&["db", "backup", backup])?;
    let address = server.database()?;
    demo.wicketgate_json(&["db", "copy", "--from", backup, "--to", &address])?;
    let gate = || {
        Serve::start(&demo, |config| {
            let both = config.replace(
                "methods = [\"app-password\"]",
                &format!("methods = [\"{BOTH}\"]"),
            );
            assert_ne!(both, config, "the policy of the demo");
            let there = format!("postgres = \"{address}\"");
            both.replace("file = \"wicketgate.db\"", &there)
        })
    };
    let gates = [gate()?, gate()?, gate()?];
    let config = demo.folder().join("beside.toml");
    Gates::of(&demo, &gates, &config)?.are_let_in_once_a_round(&demo, &config)?;
    is_written_once_a_round(&demo, &config)
}

#[test]
fn t_otp_2_s42_of_192_clients_at_three_gateways_of_one_server_on_sqlite_one_is_let_in()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let mut apart = Apart::beside(&demo);
    apart.ask_for(BOTH);
    let names = ["dmz1", "dmz2", "dmz3"];
    for name in names {
        apart.list(name)?;
    }
    let authn = apart.server(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let gateway = |name| apart.gateway(name, authn.address);
    let gates = [gateway(names[0])?, gateway(names[1])?, gateway(names[2])?];
    let config = demo.folder().join("authn.toml");
    Gates::of(&demo, &gates, &config)?.are_let_in_once_a_round(&demo, &config)?;
    is_written_once_a_round(&demo, &config)
}
