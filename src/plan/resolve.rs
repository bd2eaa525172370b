//! Pass 1: which accounts are meant, and what must be known of them before anything else.

use std::collections::HashSet;

use super::identity::Identities;
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::filter::Truth;
use crate::ldap::{DnKey, Entry};
use crate::policy::Policy;

/// Looks for the entries that identities mean.
pub struct Resolve<'p> {
    policy: &'p Policy,
    identities: Identities,
    bases: Vec<DnKey>,
    /// Entries that the policy itself names: protected groups, suffixes.
    named: HashSet<DnKey>,
}

/// An entry that at least one identity means.
pub struct Match {
    /// The identities, by index.
    pub identities: Vec<usize>,
    /// The entry.
    pub entry: Entry,
    /// Whether the policy takes it for an account.
    pub is_account: bool,
}

/// What pass 1 keeps.
#[derive(Default)]
pub struct Resolved {
    /// Accounts of the exports, by the policy's filter and bases.
    pub accounts: u64,
    /// Entries that identities mean.
    pub matches: Vec<Match>,
    /// Entries that the policy names, of those the exports hold.
    pub named: Vec<Entry>,
}

impl Resolved {
    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.accounts += other.accounts;
        self.matches.extend(other.matches);
        self.named.extend(other.named);
    }
}

impl<'p> Resolve<'p> {
    /// A pass for these identities.
    pub fn new(policy: &'p Policy, identities: Identities) -> Self {
        let keys = |dns: &[crate::ldap::Dn]| dns.iter().map(|dn| dn.key().clone()).collect::<Vec<_>>();
        let named = keys(&policy.protect.group).into_iter().chain(keys(&policy.directory.suffixes)).collect();
        Self { policy, identities, bases: keys(&policy.accounts.base), named }
    }

    fn is_account(&self, entry: &EntryView<'_>) -> bool {
        let in_base = self.bases.is_empty() || self.bases.iter().any(|base| entry.key.starts_with(base.as_bytes()));
        in_base && self.policy.accounts.filter.evaluate(entry) == Truth::True
    }
}

impl Pass for Resolve<'_> {
    type Found = Resolved;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Resolved) -> Result<(), Unreadable> {
        if self.named.contains(entry.key) {
            found.named.push(entry.to_entry()?);
        }
        let is_account = self.is_account(entry);
        found.accounts += u64::from(is_account);
        let mut identities = self.identities.by_name(entry).to_vec();
        if is_account {
            for index in self.identities.by_value(entry) {
                if !identities.contains(&index) {
                    identities.push(index);
                }
            }
        }
        if !identities.is_empty() {
            found.matches.push(Match { identities, entry: entry.to_entry()?, is_account });
        }
        Ok(())
    }
}
