//! The import from AD FS: what its cmdlets say, as a file each, becomes trusts and a report of every field.
//!
//! Pure: bytes in, trusts and words out; nothing is kept, and nothing is asked of a server. Whatever cannot be taken as it
//! stands is not taken: no field is guessed, and a trust with one that sign-ins need and that is refused is not made.
//! Start at [`Import::of`].

mod error;
mod value;

mod clixml;
mod json;

mod dress;
mod fields;

mod answered;
mod certificates;
mod cmdlet;
mod mapping;
mod report;

pub use clixml::read as read_clixml;
pub use cmdlet::{Cmdlet, Format};
pub use error::{MAX_BYTES, MAX_DEPTH, MAX_TEXT, MAX_VALUES, Place, Problem, ReadError};
pub use json::read as read_json;
pub use mapping::{mapping, parameters};
pub use report::{Fate, FieldReport, Kind, ObjectReport, Report};
pub use value::{Object, Value};

use std::collections::{BTreeMap, BTreeSet};

use crate::trust::{
    ClaimDescription, ClaimsProviderTrust, Endpoint, Identifier, RelyingPartyTrust, Service,
};
use fields::Field;
use report::Refused;

/// What an export says, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The relying party trusts that were taken.
    pub relying_parties: Vec<RelyingPartyTrust>,
    /// The claims provider trusts that were taken.
    pub claims_providers: Vec<ClaimsProviderTrust>,
    /// The claim descriptions that were taken.
    pub claim_descriptions: Vec<ClaimDescription>,
    /// The settings of the service, where they were taken.
    pub service: Option<Service>,
    /// The endpoints that were taken.
    pub endpoints: Vec<Endpoint>,
    /// What became of every field.
    pub report: Report,
    /// Whether every SAML request must be signed, whatever a trust says.
    all_are_signed: bool,
}

impl Import {
    /// Looks at what the cmdlets say, each as one value.
    #[must_use]
    pub fn of(export: &BTreeMap<Cmdlet, Value>) -> Self {
        let mut import = Self::default();
        for cmdlet in Cmdlet::ALL {
            match export.get(&cmdlet) {
                None => import.report.missing.push(cmdlet),
                Some(value) => import.take(cmdlet, value),
            }
        }
        import.compare();
        if import.all_are_signed {
            let parties = import.relying_parties.iter_mut();
            parties.for_each(|it| it.signed_saml_requests_required = true);
        }
        import
    }

    fn take(&mut self, cmdlet: Cmdlet, value: &Value) {
        for (number, entry) in value.entries().iter().enumerate() {
            let Value::Object(object) = entry else {
                self.report.objects.push(no_object(cmdlet, number));
                continue;
            };
            let told = match cmdlet {
                Cmdlet::RelyingPartyTrust => self.relying_party(object, number),
                Cmdlet::ClaimsProviderTrust => self.claims_provider(object, number),
                Cmdlet::ClaimDescription => self.claim_description(object, number),
                Cmdlet::Properties => self.service(object),
                Cmdlet::Endpoint => self.endpoint(object, number),
            };
            self.report.objects.push(told);
        }
    }

    fn relying_party(&mut self, object: &Object, number: usize) -> ObjectReport {
        let mut draft = fields::RelyingPartyDraft::new();
        let mut told = told(
            Cmdlet::RelyingPartyTrust,
            object,
            number,
            fields::RELYING_PARTY,
            &mut draft,
        );
        let trust = draft.finish(&mut told);
        if told.is_taken {
            self.relying_parties.push(trust);
        }
        told
    }

    fn claims_provider(&mut self, object: &Object, number: usize) -> ObjectReport {
        let mut draft = fields::ClaimsProviderDraft::new();
        let mut told = told(
            Cmdlet::ClaimsProviderTrust,
            object,
            number,
            fields::CLAIMS_PROVIDER,
            &mut draft,
        );
        let trust = draft.finish(&mut told);
        self.claims_providers
            .extend(trust.filter(|_| told.is_taken));
        told
    }

    fn claim_description(&mut self, object: &Object, number: usize) -> ObjectReport {
        let mut draft = fields::ClaimDescriptionDraft::default();
        let told = told(
            Cmdlet::ClaimDescription,
            object,
            number,
            fields::CLAIM_DESCRIPTION,
            &mut draft,
        );
        let description = draft.finish().filter(|_| told.is_taken);
        self.claim_descriptions.extend(description);
        told
    }

    fn service(&mut self, object: &Object) -> ObjectReport {
        let mut draft = fields::ServiceDraft::default();
        let mut told = told(Cmdlet::Properties, object, 0, fields::SERVICE, &mut draft);
        if let Some(Value::Text(name)) = object.field("HostName") {
            told.name.clone_from(name);
        }
        if self.service.is_some() {
            told.refuse(
                "Identifier",
                "there is another service, and an AD FS is one".to_owned(),
            );
        }
        // SECURITY: where nobody knows whether requests must be signed, they must.
        let field = told.fate_of("SignedSamlRequestsRequired");
        let is_known = field.is_some_and(|it| it.kind != Kind::Refused);
        self.all_are_signed |= !is_known || draft.signs_all_requests();
        let service = draft.finish().filter(|_| told.is_taken);
        self.service = self.service.take().or(service);
        told
    }

    fn endpoint(&mut self, object: &Object, number: usize) -> ObjectReport {
        let mut draft = fields::EndpointDraft::default();
        let mut told = told(
            Cmdlet::Endpoint,
            object,
            number,
            fields::ENDPOINT,
            &mut draft,
        );
        if let Some(Value::Text(path)) = object.field("AddressPath") {
            told.name.clone_from(path);
        }
        let endpoint = draft.finish(&mut told);
        if told.is_taken {
            self.endpoints.push(endpoint);
        }
        told
    }

    /// What only all of the trusts together say: names and identifiers are one trust's, and providers that are named exist.
    fn compare(&mut self) {
        let refused = [self.compare_providers(), self.compare_parties()].concat();
        self.report.refuse(refused);
    }

    fn compare_providers(&mut self) -> Vec<Refused> {
        let mut refused = Vec::new();
        let names = twice(self.claims_providers.iter().map(|it| &it.name));
        let issuers = twice(self.claims_providers.iter().map(|it| &it.identifier));
        self.claims_providers.retain(|it| {
            let (field, why) = if names.contains(&it.name) {
                (
                    "Name",
                    format!("two claims providers are called `{}`", it.name),
                )
            } else if issuers.contains(&it.identifier) {
                let issuer = &it.identifier;
                (
                    "Identifier",
                    format!("two claims providers have the identifier `{issuer}`"),
                )
            } else {
                return true;
            };
            refused.push(Refused::new(
                Cmdlet::ClaimsProviderTrust,
                &it.name,
                field,
                why,
            ));
            false
        });
        refused
    }

    fn compare_parties(&mut self) -> Vec<Refused> {
        let mut refused = Vec::new();
        let names = twice(self.relying_parties.iter().map(|it| &it.name));
        let identifiers = twice(self.relying_parties.iter().flat_map(|it| {
            let own: BTreeSet<&Identifier> = it.identifiers.iter().collect();
            own
        }));
        let are_exported = !self.report.missing.contains(&Cmdlet::ClaimsProviderTrust);
        let providers = self.claims_providers.iter().map(|it| it.name.as_str());
        let providers: BTreeSet<&str> = providers.collect();
        self.relying_parties.retain(|it| {
            let mut own = it.identifiers.iter();
            let mut named = it.claims_provider_names.iter();
            let is_unknown = |name: &&String| are_exported && !providers.contains(name.as_str());
            let (field, why) = if names.contains(&it.name) {
                ("Name", format!("two trusts are called `{}`", it.name))
            } else if let Some(twice) = own.find(|it| identifiers.contains(*it)) {
                (
                    "Identifier",
                    format!("two trusts have the identifier `{twice}`"),
                )
            } else if let Some(name) = named.find(is_unknown) {
                let why = format!("the claims provider `{name}` was not taken or is not there");
                ("ClaimsProviderName", why)
            } else {
                return true;
            };
            refused.push(Refused::new(
                Cmdlet::RelyingPartyTrust,
                &it.name,
                field,
                why,
            ));
            false
        });
        refused
    }
}

/// Reads an object by its table; it is taken where nothing of it was refused.
fn told<T>(
    cmdlet: Cmdlet,
    object: &Object,
    number: usize,
    table: &[Field<T>],
    draft: &mut T,
) -> ObjectReport {
    let fields = fields::read(object, table, draft);
    let name = object.field("Name").and_then(|it| dress::text(it).ok());
    let name = name.flatten().map(str::to_owned);
    let is_off = matches!(object.field("Enabled"), Some(value) if dress::flag(value) == Ok(false));
    ObjectReport {
        cmdlet,
        name: name.unwrap_or_else(|| format!("number {}", number + 1)),
        is_enabled: !is_off,
        is_taken: !fields.iter().any(|it| it.fate.kind == Kind::Refused),
        fields,
    }
}

fn no_object(cmdlet: Cmdlet, number: usize) -> ObjectReport {
    ObjectReport {
        cmdlet,
        name: format!("number {}", number + 1),
        is_enabled: true,
        is_taken: false,
        fields: vec![FieldReport {
            field: cmdlet.name().to_owned(),
            fate: Fate::refused("it is no object: export what the cmdlet prints, as it is"),
        }],
    }
}

/// What is there more than once.
fn twice<'a, T: Ord + Clone + 'a>(all: impl Iterator<Item = &'a T>) -> BTreeSet<T> {
    let mut once = BTreeSet::new();
    all.filter(|it| !once.insert(*it)).cloned().collect()
}
