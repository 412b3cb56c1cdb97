//! Dates out of timestamps, in UTC: what clinical messages, certificates and logs print.

use wardline_model::Timestamp;

/// A moment in civil time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

/// Day and month abbreviations of RFC 5322, as HTTP prints them.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Civil time of a timestamp, by days of the proleptic Gregorian calendar counted from 0000-03-01.
pub(crate) fn civil(time: Timestamp) -> Civil {
    let seconds = time.0.div_euclid(Timestamp::SECOND);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * month_index + 2) / 5 + 1,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
    }
}

/// `YYYYMMDD`.
pub(crate) fn date(time: Timestamp) -> String {
    let c = civil(time);
    format!("{:04}{:02}{:02}", c.year, c.month, c.day)
}

/// `HHMMSS`.
pub(crate) fn clock(time: Timestamp) -> String {
    let c = civil(time);
    format!("{:02}{:02}{:02}", c.hour, c.minute, c.second)
}

/// `YYYYMMDDHHMMSS`, the timestamp of HL7 v2 and ASTM.
pub(crate) fn stamp(time: Timestamp) -> String {
    date(time) + &clock(time)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the date of HTTP.
pub(crate) fn http_date(time: Timestamp) -> String {
    let c = civil(time);
    let weekday = DAYS[time.0.div_euclid(86_400 * Timestamp::SECOND).rem_euclid(7) as usize];
    let month = MONTHS[(c.month - 1) as usize];
    format!("{weekday}, {:02} {month} {} {:02}:{:02}:{:02} GMT", c.day, c.year, c.hour, c.minute, c.second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(stamp(Timestamp(0)), "19700101000000");
        assert_eq!(stamp(Timestamp(951_782_400 * Timestamp::SECOND)), "20000229000000");
        assert_eq!(stamp(Timestamp(1_772_323_199 * Timestamp::SECOND)), "20260228235959");
        assert_eq!(http_date(Timestamp(784_111_777 * Timestamp::SECOND)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
