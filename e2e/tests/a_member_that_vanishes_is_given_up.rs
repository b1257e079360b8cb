//! A member whose machine loses its network says nothing any more, not even that it is gone: what is under way there
//! is answered within half a minute, and counted (design 13, farms).

use std::time::{Duration, Instant};

use e2e::cable::{Cable, FAR};
use e2e::demo::Demo;
use e2e::serve::Serve;

const MAIL: &str = "mail.contoso.localhost";
/// In flight when the cable is pulled.
const HELD: usize = 3;
/// What is promised, and what a slow machine may take beside.
const WITHIN: Duration = Duration::from_secs(45);

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
    let far = format!(
        "\n[metrics]\naddress = \"127.0.0.1:0\"\n\
         [[farm]]\nname = \"far\"\naddress = \"http://{FAR}\"\n\
         [[route]]\nhost = \"{MAIL}\"\npath = \"/far\"\nbelow = true\nauth = \"anonymous\"\n\
         service = \"ews\"\nfarm = \"far\"\n"
    );
    let serve = Serve::start_under(&cable.near(), &demo, |config| config + &far)?;
    let line = serve.line("metrics and health are told")?;
    let (_, metrics) = line.split_once("address=\"").expect("an address");
    let metrics = format!("http://{}/metrics", metrics.trim_end_matches('"'));

    let gate = format!("::{}", serve.address);
    let held: Vec<_> = (0..HELD)
        .map(|_| {
            let mut curl = cable.command("curl");
            curl.args(["--silent", "--insecure", "--max-time", "120"])
                .args(["--connect-to", &gate, "--write-out", "%{http_code}"])
                .arg(format!("https://{MAIL}/far/hold"));
            curl.stdout(std::process::Stdio::piped()).spawn()
        })
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
