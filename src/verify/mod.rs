//! Which records of a change set are done, judged by a later export.
//!
//! | record | done | not done | changed by someone else |
//! | --- | --- | --- | --- |
//! | modify: single values | the values to delete are absent and the values to add are present | the other way round | anything else, or the entry does not exist |
//! | modify: all values (`replace`, or `delete` without values) | the attribute has exactly the new values | it has exactly the old values, which the rollback holds | anything else |
//! | add | the entry exists with these values | it does not exist | it exists with other values |
//! | delete | the entry does not exist | it exists | |
//! | modrdn | the entry has the new name | it has the old name | both names exist, or neither |
//! | guard: a modify that deletes and adds the same values | it changes nothing, so nothing can be seen; it belongs to the deletion after it | | |
//!
//! A record whose entry a later record of the change set deletes is done if the entry does not exist. An entry that the change
//! set renames is searched for by all of its names. Values are compared by the matching rule of their attribute.
//!
//! Whether the entry with a name is the one that the plan meant is compared by the server's identifier ([`identity`]). An entry
//! that got the name meanwhile does not count; one that others moved or renamed is "changed by someone else".
//!
//! An entry that does not exist is deleted only if the exports show the place where it was: they have the entry that it was
//! directly below, or that entry is deleted too, and they lack few entries that no change set deletes
//! ([`survey::Evidence::hides`]).
//!
//! Operational attributes that an export cannot show ([`survey::Evidence`]) are not compared. If only such attributes remain,
//! or everything else is done, the verdict is "not shown": the record may be done, but this export does not show it. Exports
//! that show too little for any verdict are refused first ([`trust`]).

mod effect;
pub mod identity;
pub mod survey;
pub mod trust;

use std::collections::HashMap;
use std::fmt;

use crate::directory::key_hash::KeySet;
use crate::ldap::{AttributeDescription, Change, ChangeRecord, DnKey, Entry, Renames, Value};
use crate::lifecycle::state::same_value;
use effect::Effects;
use identity::Identities;
use survey::Evidence;

/// Whether a record is done.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// It is done.
    Done,
    /// It is not done: everything is as before.
    NotDone,
    /// Something is neither as before nor as the record leaves it. The message says what.
    Changed(String),
    /// The exports do not show whether it is done.
    NotShown(NotShown),
    /// It is a guard, which changes nothing.
    Guard,
}

/// What the exports do not show of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotShown {
    /// Operational attributes that the record writes.
    Attributes(Vec<String>),
    /// The part of the directory that its entry belongs to.
    Place,
    /// The entry that its entry was directly below.
    Parent,
    /// Many other entries that the exports of the plan held, so that its entry may be missing as well.
    Entries {
        /// How many entries are missing.
        missing: u64,
        /// How many the exports of the plan held.
        planned: u64,
    },
}

impl fmt::Display for NotShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attributes(names) => write!(f, "the export does not show {}", names.join(", ")),
            Self::Place => f.write_str("the exports have no entry above it"),
            Self::Parent => f.write_str("the exports do not have the entry that it was directly below"),
            Self::Entries { missing, planned } => write!(
                f,
                "the exports lack {missing} of the {planned} entries that the exports of the plan held and that no \
                 record deletes, so it may be missing as well; export again soon after the run"
            ),
        }
    }
}

impl Verdict {
    /// Its name in reports: stable.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

/// A record of a change set, with its undo.
#[derive(Clone)]
pub struct RecordWithUndo {
    /// The record.
    pub record: ChangeRecord,
    /// The record of the rollback that undoes it, which holds the old values; `None` for a guard.
    pub undo: Option<ChangeRecord>,
}

/// The names that the entry of a record has in the course of a change set.
struct EntryNames {
    /// Before the change set.
    first: DnKey,
    /// When the record runs.
    then: DnKey,
    /// After the change set.
    last: DnKey,
}

impl EntryNames {
    /// The entry under its latest name that exists. An entry that got the name meanwhile is another one.
    fn find<'e>(&self, entries: &HashMap<&DnKey, &'e Entry>, identities: &Identities) -> Option<&'e Entry> {
        let names = [&self.last, &self.then, &self.first];
        names.into_iter().find_map(|name| self.at(name, entries, identities))
    }

    /// The entry if it has this name.
    fn at<'e>(&self, name: &DnKey, entries: &HashMap<&DnKey, &'e Entry>, identities: &Identities) -> Option<&'e Entry> {
        let entry = entries.get(name).copied()?;
        (!identities.is_other(&self.first, entry, entries)).then_some(entry)
    }
}

fn entry_names(records: &[ChangeRecord]) -> Vec<EntryNames> {
    let mut renames = Renames::default();
    // The number of renames before each record.
    let mut done = Vec::with_capacity(records.len());
    for record in records {
        done.push(renames.len());
        if let Some(new) = record.new_name() {
            renames.push(record.dn.key().clone(), new.key().clone());
        }
    }
    let of = |(record, done): (&ChangeRecord, usize)| {
        let then = record.dn.key().clone();
        EntryNames { first: renames.before(&then, done), last: renames.after(&then, done), then }
    };
    records.iter().zip(done).map(of).collect()
}

/// The names that a pass over the exports must search for.
pub fn wanted_names(records: &[ChangeRecord]) -> KeySet {
    entry_names(records).into_iter().flat_map(|names| [names.first, names.then, names.last]).collect()
}

/// The verdict on each record of a change set.
pub fn check(set: &[RecordWithUndo], evidence: &Evidence<'_>) -> Vec<Verdict> {
    let records: Vec<ChangeRecord> = set.iter().map(|of| of.record.clone()).collect();
    let names = entry_names(&records);
    let deletes = records.iter().zip(&names).enumerate();
    let deletes = deletes.filter(|(_, (record, _))| matches!(record.change, Change::Delete));
    let checker = Checker {
        now: evidence.entries().iter().map(|entry| (entry.dn.key(), entry)).collect(),
        last_deletes: deletes.map(|(index, (_, of))| (&of.last, index)).collect(),
        evidence,
    };
    set.iter().zip(&names).enumerate().map(|(index, (of, names))| checker.verdict(index, of, names)).collect()
}

/// What the verdicts on the records of one change set need.
struct Checker<'c> {
    /// The entries of the exports by their names.
    now: HashMap<&'c DnKey, &'c Entry>,
    /// The index of the last deletion of each entry, by its name after the change set.
    last_deletes: HashMap<&'c DnKey, usize>,
    evidence: &'c Evidence<'c>,
}

impl Checker<'_> {
    fn verdict(&self, index: usize, of: &RecordWithUndo, names: &EntryNames) -> Verdict {
        let identities = self.evidence.identities();
        let entry = names.find(&self.now, identities);
        let moved = || identities.find(&names.first, self.evidence.entries());
        match &of.record.change {
            Change::Modify(modifications) => {
                let effects = Effects::of(modifications);
                match entry {
                    _ if effects.are_none() => Verdict::Guard,
                    Some(entry) => effects.verdict(entry, of.undo.as_ref(), self.evidence),
                    None => match moved() {
                        Some(entry) => match effects.verdict(entry, of.undo.as_ref(), self.evidence) {
                            Verdict::Done => Verdict::Done,
                            _ => is_now(entry),
                        },
                        None if self.is_deleted_later(index, names) => self.absent(names),
                        None => self.lost(names),
                    },
                }
            }
            Change::Delete if entry.is_none() => moved().map_or_else(|| self.absent(names), is_now),
            Change::Delete => Verdict::NotDone,
            Change::Add(attributes) => {
                let Some(entry) = self.now.get(&names.last).copied().or(entry) else { return Verdict::NotDone };
                let mut shown = attributes
                    .iter()
                    .filter(|attribute| self.evidence.shows(entry.origin.export, &attribute.description));
                let differs = shown.find(|attribute| {
                    !attribute.values.iter().all(|value| has_value(entry, &attribute.description, value))
                });
                differs.map_or(Verdict::Done, |attribute| {
                    Verdict::Changed(format!("{} has other values", attribute.description))
                })
            }
            Change::ModifyDn { .. } if of.record.new_name().is_none() => {
                Verdict::Changed("its new name is invalid".to_owned())
            }
            Change::ModifyDn { .. } => {
                let has = |name| names.at(name, &self.now, identities).is_some();
                match (has(&names.last), has(&names.then) || has(&names.first)) {
                    (true, false) => Verdict::Done,
                    (false, true) => Verdict::NotDone,
                    (false, false) if moved().is_some() => moved().map_or(Verdict::NotDone, is_now),
                    (false, false) if self.is_deleted_later(index, names) => self.absent(names),
                    (true, true) => Verdict::Changed("both the old and the new name exist".to_owned()),
                    (false, false) => Verdict::Changed("neither the old nor the new name exists".to_owned()),
                }
            }
        }
    }

    /// Whether the change set deletes the entry after this record.
    fn is_deleted_later(&self, index: usize, names: &EntryNames) -> bool {
        self.last_deletes.get(&names.last).is_some_and(|last| *last >= index)
    }

    /// The verdict where the exports do not have the entry of a record that does not delete it.
    fn lost(&self, names: &EntryNames) -> Verdict {
        match self.evidence.hides(&names.last) {
            Some(hidden) => Verdict::NotShown(hidden),
            None if self.now.contains_key(&names.last) => {
                Verdict::Changed("the entry no longer exists; another entry has its name".to_owned())
            }
            None => Verdict::Changed("the entry no longer exists".to_owned()),
        }
    }

    /// The verdict where the exports do not have the entry of a record that deletes it.
    fn absent(&self, names: &EntryNames) -> Verdict {
        self.evidence.hides(&names.last).map_or(Verdict::Done, Verdict::NotShown)
    }
}

/// The verdict on a record of an entry that others moved or renamed.
fn is_now(entry: &Entry) -> Verdict {
    Verdict::Changed(format!("the entry is now {}", String::from_utf8_lossy(entry.dn.raw_bytes())))
}

fn has_value(entry: &Entry, description: &AttributeDescription, value: &Value) -> bool {
    let name = description.attribute_type();
    let mut same = entry.attributes.iter().filter(|attribute| attribute.description == *description);
    same.any(|attribute| attribute.values.iter().any(|other| same_value(name, &other.bytes, &value.bytes)))
}

/// The indices of the records that remain to be applied: those that are not done, each with the guard before it.
pub fn remaining(verdicts: &[Verdict], records: &[ChangeRecord]) -> Vec<usize> {
    let mut remaining = Vec::new();
    for (index, _) in verdicts.iter().enumerate().filter(|(_, verdict)| **verdict == Verdict::NotDone) {
        let guard = index.checked_sub(1).filter(|before| verdicts[*before] == Verdict::Guard);
        remaining.extend(guard.filter(|before| records[*before].dn == records[index].dn));
        remaining.push(index);
    }
    remaining
}

/// The entry of each record as it is now, under whichever of its names; `None` if the exports do not have it.
pub fn current_entries<'e>(records: &[ChangeRecord], evidence: &Evidence<'e>) -> Vec<Option<&'e Entry>> {
    let now: HashMap<&DnKey, &Entry> = evidence.entries().iter().map(|entry| (entry.dn.key(), entry)).collect();
    let identities = evidence.identities();
    let find =
        |names: &EntryNames| names.find(&now, identities).or_else(|| identities.find(&names.first, evidence.entries()));
    entry_names(records).iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::survey::Survey;
    use super::*;
    use crate::ldap::Dn;
    use crate::ldif::{ChangeReader, Record, RecordReader, UrlPolicy};
    use crate::policy::Server;

    fn records(text: &str) -> Vec<ChangeRecord> {
        ChangeReader::new(text.as_bytes(), 1, UrlPolicy::Refuse).map(|change| change.unwrap().record).collect()
    }

    fn entries(text: &str) -> Vec<Entry> {
        let mut entries = Vec::new();
        for record in RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.unwrap() else { panic!("not an entry") };
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

    fn without_undo(record: ChangeRecord) -> RecordWithUndo {
        RecordWithUndo { record, undo: None }
    }

    /// The verdicts where the export shows everything.
    fn check_all_shown(set: &[RecordWithUndo], now: Vec<Entry>) -> Vec<Verdict> {
        let survey = Survey::showing_all(now);
        check(set, &Evidence::new(&survey, &[], Server::OpenLdap, Some(&[]), &Identities::default()))
    }

    /// The verdicts where the export shows everything and the values from before are unknown.
    fn verdicts(set: &[ChangeRecord], now: Vec<Entry>) -> Vec<Verdict> {
        let set: Vec<_> = set.iter().cloned().map(without_undo).collect();
        check_all_shown(&set, now)
    }

    /// Where the undo is known, replaced values are compared exactly.
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
            let set = [RecordWithUndo { record, undo: Some(undo) }];
            let found = check_all_shown(&set, entries(&format!("dn: cn=n,o=x\n{values}")));
            assert_eq!(found[0].name(), expected, "{values}: {found:?}");
        }
    }

    /// Attributes that the export cannot show are not compared; the others decide.
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
            let set: Vec<_> = records(text).into_iter().map(without_undo).collect();
            let survey = Survey::without_operational(entries(export));
            let found = check(
                &set,
                &Evidence::new(&survey, &records(text), Server::OpenLdap, Some(&[]), &Identities::default()),
            );
            assert_eq!(found[0].name(), expected, "{export}");
            assert_eq!(remaining(&found, &records(text)).len(), usize::from(expected == "not-done"));
        }
        let set = [without_undo(records(DELETE).remove(0))];
        let found =
            check(&set, &Evidence::new(&Survey::default(), &[], Server::OpenLdap, None, &Identities::default()));
        assert_eq!(found[0].name(), "not-shown");
    }

    const DISABLE: &str = "dn: uid=a,o=x\nchangetype: modify\ndelete: st\nst: active\n-\nadd: st\nst: deleted\n-\n";
    const GUARD: &str = "dn: uid=a,o=x\nchangetype: modify\ndelete: st\nst: active\n-\nadd: st\nst: active\n-\n";
    const DELETE: &str = "dn: uid=a,o=x\nchangetype: delete\n";
    const MOVE: &str = "dn: uid=a,o=x\nchangetype: modrdn\nnewrdn: uid=a\ndeleteoldrdn: 1\nnewsuperior: ou=b,o=x\n";
    const AFTER: &str = "dn: uid=a,ou=b,o=x\nchangetype: modify\nadd: st\nst: moved\n-\n";
    const CLEAR: &str = "dn: uid=a,o=x\nchangetype: modify\nreplace: st\n-\n";

    #[test]
    fn verdicts_of_records() {
        #[rustfmt::skip]
        let table: [(&[&str], &str, &str); 17] = [
            (&[DISABLE],         "dn: uid=a,o=x\nst: Deleted\n",              "done"),
            (&[DISABLE],         "dn: uid=a,o=x\nst: active\n",               "not-done"),
            (&[DISABLE],         "dn: uid=a,o=x\nst: hold\n",                 "changed"),
            (&[DISABLE],         "dn: uid=a,o=x\ncn: a\n",                    "changed"),
            (&[DISABLE],         "",                                          "changed"),
            (&[DISABLE, DELETE],  "",                                          "done done"),
            (&[GUARD, DELETE], "dn: uid=a,o=x\nst: active\n",               "guard not-done"),
            (&[GUARD, DELETE], "",                                          "guard done"),
            (&[MOVE],          "dn: uid=a,ou=b,o=x\nst: active\n",          "done"),
            (&[MOVE],          "dn: uid=a,o=x\nst: active\n",               "not-done"),
            (&[MOVE],          "",                                          "changed"),
            (&[DISABLE, MOVE],    "dn: uid=a,ou=b,o=x\nst: deleted\n",         "done done"),
            (&[DISABLE, MOVE],    "dn: uid=a,o=x\nst: deleted\n",              "done not-done"),
            (&[MOVE, AFTER],   "dn: uid=a,o=x\nst: active\n",               "not-done not-done"),
            (&[MOVE, AFTER],   "dn: uid=a,ou=b,o=x\nst: moved\n",           "done done"),
            (&[CLEAR],         "dn: uid=a,o=x\ncn: a\n",                    "done"),
            (&[CLEAR],         "dn: uid=a,o=x\nst: active\n",               "not-done"),
        ];
        for (set, export, expected) in table {
            let set = records(&set.join("\n"));
            let verdicts = verdicts(&set, entries(export));
            let found: Vec<&str> = verdicts.iter().map(Verdict::name).collect();
            assert_eq!(found.join(" "), expected, "{export}");
        }
    }

    #[test]
    fn a_guard_remains_with_its_deletion() {
        let set = records(&[DISABLE, GUARD, DELETE].join("\n"));
        let found = verdicts(&set, entries("dn: uid=a,o=x\nst: deleted\n"));
        assert_eq!(remaining(&found, &set), [1, 2]);
        assert_eq!(remaining(&verdicts(&set, Vec::new()), &set), [0; 0]);
    }
}
