//! Any bytes as LDIF: with and without the fast path, in one block and in blocks of any size, the reader gives the same
//! records. The linter and the JSON writer accept all of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldif::lint::{self, Linter};
use offboard::ldif::{Record, RecordReader, UrlPolicy};
use offboard::render::record_json;
use offboard_fuzz::Texts;

/// The records and errors of a block as text. The reader continues after an error.
fn outcomes(block: &[u8], first_line: u64, urls: UrlPolicy<'_>, is_fast: bool) -> Vec<String> {
    let reader = RecordReader::new(block, first_line, urls);
    let reader = if is_fast { reader } else { reader.slow() };
    reader
        .map(|record| match record {
            Ok(record) => {
                let json = record_json::record(&record, true).map(|json| json.to_string());
                json.unwrap_or_else(|| format!("{record:?}"))
            }
            Err(error) => format!("{error:?}"),
        })
        .collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, text)) = data.split_first() else { return };
    let whole = outcomes(text, 1, UrlPolicy::Keep, true);
    assert_eq!(whole, outcomes(text, 1, UrlPolicy::Keep, false), "with and without the fast path");
    let refused = RecordReader::new(text, 1, UrlPolicy::Refuse);
    for record in refused.flatten() {
        assert!(!format!("{record:?}").contains("Url("), "a URL was kept: {record:?}");
        if let Record::Content(record) = record {
            assert!(record.line >= 1);
        }
    }
    let blocks = Texts::blocks(text, usize::from(size) + 1);
    let in_blocks: Vec<String> =
        blocks.iter().flat_map(|(first_line, block)| outcomes(block, *first_line, UrlPolicy::Keep, true)).collect();
    // Only up to the first error: after some errors the reader stops, but the reader of the next block does not.
    let up_to_first_error = |all: &[String]| {
        let end = all.iter().position(|record| record.starts_with("LdifError")).map_or(all.len(), |at| at + 1);
        all[..end].to_vec()
    };
    assert_eq!(up_to_first_error(&in_blocks), up_to_first_error(&whole), "in blocks of at least {size} bytes");

    let mut problems = Vec::new();
    let mut repaired = Vec::new();
    let mut linter = Linter::new(None);
    linter.block(text, 1, &mut problems, &mut repaired);
    linter.end(&mut problems);
    let mut by_prescan = Vec::new();
    let mut linter = Linter::new(None);
    for (first_line, block) in &blocks {
        linter.prescanned_block(&lint::prescan(block, *first_line), &mut by_prescan);
    }
    linter.end(&mut by_prescan);
    assert_eq!(format!("{by_prescan:?}"), format!("{problems:?}"), "with and without the prescan");
    // If every problem can be repaired, one repair is enough. Otherwise a second one may find more.
    if problems.iter().any(|problem| !problem.repaired) {
        return;
    }
    let mut left = Vec::new();
    let mut again = Vec::new();
    let mut linter = Linter::new(None);
    linter.block(&repaired, 1, &mut left, &mut again);
    let left: Vec<_> = left.iter().filter(|problem| problem.repaired).collect();
    assert!(left.is_empty(), "left: {left:?} in {:?}", String::from_utf8_lossy(&repaired));
});
