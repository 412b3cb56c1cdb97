//! A moment on the wire.

/// Nanoseconds since 1970-01-01T00:00:00Z, as the capturing clock said. May run backwards between packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// One second in the unit of this type.
    pub const SECOND: i64 = 1_000_000_000;

    /// Nanoseconds from `earlier` to `self`; negative when the clock ran backwards, clamped, never wrapping.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
