//! Exports in memory, and what they hold.

use std::convert::Infallible;
use std::ops::ControlFlow;

use offboard::directory::scan::{BlockText, Exports};
use offboard::ldap::{Dn, Entry, Origin};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert};

/// Exports in memory, read in blocks of one record or as one block each.
#[derive(Clone)]
pub struct MemoryExports {
    texts: Vec<Vec<u8>>,
    by_record: bool,
}

impl MemoryExports {
    /// Exports that are read as one block each.
    pub fn whole(texts: Vec<Vec<u8>>) -> Self {
        Self { texts, by_record: false }
    }

    /// One export that is read in blocks of one record.
    pub fn by_record(text: &[u8]) -> Self {
        Self { texts: vec![text.to_vec()], by_record: true }
    }
}

/// The records of a text, each with the blank line after it.
fn records(text: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr::memmem::find(rest, b"\n\n").map_or(rest.len(), |at| at + 2);
        let (record, after) = rest.split_at(end);
        records.push(record);
        rest = after;
    }
    records
}

impl Exports for MemoryExports {
    type Error = Infallible;

    fn for_each_block<T: Send>(
        &self,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for (export, text) in self.texts.iter().enumerate() {
            let export = u16::try_from(export).unwrap();
            let mut first_line = 1;
            for bytes in if self.by_record { records(text) } else { vec![&text[..]] } {
                if take(work(BlockText { export, first_line, bytes })).is_break() {
                    return Ok(());
                }
                first_line += memchr::memchr_iter(b'\n', bytes).count() as u64;
            }
        }
        Ok(())
    }
}

/// The entries of an LDIF text. A change record, or a place that is not LDIF, fails the test.
pub fn entries(text: &[u8]) -> Vec<Entry> {
    let records = RecordReader::new(text, 1, UrlPolicy::Refuse);
    let entry = |record| match record {
        Ok(Record::Content(record)) => {
            let attributes = convert::attributes(&record.attributes).unwrap();
            let origin = Origin { export: 0, line: record.line };
            Some(Entry { dn: Dn::parse(&record.dn).unwrap(), origin, attributes })
        }
        Ok(Record::NonEntry { .. }) => None,
        other => panic!("{other:?}"),
    };
    records.filter_map(entry).collect()
}
