//! The questions, their defaults, and the answers: by a terminal, by standard input or from a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::path::Path;

use super::CliError;
use crate::config::meant;

/// The answer that means "none" where there may be none.
pub(super) const NONE: &str = "-";

/// One question; `{dns_domain}` in a default is the answer to an earlier one.
struct Question {
    key: &'static str,
    asks: &'static str,
    default: &'static str,
}

const fn question(key: &'static str, asks: &'static str, default: &'static str) -> Question {
    Question { key, asks, default }
}

/// All of them, in order.
const QUESTIONS: [Question; 26] = [
    question(
        "domain",
        "NetBIOS name of the domain, as in CONTOSO\\anna",
        "CONTOSO",
    ),
    question("dns_domain", "DNS name of the domain", "contoso.com"),
    question("listen", "Address and port for clients", "0.0.0.0:443"),
    question(
        "public_port",
        "The port that clients reach it by, 443 where a firewall forwards that",
        "443",
    ),
    question(
        "plain",
        "Address and port of plain HTTP for lyncdiscover, - for none",
        "0.0.0.0:80",
    ),
    question(
        "certificate",
        "Certificate chain (PEM)",
        "/etc/wicketgate/tls/gate.pem",
    ),
    question(
        "certificate_key",
        "Its private key (PEM)",
        "/etc/wicketgate/tls/gate.key",
    ),
    question(
        "second_certificate",
        "A second chain, so that there are ECDSA and RSA, - for none",
        NONE,
    ),
    question(
        "second_certificate_key",
        "Its private key, - for none",
        NONE,
    ),
    question(
        "authorities",
        "Certificates of the authorities of your back ends (PEM)",
        "/etc/wicketgate/tls/internal-ca.pem",
    ),
    question(
        "lync_web_host",
        "Published name of Lync's external web services, - for no Lync",
        "lyncweb.{dns_domain}",
    ),
    question(
        "lync_discover_hosts",
        "Published lyncdiscover names, with commas, - for none",
        "lyncdiscover.{dns_domain}",
    ),
    question(
        "lync_address",
        "Address of the pool's external web site",
        "https://pool01.{dns_domain}:4443",
    ),
    question("lync_name", "The pool's own name", "pool01.{dns_domain}"),
    question(
        "exchange_host",
        "Published name of Exchange, - for no Exchange",
        "mail.{dns_domain}",
    ),
    question(
        "autodiscover_hosts",
        "Published autodiscover names, with commas, - for none",
        "autodiscover.{dns_domain}",
    ),
    question(
        "exchange_address",
        "Address of Exchange",
        "https://exch01.{dns_domain}:443",
    ),
    question(
        "exchange_name",
        "Exchange's own name",
        "exch01.{dns_domain}",
    ),
    question(
        "store",
        "Where accounts and counters are kept",
        "/var/lib/wicketgate/wicketgate.db",
    ),
    question(
        "key_file",
        "Where the keys that seal them are kept, apart from them",
        "/var/lib/wicketgate-keys/wicketgate.keys",
    ),
    question(
        "metrics",
        "Address and port of metrics and health, - for none",
        "127.0.0.1:9464",
    ),
    question(
        "kerberos_account",
        "The gate's account in Active Directory, by which Lync and Exchange see the user; - where your back ends \
         are your own and read a signed header",
        "gateway$",
    ),
    question(
        "keytab",
        "Its keytab, which `wicketgate ad join` makes",
        "/etc/wicketgate/gateway.keytab",
    ),
    question(
        "lync_spn",
        "Service principal name of the pool",
        "HTTP/pool01.{dns_domain}",
    ),
    question(
        "exchange_spn",
        "Service principal name of Exchange",
        "HTTP/exch01.{dns_domain}",
    ),
    question(
        "directory_account",
        "A plain user by which Active Directory is read (LDAPS, by the authorities above), - for local accounts alone",
        "svc-wicketgate-read@{dns_domain}",
    ),
];

/// An answer to each question.
#[derive(Clone, Debug)]
pub(super) struct Answers(BTreeMap<&'static str, String>);

impl Answers {
    /// Asks, each question with its default, which an empty line takes.
    ///
    /// # Errors
    ///
    /// The answers end before the questions do: whoever leaves has answered nothing.
    pub(super) fn ask(from: &mut impl BufRead, to: &mut impl Write) -> Result<Self, CliError> {
        let mut answers = Self(BTreeMap::new());
        let lost = |error| CliError::unavailable(format!("nothing can be asked: {error}"));
        for question in QUESTIONS {
            let default = answers.default_of(&question);
            write!(to, "{} [{default}]: ", question.asks).map_err(lost)?;
            to.flush().map_err(lost)?;
            let mut line = String::new();
            if from.read_line(&mut line).map_err(lost)? == 0 {
                let message = format!(
                    "the answers ended before `{}`, and nothing was written; `wicketgate init --questions` prints \
                     them all as a file for --answers",
                    question.key
                );
                return Err(CliError::usage(message));
            }
            answers.take(&question, line.trim());
        }
        writeln!(to).map_err(lost)?;
        Ok(answers)
    }

    /// Reads answers from a file.
    pub(super) fn from_file(file: &Path) -> Result<Self, CliError> {
        let shown = file.display();
        let wrong = |why: String| CliError::usage(format!("{shown}: {why}"));
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        let given: BTreeMap<String, String> =
            toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        let keys = || QUESTIONS.iter().map(|question| question.key);
        if let Some(unknown) = given.keys().find(|key| !keys().any(|it| it == *key)) {
            let hint = meant(unknown, keys())
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            return Err(wrong(format!("`{unknown}` is no question{hint}")));
        }
        let mut answers = Self(BTreeMap::new());
        for question in QUESTIONS {
            let answer = given.get(question.key).map_or("", String::as_str);
            answers.take(&question, answer.trim());
        }
        Ok(answers)
    }

    /// An answer.
    pub(super) fn of(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// An answer, where it is not "none".
    pub(super) fn some(&self, key: &str) -> Option<&str> {
        Some(self.of(key)).filter(|answer| *answer != NONE)
    }

    fn take(&mut self, question: &Question, answer: &str) {
        let answer = match answer {
            "" => self.default_of(question),
            given => given.to_owned(),
        };
        self.0.insert(question.key, answer);
    }

    fn default_of(&self, question: &Question) -> String {
        question
            .default
            .replace("{dns_domain}", self.of("dns_domain"))
    }
}

/// Every question with its default, as a file that [`Answers::from_file`] reads.
pub(super) fn as_file() -> String {
    let mut text = String::from("# Answers for: wicketgate init --answers FILE\n");
    let mut answers = Answers(BTreeMap::new());
    for question in QUESTIONS {
        answers.take(&question, "");
        let answer = super::text::quoted(answers.of(question.key));
        // Writing into a string cannot fail.
        let _ = write!(text, "\n# {}\n{} = {answer}\n", question.asks, question.key);
    }
    text
}
