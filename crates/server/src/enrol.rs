//! Certificates for gateways and their authentication server, by an authority that is made for nothing else.
//!
//! No file that is there is written over. Start at [`Authority::at`].

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use authn::voucher::GatewayId;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use zeroize::Zeroizing;

use crate::cli::CliError;

/// How long the authority lasts, in years.
const AUTHORITY_YEARS: i32 = 10;
/// What it calls itself; another one has another key.
const AUTHORITY: &str = "Wicketgate gateways";

/// The authority of a folder.
pub(crate) struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, which both ends trust.
    pub(crate) file: PathBuf,
}

/// A certificate and its key, in files.
pub(crate) struct Enrolled {
    /// The certificate.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
    /// The SHA-256 of the certificate.
    pub(crate) fingerprint: GatewayId,
}

/// Who a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The authentication server.
    Server,
    /// A gateway.
    Gateway,
}

impl Authority {
    /// The authority of a folder; both are made where they are not there.
    ///
    /// # Errors
    ///
    /// The folder cannot be used, or only half of an authority is there.
    pub(crate) fn at(dir: &Path, now: Timestamp) -> Result<Self, CliError> {
        let made = DirBuilder::new().mode(0o700).recursive(true).create(dir);
        made.map_err(|error| cannot(dir, &error))?;
        let (file, key_file) = (dir.join("authority.pem"), dir.join("authority.key"));
        let key = match fs::read_to_string(&key_file) {
            Ok(text) => KeyPair::from_pem(&Zeroizing::new(text)).map_err(|_| {
                CliError::usage(format!("`{}` holds no private key", key_file.display()))
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = drawn()?;
                let certificate = params(now)?.self_signed(&key).map_err(failed)?;
                write(&key_file, &Zeroizing::new(key.serialize_pem()), 0o600)?;
                write(&file, &certificate.pem(), 0o644)?;
                key
            }
            Err(error) => return Err(cannot(&key_file, &error)),
        };
        if !file.exists() {
            let message = format!("`{}` is not there, and its key is", file.display());
            return Err(CliError::usage(message));
        }
        Ok(Self {
            dir: dir.to_owned(),
            issuer: Issuer::new(params(now)?, key),
            file,
        })
    }

    /// Makes a certificate in files of a name, for a host name or address.
    ///
    /// # Errors
    ///
    /// There are files of that name, or the host is none.
    pub(crate) fn enrol(
        &self,
        (file, host): (&str, &str),
        end: End,
        (days, now): (u16, Timestamp),
    ) -> Result<Enrolled, CliError> {
        let key = drawn()?;
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match end {
            End::Server => ExtendedKeyUsagePurpose::ServerAuth,
            End::Gateway => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        params.use_authority_key_identifier_extension = true;
        lasts(&mut params, (day(now, -1)?, day(now, i64::from(days))?))?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let enrolled = Enrolled {
            certificate: self.dir.join(format!("{file}.pem")),
            key: self.dir.join(format!("{file}.key")),
            fingerprint: GatewayId::of_certificate(certificate.der()),
        };
        write(&enrolled.key, &Zeroizing::new(key.serialize_pem()), 0o600)?;
        write(&enrolled.certificate, &certificate.pem(), 0o644)?;
        Ok(enrolled)
    }

    /// Whether there is a certificate in files of a name.
    pub(crate) fn has(&self, file: &str) -> bool {
        self.dir.join(format!("{file}.pem")).exists()
    }
}

/// What the authority is. A certificate of it names it by these words and by its key, so that it can be built again.
fn params(now: Timestamp) -> Result<CertificateParams, CliError> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let first = day(now, -1)?;
    let last = first.checked_add(AUTHORITY_YEARS.years());
    lasts(&mut params, (first, last.map_err(of_time)?))?;
    Ok(params)
}

/// Makes a certificate good for so many days, and from the day before on.
///
/// # Errors
///
/// That is out of any calendar.
pub(crate) fn good_for(
    params: &mut CertificateParams,
    now: Timestamp,
    days: i64,
) -> Result<(), CliError> {
    lasts(params, (day(now, -1)?, day(now, days)?))
}

/// The day so many days after a time, in UTC.
fn day(now: Timestamp, after: i64) -> Result<Date, CliError> {
    let today = now.to_zoned(TimeZone::UTC).date();
    today.checked_add(after.days()).map_err(of_time)
}

/// Sets the first day and the last.
fn lasts(params: &mut CertificateParams, (first, last): (Date, Date)) -> Result<(), CliError> {
    let part = |number: i8| u8::try_from(number).map_err(of_time);
    let (month, day) = (part(first.month())?, part(first.day())?);
    params.not_before = date_time_ymd(i32::from(first.year()), month, day);
    let (month, day) = (part(last.month())?, part(last.day())?);
    params.not_after = date_time_ymd(i32::from(last.year()), month, day);
    Ok(())
}

fn drawn() -> Result<KeyPair, CliError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), CliError> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(file);
    match opened.and_then(|mut open| {
        open.write_all(text.as_bytes())
            .and_then(|()| open.sync_all())
    }) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(CliError::refused(format!(
            "`{}` is there already; take it away, or enrol under another name",
            file.display()
        ))),
        Err(error) => Err(cannot(file, &error)),
    }
}

fn cannot(file: &Path, error: &std::io::Error) -> CliError {
    CliError::usage(format!("`{}` cannot be used: {error}", file.display()))
}

fn failed(error: rcgen::Error) -> CliError {
    CliError::usage(format!("a certificate cannot be made: {error}"))
}

fn of_time(error: impl std::fmt::Display) -> CliError {
    CliError::usage(format!("a day cannot be reckoned: {error}"))
}
