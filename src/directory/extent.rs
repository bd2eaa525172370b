//! Which parts of a directory the exports contain, and how recent they are. A later command compares both with its own
//! exports: they must contain the same parts, and must not be older.
//!
//! | in an export | part |
//! | --- | --- |
//! | an entry without its parent, with entries below it | the entry: a suffix, or the top of a subtree |
//! | entries without their parent, with no entries below (`ldapsearch -s one`, a filter) | the entries below the missing parent |
//!
//! The age of a part is read from attributes that servers write into every entry: `modifyTimestamp`, `createTimestamp` (RFC 4512,
//! 3.4), `entryCSN` (OpenLDAP), `whenChanged`, `whenCreated` (Active Directory). The newest times are kept with the
//! entries that have them, because the time of an entry that is deleted later is no longer shown.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use super::EntryView;
use super::key_hash::{Hashes, hash};
use super::structure::Structure;
use crate::ldap::dn_key::parent_of;
use crate::ldap::time::generalized_time;
use crate::ldap::{Dn, Origin, TypeMap};

/// The attributes that record when an entry was changed.
pub const TIMES: [&str; 5] = ["modifyTimestamp", "createTimestamp", "entryCSN", "whenChanged", "whenCreated"];

/// How many of the newest times of a part are kept.
const KEPT: usize = 64;

/// A time in UTC with a resolution of one second: the number `YYYYMMDDhhmmss`.
pub type Time = u64;

/// The newest times of a part, each with the hash of the name of its entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest(BTreeSet<(Time, u64)>);

impl Newest {
    fn add(&mut self, time: Time, name: u64) {
        if self.0.len() == KEPT && self.0.first().is_some_and(|(oldest, _)| time <= *oldest) {
            return;
        }
        self.0.insert((time, name));
        if self.0.len() > KEPT {
            self.0.pop_first();
        }
    }

    /// The newest time of the entries whose names, as hashes, are not in `left_out`; `None` if all that are kept are.
    pub fn without(&self, left_out: &Hashes) -> Option<Time> {
        self.0.iter().rev().find(|(_, name)| !left_out.contains(name)).map(|(time, _)| *time)
    }
}

/// A part of the directory in one export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The topmost entry, or the missing parent of the topmost entries; `None` until a topmost entry was seen.
    pub name: Option<Dn>,
    /// Whether `name` is an entry of the export.
    pub is_entry: bool,
    /// How many topmost entries the part has.
    pub tops: u64,
    /// The newest times of its entries.
    pub newest: Newest,
}

/// The parts of all exports, by export and hash of the name, and the newest time in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    parts: HashMap<(u16, u64), Part>,
    newest: Option<NewestEntry>,
}

/// The entry with the newest time of all exports; of several the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestEntry {
    /// The time.
    pub time: Time,
    /// The name of the entry, as spelled.
    pub dn: Vec<u8>,
    /// Where the entry is.
    pub origin: Origin,
}

impl NewestEntry {
    /// Whether this entry is taken, not `other`.
    fn wins(&self, other: &Self) -> bool {
        let place = |entry: &Self| (entry.origin.export, entry.origin.line);
        self.time > other.time || self.time == other.time && place(self) < place(other)
    }
}

impl Extent {
    /// Adds the parts that later blocks contain.
    pub fn merge(&mut self, other: Self) {
        if let Some(newest) = other.newest {
            self.add_newest(newest);
        }
        for (place, part) in other.parts {
            let known = self.parts.entry(place).or_default();
            known.is_entry |= part.is_entry;
            known.tops += part.tops;
            if known.name.is_none() {
                known.name = part.name;
            }
            for (time, name) in part.newest.0 {
                known.newest.add(time, name);
            }
        }
    }

    fn add_newest(&mut self, entry: NewestEntry) {
        if self.newest.as_ref().is_none_or(|known| entry.wins(known)) {
            self.newest = Some(entry);
        }
    }

    /// The entry with the newest time; `None` if no entry shows a time.
    pub fn newest(&self) -> Option<&NewestEntry> {
        self.newest.as_ref()
    }

    /// The parts with their exports, in the order of exports and names.
    pub fn parts(&self) -> Vec<(u16, &Part)> {
        let mut parts: Vec<(u16, &Part)> = self.parts.iter().map(|((export, _), part)| (*export, part)).collect();
        let key = |part: &Part| part.name.as_ref().map(|name| name.key().clone());
        parts.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| key(one).cmp(&key(other))));
        parts
    }

    /// Adds an entry. The structure must contain all entries, and be [finished](Structure::finish).
    pub fn add(&mut self, entry: &EntryView<'_>, structure: &Structure, times: &TypeMap<()>) {
        let Some(missing) = structure.missing_parents(entry.export) else { return };
        let mut top = entry.key;
        while !missing.contains(&hash(parent_of(top))) {
            top = parent_of(top);
            if top.is_empty() {
                return;
            }
        }
        let top_hash = hash(top);
        let is_entry = structure.has_below(top_hash);
        let place = if is_entry { top_hash } else { hash(parent_of(top)) };
        let part = self.parts.entry((entry.export, place)).or_default();
        part.is_entry = is_entry;
        if top == entry.key {
            part.tops += 1;
            if part.name.is_none() {
                let name = Dn::parse(&entry.record.dn).ok();
                let above = |dn: Dn| Dn::parse(dn.parent_spelling().unwrap_or_default()).ok();
                part.name = if is_entry { name } else { name.and_then(above) };
            }
        }
        if let Some(time) = time_of(entry, times) {
            part.newest.add(time, hash(entry.key));
            if self.newest.as_ref().is_none_or(|newest| time >= newest.time) {
                let origin = Origin { export: entry.export, line: entry.record.line };
                self.add_newest(NewestEntry { time, dn: entry.record.dn.to_vec(), origin });
            }
        }
    }
}

/// The newest of the times that an entry shows.
pub fn time_of(entry: &EntryView<'_>, times: &TypeMap<()>) -> Option<Time> {
    let lines = entry.record.attributes.iter().filter(|line| times.get(&line.description).is_some());
    lines.filter_map(|line| time(line.value.bytes())).max()
}

/// The attributes of [`TIMES`], as a map from attribute descriptions.
pub fn time_attributes() -> TypeMap<()> {
    TIMES.iter().map(|name| (name, ())).collect()
}

/// Reads a `GeneralizedTime`, or the time of a change sequence number of OpenLDAP (`20261121093000.000000Z#000000#000#000000`).
pub fn time(value: &[u8]) -> Option<Time> {
    let value = value.split(|byte| *byte == b'#').next().unwrap_or_default();
    let digits = value.get(..14).filter(|digits| digits.iter().all(u8::is_ascii_digit));
    if let (Some(digits), Some(b'Z' | b'.')) = (digits, value.get(14))
        && value.last() == Some(&b'Z')
    {
        return std::str::from_utf8(digits).ok()?.parse().ok().filter(|time| day_of(*time).is_some());
    }
    let time = generalized_time(value).ok()?;
    time.strftime("%Y%m%d%H%M%S").to_string().parse().ok()
}

/// A time as `2026-11-21T09:30:00Z`.
pub fn shown_time(time: Time) -> String {
    let [second, minute, hour, day, month] = [1, 100, 10_000, 1_000_000, 100_000_000].map(|unit| time / unit % 100);
    format!("{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", time / 10_000_000_000)
}

/// The day of a time; `None` if there is no such day.
pub fn day_of(time: Time) -> Option<Date> {
    let part = |unit: u64, range: u64| i8::try_from(time / unit % range).ok();
    let year = i16::try_from(time / 10_000_000_000).ok()?;
    Date::new(year, part(100_000_000, 100)?, part(1_000_000, 100)?).ok()
}

/// Reads what [`shown_time`] writes.
pub fn read_time(text: &str) -> Option<Time> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|time| shown_time(*time) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        #[rustfmt::skip]
        let table: [(&str, Option<&str>); 9] = [
            ("20261121093000Z",                               Some("2026-11-21T09:30:00Z")),
            ("20261121093000.0Z",                             Some("2026-11-21T09:30:00Z")),
            ("20261121093000.123456Z#000000#000#000000",      Some("2026-11-21T09:30:00Z")),
            ("20261121103000+0100",                           Some("2026-11-21T09:30:00Z")),
            ("202611210930Z",                                 Some("2026-11-21T09:30:00Z")),
            ("20261121",                                      None),
            ("20269921093000Z",                               None),
            ("yesterday",                                     None),
            ("",                                              None),
        ];
        for (value, expected) in table {
            assert_eq!(time(value.as_bytes()).map(shown_time).as_deref(), expected, "{value}");
        }
        assert_eq!(read_time("2026-11-21T09:30:00Z"), Some(20_261_121_093_000));
        assert_eq!(read_time("2026-11-21 09:30:00"), None);
    }

    #[test]
    fn the_newest_that_are_not_left_out() {
        let mut newest = Newest::default();
        (0..100).for_each(|name| newest.add(1000 + name, name));
        assert_eq!(newest.without(&Hashes::default()), Some(1099));
        assert_eq!(newest.without(&(90..100).collect()), Some(1089));
        assert_eq!(newest.without(&(0..100).collect()), None);
    }
}
