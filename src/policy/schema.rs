//! The JSON Schema of a policy, made from the types of the [file](super::file).
//!
//! It has the keys and the words that they take. Filters and names are checked by
//! [`Policy::parse`](super::Policy::parse) only. TOML has no null, so an optional key may be missing, but not null.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::Value;

use super::file::File;

/// The published schema (draft 2020-12).
///
/// A key that is not a boolean may also be `false`, which removes it from the preset.
pub fn schema() -> Value {
    let mut schema = of_types();
    let mut listed = Vec::new();
    items(&schema, &mut listed);
    // The tables of an array are not merged, so their keys cannot be removed from a preset.
    let is_merged = |name: &str| !listed.iter().any(|listed| listed == name);
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        definitions.iter_mut().filter(|(name, _)| is_merged(name)).for_each(|(_, table)| keys_may_be_false(table));
    }
    keys_may_be_false(&mut schema);
    schema
}

/// Collects the names of the definitions that are items of arrays.
fn items(schema: &Value, found: &mut Vec<String>) {
    if let Some(name) = schema.pointer("/items/$ref").and_then(Value::as_str) {
        found.extend(name.strip_prefix("#/$defs/").map(str::to_owned));
    }
    match schema {
        Value::Object(all) => all.values().for_each(|below| items(below, found)),
        Value::Array(all) => all.iter().for_each(|below| items(below, found)),
        _ => {}
    }
}

/// Allows `false` for every key of a table, and of the tables in it.
fn keys_may_be_false(table: &mut Value) {
    let Some(table) = table.as_object_mut() else { return };
    if let Some(Value::Object(keys)) = table.get_mut("properties") {
        keys.iter_mut().filter(|(key, _)| *key != "preset").for_each(|(_, value)| may_be_false(value));
    }
    table.get_mut("additionalProperties").into_iter().for_each(may_be_false);
}

fn may_be_false(value: &mut Value) {
    let is_boolean = value.get("type").is_some_and(|form| form == "boolean");
    if is_boolean || !value.is_object() {
        return;
    }
    keys_may_be_false(value);
    let mut own = value.take();
    let description = own.as_object_mut().and_then(|own| own.shift_remove("description"));
    // Not `anyOf`, with which a validator reports an error at this key and not at the place below it.
    *value = serde_json::json!({ "if": { "not": { "const": false } }, "then": own });
    if let (Some(description), Some(whole)) = (description, value.as_object_mut()) {
        whole.insert("description".to_owned(), description);
    }
}

/// The schema of the types: what a key takes if no preset is merged in.
pub fn of_types() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>();
    RecursiveTransform(without_null).transform(&mut schema);
    schema.insert("title".to_owned(), "offboard: policy".into());
    schema.to_value()
}

/// Removes null from the values that a key takes.
fn without_null(schema: &mut schemars::Schema) {
    let is_null = |value: &Value| value == "null" || value.get("type").is_some_and(|form| form == "null");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|form| !is_null(form));
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(forms)) = schema.get_mut("anyOf") {
        forms.retain(|form| !is_null(form));
    }
    // An `anyOf` with one alternative left is replaced by that alternative.
    if let Some(Value::Array(forms)) = schema.get("anyOf")
        && let [Value::Object(only)] = &forms[..]
    {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            schema.insert(key, value);
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{PRESETS, Policy};

    /// The words at a place of the schema.
    fn words(schema: &Value, place: &str) -> Vec<String> {
        let found = schema.pointer(place).and_then(Value::as_array).unwrap_or_else(|| panic!("no words at {place}"));
        found.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// A policy takes exactly the words in the schema.
    #[test]
    fn words_are_those_of_the_check() {
        let schema = of_types();
        for (place, before, after) in [
            ("/$defs/Directory/properties/server/enum", "[directory]\nserver = ", ""),
            ("/$defs/Directory/properties/tools/enum", "[directory]\ntools = ", ""),
            ("/$defs/Rule/properties/action/enum", "[[rule]]\naction = ", ""),
            ("/$defs/Move/properties/references/enum", "[move]\nto = \"o=x\"\nreferences = ", ""),
            ("/$defs/Stamp/properties/missing/enum", "[stamp]\nattribute = \"info\"\nmissing = ", ""),
            ("/$defs/Service/properties/unassigned/enum", "[service.mail]\nunassigned = ", ""),
            ("/$defs/Service/properties/release/enum", "[service.mail]\nrelease = ", ""),
            ("/$defs/References/properties/last_member/anyOf/0/enum", "[references]\nlast_member = ", ""),
            ("/$defs/References/properties/private_group/enum", "[references]\nprivate_group = ", ""),
            ("/$defs/Successor/properties/order/items/enum", "[successor]\norder = [", "]"),
            ("/$defs/Roster/properties/absence/enum", "[roster.hr]\nkey = \"uid\"\nabsence = ", ""),
        ] {
            let words = words(&schema, place);
            assert!(words.len() > 1, "{place}: {words:?}");
            let parse = |word: &str| Policy::parse(&format!("preset = \"sun-comms\"\n{before}\"{word}\"{after}\n"));
            for word in &words {
                parse(word).unwrap_or_else(|errors| panic!("{place}: {word}: {errors:?}"));
            }
            let errors = parse("nonsense").expect_err(place);
            // The message lists the words of the schema, with the exception of `placeholder:<dn>`.
            let help = errors[0].help.clone().unwrap_or_default();
            let offered = help.rsplit_once(": ").map_or(help.as_str(), |(_, offered)| offered);
            let offered: Vec<&str> = offered.split(", ").collect();
            let offered: Vec<&str> = offered.into_iter().filter(|word| !word.starts_with("placeholder:")).collect();
            assert_eq!(offered, words, "{place}");
        }
        let presets: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
        assert_eq!(words(&schema, "/properties/preset/enum"), presets);
    }

    /// Every key has a description, and no key may be null.
    #[test]
    fn every_key_is_described() {
        fn walk(schema: &Value, place: &str, described: &mut usize) {
            assert!(!schema.to_string().contains("null"), "{place}");
            for (key, value) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                assert!(value.get("description").is_some(), "{place}/{key} has no description");
                *described += 1;
                walk(value, key, described);
            }
            for (name, value) in schema.get("$defs").and_then(Value::as_object).into_iter().flatten() {
                walk(value, name, described);
            }
        }
        let mut described = 0;
        walk(&of_types(), "", &mut described);
        assert!(described > 80, "{described}");
    }
}
