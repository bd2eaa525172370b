//! Change records of a text, as operations of the LDAP model.
//!
//! | block of the text | result |
//! | --- | --- |
//! | change record | [`LocatedChange`] |
//! | `version:`, the end of a search | skipped |
//! | content record | [`ChangeError::Entry`] |
//! | anything else | [`ChangeError::Ldif`] or [`ChangeError::Operation`] |
//!
//! Every command that reads change files reads them here, so all of them accept the same files.

use thiserror::Error;

use super::convert::{self, ConvertError};
use super::{LdifError, Record, RecordReader, UrlPolicy};
use crate::ldap::ChangeRecord;

/// An operation, and where its record is in the text.
#[derive(Clone)]
pub struct LocatedChange {
    /// The first line of the record, from 1.
    pub line: u64,
    /// The operation.
    pub record: ChangeRecord,
}

/// Why a block of a text is not an operation. Every message begins with the line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// The block is not LDIF.
    #[error(transparent)]
    Ldif(#[from] LdifError),
    /// The record is LDIF, but a name, an attribute or a value in it is not valid.
    #[error(transparent)]
    Operation(#[from] ConvertError),
    /// The record is an entry, not a change.
    #[error("line {line}: this is an entry, but a change record is expected")]
    Entry {
        /// The first line of the record, from 1.
        line: u64,
    },
}

impl ChangeError {
    /// Whether the records after this block can be read.
    pub fn can_continue(&self) -> bool {
        match self {
            Self::Ldif(error) => error.can_continue(),
            Self::Operation(_) | Self::Entry { .. } => true,
        }
    }
}

/// Reads the change records of a text that ends at the end of a record.
///
/// After an error, the iterator goes on with the next record if [`ChangeError::can_continue`]; if not, it ends.
pub struct ChangeReader<'t, 'u> {
    records: RecordReader<'t, 'u>,
}

impl<'t, 'u> ChangeReader<'t, 'u> {
    /// Reads `text`, whose first line has the number `first_line` in its file.
    pub fn new(text: &'t [u8], first_line: u64, urls: UrlPolicy<'u>) -> Self {
        Self { records: RecordReader::new(text, first_line, urls) }
    }
}

impl Iterator for ChangeReader<'_, '_> {
    type Item = Result<LocatedChange, ChangeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            return Some(match self.records.next()? {
                Ok(Record::Change(record)) => convert::change(&record)
                    .map(|change| LocatedChange { line: record.line, record: change })
                    .map_err(ChangeError::from),
                Ok(Record::NonEntry { .. }) => continue,
                Ok(Record::Content(record)) => Err(ChangeError::Entry { line: record.line }),
                Err(error) => Err(error.into()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_block_becomes() {
        let text =
            b"version: 1\n\ndn: cn=a\nchangetype: delete\n\ndn: cn=b\ncn: b\n\ndn: no name\nchangetype: delete\n\n\
                     dn: cn=c\nchangetype: nothing\n\ndn: cn=d\nchangetype: delete\n";
        let read = ChangeReader::new(text, 1, UrlPolicy::Refuse).map(|change| match change {
            Ok(change) => format!("{} {}", change.line, String::from_utf8_lossy(change.record.dn.raw_bytes())),
            Err(ChangeError::Entry { line }) => format!("{line} entry"),
            Err(ChangeError::Operation(error)) => format!("{} not an operation", error.line),
            Err(ChangeError::Ldif(error)) => format!("not LDIF, can continue: {}", error.can_continue()),
        });
        assert_eq!(
            read.collect::<Vec<_>>(),
            ["3 cn=a", "6 entry", "9 not an operation", "not LDIF, can continue: true", "15 cn=d"]
        );
    }
}
