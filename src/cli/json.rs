//! `offboard json`: every record of LDIF files as a JSON line.

use std::io::{BufWriter, Write};

use super::args::{self, Global};
use super::url_values::UrlValues;
use super::{Diagnostic, Exit, Outcome, check_stdout};
use crate::io::source::Source;
use crate::ldif::{NonEntry, Record, RecordReader, UrlPolicy};
use crate::render::count::counted;
use crate::render::record_json;

pub fn run(command: &args::Json, global: &Global) -> Outcome {
    let url_values = UrlValues::open(global)?;
    // clap allows only one of --url-folder and --keep-urls.
    let urls = if command.keep_urls { UrlPolicy::Keep } else { url_values.policy() };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut other_blocks: u64 = 0;
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
                            check_stdout(Err(error))?;
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
    check_stdout(out.flush())?;
    if other_blocks > 0 && !global.quiet {
        let skipped = counted(other_blocks, "block");
        Diagnostic::print_line(&format!(
            "{skipped} skipped, because they are not records (search results, references, page markers)"
        ));
    }
    if faults.is_empty() { Ok(Exit::Done) } else { Err(faults) }
}
