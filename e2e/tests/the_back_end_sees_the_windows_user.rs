//! The back end sees the Windows user, whose password the gate does not have: a real Active Directory (Samba),
//! a real back end (Apache with mod_auth_gssapi), and the gate's Kerberos between them.
//!
//! Only the crate `gss` is proved here; no request goes through the gate's proxy.

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::kerberos::Kerberos;
use serde_json::{Value, json};

/// The gate's Kerberos as a program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kerberos");
/// The service that the back end's keytab is of.
const BACK_END: &str = "HTTP/lync-fe.contoso.test";

fn token_for(user: &str) -> Value {
    json!({ "do": "token", "user": user, "service": BACK_END })
}

/// What Apache shows at a path to whoever brings a token: status and body.
fn shown(lab: &ActiveDirectory, token: &Value, path: &str) -> anyhow::Result<(String, String)> {
    let token = token["negotiate"].as_str().context("no token")?;
    let output = lab
        .command("curl")
        .args(["--silent", "--write-out", "\n%{http_code}"])
        .arg("--header")
        .arg(format!("Authorization: Negotiate {token}"))
        .arg(format!("http://lync-fe.contoso.test{path}"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let (body, status) = text.rsplit_once('\n').context("no status")?;
    Ok((status.to_owned(), body.to_owned()))
}

#[test]
fn the_back_end_sees_each_user_with_the_groups_of_the_domain() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the back end sees each user")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    for user in ["alice", "bob", "alice"] {
        let token = kerberos.done(&token_for(user))?;
        let (status, body) = shown(&lab, &token, "/who.shtml")?;
        assert_eq!(
            (status.as_str(), body),
            ("200", format!("{user}@CONTOSO.TEST"))
        );
        let token = kerberos.done(&token_for(user))?;
        let (_, pac) = shown(&lab, &token, "/pac.shtml")?;
        assert!(pac.contains("urn:mspac:logon-info"), "{pac}");
    }
    // A token is good once.
    let token = kerberos.done(&token_for("alice"))?;
    assert_eq!(shown(&lab, &token, "/who.shtml")?.0, "200");
    assert_eq!(shown(&lab, &token, "/who.shtml")?.0, "401");
    Ok(())
}

#[test]
fn whoever_may_not_be_passed_on_is_refused_by_their_own_reason() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("refusals by their own reason")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&json!({
        "do": "gateway", "account": "rogue$", "keytab": format!("{TOP}/rogue.keytab"),
    }))?;
    let refused = [
        (token_for("carol"), "Denied(NotDelegable"),
        // Active Directory says `Revoked` of this one, Samba this.
        (token_for("dave"), "Denied(Policy"),
        (token_for("erin"), "Denied(Expired"),
        (token_for("frank"), "Denied(Revoked"),
        (token_for("gina"), "Denied(PasswordExpired"),
        (token_for("nobody"), "Denied(UnknownUser"),
        (
            json!({ "do": "token", "user": "alice", "service": BACK_END, "gateway": "rogue$" }),
            "Denied(NotDelegable",
        ),
        (
            json!({ "do": "token", "user": "alice", "service": "HTTP/rogue.contoso.test" }),
            "Unavailable(TargetNotAllowed",
        ),
        (
            json!({ "do": "token", "user": "alice", "service": "HTTP/none.contoso.test" }),
            "Unavailable(UnknownTarget",
        ),
    ];
    for (asked, kind) in refused {
        let answer = kerberos.ask(&asked)?;
        eprintln!("{asked} {answer}");
        assert_eq!(answer["kind"], kind, "{asked}: {answer}");
    }
    let token = kerberos.done(&token_for("alice"))?;
    assert_eq!(shown(&lab, &token, "/who.shtml")?.1, "alice@CONTOSO.TEST");
    Ok(())
}
