//! Rosters that are LDIF content.

use std::collections::BTreeMap;

use super::{RosterError, RosterRecord, RosterRecords, RosterRules, RosterStatus, RowFault, RowFaultKind, checked_key};
use crate::ldap::AttributeDescription;
use crate::ldif::{AttributeLine, ContentRecord, NonEntry, Record, RecordReader, UrlPolicy};

/// Whether a text is LDIF, by its first line that is neither blank nor a comment.
pub fn is_ldif(text: &str) -> bool {
    // A line that begins with a blank continues a comment.
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(['#', ' ']));
    lines.next().is_some_and(|line| {
        line.starts_with("version:") || line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("dn:"))
    })
}

/// Reads the entries of a file.
pub fn read(text: &str, rules: &RosterRules) -> Result<RosterRecords, Vec<RosterError>> {
    let mut file = RosterRecords { records: Vec::new(), faults: Vec::new(), ends_with_record: false };
    let mut errors = Vec::new();
    let mut names = AttributeNames::default();
    for record in RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse) {
        file.ends_with_record = false;
        match record {
            Ok(Record::Content(entry)) => {
                names.add(&entry);
                file.records.push(RosterRecord { line: entry.line, content: row(&entry, rules) });
                file.ends_with_record = true;
            }
            Ok(Record::Change(change)) => errors.push(RosterError::Change { line: change.line }),
            Ok(Record::NonEntry { line, block: NonEntry::SearchResult { code, text } }) if code != Some(0) => {
                let result = String::from_utf8_lossy(&text).into_owned();
                errors.push(RosterError::Search { line, result });
            }
            Ok(Record::NonEntry { line, block: NonEntry::Reference(_) }) => {
                file.faults.push(RowFault { line, kind: RowFaultKind::Elsewhere });
            }
            Ok(Record::NonEntry { .. }) => {}
            Err(error) => errors.push(RosterError::Ldif(error)),
        }
    }
    if !file.records.is_empty() && errors.is_empty() {
        let named = std::iter::once(&rules.key).chain(&rules.status);
        errors.extend(named.filter(|name| !names.contains(name)).map(|name| names.missing(name)));
    }
    if errors.is_empty() { Ok(file) } else { Err(errors) }
}

/// The attributes of all entries: the name in lower case, and the name as first written.
#[derive(Default)]
struct AttributeNames(BTreeMap<String, String>);

impl AttributeNames {
    fn add(&mut self, entry: &ContentRecord<'_>) {
        for attribute in &entry.attributes {
            let folded = attribute.description.to_ascii_lowercase();
            self.0.entry(folded).or_insert_with(|| attribute.description.clone().into_owned());
        }
    }

    fn contains(&self, name: &str) -> bool {
        is_dn(name) || self.0.values().any(|known| same_attribute(known, name))
    }

    fn missing(&self, name: &str) -> RosterError {
        RosterError::NoAttribute { name: name.to_owned(), attributes: self.0.values().cloned().collect() }
    }
}

fn is_dn(name: &str) -> bool {
    super::same(name, "dn")
}

/// Whether two attribute descriptions are equal, by any name of the type and with the same options.
fn same_attribute(written: &str, wanted: &str) -> bool {
    let parsed = |name: &str| AttributeDescription::parse(name.trim().as_bytes());
    super::same(written, wanted) || matches!((parsed(written), parsed(wanted)), (Ok(a), Ok(b)) if a == b)
}

fn row(entry: &ContentRecord<'_>, rules: &RosterRules) -> Result<(String, RosterStatus), RowFaultKind> {
    let values = |name: &str| -> Vec<&[u8]> {
        let has_name = |line: &&AttributeLine<'_>| same_attribute(&line.description, name);
        entry.attributes.iter().filter(has_name).map(|line| line.value.bytes()).collect()
    };
    let keys = if is_dn(&rules.key) { vec![entry.dn.as_ref()] } else { values(&rules.key) };
    let key = match keys.as_slice() {
        [] => return Err(RowFaultKind::NoKey),
        [key] => std::str::from_utf8(key).map_err(|_| RowFaultKind::NotText)?,
        _ => return Err(RowFaultKind::SeveralKeys),
    };
    let key = checked_key(key)?.to_owned();
    let statuses: Vec<_> = rules.status.iter().flat_map(|name| values(name)).map(String::from_utf8_lossy).collect();
    Ok((key, rules.status_of_row(statuses.iter().map(AsRef::as_ref))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "dn: uid=a\nuid: a\nstate: left\n\n";

    fn rules() -> RosterRules {
        RosterRules {
            key: "userid".to_owned(),
            status: Some("state".to_owned()),
            inactive: vec!["left".to_owned()],
            active: Vec::new(),
            trailer: None,
        }
    }

    #[test]
    fn recognised_by_the_first_line() {
        let table = [
            ("dn: uid=a\n", true),
            ("\r\n# x\n # folded\nDN:: dWlkPWE=\n", true),
            ("version: 1\n", true),
            ("dn;state\n", false),
            ("Version: 1\n", false),
            ("uid,state\ndn:,left\n", false),
            ("é\n", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_ldif(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_entry_is_a_row() {
        let left = |key: &str| Ok((key.to_owned(), RosterStatus::Inactive));
        let table = [
            ("uid: b\nstate: left\n", left("b")),
            ("UserID:  b \nSTATE: Left\n", left("b")),
            ("uid: b\nstate: left\nstate: left\n", left("b")),
            ("uid: b\nstate;lang-de: left\n", Ok(("b".to_owned(), RosterStatus::Unknown(String::new())))),
            ("uid;lang-de: b\nstate: left\n", Err(RowFaultKind::NoKey)),
            ("uid:\nstate: left\n", Err(RowFaultKind::NoKey)),
            ("uid: b\nuid: c\nstate: left\n", Err(RowFaultKind::SeveralKeys)),
            ("uid:: /w==\nstate: left\n", Err(RowFaultKind::NotText)),
            ("uid:: YhtbMW0=\nstate: left\n", Err(RowFaultKind::Control)),
        ];
        for (lines, expected) in table {
            let file = read(&format!("{ROWS}dn: uid=b\n{lines}"), &rules()).unwrap();
            let records = [RosterRecord { line: 1, content: left("a") }, RosterRecord { line: 5, content: expected }];
            assert_eq!(file.records, records, "{lines}");
        }
    }

    #[test]
    fn what_ldapsearch_writes_around_entries() {
        let fault = |line| vec![RowFault { line, kind: RowFaultKind::Elsewhere }];
        let search = |result: &str| Err(vec![RosterError::Search { line: 5, result: result.to_owned() }]);
        let table = [
            ("search: 2\nresult: 0 Success\n\n# numEntries: 1\n", Ok(vec![])),
            ("search: 2\nresult: 4 Size limit exceeded\n", search("4 Size limit exceeded")),
            ("search: 2\nresult: 11 Administrative limit exceeded\n", search("11 Administrative limit exceeded")),
            ("ref: ldap://hr.example/o=x??sub\n\nsearch: 2\nresult: 0 Success\n", Ok(fault(5))),
        ];
        for (block, expected) in table {
            let faults = read(&format!("{ROWS}{block}"), &rules()).map(|file| file.faults);
            assert_eq!(faults, expected, "{block}");
        }
    }
}
