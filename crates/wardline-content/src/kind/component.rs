//! Components: which part of a device a piece of software is.
//!
//! In: names of software as fingerprints and dissectors write them. Out: application, firmware, operating system,
//! toolkit, bootloader or library; what is not listed is an application.

use serde::Deserialize;
use wardline_model::Component;

/// Names of one component, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentNames {
    /// Unique name of the entry.
    pub id: String,
    /// The component, by its name in documents.
    component: String,
    /// Whole names, whatever their case.
    #[serde(default)]
    pub names: Vec<String>,
    /// Words that a name of it holds.
    #[serde(default)]
    pub words: Vec<String>,
    /// Where the knowledge comes from.
    pub source: String,
}

impl ComponentNames {
    /// The component.
    #[must_use]
    pub fn component(&self) -> Component {
        Component::parse(&self.component).unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if Component::parse(&self.component).is_none() {
            let known: Vec<&str> = Component::ALL.iter().map(|c| c.as_str()).collect();
            return Err(format!("`{}` is no component; these are: {}", self.component, known.join(", ")));
        }
        if self.names.is_empty() && self.words.is_empty() {
            return Err("lists neither names nor words".to_owned());
        }
        let blank = |text: &String| text.trim().is_empty();
        if self.source.trim().is_empty() || self.names.iter().chain(&self.words).any(blank) {
            return Err("has an empty name, word or source".to_owned());
        }
        Ok(())
    }

    /// Whether a name is of this entry.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        let has = |word: &String| {
            name.split(|c: char| !c.is_alphanumeric() && c != '-').any(|part| part.eq_ignore_ascii_case(word))
        };
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name)) || self.words.iter().any(has)
    }
}
