//! exchangelib, an Exchange client that nobody here wrote, by Autodiscover to the published EWS; and
//! the same client with a man in the middle of its TLS (S18, S27, S43, S44, S50).
//!
//! It asks DNS by itself and knows no port but 443, so it runs in a network namespace of its own:
//! `e2e/clients/exchangelib/around.py`.
//!
//! INTEROP: exchangelib 5.6.0 with requests_ntlm 1.3.0 and pyspnego 0.12.4, as this story sees them:
//! - It begins with DNS (A) of the bare mail domain, which is not published, then of `autodiscover.`.
//! - Each service is tasted first: a whole POST without credentials on a connection of its own, for
//!   which Autodiscover gets the made-up mailbox DUMMY@example.com and EWS a ConvertId. It must be a
//!   401 (or 200); of what is offered it takes NTLM before Basic, and knows no Negotiate.
//! - It writes a mail address as user `anna@contoso.test` of the empty domain.
//! - It sends the whole body with each message of NTLM, and `tls-server-end-point` with message 3.
//! - It stays on the connection: later calls carry no credentials at all.

use std::process::Command;

use e2e::demo::{binary, root};
use e2e::skip::{has, skip};
use serde_json::Value;

const STORY: &str = "exchangelib_finds_its_mailbox_and_nobody_in_between_does";

/// Runs the client in its surroundings; `None` where it cannot run here.
fn run(way: &str, password_key: &str, auth: &str) -> anyhow::Result<Option<Value>> {
    let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(std::path::PathBuf::from);
    let python = root().join(named.unwrap_or_else(|| "target/story-venv/bin/python".into()));
    let imports = ["-c", "import exchangelib"];
    if !python.exists() || !Command::new(&python).args(imports).status()?.success() {
        let reason = "no Python with exchangelib; `cargo xtask test` makes one";
        return skip(STORY, reason).map(|()| None);
    }
    let private = ["--net", "--mount", "true"];
    if !has("unshare") || !has("ip") || !Command::new("unshare").args(private).status()?.success() {
        return skip(STORY, "network and mount namespaces need root").map(|()| None);
    }
    let folder = tempfile::tempdir()?;
    let ran = Command::new("unshare")
        .args(["--net", "--mount", "--kill-child"])
        .arg(python)
        .arg(root().join("e2e/clients/exchangelib/around.py"))
        .arg(binary()?)
        .arg(folder.path())
        .args([way, password_key, auth])
        .output()?;
    let said = String::from_utf8_lossy(&ran.stdout);
    let got = serde_json::from_str(&said);
    let failed = |_| panic!("{said}{}", String::from_utf8_lossy(&ran.stderr));
    Ok(Some(got.unwrap_or_else(failed)))
}

/// What the servers behind were asked, and how they were told who asks.
fn seen(got: &Value) -> Vec<(&str, &str, usize)> {
    let seen = got["seen"].as_array().expect("the lab's list").iter();
    seen.map(|seen| {
        let text = |key: &str| seen[key].as_str().unwrap_or_default();
        let schemes = seen["authorization_schemes"].as_array();
        (text("path"), text("how"), schemes.map_or(0, Vec::len))
    })
    .collect()
}

/// The three services, each by the gate's word and without a credential of the client's.
const SERVED: [(&str, &str, usize); 4] = [
    ("/autodiscover/autodiscover.svc", "assertion", 0),
    ("/EWS/Exchange.asmx", "assertion", 0),
    ("/EWS/Exchange.asmx", "assertion", 0),
    ("/WebTicket/WebTicketService.svc", "assertion", 0),
];

/// What the audit says of each attempt: event, reason, service, channel.
fn attempts(got: &Value) -> Vec<[&str; 4]> {
    let events = got["events"].as_array().expect("the audit").iter();
    let attempts = events.filter(|event| event["service"].is_string());
    attempts
        .map(|event| {
            ["event", "reason", "service", "channel"]
                .map(|key| event[key].as_str().unwrap_or_default())
        })
        .collect()
}

/// 401s after which a person would be asked for a password again: those to a proof, and those on a
/// connection on which a proof was taken before.
fn prompts(got: &Value) -> usize {
    let mut proved = Vec::new();
    let steps = got["client"]["steps"].as_array().expect("steps").iter();
    let is_prompt = |step: &&Value| {
        assert!(step["connection"].is_u64(), "{step}");
        let proves = ["ntlm3", "basic"].contains(&step["sent"].as_str().unwrap_or_default());
        let refused = step["status"] == 401;
        let known = proved.contains(&step["connection"]);
        if proves && !refused {
            proved.push(step["connection"].clone());
        }
        refused && (proves || known)
    };
    steps.filter(is_prompt).count()
}

fn message_3s(got: &Value) -> Vec<(u64, bool)> {
    let steps = got["client"]["steps"].as_array().expect("steps").iter();
    steps
        .filter(|step| step["sent"] == "ntlm3")
        .map(|step| {
            (
                step["status"].as_u64().unwrap_or_default(),
                step["bound"] == true,
            )
        })
        .collect()
}

fn assert_served(got: &Value) {
    let client = &got["client"];
    assert!(client["error"].is_null(), "{client:#}");
    assert_eq!(client["ews_url"], got["urls"]["ews"], "{client:#}");
    let resolved = serde_json::json!(["anna@contoso.test", "ben@contoso.test"]);
    assert_eq!(client["resolved"], resolved, "{client:#}");
    assert_eq!(client["web_ticket"], 200, "{client:#}");
    assert_eq!(seen(got), SERVED);
}

/// Refused at both services that were tried, for this reason, and nothing reached a server behind.
fn assert_refused(got: &Value, reason: &str) {
    let client = &got["client"];
    assert!(client["ews_url"].is_null(), "{client:#}");
    assert_eq!(client["web_ticket"], 401, "{client:#}");
    let refused = |service| ["refused", reason, service, "ntlm"];
    assert_eq!(attempts(got), [refused("autodiscover"), refused("lync")]);
    let statuses: Vec<u64> = message_3s(got).iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [401, 401], "{client:#}");
    assert_eq!(seen(got), []);
}

#[test]
fn s27_s43_s44_s50_one_app_password_three_services_and_no_further_prompt() -> anyhow::Result<()> {
    let Some(got) = run("required", "app_password", "chosen")? else {
        return Ok(());
    };
    assert_served(&got);
    assert_eq!(prompts(&got), 0, "{:#}", got["client"]);
    assert_eq!(message_3s(&got), [(200, true); 3]);
    let signed_in = |service| ["signed-in", "", service, "ntlm"];
    let each = ["autodiscover", "ews", "lync"].map(signed_in);
    assert_eq!(attempts(&got), each);
    Ok(())
}

#[test]
fn s43_s44_basic_to_ews_is_one_sign_in_and_no_further_prompt() -> anyhow::Result<()> {
    let Some(got) = run("required", "app_password", "basic")? else {
        return Ok(());
    };
    assert_served(&got);
    assert_eq!(prompts(&got), 0, "{:#}", got["client"]);
    let signed_in = |service, channel| ["signed-in", "", service, channel];
    let each = [
        signed_in("autodiscover", "ntlm"),
        signed_in("ews", "basic"),
        signed_in("lync", "ntlm"),
    ];
    assert_eq!(attempts(&got), each);
    Ok(())
}

#[test]
fn s18_exchangelib_does_not_get_in_with_the_domain_password() -> anyhow::Result<()> {
    let Some(got) = run("required", "domain_password", "chosen")? else {
        return Ok(());
    };
    assert_refused(&got, "wrong-secret");
    Ok(())
}

#[test]
fn what_is_bound_to_an_interposers_certificate_gets_401() -> anyhow::Result<()> {
    for way in ["interposed-required", "interposed"] {
        let Some(got) = run(way, "app_password", "chosen")? else {
            return Ok(());
        };
        assert_ne!(got["interposed"], 0, "nobody stood between");
        assert_refused(&got, "channel-binding");
        assert!(message_3s(&got).iter().all(|(_, is_bound)| *is_bound));
    }
    Ok(())
}

/// Through the same interposer as above: so it is the binding that stops him, and this is what
/// `channel_binding = "require"` is for.
#[test]
fn what_is_not_bound_passes_an_interposer_unless_a_binding_is_required() -> anyhow::Result<()> {
    let Some(got) = run("interposed", "app_password", "unbound")? else {
        return Ok(());
    };
    assert_ne!(got["interposed"], 0, "nobody stood between");
    assert_served(&got);
    assert_eq!(message_3s(&got), [(200, false); 3]);
    let Some(got) = run("interposed-required", "app_password", "unbound")? else {
        return Ok(());
    };
    assert_refused(&got, "channel-binding");
    Ok(())
}
