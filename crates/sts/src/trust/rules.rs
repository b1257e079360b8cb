//! Claim rules of a trust: the text that an administrator wrote, and the rules that it says.

use claims::{ParseErrors, RuleSet};

/// Rules and their text; no text at all is no rules.
///
/// **Proves** that the text was read as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    text: String,
    rules: RuleSet,
}

impl Rules {
    /// Reads rules.
    ///
    /// # Errors
    ///
    /// Something is wrong with them; each error has its place and AD FS's code.
    pub fn parse(text: &str) -> Result<Self, ParseErrors> {
        let rules = RuleSet::parse(text)?;
        Ok(Self {
            text: text.to_owned(),
            rules,
        })
    }

    /// Reads rules that were taken before, and so compiled as a whole: what they match by is compiled when it is first needed.
    ///
    /// # Errors
    ///
    /// As of [`Rules::parse`], but for an expression that is too large: that fails whoever asks by these rules.
    pub fn load(text: &str) -> Result<Self, ParseErrors> {
        let rules = RuleSet::load(text)?;
        Ok(Self {
            text: text.to_owned(),
            rules,
        })
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
