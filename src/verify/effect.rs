//! The effect of a modify record, compared with what an entry has now.
//!
//! Values are compared in their normal forms, so a group with thousands of members needs no comparison of all pairs.

use std::collections::{BTreeMap, HashSet};

use super::survey::Evidence;
use super::{NotShown, Verdict};
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::normalize;
use crate::ldap::{AttributeDescription, AttributeKey, Change, ChangeRecord, Entry, ModOp, Modification, Value};
use crate::render::count::counted;

/// Values in the normal form of their attribute.
type NormalValues = HashSet<Vec<u8>>;

/// The effect of modifications on each attribute.
pub struct Effects(BTreeMap<AttributeKey, Effect>);

/// The effect of modifications on one attribute.
struct Effect {
    description: AttributeDescription,
    /// Values that are absent afterwards.
    removed: NormalValues,
    /// Whether all values other than `added` are absent afterwards.
    all_removed: bool,
    /// Values that are present afterwards.
    added: NormalValues,
}

impl Effects {
    /// The effect of these modifications, in order.
    pub fn of(modifications: &[Modification]) -> Self {
        let mut effects: BTreeMap<AttributeKey, Effect> = BTreeMap::new();
        for modification in modifications {
            let effect = effects
                .entry(modification.description.key())
                .or_insert_with(|| Effect::none(&modification.description));
            effect.add(modification);
        }
        Self(effects)
    }

    /// Whether the modifications change nothing, as those of a guard.
    pub fn are_none(&self) -> bool {
        self.0.values().all(Effect::is_none)
    }

    /// Compares the effect with an entry. `undo` is the record of the rollback that undoes the modifications.
    pub fn verdict(&self, entry: &Entry, undo: Option<&ChangeRecord>, evidence: &Evidence<'_>) -> Verdict {
        let undo = match undo.map(|undo| &undo.change) {
            Some(Change::Modify(modifications)) => Some(modifications.as_slice()),
            _ => None,
        };
        let (mut done, mut undone) = (true, true);
        let mut mismatch = None;
        let mut hidden = Vec::new();
        let mut sees_any = false;
        for effect in self.0.values() {
            if !evidence.shows(entry.origin.export, &effect.description) {
                hidden.push(effect.description.to_string());
                continue;
            }
            sees_any = true;
            let now = effect.values_of(entry);
            let before = undo.filter(|_| effect.all_removed).map(|undo| effect.values_before(undo));
            let is_done = effect.is_done(&now);
            let is_undone = effect.is_undone(&now, before.as_ref());
            if !is_done && !is_undone || is_done && !done || is_undone && !undone {
                mismatch.get_or_insert_with(|| effect.difference(before.as_ref(), &now));
            }
            done &= is_done;
            undone &= is_undone;
        }
        match (done, undone) {
            (true, _) if !hidden.is_empty() => Verdict::NotShown(NotShown::Attributes(hidden)),
            (true, _) => Verdict::Done,
            (false, true) if sees_any => Verdict::NotDone,
            (false, _) => Verdict::Changed(mismatch.unwrap_or_else(|| "only a part of it is done".to_owned())),
        }
    }
}

impl Effect {
    fn none(description: &AttributeDescription) -> Self {
        Self {
            description: description.clone(),
            removed: NormalValues::new(),
            all_removed: false,
            added: NormalValues::new(),
        }
    }

    fn is_none(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && !self.all_removed
    }

    fn normal(&self, values: &[Value]) -> Vec<Vec<u8>> {
        let rule = equality_rule(self.description.attribute_type());
        values.iter().map(|value| normalize(rule, &value.bytes).into_owned()).collect()
    }

    /// Adds the effect of a further modification.
    fn add(&mut self, modification: &Modification) {
        let values = self.normal(&modification.values);
        match modification.op {
            ModOp::Delete if values.is_empty() => self.all_removed = true,
            ModOp::Delete => {
                for value in values {
                    self.added.remove(&value);
                    self.removed.insert(value);
                }
            }
            ModOp::Replace => {
                self.all_removed = true;
                self.added = values.into_iter().collect();
            }
            ModOp::Add | ModOp::Increment => {
                for value in values {
                    // A value that is deleted and added again does not change.
                    if !self.removed.remove(&value) {
                        self.added.insert(value);
                    }
                }
            }
        }
    }

    /// The values that the attribute of an entry has now.
    fn values_of(&self, entry: &Entry) -> NormalValues {
        let same = entry.attributes.iter().filter(|attribute| attribute.description == self.description);
        same.flat_map(|attribute| self.normal(&attribute.values)).collect()
    }

    /// The values from before modifications that replaced or deleted all values, by the modifications that undo them.
    fn values_before(&self, undo: &[Modification]) -> NormalValues {
        // The undo applies to the values that the record leaves.
        let mut values = self.added.clone();
        for change in undo.iter().filter(|change| change.description.key() == self.description.key()) {
            let changed = self.normal(&change.values);
            match change.op {
                ModOp::Replace => values = changed.into_iter().collect(),
                ModOp::Delete if changed.is_empty() => values.clear(),
                ModOp::Delete => {
                    for value in &changed {
                        values.remove(value);
                    }
                }
                ModOp::Add | ModOp::Increment => values.extend(changed),
            }
        }
        values
    }

    fn is_done(&self, now: &NormalValues) -> bool {
        self.added.iter().all(|value| now.contains(value))
            && !self.removed.iter().any(|value| now.contains(value))
            && (!self.all_removed || now.is_subset(&self.added))
    }

    fn is_undone(&self, now: &NormalValues, before: Option<&NormalValues>) -> bool {
        match before {
            Some(before) => now == before,
            None => {
                self.removed.iter().all(|value| now.contains(value))
                    && !self.added.iter().any(|value| now.contains(value))
                    && (!self.all_removed || !now.is_subset(&self.added))
            }
        }
    }

    /// How the values differ from those before and those planned. They are counted, not shown: they may be secrets.
    fn difference(&self, before: Option<&NormalValues>, now: &NormalValues) -> String {
        let old = before.unwrap_or(&self.removed);
        let planned = self.added.intersection(now).count();
        let planned = format!("{planned} of {}", counted(self.added.len(), "planned value"));
        let kept = format!("{} of {}", old.intersection(now).count(), counted(old.len(), "old value"));
        let is_old = |value: &Vec<u8>| before.is_some_and(|before| before.contains(value));
        let other = now.iter().filter(|value| !self.added.contains(*value) && !is_old(value)).count();
        let other = if self.all_removed { format!(", {}", counted(other, "other value")) } else { String::new() };
        format!("{} is neither as before nor as planned: it has {planned}, {kept}{other}", self.description)
    }
}
