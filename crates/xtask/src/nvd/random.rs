//! Numbers that are the same for the same seed everywhere (SplitMix64).

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True in so many of a thousand cases.
    pub(crate) const fn permille(&mut self, cases: u64) -> bool {
        self.below(1_000) < cases
    }

    /// One of the values, each as often as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, table: &[(u64, T)]) -> Option<T> {
        let all: u64 = table.iter().map(|entry| entry.0).sum();
        let mut at = self.below(all.max(1));
        for (weight, value) in table {
            if at < *weight {
                return Some(*value);
            }
            at -= weight;
        }
        None
    }

    /// A number between the quantiles of what was measured: as often between any two of them.
    pub(crate) fn between(&mut self, quantiles: &[u64]) -> u64 {
        let steps = u64::try_from(quantiles.len()).unwrap_or(1).saturating_sub(1).max(1);
        let step = usize::try_from(self.below(steps)).unwrap_or(0);
        match quantiles.get(step..step + 2) {
            Some([low, high]) => low + self.below(high.saturating_sub(*low) + 1),
            _ => 0,
        }
    }

    /// A number below `end` of which small ones are much more frequent: half of them are below the square root.
    pub(crate) fn skewed(&mut self, end: u64) -> u64 {
        let digits = (end.max(2) as f64).ln();
        let share = self.below(1 << 32) as f64 / (1_u64 << 32) as f64;
        let number = (digits * share).exp() - 1.0;
        (number as u64).min(end.saturating_sub(1))
    }
}
