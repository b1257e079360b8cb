//! SAML endpoints as a field: each is read by a table of its own.

use super::shared::{counted, either};
use super::{Field, field, not_needed};
use crate::import::dress::{self, Wrong};
use crate::import::report::{Fate, Kind};
use crate::import::value::Value;
use crate::trust::{Binding, Protocol, SamlEndpoint, Url};

/// An endpoint that is being read.
#[derive(Default)]
pub(in crate::import) struct Draft {
    binding: Option<Binding>,
    protocol: Option<Protocol>,
    location: Option<Url>,
    response_location: Option<Url>,
    index: u16,
    is_default: bool,
}

/// What `New-AdfsSamlEndpoint` makes.
pub(in crate::import) const TABLE: &[Field<Draft>] = &[
    field("Binding", "the binding", |value, draft: &mut Draft| {
        draft.binding = Some(dress::choice(value)?);
        Ok(Fate::taken("the binding"))
    }),
    not_needed("BindingUri", "the binding again").printed(),
    field(
        "Protocol",
        "what the endpoint is for",
        |value, draft: &mut Draft| {
            draft.protocol = Some(dress::choice(value)?);
            Ok(Fate::taken("what it is for"))
        },
    ),
    field("Location", "the address", |value, draft: &mut Draft| {
        draft.location = dress::url(value)?;
        Ok(Fate::taken("the address"))
    })
    .by("Uri"),
    field(
        "ResponseLocation",
        "the address of answers",
        |value, draft: &mut Draft| {
            draft.response_location = dress::url(value)?;
            Ok(Fate::taken("the address of answers"))
        },
    )
    .by("ResponseUri"),
    field("Index", "the number", |value, draft: &mut Draft| {
        let number = dress::number(value)?;
        draft.index = u16::try_from(number).map_err(|_| "it is more than 65535".to_owned())?;
        Ok(Fate::taken("the number"))
    }),
    field(
        "IsDefault",
        "whether it is the default",
        |value, draft: &mut Draft| {
            either(
                value,
                &mut draft.is_default,
                "the default",
                "not the default",
            )
        },
    ),
];

/// Reads endpoints; one that cannot be taken refuses the field, and with it the trust.
pub(super) fn read(value: &Value, into: &mut Vec<SamlEndpoint>) -> Result<Fate, Wrong> {
    let mut endpoints = Vec::new();
    let mut remarks = Vec::new();
    for (number, entry) in value.entries().iter().enumerate() {
        let mut draft = Draft::default();
        for told in super::read(dress::object(entry)?, TABLE, &mut draft) {
            let says = format!("[{number}].{}: {}", told.field, told.fate.says);
            match told.fate.kind {
                Kind::Refused => return Err(says),
                Kind::Unknown => remarks.push(says),
                Kind::Taken | Kind::Changed | Kind::NotNeeded | Kind::NotYet => {}
            }
        }
        let whole = (draft.binding, draft.protocol, draft.location);
        let (Some(binding), Some(protocol), Some(location)) = whole else {
            return Err(format!("[{number}] has no address"));
        };
        endpoints.push(SamlEndpoint {
            binding,
            protocol,
            location,
            response_location: draft.response_location,
            index: draft.index,
            is_default: draft.is_default,
        });
    }
    let mut fate = told(&endpoints);
    fate.remarks.extend(remarks);
    *into = endpoints;
    Ok(fate)
}

fn told(endpoints: &[SamlEndpoint]) -> Fate {
    let is_artifact = |it: &SamlEndpoint| it.binding == Binding::Artifact;
    let is_consumer = |it: &&SamlEndpoint| it.protocol == Protocol::SamlAssertionConsumer;
    let mut consumers = endpoints.iter().filter(is_consumer).peekable();
    let says = counted(endpoints.len(), "endpoint of SAML", "endpoints of SAML");
    if consumers.peek().is_some() && consumers.all(is_artifact) {
        return Fate::lost(format!(
            "{says}, and assertions only by artifact, which is not served: answers have no way back"
        ));
    }
    if endpoints.iter().any(is_artifact) {
        return Fate::changed(format!("{says}; those of the artifact binding stay unused"));
    }
    Fate::taken(says)
}
