//! The text of a first configuration: every key with a line that says what it is.

use super::questions::Answers;

/// The configuration that these answers make.
pub(super) fn configuration(answers: &Answers) -> String {
    let dns_domain = answers.of("dns_domain");
    let mut text = format!(
        "\
# Wicketgate. Written by `wicketgate init`; `wicketgate check` says whether it is right, and
# `systemctl reload wicketgate` makes the gate take changes up without cutting anybody off.

[store]
# Accounts, app passwords, counters and the audit trail.
file = {store}
# The keys that seal secrets in it; made at the first start. Keep them elsewhere in backups.
key_file = {key_file}

[names]
# The NetBIOS name of the domain; a user name without a domain belongs to it.
domain = {domain}
# The DNS name of the domain.
dns_domain = {dns_domain}

[onward]
# Signs what back ends are told about who the user is; they need `onward-public.pem` beside it.
key = {onward_key}
# What those assertions name as their issuer.
issuer = {issuer}
",
        store = quoted(answers.of("store")),
        key_file = quoted(answers.of("key_file")),
        domain = quoted(answers.of("domain")),
        dns_domain = quoted(dns_domain),
        onward_key = quoted(super::ONWARD_KEY),
        issuer = quoted(&format!("https://gate.{dns_domain}")),
    );
    text += &kerberos(answers);
    text += &directory(answers);
    text += &metrics(answers);
    text += &listeners(answers);
    text += &lync(answers);
    text += &exchange(answers);
    text += "
# What may be used from where; the first that fits decides, and what none fits is refused.
[[policy]]
# From where: everything is external unless a listener's `internal_networks` has it.
zones = [\"external\"]
# What is enough: app passwords, never the domain's.
methods = [\"app-password\"]
# Two factors: an app password is enough only for so long after its owner's last second factor. Switch this on once
# people have one; until then `wicketgate policy prove` prints each way in by one factor.
# lease = \"30 days\"
";
    text
}

fn kerberos(answers: &Answers) -> String {
    let Some(account) = answers.some("kerberos_account") else {
        return String::new();
    };
    format!(
        "
[kerberos]
# The gate's own account in Active Directory, a computer account; `wicketgate ad join` makes it.
account = {}
# Its keys, made with it.
keytab = {}
",
        quoted(account),
        quoted(answers.of("keytab"))
    )
}

/// Only beside Kerberos: without it nobody's back end asks for whom the directory knows.
fn directory(answers: &Answers) -> String {
    let account = answers.some("directory_account");
    let Some(account) = account.filter(|_| answers.some("kerberos_account").is_some()) else {
        return String::new();
    };
    format!(
        "
[directory]
# Who people are and whether they may come in is read there. Controllers are found in DNS; `controllers` lists them.
# The authorities that vouch for the controllers' certificates.
authorities = {}
# A plain user that reads; `wicketgate directory set-password` takes its password.
account = {}
",
        quoted(answers.of("authorities")),
        quoted(account)
    )
}

fn metrics(answers: &Answers) -> String {
    let Some(address) = answers.some("metrics") else {
        return String::new();
    };
    format!(
        "
[metrics]
# Where Prometheus and a load balancer ask: /metrics, /healthz, /readyz.
address = {}
",
        quoted(address)
    )
}

fn listeners(answers: &Answers) -> String {
    let pairs = [
        ("certificate", "certificate_key"),
        ("second_certificate", "second_certificate_key"),
    ];
    let pair = |(chain, key): (&str, &str)| {
        let (chain, key) = (answers.some(chain)?, answers.some(key)?);
        Some(format!(
            "  {{ chain = {}, key = {} }},\n",
            quoted(chain),
            quoted(key)
        ))
    };
    let pairs: String = pairs.into_iter().filter_map(pair).collect();
    let mut text = format!(
        "
[[listener]]
# Where clients come in, by TLS.
address = {}
# Certificates that name every published host; an ECDSA and an RSA one may stand side by side.
certificate = [
{pairs}]
# Networks whose clients are internal here; nobody is, where this is empty.
internal_networks = []
",
        quoted(answers.of("listen"))
    );
    if let Some(plain) = answers.some("plain") {
        text += &format!(
            "
[[listener]]
# Plain HTTP, where Lync clients may begin.
address = {}
# They are told the https address, and nothing else is answered here.
plain = true
",
            quoted(plain)
        );
    }
    text
}

fn farm(name: &str, (address, own_name): (&str, &str), answers: &Answers) -> String {
    let mut text = format!(
        "
[[farm]]
# The name that what is published below uses.
name = {}
# Where it is reached.
address = {}
",
        quoted(name),
        quoted(address)
    );
    if address.starts_with("https:") {
        text += &format!(
            "\
# The name that is sent and verified in TLS.
tls_name = {}
# The authorities that may vouch for it.
authorities = {}
",
            quoted(own_name),
            quoted(answers.of("authorities"))
        );
    }
    text += &match answers.some("kerberos_account") {
        None => "\
# The header that carries the signed assertion of who the user is.
identity_header = \"x-wicketgate-identity\"
"
        .to_owned(),
        Some(_) => format!(
            "\
# The service principal name of its account, to which the gate passes users on by Kerberos.
spn = {}
",
            quoted(answers.of(&format!("{name}_spn")))
        ),
    };
    text
}

fn lync(answers: &Answers) -> String {
    let Some(web_host) = answers.some("lync_web_host") else {
        return String::new();
    };
    let own_name = answers.of("lync_name");
    let discover = listed(answers, "lync_discover_hosts");
    let mut text = farm("lync", (answers.of("lync_address"), own_name), answers);
    text += &format!(
        "
[[lync.pool]]
# The published name of the pool's external web services.
web_host = {}
{}# The lyncdiscover names, one for each SIP domain.
discover_hosts = [{}]
# The pool's own names, and what they are called outside.
internal_names = {{ {} = {} }}
# The farm above.
farm = \"lync\"
",
        quoted(web_host),
        public_port(answers),
        discover,
        quoted(own_name),
        outside(web_host, answers)
    );
    text
}

/// What a name is called outside, with the port by which clients reach it.
fn outside(host: &str, answers: &Answers) -> String {
    quoted(&match answers.of("public_port") {
        "443" => host.to_owned(),
        port => format!("{host}:{port}"),
    })
}

fn exchange(answers: &Answers) -> String {
    let Some(host) = answers.some("exchange_host") else {
        return String::new();
    };
    let behind = (answers.of("exchange_address"), answers.of("exchange_name"));
    let mut text = farm("exchange", behind, answers);
    text += &format!(
        "
[[exchange]]
# The published name.
host = {}
{}# The autodiscover names, one for each domain of mail addresses.
autodiscover_hosts = [{}]
# The server's own names, and what they are called outside.
internal_names = {{ {} = {} }}
# The farm above.
farm = \"exchange\"
",
        quoted(host),
        public_port(answers),
        listed(answers, "autodiscover_hosts"),
        quoted(answers.of("exchange_name")),
        outside(host, answers)
    );
    text
}

/// The line of the port by which clients reach what is published, where it is another than that of https.
///
/// What is no number is written as it was answered, and `check` says where it stands.
fn public_port(answers: &Answers) -> String {
    match answers.of("public_port") {
        "443" => String::new(),
        port if port.bytes().all(|it| it.is_ascii_digit()) => {
            format!("# The port by which clients reach it.\npublic_port = {port}\n")
        }
        other => format!("public_port = {}\n", quoted(other)),
    }
}

/// The names of an answer, as TOML lists them.
fn listed(answers: &Answers, key: &str) -> String {
    let names = answers.some(key).unwrap_or_default().split(',');
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    names.map(quoted).collect::<Vec<_>>().join(", ")
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
