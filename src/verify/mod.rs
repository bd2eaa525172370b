//! Whether the records of a change set are done, by what a later export shows.
//!
//! | record | done | not done | changed by somebody else |
//! | --- | --- | --- | --- |
//! | modify: values | those that it deletes are not there and those that it adds are | the other way round | anything else, or the entry is not there |
//! | modify: all values (`replace`, `delete` without values) | the attribute has exactly the new values | it has exactly the values from before, which the rollback of the set holds | anything else |
//! | add | the entry is there with its values | it is not there | it is there with others |
//! | delete | the entry is gone | it is there | |
//! | modrdn | the entry has the new name | it has the old one | it has both, or none |
//! | a modify that takes away and adds the same values: a guard | nothing to see; it goes with the deletion behind it | | |
//!
//! What a later record of the same set deletes is done if the entry is gone. An entry that a record of the set renames is
//! looked for under its names before and afterwards. Values are compared by the matching rule of their attribute.
//!
//! An operational attribute that the export cannot show (see [`survey::Visibility`]) is left out of the comparison. If
//! all that is left is done, or nothing is left, the verdict is "not shown": the record may be done, and this export does
//! not say so. Whether exports can tell anything at all is asked first: see [`trust`].

pub mod survey;
pub mod trust;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

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
    /// The exports do not show whether it is done: what of it they do not show.
    NotShown(NotShown),
    /// It changes nothing, so nothing shows.
    Guard,
}

/// What of a record the exports do not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotShown {
    /// Operational attributes that it writes.
    Attributes(Vec<String>),
    /// The place of its entry.
    Place,
}

impl fmt::Display for NotShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attributes(names) => write!(f, "the export does not show {}", names.join(", ")),
            Self::Place => f.write_str("no entry above it is in the exports"),
        }
    }
}

impl Verdict {
    /// Its word: stable.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not-done",
            Self::Changed(_) => "changed",
            Self::NotShown(_) => "not-shown",
            Self::Guard => "guard",
        }
    }
}

/// A record of a change set, with what undoes it.
#[derive(Clone)]
pub struct SetRecord {
    /// The record.
    pub record: ChangeRecord,
    /// The record of the rollback that undoes it, if there is one: it holds the values from before.
    pub undo: Option<ChangeRecord>,
}

/// What later exports show.
pub struct Evidence<'e> {
    /// The entries of the names that are [`wanted`].
    pub now: &'e [Entry],
    /// Whether an export shows an attribute where an entry has it.
    pub shows: &'e dyn Fn(u16, &AttributeDescription) -> bool,
    /// Whether the place of an entry is shown, so that an entry which is not there does not exist.
    pub covers: &'e dyn Fn(&DnKey) -> bool,
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

/// What became of each record, by what later exports show.
pub fn check(set: &[SetRecord], evidence: &Evidence<'_>) -> Vec<Verdict> {
    let now: HashMap<&DnKey, &Entry> = evidence.now.iter().map(|entry| (entry.dn.key(), entry)).collect();
    let records: Vec<ChangeRecord> = set.iter().map(|of| of.record.clone()).collect();
    let records = records.as_slice();
    let names = names(records);
    let deletions = records.iter().zip(&names).enumerate();
    let deletions = deletions.filter(|(_, (record, _))| matches!(record.change, Change::Delete));
    // The last deletion of each entry.
    let deletions: HashMap<&DnKey, usize> = deletions.map(|(index, (_, of))| (&of.last, index)).collect();
    let deletes = |from: usize, key: &DnKey| deletions.get(key).is_some_and(|last| *last >= from);
    let deleted = |key: &DnKey| {
        if (evidence.covers)(key) { Verdict::Done } else { Verdict::NotShown(NotShown::Place) }
    };
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
                    Some(entry) => {
                        let shows =
                            |description: &AttributeDescription| (evidence.shows)(entry.origin.export, description);
                        modified(entry, &effects, &before(&effects, set[index].undo.as_ref()), &shows)
                    }
                    None if deletes(index, last) => deleted(last),
                    None => Verdict::Changed("the entry is gone".to_owned()),
                }
            }
            Change::Delete if entry.is_none() => deleted(last),
            Change::Delete => Verdict::NotDone,
            Change::Add(attributes) => match entry {
                None => Verdict::NotDone,
                Some(entry) => {
                    let shown = attributes
                        .iter()
                        .filter(|attribute| (evidence.shows)(entry.origin.export, &attribute.description));
                    let lacks = shown.into_iter().find(|attribute| {
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
                    (false, false) if deletes(index, last) => deleted(last),
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
/// compared with thousands of values one by one.
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

/// Normalised values.
type Values = HashSet<Vec<u8>>;

/// The values from before of each attribute whose values a record replaces or deletes as a whole, by what undoes it.
fn before(effects: &BTreeMap<AttributeKey, Effect>, undo: Option<&ChangeRecord>) -> BTreeMap<AttributeKey, Values> {
    let Some(Change::Modify(undo)) = undo.map(|undo| &undo.change) else { return BTreeMap::new() };
    let whole = effects.iter().filter(|(_, effect)| effect.all_removed);
    whole
        .map(|(key, effect)| {
            // What the undo makes of the values that the record leaves.
            let mut values = effect.added.clone();
            for change in undo.iter().filter(|change| change.description.key() == *key) {
                let rule = equality_rule(change.description.attribute_type());
                let changed = change.values.iter().map(|value| normalize(rule, &value.bytes).into_owned());
                match change.op {
                    ModOp::Replace => values = changed.collect(),
                    ModOp::Delete if change.values.is_empty() => values.clear(),
                    ModOp::Delete => {
                        let deleted: Values = changed.collect();
                        values.retain(|value| !deleted.contains(value));
                    }
                    ModOp::Add | ModOp::Increment => values.extend(changed),
                }
            }
            (key.clone(), values)
        })
        .collect()
}

fn modified(
    entry: &Entry,
    effects: &BTreeMap<AttributeKey, Effect>,
    before: &BTreeMap<AttributeKey, Values>,
    shows: &dyn Fn(&AttributeDescription) -> bool,
) -> Verdict {
    let (mut done, mut undone) = (true, true);
    let mut odd = None;
    let mut hidden = Vec::new();
    let mut sees_any = false;
    for (key, effect) in effects {
        let Some(description) = &effect.description else { continue };
        if !shows(description) {
            hidden.push(description.to_string());
            continue;
        }
        sees_any = true;
        let rule = equality_rule(description.attribute_type());
        let others = entry.attributes.iter().filter(|attribute| attribute.description == *description);
        let others = others.flat_map(|attribute| &attribute.values);
        let now: Values = others.map(|value| normalize(rule, &value.bytes).into_owned()).collect();
        let there = |value: &Vec<u8>| now.contains(value);
        let unexpected = now.difference(&effect.added).count();
        let is_done = effect.added.iter().all(there)
            && !effect.removed.iter().any(there)
            && (!effect.all_removed || unexpected == 0);
        let is_undone = match before.get(key) {
            Some(before) => now == *before,
            None => {
                effect.removed.iter().all(there)
                    && !effect.added.iter().any(there)
                    && (!effect.all_removed || unexpected > 0)
            }
        };
        if !is_done && !is_undone || is_done && !done || is_undone && !undone {
            odd.get_or_insert_with(|| difference(description, effect, before.get(key), &now));
        }
        done &= is_done;
        undone &= is_undone;
    }
    match (done, undone) {
        (true, _) if !hidden.is_empty() => Verdict::NotShown(NotShown::Attributes(hidden)),
        (true, _) => Verdict::Done,
        (false, true) if sees_any => Verdict::NotDone,
        (false, _) => Verdict::Changed(odd.unwrap_or_else(|| "done in part".to_owned())),
    }
}

/// How an attribute that is neither as it was nor as planned differs from both. Values are counted, not shown: they may
/// be secrets.
fn difference(description: &AttributeDescription, effect: &Effect, before: Option<&Values>, now: &Values) -> String {
    let nothing = Values::new();
    let values = |count: usize| if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
    let planned = format!("{} of {} planned", effect.added.intersection(now).count(), values(effect.added.len()));
    let old = before.unwrap_or(&effect.removed);
    let kept = format!("{} of {} from before", old.intersection(now).count(), values(old.len()));
    let whole = effect.all_removed;
    let other =
        now.iter().filter(|value| !effect.added.contains(*value) && !before.unwrap_or(&nothing).contains(*value));
    let other = if whole { format!(", {} from neither", values(other.count())) } else { String::new() };
    format!("{description} is neither as it was nor as planned: it has {planned}, {kept}{other}")
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

    /// The verdicts where exports show everything, and nothing is known of what was there before.
    fn verdicts(set: &[ChangeRecord], now: &[Entry]) -> Vec<Verdict> {
        let set: Vec<SetRecord> = set.iter().map(|record| SetRecord { record: record.clone(), undo: None }).collect();
        check(&set, &Evidence { now, shows: &|_, _| true, covers: &|_| true })
    }

    /// With what undoes it, values that are replaced as a whole are compared exactly.
    #[test]
    fn values_replaced_as_a_whole() {
        const RECORD: &str = "dn: cn=n,o=x\nchangetype: modify\nreplace: triple\ntriple: b\n-\n";
        const UNDO: &str = "dn: cn=n,o=x\nchangetype: modify\nreplace: triple\ntriple: a\ntriple: b\n-\n";
        const CLEAR: &str = "dn: cn=n,o=x\nchangetype: modify\ndelete: triple\n-\n";
        const RESTORE: &str = "dn: cn=n,o=x\nchangetype: modify\nadd: triple\ntriple: a\n-\n";
        #[rustfmt::skip]
        let table = [
            (RECORD, UNDO,    "triple: a\ntriple: b\n",            "not-done"),
            (RECORD, UNDO,    "triple: b\ntriple: a\n",            "not-done"),
            (RECORD, UNDO,    "triple: b\n",                       "done"),
            (RECORD, UNDO,    "triple: a\n",                       "changed"),
            (RECORD, UNDO,    "triple: a\ntriple: b\ntriple: c\n", "changed"),
            (RECORD, UNDO,    "cn: n\n",                           "changed"),
            (CLEAR,  RESTORE, "cn: n\n",                           "done"),
            (CLEAR,  RESTORE, "triple: a\n",                       "not-done"),
            (CLEAR,  RESTORE, "triple: c\n",                       "changed"),
        ];
        for (record, undo, values, expected) in table {
            let [record, undo] = [record, undo].map(|text| records(text).remove(0));
            let set = [SetRecord { record, undo: Some(undo) }];
            let now = entries(&format!("dn: cn=n,o=x\n{values}"));
            let found = check(&set, &Evidence { now: &now, shows: &|_, _| true, covers: &|_| true });
            assert_eq!(found[0].name(), expected, "{values}: {found:?}");
        }
    }

    /// What an export cannot show is not compared; the rest decides.
    #[test]
    fn attributes_that_an_export_does_not_show() {
        const LOCK: &str = "dn: uid=a,o=x\nchangetype: modify\nadd: pwdReset\npwdReset: TRUE\n-\n";
        const BOTH: &str =
            "dn: uid=a,o=x\nchangetype: modify\nadd: pwdReset\npwdReset: TRUE\n-\nadd: st\nst: gone\n-\n";
        #[rustfmt::skip]
        let table = [
            (LOCK, "dn: uid=a,o=x\ncn: a\n",    "not-shown"),
            (BOTH, "dn: uid=a,o=x\nst: gone\n", "not-shown"),
            (BOTH, "dn: uid=a,o=x\ncn: a\n",    "not-done"),
        ];
        for (text, export, expected) in table {
            let set: Vec<SetRecord> =
                records(text).into_iter().map(|record| SetRecord { record, undo: None }).collect();
            let now = entries(export);
            let shows = |_: u16, description: &AttributeDescription| !description.is_type("pwdReset");
            let found = check(&set, &Evidence { now: &now, shows: &shows, covers: &|_| true });
            assert_eq!(found[0].name(), expected, "{export}");
            assert_eq!(left(&found, &records(text)).len(), usize::from(expected == "not-done"));
        }
        let set = [SetRecord { record: records(DELETE).remove(0), undo: None }];
        let found = check(&set, &Evidence { now: &[], shows: &|_, _| true, covers: &|_| false });
        assert_eq!(found[0].name(), "not-shown");
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
            let verdicts = verdicts(&set, &entries(export));
            let found: Vec<&str> = verdicts.iter().map(Verdict::name).collect();
            assert_eq!(found.join(" "), expected, "{export}");
        }
    }

    #[test]
    fn a_guard_is_left_with_its_deletion() {
        let set = records(&[MARK, GUARD, DELETE].join("\n"));
        let found = verdicts(&set, &entries("dn: uid=a,o=x\nst: deleted\n"));
        assert_eq!(left(&found, &set), [1, 2]);
        assert_eq!(left(&verdicts(&set, &[]), &set), [0; 0]);
    }
}
