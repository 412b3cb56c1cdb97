//! Day and night, weekday and weekend: how busy people and their devices are.
//!
//! Machines keep their pace; what people do follows the hours. Work is counted so that at seven o'clock of a
//! weekday a pause is what the habit says; the curves are those of a usual hospital (outpatient clinics by day,
//! laboratory peak after the morning round, wards never quite asleep).

use wardline_model::Timestamp;

/// Whose hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Laboratory: the peak follows the morning's blood collection.
    Laboratory,
    /// Offices, clinics, planned examinations.
    Office,
    /// Wards and intensive care.
    Ward,
}

/// Nanoseconds of an hour.
const HOUR: i64 = 3600 * Timestamp::SECOND;

/// How busy, in a thousand, hour by hour of a weekday.
const LABORATORY: [i64; 24] = [
    250, 220, 220, 250, 400, 900, 1100, 1000, 1300, 1400, 1300, 1100, 900, 1000, 1000, 900, 700, 550, 450,
    400, 350, 320, 300, 280,
];
const OFFICE: [i64; 24] = [
    20, 20, 20, 20, 30, 80, 400, 1000, 1400, 1500, 1500, 1400, 1100, 1300, 1400, 1300, 1000, 600, 250, 120,
    80, 60, 40, 30,
];
const WARD: [i64; 24] = [
    350, 300, 300, 300, 350, 500, 800, 1000, 1200, 1200, 1150, 1050, 950, 1000, 1050, 1050, 1000, 900, 850,
    800, 700, 600, 500, 400,
];

/// Hour of the day, and whether it is a weekend's.
pub(crate) fn clock(now: i64) -> (usize, bool) {
    let hours = now.div_euclid(HOUR);
    // 1970-01-01 was a Thursday.
    let weekday = (hours.div_euclid(24) + 3).rem_euclid(7);
    (hours.rem_euclid(24) as usize, weekday >= 5)
}

impl Rhythm {
    /// How busy it is, in a thousand; never nothing.
    fn pace(self, now: i64) -> i64 {
        let (hour, weekend) = clock(now);
        let (curve, share) = match self {
            Self::Laboratory => (&LABORATORY, 600),
            Self::Office => (&OFFICE, 200),
            Self::Ward => (&WARD, 850),
        };
        let pace = curve[hour];
        if weekend { (pace * share / 1000).max(10) } else { pace }
    }

    /// The moment at which a pause that would take `nanos` at usual pace is over.
    pub(crate) fn after(self, now: i64, nanos: i64) -> i64 {
        let (mut at, mut left) = (now, nanos);
        loop {
            let pace = self.pace(at);
            let end = (at.div_euclid(HOUR) + 1) * HOUR;
            let done = (end - at) / 1000 * pace;
            if left <= done {
                return at + left / pace * 1000;
            }
            left -= done;
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-02T07:00:00Z, a Monday.
    const MONDAY: i64 = 1_772_434_800 * Timestamp::SECOND;

    #[test]
    fn at_seven_a_pause_is_what_it_says_and_at_night_far_longer() {
        let minute = 60 * Timestamp::SECOND;
        for rhythm in [Rhythm::Laboratory, Rhythm::Office, Rhythm::Ward] {
            assert_eq!(rhythm.after(MONDAY, minute), MONDAY + minute, "{rhythm:?}");
            let night = MONDAY + 19 * HOUR;
            assert!(rhythm.after(night, minute) >= night + 2 * minute, "{rhythm:?}");
        }
        assert_eq!(clock(MONDAY), (7, false));
        assert_eq!(clock(MONDAY - 24 * HOUR), (7, true));
    }

    #[test]
    fn a_pause_over_the_night_ends_in_the_morning() {
        let evening = MONDAY + 12 * HOUR;
        let back = Rhythm::Office.after(evening, HOUR);
        assert!((MONDAY + 23 * HOUR..=MONDAY + 25 * HOUR).contains(&back), "{}", (back - MONDAY) / HOUR);
    }
}
