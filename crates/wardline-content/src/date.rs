//! A calendar day, for knowledge that ends on one.

use std::fmt;

/// A day of the Gregorian calendar; ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day written `2020-01-14`; `None` when it is not a day of the calendar.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
            return None;
        }
        if !text.bytes().all(|b| b == b'-' || b.is_ascii_digit()) {
            return None;
        }
        let date = Self { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
        (1..=date.days_in_month()).contains(&date.day).then_some(date)
    }

    /// The day (UTC) that holds this many seconds since 1970-01-01; days before 1970 give 1970-01-01 and days
    /// after 9999 give 9999-12-31.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let mut days = u64::try_from(seconds).unwrap_or(0) / 86_400;
        let mut date = Self { year: 1970, month: 1, day: 1 };
        while date.year <= 9999 {
            let in_year = if date.is_leap_year() { 366 } else { 365 };
            if days < in_year {
                break;
            }
            days = days.saturating_sub(in_year);
            date.year = date.year.saturating_add(1);
        }
        if date.year > 9999 {
            return Self { year: 9999, month: 12, day: 31 };
        }
        while days >= u64::from(date.days_in_month()) {
            days = days.saturating_sub(u64::from(date.days_in_month()));
            date.month = date.month.saturating_add(1);
        }
        date.day = date.day.saturating_add(u8::try_from(days).unwrap_or(0));
        date
    }

    const fn is_leap_year(self) -> bool {
        self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400))
    }

    /// Days of the month; 0 for a month that does not exist.
    const fn days_in_month(self) -> u8 {
        match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if self.is_leap_year() => 29,
            2 => 28,
            _ => 0,
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn days_read_and_print_alike() {
        for text in ["2020-01-14", "2000-02-29", "1999-12-31"] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "2020-1-14",
            "2021-02-29",
            "2020-13-01",
            "2020-00-10",
            "2020-01-00",
            "x",
            "2020-01-14-1",
            "+020-01-14",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_become_days() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (-5, "1970-01-01"),
            (i64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::from_unix_seconds(seconds).to_string(), day, "{seconds}");
        }
    }
}
