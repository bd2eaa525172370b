//! The LDIF reader against the corpus: cases of other parsers, files of public projects, output of servers.
//!
//! The tables of `docs/leniency.md` list where other parsers differ. These tests read the tables: a missing row and a
//! row that is no longer true both fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use offboard::io::source::{ReadOptions, Source};
use offboard::ldif::{LdifError, LdifErrorKind, Record, RecordReader, UrlPolicy};
use offboard::render::record_json;
use serde_json::Value;

use super::record_form::{comparable, read};
use crate::support::{file_name, paths_with};

const LENIENCY: &str = include_str!("../../docs/leniency.md");

/// The rows of the table under a heading of `docs/leniency.md`: cells without backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let (_, section) = LENIENCY.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('`', "")).collect()).collect()
}

/// The corpus, or `None` where it is not installed.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("OFFBOARD_CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("NOT CHECKED: no {}; set OFFBOARD_CORPUS to the folder of the corpus", folder.display());
    None
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The files of a folder with this extension, at least one.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let files = paths_with(folder, extension);
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// The records of a file as a plan reads it, through `io::source`, which handles byte order marks, UTF-16 and blocks.
fn read_file(path: &Path) -> Result<Vec<Value>, LdifError> {
    let mut blocks = Source::open(path.to_str().unwrap(), &ReadOptions::default()).unwrap().blocks().unwrap();
    let mut records = Vec::new();
    while let Some(block) = blocks.next_block(Vec::new()).unwrap() {
        for record in RecordReader::new(&block.bytes, block.first_line, UrlPolicy::Keep) {
            records.extend(record_json::record(&record?, false));
        }
    }
    Ok(records)
}

/// The name of the variant, which the table uses.
fn kind_name(kind: &LdifErrorKind) -> String {
    format!("{kind:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()
}

#[test]
fn corpus_cases_are_read_as_others_read_them() {
    let Some(folder) = corpus() else { return };
    let mut differing = BTreeMap::new();
    let mut checked = 0;
    for path in files(&folder.join("cases"), "json") {
        for case in json_file(&path).as_array().unwrap() {
            let is_fragment = case["note"].as_str().is_some_and(|note| note.contains("FRAGMENT"));
            if case.get("contested").is_some() || is_fragment {
                continue;
            }
            checked += 1;
            if let Err(reason) = check_case(case) {
                let name = case["name"].as_str().unwrap();
                differing.insert((path.file_stem().unwrap().to_str().unwrap().to_owned(), name.to_owned()), reason);
            }
        }
    }
    assert!(checked > 250, "only {checked} cases");
    let decided: BTreeSet<(String, String)> =
        table("Cases decided otherwise").iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let wrong: Vec<String> = differing
        .iter()
        .filter(|(case, _)| !decided.contains(*case))
        .map(|((file, name), reason)| format!("{file}: {name}: {reason}"))
        .chain(decided.iter().filter(|case| !differing.contains_key(*case)).map(|case| format!("no longer: {case:?}")))
        .collect();
    assert!(wrong.is_empty(), "{} of {checked} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn check_case(case: &Value) -> Result<(), String> {
    let text = BASE64.decode(case["input_base64"].as_str().unwrap().as_bytes()).unwrap();
    let is_valid = case["expect"] == "valid";
    // An invalid case with a URL is refused like every URL, as without --allow-url.
    let urls = if is_valid { UrlPolicy::Keep } else { UrlPolicy::Refuse };
    match (read(&text, urls), is_valid) {
        (Err(error), false) if error.line >= 1 && error.column >= 1 => Ok(()),
        (Err(error), _) => Err(error.to_string()),
        (Ok(records), false) => Err(format!("read as {records:?}")),
        (Ok(records), true) => {
            // Some cases only assert that a text can be read.
            let Value::Array(expected) = &case["expected"] else { return Ok(()) };
            let (read, expected) = (comparable(&records), comparable(expected));
            if read == expected { Ok(()) } else { Err(format!("read as {read:?}\n    not {expected:?}")) }
        }
    }
}

#[test]
fn corpus_files_are_read_as_two_other_readers_read_them() {
    let Some(folder) = corpus() else { return };
    let oracle = fs::read_to_string(folder.join("oracle.tsv")).unwrap();
    let golden_column = oracle.lines().next().unwrap().split('\t').position(|name| name == "golden").unwrap();
    let mut wrong = Vec::new();
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut goldens, mut others) = (0, 0);
    for row in oracle.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (file, golden) = (cells[0], cells.get(golden_column).copied().unwrap_or_default());
        let records = read_file(&folder.join("files").join(file));
        if golden.is_empty() {
            others += 1;
            if let Err(error) = records {
                assert!(error.line >= 1 && error.column >= 1, "{file}: {error}");
                refused.entry(kind_name(&error.kind)).or_default().push(format!("{file}: {error}"));
            }
            continue;
        }
        goldens += 1;
        let expected = json_file(&folder.join("golden").join(format!("{golden}.json")));
        match records {
            Ok(records) if comparable(&records) == comparable(expected["records"].as_array().unwrap()) => {}
            Ok(_) => wrong.push(format!("{file}: other records than {golden}")),
            Err(error) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {goldens} files:\n{}", wrong.len(), wrong.join("\n"));
    assert!(goldens > 700 && others > 100, "only {goldens} and {others} files");
    let counts: BTreeMap<String, usize> = refused.iter().map(|(kind, files)| (kind.clone(), files.len())).collect();
    let expected: BTreeMap<String, usize> =
        table("Files that are refused").iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
    assert_eq!(counts, expected, "{refused:#?}");
}

/// Exports of real servers and tools are read completely, with as many entries as `dn:` lines.
#[test]
fn server_exports_are_read_whole() {
    let Some(folder) = corpus() else { return };
    let folder = folder.join("../samples");
    let mut wrong = Vec::new();
    let mut entries = 0;
    for path in files(&folder, "ldif") {
        let name = file_name(&path);
        // A log of changes is not an export.
        if name.contains("auditlog") {
            continue;
        }
        let text = fs::read(&path).unwrap();
        let names = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"dn:")).count();
        entries += names;
        let mut found = 0;
        for record in RecordReader::new(&text, 1, UrlPolicy::Refuse) {
            match record {
                Ok(Record::Content(_)) => found += 1,
                Ok(Record::NonEntry { .. }) => {}
                // `ldapsearch -t` writes values to files of their own.
                Err(error) if name.contains("tempfiles") && error.kind == LdifErrorKind::UrlNotAllowed => found += 1,
                Ok(Record::Change(record)) => wrong.push(format!("{name}:{}: a change record", record.line)),
                Err(error) => wrong.push(format!("{name}: {error}")),
            }
        }
        if found != names {
            wrong.push(format!("{name}: {found} entries, not {names}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(entries > 5000, "only {entries} entries");
}
