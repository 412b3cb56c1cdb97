//! Whether a device is in use: what windows for patches, enforcement and containment stand on.

use crate::{PacketRef, Timestamp};
use std::sync::Arc;

/// What a device does for a patient now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UseState {
    /// It was in use, is still there, and shows no use any more.
    Idle,
    /// It treats, measures or examines, or a person works at it.
    InUse,
    /// It is ready: switched on and asking for work, with nobody at it.
    Standby,
    /// Nothing tells. Counts as in use.
    #[default]
    Unknown,
}

impl UseState {
    /// Every state.
    pub const ALL: &[Self] = &[Self::Idle, Self::InUse, Self::Standby, Self::Unknown];

    /// The name in documents and in `data/`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::InUse => "in-use",
            Self::Standby => "standby",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }

    /// Whether whoever wants to change something must act as if a patient depended on it: also when nothing tells.
    #[must_use]
    pub const fn counts_as_in_use(self) -> bool {
        matches!(self, Self::InUse | Self::Unknown)
    }
}

/// Whether a device is in use, and who says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The state at the end of what was seen.
    pub state: UseState,
    /// What shows it, in words; `None` where nothing does.
    pub because: Option<Arc<str>>,
    /// Id of the rule in `data/`.
    pub rule: Option<Arc<str>>,
    /// Protocol that shows it.
    pub witness: Option<&'static str>,
    /// When it was last shown.
    pub last: Option<Timestamp>,
    /// A packet that shows it.
    pub packet: Option<PacketRef>,
    /// Age of that at the end of what was seen, in seconds.
    pub age_s: Option<u64>,
}
