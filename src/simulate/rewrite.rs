//! The text of the exports with the changes in place.
//!
//! Several exports become one text, so only the `version:` line of the first one is kept.

use std::ops::ControlFlow;

use super::Changes;
use crate::directory::scan::{BlockText, Exports, ScanError};
use crate::directory::scan_errors::MoreErrors;
use crate::ldap::{Entry, Origin};
use crate::ldif::{AttributeSelection, ChangeKind, LdifError, NonEntry, Record, RecordReader, UrlPolicy, writer};

/// Passes the text part by part to `out`, until that breaks.
pub fn rewrite<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    changes: &Changes,
    out: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<(), ScanError<E::Error>> {
    let mut stop = None;
    let mut export = 0;
    let mut end = TextEnd::default();
    let work = |block: BlockText<'_>| (block.export, rewritten(block, urls, changes));
    let mut take = |(of, result): (u16, Result<Vec<u8>, LdifError>)| match result {
        Ok(text) => {
            let gap = if of == export { &[][..] } else { end.gap() };
            export = of;
            let flow = match out(gap) {
                ControlFlow::Continue(()) => out(&text),
                ControlFlow::Break(()) => ControlFlow::Break(()),
            };
            end.add(gap);
            end.add(&text);
            flow
        }
        Err(error) => {
            stop = Some(ScanError::Ldif { export: of, error, more: MoreErrors::default() });
            ControlFlow::Break(())
        }
    };
    exports.for_each_block(&work, &mut take).map_err(ScanError::Exports)?;
    if let Some(error) = stop {
        return Err(error);
    }
    if !changes.added_at_end.is_empty() {
        let mut text = end.gap().to_vec();
        for entry in &changes.added_at_end {
            write(&mut text, entry, None);
        }
        let _ = out(&text);
    }
    Ok(())
}

/// The last three bytes of a text, which show whether its last record has ended.
#[derive(Default)]
struct TextEnd(Vec<u8>);

impl TextEnd {
    fn add(&mut self, text: &[u8]) {
        self.0.extend_from_slice(&text[text.len().saturating_sub(3)..]);
        self.0.drain(..self.0.len().saturating_sub(3));
    }

    /// The line ends that are missing before the next record: a record ends with a blank line.
    fn gap(&self) -> &'static [u8] {
        match self.0.as_slice() {
            [] | [.., b'\n', b'\n'] | [b'\n', b'\r', b'\n'] => b"",
            [.., b'\n'] => b"\n",
            _ => b"\n\n",
        }
    }
}

/// Writes an added entry after a text that may not end with a blank line.
fn append(text: &mut Vec<u8>, entry: &Entry, changetype: Option<&str>) {
    let mut end = TextEnd::default();
    end.add(text);
    text.extend_from_slice(end.gap());
    write(text, entry, changetype);
}

/// Writes an entry and a blank line.
fn write(text: &mut Vec<u8>, entry: &Entry, changetype: Option<&str>) {
    let start = text.len();
    writer::write_entry(text, entry);
    if let Some(changetype) = changetype {
        let mut name = Vec::new();
        writer::write_value(&mut name, "dn", entry.dn.raw_bytes());
        let mut line = Vec::new();
        writer::write_value(&mut line, "changetype", changetype.as_bytes());
        text.splice(start + name.len()..start + name.len(), line);
    }
    text.push(b'\n');
}

fn rewritten(block: BlockText<'_>, urls: UrlPolicy<'_>, changes: &Changes) -> Result<Vec<u8>, LdifError> {
    let mut text = Vec::with_capacity(block.bytes.len());
    let mut rest = block.bytes;
    let mut line = block.first_line;
    // Only the lines at which records begin and end are needed.
    let no_attribute = AttributeSelection::default();
    let mut reader = RecordReader::new(block.bytes, block.first_line, urls).only(Some(&no_attribute));
    while let Some(record) = reader.next() {
        let (own_line, changetype) = match record? {
            Record::Content(record) => (record.line, None),
            Record::Change(record) => (record.line, matches!(record.change, ChangeKind::Add(_)).then_some("add")),
            Record::NonEntry { line, block } => (line, (block == NonEntry::Version).then_some("version")),
        };
        let before = take_lines(&mut rest, own_line - line);
        let own = take_lines(&mut rest, reader.next_line() - own_line);
        line = reader.next_line();
        if changetype == Some("version") {
            if block.export == 0 {
                text.extend_from_slice(before);
                text.extend_from_slice(own);
            }
            continue;
        }
        let origin = Origin { export: block.export, line: own_line };
        let change = changes.changed.get(&origin);
        push_lines_before(&mut text, before, block.export == 0, matches!(change, Some(None)));
        match change {
            None => text.extend_from_slice(own),
            Some(None) => {}
            Some(Some(entry)) => write(&mut text, entry, changetype),
        }
        for entry in changes.added_after.get(&origin).into_iter().flatten() {
            append(&mut text, entry, changetype);
        }
    }
    text.extend_from_slice(rest);
    Ok(text)
}

/// Copies the lines before a record: comments, and the `version:` line of the first export. A deleted record loses its
/// comments.
fn push_lines_before(text: &mut Vec<u8>, before: &[u8], is_first_export: bool, is_deleted: bool) {
    for line in before.split_inclusive(|byte| *byte == b'\n') {
        let is_version = line.starts_with(b"version:");
        if is_version && is_first_export {
            text.extend_from_slice(line);
            // Without its record, the line would run into the next one.
            if is_deleted {
                text.push(b'\n');
            }
        } else if !is_version && !is_deleted {
            text.extend_from_slice(line);
        }
    }
}

/// Cuts the first `count` lines off `rest`.
fn take_lines<'t>(rest: &mut &'t [u8], count: u64) -> &'t [u8] {
    let end = match count.checked_sub(1).and_then(|last| usize::try_from(last).ok()) {
        None => 0,
        Some(last) => memchr::memchr_iter(b'\n', rest).nth(last).map_or(rest.len(), |end| end + 1),
    };
    let (lines, tail) = rest.split_at(end);
    *rest = tail;
    lines
}
