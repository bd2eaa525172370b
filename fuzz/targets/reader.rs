//! Any bytes as LDIF: the quick and the slow way, whole and in blocks of any size, read the same; the linter and the
//! JSON writer take whatever the reader gives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldif::lint::{self, Linter};
use offboard::ldif::{Record, RecordReader, UrlPolicy};
use offboard::render::record_json;
use offboard_fuzz::Texts;

/// What a reading amounts to: each record or fault as text. A reader goes on behind a fault.
fn readings(block: &[u8], first_line: u64, urls: UrlPolicy<'_>, is_slow: bool) -> Vec<String> {
    let reader = RecordReader::new(block, first_line, urls);
    let reader = if is_slow { reader.slow() } else { reader };
    reader
        .map(|record| match record {
            Ok(record) => {
                let json = record_json::record(&record, true).map(|json| json.to_string());
                // The form in which a value is kept is not what it says.
                json.unwrap_or_else(|| format!("{record:?}"))
            }
            Err(error) => format!("{error:?}"),
        })
        .collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, text)) = data.split_first() else { return };
    let whole = readings(text, 1, UrlPolicy::Keep, false);
    assert_eq!(whole, readings(text, 1, UrlPolicy::Keep, true), "the quick way and the slow one");
    let refused = RecordReader::new(text, 1, UrlPolicy::Refuse);
    for record in refused.flatten() {
        assert!(!format!("{record:?}").contains("Url("), "a URL was kept: {record:?}");
        if let Record::Content(record) = record {
            assert!(record.line >= 1);
        }
    }
    let blocks = Texts::cut(text, usize::from(size) + 1);
    let in_blocks: Vec<String> =
        blocks.iter().flat_map(|(first_line, block)| readings(block, *first_line, UrlPolicy::Keep, false)).collect();
    // Who reads ends with the first fault; behind some the reader itself does not go on.
    let to_the_first_fault = |all: &[String]| {
        let end = all.iter().position(|record| record.starts_with("LdifError")).map_or(all.len(), |at| at + 1);
        all[..end].to_vec()
    };
    assert_eq!(to_the_first_fault(&in_blocks), to_the_first_fault(&whole), "in blocks of {size} and more");

    let mut problems = Vec::new();
    let mut repaired = Vec::new();
    let mut linter = Linter::new(None);
    linter.block(text, 1, &mut problems, &mut repaired);
    linter.end(&mut problems);
    let mut by_faults = Vec::new();
    let mut linter = Linter::new(None);
    for (first_line, block) in &blocks {
        linter.faulty_block(&lint::faults(block, *first_line), &mut by_faults);
    }
    linter.end(&mut by_faults);
    assert_eq!(format!("{by_faults:?}"), format!("{problems:?}"), "problems in the quick way and in the slow one");
    // Where everything can be mended, it is mended at once; behind what cannot, more may come to light.
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
