//! Names of products by CPE 2.3 (NISTIR 7695) and how two names relate (NISTIR 7696).
//!
//! In: a formatted string (`cpe:2.3:o:bd:alaris_8015_firmware:12.1:*:*:*:*:*:*:*`) or a URI (`cpe:/o:bd:…`, with the
//! packed edition). Out: the eleven attributes, and the relation of a name in a record to the name of a device:
//! equal or superset is a match, subset and what the specification leaves undefined is possible, disjoint is none.
//! Escapes are honoured; letter case is not told apart, as the specification wants it. Limits: [`CPE_BYTES_MAX`].

mod bind;
mod relation;

pub use bind::CpeError;
pub use relation::Relation;

use crate::truth::Truth;

/// Longest name read, in bytes: the longest of the dictionary has under 300.
pub const CPE_BYTES_MAX: usize = 2_048;

/// How many attributes a name has.
pub(crate) const ATTRIBUTES: usize = 11;

/// What a name says of one attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// Any value.
    #[default]
    Any,
    /// The attribute does not apply.
    NotApplicable,
    /// A value, possibly open at its ends.
    Text(Text),
}

/// A value: lower case, without escapes; wildcards stand at its ends only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    /// What may stand before it.
    pub before: Open,
    /// The value.
    pub body: Box<str>,
    /// What may stand after it.
    pub after: Open,
}

/// What a wildcard at the end of a value lets stand there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Open {
    /// Nothing.
    #[default]
    Closed,
    /// Anything (`*`).
    Anything,
    /// At most so many characters (`?` each).
    AtMost(u8),
}

/// The attributes of a name, in the order of the formatted string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// `a` application, `o` operating system, `h` hardware.
    Part,
    /// Who makes it.
    Vendor,
    /// What it is called.
    Product,
    /// Its version.
    Version,
    /// Its update or service pack.
    Update,
    /// Its edition, as CPE 2.2 had it.
    Edition,
    /// Its language.
    Language,
    /// Its edition for a market.
    SwEdition,
    /// What software it runs on.
    TargetSw,
    /// What hardware it runs on.
    TargetHw,
    /// The rest.
    Other,
}

/// A name: eleven attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cpe {
    values: [Value; ATTRIBUTES],
}

impl Cpe {
    /// Reads a name in either binding.
    ///
    /// # Errors
    /// Says what is wrong and at which byte.
    pub fn read(text: &str) -> Result<Self, CpeError> {
        bind::read(text)
    }

    /// What it says of an attribute.
    #[must_use]
    pub fn value(&self, attribute: Attribute) -> &Value {
        self.values.get(attribute as usize).unwrap_or(&Value::Any)
    }

    /// The same name with another value for an attribute.
    #[must_use]
    pub fn with(mut self, attribute: Attribute, value: Value) -> Self {
        if let Some(slot) = self.values.get_mut(attribute as usize) {
            *slot = value;
        }
        self
    }

    /// Its value of an attribute, where it is one value and nothing open.
    #[must_use]
    pub fn text(&self, attribute: Attribute) -> Option<&str> {
        match self.value(attribute) {
            Value::Text(Text { before: Open::Closed, body, after: Open::Closed }) => Some(body),
            _ => None,
        }
    }

    /// How this name, as a record's, relates to the name of a device.
    #[must_use]
    pub fn relation(&self, device: &Self) -> Relation {
        relation::names(&self.values, &device.values)
    }

    /// The relation without the attribute of the version, which ranges decide.
    #[must_use]
    pub fn relation_but_version(&self, device: &Self) -> Relation {
        let any = |name: &Self| name.clone().with(Attribute::Version, Value::Any);
        relation::names(&any(self).values, &any(device).values)
    }

    /// Whether a record's name is met by the device's.
    #[must_use]
    pub fn matches(&self, device: &Self) -> Truth {
        self.relation(device).truth()
    }

    pub(crate) fn from_values(values: [Value; ATTRIBUTES]) -> Self {
        Self { values }
    }

    pub(crate) fn values(&self) -> &[Value; ATTRIBUTES] {
        &self.values
    }
}

impl Value {
    /// A plain value.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::Text(Text { before: Open::Closed, body: text.to_lowercase().into(), after: Open::Closed })
    }
}

#[cfg(test)]
mod tests;
