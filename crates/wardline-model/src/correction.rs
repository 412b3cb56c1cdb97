//! Corrections: what people know better. Kept for ever; no inference overrules them.

use crate::Mac;
use std::net::IpAddr;

/// How something about a device is known. What enforces may act on the last two only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// Concluded from what was seen.
    #[default]
    Inferred,
    /// An inventory list says the same.
    Cmms,
    /// A person says so.
    Confirmed,
}

impl Known {
    /// The name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Cmms => "cmms",
            Self::Confirmed => "confirmed",
        }
    }
}

/// Which devices a correction is about: all that fit everything given. What identifies (MAC, address, serial number,
/// name) makes it about one device, maker, model and class alone about all alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    /// A MAC of its own.
    pub mac: Option<Mac>,
    /// An address of its own.
    pub ip: Option<IpAddr>,
    /// Serial number.
    pub serial: Option<String>,
    /// A host name.
    pub hostname: Option<String>,
    /// An application entity title.
    pub ae_title: Option<String>,
    /// Maker, by any of its names.
    pub vendor: Option<String>,
    /// Model, as it is shown.
    pub model: Option<String>,
    /// Class code, as it was inferred.
    pub class: Option<String>,
}

impl Selector {
    /// Whether it asks for anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it names one device, not all alike.
    #[must_use]
    pub fn identifies(&self) -> bool {
        self.mac.is_some()
            || self.ip.is_some()
            || self.serial.is_some()
            || self.hostname.is_some()
            || self.ae_title.is_some()
    }
}

/// What a correction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Says what the device is; what is `None` stays as it is.
    Set {
        /// What people call it.
        name: Option<String>,
        /// Class code.
        class: Option<String>,
        /// Maker.
        vendor: Option<String>,
        /// Model.
        model: Option<String>,
        /// Where it stands.
        location: Option<String>,
    },
    /// What was inferred is right: class and maker, as they are when this is read.
    Confirm,
    /// The device and this other one are one.
    Merge(Selector),
    /// The station or address of the device is not part of the same device as this other one.
    Split(Selector),
}

/// What a person knows better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Unique name in the site's knowledge.
    pub id: String,
    /// Which devices.
    pub about: Selector,
    /// What is so.
    pub change: Change,
    /// Why, in the person's words.
    pub reason: String,
    /// Who says so: a role or a name, as the site keeps it.
    pub author: String,
    /// When it was said, `2026-11-30`.
    pub date: String,
}
