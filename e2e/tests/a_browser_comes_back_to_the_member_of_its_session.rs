//! Cookie affinity: pages whose session is on one member find it again on every new connection, by a
//! cookie that nobody can forge and no back end sees (design 14).

use std::collections::BTreeSet;
use std::sync::Arc;

use e2e::demo::Demo;
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use rustls::ClientConfig;

const WEB: &str = "lyncweb.contoso.localhost";
const NAME: &str = "__Host-wicketgate-";

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        Self::with("affinity = true")
    }

    /// With a route of the lab's own that has this line.
    fn with(line: &str) -> anyhow::Result<Self> {
        let demo = Demo::start_with(&["--members", "3"])?;
        let tls = tls(&demo, &[])?;
        let route = format!(
            "\n[[route]]\nhost = \"{WEB}\"\npath = \"/lab\"\nbelow = true\nauth = [\"basic\"]\n\
             service = \"lync\"\nfarm = \"lync-front-end\"\n{line}\n"
        );
        let serve = Serve::start(&demo, |config| config + &route)?;
        Ok(Self { demo, serve, tls })
    }

    /// Asks on a connection of its own, as a browser does that was away for a while.
    fn get(&self, path: &str, cookies: &str) -> anyhow::Result<Answer> {
        let mut request = Request::new(WEB, path);
        if !cookies.is_empty() {
            request = request.header(&format!("Cookie: {cookies}"));
        }
        Raw::connect_to(self.serve.address, &self.tls, WEB)?.exchange(request.text())
    }
}

/// The cookies that an answer sets, as they are sent back.
fn cookies(answer: &Answer) -> Vec<String> {
    let lines = answer.all("set-cookie");
    let pairs = lines.filter_map(|line| line.split(';').next());
    pairs.map(str::to_owned).collect()
}

/// The gate's own cookie among them.
fn ours(answer: &Answer) -> Option<String> {
    let mut cookies = cookies(answer).into_iter();
    cookies.find(|cookie| cookie.starts_with(NAME))
}

#[test]
fn a_page_s_session_goes_on_over_new_connections() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let mut members = BTreeSet::new();
    for path in [
        "/meet/anna/ABC123",
        "/dialin",
        "/lwa/WebPages/LwaClient.aspx",
        "/Autodiscover/XFrame/XFrame.html",
        "/PassiveAuth/PassiveAuth.aspx",
    ] {
        let first = scene.get(path, "")?;
        assert!(
            first.text().contains("The session begins"),
            "{}",
            first.text()
        );
        let set = ours(&first).expect("a cookie");
        members.insert(set);
        let both = cookies(&first).join("; ");
        for _ in 0..4 {
            let again = scene.get(path, &both)?;
            assert!(again.text().contains("goes on"), "{path}: {}", again.text());
            assert_eq!(ours(&again), None, "it is set once");
        }
    }
    assert_eq!(members.len(), 3, "turns are taken where nothing binds");
    Ok(())
}

#[test]
fn the_cookie_is_bound_to_host_and_tls_tells_no_address_and_is_in_no_cache() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let answer = scene.get("/meet/anna/ABC123", "")?;
    let mut lines = answer.all("set-cookie");
    let line = lines.find(|line| line.starts_with(NAME)).expect("a cookie");
    assert!(
        line.ends_with("; Path=/; Secure; HttpOnly; SameSite=None"),
        "{line}"
    );
    for (id, address) in scene.demo.members("lync-front-end") {
        assert!(!line.contains(&id) && !line.contains(&address), "{line}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        ours(&scene.get("/Reach/sip.svc", "")?),
        None,
        "no affinity there"
    );
    Ok(())
}

#[test]
fn a_forged_cookie_is_ignored_and_another_is_set() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let real = ours(&scene.get("/dialin", "")?).expect("a cookie");
    let (name, value) = real.split_once('=').expect("a value");
    let (_, address) = scene.demo.members("lync-front-end").remove(0);
    let turned: String = value.chars().rev().collect();
    for forged in [&*address, "0", "", &turned, &format!("{value}0")] {
        let answer = scene.get("/dialin", &format!("{name}={forged}"))?;
        assert_eq!(answer.status, 200);
        assert!(ours(&answer).is_some(), "{forged}");
    }
    assert_eq!(
        ours(&scene.get("/dialin", &real)?),
        None,
        "the real one holds"
    );
    Ok(())
}

#[test]
fn the_cookie_is_heeded_where_its_route_has_affinity_and_nowhere_else() -> anyhow::Result<()> {
    for (line, expected) in [("affinity = true", 1), ("", 3)] {
        let scene = Scene::with(line)?;
        let ours = ours(&scene.get("/dialin", "")?).expect("a cookie");
        let anna = scene.demo.person(0);
        let login = basic(&anna.upn, &anna.app_password);
        let mut members = BTreeSet::new();
        for _ in 0..6 {
            let request = Request::new(WEB, "/lab/echo").header(&login);
            let request = request.header(&format!("Cookie: {ours}")).text();
            let answer =
                Raw::connect_to(scene.serve.address, &scene.tls, WEB)?.exchange(request)?;
            let member = answer.header("x-lab-member").expect("its member");
            members.insert(member.to_owned());
        }
        assert_eq!(members.len(), expected, "`{line}`: {members:?}");
    }
    Ok(())
}

#[test]
fn no_back_end_sees_the_cookie() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let echo = |cookies: &str| -> anyhow::Result<(Answer, bool)> {
        let login = basic(&anna.upn, &anna.app_password);
        let request = Request::new(WEB, "/lab/echo").header(&login);
        let request = request.header(&format!("Cookie: {cookies}")).text();
        let answer = Raw::connect_to(scene.serve.address, &scene.tls, WEB)?.exchange(request)?;
        anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
        let came = answer.text().contains("\"cookie\"");
        Ok((answer, came))
    };
    let (first, came) = echo("a=b")?;
    assert!(came, "{}", first.text());
    let ours = ours(&first).expect("a cookie");
    let (again, came) = echo(&ours)?;
    assert_eq!(again.header("x-lab-member"), first.header("x-lab-member"));
    assert!(!came, "{}", again.text());
    let (_, came) = echo(&format!("{NAME}other=1; __host-wicketgate-x=2"))?;
    assert!(!came);
    Ok(())
}

#[test]
fn a_drained_member_s_cookie_is_good_for_nothing_until_it_is_given_back() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let first = scene.get("/dialin", "")?;
    let both = cookies(&first).join("; ");
    let text = first.text();
    let members = scene.demo.members("lync-front-end");
    let mut held = members
        .iter()
        .filter(|(id, _)| text.contains(&format!("at {id}.")));
    let (_, address) = held.next().expect("its member");
    let farm = |verb| {
        scene
            .demo
            .wicketgate(&["farm", verb, "lync-front-end", address])
    };
    assert!(farm("drain")?.status.success());
    scene.serve.line("a member of a farm is drained")?;
    let elsewhere = scene.get("/dialin", &both)?;
    assert!(elsewhere.text().contains("is lost"), "{}", elsewhere.text());
    let other = ours(&elsewhere).expect("another cookie");
    assert!(!both.contains(&other));
    assert!(farm("undrain")?.status.success());
    scene.serve.line("a member of a farm is used again")?;
    assert!(scene.get("/dialin", &both)?.text().contains("goes on"));
    Ok(())
}
