//! The stage `references`: one modify for each entry that names deleted or moved accounts.
//!
//! What is written for which value: [`references`](crate::plan::references).

use std::collections::HashSet;

use super::output::{GroupLoss, StageOutput};
use crate::directory::references::reference_attributes::ALIASED_OBJECT;
use crate::directory::references::{MatchKind, Treatment};
use crate::ldap::managed_entries::is_managed;
use crate::ldap::{DnKey, ModOp, Modification, Origin};
use crate::plan::dependents::PrivateGroups;
use crate::plan::gather::{Gathered, Reference, RelatedEntry};
use crate::plan::item_code::ItemCode;
use crate::plan::model::{DecisionItem, Fate};
use crate::plan::operation::{Kind, Operation, Stage, modify};
use crate::plan::references::{EntryChange, change, is_for_review, may_mean_one_that_stays, values_to_clear};
use crate::plan::request::PlanContext;
use crate::plan::settle::Settled;
use crate::plan::whole_lists;
use crate::policy::Kept;

/// Writes the stage.
pub fn build(settled: &Settled, gathered: &Gathered, context: PlanContext<'_>) -> StageOutput {
    let mut output = StageOutput::default();
    let private_groups = PrivateGroups::of(&settled.accounts);
    let mut related: Vec<&RelatedEntry> = gathered.related.iter().collect();
    related.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    let reviewer = Reviewer { settled, context, exist: related.iter().map(|related| related.entry.dn.key()).collect() };
    for related in related {
        let is_in_deleted_book = related.in_book.as_ref().is_some_and(|root| settled.books.roots.contains(root));
        if is_in_deleted_book || settled.deletes(related.entry.dn.key()) {
            continue;
        }
        if let Some(account) = private_groups.owner_of(related, &settled.accounts, gathered) {
            let entry = &related.entry;
            let number = entry.values("gidNumber").next().map_or(&[][..], |value| &*value.bytes);
            let item = DecisionItem::of_account(account, entry, ItemCode::PrivateGroup, "gidNumber", number);
            output.decision_items.push(item);
        }
        for references in related.references.chunk_by(|a, b| a.position.attribute == b.position.attribute) {
            reviewer.review(related, references, &mut output.decision_items);
        }
        // Accounts that block a change are held by now.
        let Ok(change) = change(related, &settled.fates, context) else { continue };
        if !change.modifications.is_empty() {
            write(&mut output, settled, related, change, context);
        }
    }
    output
}

/// Finds what a person must decide about references.
struct Reviewer<'r> {
    settled: &'r Settled,
    context: PlanContext<'r>,
    /// The names of all related entries.
    exist: HashSet<&'r DnKey>,
}

impl Reviewer<'_> {
    /// Adds the decision items of the references of one attribute.
    fn review(&self, related: &RelatedEntry, references: &[Reference], items: &mut Vec<DecisionItem>) {
        let Some(first) = references.first() else { return };
        let cleared = values_to_clear(related, first.position.attribute, &self.settled.fates, self.context);
        for reference in references {
            let is_moved = self.is_moved_for_review(related, reference);
            let fates = &self.settled.fates;
            if !is_moved && !is_for_review(related, reference, &cleared, fates, self.context) {
                continue;
            }
            let is_shared = may_mean_one_that_stays(references, reference, fates);
            let Some(code) = self.code(related, reference, is_moved, is_shared) else { continue };
            let (attribute, value) = (related.attribute(reference), related.value(reference));
            let (account, name) = (fates.account_of(reference.subject), attribute.description.as_str());
            let item = DecisionItem::of_account(account, &related.entry, code, name, &value.bytes);
            items.push(DecisionItem { evidence: Origin { line: value.line, ..related.entry.origin }, ..item });
        }
    }

    /// Whether a value names a moved account, and neither the plan nor the server changes it.
    fn is_moved_for_review(&self, related: &RelatedEntry, reference: &Reference) -> bool {
        let policy = self.context.policy;
        if !matches!(self.settled.fates.of(reference.subject), Fate::Moves(_))
            || reference.treatment == Treatment::Leave
        {
            return false;
        }
        match reference.kind {
            MatchKind::Inside => true,
            MatchKind::Name if !reference.form.can_be_renamed() => true,
            MatchKind::Name => {
                let name = related.attribute(reference).description.attribute_type();
                let value = &related.value(reference).bytes;
                let follows = policy.moving.as_ref().is_some_and(|moving| moving.follows(name, value));
                (self.kept(related).is_some() || self.is_managed(related)) && !follows
            }
            MatchKind::Uid
            | MatchKind::UidInAnotherCase
            | MatchKind::Number
            | MatchKind::Address
            | MatchKind::OtherForm
            | MatchKind::NearMiss => false,
        }
    }

    /// Why the entry is not changed.
    fn kept(&self, related: &RelatedEntry) -> Option<ItemCode> {
        self.context.policy.kept(&related.entry).map(|kept| match kept {
            Kept::Protected(_) => ItemCode::InProtectedEntry,
            Kept::Vetoed(_) => ItemCode::InVetoedEntry,
            Kept::Disconnected => ItemCode::InDisconnectedAccount,
            Kept::MadeByHand => ItemCode::InAccountMadeByHand,
        })
    }

    fn is_managed(&self, related: &RelatedEntry) -> bool {
        is_managed(&related.entry, self.context.policy.directory.server)
    }

    /// The code of a decision item; `None` for a near miss that names an entry of its own. `is_shared` says that the value may
    /// mean another leaver, who stays.
    fn code(&self, related: &RelatedEntry, reference: &Reference, is_moved: bool, is_shared: bool) -> Option<ItemCode> {
        let names_an_entry =
            || DnKey::parse(&related.value(reference).bytes).is_ok_and(|key| self.exist.contains(&key));
        if let Some(code) = self.kept(related) {
            return Some(code);
        }
        Some(match reference.kind {
            _ if self.is_managed(related) => ItemCode::InManagedEntry,
            _ if is_moved => ItemCode::MovedMention,
            MatchKind::NearMiss if names_an_entry() => return None,
            MatchKind::NearMiss => ItemCode::NearMiss,
            MatchKind::Inside | MatchKind::OtherForm => ItemCode::Mention,
            MatchKind::UidInAnotherCase => ItemCode::UidInAnotherCase,
            MatchKind::Name if related.attribute(reference).description.is_type(ALIASED_OBJECT) => ItemCode::AliasStays,
            MatchKind::Name | MatchKind::Uid | MatchKind::Number | MatchKind::Address => match reference.treatment {
                _ if reference.is_ambiguous || is_shared => ItemCode::ReferenceUnclear,
                Treatment::Remove => ItemCode::WouldOpen,
                Treatment::Reassign => ItemCode::NoAddressToPassTo,
                Treatment::Review | Treatment::Leave => ItemCode::Reference,
            },
        })
    }
}

/// Writes the records that change an entry.
fn write(
    output: &mut StageOutput,
    settled: &Settled,
    related: &RelatedEntry,
    change: EntryChange,
    context: PlanContext<'_>,
) {
    let entry = &related.entry;
    let reason = reason(&change);
    output.removed += change.removed;
    output.reassigned += change.reassigned;
    output.renamed += change.renamed;
    let group = || entry.dn.raw_bytes().to_vec();
    output.members.extend(change.members.iter().map(|loss| GroupLoss { group: group(), loss: *loss }));
    let mut accounts: Vec<usize> = change.subjects.iter().map(|subject| settled.fates.account_of(*subject)).collect();
    accounts.sort_unstable();
    accounts.dedup();
    output.touch(entry);
    let modifications = whole_lists::written(entry, change.modifications, context.schema);
    let pieces = pieces(modifications, context.policy.references.max_values);
    let count = pieces.len();
    for (index, modifications) in pieces.into_iter().enumerate() {
        let name = settled.moves.name_after(&entry.dn);
        let (record, undo) = modify(entry, &name, modifications, context.schema);
        let part = if count > 1 { format!("; part {} of {count}", index + 1) } else { String::new() };
        output.operations.push(Operation {
            stage: Stage::References,
            kind: Kind::Reference,
            record,
            inverse: Some(undo),
            accounts: accounts.clone(),
            service: None,
            reason: format!("{reason}{part}"),
            evidence: entry.origin,
        });
    }
}

/// Why an entry is changed, in numbers.
fn reason(change: &EntryChange) -> String {
    let part = |count: u64, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 value {one}")),
        _ => Some(format!("{count} values {more}")),
    };
    let parts = [
        part(change.removed, "that names a deleted account", "that name deleted accounts"),
        part(change.reassigned, "passes to a successor", "pass to a successor"),
        part(change.renamed, "gets the new name of a moved account", "get the new names of moved accounts"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Splits the modifications of an entry into records of which none deletes more than `most` values.
///
/// Additions are in the first record: a group is never without the member that replaces the last ones.
fn pieces(modifications: Vec<Modification>, most: usize) -> Vec<Vec<Modification>> {
    let deleted = |modifications: &[Modification]| -> usize {
        modifications.iter().filter(|one| one.op == ModOp::Delete).map(|one| one.values.len()).sum()
    };
    let mut pieces: Vec<Vec<Modification>> = vec![Vec::new()];
    for modification in modifications {
        if modification.op != ModOp::Delete {
            pieces[0].push(modification);
            continue;
        }
        let mut rest = modification.values;
        while !rest.is_empty() {
            let last = pieces.len() - 1;
            let room = most - deleted(&pieces[last]).min(most);
            if room == 0 {
                pieces.push(Vec::new());
                continue;
            }
            let later = rest.split_off(room.min(rest.len()));
            let description = modification.description.clone();
            pieces[last].push(Modification { op: ModOp::Delete, description, values: rest });
            rest = later;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Value};

    fn modification(op: ModOp, name: &str, count: usize) -> Modification {
        let values = (0..count).map(|number| Value::new(format!("{name}{number}").as_bytes())).collect();
        Modification { op, description: AttributeDescription::parse(name.as_bytes()).unwrap(), values }
    }

    /// `-member 2 +owner 1`, a string for each record.
    fn shown(pieces: &[Vec<Modification>]) -> Vec<String> {
        let one = |modification: &Modification| {
            let sign = if modification.op == ModOp::Delete { '-' } else { '+' };
            format!("{sign}{} {}", modification.description, modification.values.len())
        };
        pieces.iter().map(|piece| piece.iter().map(one).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn large_groups_are_changed_in_pieces() {
        let delete = |name, count| modification(ModOp::Delete, name, count);
        let add = |name, count| modification(ModOp::Add, name, count);
        for (modifications, most, expected) in [
            (vec![delete("member", 3)], 3, vec!["-member 3"]),
            (vec![delete("member", 4)], 3, vec!["-member 3", "-member 1"]),
            (vec![delete("member", 7), add("member", 1)], 3, vec!["-member 3 +member 1", "-member 3", "-member 1"]),
            (vec![delete("owner", 2), delete("member", 2)], 3, vec!["-owner 2 -member 1", "-member 1"]),
            (vec![delete("owner", 1), add("owner", 1)], 1, vec!["-owner 1 +owner 1"]),
        ] {
            assert_eq!(shown(&pieces(modifications, most)), expected);
        }
    }
}
