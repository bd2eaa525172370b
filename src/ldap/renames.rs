//! Sequences of renames: the name that an entry has before, between and after them. A rename also renames the subtree.

use std::collections::HashMap;

use super::DnKey;
use super::dn_key::prefixes;

/// Renames, in the order in which they are applied.
///
/// A name is traced by looking up its ancestors, so the time does not grow with the number of renames.
#[derive(Clone, Debug, Default)]
pub struct Renames {
    pairs: Vec<(DnKey, DnKey)>,
    /// Indices into `pairs` in ascending order, by the old name.
    by_old: HashMap<DnKey, Vec<usize>>,
    /// The same by the new name.
    by_new: HashMap<DnKey, Vec<usize>>,
}

impl Renames {
    /// Adds a rename after the others.
    pub fn push(&mut self, old: DnKey, new: DnKey) {
        self.by_old.entry(old.clone()).or_default().push(self.pairs.len());
        self.by_new.entry(new.clone()).or_default().push(self.pairs.len());
        self.pairs.push((old, new));
    }

    /// The number of renames.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no renames.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The old names, in order.
    pub fn old_names(&self) -> impl Iterator<Item = &DnKey> {
        self.pairs.iter().map(|(old, _)| old)
    }

    /// The old and the new name of the last rename.
    pub fn last(&self) -> Option<&(DnKey, DnKey)> {
        self.pairs.last()
    }

    /// The name after all renames of the entry that has the name `key` after the first `done` renames.
    pub fn after(&self, key: &DnKey, done: usize) -> DnKey {
        let (mut key, mut from) = (key.clone(), done);
        loop {
            let above = prefixes(key.as_bytes()).filter_map(|(above, _)| self.by_old.get(above));
            let next = above.filter_map(|at| at.get(at.partition_point(|at| *at < from)).copied()).min();
            let Some(at) = next else { return key };
            key = renamed(&key, &self.pairs[at].0, &self.pairs[at].1);
            from = at + 1;
        }
    }

    /// The name before all renames of the entry that has the name `key` after the first `done` renames.
    pub fn before(&self, key: &DnKey, done: usize) -> DnKey {
        let (mut key, mut until) = (key.clone(), done);
        loop {
            let above = prefixes(key.as_bytes()).filter_map(|(above, _)| self.by_new.get(above));
            let last = |at: &Vec<usize>| at[..at.partition_point(|at| *at < until)].last().copied();
            let Some(at) = above.filter_map(last).max() else { return key };
            key = renamed(&key, &self.pairs[at].1, &self.pairs[at].0);
            until = at;
        }
    }
}

/// The key of an entry after `old`, which is the entry or one of its ancestors, is renamed to `new`; any other key is returned
/// unchanged.
pub fn renamed(key: &DnKey, old: &DnKey, new: &DnKey) -> DnKey {
    if !key.is_at_or_under(old) {
        return key.clone();
    }
    DnKey::from_key_bytes(&[new.as_bytes(), &key.as_bytes()[old.as_bytes().len()..]].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(name: &str) -> DnKey {
        DnKey::parse(name.as_bytes()).unwrap()
    }

    fn renames(pairs: &[(&str, &str)]) -> Renames {
        let mut renames = Renames::default();
        for (old, new) in pairs {
            renames.push(key(old), key(new));
        }
        renames
    }

    #[test]
    fn traces_names_forwards_and_backwards() {
        let moves = [("cn=a,o=x", "cn=a,o=y"), ("o=y", "o=z"), ("cn=a,o=z", "cn=b,o=x"), ("o=x", "o=w")];
        for (done, then, first, last) in [
            (0, "cn=a,o=x", "cn=a,o=x", "cn=b,o=w"),
            (1, "cn=a,o=y", "cn=a,o=x", "cn=b,o=w"),
            (1, "cn=c,o=y", "cn=c,o=y", "cn=c,o=z"),
            (3, "cn=d,cn=b,o=x", "cn=d,cn=a,o=x", "cn=d,cn=b,o=w"),
            (4, "o=w", "o=x", "o=w"),
            (0, "o=v", "o=v", "o=v"),
        ] {
            let renames = renames(&moves);
            assert_eq!(
                (renames.before(&key(then), done), renames.after(&key(then), done)),
                (key(first), key(last)),
                "{then}"
            );
        }
    }

    proptest! {
        /// Applying the renames one by one has the same result.
        #[test]
        fn as_one_by_one(
            pairs in prop::collection::vec(("(cn=[ab],){0,2}o=[xy]", "(cn=[ab],){0,2}o=[xy]"), 0..6),
            name in "(cn=[ab],){0,3}o=[xy]",
            done in 0_usize..6,
        ) {
            let mut renames = Renames::default();
            for (old, new) in pairs {
                renames.push(key(&old), key(&new));
            }
            let done = done.min(renames.len());
            let forth = renames.pairs[done..].iter().fold(key(&name), |key, (old, new)| renamed(&key, old, new));
            prop_assert_eq!(renames.after(&key(&name), done), forth);
            let back = renames.pairs[..done].iter().rev().fold(key(&name), |key, (old, new)| renamed(&key, new, old));
            prop_assert_eq!(renames.before(&key(&name), done), back);
        }
    }
}
