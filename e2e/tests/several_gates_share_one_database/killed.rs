//! Codes of buttons and of apps at two gates while their database is killed: what was acknowledged is spent for ever, whoever
//! types it again, and a failure that was answered stays counted.

use std::sync::atomic::{AtomicBool, Ordering};

use e2e::browser::second;
use e2e::demo::Person;
use proto::otp::Period;

use super::*;

/// How many codes are taken before the database is killed.
const TAKEN: usize = 24;
/// Whose clients neither sign in nor guess otherwise.
const THIEF: Ipv4Addr = Ipv4Addr::new(127, 9, 9, 1);

/// How many apps somebody has beside the button: one is used after so many codes of that, and the last when all is over.
const APPS: usize = 4;
const BETWEEN: u64 = 4;

/// A token, and what makes its codes.
struct Token {
    id: String,
    generator: Generator,
}

impl Token {
    fn enrolled(scene: &Scene<'_>, arguments: &[&str]) -> anyhow::Result<Self> {
        let made = scene.tell(&[&["token", "enrol"], arguments].concat())?;
        let made = made.first().context("a token")?;
        let uri = KeyUri::parse(made["uri"].as_str().context("a URI")?)?;
        Ok(Self {
            id: made["id"].as_str().context("an id")?.to_owned(),
            generator: Generator::new(&uri.seed, uri.algorithm, uri.digits),
        })
    }

    /// Its first code is spent by being confirmed.
    fn confirm(&self, scene: &Scene<'_>, number: u64) -> anyhow::Result<()> {
        scene.tell(&["token", "confirm", &self.id, &self.code(number)])?;
        Ok(())
    }

    fn code(&self, number: u64) -> String {
        self.generator.code(number).shown().expose().clone()
    }
}

/// Somebody with a button and apps.
struct Owner {
    person: Person,
    button: Token,
    /// With the step that each was confirmed by.
    apps: Vec<(Token, u64)>,
}

/// A code that was acknowledged: whose, of which token, and its counter or step.
type Taken<'a> = (usize, &'a Token, u64);

impl Owner {
    fn enrolled(scene: &Scene<'_>, person: Person) -> anyhow::Result<Self> {
        let button = Token::enrolled(scene, &[&person.upn, "--counter"])?;
        button.confirm(scene, 0)?;
        let mut apps = Vec::new();
        for number in 0..APPS {
            let label = format!("app {number}");
            let app = Token::enrolled(scene, &[&person.upn, "--label", &label])?;
            let step = step()?;
            app.confirm(scene, step)?;
            apps.push((app, step));
        }
        Ok(Self {
            person,
            button,
            apps,
        })
    }

    /// The codes that somebody types one after the other: of the button, and each time after so many of the next app.
    fn next_code(&self, counter: u64) -> anyhow::Result<Vec<(&Token, u64)>> {
        let of_button = (&self.button, counter);
        let app = usize::try_from(counter / BETWEEN)?.checked_sub(1);
        let app = app.filter(|it| counter.is_multiple_of(BETWEEN) && *it < APPS - 1);
        let of_app = app.and_then(|it| self.apps.get(it));
        let of_app = of_app.map(|app| Ok::<_, anyhow::Error>((&app.0, of_now(app)?)));
        let of_app = of_app.transpose()?;
        Ok([Some(of_button), of_app].into_iter().flatten().collect())
    }

    /// What a client is answered that types the app password with a code.
    fn status(
        &self,
        (scene, gate): (&Scene<'_>, &Serve),
        code: &str,
        from: Ipv4Addr,
    ) -> anyhow::Result<u16> {
        let typed = format!("{}{code}", self.person.app_password);
        let mut raw = scene.connect(gate.address, from)?;
        let request = Request::new(MAIL, ECHO).header(&basic(&self.person.upn, &typed));
        Ok(raw.exchange(request.text())?.status)
    }
}

fn step() -> anyhow::Result<u64> {
    Ok(Period::HALF_A_MINUTE.step(second()?))
}

/// The step whose code an app is used with: what it shows, and behind what it was confirmed by.
fn of_now((_, confirmed): &(Token, u64)) -> anyhow::Result<u64> {
    Ok(step()?.max(confirmed + 1))
}

#[test]
fn t_otp_1_a_database_that_is_killed_takes_no_code_twice_and_forgets_no_failure()
-> anyhow::Result<()> {
    if postgres::shared("codes and a database that is killed").is_none() {
        return Ok(());
    }
    let server = Postgres::start()?;
    let scene = Scene::moved_to(&server)?;
    let both = "methods = [\"app-password + one-time-code\"]";
    let gate = || {
        Serve::start(&scene.demo, |config| {
            let config = scene.configured(&config);
            config.replace("methods = [\"app-password\"]", both)
        })
    };
    let gates = [gate()?, gate()?];
    let owners = [
        Owner::enrolled(&scene, scene.demo.person(0))?,
        Owner::enrolled(&scene, scene.demo.person(1))?,
    ];
    let (sender, taken) = channel();
    let (guessed, is_over) = (channel(), AtomicBool::new(false));
    let spent = std::thread::scope(|scope| -> anyhow::Result<Vec<Taken<'_>>> {
        let mut clients = Vec::new();
        for (number, owner) in owners.iter().enumerate() {
            let (scene, gates, sender) = (&scene, &gates, sender.clone());
            clients.push(scope.spawn(move || -> anyhow::Result<()> {
                for (counter, gate) in (1..).zip(gates.iter().cycle()) {
                    for (token, code) in owner.next_code(counter)? {
                        let from = home(number)?;
                        match owner.status((scene, gate), &token.code(code), from)? {
                            200 => {
                                let taken = (number, token, code);
                                sender.send(taken).ok().context("nobody counts")?;
                            }
                            503 => return Ok(()),
                            other => panic!("{other}: {}", gate.log()),
                        }
                    }
                }
                Ok(())
            }));
        }
        let (guesses, scene, gates, is_over) = (guessed.0, &scene, &gates, &is_over);
        let upn = owners[1].person.upn.clone();
        clients.push(scope.spawn(move || -> anyhow::Result<()> {
            for (guess, gate) in (0..).zip(gates.iter().cycle()) {
                let mut raw = scene.connect(gate.address, Ipv4Addr::new(127, 1, 2, 1))?;
                let wrong = basic(&upn, &format!("wrong-{guess}-nocode"));
                let request = Request::new(MAIL, ECHO).header(&wrong);
                match raw.exchange(request.text())?.status {
                    401 => guesses.send(guess)?,
                    503 => break,
                    other => panic!("{other}: {}", gate.log()),
                }
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
            Ok(())
        }));
        drop(sender);
        let mut spent: Vec<_> = taken.iter().take(TAKEN).collect();
        server.kill()?;
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().expect("a client")?;
        }
        spent.extend(taken.iter());
        Ok(spent)
    })?;
    let guesses = guessed.1.iter().count();
    server.start_again()?;
    for gate in &gates {
        until("the gate comes back by itself", || {
            // Without a code she is refused, by whoever could look.
            let anna = &owners[0].person;
            let mut raw = scene.connect(gate.address, Ipv4Addr::LOCALHOST)?;
            let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, &anna.app_password));
            Ok(raw.exchange(request.text())?.status == 401 && told(gate)? == "ready\n")
        })?;
    }
    assert!(spent.len() >= TAKEN && guesses > 0, "{guesses}");
    for (_, token, code) in &spent {
        let next = format!("SELECT next_step FROM otp_tokens WHERE id = '{}'", token.id);
        let next: u64 = scene.sql(&next)?.parse()?;
        assert!(next > *code, "{next} after {code}");
    }
    let of_apps = spent.iter().filter(|it| it.1.id != owners[it.0].button.id);
    assert!(of_apps.count() >= 2, "the apps were not used");
    for (number, owner) in owners.iter().enumerate() {
        let own = || spent.iter().filter(|it| it.0 == number);
        let is_of_button = |it: &&Taken<'_>| it.1.id == owner.button.id;
        let last = own().filter(is_of_button).map(|it| it.2).max();
        let last = last.context("a code of the button that was taken")?;
        let of_button = [last, last - 1].map(|counter| owner.button.code(counter));
        let of_apps = own()
            .filter(|it| !is_of_button(it))
            .map(|it| it.1.code(it.2));
        let of_apps: Vec<String> = of_apps.collect();
        // No more than are looked at in a window.
        let again = of_button.iter().chain(of_apps.iter().rev().take(2));
        for (gate, code) in gates.iter().cycle().zip(again) {
            let again = owner.status((&scene, gate), code, THIEF)?;
            assert_eq!(again, 401, "{code} was acknowledged");
        }
        // It was for the code, and not because nobody looked: the one that follows lets in, and so does an app that was not
        // used. One more of the button may have been spent without an answer.
        let next = owner.button.code(last + 2);
        assert_eq!(owner.status((&scene, &gates[0]), &next, THIEF)?, 200);
        let app = owner.apps.last().context("an app")?;
        let shown = app.0.code(of_now(app)?);
        assert_eq!(
            owner.status((&scene, &gates[1]), &shown, home(number)?)?,
            200
        );
    }
    let counted = scene.sql(
        "SELECT c.running + c.ended FROM counters c JOIN accounts a ON a.id = c.name
        WHERE c.kind = 'account' AND a.sam = 'ben'",
    )?;
    assert!(
        counted.parse::<usize>()? >= guesses,
        "{counted} of {guesses} failures that were answered"
    );
    let _ = scene.tell(&["audit", "verify"])?;
    Ok(())
}

/// Where somebody is who types codes.
fn home(number: usize) -> anyhow::Result<Ipv4Addr> {
    Ok(Ipv4Addr::new(127, 1, 1, u8::try_from(number)? + 1))
}
