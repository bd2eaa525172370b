//! Step 3: the entries that the topics of a plan need, by one query.

use super::address_books::{self, BookCandidates};
use super::decide::Decided;
use super::dependents::{GatheredDependents, gather_until_stable};
use super::error::PlanError;
use super::gather::{GatherPass, Gathered, Query};
use super::locate::FirstReading;
use super::model::{Account, Dependent, SubjectId, deleted_entries};
use super::request::PlanContext;
use super::retained::RetainedPasses;
use super::successor::SuccessorSearch;
use super::{access, commands, completeness, dependents, moves};
use crate::directory::Census;
use crate::directory::snapshot::{Directory, Reading};
use crate::ldap::DnKey;
use crate::ldap::dn::escape_rdn_value;
use crate::ldap::dn_key::prefixes;

/// What was found around the accounts.
#[derive(Default)]
pub struct Surroundings {
    /// The related entries.
    pub gathered: Gathered,
    /// The dependents, deleted or not.
    pub dependents: Vec<Dependent>,
    /// Where the address book of each account may be.
    pub books: Vec<Option<BookCandidates>>,
    /// What was looked for, and what the exports hold; `None` if there was nothing to look for.
    pub search: Option<FinishedSearch>,
}

/// A search that was made.
pub struct FinishedSearch {
    /// What was looked for.
    pub query: Query,
    /// What the exports hold.
    pub census: Census,
}

/// Reads the entries that the topics of a plan need.
pub fn gather<D: Directory<RetainedPasses>>(
    directory: &D,
    context: PlanContext<'_>,
    first: &FirstReading<'_>,
    decided: &Decided,
) -> Result<Surroundings, PlanError<D::Error>> {
    let policy = context.policy;
    let FirstReading { located, matches, needs } = first;
    let accounts = &decided.accounts;
    let ownership = &located.entries.ownership;
    let orphans = if decided.finds_orphans { ownership.orphans(policy, deleted_entries(accounts)) } else { Vec::new() };
    if accounts.is_empty() && orphans.is_empty() {
        return Ok(Surroundings::default());
    }
    let books = address_books::candidates(accounts, policy);
    let successors = SuccessorSearch { accounts, matches, leaving: &decided.leaving, policy, needs };
    let mut query = Query::default();
    for part in [
        subjects(accounts),
        moves::query(accounts, policy),
        completeness::query(accounts, policy),
        access::query(accounts, &located.groups),
        dependents::query(accounts),
        address_books::query(&books, &orphans),
        commands::query(accounts, policy),
        successors.query(),
    ] {
        query.merge(part);
    }
    let mut pass = GatherPass::new(policy, context.schema.described(), &located.entries.structure, query);
    let GatheredDependents { reading, dependents } = gather_until_stable(directory, &mut pass, accounts, context)?;
    let Reading { found: gathered, census } = reading;
    Ok(Surroundings { gathered, dependents, books, search: Some(FinishedSearch { query: pass.query, census }) })
}

/// What names deleted accounts, and the entries above all accounts.
fn subjects(accounts: &[Account]) -> Query {
    let mut query = Query::default();
    for (index, account) in accounts.iter().enumerate() {
        let dn = &account.entry.dn;
        query.entries.extend(prefixes(dn.key().as_bytes()).map(|(above, _)| DnKey::from_key_bytes(above)));
        if !account.is_deleted() {
            continue;
        }
        let subject = SubjectId::Account(index);
        query.subjects.add(subject, &account.entry);
        // Some provisioning tools write an owner with the cn of the account in place of its RDN (819-6839).
        let Some(parent) = dn.parent_spelling() else { continue };
        for cn in account.entry.values("cn") {
            let name = [b"cn=", &*escape_rdn_value(&cn.bytes), b",", parent].concat();
            match DnKey::parse(&name) {
                Ok(key) if key != *dn.key() => query.subjects.add_near_miss(subject, key),
                _ => {}
            }
        }
    }
    query
}
