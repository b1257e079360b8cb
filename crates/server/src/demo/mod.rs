//! `wicketgate demo`: a working gate on this machine, one process, no root, no other server.
//!
//! It writes an ordinary configuration file and serves it by the same code as `serve`; only the
//! back ends are stand-ins (crate `lab`). Loopback counts as external here.

mod certificates;
mod files;
mod people;
mod pools;
mod ready;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use clap::Args;
use sts::trust::preset::{Places, Preset};

use crate::cli::{CliError, LogFormat, Output, begin_logging};
use crate::stop::Stop;
use crate::wiring::{Desk, Gate, keeping};
use crate::{clock, config};
use certificates::Authority;
use files::Folder;
use people::{Person, people};
use pools::{Pools, WEB};
use ready::Ready;

/// The port that is taken where it is free.
const HTTPS_PORT: u16 = 8443;
/// The port of plain HTTP that is taken where it is free.
const HTTP_PORT: u16 = 8080;
/// The SIP port that is taken where it is free.
const SIP_PORT: u16 = 5061;
/// The name of the stand-in pool on its own network; it must never be seen outside.
const POOL: &str = "pool01.contoso.local";
/// The name of the stand-in Exchange on its own network.
const EXCHANGE: &str = "exch01.contoso.local";
/// Where its metadata is.
const METADATA: &str = "/FederationMetadata/2007-06/FederationMetadata.xml";
/// The first label of the security token service's name.
const STS: &str = "sts";
/// The header in which the stand-ins are told who the user is.
const IDENTITY_HEADER: &str = "x-wicketgate-identity";

/// What the demo may be told.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wicketgate demo --dir /tmp/gate --https-port 9443")]
pub(crate) struct Arguments {
    /// Where everything is written; a temporary folder where it is left out
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The port of the gate; 8443 or a free one where it is left out
    #[arg(long)]
    https_port: Option<u16>,
    /// The port of plain HTTP, where Lync clients may begin; 8080 or a free one where it is left out
    #[arg(long)]
    http_port: Option<u16>,
    /// The domain of all names; *.localhost leads to this machine by itself
    #[arg(long, default_value = "contoso.localhost", value_parser = domain)]
    domain: String,
    /// How many people there are
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1000))]
    people: u16,
    /// A second pool, where every second person is at home, and a Director that discover asks first
    #[arg(long)]
    director: bool,
    /// A second pool, where every second person is at home and which is in passive mode: its people sign in on a page
    #[arg(long)]
    passive: bool,
    /// The host and port of an AD FS, or of what stands in its place, whose tokens the passive pool takes; this demo is its claims provider
    #[arg(long, requires = "passive", requires = "adfs_authorities", value_name = "HOST:PORT", value_parser = adfs)]
    adfs: Option<(String, u16)>,
    /// Whose certificates it shows, PEM; it is looked for on this machine
    #[arg(long, requires = "adfs", value_name = "FILE")]
    adfs_authorities: Option<PathBuf>,
    /// How many servers stand behind each farm
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=9))]
    members: u16,
}

/// Runs the demo until it is told to stop.
///
/// # Errors
///
/// The folder cannot be used, or a port that was asked for is taken.
pub(crate) async fn run(arguments: Arguments, output: &Output) -> Result<(), CliError> {
    let stop = Stop::begin()?;
    begin_logging(LogFormat::Text, "warn");
    let folder = Folder::open(arguments.dir, u64::from_le_bytes(clock::random()?))?;
    let https = held(arguments.https_port, HTTPS_PORT)?;
    let http = held(arguments.http_port, HTTP_PORT)?;
    let scene = Scene {
        dir: folder.path.clone(),
        https_port: port(&https)?,
        http_port: port(&http)?,
        domain: arguments.domain,
        pools: Pools::new(
            arguments.director,
            arguments.passive,
            arguments.adfs.clone(),
        ),
        adfs_authorities: arguments.adfs_authorities,
        members: usize::from(arguments.members),
    };
    let mut people = people(&scene.domain, arguments.people)?;
    let authority = Authority::create(&scene.dir)?;
    let lab = scene.start_lab(&authority, &people).await?;
    let settings = scene.settings(&authority, &lab)?;
    keeping::migrate(&settings).await?;
    let desk = Desk::of(&settings).await?;
    for person in &mut people {
        person.enrol(&desk, scene.pools.has_passive()).await?;
    }
    scene.trust_the_pools(&desk).await?;
    let gate = Gate::open_on(&settings, None, vec![https, http]).await?;
    scene.write_requests(&people)?;
    let ready = Ready::new(&scene, &authority, &people, &lab);
    output.print(&ready, |ready| ready.for_people(&scene, &people))?;
    let served = gate.serve(stop.asked(), None).await;
    lab.stop().await;
    served
}

/// Where the demo takes place.
struct Scene {
    dir: PathBuf,
    https_port: u16,
    http_port: u16,
    domain: String,
    pools: Pools,
    adfs_authorities: Option<PathBuf>,
    members: usize,
}

impl Scene {
    fn host(&self, name: &str) -> String {
        format!("{name}.{}", self.domain)
    }

    fn url(&self, name: &str, path: &str) -> String {
        format!("https://{}:{}{path}", self.host(name), self.https_port)
    }

    async fn start_lab(
        &self,
        authority: &Authority,
        people: &[Person],
    ) -> Result<lab::Started, CliError> {
        let inside = self.pools.inside().chain([EXCHANGE]).map(str::to_owned);
        let names: Vec<String> = inside.chain([self.host("sip")]).collect();
        let certificate = authority.issue_ecdsa(&names)?;
        let public_key = certificates::onward_key(&self.dir.join("onward.pem"))?;
        let settings = lab::WorldSettings {
            domain: self.domain.clone(),
            netbios: people::NETBIOS.to_owned(),
            realm: self.domain.to_uppercase(),
            users: people.iter().map(Person::in_the_lab).collect(),
            internal_host: POOL.to_owned(),
            lync_web_host: self.host(WEB),
            external_https_port: self.https_port,
            sip_host: self.host("sip"),
            sip_port: SIP_PORT,
            tls: lab::TlsFiles {
                chain: certificate.chain.into_bytes(),
                key: certificate.key.into_bytes(),
            },
            assertion: lab::AssertionCheck {
                public_key,
                issuer: self.issuer(),
                header: IDENTITY_HEADER.to_owned(),
                front_end_audience: "lync-front-end".to_owned(),
                exchange_audience: "exchange".to_owned(),
            },
        };
        let sts = self.sts_of_the_passive_pool()?;
        let others = self.pools.beside_the_first(self, people, sts);
        let world = lab::World::new(settings)
            .with_members(self.members)
            .with_exchange(EXCHANGE, self.members);
        let world = others.into_iter().fold(world, lab::World::with_pool);
        world
            .start()
            .await
            .map_err(|error| CliError::unavailable(format!("the stand-in servers: {error}")))
    }

    /// Whom the passive pool trusts: this program, or an AD FS that runs elsewhere on this machine.
    fn sts_of_the_passive_pool(&self) -> Result<lab::StsMetadata, CliError> {
        let own = self.dir.join("ca.pem");
        let (url, port) = match self.pools.adfs() {
            Some((host, port)) => (format!("https://{host}:{port}{METADATA}"), *port),
            None => (self.url(STS, METADATA), self.https_port),
        };
        let authorities = self.adfs_authorities.as_ref().unwrap_or(&own);
        let read = std::fs::read(authorities);
        Ok(lab::StsMetadata::Url {
            url,
            at: (Ipv4Addr::LOCALHOST, port).into(),
            authorities: read.map_err(|error| {
                CliError::unavailable(format!("{}: {error}", authorities.display()))
            })?,
        })
    }

    /// Each pool that takes our tokens is a party that they are for, by what it calls itself outside.
    async fn trust_the_pools(&self, desk: &Desk) -> Result<(), CliError> {
        for outside in self.pools.of_our_tokens() {
            let host = format!("{}:{}", self.host(outside), self.https_port);
            let places = Places {
                host: &host,
                internal_host: None,
            };
            let trusted = Preset::Lync.trusts(&places);
            let mut trusted = trusted.map_err(|error| CliError::usage(error.to_string()))?;
            for trust in &mut trusted.relying_parties {
                trust.name = format!("Lync {}", self.host(outside));
            }
            desk.add_trusts(&trusted).await?;
        }
        Ok(())
    }

    fn issuer(&self) -> String {
        format!("https://{}", self.host("gate"))
    }

    fn settings(
        &self,
        authority: &Authority,
        lab: &lab::Started,
    ) -> Result<config::Settings, CliError> {
        let others = ["lyncdiscover", "autodiscover", "mail", "portal", STS, "api"];
        let published = others.into_iter().chain(self.pools.outside());
        let names: Vec<String> = published.map(|name| self.host(name)).collect();
        for (kind, leaf) in [
            ("ecdsa", authority.issue_ecdsa(&names)?),
            ("rsa", authority.issue_rsa(&names)?),
        ] {
            files::write(&self.dir.join(format!("gate-{kind}.pem")), &leaf.chain)?;
            files::write(&self.dir.join(format!("gate-{kind}.key")), &leaf.key)?;
        }
        let file = self.config_file();
        files::write(&file, &self.configuration(lab))?;
        Ok(config::load(&file)?)
    }

    fn config_file(&self) -> PathBuf {
        self.dir.join("wicketgate.toml")
    }

    fn configuration(&self, lab: &lab::Started) -> String {
        let (one, several) = pools::servers(Some(&lab.exchanges));
        include_str!("wicketgate.toml.in")
            .replace("{domain}", &self.domain)
            .replace("{netbios}", people::NETBIOS)
            .replace("{http_port}", &self.http_port.to_string())
            .replace("{https_port}", &self.https_port.to_string())
            .replace("{issuer}", &self.issuer())
            .replace("{identity_header}", IDENTITY_HEADER)
            .replace("{pools}", &self.pools.configuration(self, lab))
            .replace("{passive_policy}", self.pools.policy())
            .replace("{exchange}", EXCHANGE)
            .replace("{exchange_of_one}", &one)
            .replace("{exchange_of_several}", &several)
    }

    /// One web ticket request a person, so that the printed commands have something to send.
    fn write_requests(&self, people: &[Person]) -> Result<(), CliError> {
        let applies_to = self.url("lyncweb", "/Autodiscover/AutodiscoverService.svc/root/user");
        for person in people {
            let request = include_str!("rst.xml.in")
                .replace("{applies_to}", &applies_to)
                .replace("{sip}", &person.sip);
            files::write(&self.request_file(person), &request)?;
        }
        Ok(())
    }

    fn request_file(&self, person: &Person) -> PathBuf {
        self.dir.join(format!("rst-{}.xml", person.sam))
    }
}

/// A socket on the port that was asked for, else the default, else a free one; it is held until the
/// gate takes it, so that nobody else does.
fn held(asked: Option<u16>, default: u16) -> Result<TcpListener, CliError> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let bound = match asked {
        Some(port) => bind(port),
        None => bind(default).or_else(|_| bind(0)),
    };
    bound.map_err(|error| {
        let port = asked.unwrap_or(default);
        CliError::unavailable(format!("port {port} of 127.0.0.1 cannot be had: {error}"))
    })
}

fn port(socket: &TcpListener) -> Result<u16, CliError> {
    let address = socket.local_addr();
    let address = address.map_err(|error| CliError::unavailable(error.to_string()))?;
    Ok(address.port())
}

/// A domain that names can be made of.
fn domain(typed: &str) -> Result<String, String> {
    let longest = format!("autodiscover.{typed}");
    if config::is_host_name(typed) && config::is_host_name(&longest) {
        Ok(typed.to_ascii_lowercase())
    } else {
        Err("it is not a domain name such as `contoso.localhost`".to_owned())
    }
}

fn adfs(typed: &str) -> Result<(String, u16), String> {
    let parts = typed.split_once(':');
    let read = parts.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match read.filter(|(host, port)| config::is_host_name(host) && *port > 0) {
        Some((host, port)) => Ok((host.to_ascii_lowercase(), port)),
        None => Err("it is not a host and a port such as `sts.fabrikam.localhost:9443`".to_owned()),
    }
}

/// Quotes a path for a POSIX shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
