//! What to generate.

use crate::attack::Attack;
use std::fmt;
use wardline_model::Timestamp;

/// Fewest devices: the servers and the network that the others talk to.
pub const DEVICES_MIN: u32 = 16;
/// Most devices: what the address plan of one site holds with room to spare.
pub const DEVICES_MAX: u32 = 20_000;
/// Longest capture, a year: keeps times far from the end of the pcap clock.
const SECONDS_MAX: u64 = 366 * 86_400;

/// Which hospital, how large, for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The mixture of areas.
    pub profile: Profile,
    /// Devices, infrastructure included.
    pub devices: u32,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Time of the first packet.
    pub start: Timestamp,
    /// Length of the capture.
    pub duration_seconds: u64,
}

/// A mixture of areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// Everything: intensive care, ward, radiology, laboratory, phlebotomy, IT.
    Hospital,
    /// Intensive care and the servers it needs.
    IntensiveCare,
    /// A laboratory with its collection points.
    Laboratory,
    /// An imaging department.
    Radiology,
}

impl Profile {
    /// Every profile.
    pub const ALL: &[Self] = &[Self::Hospital, Self::IntensiveCare, Self::Laboratory, Self::Radiology];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hospital => "hospital",
            Self::IntensiveCare => "intensive-care",
            Self::Laboratory => "laboratory",
            Self::Radiology => "radiology",
        }
    }

    /// The profile of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|profile| profile.name() == name)
    }
}

/// A plan that cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// Too few or too many devices.
    Devices(u32),
    /// Nothing to capture, or more than a year.
    Duration(u64),
    /// The capture would begin before 1970 or end after 2105, outside the pcap clock.
    Start(Timestamp),
    /// The capture is over before the attack begins.
    TooShort(Attack),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Devices(count) => {
                write!(f, "{count} devices: choose {DEVICES_MIN} to {DEVICES_MAX}")
            }
            Self::Duration(seconds) => write!(f, "{seconds} seconds: choose 1 second to 366 days"),
            Self::TooShort(attack) => {
                let (name, seconds) = (attack.name(), attack.begins_after());
                write!(f, "{name} begins after {seconds} seconds: choose a longer time")
            }
            Self::Start(_) => write!(f, "the capture must lie between 1970 and 2105"),
        }
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// The time after the last packet, when the plan can be carried out.
    pub(crate) fn end(&self) -> Result<Timestamp, PlanError> {
        if !(DEVICES_MIN..=DEVICES_MAX).contains(&self.devices) {
            return Err(PlanError::Devices(self.devices));
        }
        if self.duration_seconds == 0 || self.duration_seconds > SECONDS_MAX {
            return Err(PlanError::Duration(self.duration_seconds));
        }
        let last = i64::from(u32::MAX) * Timestamp::SECOND;
        let end = self.start.0.saturating_add(self.duration_seconds as i64 * Timestamp::SECOND);
        if self.start.0 < 0 || end > last {
            return Err(PlanError::Start(self.start));
        }
        Ok(Timestamp(end))
    }
}
