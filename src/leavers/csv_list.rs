//! CSV lists (RFC 4180) with a header.

use csv::{Position, ReaderBuilder, StringRecord, Trim};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::{Action, Identity, Leaver, LeaversError, LeaversErrorKind};
use crate::ldap::time::{iso_date, iso_date_time};
use crate::ldap::{AttributeDescription, Dn};

/// Columns for the identity.
pub const IDENTITIES: [&str; 5] = ["id", "uid", "mail", "dn", "employeeNumber"];
/// Columns for the other fields of a leaver.
const OTHERS: [&str; 5] = ["action", "effective", "successor", "ticket", "note"];

/// All columns that a list may have.
pub fn columns_known() -> impl Iterator<Item = &'static str> {
    IDENTITIES.into_iter().chain(OTHERS)
}

/// Whether a line is the header of a CSV list.
pub fn is_header(line: &str) -> bool {
    let mut columns = line.split(',').map(|column| column.trim().trim_matches('"'));
    columns.any(|column| IDENTITIES.iter().any(|known| known.eq_ignore_ascii_case(column)))
}

/// Where a list has its columns.
struct ListColumns {
    identity: IdentityColumn,
    /// The positions of `OTHERS`.
    others: [Option<usize>; OTHERS.len()],
}

#[derive(Clone, Copy)]
struct IdentityColumn {
    position: usize,
    name: &'static str,
}

/// Reads the rows; the header is after `skipped` lines.
pub fn read(text: &str, skipped: u64) -> (Vec<Leaver>, Vec<LeaversError>) {
    let body: usize = text.split_inclusive('\n').take(usize::try_from(skipped).unwrap_or(0)).map(str::len).sum();
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(&text.as_bytes()[body..]);
    // The line numbers of the csv crate are too low if lines end with CR LF, so they are counted here.
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    let line_of = |position: Option<&Position>| {
        let byte = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0) + body;
        let blank = text[byte..].len() - text[byte..].trim_start_matches(['\r', '\n']).len();
        ends.partition_point(|end| *end < byte + blank) as u64 + 1
    };
    let mut errors = Vec::new();
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            let kind = LeaversErrorKind::Row(error.to_string());
            return (Vec::new(), vec![LeaversError { line: skipped + 1, kind }]);
        }
    };
    let Some(columns) = columns(&header, skipped + 1, &mut errors) else { return (Vec::new(), errors) };
    let mut leavers = Vec::new();
    for row in reader.records() {
        match row {
            Ok(row) => leavers.extend(leaver(&row, &columns, line_of(row.position()), &mut errors)),
            Err(error) => {
                let kind = LeaversErrorKind::Row(row_fault(&error));
                errors.push(LeaversError { line: line_of(error.position()), kind });
            }
        }
    }
    (leavers, errors)
}

/// Why the csv crate refuses a row.
pub fn row_fault(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let fields = if *len == 1 { "field" } else { "fields" };
            format!("it has {len} {fields}, the header has {expected_len}")
        }
        _ => error.to_string(),
    }
}

fn columns(header: &StringRecord, line: u64, errors: &mut Vec<LeaversError>) -> Option<ListColumns> {
    let mut fault = |kind| errors.push(LeaversError { line, kind });
    let mut identities = Vec::new();
    let mut others = [None; OTHERS.len()];
    let mut good = true;
    for (at, name) in header.iter().enumerate() {
        let known = |names: &[&'static str]| names.iter().position(|known| known.eq_ignore_ascii_case(name));
        if let Some(identity) = known(&IDENTITIES) {
            identities.push(IdentityColumn { position: at, name: IDENTITIES[identity] });
        } else if let Some(other) = known(&OTHERS) {
            if others[other].replace(at).is_some() {
                fault(LeaversErrorKind::SecondColumn(name.to_owned()));
                good = false;
            }
        } else {
            fault(LeaversErrorKind::UnknownColumn(name.to_owned()));
            good = false;
        }
    }
    match identities.as_slice() {
        [identity] if good => Some(ListColumns { identity: *identity, others }),
        [_] => None,
        _ => {
            fault(LeaversErrorKind::IdentityColumns);
            None
        }
    }
}

fn leaver(row: &StringRecord, columns: &ListColumns, line: u64, errors: &mut Vec<LeaversError>) -> Option<Leaver> {
    let mut fault = |kind| errors.push(LeaversError { line, kind });
    let field = |at: usize| row.get(at).filter(|text| !text.is_empty());
    let other = |name: &str| {
        let at = OTHERS.iter().position(|known| *known == name)?;
        field(columns.others[at]?)
    };
    let IdentityColumn { position: at, name: column } = columns.identity;
    let identity = match field(at) {
        None => {
            fault(LeaversErrorKind::NoIdentity);
            None
        }
        Some(text) => identity(column, text).map_err(&mut fault).ok(),
    };
    let names = std::iter::once((column, field(at))).chain(OTHERS.iter().map(|name| (*name, other(name))));
    for (name, value) in names {
        if value.is_some_and(|value| value.chars().any(char::is_control)) {
            fault(LeaversErrorKind::Control(name));
        }
    }
    let action = match other("action") {
        None => Action::Delete,
        Some(word) => word.parse().unwrap_or_else(|_| {
            fault(LeaversErrorKind::Action(word.to_owned()));
            Action::Delete
        }),
    };
    let effective = other("effective").and_then(|text| {
        let date = effective_day(text);
        if date.is_none() {
            fault(LeaversErrorKind::Date(text.to_owned()));
        }
        date
    });
    let leaver = Leaver {
        identity: identity?,
        action,
        effective,
        successor: other("successor").map(Identity::from_text),
        ticket: other("ticket").map(str::to_owned),
        note: other("note").map(str::to_owned),
        line,
        requested_by: super::RequestedBy::Person,
    };
    // A leaver with a fault in another field still counts for `listed_twice`.
    Some(leaver)
}

/// The day from which a request is effective: a date, or the first day in UTC that begins at or after a time with its zone.
/// So nothing is done before the time.
fn effective_day(text: &str) -> Option<Date> {
    if let Ok(date) = iso_date(text.as_bytes()) {
        return Some(date);
    }
    let time = iso_date_time(text.as_bytes()).ok()?.to_zoned(TimeZone::UTC).datetime();
    if time.time() == Time::midnight() { Some(time.date()) } else { time.date().tomorrow().ok() }
}

fn identity(column: &str, text: &str) -> Result<Identity, LeaversErrorKind> {
    match column {
        "id" => Ok(Identity::from_text(text)),
        "dn" => Dn::parse(text.as_bytes())
            .ok()
            .filter(|dn| !dn.is_root())
            .map(Identity::Dn)
            .ok_or_else(|| LeaversErrorKind::Dn(text.to_owned())),
        attribute => AttributeDescription::parse(attribute.as_bytes())
            .map(|description| Identity::Attribute { description, value: text.to_owned() })
            .map_err(|error| LeaversErrorKind::Dn(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_days() {
        for (text, expected) in [
            ("2026-12-01", Some("2026-12-01")),
            ("2026-12-01T00:00Z", Some("2026-12-01")),
            ("2026-12-01T00:00:01Z", Some("2026-12-02")),
            ("2026-12-01T18:00Z", Some("2026-12-02")),
            ("2026-12-01T18:00:00-08:00", Some("2026-12-03")),
            ("2026-12-01T00:00+02:00", Some("2026-12-01")),
            ("2026-12-01 02:00+02:00", Some("2026-12-01")),
            ("2026-12-31T12:00Z", Some("2027-01-01")),
            ("2026-12-01T18:00", None),
            ("2026-12-01+02:00", None),
            ("2026-12-01[Europe/Berlin]", None),
            ("2026-12-01T00:00+02:00[Europe/Berlin]", None),
            ("-002026-11-21", None),
            ("+002026-11-21", None),
            ("20261201", None),
            ("20261201000000Z", None),
            ("2026-W49-2", None),
            ("2026-335", None),
            ("2026-02-30", None),
            ("01.12.2026", None),
            ("9999-12-31T12:00Z", None),
        ] {
            assert_eq!(effective_day(text).map(|day| day.to_string()).as_deref(), expected, "{text}");
        }
    }
}
