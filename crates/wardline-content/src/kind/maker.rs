//! Makers: one canonical name for the many a manufacturer has used.

use serde::Deserialize;

/// A manufacturer and its other names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakerEntry {
    /// The name Wardline shows.
    pub name: String,
    /// Other names, as devices, registries and labels write them. Legal forms, case, punctuation and accents
    /// need no alias: normalising sees to them.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// For a group of many businesses: the maker that clinical data mean by the group's name. What else says the
    /// name means the group, and a network card says nothing.
    pub clinical: Option<String>,
    /// Whether it makes network equipment. Its card names the maker only of what shows that it is such equipment: on the
    /// frames of any other host it may be the card of the router in front.
    #[serde(default)]
    pub network: bool,
    /// Why the names belong together, where it is not plain.
    pub why: Option<String>,
}

impl MakerEntry {
    pub(crate) fn check(&self) -> Result<(), String> {
        match std::iter::once(&self.name).chain(&self.aliases).find(|name| name.trim().len() < 2) {
            Some(name) => Err(format!("`{name}` is too short for a name")),
            None => Ok(()),
        }
    }
}
