//! A policy as a TOML document: the tables of a file merged over those of its preset, before they are read into types.
//!
//! | the file has | the preset has | in force |
//! | --- | --- | --- |
//! | a table, in any TOML notation | a table | both, merged key by key by these rules, at every depth |
//! | an array of tables (`[[rule]]`) | an array of tables | the tables of the preset, then those of the file |
//! | any other value | any value | the value of the file |
//! | `key = false`, and `key` is not a boolean | the key | the key is removed |
//! | `key = false`, and `key` is not a boolean | no such key | an error |
//! | no such key | any value | the value of the preset |
//!
//! The JSON Schema, which is made from the types, shows which keys are booleans, arrays of tables and attributes; no key is
//! listed here by hand. Keys that are attributes are compared as attributes: without regard to case, and by all their names.
//! Two keys of one table that name the same attribute are an error.
//!
//! Two rules concern more than one key. If an attribute may be in only one of several places ([`EXCLUSIVE`]), the place in
//! the file counts, and the attribute is removed from the other places of the preset. If the default of a key is the value
//! of another key ([`FOLLOWS`]) and the file sets only that other key, the value of the preset is removed.
//!
//! Places in the preset are counted from the end of the file, so that they differ from all places in the file.

use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize as _;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::file::{ATTRIBUTE_KEYS, File};
use super::{PRESETS, PolicyError, in_words};
use crate::ldap::AttributeDescription;
use crate::suggestion::suggestion;

/// A place in a document: the keys from the root.
pub type Path<'p> = &'p [&'p str];

/// Places of attributes that exclude each other: an attribute that the file has in the first place is removed from the others
/// in the preset.
const EXCLUSIVE: [(Path<'static>, &[Path<'static>]); 8] = [
    (&["references", "remove"], &[REASSIGN, REVIEW, LEAVE, STATED]),
    (&["references", "reassign"], &[REMOVE, REVIEW, LEAVE, STATED]),
    (&["references", "review"], &[REMOVE, REASSIGN, LEAVE, STATED]),
    (&["references", "leave"], &[REMOVE, REASSIGN, REVIEW, STATED]),
    (&["reference", "attribute"], &[REMOVE, REASSIGN, REVIEW, LEAVE, STATED]),
    // An attribute that is always replaced is also replaced in accounts that have it.
    (&["disable", "replace"], &[&["disable", "present"]]),
    (&["restore", "replace"], &[&["restore", "remove"]]),
    (&["restore", "remove"], &[&["restore", "replace"]]),
];
const REMOVE: Path<'static> = &["references", "remove"];
const REASSIGN: Path<'static> = &["references", "reassign"];
const REVIEW: Path<'static> = &["references", "review"];
const LEAVE: Path<'static> = &["references", "leave"];
const STATED: Path<'static> = &["reference", "attribute"];

/// Keys whose default is the value of another key of the same section: the section, the key, the other key.
const FOLLOWS: [(&str, &str, &str); 2] = [("grace", "mail", "days"), ("grace", "calendar", "days")];

/// The JSON Schema of the types.
static SCHEMA: LazyLock<Value> = LazyLock::new(super::schema::of_types);

/// The preset of a file.
pub struct Preset {
    /// The name.
    pub name: &'static str,
    /// The text, with as many blanks before it as the file has bytes.
    text: String,
}

impl Preset {
    /// The preset that a file names; `None` if it names none.
    pub fn of(text: &str) -> Result<Option<Self>, Vec<PolicyError>> {
        let table = parse(text)?;
        // A value that is not a string is refused when the types are read.
        let Some(named) = table.get_ref().get("preset").filter(|value| value.get_ref().is_str()) else {
            return Ok(None);
        };
        let wanted = named.get_ref().as_str().unwrap_or_default();
        let Some((name, preset)) = PRESETS.iter().find(|(name, _)| *name == wanted) else {
            let known: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            return Err(vec![PolicyError {
                span: Some(named.span()),
                message: format!("unknown preset `{wanted}`"),
                help: Some(suggestion(wanted, &known)),
            }]);
        };
        Ok(Some(Self { name, text: " ".repeat(text.len()) + preset }))
    }

    /// The tables of the preset.
    pub fn table(&self) -> Result<DeTable<'_>, Vec<PolicyError>> {
        Ok(parse(&self.text)?.into_inner())
    }

    /// The line of the preset at a place, which is counted as described in the module.
    pub fn line(&self, place: &Range<usize>) -> usize {
        1 + self.text.get(..place.start).unwrap_or_default().matches('\n').count()
    }
}

/// A file merged over its preset.
pub struct Document<'t> {
    /// The place of the whole file.
    whole: Range<usize>,
    /// The tables in force.
    pub table: DeTable<'t>,
}

impl<'t> Document<'t> {
    /// Merges a file over its preset.
    pub fn read(text: &'t str, preset: Option<&'t Preset>) -> Result<Self, Vec<PolicyError>> {
        let (whole, file) = {
            let parsed = parse(text)?;
            (parsed.span(), parsed.into_inner())
        };
        let mut table = preset.map(Preset::table).transpose()?.unwrap_or_default();
        for (named_at, others) in EXCLUSIVE {
            let named = attributes_at(&file, named_at);
            for other in others {
                remove_attributes(&mut table, other, &named);
            }
        }
        for (section, key, followed) in FOLLOWS {
            let own = file.get(section).and_then(|section| section.get_ref().as_table());
            if own.is_some_and(|own| own.contains_key(followed) && !own.contains_key(key))
                && let Some(DeValue::Table(section)) = table.get_mut(section).map(Spanned::get_mut)
            {
                section.remove(key);
            }
        }
        let mut merge = Merge { preset: preset.map(|preset| preset.name), end: text.len(), faults: Vec::new() };
        merge.tables(&mut table, file, Node::root(), "");
        if merge.faults.is_empty() { Ok(Self { whole, table }) } else { Err(merge.faults) }
    }

    /// Reads the document into types; on failure, the first fault of each section.
    pub fn file(&self) -> Result<File, Vec<PolicyError>> {
        let typed = |table: DeTable<'t>| File::deserialize(Deserializer::from(Spanned::new(self.whole.clone(), table)));
        let first = match typed(self.table.clone()) {
            Ok(file) => return Ok(file),
            Err(error) => in_words(&error),
        };
        let alone =
            |(key, value): (&Spanned<_>, &Spanned<_>)| typed(DeTable::from_iter([(key.clone(), value.clone())])).err();
        let mut faults: Vec<PolicyError> = self.table.iter().filter_map(alone).map(|error| in_words(&error)).collect();
        faults.sort_by_key(|fault| fault.span.as_ref().map(|span| span.start));
        Err(if faults.is_empty() { vec![first] } else { faults })
    }
}

/// The tables of a text, or all its TOML errors.
fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<PolicyError>> {
    let (table, broken) = DeTable::parse_recoverable(text);
    if broken.is_empty() { Ok(table) } else { Err(broken.iter().map(in_words).collect()) }
}

/// A place in the JSON Schema.
#[derive(Clone, Copy)]
pub struct Node(&'static Value);

impl Node {
    /// The root of the schema: the policy as a whole.
    pub fn root() -> Self {
        Self(&SCHEMA)
    }

    /// The definition at this place; `$ref`s are followed.
    fn here(self) -> &'static Value {
        let mut here = self.0;
        while let Some(name) = here.get("$ref").and_then(Value::as_str) {
            match SCHEMA.pointer(name.trim_start_matches('#')) {
                Some(found) => here = found,
                None => break,
            }
        }
        here
    }

    /// The node of a key, if the schema knows the key.
    pub fn key(self, key: &str) -> Option<Self> {
        let here = self.here();
        let named = here.get("properties").and_then(|properties| properties.get(key));
        named.or_else(|| here.get("additionalProperties").filter(|others| others.is_object())).map(Self)
    }

    /// The node of the items of a list.
    pub fn item(self) -> Option<Self> {
        self.here().get("items").map(Self)
    }

    /// The position of a key among the keys of its table.
    pub fn position(self, key: &str) -> Option<usize> {
        self.here().get("properties")?.as_object()?.keys().position(|known| known == key)
    }

    /// Whether a value may have a JSON type.
    fn may_be(self, wanted: &str) -> bool {
        let here = self.here();
        let alternatives = ["anyOf", "oneOf"].iter().filter_map(|key| here.get(key)?.as_array()).flatten();
        let is_wanted = |form: &Value| form == wanted;
        here.get("type")
            .is_some_and(|form| is_wanted(form) || form.as_array().is_some_and(|forms| forms.iter().any(is_wanted)))
            || alternatives.into_iter().any(|form| Self(form).may_be(wanted))
    }

    /// Whether a value may be an array of tables.
    fn may_be_tables(self) -> bool {
        self.may_be("array") && self.item().is_some_and(|item| item.may_be("object"))
    }

    /// Whether the keys of a table are attributes.
    fn has_attribute_keys(self) -> bool {
        // The schema has the format of the keys next to the `$ref` or in the definition.
        [self.0, self.here()].iter().any(|node| {
            node.get("propertyNames")
                .and_then(|names| names.get("format"))
                .is_some_and(|format| format == ATTRIBUTE_KEYS)
        })
    }

    /// Whether two keys of this table are equal.
    pub fn is_same_key(self, a: &str, b: &str) -> bool {
        let attribute = |key: &str| AttributeDescription::parse(key.as_bytes()).ok();
        a == b || self.has_attribute_keys() && attribute(a).is_some_and(|a| attribute(b).is_some_and(|b| a == b))
    }
}

/// The merge of a file over its preset.
struct Merge {
    /// The name of the preset.
    preset: Option<&'static str>,
    /// The length of the file in bytes.
    end: usize,
    faults: Vec<PolicyError>,
}

impl Merge {
    /// Merges the table `over` over `base`; `at` is the name of the table for messages.
    fn tables<'t>(&mut self, base: &mut DeTable<'t>, over: DeTable<'t>, node: Node, at: &str) {
        for (key, value) in over {
            let name = key.get_ref().to_string();
            let full = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let below = node.key(&name);
            let old = base.keys().find(|old| node.is_same_key(old.get_ref(), &name)).cloned();
            if let Some(old) = old.as_ref().filter(|old| old.span().start < self.end) {
                let message = format!("`{name}` and `{}` are the same attribute", old.get_ref());
                self.fault(&key, message, "keep one of them".to_owned());
                continue;
            }
            let old = old.and_then(|old| base.remove(old.get_ref().as_ref()));
            // A key that is not in the schema is refused when the types are read.
            if below.is_some_and(|below| !below.may_be("boolean")) && value.get_ref().as_bool() == Some(false) {
                if old.is_none() {
                    self.nothing_to_remove(&key, &full, base);
                }
                continue;
            }
            let place = value.span();
            let merged = match (old.map(Spanned::into_inner), value.into_inner()) {
                (Some(DeValue::Array(mut first)), DeValue::Array(then)) if below.is_some_and(Node::may_be_tables) => {
                    then.into_iter().for_each(|table| first.push(table));
                    DeValue::Array(first)
                }
                (old, DeValue::Table(own)) if below.is_some() => {
                    let mut table = match old {
                        Some(DeValue::Table(table)) => table,
                        _ => DeTable::default(),
                    };
                    self.tables(&mut table, own, below.unwrap_or(node), &full);
                    DeValue::Table(table)
                }
                (_, own) => own,
            };
            base.insert(key, Spanned::new(place, merged));
        }
    }

    fn fault(&mut self, key: &Spanned<impl Sized>, message: String, help: String) {
        self.faults.push(PolicyError { span: Some(key.span()), message, help: Some(help) });
    }

    fn nothing_to_remove(&mut self, key: &Spanned<impl Sized>, full: &str, base: &DeTable<'_>) {
        let Some(preset) = self.preset else {
            let message = format!("`{full} = false` removes a key of a preset, but this file names no preset");
            return self.fault(key, message, "remove this line".to_owned());
        };
        let known: Vec<&str> = base.keys().map(|key| key.get_ref().as_ref()).collect();
        let name = full.rsplit('.').next().unwrap_or_default();
        let help = if known.is_empty() {
            "remove this line".to_owned()
        } else {
            format!("remove this line, or name a key of the preset; {}", suggestion(name, &known))
        };
        let message = format!("`{full} = false` removes a key of the preset, but `{preset}` has no such key");
        self.fault(key, message, help);
    }
}

/// The attributes at a place: the keys of a table, or the items of a list, in all tables of an array.
fn attributes_at(table: &DeTable<'_>, place: Path<'_>) -> Vec<AttributeDescription> {
    let mut found = Vec::new();
    let Some((key, rest)) = place.split_first() else { return found };
    let Some(value) = table.get(*key) else { return found };
    let mut take = |text: &str| found.extend(AttributeDescription::parse(text.as_bytes()));
    match (value.get_ref(), rest) {
        (DeValue::Table(table), []) => table.keys().for_each(|key| take(key.get_ref())),
        (DeValue::Table(table), rest) => return attributes_at(table, rest),
        (DeValue::Array(list), []) => list.iter().filter_map(|text| text.get_ref().as_str()).for_each(take),
        (DeValue::Array(list), rest) => {
            let tables = list.iter().filter_map(|value| value.get_ref().as_table());
            return tables.flat_map(|table| attributes_at(table, rest)).collect();
        }
        (DeValue::String(text), []) => take(text),
        _ => {}
    }
    found
}

/// Removes attributes from a place that [`attributes_at`] reads.
fn remove_attributes(table: &mut DeTable<'_>, place: Path<'_>, named: &[AttributeDescription]) {
    let Some((key, rest)) = place.split_first().filter(|_| !named.is_empty()) else { return };
    let is_named = |text: &str| AttributeDescription::parse(text.as_bytes()).is_ok_and(|own| named.contains(&own));
    let mut is_empty = false;
    match (table.get_mut(*key).map(Spanned::get_mut), rest) {
        (Some(DeValue::Table(table)), []) => {
            let all = std::mem::take(table);
            *table = all.into_iter().filter(|(key, _)| !is_named(key.get_ref())).collect();
        }
        (Some(DeValue::Table(table)), rest) => remove_attributes(table, rest, named),
        (Some(DeValue::Array(list)), []) => {
            let all = std::mem::replace(list, DeArray::new());
            *list = all.into_iter().filter(|text| !text.get_ref().as_str().is_some_and(is_named)).collect();
        }
        (Some(DeValue::Array(list)), rest) => {
            for value in list.iter_mut() {
                if let DeValue::Table(table) = value.get_mut() {
                    remove_attributes(table, rest, named);
                }
            }
            let names_none = |value: &Spanned<DeValue<'_>>| {
                value.get_ref().as_table().is_some_and(|table| attributes_at(table, rest).is_empty())
            };
            let all = std::mem::replace(list, DeArray::new());
            *list = all.into_iter().filter(|value| !names_none(value)).collect();
        }
        (Some(DeValue::String(text)), []) => is_empty = is_named(text),
        _ => {}
    }
    if is_empty {
        table.remove(*key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::in_force::{Difference, differences, written};

    /// The keys whose values a file changes.
    fn changes(text: &str) -> Vec<Difference> {
        let preset = Preset::of(text).unwrap();
        let document = Document::read(text, preset.as_ref()).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        let base = preset.as_ref().map(|preset| preset.table().unwrap()).unwrap_or_default();
        let mut found = Vec::new();
        differences(&base, &document.table, Node::root(), "", &|_| false, &mut found);
        found
    }

    fn change(key: &str, value: Option<&str>, preset: Option<&str>) -> Difference {
        Difference { key: key.to_owned(), value: value.map(str::to_owned), preset: preset.map(str::to_owned) }
    }

    fn faults(text: &str) -> Vec<(String, Option<String>)> {
        let faults = Policy::parse(text).expect_err(text);
        let place = |fault: &PolicyError| fault.span.as_ref().map(|span| text[span.clone()].to_owned());
        faults.iter().map(|fault| (fault.message.clone(), place(fault))).collect()
    }

    #[test]
    fn tables_merge_in_any_notation() {
        let lock = change("disable.replace.employeeType", Some("\"left\""), None);
        for text in [
            "[disable.replace]\nemployeeType = \"left\"",
            "[disable]\nreplace = { employeeType = \"left\" }",
            "[disable]\nreplace.employeeType = \"left\"",
            "disable.replace.employeeType = \"left\"",
            "disable = { replace = { employeeType = \"left\" } }",
        ] {
            let text = format!("preset = \"389ds\"\n{text}\n");
            assert_eq!(changes(&text), std::slice::from_ref(&lock), "{text}");
            let policy = Policy::parse(&text).unwrap();
            let names: Vec<&str> = policy.disable.replace.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["employeeType", "nsAccountLock"], "{text}");
        }
        let text = "preset = \"active-directory\"\n[disable.bits.USERACCOUNTCONTROL]\nforbid = 0x1000\n";
        assert_eq!(changes(text), [change("disable.bits.USERACCOUNTCONTROL.forbid", Some("0x1000"), Some("0x3800"))]);
        let text = "preset = \"openldap\"\nlimits.delete.count = 7\n";
        assert_eq!(changes(text), [change("limits.delete.count", Some("7"), Some("50"))]);
        let text = "preset = \"sun-comms\"\n[service.calendar]\ndisable = \"removing\"\n";
        assert_eq!(changes(text), [change("service.calendar.disable", Some("\"removing\""), Some("\"deleted\""))]);
    }

    #[test]
    fn attributes_are_compared_as_attributes() {
        // `SHADOWEXPIRE` is the preset's key; `0.9.2342.19200300.100.1.1` is `uid`.
        let text = "preset = \"389ds\"\n[disable.present]\nSHADOWEXPIRE = \"2\"\n";
        assert_eq!(changes(text), [change("disable.present.SHADOWEXPIRE", Some("\"2\""), Some("\"1\""))]);
        let twice = "[disable.replace]\nuid = \"a\"\nUserID = \"b\"\n";
        let twice = format!("preset = \"openldap\"\n{twice}");
        let [(message, Some(place))] = &faults(&twice)[..] else { panic!("{:?}", faults(&twice)) };
        assert_eq!((message.as_str(), place.as_str()), ("`uid` and `UserID` are the same attribute", "uid"));
    }

    #[test]
    fn false_removes_a_key() {
        let text = "preset = \"openldap\"\n[disable.replace]\nPWDACCOUNTLOCKEDTIME = false\nshadowFlag = \"1\"\n";
        assert_eq!(
            changes(text),
            [
                change("disable.replace.shadowFlag", Some("\"1\""), None),
                change("disable.replace.pwdAccountLockedTime", None, Some("\"000001010000Z\"")),
            ]
        );
        for (text, removed) in [("stamp = false", "stamp"), ("[limits]\ndelete = false", "limits.delete")] {
            let text = format!("preset = \"openldap\"\n{text}\n");
            assert!(changes(&text).iter().any(|change| change.key == removed && change.value.is_none()), "{text}");
        }
        // For a boolean, false is a value.
        let text = "preset = \"openldap\"\n[directory]\nrelax = false\n";
        assert_eq!(changes(text), [change("directory.relax", Some("false"), None)]);
        for (text, message, place) in [
            (
                "preset = \"openldap\"\n[disable.replace]\nnsAccountLock = false\n",
                "`disable.replace.nsAccountLock = false` removes a key of the preset, but `openldap` has no such key",
                "nsAccountLock",
            ),
            (
                "[grace]\ndays = false\n",
                "`grace.days = false` removes a key of a preset, but this file names no preset",
                "days",
            ),
            ("preset = \"openldap\"\n[grace]\ndaze = false\n", "unknown key `daze`", "daze"),
        ] {
            assert_eq!(faults(text), [(message.to_owned(), Some(place.to_owned()))], "{text}");
        }
    }

    #[test]
    fn arrays_of_tables_are_appended() {
        let preset = "[[rule]]\naction = \"delete\"\n";
        let file = "[[rule]]\naction = \"refuse\"\n";
        let mut table = parse(preset).unwrap().into_inner();
        let mut merge = Merge { preset: None, end: 0, faults: Vec::new() };
        merge.tables(&mut table, parse(file).unwrap().into_inner(), Node::root(), "");
        let actions: Vec<&str> = table["rule"]
            .get_ref()
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule.get_ref().as_table().unwrap()["action"].get_ref().as_str().unwrap())
            .collect();
        assert_eq!(actions, ["delete", "refuse"]);
    }

    #[test]
    fn an_attribute_is_in_one_of_the_exclusive_places() {
        let text = "preset = \"openldap\"\n[references]\nleave = [\"SEEALSO\"]\n";
        let policy = Policy::parse(text).unwrap();
        assert!(!policy.references.remove.iter().any(|name| name.is_type("seeAlso")));
        let stated =
            "preset = \"openldap\"\n[[reference]]\nattribute = \"owner\"\nholds = \"uid\"\nthen = \"remove\"\n";
        let policy = Policy::parse(stated).unwrap();
        assert!(!policy.references.reassign.iter().any(|name| name.is_type("owner")));
        let text = "preset = \"openldap\"\n[disable.replace]\nloginShell = \"/bin/false\"\n";
        let policy = Policy::parse(text).unwrap();
        let present: Vec<&str> = policy.disable.present.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(present, ["shadowExpire"]);
        // The preset always writes it. To write it only if present, it must be removed from `replace`.
        let text = "preset = \"openldap\"\n[disable.present]\npwdAccountLockedTime = \"000001010000Z\"\n";
        assert!(
            faults(text)[0].0.starts_with("`pwdAccountLockedTime` is in [disable.replace] and in [disable.present]")
        );
    }

    #[test]
    fn days_of_services_follow() {
        for (text, mail, calendar) in
            [("", 5, 10), ("days = 30", 30, 30), ("days = 30\nmail = 40", 40, 30), ("mail = 6", 6, 10)]
        {
            let policy = Policy::parse(&format!("preset = \"sun-comms\"\n[grace]\n{text}\n")).unwrap();
            assert_eq!((policy.grace.mail, policy.grace.calendar), (mail, calendar), "{text}");
            assert!(policy.warnings.is_empty(), "{text}: {:?}", policy.warnings);
        }
        let text = "preset = \"sun-comms\"\n[grace]\ndays = 30\ncalendar = 29\n";
        let policy = Policy::parse(text).unwrap();
        let [warning] = &policy.warnings[..] else { panic!("{:?}", policy.warnings) };
        assert_eq!(&text[warning.span.clone().unwrap()], "29");
        assert!(warning.message.ends_with("is removed 1 day before the account is deleted"), "{}", warning.message);
        // There is no warning for a service that the policy does not have.
        let text = "preset = \"openldap\"\n[grace]\ndays = 30\ncalendar = 29\n";
        assert!(Policy::parse(text).unwrap().warnings.is_empty());
    }

    /// A value for a key that differs from `other`, as TOML.
    fn value(node: Node, other: Option<&str>) -> String {
        let here = node.here();
        if let Some(words) = here.get("enum").and_then(Value::as_array) {
            let mut words = words.iter().map(Value::to_string);
            return words.find(|word| Some(word.as_str()) != other).unwrap();
        }
        if node.may_be("boolean") {
            "true".to_owned()
        } else if node.may_be("integer") {
            "17".to_owned()
        } else if node.may_be("number") {
            "12.5".to_owned()
        } else if node.may_be("array") {
            format!("[{}]", value(node.item().unwrap_or(Node(&Value::Null)), None))
        } else {
            "\"o=of the file\"".to_owned()
        }
    }

    /// The path of every key of the schema that has a value, with invented names of services, rosters and attributes.
    fn keys(node: Node, at: &[String], found: &mut Vec<(Vec<String>, Node)>) {
        let below = |key: &str| [at, &[key.to_owned()]].concat();
        if node.may_be_tables() {
            return keys(node.item().unwrap(), at, found);
        }
        if let Some(known) = node.here().get("properties").and_then(Value::as_object) {
            for key in known.keys().filter(|key| *key != "preset") {
                keys(node.key(key).unwrap(), &below(key), found);
            }
        } else if let Some(other) = node.key("any") {
            let name = if node.has_attribute_keys() { "pager" } else { "calendar" };
            keys(other, &below(name), found);
        } else {
            found.push((at.to_vec(), node));
        }
    }

    /// For every key of the schema and every preset: the value of the file is in force, and all other keys are unchanged.
    #[test]
    fn every_key_over_every_preset() {
        let mut all = Vec::new();
        keys(Node::root(), &[], &mut all);
        assert!(all.len() > 90, "{}", all.len());
        for (preset, preset_text) in PRESETS {
            for (path, node) in &all {
                let base = Preset { name: preset, text: preset_text.to_owned() };
                let base = base.table().unwrap();
                let mut all_of_preset = Vec::new();
                differences(&DeTable::default(), &base, Node::root(), "", &|_| false, &mut all_of_preset);
                let of_preset = all_of_preset.into_iter().find(|known| known.key == path.join("."));
                let value = value(*node, of_preset.as_ref().and_then(|known| known.value.as_deref()));
                let is_list = ["rule", "reference"].contains(&path[0].as_str());
                let (section, key) = (path[..path.len() - 1].join("."), path.last().unwrap());
                let header = if is_list { format!("[[{section}]]") } else { format!("[{section}]") };
                // The required keys of the table.
                let required: &[(&str, &str)] = match path[0].as_str() {
                    "rule" => &[("action", "\"delete\"")],
                    "roster" => &[("key", "\"uid\"")],
                    "reference" => &[("attribute", "\"pager\""), ("holds", "\"uid\""), ("then", "\"remove\"")],
                    "disable" if path[1] == "bits" => &[("set", "2")],
                    _ => &[],
                };
                let more = required.iter().filter(|(name, _)| name != key);
                let more: Vec<String> = more.map(|(name, value)| format!("{name} = {value}\n")).collect();
                let more = more.concat();
                let text = format!("preset = \"{preset}\"\n{header}\n{key} = {value}\n{more}");
                let source = Preset::of(&text).unwrap();
                let document =
                    Document::read(&text, source.as_ref()).unwrap_or_else(|faults| panic!("{text}{faults:?}"));
                document.file().unwrap_or_else(|faults| panic!("{text}{faults:?}"));
                let full = path.join(".");
                let mut others = changes(&text);
                if is_list {
                    assert_eq!(others.len(), 1, "{text}{others:?}");
                    assert!(
                        others[0].key == section && others[0].value.as_ref().unwrap().contains(&value),
                        "{text}{others:?}"
                    );
                    continue;
                }
                let given = others.iter().position(|change| change.key == full);
                let given = given.map_or_else(|| panic!("{text}: no {full}"), |at| others.remove(at));
                assert_eq!(given.value.as_deref(), Some(value.as_str()), "{text}");
                others.retain(|change| {
                    let is_required = required.iter().any(|(name, _)| change.key == format!("{section}.{name}"));
                    let follows =
                        full == "grace.days" && ["grace.mail", "grace.calendar"].contains(&change.key.as_str());
                    !is_required && !follows
                });
                assert_eq!(others, [], "{text}");
            }
        }
    }

    /// The text of the policy in force reads as the same policy.
    #[test]
    fn the_policy_in_force_reads_as_the_same() {
        let of_presets = PRESETS.iter().map(|(name, text)| [(*text).to_owned(), format!("preset = \"{name}\"\n")]);
        let mut texts: Vec<String> = of_presets.flatten().collect();
        texts.push(
            "preset = \"active-directory\"\n[disable.replace]\n\"info;x-a\" = \"a \\\"b\\\" \\u202e\\u001b c\"\n[grace]\ndays = 0\n\
             [[rule]]\nbase = \"OU=A,DC=x\"\naction = \"disable\"\n[[rule]]\naction = \"delete\"\n\
             [[reference]]\nattribute = [\"a\", \"b\"]\nholds = \"dn\"\nthen = \"leave\"\n\
             [roster.\"h r\"]\nkey = \"employeeID\"\ntrailer = \"END {{ rows }}\"\nmin_percent = 97.5\n"
                .to_owned(),
        );
        for text in texts {
            let canonical = |text: &str| {
                let preset = Preset::of(text).unwrap();
                let mut document = Document::read(text, preset.as_ref()).unwrap();
                document.table.remove("preset");
                let mut found = Vec::new();
                differences(&DeTable::default(), &document.table, Node::root(), "", &|_| false, &mut found);
                found
            };
            let again = written(&text, "policy.toml", &|_| false).unwrap();
            assert_eq!(canonical(&again), canonical(&text), "{again}");
            assert!(again.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{again}");
            Policy::parse(&text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
            Policy::parse(&again).unwrap_or_else(|faults| panic!("{again}: {faults:?}"));
            for line in again.lines().filter(|line| line.contains(" = ")) {
                assert!(line.contains("  # ") || line.ends_with('['), "{line}");
            }
        }
    }

    /// A fault in a value of the preset has no place in the file.
    #[test]
    fn faults_in_values_of_the_preset() {
        let text = "preset = \"sun-comms\"\n[service.mail]\ndisable = \"removed\"\n";
        let [(message, place)] = &faults(text)[..] else { panic!("{:?}", faults(text)) };
        assert!(message.contains("of the preset sun-comms)"), "{message}");
        assert_eq!(*place, None);
    }
}
