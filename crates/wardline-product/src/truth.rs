//! Three-valued logic: what is not known is neither true nor false (Kleene's strong logic).
//!
//! In: facts about a product, some of them unknown. Out: true, false or unknown; unknown is never rounded to safe.

use std::ops::Not;

/// True, false, or not known.
///
/// The order is that of certainty towards true: `False < Unknown < True`; `and` is the least, `or` the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It may hold.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// All of them hold; true when there are none.
    pub fn all(each: impl IntoIterator<Item = Self>) -> Self {
        each.into_iter().fold(Self::True, Self::and)
    }

    /// Any of them holds; false when there are none.
    pub fn any(each: impl IntoIterator<Item = Self>) -> Self {
        each.into_iter().fold(Self::False, Self::or)
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    const ALL: [Truth; 3] = [False, Unknown, True];

    #[test]
    fn the_laws_of_logic_hold_for_all_values() {
        for a in ALL {
            assert_eq!(!!a, a);
            for b in ALL {
                assert_eq!(a.and(b), b.and(a));
                assert_eq!(!a.and(b), (!a).or(!b));
                for c in ALL {
                    assert_eq!(a.and(b.or(c)), a.and(b).or(a.and(c)));
                }
            }
        }
        assert_eq!(Unknown.or(!Unknown), Unknown);
        assert_eq!((Truth::all([]), Truth::any([])), (True, False));
    }
}
