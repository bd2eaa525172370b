//! The findings of `offboard audit`: problems in a directory, independent of leavers.
//!
//! | code | finding |
//! | --- | --- |
//! | `dangling` | a value of a reference attribute names no entry, although the exports have an entry above that name |
//! | `near-miss` | the same, but an account in the same place has that `cn` |
//! | `bad-reference` | a value of a reference attribute is not a DN |
//! | `orphaned-book` | the owner of an address book does not exist; see [`crate::plan::address_books::ownership`] |
//! | `deletable` | an account is disabled and released, and its grace is over |
//! | `stuck` | an account is disabled, and the date since when is unknown |
//! | codes of [`crate::lifecycle::lint`] | status values contradict each other or have no effect |
//! | `unknown-members` | a value that says who the members of a group are cannot be followed: a URL or filter that cannot be evaluated |
//! | `empty-group` | a group has no members of any kind ([`membership`](crate::directory::membership)), or placeholders only |
//! | `same-uid`, `same-mail` | several accounts have the same user name or mail address |
//! | `no-rule` | no `[[rule]]` covers an account |
//! | `made-by-hand` | `[accounts] provenance` does not take an account for a provisioned one |
//! | `not-in-roster` | a roster does not list an account in its scope |
//! | `no-key-for-roster` | an account in the scope of a roster lacks the attribute that the roster matches on |
//! | `roster-without-account` | an active row of a roster matches no account |
//! | `bad-name` | the DN of an entry is invalid, so the entry was not checked |
//! | codes of [`crate::plan::completeness`] | the exports are incomplete; see [`completeness`] |
//!
//! The exports are read three times. The first reading is that of a plan: it takes the names of all entries, the schema, and what
//! the exports lack. The second ([`index`]) takes hashes of user names and addresses, 8 bytes each. The third
//! ([`entry_findings`]) checks every entry. Only the findings are kept.

mod completeness;
mod empty_groups;
mod entry_findings;
mod finding;
mod index;

use std::collections::{HashMap, HashSet};

use crate::directory::identity::former_names::FormerNames;
use crate::directory::{Census, Exports, ExportsReader};
use crate::ldap::Origin;
use crate::ldap::schema::Schema;
use crate::leavers::roster::RosterStatus;
use crate::lifecycle::History;
use crate::plan::locate::rosters::Rosters;
use crate::plan::{Lacking, NamedRoster, PlanError, Request, lacking};
use crate::policy::Policy;
use entry_findings::{EntryFindings, EntryFindingsPass};
pub use finding::{AuditFinding, FindingCode};
use index::{DirectoryIndex, IndexPass};
use jiff::civil::Date;

/// What an audit needs in addition to the exports.
pub struct AuditInputs<'g> {
    /// The policy.
    pub policy: &'g Policy,
    /// The day for which the audit is made.
    pub as_of: Date,
    /// The schema that was given. It may add reference attributes to the built-in ones.
    pub schema: &'g Schema,
    /// The rosters that were given.
    pub rosters: &'g [NamedRoster],
    /// What earlier change sets did.
    pub history: &'g History,
    /// The day on which each export was written; `None` where it is unknown.
    pub written: &'g [Option<Date>],
}

/// Checks the exports. Returns the findings in the order of their places, and what the exports hold.
pub fn audit<E: Exports>(
    reader: ExportsReader<'_, E>,
    inputs: &AuditInputs<'_>,
) -> Result<(Vec<AuditFinding>, Census), PlanError<E::Error>> {
    let request = Request {
        as_of: inputs.as_of,
        written: inputs.written.to_vec(),
        schema: inputs.schema.clone(),
        ..Request::default()
    };
    let Lacking { lacking, policy, schema, structure, census } = lacking(reader, inputs.policy, &request)?;
    let inputs = &AuditInputs { policy: &policy, ..*inputs };
    let mut index = DirectoryIndex::of(structure);
    reader.scan(&IndexPass { policy: inputs.policy }, |part| index.merge(part))?;
    index.finish();
    let pairs = inputs.rosters.iter();
    let pairs = pairs.filter_map(|named| Some((inputs.policy.rosters.get(&named.name)?, &named.roster)));
    let pass = EntryFindingsPass::new(inputs, &index, Rosters::new(pairs, FormerNames::default()), schema.described());
    let mut found = EntryFindings::default();
    reader.scan(&pass, |part| found.merge(part))?;
    let near_misses = found.near_misses();
    let mut findings = found.findings;
    findings.extend(empty_groups::findings(&reader, found.empty_groups)?);
    mark_near_misses(&mut findings, &near_misses);
    for orphan in index.owners.orphans(inputs.policy, std::iter::empty()) {
        let what = if orphan.is_certain {
            "the owner of the address book is not in the exports"
        } else {
            "the owner of the address book is not in the exports, but may exist: no account of its domain is in them"
        };
        let finding = AuditFinding::at(orphan.origin, FindingCode::OrphanedBook, what.to_owned());
        findings.push(AuditFinding { dn: orphan.name, ..finding });
    }
    findings.extend(rows_without_account(inputs, &found.matched_rows));
    findings.extend(completeness::findings(&lacking));
    completeness::add_doubts(&mut findings, &lacking, census.unreadable_names.count);
    findings.sort_by(|a, b| {
        let place = |finding: &AuditFinding| (finding.roster.clone(), finding.origin.export, finding.origin.line);
        place(a).cmp(&place(b)).then_with(|| a.code.name().cmp(b.code.name()))
    });
    Ok((findings, census))
}

/// Turns dangling references into near misses where an account in the same place has that `cn`.
fn mark_near_misses(findings: &mut [AuditFinding], near_misses: &HashMap<Vec<u8>, Vec<u8>>) {
    for finding in findings.iter_mut().filter(|finding| finding.code == FindingCode::Dangling) {
        let Some(key) = crate::ldap::DnKey::parse(&finding.value).ok() else { continue };
        if let Some(name) = near_misses.get(key.as_bytes()) {
            finding.code = FindingCode::NearMiss;
            let name = String::from_utf8_lossy(name);
            finding.what = format!("the exports have no entry of this name; does it mean {name}, which has that cn?");
        }
    }
}

/// Active rows of rosters that match no account.
fn rows_without_account(inputs: &AuditInputs<'_>, matched: &HashSet<(usize, u64)>) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    for (index, named) in inputs.rosters.iter().enumerate() {
        let active = named.roster.rows.iter().filter(|row| row.status == RosterStatus::Active);
        for row in active.filter(|row| !matched.contains(&(index, row.line))) {
            let what = "the roster lists this person as active, but no account matches the row".to_owned();
            let origin = Origin { line: row.line, ..Origin::default() };
            findings.push(AuditFinding {
                value: row.key.as_bytes().to_vec(),
                roster: Some(named.name.clone()),
                ..AuditFinding::at(origin, FindingCode::RosterWithoutAccount, what)
            });
        }
    }
    findings
}
