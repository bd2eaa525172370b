//! Rosters: lists of all people of an organisation, and what may be concluded from them.
//!
//! A leaver list names the accounts to offboard. A roster lists all people, with or without a status, so it can show two
//! things. The second is weak evidence:
//!
//! | person | shows | required |
//! | --- | --- | --- |
//! | listed as left | that the person has left | the file is not cut: no [`Doubt`] that [refuses it anyway](Doubt::refuses_anyway) |
//! | not listed | nothing by itself | the policy asks for it, and there is no doubt at all: see [`Completeness`] |
//!
//! The reason: "it is a bad idea to make destructive decisions based on an absence of information" (an article on
//! deprovisioning with Identity Lifecycle Manager). Office `SharePoint` Server 2007 SP2 treated users as deleted when a
//! domain controller did not answer, until an update of December 2009 changed that default.
//!
//! # Forms
//!
//! | form | recognised by the first line that is neither blank nor a comment | a row |
//! | --- | --- | --- |
//! | LDIF content (RFC 2849) | it begins with `dn:` or `version:` | one entry; the key `dn` is its name |
//! | CSV (RFC 4180) with a header | anything else | one record; the delimiter is that of `,`, `;` and TAB which finds the columns in the header |
//!
//! A UTF-8 byte order mark and CR LF are accepted. Names of columns and values of the status are compared without regard
//! to case and outer blanks. A `"` inside a CSV field that does not begin with `"` is refused, as in RFC 4180: such a file
//! may have been cut or joined inside a field.
//!
//! # Rows
//!
//! | key | status | result |
//! | --- | --- | --- |
//! | missing, empty, several, not UTF-8, or with a control character | | a [`RowFault`] |
//! | one | the policy has no status column | active |
//! | one | an inactive value | inactive |
//! | one | an active value; if the policy lists none, any value that is not inactive | active |
//! | one | in both lists or in neither, missing, empty; several that disagree | unknown |
//!
//! | the same key in a later row | result |
//! | --- | --- |
//! | with the same status | the first row only |
//! | with another status (keys are equal except for case and blanks) | both rows, and a [`RowFault`] that names both lines |
//!
//! If the last line has no line end and no trailer shows that the file is whole, it is a [`RowFault`]: a key that is cut
//! may be the key of another person. The row is kept only if it is active, because that can do no harm.
//!
//! # Size
//!
//! Every record of the file counts as a row, also a faulty or repeated one, because a program that writes a trailer counts
//! them, too.

mod doubt;
mod entries;
mod error;
mod table;
mod trailer;

use std::collections::HashMap;

use jiff::civil::Date;

pub use doubt::{Completeness, Doubt};
pub use error::{RosterError, RowFault, RowFaultKind};
pub use trailer::Trailer;

use crate::ldap::matching::{MatchingRule, normalize};
use crate::ldap::time;

/// How the rows of a roster are read, from the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRules {
    /// The column, or the attribute, that identifies the person of a row.
    pub key: String,
    /// The column, or the attribute, of the status; without one, every listed person is active.
    pub status: Option<String>,
    /// Values of the status of people who have left.
    pub inactive: Vec<String>,
    /// Values of the status of active people; if empty, every value that is not inactive.
    pub active: Vec<String>,
    /// The pattern of the last line.
    pub trailer: Option<Trailer>,
}

impl RosterRules {
    /// The status of a row, from the values of its status column or attribute.
    fn status_of_row<'v>(&self, values: impl Iterator<Item = &'v str> + Clone) -> RosterStatus {
        if self.status.is_none() {
            return RosterStatus::Active;
        }
        let mut each = values.clone().map(|value| self.status_of_value(value.trim()));
        let Some(first) = each.next() else { return RosterStatus::Unknown(String::new()) };
        if each.all(|other| other == first) {
            return first;
        }
        RosterStatus::Unknown(values.map(str::trim).collect::<Vec<_>>().join(", "))
    }

    fn status_of_value(&self, value: &str) -> RosterStatus {
        let is_one_of = |list: &[String]| list.iter().any(|known| same(known, value));
        match (is_one_of(&self.inactive), is_one_of(&self.active)) {
            (true, false) if !value.is_empty() => RosterStatus::Inactive,
            (false, true) if !value.is_empty() => RosterStatus::Active,
            (false, false) if !value.is_empty() && self.active.is_empty() => RosterStatus::Active,
            _ => RosterStatus::Unknown(value.to_owned()),
        }
    }
}

/// Whether two texts are equal except for case and blanks, prepared as in RFC 4518: `zurück` in NFC equals that in NFD.
fn same(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

fn folded(text: &str) -> Vec<u8> {
    normalize(MatchingRule::CaseIgnore, text.trim().as_bytes()).into_owned()
}

/// Whether a person is active, as a row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RosterStatus {
    /// The person is active.
    Active,
    /// The person has left.
    Inactive,
    /// The status, as written, is neither an active nor an inactive one.
    Unknown(String),
}

/// One person in a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRow {
    /// The key of the person, without outer blanks.
    pub key: String,
    /// The status of the person.
    pub status: RosterStatus,
    /// The line of the roster, from 1.
    pub line: u64,
}

/// A roster that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The usable rows, in the order of the file.
    pub rows: Vec<RosterRow>,
    /// The number of records in the file, including faulty and repeated ones.
    pub listed: u64,
    /// The number of records in the trailer; equal to `listed`.
    pub declared_rows: Option<u64>,
    /// The day in the trailer; in UTC if it has a time.
    pub date: Option<Date>,
    /// The faults, in the order of the file.
    pub faulty: Vec<RowFault>,
}

/// Reads a roster; on failure, the reasons why the file cannot be used as a whole.
pub fn read(bytes: &[u8], rules: &RosterRules) -> Result<Roster, Vec<RosterError>> {
    let one = |error| vec![error];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() as u64;
        one(RosterError::NotUtf8 { line })
    })?;
    if text.trim().is_empty() {
        return Err(one(RosterError::Empty));
    }
    let (text, last) = match &rules.trailer {
        None => (text, None),
        Some(trailer) => cut_trailer(text, trailer).map(|(text, last)| (text, Some(last))).map_err(one)?,
    };
    let ldif = entries::is_ldif(text);
    let file = if ldif { entries::read(text, rules) } else { table::read(text, rules) }?;
    let listed = file.records.len() as u64;
    if let Some(LastLine { line, rows: declared, .. }) = last
        && declared != listed
    {
        return Err(one(RosterError::Count { line, declared, read: listed }));
    }
    if listed == 0 {
        return Err(one(RosterError::Empty));
    }
    // With a trailer the file is not cut, and a cut comment is not a cut record.
    let in_comment = ldif && text.lines().next_back().is_some_and(|line| line.starts_with('#'));
    let open = last.is_none() && file.ends_with_record && !in_comment && !text.ends_with(['\n', '\r']);
    let (rows, faulty) = rows_and_faults(file, open);
    Ok(Roster {
        rows,
        listed,
        declared_rows: last.map(|last| last.rows),
        date: last.and_then(|last| last.date),
        faulty,
    })
}

/// The contents of a trailer.
#[derive(Clone, Copy)]
struct LastLine {
    line: u64,
    rows: u64,
    date: Option<Date>,
}

/// Splits a file into the text before the trailer and the trailer.
fn cut_trailer<'t>(text: &'t str, trailer: &Trailer) -> Result<(&'t str, LastLine), RosterError> {
    let end = text.trim_end().len();
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let line = 1 + text[..start].matches('\n').count() as u64;
    let found = trailer.find(&text[start..end]).ok_or(RosterError::NoTrailer { line })?;
    let bad_date = |reason| RosterError::BadDate { line, text: found.date.unwrap_or_default().to_owned(), reason };
    let date = found.date.map(|date| time::utc_date(date.as_bytes())).transpose().map_err(bad_date)?;
    Ok((&text[..start], LastLine { line, rows: found.rows, date }))
}

/// A record of the file.
#[derive(Debug, PartialEq)]
struct RosterRecord {
    /// The line of the file, from 1.
    line: u64,
    /// The key and the status of the person, or why the record cannot be used.
    content: Result<(String, RosterStatus), RowFaultKind>,
}

/// The contents of a file in one of the forms.
struct RosterRecords {
    /// Every record of the file.
    records: Vec<RosterRecord>,
    /// Faults that are not in a record.
    faults: Vec<RowFault>,
    /// Whether the file ends with a record.
    ends_with_record: bool,
}

/// The key of a row without outer blanks, if it is valid.
fn checked_key(key: &str) -> Result<&str, RowFaultKind> {
    match key.trim() {
        "" => Err(RowFaultKind::NoKey),
        key if key.chars().any(char::is_control) => Err(RowFaultKind::Control),
        key => Ok(key),
    }
}

/// The rows and faults of a file, with one row for each key and status. `open` is whether the last line has no line end.
fn rows_and_faults(file: RosterRecords, open: bool) -> (Vec<RosterRow>, Vec<RowFault>) {
    let RosterRecords { records, mut faults, .. } = file;
    let mut rows: Vec<RosterRow> = Vec::with_capacity(records.len());
    let mut listed: HashMap<Vec<u8>, Vec<usize>> = HashMap::with_capacity(records.len());
    let last = records.len();
    for (number, RosterRecord { line, content }) in records.into_iter().enumerate() {
        let cut = open && number + 1 == last;
        if cut {
            faults.push(RowFault { line, kind: RowFaultKind::Open });
        }
        let (key, status) = match content {
            Ok((_, status)) if cut && status != RosterStatus::Active => continue,
            Ok(row) => row,
            Err(kind) => {
                faults.push(RowFault { line, kind });
                continue;
            }
        };
        // Keys are folded only to find contradictions. Whether two spellings are one person depends on the directory.
        let earlier = listed.entry(folded(&key)).or_default();
        let same_status: Vec<&RosterRow> =
            earlier.iter().map(|at| &rows[*at]).filter(|row| row.status == status).collect();
        if same_status.iter().any(|row| row.key == key) {
            continue;
        }
        if let (Some(first), true) = (earlier.first(), same_status.is_empty()) {
            faults.push(RowFault { line, kind: RowFaultKind::Contradicts { line: rows[*first].line } });
        }
        earlier.push(rows.len());
        rows.push(RosterRow { key, status, line });
    }
    faults.sort_by_key(|fault| fault.line);
    (rows, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(trailer: Option<&str>) -> RosterRules {
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        RosterRules {
            key: "employeeNumber".to_owned(),
            status: Some("state".to_owned()),
            inactive: list(&["left", "Retired"]),
            active: list(&[]),
            trailer: trailer.map(|pattern| Trailer::parse(pattern).unwrap()),
        }
    }

    /// Rows as `line key status`, then faults.
    fn read_text(text: &str, rules: &RosterRules) -> Result<Vec<String>, Vec<String>> {
        let roster = read(text.as_bytes(), rules)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let status = |status: &RosterStatus| match status {
            RosterStatus::Active => "active".to_owned(),
            RosterStatus::Inactive => "left".to_owned(),
            RosterStatus::Unknown(value) => format!("unknown `{value}`"),
        };
        let rows = roster.rows.iter().map(|row| format!("{} {} {}", row.line, row.key, status(&row.status)));
        Ok(rows.chain(roster.faulty.iter().map(|fault| format!("fault: {fault}"))).collect())
    }

    #[test]
    fn status_of_a_row() {
        let table = [
            // status column, active values, values of the row
            (None, vec![], vec![], RosterStatus::Active),
            (None, vec![], vec!["left"], RosterStatus::Active),
            (Some("state"), vec![], vec!["left"], RosterStatus::Inactive),
            (Some("state"), vec![], vec![" LEFT "], RosterStatus::Inactive),
            (Some("state"), vec![], vec!["retired"], RosterStatus::Inactive),
            (Some("state"), vec![], vec!["on leave"], RosterStatus::Active),
            (Some("state"), vec![], vec![""], RosterStatus::Unknown(String::new())),
            (Some("state"), vec![], vec!["  "], RosterStatus::Unknown(String::new())),
            (Some("state"), vec![], vec![], RosterStatus::Unknown(String::new())),
            (Some("state"), vec!["active"], vec!["Active"], RosterStatus::Active),
            (Some("state"), vec!["active"], vec!["on leave"], RosterStatus::Unknown("on leave".to_owned())),
            (Some("state"), vec!["left"], vec!["left"], RosterStatus::Unknown("left".to_owned())),
            (Some("state"), vec![], vec!["left", "retired"], RosterStatus::Inactive),
            (Some("state"), vec![], vec!["left", "active"], RosterStatus::Unknown("left, active".to_owned())),
        ];
        for (status, active, values, expected) in table {
            let active = active.iter().map(|value| (*value).to_owned()).collect();
            let rules = RosterRules { status: status.map(str::to_owned), active, ..rules(None) };
            assert_eq!(rules.status_of_row(values.iter().copied()), expected, "{status:?} {values:?}");
        }
        let rules = RosterRules { inactive: vec![String::new()], ..rules(None) };
        assert_eq!(
            rules.status_of_row([""].into_iter()),
            RosterStatus::Unknown(String::new()),
            "an empty status is unknown"
        );
    }

    #[test]
    fn both_forms() {
        let table = [
            ("employeeNumber,state\nE1,active\nE2,left\n", vec!["2 E1 active", "3 E2 left"]),
            ("\u{feff}Name;STATE;EmployeeNumber\r\n\"Doe; Pat\";left;E1\r\n", vec!["2 E1 left"]),
            ("\n# from HR\n\nstate\temployeeNumber\n\nleft\t E1 \n", vec!["6 E1 left"]),
            ("name, first,state,employeeNumber\n\"a\r\nb\",c,left,E1\r\n,,left,E2\n", vec!["2 E1 left", "4 E2 left"]),
            (
                "dn: uid=a\nemployeenumber: E1\nSTATE: left\n\ndn: uid=b\nemployeeNumber:: RTI=\nstate:\n",
                vec!["1 E1 left", "5 E2 unknown ``"],
            ),
            (
                "# a search\n  of all people\n\nversion: 1\n\nDN: uid=a\r\nemployeeNumber: E\r\n 1\r\nstate: left\n",
                vec!["6 E1 left"],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(
                read_text(text, &rules(None)),
                Ok(expected.iter().map(ToString::to_string).collect()),
                "{text:?}"
            );
        }
        let by_name = RosterRules { key: "dn".to_owned(), status: None, ..rules(None) };
        assert_eq!(read_text("dn: uid=a,o=x\ncn: a\n", &by_name).unwrap(), ["1 uid=a,o=x active"]);
    }

    #[test]
    fn rows_that_cannot_be_used() {
        let table = [
            (",left\nE2,left\n", vec!["3 E2 left", "fault: line 2: the key is missing or empty"]),
            ("\"E\u{1b}1\",left\nE2,left\n", vec!["3 E2 left", "fault: line 2: the key contains a control character"]),
            ("E1,left\nE1, Left\n", vec!["2 E1 left"]),
            (
                "E1,left\nE1,active\nE1,left\n",
                vec!["2 E1 left", "3 E1 active", "fault: line 3: the same key has another status on line 2"],
            ),
            (
                "e 1,left\nE  1,active\n",
                vec!["2 e 1 left", "3 E  1 active", "fault: line 3: the same key has another status on line 2"],
            ),
            ("E1,left\ne1,left\n", vec!["2 E1 left", "3 e1 left"]),
            (
                "E1,left\nE2,left",
                vec!["2 E1 left", "fault: line 3: the last line has no line end; the file may be cut there"],
            ),
            (
                "E1,left\nE2,active",
                vec![
                    "2 E1 left",
                    "3 E2 active",
                    "fault: line 3: the last line has no line end; the file may be cut there",
                ],
            ),
        ];
        for (rows, expected) in table {
            let text = format!("employeeNumber,state\n{rows}");
            assert_eq!(
                read_text(&text, &rules(None)),
                Ok(expected.iter().map(ToString::to_string).collect()),
                "{rows:?}"
            );
        }
    }

    #[test]
    fn the_last_line_proves_the_size() {
        let pattern = "# END rows={{ rows }} date={{ date }}";
        let body = "employeeNumber,state\nE1,left\n,left\nE1,left\n";
        let whole = format!("{body}# END rows=3 date=2026-11-20T23:30:00-01:00\r\n\r\n");
        let roster = read(whole.as_bytes(), &rules(Some(pattern))).unwrap();
        // Faulty and repeated rows count, because the program that wrote the file counted them.
        assert_eq!((roster.rows.len(), roster.listed, roster.declared_rows), (1, 3, Some(3)));
        assert_eq!(roster.date, Some(jiff::civil::date(2026, 11, 21)));
        let table = [
            (body.to_owned(), "line 4: the last line does not match the trailer of the policy; the file may be cut"),
            (
                format!("{body}# END rows=3\n"),
                "line 5: the last line does not match the trailer of the policy; the file may be cut",
            ),
            (format!("{body}# END rows=4 date=2026-11-20\n"), "line 5: the trailer says 4 rows, but the file has 3"),
            (
                format!("{body}# END rows=3 date=2026-11-2"),
                "line 5: `2026-11-2` in the trailer is not a date: expected 2 digits of the day (at byte 8)",
            ),
            (format!("{whole}{whole}"), "line 5: not a row of this table: it has 1 field, the header has 2"),
            ("# END rows=0 date=2026-11-20\n".to_owned(), "line 1: no header with the column `employeeNumber`"),
        ];
        for (text, expected) in table {
            let errors = read_text(&text, &rules(Some(pattern))).unwrap_err();
            assert_eq!(errors[0], expected, "{text:?}");
        }
    }

    #[test]
    fn files_that_cannot_be_used() {
        let table: [(&[u8], &str); 16] = [
            (b"", "the roster is empty"),
            (b"\xef\xbb\xbf\r\n \n", "the roster is empty"),
            (b"employeeNumber,state\n", "the roster is empty"),
            (b"employeeNumber,state\nE1,l\xe9ft\n", "line 2: not UTF-8 text; save the file as UTF-8"),
            (b"# nothing\n", "line 1: no header with the column `employeeNumber`"),
            (
                b"E1,left\nE2,left\n",
                "line 1: no header with the column `employeeNumber`; the first line has `E1`, `left`",
            ),
            (
                b"employeeNumber,status\nE1,left\n",
                "line 1: no column `state`; the header has `employeeNumber`, `status`",
            ),
            (b"state,employeeNumber,STATE\nleft,E1,x\n", "line 1: the column `state` appears twice"),
            (b"employeeNumber,state\nE1\n", "line 2: not a row of this table: it has 1 field, the header has 2"),
            (
                b"employeeNumber,state\nE1,\"left\nE2,left\n",
                "line 2: not a row of this table: a quote is opened here and never closed",
            ),
            (
                b"employeeNumber,state\nE1,\"left\" x\n",
                "line 2: not a row of this table: a quote inside a field that is not quoted as a whole",
            ),
            (
                b"employeeNumber,state\n\"x\n\"\"\",left\nE\"1,left\n",
                "line 4: not a row of this table: a quote inside a field that is not quoted as a whole",
            ),
            (b"dn: uid=a\nState: left\n", "no entry has the attribute `employeeNumber`; the entries have `State`"),
            (
                b"dn: uid=a\nemployeeNumber: E1\n",
                "no entry has the attribute `state`; the entries have `employeeNumber`",
            ),
            (b"dn: uid=a\nchangetype: delete\n", "line 1: this is a change record; a roster must have entries only"),
            (b"dn: uid=a\nstate left\n", "line 2, column 6: expected `:` after the attribute description"),
        ];
        for (text, expected) in table {
            let errors = read(text, &rules(None)).unwrap_err();
            assert_eq!(
                errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
                [expected],
                "{}",
                text.escape_ascii()
            );
        }
    }
}
