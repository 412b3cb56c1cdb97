//! Software on a device, and how its versions changed.

use crate::{PacketRef, Timestamp};
use std::fmt;

/// Which part of a device it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// What the device is for, or a service that runs on it.
    #[default]
    Application,
    /// What starts the device.
    Bootloader,
    /// Built into the hardware: of the device, or of a part.
    Firmware,
    /// Does one thing for an application: TLS, SNMP, a file format.
    Library,
    /// The operating system.
    System,
    /// What an application is built with: a DICOM or HL7 implementation. Its maker is not the device's.
    Toolkit,
}

impl Component {
    /// Every component.
    pub const ALL: &[Self] =
        &[Self::Application, Self::Bootloader, Self::Firmware, Self::Library, Self::System, Self::Toolkit];

    /// The name in documents and in `data/`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Bootloader => "bootloader",
            Self::Firmware => "firmware",
            Self::Library => "library",
            Self::System => "os",
            Self::Toolkit => "toolkit",
        }
    }

    /// The component of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|component| component.as_str() == text)
    }
}

/// Software or firmware on a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Software {
    /// Product name.
    pub name: String,
    /// Version as seen, where known.
    pub version: Option<String>,
    /// The version in the form that compares: numbers and words with points between them.
    pub normal: Option<String>,
    /// Which part of the device it is.
    pub component: Component,
    /// Protocol or document that said it most surely.
    pub witness: &'static str,
    /// When it was heard first.
    pub first: Timestamp,
    /// When it was confirmed last.
    pub last: Timestamp,
}

/// One version after another: `changed from X to Y at T`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionChange {
    /// The software or system.
    pub name: String,
    /// Which part of the device it is.
    pub component: Component,
    /// The earlier version, as seen.
    pub from: String,
    /// The later version, as seen.
    pub to: String,
    /// When the later version was seen first.
    pub at: Timestamp,
    /// The packet that shows the later version.
    pub packet: Option<PacketRef>,
    /// Protocol that said both.
    pub witness: &'static str,
}

impl fmt::Display for VersionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changed from {} to {}", self.name, self.from, self.to)
    }
}

/// The form of a version that compares: a leading `v` and zeros in front of numbers are gone, whatever stands between
/// numbers and words is a point. `V04.02_r3` and `4.2.r3` are one version.
#[must_use]
pub fn normal_version(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text
        .strip_prefix(['v', 'V'])
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ' '));
    let parts = bare.unwrap_or(text).split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let plain = |part: &str| {
        let digits = part.trim_start_matches('0');
        match digits.chars().next() {
            Some(first) if first.is_ascii_digit() => digits.to_lowercase(),
            Some(_) if part.starts_with('0') => format!("0{}", digits.to_lowercase()),
            Some(_) => part.to_lowercase(),
            None => "0".to_owned(),
        }
    };
    let normal: Vec<String> = parts.map(plain).collect();
    (!normal.is_empty()).then(|| normal.join("."))
}

#[cfg(test)]
mod tests {
    use super::normal_version;

    #[test]
    fn versions_written_differently_are_one() {
        for (seen, normal) in [
            ("V04.02_r3", "4.2.r3"),
            ("v2.1", "2.1"),
            ("00-24", "0.24"),
            ("012U000061", "12u000061"),
            ("syngo MR E11", "syngo.mr.e11"),
            ("VB17A", "vb17a"),
            ("M.04.00", "m.4.0"),
            ("0x1F", "0x1f"),
        ] {
            assert_eq!(normal_version(seen).as_deref(), Some(normal), "{seen}");
        }
        assert_eq!(normal_version(" - "), None);
    }
}
