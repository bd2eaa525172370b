//! What can be wrong with a roster as a whole, and with one row of it.

use thiserror::Error;

use crate::ldap::time::TimeError;
use crate::ldif::LdifError;

/// Why a file is not a roster, or not a whole one. Texts in it are as written: escape them before showing them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RosterError {
    /// The file is not UTF-8.
    #[error("line {line}: not UTF-8 text")]
    NotUtf8 {
        /// The first line that is not.
        line: u64,
    },
    /// There is no row.
    #[error("there is nobody in it")]
    Empty,
    /// The first line holds none of the columns that the policy names.
    #[error("line {line}: no header with the column `{key}`{}", there_are(columns))]
    NoHeader {
        /// Where it should stand.
        line: u64,
        /// The column of the key.
        key: String,
        /// What is there.
        columns: Vec<String>,
    },
    /// The header lacks a column that the policy names.
    #[error("line {line}: no column `{name}`{}", there_are(columns))]
    NoColumn {
        /// Line of the header.
        line: u64,
        /// The column that the policy names.
        name: String,
        /// Those that there are.
        columns: Vec<String>,
    },
    /// The header has a column that the policy names more than once.
    #[error("line {line}: the column `{name}` stands here twice")]
    SecondColumn {
        /// Line of the header.
        line: u64,
        /// The column.
        name: String,
    },
    /// No entry of an LDIF roster has an attribute that the policy names.
    #[error("no entry has the attribute `{name}`{}", there_are(attributes))]
    NoAttribute {
        /// The attribute that the policy names.
        name: String,
        /// Those that there are.
        attributes: Vec<String>,
    },
    /// A record that is shorter or longer than the header, or not CSV: a cut line looks like that.
    #[error("line {line}: not a row of this table: {reason}")]
    Row {
        /// Where.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The LDIF cannot be read.
    #[error("{0}")]
    Ldif(LdifError),
    /// A change record.
    #[error("line {line}: a change record; a roster holds entries only")]
    Change {
        /// Its line.
        line: u64,
    },
    /// A search that the server ended early.
    #[error("line {line}: the search ended with `{result}`, so entries are missing")]
    Search {
        /// Line of the block.
        line: u64,
        /// The result as written.
        result: String,
    },
    /// The trailer is absent, or another than the policy's.
    #[error("line {line}: the last line is not the trailer: the file may be cut")]
    NoTrailer {
        /// The last line.
        line: u64,
    },
    /// The trailer says another number of rows.
    #[error("line {line}: the trailer says {declared} rows, but there are {read}")]
    Count {
        /// Line of the trailer.
        line: u64,
        /// What it says.
        declared: u64,
        /// How many there are.
        read: u64,
    },
    /// The trailer says a date that is none.
    #[error("line {line}: the trailer says `{text}`, which is not a date: {reason}")]
    BadDate {
        /// Line of the trailer.
        line: u64,
        /// As written.
        text: String,
        /// Why it is none.
        reason: TimeError,
    },
}

impl RosterError {
    /// The line that it is about, from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Empty | Self::NoAttribute { .. } => None,
            Self::Ldif(error) => Some(error.line),
            Self::NotUtf8 { line }
            | Self::NoHeader { line, .. }
            | Self::NoColumn { line, .. }
            | Self::SecondColumn { line, .. }
            | Self::Row { line, .. }
            | Self::Change { line }
            | Self::Search { line, .. }
            | Self::NoTrailer { line }
            | Self::Count { line, .. }
            | Self::BadDate { line, .. } => Some(*line),
        }
    }
}

/// The names that there are, up to a number that can be read.
fn there_are(names: &[String]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("; there are {}{more}", shown.join(", "))
}

/// Something in a roster that cannot be used, while the rest can.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
pub struct Fault {
    /// Line of the roster, from 1.
    pub line: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// The kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FaultKind {
    /// The row has no key.
    #[error("nobody is named: the key is absent or empty")]
    NoKey,
    /// The entry has several keys, so it is about several people or none.
    #[error("the key has more than one value")]
    SeveralKeys,
    /// The key is given in base64 and is not UTF-8.
    #[error("the key is not UTF-8 text")]
    NotText,
    /// The key holds a control character.
    #[error("the key holds a control character")]
    Control,
    /// The same key has another standing elsewhere; both rows are kept.
    #[error("on line {line} the same key has another status")]
    Contradicts {
        /// The first row with this key.
        line: u64,
    },
    /// The file ends inside this row.
    #[error("the last line has no end: the file may be cut there")]
    Open,
    /// A search result reference: a part of the people is in another server.
    #[error("a reference to another server: the people there are not listed")]
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_up_to_a_number() {
        let names = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(there_are(&names(0)), "");
        assert_eq!(there_are(&names(2)), "; there are `1`, `2`");
        assert!(there_are(&names(20)).ends_with("`19`, `20`"));
        assert!(there_are(&names(22)).ends_with("`19`, `20` and 2 more"));
    }
}
