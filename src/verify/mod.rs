//! Whether the records of a change set are done, by what a later export shows.
//!
//! | record | done | not done | changed by somebody else |
//! | --- | --- | --- | --- |
//! | modify | the values that it takes away are gone and those that it adds are there | the other way round | anything else, or the entry is gone |
//! | add | the entry is there with its values | it is not there | it is there with others |
//! | delete | the entry is gone | it is there | |
//! | modrdn | the entry has the new name | it has the old one | it has both, or none |
//! | a modify that takes away and adds the same values: a guard | nothing to see; it goes with the deletion behind it | | |
//!
//! What a later record of the same set deletes is done if the entry is gone. An entry that a record of the set renames is
//! looked for under its names before and afterwards. Values are compared by the matching rule of their attribute. Nothing
//! is known of an attribute that the later export leaves out: give one that shows as much as the first.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::directory::key_hash::KeySet;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::normalize;
use crate::ldap::{
    AttributeDescription, AttributeKey, Change, ChangeRecord, DnKey, Entry, ModOp, Modification, Renames, Value,
};
use crate::lifecycle::state::same_value;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Done,
    /// It is not done: everything is as it was before.
    NotDone,
    /// Something is neither as it was nor as the record leaves it.
    Changed(String),
    /// It changes nothing, so nothing shows.
    Guard,
}

impl Verdict {
    /// Its word: stable.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not-done",
            Self::Changed(_) => "changed",
            Self::Guard => "guard",
        }
    }
}

/// The names that each record's entry had, has by the record, and gets.
struct Names {
    /// Before the set.
    first: DnKey,
    /// When the record runs.
    then: DnKey,
    /// After the set.
    last: DnKey,
}

fn names(records: &[ChangeRecord]) -> Vec<Names> {
    let mut renames = Renames::default();
    // How many renames stand before each record.
    let mut done = Vec::with_capacity(records.len());
    for record in records {
        done.push(renames.len());
        if let Some(new) = record.new_name() {
            renames.push(record.dn.key().clone(), new.key().clone());
        }
    }
    let of = |(record, done): (&ChangeRecord, usize)| {
        let then = record.dn.key().clone();
        Names { first: renames.before(&then, done), last: renames.after(&then, done), then }
    };
    records.iter().zip(done).map(of).collect()
}

/// The names that a pass over the export must look for.
pub fn wanted(records: &[ChangeRecord]) -> KeySet {
    names(records).into_iter().flat_map(|names| [names.first, names.then, names.last]).collect()
}

/// What became of each record, by the entries that the export holds of those wanted.
pub fn check(records: &[ChangeRecord], now: &[Entry]) -> Vec<Verdict> {
    let now: HashMap<&DnKey, &Entry> = now.iter().map(|entry| (entry.dn.key(), entry)).collect();
    let names = names(records);
    let deletions = records.iter().zip(&names).enumerate();
    let deletions = deletions.filter(|(_, (record, _))| matches!(record.change, Change::Delete));
    // The last deletion of each entry.
    let deletions: HashMap<&DnKey, usize> = deletions.map(|(index, (_, of))| (&of.last, index)).collect();
    let deletes = |from: usize, key: &DnKey| deletions.get(key).is_some_and(|last| *last >= from);
    let verdict = |(index, record): (usize, &ChangeRecord)| {
        let Names { first, then, last } = &names[index];
        let entry = [last, then, first].into_iter().find_map(|name| now.get(name));
        match &record.change {
            Change::Modify(modifications) => {
                let effects = effects(modifications);
                if effects.values().all(Effect::is_none) {
                    return Verdict::Guard;
                }
                match entry {
                    Some(entry) => modified(entry, &effects),
                    None if deletes(index, last) => Verdict::Done,
                    None => Verdict::Changed("the entry is gone".to_owned()),
                }
            }
            Change::Delete if entry.is_none() => Verdict::Done,
            Change::Delete => Verdict::NotDone,
            Change::Add(attributes) => match entry {
                None => Verdict::NotDone,
                Some(entry) => {
                    let lacks = attributes.iter().find(|attribute| {
                        let name = attribute.description.attribute_type();
                        !attribute.values.iter().all(|value| has(entry, &attribute.description, name, value))
                    });
                    lacks.map_or(Verdict::Done, |attribute| {
                        Verdict::Changed(format!("{} differs", attribute.description))
                    })
                }
            },
            Change::ModifyDn { .. } => match record.new_name() {
                None => Verdict::Changed("its new name is none".to_owned()),
                Some(_) => match (now.contains_key(last), now.contains_key(then) || now.contains_key(first)) {
                    (true, false) => Verdict::Done,
                    (false, true) => Verdict::NotDone,
                    (false, false) if deletes(index, last) => Verdict::Done,
                    (true, true) => Verdict::Changed("both names are there".to_owned()),
                    (false, false) => Verdict::Changed("neither name is there".to_owned()),
                },
            },
        }
    };
    records.iter().enumerate().map(verdict).collect()
}

/// Which records are left to do: those that are not done, each with the guard before it.
pub fn left(verdicts: &[Verdict], records: &[ChangeRecord]) -> Vec<usize> {
    let mut left = Vec::new();
    for (index, _) in verdicts.iter().enumerate().filter(|(_, verdict)| **verdict == Verdict::NotDone) {
        let guard = index.checked_sub(1).filter(|before| verdicts[*before] == Verdict::Guard);
        left.extend(guard.filter(|before| records[*before].dn == records[index].dn));
        left.push(index);
    }
    left
}

/// What the modifications of one attribute come to. Values are in their normal forms, so that a group of thousands is not
/// held against thousands of values one by one.
#[derive(Default)]
struct Effect {
    description: Option<AttributeDescription>,
    /// Values that are gone afterwards.
    removed: HashSet<Vec<u8>>,
    /// All values are gone, but those added.
    all_removed: bool,
    /// Values that are there afterwards.
    added: HashSet<Vec<u8>>,
}

impl Effect {
    fn is_none(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && !self.all_removed
    }
}

fn effects(modifications: &[Modification]) -> BTreeMap<AttributeKey, Effect> {
    let mut effects: BTreeMap<AttributeKey, Effect> = BTreeMap::new();
    for modification in modifications {
        let effect = effects.entry(modification.description.key()).or_default();
        effect.description = Some(modification.description.clone());
        let rule = equality_rule(modification.description.attribute_type());
        let values = modification.values.iter().map(|value| normalize(rule, &value.bytes).into_owned());
        match modification.op {
            ModOp::Delete if modification.values.is_empty() => effect.all_removed = true,
            ModOp::Delete => {
                for value in values {
                    effect.added.remove(&value);
                    effect.removed.insert(value);
                }
            }
            ModOp::Replace => {
                effect.all_removed = true;
                effect.added = values.collect();
            }
            ModOp::Add | ModOp::Increment => {
                for value in values {
                    // What is taken away and put back changes nothing.
                    if !effect.removed.remove(&value) {
                        effect.added.insert(value);
                    }
                }
            }
        }
    }
    effects
}

fn has(entry: &Entry, description: &AttributeDescription, name: &str, value: &Value) -> bool {
    let mut same = entry.attributes.iter().filter(|attribute| attribute.description == *description);
    same.any(|attribute| attribute.values.iter().any(|other| same_value(name, &other.bytes, &value.bytes)))
}

fn modified(entry: &Entry, effects: &BTreeMap<AttributeKey, Effect>) -> Verdict {
    let (mut done, mut undone) = (true, true);
    let mut odd = None;
    for effect in effects.values() {
        let Some(description) = &effect.description else { continue };
        let rule = equality_rule(description.attribute_type());
        let others = entry.attributes.iter().filter(|attribute| attribute.description == *description);
        let others = others.flat_map(|attribute| &attribute.values);
        let now: HashSet<Vec<u8>> = others.map(|value| normalize(rule, &value.bytes).into_owned()).collect();
        let there = |value: &Vec<u8>| now.contains(value);
        let unexpected = now.difference(&effect.added).count();
        let is_done = effect.added.iter().all(there)
            && !effect.removed.iter().any(there)
            && (!effect.all_removed || unexpected == 0);
        let is_undone = effect.removed.iter().all(there)
            && !effect.added.iter().any(there)
            && (!effect.all_removed || unexpected > 0);
        if !is_done && !is_undone || is_done && !done || is_undone && !undone {
            odd.get_or_insert_with(|| format!("{description} is neither as it was nor as planned"));
        }
        done &= is_done;
        undone &= is_undone;
    }
    match (done, undone) {
        (true, _) => Verdict::Done,
        (false, true) => Verdict::NotDone,
        (false, false) => Verdict::Changed(odd.unwrap_or_else(|| "done in part".to_owned())),
    }
}

/// The name under which the export holds the entry of each record, if it does.
pub fn found<'e>(records: &[ChangeRecord], now: &'e [Entry]) -> Vec<Option<&'e Entry>> {
    let now: HashMap<&DnKey, &Entry> = now.iter().map(|entry| (entry.dn.key(), entry)).collect();
    let names = names(records);
    names.iter().map(|of| [&of.last, &of.then, &of.first].into_iter().find_map(|name| now.get(name).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::Dn;
    use crate::ldif::{Record, RecordReader, UrlPolicy, convert};

    fn records(text: &str) -> Vec<ChangeRecord> {
        let records = RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse);
        let change = |record: Record<'_>| match record {
            Record::Change(record) => convert::change(&record).unwrap(),
            _ => panic!("no change"),
        };
        records.map(|record| change(record.unwrap())).collect()
    }

    fn entries(text: &str) -> Vec<Entry> {
        let mut entries = Vec::new();
        for record in RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.unwrap() else { panic!("no entry") };
            let dn = Dn::parse(&record.dn).unwrap();
            let mut entry = Entry { dn, origin: crate::ldap::Origin::default(), attributes: Vec::new() };
            for line in &record.attributes {
                let description = AttributeDescription::parse(line.description.as_bytes()).unwrap();
                entry.push(description, Value::new(line.value.bytes()));
            }
            entries.push(entry);
        }
        entries
    }

    const MARK: &str = "dn: uid=a,o=x\nchangetype: modify\ndelete: st\nst: active\n-\nadd: st\nst: deleted\n-\n";
    const GUARD: &str = "dn: uid=a,o=x\nchangetype: modify\ndelete: st\nst: active\n-\nadd: st\nst: active\n-\n";
    const DELETE: &str = "dn: uid=a,o=x\nchangetype: delete\n";
    const MOVE: &str = "dn: uid=a,o=x\nchangetype: modrdn\nnewrdn: uid=a\ndeleteoldrdn: 1\nnewsuperior: ou=b,o=x\n";
    const AFTER: &str = "dn: uid=a,ou=b,o=x\nchangetype: modify\nadd: st\nst: moved\n-\n";
    const CLEAR: &str = "dn: uid=a,o=x\nchangetype: modify\nreplace: st\n-\n";

    #[test]
    fn what_became_of_records() {
        #[rustfmt::skip]
        let table: [(&[&str], &str, &str); 17] = [
            (&[MARK],          "dn: uid=a,o=x\nst: Deleted\n",              "done"),
            (&[MARK],          "dn: uid=a,o=x\nst: active\n",               "not-done"),
            (&[MARK],          "dn: uid=a,o=x\nst: hold\n",                 "changed"),
            (&[MARK],          "dn: uid=a,o=x\ncn: a\n",                    "changed"),
            (&[MARK],          "",                                          "changed"),
            (&[MARK, DELETE],  "",                                          "done done"),
            (&[GUARD, DELETE], "dn: uid=a,o=x\nst: active\n",               "guard not-done"),
            (&[GUARD, DELETE], "",                                          "guard done"),
            (&[MOVE],          "dn: uid=a,ou=b,o=x\nst: active\n",          "done"),
            (&[MOVE],          "dn: uid=a,o=x\nst: active\n",               "not-done"),
            (&[MOVE],          "",                                          "changed"),
            (&[MARK, MOVE],    "dn: uid=a,ou=b,o=x\nst: deleted\n",         "done done"),
            (&[MARK, MOVE],    "dn: uid=a,o=x\nst: deleted\n",              "done not-done"),
            (&[MOVE, AFTER],   "dn: uid=a,o=x\nst: active\n",               "not-done not-done"),
            (&[MOVE, AFTER],   "dn: uid=a,ou=b,o=x\nst: moved\n",           "done done"),
            (&[CLEAR],         "dn: uid=a,o=x\ncn: a\n",                    "done"),
            (&[CLEAR],         "dn: uid=a,o=x\nst: active\n",               "not-done"),
        ];
        for (set, export, expected) in table {
            let set = records(&set.join("\n"));
            let verdicts = check(&set, &entries(export));
            let found: Vec<&str> = verdicts.iter().map(Verdict::name).collect();
            assert_eq!(found.join(" "), expected, "{export}");
        }
    }

    #[test]
    fn a_guard_is_left_with_its_deletion() {
        let set = records(&[MARK, GUARD, DELETE].join("\n"));
        let verdicts = check(&set, &entries("dn: uid=a,o=x\nst: deleted\n"));
        assert_eq!(left(&verdicts, &set), [1, 2]);
        assert_eq!(left(&check(&set, &[]), &set), [0; 0]);
    }
}
