//! Rosters: lists of everybody who is employed, and what may be concluded from them.
//!
//! A leaver list names who leaves. A roster names everybody, with a status or without, so it can say two things, and
//! the second is worth much less:
//!
//! | somebody | says | needs |
//! | --- | --- | --- |
//! | is listed as having left | that this person left | that the file is not cut: no [`Doubt`] that [refuses it anyway](Doubt::refuses_anyway) |
//! | is not listed | nothing by itself | a policy that wants it so, and no doubt at all: see [`Completeness`] |
//!
//! The reason: "it is a bad idea to make destructive decisions based on an absence of information" (an article on
//! deprovisioning with Identity Lifecycle Manager). Office `SharePoint` Server 2007 SP2 took users for gone when a domain
//! controller did not answer, until the update of December 2009 turned that default round.
//!
//! # Forms
//!
//! | form | told by the first line that is neither blank nor a comment | a row |
//! | --- | --- | --- |
//! | LDIF content (RFC 2849) | it begins with `dn:` or `version:` | one entry; the key `dn` is its name |
//! | CSV (RFC 4180) with a header | anything else | one record; fields end with `,`, `;` or TAB, whichever finds the columns in the header |
//!
//! A UTF-8 byte order mark and CR LF are taken. Names of columns and values of the status are compared ignoring case and
//! outer blanks. A `"` inside a CSV field that does not begin with one is refused, as the RFC has it: such a file may
//! have been cut or joined inside a field.
//!
//! # A row
//!
//! | key | status | becomes |
//! | --- | --- | --- |
//! | absent, empty, more than one, not UTF-8, or with a control character | | a [`Fault`] |
//! | one | no status in the policy | active |
//! | one | an inactive value | inactive |
//! | one | an active value; or, if the policy lists none, any that is not inactive | active |
//! | one | in both lists or in neither, absent, empty; several that disagree | unknown |
//!
//! | a key again | becomes |
//! | --- | --- |
//! | with the same standing | the first row only |
//! | with another standing (spelled the same but for case and blanks) | both rows, and a [`Fault`] that names both lines |
//!
//! A last line without a line end, where no trailer says that the file is whole, is a [`Fault`]: a key cut short is the
//! key of somebody else. Its row is kept only if it says active, for that harms nobody.
//!
//! # Size
//!
//! Every record of the file counts as a row, also the faulty and the repeated, because that is what a program that
//! writes a trailer counts.

mod doubt;
mod entries;
mod error;
mod table;
mod trailer;

use std::collections::HashMap;

use jiff::civil::Date;

pub use doubt::{Completeness, Doubt};
pub use error::{Fault, FaultKind, RosterError};
pub use trailer::Trailer;

use crate::ldap::time;

/// What the policy says of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The column, or the attribute, that says who a row is about.
    pub key: String,
    /// The column, or the attribute, of the status; without one, being listed is being active.
    pub status: Option<String>,
    /// Values of the status that say "left".
    pub inactive: Vec<String>,
    /// Values that say "active"; if there are none, every value that is not inactive does.
    pub active: Vec<String>,
    /// What the last line must be.
    pub trailer: Option<Trailer>,
}

impl Rules {
    /// What the values of the status of one row come to.
    fn standing<'v>(&self, values: impl Iterator<Item = &'v str> + Clone) -> Standing {
        if self.status.is_none() {
            return Standing::Active;
        }
        let mut each = values.clone().map(|value| self.standing_of(value.trim()));
        let Some(first) = each.next() else { return Standing::Unknown(String::new()) };
        if each.all(|other| other == first) {
            return first;
        }
        Standing::Unknown(values.map(str::trim).collect::<Vec<_>>().join(", "))
    }

    fn standing_of(&self, value: &str) -> Standing {
        let is_one_of = |list: &[String]| list.iter().any(|known| same(known, value));
        match (is_one_of(&self.inactive), is_one_of(&self.active)) {
            (true, false) if !value.is_empty() => Standing::Inactive,
            (false, true) if !value.is_empty() => Standing::Active,
            (false, false) if !value.is_empty() && self.active.is_empty() => Standing::Active,
            _ => Standing::Unknown(value.to_owned()),
        }
    }
}

/// Whether two texts are the same but for case and outer blanks.
fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// What a row says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Employed.
    Active,
    /// Has left.
    Inactive,
    /// The status, as written, says neither.
    Unknown(String),
}

/// One person, as the roster has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who is meant, without outer blanks.
    pub key: String,
    /// What is said.
    pub standing: Standing,
    /// Line of the roster, from 1.
    pub line: u64,
}

/// A roster that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Who is listed, in the order of the file.
    pub rows: Vec<Row>,
    /// How many records the file has, also the faulty and the repeated: its size.
    pub listed: u64,
    /// How many records its trailer says there are; as many as there are.
    pub declared_rows: Option<u64>,
    /// The day in its trailer, in UTC if that says a time.
    pub date: Option<Date>,
    /// What could not be used, in the order of the file.
    pub faulty: Vec<Fault>,
}

/// Reads a roster.
pub fn read(bytes: &[u8], rules: &Rules) -> Result<Roster, Vec<RosterError>> {
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
    let readings = if ldif { entries::read(text, rules) } else { table::read(text, rules) }?;
    let listed = readings.rows.len() as u64;
    if let Some(LastLine { line, rows: declared, .. }) = last
        && declared != listed
    {
        return Err(one(RosterError::Count { line, declared, read: listed }));
    }
    if listed == 0 {
        return Err(one(RosterError::Empty));
    }
    // Behind a trailer nothing is cut, and a comment is not a part of a record.
    let in_comment = ldif && text.lines().next_back().is_some_and(|line| line.starts_with('#'));
    let open = last.is_none() && readings.ends_with_row && !in_comment && !text.ends_with(['\n', '\r']);
    let (rows, faulty) = collect(readings, open);
    Ok(Roster {
        rows,
        listed,
        declared_rows: last.map(|last| last.rows),
        date: last.and_then(|last| last.date),
        faulty,
    })
}

/// What the trailer of a file says.
#[derive(Clone, Copy)]
struct LastLine {
    line: u64,
    rows: u64,
    date: Option<Date>,
}

/// The text before its last line, and what that says.
fn cut_trailer<'t>(text: &'t str, trailer: &Trailer) -> Result<(&'t str, LastLine), RosterError> {
    let end = text.trim_end().len();
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let line = 1 + text[..start].matches('\n').count() as u64;
    let found = trailer.find(&text[start..end]).ok_or(RosterError::NoTrailer { line })?;
    let bad_date = |reason| RosterError::BadDate { line, text: found.date.unwrap_or_default().to_owned(), reason };
    let date = found.date.map(|date| time::utc_date(date.as_bytes())).transpose().map_err(bad_date)?;
    Ok((&text[..start], LastLine { line, rows: found.rows, date }))
}

/// Who is meant by a record and what is said of them, or why it cannot be used.
type Reading = Result<(String, Standing), FaultKind>;

/// What the reader of a form gives.
struct Readings {
    /// Every record of the file, with its line.
    rows: Vec<(u64, Reading)>,
    /// What is wrong next to the records.
    faults: Vec<Fault>,
    /// Whether the last thing in the file is a record.
    ends_with_row: bool,
}

/// The key of a row, if it is fit to be one.
fn checked_key(key: &str) -> Result<&str, FaultKind> {
    match key.trim() {
        "" => Err(FaultKind::NoKey),
        key if key.chars().any(char::is_control) => Err(FaultKind::Control),
        key => Ok(key),
    }
}

/// Takes each person once with each standing; `open`: the last line of the file has no end.
fn collect(readings: Readings, open: bool) -> (Vec<Row>, Vec<Fault>) {
    let Readings { rows: readings, mut faults, .. } = readings;
    let mut rows: Vec<Row> = Vec::with_capacity(readings.len());
    let mut listed: HashMap<String, Vec<usize>> = HashMap::with_capacity(readings.len());
    let last = readings.len();
    for (number, (line, reading)) in readings.into_iter().enumerate() {
        let cut = open && number + 1 == last;
        if cut {
            faults.push(Fault { line, kind: FaultKind::Open });
        }
        let (key, standing) = match reading {
            Ok((_, standing)) if cut && standing != Standing::Active => continue,
            Ok(row) => row,
            Err(kind) => {
                faults.push(Fault { line, kind });
                continue;
            }
        };
        // Folded only to find contradictions: whether two spellings are one person is for the directory to say.
        let folded = key.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let before = listed.entry(folded).or_default();
        let alike: Vec<&Row> = before.iter().map(|at| &rows[*at]).filter(|row| row.standing == standing).collect();
        if alike.iter().any(|row| row.key == key) {
            continue;
        }
        if let (Some(first), true) = (before.first(), alike.is_empty()) {
            faults.push(Fault { line, kind: FaultKind::Contradicts { line: rows[*first].line } });
        }
        before.push(rows.len());
        rows.push(Row { key, standing, line });
    }
    faults.sort_by_key(|fault| fault.line);
    (rows, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(trailer: Option<&str>) -> Rules {
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        Rules {
            key: "employeeNumber".to_owned(),
            status: Some("state".to_owned()),
            inactive: list(&["left", "Retired"]),
            active: list(&[]),
            trailer: trailer.map(|pattern| Trailer::parse(pattern).unwrap()),
        }
    }

    /// Rows as `line key standing`, then faults.
    fn said(text: &str, rules: &Rules) -> Result<Vec<String>, Vec<String>> {
        let roster = read(text.as_bytes(), rules)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let standing = |standing: &Standing| match standing {
            Standing::Active => "active".to_owned(),
            Standing::Inactive => "left".to_owned(),
            Standing::Unknown(value) => format!("unknown `{value}`"),
        };
        let rows = roster.rows.iter().map(|row| format!("{} {} {}", row.line, row.key, standing(&row.standing)));
        Ok(rows.chain(roster.faulty.iter().map(|fault| format!("fault: {fault}"))).collect())
    }

    #[test]
    fn what_a_status_comes_to() {
        let table = [
            // status, active values, the row's values
            (None, vec![], vec![], Standing::Active),
            (None, vec![], vec!["left"], Standing::Active),
            (Some("state"), vec![], vec!["left"], Standing::Inactive),
            (Some("state"), vec![], vec![" LEFT "], Standing::Inactive),
            (Some("state"), vec![], vec!["retired"], Standing::Inactive),
            (Some("state"), vec![], vec!["on leave"], Standing::Active),
            (Some("state"), vec![], vec![""], Standing::Unknown(String::new())),
            (Some("state"), vec![], vec!["  "], Standing::Unknown(String::new())),
            (Some("state"), vec![], vec![], Standing::Unknown(String::new())),
            (Some("state"), vec!["active"], vec!["Active"], Standing::Active),
            (Some("state"), vec!["active"], vec!["on leave"], Standing::Unknown("on leave".to_owned())),
            (Some("state"), vec!["left"], vec!["left"], Standing::Unknown("left".to_owned())),
            (Some("state"), vec![], vec!["left", "retired"], Standing::Inactive),
            (Some("state"), vec![], vec!["left", "active"], Standing::Unknown("left, active".to_owned())),
        ];
        for (status, active, values, expected) in table {
            let active = active.iter().map(|value| (*value).to_owned()).collect();
            let rules = Rules { status: status.map(str::to_owned), active, ..rules(None) };
            assert_eq!(rules.standing(values.iter().copied()), expected, "{status:?} {values:?}");
        }
        let rules = Rules { inactive: vec![String::new()], ..rules(None) };
        assert_eq!(rules.standing([""].into_iter()), Standing::Unknown(String::new()), "an empty status says nothing");
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
                "# a search\n  of everybody\n\nversion: 1\n\nDN: uid=a\r\nemployeeNumber: E\r\n 1\r\nstate: left\n",
                vec!["6 E1 left"],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(said(text, &rules(None)), Ok(expected.iter().map(ToString::to_string).collect()), "{text:?}");
        }
        let by_name = Rules { key: "dn".to_owned(), status: None, ..rules(None) };
        assert_eq!(said("dn: uid=a,o=x\ncn: a\n", &by_name).unwrap(), ["1 uid=a,o=x active"]);
    }

    #[test]
    fn rows_that_cannot_be_used() {
        let table = [
            (",left\nE2,left\n", vec!["3 E2 left", "fault: line 2: nobody is named: the key is absent or empty"]),
            ("\"E\u{1b}1\",left\nE2,left\n", vec!["3 E2 left", "fault: line 2: the key holds a control character"]),
            ("E1,left\nE1, Left\n", vec!["2 E1 left"]),
            (
                "E1,left\nE1,active\nE1,left\n",
                vec!["2 E1 left", "3 E1 active", "fault: line 3: on line 2 the same key has another status"],
            ),
            (
                "e 1,left\nE  1,active\n",
                vec!["2 e 1 left", "3 E  1 active", "fault: line 3: on line 2 the same key has another status"],
            ),
            ("E1,left\ne1,left\n", vec!["2 E1 left", "3 e1 left"]),
            (
                "E1,left\nE2,left",
                vec!["2 E1 left", "fault: line 3: the last line has no end: the file may be cut there"],
            ),
            (
                "E1,left\nE2,active",
                vec!["2 E1 left", "3 E2 active", "fault: line 3: the last line has no end: the file may be cut there"],
            ),
        ];
        for (rows, expected) in table {
            let text = format!("employeeNumber,state\n{rows}");
            assert_eq!(said(&text, &rules(None)), Ok(expected.iter().map(ToString::to_string).collect()), "{rows:?}");
        }
    }

    #[test]
    fn the_last_line_proves_the_size() {
        let pattern = "# END rows={{ rows }} date={{ date }}";
        let body = "employeeNumber,state\nE1,left\n,left\nE1,left\n";
        let whole = format!("{body}# END rows=3 date=2026-11-20T23:30:00-01:00\r\n\r\n");
        let roster = read(whole.as_bytes(), &rules(Some(pattern))).unwrap();
        // Faulty and repeated rows count: the program that wrote the file counted them.
        assert_eq!((roster.rows.len(), roster.listed, roster.declared_rows), (1, 3, Some(3)));
        assert_eq!(roster.date, Some(jiff::civil::date(2026, 11, 21)));
        let table = [
            (body.to_owned(), "line 4: the last line is not the trailer: the file may be cut"),
            (format!("{body}# END rows=3\n"), "line 5: the last line is not the trailer: the file may be cut"),
            (format!("{body}# END rows=4 date=2026-11-20\n"), "line 5: the trailer says 4 rows, but there are 3"),
            (
                format!("{body}# END rows=3 date=2026-11-2"),
                "line 5: the trailer says `2026-11-2`, which is not a date: expected 2 digits of the day (at byte 8)",
            ),
            (format!("{whole}{whole}"), "line 5: not a row of this table: it has 1 fields, the header 2"),
            ("# END rows=0 date=2026-11-20\n".to_owned(), "line 1: no header with the column `employeeNumber`"),
        ];
        for (text, expected) in table {
            let errors = said(&text, &rules(Some(pattern))).unwrap_err();
            assert_eq!(errors[0], expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_roster() {
        let table: [(&[u8], &str); 16] = [
            (b"", "there is nobody in it"),
            (b"\xef\xbb\xbf\r\n \n", "there is nobody in it"),
            (b"employeeNumber,state\n", "there is nobody in it"),
            (b"employeeNumber,state\nE1,l\xe9ft\n", "line 2: not UTF-8 text"),
            (b"# nothing\n", "line 1: no header with the column `employeeNumber`"),
            (b"E1,left\nE2,left\n", "line 1: no header with the column `employeeNumber`; there are `E1`, `left`"),
            (b"employeeNumber,status\nE1,left\n", "line 1: no column `state`; there are `employeeNumber`, `status`"),
            (b"state,employeeNumber,STATE\nleft,E1,x\n", "line 1: the column `state` stands here twice"),
            (b"employeeNumber,state\nE1\n", "line 2: not a row of this table: it has 1 fields, the header 2"),
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
            (b"dn: uid=a\nState: left\n", "no entry has the attribute `employeeNumber`; there are `State`"),
            (b"dn: uid=a\nemployeeNumber: E1\n", "no entry has the attribute `state`; there are `employeeNumber`"),
            (b"dn: uid=a\nchangetype: delete\n", "line 1: a change record; a roster holds entries only"),
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
