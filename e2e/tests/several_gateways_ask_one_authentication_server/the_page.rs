//! The configurations of the guide's page are right, and proved: on each part what it can know.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use e2e::apart::Apart;
use e2e::demo::Demo;

#[test]
fn s41_the_page_s_two_configurations_are_right() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let mut apart = Apart::beside(&demo);
    apart.list("dmz1")?;
    let page = std::fs::read_to_string(e2e::demo::root().join("docs/guide/dmz.md"))?;
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).collect();
    let blocks: Vec<&str> = blocks
        .iter()
        .filter_map(|it| it.split("```").next())
        .collect();
    let [server, asks, pages, hosts] = blocks.as_slice() else {
        anyhow::bail!("the page has other configurations");
    };
    let here = format!("{}/", demo.folder().display());
    let server = server.replace("/var/lib/wicketgate/", &here);
    let server = server.replace("/var/lib/wicketgate-keys/", &here);
    let file = demo.folder().join("page.toml");
    std::fs::write(&file, server)?;
    let gateway = apart.gateway_file("dmz1", SocketAddr::from(([127, 0, 0, 1], 7443)))?;
    let text = std::fs::read_to_string(&gateway)?;
    let (before, rest) = text.split_once("[authn]").context("no [authn]")?;
    let (_, after) = rest.split_once("[names]").context("no [names]")?;
    std::fs::write(&gateway, format!("{before}{asks}[names]{after}"))?;
    let are_right = || -> anyhow::Result<()> {
        for file in [&file, &gateway] {
            let mut command = std::process::Command::new(e2e::demo::binary()?);
            let output = command.arg("--config").arg(file).arg("check").output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", file.display());
        }
        Ok(())
    };
    are_right()?;
    is_proved_with_its_lease_alone(&file)?;
    // And with the pages that its part on pages adds to both.
    let (tables, brings) = pages
        .split_once("[[authn_server.gateway]]")
        .context("no gateway")?;
    assert!(brings.contains("\npages = true\n"), "{brings}");
    let named = "name = \"dmz1\"\n";
    let server = std::fs::read_to_string(&file)?;
    assert!(server.contains(named), "{server}");
    let server = server.replace(named, &format!("{named}pages = true\n"));
    std::fs::write(&file, format!("{server}{tables}"))?;
    let text = std::fs::read_to_string(&gateway)?;
    let hosts = hosts.replace("contoso.com", "contoso.localhost");
    std::fs::write(&gateway, format!("{text}{hosts}"))?;
    are_right()?;
    is_proved_with_its_lease_alone(&file)?;
    says_where_to_ask(&gateway)
}

fn policy(file: &Path, arguments: &[&str]) -> anyhow::Result<(bool, String)> {
    let mut command = std::process::Command::new(e2e::demo::binary()?);
    let command = command.arg("--config").arg(file).arg("policy");
    let output = command.args(arguments).output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(said)?))
}

/// The authentication server's policy is proved for what its gateways publish, and each way in by one factor is named.
fn is_proved_with_its_lease_alone(file: &Path) -> anyhow::Result<()> {
    let (is_proved, said) = policy(file, &["prove"])?;
    assert!(is_proved, "{said}");
    assert!(said.contains("on each gateway, too (dmz1)"), "{said}");
    let leased = std::fs::read_to_string(file)?;
    let lease = "lease = \"30 days\"\n";
    assert!(leased.contains(lease), "{leased}");
    std::fs::write(file, leased.replace(lease, ""))?;
    let (is_proved, said) = policy(file, &["prove"])?;
    std::fs::write(file, leased)?;
    assert!(!is_proved, "{said}");
    let way = "ews: from outside by basic, an app password is enough: one factor";
    assert!(said.contains(way), "{said}");
    Ok(())
}

/// A gateway's policy is proved without the people whom it names, and explained where they are known.
fn says_where_to_ask(file: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)?;
    let named = "[[policy]]\naccounts = [\"anna\"]\nmethods = [\"passkey\"]\n[[policy]]";
    std::fs::write(file, text.replacen("[[policy]]", named, 1))?;
    let (_, said) = policy(file, &["prove"])?;
    assert!(
        said.contains("proved") && !said.contains("no store"),
        "{said}"
    );
    let asked = ["explain", "--user", "anna", "--from", "external", "--to"];
    let (is_told, said) = policy(
        file,
        &[&asked[..], &["https://mail.contoso.localhost/EWS"]].concat(),
    )?;
    let command = "`wicketgate policy explain --user 'anna' --from external --to 'ews'`";
    assert!(!is_told && said.contains(command), "{said}");
    Ok(())
}
