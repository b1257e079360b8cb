//! The operator's guide, followed: the configuration of the page on publishing is right, its certificates
//! name what must be named, its commands answer what it says; the page on upgrades goes there and back.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use e2e::demo::{Demo, binary, root};
use rcgen::{CertificateParams, KeyPair};

fn page(name: &str) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(
        root().join("docs/guide").join(name),
    )?)
}

/// The blocks of a page in a language, in their order.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    let after = page.split(&fence).skip(1);
    after.filter_map(|rest| rest.split("```").next()).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// Writes a file that its owner alone may read.
fn private(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text)?;
    let mode = std::fs::Permissions::from_mode(0o600);
    Ok(std::fs::set_permissions(file, mode)?)
}

/// What `wicketgate check` says of the published configuration with certificates for these names.
fn checked(folder: &Path, config: &str, names: &[&str]) -> anyhow::Result<Output> {
    for name in ["ecdsa", "rsa"] {
        let key = KeyPair::generate()?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let chain = CertificateParams::new(names)?.self_signed(&key)?.pem();
        std::fs::write(folder.join("tls").join(format!("{name}.pem")), &chain)?;
        std::fs::write(folder.join("tls/internal-ca.pem"), chain)?;
        private(
            &folder.join("tls").join(format!("{name}.key")),
            &key.serialize_pem(),
        )?;
    }
    private(&folder.join("gateway.keytab"), "")?;
    let here = folder.display().to_string();
    let config = [
        "/etc/wicketgate",
        "/var/lib/wicketgate-keys",
        "/var/lib/wicketgate",
    ]
    .iter()
    .fold(config.to_owned(), |config, path| {
        config.replace(path, &here)
    });
    let file = folder.join("wicketgate.toml");
    std::fs::write(&file, config)?;
    let mut command = Command::new(binary()?);
    Ok(command.arg("--config").arg(file).arg("check").output()?)
}

#[test]
fn the_published_configuration_is_right_and_its_certificates_name_what_they_must()
-> anyhow::Result<()> {
    let page = page("publish.md")?;
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("tls"))?;
    let config = blocks(&page, "toml").concat();
    let (_, names) = page
        .split_once("stands in its certificates")
        .expect("the names of the certificates");
    let names: Vec<&str> = blocks(names, "").first().expect("a list").lines().collect();
    let right = checked(folder.path(), &config, &names)?;
    assert_eq!(right.status.code(), Some(0), "{}", said(&right));
    for missing in &names {
        let fewer: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| name != missing)
            .collect();
        let wrong = checked(folder.path(), &config, &fewer)?;
        assert_eq!(wrong.status.code(), Some(2), "{missing}");
        assert!(said(&wrong).contains(missing), "{}", said(&wrong));
    }
    // Each name of the table leads to the gate, or is published by nobody.
    for name in &names {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
    Ok(())
}

/// The first configuration of the page on publishing, which the other pages' examples are parts of.
fn base() -> anyhow::Result<String> {
    let page = page("publish.md")?;
    Ok((*blocks(&page, "toml").first().expect("a configuration")).to_owned())
}

#[test]
fn the_examples_of_farms_and_balancers_are_right() -> anyhow::Result<()> {
    let farms = page("farms.md")?;
    let balancer = page("load-balancer.md")?;
    let farms = blocks(&farms, "toml").concat();
    let balancer = blocks(&balancer, "toml").concat();
    let base = base()?;
    let (before, after) = base.split_once("[[listener]]").expect("a listener");
    let (_, plain) = after.split_once("\n\n").expect("a plain listener");
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("tls"))?;
    let names = ["lyncweb", "lyncdiscover", "mail", "autodiscover"];
    let names = names.map(|name| format!("{name}.contoso.com"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for config in [
        format!("{base}{farms}"),
        format!("{before}{balancer}{plain}{farms}"),
    ] {
        let right = checked(folder.path(), &config, &names)?;
        assert_eq!(right.status.code(), Some(0), "{config}\n{}", said(&right));
        let wrong = config.replacen(
            "address = \"https://10.0.1.12:4443\"",
            "address = \"ftp://x\"",
            1,
        );
        let wrong = checked(folder.path(), &wrong, &names)?;
        assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    }
    Ok(())
}

/// The examples of these pages stand in the place of the part of the first configuration that they speak
/// of.
#[test]
fn the_examples_of_certificates_and_metrics_are_right() -> anyhow::Result<()> {
    let base = base()?;
    let farms = blocks(&page("farms.md")?, "toml").concat();
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("tls"))?;
    let names = ["lyncweb", "lyncdiscover", "mail", "autodiscover"];
    let names = names.map(|name| format!("{name}.contoso.com"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (name, table) in [
        ("certificates.md", "[[listener]]"),
        ("metrics.md", "[metrics]"),
    ] {
        let page = page(name)?;
        let examples = blocks(&page, "toml");
        let [example] = examples.as_slice() else {
            panic!("{name} has one example: {examples:?}");
        };
        assert!(example.starts_with(table), "{name}: {example}");
        let (before, after) = base.split_once(table).expect("the part it stands for");
        let (_, after) = after.split_once("\n\n").expect("what comes next");
        let config = format!("{before}{example}\n{after}{farms}");
        let right = checked(folder.path(), &config, &names)?;
        assert_eq!(right.status.code(), Some(0), "{config}\n{}", said(&right));
        let misspelt = example.replacen("address", "adress", 1);
        let config = format!("{before}{misspelt}\n{after}{farms}");
        let wrong = checked(folder.path(), &config, &names)?;
        assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    }
    Ok(())
}

#[test]
fn s52_s53_the_commands_that_try_a_publication_answer_what_the_page_says() -> anyhow::Result<()> {
    let page = page("publish.md")?;
    let demo = Demo::start_with(&["--domain", "contoso.com"])?;
    let (_, tries) = page.split_once("## Try it").expect("the commands");
    let tries = blocks(tries, "").first().expect("a block").to_string();
    let gate = format!(
        "{} --noproxy '*' --cacert '{}'",
        demo.address(),
        demo.text("/ca")
    );
    let script = tries.replace("192.0.2.10:443", &gate);
    let ran = Command::new("sh").args(["-c", &script]).output()?;
    let mut expected = String::new();
    for line in tries.lines().skip(1) {
        let (_, status) = line.rsplit_once("# ").expect("what it answers");
        writeln!(expected, "{status}")?;
    }
    assert_eq!(said(&ran), expected, "{tries}");
    assert!(expected.lines().count() > 8, "{expected}");
    Ok(())
}

/// A store beside the demo's, with somebody in it; gives its configuration and that app password's id.
fn store(demo: &Demo) -> anyhow::Result<(String, String)> {
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let config = config
        .replace("\"wicketgate.db\"", "\"upgraded.db\"")
        .replace("\"wicketgate.keys\"", "\"upgraded.keys\"");
    let file = demo.folder().join("upgraded.toml");
    std::fs::write(&file, config)?;
    let config = file.display().to_string();
    let made = demo.wicketgate(&["--config", &config, "db", "migrate"])?;
    assert!(made.status.success(), "{}", said(&made));
    let with = |verb: &[&str]| demo.wicketgate_json(&[&["--config", &config], verb].concat());
    with(&["user", "add", "CONTOSO\\eve", "--upn", "eve@contoso.com"])?;
    let made = ["--label", "phone", "--scope", "lync"];
    with(
        &[
            &["app-password", "create", "eve@contoso.com"],
            made.as_slice(),
        ]
        .concat(),
    )?;
    let listed = with(&["app-password", "list", "eve@contoso.com"])?;
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    Ok((config, id))
}

/// Runs the commands of a section, in their order, with the number that was noted; gives what each said.
fn follow(demo: &Demo, config: &str, section: &str, number: &str) -> anyhow::Result<Vec<String>> {
    let backup = demo
        .folder()
        .join("before-upgrade.db")
        .display()
        .to_string();
    let blocks = blocks(section, "");
    let commands = blocks.iter().flat_map(|block| block.lines());
    let commands = commands.filter_map(|line| line.strip_prefix("wicketgate "));
    commands
        .map(|command| {
            let command = command.replace("/backup/before-upgrade.db", &backup);
            let command = command.replace("NUMBER", number);
            let words: Vec<&str> = command.split(' ').collect();
            let ran = demo.wicketgate(&[&["--config", config], words.as_slice()].concat())?;
            anyhow::ensure!(ran.status.success(), "{command}: {}", said(&ran));
            Ok(said(&ran))
        })
        .collect()
}

/// The number of the head that the first `audit verify` printed.
fn number_noted(said: &[String]) -> &str {
    let mut lines = said.iter().flat_map(|said| said.lines());
    let head = lines.find_map(|line| line.strip_prefix("its head is "));
    let (number, _) = head.and_then(|head| head.split_once(':')).expect("a head");
    number
}

/// More events than are listed where nothing is asked for; the newest of them, and every one.
fn many_events(demo: &Demo, config: &str) -> anyhow::Result<()> {
    let with = |verb: &[&str]| demo.wicketgate_json(&[&["--config", config], verb].concat());
    for verb in ["lock", "enable"].iter().cycle().take(102) {
        with(&["user", verb, "eve@contoso.com"])?;
    }
    let all = with(&["audit", "list", "--all"])?;
    let events = with(&["audit", "verify"])?[0]["events"].clone();
    assert_eq!(events, all.len());
    let newest = with(&["audit", "list"])?;
    assert_eq!(newest, all[all.len() - 100..]);
    assert_eq!(
        with(&["audit", "list", "--count", "3"])?,
        all[all.len() - 3..]
    );
    assert_eq!(with(&["audit", "list", "--from", "2"])?, all[1..]);
    let some = ["audit", "list", "--from", "2", "--count", "3"];
    assert_eq!(with(&some)?, all[1..4]);
    let list = ["--config", config, "audit", "list"];
    let told = said(&demo.wicketgate(&list)?);
    assert!(
        told.contains(&format!("the newest 100 of {events} events; `--all`")),
        "{told}"
    );
    let both = demo.wicketgate(&[&list[..], &["--all", "--from", "2"]].concat())?;
    assert_eq!(both.status.code(), Some(2), "{}", said(&both));
    Ok(())
}

#[test]
fn the_page_on_upgrades_leads_there_and_back_and_says_what_is_lost() -> anyhow::Result<()> {
    let page = page("upgrade.md")?;
    let (there, back) = page.split_once("## The way back").expect("the way back");
    let demo = Demo::start()?;
    let (config, id) = store(&demo)?;
    let with = |verb: &[&str]| demo.wicketgate(&[&["--config", &config], verb].concat());
    let upgraded = follow(&demo, &config, there, "")?;
    assert_eq!(upgraded.len(), 9, "{upgraded:#?}");
    assert!(upgraded.iter().any(|said| said.contains("was up to date")));

    // Somebody is shut out, much else happens, and a newer program adds a step to the store.
    assert!(with(&["app-password", "revoke", &id])?.status.success());
    many_events(&demo, &config)?;
    let (noted, restoring) = back.split_once("Then stop the gate").expect("the restore");
    let noted = follow(&demo, &config, noted, number_noted(&upgraded))?.concat();
    assert!(noted.contains("app-password-revoked"), "{noted}");
    let file = demo.folder().join("upgraded.db").display().to_string();
    let step = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); \
                c.execute(\"INSERT INTO migrations VALUES (999,'0999_future','abc')\"); c.commit()";
    let stepped = Command::new("python3").args(["-c", step, &file]).output()?;
    assert!(stepped.status.success(), "{}", said(&stepped));
    for verb in [
        &["db", "status"][..],
        &["db", "migrate"],
        &["serve"],
        &["user", "list"],
    ] {
        let refused = with(verb)?;
        let text = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{verb:?}: {text}");
        assert!(text.contains("newer version"), "{verb:?}: {text}");
    }

    let restored = follow(&demo, &config, restoring, "")?;
    assert_eq!(restored.len(), 3, "{restored:#?}");
    let told = restored.first().expect("what it said");
    assert!(
        told.contains("the store that was there cannot be read"),
        "{told}"
    );
    let list = [
        "--config",
        &config,
        "app-password",
        "list",
        "eve@contoso.com",
    ];
    let listed = demo.wicketgate_json(&list)?;
    assert!(
        listed[0]["revoked"].is_null(),
        "in again, as the page says: {listed:?}"
    );
    let kept = std::fs::read_dir(demo.folder())?.filter_map(Result::ok);
    let mut kept = kept.filter(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        name.starts_with("upgraded.db.") || name.starts_with("upgraded.db-")
    });
    assert!(
        kept.any(|_| true),
        "the store that was there is kept beside it"
    );
    Ok(())
}
