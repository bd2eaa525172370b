//! What the exports lack, and what may not be planned without it.
//!
//! | code | what is lacking | when it is asked for | a plan without it |
//! | --- | --- | --- | --- |
//! | `empty` | every entry of an export | always | refused, or accepted |
//! | `age` | what happened since: the export is older than `[directory] max_age_days`, or of unknown age | always | refused, or accepted |
//! | `suffix` | an entry of `[directory] suffixes` | always | refused, or accepted |
//! | `protected-group` | a group of `[protect]` | always | refused |
//! | `cut` | the rest of a search that ended early (`result: 4 Size limit exceeded`) | always | refused, or accepted |
//! | `partial-lists` | values (`member;range=0-1499` of Active Directory) | always | refused, or accepted |
//! | `no-values` | values (`ldapsearch -A`, `1.1`) | always | refused, or accepted |
//! | `holes` | an entry between two others | always | refused, or accepted |
//! | `parents` | the entries above the topmost ones ([`tops`]) | always | made, with a finding |
//! | `repeated` | nothing, but an entry is in the exports more than once | always | refused, or accepted |
//! | `operational` | an operational attribute that the policy needs ([`operational`]) | always | refused; refused, or accepted; made, with a finding |
//! | `absent-group` | a group that `memberOf` of a deleted account names | for deletions | refused, or accepted |
//! | `address-books` | the suffix of the address books, which a deleted account points into | for deletions | refused, or accepted |
//! | `children` | entries below one that is deleted: `numSubordinates` says more, or `hasSubordinates` | for deletions | refused, or accepted |
//!
//! What is lacking is accepted by its code for one run (`--accept-incomplete`); then report and runbook say so.

use std::collections::HashMap;

use super::address_books::POINTERS;
use super::collect::Collected;
use super::operational::{Extent, NotShown, Sought};
use super::resolve::Resolved;
use super::{Account, PlanError, Request};
use crate::directory::census::{Finding, Place};
use crate::directory::{Census, Structure, tops};
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry};
use crate::lifecycle::Step;
use crate::policy::Policy;

/// What the exports lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// Every entry: these exports hold none.
    Empty(Finding),
    /// What happened since: these exports are older than the policy allows.
    Age {
        /// How old they may be, in days.
        limit: u32,
        /// The exports, and when they were written.
        old: Finding,
    },
    /// A suffix that the policy asks for.
    Suffix(Dn),
    /// A group that the policy protects, so that its members are not known.
    ProtectedGroup(Dn),
    /// The search that made an export ended early.
    Cut(Finding),
    /// Parts of value lists.
    PartialLists(Finding),
    /// Values.
    NoValues(Finding),
    /// Entries between others.
    Holes(Finding),
    /// Entries above the topmost ones, which are not suffixes.
    Parents(Finding),
    /// Entries are there more than once: how many.
    Repeated(u64),
    /// Operational attributes that the policy needs.
    Operational(NotShown),
    /// Groups that deleted accounts are in.
    AbsentGroup(Finding),
    /// The address books of deleted accounts.
    AddressBooks(Finding),
    /// Entries below deleted ones.
    Children(Finding),
}

/// What a plan may do without something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// There is no plan.
    Refuses,
    /// There is a plan only if this run accepts it.
    RefusesUnlessAccepted,
    /// There is a plan, and a person must read this.
    Finding,
}

/// What the exports lack, apart from what refuses a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// What the run accepts.
    pub accepted: Vec<Incomplete>,
    /// What does not refuse a plan.
    pub findings: Vec<Incomplete>,
}

impl Gaps {
    /// Whether the exports show a part of the directory only.
    pub fn shows_a_part(&self) -> bool {
        self.findings.iter().any(|lack| matches!(lack, Incomplete::Parents(_)))
    }
}

impl Incomplete {
    /// All codes, in the order of the table above.
    pub const CODES: [&'static str; 14] = [
        "empty",
        "age",
        "suffix",
        "protected-group",
        "cut",
        "partial-lists",
        "no-values",
        "holes",
        "parents",
        "repeated",
        "operational",
        "absent-group",
        "address-books",
        "children",
    ];

    /// The codes that `--accept-incomplete` takes.
    pub const ACCEPTABLE: [&'static str; 12] = [
        "empty",
        "age",
        "suffix",
        "cut",
        "partial-lists",
        "no-values",
        "holes",
        "repeated",
        "operational",
        "absent-group",
        "address-books",
        "children",
    ];

    /// Its word: stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty(_) => "empty",
            Self::Age { .. } => "age",
            Self::Suffix(_) => "suffix",
            Self::ProtectedGroup(_) => "protected-group",
            Self::Cut(_) => "cut",
            Self::PartialLists(_) => "partial-lists",
            Self::NoValues(_) => "no-values",
            Self::Holes(_) => "holes",
            Self::Parents(_) => "parents",
            Self::Repeated(_) => "repeated",
            Self::Operational(_) => "operational",
            Self::AbsentGroup(_) => "absent-group",
            Self::AddressBooks(_) => "address-books",
            Self::Children(_) => "children",
        }
    }

    /// What a plan may do without it.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ProtectedGroup(_) => Severity::Refuses,
            Self::Parents(_) => Severity::Finding,
            Self::Operational(not_shown) => match not_shown.extent {
                Extent::Nothing => Severity::Finding,
                Extent::Accounts(_) => Severity::RefusesUnlessAccepted,
                Extent::Whole => Severity::Refuses,
            },
            Self::Empty(_)
            | Self::Age { .. }
            | Self::Suffix(_)
            | Self::Cut(_)
            | Self::PartialLists(_)
            | Self::NoValues(_)
            | Self::Holes(_)
            | Self::Repeated(_)
            | Self::AbsentGroup(_)
            | Self::AddressBooks(_)
            | Self::Children(_) => Severity::RefusesUnlessAccepted,
        }
    }

    /// What is lacking, in words. Names from the directory in it are raw.
    pub fn sentence(&self) -> String {
        let name = |dn: &Dn| String::from_utf8_lossy(dn.raw_bytes()).into_owned();
        match self {
            Self::Empty(finding) => format!("{} exports hold no entries", finding.count),
            Self::Age { limit, old } => format!(
                "{} exports are older than the {limit} days that the policy allows, or of unknown age",
                old.count
            ),
            Self::Suffix(dn) => format!("the exports do not hold {}, which the policy asks for", name(dn)),
            Self::ProtectedGroup(dn) => {
                format!("the exports do not hold {}, whose members the policy protects", name(dn))
            }
            Self::Cut(_) => "an export is not whole: the search that made it ended early".to_owned(),
            Self::PartialLists(finding) => format!("{} lists of values are there only in part", finding.count),
            Self::NoValues(finding) => format!("{} entries have no values", finding.count),
            Self::Holes(finding) => format!("{} entries are missing between others", finding.count),
            Self::Parents(finding) => {
                let names: Vec<String> = finding
                    .places
                    .iter()
                    .take(3)
                    .map(|place| String::from_utf8_lossy(&place.text).into_owned())
                    .collect();
                let more = finding.count.saturating_sub(names.len() as u64);
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                format!(
                    "the exports are a part of the directory: they do not show {}{more}, nor the entries above; groups and \
                     other entries that are not shown may still name the accounts, and the proof does not look at them",
                    names.join("; ")
                )
            }
            Self::Operational(not_shown) => not_shown.sentence(),
            Self::Repeated(count) => format!("{count} entries are in the exports more than once"),
            Self::AbsentGroup(finding) => {
                format!("{} groups that deleted accounts are in are not there", finding.count)
            }
            Self::AddressBooks(finding) => {
                format!("the exports hold no address books, but {} deleted accounts point to one", finding.count)
            }
            Self::Children(finding) => format!("entries below {} deleted ones are not there", finding.count),
        }
    }

    /// The first places.
    pub fn places(&self) -> &[Place] {
        match self {
            Self::Suffix(_) | Self::ProtectedGroup(_) | Self::Repeated(_) => &[],
            Self::Empty(finding)
            | Self::Age { old: finding, .. }
            | Self::Cut(finding)
            | Self::PartialLists(finding)
            | Self::NoValues(finding)
            | Self::Holes(finding)
            | Self::Parents(finding)
            | Self::AbsentGroup(finding)
            | Self::AddressBooks(finding)
            | Self::Children(finding) => &finding.places,
            Self::Operational(not_shown) => not_shown.places(),
        }
    }

    /// A command that exports what is lacking.
    pub fn command(&self) -> Option<&'static str> {
        match self {
            Self::Operational(not_shown) => Some(not_shown.command()),
            _ => None,
        }
    }

    /// What to do about it, with the command.
    pub fn advice(&self) -> String {
        self.command().map_or_else(|| self.help().to_owned(), |command| format!("{}: {command}", self.help()))
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Operational(_) => "export again with operational attributes",
            Self::Empty(_) => "export again: an export that failed is empty, too",
            Self::Age { .. } => "export again; the age is that of the file, so copy exports with their times (cp -p)",
            Self::Suffix(_) => "give the export of that suffix too ([directory] suffixes)",
            Self::ProtectedGroup(_) => "give the export that holds it too, or take it off [protect]",
            Self::Cut(_) => "export again without a size or time limit, as an administrator",
            Self::PartialLists(_) => "export again with all values of these attributes",
            Self::NoValues(_) => "export again with values (no -A, no 1.1)",
            Self::Parents(_) => {
                "export the whole suffix; if an export does begin at a suffix, name that in [directory] suffixes"
            }
            Self::Repeated(_) => "give every part of the directory once",
            Self::AbsentGroup(_) => "give the export that holds these groups too",
            Self::AddressBooks(_) => "give the export of the address books too ([address_books] suffix)",
            Self::Holes(_) | Self::Children(_) => "export again with an account that can read all entries",
        }
    }
}

/// What a finding is a lack of.
type Lack = fn(Finding) -> Incomplete;

/// Refuses what was not accepted, and adds the rest to what is known.
pub fn refuse<E>(lacking: Vec<Incomplete>, request: &Request, gaps: &mut Gaps) -> Result<(), PlanError<E>> {
    let mut refused = Vec::new();
    for lack in lacking {
        let is_accepted = request.accepted.iter().any(|code| code == lack.code());
        match lack.severity() {
            Severity::Finding => gaps.findings.push(lack),
            Severity::RefusesUnlessAccepted if is_accepted => gaps.accepted.push(lack),
            Severity::Refuses | Severity::RefusesUnlessAccepted => refused.push(lack),
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(PlanError::Incomplete(refused)) }
}

/// What the exports lack for any plan.
pub fn of_exports(census: &Census, resolved: &Resolved, policy: &Policy, request: &Request) -> Vec<Incomplete> {
    let suffixes = policy.directory.suffixes.iter();
    let missing = suffixes.filter(|suffix| !resolved.named.iter().any(|entry| entry.dn == **suffix));
    let old = too_old(policy, request);
    let limit = policy.directory.max_age_days.unwrap_or_default();
    let mut lacking: Vec<Incomplete> = Vec::new();
    lacking.extend((old.count > 0).then_some(Incomplete::Age { limit, old }));
    lacking.extend(missing.cloned().map(Incomplete::Suffix));
    lacking.extend(of_content(census, &resolved.structure, request.written.len()));
    let parents = tops::as_finding(&resolved.missing_parents);
    lacking.extend((parents.count > 0).then_some(Incomplete::Parents(parents)));
    let sought = Sought::new(policy, census, &resolved.in_exports);
    lacking.extend(sought.of_exports(request).map(Incomplete::Operational));
    lacking
}

/// What exports lack whatever they are read for: `files` of them were given, with this structure when taken together.
pub fn of_content(census: &Census, structure: &Structure, files: usize) -> Vec<Incomplete> {
    let mut empty = Finding::default();
    for (export, _) in (0..).zip(0..files).filter(|(export, _)| !census.with_entries.contains(export)) {
        empty.add(Place { export, line: 1, text: b"no entry".to_vec() });
    }
    let findings: [(Lack, &Finding); 5] = [
        (Incomplete::Empty, &empty),
        (Incomplete::Cut, &census.cut),
        (Incomplete::PartialLists, &census.partial_lists),
        (Incomplete::NoValues, &census.without_values),
        (Incomplete::Holes, &structure.holes()),
    ];
    let found = findings.into_iter().filter(|(_, found)| found.count > 0);
    let mut lacking: Vec<Incomplete> = found.map(|(lack, found)| lack(found.clone())).collect();
    let repeated = structure.repeated();
    lacking.extend((repeated > 0).then_some(Incomplete::Repeated(repeated)));
    lacking
}

/// Exports that are older than the policy allows.
fn too_old(policy: &Policy, request: &Request) -> Finding {
    let mut old = Finding::default();
    let Some(limit) = policy.directory.max_age_days else { return old };
    for (export, written) in (0..).zip(&request.written) {
        let place = |text: &str| Place { export, line: 1, text: text.as_bytes().to_vec() };
        match written {
            None => old.add(place("nothing says when it was written")),
            // As of a day in the past an export may be from later: it holds all that happened until then.
            Some(day) if (request.as_of - *day).get_days() > i32::try_from(limit).unwrap_or(i32::MAX) => {
                old.add(place(&format!("written on {day}")));
            }
            Some(_) => {}
        }
    }
    old
}

/// Entries that a plan must see if it deletes an account: the groups that it says it is in, and the address books.
pub fn wanted(account: &Account, policy: &Policy) -> Vec<DnKey> {
    let suffix = policy.address_books.suffix.iter().map(|suffix| suffix.key().clone());
    groups(&account.entry).map(|(_, key)| key).chain(suffix).collect()
}

/// The groups that an entry says it is in.
fn groups(entry: &Entry) -> impl Iterator<Item = (&crate::ldap::Value, DnKey)> {
    let values = ["memberOf", "isMemberOf"].into_iter().flat_map(|name| entry.values(name));
    values.filter_map(|value| Some((value, DnKey::parse(&value.bytes).ok()?)))
}

/// What the exports lack for the deletions of a plan.
pub fn of_deletions(accounts: &[Account], around: &Collected, policy: &Policy) -> Vec<Incomplete> {
    let there: HashMap<&DnKey, &Entry> = around.kept.iter().map(|kept| (kept.entry.dn.key(), &*kept.entry)).collect();
    let deleted = || accounts.iter().filter(|account| account.decision.step == Step::Delete);
    let place = |entry: &Entry, line: u64, text: &[u8]| Place {
        export: entry.origin.export,
        line: if line == 0 { entry.origin.line } else { line },
        text: text.to_vec(),
    };
    let mut absent = Finding::default();
    for account in deleted() {
        for (value, _) in groups(&account.entry).filter(|(_, group)| !there.contains_key(group)) {
            absent.add(place(&account.entry, value.line, &value.bytes));
        }
    }
    let mut books = Finding::default();
    if let Some(suffix) = policy.address_books.suffix.as_ref().filter(|suffix| !there.contains_key(suffix.key())) {
        for account in deleted() {
            let pointers = POINTERS.into_iter().flat_map(|name| account.entry.values(name));
            for value in pointers {
                if LdapUrl::of_value(&value.bytes).is_some_and(|url| url.dn.key().is_at_or_under(suffix.key())) {
                    books.add(place(&account.entry, value.line, &value.bytes));
                }
            }
        }
    }
    let children = children(accounts, around, &place);
    let findings: [(Lack, Finding); 3] =
        [(Incomplete::AbsentGroup, absent), (Incomplete::AddressBooks, books), (Incomplete::Children, children)];
    findings.into_iter().filter(|(_, found)| found.count > 0).map(|(lack, found)| lack(found)).collect()
}

/// Entries at and below deleted ones that say of more children than the exports hold.
fn children(accounts: &[Account], around: &Collected, place: &dyn Fn(&Entry, u64, &[u8]) -> Place) -> Finding {
    let doomed = around.kept.iter().filter(|kept| {
        let of_account = kept.below.and_then(|person| accounts.get(person));
        kept.in_book.is_some() || of_account.is_some_and(|account| account.decision.step == Step::Delete)
    });
    let doomed: Vec<&Entry> = doomed.map(|kept| &*kept.entry).collect();
    let mut counts: HashMap<DnKey, u64> = HashMap::new();
    for entry in &doomed {
        *counts.entry(entry.dn.key().parent().unwrap_or_default()).or_default() += 1;
    }
    let mut lacking = Finding::default();
    for entry in doomed {
        let there = counts.get(entry.dn.key()).copied().unwrap_or(0);
        let number = |value: &crate::ldap::Value| std::str::from_utf8(&value.bytes).ok()?.trim().parse::<u64>().ok();
        for value in entry.values("numSubordinates").filter(|value| number(value).is_some_and(|said| said != there)) {
            lacking.add(place(entry, value.line, &value.bytes));
        }
        let says = |value: &&crate::ldap::Value| value.bytes.eq_ignore_ascii_case(b"TRUE");
        if there == 0 {
            entry.values("hasSubordinates").filter(says).for_each(|value| {
                lacking.add(place(entry, value.line, b"hasSubordinates: TRUE"));
            });
        }
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code() {
        let (found, dn) = (Finding::default(), Dn::parse(b"o=x").unwrap());
        let all = [
            Incomplete::Empty(found.clone()),
            Incomplete::Age { limit: 1, old: found.clone() },
            Incomplete::Suffix(dn.clone()),
            Incomplete::ProtectedGroup(dn),
            Incomplete::Cut(found.clone()),
            Incomplete::PartialLists(found.clone()),
            Incomplete::NoValues(found.clone()),
            Incomplete::Holes(found.clone()),
            Incomplete::Parents(found.clone()),
            Incomplete::Repeated(1),
            Incomplete::AbsentGroup(found.clone()),
            Incomplete::AddressBooks(found.clone()),
            Incomplete::Children(found),
        ];
        for lack in &all {
            assert!(Incomplete::CODES.contains(&lack.code()), "{}", lack.code());
            let is_acceptable = lack.severity() == Severity::RefusesUnlessAccepted;
            assert_eq!(Incomplete::ACCEPTABLE.contains(&lack.code()), is_acceptable, "{}", lack.code());
        }
        // Besides these there is `operational`, of which each extent has a severity of its own.
        assert_eq!(all.len() + 1, Incomplete::CODES.len());
    }

    #[test]
    fn what_protects_cannot_be_accepted() {
        let group = Incomplete::ProtectedGroup(Dn::parse(b"cn=admins,o=x").unwrap());
        assert!(!Incomplete::ACCEPTABLE.contains(&group.code()));
        assert_eq!(group.severity(), Severity::Refuses);
    }
}
