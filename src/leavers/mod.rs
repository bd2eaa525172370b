//! Who leaves: the lists that people write, told by content.
//!
//! | form | told by | a line |
//! | --- | --- | --- |
//! | CSV | a first line with a column `id`, `uid`, `mail`, `dn` or `employeeNumber` | one leaver |
//! | `commadmin -i` | every line begins with `l` and a blank | `l jsmith` |
//! | DN list | every line is a distinguished name | `uid=jsmith,ou=People,o=sesta.com,o=isp` |
//!
//! Blank lines and lines that begin with `#` are skipped in the last two. CSV columns next to the identity:
//! `action`, `effective`, `successor`, `ticket`, `note`; any other column is an error, as is a leaver that is listed
//! twice. Every fault is reported, not only the first.

mod csv_list;
mod line_list;
pub mod roster;

use std::fmt;

use jiff::civil::Date;
use thiserror::Error;

use crate::ldap::{AttributeDescription, Dn};
use crate::spelling;

/// One person, as one line of a list asks for.
#[derive(Clone, Debug)]
pub struct Leaver {
    /// Which account is meant.
    pub identity: Identity,
    /// What becomes of it.
    pub action: Action,
    /// From which day on; at once without one.
    pub effective: Option<Date>,
    /// Who takes over what the account owns.
    pub successor: Option<Identity>,
    /// The change ticket.
    pub ticket: Option<String>,
    /// A remark for the report.
    pub note: Option<String>,
    /// Line of the list, from 1; 0 for the command line.
    pub line: u64,
    /// Who asks.
    pub requested_by: RequestedBy,
}

/// Who asks that somebody be offboarded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestedBy {
    /// A person, by a list or on the command line.
    #[default]
    Person,
    /// The roster of this name.
    Roster(String),
}

impl Leaver {
    /// A leaver of whom nothing but the identity is said.
    pub fn new(identity: Identity, line: u64) -> Self {
        Self {
            identity,
            action: Action::Delete,
            effective: None,
            successor: None,
            ticket: None,
            note: None,
            line,
            requested_by: RequestedBy::Person,
        }
    }
}

/// How an account is named.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A value of one of the policy's match attributes, or `uid@domain`.
    Text(String),
    /// The name of the entry.
    Dn(Dn),
    /// A value of this attribute.
    Attribute {
        /// The attribute.
        description: AttributeDescription,
        /// The value.
        value: String,
    },
}

impl Identity {
    /// Reads an identity: a DN if it is one, else text.
    pub fn from_text(text: &str) -> Self {
        match Dn::parse(text.as_bytes()) {
            Ok(dn) if text.contains('=') && !dn.is_root() => Self::Dn(dn),
            _ => Self::Text(text.to_owned()),
        }
    }
}

/// As it was written.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Dn(dn) => f.write_str(&String::from_utf8_lossy(dn.raw_bytes())),
            Self::Attribute { description, value } => write!(f, "{description}={value}"),
        }
    }
}

/// What becomes of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Disabled now, deleted after the grace.
    #[default]
    Delete,
    /// Disabled.
    Disable,
    /// The mail service only.
    Mail,
    /// The calendar service only.
    Calendar,
    /// Left alone from now on.
    Disconnect,
    /// Brought back.
    Restore,
}

impl Action {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Delete, "delete"),
        (Self::Disable, "disable"),
        (Self::Mail, "mail"),
        (Self::Calendar, "calendar"),
        (Self::Disconnect, "disconnect"),
        (Self::Restore, "restore"),
    ];

    /// Its word in a list.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(action, _)| *action)
    }
}

/// A fault in a list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
pub struct LeaversError {
    /// Line of the list, from 1.
    pub line: u64,
    /// What is wrong.
    pub kind: LeaversErrorKind,
}

impl LeaversErrorKind {
    /// The text in the line that it is about.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::UnknownColumn(text) | Self::SecondColumn(text) | Self::Action(text) | Self::Date(text) => Some(text),
            _ => None,
        }
    }

    /// The word that may be meant.
    pub fn meant(&self) -> Option<&'static str> {
        match self {
            Self::UnknownColumn(text) => spelling::nearest(text.as_bytes(), csv_list::columns_known()),
            Self::Action(text) => spelling::nearest(text.as_bytes(), Action::ALL.map(|(_, word)| word)),
            _ => None,
        }
    }
}

/// The faults that a list can have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LeaversErrorKind {
    /// The list is not UTF-8.
    #[error("not UTF-8 text")]
    Encoding,
    /// There is nobody in it.
    #[error("the list is empty")]
    Empty,
    /// None of the known forms.
    #[error(
        "neither CSV with a header (`id`, `uid`, `mail`, `dn` or `employeeNumber`), nor lines `l uid`, nor one DN a line"
    )]
    UnknownForm,
    /// A line that has another form than the first.
    #[error("expected {0}")]
    OtherForm(&'static str),
    /// A column that means nothing.
    #[error("no column `{0}`; there are id, uid, mail, dn, employeeNumber, action, effective, successor, ticket, note")]
    UnknownColumn(String),
    /// A column given twice.
    #[error("the column `{0}` stands here twice")]
    SecondColumn(String),
    /// More than one column, or none, says who is meant.
    #[error("expected exactly one of the columns id, uid, mail, dn, employeeNumber")]
    IdentityColumns,
    /// A row that is shorter or longer than the header, or not CSV.
    #[error("not a row of this table: {0}")]
    Row(String),
    /// Nobody is named.
    #[error("the identity is empty")]
    NoIdentity,
    /// A value that holds a control character.
    #[error("`{0}` holds a control character")]
    Control(&'static str),
    /// Not a distinguished name.
    #[error("not a distinguished name: {0}")]
    Dn(String),
    /// Not an action.
    #[error("no action `{0}`; there are delete, disable, mail, calendar, disconnect, restore")]
    Action(String),
    /// Not a date.
    #[error("`{0}` is not a date; write YYYY-MM-DD")]
    Date(String),
    /// Listed twice.
    #[error("listed already, on line {0}")]
    Again(u64),
}

/// Reads a list of leavers.
pub fn read(list: &[u8]) -> Result<Vec<Leaver>, Vec<LeaversError>> {
    let one = |line, kind| Err(vec![LeaversError { line, kind }]);
    let list = list.strip_prefix(b"\xef\xbb\xbf").unwrap_or(list);
    let text = match std::str::from_utf8(list) {
        Ok(text) => text,
        Err(error) => {
            let line = 1 + memchr::memchr_iter(b'\n', &list[..error.valid_up_to()]).count() as u64;
            return one(line, LeaversErrorKind::Encoding);
        }
    };
    let mut lines = text.lines().enumerate();
    let first = lines.find(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let Some((index, first)) = first else { return one(1, LeaversErrorKind::Empty) };
    let (leavers, mut errors) = if csv_list::is_header(first) {
        csv_list::read(text, index as u64)
    } else if line_list::is_commadmin(first) {
        line_list::read_commadmin(text)
    } else if matches!(Identity::from_text(first.trim()), Identity::Dn(_)) {
        line_list::read_dns(text)
    } else {
        return one(index as u64 + 1, LeaversErrorKind::UnknownForm);
    };
    errors.extend(listed_twice(&leavers));
    errors.sort_by_key(|error| error.line);
    match (errors.is_empty(), leavers.is_empty()) {
        (false, _) => Err(errors),
        (true, true) => one(1, LeaversErrorKind::Empty),
        (true, false) => Ok(leavers),
    }
}

fn listed_twice(leavers: &[Leaver]) -> Vec<LeaversError> {
    let mut seen = std::collections::HashMap::new();
    let mut errors = Vec::new();
    for leaver in leavers {
        let key = match &leaver.identity {
            Identity::Dn(dn) => dn.normalized(),
            other => other.to_string(),
        };
        match seen.get(&key) {
            Some(line) => errors.push(LeaversError { line: leaver.line, kind: LeaversErrorKind::Again(*line) }),
            None => {
                seen.insert(key, leaver.line);
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<String>, Vec<String>> {
        let line = |leaver: &Leaver| {
            let successor = leaver.successor.as_ref().map(|successor| format!(" -> {successor}")).unwrap_or_default();
            let effective = leaver.effective.map(|day| format!(" from {day}")).unwrap_or_default();
            format!("{}: {} {}{effective}{successor}", leaver.line, leaver.identity, leaver.action.name())
        };
        read(text.as_bytes())
            .map(|leavers| leavers.iter().map(line).collect())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_three_forms() {
        let csv = "uid,action,effective,successor\njsmith,,,pdoe\n\"k,lee\",disable,2026-12-01,\n";
        assert_eq!(read_text(csv).unwrap(), ["2: uid=jsmith delete -> pdoe", "3: uid=k,lee disable from 2026-12-01"]);
        assert_eq!(read_text("\u{feff}id\r\njsmith@sesta.com\r\n").unwrap(), ["2: jsmith@sesta.com delete"]);
        assert_eq!(read_text("# gone\nl jsmith\n\nl pdoe\n").unwrap(), ["2: jsmith delete", "4: pdoe delete"]);
        assert_eq!(read_text("uid=a,o=x\nuid=b,o=x").unwrap(), ["1: uid=a,o=x delete", "2: uid=b,o=x delete"]);
    }

    #[test]
    fn every_fault_is_reported() {
        for (list, expected) in [
            ("", vec!["line 1: the list is empty"]),
            (
                "jsmith\npdoe\n",
                vec![
                    "line 1: neither CSV with a header (`id`, `uid`, `mail`, `dn` or `employeeNumber`), nor lines `l uid`, nor one DN a line",
                ],
            ),
            (
                "uid,colour\na,red\n",
                vec![
                    "line 1: no column `colour`; there are id, uid, mail, dn, employeeNumber, action, effective, successor, ticket, note",
                ],
            ),
            ("uid,mail\na,b\n", vec!["line 1: expected exactly one of the columns id, uid, mail, dn, employeeNumber"]),
            (
                "uid,action,effective\na,kill,soon\n,delete,\na,delete,\n",
                vec![
                    "line 2: no action `kill`; there are delete, disable, mail, calendar, disconnect, restore",
                    "line 2: `soon` is not a date; write YYYY-MM-DD",
                    "line 3: the identity is empty",
                    "line 4: listed already, on line 2",
                ],
            ),
            ("l a\nuid=b,o=x\n", vec!["line 2: expected `l uid`"]),
            (
                "uid=a,o=x\nl b\n",
                vec!["line 2: not a distinguished name: expected `=` after the attribute type at byte 2"],
            ),
            ("uid=a,o=x\nUID=A, O=X\n", vec!["line 2: listed already, on line 1"]),
            ("uid\n\"a\u{1b}[31m\"\n", vec!["line 2: `uid` holds a control character"]),
        ] {
            assert_eq!(read_text(list).unwrap_err(), expected, "{list:?}");
        }
        assert_eq!(read(b"uid\nj\xff\n").unwrap_err()[0].kind, LeaversErrorKind::Encoding);
    }
}
