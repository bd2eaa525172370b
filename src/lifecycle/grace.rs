//! How long a disabled account waits before it is deleted.
//!
//! The date since when the account is disabled comes from the first of these sources that has one:
//!
//! | source | date |
//! | --- | --- |
//! | the stamp attribute of the policy | the date in the value, in UTC; of several the latest, because an administrator may add a later one to give the account more time |
//! | an earlier change set (`--history`) | the day for which it was planned; with `[grace] trust_modify_timestamp = true` the later of that day and modifyTimestamp |
//! | modifyTimestamp, only with `[grace] trust_modify_timestamp = true` | its day; every later edit moves it, so it can only delay |
//!
//! | `[grace] days` | disabled since | grace |
//! | --- | --- | --- |
//! | 0 | | over; no date is needed |
//! | n | no date, and the policy has no stamp | never over |
//! | n | no date, or a stamp that cannot be read | never over |
//! | n | a date | over on the first day that is more than n days later |
//!
//! "More than n days" is how `commadmin domain purge -g` counts (technical note 819-6839).

use jiff::civil::Date;

use super::history::History;
use super::state::values_of;
use crate::ldap::{AttributeDescription, Entry, Value, time};
use crate::policy::{Policy, Stamp};

/// The placeholders of a stamp's format: the date in ISO 8601, and the date as `GeneralizedTime`.
const DATE: &str = "{{ as_of }}";
const TIME: &str = "{{ as_of_time }}";

/// Whether the grace of an account is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// It is over: the account may be deleted.
    Over(Option<DisabledSince>),
    /// It is over on this day.
    Until(Date, DisabledSince),
    /// There is no date, and the policy has no stamp to read one from.
    NoStamp,
    /// There is no date that can be read.
    NoDate,
}

/// The day since when an account is disabled, and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisabledSince {
    /// The day, in UTC.
    pub date: Date,
    /// Where the day comes from.
    pub source: DateSource,
    /// The line of the export with the day; 0 if it is from a change set.
    pub line: u64,
}

/// Where the date since when an account is disabled comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum DateSource {
    /// The stamp in the entry.
    Stamp,
    /// An earlier change set.
    History,
    /// The modifyTimestamp of the entry.
    ModifyTimestamp,
}

impl DateSource {
    /// Its word in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The grace of a disabled account, or of one of its services, on the day `as_of`.
pub fn grace(entry: &Entry, service: Option<&str>, policy: &Policy, history: &History, as_of: Date) -> Grace {
    let days = service.map_or(policy.grace.days, |service| policy.grace.of_service(service));
    if days == 0 {
        return Grace::Over(None);
    }
    let since = match disabled_since(entry, service, policy, history) {
        Ok(Some(since)) => since,
        Ok(None) if policy.stamp.is_none() => return Grace::NoStamp,
        Ok(None) | Err(UnreadableStamp) => return Grace::NoDate,
    };
    if time::days_between(since.date, as_of) > i64::from(days) {
        return Grace::Over(Some(since));
    }
    let due = jiff::Span::new().try_days(i64::from(days) + 1).and_then(|span| since.date.checked_add(span));
    Grace::Until(due.unwrap_or(Date::MAX), since)
}

/// The entry has a value in the form of a stamp, but no date can be read from it.
pub struct UnreadableStamp;

/// Since when an account, or one of its services, is disabled, by the first table of the module; `None` if no source has
/// a date.
pub fn disabled_since(
    entry: &Entry,
    service: Option<&str>,
    policy: &Policy,
    history: &History,
) -> Result<Option<DisabledSince>, UnreadableStamp> {
    if let Some(stamp) = policy.stamp.as_ref() {
        let stamps = stamps(entry, stamp, service);
        if stamps.iter().any(|stamp| stamp.date.is_none()) {
            // It may be the one that gives the account more time.
            return Err(UnreadableStamp);
        }
        let dated = stamps
            .iter()
            .filter_map(|stamp| Some(DisabledSince { date: stamp.date?, source: DateSource::Stamp, line: stamp.line }));
        if let Some(latest) = dated.max_by_key(|since| since.date) {
            return Ok(Some(latest));
        }
    }
    let modified = entry.values("modifyTimestamp").chain(entry.values("whenChanged"));
    let modified = modified.filter(|_| policy.grace.trust_modify_timestamp);
    let modified = modified.filter_map(|value| Some((time::utc_date(&value.bytes).ok()?, value.line)));
    let modified = modified.max_by_key(|(date, _)| *date);
    let modified = modified.map(|(date, line)| DisabledSince { date, source: DateSource::ModifyTimestamp, line });
    let past = history.disabled(entry.dn.key(), service).map(|date| DisabledSince {
        date,
        source: DateSource::History,
        line: 0,
    });
    Ok(match (past, modified) {
        (Some(past), Some(modified)) if modified.date > past.date => Some(modified),
        (Some(past), _) => Some(past),
        (None, modified) => modified,
    })
}

/// A value in the form of a stamp.
pub struct StampValue {
    /// Its line in the export.
    pub line: u64,
    /// The date in it, if one can be read.
    pub date: Option<Date>,
}

/// The values of an entry that have the form of a stamp, for the account as a whole or for one service.
///
/// If the format is the date alone, every value has its form. Then only values with a date are stamps, and any other value
/// is a note that a person wrote.
pub fn stamps(entry: &Entry, stamp: &Stamp, service: Option<&str>) -> Vec<StampValue> {
    let format = format_of(stamp, service);
    let attribute = entry.attributes.iter().filter(|attribute| attribute.description == stamp.attribute);
    let values = attribute.flat_map(|attribute| &attribute.values);
    let stamp_value = |value: &Value| date_in(&format, &value.bytes).map(|date| StampValue { line: value.line, date });
    values.filter_map(stamp_value).collect()
}

/// Whether a value is a stamp, for the account as a whole or for one service.
pub fn is_stamp(stamp: &Stamp, service: Option<&str>, value: &[u8]) -> bool {
    date_in(&format_of(stamp, service), value).is_some()
}

/// The values of a stamp attribute that are not stamps: notes that people wrote.
pub fn notes<'e>(entry: &'e Entry, attribute: &'e AttributeDescription, stamp: &Stamp) -> Vec<&'e [u8]> {
    values_of(entry, attribute).filter(|value| !is_stamp(stamp, None, value)).collect()
}

/// The stamp of a day.
pub fn stamp_value(stamp: &Stamp, service: Option<&str>, as_of: Date) -> String {
    let time = as_of.strftime("%Y%m%d000000Z").to_string();
    format_of(stamp, service).replace(DATE, &as_of.to_string()).replace(TIME, &time)
}

/// The stamp of a service begins with its name, so that its date is never taken for that of the account.
fn format_of(stamp: &Stamp, service: Option<&str>) -> String {
    service.map_or_else(|| stamp.format.clone(), |service| format!("{service} {}", stamp.format))
}

/// `None` if a value does not have this format. If it has, the date in it, if one can be read.
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
    use crate::ldap::{Dn, Origin};

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
            Grace::Over(Some(since)) => format!("over, {} {}", since.source.name(), since.date),
            Grace::Until(day, since) => format!("until {day}, {} {}", since.source.name(), since.date),
            Grace::NoStamp => "no stamp".to_owned(),
            Grace::NoDate => "no date".to_owned(),
        }
    }

    /// Rows: `[grace] days`, stamp format, values of the entry, grace on 2026-11-21.
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

    /// Rows: stamp in the entry, day of an earlier change set, modifyTimestamp, whether it is trusted, grace on 2026-11-21.
    #[test]
    fn the_table_of_sources() {
        for (stamp, past, modified, trusted, expected) in [
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
            let values = [("description", stamp), ("modifyTimestamp", modified)];
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
                history.add(
                    date(past),
                    [super::super::history::PastOperation { kind: "disable", service: None, record: &record }],
                );
            }
            let found = grace(&entry, None, &policy, &history, date("2026-11-21"));
            assert_eq!(brief(found), expected, "{stamp} {past} {modified} {trusted}");
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
