//! Rosters that are CSV (RFC 4180) with a header.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::super::csv_list::row_fault;
use super::{RosterError, RosterRecord, RosterRecords, RosterRules, checked_key, same};

/// The characters that may separate fields.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A column that has a meaning in a leaver list and none in a roster: an account of a row with a later day would be disabled
/// today.
const EFFECTIVE: &str = "effective";

/// The positions of the columns that the policy names.
#[derive(Clone, Copy)]
struct RosterColumns {
    key: usize,
    status: Option<usize>,
}

/// Reads the header and the records of a file.
pub fn read(text: &str, rules: &RosterRules) -> Result<RosterRecords, Vec<RosterError>> {
    let is_header = |line: &str| !line.trim().is_empty() && !line.starts_with('#');
    let start: usize = text.split_inclusive('\n').take_while(|line| !is_header(line)).map(str::len).sum();
    let body = &text[start..];
    let mut lines = LineCounter { text: body, byte: 0, line: 1 + text[..start].matches('\n').count() as u64 };
    if body.is_empty() {
        return Err(vec![RosterError::NoHeader { line: 1, key: rules.key.clone(), columns: Vec::new() }]);
    }
    let (delimiter, columns) = header(body, rules, lines.line).map_err(|error| vec![error])?;
    if let Some((byte, reason)) = stray_quote(body.as_bytes(), delimiter) {
        return Err(vec![RosterError::Row { line: lines.line_at(byte), reason: reason.to_owned() }]);
    }
    let mut records = Vec::new();
    let mut errors = Vec::new();
    for record in reader(body, delimiter).records() {
        match record {
            Ok(record) => {
                let line = lines.line_of(record.position());
                let status = columns.status.and_then(|at| record.get(at));
                let key = checked_key(record.get(columns.key).unwrap_or_default());
                let content = key.map(|key| (key.to_owned(), rules.status_of_row(status.into_iter())));
                records.push(RosterRecord { line, content });
            }
            Err(error) => {
                let reason = row_fault(&error);
                errors.push(RosterError::Row { line: lines.line_of(error.position()), reason });
            }
        }
    }
    if errors.is_empty() {
        Ok(RosterRecords { records, faults: Vec::new(), ends_with_record: true })
    } else {
        Err(errors)
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).from_reader(text.as_bytes())
}

/// The delimiter that finds the columns of the policy in the header, and their positions.
///
/// At most one delimiter finds them, because a name has the same delimiter on both sides. If none does, the error is that of
/// the delimiter that splits the header into most fields.
fn header(text: &str, rules: &RosterRules, line: u64) -> Result<(u8, RosterColumns), RosterError> {
    let mut refused: Option<(usize, RosterError)> = None;
    for delimiter in DELIMITERS {
        let mut reader = reader(text, delimiter);
        let header = reader.headers().map_err(|error| RosterError::Row { line, reason: error.to_string() })?;
        match columns(header, rules, line) {
            Ok(columns) => return Ok((delimiter, columns)),
            Err(_) if refused.as_ref().is_some_and(|(parts, _)| *parts >= header.len()) => {}
            Err(error) => refused = Some((header.len(), error)),
        }
    }
    let none = || RosterError::NoHeader { line, key: rules.key.clone(), columns: Vec::new() };
    Err(refused.map_or_else(none, |(_, error)| error))
}

fn columns(header: &StringRecord, rules: &RosterRules, line: u64) -> Result<RosterColumns, RosterError> {
    let columns = || header.iter().map(str::to_owned).collect();
    let find = |name: &str| {
        let mut at = header.iter().enumerate().filter(|(_, column)| same(column, name)).map(|(at, _)| at);
        match (at.next(), at.next()) {
            (Some(_), Some(_)) => Err(RosterError::SecondColumn { line, name: name.to_owned() }),
            (at, _) => Ok(at),
        }
    };
    let lack = |name: &str| RosterError::NoColumn { line, name: name.to_owned(), columns: columns() };
    let is_named = |name: &str| same(&rules.key, name) || rules.status.as_deref().is_some_and(|own| same(own, name));
    if let Some(name) = header.iter().find(|column| same(column, EFFECTIVE) && !is_named(column)) {
        return Err(RosterError::NotRead { line, name: name.to_owned() });
    }
    let key = find(&rules.key)?;
    let status = rules.status.as_deref().map(|name| find(name).map(|at| (name, at))).transpose()?;
    match (key, status) {
        (Some(key), None) => Ok(RosterColumns { key, status: None }),
        (Some(key), Some((_, Some(status)))) => Ok(RosterColumns { key, status: Some(status) }),
        (Some(_), Some((name, None))) => Err(lack(name)),
        (None, Some((_, Some(_)))) => Err(lack(&rules.key)),
        (None, None | Some((_, None))) => {
            Err(RosterError::NoHeader { line, key: rules.key.clone(), columns: columns() })
        }
    }
}

/// Finds the lines of byte offsets, which must be given in ascending order.
///
/// The line numbers of the csv crate are too low if lines end with CR LF.
struct LineCounter<'t> {
    text: &'t str,
    byte: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn line_at(&mut self, byte: usize) -> u64 {
        let byte = byte.clamp(self.byte, self.text.len());
        self.line += memchr::memchr_iter(b'\n', &self.text.as_bytes()[self.byte..byte]).count() as u64;
        self.byte = byte;
        self.line
    }

    /// The line of a record. The csv crate counts the line ends before a record as its beginning.
    fn line_of(&mut self, position: Option<&csv::Position>) -> u64 {
        let byte = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.byte);
        let ends = self.text.as_bytes().iter().skip(byte).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line_at(byte + ends)
    }
}

/// The first quote that RFC 4180 does not allow, and the reason. The csv crate accepts such quotes, and reads a field that
/// is never closed up to the end of the file.
fn stray_quote(text: &[u8], delimiter: u8) -> Option<(usize, &'static str)> {
    const INSIDE: &str = "a quote inside a field that is not quoted as a whole";
    enum Field {
        Start,
        Plain,
        Quoted { from: usize },
        Closed { from: usize },
    }
    let mut field = Field::Start;
    for (at, &byte) in text.iter().enumerate() {
        let ends = byte == delimiter || byte == b'\n' || byte == b'\r';
        field = match (field, byte) {
            (Field::Quoted { from }, b'"') => Field::Closed { from },
            (Field::Quoted { from }, _) | (Field::Closed { from }, b'"') => Field::Quoted { from },
            (_, _) if ends => Field::Start,
            (Field::Start, b'"') => Field::Quoted { from: at },
            (Field::Plain, b'"') | (Field::Closed { .. }, _) => return Some((at, INSIDE)),
            (Field::Start | Field::Plain, _) => Field::Plain,
        };
    }
    match field {
        Field::Quoted { from } => Some((from, "a quote is opened here and never closed")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        const INSIDE: &str = "a quote inside a field that is not quoted as a whole";
        let table = [
            ("a,b\n", None),
            ("\"a\",\"b\"\r\n\"\"\n", None),
            ("\"a\"\"b\"", None),
            ("\"a,\n\"\"\",b", None),
            ("a;\"b,\"", Some((2, INSIDE))),
            ("a,\"b", Some((2, "a quote is opened here and never closed"))),
            ("\"a\"\"", Some((0, "a quote is opened here and never closed"))),
            ("a,b\"\"c", Some((3, INSIDE))),
            ("a, \"b\"", Some((3, INSIDE))),
            ("\"a\" ,b", Some((3, INSIDE))),
        ];
        for (text, expected) in table {
            assert_eq!(stray_quote(text.as_bytes(), b','), expected, "{text:?}");
        }
    }

    #[test]
    fn the_delimiter_finds_the_columns() {
        let rules = |status: Option<&str>| RosterRules {
            key: "id".to_owned(),
            status: status.map(str::to_owned),
            inactive: Vec::new(),
            active: Vec::new(),
            trailer: None,
        };
        let table = [
            ("id,state\n", Some("state"), Some((b',', 0, Some(1)))),
            ("name, first;ID ;\"State\"\n", Some("state"), Some((b';', 1, Some(2)))),
            ("a;b\tstate\tid\n", Some("state"), Some((b'\t', 2, Some(1)))),
            ("id\n", None, Some((b',', 0, None))),
            ("id;a,b\n", None, Some((b';', 0, None))),
            ("id\n", Some("state"), None),
            ("id,a;state\n", Some("state"), None),
            ("id|state\n", Some("state"), None),
            ("id,state,Effective\n", Some("state"), None),
            ("id,effective\n", Some("effective"), Some((b',', 0, Some(1)))),
        ];
        for (text, status, expected) in table {
            let found = header(text, &rules(status), 1).ok();
            assert_eq!(found.map(|(delimiter, at)| (delimiter, at.key, at.status)), expected, "{text:?}");
        }
    }
}
