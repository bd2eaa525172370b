//! Records in a common form, to compare the results of several parsers.
//!
//! The JSON of `offboard::render::record_json`, minus what parsers are free to lose: the case of attribute names, the
//! order of attributes, of the values of one attribute and of controls, and which of the words `modrdn` and `moddn` was
//! written. The order of modifications stays.

use data_encoding::BASE64;
use offboard::ldif::{LdifError, RecordReader, UrlPolicy};
use offboard::render::record_json;
use serde_json::{Value, json};

/// All records of a text, as JSON, without blocks that are not records.
pub fn read(text: &[u8], urls: UrlPolicy<'_>) -> Result<Vec<Value>, LdifError> {
    let mut records = Vec::new();
    for record in RecordReader::new(text, 1, urls) {
        records.extend(record_json::record(&record?, false));
    }
    Ok(records)
}

/// Records in the form that is compared.
pub fn comparable(records: &[Value]) -> Vec<Value> {
    records.iter().map(comparable_record).collect()
}

fn comparable_record(record: &Value) -> Value {
    let keyword = |value: &Value| match value.as_str() {
        Some("moddn") => json!("modrdn"),
        _ => value.clone(),
    };
    json!({
        "dn": octets(&record["dn"]),
        "changetype": keyword(&record["changetype"]),
        "attrs": list(record, "attrs").map(attributes),
        "mods": list(record, "mods").map(|mods| mods.iter().map(modification).collect::<Vec<_>>()),
        "newrdn": optional_octets(&record["newrdn"]),
        "deleteoldrdn": record["deleteoldrdn"],
        "newsuperior": optional_octets(&record["newsuperior"]),
        "controls": sorted(list(record, "controls").unwrap_or_default().iter().map(control)),
    })
}

fn list<'v>(record: &'v Value, key: &str) -> Option<&'v [Value]> {
    record[key].as_array().map(Vec::as_slice)
}

/// Attributes as sorted pairs of name and value.
fn attributes(attributes: &[Value]) -> Vec<Value> {
    sorted(attributes.iter().flat_map(|attribute| {
        let name = attribute[0].as_str().unwrap().to_ascii_lowercase();
        let values = attribute[1].as_array().unwrap();
        values.iter().map(move |value| json!([name, octets(value)])).collect::<Vec<_>>()
    }))
}

fn modification(modification: &Value) -> Value {
    json!({
        "op": modification["op"],
        "attr": modification["attr"].as_str().unwrap().to_ascii_lowercase(),
        "values": sorted(modification["values"].as_array().unwrap().iter().map(octets)),
    })
}

fn control(control: &Value) -> Value {
    json!([control["oid"], control["critical"], optional_octets(&control["value"])])
}

/// A value: text is shown as it is, everything else in base64.
fn octets(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        Value::Object(form) if form.contains_key("url") => value.clone(),
        // Parsers differ in when they use base64, so every value that can be text becomes text.
        form => {
            let octets = BASE64.decode(form["b64"].as_str().unwrap().as_bytes()).unwrap();
            String::from_utf8(octets).map_or_else(|_| form.clone(), Value::from)
        }
    }
}

fn optional_octets(value: &Value) -> Value {
    if value.is_null() { Value::Null } else { octets(value) }
}

fn sorted(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut values: Vec<Value> = values.collect();
    values.sort_by_cached_key(Value::to_string);
    values
}
