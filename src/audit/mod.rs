//! What is odd in a directory, whoever leaves: the findings of `offboard audit`.
//!
//! | code | found |
//! | --- | --- |
//! | `dangling` | a value of a reference attribute that names no entry, although the exports hold what stands above the name |
//! | `near-miss` | the same, but next to the name stands an entry with that `cn`: is it meant? |
//! | `orphaned-book` | an address book whose owner is not there; see [`crate::plan::address_books::ownership`] |
//! | `deletable` | an account that is disabled and released, and its grace is over |
//! | `stuck` | an account that is disabled, and nothing says since when |
//! | codes of [`crate::lifecycle::lint`] | statuses that contradict each other or have no effect |
//! | `empty-group` | a group without members, but dummies |
//! | `same-uid`, `same-mail` | a user name or mail address of several accounts |
//! | `no-rule`, `made-by-hand` | an account that no `[[rule]]` covers, or that `[accounts] provenance` does not take for provisioned |
//! | `not-in-roster`, `no-key-for-roster` | an account in the scope of a roster that does not list it |
//! | `roster-without-account` | a row of a roster that is active and is nobody's |
//! | `bad-name` | an entry whose name is not a distinguished name: it was not judged |
//! | `bad-reference` | a value of a reference attribute that is not a distinguished name |
//! | codes of [`crate::plan::completeness`] | what the exports lack, see [`completeness`] |
//!
//! Three passes: that with which a plan begins, which remembers hashes of names and finds the schema and what the exports lack; one
//! that remembers hashes of user names and addresses (8 bytes each); and one that looks at everything. What is found is kept,
//! nothing else.

mod completeness;
mod pass;

use std::collections::{HashMap, HashSet};

use crate::directory::{Census, Exports, ExportsReader, scan};
use crate::ldap::Origin;
use crate::ldap::schema::Schema;
use crate::ldif::UrlPolicy;
use crate::lifecycle::History;
use crate::plan::locate::rosters::Rosters;
use crate::plan::{Lacking, NamedRoster, PlanError, Request, lacking};
use crate::policy::Policy;
use jiff::civil::Date;
use pass::{First, FirstFound, Second, SecondFound};

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What: stable.
    pub code: &'static str,
    /// The entry, raw; empty for a row of a roster.
    pub dn: Vec<u8>,
    /// The attribute, and its value, raw.
    pub attribute: String,
    /// The value.
    pub value: Vec<u8>,
    /// In words.
    pub what: String,
    /// Where it is; for a row of a roster its line.
    pub origin: Origin,
    /// The roster that it is in, if it is not an export.
    pub roster: Option<String>,
    /// Codes of what the exports lack, where the finding may be due to that.
    pub may_be_due_to: Vec<&'static str>,
}

/// What an audit rests on.
pub struct Ground<'g> {
    /// The policy.
    pub policy: &'g Policy,
    /// The day.
    pub as_of: Date,
    /// The schema that was given: its attribute types that hold names are looked at, too.
    pub schema: &'g Schema,
    /// The rosters that were given.
    pub rosters: &'g [NamedRoster],
    /// What earlier change sets did.
    pub history: &'g History,
    /// The day on which each export was written, where that is known.
    pub written: &'g [Option<Date>],
}

/// Looks through the exports.
pub fn audit<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    ground: &Ground<'_>,
) -> Result<(Vec<Finding>, Census), PlanError<E::Error>> {
    let request = Request {
        as_of: ground.as_of,
        written: ground.written.to_vec(),
        schema: ground.schema.clone(),
        ..Request::default()
    };
    let Lacking { lacking, policy, schema, structure, census } =
        lacking(ExportsReader::new(exports, urls), ground.policy, &request)?;
    let ground = &Ground { policy: &policy, ..*ground };
    let mut first = FirstFound::of(structure);
    scan(exports, urls, None, &First { policy: ground.policy }, |part| first.merge(part))?;
    first.finish();
    let pairs = ground.rosters.iter();
    let pairs = pairs.filter_map(|named| Some((ground.policy.rosters.get(&named.name)?, &named.roster)));
    let rosters = Rosters::new(pairs);
    let second = Second::new(ground, &first, rosters, schema.described());
    let mut found = SecondFound::default();
    scan(exports, urls, None, &second, |part| found.merge(part))?;
    let beside = found.beside();
    let mut findings = found.findings;
    near_misses(&mut findings, &beside);
    for orphan in first.owners.orphans(ground.policy, std::iter::empty()) {
        let certain = if orphan.is_certain { "" } else { ", but nobody of its domain is" };
        findings.push(Finding {
            code: "orphaned-book",
            dn: orphan.name,
            attribute: String::new(),
            value: Vec::new(),
            what: format!("its owner is not in the exports{certain}"),
            origin: orphan.origin,
            roster: None,
            may_be_due_to: Vec::new(),
        });
    }
    findings.extend(rows_of_nobody(ground, &found.seen));
    findings.extend(completeness::findings(&lacking));
    completeness::doubt(&mut findings, &lacking, census.unreadable_names.count);
    findings.sort_by(|a, b| {
        let place = |finding: &Finding| (finding.roster.clone(), finding.origin.export, finding.origin.line);
        place(a).cmp(&place(b)).then_with(|| a.code.cmp(b.code))
    });
    Ok((findings, census))
}

/// Turns dangling names into near misses where an entry beside them has that `cn`.
fn near_misses(findings: &mut [Finding], beside: &HashMap<Vec<u8>, Vec<u8>>) {
    for finding in findings.iter_mut().filter(|finding| finding.code == "dangling") {
        let Some(key) = crate::ldap::DnKey::parse(&finding.value).ok() else { continue };
        if let Some(name) = beside.get(key.as_bytes()) {
            finding.code = "near-miss";
            finding.what = format!("it names no entry; beside it stands {}", String::from_utf8_lossy(name));
        }
    }
}

/// Active rows that no account of the exports has.
fn rows_of_nobody(ground: &Ground<'_>, seen: &HashSet<(usize, u64)>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, named) in ground.rosters.iter().enumerate() {
        let rows = named.roster.rows.iter().filter(|row| row.standing == crate::leavers::roster::Standing::Active);
        for row in rows.filter(|row| !seen.contains(&(index, row.line))) {
            findings.push(Finding {
                code: "roster-without-account",
                dn: Vec::new(),
                attribute: String::new(),
                value: row.key.as_bytes().to_vec(),
                what: "the roster has somebody active whom no account is for".to_owned(),
                origin: Origin { line: row.line, ..Origin::default() },
                roster: Some(named.name.clone()),
                may_be_due_to: Vec::new(),
            });
        }
    }
    findings
}
