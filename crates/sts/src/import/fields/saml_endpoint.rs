//! SAML endpoints as a field: each is read by a table of its own.

use super::shared::{counted, either};
use super::{Field, field, not_needed};
use crate::import::dress::{self, Wrong};
use crate::import::report::{Fate, FieldReport, Kind};
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

/// Reads endpoints, and tells each of their fields; one that cannot be taken refuses the field, and with it the trust.
pub(super) fn read(
    value: &Value,
    into: &mut Vec<SamlEndpoint>,
) -> Result<(Fate, Vec<FieldReport>), Wrong> {
    let mut endpoints = Vec::new();
    let mut inside = Vec::new();
    let mut wrong = None;
    for (number, entry) in value.entries().iter().enumerate() {
        let mut draft = Draft::default();
        for told in super::read(dress::object(entry)?, TABLE, &mut draft) {
            let field = format!("[{number}].{}", told.field);
            let fate = told.fate;
            if fate.kind == Kind::Refused && wrong.is_none() {
                wrong = Some(format!("{field}: {}", fate.says));
            }
            inside.push(FieldReport { field, fate });
        }
        match draft.finish() {
            Some(endpoint) => endpoints.push(endpoint),
            None => wrong = wrong.or_else(|| Some(format!("[{number}] has no address"))),
        }
    }
    if let Some(why) = wrong {
        // What is lost is told once, of the field as a whole.
        inside.iter_mut().for_each(|it| it.fate.is_lost = false);
        return Ok((Fate::refused(why), inside));
    }
    let fate = told(&endpoints);
    *into = endpoints;
    Ok((fate, inside))
}

impl Draft {
    fn finish(self) -> Option<SamlEndpoint> {
        Some(SamlEndpoint {
            binding: self.binding?,
            protocol: self.protocol?,
            location: self.location?,
            response_location: self.response_location,
            index: self.index,
            is_default: self.is_default,
        })
    }
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
