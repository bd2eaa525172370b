//! How long a marked account waits.
//!
//! The date of the mark is read from the attribute that the policy names as stamp, and from nowhere else: other dates
//! in an entry (`modifyTimestamp`) move with every edit. An administrator may change the date in the directory to give
//! an account more time.
//!
//! | days in the policy | stamp in the policy | date in the entry | grace |
//! | --- | --- | --- | --- |
//! | 0 | | | over: no date is needed |
//! | n | no | | never over |
//! | n | yes | none, or none that can be read | never over |
//! | n | yes | a date | over on the first day that is more than n days later |
//!
//! "More than", as `commadmin domain purge -g` counts (technical note 819-6839).

use jiff::civil::Date;

use super::state::values_of;
use crate::ldap::{Entry, time};
use crate::policy::{Policy, Stamp};

/// What stands in a stamp's format for the date.
const DATE: &str = "{{ as_of }}";

/// Where an account stands in its grace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grace {
    /// It may be deleted.
    Over,
    /// It is due on this day.
    Until(Date),
    /// The policy names no stamp to read a date from.
    NoStamp,
    /// The entry has no date in its stamp attribute.
    NoDate,
}

/// Reads the grace of a marked account.
pub fn grace(entry: &Entry, policy: &Policy, as_of: Date) -> Grace {
    let days = policy.grace.days;
    if days == 0 {
        return Grace::Over;
    }
    let Some(stamp) = &policy.stamp else { return Grace::NoStamp };
    let dates = values_of(entry, &stamp.attribute).filter_map(|value| date_in(stamp, value));
    // With several dates the latest counts: it can only delay.
    let Some(mark) = dates.max() else { return Grace::NoDate };
    if time::days_between(mark, as_of) > i64::from(days) {
        return Grace::Over;
    }
    let due = jiff::Span::new().try_days(i64::from(days) + 1).and_then(|span| mark.checked_add(span));
    Grace::Until(due.unwrap_or(Date::MAX))
}

/// The value that the stamp attribute gets on a day.
pub fn stamp_value(stamp: &Stamp, as_of: Date) -> String {
    stamp.format.replace(DATE, &as_of.to_string())
}

/// The date in a stamp value; the text around it must be that of the format.
fn date_in(stamp: &Stamp, value: &[u8]) -> Option<Date> {
    let (before, after) = stamp.format.split_once(DATE)?;
    let date = value.strip_prefix(before.as_bytes())?.strip_suffix(after.as_bytes())?;
    time::utc_date(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Origin, Value};

    /// Days in the policy, stamp format, values in the entry, and where that stands on 2026-11-21.
    #[test]
    fn the_table() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        for (days, format, values, expected) in [
            (0, None, vec![], Grace::Over),
            (5, None, vec![], Grace::NoStamp),
            (5, Some("left {{ as_of }}"), vec![], Grace::NoDate),
            (5, Some("left {{ as_of }}"), vec!["left yesterday", "2026-01-01"], Grace::NoDate),
            (5, Some("left {{ as_of }}"), vec!["left 2026-11-16"], Grace::Until(date("2026-11-22"))),
            (5, Some("left {{ as_of }}"), vec!["left 2026-11-15"], Grace::Over),
            (5, Some("{{ as_of }}"), vec!["20261115235959Z"], Grace::Over),
            (5, Some("{{ as_of }}"), vec!["2026-01-01", "2026-11-20"], Grace::Until(date("2026-11-26"))),
            (5, Some("{{ as_of }}"), vec!["2027-01-01"], Grace::Until(date("2027-01-07"))),
            (5, Some("{{ as_of }}"), vec!["20060217T074523Z"], Grace::NoDate),
        ] {
            let stamp = format.map(|format| format!("[stamp]\nattribute = \"description\"\nformat = \"{format}\"\n"));
            let text = format!("preset = \"sun-comms\"\n{}[grace]\ndays = {days}\n", stamp.unwrap_or_default());
            let policy = Policy::parse(&text).unwrap();
            let dn = Dn::parse(b"uid=a,o=x").unwrap();
            let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
            for value in &values {
                let description = AttributeDescription::parse(b"description").unwrap();
                entry.push(description, Value::new(value.as_bytes()));
            }
            assert_eq!(grace(&entry, &policy, date("2026-11-21")), expected, "{days} {format:?} {values:?}");
        }
    }
}
