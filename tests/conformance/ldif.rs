//! The LDIF reader against other people's parser tests and files (the corpus beside the checkout), against exports that
//! real servers wrote, and against other people's readers.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use data_encoding::BASE64;
use offboard::ldif::{LdifError, LdifErrorKind, RecordReader, UrlPolicy, lines};
use offboard::render::record_json;
use proptest::prelude::*;
use serde_json::Value;

/// A folder beside the checkout; `None` where it is not there, which is said aloud.
fn beside(folder: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("OFFBOARD_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        |corpus| PathBuf::from(corpus).join(".."),
    );
    let path = shared.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("NOT CHECKED: there is no {}", path.display());
    None
}

fn read(text: &[u8]) -> Result<Vec<Value>, LdifError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut records = Vec::new();
    for record in RecordReader::new(text, 1, UrlPolicy::Refuse) {
        records.extend(record_json::record(&record?, false));
    }
    Ok(records)
}

/// Some upstream parsers lose the order of attributes and controls, and one writes `moddn` for `modrdn`.
fn without_order(records: &Value) -> Value {
    let mut records = records.clone();
    for record in records.as_array_mut().into_iter().flatten() {
        for list in ["attrs", "controls"] {
            if let Some(list) = record.get_mut(list).and_then(Value::as_array_mut) {
                list.sort_by_key(ToString::to_string);
            }
        }
        if record.get("changetype").is_some_and(|keyword| keyword == "modrdn") {
            record["changetype"] = "moddn".into();
        }
    }
    records
}

/// Uncontested cases that we decide otherwise; the reasons stand in `docs/leniency.md`.
const DECIDED_OTHERWISE: [(&str, &str); 19] = [
    ("testLdifParserWithNullDn#2", "the upstream reader merges attributes and keeps another spelling"),
    ("testModification_empty", "a modify without modifications: another uncontested case refuses it"),
    ("testDecodeEntryDuplicateNonEmptyValueWithIgnore", "duplicates are kept"),
    ("testDecodeEntryDuplicateNonEmptyBase64ValueWithIgnore", "duplicates are kept"),
    ("testSingleTrailingSpaceInDN#strip", "blanks are kept"),
    ("testMultipleTrailingSpacesInDN#strip", "blanks are kept"),
    ("testTrailingSpaceInDeleteChangeRecordChangeType#strip", "blanks are kept"),
    ("testTrailingSpaceInModifyChangeRecordDN#default", "blanks are kept"),
    ("testTrailingSpaceInModifyChangeRecordChangeAttr1Value1#default", "blanks are kept"),
    ("testTrailingSpaceInModifyChangeRecordChangeAttr1Value2#default", "blanks are kept"),
    ("testTrailingSpaceInModifyChangeRecordChangeAttr2Value2#default", "blanks are kept"),
    ("testTrailingSpaceInModifyDNChangeRecordDN#strip", "blanks are kept"),
    ("testTrailingSpaceInModifyDNChangeRecordChangeType#strip", "blanks are kept"),
    ("testTrailingSpaceInModifyDNChangeRecordDeleteOldRDN#strip", "blanks are kept"),
    ("getLDIFChangeRecords#39", "`deleteoldrdn: true` is refused"),
    ("getLDIFChangeRecords#40", "`deleteoldrdn: yes` is refused"),
    ("testSpaceAfterBase64WithoutSpace#reject", "blanks behind base64 mean nothing"),
    ("testSpaceAfterBase64WithSpace#default", "blanks behind base64 mean nothing"),
    ("testSpaceAfterBase64WithSpace#reject", "blanks behind base64 mean nothing"),
];

#[test]
fn cases_of_other_parsers() {
    let Some(folder) = beside("corpus/cases") else { return };
    let decided: BTreeMap<&str, &str> = DECIDED_OTHERWISE.into_iter().collect();
    let (mut agreed, mut wrong) = (0, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let cases: Vec<Value> = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        for case in cases {
            let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
            let contested = case.get("contested").is_some_and(|reason| !reason.is_null());
            if contested || text("note").contains("FRAGMENT") {
                continue;
            }
            let input = BASE64.decode(text("input_base64").as_bytes()).unwrap();
            let agrees = match (read(&input), text("expect").as_str()) {
                (Ok(records), "valid") => {
                    case["expected"].is_null() || without_order(&records.into()) == without_order(&case["expected"])
                }
                (Err(error), "invalid") => error.line >= 1 && error.column >= 1,
                _ => false,
            };
            match (agrees, decided.contains_key(text("name").as_str())) {
                (true, _) => agreed += 1,
                (false, true) => {}
                (false, false) => wrong.push(text("name")),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(agreed >= 287, "{agreed} cases agree");
}

/// Why a file of the corpus is refused; each kind is a row of `docs/leniency.md`.
fn is_documented(kind: &LdifErrorKind) -> bool {
    matches!(
        kind,
        LdifErrorKind::BadBase64(_)
            | LdifErrorKind::MissingDn
            | LdifErrorKind::MissingColon
            | LdifErrorKind::BadAttributeDescription
            | LdifErrorKind::UrlNotAllowed
            | LdifErrorKind::UnknownChangeType
            | LdifErrorKind::MissingModification
            | LdifErrorKind::UnknownModification
            | LdifErrorKind::BadModifiedAttribute
            | LdifErrorKind::OtherAttribute(_)
            | LdifErrorKind::MissingDeleteOldRdn
            | LdifErrorKind::FoldOfNothing
            | LdifErrorKind::TabFold
            | LdifErrorKind::SecondDn
            | LdifErrorKind::NulByte
            | LdifErrorKind::BadSeparator
            | LdifErrorKind::LinesAfterDelete
            | LdifErrorKind::LateControl
    )
}

#[test]
fn files_of_other_projects() {
    let Some(corpus) = beside("corpus") else { return };
    let table = fs::read_to_string(corpus.join("oracle.tsv")).unwrap();
    let (mut golden, mut wrong) = (0, Vec::new());
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (file, id) = (columns[0], columns[14]);
        let result = read(&fs::read(corpus.join("files").join(file)).unwrap());
        if id.is_empty() {
            if let Err(error) = result
                && !is_documented(&error.kind)
            {
                wrong.push(format!("{file}: {error}"));
            }
            continue;
        }
        let parse: Value =
            serde_json::from_slice(&fs::read(corpus.join(format!("golden/{id}.json"))).unwrap()).unwrap();
        match result {
            Ok(records) if Value::from(records.clone()) == parse["records"] => golden += 1,
            Ok(_) => wrong.push(format!("{file}: reads otherwise")),
            Err(error) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(golden >= 790, "{golden} files read as their golden parse");
}

/// Every export that slapd, 389 DS and Samba wrote reads to its end, but for values that stand in other files.
#[test]
fn exports_of_real_servers() {
    let Some(folder) = beside("samples") else { return };
    let mut read_whole = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|ending| ending != "ldif") || name.contains("auditlog") {
            continue;
        }
        match read(&fs::read(&path).unwrap()) {
            Ok(_) => read_whole += 1,
            Err(error) if name.contains("tempfiles") => assert_eq!(error.kind, LdifErrorKind::UrlNotAllowed, "{name}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(read_whole > 50, "{read_whole} exports");
}

/// `fixtures/ldif/invalid` holds one malformation a file: what is said of each.
#[test]
fn malformations() {
    let said = |text: &[u8]| {
        let error = read(text).unwrap_err();
        let help = error.kind.help().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{error}{help}  [{}]", String::from_utf8_lossy(&error.excerpt).escape_debug())
    };
    let mut all = Vec::new();
    for (name, text) in fixtures("invalid") {
        let said_of_it = said(&text);
        assert_eq!(said_of_it, said(&with_crlf(&text)), "{name} with CRLF");
        all.push(format!("{name}: {said_of_it}"));
    }
    insta::assert_snapshot!(all.join("\n"));
}

/// `fixtures/ldif/valid` holds what is easily misread: its records, one a line.
#[test]
fn easily_misread() {
    let lines = |text: &[u8]| {
        let records = read(text).unwrap();
        records.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let mut all = Vec::new();
    for (name, text) in fixtures("valid") {
        let records = lines(&text);
        assert_eq!(records, lines(&with_crlf(&text)), "{name} with CRLF");
        all.push(format!("{name}:\n{records}"));
    }
    insta::assert_snapshot!(all.join("\n\n"));
}

/// The files of a folder of `fixtures/ldif` by name, in order.
fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = crate::offboard::root().join("fixtures/ldif").join(folder);
    let mut fixtures: Vec<(String, Vec<u8>)> = crate::offboard::files(&folder)
        .into_iter()
        .map(|(path, text)| (path.file_stem().unwrap().to_str().unwrap().to_owned(), text))
        .collect();
    fixtures.sort();
    assert!(!fixtures.is_empty());
    fixtures
}

fn with_crlf(text: &[u8]) -> Vec<u8> {
    text.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}

fn records() -> impl Strategy<Value = Vec<String>> {
    let record = prop::sample::select(vec![
        "dn: o=x\no: a\n b\n",
        "# comment\n folded\ndn:: bz14\no:: YWI=\n",
        "dn: o=y\nchangetype: delete\n",
        "version: 1\n",
        "dn: o=z\nchangetype: modify\nadd: o\no: 1\n-\n",
        "search: 2\nresult: 0 Success\n",
        "dn: o=w\r\no: 1\r\n",
    ]);
    prop::collection::vec(record.prop_map(str::to_owned), 0..12)
}

proptest! {
    /// Records do not depend on where the text is cut into blocks.
    #[test]
    fn blocks_do_not_matter(records in records(), cut in any::<prop::sample::Index>()) {
        let text = records.join("\n");
        let whole = read(text.as_bytes()).unwrap();
        let cut = cut.index(text.len() + 1);
        let end = lines::last_record_boundary(&text.as_bytes()[..cut]).unwrap_or(0);
        let mut parts = read(&text.as_bytes()[..end]).unwrap();
        parts.extend(read(&text.as_bytes()[end..]).unwrap());
        prop_assert_eq!(parts, whole);
    }

    /// What is written is read back as it was, byte for byte.
    #[test]
    fn written_values_come_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8)) {
        let mut text = b"dn: o=x\n".to_vec();
        for value in &values {
            offboard::ldif::writer::write_value(&mut text, "description", value);
            offboard::ldif::writer::write_comment(&mut text, value);
        }
        prop_assert!(text.iter().all(|byte| *byte == b'\n' || (b' '..=b'~').contains(byte)));
        let read = read(&text).unwrap();
        let expected: Vec<Value> = values.iter().map(|value| record_json::bytes(value)).collect();
        prop_assert_eq!(&read[0]["attrs"], &serde_json::json!([["description", expected]]));
    }

    /// No text makes the reader fall over.
    #[test]
    fn any_text_is_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..300)) {
        for record in RecordReader::new(&text, 1, UrlPolicy::Keep) {
            if let Err(error) = record {
                prop_assert!(error.line >= 1 && error.column >= 1);
            }
        }
    }
}
