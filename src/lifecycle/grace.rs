//! How long a disabled account waits.
//!
//! The date of the mark is looked for in this order; the first that is there counts:
//!
//! | source | date |
//! | --- | --- |
//! | the policy's stamp attribute | the date in the value, in UTC; of several the latest: an administrator may put a later one there to give an account more time |
//! | an earlier change set (`--history`) | the day it was planned for; the later of it and modifyTimestamp where the policy trusts that |
//! | modifyTimestamp, only where `[grace] trust_modify_timestamp = true` | its day: every later edit moves it, so it can only delay |
//!
//! | days in the policy | date of the mark | grace |
//! | --- | --- | --- |
//! | 0 | | over: no date is needed |
//! | n | none, and the policy names no stamp | never over |
//! | n | none, or a stamp that cannot be read | never over |
//! | n | a date | over on the first day that is more than n days later |
//!
//! "More than", as `commadmin domain purge -g` counts (technical note 819-6839).

use jiff::civil::Date;

use super::history::History;
use super::state::values_of;
use crate::ldap::{AttributeDescription, Entry, time};
use crate::policy::{Policy, Stamp};

/// What is in a stamp's format for the date, and for the date as `GeneralizedTime`.
const DATE: &str = "{{ as_of }}";
const TIME: &str = "{{ as_of_time }}";

/// Where an account is in its grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// It may be deleted.
    Over(Option<DisabledSince>),
    /// It is due on this day.
    Until(Date, DisabledSince),
    /// No date, and the policy names no stamp to read one from.
    NoStamp,
    /// No date that can be read.
    NoDate,
}

/// When an account was disabled, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisabledSince {
    /// The day, in UTC.
    pub date: Date,
    /// How it is known.
    pub source: Source,
    /// The line of the export that says so; 0 for what is in none.
    pub line: u64,
}

/// How the date of a mark is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The stamp in the entry.
    Stamp,
    /// An earlier change set.
    History,
    /// The entry's modifyTimestamp.
    ModifyTimestamp,
}

impl Source {
    /// Its word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stamp => "stamp",
            Self::History => "history",
            Self::ModifyTimestamp => "modify-timestamp",
        }
    }
}

/// Reads the grace of a disabled account, or of a service of it that is disabled on its own.
pub fn grace(entry: &Entry, service: Option<&str>, policy: &Policy, history: &History, as_of: Date) -> Grace {
    let days = service.map_or(policy.grace.days, |service| policy.grace.of_service(service));
    if days == 0 {
        return Grace::Over(None);
    }
    let mark = match mark(entry, service, policy, history) {
        Ok(Some(mark)) => mark,
        Ok(None) if policy.stamp.is_none() => return Grace::NoStamp,
        Ok(None) | Err(Unreadable) => return Grace::NoDate,
    };
    if time::days_between(mark.date, as_of) > i64::from(days) {
        return Grace::Over(Some(mark));
    }
    let due = jiff::Span::new().try_days(i64::from(days) + 1).and_then(|span| mark.date.checked_add(span));
    Grace::Until(due.unwrap_or(Date::MAX), mark)
}

/// A stamp that is meant as one and holds no date.
pub struct Unreadable;

/// The date of a mark.
pub fn mark(
    entry: &Entry,
    service: Option<&str>,
    policy: &Policy,
    history: &History,
) -> Result<Option<DisabledSince>, Unreadable> {
    if let Some(stamp) = policy.stamp.as_ref() {
        let stamps = stamps(entry, stamp, service);
        if let Some((line, date)) = stamps.iter().filter_map(|(line, date)| Some((*line, (*date)?))).max_by_key(|s| s.1)
        {
            return Ok(Some(DisabledSince { date, source: Source::Stamp, line }));
        }
        if !stamps.is_empty() {
            return Err(Unreadable);
        }
    }
    let touched = entry.values("modifyTimestamp").chain(entry.values("whenChanged")).next();
    let touched = touched.filter(|_| policy.grace.trust_modify_timestamp);
    let touched = touched.and_then(|value| Some((time::utc_date(&value.bytes).ok()?, value.line)));
    let touched = touched.map(|(date, line)| DisabledSince { date, source: Source::ModifyTimestamp, line });
    let past =
        history.disabled(entry.dn.key(), service).map(|date| DisabledSince { date, source: Source::History, line: 0 });
    Ok(match (past, touched) {
        (Some(past), Some(touched)) if touched.date > past.date => Some(touched),
        (Some(past), _) => Some(past),
        (None, touched) => touched,
    })
}

/// The values of an entry that have the form of a stamp: their lines, and the dates in them that can be read.
///
/// With nothing around the date every value has the form; then only those that hold a date are stamps, and anything
/// else is somebody's note.
pub fn stamps(entry: &Entry, stamp: &Stamp, service: Option<&str>) -> Vec<(u64, Option<Date>)> {
    let format = format_of(stamp, service);
    let attribute = entry.attributes.iter().filter(|attribute| attribute.description == stamp.attribute);
    let values = attribute.flat_map(|attribute| &attribute.values);
    values.filter_map(|value| Some((value.line, date_in(&format, &value.bytes)?))).collect()
}

/// Whether a value is a stamp of an account as a whole, or of one service of it.
pub fn is_stamp(stamp: &Stamp, service: Option<&str>, value: &[u8]) -> bool {
    date_in(&format_of(stamp, service), value).is_some()
}

/// The values that a stamp attribute holds beside stamps: notes that people wrote.
pub fn notes<'e>(entry: &'e Entry, attribute: &'e AttributeDescription, stamp: &Stamp) -> Vec<&'e [u8]> {
    values_of(entry, attribute).filter(|value| !is_stamp(stamp, None, value)).collect()
}

/// The value that the stamp attribute gets on a day.
pub fn stamp_value(stamp: &Stamp, service: Option<&str>, as_of: Date) -> String {
    let time = as_of.strftime("%Y%m%d000000Z").to_string();
    format_of(stamp, service).replace(DATE, &as_of.to_string()).replace(TIME, &time)
}

/// A service on its own has its name before the stamp, so that its date is never taken for that of the account.
fn format_of(stamp: &Stamp, service: Option<&str>) -> String {
    service.map_or_else(|| stamp.format.clone(), |service| format!("{service} {}", stamp.format))
}

/// `None` for a value of another form; the date, if it can be read, for one of this form.
#[expect(clippy::option_option, reason = "two questions: is it a stamp, and when")]
fn date_in(format: &str, value: &[u8]) -> Option<Option<Date>> {
    let (before, after) = format.split_once(DATE).or_else(|| format.split_once(TIME))?;
    let date = value.strip_prefix(before.as_bytes())?.strip_suffix(after.as_bytes())?;
    let date = time::utc_date(date).ok();
    let has_form = !before.is_empty() || !after.is_empty() || date.is_some();
    has_form.then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{Dn, Origin, Value};

    fn entry(values: &[(&str, &str)]) -> Entry {
        let dn = Dn::parse(b"uid=a,o=x").unwrap();
        let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in values {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    fn policy(days: u32, format: Option<&str>, more: &str) -> Policy {
        let stamp = format.map(|format| format!("[stamp]\nattribute = \"description\"\nformat = \"{format}\"\n"));
        let text = format!("preset = \"sun-comms\"\n{}[grace]\ndays = {days}\n{more}", stamp.unwrap_or_default());
        Policy::parse(&text).unwrap()
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn brief(grace: Grace) -> String {
        match grace {
            Grace::Over(None) => "over".to_owned(),
            Grace::Over(Some(mark)) => format!("over, {} {}", mark.source.name(), mark.date),
            Grace::Until(day, mark) => format!("until {day}, {} {}", mark.source.name(), mark.date),
            Grace::NoStamp => "no stamp".to_owned(),
            Grace::NoDate => "no date".to_owned(),
        }
    }

    /// Days in the policy, stamp format, values in the entry, and where that stands on 2026-11-21.
    #[test]
    fn the_table_of_stamps() {
        for (days, format, values, expected) in [
            (0, None, vec![], "over"),
            (5, None, vec![], "no stamp"),
            (5, Some("left {{ as_of }}"), vec![], "no date"),
            (5, Some("left {{ as_of }}"), vec!["left yesterday", "2026-01-01"], "no date"),
            (5, Some("left {{ as_of }}"), vec!["left 2026-11-16"], "until 2026-11-22, stamp 2026-11-16"),
            (5, Some("left {{ as_of }}"), vec!["left 2026-11-15"], "over, stamp 2026-11-15"),
            (5, Some("{{ as_of }}"), vec!["20261115235959Z"], "over, stamp 2026-11-15"),
            (5, Some("{{ as_of }}"), vec!["2026-01-01", "2026-11-20"], "until 2026-11-26, stamp 2026-11-20"),
            (5, Some("{{ as_of }}"), vec!["2027-01-01"], "until 2027-01-07, stamp 2027-01-01"),
            (5, Some("{{ as_of }}"), vec!["20060217T074523Z"], "no date"),
            (5, Some("{{ as_of }}"), vec!["seen 2026-01-01", "a note"], "no date"),
            (5, Some("{{ as_of_time }}"), vec!["20261115000000Z"], "over, stamp 2026-11-15"),
        ] {
            let values: Vec<(&str, &str)> = values.iter().map(|value| ("description", *value)).collect();
            let policy = policy(days, format, "");
            let found = grace(&entry(&values), None, &policy, &History::default(), date("2026-11-21"));
            assert_eq!(brief(found), expected, "{days} {format:?} {values:?}");
        }
    }

    /// Stamp in the entry, day of an earlier change set, modifyTimestamp and whether it is trusted.
    #[test]
    fn the_table_of_sources() {
        for (stamp, past, touched, trusted, expected) in [
            ("", "", "20260101000000Z", false, "no date"),
            ("", "", "20260101000000Z", true, "over, modify-timestamp 2026-01-01"),
            ("", "", "garbage", true, "no date"),
            ("", "2026-11-01", "20260101000000Z", true, "over, history 2026-11-01"),
            ("", "2026-11-01", "20261120000000Z", true, "until 2026-11-26, modify-timestamp 2026-11-20"),
            ("", "2026-11-01", "20261120000000Z", false, "over, history 2026-11-01"),
            ("left 2026-11-20", "2026-11-01", "20260101000000Z", true, "until 2026-11-26, stamp 2026-11-20"),
            ("left ?", "2026-11-01", "20260101000000Z", true, "no date"),
            ("mail left 2026-01-01", "", "", false, "no date"),
        ] {
            let values = [("description", stamp), ("modifyTimestamp", touched)];
            let values: Vec<(&str, &str)> = values.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let policy = policy(5, Some("left {{ as_of }}"), &format!("trust_modify_timestamp = {trusted}\n"));
            let mut history = History::default();
            let entry = entry(&values);
            if !past.is_empty() {
                let record = crate::ldap::ChangeRecord {
                    dn: entry.dn.clone(),
                    controls: Vec::new(),
                    change: crate::ldap::Change::Modify(Vec::new()),
                };
                history
                    .add(date(past), [super::super::history::Past { kind: "disable", service: None, record: &record }]);
            }
            let found = grace(&entry, None, &policy, &history, date("2026-11-21"));
            assert_eq!(brief(found), expected, "{stamp} {past} {touched} {trusted}");
        }
    }

    #[test]
    fn a_service_has_a_stamp_and_days_of_its_own() {
        let policy = policy(5, Some("left {{ as_of }}"), "mail = 10\n");
        let stamp = policy.stamp.as_ref().unwrap();
        assert_eq!(stamp_value(stamp, Some("mail"), date("2026-11-21")), "mail left 2026-11-21");
        let entry = entry(&[("description", "mail left 2026-11-14")]);
        let of = |service| brief(grace(&entry, service, &policy, &History::default(), date("2026-11-21")));
        assert_eq!(of(Some("mail")), "until 2026-11-25, stamp 2026-11-14");
        assert_eq!(of(None), "no date");
    }
}
