//! Accounts whose user name or address is spelled almost like one that nobody has: "did you mean?".
//!
//! Only a reading of the exports of its own can tell, so it is made for those who were not found alone, and for a few.

use super::{ConflictKind, Plan};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Exports, Pass, ScanError, scan};
use crate::ldap::filter::Truth;
use crate::ldif::{AttributeSelection, UrlPolicy};
use crate::leavers::Identity;
use crate::policy::Policy;
use crate::suggestion::edit_distance_within;

/// More of them are not typing errors.
const MOST: usize = 20;

/// A value that is near: how near, and what it is.
type Near = Option<(usize, String)>;

struct Alike<'p> {
    policy: &'p Policy,
    interest: AttributeSelection,
    names: Vec<&'p str>,
}

impl Pass for Alike<'_> {
    type Found = Vec<Near>;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<Near>) -> Result<(), Unreadable> {
        found.resize(self.names.len(), None);
        for description in &self.policy.accounts.matching {
            for line in entry.values(description.attribute_type()) {
                let value = line.value.bytes();
                for (name, best) in self.names.iter().zip(found.iter_mut()) {
                    let Some(distance) = edit_distance_within(name.as_bytes(), value) else { continue };
                    let is_nearer = best.as_ref().is_none_or(|(least, _)| distance < *least);
                    if is_nearer && self.policy.accounts.filter.evaluate(entry) == Truth::True {
                        *best = Some((distance, String::from_utf8_lossy(value).into_owned()));
                    }
                }
            }
        }
        Ok(())
    }
}

/// For leavers that were not found, the nearest user name or address of an account; the first one of several.
pub fn alike<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    policy: &Policy,
    plan: &Plan,
) -> Result<Vec<(String, String)>, ScanError<E::Error>> {
    let missing = plan.conflicts.iter().filter(|conflict| matches!(conflict.kind, ConflictKind::NotFound));
    let names = missing.filter_map(|conflict| match &plan.leavers[conflict.leaver].identity {
        Identity::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let names: Vec<&str> = names.collect();
    if names.is_empty() || names.len() > MOST {
        return Ok(Vec::new());
    }
    let policy = &policy.bound(plan.schema.described());
    let mut interest = AttributeSelection::default();
    policy.accounts.matching.iter().for_each(|description| interest.insert(description.attribute_type(), ()));
    policy.accounts.filter.for_each_type(&mut |name| interest.insert(name, ()));
    let mut nearest: Vec<Near> = vec![None; names.len()];
    let pass = Alike { policy, interest, names };
    scan(exports, urls, None, &pass, |part: Vec<Near>| {
        for (best, other) in nearest.iter_mut().zip(part) {
            if other.as_ref().is_some_and(|(of, _)| best.as_ref().is_none_or(|(least, _)| of < least)) {
                *best = other;
            }
        }
    })?;
    let told = pass.names.iter().zip(nearest);
    Ok(told.filter_map(|(name, near)| Some(((*name).to_owned(), near?.1))).collect())
}
