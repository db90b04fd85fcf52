//! Times as GitHub writes them, in days.

use std::time::{SystemTime, UNIX_EPOCH};

/// The day of a time in UTC, as GitHub writes it, since 1970.
pub(crate) fn day(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    Some(day_number(number(0, 4)?, number(5, 7)?, number(8, 10)?))
}

/// Whole days since a time in UTC, as GitHub writes it.
pub(crate) fn age_days(time: &str, now: SystemTime) -> Option<i64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let day = day(time)?;
    let now = i64::try_from(now.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    let seconds = number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    Some(((now - day * 86_400 - seconds) / 86_400).max(0))
}

/// Days since 1970 in the Gregorian calendar (Howard Hinnant's `days_from_civil`).
const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ages_are_whole_days() {
        let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600); // 2026-01-01T00:00:00Z
        assert_eq!(age_days("2025-12-31T00:00:00Z", now), Some(1));
        assert_eq!(age_days("2025-12-31T00:00:01Z", now), Some(0));
        assert_eq!(age_days("2024-02-29T00:00:00Z", now), Some(672));
        assert_eq!(age_days("2026-05-01T00:00:00Z", now), Some(0));
        assert_eq!(age_days("soon", now), None);
    }
}
