//! Attributes whose values the server cannot compare: their values are written as a whole.
//!
//! A server that needs an EQUALITY rule answers 18 to the deletion of a single value of an attribute without one, and to the
//! addition of a value to others ([`ServerSchema::compares`]). What a record does to such an attribute is written as one
//! modification:
//!
//! | the entry had | and has afterwards | written |
//! | --- | --- | --- |
//! | no value | values | `add:` these values; the server refuses it (18) if the attribute has got a value since |
//! | values | other values | `replace:` with all values |
//! | values | none | `delete:` without values |
//!
//! A value that was added since the export is lost then. So a guard comes before the modification:
//!
//! | guard | what it ensures | when |
//! | --- | --- | --- |
//! | assertion control on `entryCSN`, else `modifyTimestamp` | that the entry has not changed since the export | `--guard assert`, in the first record of the entry, if the export shows one of these |
//! | `delete:` and `add:` of the same value of another attribute | that this other value is unchanged, no more | `--guard values`, and if the control is not possible |
//! | none | | `--guard none`, and entries without a suitable value |
//!
//! Only the assertion detects a value that was added to the same attribute. So every record that writes all values of an
//! attribute is listed in the report, the runbook and plan.json, with what its guard ensures. The value of a guard is of an
//! attribute that is not part of the RDN, that the plan does not change, that clients write and that the server compares.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::guard::{self, Guard, GuardValue, STATE_ATTRIBUTES, state};
use super::operation::{Operation, Stage};
use super::request::PlanContext;
use crate::ldap::attribute::same_type;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::{MatchingRule, matches};
use crate::ldap::{AttributeDescription, Change, ChangeRecord, DnKey, Entry, ModOp, Modification, Origin, Value};
use crate::policy::ServerSchema;
use crate::render::sanitize::Secrets;

/// The length of the longest value that is used as a guard, in bytes.
const LONGEST: usize = 256;

/// What guards a record that writes all values of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WholeGuard {
    /// The assertion control on this operational attribute: it ensures that the entry has not changed.
    Assertion(&'static str),
    /// A value of this other attribute: it ensures only that this value is unchanged.
    Value(AttributeDescription),
    /// Nothing.
    Unguarded,
}

impl WholeGuard {
    /// What it ensures, as a sentence for a report.
    pub fn sentence(&self) -> String {
        match self {
            Self::Assertion(attribute) => {
                format!("refused (122) if the entry has changed since the export, by its {attribute}")
            }
            Self::Value(attribute) => {
                format!("refused (16) if {attribute} has changed; a value that was added meanwhile is not detected")
            }
            Self::Unguarded => "not guarded: a value that was added meanwhile is lost".to_owned(),
        }
    }

    /// Whether it detects a change of the same attribute.
    pub fn notices_changes(&self) -> bool {
        matches!(self, Self::Assertion(_))
    }
}

/// A record that writes all values of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenWhole {
    /// The stage in which it is applied.
    pub stage: Stage,
    /// The name of the entry in the record, raw.
    pub dn: Vec<u8>,
    /// The attributes.
    pub attributes: Vec<AttributeDescription>,
    /// What guards it.
    pub guard: WholeGuard,
}

/// The same modifications of an entry, with all values of those attributes that the server cannot compare.
pub fn written(entry: &Entry, modifications: Vec<Modification>, schema: &ServerSchema) -> Vec<Modification> {
    let compares = |modification: &Modification| schema.compares(modification.description.attribute_type());
    if modifications.iter().all(compares) {
        return modifications;
    }
    let mut done: HashSet<AttributeDescription> = HashSet::new();
    let mut new = Vec::new();
    for modification in &modifications {
        if compares(modification) {
            new.push(modification.clone());
        } else if done.insert(modification.description.clone()) {
            let own = modifications.iter().filter(|other| other.description == modification.description);
            new.extend(whole(entry, &modification.description, own));
        }
    }
    new
}

/// The one modification that has the effect of several ones of an attribute; `None` if they change nothing.
fn whole<'m>(
    entry: &Entry,
    description: &AttributeDescription,
    modifications: impl Iterator<Item = &'m Modification>,
) -> Option<Modification> {
    let had = entry.attributes.iter().find(|attribute| attribute.description == *description);
    let had = had.map(|attribute| attribute.values.clone()).unwrap_or_default();
    let rule = equality_rule(description.attribute_type());
    let holds = |values: &[Value], value: &Value| values.iter().any(|own| matches(rule, &own.bytes, &value.bytes));
    let mut values = had.clone();
    let mut last = ModOp::Replace;
    for modification in modifications {
        last = modification.op;
        match modification.op {
            ModOp::Delete if modification.values.is_empty() => values.clear(),
            ModOp::Delete => values.retain(|value| !holds(&modification.values, value)),
            ModOp::Replace | ModOp::Increment => values.clone_from(&modification.values),
            ModOp::Add => {
                for value in &modification.values {
                    if !holds(&values, value) {
                        values.push(value.clone());
                    }
                }
            }
        }
    }
    let op = match (had.is_empty(), values.is_empty()) {
        // A value that may come from a class of service needs a `replace:` without values.
        (_, true) if last == ModOp::Replace => ModOp::Replace,
        (true, true) => return None,
        (false, true) => ModOp::Delete,
        (true, false) => ModOp::Add,
        (false, false) if had == values => return None,
        (false, false) => ModOp::Replace,
    };
    Some(Modification { op, description: description.clone(), values })
}

/// The attributes of which modifications write all values, and whose values the server cannot compare.
fn lists(modifications: &[Modification], schema: &ServerSchema) -> Vec<AttributeDescription> {
    let is_whole = |modification: &&Modification| match modification.op {
        ModOp::Replace => true,
        ModOp::Delete => modification.values.is_empty(),
        ModOp::Add | ModOp::Increment => false,
    };
    let whole = modifications.iter().filter(is_whole).map(|modification| &modification.description);
    whole.filter(|description| !schema.compares(description.attribute_type())).cloned().collect()
}

/// Guards the records of a plan that write all values of an attribute, and those of the rollback. `before` holds every touched
/// entry as the exports show it.
pub fn guard(
    operations: &mut [Operation],
    before: &BTreeMap<DnKey, Entry>,
    context: PlanContext<'_>,
) -> Vec<WrittenWhole> {
    let PlanContext { policy, schema, request, .. } = context;
    let (how, secrets) = (request.guard, Secrets::of(policy).with_schema(schema.described()));
    let applies = |operation: &Operation| lists(modifications_of(&operation.record), schema);
    let undoes = |operation: &Operation| {
        operation.inverse.as_ref().is_some_and(|undo| !lists(modifications_of(undo), schema).is_empty())
    };
    if operations.iter().all(|operation| applies(operation).is_empty() && !undoes(operation)) {
        return Vec::new();
    }
    let entries: HashMap<Origin, &Entry> = before.values().map(|entry| (entry.origin, entry)).collect();
    // The attributes that the plan changes of each entry, under its old or its new name.
    let mut touched: HashMap<Origin, HashSet<AttributeDescription>> = HashMap::new();
    let mut first: HashMap<Origin, usize> = HashMap::new();
    for (index, operation) in operations.iter().enumerate() {
        let own = touched.entry(operation.evidence).or_default();
        own.extend(modifications_of(&operation.record).iter().map(|modification| modification.description.clone()));
        first.entry(operation.evidence).or_insert(index);
    }
    let mut all = Vec::new();
    for (index, operation) in operations.iter_mut().enumerate() {
        let (attributes, undoes) = (applies(operation), undoes(operation));
        if attributes.is_empty() && !undoes {
            continue;
        }
        let origin = operation.evidence;
        let entry = entries.get(&origin).copied();
        let is_first = first.get(&origin) == Some(&index);
        let is_touched =
            |description: &AttributeDescription| touched.get(&origin).is_some_and(|own| own.contains(description));
        let value =
            entry.filter(|_| how != Guard::None).and_then(|entry| suitable(entry, &is_touched, schema, secrets));
        let asserts = how == Guard::Assert && is_first && operation.record.controls.is_empty();
        let asserted = entry.filter(|_| asserts).and_then(state);
        if let Some(undo) = operation.inverse.as_mut().filter(|_| undoes) {
            guarded(undo, value, schema, how);
        }
        if attributes.is_empty() {
            continue;
        }
        let guard = match asserted {
            Some(asserted) => {
                operation.record.controls.extend(guard::assertion(&[asserted]));
                let is_first = asserted.description.is_type(STATE_ATTRIBUTES[0]);
                WholeGuard::Assertion(if is_first { STATE_ATTRIBUTES[0] } else { STATE_ATTRIBUTES[1] })
            }
            None => guarded(&mut operation.record, value, schema, how),
        };
        operation.reason.push_str("; all values are written: ");
        operation.reason.push_str(&guard.sentence());
        let dn = operation.record.dn.raw_bytes().to_vec();
        all.push(WrittenWhole { stage: operation.stage, dn, attributes, guard });
    }
    all
}

/// Guards a record that was made for this state of its entry; `None` if it does not write all values of an attribute.
pub fn guard_record(record: &mut ChangeRecord, entry: &Entry, schema: &ServerSchema) -> Option<WrittenWhole> {
    let modifications = modifications_of(record);
    let attributes = lists(modifications, schema);
    if attributes.is_empty() {
        return None;
    }
    let touched: HashSet<AttributeDescription> =
        modifications.iter().map(|modification| modification.description.clone()).collect();
    let value = suitable(entry, &|description| touched.contains(description), schema, Secrets::default());
    let guard = guarded(record, value, schema, Guard::Values);
    Some(WrittenWhole { stage: Stage::References, dn: record.dn.raw_bytes().to_vec(), attributes, guard })
}

fn modifications_of(record: &ChangeRecord) -> &[Modification] {
    if let Change::Modify(modifications) = &record.change { modifications } else { &[] }
}

/// Adds the guard to a record, unless the record deletes an exact value by itself.
fn guarded(record: &mut ChangeRecord, value: Option<GuardValue<'_>>, schema: &ServerSchema, how: Guard) -> WholeGuard {
    let Change::Modify(modifications) = &mut record.change else { return WholeGuard::Unguarded };
    let is_exact = |modification: &&Modification| {
        modification.op == ModOp::Delete
            && !modification.values.is_empty()
            && schema.compares(modification.description.attribute_type())
    };
    if let Some(exact) = modifications.iter().find(is_exact) {
        return WholeGuard::Value(exact.description.clone());
    }
    match value {
        Some(value) if how != Guard::None => {
            modifications.splice(0..0, guard::modifications(&[value]));
            WholeGuard::Value(value.description.clone())
        }
        _ => WholeGuard::Unguarded,
    }
}

/// A value of an entry that can be deleted and added again.
fn suitable<'e>(
    entry: &'e Entry,
    is_touched: &dyn Fn(&AttributeDescription) -> bool,
    schema: &ServerSchema,
    secrets: Secrets<'_>,
) -> Option<GuardValue<'e>> {
    let rdn = entry.dn.rdn().map_or(&[][..], |rdn| rdn.avas());
    let serves = |description: &AttributeDescription| {
        let name = description.attribute_type();
        let in_name = rdn.iter().any(|ava| same_type(&ava.attribute_type, name));
        // Servers that maintain references rewrite DNs; octet strings and secrets do not belong in a change file.
        let is_plain = !matches!(
            equality_rule(name),
            MatchingRule::OctetString | MatchingRule::DistinguishedName | MatchingRule::NameAndOptionalUid
        );
        !in_name
            && !is_touched(description)
            && is_plain
            && !secrets.is_secret(description.as_str())
            && !description.is_type("objectClass")
            && schema.compares(name)
            && !schema.sets(name)
            && schema.is_of_a_class(name)
    };
    let mut candidates: Vec<_> = entry.attributes.iter().filter(|attribute| serves(&attribute.description)).collect();
    let rank = |description: &AttributeDescription| {
        guard::ORDINARY.iter().position(|name| description.is_type(name)).unwrap_or(guard::ORDINARY.len())
    };
    candidates.sort_by_key(|attribute| rank(&attribute.description));
    candidates.into_iter().find_map(|attribute| {
        let value = attribute.values.iter().find(|value| !value.bytes.is_empty() && value.bytes.len() <= LONGEST)?;
        Some(GuardValue { description: &attribute.description, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{Dn, Origin};
    use crate::policy::Server;

    fn description(name: &str) -> AttributeDescription {
        AttributeDescription::parse(name.as_bytes()).unwrap()
    }

    fn entry(lines: &[(&str, &str)]) -> Entry {
        let dn = Dn::parse(b"cn=a,o=x").unwrap();
        let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in lines {
            entry.push(description(name), Value::new(value.as_bytes()));
        }
        entry
    }

    /// `delete fax 1 2`
    fn shown(modifications: &[Modification]) -> Vec<String> {
        let one = |modification: &Modification| {
            let values: Vec<_> =
                modification.values.iter().map(|value| value.bytes.escape_ascii().to_string()).collect();
            let head = [modification.op.keyword().to_owned(), modification.description.to_string()];
            head.into_iter().chain(values).collect::<Vec<_>>().join(" ")
        };
        modifications.iter().map(one).collect()
    }

    /// `delete fax 1 2`, as [`shown`].
    fn read(text: &str) -> Modification {
        let mut words = text.split(' ');
        let op = match words.next().unwrap() {
            "add" => ModOp::Add,
            "delete" => ModOp::Delete,
            "replace" => ModOp::Replace,
            other => panic!("{other}"),
        };
        let description = description(words.next().unwrap());
        Modification { op, description, values: words.map(|value| Value::new(value.as_bytes())).collect() }
    }

    type Lines = &'static [(&'static str, &'static str)];

    #[test]
    fn all_values_are_written_if_the_server_needs_it() {
        let two: Lines = &[("fax", "1"), ("fax", "2"), ("mail", "m")];
        let none: Lines = &[("mail", "m")];
        #[rustfmt::skip]
        let table: &[(Lines, &[&str], &[&str])] = &[
            (two,  &["delete fax 1"],                          &["replace fax 2"]),
            (two,  &["add fax 3"],                             &["replace fax 1 2 3"]),
            (two,  &["delete fax 1 2"],                        &["delete fax"]),
            (two,  &["delete fax"],                            &["delete fax"]),
            (two,  &["delete fax 1 2", "add fax 0"],           &["replace fax 0"]),
            (two,  &["delete mail m", "delete fax 2", "add fax 4", "add mail n"], &["delete mail m", "replace fax 1 4", "add mail n"]),
            (two,  &["delete fax 1", "add fax 1"],             &["replace fax 2 1"]),
            (two,  &["add fax 1"],                             &[]),
            (two,  &["replace fax"],                           &["replace fax"]),
            (none, &["add fax 1"],                             &["add fax 1"]),
            (none, &["replace fax 1"],                         &["add fax 1"]),
            (none, &["replace fax"],                           &["replace fax"]),
            (none, &["delete mail m"],                         &["delete mail m"]),
            (two,  &["delete 2.5.4.23 1"],                     &["replace 2.5.4.23 2"]),
        ];
        for (lines, modifications, expected) in table {
            let modifications: Vec<Modification> = modifications.iter().map(|text| read(text)).collect();
            let of = |server: Server| shown(&written(&entry(lines), modifications.clone(), &server.into()));
            assert_eq!(of(Server::OpenLdap), *expected, "{:?}", shown(&modifications));
            for server in [Server::Ds389, Server::Dsee, Server::ActiveDirectory] {
                assert_eq!(of(server), shown(&modifications));
            }
        }
    }

    #[test]
    fn a_guard_is_a_value_that_can_be_deleted_and_added_again() {
        #[rustfmt::skip]
        let table: &[(Lines, Option<&str>)] = &[
            (&[("sn", "s"), ("description", "d")],                  Some("description")),
            (&[("cn", "a"), ("sn", "s"), ("title", "t")],           Some("sn")),
            (&[("cn", "a"), ("roomNumber", "7")],                   Some("roomNumber")),
            (&[("cn", "a"), ("objectClass", "person")],             None),
            (&[("manager", "cn=b"), ("userPassword", "p")],         None),
            (&[("telexNumber", "t"), ("entryCSN", "1")],            None),
            (&[("sn", "")],                                         None),
        ];
        for (lines, expected) in table {
            let entry = entry(&[*lines, &[("fax", "1"), ("fax", "2")]].concat());
            let schema = ServerSchema::from(Server::OpenLdap);
            let change = Change::Modify(vec![read("replace fax 1")]);
            let mut record = ChangeRecord { dn: entry.dn.clone(), controls: Vec::new(), change };
            let found = guard_record(&mut record, &entry, &schema).unwrap();
            if let Some(name) = expected {
                assert_eq!(found.guard, WholeGuard::Value(description(name)));
                let value = entry.values(name).next().unwrap().bytes.escape_ascii().to_string();
                let pair = [format!("delete {name} {value}"), format!("add {name} {value}")];
                assert_eq!(shown(modifications_of(&record))[..2], pair);
            } else {
                assert_eq!(found.guard, WholeGuard::Unguarded, "{lines:?}");
                assert_eq!(shown(modifications_of(&record)), ["replace fax 1"]);
            }
            assert_eq!(guard_record(&mut record, &entry, &Server::Ds389.into()), None);
        }
    }
}
