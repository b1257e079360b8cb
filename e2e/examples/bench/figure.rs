//! One figure beside its peer, as a line for people or as JSON.

use std::io::Write;

/// What was measured.
pub(crate) struct Figure {
    /// What it is.
    pub(crate) name: String,
    /// How much.
    pub(crate) value: f64,
    /// Of what.
    pub(crate) unit: &'static str,
    /// What was measured beside it in the same run, and how much of the same unit.
    pub(crate) peer: Option<(String, f64)>,
    /// What the design allows, in words.
    pub(crate) budget: &'static str,
}

impl Figure {
    /// Prints it.
    pub(crate) fn print(&self, is_json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let ratio = self.peer.as_ref().map(|(_, peer)| self.value / peer);
        if is_json {
            let line = serde_json::json!({
                "name": self.name, "value": self.value, "unit": self.unit,
                "peer": self.peer.as_ref().map(|(name, _)| name),
                "peer_value": self.peer.as_ref().map(|(_, value)| value),
                "ratio": ratio, "budget": self.budget,
            });
            return Ok(writeln!(out, "{line}")?);
        }
        let Self {
            name, value, unit, ..
        } = self;
        write!(out, "  {name}: {value:.2} {unit}")?;
        if let (Some((peer, peer_value)), Some(ratio)) = (&self.peer, ratio) {
            write!(out, "; {peer}: {peer_value:.2} {unit}; ratio {ratio:.2}")?;
        }
        if !self.budget.is_empty() {
            write!(out, " (budget: {})", self.budget)?;
        }
        Ok(writeln!(out)?)
    }
}

/// Says which bench begins.
pub(crate) fn headline(is_json: bool, name: &str, what: &str) -> anyhow::Result<()> {
    if !is_json {
        writeln!(std::io::stdout().lock(), "{name}: {what}")?;
    }
    Ok(())
}
