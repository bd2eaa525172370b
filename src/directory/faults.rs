//! What else of the exports is not an LDIF, once a first fault has ended a scan: one more reading, so that a person can mend
//! them all at once.
//!
//! A fault costs its record; reading goes on behind it. Where the framing itself is lost, that export is not read on.

use crate::ldif::{LdifError, RecordReader, UrlPolicy};

use super::scan::{BlockText, Exports};

/// How many are kept, to be shown.
const KEPT: usize = 4;

/// The faults behind the first one.
#[derive(Debug, Default)]
pub struct MoreErrors {
    /// The next of them: the index of the export, and what is wrong where.
    pub faults: Vec<(u16, LdifError)>,
    /// How many there are.
    pub count: u64,
}

/// Reads the exports once more.
pub fn further<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    (export, first): (u16, &LdifError),
) -> Result<MoreErrors, E::Error> {
    let work = |block: BlockText<'_>| {
        let mut faults = Vec::new();
        let mut count = 0;
        for error in RecordReader::new(block.bytes, block.first_line, urls).filter_map(Result::err) {
            if (block.export, error.line) <= (export, first.line) {
                continue;
            }
            count += 1;
            let is_last = !error.can_continue();
            if faults.len() < KEPT {
                faults.push(error);
            }
            if is_last {
                return (block.export, faults, count, true);
            }
        }
        (block.export, faults, count, false)
    };
    let mut found = MoreErrors::default();
    let mut lost = (!first.can_continue()).then_some(export);
    let mut take = |(of, faults, count, is_lost): (u16, Vec<LdifError>, u64, bool)| {
        if lost != Some(of) {
            found.count += count;
            let room = KEPT - found.faults.len();
            found.faults.extend(faults.into_iter().take(room).map(|error| (of, error)));
            lost = is_lost.then_some(of).or(lost);
        }
        true
    };
    exports.for_each_block(&work, &mut take)?;
    Ok(found)
}
