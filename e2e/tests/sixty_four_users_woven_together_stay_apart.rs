//! T-CONN-1: 64 users on raw connections, in one another's way, with aborts, resets and changes of
//! user in mid-connection, anonymous requests between; the invariants I1, I2, I3 and I6 hold for every answer.

use std::collections::BTreeMap;

use e2e::demo::Demo;
use e2e::raw::tls;
use e2e::weave::Weave;

const PEOPLE: usize = 64;
const CONNECTIONS: u64 = 24;
const SEED: u64 = 20_261_124;

/// A tenth in `test`, all in `night`.
fn requests() -> u64 {
    if std::env::var_os("WICKETGATE_NIGHT").is_some() {
        100_000
    } else {
        10_000
    }
}

#[test]
fn t_conn_1_no_identity_bleeds_between_connections() -> anyhow::Result<()> {
    let demo = Demo::start_logging("access=info", &["--people", "64"])?;
    let tls = tls(&demo, &[])?;
    let weave = Weave::new(&demo, tls, PEOPLE, requests());
    weave.run(&demo, CONNECTIONS, SEED)?;
    let kinds = weave.kinds();
    println!("{kinds:?}");
    assert!(kinds.len() == 18, "every kind of step was made: {kinds:?}");

    // I3, as the servers behind saw it: no connection carried two, nor somebody and nobody.
    let (nobodys, somebodys) = weave.apart(&demo)?;
    assert!(nobodys > 0 && somebodys > nobodys, "{nobodys} {somebodys}");

    // I6: each answer of a back end has one line of its own in the gate's record, and names whom
    // the back end saw.
    let answered = weave.activities();
    assert!(weave.doubled().is_empty(), "{:?}", weave.doubled());
    let names = names(&demo)?;
    let log = demo.stop()?;
    let mut recorded: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains(" access: ")) {
        if let (Some(activity), Some(who)) = (field(line, "activity"), field(line, "who")) {
            recorded.entry(activity).or_default().push(who);
        }
    }
    for (activity, saw) in &answered {
        let who = recorded.get(activity.as_str()).cloned().unwrap_or_default();
        let who: Vec<&str> = who
            .iter()
            .filter_map(|id| names.get(*id))
            .map(String::as_str)
            .collect();
        assert_eq!(who, [saw.as_str()], "the record of {activity}");
    }
    Ok(())
}

/// A field of a log line.
fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// Account ids with the names that back ends know.
fn names(demo: &Demo) -> anyhow::Result<BTreeMap<String, String>> {
    let accounts = demo.wicketgate_json(&["user", "list"])?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let of = |account: &serde_json::Value| {
        (
            text(&account["id"]),
            format!("CONTOSO\\{}", text(&account["sam"])),
        )
    };
    Ok(accounts
        .iter()
        .flat_map(|it| it.as_array().cloned().unwrap_or(vec![it.clone()]))
        .map(|it| of(&it))
        .collect())
}
