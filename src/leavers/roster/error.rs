//! Errors of a roster as a whole, and faults of single rows.

use thiserror::Error;

use crate::ldap::time::TimeError;
use crate::ldif::LdifError;

/// Why a file cannot be used as a roster. Texts in it are as in the file: escape them before showing them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RosterError {
    /// The file is not UTF-8.
    #[error("line {line}: not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// The first line that is not UTF-8.
        line: u64,
    },
    /// The file has no row.
    #[error("the roster is empty")]
    Empty,
    /// The first line has none of the columns that the policy names.
    #[error("line {line}: no header with the column `{key}`{}", listing("the first line has", columns))]
    NoHeader {
        /// The line where the header is expected.
        line: u64,
        /// The column of the key.
        key: String,
        /// The fields of that line.
        columns: Vec<String>,
    },
    /// The header lacks a column that the policy names.
    #[error("line {line}: no column `{name}`{}", listing("the header has", columns))]
    NoColumn {
        /// The line of the header.
        line: u64,
        /// The column that the policy names.
        name: String,
        /// The columns of the header.
        columns: Vec<String>,
    },
    /// The header has a column that the policy names more than once.
    #[error("line {line}: the column `{name}` appears twice")]
    SecondColumn {
        /// The line of the header.
        line: u64,
        /// The column.
        name: String,
    },
    /// The header has a column that would change what a row means, and that rosters do not have.
    #[error("line {line}: a roster has no column `{name}`: a row counts at once")]
    NotRead {
        /// The line of the header.
        line: u64,
        /// The column.
        name: String,
    },
    /// No entry of an LDIF roster has an attribute that the policy names.
    #[error("no entry has the attribute `{name}`{}", listing("the entries have", attributes))]
    NoAttribute {
        /// The attribute that the policy names.
        name: String,
        /// The attributes of the entries.
        attributes: Vec<String>,
    },
    /// A record with more or fewer fields than the header, or that is not CSV; a line that is cut looks like this.
    #[error("line {line}: not a row of this table: {reason}")]
    Row {
        /// The line of the record.
        line: u64,
        /// The fault.
        reason: String,
    },
    /// The LDIF cannot be read.
    #[error("{0}")]
    Ldif(LdifError),
    /// The file has a change record.
    #[error("line {line}: this is a change record; a roster must have entries only")]
    Change {
        /// The line of the record.
        line: u64,
    },
    /// The server ended the search early.
    #[error("line {line}: the search ended with `{result}`, so entries are missing")]
    Search {
        /// The line of the search result.
        line: u64,
        /// The search result as in the file.
        result: String,
    },
    /// The last line does not match the trailer of the policy.
    #[error("line {line}: the last line does not match the trailer of the policy; the file may be cut")]
    NoTrailer {
        /// The last line.
        line: u64,
    },
    /// The trailer has another number of rows than the file.
    #[error(
        "line {line}: the trailer says {declared} {rows}, but the file has {read}",
        rows = if *declared == 1 { "row" } else { "rows" }
    )]
    Count {
        /// The line of the trailer.
        line: u64,
        /// The number of rows in the trailer.
        declared: u64,
        /// The number of rows in the file.
        read: u64,
    },
    /// The date in the trailer is not valid.
    #[error("line {line}: `{text}` in the trailer is not a date: {reason}")]
    BadDate {
        /// The line of the trailer.
        line: u64,
        /// The text in place of the date.
        text: String,
        /// Why it is not a date.
        reason: TimeError,
    },
}

impl RosterError {
    /// The line with the error, from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Empty | Self::NoAttribute { .. } => None,
            Self::Ldif(error) => Some(error.line),
            Self::NotUtf8 { line }
            | Self::NoHeader { line, .. }
            | Self::NoColumn { line, .. }
            | Self::SecondColumn { line, .. }
            | Self::NotRead { line, .. }
            | Self::Row { line, .. }
            | Self::Change { line }
            | Self::Search { line, .. }
            | Self::NoTrailer { line }
            | Self::Count { line, .. }
            | Self::BadDate { line, .. } => Some(*line),
        }
    }
}

/// A clause that lists names, at most 20; empty if there are none.
fn listing(subject: &str, names: &[String]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("; {subject} {}{more}", shown.join(", "))
}

/// A fault in a roster whose other rows can be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
pub struct RowFault {
    /// The line of the roster, from 1.
    pub line: u64,
    /// The fault.
    pub kind: RowFaultKind,
}

/// The kinds of [`RowFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RowFaultKind {
    /// The row has no key.
    #[error("the key is missing or empty")]
    NoKey,
    /// The entry has several keys, so it is not clear whom it is about.
    #[error("the key has more than one value")]
    SeveralKeys,
    /// The key is in base64 and is not UTF-8.
    #[error("the key is not UTF-8 text")]
    NotText,
    /// The key has a control character.
    #[error("the key contains a control character")]
    Control,
    /// Another row has the same key and another status. Both rows are kept.
    #[error("the same key has another status on line {line}")]
    Contradicts {
        /// The line of the first row with this key.
        line: u64,
    },
    /// The file may end inside this row.
    #[error("the last line has no line end; the file may be cut there")]
    Open,
    /// A search result reference: another server has a part of the people.
    #[error("a reference to another server; the people on that server are not listed")]
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_20_names_are_listed() {
        let names = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(listing("it has", &names(0)), "");
        assert_eq!(listing("it has", &names(2)), "; it has `1`, `2`");
        assert!(listing("it has", &names(20)).ends_with("`19`, `20`"));
        assert!(listing("it has", &names(22)).ends_with("`19`, `20` and 2 more"));
    }
}
