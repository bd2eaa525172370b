//! A policy that follows the moves of the history: what it says of a name also holds for the account that an earlier change
//! set moved from there.
//!
//! | key | also counts |
//! | --- | --- |
//! | `[protect] dn`, `[veto] dn` | the present name of the account that had this name |
//! | `[protect] subtree`, `[[rule]] base` | the present names of the accounts that were at or below this name |
//! | `[[rule]] base_now` | nothing more |

use super::{Picks, Policy};
use crate::directory::key_hash::KeySet;
use crate::ldap::dn_key::prefixes;
use crate::ldap::{Dn, DnKey};
use crate::lifecycle::History;

/// The present names of accounts that were moved from the names of one key of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MovedNames(KeySet);

impl MovedNames {
    /// Whether an entry is one of these accounts, or below one.
    pub fn cover(&self, key: &DnKey) -> bool {
        !self.0.is_empty() && prefixes(key.as_bytes()).any(|(above, _)| self.0.contains(above))
    }

    /// Whether an entry is one of these accounts.
    pub fn contain(&self, key: &DnKey) -> bool {
        self.0.contains(key)
    }
}

impl Policy {
    /// The same policy, which also covers the accounts that a change set of the history moved.
    #[must_use]
    pub fn following(&self, history: &History) -> Self {
        let mut policy = self.clone();
        let of = |dns: &[Dn], is_at: &dyn Fn(&DnKey, &DnKey) -> bool| {
            let moved = history.moves().filter(|(old, _)| dns.iter().any(|dn| is_at(old, dn.key())));
            MovedNames(moved.map(|(_, present)| present.clone()).collect())
        };
        let same = |old: &DnKey, name: &DnKey| old == name;
        let below = |old: &DnKey, base: &DnKey| old.is_at_or_under(base);
        policy.protect.moved_dn = of(&self.protect.dn, &same);
        policy.protect.moved_subtree = of(&self.protect.subtree, &below);
        policy.veto.moved = of(&self.veto.dn, &below);
        for rule in policy.rules.iter_mut().filter(|rule| !rule.is_by_present_name) {
            rule.moved = of(rule.base.as_slice(), &below);
        }
        for line in &mut policy.entry_lines {
            let moved = history.moves().filter(|(old, _)| match &line.picks {
                Picks::Entry(name) => *old == name,
                Picks::Subtree(base) => !line.key.ends_with("base_now") && old.is_at_or_under(base),
                Picks::Filter => false,
            });
            line.moved = moved.map(|(_, present)| present.clone()).collect();
        }
        policy
    }
}
