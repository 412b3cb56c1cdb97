//! What is broken about some devices, as every large network has them.

/// A device's fault, for as long as the capture lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Its TCP segments carry the sum of the pseudo header alone: checksums are left to the interface, and the
    /// mirror sees them before.
    Checksums,
    /// It begins connections and associations and leaves them half open.
    HalfOpen,
    /// It starts anew every so often, without a word to its peers.
    Rebooting,
    /// A bad cable: every eighth segment is sent again.
    Retransmitting,
    /// It is on the network and says nothing but what the network asks of it.
    Silent,
}

impl Fault {
    /// Every fault.
    pub const ALL: &[Self] =
        &[Self::Checksums, Self::HalfOpen, Self::Rebooting, Self::Retransmitting, Self::Silent];

    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checksums => "checksums",
            Self::HalfOpen => "half-open",
            Self::Rebooting => "rebooting",
            Self::Retransmitting => "retransmitting",
            Self::Silent => "silent",
        }
    }
}
