//! Which lines of the policy pick an entry of the exports: see [`lines`](crate::policy::lines).

use std::collections::BTreeSet;

use crate::directory::EntryView;
use crate::directory::key_hash::KeyMap;
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::{Filter, Truth};
use crate::policy::{Picks, Policy};

/// The lines of a policy, indexed for a lookup by entry. A line is known by its index.
#[derive(Default)]
pub struct LinePicks<'p> {
    by_name: KeyMap<Vec<usize>>,
    by_root: KeyMap<Vec<usize>>,
    filters: Vec<(usize, &'p Filter)>,
}

impl<'p> LinePicks<'p> {
    /// Indexes the lines of a policy.
    pub fn of(policy: &'p Policy) -> Self {
        let mut picks = Self::default();
        for (index, line) in policy.entry_lines.iter().enumerate() {
            let (known, name) = match &line.picks {
                Picks::Entry(name) => (&mut picks.by_name, name),
                Picks::Subtree(root) => (&mut picks.by_root, root),
                Picks::Filter => {
                    let filter = if line.is_veto() { policy.veto.filter() } else { policy.protect.filter.as_ref() };
                    picks.filters.extend(filter.map(|filter| (index, filter)));
                    continue;
                }
            };
            for name in std::iter::once(name).chain(&line.moved) {
                known.entry(name.clone()).or_default().push(index);
            }
        }
        picks
    }

    /// Calls `take` with the attribute types that the filters compare.
    pub fn for_each_type(&self, take: &mut dyn FnMut(&str)) {
        self.filters.iter().for_each(|(_, filter)| filter.for_each_type(&mut |name| take(name)));
    }

    /// Adds the lines that pick an entry.
    pub fn add_matched(&self, entry: &EntryView<'_>, matched: &mut BTreeSet<usize>) {
        matched.extend(self.by_name.get(entry.key).into_iter().flatten());
        if !self.by_root.is_empty() {
            for (above, _) in prefixes(entry.key) {
                matched.extend(self.by_root.get(above).into_iter().flatten());
            }
        }
        for (index, filter) in &self.filters {
            // One entry is enough.
            if !matched.contains(index) && filter.evaluate(entry) == Truth::True {
                matched.insert(*index);
            }
        }
    }
}
