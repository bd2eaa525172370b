//! The stage `references`: one modify record for each entry that names deleted or moved accounts.
//!
//! What is written for which value: [`crate::plan::references`].

use std::collections::HashSet;

use super::{Built, Site, is_below_any};
use crate::directory::references::{Form, MatchKind, Treatment};
use crate::ldap::managed_entries::is_managed;
use crate::ldap::{DnKey, ModOp, Modification, Origin, Value};
use crate::plan::DecisionItem;
use crate::plan::collect::{Kept, Reference};
use crate::plan::dependents::GroupOwners;
use crate::plan::operation::{Kind, Operation, Stage, modify};
use crate::plan::references::{Change, Fates, change, gone, is_for_review};
use crate::plan::whole_lists;

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    let fates = Fates {
        is_deleted: &|person| site.is_deleted(person),
        successor: &|person| site.successor(person),
        moved: &site.moves.moved,
        schema: site.schema,
    };
    let owners = GroupOwners::of(site.accounts);
    let mut kept: Vec<&Kept> = site.around.kept.iter().collect();
    kept.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    let there: HashSet<&DnKey> = kept.iter().map(|kept| kept.entry.dn.key()).collect();
    for kept in kept {
        let goes_with_a_book = kept.in_book.as_ref().is_some_and(|root| built.books.contains(root));
        if goes_with_a_book || is_below_any(kept.entry.dn.key(), &site.deleted) {
            continue;
        }
        if let Some(account) = owners.private_group_of(kept, site.accounts, site.around) {
            built.decision_items.push(DecisionItem {
                account: Some(account),
                code: "private-group",
                dn: kept.entry.dn.raw_bytes().to_vec(),
                attribute: "gidNumber".to_owned(),
                value: kept.entry.values("gidNumber").next().map(|value| value.bytes.to_vec()).unwrap_or_default(),
                evidence: kept.entry.origin,
            });
        }
        // The references of an attribute stand together.
        for references in kept.references.chunk_by(|a, b| a.at.0 == b.at.0) {
            review(built, site, kept, references, &fates, &there);
        }
        // Accounts that stood in the way are held by now.
        let Ok(change) = change(kept, site.policy, &fates) else { continue };
        if !change.modifications.is_empty() {
            entry(built, site, kept, change);
        }
    }
}

/// What a person must decide on the values of one attribute.
fn review(
    built: &mut Built,
    site: &Site<'_>,
    kept: &Kept,
    references: &[Reference],
    fates: &Fates<'_>,
    there: &HashSet<&DnKey>,
) {
    let Some(at) = references.first().map(|reference| reference.at.0) else { return };
    let entry = &kept.entry;
    let attribute = &entry.attributes[at];
    let is_protected = site.policy.protect.covers(entry);
    let is_managed = is_managed(entry, site.policy.directory.server);
    let name = attribute.description.attribute_type();
    let gone = gone(kept, at, site.policy, fates);
    for reference in references {
        let value = &attribute.values[reference.at.1];
        let follows = site.policy.moving.as_ref().is_some_and(|moving| moving.follows(name, &value.bytes));
        let is_moved = site.moves.moved.contains_key(&reference.person)
            && reference.treatment != Treatment::Leave
            && (reference.how == MatchKind::Inside
                || reference.how == MatchKind::Name
                    && (reference.form == Form::AddressOrUrl || (is_protected || is_managed) && !follows));
        if !is_moved && !is_for_review(kept, reference, &gone, site.policy, fates) {
            continue;
        }
        // A near miss that is an entry of its own names that entry, not the account.
        let names_an_entry = |value: &Value| DnKey::parse(&value.bytes).is_ok_and(|key| there.contains(&key));
        let code = match reference.how {
            _ if is_protected => "in-protected-entry",
            _ if is_managed => "in-managed-entry",
            _ if is_moved => "moved-mention",
            MatchKind::NearMiss if names_an_entry(value) => continue,
            MatchKind::NearMiss => "near-miss",
            MatchKind::Inside => "mention",
            MatchKind::UidInAnotherCase => "uid-in-another-case",
            _ if reference.unclear => "reference-unclear",
            _ if reference.treatment == Treatment::Remove => "would-open",
            _ if reference.treatment == Treatment::Reassign => "no-address-to-pass-to",
            _ => "reference",
        };
        built.decision_items.push(DecisionItem {
            account: Some(site.account_of(reference.person)),
            code,
            dn: entry.dn.raw_bytes().to_vec(),
            attribute: attribute.description.as_str().to_owned(),
            value: value.bytes.to_vec(),
            evidence: Origin { line: value.line, ..entry.origin },
        });
    }
}

fn entry(built: &mut Built, site: &Site<'_>, kept: &Kept, change: Change) {
    let entry = &kept.entry;
    built.removed += change.removed;
    built.reassigned += change.reassigned;
    built.members.extend(change.members.iter().map(|(lost, of)| (entry.dn.raw_bytes().to_vec(), *lost, *of)));
    let parts = [
        (change.removed, "value(s) that name deleted accounts"),
        (change.reassigned, "value(s) pass to a successor"),
        (change.renamed, "value(s) get the new name of a moved account"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let reason = parts.collect::<Vec<_>>().join("; ");
    let mut accounts: Vec<usize> = change.persons.iter().map(|person| site.account_of(*person)).collect();
    accounts.sort_unstable();
    accounts.dedup();
    built.touch(entry);
    let modifications = whole_lists::written(entry, change.modifications, site.schema);
    let pieces = pieces(modifications, site.policy.references.max_values);
    let count = pieces.len();
    for (index, modifications) in pieces.into_iter().enumerate() {
        let (record, undo) = modify(entry, &site.name_after_moves(entry), modifications, site.schema);
        let part = if count > 1 { format!("; part {} of {count}", index + 1) } else { String::new() };
        built.operations.push(Operation {
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

/// The modifications of each record, so that none deletes more than `most` values.
///
/// All that is added is in the first: a group is never without the member that takes the place of the last ones.
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
            let behind = rest.split_off(room.min(rest.len()));
            let description = modification.description.clone();
            pieces[last].push(Modification { op: ModOp::Delete, description, values: rest });
            rest = behind;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::AttributeDescription;

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
