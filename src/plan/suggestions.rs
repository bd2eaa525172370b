//! "Did you mean ...?" for leavers that match no account: the account whose user name or address is spelled most similarly; and
//! for names in the policy and in veto lists that pick no entry: the entry whose name is.
//!
//! This needs a reading of the exports of its own, so it is done only if a few leavers were not found.

use super::model::ConflictKind;
use super::outcome::Plan;
use crate::directory::identity::compare::{Comparison, compare};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Exports, ExportsReader, Pass, ScanError};
use crate::ldap::filter::Truth;
use crate::ldap::{AttributeDescription, Dn};
use crate::ldif::AttributeSelection;
use crate::leavers::Identity;
use crate::policy::Policy;
use crate::suggestion::edit_distance_within;

/// If more leavers were not found, the cause is not a typing error.
const MOST_NAMES: usize = 20;

/// An account that is spelled similarly.
#[derive(Clone, Debug)]
struct Candidate {
    /// The number of edits between the two.
    distance: usize,
    /// The user name or address of the account.
    value: String,
}

/// A leaver that was not found, and a user name or address that it may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The leaver, or the name, as given.
    pub leaver: String,
    /// The user name, the address or the DN.
    pub meant: String,
}

struct SimilarNames<'p> {
    policy: &'p Policy,
    interest: AttributeSelection,
    /// The leavers that were not found.
    names: Vec<NotFound<'p>>,
    /// The DNs that pick no entry.
    dns: Vec<&'p str>,
}

/// A leaver that was not found.
struct NotFound<'p> {
    /// The leaver as given.
    leaver: String,
    /// Its value.
    value: &'p [u8],
    /// The attributes that may have the value.
    attributes: Vec<&'p AttributeDescription>,
}

impl<'p> NotFound<'p> {
    fn of(identity: &'p Identity, policy: &'p Policy) -> Option<Self> {
        let (value, attributes) = match identity {
            Identity::Text(text) => (text, policy.accounts.matching.iter().collect()),
            Identity::Attribute { description, value } => (value, vec![description]),
            Identity::Dn(_) => return None,
        };
        Some(Self { leaver: identity.to_string(), value: value.as_bytes(), attributes })
    }
}

/// Keeps the nearer of two candidates; of two equally near ones the first by value, whatever the order of the exports.
fn keep_nearer(best: &mut Option<Candidate>, other: Option<Candidate>) {
    if let Some(other) = other
        && best.as_ref().is_none_or(|best| (other.distance, &other.value) < (best.distance, &best.value))
    {
        *best = Some(other);
    }
}

impl Pass for SimilarNames<'_> {
    type Found = Vec<Option<Candidate>>;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Self::Found) -> Result<(), Unreadable> {
        found.resize(self.names.len() + self.dns.len(), None);
        let (by_name, by_dn) = found.split_at_mut(self.names.len());
        for (dn, best) in self.dns.iter().zip(by_dn) {
            let value = String::from_utf8_lossy(&entry.record.dn);
            let distance = edit_distance_within(dn.as_bytes(), &entry.record.dn);
            keep_nearer(best, distance.map(|distance| Candidate { distance, value: value.into_owned() }));
        }
        for (name, best) in self.names.iter().zip(by_name.iter_mut()) {
            for description in &name.attributes {
                for line in entry.values(description.attribute_type()) {
                    let value = line.value.bytes();
                    let is_alike = || compare(description.attribute_type(), name.value, value) == Comparison::Alike;
                    // Numbers are near to each other, and the next number is not a typing error.
                    let is_number = name.value.iter().all(u8::is_ascii_digit);
                    let distance = edit_distance_within(name.value, value).filter(|_| !is_number);
                    let Some(distance) = distance.or_else(|| is_alike().then_some(0)) else { continue };
                    let is_nearer = best.as_ref().is_none_or(|best| distance <= best.distance);
                    if is_nearer && self.policy.accounts.filter.evaluate(entry) == Truth::True {
                        let value = String::from_utf8_lossy(value).into_owned();
                        keep_nearer(best, Some(Candidate { distance, value }));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The suggestions for the leavers of a plan that were not found, and for the names in the policy and in veto lists that pick no
/// entry.
pub fn suggestions<E: Exports>(
    reader: ExportsReader<'_, E>,
    plan: &Plan,
) -> Result<Vec<Suggestion>, ScanError<E::Error>> {
    let not_found = plan.conflicts.iter().filter(|conflict| matches!(conflict.kind, ConflictKind::NotFound(None)));
    let policy = &plan.policy;
    let names = not_found.filter_map(|conflict| NotFound::of(&plan.leavers[conflict.leaver].identity, policy));
    let mut names: Vec<NotFound<'_>> = names.collect();
    if names.len() > MOST_NAMES {
        names.clear();
    }
    let unmatched = plan.decision_items.iter().filter(|item| item.code.is_unmatched_line());
    let dns =
        unmatched.filter_map(|item| str::from_utf8(&item.value).ok().filter(|text| Dn::parse(text.as_bytes()).is_ok()));
    let dns: Vec<&str> = dns.take(MOST_NAMES).collect();
    if names.is_empty() && dns.is_empty() {
        return Ok(Vec::new());
    }
    let mut interest = AttributeSelection::default();
    for description in names.iter().flat_map(|name| &name.attributes) {
        interest.insert(description.attribute_type(), ());
    }
    policy.accounts.filter.for_each_type(&mut |name| interest.insert(name, ()));
    let mut nearest: Vec<Option<Candidate>> = vec![None; names.len() + dns.len()];
    let pass = SimilarNames { policy, interest, names, dns };
    reader.scan(&pass, |found: Vec<Option<Candidate>>| {
        nearest.iter_mut().zip(found).for_each(|(best, other)| keep_nearer(best, other));
    })?;
    let leavers = pass.names.iter().map(|name| name.leaver.as_str());
    let all = leavers.chain(pass.dns.iter().copied()).zip(nearest);
    let suggestion = |(leaver, candidate): (&str, Option<Candidate>)| {
        Some(Suggestion { leaver: leaver.to_owned(), meant: candidate?.value })
    };
    Ok(all.filter_map(suggestion).collect())
}
