//! Step 4: what the exports lack, and what may not be planned without it.
//!
//! | code | what is lacking | checked | a plan without it is |
//! | --- | --- | --- | --- |
//! | `empty` | every entry of an export | always | refused, or accepted |
//! | `age` | recent changes: the export is older than `[directory] max_age_days`, or of unknown age | always | refused, or accepted |
//! | `suffix` | an entry of `[directory] suffixes` | always | refused, or accepted |
//! | `protected-group` | a group of `[protect]` | always | refused |
//! | `protected-members` | members of a group of `[protect]`: a value that cannot be followed, see [`protect`](super::protect) | always | refused |
//! | `cut` | the rest of a search that ended early (`result: 4 Size limit exceeded`), or of a file whose last line has no line end | always | refused, or accepted |
//! | `partial-lists` | values (`member;range=0-1499` of Active Directory) | always | refused, or accepted |
//! | `no-values` | values (`ldapsearch -A`, `1.1`) | always | refused, or accepted |
//! | `holes` | a parent entry of another entry | always | refused, or accepted |
//! | `parents` | the entries above the topmost ones ([`tops`]) | always | made, with a finding |
//! | `repeated` | nothing, but an entry appears more than once | always | refused, or accepted |
//! | `operational` | an operational attribute that the policy needs ([`operational`](super::operational)) | always | refused; refused, or accepted; made, with a finding |
//! | `absent-group` | a group that `memberOf` of a deleted account names | for deletions | refused, or accepted |
//! | `address-books` | the suffix of the address books, which a deleted account points into | for deletions | refused, or accepted |
//! | `children` | entries below one that is deleted: `numSubordinates` counts more, or `hasSubordinates` is true | for deletions | refused, or accepted |
//!
//! A run accepts a lack by its code (`--accept-incomplete`); then report and runbook say so.

use std::collections::{HashMap, HashSet};

pub use super::incomplete::{Gaps, Incomplete, Severity};

use super::decide::Decided;
use super::error::PlanError;
use super::gather::{Gathered, Query};
use super::locate::{FirstReading, Located, locate};
use super::model::{Account, Dependent, SubjectId};
use super::preconditions::refuse_unknown_forms;
use super::request::{PlanContext, Request};
use super::retained::RetainedPasses;
use super::search::Surroundings;
use crate::directory::census::{Finding, Place};
use crate::directory::references::reference_attributes::BOOK_POINTER_ATTRIBUTES;
use crate::directory::snapshot::{Directory, Snapshot};
use crate::directory::{Census, Exports, ExportsReader, Structure, tops};
use crate::ldap::url::LdapUrl;
use crate::ldap::{DnKey, Entry, Value};
use crate::policy::{Policy, ServerSchema};

/// Makes a lack of its places.
type FromPlaces = fn(Finding) -> Incomplete;

/// What exports lack for any plan by a policy.
pub struct Lacking {
    /// Everything that is lacking, including what a request accepts.
    pub lacking: Vec<Incomplete>,
    /// The names of all entries.
    pub structure: Structure,
    /// The policy, with its filters bound to the schema.
    pub policy: Policy,
    /// The schema of the directory.
    pub schema: ServerSchema,
    /// What the exports hold.
    pub census: Census,
}

/// Finds what exports lack for any plan by a policy, with the first reading of a plan.
pub fn lacking<E: Exports>(
    reader: ExportsReader<'_, E>,
    policy: &Policy,
    request: &Request,
) -> Result<Lacking, PlanError<E::Error>> {
    let located = locate(&Snapshot::new(reader), policy, request)?;
    refuse_unknown_forms(&located)?;
    let lacking = of_exports(&FirstReading::new(&located, request), request);
    let Located { policy, schema, census, entries, .. } = located;
    Ok(Lacking { lacking, policy, schema, structure: entries.structure, census })
}

/// Refuses a plan of exports that lack something that the request does not accept.
pub fn check_exports<E>(first: &FirstReading<'_>, request: &Request) -> Result<Gaps, PlanError<E>> {
    Gaps::default().add(of_exports(first, request), &request.accepted).map_err(PlanError::Incomplete)
}

/// Refuses a plan with deletions for which the exports lack something that the request does not accept. An after-state is not
/// checked: it was, as it was exported.
pub fn check_deletions<D: Directory<RetainedPasses>>(
    directory: &D,
    decided: Decided,
    surroundings: &Surroundings,
    context: PlanContext<'_>,
) -> Result<Decided, PlanError<D::Error>> {
    if !directory.is_as_exported() {
        return Ok(decided);
    }
    let lacking = of_deletions(&decided.accounts, surroundings, context.policy);
    let gaps = decided.gaps.add(lacking, &context.request.accepted).map_err(PlanError::Incomplete)?;
    Ok(Decided { gaps, ..decided })
}

/// What the exports lack for any plan.
fn of_exports(first: &FirstReading<'_>, request: &Request) -> Vec<Incomplete> {
    let Located { policy, census, entries, .. } = first.located;
    let suffixes = policy.directory.suffixes.iter();
    let missing = suffixes.filter(|suffix| !entries.policy_entries.iter().any(|entry| entry.dn == **suffix));
    let old = too_old(policy, request);
    let limit = policy.directory.max_age_days.unwrap_or_default();
    let mut lacking: Vec<Incomplete> = Vec::new();
    lacking.extend((old.count > 0).then_some(Incomplete::Age { limit, old }));
    lacking.extend(missing.cloned().map(Incomplete::Suffix));
    lacking.extend(of_content(census, &entries.structure, request.written.len()));
    let repeated = &entries.repeated.finding;
    lacking.extend((repeated.count > 0).then(|| Incomplete::Repeated(repeated.clone())));
    let parents = tops::as_finding(&entries.missing_parents);
    lacking.extend((parents.count > 0).then_some(Incomplete::Parents(parents)));
    lacking.extend(first.needs.of_exports(request).map(Incomplete::Operational));
    lacking
}

/// What exports lack for any purpose, apart from [repeated](crate::directory::repeated) entries. `files` is how many were given, `structure` that of all of them together.
pub fn of_content(census: &Census, structure: &Structure, files: usize) -> Vec<Incomplete> {
    let mut empty = Finding::default();
    for (export, _) in (0..).zip(0..files).filter(|(export, _)| !census.with_entries.contains(export)) {
        empty.add(Place { export, line: 1, text: b"no entry".to_vec() });
    }
    let mut cut = census.cut.clone();
    cut.merge(census.unended.clone());
    let findings: [(FromPlaces, &Finding); 5] = [
        (Incomplete::Empty, &empty),
        (Incomplete::Cut, &cut),
        (Incomplete::PartialLists, &census.partial_lists),
        (Incomplete::NoValues, &census.without_values),
        (Incomplete::Holes, &structure.holes()),
    ];
    let found = findings.into_iter().filter(|(_, found)| found.count > 0);
    found.map(|(lack, found)| lack(found.clone())).collect()
}

/// Exports that are older than the policy allows.
fn too_old(policy: &Policy, request: &Request) -> Finding {
    let mut old = Finding::default();
    let Some(limit) = policy.directory.max_age_days else { return old };
    for (export, written) in (0..).zip(&request.written) {
        let place = |text: &str| Place { export, line: 1, text: text.as_bytes().to_vec() };
        match written {
            None => old.add(place("the date of the export is unknown")),
            // For a day in the past, an export may be newer: it holds all that happened until then.
            Some(day) if (request.as_of - *day).get_days() > i32::try_from(limit).unwrap_or(i32::MAX) => {
                old.add(place(&format!("written on {day}")));
            }
            Some(_) => {}
        }
    }
    old
}

/// The entries that a plan must see to delete accounts: the groups that they are in by `memberOf`, and the suffix of the
/// address books.
pub fn query(accounts: &[Account], policy: &Policy) -> Query {
    let mut query = Query::default();
    for account in accounts.iter().filter(|account| account.is_deleted()) {
        query.entries.extend(groups(&account.entry).map(|(_, key)| key));
        query.entries.extend(policy.address_books.suffix.iter().map(|suffix| suffix.key().clone()));
    }
    query
}

/// The groups that an entry names by `memberOf`: the value, and the key of the name.
fn groups(entry: &Entry) -> impl Iterator<Item = (&Value, DnKey)> {
    let values = ["memberOf", "isMemberOf"].into_iter().flat_map(|name| entry.values(name));
    values.filter_map(|value| Some((value, DnKey::parse(&value.bytes).ok()?)))
}

/// What the exports lack for the deletions of a plan.
fn of_deletions(accounts: &[Account], surroundings: &Surroundings, policy: &Policy) -> Vec<Incomplete> {
    let Surroundings { gathered, dependents, .. } = surroundings;
    let known: HashSet<&DnKey> = gathered.related.iter().map(|related| related.entry.dn.key()).collect();
    let deleted = || accounts.iter().filter(|account| account.is_deleted());
    let place = |entry: &Entry, line: u64, text: &[u8]| Place {
        export: entry.origin.export,
        line: if line == 0 { entry.origin.line } else { line },
        text: text.to_vec(),
    };
    let mut absent = Finding::default();
    for account in deleted() {
        for (value, _) in groups(&account.entry).filter(|(_, group)| !known.contains(group)) {
            absent.add(place(&account.entry, value.line, &value.bytes));
        }
    }
    let mut books = Finding::default();
    if let Some(suffix) = policy.address_books.suffix.as_ref().filter(|suffix| !known.contains(suffix.key())) {
        for account in deleted() {
            let pointers = BOOK_POINTER_ATTRIBUTES.into_iter().flat_map(|name| account.entry.values(name));
            for value in pointers {
                if LdapUrl::of_value(&value.bytes).is_some_and(|url| url.dn.key().is_at_or_under(suffix.key())) {
                    books.add(place(&account.entry, value.line, &value.bytes));
                }
            }
        }
    }
    let children = children(accounts, dependents, gathered, &place);
    let findings: [(FromPlaces, Finding); 3] =
        [(Incomplete::AbsentGroup, absent), (Incomplete::AddressBooks, books), (Incomplete::Children, children)];
    findings.into_iter().filter(|(_, found)| found.count > 0).map(|(lack, found)| lack(found)).collect()
}

/// Entries at and below deleted ones that count more children than the exports hold.
fn children(
    accounts: &[Account],
    dependents: &[Dependent],
    gathered: &Gathered,
    place: &dyn Fn(&Entry, u64, &[u8]) -> Place,
) -> Finding {
    let is_below_deleted = |subject| {
        let account = match subject {
            SubjectId::Account(index) => Some(index),
            SubjectId::Dependent(index) => dependents.get(index).map(|dependent| dependent.account),
        };
        account.and_then(|account| accounts.get(account)).is_some_and(Account::is_deleted)
    };
    let deleted = gathered.related.iter();
    let deleted = deleted.filter(|related| related.in_book.is_some() || related.below.is_some_and(is_below_deleted));
    let deleted: Vec<&Entry> = deleted.map(|related| &*related.entry).collect();
    let mut counts: HashMap<DnKey, u64> = HashMap::new();
    for entry in &deleted {
        *counts.entry(entry.dn.key().parent().unwrap_or_default()).or_default() += 1;
    }
    let mut lacking = Finding::default();
    for entry in deleted {
        let known = counts.get(entry.dn.key()).copied().unwrap_or(0);
        let number = |value: &Value| std::str::from_utf8(&value.bytes).ok()?.trim().parse::<u64>().ok();
        for value in
            entry.values("numSubordinates").filter(|value| number(value).is_some_and(|counted| counted != known))
        {
            lacking.add(place(entry, value.line, &value.bytes));
        }
        let says = |value: &&Value| value.bytes.eq_ignore_ascii_case(b"TRUE");
        if known == 0 {
            entry.values("hasSubordinates").filter(says).for_each(|value| {
                lacking.add(place(entry, value.line, b"hasSubordinates: TRUE"));
            });
        }
    }
    lacking
}
