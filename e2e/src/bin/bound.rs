//! `lab::Bound` as a process of its own: FOLDER KEYTAB SERVICE ADDRESS DEMANDED [CERTIFICATE KEY].
//!
//! It demands the binding of a certificate, and ends TLS itself where it is given one to show with its key. It says
//! `ready`, and ends with its standard input.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use aws_lc_rs::digest;
use gss::{Acceptor, Realm, Service};
use lab::{Bound, TlsFiles};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpListener;

/// The realm of the lab.
const REALM: &str = "CONTOSO.TEST";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().context(what);
    let (folder, keytab) = (next("a folder")?, next("a keytab")?);
    let (service, address, demanded) = (
        next("a service")?,
        next("an address")?,
        next("a certificate")?,
    );
    let shown = next("a certificate").ok().zip(next("a key").ok());
    // Before the runtime, whose threads would be too early.
    let process = gss::configure_process(Path::new(&folder))?;
    let realm: Realm = REALM.parse()?;
    process.write(&gss::Settings {
        realm: realm.clone(),
        kdcs: Vec::new(),
        ticket_life: std::time::Duration::from_secs(600),
    })?;
    let services = vec![Service::new(&service, &realm)?];
    let acceptor = Acceptor::open(&process, Path::new(&keytab), services)?;
    let leaf = CertificateDer::from_pem_file(&demanded).context("a certificate")?;
    // The lab's authority signs with SHA-256 (RFC 5929 4.1).
    let binding = digest::digest(&digest::SHA256, &leaf);
    let files = match shown {
        Some((chain, key)) => Some(TlsFiles {
            chain: std::fs::read(chain)?,
            key: std::fs::read(key)?,
        }),
        None => None,
    };
    let bound = Arc::new(Bound::new(acceptor, binding.as_ref(), files.as_ref())?);
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind(&address))?;
    runtime.spawn(bound.serve(listener));
    writeln!(std::io::stdout(), "ready")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
