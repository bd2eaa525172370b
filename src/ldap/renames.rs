//! What a run of renames makes of names: each takes along what stands below its entry.

use std::collections::HashMap;

use super::DnKey;
use super::dn_key::prefixes;

/// Renames in the order in which they are done.
///
/// A name is followed by looking up those above it, so that many renames do not slow each other down.
#[derive(Clone, Debug, Default)]
pub struct Renames {
    pairs: Vec<(DnKey, DnKey)>,
    /// Positions by the name before, and by the name afterwards; in order.
    by_old: HashMap<DnKey, Vec<usize>>,
    by_new: HashMap<DnKey, Vec<usize>>,
}

impl Renames {
    /// Adds one behind the others.
    pub fn push(&mut self, old: DnKey, new: DnKey) {
        self.by_old.entry(old.clone()).or_default().push(self.pairs.len());
        self.by_new.entry(new.clone()).or_default().push(self.pairs.len());
        self.pairs.push((old, new));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The names that are given up.
    pub fn old_names(&self) -> impl Iterator<Item = &DnKey> {
        self.pairs.iter().map(|(old, _)| old)
    }

    /// The old and the new name of the last one.
    pub fn last(&self) -> Option<&(DnKey, DnKey)> {
        self.pairs.last()
    }

    /// The name that an entry has behind all of them which has this one when the first `done` are done.
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

    /// The name that an entry had before any of them which has this one when the first `done` are done.
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

/// The key that an entry has when the entry at or above it goes from `old` to `new`.
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
    fn names_follow() {
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
        /// One after the other amounts to the same.
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
