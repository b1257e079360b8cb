//! `wicketgate trust add --metadata` and `trust refresh`: what a partner says of itself becomes a trust, or changes one.

use std::path::{Path, PathBuf};

use clap::Args;
use proto::partner_metadata::SignedBy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use sts::trust::partner::{self, Doubt, FieldChange, Known, PartnerError, Vouched};
use sts::trust::preset::Preset;
use sts::trust::written::{Written, WrittenMetadata};
use sts::trust::{Kind, Url};

use super::form;
use crate::cli::{CliError, Output};
use crate::clock;
use crate::outbound::metadata::{Asking, fetch};
use crate::wiring::Desk;

/// What `trust refresh` prints below its help.
pub(super) const REFRESHING: &str = "\
Examples:
  wicketgate trust refresh Lync-Ext --dry-run
  wicketgate trust refresh Lync-Ext --private-network
  wicketgate trust refresh Partner --metadata partner.xml --signed-by partner.pem

It reads the partner's metadata again, from where the trust says that it is or from --metadata, and shows what changes;
--dry-run changes nothing. Rules, the name and whether it is on stay as they are. Metadata that got worse is not taken:
expired, of another partner, without an address or a certificate that the trust has, or with none that can be used. Signed
metadata must be signed by a key that the trust knows; where the partner changed it, --signed-by names the new one. Where
keys are known, metadata that nobody signed is taken only with --unsigned.";

/// Where metadata is, and whom to believe.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The partner's metadata: a file, or an address of https
    #[arg(long, value_name = "FILE-or-URL")]
    pub(super) metadata: Option<String>,
    /// A certificate (PEM) by which the metadata must be signed
    #[arg(long, value_name = "CERT.pem")]
    signed_by: Option<PathBuf>,
    /// Take metadata of a claims provider, or of a partner whose keys are known, although nobody signed it
    #[arg(long, conflicts_with = "signed_by")]
    unsigned: bool,
    /// The metadata may be on a private network
    #[arg(long)]
    private_network: bool,
    /// Authorities (PEM) that vouch for the partner's web server; the system's otherwise
    #[arg(long, value_name = "CA.pem")]
    authorities: Option<PathBuf>,
}

/// Metadata that was read.
pub(super) struct Found {
    vouched: Vouched,
    url: Option<String>,
}

impl Source {
    /// Whether anything is said of metadata but where it is.
    pub(super) fn is_about_metadata(&self) -> bool {
        self.signed_by.is_some()
            || self.unsigned
            || self.private_network
            || self.authorities.is_some()
    }

    /// Reads the metadata.
    ///
    /// # Errors
    ///
    /// It is not there, or none, or its signature is not one that is asked for.
    pub(super) async fn read(
        &self,
        kind: Kind,
        otherwise: Option<&str>,
        known: Known,
    ) -> Result<Found, CliError> {
        let place = self.metadata.as_deref().or(otherwise);
        let Some(place) = place else {
            return Err(CliError::usage(
                "the trust does not say where its metadata is; say it with `--metadata`",
            ));
        };
        let is_url = place
            .get(..8)
            .is_some_and(|it| it.eq_ignore_ascii_case("https://"));
        let text = match is_url {
            true => {
                let url = Url::parse(place);
                let url = url.map_err(|error| CliError::usage(format!("`{place}`: {error}")))?;
                let asking = Asking {
                    allows_private: self.private_network,
                    authorities: self.authorities.clone(),
                    allowed_by: "`--private-network`",
                };
                let fetched = fetch(&url, &asking).await;
                fetched.map_err(|error| CliError::unavailable(format!("`{place}`: {error}")))?
            }
            false => form::text(Path::new(place))?,
        };
        let known = match self.signed_by.as_deref() {
            Some(file) => certificate(kind, file)?,
            None => known,
        };
        let vouched = known.read(&text, clock::now());
        let vouched = vouched.map_err(|error| CliError::refused(format!("`{place}`: {error}")))?;
        let must_be_known = self.signed_by.is_some();
        match known.doubt(vouched.signed_by) {
            Some(Doubt::Stranger) => {
                return Err(CliError::refused(format!(
                    "`{place}` is signed by a key that is not known"
                ))
                .with_hint("where the partner changed its key, `--signed-by` names the new one"));
            }
            Some(Doubt::Unsigned) if must_be_known => {
                return Err(
                    CliError::refused(format!("`{place}` is not signed")).with_hint(
                        "ask the partner for what it signed, or leave `--signed-by` out and give `--unsigned`",
                    ),
                );
            }
            Some(Doubt::Unsigned) if !self.unsigned => {
                return Err(
                    CliError::refused(format!("`{place}` is not signed")).with_hint(
                        "`--unsigned` takes it all the same, by the word of the web server",
                    ),
                );
            }
            Some(Doubt::Unsigned) | None => {}
        }
        let url = is_url.then(|| place.to_owned());
        Ok(Found { vouched, url })
    }
}

impl Found {
    /// What is said of metadata before a trust is made or changed by it.
    pub(super) fn remarks(&self, kind: Kind) -> Vec<String> {
        let (is_provider, entity) = (kind == Kind::ClaimsProvider, &self.vouched.entity);
        let saml = match is_provider {
            true => entity.identity_provider.as_ref(),
            false => entity.service_provider.as_ref(),
        };
        let left_out = partner::left_out(saml).into_iter();
        let left_out = left_out.map(|it| format!("`{it}` is not of https, and is left out"));
        let passive = entity.issuer.iter().flat_map(|it| &it.passive_endpoints);
        let is_reached = !is_provider || passive.count() > 0;
        let unreached = "nobody can come by it: the metadata names no address of WS-Federation, and a claims provider is \
                         asked by no other protocol";
        let unreached = (!is_reached).then(|| unreached.to_owned());
        let remark = self.remark(kind).map(str::to_owned);
        left_out.chain(unreached).chain(remark).collect()
    }

    /// What is said of metadata that vouches for itself, where whoever can write it may say who anybody is.
    fn remark(&self, kind: Kind) -> Option<&'static str> {
        let vouches_for_itself = self.vouched.signed_by == SignedBy::Itself;
        (vouches_for_itself && kind == Kind::ClaimsProvider).then_some(
            "the metadata is signed by the key in it, which nobody vouches for but whoever it came from: compare the \
             thumbprint of its certificate with the partner's (`trust show`), or say with `--signed-by` who must have signed it",
        )
    }
}

/// The written form of a new trust from metadata.
///
/// # Errors
///
/// The metadata is of no such partner, or has ended.
pub(super) fn new(
    found: &Found,
    (name, kind): (&str, Kind),
    preset: Option<Preset>,
) -> Result<Written, CliError> {
    let now = clock::now();
    let metadata = found.url.clone().map(|url| WrittenMetadata {
        url,
        is_monitored: true,
        is_followed: false,
        signing_certificates: Vec::new(),
    });
    let entity = &found.vouched.entity;
    let mut written = match kind {
        Kind::ClaimsProvider => {
            let mut provider = partner::claims_provider(entity, name, now).map_err(of_partner)?;
            provider.metadata = metadata;
            partner::alone(None, Some(provider))
        }
        Kind::RelyingParty | Kind::ClaimDescription => {
            let mut party = partner::relying_party(entity, name, now).map_err(of_partner)?;
            party.metadata = metadata;
            let party = match preset {
                Some(preset) => preset.ruled(party),
                None => party,
            };
            partner::alone(Some(party), None)
        }
    };
    partner::keep(&mut written, &found.vouched.certificates);
    Ok(written)
}

/// What is printed.
#[derive(Serialize)]
struct Printed {
    name: String,
    is_dry_run: bool,
    is_signed: bool,
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Change {
    key: String,
    before: Option<String>,
    after: Option<String>,
}

/// What is said of metadata in which a certificate comes back.
const OLDER_KEYS: &str = "it would bring a certificate back that is older than the newest that is known: whoever shows an older document \
                          of the partner's does that. Ask the partner, and give --older-keys where it means that key";

/// Reads the metadata of a trust again, and shows what changes.
///
/// # Errors
///
/// It is not there, got worse, or is not to be believed; or the store is unavailable.
pub(super) async fn refresh(
    desk: &Desk,
    named: &super::Named,
    source: &Source,
    (is_dry_run, takes_older_keys): (bool, bool),
    output: &Output,
) -> Result<(), CliError> {
    let found = named.find(desk).await?;
    let parties = found.written.relying_party.iter();
    let parties = parties.filter_map(|it| it.metadata.as_ref());
    let providers = found.written.claims_provider.iter();
    let mut urls = parties.chain(providers.filter_map(|it| it.metadata.as_ref()));
    let url = urls.next().map(|it| it.url.clone());
    let kind = found.trust.kind;
    let known = Known::of(kind, &found.written);
    let known = known.map_err(|error| CliError::unavailable(error.to_string()))?;
    let read = source.read(kind, url.as_deref(), known).await?;
    for remark in read.remarks(kind) {
        output.remark(&remark);
    }
    let refreshed = partner::refreshed(&found.written, &read.vouched.entity, clock::now());
    let mut refreshed = refreshed.map_err(of_partner)?;
    partner::keep(&mut refreshed, &read.vouched.certificates);
    let changes = partner::changes(&found.written, &refreshed).map_err(of_partner)?;
    let name = found.trust.name.clone();
    let brings_back = partner::brings_back(&found.written, &refreshed);
    let brings_back = brings_back.map_err(|error| CliError::unavailable(error.to_string()))?;
    if let Some(remark) = of_older_keys(brings_back && !takes_older_keys, is_dry_run)? {
        output.remark(remark);
    }
    if !is_dry_run && !changes.is_empty() {
        desk.replace_trust(&found, refreshed).await?;
    }
    let change = |it: FieldChange| Change {
        key: it.key,
        before: it.before,
        after: it.after,
    };
    let printed = Printed {
        name,
        is_dry_run,
        is_signed: read.vouched.signed_by != SignedBy::Nobody,
        changes: changes.into_iter().map(change).collect(),
    };
    output.print(&printed, aloud)
}

/// What is done about a certificate that comes back: it is said where nothing changes, and refused else.
fn of_older_keys(comes_back: bool, is_dry_run: bool) -> Result<Option<&'static str>, CliError> {
    match (comes_back, is_dry_run) {
        (false, _) => Ok(None),
        (true, true) => Ok(Some(OLDER_KEYS)),
        (true, false) => Err(CliError::refused(OLDER_KEYS.to_owned())),
    }
}

fn aloud(printed: &Printed) -> String {
    let name = &printed.name;
    if printed.changes.is_empty() {
        return format!("nothing of `{name}` changes");
    }
    let nothing = "(nothing)".to_owned();
    let lines = printed.changes.iter().map(|it| {
        let before = it.before.as_ref().unwrap_or(&nothing);
        let after = it.after.as_ref().unwrap_or(&nothing);
        format!("  {}\n    - {before}\n    + {after}", it.key)
    });
    let lines: Vec<String> = lines.collect();
    let what = match printed.is_dry_run {
        true => "would change",
        false => "changed",
    };
    let unsigned = match printed.is_signed {
        true => "",
        false => "\nIt is not signed: only the web server vouches for it.",
    };
    format!("of `{name}` {what}:\n{}{unsigned}", lines.join("\n"))
}

fn certificate(kind: Kind, file: &Path) -> Result<Known, CliError> {
    let wrong = |what: &str| CliError::usage(format!("`{}`: {what}", file.display()));
    let read = CertificateDer::from_pem_file(file);
    let read = read.map_err(|error| wrong(&error.to_string()))?;
    Known::by(kind, &read).map_err(|_| wrong("it is no certificate with a key that is known here"))
}

fn of_partner(error: PartnerError) -> CliError {
    CliError::refused(format!("the metadata is not taken: {error}"))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn t_mex_1_who_signed_the_first_document_vouches_for_the_next_where_it_is_read_again() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/partner_metadata");
        let text = std::fs::read_to_string(seeds.join("lync")).unwrap();
        // The certificate of the seed is none.
        let (before, rest) = text.split_once("<KeyDescriptor").unwrap();
        let (_, after) = rest.split_once("</KeyDescriptor>").unwrap();
        let kind = Kind::RelyingParty;
        let known = Known::nobody(kind);
        let mut vouched = known
            .read(&format!("{before}{after}"), clock::now())
            .unwrap();
        let pair = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap();
        let certificate = certificate.self_signed(&pair).unwrap();
        vouched.certificates = vec![certificate.der().to_vec()];
        let mut found = Found {
            vouched,
            url: Some("https://lync.contoso.com/metadata.xml".to_owned()),
        };
        let pinned = |found: &Found| {
            let written = new(found, ("Lync-Ext", kind), None).unwrap();
            let metadata = written.relying_party[0].metadata.clone();
            metadata.map(|it| it.signing_certificates)
        };
        let expected = vec![STANDARD.encode(certificate.der())];
        assert_eq!(pinned(&found), Some(expected));
        // A file is not read again.
        found.url = None;
        assert_eq!(pinned(&found), None);
    }

    #[test]
    fn t_mex_1_an_older_key_comes_back_by_an_administrator_s_word_alone() {
        let refused = of_older_keys(true, false).unwrap_err();
        assert!(refused.to_string().contains("--older-keys"), "{refused}");
        assert_eq!(of_older_keys(true, true).unwrap(), Some(OLDER_KEYS));
        for is_dry_run in [true, false] {
            assert_eq!(of_older_keys(false, is_dry_run).unwrap(), None);
        }
    }
}
