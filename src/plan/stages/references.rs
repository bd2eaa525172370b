//! The stage `references`: one modify record for each entry that names deleted or moved accounts.
//!
//! What is written for which value: [`crate::plan::references`].

use std::collections::BTreeMap;

use super::{Built, Site, is_below_any};
use crate::ldap::{Dn, Origin, Value};
use crate::plan::Review;
use crate::plan::collect::{Kept, Treatment};
use crate::plan::operation::{Kind, Operation, Stage, modify};
use crate::plan::references::{Change, Fates, change};

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    let none = BTreeMap::new();
    let follows = site.policy.moving.as_ref().is_some_and(|moving| moving.server_follows);
    let fates = Fates {
        is_deleted: &|account| site.is_deleted(account),
        successors: &site.successors,
        moved: if follows { &none } else { &site.moves.moved },
    };
    let mut kept: Vec<&Kept> = site.around.kept.iter().filter(|kept| !kept.references.is_empty()).collect();
    kept.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    for kept in kept.into_iter().filter(|kept| !is_below_any(kept.entry.dn.key(), &site.deleted)) {
        reviews(built, site, kept);
        // Accounts that stood in the way are held by now.
        let Ok(change) = change(kept, site.policy, &fates) else { continue };
        if !change.modifications.is_empty() {
            entry(built, site, kept, change);
        }
    }
}

/// What a person must decide on an entry.
fn reviews(built: &mut Built, site: &Site<'_>, kept: &Kept) {
    let entry = &kept.entry;
    for reference in kept.references.iter().filter(|reference| site.is_deleted(reference.account)) {
        let attribute = &entry.attributes[reference.at.0];
        let value = &attribute.values[reference.at.1];
        // A near miss that is an entry of its own names that entry, not the account.
        let names_an_entry = |value: &Value| {
            Dn::parse(&value.bytes).is_ok_and(|dn| site.around.kept.iter().any(|kept| kept.entry.dn == dn))
        };
        let code = match (reference.near_miss, reference.treatment) {
            (true, _) if names_an_entry(value) => continue,
            (true, Treatment::Unlisted) => continue,
            (true, _) => "near-miss",
            (false, Treatment::Review) => "reference",
            (false, _) => continue,
        };
        built.reviews.push(Review {
            account: Some(reference.account),
            code,
            dn: entry.dn.spelling().to_vec(),
            attribute: attribute.description.spelling().to_owned(),
            value: value.bytes.to_vec(),
            evidence: Origin { line: value.line, ..entry.origin },
        });
    }
}

fn entry(built: &mut Built, site: &Site<'_>, kept: &Kept, change: Change) {
    let entry = &kept.entry;
    built.removed += change.removed;
    built.reassigned += change.reassigned;
    built.members.extend(change.members.iter().map(|(lost, of)| (entry.dn.spelling().to_vec(), *lost, *of)));
    let parts = [
        (change.removed, "value(s) that name deleted accounts"),
        (change.reassigned, "value(s) pass to a successor"),
        (change.renamed, "value(s) get the new name of a moved account"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let reason = parts.collect::<Vec<_>>().join("; ");
    let (record, undo) = modify(entry, &site.name_after_moves(entry), change.modifications);
    built.touch(entry);
    built.operations.push(Operation {
        stage: Stage::References,
        kind: Kind::Reference,
        record,
        inverse: Some(undo),
        accounts: change.accounts.into_iter().collect(),
        service: None,
        reason,
        evidence: entry.origin,
    });
}
