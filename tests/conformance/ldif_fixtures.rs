//! The LDIF reader on `fixtures/ldif`: valid text, errors of malformed text, and the examples of RFC 2849.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use offboard::ldif::lines::last_record_boundary;
use offboard::ldif::{LdifError, LdifErrorKind, NonEntry, Record, RecordReader, UrlPolicy};
use offboard::render::record_json;
use proptest::prelude::*;
use serde_json::Value;

use super::record_form::read;
use crate::support::{paths_with, root, scenarios};

/// The LDIF files of a folder of `fixtures`, sorted: name without extension, text.
fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let files = paths_with(&root().join("fixtures").join(folder), "ldif");
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect()
}

/// Every LDIF text of `fixtures` that is to be read without an error.
pub fn readable() -> Vec<(String, Vec<u8>)> {
    let mut folders: Vec<String> = scenarios().iter().map(|name| format!("scenarios/{name}")).collect();
    folders.extend(["ldif/valid", "ldif/rfc2849"].map(str::to_owned));
    folders.sort();
    let files = folders
        .into_iter()
        .flat_map(|folder| fixtures(&folder).into_iter().map(move |(name, text)| (format!("{folder}/{name}"), text)));
    files.collect()
}

#[test]
fn valid_text_is_read_as_its_twin_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ldif/valid");
    for (name, text) in fixtures("ldif/valid") {
        let records = read(&text, UrlPolicy::Refuse).unwrap_or_else(|error| panic!("{name}: {error}"));
        let lines = records.iter().fold(String::new(), |lines, record| lines + &record.to_string() + "\n");
        let twin = folder.join(format!("{name}.json"));
        assert_eq!(lines, fs::read_to_string(&twin).unwrap(), "{name}");
    }
}

/// Blocks without `dn:` are distinguished, because one kind shows that the export is incomplete.
#[test]
fn what_ldapsearch_writes_around_entries() {
    let (_, text) = fixtures("ldif/valid").into_iter().find(|(name, _)| name == "ldapsearch").unwrap();
    let blocks: Vec<String> = RecordReader::new(&text, 1, UrlPolicy::Refuse)
        .map(|record| match record.unwrap() {
            Record::NonEntry { line, block: NonEntry::SearchResult { code, text } } => {
                format!("{line} result {code:?} {}", text.escape_ascii())
            }
            Record::NonEntry { line, block: NonEntry::Reference(urls) } => {
                format!("{line} reference {}", urls.join(&b' ').escape_ascii())
            }
            Record::NonEntry { line, block } => format!("{line} {block:?}"),
            Record::Content(record) => format!("{} entry", record.line),
            Record::Change(record) => format!("{} change", record.line),
        })
        .collect();
    insta::assert_snapshot!(blocks.join("\n"));
}

#[test]
fn malformed_text_is_refused_at_its_place() {
    let mut said = String::new();
    for (name, text) in fixtures("ldif/invalid") {
        let errors = |text: &[u8]| {
            let records = RecordReader::new(text, 1, UrlPolicy::Refuse);
            records.filter_map(Result::err).collect::<Vec<_>>()
        };
        let found = errors(&text);
        assert_eq!(found.len(), 1, "{name}: one malformation each: {found:?}");
        let error = &found[0];
        writeln!(said, "{name}:{}:{}: {}", error.line, error.column, error.kind).unwrap();
        writeln!(said, "    {}", error.excerpt.escape_ascii()).unwrap();
        if let Some(help) = error.kind.help() {
            writeln!(said, "    help: {help}").unwrap();
        }
        assert!(error.record_line <= error.line, "{name}");
        assert_eq!(errors(&with_crlf(&text)), found, "{name}, with CRLF");
    }
    insta::assert_snapshot!(said);
}

fn with_crlf(text: &[u8]) -> Vec<u8> {
    text.split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| line.strip_suffix(b"\n").map_or(line.to_vec(), |line| [line, b"\r\n"].concat()))
        .collect()
}

#[test]
fn line_ends_do_not_matter() {
    let with_lines = |text: &[u8]| -> Vec<Value> {
        let records = RecordReader::new(text, 1, UrlPolicy::Keep);
        records.filter_map(|record| record_json::record(&record.unwrap(), true)).collect()
    };
    for (name, text) in readable() {
        assert!(!text.contains(&b'\r'), "{name} has CR already");
        assert_eq!(with_lines(&with_crlf(&text)), with_lines(&text), "{name}");
    }
}

/// RFC 2849, "Examples of LDAP Data Interchange Format", without the blank lines that page breaks put into records, and
/// in example 3 the blanks that they put into base64.
#[test]
fn the_examples_of_rfc_2849() {
    let mut said = String::new();
    for (name, text) in fixtures("ldif/rfc2849") {
        let refused = read(&text, UrlPolicy::Refuse).err().map(|error| (error.line, error.kind));
        let expected = match name.as_str() {
            "example5" => Some((11, LdifErrorKind::UrlNotAllowed)),
            "example6" => Some((12, LdifErrorKind::UrlNotAllowed)),
            _ => None,
        };
        assert_eq!(refused, expected, "{name}");
        writeln!(said, "{name}").unwrap();
        for record in read(&text, UrlPolicy::Keep).unwrap() {
            writeln!(said, "    {record}").unwrap();
        }
    }
    insta::assert_snapshot!(said);
}

/// A URL is resolved only by the function that the caller gives, whose result is the value.
#[test]
fn urls_are_resolved_on_demand() {
    let (_, text) = fixtures("ldif/rfc2849").into_iter().find(|(name, _)| name == "example5").unwrap();
    let photo = |url: &[u8]| Ok([b"bytes of ", url].concat());
    let records = read(&text, UrlPolicy::Resolve(&photo)).unwrap();
    let attributes = records[0]["attrs"].as_array().unwrap();
    let expected = serde_json::json!(["jpegphoto", ["bytes of file:///usr/local/directory/photos/hjensen.jpg"]]);
    assert_eq!(attributes.last(), Some(&expected));
    let nothing = |_: &[u8]| Err("no such file".to_owned());
    let error = read(&text, UrlPolicy::Resolve(&nothing)).unwrap_err();
    assert_eq!((error.line, error.kind), (11, LdifErrorKind::UrlUnreadable("no such file".to_owned())));
}

/// All records and errors of a text with their places. Values are compared by their bytes, because a value may be
/// decoded or not, depending on its block.
fn outcomes(text: &[u8], first_line: u64) -> Vec<Result<Record<'_>, LdifError>> {
    RecordReader::new(text, first_line, UrlPolicy::Refuse).collect()
}

proptest! {
    /// A file may be cut at any record boundary: the parts, each with the number of its first line, give the same as
    /// the whole. The texts are whole fixtures, valid and malformed, concatenated.
    #[test]
    fn blocks_are_independent(
        picked in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        limit in 1_usize..4000,
        crlf in any::<bool>(),
    ) {
        let mut all = fixtures("ldif/valid");
        // Text with an error after which reading does not continue cannot be cut.
        all.extend(fixtures("ldif/invalid").into_iter().filter(|(name, _)| !name.starts_with("fold-") && !name.starts_with("version-")));
        let mut text = Vec::new();
        for index in &picked {
            text.extend_from_slice(&index.get(&all).1);
            text.extend_from_slice(b"\n\n");
        }
        if crlf {
            text = with_crlf(&text);
        }
        let (mut rest, mut line, mut parts) = (text.as_slice(), 1, Vec::new());
        while !rest.is_empty() {
            let end = last_record_boundary(&rest[..limit.min(rest.len())]).unwrap_or(rest.len());
            let (block, behind) = rest.split_at(end);
            parts.extend(outcomes(block, line));
            line += memchr::memchr_iter(b'\n', block).count() as u64;
            rest = behind;
        }
        prop_assert_eq!(parts, outcomes(&text, 1));
    }
}
