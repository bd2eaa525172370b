//! An LDIF record as a JSON object, as `offboard json` and `offboard search --format jsonl` write it.
//!
//! | record | object |
//! | --- | --- |
//! | content | `{"dn", "attrs": [[name, [value, ..]], ..]}` |
//! | change | `{"dn", "changetype", "controls"?, ..}` with `"attrs"`, `"mods": [{"op","attr","values"}]`, or `"newrdn","deleteoldrdn","newsuperior"` |
//!
//! Names and values are written as the LDIF spells them: a string if they are UTF-8 without control characters, else
//! `{"b64": ..}`. `{"url": ..}` is a value given as a URL that was not read. With positions, `"line"` is the line of the
//! record, and each attribute has the lines of its values as a third element.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use crate::ldif::{AttributeLine, ChangeKind, ChangeRecord, ContentRecord, ControlLine, LdifValue, Record};

/// The object of a record; `None` for a block that is not a record.
pub fn record(record: &Record<'_>, positions: bool) -> Option<Value> {
    match record {
        Record::Content(record) => Some(content(record, positions)),
        Record::Change(record) => Some(change(record, positions)),
        Record::NonEntry { .. } => None,
    }
}

/// Bytes as JSON: a string if they are UTF-8 without control characters, else `{"b64": ..}`.
pub fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Value::from(text),
        _ => json!({ "b64": BASE64.encode(bytes) }),
    }
}

fn text(text: &LdifValue<'_>) -> Value {
    match text {
        LdifValue::Url(url) => json!({ "url": String::from_utf8_lossy(url) }),
        value => bytes(value.bytes()),
    }
}

fn begin(dn: &[u8], line: u64, positions: bool) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("dn".into(), bytes(dn));
    if positions {
        object.insert("line".into(), line.into());
    }
    object
}

/// The lines grouped by attribute. A group is where its first line is, with the name as that line spells it.
fn attributes(lines: &[AttributeLine<'_>], positions: bool) -> Value {
    let mut groups: Vec<(&str, Vec<Value>, Vec<u64>)> = Vec::new();
    for line in lines {
        let at = if let Some(at) = groups.iter().rposition(|(name, ..)| name.eq_ignore_ascii_case(&line.description)) {
            at
        } else {
            groups.push((&line.description, Vec::new(), Vec::new()));
            groups.len() - 1
        };
        groups[at].1.push(text(&line.value));
        groups[at].2.push(line.line);
    }
    let group = |(name, values, lines)| if positions { json!([name, values, lines]) } else { json!([name, values]) };
    groups.into_iter().map(group).collect()
}

fn content(record: &ContentRecord<'_>, positions: bool) -> Value {
    let mut object = begin(&record.dn, record.line, positions);
    object.insert("attrs".into(), attributes(&record.attributes, positions));
    object.into()
}

fn change(record: &ChangeRecord<'_>, positions: bool) -> Value {
    let mut object = begin(&record.dn, record.line, positions);
    object.insert("changetype".into(), record.change.keyword().into());
    if !record.controls.is_empty() {
        object.insert("controls".into(), record.controls.iter().map(control).collect());
    }
    match &record.change {
        ChangeKind::Add(lines) => {
            object.insert("attrs".into(), attributes(lines, positions));
        }
        ChangeKind::Delete => {}
        ChangeKind::Modify(mods) => {
            let mods = mods.iter().map(|spec| {
                let values: Vec<Value> = spec.values.iter().map(|line| text(&line.value)).collect();
                let mut object = json!({ "op": spec.op.keyword(), "attr": spec.description, "values": values });
                if positions {
                    object["line"] = spec.line.into();
                }
                object
            });
            object.insert("mods".into(), mods.collect());
        }
        ChangeKind::ModifyDn { new_rdn, delete_old_rdn, new_superior, .. } => {
            object.insert("newrdn".into(), bytes(new_rdn));
            object.insert("deleteoldrdn".into(), (*delete_old_rdn).into());
            object.insert("newsuperior".into(), new_superior.as_deref().map_or(Value::Null, bytes));
        }
    }
    object.into()
}

fn control(control: &ControlLine<'_>) -> Value {
    let value = control.value.as_ref().map_or(Value::Null, text);
    json!({ "oid": control.oid, "critical": control.critical, "value": value })
}
