//! `offboard json`: every record of any LDIF as a JSON line.

use std::io::{BufWriter, Write};

use super::args::{self, Global};
use super::{Diagnostic, Exit, Outcome, written};
use crate::io::source::Source;
use crate::io::url_folder::UrlFolder;
use crate::ldif::{NonEntry, Record, RecordReader, UrlPolicy};
use crate::render::record_json;

/// Runs it.
pub fn run(command: &args::Json, global: &Global) -> Outcome {
    let folder = url_folder(global)?;
    let resolve = |url: &[u8]| {
        folder.as_ref().map_or_else(|| Err("no folder is allowed".to_owned()), |folder| folder.resolve(url))
    };
    let urls = match (&folder, command.keep_urls) {
        (Some(_), _) => UrlPolicy::Resolve(&resolve),
        (None, true) => UrlPolicy::Keep,
        (None, false) => UrlPolicy::Refuse,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut other_blocks = 0;
    let mut faults = Vec::new();
    for name in &command.files {
        let failed = |error| vec![Diagnostic::io(name, &error)];
        let mut blocks = Source::open(name, &global.reading()).and_then(|source| source.blocks()).map_err(failed)?;
        let mut buffer = Vec::new();
        'blocks: while let Some(block) = blocks.next_block(buffer).map_err(failed)? {
            for record in RecordReader::new(&block.bytes, block.first_line, urls) {
                match record {
                    Ok(record) => {
                        other_blocks +=
                            u64::from(matches!(&record, Record::NonEntry { block, .. } if *block != NonEntry::Version));
                        if let Some(object) = record_json::record(&record, command.positions)
                            && let Err(error) = writeln!(out, "{object}")
                        {
                            written(Err(error))?;
                            return Ok(Exit::Done);
                        }
                    }
                    Err(error) => {
                        faults.push(Diagnostic::ldif(name, &error));
                        if !command.keep_going || !error.can_continue() {
                            break 'blocks;
                        }
                    }
                }
            }
            buffer = block.bytes;
        }
        if !faults.is_empty() && !command.keep_going {
            break;
        }
    }
    written(out.flush())?;
    if other_blocks > 0 && !global.quiet {
        let _ = writeln!(
            anstream::stderr(),
            "{other_blocks} blocks that are no records (search results, references, pages)"
        );
    }
    if faults.is_empty() { Ok(Exit::Done) } else { Err(faults) }
}

/// The folder whose files may be values.
pub fn url_folder(global: &Global) -> Result<Option<UrlFolder>, Vec<Diagnostic>> {
    let open = |folder: &camino::Utf8PathBuf| {
        UrlFolder::new(folder).map_err(|error| vec![Diagnostic::io(&format!("--url-folder {folder}"), &error)])
    };
    global.url_folder.as_ref().map(open).transpose()
}
