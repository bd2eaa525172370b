//! Which lines of the policy pick an entry of the exports: see [`lines`](crate::policy::lines).

use std::collections::BTreeSet;

use crate::directory::EntryView;
use crate::directory::identity::former_names::FormerNames;
use crate::directory::key_hash::KeyMap;
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::{Filter, Truth};
use crate::policy::{Picks, Policy};

/// The lines of a policy, indexed for a lookup by entry. A line is known by its index.
#[derive(Default)]
pub struct LinePicks<'p> {
    by_name: KeyMap<Vec<usize>>,
    by_root: KeyMap<Vec<usize>>,
    /// The lines that pick entries by their present names only.
    by_present_name: BTreeSet<usize>,
    former_names: FormerNames,
    filters: Vec<(usize, &'p Filter)>,
}

impl<'p> LinePicks<'p> {
    /// Indexes the lines of a policy.
    pub fn of(policy: &'p Policy, former_names: FormerNames) -> Self {
        let mut picks = Self { former_names, ..Self::default() };
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
            known.entry(name.clone()).or_default().push(index);
            if !line.follows_moves() {
                picks.by_present_name.insert(index);
            }
        }
        picks
    }

    /// The lines that name an entry, or an entry above it.
    fn by_key<'k>(&'k self, key: &'k [u8]) -> impl Iterator<Item = usize> + 'k {
        let roots = if self.by_root.is_empty() { None } else { Some(prefixes(key)) };
        let above = roots.into_iter().flatten().filter_map(|(above, _)| self.by_root.get(above));
        self.by_name.get(key).into_iter().chain(above).flatten().copied()
    }

    /// Calls `take` with the attribute types that the filters compare.
    pub fn for_each_type(&self, take: &mut dyn FnMut(&str)) {
        self.filters.iter().for_each(|(_, filter)| filter.for_each_type(&mut |name| take(name)));
    }

    /// Adds the lines that pick an entry.
    pub fn add_matched(&self, entry: &EntryView<'_>, matched: &mut BTreeSet<usize>) {
        matched.extend(self.by_key(entry.key));
        for former in self.former_names.of_entry(entry.key) {
            matched.extend(self.by_key(former.as_bytes()).filter(|index| !self.by_present_name.contains(index)));
        }
        for (index, filter) in &self.filters {
            // One entry is enough.
            if !matched.contains(index) && filter.evaluate(entry) == Truth::True {
                matched.insert(*index);
            }
        }
    }
}
