//! Products: one name for the many of a device, its CPE names and how its versions are read; and which maker answers
//! for another's products.

use serde::Deserialize;

/// A product and its other names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductNames {
    /// Who makes it now: a listed maker, unless the product names itself.
    pub maker: String,
    /// The name Wardline shows.
    pub name: String,
    /// Other names, as advisories, records and devices write them.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Other vendors under whose name it was sold or written of, misspelt ones included.
    #[serde(default)]
    pub vendors: Vec<String>,
    /// Its CPE names, `vendor:product`.
    #[serde(default)]
    pub cpe: Vec<String>,
    /// How its versions are read, by the name of a scheme; numbers and letter releases when not told.
    pub scheme: Option<String>,
    /// Whether the name alone means this product, whoever makes the device that says it.
    #[serde(default)]
    pub alone: bool,
    /// Whether updates leave the version that the wire shows as it was: then no version proves that one is missing.
    #[serde(default)]
    pub in_place: bool,
    /// Builds by which an operating system says that it may be this one: `10.0.17763`.
    #[serde(default)]
    pub builds: Vec<String>,
    /// Why the names belong together.
    pub why: String,
}

/// One maker's products are answered for by another: a former name, or a takeover.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Succession {
    /// The former maker: a listed maker, or a name that no maker goes by any more.
    pub from: String,
    /// Who answers now: a listed maker.
    pub to: String,
    /// What happened and when.
    pub why: String,
}

impl ProductNames {
    pub(crate) fn check(&self, is_maker: impl Fn(&str) -> bool) -> Result<(), String> {
        if !self.alone && !is_maker(&self.maker) {
            return Err(format!("`{}` is not a listed maker", self.maker));
        }
        if let Some(name) =
            std::iter::once(&self.name).chain(&self.aliases).find(|name| name.trim().len() < 2)
        {
            return Err(format!("`{name}` is too short for a name"));
        }
        if let Some(cpe) = self.cpe.iter().find(|cpe| cpe.split(':').count() != 2) {
            return Err(format!("`{cpe}` is not vendor:product"));
        }
        if self.why.trim().is_empty() {
            return Err("has no reason".to_owned());
        }
        Ok(())
    }
}

impl Succession {
    pub(crate) fn check(&self, is_maker: impl Fn(&str) -> bool) -> Result<(), String> {
        if !is_maker(&self.to) {
            return Err(format!("`{}` is not a listed maker", self.to));
        }
        if self.why.trim().is_empty() { Err("has no reason".to_owned()) } else { Ok(()) }
    }
}
