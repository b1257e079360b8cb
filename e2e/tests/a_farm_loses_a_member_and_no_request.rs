//! A farm loses a member, and no request but those that were on their way to it: drained and killed
//! members under load, health of one farm apart from another's, and the way back.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use e2e::demo::{Demo, Person, plain_request};
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::until::until;
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const WEB: &str = "lyncweb.contoso.localhost";
const EXCHANGE: &str = "exchange";
const LYNC: &str = "lync-front-end";

/// Clients of each farm that ask all the time.
const CLIENTS: usize = 3;
/// Requests that are under way, and stay so, when a member is killed.
const HELD: usize = 9;
/// Rounds of every client between two steps.
const ROUNDS: usize = 8;

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
    metrics: String,
}

impl Scene {
    /// Two farms of so many members.
    fn new(members: &str) -> anyhow::Result<Self> {
        Self::beside(Demo::start_with(&["--members", members])?, |config| config)
    }

    /// A gate beside a demo's, whose configuration is changed first.
    fn beside(demo: Demo, change: impl FnOnce(String) -> String) -> anyhow::Result<Self> {
        let tls = tls(&demo, &[])?;
        let serve = Serve::start(&demo, |config| {
            let config = change(config);
            format!("{config}\n[metrics]\naddress = \"127.0.0.1:0\"\n")
        })?;
        let line = serve.line("metrics and health are told")?;
        let (_, address) = line.split_once("address=\"").expect("an address");
        let metrics = format!("http://{}/metrics", address.trim_end_matches('"'));
        Ok(Self {
            demo,
            serve,
            tls,
            metrics,
        })
    }

    fn connect(&self, host: &str) -> anyhow::Result<Raw> {
        Raw::connect_to(self.serve.address, &self.tls, host)
    }

    fn get(&self, host: &str, path: &str) -> anyhow::Result<Answer> {
        self.connect(host)?
            .exchange(with_password(self, host, path))
    }

    fn farm(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        self.demo.wicketgate(&[&["farm"], arguments].concat())
    }

    fn drain(&self, farm: &str, member: &str) -> anyhow::Result<()> {
        let drained = self.farm(&["drain", farm, member])?;
        anyhow::ensure!(drained.status.success(), "{drained:?}");
        self.logged("a member of a farm is drained", member)
    }

    /// Waits until the gate said this of a member.
    fn logged(&self, what: &str, member: &str) -> anyhow::Result<()> {
        for after in 0.. {
            if self.serve.nth_line(what, after)?.contains(member) {
                break;
            }
        }
        Ok(())
    }

    /// Takes a member down, and waits until nobody is there any more.
    fn kill(&self, (id, address): &(String, String)) -> anyhow::Result<()> {
        self.demo.switch(id, false)?;
        until("nobody is at the member's address", || {
            Ok(TcpStream::connect(address).is_err())
        })
    }

    /// What the servers of a farm have seen, each with its server and its path.
    fn seen(&self) -> anyhow::Result<Vec<(String, String)>> {
        let text = |seen: &Value, key: &str| seen[key].as_str().unwrap_or_default().to_owned();
        let requests = self.demo.requests()?;
        let pair = |seen: &Value| (text(seen, "member"), text(seen, "path"));
        Ok(requests.iter().map(pair).collect())
    }

    /// An answer, with what the gate's log says of it and of every warning.
    fn told(&self, answered: &Answered) -> String {
        let Answered {
            status,
            text,
            activity,
        } = answered;
        let log = self.serve.log();
        let lines = log
            .lines()
            .filter(|line| line.contains(activity) || !line.contains(" INFO "));
        let lines: Vec<&str> = lines.collect();
        format!("{status} {text}\n{}", lines.join("\n"))
    }

    fn metric(&self, name: &str, labels: &[(&str, &str)]) -> anyhow::Result<u64> {
        let text = plain_request(&self.metrics, "GET")?;
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
        let line = format!("wicketgate_{name}{{{}}} ", labels.join(","));
        let value = text.lines().find_map(|it| it.strip_prefix(&line));
        Ok(value
            .unwrap_or_else(|| panic!("no {line} in {text}"))
            .parse()?)
    }
}

fn with_password(scene: &Scene, host: &str, path: &str) -> String {
    let request = Request::new(host, path);
    match host {
        MAIL => {
            let anna = scene.demo.person(0);
            request.header(&basic(&anna.upn, &anna.app_password)).text()
        }
        _ => request.text(),
    }
}

/// What all clients share.
struct Load {
    numbers: AtomicUsize,
    rounds: Vec<AtomicUsize>,
    over: AtomicBool,
}

impl Load {
    fn new() -> Self {
        Self {
            numbers: AtomicUsize::new(0),
            rounds: (0..2 * CLIENTS).map(|_| AtomicUsize::new(0)).collect(),
            over: AtomicBool::new(false),
        }
    }

    /// Waits until each client was answered so often from here on.
    fn goes_on(&self, rounds: usize) -> anyhow::Result<()> {
        let count = |it: &AtomicUsize| it.load(Ordering::Relaxed);
        let before: Vec<usize> = self.rounds.iter().map(count).collect();
        let has_gone_on = || {
            let mut pairs = self.rounds.iter().zip(&before);
            pairs.all(|(now, before)| count(now) >= before + rounds)
        };
        until("every client goes on", || {
            anyhow::ensure!(!self.over.load(Ordering::Relaxed), "a client failed");
            Ok(has_gone_on())
        })
    }
}

/// Ends the load when whoever leads it returns, in whatever way.
struct Over<'a>(&'a Load);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// What a request was answered.
struct Answered {
    status: u16,
    /// The head and the body, for whoever must find out why.
    text: String,
    /// The id that the gate's log knows.
    activity: String,
}

impl Answered {
    fn of(answer: &Answer) -> Self {
        let activity = answer.header("x-wicketgate-activity");
        Self {
            status: answer.status,
            text: format!("{:?} {}", answer.headers, answer.text()),
            activity: activity.unwrap_or("no id").to_owned(),
        }
    }
}

/// One client: who asks for what, and the connection that stays.
struct Client<'p> {
    host: &'static str,
    person: &'p Person,
    stays: Raw,
}

impl<'p> Client<'p> {
    /// Signs in by NTLM, which belongs to the connection, and by Basic, which is known again for a minute
    /// everywhere: the store has no part in what follows.
    fn begin(scene: &Scene, number: usize, person: &'p Person) -> anyhow::Result<Self> {
        let host = [MAIL, WEB][number % 2];
        let mut stays = scene.connect(host)?;
        if host == MAIL {
            let begins = Request::new(MAIL, "/mapi/begins");
            let signing = Ntlm::modern(person, &person.app_password, 7);
            let mut answers = vec![signing.sign_in(&mut stays, &begins)?];
            let login = basic(&person.upn, &person.app_password);
            let mut fresh = scene.connect(host)?;
            answers.push(fresh.exchange(begins.header(&login).text())?);
            for answer in answers {
                anyhow::ensure!(
                    answer.status == 200,
                    "{}",
                    scene.told(&Answered::of(&answer))
                );
            }
        }
        Ok(Self {
            host,
            person,
            stays,
        })
    }

    /// Asks on the connection that stays and on new ones until the load is over; every request has a
    /// number of its own. Gives each path with its answer; a connection that was closed after an answer
    /// is opened anew, and what goes on it has the password.
    fn asks(
        mut self,
        scene: &Scene,
        load: &Load,
        rounds: &AtomicUsize,
    ) -> anyhow::Result<BTreeMap<String, Answered>> {
        let _over = Over(load);
        let folder = if self.host == MAIL { "/OAB" } else { "/meet" };
        let login = basic(&self.person.upn, &self.person.app_password);
        let mut has_signed_in = true;
        let mut answers = BTreeMap::new();
        while !load.over.load(Ordering::Relaxed) {
            for is_new in [false, true] {
                let number = load.numbers.fetch_add(1, Ordering::Relaxed);
                let path = format!("{folder}/{number}");
                let bare = Request::new(self.host, &path);
                let answer = if is_new {
                    scene
                        .connect(self.host)?
                        .exchange(bare.header(&login).text())?
                } else if has_signed_in {
                    self.stays.exchange(bare.text())?
                } else {
                    self.stays.exchange(bare.header(&login).text())?
                };
                let is_closed = answer.header("connection") == Some("close");
                if is_closed && !is_new {
                    self.stays = scene.connect(self.host)?;
                    has_signed_in = false;
                }
                answers.insert(path, Answered::of(&answer));
            }
            rounds.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answers)
    }
}

/// Requests that no server answers, each on a connection of its own, once all of them are there.
fn held(scene: &Scene) -> anyhow::Result<Vec<Raw>> {
    let mut held = Vec::new();
    for _ in 0..HELD {
        let mut raw = scene.connect(MAIL)?;
        raw.send(with_password(scene, MAIL, "/EWS/echo?stall=1"))?;
        held.push(raw);
    }
    until("every held request is at a member", || {
        Ok(count(&scene.seen()?, |(_, path)| path == "/EWS/echo") >= HELD)
    })?;
    Ok(held)
}

fn count<T>(all: &[T], is: impl Fn(&&T) -> bool) -> usize {
    all.iter().filter(is).count()
}

/// The issue's own line: two pools of three members, one drained, another killed, under load.
#[test]
fn s54_s72_one_member_is_drained_another_killed_and_only_what_was_on_its_way_there_fails()
-> anyhow::Result<()> {
    let scene = Scene::new("3")?;
    let people = [scene.demo.person(0), scene.demo.person(1)];
    let [mail, web] = [EXCHANGE, LYNC].map(|farm| scene.demo.members(farm));
    let load = Load::new();
    let clients: Vec<Client> = (0..2 * CLIENTS)
        .map(|number| Client::begin(&scene, number, &people[number / 2 % 2]))
        .collect::<Result<_, _>>()?;
    let (statuses, left_alone, gone, held) = std::thread::scope(|scope| -> anyhow::Result<_> {
        let clients: Vec<_> = clients
            .into_iter()
            .zip(&load.rounds)
            .map(|(client, rounds)| {
                let (scene, load) = (&scene, &load);
                scope.spawn(move || client.asks(scene, load, rounds))
            })
            .collect();
        let lead = || -> anyhow::Result<_> {
            let _over = Over(&load);
            load.goes_on(ROUNDS)?;
            scene.drain(EXCHANGE, &mail[0].1)?;
            scene.drain(LYNC, &web[0].1)?;
            // What was under way then is answered.
            load.goes_on(2)?;
            let left_alone = scene.seen()?.len();
            let held = held(&scene)?;
            scene.kill(&mail[1])?;
            scene.kill(&web[1])?;
            load.goes_on(2)?;
            let gone = scene.seen()?.len();
            load.goes_on(ROUNDS)?;
            Ok((left_alone, gone, held))
        };
        let led = lead();
        let mut statuses = Vec::new();
        for client in clients {
            statuses.push(client.join().expect("a client ran")?);
        }
        let (left_alone, gone, held) = led?;
        Ok((statuses, left_alone, gone, held))
    })?;

    let seen = scene.seen()?;
    let of = |member: &(String, String), seen: &[(String, String)]| {
        count(seen, |(id, _)| *id == member.0)
    };
    for farm in [&mail, &web] {
        assert!(farm.iter().all(|member| of(member, &seen) > 0), "all serve");
        assert_eq!(of(&farm[0], &seen[left_alone..]), 0, "drained");
        assert_eq!(of(&farm[1], &seen[gone..]), 0, "killed");
        assert!(of(&farm[2], &seen[gone..]) > 0, "it carries the farm");
    }

    let mut broken = 0;
    for (client, statuses) in statuses.iter().enumerate() {
        let killed = [&mail[1].0, &web[1].0][client % 2];
        let failed: Vec<_> = statuses
            .iter()
            .filter(|(_, answered)| answered.status != 200)
            .collect();
        let told = || -> Vec<String> {
            let tell = |(path, answered): &(&String, &Answered)| {
                format!("{path} {}", scene.told(answered))
            };
            failed.iter().map(tell).collect()
        };
        assert!(
            failed.len() <= 1,
            "a client has one request at a time: {:#?}",
            told()
        );
        for (path, answered) in &failed {
            assert_eq!(answered.status, 502, "{:#?}", told());
            let mut there = seen.iter().filter(|(_, it)| it == *path);
            assert!(there.all(|(member, _)| member == killed), "{:#?}", told());
            broken += usize::from(client % 2 == 0);
        }
        for (path, answered) in statuses {
            let times = count(&seen, |(_, it)| it == path);
            let is_right = times == 1 || (times == 0 && answered.status == 502);
            assert!(
                is_right,
                "{path} was sent {times} times: {}",
                scene.told(answered)
            );
        }
    }

    let stalled = count(&seen, |(_, path)| path == "/EWS/echo");
    assert_eq!(stalled, HELD, "nothing is sent twice");
    let at = |member: &(String, String)| {
        count(&seen, |(id, path)| *id == member.0 && path == "/EWS/echo")
    };
    assert_eq!((at(&mail[0]), at(&mail[1]) > 0), (0, true));
    let labels = [
        ("farm", EXCHANGE),
        ("member", &mail[1].1),
        ("reason", "broke-off"),
    ];
    let counted = scene.metric("farm_member_failures_total", &labels)?;
    assert_eq!(counted, u64::try_from(at(&mail[1]) + broken)?);
    // Those at the killed member were answered; the others' is still to come.
    scene.demo.switch(&mail[2].0, false)?;
    for mut raw in held {
        let answer = raw.answer()?.expect("an answer");
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert!(answer.header("x-wicketgate-activity").is_some());
    }
    Ok(())
}

/// Turns go by weight: of so many requests each member gets its share, to the request.
#[test]
fn s54_each_member_gets_the_share_that_its_weight_says() -> anyhow::Result<()> {
    let demo = Demo::start_with(&["--members", "3"])?;
    let mail = demo.members(EXCHANGE);
    let weights = [3, 2, 1];
    let scene = Scene::beside(demo, |config| {
        mail.iter()
            .zip(weights)
            .fold(config, |config, ((_, address), weight)| {
                let line = format!("address = \"https://{address}\"\n");
                assert_eq!(config.matches(&line).count(), 1, "{config}");
                config.replace(&line, &format!("{line}weight = {weight}\n"))
            })
    })?;
    for number in 0..60 {
        assert_eq!(scene.get(MAIL, &format!("/OAB/{number}"))?.status, 200);
    }
    let seen = scene.seen()?;
    let shares: Vec<usize> = mail
        .iter()
        .map(|(id, _)| count(&seen, |(member, _)| member == id))
        .collect();
    assert_eq!(shares, [30, 20, 10]);
    Ok(())
}

/// What befalls one farm is nothing to the other; and each comes back.
#[test]
fn s54_health_and_drain_of_one_farm_do_not_touch_the_other() -> anyhow::Result<()> {
    let scene = Scene::new("2")?;
    let [mail, web] = [EXCHANGE, LYNC].map(|farm| scene.demo.members(farm));
    let status = |host, path| Ok::<_, anyhow::Error>(scene.get(host, path)?.status);
    assert_eq!(
        (status(MAIL, "/OAB/1")?, status(WEB, "/meet/1")?),
        (200, 200)
    );

    let refused = scene.farm(&["drain", EXCHANGE])?;
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("no member") && said.contains("--force"),
        "{said}"
    );
    let forced = scene.farm(&["drain", EXCHANGE, "--force"])?;
    assert!(forced.status.success(), "{forced:?}");
    for (_, address) in &mail {
        scene.logged("a member of a farm is drained", address)?;
    }
    let before = scene.seen()?.len();
    let answer = scene.get(MAIL, "/OAB/2")?;
    assert_eq!(answer.status, 503, "{}", answer.text());
    let activity = answer.header("x-wicketgate-activity").expect("an id");
    let line = scene.serve.line(activity)?;
    assert!(
        line.contains("no member of the farm `exchange` is up"),
        "{line}"
    );
    assert_eq!(scene.seen()?.len(), before, "nothing went through");
    assert_eq!(status(WEB, "/meet/2")?, 200);

    for member in &web {
        scene.kill(member)?;
        scene.logged("a member of a farm is down", &member.1)?;
    }
    assert_eq!(status(WEB, "/meet/3")?, 503);
    let undrained = scene.farm(&["undrain", EXCHANGE])?;
    assert!(undrained.status.success(), "{undrained:?}");
    scene.logged("a member of a farm is used again", &mail[1].1)?;
    assert_eq!(
        (status(MAIL, "/OAB/3")?, status(WEB, "/meet/4")?),
        (200, 503)
    );
    let up = |farm, member: &(String, String)| {
        scene.metric("farm_member_up", &[("farm", farm), ("member", &member.1)])
    };
    assert_eq!((up(EXCHANGE, &mail[0])?, up(LYNC, &web[0])?), (1, 0));

    scene.demo.switch(&web[1].0, true)?;
    scene.logged("a member of a farm is up", &web[1].1)?;
    assert_eq!(status(WEB, "/meet/5")?, 200, "at once");
    assert_eq!((up(LYNC, &web[0])?, up(LYNC, &web[1])?), (0, 1));
    Ok(())
}

/// A member that is drained stays so when the gate starts anew, and what is down when it reads its
/// configuration anew: neither gets a request meanwhile.
#[test]
fn s54_what_is_drained_or_down_stays_so_over_a_restart_and_a_reload() -> anyhow::Result<()> {
    let scene = Scene::new("3")?;
    let mail = scene.demo.members(EXCHANGE);
    scene.drain(EXCHANGE, &mail[0].1)?;
    scene.kill(&mail[1])?;
    scene.logged("a member of a farm is down", &mail[1].1)?;
    scene.serve.hang_up()?;
    scene
        .serve
        .line("new connections are served by the configuration")?;
    let failures = |reason| {
        let labels = [
            ("farm", EXCHANGE),
            ("member", &*mail[1].1),
            ("reason", reason),
        ];
        scene.metric("farm_member_failures_total", &labels)
    };
    let before = failures("unconnected")?;
    for number in 0..9 {
        assert_eq!(scene.get(MAIL, &format!("/OAB/{number}"))?.status, 200);
    }
    assert_eq!(
        failures("unconnected")?,
        before,
        "nobody asked the one that is down"
    );
    let again = Serve::start(&scene.demo, |config| config)?;
    for number in 10..19 {
        let mut raw = Raw::connect_to(again.address, &scene.tls, MAIL)?;
        let request = with_password(&scene, MAIL, &format!("/OAB/{number}"));
        assert_eq!(raw.exchange(request)?.status, 200);
    }
    let seen = scene.seen()?;
    assert_eq!(
        count(&seen, |(member, _)| *member == mail[0].0),
        0,
        "drained"
    );

    let listed = scene.demo.wicketgate_json(&["farm", "list", EXCHANGE])?;
    let drained: Vec<bool> = listed.iter().map(|it| it["is_drained"] == true).collect();
    assert_eq!(count(&drained, |it| **it), 1, "{listed:?}");
    let is_it = |it: &&Value| it["member"].as_str() == Some(&mail[0].1);
    let first = listed.iter().find(is_it).expect("it is listed");
    assert!(
        first["is_drained"] == true && first["weight"] == 1,
        "{first}"
    );
    let wrong = scene.farm(&["drain", "exchang", &mail[0].1])?;
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("did you mean `exchange`?"), "{said}");
    let trail = scene.demo.wicketgate_json(&["audit", "list"])?;
    assert!(
        trail
            .iter()
            .any(|event| event.to_string().contains("member-drained"))
    );
    Ok(())
}
