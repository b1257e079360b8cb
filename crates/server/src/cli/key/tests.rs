//! `key`: one signs, one is next, and what is too early is refused.

use sts::key_ring::KeyId;
use sts::ports::MetadataReader;

use super::*;
use crate::cli::gate::Gate;

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

impl Gate {
    async fn rolls(&self, words: &[&str]) -> Result<(), CliError> {
        let line = ["key"].iter().chain(words);
        let line = <Line as clap::Parser>::try_parse_from(line).unwrap();
        run(&self.config(), line.verb, &Output::new(true)).await
    }

    async fn keys(&self) -> KeyRing {
        let desk = Desk::open(&self.config()).await.unwrap();
        desk.key_ring().await.unwrap().unwrap()
    }
}

fn refusal(done: Result<(), CliError>) -> String {
    match done {
        Err(CliError::Refused(sentence)) => sentence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_is_next_for_a_while_and_is_promoted_before_its_date_only_by_name() {
    let gate = Gate::new().await;
    gate.rolls(&["list"]).await.unwrap();
    assert!(refusal(gate.rolls(&["export-certificate"]).await).contains("key roll"));
    gate.rolls(&["roll", "--algorithm", "p-256"]).await.unwrap();
    let first = gate.keys().await.primary;
    assert!(refusal(gate.rolls(&["promote"]).await).contains("no key is next"));
    gate.rolls(&["roll"]).await.unwrap();
    let next = gate.keys().await.next.unwrap();
    assert_eq!(next.algorithm, KeyAlgorithm::Rsa2048);
    assert!(refusal(gate.rolls(&["roll"]).await).contains("is next already"));
    assert!(refusal(gate.rolls(&["promote"]).await).contains("--early"));
    assert_eq!(gate.keys().await.primary.id, first.id);
    for shown in [
        &["list"][..],
        &["export-certificate"],
        &["export-certificate", "--next"],
    ] {
        gate.rolls(shown).await.unwrap();
    }
    gate.rolls(&["promote", "--early"]).await.unwrap();
    let ring = gate.keys().await;
    assert_eq!(
        (&ring.primary.id, &ring.retired[0].id),
        (&next.id, &first.id)
    );
}

#[tokio::test]
async fn an_urgent_key_signs_at_once_and_a_next_one_is_given_up() {
    let gate = Gate::new().await;
    gate.rolls(&["roll", "--algorithm", "p-256"]).await.unwrap();
    let first = gate.keys().await.primary;
    gate.rolls(&["roll", "--algorithm", "p-256"]).await.unwrap();
    gate.rolls(&["give-up"]).await.unwrap();
    assert_eq!(gate.keys().await.next, None);
    let urgent = ["roll", "--algorithm", "p-256", "--urgent"];
    gate.rolls(&urgent).await.unwrap();
    let ring = gate.keys().await;
    assert_ne!(ring.primary.id, first.id);
    assert_eq!(ring.retired[0].id, first.id);
    let begins = ring.primary.certificate.thumbprint().get(..12).unwrap();
    gate.rolls(&["show", begins]).await.unwrap();
    assert!(refusal(gate.rolls(&["show", "nobody"]).await).contains("no key `nobody`"));
}

#[tokio::test]
async fn who_fetched_a_key_stands_beside_it_and_no_other_does() {
    let gate = Gate::new().await;
    gate.rolls(&["roll", "--algorithm", "p-256"]).await.unwrap();
    let key = gate.keys().await.primary;
    let reading = |key: &str, agent: &str| MetadataReading {
        key: KeyId(key.to_owned()),
        reader: MetadataReader {
            source: [192, 0, 2, 1].into(),
            agent: agent.to_owned(),
        },
        at: "2026-12-01T03:00:00Z".parse().unwrap(),
    };
    let nobody = line(&printed(&key, &[reading("another", "Lync")]));
    assert!(!nobody.contains("fetched"), "{nobody}");
    let readings = [reading(&key.id.0, "Lync"), reading(&key.id.0, "")];
    let both = line(&printed(&key, &readings));
    let last = ", fetched by 2, last from 192.0.2.1 (Lync) at 2026-12-01T03:00:00Z";
    assert!(both.ends_with(last), "{both}");
    for shown in [&["list"][..], &["show", &key.id.0]] {
        gate.rolls(shown).await.unwrap();
    }
}
