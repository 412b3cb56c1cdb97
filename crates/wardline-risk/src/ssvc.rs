//! CISA's stakeholder-specific categories (SSVC, coordinator tree): what to do how soon.
//!
//! In: exploitation, whether an attack automates, technical impact, and what the site says of mission and well-being.
//! Out: track, track closely, attend or act, as the published tree has it.

/// Whether it is exploited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exploitation {
    /// No sign of it.
    None,
    /// A method is public.
    ProofOfConcept,
    /// It is being done.
    Active,
}

/// The points that CISA publishes with a CVE record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Points {
    /// Whether it is exploited.
    pub exploitation: Exploitation,
    /// Whether an attack runs by itself from reconnaissance to exploitation.
    pub automatable: bool,
    /// Whether it gives total control.
    pub total: bool,
}

/// How much depends on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WellBeing {
    /// Little.
    Low,
    /// Something.
    Medium,
    /// Lives or the mission.
    High,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Within the usual updates.
    Track,
    /// The same, and watch.
    TrackClosely,
    /// Sooner than usual.
    Attend,
    /// At once.
    Act,
}

impl Decision {
    /// The decision as output writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::TrackClosely => "track_closely",
            Self::Attend => "attend",
            Self::Act => "act",
        }
    }
}

impl Points {
    /// Reads the three values as CISA writes them (`poc`, `yes`, `total`).
    #[must_use]
    pub fn read(exploitation: &str, automatable: &str, impact: &str) -> Option<Self> {
        let exploitation = match exploitation.to_ascii_lowercase().as_str() {
            "none" => Exploitation::None,
            "poc" | "public poc" => Exploitation::ProofOfConcept,
            "active" => Exploitation::Active,
            _ => return None,
        };
        let flag = |text: &str, yes: &str, no: &str| match text.to_ascii_lowercase() {
            text if text == yes => Some(true),
            text if text == no => Some(false),
            _ => None,
        };
        Some(Self {
            exploitation,
            automatable: flag(automatable, "yes", "no")?,
            total: flag(impact, "total", "partial")?,
        })
    }

    /// What to do about a device on which that much depends.
    #[must_use]
    pub fn decide(self, depends: WellBeing) -> Decision {
        use Decision::{Act, Attend, Track, TrackClosely};
        use Exploitation::{Active, None, ProofOfConcept};
        let row = match (self.exploitation, self.automatable, self.total) {
            (None, false, false) => [Track, Track, Track],
            (None, false, true) => [Track, Track, TrackClosely],
            (None, true, _) => [Track, Track, Attend],
            (ProofOfConcept, false, false) => [Track, Track, TrackClosely],
            (ProofOfConcept, false, true) => [Track, TrackClosely, Attend],
            (ProofOfConcept, true, false) => [Track, Track, Attend],
            (ProofOfConcept, true, true) => [Track, TrackClosely, Attend],
            (Active, false, false) => [Track, Track, Attend],
            (Active, false, true) => [Track, Attend, Act],
            (Active, true, false) => [Attend, Attend, Act],
            (Active, true, true) => [Attend, Act, Act],
        };
        let [low, medium, high] = row;
        match depends {
            WellBeing::Low => low,
            WellBeing::Medium => medium,
            WellBeing::High => high,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_as_cisa_writes_them() {
        let points = Points::read("poc", "yes", "total").unwrap();
        assert_eq!(points.decide(WellBeing::High), Decision::Attend);
        assert_eq!(
            Points::read("active", "No", "Partial").unwrap().decide(WellBeing::Medium),
            Decision::Track
        );
        assert_eq!(Points::read("maybe", "yes", "total"), None);
        assert_eq!(Points::read("none", "", "total"), None);
    }

    #[test]
    fn more_danger_is_never_less_urgent() {
        let kinds = [Exploitation::None, Exploitation::ProofOfConcept, Exploitation::Active];
        for (i, low) in kinds.iter().enumerate() {
            for high in &kinds[i..] {
                for (automatable, total) in [(false, false), (false, true), (true, false), (true, true)] {
                    for depends in [WellBeing::Low, WellBeing::Medium, WellBeing::High] {
                        let of = |exploitation| Points { exploitation, automatable, total }.decide(depends);
                        assert!(of(*low) <= of(*high));
                    }
                }
            }
        }
    }
}
