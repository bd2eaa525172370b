//! The day for which a command plans or audits. Every grace period is counted to it, so a wrong day deletes too early.
//!
//! | day | refused (exit status 3), unless `--as-of` has `--allow-date` |
//! | --- | --- |
//! | of `--as-of`, else of `SOURCE_DATE_EPOCH` | more than [`FAR`] days before or after today by the clock |
//! | any, also today by the clock | for a plan: before the newest time stamp in the exports, because the day was over when they were made |

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Diagnostic;
use super::args::DayOption;
use super::faults::name_of;
use crate::directory::extent::{Extent, day_of, shown_time};
use crate::ldap::time::days_between;
use crate::render::count::counted;

/// How many days the day may be from today. A mistyped month or year is further away.
const FAR: u64 = 14;

/// The day of a run.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    pub date: Date,
    /// The user accepts the day, whatever clock and exports show.
    is_allowed: bool,
}

/// The day that the options name; today in UTC without one. Refused if it is far from today.
pub fn day(option: &DayOption) -> Result<Day, Vec<Diagnostic>> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if let Some(date) = option.as_of {
        let day = Day { date, is_allowed: option.allow_date };
        return if day.is_allowed { Ok(day) } else { near(day, today, "if it is intended, add --allow-date") };
    }
    let Some(date) = source_date()? else { return Ok(Day { date: today, is_allowed: false }) };
    let help = format!("unset SOURCE_DATE_EPOCH; if the day is intended, use --as-of {date} --allow-date");
    near(Day { date, is_allowed: false }, today, &help)
}

/// The day of `SOURCE_DATE_EPOCH`, which overrides the clock, so that a run can be repeated.
fn source_date() -> Result<Option<Date>, Vec<Diagnostic>> {
    let Ok(seconds) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let time = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match time {
        Some(time) => Ok(Some(time.to_zoned(TimeZone::UTC).date())),
        None => Err(vec![Diagnostic::error(format!("SOURCE_DATE_EPOCH is not a number of seconds: {seconds}"))]),
    }
}

fn near(day: Day, today: Date, help: &str) -> Result<Day, Vec<Diagnostic>> {
    let days = days_between(today, day.date);
    if days.unsigned_abs() <= FAR {
        return Ok(day);
    }
    let direction = if days < 0 { "before" } else { "after" };
    let fault = Diagnostic::refused(format!(
        "the day {} is {} {direction} today, {today}",
        day.date,
        counted(days.unsigned_abs(), "day")
    ));
    let fault =
        fault.note(format!("a day may be at most {FAR} days from today; a wrong day ends grace periods too early"));
    Err(vec![fault.help(help)])
}

impl Day {
    /// Refuses a day before the newest time stamp in the exports.
    pub fn check_exports(self, extent: &Extent, exports: &[String]) -> Result<(), Vec<Diagnostic>> {
        let newest = extent.newest().filter(|newest| !self.is_allowed && day_of(newest.time) > Some(self.date));
        let Some(newest) = newest else { return Ok(()) };
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let fault = Diagnostic::refused(format!(
            "the day {} is before the newest time stamp in the exports, {}",
            self.date,
            shown_time(newest.time)
        ));
        let place = format!("{}:{}", name_of(exports, newest.origin.export), newest.origin.line);
        Err(vec![
            fault
                .note(format!("{place}: {}", String::from_utf8_lossy(&newest.dn)))
                .note(format!("today is {today} by the clock of this machine, in UTC"))
                .help(format!(
                    "plan for the day on which the changes are applied; if {} is intended, use --as-of {} --allow-date",
                    self.date, self.date
                )),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_near_for_two_weeks() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let today = date("2026-11-21");
        for (text, is_near) in [
            ("2026-11-21", true),
            ("2026-12-05", true),
            ("2026-11-07", true),
            ("2026-12-06", false),
            ("2026-11-06", false),
            ("2026-12-21", false),
            ("2027-11-21", false),
            ("2025-11-21", false),
            ("9999-12-31", false),
            ("0000-01-01", false),
        ] {
            let day = Day { date: date(text), is_allowed: false };
            assert_eq!(near(day, today, "").is_ok(), is_near, "{text}");
        }
    }
}
