//! Codes of a button at two gates while their database is killed: what was acknowledged is spent for ever, whoever types it
//! again, and a failure that was answered stays counted.

use std::sync::atomic::{AtomicBool, Ordering};

use e2e::demo::Person;

use super::*;

/// How many codes are taken before the database is killed.
const TAKEN: usize = 24;
/// Whose clients neither sign in nor guess otherwise.
const THIEF: Ipv4Addr = Ipv4Addr::new(127, 9, 9, 1);

/// Somebody with a button.
struct Button {
    person: Person,
    generator: Generator,
}

impl Button {
    fn enrolled(scene: &Scene<'_>, person: Person) -> anyhow::Result<Self> {
        let made = scene.tell(&["token", "enrol", &person.upn, "--counter"])?;
        let uri = made.first().and_then(|made| made["uri"].as_str());
        let uri = KeyUri::parse(uri.context("a URI")?)?;
        let button = Self {
            person,
            generator: Generator::new(&uri.seed, uri.algorithm, uri.digits),
        };
        scene.tell(&["token", "confirm", &button.person.upn, &button.code(0)])?;
        Ok(button)
    }

    fn code(&self, counter: u64) -> String {
        self.generator.code(counter).shown().expose().clone()
    }

    /// What a client is answered that types the app password with the code of a counter.
    fn status(
        &self,
        (scene, gate): (&Scene<'_>, &Serve),
        counter: u64,
        from: Ipv4Addr,
    ) -> anyhow::Result<u16> {
        let typed = format!("{}{}", self.person.app_password, self.code(counter));
        let mut raw = scene.connect(gate.address, from)?;
        let request = Request::new(MAIL, ECHO).header(&basic(&self.person.upn, &typed));
        Ok(raw.exchange(request.text())?.status)
    }
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
    let buttons = [
        Button::enrolled(&scene, scene.demo.person(0))?,
        Button::enrolled(&scene, scene.demo.person(1))?,
    ];
    let (sender, taken) = channel();
    let (guessed, is_over) = (channel(), AtomicBool::new(false));
    let mut spent = std::thread::scope(|scope| -> anyhow::Result<Vec<(usize, u64)>> {
        let mut clients = Vec::new();
        for (number, button) in buttons.iter().enumerate() {
            let (scene, gates, sender) = (&scene, &gates, sender.clone());
            clients.push(scope.spawn(move || -> anyhow::Result<()> {
                for (counter, gate) in (1..).zip(gates.iter().cycle()) {
                    let from = Ipv4Addr::new(127, 1, 1, u8::try_from(number)? + 1);
                    match button.status((scene, gate), counter, from)? {
                        200 => sender.send((number, counter))?,
                        503 => break,
                        other => panic!("{other}: {}", gate.log()),
                    }
                }
                Ok(())
            }));
        }
        let (guesses, scene, gates, is_over) = (guessed.0, &scene, &gates, &is_over);
        let upn = buttons[1].person.upn.clone();
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
            let anna = &buttons[0].person;
            let mut raw = scene.connect(gate.address, Ipv4Addr::LOCALHOST)?;
            let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, &anna.app_password));
            Ok(raw.exchange(request.text())?.status == 401 && told(gate)? == "ready\n")
        })?;
    }
    assert!(spent.len() >= TAKEN && guesses > 0, "{spent:?} {guesses}");
    assert_is_spent(&scene, &buttons, &spent)?;
    spent.sort_unstable();
    for (number, button) in buttons.iter().enumerate() {
        let mut own = spent.iter().filter(|it| it.0 == number);
        let (_, last) = own.next_back().context("a code that was taken")?;
        for (gate, counter) in gates.iter().zip([*last, last - 1]) {
            let again = button.status((&scene, gate), counter, THIEF)?;
            assert_eq!(again, 401, "the code of {counter} was acknowledged");
        }
        // It was for the code, and not because nobody looked: the one that follows lets in. One more may have been spent
        // without an answer.
        let next = button.status((&scene, &gates[0]), last + 2, THIEF)?;
        assert_eq!(next, 200);
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

/// The counter of each token stands behind every code that was acknowledged.
fn assert_is_spent(
    scene: &Scene<'_>,
    buttons: &[Button],
    spent: &[(usize, u64)],
) -> anyhow::Result<()> {
    for (number, button) in buttons.iter().enumerate() {
        let next = scene.sql(&format!(
            "SELECT t.next_step FROM otp_tokens t JOIN accounts a ON a.id = t.account
            WHERE a.upn = '{}'",
            button.person.upn
        ))?;
        let own = spent.iter().filter(|it| it.0 == number);
        let last = own.map(|it| it.1).max().context("a code that was taken")?;
        assert!(next.parse::<u64>()? > last, "{next} after {last}");
    }
    Ok(())
}
