//! One pass over every entry of the exports.
//!
//! A [`Pass`] looks at one entry at a time and keeps what it needs. What it keeps of each block is merged in the order of
//! the exports, so the result does not depend on the number of threads or on the size of the blocks. Only live entries
//! reach a pass:
//!
//! | in the export | recognised by | becomes |
//! | --- | --- | --- |
//! | `changetype: add` without controls | ldifde's way to write content | an entry |
//! | any other change record | its `changetype` | an error: the file is not an export |
//! | 389 tombstone | class `nsTombstone`, or RDN `nsuniqueid=` with a class | counted |
//! | 389 replica state (RUV) | the RUV's own `nsuniqueid=ffffffff-...` | counted |
//! | AD deleted object | `\0ADEL:` in the RDN, or `isDeleted: TRUE` | counted |
//! | `attr;deletedattribute;deleted`, `attr;...;deleted` | db2ldif -r | dropped, counted |
//! | `attr;adcsn-...;vucsn-...` | db2ldif -r | `attr` |
//! | `attr;range=0-*` | AD, all values | `attr` |
//! | `<GUID=...>;<SID=...>;DN` as the name or a value | AD, [extended form](crate::ldap::extended_dn) | the DN |
//! | `attr;range=0-1499` | AD, some of the values | kept, and counted as an incomplete list |
//! | no attributes, or an empty objectClass | `ldapsearch -A`, `1.1` | kept, and counted as an entry without values |
//! | a name that is not a DN | | counted, with its place |
//! | `result: 4 ...`, `ref:` | ldapsearch | counted, with its place |

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::ControlFlow;

use thiserror::Error;

use super::census::{Census, Place};
use super::operational::Watch;
use super::overlay::Overlay;
use super::scan_errors::{MoreErrors, find_more_errors};
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::extended_dn::plain_dn;
use crate::ldap::filter::{AskedAttribute, Attributes, any_of_dn};
use crate::ldap::{Attribute, AttributeDescription, Dn, Entry, Origin, Value};
use crate::ldif::{
    AttributeLine, AttributeSelection, ChangeKind, ContentRecord, LdifError, LdifErrorKind, LdifValue, NonEntry,
    PartialRecord, Record, RecordReader, UrlPolicy,
};

/// A piece of an export that holds whole records.
#[derive(Clone, Copy)]
pub struct BlockText<'b> {
    /// Index of the export.
    pub export: u16,
    /// Number of the first line.
    pub first_line: u64,
    /// The text.
    pub bytes: &'b [u8],
}

/// The exports of one directory, which can be read several times.
pub trait Exports {
    /// Why reading failed.
    type Error: std::error::Error + 'static;

    /// Calls `work` for every block, possibly on several threads, and `take` with the results in the order of the text.
    ///
    /// Ends early, without an error, when `take` breaks.
    fn for_each_block<T: Send>(
        &self,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;
}

/// An entry of a block, borrowed from the block's text.
pub struct EntryView<'v> {
    /// Index of the export.
    pub export: u16,
    /// The record: at least its lines of the attributes that the pass [asks for](Pass::interest).
    pub record: &'v ContentRecord<'v>,
    /// The bytes of its name's [`DnKey`](crate::ldap::DnKey).
    pub key: &'v [u8],
    /// The whole text of the record, how it is read, and which of its lines `record` has; `None` if `record` is whole.
    rest: Option<(PartialRecord<'v>, UrlPolicy<'v>, &'v AttributeSelection)>,
    whole: OnceCell<ContentRecord<'v>>,
}

impl<'v> EntryView<'v> {
    /// The lines of an attribute type without options, by any name of the type.
    pub fn values<'e>(&'e self, attribute_type: &'e str) -> impl Iterator<Item = &'e AttributeLine<'v>> {
        let is = move |line: &&AttributeLine<'_>| crate::ldap::attribute::same_type(&line.description, attribute_type);
        self.with(attribute_type).attributes.iter().filter(is)
    }

    /// The record with all of its lines.
    pub fn whole(&self) -> &ContentRecord<'v> {
        let Some((part, urls, _)) = self.rest else { return self.record };
        self.whole.get_or_init(|| {
            let read = RecordReader::new(part.text, part.line, urls).next();
            let mut whole = match read {
                Some(Ok(Record::Content(whole))) => whole,
                // Cannot happen: the same text was read before, in the same way.
                _ => self.record.clone(),
            };
            read_extended_names(&mut whole);
            drop_replication_state(&mut whole, self.export, &mut Census::default());
            whole
        })
    }

    /// The record, with at least the lines of this attribute type.
    pub fn with(&self, attribute_type: &str) -> &ContentRecord<'v> {
        match self.rest {
            Some((_, _, interest)) if interest.get(attribute_type).is_none() => self.whole(),
            _ => self.record,
        }
    }

    /// The record, with at least the lines of the requested attribute type and its subtypes.
    fn with_all(&self, asked: &AskedAttribute) -> &ContentRecord<'v> {
        match self.rest {
            Some((_, _, interest)) if asked.names().any(|name| interest.get(name).is_none()) => self.whole(),
            _ => self.record,
        }
    }

    /// The export and line of the record.
    pub fn origin(&self) -> Origin {
        Origin { export: self.export, line: self.record.line }
    }

    /// Copies the entry, so that it can be kept after its block was dropped.
    ///
    /// Fails at the line of a name or an attribute description that cannot be parsed.
    pub fn to_entry(&self) -> Result<Entry, Unreadable> {
        let unreadable = |line: u64| Unreadable { line, kind: LdifErrorKind::BadAttributeDescription };
        let record = self.whole();
        let dn = Dn::parse(&record.dn).map_err(|_| unreadable(record.line))?;
        let mut entry = Entry { dn, origin: self.origin(), attributes: Vec::new() };
        // Lines of one attribute mostly follow each other: compare with the last one first.
        let mut last: Option<(&str, usize)> = None;
        for line in &record.attributes {
            let value = Value { bytes: line.value.bytes().into(), line: line.line };
            let at = match last {
                Some((spelling, at)) if spelling == line.description => at,
                _ => {
                    let description =
                        AttributeDescription::parse(line.description.as_bytes()).map_err(|_| unreadable(line.line))?;
                    let known = entry.attributes.iter().position(|attribute| attribute.description == description);
                    known.unwrap_or_else(|| {
                        // Most attributes have one value.
                        entry.attributes.push(Attribute { description, values: Vec::with_capacity(1) });
                        entry.attributes.len() - 1
                    })
                }
            };
            last = Some((&line.description, at));
            entry.attributes[at].values.push(value);
        }
        // The entry is kept until the plan is written.
        entry.attributes.iter_mut().for_each(|attribute| attribute.values.shrink_to_fit());
        entry.attributes.shrink_to_fit();
        Ok(entry)
    }
}

impl Attributes for EntryView<'_> {
    fn any_value(&self, asked: &AskedAttribute, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let record = self.with_all(asked);
        let mut lines = record.attributes.iter().filter(|line| asked.covers(&line.description));
        lines.any(|line| test(line.value.bytes()))
    }

    fn any_attribute(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        self.whole().attributes.iter().any(|line| test(&line.description, line.value.bytes()))
    }

    fn any_of_name(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        Dn::parse(&self.record.dn).is_ok_and(|dn| any_of_dn(&dn, test))
    }

    fn name_key(&self) -> &[u8] {
        self.key
    }
}

/// A line that a pass needs and cannot parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub kind: LdifErrorKind,
}

/// What a scan does with each entry.
pub trait Pass: Sync {
    /// What the pass keeps of a block.
    type Found: Default + Send;

    /// The attributes whose lines [`EntryView::record`] has; `None` for all attributes.
    ///
    /// [`EntryView::whole`] has all lines in any case.
    fn interest(&self) -> Option<&AttributeSelection> {
        None
    }

    /// The operational attributes whose presence the census records; `None` for none.
    fn operational(&self) -> Option<&Watch> {
        None
    }

    /// Looks at one entry, and adds to what was found in its block.
    fn visit(&self, entry: &EntryView<'_>, found: &mut Self::Found) -> Result<(), Unreadable>;

    /// Looks at a record whose name is not a DN; [`visit`](Pass::visit) does not see it. The record has at least the
    /// lines of the attributes of [`Pass::interest`].
    fn visit_bad_name(&self, _record: &ContentRecord<'_>, _export: u16, _found: &mut Self::Found) {}
}

/// Why a scan failed.
#[derive(Debug, Error)]
pub enum ScanError<E> {
    /// An export could not be read.
    #[error(transparent)]
    Exports(E),
    /// A place that is not valid LDIF.
    #[error("{error}")]
    Ldif {
        /// Index of the export.
        export: u16,
        /// What is wrong, with its line and column.
        error: LdifError,
        /// The errors after this one.
        more: MoreErrors,
    },
    /// A change record, where only entries are expected.
    #[error("line {line}: a change record (`changetype: {keyword}`) in an export")]
    ChangeRecord {
        /// Index of the export.
        export: u16,
        /// The line, from 1.
        line: u64,
        /// The changetype.
        keyword: &'static str,
    },
}

/// What was found in a block.
struct ScannedBlock<F> {
    found: F,
    census: Census,
}

/// Why a block was not read to its end.
enum BlockError {
    Ldif(u16, LdifError),
    ChangeRecord(u16, u64, &'static str),
}

/// Shows every entry to `pass`, and gives what it found to `merge`, block by block in the order of the exports.
pub fn scan<E: Exports, P: Pass>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    pass: &P,
    mut merge: impl FnMut(P::Found),
) -> Result<Census, ScanError<E::Error>> {
    scan_until(exports, urls, overlay, pass, |found| {
        merge(found);
        ControlFlow::Continue(())
    })
}

/// [`scan`] that ends early, without an error, when `merge` breaks. The census then counts the blocks that were merged.
pub fn scan_until<E: Exports, P: Pass>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    pass: &P,
    mut merge: impl FnMut(P::Found) -> ControlFlow<()>,
) -> Result<Census, ScanError<E::Error>> {
    let work = |block: BlockText<'_>| scan_block(block, urls, overlay, pass);
    let mut census = Census::default();
    let mut stop = None;
    let mut take = |result: Result<ScannedBlock<P::Found>, BlockError>| match result {
        Ok(scanned) => {
            census.merge(scanned.census);
            merge(scanned.found)
        }
        Err(reason) => {
            stop = Some(reason);
            ControlFlow::Break(())
        }
    };
    exports.for_each_block(&work, &mut take).map_err(ScanError::Exports)?;
    match stop {
        None => Ok(census),
        Some(BlockError::Ldif(export, error)) => {
            // The first error is reported even if the exports cannot be read again for more of them.
            let more = find_more_errors(exports, urls, export, &error).unwrap_or_default();
            Err(ScanError::Ldif { export, error, more })
        }
        Some(BlockError::ChangeRecord(export, line, keyword)) => Err(ScanError::ChangeRecord { export, line, keyword }),
    }
}

fn scan_block<P: Pass>(
    block: BlockText<'_>,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    pass: &P,
) -> Result<ScannedBlock<P::Found>, BlockError> {
    let export = block.export;
    let mut scanned = ScannedBlock { found: P::Found::default(), census: Census::default() };
    let mut keys = KeyBuffer::new();
    let interest = pass.interest();
    let mut reader = RecordReader::new(block.bytes, block.first_line, urls).only(interest);
    while let Some(record) = reader.next() {
        let part = reader.partial();
        let mut record = match record.map_err(|error| BlockError::Ldif(export, error))? {
            Record::Content(record) => record,
            Record::NonEntry { line, block } => {
                count_block(&mut scanned.census, export, line, block);
                continue;
            }
            Record::Change(record) => match record.change {
                ChangeKind::Add(attributes) if record.controls.is_empty() => {
                    scanned.census.add_records += 1;
                    ContentRecord { line: record.line, dn: record.dn, attributes }
                }
                change => return Err(BlockError::ChangeRecord(export, record.line, change.keyword())),
            },
        };
        read_extended_names(&mut record);
        let Ok(key) = keys.key_of(&record.dn) else {
            pass.visit_bad_name(&record, export, &mut scanned.found);
            let text = record.dn.into_owned();
            scanned.census.unreadable_names.add(Place { export, line: record.line, text });
            continue;
        };
        let has_no_special_lines = reader.has_no_special_lines();
        if !is_live(&record, has_no_special_lines, &mut scanned.census) {
            continue;
        }
        let lines = part.map_or(record.attributes.len(), |part| part.line_count);
        let dropped =
            if has_no_special_lines { 0 } else { drop_replication_state(&mut record, export, &mut scanned.census) };
        if lines == dropped || !has_no_special_lines && has_an_empty_class(&record) {
            let text = record.dn.to_vec();
            scanned.census.without_values.add(Place { export, line: record.line, text });
        }
        if let Some(watch) = pass.operational() {
            watch.note(&record, part, export, &mut scanned.census.operational);
        }
        scanned.census.entries += 1;
        if scanned.census.entries == 1 {
            scanned.census.with_entries.insert(export);
        }
        let unreadable = |unreadable: Unreadable| {
            let text = line_text(block, unreadable.line);
            BlockError::Ldif(export, LdifError::new(unreadable.line, 1, record.line, unreadable.kind, text))
        };
        let view = |record, key, rest| EntryView { export, record, key, rest, whole: OnceCell::new() };
        match overlay.and_then(|overlay| overlay.get(key)) {
            None => {
                let rest = part.zip(interest).map(|(part, interest)| (part, urls, interest));
                let view = view(&record, key, rest);
                pass.visit(&view, &mut scanned.found).map_err(unreadable)?;
            }
            Some(None) => scanned.census.entries -= 1,
            Some(Some(entry)) => {
                let changed = view_of(entry);
                let view = view(&changed, entry.dn.key().as_bytes(), None);
                pass.visit(&view, &mut scanned.found).map_err(unreadable)?;
            }
        }
        reader.recycle(record);
    }
    note_missing_line_end(block, &mut scanned.census);
    Ok(scanned)
}

/// Every tool ends the last line of an export. Without a line end, the last value may be a part of a value, and entries after
/// it may be missing. All blocks but the last of a file end with a line end.
fn note_missing_line_end(block: BlockText<'_>, census: &mut Census) {
    if block.bytes.last().is_some_and(|byte| *byte != b'\n') {
        let line = block.first_line + memchr::memchr_iter(b'\n', block.bytes).count() as u64;
        census.unended.add(Place { export: block.export, line, text: b"the last line has no line end".to_vec() });
    }
}

/// Shows an entry that was kept to a pass, as a scan would.
pub fn visit_entry<P: Pass>(entry: &Entry, pass: &P, found: &mut P::Found) -> Result<(), Unreadable> {
    let record = view_of(entry);
    let key = entry.dn.key().as_bytes();
    let view = EntryView { export: entry.origin.export, record: &record, key, rest: None, whole: OnceCell::new() };
    pass.visit(&view, found)
}

/// A record with the lines of an entry that was kept.
fn view_of(entry: &Entry) -> ContentRecord<'_> {
    let lines = entry.attributes.iter().flat_map(|attribute| {
        attribute.values.iter().map(|value| AttributeLine {
            line: value.line,
            description: Cow::Borrowed(attribute.description.as_str()),
            value: LdifValue::Bytes(Cow::Borrowed(&value.bytes)),
        })
    });
    let dn = Cow::Borrowed(entry.dn.raw_bytes());
    ContentRecord { line: entry.origin.line, dn, attributes: lines.collect() }
}

fn line_text(block: BlockText<'_>, line: u64) -> &[u8] {
    let index = usize::try_from(line - block.first_line).unwrap_or(usize::MAX);
    block.bytes.split(|byte| *byte == b'\n').nth(index).unwrap_or_default()
}

fn count_block(census: &mut Census, export: u16, line: u64, block: NonEntry<'_>) {
    census.other_blocks += 1;
    match block {
        NonEntry::SearchResult { code: Some(0) | None, .. } | NonEntry::Version | NonEntry::Paging => {}
        NonEntry::SearchResult { text, .. } => census.cut.add(Place { export, line, text: text.into_owned() }),
        NonEntry::Reference(urls) => {
            for url in urls {
                census.referrals.add(Place { export, line, text: url.into_owned() });
            }
        }
    }
}

/// Whether the record is a live entry; counts it otherwise. Of a record
/// [without special lines](RecordReader::has_no_special_lines), only the name has to be looked at.
fn is_live(record: &ContentRecord<'_>, has_no_special_lines: bool, census: &mut Census) -> bool {
    const RUV: &[u8] = b"nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff";
    let starts = |prefix: &[u8]| record.dn.get(..prefix.len()).is_some_and(|dn| dn.eq_ignore_ascii_case(prefix));
    if starts(RUV) {
        census.replica_states += 1;
        return false;
    }
    let has = |name: &str, value: &[u8]| {
        let is = |line: &AttributeLine<'_>| {
            line.description.eq_ignore_ascii_case(name) && line.value.bytes().eq_ignore_ascii_case(value)
        };
        !has_no_special_lines && record.attributes.iter().any(is)
    };
    // Names are searched for these only if they contain the byte that both begin with.
    let deleted_name = || {
        memchr::memmem::find(&record.dn, b"\\0ADEL:").is_some() || memchr::memmem::find(&record.dn, b"\nDEL:").is_some()
    };
    if memchr::memchr2(b'\\', b'\n', &record.dn).is_some() && deleted_name()
        || has("objectClass", b"nsTombstone")
        || has("isDeleted", b"TRUE")
    {
        census.tombstones += 1;
        return false;
    }
    true
}

/// Whether `objectClass` has no value: a search that returns types only leaves out the values of all attributes.
fn has_an_empty_class(record: &ContentRecord<'_>) -> bool {
    let mut classes = record.attributes.iter().filter(|line| line.description.eq_ignore_ascii_case("objectClass"));
    classes.any(|line| line.value.bytes().is_empty())
}

/// Removes what `db2ldif -r` adds to descriptions, and counts lists that are incomplete. Returns the number of lines that
/// were dropped because they hold deleted values.
fn drop_replication_state(record: &mut ContentRecord<'_>, export: u16, census: &mut Census) -> usize {
    let mut dropped = 0;
    record.attributes.retain_mut(|line| {
        let Some(base_end) = memchr::memchr(b';', line.description.as_bytes()) else { return true };
        let mut options = line.description[base_end + 1..].split(';');
        if options.clone().any(|option| option.eq_ignore_ascii_case("deleted")) {
            dropped += 1;
            return false;
        }
        if options.clone().any(is_csn) {
            let kept = options.filter(|option| !is_csn(option)).collect::<Vec<_>>();
            let base = &line.description[..base_end];
            line.description = std::iter::once(base).chain(kept).collect::<Vec<_>>().join(";").into();
        } else if let Some(range) = options.find_map(range) {
            if range == "0-*" {
                line.description = line.description[..base_end].to_owned().into();
            } else {
                let text = line.description.as_bytes().to_vec();
                census.partial_lists.add(Place { export, line: line.line, text });
            }
        }
        true
    });
    census.deleted_values += dropped as u64;
    dropped
}

/// Leaves the DN of each name in the extended form of Active Directory, which a server does not take in a change.
fn read_extended_names(record: &mut ContentRecord<'_>) {
    if let Some(dn) = plain_dn(&record.dn).map(<[u8]>::to_vec) {
        record.dn = dn.into();
    }
    for line in record.attributes.iter_mut().filter(|line| line.value.bytes().first() == Some(&b'<')) {
        if let Some(dn) = plain_dn(line.value.bytes()).filter(|dn| Dn::parse(dn).is_ok()).map(<[u8]>::to_vec) {
            line.value = LdifValue::Bytes(dn.into());
        }
    }
}

/// The range of values that an option names: `0-1499`, or `0-*` for all of them (MS-ADTS, 3.1.1.3.1.3.3).
fn range(option: &str) -> Option<&str> {
    let (name, range) = option.split_once('=')?;
    name.eq_ignore_ascii_case("range").then_some(range)
}

/// Whether an option is a change sequence number of 389 DS, which says when an attribute or a value was added, deleted or
/// updated.
fn is_csn(option: &str) -> bool {
    ["adcsn-", "mdcsn-", "vucsn-", "vdcsn-"]
        .iter()
        .any(|prefix| option.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}
