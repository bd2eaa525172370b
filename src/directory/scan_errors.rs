//! The errors after the first one that ended a scan.
//!
//! The exports are read once more, so that all errors can be fixed together. A faulty record is skipped, and reading
//! continues after it. Where an error hides the boundaries of records, the rest of that export is not read.

use std::ops::ControlFlow;

use super::scan::{BlockText, Exports};
use crate::ldif::{LdifError, RecordReader, UrlPolicy};

/// How many errors are kept with their places; the others are counted.
const KEPT: usize = 4;

/// The errors after the first one.
#[derive(Debug, Default)]
pub struct MoreErrors {
    /// The next few errors, each with the index of its export.
    pub errors: Vec<(u16, LdifError)>,
    /// How many errors there are.
    pub count: u64,
}

/// The errors of a block.
struct BlockErrors {
    export: u16,
    errors: Vec<LdifError>,
    count: u64,
    /// The last error hides the boundaries of the records after it.
    is_lost: bool,
}

/// Reads the exports again, and collects the errors after the `first` one, which is in `export`.
pub fn find_more_errors<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    export: u16,
    first: &LdifError,
) -> Result<MoreErrors, E::Error> {
    let work = |block: BlockText<'_>| {
        let mut found = BlockErrors { export: block.export, errors: Vec::new(), count: 0, is_lost: false };
        for error in RecordReader::new(block.bytes, block.first_line, urls).filter_map(Result::err) {
            if (block.export, error.line) <= (export, first.line) {
                continue;
            }
            found.count += 1;
            found.is_lost = !error.can_continue();
            if found.errors.len() < KEPT {
                found.errors.push(error);
            }
            if found.is_lost {
                break;
            }
        }
        found
    };
    let mut all = MoreErrors::default();
    let mut lost_export = (!first.can_continue()).then_some(export);
    let mut take = |found: BlockErrors| {
        if lost_export != Some(found.export) {
            all.count += found.count;
            let room = KEPT - all.errors.len();
            all.errors.extend(found.errors.into_iter().take(room).map(|error| (found.export, error)));
            if found.is_lost {
                lost_export = Some(found.export);
            }
        }
        ControlFlow::Continue(())
    };
    exports.for_each_block(&work, &mut take)?;
    Ok(all)
}
