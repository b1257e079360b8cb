//! The operator asks what Windows must be told, brings back what it says of itself, and hears what is wrong;
//! and who would break in passive mode, from the gate's own log.

use std::process::Output;

use e2e::client::Curl;
use e2e::demo::{Demo, root};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// The good facts of the server's tests, told of the demo's names.
fn good_facts(demo: &Demo) -> anyhow::Result<String> {
    let facts = root().join("crates/server/testdata/facts/good.json");
    let facts = std::fs::read_to_string(facts)?;
    let script = demo.wicketgate(&["script", "facts"])?;
    let script = said(&script);
    let published = script
        .split("$PublishedSpns = @(\n")
        .nth(1)
        .unwrap_or_default();
    let published = published.split(")\n").next().unwrap_or_default();
    let published = published.replace('\'', "\"");
    let (before, rest) = facts.split_once("\"spns\": [").expect("the gate's names");
    let (_, after) = rest.split_once(']').expect("their end");
    let facts = format!("{before}\"spns\": [{published}]{after}");
    let facts = facts.replace("gate01$", "wicketgate$");
    let facts = facts.replace("lyncweb.contoso.com", "lyncweb.contoso.localhost");
    Ok(facts.replace("mail.contoso.com", "mail.contoso.localhost"))
}

#[test]
fn each_script_is_made_from_the_configuration() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    for topic in ["ad", "exchange", "lync", "edge", "facts"] {
        let printed = demo.wicketgate(&["script", topic])?;
        let text = said(&printed);
        assert_eq!(printed.status.code(), Some(0), "{text}");
        assert!(text.contains("wicketgate runs none of it"), "{topic}");
        let names_something = text.contains("contoso.localhost");
        assert_eq!(names_something, topic != "edge", "{topic}: {text}");
    }
    let unknown = demo.wicketgate(&["script", "dns"])?;
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    Ok(())
}

#[test]
fn facts_are_judged_and_the_status_says_how() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let file = demo.folder().join("facts.json");
    let name = file.display().to_string();
    let doctor = |text: &[u8]| {
        std::fs::write(&file, text)?;
        demo.wicketgate(&["doctor", "--facts", &name])
    };
    let good = good_facts(&demo)?;
    let silent = doctor(good.as_bytes())?;
    assert_eq!(
        (silent.status.code(), said(&silent).as_str()),
        (Some(0), "")
    );
    let bad = good.replacen("\"computer\",", "\"user\",", 2);
    let found = doctor(bad.as_bytes())?;
    let text = said(&found);
    assert_eq!(found.status.code(), Some(1), "{text}");
    assert!(
        text.contains("[gateway-is-a-user]\n    wicketgate script ad"),
        "{text}"
    );
    assert!(
        text.ends_with("wicketgate: errors: 1, warnings: 0\n"),
        "{text}"
    );
    let json = demo.wicketgate(&["--json", "doctor", "--facts", &name])?;
    let line: serde_json::Value = serde_json::from_slice(&json.stdout)?;
    assert_eq!(line["id"], "gateway-is-a-user");
    assert_eq!(line["severity"], "error");
    let none = doctor(b"{}")?;
    let text = said(&none);
    assert_eq!(none.status.code(), Some(2), "{text}");
    assert!(
        text.contains("facts.json: it was not written by the script"),
        "{text}"
    );
    // Files are judged alone, and a back end that is told by a header has no Kerberos to try.
    for wrong in [
        &["doctor", "--facts", &name, "--inside", "10.0.0.53"][..],
        &["doctor", "--inside", "dns.contoso.com"],
        &["doctor", "--sip", "sip.contoso.com"],
        &["doctor", "sign-in", "alice"],
    ] {
        let refused = demo.wicketgate(wrong)?;
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    }
    Ok(())
}

#[test]
fn s71_who_would_break_is_told_from_the_gate_s_own_log() -> anyhow::Result<()> {
    let demo = Demo::start_logging("access=info", &[])?;
    let person = demo.person(0);
    let url = demo.url("web_ticket");
    for agent in [
        "UCCAPI/4.0.7577.314 OC/4.0.7577.314 (Microsoft Lync 2010)",
        "UCCAPI/16.0.4266.1001 OC/16.0.4266.1001 (Skype for Business)",
    ] {
        let curl = Curl::new(&demo).ntlm(&person.upn, &person.app_password);
        let curl = curl.web_ticket_request(&person.sip);
        let got = curl.arguments(&["--user-agent", agent]).get(&url)?;
        assert_eq!(got.status, 200, "{agent}");
    }
    // The line is written when the answer has gone out, and the gate ends after its last line.
    let log = demo.stop()?;
    assert!(log.contains("agent=\"UCCAPI/16.0.4266.1001"), "{log}");
    let demo = Demo::start()?;
    let file = demo.folder().join("access.log");
    std::fs::write(&file, log)?;
    let told = demo.wicketgate(&["doctor", "--clients", &file.display().to_string()])?;
    let text = said(&told);
    assert_eq!(told.status.code(), Some(1), "{text}");
    let begins = "error: Lync on a PC (as `UCCAPI/4.0.7577.314 OC/4.0.7577.314 (Microsoft Lync 2010)`) cannot sign in at a page: ";
    assert!(text.contains(begins), "{text}");
    assert!(text.contains("[client-breaks-in-passive-mode]"), "{text}");
    assert!(
        !text.contains("16.0.4266") && !text.contains("nobody by name"),
        "{text}"
    );
    Ok(())
}
