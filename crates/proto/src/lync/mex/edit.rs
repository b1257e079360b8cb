//! Editing: other host names and fewer ports, and not one other byte changed.
//!
//! Ranges of the original text are replaced or left out; nothing is serialised anew. Start at [`Edit`].

use std::ops::Range;

use super::document::{Address, Document, Port};
use crate::splice::{is_inside, splice};

/// What is to be changed in a metadata document.
#[derive(Clone, Copy)]
pub struct Edit<'f> {
    /// Gives the address that takes another's place, or nothing where it stays.
    pub map_address: &'f dyn Fn(&str) -> Option<String>,
    /// Says by its name whether a port stays. A binding or policy that only removed ports used goes
    /// with them.
    pub keeps_port: &'f dyn Fn(&str) -> bool,
}

impl Document<'_> {
    /// The text after the edit; where the edit changes nothing, the very same text.
    pub fn edited(&self, edit: Edit<'_>) -> String {
        let removed = self.removed(edit);
        let mut changes: Vec<(Range<usize>, String)> = self
            .addresses()
            .iter()
            .filter(|address| !removed.iter().any(|gone| is_inside(&address.range, gone)))
            .filter_map(|address| Some((address.range.clone(), replacement(address, edit)?)))
            .collect();
        changes.extend(removed.into_iter().map(|range| (range, String::new())));
        splice(self.text, changes)
    }

    /// Ports that do not stay, then bindings and policies that no one needs any more.
    fn removed(&self, edit: Edit<'_>) -> Vec<Range<usize>> {
        let (kept, gone): (Vec<_>, Vec<_>) = self
            .ports()
            .iter()
            .partition(|port| (edit.keeps_port)(&port.name));
        let mut removed: Vec<_> = gone.iter().map(|port| port.range.clone()).collect();
        let bindings = self.bindings.iter().filter(|binding| {
            let uses = |port: &&Port| port.binding.as_deref() == Some(binding.name.as_str());
            gone.iter().any(uses) && !kept.iter().any(uses)
        });
        removed.extend(bindings.map(|binding| binding.range.clone()));
        let kept_by_custom = |id: &str| {
            kept.iter()
                .any(|port| id.strip_suffix("_policy") == Some(port.name.as_str()))
        };
        let gone_by_custom = |id: &str| {
            gone.iter()
                .any(|port| id.strip_suffix("_policy") == Some(port.name.as_str()))
        };
        let policies = self.policies().iter().filter(|policy| {
            let mut references = self
                .references
                .iter()
                .filter(|reference| reference.id == policy.id)
                .peekable();
            let was_referred = references.peek().is_some();
            let is_referred = references
                .any(|reference| !removed.iter().any(|gone| is_inside(&reference.range, gone)));
            !is_referred
                && !kept_by_custom(&policy.id)
                && (was_referred || gone_by_custom(&policy.id))
        });
        let policies: Vec<_> = policies.map(|policy| policy.range.clone()).collect();
        removed.extend(policies);
        removed
    }
}

fn replacement(address: &Address, edit: Edit<'_>) -> Option<String> {
    let url = (edit.map_address)(&address.url)?;
    Some(address.place.escaped(&url))
}
